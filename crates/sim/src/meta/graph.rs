//! The Graph endpoint `POST /v{N}.0/{line}/calls`.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use axum::body::Bytes;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use model::{LineId, SdpText, Wacid};
use serde_json::{Value, json};

use super::action::{self, Done};
use super::offer::token;
use super::permits;
use super::record::{Fault, GraphRequest};
use super::world::World;

/// The oldest Graph version the calling pages name.
const VERSION_MIN: u32 = 17;
/// A held response is let go after this long; every sane client has given up by then.
const HELD: Duration = Duration::from_secs(60);

/// A refusal with Graph's code and HTTP status.
#[derive(Debug)]
pub(crate) struct GraphError {
    pub(crate) code: u32,
    pub(crate) http: u16,
    pub(crate) details: String,
}

impl GraphError {
    /// 400 with the given code.
    pub(crate) fn bad(code: u32, details: impl Into<String>) -> Self {
        Self { code, http: 400, details: details.into() }
    }

    /// Code 100: a parameter or the state of the call is wrong.
    pub(crate) fn invalid(details: impl Into<String>) -> Self {
        Self::bad(100, details)
    }

    fn message(&self) -> &'static str {
        match self.code {
            100 => "Invalid parameter",
            190 => "Invalid OAuth access token",
            33 => "Business phone number does not exist",
            138_008 => "SDP Validation error",
            _ => "Request failed",
        }
    }
}

impl IntoResponse for GraphError {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.http).unwrap_or(StatusCode::BAD_REQUEST);
        let body = json!({
            "error": {
                "message": format!("(#{}) {}", self.code, self.message()),
                "type": "OAuthException",
                "code": self.code,
                "error_data": { "messaging_product": "whatsapp", "details": self.details },
                "fbtrace_id": format!("A{}", token(22)),
            }
        });
        (status, axum::Json(body)).into_response()
    }
}

/// Answers one request.
pub(crate) async fn calls(
    State(world): State<Arc<World>>,
    Path((version, line)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let mut log = GraphRequest {
        action: String::new(),
        line: line.clone(),
        call_id: None,
        sdp: None,
        status: 0,
        at: Instant::now(),
    };
    let request = match read(&world, &version, &line, &headers, &body) {
        Ok(request) => request,
        Err(error) => {
            log.status = error.http;
            world.log_request(log);
            return error.into_response();
        }
    };
    let text = |pointer: &str| request.pointer(pointer).and_then(Value::as_str);
    text("/action").unwrap_or_default().clone_into(&mut log.action);
    log.call_id = text("/call_id").and_then(|id| Wacid::new(id).ok());
    log.sdp = text("/session/sdp").map(SdpText::new);
    match world.outage().map(Fault::Status).or_else(|| world.take_fault(&log.action)) {
        None => {
            let outcome = action::perform(&world, &log, &request).await;
            finish(&world, log, outcome)
        }
        Some(Fault::TimeOutButSucceed) => {
            let outcome = action::perform(&world, &log, &request).await;
            tracing::debug!(ok = outcome.is_ok(), "a Graph response is held back");
            world.log_request(log);
            tokio::select! {
                () = tokio::time::sleep(HELD) => {}
                () = world.stopped() => {}
            }
            StatusCode::GATEWAY_TIMEOUT.into_response()
        }
        Some(Fault::Error(code, http)) => {
            let details = "this fault was asked for".to_owned();
            let error = GraphError { code, http, details };
            finish(&world, log, Err(error))
        }
        Some(Fault::Garbage) => {
            log.status = 200;
            world.log_request(log);
            "<html><body>upstream</body></html>".into_response()
        }
        Some(Fault::Status(status)) => {
            log.status = status;
            world.log_request(log);
            let status = StatusCode::from_u16(status);
            status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR).into_response()
        }
    }
}

