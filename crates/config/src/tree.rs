//! Files and variables laid over each other, every value with its origin.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;
use std::rc::Rc;

use toml::de::{DeTable, DeValue};

use crate::VARIABLE_PREFIX;
use crate::origin::{Origin, Shown, Source};
use crate::problem::{Place, Problem};

/// A table of the configuration. Without `Debug`: it holds secrets.
pub(crate) type Table = BTreeMap<String, Entry>;

/// A key with what it is set to.
pub(crate) struct Entry {
    pub(crate) key: Origin,
    pub(crate) value: Node,
}

/// A value with its origin.
pub(crate) struct Node {
    pub(crate) value: Value,
    pub(crate) origin: Origin,
}

/// The kinds of value a configuration may hold.
pub(crate) enum Value {
    Text(String),
    Integer(i64),
    Boolean(bool),
    List(Vec<Node>),
    Table(Table),
    /// Something no key wants, in words.
    Other(&'static str),
}

impl Value {
    /// The kind in words, for "expected …, found …".
    pub(crate) const fn kind(&self) -> &'static str {
        match self {
            Self::Text(_) => "text",
            Self::Integer(_) => "a whole number",
            Self::Boolean(_) => "true or false",
            Self::List(_) => "a list",
            Self::Table(_) => "a section",
            Self::Other(kind) => kind,
        }
    }
}

/// The sections that are lists of tables; variables cannot address their items.
pub(crate) const LIST_SECTIONS: [&str; 2] = ["workspaces", "lines"];

/// Reads one file and lays it over what is there.
pub(crate) fn lay_file(
    root: &mut Table,
    path: &Path,
    layer: usize,
    read: &dyn Fn(&Path) -> io::Result<String>,
    problems: &mut Vec<Problem>,
) {
    let text = match read(path) {
        Ok(text) => text,
        Err(error) => {
            problems.push(Problem {
                key: path.display().to_string(),
                message: format!("the configuration file cannot be read: {error}"),
                hint: "give the path of a file that the daemon's user may read".to_owned(),
                place: Place::Nowhere,
            });
            return;
        }
    };
    let source = Rc::new(Source { path: path.to_owned(), text, layer });
    let (table, errors) = DeTable::parse_recoverable(&source.text);
    for error in errors {
        problems.push(Problem {
            key: path.display().to_string(),
            message: format!("not TOML: {}", error.message()),
            hint: "see https://toml.io for the syntax; text stands in double quotes".to_owned(),
            place: error.span().map_or(Place::Nowhere, |span| {
                source.place(&span, shown_of_syntax_error(&source.text))
            }),
        });
    }
    let table = table_of(table.get_ref(), &source);
    lay(root, table);
}

/// A line in the middle of a multi-line text does not say whether it is a secret.
fn shown_of_syntax_error(text: &str) -> Shown {
    if text.contains("\"\"\"") || text.contains("'''") { Shown::PlaceOnly } else { Shown::Line }
}

fn table_of(table: &DeTable<'_>, source: &Rc<Source>) -> Table {
    let at = |span| Origin::File { source: Rc::clone(source), span };
    table
        .iter()
        .map(|(key, value)| {
            let entry = Entry {
                key: at(key.span()),
                value: node_of(value.get_ref(), at(value.span()), source),
            };
            (key.get_ref().to_string(), entry)
        })
        .collect()
}

fn node_of(value: &DeValue<'_>, origin: Origin, source: &Rc<Source>) -> Node {
    let value = match value {
        DeValue::String(text) => Value::Text(text.to_string()),
        DeValue::Integer(digits) => i64::from_str_radix(digits.as_str(), digits.radix())
            .map_or(Value::Other("a number out of range"), Value::Integer),
        DeValue::Float(_) => Value::Other("a number with a fraction"),
        DeValue::Boolean(value) => Value::Boolean(*value),
        DeValue::Datetime(_) => Value::Other("a date"),
        DeValue::Array(items) => Value::List(
            items
                .iter()
                .map(|item| {
                    let origin = Origin::File { source: Rc::clone(source), span: item.span() };
                    node_of(item.get_ref(), origin, source)
                })
                .collect(),
        ),
        DeValue::Table(table) => Value::Table(table_of(table, source)),
    };
    Node { value, origin }
}

/// Sections are merged key by key; anything else (a list of lines too) is replaced whole.
fn lay(under: &mut Table, over: Table) {
    for (key, entry) in over {
        match (under.get_mut(&key), entry.value.value) {
            (
                Some(Entry { value: Node { value: Value::Table(under), .. }, .. }),
                Value::Table(over),
            ) => lay(under, over),
            (_, value) => {
                let value = Node { value, origin: entry.value.origin };
                let key_origin = entry.key;
                under.insert(key, Entry { key: key_origin, value });
            }
        }
    }
}

/// Lays `RINGDOWN__SECTION__KEY` variables over the files. Returns the names that have the prefix
/// but not the form, or only look like ours: they are unknown unless somebody names them.
pub(crate) fn lay_variables(
    root: &mut Table,
    env: impl Iterator<Item = (String, String)>,
) -> Vec<String> {
    let mut strays = Vec::new();
    for (name, text) in env {
        let Some(rest) = name.strip_prefix(VARIABLE_PREFIX) else {
            if name.starts_with("RINGDOWN_") {
                strays.push(name);
            }
            continue;
        };
        match rest.split_once("__") {
            Some((section, key)) if is_name(section) && is_name(key) => {
                if !lay_variable(root, section, key, &name, text) {
                    strays.push(name);
                }
            }
            Some(_) | None => strays.push(name),
        }
    }
    strays
}

fn is_name(part: &str) -> bool {
    !part.is_empty()
        && !part.contains("__")
        && part.bytes().all(|b| b.is_ascii_uppercase() || b.is_ascii_digit() || b == b'_')
}

/// False when the section is not one of single keys: a list, or a mistake in a file.
fn lay_variable(root: &mut Table, section: &str, key: &str, name: &str, text: String) -> bool {
    let section = section.to_ascii_lowercase();
    if LIST_SECTIONS.contains(&section.as_str()) {
        return false;
    }
    let origin = || Origin::Variable(name.to_owned());
    let section = root.entry(section).or_insert_with(|| Entry {
        key: origin(),
        value: Node { value: Value::Table(Table::new()), origin: origin() },
    });
    let Value::Table(section) = &mut section.value.value else {
        return false;
    };
    let entry = Entry { key: origin(), value: Node { value: Value::Text(text), origin: origin() } };
    section.insert(key.to_ascii_lowercase(), entry);
    true
}
