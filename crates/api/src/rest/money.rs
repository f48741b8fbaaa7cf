//! The ledger of a workspace: its lines, corrections, prices, statements, differences to Meta.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use ledger::Month;
use model::{Timestamp, TransactionId};
use serde::Deserialize;
use uuid::Uuid;
use wire::BalanceView;
use wire::rest::{Adjustment, LedgerLine, Page, Problem, RateQuote, ReconciliationItem, Statement};

use super::calls::Paging;
use super::input::{Asked, Given, Named};
use crate::access::gate::KeyHolder;
use crate::error::ApiError;
use crate::{Api, statement};

/// Longest memo of an adjustment, in characters.
const MEMO_MAX: usize = 200;
/// Longest call that is quoted: a day.
const QUOTED_SECONDS_MAX: u32 = 86_400;

/// The money lines of the balance, newest first.
#[utoipa::path(
    get, path = "/v1/balance/entries", tag = "balance", operation_id = "list_entries",
    security(("api_key" = ["supervise"])), params(Paging),
    responses(
        (status = 200, description = "A page of lines", body = Page<LedgerLine>),
        (status = 400, description = "A cursor that no list gave out", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid API key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the right", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn entries(
    State(api): State<Api>,
    Extension(holder): Extension<KeyHolder>,
    Asked(paging): Asked<Paging>,
) -> Result<Json<Page<LedgerLine>>, ApiError> {
    let (limit, cursor) = paging.bounded();
    let before: Option<TransactionId> = match cursor {
        Some(cursor) => {
            let parsed = cursor.parse();
            Some(parsed.map_err(|_| ApiError::Store(store::StoreError::Cursor))?)
        }
        None => None,
    };
    let items = api.store.entries(&holder.workspace, before, limit).await?;
    let is_full = items.len() == limit as usize;
    let next_cursor = items.last().filter(|_| is_full).map(|last| last.transaction.to_string());
    Ok(Json(Page { items, next_cursor }))
}

/// Corrects the balance. Repeating an idempotency key moves nothing.
#[utoipa::path(
    post, path = "/v1/balance/adjustments", tag = "balance", operation_id = "adjust_balance",
    security(("api_key" = ["admin"])), request_body = Adjustment,
    responses(
        (status = 200, description = "The balance after it", body = BalanceView),
        (status = 400, description = "Not an adjustment", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid API key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the right", body = Problem, content_type = "application/problem+json"),
        (status = 409, description = "The key was used for another amount", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "An amount or key that cannot be", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn adjust(
    State(api): State<Api>,
    Extension(holder): Extension<KeyHolder>,
    Given(asked): Given<Adjustment>,
) -> Result<Json<BalanceView>, ApiError> {
    let workspace = &holder.workspace;
    if asked.memo.chars().count() > MEMO_MAX {
        return Err(ApiError::Invalid(format!("a memo has at most {MEMO_MAX} characters")));
    }
    let known = api.store.workspace(workspace).await?;
    let known = known.ok_or(ApiError::NotFound { what: "workspace" })?;
    let memo = if asked.memo.is_empty() { "adjustment" } else { &asked.memo };
    let transaction = ledger::adjust(
        workspace,
        asked.amount_micros,
        known.currency,
        &asked.idempotency_key,
        memo,
        Timestamp::now(),
        TransactionId::from_uuid(Uuid::now_v7()),
    )?;
    api.store.post(&transaction).await?;
    if let Some(switchboard) = api.exchange.of(workspace) {
        switchboard.balance_changed().await;
    }
    Ok(Json(api.store.balance(workspace).await?))
}

/// Which call.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct QuoteOf {
    /// The number to be called, in international form: digits, with or without a plus.
    to: String,
    /// How long the call is talked; a minute unless given.
    seconds: Option<u32>,
}

/// What a call to a number would cost now, volume and markup included.
#[utoipa::path(
    get, path = "/v1/rates/quote", tag = "balance", operation_id = "quote_rate",
    security(("api_key" = ["supervise"])), params(QuoteOf),
    responses(
        (status = 200, description = "The price", body = RateQuote),
        (status = 400, description = "Not a question", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid API key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the right", body = Problem, content_type = "application/problem+json"),
        (status = 422, description = "No rate card has a price for it; such a call would be refused", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn quote(
    State(api): State<Api>,
    Extension(holder): Extension<KeyHolder>,
    Asked(asked): Asked<QuoteOf>,
) -> Result<Json<RateQuote>, ApiError> {
    let seconds = asked.seconds.unwrap_or(60);
    if seconds > QUOTED_SECONDS_MAX {
        return Err(ApiError::Invalid(format!("`seconds` is at most {QUOTED_SECONDS_MAX}")));
    }
    let switchboard = api.exchange.of(&holder.workspace);
    let switchboard = switchboard.ok_or(ApiError::NotFound { what: "workspace" })?;
    // In a query a plus may stand for a space.
    let number = asked.to.trim().trim_start_matches('+');
    Ok(Json(switchboard.quote(number, seconds).await?))
}

/// Which differences.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct DifferencesOf {
    /// Only those that nobody has looked at; all unless given.
    open: Option<bool>,
    /// At most this many items; 50 unless given, never more than 200.
    limit: Option<u32>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// Where our figures are not Meta's, newest first.
#[utoipa::path(
    get, path = "/v1/reconciliation", tag = "balance", operation_id = "list_differences",
    security(("api_key" = ["supervise"])), params(DifferencesOf),
    responses(
        (status = 200, description = "A page of differences", body = Page<ReconciliationItem>),
        (status = 400, description = "Not a question", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid API key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the right", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn differences(
    State(api): State<Api>,
    Extension(holder): Extension<KeyHolder>,
    Asked(asked): Asked<DifferencesOf>,
) -> Result<Json<Page<ReconciliationItem>>, ApiError> {
    let limit = asked.limit.unwrap_or(50).clamp(1, store::PAGE_MAX);
    let (workspace, open) = (&holder.workspace, asked.open.unwrap_or(false));
    let items = api.store.differences(workspace, open, asked.cursor.as_deref(), limit).await?;
    let is_full = items.len() == limit as usize;
    let next_cursor = items.last().filter(|_| is_full).map(|last| last.id.clone());
    Ok(Json(Page { items, next_cursor }))
}

/// Marks a difference as looked at.
#[utoipa::path(
    post, path = "/v1/reconciliation/{id}/resolve", tag = "balance", operation_id = "resolve_difference",
    security(("api_key" = ["admin"])), params(("id" = String, Path, description = "The difference")),
    responses(
        (status = 204, description = "It is marked"),
        (status = 401, description = "No valid API key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the right", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such difference in this workspace", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn resolve(
    State(api): State<Api>,
    Extension(holder): Extension<KeyHolder>,
    Named(id): Named<String>,
) -> Result<axum::http::StatusCode, ApiError> {
    let found = api.store.resolve_difference(&holder.workspace, &id, Timestamp::now()).await?;
    if found {
        Ok(axum::http::StatusCode::NO_CONTENT)
    } else {
        Err(ApiError::NotFound { what: "difference" })
    }
}

/// In which form.
#[derive(Deserialize, utoipa::IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct StatementAs {
    /// `json` unless given, `html` or `csv`.
    format: Option<String>,
}

/// What happened to the balance in a month of the workspace's time zone. It sums to the ledger.
#[utoipa::path(
    get, path = "/v1/statements/{month}", tag = "balance", operation_id = "get_statement",
    security(("api_key" = ["supervise"])),
    params(("month" = String, Path, description = "The month, such as 2026-11"), StatementAs),
    responses(
        (status = 200, description = "The statement", content((Statement = "application/json"), (String = "text/html"), (String = "text/csv"))),
        (status = 400, description = "No such form", body = Problem, content_type = "application/problem+json"),
        (status = 401, description = "No valid API key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the right", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "Not a month", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn statement_of(
    State(api): State<Api>,
    Extension(holder): Extension<KeyHolder>,
    Named(month): Named<String>,
    Asked(asked): Asked<StatementAs>,
) -> Result<Response, ApiError> {
    let month: Month = month.parse().map_err(|_| ApiError::NotFound { what: "month" })?;
    let switchboard = api.exchange.of(&holder.workspace);
    let switchboard = switchboard.ok_or(ApiError::NotFound { what: "workspace" })?;
    let known = api.store.workspace(&holder.workspace).await?;
    let known = known.ok_or(ApiError::NotFound { what: "workspace" })?;
    let made = statement::make(&api.store, &known, &switchboard.tariff().zone, month).await?;
    let typed = |kind, body| ([(header::CONTENT_TYPE, kind)], body).into_response();
    match asked.format.as_deref() {
        None | Some("json") => Ok(Json(made).into_response()),
        Some("html") => Ok(typed("text/html; charset=utf-8", statement::html(&made))),
        Some("csv") => Ok(typed("text/csv; charset=utf-8", statement::csv(&made))),
        Some(_) => Err(ApiError::Invalid("`format` is json, html or csv".to_owned())),
    }
}
