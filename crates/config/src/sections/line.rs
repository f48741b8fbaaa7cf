//! `[[lines]]`: the business numbers.

use model::{LineId, RecordingMode};

use crate::problem::Place;
use crate::section::Section;

/// A business number.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// Meta's `phone_number_id`.
    pub id: LineId,
    /// Its name for people; the id when none is given.
    pub name: String,
    /// Whether contacts may call in.
    pub inbound: bool,
    /// Whether its calls are recorded.
    pub recording: RecordingMode,
}

impl Line {
    /// A line nobody configured: it takes calls and records nothing.
    pub(crate) fn unconfigured(id: LineId) -> Self {
        Self { name: id.to_string(), id, inbound: true, recording: RecordingMode::Off }
    }

    pub(crate) fn read(section: &mut Section<'_, '_>) -> Self {
        let form = "Meta's phone_number_id in quotes";
        let is_set = section.table.contains_key("id");
        let id = section.optional("id", form, |text| LineId::new(text).ok());
        if !is_set {
            section.problem(
                "id",
                "not set".to_owned(),
                format!("set it to {form}"),
                Place::Nowhere,
            );
        }
        let id = id.unwrap_or_else(nobody);
        let name = section.optional("name", "a name", super::name);
        Self {
            name: name.unwrap_or_else(|| id.to_string()),
            id,
            inbound: section.boolean("inbound", true),
            recording: section.choice(
                "recording",
                &[
                    ("off", RecordingMode::Off),
                    ("on_demand", RecordingMode::OnDemand),
                    ("always", RecordingMode::Always),
                ],
            ),
        }
    }
}

/// Stands in for a wrong id until all problems are known; such a configuration is never used.
pub(super) fn nobody() -> LineId {
    LineId::new("0").expect("a digit is an id")
}
