//! What can go wrong at a face, and the problem document (RFC 9457) it becomes.

use axum::Json;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use ledger::LedgerError;
use model::Right;
use store::StoreError;
use switchboard::Refusal;
use whatsapp::{ChallengeRefused, SignatureError, WebhookError};
use wire::agent::ErrorCode;
use wire::rest::Problem;

/// Why a request was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// No API key, or not one of ours.
    #[error(
        "this address needs `Authorization: Bearer <API key>`; the key is missing, wrong or revoked"
    )]
    ApiKey,
    /// The API key does not allow it.
    #[error(
        "this API key may not do that: it lacks the right `{}`; make one with \
         `ringdown key add NAME --rights {}`", .needs.as_str(), .needs.as_str()
    )]
    Right {
        /// What it would have to allow.
        needs: Right,
    },
    /// Nobody is signed in with this cookie.
    #[error("nobody is signed in here; sign in with a fresh code")]
    DeskSession,
    /// The code is unknown, used or too old.
    #[error("this sign-in code is unknown, used or older than ten minutes; ask for a fresh one")]
    SignInCode,
    /// Too many sign-in attempts from one address.
    #[error("too many sign-in attempts from this address; wait a minute")]
    TooManyAttempts,
    /// The page belongs to another site.
    #[error(
        "pages of this origin may not do this; open the desk itself or add the origin to \
         `allowed_origins`"
    )]
    ForeignOrigin,
    /// The header that no foreign page can send is missing.
    #[error("desk requests carry the header `X-Ringdown-Desk: 1`; it is missing")]
    DeskHeader,
    /// A token in the URL would end in logs.
    #[error("never put a token in the URL; send it in the `hello` frame")]
    TokenInUrl,
    /// The request cannot become a WebSocket of ours.
    #[error("the agent socket is a WebSocket with the subprotocol `ringdown.agent.v1`: {0}")]
    Upgrade(String),
    /// As many sockets as allowed have not said hello yet.
    #[error("too many sockets are waiting to say hello; try again in a few seconds")]
    TooManySockets,
    /// As many streams of events as allowed are open.
    #[error("too many streams of events are open; close one, or read /v1/events")]
    TooManyStreams,
    /// Meta's handshake did not fit.
    #[error("{0}")]
    Challenge(#[from] ChallengeRefused),
    /// A webhook that is not from Meta.
    #[error("{0}")]
    Signature(#[from] SignatureError),
    /// A webhook that is from Meta but not readable.
    #[error("{0}")]
    Webhook(#[from] WebhookError),
    /// A body over the limit.
    #[error("the body is larger than {max} bytes")]
    TooLarge {
        /// The limit.
        max: usize,
    },
    /// A body, path or query that is not what the address takes.
    #[error("{0}")]
    Invalid(String),
    /// Nothing of that name in this workspace.
    #[error("there is no such {what} in this workspace")]
    NotFound {
        /// The kind of thing.
        what: &'static str,
    },
    /// Something else depends on it.
    #[error("{0}")]
    InUse(String),
    /// The address exists for other methods.
    #[error("this address does not take this method; see /openapi.json")]
    Method,
    /// The switchboard said no.
    #[error("{}; {}", .0.message, .0.hint)]
    Refused(Refusal),
    /// Money that cannot be moved as asked.
    #[error("{0}")]
    Ledger(#[from] LedgerError),
    /// The store failed, or the request did not fit what it holds.
    #[error("{0}")]
    Store(#[from] StoreError),
    /// The webhook is not kept yet; Meta must send it again.
    #[error("the event could not be kept: {0}; send it again")]
    NotKept(#[from] switchboard::SwitchboardError),
    /// The webhook is kept neither in the database nor in the file beside it.
    #[error("the event could not be kept: {0}")]
    NotSetAside(#[from] crate::BacklogError),
    /// The recording is listed but its file cannot be read.
    #[error("the recording's file cannot be read: {0}; check that the vault is mounted")]
    Vault(String),
    /// Something else failed inside.
    #[error("{doing} failed; the log says more")]
    Internal {
        /// What was being done.
        doing: &'static str,
    },
}

impl ApiError {
    /// HTTP status and stable slug.
    fn kind(&self) -> (StatusCode, &'static str) {
        match self {
            Self::ApiKey | Self::DeskSession => (StatusCode::UNAUTHORIZED, "unauthorized"),
            Self::Right { .. } => (StatusCode::FORBIDDEN, "forbidden"),
            Self::SignInCode => (StatusCode::UNAUTHORIZED, "bad_sign_in_code"),
            Self::TooManyAttempts => (StatusCode::TOO_MANY_REQUESTS, "too_many_attempts"),
            Self::ForeignOrigin => (StatusCode::FORBIDDEN, "foreign_origin"),
            Self::DeskHeader => (StatusCode::FORBIDDEN, "desk_header_missing"),
            Self::TokenInUrl => (StatusCode::BAD_REQUEST, "token_in_url"),
            Self::Upgrade(_) => (StatusCode::BAD_REQUEST, "websocket_expected"),
            Self::TooManySockets => (StatusCode::SERVICE_UNAVAILABLE, "too_many_sockets"),
            Self::TooManyStreams => (StatusCode::SERVICE_UNAVAILABLE, "too_many_streams"),
            Self::Challenge(_) => (StatusCode::FORBIDDEN, "challenge_refused"),
            Self::Signature(_) => (StatusCode::UNAUTHORIZED, "bad_signature"),
            Self::Webhook(_) => (StatusCode::BAD_REQUEST, "bad_webhook"),
            Self::TooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
            Self::Invalid(_) => (StatusCode::BAD_REQUEST, "invalid"),
            Self::NotFound { .. } => (StatusCode::NOT_FOUND, "not_found"),
            Self::InUse(_) => (StatusCode::CONFLICT, "in_use"),
            Self::Method => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
            Self::Refused(refusal) => refused_kind(refusal.code),
            Self::Ledger(_) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid_amount"),
            Self::Store(error) => store_kind(error),
            Self::NotKept(_) | Self::NotSetAside(_) => {
                (StatusCode::SERVICE_UNAVAILABLE, "not_kept")
            }
            Self::Vault(_) => (StatusCode::INTERNAL_SERVER_ERROR, "vault"),
            Self::Internal { .. } => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        }
    }
}

fn refused_kind(code: ErrorCode) -> (StatusCode, &'static str) {
    match code {
        ErrorCode::NoSuchCall => (StatusCode::NOT_FOUND, "not_found"),
        ErrorCode::CallEnded => (StatusCode::CONFLICT, "call_ended"),
        ErrorCode::NotAllowed => (StatusCode::FORBIDDEN, "not_allowed"),
        ErrorCode::Forbidden => (StatusCode::FORBIDDEN, "forbidden"),
        ErrorCode::Internal => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        ErrorCode::BadFrame
        | ErrorCode::FrameTooLarge
        | ErrorCode::TooFast
        | ErrorCode::Version
        | ErrorCode::Unauthorized
        | ErrorCode::HelloExpected
        | ErrorCode::AlreadyTaken
        | ErrorCode::TakenByYouElsewhere
        | ErrorCode::OnCall
        | ErrorCode::NotReady
        | ErrorCode::NobodyThere
        | ErrorCode::BadOffer => (StatusCode::CONFLICT, "refused"),
    }
}

fn store_kind(error: &StoreError) -> (StatusCode, &'static str) {
    match error {
        StoreError::IdempotencyKeyReused => (StatusCode::CONFLICT, "idempotency_key_reused"),
        StoreError::Cursor => (StatusCode::BAD_REQUEST, "bad_cursor"),
        StoreError::EventsGone { .. } => (StatusCode::GONE, "events_gone"),
        StoreError::TooManyEndpoints { .. } => (StatusCode::CONFLICT, "too_many_endpoints"),
        StoreError::UnknownCall { .. }
        | StoreError::UnknownWorkspace { .. }
        | StoreError::UnknownFollowUp { .. } => (StatusCode::NOT_FOUND, "not_found"),
        StoreError::TextTooLong { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "text_too_long"),
        StoreError::UnknownOutcome => (StatusCode::UNPROCESSABLE_ENTITY, "unknown_outcome"),
        StoreError::Outcomes { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "bad_outcomes"),
        StoreError::TooManyNotes { .. } => (StatusCode::CONFLICT, "too_many_notes"),
        StoreError::FollowUpOpen => (StatusCode::CONFLICT, "follow_up_open"),
        StoreError::NoRate(_) => (StatusCode::UNPROCESSABLE_ENTITY, "no_rate"),
        StoreError::Ledger(_) => (StatusCode::UNPROCESSABLE_ENTITY, "invalid_amount"),
        StoreError::Card { .. } => (StatusCode::UNPROCESSABLE_ENTITY, "bad_rate_card"),
        StoreError::Open { .. }
        | StoreError::Migrate { .. }
        | StoreError::LedgerOpen { .. }
        | StoreError::LedgerMigrate { .. }
        | StoreError::Contended { .. }
        | StoreError::AccountCurrency { .. }
        | StoreError::Database { .. }
        | StoreError::Corrupt { .. }
        | StoreError::Encode { .. }
        | StoreError::Dangling { .. }
        | StoreError::KeyNameTaken { .. }
        | StoreError::KeyReused { .. }
        | StoreError::Currency { .. }
        | StoreError::BalanceTooLow
        | StoreError::PeriodTooLong { .. } => (StatusCode::SERVICE_UNAVAILABLE, "store"),
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let (status, kind) = self.kind();
        if status.is_server_error() {
            tracing::error!(kind, error = %self, "a request failed");
        }
        let problem = Problem {
            kind: kind.to_owned(),
            title: status.canonical_reason().unwrap_or("Error").to_owned(),
            status: status.as_u16(),
            detail: self.to_string(),
        };
        let mut response = (status, Json(problem)).into_response();
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
        if matches!(self, Self::ApiKey) {
            headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
        }
        response
    }
}
