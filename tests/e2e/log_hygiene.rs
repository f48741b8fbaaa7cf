//! At INFO the log names no person, no call id of Meta and no secret, and has one line per ended call.

use crate::hearing::hears_only;
use crate::world::{AGENT_HZ, CALLER_HZ, Setup, World, answer, ended, rung};

#[tokio::test(flavor = "multi_thread")]
async fn a_call_leaves_one_line_and_no_personal_data() {
    let world = World::with(Setup { keeps_log: true, ..Setup::default() }).await;
    let token = world.token("ana").await;
    let mut ana = world.agent("ana").await;
    let talked = world.ring(world.plan()).await;
    let first = answer(&mut ana).await;
    hears_only("the caller", || talked.heard(), AGENT_HZ, CALLER_HZ).await;
    talked.hang_up().await;
    world.closed(&first.to_string()).await;
    let missed = world.ring(world.plan()).await;
    let second = rung(&mut ana).await;
    ana.decline(second).await.expect("sent");
    ended(&missed).await;
    world.closed(&second.to_string()).await;

    let log = world.logged();
    assert_eq!(log.matches("call ended").count(), 2, "{log}");
    for call in [first, second] {
        let lines = log.lines().filter(|line| line.contains("call ended"));
        assert_eq!(lines.filter(|line| line.contains(&call.to_string())).count(), 1, "{log}");
    }
    let mut secrets = vec![
        "15550002222".to_owned(),
        "Maria".to_owned(),
        talked.wacid().as_str().to_owned(),
        missed.wacid().as_str().to_owned(),
        "wacid.".to_owned(),
        token,
        world.key.clone(),
        "app-secret".to_owned(),
        "verify-me".to_owned(),
        "ice-pwd".to_owned(),
    ];
    for sdp in world.meta.requests().into_iter().filter_map(|request| request.sdp) {
        let passwords = sdp.as_str().lines().filter_map(|line| line.strip_prefix("a=ice-pwd:"));
        secrets.extend(passwords.map(|password| password.trim().to_owned()));
    }
    assert!(secrets.len() > 10, "our own ICE passwords are among them");
    for secret in secrets {
        assert!(!log.contains(&secret), "`{secret}` is in the log:\n{log}");
    }
}
