//! One HTTP request, from connection to the last byte that is read.

use std::time::Duration;

use bytes::{Bytes, BytesMut};
use model::Timestamp;
use reqwest::header::{AUTHORIZATION, CONTENT_TYPE, DATE, HeaderValue, RETRY_AFTER};
use reqwest::{Response, Url};
use serde_json::Value;

use super::answer;
use super::clock::MetaClock;
use super::error::GraphError;

/// Largest answer read, in bytes. Meta's have a few hundred; anything larger is not Meta's and
/// must not cost memory.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// Sends the request once: with a body it is a POST, else a GET. `timeout` covers everything, the
/// answer's last byte included.
pub(super) async fn attempt<T>(
    http: &reqwest::Client,
    url: Url,
    bearer: HeaderValue,
    body: Option<Bytes>,
    timeout: Duration,
    clock: &MetaClock,
    find: impl Fn(&Value) -> Option<T>,
) -> Result<T, GraphError> {
    let left = Timestamp::now();
    let request = match body {
        Some(body) => http.post(url).header(CONTENT_TYPE, "application/json").body(body),
        None => http.get(url),
    };
    let sent = request.header(AUTHORIZATION, bearer).timeout(timeout).send().await;
    let mut response = sent.map_err(|error| classify(&error))?;
    if let Some(date) = response.headers().get(DATE).and_then(|date| date.to_str().ok()) {
        clock.learn(date, left, Timestamp::now());
    }
    let status = response.status().as_u16();
    let header = response.headers().get(RETRY_AFTER);
    let retry_after = answer::retry_after(header.and_then(|value| value.to_str().ok()));
    let body = match read(&mut response, ANSWER_BYTES_MAX).await {
        Ok(body) => body,
        // The status line says no; that its explanation was cut off changes nothing.
        Err(_) if response.status().is_client_error() => None,
        Err(error) => return Err(error),
    };
    answer::judge(status, retry_after, body.as_deref(), find)
}

/// Reads a document, once.
pub(super) async fn fetch(
    http: &reqwest::Client,
    url: Url,
    bearer: HeaderValue,
    timeout: Duration,
    bytes_max: usize,
) -> Result<Bytes, GraphError> {
    let sent = http.get(url).header(AUTHORIZATION, bearer).timeout(timeout).send().await;
    let mut response = sent.map_err(|error| classify(&error))?;
    let status = response.status().as_u16();
    let body = read(&mut response, bytes_max).await?;
    match body {
        Some(body) if response.status().is_success() => Ok(body),
        Some(body) => Err(match answer::judge(status, None, Some(&body), answer::success) {
            Ok(()) => GraphError::ambiguous(format!("HTTP {status}")),
            Err(error) => error,
        }),
        None => Err(GraphError::ambiguous("an answer that is too large")),
    }
}

/// The whole answer, or `None` when it is larger than allowed.
async fn read(response: &mut Response, bytes_max: usize) -> Result<Option<Bytes>, GraphError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| classify(&error))? {
        if body.len() + chunk.len() > bytes_max {
            return Ok(None);
        }
        body.extend_from_slice(&chunk);
    }
    Ok(Some(body.freeze()))
}

/// Names the failure without its text: an HTTP error's text holds the address, which holds the
/// line and the proof.
fn classify(error: &reqwest::Error) -> GraphError {
    if error.is_builder() {
        return GraphError::setup("the request cannot be built");
    }
    if error.is_connect() {
        let what = if error.is_timeout() { "connecting took too long" } else { "no connection" };
        return GraphError::Unreachable { what: what.to_owned() };
    }
    GraphError::ambiguous(if error.is_timeout() {
        "time-out"
    } else if error.is_body() || error.is_decode() {
        "the answer broke off"
    } else {
        "the connection was lost"
    })
}
