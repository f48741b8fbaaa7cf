//! A variable wins over the files, a later file over an earlier one, and all over the defaults.

use std::time::Duration;

use config::Place;
use model::{LineId, Micros, RecordingMode};

use crate::{SECRETS, load, load_file};

#[test]
fn secrets_alone_are_a_configuration() {
    let config = load(&[], &SECRETS).unwrap();
    assert_eq!(config.server.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(config.workspace.minimum_balance, Micros::from_units(10));
    assert_eq!(config.rules.ring, Duration::from_secs(28));
    let anything = LineId::new("106540352242922").unwrap();
    let line = config.line(&anything).unwrap();
    assert!(line.inbound);
    assert_eq!(line.recording, RecordingMode::Off);
}

#[test]
fn a_configured_line_leaves_no_place_for_strangers() {
    let config = load_file("[[lines]]\nid = \"1\"\nname = \"Support\"\nrecording = \"always\"");
    let config = config.unwrap();
    let line = config.line(&LineId::new("1").unwrap()).unwrap();
    assert_eq!((&*line.name, line.recording), ("Support", RecordingMode::Always));
    assert_eq!(config.line(&LineId::new("2").unwrap()), None);
}

#[test]
fn later_layers_win_key_by_key() {
    let files = [
        ("a.toml", "[rules]\nring_seconds = 10\nclaim_lease_seconds = 3\n[[lines]]\nid = \"1\""),
        ("b.toml", "[rules]\nring_seconds = 20\n[[lines]]\nid = \"2\"\n[[lines]]\nid = \"3\""),
    ];
    let config = load(&files, &SECRETS).unwrap();
    assert_eq!(config.rules.ring, Duration::from_secs(20));
    assert_eq!(config.rules.claim_lease, Duration::from_secs(3));
    let ids: Vec<&str> = config.lines.iter().map(|line| line.id.as_str()).collect();
    assert_eq!(ids, ["2", "3"], "a list is replaced whole");

    let mut env = SECRETS.to_vec();
    env.push(("RINGDOWN__RULES__RING_SECONDS", "30"));
    assert_eq!(load(&files, &env).unwrap().rules.ring, Duration::from_secs(30));
}

#[test]
fn variables_hold_numbers_booleans_and_lists_too() {
    let mut env = SECRETS.to_vec();
    env.extend([
        ("RINGDOWN__MEDIA__ADVERTISE", "203.0.113.7, 2001:db8::7"),
        ("RINGDOWN__MEDIA__ALLOW_PRIVATE_REMOTES", "true"),
        ("RINGDOWN__MEDIA__AGENT_PORT", "0"),
        ("RINGDOWN__WORKSPACE__MINIMUM_BALANCE", "9.999999"),
    ]);
    let config = load(&[], &env).unwrap();
    assert_eq!(config.media.advertise.len(), 2);
    assert!(config.media.allow_private_remotes);
    assert_eq!(config.media.agent_port, 0);
    assert_eq!(config.workspace.minimum_balance, Micros::new(9_999_999));
}

#[test]
fn a_wrong_value_is_blamed_on_the_layer_it_came_from() {
    let file = [("a.toml", "[rules]\nring_seconds = 10\n")];
    let mut env = SECRETS.to_vec();
    env.push(("RINGDOWN__RULES__RING_SECONDS", "soon"));
    let problems = load(&file, &env).unwrap_err();
    let problem = problems.iter().next().unwrap();
    assert_eq!(problem.key, "rules.ring_seconds");
    let blamed = Place::Variable("RINGDOWN__RULES__RING_SECONDS".to_owned());
    assert_eq!(problem.place, blamed);
    assert!(problem.to_string().contains("found `soon`"), "{problem}");
}
