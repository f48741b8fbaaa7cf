//! Every stored webhook body can be read, ours and any others at hand.

use std::fs;
use std::path::{Path, PathBuf};

use model::{LineId, Wacid};
use serde_json::Value;
use whatsapp::{Event, Webhook, parse};

/// The business number of most fixtures.
pub(crate) const LINE: &str = "200300400500600";

pub(crate) fn line(id: &str) -> LineId {
    LineId::new(id).expect("a plain id")
}

/// The call ids of the fixtures differ in this part only.
pub(crate) fn wacid(part: &str) -> Wacid {
    let text =
        format!("wacid.HBgLMTU1NTAxMDcwMDEVAgASGCBGSVhUVVJF{part}HBgLMTU1NTAxMDQwMDAVAgAA==");
    Wacid::new(text).expect("a plain id")
}

fn own_folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/fixtures/webhooks")
}

pub(crate) fn read(name: &str) -> Webhook {
    let raw = fs::read(own_folder().join(name)).expect("the fixture exists");
    parse(&raw).expect("a webhook")
}

/// The events of a fixture in which nothing is skipped.
pub(crate) fn events(name: &str) -> Vec<Event> {
    let webhook = read(name);
    assert_eq!(webhook.ignored, [], "{name}");
    webhook.events
}

/// Parses every body of a folder; returns how many, and the events of those not `.array.json`.
fn parse_folder(folder: &Path) -> (usize, Vec<Event>) {
    let mut bodies = 0;
    let mut events = Vec::new();
    for entry in fs::read_dir(folder).expect("the folder exists") {
        let path = entry.expect("a readable folder").path();
        let name = path.to_string_lossy().into_owned();
        let raw = fs::read(&path).expect("a readable file");
        if name.ends_with(".array.json") {
            let items: Vec<Value> = serde_json::from_slice(&raw).expect(&name);
            for item in &items {
                parse(&serde_json::to_vec(item).expect("JSON")).expect(&name);
                bodies += 1;
            }
        } else if name.ends_with(".json") {
            let webhook = parse(&raw).expect(&name);
            assert!(
                !(webhook.events.is_empty() && webhook.ignored.is_empty()),
                "{name} vanished without a trace"
            );
            events.extend(webhook.events);
            bodies += 1;
        }
    }
    (bodies, events)
}

#[test]
fn every_fixture_of_the_project_parses() {
    let (bodies, events) = parse_folder(&own_folder());
    assert!(bodies > 20, "{bodies}");
    assert!(events.iter().any(|event| matches!(event, Event::Connect(_))));
}

#[test]
fn every_foreign_fixture_parses() {
    let Some(root) = std::env::var_os("RINGDOWN_EXTRA_FIXTURES") else {
        eprintln!("skipped: RINGDOWN_EXTRA_FIXTURES is not set");
        return;
    };
    let (bodies, events) = parse_folder(&Path::new(&root).join("webhooks"));
    assert!(bodies > 0, "the folder holds no bodies");
    for event in events {
        match event {
            // Captured and documented calls all name their user and their moment.
            Event::Connect(connect) => {
                assert!(connect.sdp.is_some());
                assert!(connect.at.is_some());
                assert!(connect.party.phone.is_some() || connect.party.bsuid.is_some());
            }
            Event::Terminate(terminate) => {
                assert!(terminate.direction.is_some());
                assert!(terminate.status.is_some());
                assert!(terminate.party.phone.is_some());
            }
            Event::Status(status) => assert!(status.at.is_some()),
            Event::PermissionReply(reply) => assert!(reply.source.is_some()),
            Event::Message(message) => assert!(message.at.is_some()),
            Event::LineError(error) => assert!(!error.errors.is_empty()),
        }
    }
}
