//! Ten thousand devices that become ready while a call rings cost what ten thousand devices cost:
//! counted, not timed.

use call::{Command, Input, Rules};

use crate::stage::{Stage, target};

/// A node's worth of devices.
const DEVICES: usize = 10_000;

fn newcomer(n: usize) -> call::Target {
    target(&format!("agent{n}"), u128::try_from(n).expect("a small number") + 1)
}

fn ringing_for_the_first() -> Stage {
    let mut stage = Stage::new(Rules::default());
    stage.ring(&[newcomer(0)]);
    stage
}

#[test]
fn each_device_that_becomes_ready_by_itself_is_looked_at_once() {
    let mut stage = ringing_for_the_first();
    for n in 1..DEVICES {
        stage.at(1.0, Input::DevicesReady { targets: vec![newcomer(n)] });
    }
    assert_eq!(stage.rung_agents(), DEVICES, "everybody rings");
    assert_eq!(stage.weighed, DEVICES, "devices looked at");
}

#[test]
fn devices_that_become_ready_together_are_one_question() {
    let mut stage = ringing_for_the_first();
    let all = (1..DEVICES).map(newcomer).collect();
    stage.at(1.0, Input::DevicesReady { targets: all });
    let questions = stage.count(|command| matches!(command, Command::ChooseTargets { .. }));
    assert_eq!(questions, 2, "the first one, and one for all who came");
    assert_eq!((stage.rung_agents(), stage.weighed), (DEVICES, DEVICES));
}

#[test]
fn who_rings_already_is_not_asked_about_again() {
    let mut stage = ringing_for_the_first();
    stage.at(1.0, Input::DevicesReady { targets: vec![newcomer(0)] });
    assert_eq!((stage.rung_agents(), stage.weighed), (1, 1));
}
