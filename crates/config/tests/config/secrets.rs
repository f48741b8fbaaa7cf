//! A secret is required, may come from a file, and never shows.

use secrecy::ExposeSecret;

use crate::{SECRETS, load, load_file};

const NAME: &str = "RINGDOWN__WHATSAPP__APP_SECRET";
const FILE_NAME: &str = "RINGDOWN__WHATSAPP__APP_SECRET_FILE";

fn app_secret(files: &[(&str, &str)], env: &[(&str, &str)]) -> Result<String, String> {
    let others = SECRETS.iter().filter(|(name, _)| *name != NAME);
    let env: Vec<(&str, &str)> = others.chain(env).copied().collect();
    load(files, &env)
        .map(|config| config.whatsapp.app_secret.expose_secret().to_owned())
        .map_err(|problems| problems.to_string())
}

#[test]
fn without_an_app_secret_the_daemon_does_not_start() {
    for (files, env) in [
        (&[][..], &[][..]),
        (&[], &[(NAME, "")]),
        (&[("a.toml", "[whatsapp]\napp_secret = \"\"")], &[]),
        (&[("a.secret", "\n")], &[(FILE_NAME, "a.secret")]),
        // A variable set to nothing does not bring the file's secret back.
        (&[("a.toml", "[whatsapp]\napp_secret = \"x\"")], &[(NAME, "")]),
    ] {
        let shown = app_secret(files, env).expect_err("no secret");
        assert!(shown.contains("the daemon does not start without it"), "{shown}");
    }
}

#[test]
fn a_secret_comes_from_the_highest_layer_that_gives_it() {
    let file = ("key.secret", "from-file\r\n");
    let inline = ("a.toml", "[whatsapp]\napp_secret = \"inline\"");
    let named = ("a.toml", "[whatsapp]\napp_secret_file = \"key.secret\"");
    assert_eq!(app_secret(&[file], &[(FILE_NAME, "key.secret")]).as_deref(), Ok("from-file"));
    assert_eq!(app_secret(&[file, named], &[]).as_deref(), Ok("from-file"));
    assert_eq!(
        app_secret(&[file, inline], &[(FILE_NAME, "key.secret")]).as_deref(),
        Ok("from-file")
    );
    assert_eq!(app_secret(&[file, named], &[(NAME, "variable")]).as_deref(), Ok("variable"));
    let both = app_secret(&[file], &[(NAME, "x"), (FILE_NAME, "key.secret")]);
    assert!(both.expect_err("which one?").contains("both app_secret and app_secret_file"));
    let gone = app_secret(&[], &[(FILE_NAME, "gone.secret")]);
    assert!(gone.expect_err("no file").contains("`gone.secret` cannot be read"));
    let blank = app_secret(&[], &[(NAME, "two words")]);
    assert!(blank.expect_err("a blank").contains("a space"));
}

#[test]
fn a_configuration_prints_no_secret() {
    let mut env = SECRETS.to_vec();
    env.push(("RINGDOWN__TURN__URLS", "turn:turn.example.com"));
    env.push(("RINGDOWN__TURN__SECRET", "canary-turn-secret"));
    let shown = format!("{:?}", load(&[], &env).unwrap());
    assert!(!shown.contains("canary"), "{shown}");
    assert!(shown.contains("REDACTED"), "{shown}");
}

#[test]
fn no_mistake_makes_a_secret_show() {
    for text in [
        "[whatsapp]\napp_secrt = \"canary\"",
        "[whatsapp]\napp_secret = [\"canary\"]",
        "[whatsapp]\naccess_token = \"canary",
        "[whatsapp]\naccess_token = canary",
        "[whatsapp]\naccess_token = \"\"\"\ncanary\n\"",
        "[server]\naccess_token = \"canary\"",
        "[whatsap]\naccess_token = \"canary\"",
        "whatsapp = { app_secret = \"canary\", x = 1 }",
        "whatsapp = { app_secrt = \"canary\", x = 1 }",
        "whatsapp = { app_secrt = \"canary\", graph_version = 3 }",
        "whatsap = { app_secret = \"canary\" }",
        "lines = { app_secret = \"canary\" }",
        "[turn]\nurls = [\"x\"]\nsecret = \"canary\"",
        "[turn]\nsecret = \"canary\"",
        "[whatsapp]\napp_secret = \"canary\"\napp_secret_file = \"x\"",
    ] {
        let problems = load(&[("a.toml", text)], &[]).expect_err(text);
        assert!(!problems.to_string().contains("canary"), "{text}\n{problems}");
        assert!(!format!("{problems:?}").contains("canary"), "{text}");
    }
    let twice = load_file("[whatsapp]\napp_secret = \"a\"\napp_secret = \"canary\"");
    let shown = twice.expect_err("set twice").to_string();
    assert!(!shown.contains("canary"), "{shown}");
}
