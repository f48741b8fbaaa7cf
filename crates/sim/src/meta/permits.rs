//! Who permits calls, who has been asked, and what each limit has left.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value, json};

use super::graph::GraphError;
use super::offer::token;
use super::plan::{Permit, Reply};
use super::webhook;
use super::world::World;
use crate::SimError;

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const WEEK: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// Connected calls of a business with one user in a day.
const CALLS_A_DAY_MAX: usize = 100;
/// Calls in a row that stay unanswered until the permission is gone.
const STREAK_MAX: u32 = 4;

/// What is known about users, by number or id. Every line is treated alike.
#[derive(Default)]
pub(crate) struct Permits(HashMap<String, User>);

#[derive(Default)]
struct User {
    permit: Permit,
    /// When a temporary permission ends.
    until: Option<SystemTime>,
    asked: Vec<SystemTime>,
    connected: Vec<SystemTime>,
    unanswered: u32,
    spoke: Option<SystemTime>,
}

impl User {
    fn status(&self) -> Permit {
        match self.permit {
            Permit::Temporary(_) if self.until.is_none_or(|until| until <= SystemTime::now()) => {
                Permit::None
            }
            Permit::None | Permit::Temporary(_) | Permit::Permanent => self.permit,
        }
    }

    fn within(times: &[SystemTime], span: Duration) -> usize {
        times.iter().filter(|at| at.elapsed().is_ok_and(|age| age < span)).count()
    }

    fn set(&mut self, permit: Permit) {
        self.permit = permit;
        self.until = match permit {
            Permit::Temporary(span) => Some(SystemTime::now() + span),
            Permit::None | Permit::Permanent => None,
        };
        self.unanswered = 0;
    }
}

impl Permits {
    fn of(&mut self, user: &str) -> &mut User {
        self.0.entry(user.to_owned()).or_default()
    }

    pub(crate) fn set(&mut self, user: &str, permit: Permit) {
        self.of(user).set(permit);
    }

    /// The user wrote or called.
    pub(crate) fn spoke(&mut self, user: &str) {
        self.of(user).spoke = Some(SystemTime::now());
    }

    /// Whether a business may call.
    pub(crate) fn may_call(&mut self, user: &str) -> Result<(), GraphError> {
        let user = self.of(user);
        if user.status() == Permit::None {
            let details = "No approved call permission found";
            return Err(GraphError { http: 401, ..GraphError::bad(138_006, details) });
        }
        if User::within(&user.connected, DAY) >= CALLS_A_DAY_MAX {
            return Err(GraphError::bad(138_012, "the daily limit of calls is reached"));
        }
        Ok(())
    }

    /// A business's call was connected.
    pub(crate) fn connected(&mut self, user: &str) {
        let user = self.of(user);
        user.connected.push(SystemTime::now());
        user.asked.clear();
        (user.unanswered, user.spoke) = (0, Some(SystemTime::now()));
    }

    /// A business's call was not; says whether that was one too many.
    pub(crate) fn unanswered(&mut self, user: &str) -> bool {
        let user = self.of(user);
        user.unanswered += 1;
        let revokes = user.unanswered >= STREAK_MAX && user.status() != Permit::None;
        if revokes {
            user.set(Permit::None);
        }
        revokes
    }

    fn may_ask(&mut self, user: &str, by_template: bool) -> Result<(), GraphError> {
        let user = self.of(user);
        if user.status() == Permit::Permanent {
            return Err(GraphError::bad(138_017, "a permanent permission exists"));
        }
        if User::within(&user.asked, DAY) >= 1 || User::within(&user.asked, WEEK) >= 2 {
            return Err(GraphError::bad(138_009, "the user was asked too often"));
        }
        let is_open = user.spoke.is_some_and(|at| at.elapsed().is_ok_and(|age| age < DAY));
        if !is_open && !by_template {
            return Err(GraphError::bad(131_047, "the customer service window is closed"));
        }
        user.asked.push(SystemTime::now());
        Ok(())
    }

    /// The answer of `call_permissions`.
    pub(crate) fn describe(&mut self, user: &str) -> Value {
        let user = self.of(user);
        let status = user.status();
        let mut permission = Map::new();
        let word = match status {
            Permit::None => "no_permission",
            Permit::Temporary(_) => "temporary",
            Permit::Permanent => "permanent",
        };
        permission.insert("status".to_owned(), json!(word));
        if let (Permit::Temporary(_), Some(until)) = (status, user.until) {
            permission.insert("expiration_time".to_owned(), json!(seconds(until)));
        }
        let calls = User::within(&user.connected, DAY);
        let (day, week) = (User::within(&user.asked, DAY), User::within(&user.asked, WEEK));
        let mut call_limit = json!({ "time_period": "PT24H", "max_allowed": CALLS_A_DAY_MAX, "current_usage": calls });
        if calls >= CALLS_A_DAY_MAX {
            let room = user.connected.first().map(|at| seconds(*at + DAY));
            call_limit["limit_expiration_time"] = json!(room);
        }
        let may_call = status != Permit::None && calls < CALLS_A_DAY_MAX;
        let may_ask = status != Permit::Permanent && day < 1 && week < 2;
        json!({
            "messaging_product": "whatsapp",
            "permission": permission,
            "actions": [
                { "action_name": "send_call_permission_request", "can_perform_action": may_ask,
                  "limits": [
                    { "time_period": "PT24H", "max_allowed": 1, "current_usage": day },
                    { "time_period": "P7D", "max_allowed": 2, "current_usage": week } ] },
                { "action_name": "start_call", "can_perform_action": may_call,
                  "limits": [call_limit] } ] })
    }
}