/// What a user permits.
pub(crate) async fn call_permissions(
    State(world): State<Arc<World>>,
    Path((version, line)): Path<(String, String)>,
    Query(query): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> Response {
    let read = read(&world, &version, &line, &headers, b"{}").and_then(|_| {
        let user = query.get("user_wa_id").or_else(|| query.get("recipient"));
        user.ok_or_else(|| GraphError::invalid("user_wa_id or recipient is missing"))
    });
    let asked = entry("call_permissions", &line);
    let outcome = read.and_then(|user| {
        faulty(&world, "call_permissions")?;
        Ok(world.permits().describe(user))
    });
    document(&world, asked, outcome)
}

/// A message of the business: only those that ask for permission do something.
pub(crate) async fn messages(
    State(world): State<Arc<World>>,
    Path((version, line)): Path<(String, String)>,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let asked = entry("message", &line);
    let outcome = read(&world, &version, &line, &headers, &body).and_then(|request| {
        faulty(&world, "message")?;
        permits::ask(&world, &line, &request)
    });
    document(&world, asked, outcome)
}

fn entry(action: &str, line: &str) -> GraphRequest {
    GraphRequest {
        action: action.to_owned(),
        line: line.to_owned(),
        call_id: None,
        sdp: None,
        status: 0,
        at: Instant::now(),
    }
}

/// The fault that was asked for, if it is a refusal.
fn faulty(world: &World, action: &str) -> Result<(), GraphError> {
    match world.outage().map(Fault::Status).or_else(|| world.take_fault(action)) {
        Some(Fault::Error(code, http)) => {
            Err(GraphError { http, ..GraphError::bad(code, "this fault was asked for") })
        }
        Some(Fault::Status(http)) => Err(GraphError { http, ..GraphError::bad(2, "an outage") }),
        Some(Fault::TimeOutButSucceed | Fault::Garbage) | None => Ok(()),
    }
}

fn document(world: &World, mut log: GraphRequest, outcome: Result<Value, GraphError>) -> Response {
    log.status = outcome.as_ref().map_or_else(|error| error.http, |_| 200);
    world.log_request(log);
    match outcome {
        Ok(document) => axum::Json(document).into_response(),
        Err(error) => error.into_response(),
    }
}

fn finish(world: &World, mut log: GraphRequest, outcome: Result<Done, GraphError>) -> Response {
    log.status = outcome.as_ref().map_or_else(|error| error.http, |_| 200);
    world.log_request(log);
    match outcome {
        Ok(Done::Success) => {
            axum::Json(json!({ "messaging_product": "whatsapp", "success": true })).into_response()
        }
        Ok(Done::Placed(wacid)) => {
            let calls = json!([{ "id": wacid.as_str() }]);
            axum::Json(json!({ "messaging_product": "whatsapp", "calls": calls })).into_response()
        }
        Err(error) => error.into_response(),
    }
}

/// Version, token, line and JSON, in Graph's order.
fn read(
    world: &World,
    version: &str,
    line: &str,
    headers: &HeaderMap,
    body: &[u8],
) -> Result<Value, GraphError> {
    let number = version
        .strip_prefix('v')
        .and_then(|rest| rest.strip_suffix(".0"))
        .and_then(|number| number.parse::<u32>().ok());
    if number.is_none_or(|number| number < VERSION_MIN) {
        return Err(GraphError::invalid(format!(
            "version {version} is not served; use v{VERSION_MIN}.0 or later"
        )));
    }
    let bearer = headers
        .get(header::AUTHORIZATION)
        .and_then(|value| value.to_str().ok())
        .and_then(|value| value.strip_prefix("Bearer "));
    if !bearer.is_some_and(|token| world.takes(token)) {
        return Err(GraphError {
            code: 190,
            http: 401,
            details: "the access token is missing or wrong".to_owned(),
        });
    }
    let known = LineId::new(line).ok().and_then(|id| world.line(&id));
    if known.is_none() {
        return Err(GraphError::bad(33, format!("no phone number {line}")));
    }
    serde_json::from_slice(body).map_err(|error| GraphError::invalid(error.to_string()))
}
