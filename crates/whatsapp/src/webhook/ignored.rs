//! What was skipped, as counts without personal data.

/// Distinct names kept per body. Names become counter labels; a body that invents hundreds of
/// them is counted without names beyond this.
const NAMES_MAX: usize = 32;

/// Longest name kept, in bytes; Meta's field and event names stay under 40.
const NAME_BYTES_MAX: usize = 48;

/// Why a part of a body was skipped.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Reason {
    /// The body is about something else than a WhatsApp Business account.
    ForeignObject,
    /// `entry` or one of its items is not what it should be, or has no list of changes.
    MalformedEntry,
    /// A change is not an object, has no field name or no value.
    MalformedChange,
    /// A field other than `calls` and `messages`.
    UnknownField,
    /// No `metadata.phone_number_id`, so nobody can say which line it concerns.
    MissingLine,
    /// A change of the field `calls` with neither calls, statuses nor errors.
    EmptyValue,
    /// A call without a usable id or event, or `calls` that is no list.
    MalformedCall,
    /// An event other than `connect` and `terminate`.
    UnknownEvent,
    /// A session description that cannot be used; its connect is delivered without one.
    MalformedSession,
    /// A status without a usable id or word, or `statuses` that is no list.
    MalformedStatus,
    /// A status of something else than a call.
    ForeignStatus,
    /// An error without a code.
    MalformedError,
    /// A message of nobody, one of Meta's own, or the status of one.
    OrdinaryMessage,
    /// A permission reply without a response.
    MalformedPermissionReply,
}

impl Reason {
    /// A word for counters.
    pub const fn label(self) -> &'static str {
        match self {
            Self::ForeignObject => "foreign_object",
            Self::MalformedEntry => "malformed_entry",
            Self::MalformedChange => "malformed_change",
            Self::UnknownField => "unknown_field",
            Self::MissingLine => "missing_line",
            Self::EmptyValue => "empty_value",
            Self::MalformedCall => "malformed_call",
            Self::UnknownEvent => "unknown_event",
            Self::MalformedSession => "malformed_session",
            Self::MalformedStatus => "malformed_status",
            Self::ForeignStatus => "foreign_status",
            Self::MalformedError => "malformed_error",
            Self::OrdinaryMessage => "ordinary_message",
            Self::MalformedPermissionReply => "malformed_permission_reply",
        }
    }
}

/// Equal parts of one body that were skipped.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ignored {
    /// Why.
    pub reason: Reason,
    /// The field or event, when it looks like one (letters and underscores, so never a number).
    pub name: Option<String>,
    /// How many of them.
    pub count: u32,
}

/// Adds one skipped part.
pub(super) fn count(ignored: &mut Vec<Ignored>, reason: Reason, name: Option<&str>) {
    let room = ignored.len() < NAMES_MAX;
    let name = name.filter(|name| is_name(name));
    let known = |entry: &&mut Ignored, name: Option<&str>| {
        entry.reason == reason && entry.name.as_deref() == name
    };
    if let Some(entry) = ignored.iter_mut().find(|entry| known(entry, name)) {
        entry.count = entry.count.saturating_add(1);
        return;
    }
    let name = if room { name } else { None };
    if let Some(entry) = ignored.iter_mut().find(|entry| known(entry, name)) {
        entry.count = entry.count.saturating_add(1);
    } else {
        ignored.push(Ignored { reason, name: name.map(str::to_owned), count: 1 });
    }
}

fn is_name(text: &str) -> bool {
    (1..=NAME_BYTES_MAX).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'_')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn equal_parts_are_counted_together_and_the_list_stays_short() {
        let mut ignored = Vec::new();
        count(&mut ignored, Reason::UnknownEvent, Some("call_created"));
        count(&mut ignored, Reason::UnknownEvent, Some("call_created"));
        assert_eq!(ignored[0].count, 2);
        let names = (b'a'..=b'z').flat_map(|a| (b'a'..=b'z').map(move |b| [a, b]));
        for name in names {
            let name = String::from_utf8(name.to_vec()).unwrap();
            count(&mut ignored, Reason::UnknownField, Some(&name));
        }
        assert!(ignored.len() <= NAMES_MAX + 1);
        let total: u32 = ignored.iter().map(|entry| entry.count).sum();
        assert_eq!(total, 2 + 26 * 26);
    }

    #[test]
    fn a_name_that_could_be_a_person_is_not_kept() {
        let mut ignored = Vec::new();
        count(&mut ignored, Reason::UnknownEvent, Some("15550002222"));
        count(&mut ignored, Reason::UnknownEvent, Some("Ana Lima"));
        assert_eq!(ignored.len(), 1);
        assert_eq!(ignored[0].name, None);
    }
}
