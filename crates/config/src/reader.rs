//! Hands out the tree section by section and collects every problem, so that one run names them
//! all. What nobody took in the end is unknown, and is reported with the nearest known name.

use std::collections::BTreeMap;
use std::io;
use std::path::Path;

use crate::VARIABLE_PREFIX;
use crate::nearest::nearest;
use crate::origin::{Origin, Shown};
use crate::problem::{Place, Problem};
use crate::section::Section;
use crate::tree::{Entry, LIST_SECTIONS, Node, Table, Value};

/// Known sections and their keys, learnt from what is asked for.
pub(crate) type Known = BTreeMap<&'static str, Vec<&'static str>>;

/// The whole tree while it is being read.
pub(crate) struct Reader<'f> {
    root: Table,
    pub(crate) problems: Vec<Problem>,
    pub(crate) known: Known,
    /// Section as shown, section's name, key, entry.
    unknown: Vec<(String, &'static str, String, Entry)>,
    pub(crate) read: &'f dyn Fn(&Path) -> io::Result<String>,
}

impl<'f> Reader<'f> {
    pub(crate) fn new(
        root: Table,
        problems: Vec<Problem>,
        read: &'f dyn Fn(&Path) -> io::Result<String>,
    ) -> Self {
        Self { root, problems, known: Known::new(), unknown: Vec::new(), read }
    }

    /// Whether a section is there and nobody has read it yet.
    pub(crate) fn is_set(&self, name: &str) -> bool {
        self.root.contains_key(name)
    }

    /// Reads one section; an absent one reads as all defaults.
    pub(crate) fn section<T>(
        &mut self,
        name: &'static str,
        read: impl FnOnce(&mut Section<'_, 'f>) -> T,
    ) -> T {
        let table = match self.root.remove(name).map(|entry| entry.value) {
            None => Table::new(),
            Some(Node { value: Value::Table(table), .. }) => table,
            Some(Node { value, origin }) => {
                self.problems.push(Problem {
                    key: name.to_owned(),
                    message: format!("expected a section, found {}", value.kind()),
                    hint: format!("write its keys under the heading [{name}]"),
                    place: origin.place(Shown::UpToMark),
                });
                Table::new()
            }
        };
        self.read_table(name.to_owned(), name, table, read)
    }

    /// Reads a list of sections, `[[name]]`.
    pub(crate) fn list_section<T>(
        &mut self,
        name: &'static str,
        read: impl Fn(&mut Section<'_, 'f>) -> T,
    ) -> Vec<T> {
        let nodes = match self.root.remove(name).map(|entry| entry.value) {
            None => Vec::new(),
            Some(Node { value: Value::List(nodes), .. }) => nodes,
            Some(node) => vec![Node { value: Value::Other("something else than a list"), ..node }],
        };
        let mut items = Vec::new();
        for (at, Node { value, origin }) in nodes.into_iter().enumerate() {
            let shown = format!("{name}[{at}]");
            if let Value::Table(table) = value {
                items.push(self.read_table(shown, name, table, &read));
            } else {
                self.problems.push(Problem {
                    key: shown,
                    message: format!("expected a section, found {}", value.kind()),
                    hint: format!("begin each item with the heading [[{name}]]"),
                    place: origin.place(Shown::UpToMark),
                });
            }
        }
        items
    }

    fn read_table<T>(
        &mut self,
        shown: String,
        name: &'static str,
        table: Table,
        read: impl FnOnce(&mut Section<'_, 'f>) -> T,
    ) -> T {
        self.known.entry(name).or_default();
        let mut section = Section { shown, name, table, reader: self };
        let value = read(&mut section);
        let Section { shown, table, .. } = section;
        for (key, entry) in table {
            self.unknown.push((shown.clone(), name, key, entry));
        }
        value
    }

