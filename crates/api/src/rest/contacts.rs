//! Contacts: one in short, and its calls.

use axum::extract::State;
use axum::{Extension, Json};
use model::{ContactKey, Timestamp};
use store::Erasure;
use wire::rest::{ContactView, ErasedContact, Page, Problem, TimelineCall};

use super::calls::Paging;
use super::input::{Asked, Named};
use crate::Api;
use crate::access::gate::KeyHolder;
use crate::error::ApiError;

/// A contact in short: what finds it, its last call, how many calls, who talked last. The key is
/// `phone:` and the number, or `user:` and the business-scoped user id.
#[utoipa::path(
    get, path = "/v1/contacts/{key}", tag = "contacts", operation_id = "get_contact",
    security(("api_key" = ["supervise"])),
    params(("key" = ContactKey, Path, description = "`phone:4917012345678` or `user:DE.1234`")),
    responses(
        (status = 200, description = "The contact", body = ContactView),
        (status = 400, description = "Not a contact's key", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid API key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the right", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such contact in this workspace", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(
    State(api): State<Api>,
    Extension(holder): Extension<KeyHolder>,
    Named(key): Named<String>,
) -> Result<Json<ContactView>, ApiError> {
    let contact = api.store.contact(&holder.workspace, &read(&key)?).await?;
    Ok(Json(contact.ok_or(ApiError::NotFound { what: "contact" })?))
}

/// The calls of a contact, newest first: how each went, who talked, what was noted.
#[utoipa::path(
    get, path = "/v1/contacts/{key}/timeline", tag = "contacts", operation_id = "get_contact_timeline",
    security(("api_key" = ["supervise"])),
    params(
        ("key" = ContactKey, Path, description = "`phone:4917012345678` or `user:DE.1234`"),
        Paging,
    ),
    responses(
        (status = 200, description = "A page of its calls", body = Page<TimelineCall>),
        (status = 400, description = "Not a contact's key, or a cursor that no list gave out", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid API key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the right", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such contact in this workspace", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn timeline(
    State(api): State<Api>,
    Extension(holder): Extension<KeyHolder>,
    Named(key): Named<String>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<TimelineCall>>, ApiError> {
    let key = read(&key)?;
    let (limit, cursor) = paging.bounded();
    let page = api.store.contact_timeline(&holder.workspace, &key, limit, cursor).await?;
    Ok(Json(page.ok_or(ApiError::NotFound { what: "contact" })?))
}

/// Erases a contact: keys, notes, follow-ups, recordings with their files, and events about their
/// calls. The calls stay with journal, CDR and money, and name nobody. Says what was removed.
#[utoipa::path(
    delete, path = "/v1/contacts/{key}", tag = "contacts", operation_id = "erase_contact",
    security(("api_key" = ["admin"])),
    params(("key" = ContactKey, Path, description = "`phone:4917012345678` or `user:DE.1234`")),
    responses(
        (status = 200, description = "What was removed", body = ErasedContact),
        (status = 400, description = "Not a contact's key", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid API key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the right", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such contact in this workspace", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "A call of theirs is live", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn erase(
    State(api): State<Api>,
    Extension(holder): Extension<KeyHolder>,
    Named(key): Named<String>,
) -> Result<Json<ErasedContact>, ApiError> {
    let (workspace, key) = (&holder.workspace, read(&key)?);
    // Files first: what is known of a recording is what finds its files.
    let recordings = api.store.recordings_of_contact(workspace, &key).await?;
    let vault = api.config.vault.clone();
    let deleted = tokio::task::spawn_blocking(move || {
        recordings.iter().try_for_each(|recording| {
            recording::erase(&vault, recording.id, recording.started_at, recording.format)
        })
    });
    let deleted = deleted.await.map_err(|_| ApiError::Internal { doing: "deleting recordings" })?;
    deleted.map_err(|error| ApiError::Vault(error.to_string()))?;
    match api.store.erase_contact(workspace, &key, Timestamp::now()).await? {
        Erasure::Erased(erased) => {
            tracing::info!(
                calls = erased.calls,
                recordings = erased.recordings,
                events = erased.events,
                "a contact was erased"
            );
            Ok(Json(erased))
        }
        Erasure::OnCall(call) => {
            Err(ApiError::InUse(format!("the contact is on the call {call}; end it first")))
        }
        Erasure::Nobody => Err(ApiError::NotFound { what: "contact" }),
    }
}

/// Read here and not by the path, whose refusal would repeat the number.
fn read(key: &str) -> Result<ContactKey, ApiError> {
    key.parse().map_err(|refused: model::NotAContactKey| ApiError::Invalid(refused.to_string()))
}
