//! What concerns a contact whom we want to call: their permission, and the call itself.

use model::{LineId, Party, SdpText, Timestamp, Wacid};
use serde_json::{Map, Value, json};

use super::Graph;
use super::error::GraphError;
use super::retry::Verb;
use crate::webhook::MessageId;

/// Longest text given to Meta to be given back with every webhook of the call.
const OPAQUE_CHARS_MAX: usize = 512;
/// Limits read from an answer; Meta sends two of each action.
const LIMITS_MAX: usize = 16;

/// What a contact permits a line, as Meta says now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Permission {
    /// The permission itself.
    pub status: PermissionStatus,
    /// Whether the line may call now, permission and limits together.
    pub may_call: bool,
    /// Whether the line may ask for permission now.
    pub may_ask: bool,
    /// The limits of calling.
    pub call_limits: Vec<CallAllowance>,
    /// The limits of asking.
    pub ask_limits: Vec<CallAllowance>,
}

/// The permission itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PermissionStatus {
    /// There is none, or the contact cannot be called; Meta does not tell these apart.
    None,
    /// Until a moment, which Meta may leave out.
    Temporary(Option<Timestamp>),
    /// For ever.
    Permanent,
    /// A word Meta added later, as it stands.
    Other(String),
}

/// One limit: how much of it is used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CallAllowance {
    /// An ISO 8601 duration, such as `PT24H`.
    pub period: String,
    /// How many there may be in it.
    pub max: u32,
    /// How many there were.
    pub used: u32,
    /// When there is room again; only while there is none.
    pub room_at: Option<Timestamp>,
}

impl CallAllowance {
    /// Nothing of it is left.
    pub const fn is_used_up(&self) -> bool {
        self.used >= self.max
    }
}

impl Graph {
    /// Has Meta call a contact with our offer. `opaque` comes back with every webhook of the call.
    /// It is tried again only when it surely did not arrive: two calls would ring one phone.
    ///
    /// # Errors
    /// [`GraphError`]; after an ambiguous one the call may ring: webhooks tell.
    pub async fn connect(
        &self,
        line: &LineId,
        to: &Party,
        offer: &SdpText,
        opaque: &str,
    ) -> Result<Wacid, GraphError> {
        let mut body = addressed(to)?;
        body.insert("action".to_owned(), json!("connect"));
        let session = json!({ "sdp_type": "offer", "sdp": offer.as_str() });
        body.insert("session".to_owned(), session);
        let opaque: String = opaque.chars().take(OPAQUE_CHARS_MAX).collect();
        body.insert("biz_opaque_callback_data".to_owned(), json!(opaque));
        let request = self.request(line, "calls", Some(body))?;
        self.send(line, Verb::Connect, request, |answer| {
            Wacid::new(answer.pointer("/calls/0/id")?.as_str()?).ok()
        })
        .await
    }

    /// What a contact permits now.
    ///
    /// # Errors
    /// [`GraphError`] after the retries.
    pub async fn permission(&self, line: &LineId, of: &Party) -> Result<Permission, GraphError> {
        let (mut url, token, body) = self.request(line, "call_permissions", None)?;
        let (name, value) = name_of(of)?;
        let name = if name == "to" { "user_wa_id" } else { name };
        url.query_pairs_mut().append_pair(name, value);
        self.send(line, Verb::Permissions, (url, token, body), permission).await
    }

    /// Asks a contact for the permission to call them, inside an open customer service window.
    /// Never asked twice by itself.
    ///
    /// # Errors
    /// [`GraphError`]; after an ambiguous one the contact may have been asked.
    pub async fn ask_permission(
        &self,
        line: &LineId,
        to: &Party,
        words: &str,
    ) -> Result<MessageId, GraphError> {
        let mut interactive = json!({
            "type": "call_permission_request",
            "action": { "name": "call_permission_request" },
        });
        if !words.is_empty() {
            interactive["body"] = json!({ "text": words });
        }
        self.message(line, to, "interactive", interactive).await
    }

