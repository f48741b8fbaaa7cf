//! Every mistake is named with its key, its place and a way to mend it.

use config::{Place, Problem, Problems};

use crate::{SECRETS, load, load_file};

fn only(problems: &Problems) -> &Problem {
    let all: Vec<&Problem> = problems.iter().collect();
    assert_eq!(all.len(), 1, "{problems}");
    all[0]
}

/// A file, the key that is wrong, a part of what is said, and a part of the hint.
type Mistake = (&'static str, &'static str, &'static str, &'static str);

const MISTAKES: &[Mistake] = &[
    ("[server]\nlisten = \"x\"", "server.listen", "an address with a port", "127.0.0.1:8080"),
    ("[server]\nlisten = 80", "server.listen", "found a whole number", "an address"),
    ("[server]\nlistn = \"x\"", "server.listn", "no such key", "did you mean `listen`?"),
    ("[server]\nring_seconds = 9", "server.ring_seconds", "no such key", "under [rules]"),
    ("[sever]\nlisten = \"x\"", "sever", "no such section", "did you mean [server]?"),
    ("server = 3", "server", "expected a section", "[server]"),
    ("path = \"x\"", "path", "no such section", "under [store]"),
    ("[server]\npublic_url = \"calls\"", "server.public_url", "`calls`", "https://"),
    ("[server]\nallowed_origins = \"*\"", "server.allowed_origins", "a list", "brackets"),
    ("[server]\nallowed_origins = [\"*\"]", "server.allowed_origins", "`*`", "https://"),
    ("[server]\nadmin_listen = \"127.0.0.1:8080\"", "server.admin_listen", "also", "port"),
    ("[whatsapp]\ngraph_url = \"http://a.b\"", "whatsapp.graph_url", "https", "https"),
    ("[whatsapp]\ngraph_version = \"23\"", "whatsapp.graph_version", "v23.0", "v23.0"),
    ("[whatsapp]\nappsecret_proof = \"yes\"", "whatsapp.appsecret_proof", "true", "quotes"),
    ("[media]\nbind = \"eth0\"", "media.bind", "IP address", "203.0.113.7"),
    ("[media]\nadvertise = [\"0.0.0.0\"]", "media.advertise", "`0.0.0.0`", "one machine"),
    ("[media]\nagent_port = 40500", "media.agent_port", "within", "outside"),
    ("[media]\nagent_port = 65535\nthreads = 2", "media.agent_port", "no 2 ports", "lower"),
    ("[media]\nagent_port = 39999\nthreads = 2", "media.agent_port", "40000", "outside"),
    ("[media]\nagent_tcp_port = 65535\nthreads = 2", "media.agent_tcp_port", "no 2", "lower"),
    ("[media]\nthreads = 65", "media.threads", "0 to 64", "0"),
    ("[media]\nagent_port = 70000", "media.agent_port", "0 to 65535", "3478"),
    ("[media]\nwhatsapp_ports = \"9-8\"", "media.whatsapp_ports", "range", "40000-40999"),
    ("[media]\nwhatsapp_ports = \"50000-50009\"", "rules.live_calls_max", "only 10", "widen"),
    ("[turn]\nurls = [\"stun:a\"]\nsecret = \"s\"", "turn.urls", "`stun:a`", "turn:"),
    ("[turn]\nurls = [\"turn:a\"]", "turn.secret", "not set", "static-auth-secret"),
    ("[turn]\nsecret = \"s\"", "turn.urls", "of no use", "turns:"),
    ("[recording]\nformat = \"ogg-opus\"", "recording.format", "one of", "\"ogg_opus\""),
    ("[recording]\nfolder = \"\"", "recording.folder", "folder name", "folder"),
    ("[workspace]\ncurrency = \"usd\"", "workspace.currency", "ISO 4217", "USD"),
    ("[workspace]\nminimum_balance = 10.0", "workspace.minimum_balance", "fraction", "quotes"),
    ("[workspace]\nminimum_balance = \"-1\"", "workspace.minimum_balance", "`-1`", "10.00"),
    ("[workspace]\nid = \"a b\"", "workspace.id", "without spaces", "without spaces"),
    ("[[workspaces]]\nname = \"x\"", "workspaces[0].id", "not set", "without spaces"),
    ("[[workspaces]]\nid = \"a\"\ncurrency = \"usd\"", "workspaces[0].currency", "ISO 4217", "USD"),
    (
        "[[workspaces]]\nid = \"a\"\n[[workspaces]]\nid = \"a\"",
        "workspaces",
        "a is configured twice",
        "of its own",
    ),
    ("[workspace]\nid = \"a\"\n[[workspaces]]\nid = \"a\"", "workspaces", "twice", "own"),
    (
        "[[workspaces]]\nid = \"a\"\n[[workspaces]]\nid = \"b\"\n[[lines]]\nid = \"1\"",
        "lines[0].workspace",
        "several",
        "name the workspace",
    ),
    (
        "[[lines]]\nid = \"1\"\nworkspace = \"acme\"",
        "lines[0].workspace",
        "no workspace acme",
        "by its id",
    ),
    ("[[lines]]\nid = \"1\"\ngroup = \"\"", "lines[0].group", "id of a group", "group"),
    ("[[lines]]\nname = \"x\"", "lines[0].id", "not set", "phone_number_id"),
    ("[[lines]]\nid = 1", "lines[0].id", "whole number", "in quotes"),
    (
        "[[lines]]\nid = \"1\"\nhold_music = \"hold.mp3\"",
        "lines[0].hold_music",
        "`hold.mp3`",
        ".opus",
    ),
    ("[[lines]]\nid = \"1\"\nringback = \"us\"", "lines[0].ringback", "`us`", "\"europe\""),
    ("[rules]\nafter_grace = \"wait\"", "rules.after_grace", "`wait`", "\"ring\""),
    ("[rules]\nwrap_up_seconds = 901", "rules.wrap_up_seconds", "0 to 900", "0"),
    ("[rules]\ntransfer_ring_seconds = 4", "rules.transfer_ring_seconds", "5 to 120", "20"),
    ("[[lines]]\nid = \"1\"\nnotice = \"n.mp3\"", "lines[0].notice", "`n.mp3`", ".opus"),
    ("[rules]\nagent_grace_seconds = 61", "rules.agent_grace_seconds", "0 to 60", "25"),
    ("[[lines]]\nid = \"1\"\nrecording = \"on\"", "lines[0].recording", "`on`", "\"off\""),
    ("[[lines]]\nid = \"1\"\n[[lines]]\nid = \"1\"", "lines[1].id", "twice", "keep one"),
    ("[[lines]]\nid = \"1\"\ninbond = true", "lines[0].inbond", "no such key", "`inbound`"),
    ("[lines]\nid = \"1\"", "lines[0]", "expected a section", "[[lines]]"),
    ("[rules]\nring_seconds = 4", "rules.ring_seconds", "5 to 55, found 4", "28"),
    ("[rules]\nring_seconds = 56", "rules.ring_seconds", "5 to 55, found 56", "28"),
    ("[rules]\nring_seconds = -1", "rules.ring_seconds", "found -1", "28"),
    ("[agents]\ntoken_ttl_seconds = 301", "agents.token_ttl_seconds", "30 to 300", "300"),
    ("[log]\nlevel = \"inof\"", "log.level", "found `inof`", "did you mean \"info\"?"),
    ("[server\nlisten = 1", "ringdown.toml", "not TOML", "toml.io"),
];

