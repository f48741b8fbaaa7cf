//! The sections: what each key means, its default and its bounds.

mod agents;
mod deliveries;
mod hooks;
mod ledger;
mod line;
mod log;
mod media;
mod recording;
mod rules;
mod server;
mod store;
mod turn;
mod whatsapp;
mod workspace;

use std::io;
use std::path::{Path, PathBuf};

use model::{LineId, WorkspaceId};

pub use agents::Agents;
pub use deliveries::Deliveries;
pub use hooks::BeforeRinging;
pub use ledger::Ledger;
pub use line::{Line, Ringback};
pub use log::{Log, LogFormat, LogLevel};
pub use media::{Media, PortRange};
pub use recording::Recording;
pub use rules::{AfterGrace, Rules};
pub use server::Server;
pub use store::Store;
pub use turn::Turn;
pub use whatsapp::WhatsApp;
pub use workspace::Workspace;

use crate::problem::{Place, Problem};
use crate::reader::{Known, Reader};
use crate::tree::{self, Table};

/// The whole configuration, checked. `Debug` shows no secret.
#[derive(Debug)]
pub struct Config {
    /// Where the daemon listens.
    pub server: Server,
    /// How it speaks with Meta.
    pub whatsapp: WhatsApp,
    /// Where sound flows.
    pub media: Media,
    /// Relays for browsers; `None` without any.
    pub turn: Option<Turn>,
    /// Where facts are kept.
    pub store: Store,
    /// Where the money is.
    pub ledger: Ledger,
    /// Where and how recordings are kept.
    pub recording: Recording,
    /// The tenant of `[workspace]`, or the first of `[[workspaces]]` when only those are given.
    pub workspace: Workspace,
    /// Every tenant, that one among them.
    pub workspaces: Vec<Workspace>,
    /// The business numbers. Empty: every number that Meta sends calls for is served; see
    /// [`Config::line`].
    pub lines: Vec<Line>,
    /// Tokens and sockets of agents.
    pub agents: Agents,
    /// The times and limits of a call.
    pub rules: Rules,
    /// Events to other programs.
    pub deliveries: Deliveries,
    /// Whom to ask before a call rings; `None` without anybody.
    pub before_ringing: Option<BeforeRinging>,
    /// What is logged and how.
    pub log: Log,
}

impl Config {
    /// The line with this id. With one workspace and without any configured line every id is a
    /// line that takes calls and records nothing, so that the daemon works with secrets alone;
    /// else an id that is not among them is no line of ours.
    pub fn line(&self, id: &LineId) -> Option<Line> {
        if self.takes_any_line() {
            return Some(Line::unconfigured(id.clone()));
        }
        self.lines.iter().find(|line| line.id == *id).cloned()
    }

    /// Whether every number of Meta's app is a line of the one workspace.
    pub fn takes_any_line(&self) -> bool {
        self.lines.is_empty() && self.workspaces.len() == 1
    }

    /// The workspace of a line. One that does not say so belongs to the only one there is.
    pub fn workspace_of<'a>(&'a self, line: &'a Line) -> &'a WorkspaceId {
        line.workspace.as_ref().unwrap_or(&self.workspace.id)
    }
}

/// The tenant of `[workspace]` unless only others are given, and all of them.
fn read_workspaces(reader: &mut Reader<'_>) -> (Workspace, Vec<Workspace>) {
    let is_set = reader.is_set("workspace");
    let own = reader.section("workspace", Workspace::read);
    let others = reader.list_section("workspaces", Workspace::read_item);
    let own = if is_set { Some(own) } else { others.is_empty().then_some(own) };
    let all: Vec<_> = own.into_iter().chain(others).collect();
    (all[0].clone(), all)
}

