//! The prepaid balance: look, and add.

use axum::extract::State;
use axum::{Extension, Json};
use model::{Timestamp, TransactionId};
use uuid::Uuid;
use wire::BalanceView;
use wire::rest::{Problem, TopUp};

use super::input::Given;
use crate::Api;
use crate::access::gate::KeyHolder;
use crate::error::ApiError;

/// The workspace's prepaid balance, exactly.
#[utoipa::path(
    get, path = "/v1/balance", tag = "balance", operation_id = "get_balance",
    security(("api_key" = ["supervise"])),
    responses(
        (status = 200, description = "The balance", body = BalanceView),
        (status = 401, description = "No valid API key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the right", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(
    State(api): State<Api>,
    Extension(holder): Extension<KeyHolder>,
) -> Result<Json<BalanceView>, ApiError> {
    Ok(Json(api.store.balance(&holder.workspace).await?))
}

/// Adds prepaid money. Repeating an idempotency key adds nothing.
#[utoipa::path(
    post, path = "/v1/balance/top-ups", tag = "balance", operation_id = "top_up",
    security(("api_key" = ["admin"])), request_body = TopUp,
    responses(
        (status = 200, description = "The balance with the money in it", body = BalanceView),
        (status = 400, description = "Not a top-up", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid API key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the right", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The key was used for another amount", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "An amount or key that cannot be", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn top_up(
    State(api): State<Api>,
    Extension(holder): Extension<KeyHolder>,
    Given(asked): Given<TopUp>,
) -> Result<Json<BalanceView>, ApiError> {
    let workspace = &holder.workspace;
    let known = api.store.workspace(workspace).await?;
    let known = known.ok_or(ApiError::NotFound { what: "workspace" })?;
    let transaction = ledger::top_up(
        workspace,
        asked.amount_micros,
        known.currency,
        &asked.idempotency_key,
        Timestamp::now(),
        TransactionId::from_uuid(Uuid::now_v7()),
    )?;
    api.store.post(&transaction).await?;
    if let Some(switchboard) = api.exchange.of(workspace) {
        switchboard.balance_changed().await;
    }
    Ok(Json(api.store.balance(workspace).await?))
}