#[test]
fn each_mistake_is_told_by_its_key_with_a_hint() {
    for (text, key, message, hint) in MISTAKES.iter().copied() {
        let problems = load_file(text).expect_err(text);
        let problem = problems
            .iter()
            .find(|problem| problem.key == key)
            .unwrap_or_else(|| panic!("{text}: no problem of {key} in\n{problems}"));
        assert!(problem.message.contains(message), "{text}\n{problem}");
        assert!(problem.hint.contains(hint), "{text}\n{problem}");
        if !text.starts_with("[server\n") {
            only(&problems);
        }
    }
}

#[test]
fn one_run_names_every_problem() {
    let text = "
[server]
listen = \"here\"
adminlisten = \"127.0.0.1:1\"
[rules]
ring_seconds = 90
[workspace]
minimum_balance = 10.0
";
    let env = [("RINGDOWN__LOG__LEVEL", "loud"), ("RINGDOWN__STORE__PAHT", "x")];
    let problems = load(&[("ringdown.toml", text)], &env).expect_err("eight mistakes");
    let mut keys: Vec<&str> = problems.iter().map(|problem| &*problem.key).collect();
    keys.sort_unstable();
    assert_eq!(
        keys,
        [
            "RINGDOWN__STORE__PAHT",
            "log.level",
            "rules.ring_seconds",
            "server.adminlisten",
            "server.listen",
            "whatsapp.access_token",
            "whatsapp.app_secret",
            "whatsapp.verify_token",
            "workspace.minimum_balance",
        ]
    );
    let shown = problems.to_string();
    assert!(shown.starts_with("the configuration has 9 problems\n"), "{shown}");
}

