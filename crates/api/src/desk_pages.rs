//! The desk's files and the SDK, out of the binary.

use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use desk::DeskFile;

use crate::error::ApiError;

/// The desk runs nothing and talks to nothing that did not come from here. `ws:` and `wss:` are
/// named because not every browser counts them under `'self'`; styles may be inline because Lit
/// falls back to style elements; `data:` and `blob:` carry the favicon badge and the ringtone.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; script-src 'self'; \
    style-src 'self' 'unsafe-inline'; img-src 'self' data: blob:; media-src 'self' data: blob:; \
    connect-src 'self' ws: wss:; worker-src 'self' blob:; object-src 'none'; base-uri 'none'; \
    form-action 'self'; frame-ancestors 'self'";

/// The page that every address of the desk without a file of its own shows.
const INDEX: &str = "index.html";

/// Where the SDK is.
const SDK: &str = "sdk/ringdown-sdk.js";

/// `GET /`.
pub(crate) async fn root() -> Redirect {
    Redirect::temporary("/desk/")
}

/// `GET /desk/`.
pub(crate) async fn index(headers: HeaderMap) -> Result<Response, ApiError> {
    page(Path(INDEX.to_owned()), headers).await
}

/// `GET /desk/{path}`. A path without a dot is a place within the desk and shows the index.
pub(crate) async fn page(
    Path(path): Path<String>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let place = !path.rsplit('/').next().unwrap_or_default().contains('.');
    let name = if place { INDEX } else { &path };
    let file = desk::file(name).ok_or(ApiError::NotFound { what: "file" })?;
    let mut response = served(file, &headers);
    set(&mut response, header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY);
    set(&mut response, header::REFERRER_POLICY, "no-referrer");
    Ok(response)
}

/// `GET /sdk/ringdown-sdk.js`: public code without data, so any page may load it.
pub(crate) async fn sdk(headers: HeaderMap) -> Result<Response, ApiError> {
    let file = desk::file(SDK).ok_or(ApiError::NotFound { what: "file" })?;
    let mut response = served(file, &headers);
    set(&mut response, header::ACCESS_CONTROL_ALLOW_ORIGIN, "*");
    set(
        &mut response,
        header::HeaderName::from_static("cross-origin-resource-policy"),
        "cross-origin",
    );
    Ok(response)
}

fn served(file: DeskFile, request: &HeaderMap) -> Response {
    let known = request
        .get(header::IF_NONE_MATCH)
        .and_then(|value| value.to_str().ok())
        .is_some_and(|list| list.split(',').any(|tag| tag.trim() == file.etag));
    let caching = if file.immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
    let mut response =
        if known { StatusCode::NOT_MODIFIED.into_response() } else { file.bytes.into_response() };
    set(&mut response, header::CONTENT_TYPE, file.content_type);
    set(&mut response, header::CACHE_CONTROL, caching);
    set(&mut response, header::ETAG, &file.etag);
    response
}

fn set(response: &mut Response, name: header::HeaderName, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        response.headers_mut().insert(name, value);
    }
}
