//! Takes typed values out of one section; a wrong one is noted and read as its default.

use std::ops::RangeInclusive;
use std::time::Duration;

use crate::nearest::nearest;
use crate::origin::{Origin, Shown};
use crate::problem::{Place, Problem};
use crate::reader::Reader;
use crate::tree::{Node, Table, Value};

/// One section while it is being read.
pub(crate) struct Section<'r, 'f> {
    /// As shown: `server`, `lines[1]`.
    pub(crate) shown: String,
    pub(crate) name: &'static str,
    pub(crate) table: Table,
    pub(crate) reader: &'r mut Reader<'f>,
}

impl Section<'_, '_> {
    pub(crate) fn take(&mut self, key: &'static str) -> Option<Node> {
        let known = self.reader.known.entry(self.name).or_default();
        if !known.contains(&key) {
            known.push(key);
        }
        self.table.remove(key).map(|entry| entry.value)
    }

    /// Notes a problem of one of this section's keys.
    pub(crate) fn problem(&mut self, key: &str, message: String, hint: String, place: Place) {
        self.reader.problems.push(Problem {
            key: format!("{}.{key}", self.shown),
            message,
            hint,
            place,
        });
    }

    /// A text that means a `T`, if the key is set. `form` says what it looks like.
    pub(crate) fn optional<T>(
        &mut self,
        key: &'static str,
        form: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let node = self.take(key)?;
        self.parse_node(key, &node, form, &parse)
    }

    /// As [`Self::optional`], with a default.
    pub(crate) fn parsed<T>(
        &mut self,
        key: &'static str,
        default: T,
        form: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> T {
        self.optional(key, form, parse).unwrap_or(default)
    }

    fn parse_node<T>(
        &mut self,
        key: &str,
        node: &Node,
        form: &str,
        parse: &impl Fn(&str) -> Option<T>,
    ) -> Option<T> {
        let found = match &node.value {
            Value::Text(text) => match parse(text) {
                Some(value) => return Some(value),
                None => format!("`{text}`"),
            },
            other => format!("{} without quotes", other.kind()),
        };
        self.problem(
            key,
            format!("expected {form}, found {found}"),
            format!("set it to {form}"),
            node.origin.place(Shown::Line),
        );
        None
    }

    /// A list of texts; in a variable, separated by commas.
    pub(crate) fn list<T>(
        &mut self,
        key: &'static str,
        form: &str,
        parse: impl Fn(&str) -> Option<T>,
    ) -> Vec<T> {
        let Some(node) = self.take(key) else {
            return Vec::new();
        };
        let nodes = match (node.value, &node.origin) {
            (Value::List(nodes), _) => nodes,
            (Value::Text(text), Origin::Variable(_)) => text
                .split(',')
                .map(str::trim)
                .filter(|part| !part.is_empty())
                .map(|part| Node {
                    value: Value::Text(part.to_owned()),
                    origin: node.origin.clone(),
                })
                .collect(),
            (other, _) => {
                self.problem(
                    key,
                    format!("expected a list, found {}", other.kind()),
                    format!("write it in brackets, each item {form}"),
                    node.origin.place(Shown::Line),
                );
                return Vec::new();
            }
        };
        nodes.iter().filter_map(|node| self.parse_node(key, node, form, &parse)).collect()
    }

    /// A whole number within bounds.
    pub(crate) fn integer(
        &mut self,
        key: &'static str,
        default: u32,
        bounds: RangeInclusive<u32>,
    ) -> u32 {
        let Some(node) = self.take(key) else {
            return default;
        };
        let (number, found) = match (&node.value, &node.origin) {
            (Value::Integer(number), _) => (u32::try_from(*number).ok(), number.to_string()),
            (Value::Text(text), Origin::Variable(_)) => (text.parse().ok(), format!("`{text}`")),
            (other, _) => (None, other.kind().to_owned()),
        };
        if let Some(number) = number.filter(|number| bounds.contains(number)) {
            return number;
        }
        let (least, most) = bounds.into_inner();
        self.problem(
            key,
            format!("expected a whole number from {least} to {most}, found {found}"),
            format!("the default is {default}"),
            node.origin.place(Shown::Line),
        );
        default
    }

    /// A time in whole seconds within bounds.
    pub(crate) fn seconds(
        &mut self,
        key: &'static str,
        default: u32,
        bounds: RangeInclusive<u32>,
    ) -> Duration {
        Duration::from_secs(self.integer(key, default, bounds).into())
    }

    /// True or false.
    pub(crate) fn boolean(&mut self, key: &'static str, default: bool) -> bool {
        let Some(node) = self.take(key) else {
            return default;
        };
        let found = match (&node.value, &node.origin) {
            (Value::Boolean(value), _) => return *value,
            (Value::Text(text), Origin::Variable(_)) => match text.as_str() {
                "true" => return true,
                "false" => return false,
                other => format!("`{other}`"),
            },
            (other, _) => other.kind().to_owned(),
        };
        self.problem(
            key,
            format!("expected true or false, found {found}"),
            format!("the default is {default}; write it without quotes in a file"),
            node.origin.place(Shown::Line),
        );
        default
    }

    /// One of a few words; the first is the default.
    pub(crate) fn choice<T: Copy>(&mut self, key: &'static str, words: &[(&str, T)]) -> T {
        let default = words[0].1;
        let Some(node) = self.take(key) else {
            return default;
        };
        let found = match &node.value {
            Value::Text(text) => {
                if let Some((_, value)) = words.iter().find(|(word, _)| word == text) {
                    return *value;
                }
                text.as_str()
            }
            other => other.kind(),
        };
        let all: Vec<&str> = words.iter().map(|(word, _)| *word).collect();
        let hint = match nearest(found, all.iter().copied()) {
            Some(meant) => format!("did you mean \"{meant}\"?"),
            None => format!("the default is \"{}\"", all[0]),
        };
        self.problem(
            key,
            format!("expected one of {}, found `{found}`", all.join(", ")),
            hint,
            node.origin.place(Shown::Line),
        );
        default
    }
}
