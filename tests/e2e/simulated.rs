//! The whole daemon among faults by a seed: webhooks lost, doubled, late and out of order, and robot
//! agents who do as they please. Afterwards its books are audited.
//!
//! The seed is printed; `RINGDOWN_SIM_SEED` repeats its choices (the machine's own timing is not
//! repeated), `RINGDOWN_SIM_CALLS` makes it longer than the few calls of every run.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::any;
use model::{AgentId, CallId, TransferMode, TransferTarget};
use parking_lot::Mutex;
use sim::agent::Robot;
use sim::meta::SimCall;
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use wire::agent::{ClientCommand, ServerEvent};

use crate::world::{PATIENCE, Setup, World, events};

/// Calls in a run of everybody's; about twelve seconds.
const CALLS: u64 = 24;
const AGENTS: [&str; 4] = ["ana", "ben", "cleo", "dan"];
/// Nothing may be live longer after the last phone was put down: a lost hang-up is found out by media,
/// within 35 s (B4).
const ALL_OVER_WITHIN: Duration = Duration::from_secs(60);

/// Numbers that look random and follow from a seed (xorshift64*).
#[derive(Clone)]
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_f491_4f6c_dd1d) >> 33) % bound
    }

    fn millis(&mut self, from: u64, to: u64) -> Duration {
        Duration::from_millis(from + self.below(to - from))
    }

    /// Dice of their own for somebody: who throws first changes nothing.
    fn of(&mut self) -> Self {
        Self(self.below(1 << 31) << 20 | 1)
    }
}

/// What stands between Meta and the daemon.
struct Road {
    to: String,
    http: reqwest::Client,
    dice: Mutex<Dice>,
}

impl Road {
    async fn between(world: &World, dice: Dice) -> String {
        let road = Arc::new(Self {
            to: world.webhook_url(),
            http: reqwest::Client::builder().timeout(PATIENCE).build().expect("a client"),
            dice: Mutex::new(dice),
        });
        let app = Router::new().fallback(any(travel)).with_state(road);
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a free port");
        let address = listener.local_addr().expect("a bound socket");
        tokio::spawn(async move { axum::serve(listener, app).await });
        format!("http://{address}/webhooks/whatsapp")
    }

    async fn deliver(self: Arc<Self>, headers: HeaderMap, body: Bytes) -> StatusCode {
        let mut request = self.http.post(&self.to).body(body);
        if let Some(signature) = headers.get("x-hub-signature-256") {
            request = request.header("x-hub-signature-256", signature);
        }
        let answer = request.header("content-type", "application/json").send().await;
        answer.map_or(StatusCode::BAD_GATEWAY, |answer| answer.status())
    }
}

async fn travel(State(road): State<Arc<Road>>, headers: HeaderMap, body: Bytes) -> StatusCode {
    let (fate, late) = {
        let mut dice = road.dice.lock();
        (dice.below(100), dice.millis(50, 2_500))
    };
    match fate {
        // Lost, and Meta believes that it arrived.
        0..8 => StatusCode::OK,
        // Meta is told that it arrived; it does later, behind others.
        8..25 => {
            tokio::spawn(async move {
                tokio::time::sleep(late).await;
                road.deliver(headers, body).await
            });
            StatusCode::OK
        }
        // Twice, the second time later.
        25..45 => {
            let (again, same) = (road.clone(), (headers.clone(), body.clone()));
            tokio::spawn(async move {
                tokio::time::sleep(late).await;
                again.deliver(same.0, same.1).await
            });
            road.deliver(headers, body).await
        }
        _ => road.deliver(headers, body).await,
    }
}

/// An agent who does as they please until there is nothing more to do.
async fn act(mut robot: Robot, mut dice: Dice, until: Instant) {
    while Instant::now() < until {
        let Ok(frame) = robot.next_event(Duration::from_millis(300)).await else { continue };
        match frame.event {
            ServerEvent::Ring { ringing } => {
                tokio::time::sleep(dice.millis(20, 900)).await;
                let _ = match dice.below(10) {
                    0 => robot.decline(ringing.call).await,
                    1 | 2 => Ok(0),
                    _ => robot.claim(ringing.call).await,
                };
            }
            ServerEvent::CallOpen { active } => talk(&mut robot, &mut dice, active.call).await,
            ServerEvent::SentOn { sent_on } if dice.below(2) == 0 => {
                let _ = robot.command(ClientCommand::CancelTransfer { call: sent_on.call }).await;
            }
            ServerEvent::RenewMedia {} | ServerEvent::MediaState { up: false, .. } => {
                let _ = robot.go_ready().await;
            }
            _ => {}
        }
    }
    robot.close().await;
}

