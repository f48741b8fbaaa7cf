//! Where each value came from, and how that place is shown without showing a secret.

use std::ops::Range;
use std::path::PathBuf;
use std::rc::Rc;

use crate::problem::Place;

/// A configuration file's text.
pub(crate) struct Source {
    pub(crate) path: PathBuf,
    pub(crate) text: String,
    /// Its place among the files; a higher layer wins.
    pub(crate) layer: usize,
}

/// Where a key or a value was written.
#[derive(Clone)]
pub(crate) enum Origin {
    File { source: Rc<Source>, span: Range<usize> },
    Variable(String),
}

/// How much of the line may be shown beside the caret, if nothing in it looks like a secret.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Shown {
    /// The whole line: its value is no secret.
    Line,
    /// Up to the end of the marked part: what follows may be a misspelt secret.
    UpToMark,
    /// Nothing.
    PlaceOnly,
}

/// Parts of a line that forbid showing its value; short, to catch misspelt keys too.
const SECRET_PARTS: [&str; 4] = ["secr", "tok", "passw", "{"];

/// Tabs and control characters would shift the caret.
const COLUMN_FILLER: char = ' ';

impl Origin {
    /// Files by their order, the environment above them all.
    pub(crate) fn layer(&self) -> usize {
        match self {
            Self::File { source, .. } => source.layer,
            Self::Variable(_) => usize::MAX,
        }
    }

    pub(crate) fn place(&self, shown: Shown) -> Place {
        match self {
            Self::File { source, span } => source.place(span, shown),
            Self::Variable(name) => Place::Variable(name.clone()),
        }
    }
}

impl Source {
    /// Line, column and, where allowed, the line itself with carets under the span.
    pub(crate) fn place(&self, span: &Range<usize>, shown: Shown) -> Place {
        let start = floor_boundary(&self.text, span.start);
        let before = &self.text[..start];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        let line_end =
            self.text[start..].find('\n').map_or(self.text.len(), |newline| start + newline);
        let line = before.matches('\n').count() + 1;
        let column = self.text[line_start..start].chars().count() + 1;
        let end = floor_boundary(&self.text, span.end).clamp(start, line_end);
        let whole = &self.text[line_start..line_end];
        let shown_end = match shown {
            Shown::Line if SECRET_PARTS.iter().any(|part| whole.contains(part)) => None,
            Shown::Line => Some(line_end),
            // What stands before the key is another key's value.
            Shown::UpToMark if self.text[line_start..start].contains('=') => None,
            Shown::UpToMark => Some(end),
            Shown::PlaceOnly => None,
        };
        let excerpt = shown_end.map(|shown_end| {
            let text: String = self.text[line_start..shown_end]
                .trim_end()
                .chars()
                .map(|c| if c.is_control() { COLUMN_FILLER } else { c })
                .collect();
            let carets = self.text[start..end].chars().count().max(1);
            let gutter = " ".repeat(line.to_string().len());
            format!(
                "  {gutter} |\n  {line} | {text}\n  {gutter} | {}{}",
                " ".repeat(column - 1),
                "^".repeat(carets)
            )
        });
        Place::File { path: self.path.clone(), line, column, excerpt }
    }
}

fn floor_boundary(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    fn excerpt(text: &str, span: Range<usize>, shown: Shown) -> (usize, usize, Option<String>) {
        let source = Source { path: "x.toml".into(), text: text.to_owned(), layer: 0 };
        match source.place(&span, shown) {
            Place::File { line, column, excerpt, .. } => (line, column, excerpt),
            Place::Nowhere | Place::Variable(_) => unreachable!("a source is a file"),
        }
    }

    #[test]
    fn the_caret_stands_under_the_culprit() {
        let (line, column, shown) = excerpt("a = 1\nbé = \"x\"\n", 12..15, Shown::Line);
        assert_eq!((line, column), (2, 6));
        assert_eq!(shown.unwrap(), "    |\n  2 | bé = \"x\"\n    |      ^^^");
    }

    #[test]
    fn what_may_be_a_secret_is_cut_off() {
        let text = "app_secrt = \"hush\"";
        let (_, _, shown) = excerpt(text, 0..9, Shown::UpToMark);
        assert_eq!(shown.unwrap(), "    |\n  1 | app_secrt\n    | ^^^^^^^^^");
        assert_eq!(excerpt(text, 0..9, Shown::PlaceOnly).2, None);
    }

    #[test]
    fn a_span_beyond_the_text_or_inside_a_letter_does_not_panic() {
        excerpt("é", 1..1, Shown::Line);
        excerpt("é", 9..12, Shown::Line);
        excerpt("", 0..0, Shown::Line);
    }
}
