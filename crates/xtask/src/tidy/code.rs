//! Rust text with comments, strings and characters blanked out, so that rules see only code.
//! Rough, but it never shifts a line.

/// The same text with every comment and literal replaced by blanks.
pub(crate) fn only(text: &str) -> String {
    let chars: Vec<char> = text.chars().collect();
    let mut code = String::with_capacity(text.len());
    let mut at = 0;
    while at < chars.len() {
        let end = at + literal_length(&chars, at);
        if end == at {
            code.push(chars[at]);
            at += 1;
            continue;
        }
        for c in &chars[at..end] {
            code.push(if *c == '\n' { '\n' } else { ' ' });
        }
        at = end;
    }
    code
}

/// How long the comment or literal that begins here is; 0 when none does.
fn literal_length(chars: &[char], at: usize) -> usize {
    let rest = &chars[at..];
    let follows_word = at > 0 && (chars[at - 1].is_alphanumeric() || chars[at - 1] == '_');
    match rest {
        ['/', '/', ..] => rest.iter().position(|c| *c == '\n').unwrap_or(rest.len()),
        ['/', '*', ..] => block_comment(rest),
        ['"', ..] => string(rest),
        ['r', '"' | '#', ..] if !follows_word => raw_string(&rest[1..]).map_or(0, |n| n + 1),
        ['b', 'r', '"' | '#', ..] if !follows_word => raw_string(&rest[2..]).map_or(0, |n| n + 2),
        ['\'', '\\', ..] => {
            let close = rest.iter().skip(3).position(|c| *c == '\'');
            close.map_or(rest.len(), |n| n + 4)
        }
        ['\'', _, '\'', ..] => 3,
        _ => 0,
    }
}

fn block_comment(rest: &[char]) -> usize {
    let (mut depth, mut at) = (0_usize, 0);
    while at < rest.len() {
        match rest[at..] {
            ['/', '*', ..] => (depth, at) = (depth + 1, at + 2),
            ['*', '/', ..] if depth == 1 => return at + 2,
            ['*', '/', ..] => (depth, at) = (depth - 1, at + 2),
            _ => at += 1,
        }
    }
    rest.len()
}

fn string(rest: &[char]) -> usize {
    let mut at = 1;
    while at < rest.len() {
        match rest[at] {
            '\\' => at += 2,
            '"' => return at + 1,
            _ => at += 1,
        }
    }
    rest.len()
}

/// The length from the first `#` or quote of a raw string; `None` for a raw name such as `r#type`.
fn raw_string(rest: &[char]) -> Option<usize> {
    let hashes = rest.iter().take_while(|c| **c == '#').count();
    if rest.get(hashes) != Some(&'"') {
        return None;
    }
    let mut at = hashes + 1;
    while at < rest.len() {
        let closes = rest[at] == '"'
            && rest[at + 1..].len() >= hashes
            && rest[at + 1..][..hashes].iter().all(|c| *c == '#');
        if closes {
            return Some(at + 1 + hashes);
        }
        at += 1;
    }
    Some(rest.len())
}

/// Whether a word stands alone in a text: `rand` in `rand::rng` but not in `operand`.
pub(crate) fn has_word(text: &str, word: &str) -> bool {
    let is_part = |c: char| c.is_alphanumeric() || c == '_';
    text.match_indices(word).any(|(at, _)| {
        let before = text[..at].chars().next_back();
        let after = text[at + word.len()..].chars().next();
        !before.is_some_and(is_part) && !after.is_some_and(is_part)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_code_is_left() {
        for (text, code) in [
            ("a // b {\nc", "a c"),
            ("a /* { /* x */ } */ b", "a b"),
            ("f(\"{ \\\" }\") {", "f( ) {"),
            ("r#\"{\"{\"# }", "}"),
            ("br\"{\" }", "}"),
            ("let r#type = '{';", "let r#type = ;"),
            ("'\\'' '\\n' 'a' {", "{"),
            ("&'static str {", "&'static str {"),
            ("x \"unended {", "x"),
            ("bar\"{\"", "bar"),
        ] {
            let blanked = only(text);
            assert_eq!(blanked.chars().count(), text.chars().count(), "{text}");
            assert_eq!(blanked.matches('\n').count(), text.matches('\n').count(), "{text}");
            let left: Vec<&str> = blanked.split_whitespace().collect();
            assert_eq!(left.join(" "), code, "{text}");
        }
    }

    #[test]
    fn a_word_is_not_a_part_of_another() {
        assert!(has_word("use rand::rng;", "rand"));
        assert!(!has_word("operand", "rand") && !has_word("rand_core", "rand"));
        assert!(has_word("random rand", "rand"));
    }
}
