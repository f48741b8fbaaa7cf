//! Every crate and test file says its one job first; files and functions stay short.

use super::Breach;
use super::code;
use super::files::Source;

/// A longer file has two reasons to change.
const FILE_LINES_MAX: usize = 450;
/// A longer function does two things. The scan is rough, so this is above the wished-for 70.
const FUNCTION_LINES_MAX: usize = 90;

/// Checks a Rust file's first line and its lengths.
pub(crate) fn check(source: &Source, breaches: &mut Vec<Breach>) {
    if !source.has_kind(&["rs"]) {
        return;
    }
    let path = &source.path;
    if has_job(path) && !source.text.starts_with("//! ") {
        breaches.push(format!("{path}:1: begin with `//! ` and the one job of this file"));
    }
    let lines = source.text.lines().count();
    if is_product(path) && lines > FILE_LINES_MAX {
        breaches
            .push(format!("{path}:{lines}: {lines} lines; split it, {FILE_LINES_MAX} are allowed"));
    }
    for (line, name, lines) in functions(&source.text) {
        if lines > FUNCTION_LINES_MAX {
            breaches.push(format!(
                "{path}:{line}: `{name}` has {lines} lines; {FUNCTION_LINES_MAX} are allowed"
            ));
        }
    }
}

fn has_job(path: &str) -> bool {
    let is_root = path.ends_with("src/lib.rs") || path.ends_with("src/main.rs");
    is_root || path.starts_with("tests/") || path.starts_with("examples/") || {
        let in_crate = path.strip_prefix("crates/").and_then(|p| p.split_once('/'));
        in_crate.is_some_and(|(_, rest)| rest.starts_with("tests/"))
    }
}

fn is_product(path: &str) -> bool {
    path.starts_with("src/") || (path.starts_with("crates/") && path.contains("/src/"))
}

/// First line, name and length of each function with a body, by counting braces.
fn functions(text: &str) -> Vec<(usize, String, usize)> {
    let code = code::only(text);
    let lines: Vec<&str> = code.lines().collect();
    let mut found = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        if let Some(name) = function_name(line)
            && let Some(length) = body_length(&lines[at..])
        {
            found.push((at + 1, name.to_owned(), length));
        }
    }
    found
}

/// The name, when the line declares a function: words of visibility and kind, then `fn`.
fn function_name(line: &str) -> Option<&str> {
    let (before, after) = line.split_once("fn ")?;
    let is_declaration = before.split_whitespace().all(|word| {
        matches!(word, "pub" | "const" | "async" | "unsafe" | "extern")
            || word.starts_with("pub(")
            || word.ends_with(')')
    });
    let end = after.find(|c: char| !c.is_alphanumeric() && c != '_')?;
    (is_declaration && end > 0).then(|| &after[..end])
}

/// Lines up to the brace that closes the body; `None` for a declaration without one.
fn body_length(lines: &[&str]) -> Option<usize> {
    let (mut braces, mut brackets) = (0_usize, 0_usize);
    for (at, line) in lines.iter().enumerate() {
        for c in line.chars() {
            match c {
                '(' | '[' => brackets += 1,
                ')' | ']' => brackets = brackets.saturating_sub(1),
                ';' if braces == 0 && brackets == 0 => return None,
                '{' => braces += 1,
                '}' if braces <= 1 => return Some(at + 1),
                '}' => braces -= 1,
                _ => {}
            }
        }
    }
    None
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
    fn crates_and_tests_say_their_job_first() {
        for path in
            ["crates/call/src/lib.rs", "src/main.rs", "tests/e2e/main.rs", "crates/a/tests/b.rs"]
        {
            assert_eq!(breaches(path, "fn main() {}\n").len(), 1, "{path}");
            assert!(breaches(path, "//! One job.\n").is_empty(), "{path}");
        }
        assert!(breaches("crates/call/src/state.rs", "struct S;\n").is_empty());
    }

    #[test]
    fn long_files_of_the_product_are_found() {
        let long = "//! x\n".repeat(FILE_LINES_MAX + 1);
        assert_eq!(breaches("crates/call/src/a.rs", &long).len(), 1);
        assert!(breaches("tests/e2e/a.rs", &long).is_empty());
    }

    #[test]
    fn functions_are_measured_from_name_to_closing_brace() {
        let text = "
trait T { fn declared(x: [u8; 3]); }
pub(crate) async fn long(
    x: u8,
) -> u8 {
    if x > 0 { \"}\"; }
    x
}
let f = |fn_: fn (u8)| {};
const fn one() {}
";
        let found = functions(text);
        assert_eq!(found, [(3, "long".to_owned(), 6), (10, "one".to_owned(), 1)]);
    }

    #[test]
    fn long_functions_are_found() {
        let body = "    x();\n".repeat(FUNCTION_LINES_MAX);
        let text = format!("//! x\nfn f() {{\n{body}}}\n");
        assert_eq!(breaches("tests/a.rs", &text).len(), 1);
    }
}