/// The configuration with all problems and the keys there are. With problems, the configuration
/// holds defaults in their place and must not be used.
pub(crate) fn read(
    files: &[PathBuf],
    env: impl Iterator<Item = (String, String)>,
    read: &dyn Fn(&Path) -> io::Result<String>,
) -> (Config, Vec<Problem>, Known) {
    let mut root = Table::new();
    let mut problems = Vec::new();
    for (layer, path) in files.iter().enumerate() {
        tree::lay_file(&mut root, path, layer, read, &mut problems);
    }
    let strays = tree::lay_variables(&mut root, env);
    let mut reader = Reader::new(root, problems, read);
    let (workspace, workspaces) = read_workspaces(&mut reader);
    let config = Config {
        server: reader.section("server", Server::read),
        whatsapp: reader.section("whatsapp", WhatsApp::read),
        media: reader.section("media", Media::read),
        turn: reader.section("turn", Turn::read),
        store: reader.section("store", Store::read),
        ledger: reader.section("ledger", Ledger::read),
        recording: reader.section("recording", Recording::read),
        workspace,
        workspaces,
        lines: reader.list_section("lines", Line::read),
        agents: reader.section("agents", Agents::read),
        rules: reader.section("rules", Rules::read),
        deliveries: reader.section("deliveries", Deliveries::read),
        before_ringing: reader.section("hooks", BeforeRinging::read),
        log: reader.section("log", Log::read),
    };
    let mut between = Vec::new();
    config.check_between_sections(&mut between);
    reader.problems.append(&mut between);
    let (problems, known) = reader.finish(strays);
    (config, problems, known)
}

impl Config {
    /// What no section can see alone.
    fn check_between_sections(&self, problems: &mut Vec<Problem>) {
        let mut problem = |key: &str, message: String, hint: &str| {
            problems.push(Problem {
                key: key.to_owned(),
                message,
                hint: hint.to_owned(),
                place: Place::Nowhere,
            });
        };
        let ports = self.media.whatsapp_ports;
        if self.rules.live_calls_max > ports.count() {
            problem(
                "rules.live_calls_max",
                format!(
                    "{} calls need a port each, but media.whatsapp_ports has only {}",
                    self.rules.live_calls_max,
                    ports.count()
                ),
                "lower it, or widen media.whatsapp_ports",
            );
        }
        self.check_workspaces(&mut problem);
        for (at, line) in self.lines.iter().enumerate() {
            let is_twin = self.lines[..at].iter().any(|earlier| earlier.id == line.id);
            if is_twin && line.id != line::nobody() {
                problem(
                    &format!("lines[{at}].id"),
                    format!("line {} is configured twice", line.id),
                    "keep one [[lines]] section for each phone_number_id",
                );
            }
        }
    }
}

impl Config {
    /// Each tenant is there once, and every line is of one that is there.
    fn check_workspaces(&self, problem: &mut impl FnMut(&str, String, &str)) {
        let ids = || self.workspaces.iter().map(|workspace| &workspace.id);
        for (at, id) in ids().enumerate() {
            if *id != workspace::nobody() && ids().take(at).any(|earlier| earlier == id) {
                problem(
                    "workspaces",
                    format!("workspace {id} is configured twice"),
                    "give each workspace an id of its own",
                );
            }
        }
        for (at, line) in self.lines.iter().enumerate() {
            let key = format!("lines[{at}].workspace");
            match &line.workspace {
                None if self.workspaces.len() > 1 => problem(
                    &key,
                    "not set, and there are several workspaces".to_owned(),
                    "name the workspace that the line belongs to",
                ),
                Some(id) if !ids().any(|known| known == id) => problem(
                    &key,
                    format!("there is no workspace {id}"),
                    "name one of [workspace] or [[workspaces]] by its id",
                ),
                None | Some(_) => {}
            }
        }
    }
}

/// A name for people: something, and on one line.
fn name(text: &str) -> Option<String> {
    let text = text.trim();
    (!text.is_empty() && !text.chars().any(char::is_control)).then(|| text.to_owned())
}

fn path(text: &str) -> Option<PathBuf> {
    (!text.is_empty() && !text.contains('\0')).then(|| PathBuf::from(text))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shipped_file_explains_every_key_there_is() {
        let shipped = include_str!("../../../../deploy/ringdown.toml");
        let line = "[[workspaces]]\nid = \"a\"\n[[lines]]\nid = \"1\"".to_owned();
        let (_, _, known) = read(&["a".into()], std::iter::empty(), &|_| Ok(line.clone()));
        assert_eq!(known.len(), 15);
        for (section, keys) in known {
            let heading = [format!("\n[{section}]\n"), format!("\n# [[{section}]]\n")];
            let start = heading.iter().find_map(|text| shipped.find(text));
            let start = start.expect(section) + 1;
            let part = &shipped[start..];
            let part = part.find("\n[").map_or(part, |end| &part[..end]);
            for key in keys {
                let is_there = part
                    .lines()
                    .any(|line| line.trim_start_matches("# ").starts_with(&format!("{key} =")));
                assert!(is_there, "[{section}] {key} is not in deploy/ringdown.toml");
            }
        }
    }
}
