//! The robot agent: answers when nobody else does.

use std::collections::BTreeMap;
use std::time::Duration;

use anyhow::Context as _;
use model::CallId;
use sim::Says;
use sim::agent::{Robot, RobotConfig};
use tokio::task::JoinHandle;
use tokio::time::Instant;
use wire::agent::ServerEvent;

use super::stage::{ROBOT, Stage};

/// What the robot says: a tone unlike the callers'.
const TONE_HZ: f64 = 880.0;
/// How often the robot looks at its rings while no frame comes.
const LOOK: Duration = Duration::from_millis(100);

/// Signs the robot in, waits until it can be rung, and lets it work.
pub(crate) async fn start(stage: &Stage, patience: Duration) -> anyhow::Result<JoinHandle<()>> {
    let config = RobotConfig {
        url: format!("ws://{}/agent/v1", stage.address()),
        token: stage.token_for(ROBOT).await?,
        origin: None,
        says: Says::Tone(TONE_HZ),
        label: "robot".to_owned(),
    };
    let mut robot = Robot::connect(config).await.context("the robot cannot sign in")?;
    robot.go_ready().await.context("the robot's media does not come up")?;
    Ok(tokio::spawn(async move {
        let mut rings: BTreeMap<CallId, Instant> = BTreeMap::new();
        loop {
            match robot.next_event(LOOK).await {
                Ok(frame) => note(&mut rings, &frame.event, patience),
                Err(sim::SimError::TimedOut { .. }) => {}
                Err(error) => {
                    tracing::warn!(%error, "the robot lost its socket");
                    return;
                }
            }
            let due = rings.iter().find(|(_, due)| **due <= Instant::now()).map(|(call, _)| *call);
            if let Some(call) = due {
                rings.remove(&call);
                // Somebody may have been faster; the robot does not mind.
                let _ = robot.claim(call).await;
            }
        }
    }))
}

fn note(rings: &mut BTreeMap<CallId, Instant>, event: &ServerEvent, patience: Duration) {
    if let ServerEvent::Ring { ringing } = event {
        rings.entry(ringing.call).or_insert_with(|| Instant::now() + patience);
    }
    if let ServerEvent::RingEnd { call, .. } = event {
        rings.remove(call);
    }
}
