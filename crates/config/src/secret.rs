//! Takes secrets out of a section, from the configuration itself or from a file of their own.

use std::cmp::Ordering;
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use crate::origin::Shown;
use crate::problem::Place;
use crate::reader::variable_name;
use crate::section::Section;
use crate::tree::Value;

/// Whether a secret may be left out.
#[derive(Clone, Copy)]
pub(crate) enum Need {
    /// The daemon does not start without it, for this reason.
    Required(&'static str),
    Optional,
}

impl Section<'_, '_> {
    /// A secret, given as text or as the name of a file that holds it. The way given in the
    /// higher layer wins; both in one layer is a problem.
    pub(crate) fn secret(
        &mut self,
        key: &'static str,
        file_key: &'static str,
        need: Need,
    ) -> Option<SecretString> {
        Some(self.secret_and_file(key, file_key, need)?.0)
    }

    /// A secret, and the file it came from, when it did.
    pub(crate) fn secret_and_file(
        &mut self,
        key: &'static str,
        file_key: &'static str,
        need: Need,
    ) -> Option<(SecretString, Option<PathBuf>)> {
        let (inline, file) = (self.take(key), self.take(file_key));
        let (used, node, is_file) = match (inline, file) {
            (None, None) => {
                if let Need::Required(reason) = need {
                    let hint = format!(
                        "set {key} or {file_key} under [{}], or the variable {}",
                        self.name,
                        variable_name(self.name, key)
                    );
                    self.problem(key, format!("not set; {reason}"), hint, Place::Nowhere);
                }
                return None;
            }
            (Some(node), None) => (key, node, false),
            (None, Some(node)) => (file_key, node, true),
            (Some(inline), Some(file)) => match inline.origin.layer().cmp(&file.origin.layer()) {
                Ordering::Greater => (key, inline, false),
                Ordering::Less => (file_key, file, true),
                Ordering::Equal => {
                    self.problem(
                        key,
                        format!("both {key} and {file_key} are set"),
                        "keep one of the two".to_owned(),
                        file.origin.place(Shown::PlaceOnly),
                    );
                    return None;
                }
            },
        };
        let place = node.origin.place(Shown::PlaceOnly);
        let Value::Text(text) = node.value else {
            let message = format!("expected text in quotes, found {}", node.value.kind());
            self.problem(used, message, "put it in double quotes".to_owned(), place);
            return None;
        };
        if !is_file {
            return Some((self.check_secret(used, text, need, place)?, None));
        }
        let secret = self.secret_of_file(used, &text, &place)?;
        Some((self.check_secret(used, secret, need, place)?, Some(PathBuf::from(text))))
    }

    fn secret_of_file(&mut self, key: &'static str, path: &str, place: &Place) -> Option<String> {
        match (self.reader.read)(Path::new(path)) {
            // Editors and `echo` end a file with a line break that is not part of the secret.
            Ok(text) => Some(text.trim_end_matches(['\r', '\n']).to_owned()),
            Err(error) => {
                self.problem(
                    key,
                    format!("the file `{path}` cannot be read: {error}"),
                    "give the path of a text file that the daemon's user may read".to_owned(),
                    place.clone(),
                );
                None
            }
        }
    }

    fn check_secret(
        &mut self,
        key: &'static str,
        text: String,
        need: Need,
        place: Place,
    ) -> Option<SecretString> {
        let (message, hint) = if text.is_empty() {
            let message = match need {
                Need::Required(reason) => format!("empty; {reason}"),
                Need::Optional => "empty".to_owned(),
            };
            (message, "set it, or leave the key out if it is optional")
        } else if text.chars().any(|c| c.is_whitespace() || c.is_control()) {
            (
                "it holds a space or a line break".to_owned(),
                "copy the secret alone, without blanks around it",
            )
        } else {
            return Some(SecretString::from(text));
        };
        self.problem(key, message, hint.to_owned(), place);
        None
    }
}