#[test]
fn a_mistake_in_a_file_is_shown_with_a_caret() {
    let problems = load_file("\n[server]\nlisten = \"here\"\n").expect_err("no address");
    let expected = "\
server.listen (ringdown.toml:3:10): expected an address with a port, such as 127.0.0.1:8080, \
found `here`
    |
  3 | listen = \"here\"
    |          ^^^^^^
  to mend it: set it to an address with a port, such as 127.0.0.1:8080";
    assert_eq!(only(&problems).to_string(), expected);
}

#[test]
fn several_syntax_errors_are_told_in_one_go() {
    let problems = load_file("[server]\nlisten = \n[rules]\nring_seconds = \n").expect_err("holes");
    let lines: Vec<usize> = problems
        .iter()
        .filter_map(|problem| match &problem.place {
            Place::File { line, .. } => Some(*line),
            Place::Nowhere | Place::Variable(_) => None,
        })
        .collect();
    assert!(lines.contains(&2) && lines.contains(&4), "{problems}");
}

#[test]
fn a_file_that_is_not_there_is_a_problem() {
    let read = |_: &std::path::Path| Err(std::io::ErrorKind::NotFound.into());
    let problems = config::load_with(&["gone.toml".into()], crate::variables(&SECRETS), &read)
        .expect_err("no file");
    assert_eq!(only(&problems).key, "gone.toml");
}

#[test]
fn misspelt_variables_are_refused_with_the_name_meant() {
    for (name, meant) in [
        ("RINGDOWN__SERVER__LISTN", "RINGDOWN__SERVER__LISTEN"),
        ("RINGDOWN__SEVER__LISTEN", "RINGDOWN__SERVER__LISTEN"),
        ("RINGDOWN__STORE_PATH", "RINGDOWN__STORE__PATH"),
        ("RINGDOWN_STORE__PATH", "RINGDOWN__STORE__PATH"),
        ("RINGDOWN_STORE_PATH", "RINGDOWN__STORE__PATH"),
        ("RINGDOWN__STORE__path", "RINGDOWN__STORE__PATH"),
        ("RINGDOWN__LINES__0__ID", "configuration file"),
        ("RINGDOWN__LINES__ID", "configuration file"),
        ("RINGDOWN__WORKSPACES__0__ID", "configuration file"),
        ("RINGDOWN__WORKSPACES__ID", "configuration file"),
        ("RINGDOWN__COLOUR", "unset it"),
    ] {
        let mut env = SECRETS.to_vec();
        env.push((name, "127.0.0.1:1"));
        let problems = load(&[], &env).expect_err(name);
        let problem = only(&problems);
        assert_eq!(problem.key, name);
        assert!(problem.hint.contains(meant), "{problem}");
        assert!(!problem.to_string().contains("127.0.0.1:1"), "{problem}");
    }
}

#[test]
fn foreign_variables_are_none_of_our_business() {
    let mut env = SECRETS.to_vec();
    env.extend([("RINGDOWN_BIN", "x"), ("RINGDOWN_PORT", "tcp://1"), ("PATH", "/bin")]);
    assert!(load(&[], &env).is_ok());
}
