//! `[[lines]]`: the business numbers.

use std::path::PathBuf;

use model::{GroupId, LineId, RecordingMode, WorkspaceId};

use crate::problem::Place;
use crate::section::Section;

/// A business number.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Line {
    /// Meta's `phone_number_id`.
    pub id: LineId,
    /// The workspace it belongs to, if it says so; see [`super::Config::workspace_of`].
    pub workspace: Option<WorkspaceId>,
    /// The group that rings for its calls as long as nobody chose one over the API; everybody of
    /// the workspace when none is given.
    pub group: Option<GroupId>,
    /// Its name for people; the id when none is given.
    pub name: String,
    /// Whether contacts may call in.
    pub inbound: bool,
    /// Whether its calls are recorded.
    pub recording: RecordingMode,
    /// The ringing tone when a call rings again after it was accepted.
    pub ringback: Ringback,
    /// A WAV or Ogg Opus file that callers hear while a lost agent is waited for; built-in music
    /// when none is given. Whether it can be played is found out at the start.
    pub hold_music: Option<PathBuf>,
    /// A WAV or Ogg Opus file that callers hear once when nobody took their call, where a group's
    /// overflow says so.
    pub notice: Option<PathBuf>,
}

/// The ringing tone of a part of the world.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Ringback {
    /// 425 Hz, 1 s on and 4 s off.
    #[default]
    Europe,
    /// 440 and 480 Hz, 2 s on and 4 s off.
    NorthAmerica,
}

impl Line {
    /// A line nobody configured: it takes calls and records nothing.
    pub(crate) fn unconfigured(id: LineId) -> Self {
        Self {
            name: id.to_string(),
            workspace: None,
            group: None,
            id,
            inbound: true,
            recording: RecordingMode::Off,
            ringback: Ringback::default(),
            hold_music: None,
            notice: None,
        }
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
            workspace: section
                .optional("workspace", "the id of a workspace", |text| WorkspaceId::new(text).ok()),
            group: section.optional("group", "the id of a group", |text| GroupId::new(text).ok()),
            inbound: section.boolean("inbound", true),
            recording: section.choice(
                "recording",
                &[
                    ("off", RecordingMode::Off),
                    ("on_demand", RecordingMode::OnDemand),
                    ("always", RecordingMode::Always),
                ],
            ),
            ringback: section.choice(
                "ringback",
                &[("europe", Ringback::Europe), ("north_america", Ringback::NorthAmerica)],
            ),
            hold_music: section.optional(
                "hold_music",
                "the path of a file that ends in .wav, .ogg or .opus",
                sound_file,
            ),
            notice: section.optional(
                "notice",
                "the path of a file that ends in .wav, .ogg or .opus",
                sound_file,
            ),
        }
    }
}

fn sound_file(text: &str) -> Option<PathBuf> {
    let path = super::path(text)?;
    let kind = path.extension()?.to_str()?.to_ascii_lowercase();
    matches!(kind.as_str(), "wav" | "ogg" | "opus").then_some(path)
}

/// Stands in for a wrong id until all problems are known; such a configuration is never used.
pub(super) fn nobody() -> LineId {
    LineId::new("0").expect("a digit is an id")
}