fn seconds(at: SystemTime) -> u64 {
    at.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs()
}

/// Takes a request for permission; the user's answer follows by webhook.
pub(crate) fn ask(world: &Arc<World>, line: &str, request: &Value) -> Result<Value, GraphError> {
    let text = |pointer: &str| request.pointer(pointer).and_then(Value::as_str);
    let user = text("/to").or_else(|| text("/recipient"));
    let user = user.ok_or_else(|| GraphError::invalid("to or recipient is missing"))?;
    let by_template = match text("/type") {
        Some("template") => true,
        Some("interactive") => {
            let names = [text("/interactive/type"), text("/interactive/action/name")];
            if names != [Some("call_permission_request"); 2] {
                return Err(GraphError::invalid("only permission requests are simulated"));
            }
            false
        }
        _ => return Err(GraphError::invalid("only permission requests are simulated")),
    };
    world.permits().may_ask(user, by_template)?;
    let wamid = format!("wamid.{}", token(32));
    if let Some((after, reply)) = world.answers_of(user).to_request {
        let (world, line, user) = (world.clone(), line.to_owned(), user.to_owned());
        let context = wamid.clone();
        world.clone().spawn(async move {
            tokio::time::sleep(after).await;
            let (response, permit) = match reply {
                Reply::Accept(permit) => ("accept", permit),
                Reply::Decline => ("reject", Permit::None),
            };
            if response == "accept" {
                world.permits().set(&user, permit);
            }
            world.permits().spoke(&user);
            let body = reply_body(&world, &line, &user, (response, permit), Some(&context));
            world.deliver_message("call_permission_reply", body).await;
        });
    }
    Ok(json!({
        "messaging_product": "whatsapp",
        "contacts": [{ "input": user, "wa_id": user }],
        "messages": [{ "id": wamid }],
    }))
}

/// A permission reply. Without context it is nobody's answer: Meta, or the user's own idea.
fn reply_body(
    world: &World,
    line: &str,
    user: &str,
    (response, permit): (&str, Permit),
    context: Option<&str>,
) -> Vec<u8> {
    let source = if context.is_some() { "user_action" } else { "automatic" };
    let mut reply = json!({ "response": response, "response_source": source });
    if response == "accept" {
        reply["is_permanent"] = json!(permit == Permit::Permanent);
    }
    if let Permit::Temporary(span) = permit {
        let until = seconds(SystemTime::now() + span).to_string();
        reply["expiration_timestamp"] = json!(until);
    }
    let mut message = json!({
        "from": user, "id": format!("wamid.{}", token(32)),
        "timestamp": seconds(SystemTime::now()).to_string(), "type": "interactive",
        "interactive": { "type": "call_permission_reply", "call_permission_reply": reply },
    });
    if let Some(context) = context {
        message["context"] = json!({ "id": context });
    }
    webhook::message(world, line, user, message)
}

impl World {
    fn first_line(&self) -> Result<String, SimError> {
        let none = || SimError::Offer("a line");
        self.config.lines.first().map(|line| line.id.to_string()).ok_or_else(none)
    }

    /// The user takes back what they permitted.
    pub(crate) async fn revoke(self: &Arc<Self>, user: &str) -> Result<(), SimError> {
        let line = self.first_line()?;
        self.permits().set(user, Permit::None);
        self.tell_revoked(&line, user).await;
        Ok(())
    }

    /// Tells the business that a permission is gone.
    pub(crate) async fn tell_revoked(self: &Arc<Self>, line: &str, user: &str) {
        let body = reply_body(self, line, user, ("reject", Permit::None), None);
        self.deliver_message("call_permission_reply", body).await;
    }

    /// The user writes.
    pub(crate) async fn write(self: &Arc<Self>, user: &str) -> Result<(), SimError> {
        let line = self.first_line()?;
        self.permits().spoke(user);
        let message = json!({
            "from": user, "id": format!("wamid.{}", token(32)),
            "timestamp": seconds(SystemTime::now()).to_string(), "type": "text",
            "text": { "body": "Hello" },
        });
        let body = webhook::message(self, &line, user, message);
        self.deliver_message("message", body).await;
        Ok(())
    }
}
