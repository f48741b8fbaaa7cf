//! Splits a description into its session part and its media sections.

/// The lines before the first `m=` and the sections after it.
pub(super) struct Description<'a> {
    pub(super) session: Vec<(char, &'a str)>,
    pub(super) media: Vec<Section<'a>>,
}

/// One `m=` line and what belongs to it.
pub(super) struct Section<'a> {
    pub(super) kind: &'a str,
    pub(super) port: u16,
    pub(super) protocol: &'a str,
    pub(super) formats: &'a str,
    lines: Vec<(char, &'a str)>,
}

/// Reads lines ended by CRLF, LF or nothing; lines that are not `x=…` are skipped, because one
/// odd line in an otherwise usable offer is no reason to lose a call.
pub(super) fn split(text: &str) -> Description<'_> {
    let mut description = Description { session: Vec::new(), media: Vec::new() };
    for line in text.lines() {
        let line = line.trim_end();
        let Some((name, value)) = line.split_once('=') else {
            continue;
        };
        let mut letters = name.chars();
        let (Some(letter), None) = (letters.next(), letters.next()) else {
            continue;
        };
        if letter == 'm' {
            description.media.extend(section(value));
        } else if let Some(section) = description.media.last_mut() {
            section.lines.push((letter, value));
        } else {
            description.session.push((letter, value));
        }
    }
    description
}

/// `audio 3480 UDP/TLS/RTP/SAVPF 111 126`.
fn section(value: &str) -> Option<Section<'_>> {
    let mut words = value.splitn(4, ' ');
    let kind = words.next()?;
    let port = words.next()?.split('/').next()?.parse().ok()?;
    let protocol = words.next()?;
    let formats = words.next().unwrap_or_default();
    Some(Section { kind, port, protocol, formats, lines: Vec::new() })
}

impl<'a> Section<'a> {
    /// The values of `a=name:…` in this section.
    pub(super) fn attributes(&self, name: &'static str) -> impl Iterator<Item = &'a str> {
        values(&self.lines, name)
    }

    /// Whether `a=name` is here.
    pub(super) fn has(&self, name: &str) -> bool {
        self.lines.iter().any(|(letter, value)| *letter == 'a' && *value == name)
    }
}

impl<'a> Description<'a> {
    /// The values of `a=name:…` that hold for `section`: its own, or else the session's.
    pub(super) fn attributes(&self, section: &Section<'a>, name: &'static str) -> Vec<&'a str> {
        let own: Vec<_> = section.attributes(name).collect();
        if own.is_empty() { self.session_attributes(name).collect() } else { own }
    }

    /// The values of `a=name:…` before the first section.
    pub(super) fn session_attributes(&self, name: &'static str) -> impl Iterator<Item = &'a str> {
        values(&self.session, name)
    }
}

fn values<'a>(lines: &[(char, &'a str)], name: &'static str) -> impl Iterator<Item = &'a str> {
    lines
        .iter()
        .filter(|(letter, _)| *letter == 'a')
        .filter_map(move |(_, value)| value.split_once(':'))
        .filter(move |(key, _)| *key == name)
        .map(|(_, value)| value.trim())
}
