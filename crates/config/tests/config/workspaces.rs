//! One workspace needs no word about it; several are told apart by every line.

use crate::{SECRETS, load, load_file};

fn ids(config: &config::Config) -> Vec<&str> {
    config.workspaces.iter().map(|workspace| workspace.id.as_str()).collect()
}

#[test]
fn a_single_workspace_has_every_line_and_any_line() {
    let config = load(&[], &SECRETS).unwrap();
    assert_eq!(ids(&config), ["default"]);
    assert!(config.takes_any_line());
    let config = load_file("[workspace]\nid = \"acme\"\n[[lines]]\nid = \"1\"").unwrap();
    assert_eq!(ids(&config), ["acme"]);
    assert_eq!(config.workspace_of(&config.lines[0]).as_str(), "acme");
    assert!(!config.takes_any_line());
}

#[test]
fn workspaces_of_the_list_stand_beside_the_one_of_the_section() {
    let more = "[[workspaces]]\nid = \"b\"\nname = \"Bee\"\ncurrency = \"EUR\"\n[[workspaces]]\n\
                id = \"c\"\n[[lines]]\nid = \"1\"\nworkspace = \"c\"\ngroup = \"support\"";
    let config = load_file(&format!("[workspace]\nid = \"a\"\n{more}")).unwrap();
    assert_eq!(ids(&config), ["a", "b", "c"]);
    assert_eq!(config.workspaces[1].currency.as_str(), "EUR");
    assert_eq!(config.workspaces[2].name, "c", "the id when no name is given");
    assert_eq!(config.workspace_of(&config.lines[0]).as_str(), "c");
    assert_eq!(config.lines[0].group.as_ref().map(model::GroupId::as_str), Some("support"));
    // Without the section only those of the list are there.
    let config = load_file(more).unwrap();
    assert_eq!(ids(&config), ["b", "c"]);
    assert_eq!(config.workspace.id.as_str(), "b");
}

#[test]
fn several_workspaces_without_a_line_do_not_take_whatever_comes() {
    let config = load_file("[[workspaces]]\nid = \"a\"\n[[workspaces]]\nid = \"b\"").unwrap();
    assert!(!config.takes_any_line());
    assert!(config.line(&model::LineId::new("1").unwrap()).is_none());
}

#[test]
fn every_mistake_about_workspaces_is_told_in_one_go() {
    let problems = load_file(
        "[[workspaces]]\nid = \"a\"\n[[workspaces]]\nid = \"a\"\n[[workspaces]]\nname = \"x\"\n\
         [[lines]]\nid = \"1\"\n[[lines]]\nid = \"2\"\nworkspace = \"z\"",
    )
    .unwrap_err();
    let mut keys: Vec<&str> = problems.iter().map(|problem| &*problem.key).collect();
    keys.sort_unstable();
    assert_eq!(
        keys,
        ["lines[0].workspace", "lines[1].workspace", "workspaces", "workspaces[2].id"]
    );
}