    /// The same by a template, at any time.
    ///
    /// # Errors
    /// As [`Self::ask_permission`].
    pub async fn ask_permission_by_template(
        &self,
        line: &LineId,
        to: &Party,
        template: &str,
        language: &str,
    ) -> Result<MessageId, GraphError> {
        let template = json!({ "name": template, "language": { "code": language } });
        self.message(line, to, "template", template).await
    }

    async fn message(
        &self,
        line: &LineId,
        to: &Party,
        kind: &str,
        content: Value,
    ) -> Result<MessageId, GraphError> {
        let mut body = addressed(to)?;
        body.insert("recipient_type".to_owned(), json!("individual"));
        body.insert("type".to_owned(), json!(kind));
        body.insert(kind.to_owned(), content);
        let request = self.request(line, "messages", Some(body))?;
        self.send(line, Verb::Message, request, |answer| {
            Some(MessageId(answer.pointer("/messages/0/id")?.as_str()?.to_owned()))
        })
        .await
    }

    fn request(
        &self,
        line: &LineId,
        what: &str,
        body: Option<Map<String, Value>>,
    ) -> Result<super::Request, GraphError> {
        let token = self.inner.token.read().clone();
        let url = self.url(line, what, &token)?;
        let body = body.map(|body| Value::Object(body).to_string().into());
        Ok((url, token, body))
    }
}

/// How a contact is named to Meta: by number, else by business-scoped id. Meta prefers the number
/// too when it gets both.
fn name_of(party: &Party) -> Result<(&'static str, &str), GraphError> {
    match (&party.phone, &party.bsuid) {
        (Some(phone), _) => Ok(("to", phone.digits())),
        (None, Some(bsuid)) => Ok(("recipient", &bsuid.0)),
        (None, None) => Err(GraphError::setup("the contact has neither a number nor an id")),
    }
}

fn addressed(to: &Party) -> Result<Map<String, Value>, GraphError> {
    let (name, value) = name_of(to)?;
    let mut body = Map::new();
    body.insert("messaging_product".to_owned(), json!("whatsapp"));
    body.insert(name.to_owned(), json!(value));
    Ok(body)
}

/// Reads the answer of `call_permissions`, in either dialect.
fn permission(answer: &Value) -> Option<Permission> {
    let permission = answer.get("permission")?;
    let status = permission.get("status")?.as_str()?;
    let until = ["expiration_time", "expiration"].iter().find_map(|name| permission.get(name));
    let status = match status.to_ascii_lowercase().as_str() {
        "no_permission" => PermissionStatus::None,
        "temporary" => PermissionStatus::Temporary(until.and_then(moment)),
        "permanent" => PermissionStatus::Permanent,
        _ => PermissionStatus::Other(status.chars().take(64).collect()),
    };
    let action = |name: &str| {
        let actions = answer.get("actions").and_then(Value::as_array).into_iter().flatten();
        actions.into_iter().find(|action| action.get("action_name").is_some_and(|it| it == name))
    };
    let (call, ask) = (action("start_call"), action("send_call_permission_request"));
    let may = |action: Option<&Value>| {
        action.and_then(|action| action.get("can_perform_action")?.as_bool()).unwrap_or(false)
    };
    Some(Permission {
        status,
        may_call: may(call),
        may_ask: may(ask),
        call_limits: limits(call),
        ask_limits: limits(ask),
    })
}

fn limits(action: Option<&Value>) -> Vec<CallAllowance> {
    let limits = action.and_then(|action| action.get("limits")?.as_array());
    let number = |limit: &Value, name: &str| {
        limit.get(name).and_then(Value::as_u64).and_then(|it| u32::try_from(it).ok())
    };
    limits
        .into_iter()
        .flatten()
        .take(LIMITS_MAX)
        .filter_map(|limit| {
            Some(CallAllowance {
                period: limit.get("time_period")?.as_str()?.chars().take(32).collect(),
                max: number(limit, "max_allowed")?,
                used: number(limit, "current_usage")?,
                room_at: limit.get("limit_expiration_time").and_then(moment),
            })
        })
        .collect()
}

/// Seconds since 1970, as a number or as text.
fn moment(value: &Value) -> Option<Timestamp> {
    let seconds = value.as_i64().or_else(|| value.as_str()?.parse().ok())?;
    Some(Timestamp::from_millis(seconds.checked_mul(1_000)?))
}