    /// Reports what nobody asked for: keys, sections, variables.
    pub(crate) fn finish(mut self, strays: Vec<String>) -> (Vec<Problem>, Known) {
        let variables: Vec<String> = self
            .known
            .iter()
            .filter(|(section, _)| !LIST_SECTIONS.contains(section))
            .flat_map(|(section, keys)| keys.iter().map(|key| variable_name(section, key)))
            .collect();
        for (shown, section, key, entry) in std::mem::take(&mut self.unknown) {
            let problem = match &entry.key {
                Origin::Variable(name) => unknown_variable(name, &variables),
                Origin::File { .. } => self.unknown_key(&shown, section, &key, &entry),
            };
            self.problems.push(problem);
        }
        for (section, entry) in std::mem::take(&mut self.root) {
            self.unknown_section(&section, entry, &variables);
        }
        for name in strays {
            let is_ours = name.starts_with(VARIABLE_PREFIX);
            let looks_ours =
                variables.iter().any(|known| without_runs(known) == without_runs(&name));
            if (is_ours && !variables.contains(&name)) || (!is_ours && looks_ours) {
                self.problems.push(unknown_variable(&name, &variables));
            }
        }
        (self.problems, self.known)
    }

    fn unknown_key(&self, shown: &str, section: &str, key: &str, entry: &Entry) -> Problem {
        let keys = self.known.get(section).map_or(&[][..], Vec::as_slice);
        let elsewhere = self.known.iter().find(|(_, keys)| keys.contains(&key));
        let hint = match (nearest(key, keys.iter().copied()), elsewhere) {
            (Some(meant), _) => format!("did you mean `{meant}`?"),
            (None, Some((other, _))) => format!("`{key}` belongs under [{other}]"),
            (None, None) => format!("remove it; [{section}] knows {}", keys.join(", ")),
        };
        Problem {
            key: format!("{shown}.{key}"),
            message: "there is no such key".to_owned(),
            hint,
            place: entry.key.place(Shown::UpToMark),
        }
    }

    fn unknown_section(&mut self, section: &str, entry: Entry, variables: &[String]) {
        if let Origin::File { .. } = &entry.key {
            let sections: Vec<&str> = self.known.keys().copied().collect();
            let home = self.known.iter().find(|(_, keys)| keys.contains(&section));
            let hint = match (nearest(section, sections.iter().copied()), home) {
                (Some(meant), _) => format!("did you mean [{meant}]?"),
                (None, Some((home, _))) => format!("`{section}` belongs under [{home}]"),
                (None, None) => format!("the sections are {}", sections.join(", ")),
            };
            self.problems.push(Problem {
                key: section.to_owned(),
                message: "there is no such section".to_owned(),
                hint,
                place: entry.key.place(Shown::UpToMark),
            });
        }
        if let Value::Table(keys) = entry.value.value {
            for entry in keys.into_values() {
                if let Origin::Variable(name) = entry.key {
                    self.problems.push(unknown_variable(&name, variables));
                }
            }
        }
    }
}

pub(crate) fn variable_name(section: &str, key: &str) -> String {
    format!("{VARIABLE_PREFIX}{section}__{key}").to_ascii_uppercase()
}

/// A name with every run of underscores made one, to recognise `RINGDOWN_STORE_PATH`.
fn without_runs(name: &str) -> String {
    let mut short = name.to_ascii_uppercase();
    while short.contains("__") {
        short = short.replace("__", "_");
    }
    short
}

fn unknown_variable(name: &str, variables: &[String]) -> Problem {
    let same = variables.iter().find(|known| without_runs(known) == without_runs(name));
    let meant =
        same.map(String::as_str).or_else(|| nearest(name, variables.iter().map(String::as_str)));
    let list = LIST_SECTIONS.iter().find(|list| {
        name.starts_with(&format!("{VARIABLE_PREFIX}{}__", list.to_ascii_uppercase()))
    });
    let hint = match (list, meant) {
        (Some(list), _) => format!("[[{list}]] is a list: set it in the configuration file"),
        (None, Some(meant)) => format!("did you mean {meant}?"),
        (None, None) => "unset it; variables are named RINGDOWN__SECTION__KEY".to_owned(),
    };
    Problem {
        key: name.to_owned(),
        message: "nothing reads this variable".to_owned(),
        hint,
        place: Place::Variable(name.to_owned()),
    }
}
