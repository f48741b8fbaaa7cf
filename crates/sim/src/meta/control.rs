//! The control API under `/sim`: places and watches calls over HTTP, for browser tests and demos.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Json, Router};
use model::LineId;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::call::{Call, SimCall};
use super::plan::PERMITTED_FOR;
use super::world::World;
use super::{Answers, CallPlan, Permit, Reply, SimUser};
use crate::{Says, SimError};

/// The tones looked for in what a phone heard, in hertz: the demo's two, and one for a second agent.
const TONES: [u32; 3] = [440, 880, 1300];
/// Tones are looked for in the last second.
const LATELY: Duration = Duration::from_secs(1);

/// The routes.
pub(crate) fn routes() -> Router<Arc<World>> {
    Router::new()
        .route("/sim/calls", post(ring).get(list))
        .route("/sim/calls/{id}", get(show))
        .route("/sim/calls/{id}/hang_up", post(hang_up))
        .route("/sim/users/{user}", post(user_does))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct NewCall {
    #[serde(default)]
    says: Option<String>,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    phone: Option<String>,
    #[serde(default)]
    hang_up_after_ms: Option<u64>,
    #[serde(default)]
    gives_up_after_ms: Option<u64>,
    #[serde(default)]
    line: Option<LineId>,
}

impl NewCall {
    fn plan(self, world: &World) -> Result<CallPlan, String> {
        let first = || world.config.lines.first().map(|line| line.id.clone());
        let line = self.line.or_else(first).ok_or("there is no line to call")?;
        let from = SimUser {
            phone: Some(self.phone.unwrap_or_else(|| "15550002222".to_owned())),
            bsuid: None,
            name: self.name.unwrap_or_else(|| "Ana".to_owned()),
        };
        let mut plan = CallPlan::new(line, from);
        if let Some(says) = &self.says {
            plan.says = says.parse::<Says>().map_err(|error: SimError| error.to_string())?;
        }
        plan.hang_up_after_answer = self.hang_up_after_ms.map(Duration::from_millis);
        plan.gives_up_after = self.gives_up_after_ms.map(Duration::from_millis);
        Ok(plan)
    }
}

/// What a user does from now on; what is left out stays.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct UserDoes {
    /// `none`, `temporary` or `permanent`.
    #[serde(default)]
    permits: Option<String>,
    /// Writes to the first line now.
    #[serde(default)]
    writes: bool,
    /// How their phone answers a business's call.
    #[serde(default)]
    says: Option<String>,
    #[serde(default)]
    rings_for_ms: Option<u64>,
    #[serde(default)]
    declines: bool,
    #[serde(default)]
    lets_ring: bool,
    /// Declines when asked for the permission to be called.
    #[serde(default)]
    declines_request: bool,
}

impl UserDoes {
    fn answers(&self) -> Result<Answers, String> {
        let mut answers = Answers { declines: self.declines, ..Answers::default() };
        if let Some(says) = &self.says {
            answers.says = says.parse::<Says>().map_err(|error: SimError| error.to_string())?;
        }
        if let Some(rings_for) = self.rings_for_ms {
            answers.rings_for = Duration::from_millis(rings_for);
        }
        if self.lets_ring {
            answers.acts_after = None;
        }
        if self.declines_request {
            answers.to_request = Some((Duration::from_millis(500), Reply::Decline));
        }
        Ok(answers)
    }
}

async fn user_does(
    State(world): State<Arc<World>>,
    Path(user): Path<String>,
    Json(does): Json<UserDoes>,
) -> Response {
    let permit = match does.permits.as_deref() {
        None => None,
        Some("none") => Some(Permit::None),
        Some("temporary") => Some(Permit::Temporary(PERMITTED_FOR)),
        Some("permanent") => Some(Permit::Permanent),
        Some(_) => return refused(StatusCode::BAD_REQUEST, "permits none, temporary or permanent"),
    };
    match does.answers() {
        Ok(answers) => world.set_answers(&user, answers),
        Err(error) => return refused(StatusCode::BAD_REQUEST, &error),
    }
    if let Some(permit) = permit {
        world.permits().set(&user, permit);
    }
    if does.writes
        && let Err(error) = world.write(&user).await
    {
        return refused(StatusCode::CONFLICT, &error.to_string());
    }
    Json(json!({ "user": user })).into_response()
}

async fn ring(State(world): State<Arc<World>>, Json(new): Json<NewCall>) -> Response {
    let plan = match new.plan(&world) {
        Ok(plan) => plan,
        Err(error) => return refused(StatusCode::BAD_REQUEST, &error),
    };
    match world.ring(plan).await {
        Ok(call) => Json(json!({ "id": call.name() })).into_response(),
        Err(error) => refused(StatusCode::CONFLICT, &error.to_string()),
    }
}

async fn list(State(world): State<Arc<World>>) -> Response {
    let calls: Vec<Value> = world
        .calls()
        .iter()
        .map(|call| {
            json!({
                "id": call.short,
                "state": call.state().as_str(),
                "placed_by_business": call.is_placed(),
            })
        })
        .collect();
    Json(json!({ "calls": calls })).into_response()
}

async fn show(State(world): State<Arc<World>>, Path(id): Path<String>) -> Response {
    match world.call_by_name(&id) {
        Some(call) => Json(describe(&call)).into_response(),
        None => refused(StatusCode::NOT_FOUND, "no such call"),
    }
}

async fn hang_up(State(world): State<Arc<World>>, Path(id): Path<String>) -> Response {
    let Some(call) = world.call_by_name(&id) else {
        return refused(StatusCode::NOT_FOUND, "no such call");
    };
    let call = SimCall { world, call };
    call.hang_up().await;
    Json(describe(&call.call)).into_response()
}

fn describe(call: &Call) -> Value {
    let (packets, tones) = call.peer.hearing(|ear| {
        let level = |hz: &u32| ear.heard.tone_db(f64::from(*hz), LATELY);
        let tones: Map<String, Value> =
            TONES.iter().map(|hz| (hz.to_string(), json!(level(hz)))).collect();
        (ear.heard.packets, tones)
    });
    let ended = call.ended().map(|end| {
        json!({
            "status": end.status.as_str(),
            "duration_s": end.duration_s,
            "error_code": end.error_code,
        })
    });
    let violations: Vec<&str> = call.violated().iter().map(|kind| kind.as_str()).collect();
    json!({
        "state": call.state().as_str(),
        "wacid_hash": call.short,
        "heard": { "packets": packets, "tones": tones },
        "ended": ended,
        "violations": violations,
    })
}

fn refused(status: StatusCode, error: &str) -> Response {
    (status, Json(json!({ "error": error }))).into_response()
}
