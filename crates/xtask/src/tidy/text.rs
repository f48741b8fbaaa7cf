//! Text carries no tabs, no blanks at line ends, and no promises to be kept later.

use super::Breach;
use super::code;
use super::files::Source;

/// Words of unfinished work; split here so that this file passes its own rule.
const PROMISES: [&str; 3] = [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("X", "XX")];

/// Rust that must not be committed.
const UNFINISHED: [&str; 3] = ["todo!", "unimplemented!", "dbg!"];
/// A test that does not run, unless its reason says that another test of the file starts it.
const IGNORED: &str = "#[ignore";
const STARTED_BY: &str = "started by `";

/// Checks a file line by line.
pub(crate) fn check(source: &Source, breaches: &mut Vec<Breach>) {
    let has_blank_rule = source.has_kind(&["rs", "toml", "md"]);
    for (number, line) in (1..).zip(source.text.lines()) {
        let mut breach = |what: &str| breaches.push(format!("{}:{number}: {what}", source.path));
        if has_blank_rule && line.contains('\t') {
            breach("a tab; indent with spaces");
        }
        if has_blank_rule && line.ends_with([' ', '\t']) {
            breach("blanks at the end of the line");
        }
        for word in PROMISES {
            if code::has_word(line, word) {
                breach(&format!("`{word}`: finish it or say what is not there yet"));
            }
        }
    }
    if source.has_kind(&["rs"]) {
        for (number, line) in (1..).zip(code::only(&source.text).lines()) {
            for unfinished in UNFINISHED {
                if line.contains(unfinished) {
                    let path = &source.path;
                    breaches.push(format!("{path}:{number}: `{unfinished}` in committed code"));
                }
            }
            if line.contains(IGNORED) && !is_started_elsewhere(&source.text, number) {
                breaches.push(format!(
                    "{}:{number}: a test that does not run; mend or remove it (the process that \
                     another test of this file starts says {STARTED_BY}name`)",
                    source.path
                ));
            }
        }
    }
}

/// Whether the reason on this line names a test of the same file.
fn is_started_elsewhere(text: &str, number: usize) -> bool {
    text.lines()
        .nth(number - 1)
        .and_then(|line| line.split_once(STARTED_BY))
        .and_then(|(_, rest)| rest.split_once('`'))
        .is_some_and(|(name, _)| text.contains(&format!("fn {name}(")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn breaches(path: &str, text: &str) -> Vec<Breach> {
        let mut breaches = Vec::new();
        let source = Source { path: path.to_owned(), text: text.to_owned() };
        check(&source, &mut breaches);
        breaches
    }

    #[test]
    fn tabs_and_blanks_at_line_ends_are_found() {
        assert_eq!(
            breaches("a.md", "good\n\tbad\nbad \n"),
            ["a.md:2: a tab; indent with spaces", "a.md:3: blanks at the end of the line"]
        );
        assert!(breaches("a.sql", "\tfine ").is_empty());
    }

    #[test]
    fn promises_are_found_as_whole_words() {
        let promise = format!("// {}: later", PROMISES[0]);
        assert_eq!(breaches("a.ts", &promise).len(), 1);
        assert!(breaches("a.ts", "mastodon TODOS").is_empty());
    }

    #[test]
    fn only_the_part_of_another_test_may_be_ignored() {
        let child = "#[ignore = \"a child; started by `a_crash`\"]\nfn child() {}\n";
        assert_eq!(breaches("a.rs", child).len(), 1);
        let both = format!("{child}fn a_crash() {{}}\n");
        assert!(breaches("a.rs", &both).is_empty());
        assert_eq!(breaches("a.rs", "#[ignore = \"flaky\"]\n").len(), 1);
    }

    #[test]
    fn unfinished_rust_is_found_in_code_only() {
        assert_eq!(breaches("a.rs", "fn f() { todo!() }\n#[ignore]\n").len(), 2);
        assert!(breaches("a.rs", "// a todo!() is\nlet x = \"dbg!\";").is_empty());
        assert!(breaches("a.md", "`dbg!` is forbidden").is_empty());
    }
}
