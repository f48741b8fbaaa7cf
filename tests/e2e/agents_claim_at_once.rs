//! However many agents claim in the same millisecond, exactly one wins, and the others learn who.

use std::time::{Duration, Instant};

use sim::agent::Robot;
use wire::agent::{ErrorCode, RingEnd, ServerEvent};

use crate::world::{PATIENCE, World, hang_up, open, rung};

/// Agents in the room.
const AGENTS: usize = 50;
/// Calls, each claimed by 2 to 50 agents at once.
const ROUNDS: usize = 200;

#[tokio::test(flavor = "multi_thread")]
async fn a1_exactly_one_of_2_to_50_claims_wins_in_200_rounds() {
    let world = World::start().await;
    let mut agents = Vec::new();
    for number in 0..AGENTS {
        agents.push(world.agent(&format!("agent{number:02}")).await);
    }
    let mut told_after: Vec<Duration> = Vec::new();
    for round in 0..ROUNDS {
        let claimers = 2 + round * (AGENTS - 2) / (ROUNDS - 1);
        told_after.extend(play(&world, &mut agents, claimers, round).await);
    }
    told_after.sort();
    let p50 = told_after[told_after.len() / 2];
    assert!(p50 < Duration::from_millis(200), "half of the losers were told after {p50:?}");
}

/// One call: returns how long after the claims each loser knew.
async fn play(world: &World, agents: &mut [Robot], claimers: usize, round: usize) -> Vec<Duration> {
    let phone = world.ring(world.plan()).await;
    let mut call = None;
    for agent in agents.iter_mut() {
        call = Some(rung(agent).await);
    }
    let call = call.expect("a call");
    for agent in &mut agents[..claimers] {
        agent.claim(call).await.expect("sent");
    }
    let claimed = Instant::now();
    let mut winner = None;
    let mut told = Vec::new();
    for (number, agent) in agents.iter_mut().enumerate() {
        let settled = |event: &ServerEvent| match event {
            ServerEvent::ClaimWon { active, .. } => active.call == call,
            ServerEvent::RingEnd { call: over, why, .. } => {
                *over == call && *why != RingEnd::ClaimedHere
            }
            _ => false,
        };
        let event =
            agent.wait_for("an outcome", settled, PATIENCE).await.expect("everybody is told");
        match event {
            ServerEvent::ClaimWon { .. } => {
                assert!(winner.replace(number).is_none(), "round {round}: two winners");
            }
            ServerEvent::RingEnd { why, winner: name, .. } => {
                assert_eq!(why, RingEnd::ClaimedElsewhere, "round {round}");
                assert!(name.is_some_and(|name| name.starts_with("Agent")), "round {round}: who?");
                told.push(claimed.elapsed());
            }
            other => panic!("round {round}: {other:?}"),
        }
    }
    let winner = winner.unwrap_or_else(|| panic!("round {round}: nobody won"));
    assert!(winner < claimers);
    for (number, agent) in agents[..claimers].iter_mut().enumerate() {
        if number != winner {
            let refused = |event: &ServerEvent| {
                matches!(event, ServerEvent::Error { code: ErrorCode::AlreadyTaken, .. })
            };
            agent.wait_for("the refusal", refused, PATIENCE).await.expect("refused");
        }
    }
    // Without this a slow machine could hang up before Meta was asked to accept.
    open(&mut agents[winner], call).await;
    hang_up(&mut agents[winner], call).await;
    let over = |event: &ServerEvent| matches!(event, ServerEvent::CallEnd { call: ended, .. } if *ended == call);
    agents[winner].wait_for("the end", over, PATIENCE).await.expect("ended");
    assert_eq!(world.asked("accept", phone.wacid()), 1, "round {round}");
    told
}