async fn talk(robot: &mut Robot, dice: &mut Dice, call: CallId) {
    for _ in 0..dice.below(4) {
        tokio::time::sleep(dice.millis(50, 700)).await;
        let on = dice.below(2) == 0;
        let colleague = AGENTS[dice.below(4) as usize];
        let to = TransferTarget::Agent(AgentId::new(colleague).expect("an id"));
        let mode = if on { TransferMode::Blind } else { TransferMode::Warm };
        let command = match dice.below(8) {
            0 => ClientCommand::Hold { call, on },
            1 => ClientCommand::Mute { call, on },
            2 | 3 => ClientCommand::Transfer { call, to, mode },
            4 => ClientCommand::CompleteTransfer { call },
            5 => ClientCommand::CancelTransfer { call },
            6 => ClientCommand::HangUp { call },
            _ => ClientCommand::Annotate { call, note: Some("so far".to_owned()), outcome: None },
        };
        let _ = robot.command(command).await;
    }
}

/// What must hold of every call, whatever happened to it.
async fn audit(world: &World, phones: &[SimCall]) {
    let listed = world.get("/v1/calls?limit=200").await;
    let calls = listed["items"].as_array().expect("a list");
    assert!(calls.len() <= phones.len(), "a call that nobody placed");
    for call in calls {
        let id = call["id"].as_str().expect("an id");
        let whole = world.get(&format!("/v1/calls/{id}")).await;
        let story = events(&whole);
        let count = |name: &str| story.iter().filter(|event| **event == name).count();
        assert_eq!(whole["state"], "ended", "left behind: {whole:#}");
        assert_eq!(count("ended"), 1, "one end: {whole:#}");
        assert_eq!(story.last(), Some(&"ended"), "nothing after the end: {whole:#}");
        assert!(count("accept_requested") <= 1, "Meta is asked to accept once: {whole:#}");
        // From one winner to the next somebody has let go: sent it on, gave it back, or was lost.
        let mut has_winner = false;
        for event in whole["timeline"].as_array().expect("a timeline") {
            match event["event"].as_str().expect("a name") {
                "claim_won" => {
                    assert!(!has_winner, "two winners at once: {whole:#}");
                    has_winner = true;
                }
                "claim_released" | "transfer_started" | "grace_over" | "agent_lost"
                | "transfer_completed" | "consultation_over" | "ended" => has_winner = false,
                _ => {}
            }
        }
        assert!(whole["disposition"].is_string(), "a CDR: {whole:#}");
    }
    let requests = world.meta.requests();
    for phone in phones {
        let about = || requests.iter().filter(|one| one.call_id.as_ref() == Some(phone.wacid()));
        let answers: BTreeSet<_> =
            about().filter_map(|one| one.sdp.as_ref()).map(|sdp| sdp.as_str()).collect();
        assert!(answers.len() <= 1, "{}: one answer for pre_accept and accept", phone.name());
        let accepted = about().filter(|one| one.action == "accept" && one.status == 200).count();
        assert!(accepted <= 1, "{}: accepted once", phone.name());
        assert!(phone.ended().is_some(), "{}: still on the line", phone.name());
    }
    let violations = world.meta.violations();
    assert!(violations.is_empty(), "{violations:?}");
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name).ok()?.parse().ok()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_daemon_full_of_faults_has_one_winner_and_one_end_for_every_call() {
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    let seed = number("RINGDOWN_SIM_SEED").unwrap_or_else(|| now.map_or(7, |t| t.as_secs()));
    let count = number("RINGDOWN_SIM_CALLS").unwrap_or(CALLS);
    println!("RINGDOWN_SIM_SEED={seed} RINGDOWN_SIM_CALLS={count}");
    let mut dice = Dice(seed << 8 | 1);
    let rules = "agent_grace_seconds = 2\ntransfer_ring_seconds = 5";
    let world = World::with(Setup { ring_seconds: 8, rules, ..Setup::default() }).await;
    let road = Road::between(&world, dice.of()).await;
    world.meta.set_webhook_url(road);

    let pauses: Vec<Duration> = (0..count).map(|_| dice.millis(50, 500)).collect();
    let until = Instant::now() + pauses.iter().sum::<Duration>() + Duration::from_secs(10);
    let mut agents = JoinSet::new();
    for (number, name) in (0..).zip(AGENTS) {
        let robot = world.agent_saying(name, 600.0 + 100.0 * f64::from(number)).await;
        agents.spawn(act(robot, dice.of(), until));
    }
    let mut phones = Vec::new();
    for pause in pauses {
        tokio::time::sleep(pause).await;
        let mut plan = world.plan();
        plan.gives_up_after = Some(dice.millis(500, 7_000));
        plan.hang_up_after_answer = Some(dice.millis(300, 3_000));
        phones.push(world.ring(plan).await);
    }
    agents.join_all().await;
    let deadline = Instant::now() + ALL_OVER_WITHIN;
    loop {
        let (_, metrics) = world.admin("/metrics").await;
        let live = metrics.lines().find(|line| line.starts_with("calls_active "));
        if live.is_none_or(|line| line.ends_with(" 0"))
            && phones.iter().all(|p| p.ended().is_some())
        {
            break;
        }
        assert!(Instant::now() < deadline, "seed {seed}: calls are left: {live:?}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
    // The last books are being closed.
    tokio::time::sleep(Duration::from_secs(1)).await;
    audit(&world, &phones).await;
}
