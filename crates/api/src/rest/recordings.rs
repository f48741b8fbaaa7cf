//! Recordings: what is known of one, and its sound.

use std::path::{Path, PathBuf};

use axum::Extension;
use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use model::{RecordingFormat, RecordingId};
use tower::ServiceExt as _;
use tower_http::services::ServeFile;
use wire::rest::{Problem, RecordingView};

use super::input::Named;
use crate::Api;
use crate::access::gate::KeyHolder;
use crate::error::ApiError;

/// One recording: length, size, hash, where to download it.
#[utoipa::path(
    get, path = "/v1/recordings/{id}", tag = "recordings", operation_id = "get_recording",
    security(("api_key" = ["supervise"])), params(("id" = RecordingId, Path, description = "The recording")),
    responses(
        (status = 200, description = "The recording", body = RecordingView),
        (status = 401, description = "No valid API key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the right", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such recording in this workspace", body = Problem, content_type = "application/problem+json"),
    )
)]
pub(crate) async fn get(
    State(api): State<Api>,
    Extension(holder): Extension<KeyHolder>,
    Named(id): Named<RecordingId>,
) -> Result<Json<RecordingView>, ApiError> {
    Ok(Json(found(&api, &holder, id).await?))
}

/// The sound of a recording, caller left and agent right. Takes `Range`, so players can seek.
#[utoipa::path(
    get, path = "/v1/recordings/{id}/audio", tag = "recordings", operation_id = "get_recording_audio",
    security(("api_key" = ["supervise"])), params(("id" = RecordingId, Path, description = "The recording")),
    responses(
        (status = 200, description = "Ogg/Opus or WAV", content(
            (Vec<u8> = "audio/ogg"),
            (Vec<u8> = "audio/wav"),
        )),
        (status = 206, description = "The asked part of it"),
        (status = 401, description = "No valid API key", body = Problem, content_type = "application/problem+json"),
        (status = 403, description = "The key lacks the right", body = Problem, content_type = "application/problem+json"),
        (status = 404, description = "No such recording in this workspace", body = Problem, content_type = "application/problem+json"),
        (status = 416, description = "The asked part is not in it"),
    )
)]
pub(crate) async fn audio(
    State(api): State<Api>,
    Extension(holder): Extension<KeyHolder>,
    Named(id): Named<RecordingId>,
    request: Request,
) -> Result<Response, ApiError> {
    let recording = found(&api, &holder, id).await?;
    let file = file_in_vault(&api.config.vault, &recording.path).await?;
    let served = ServeFile::new(file).oneshot(request).await;
    let mut response = served.into_response();
    let kind = HeaderValue::from_static(match recording.format {
        RecordingFormat::OggOpus => "audio/ogg",
        RecordingFormat::Wav => "audio/wav",
    });
    let private = HeaderValue::from_static("private, no-store");
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, kind);
    headers.insert(header::CACHE_CONTROL, private);
    Ok(response)
}

async fn found(api: &Api, holder: &KeyHolder, id: RecordingId) -> Result<RecordingView, ApiError> {
    let recording = api.store.recording(&holder.workspace, id).await?;
    recording.ok_or(ApiError::NotFound { what: "recording" })
}

/// The file behind a stored path. Links are followed before the check, so that whatever the
/// database says, nothing outside the vault is ever sent.
async fn file_in_vault(vault: &Path, stored: &str) -> Result<PathBuf, ApiError> {
    let vault = real(vault).await?;
    let file = real(&vault.join(stored)).await?;
    if file.starts_with(&vault) {
        Ok(file)
    } else {
        Err(ApiError::Vault("the database names a file outside the vault".to_owned()))
    }
}

async fn real(path: &Path) -> Result<PathBuf, ApiError> {
    let real = tokio::fs::canonicalize(path).await;
    real.map_err(|error| ApiError::Vault(error.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn nothing_outside_the_vault_is_ever_sent() {
        let house = tempfile::tempdir().unwrap();
        let vault = house.path().join("vault");
        std::fs::create_dir_all(vault.join("2026")).unwrap();
        std::fs::write(vault.join("2026/call.ogg"), "sound").unwrap();
        std::fs::write(house.path().join("ringdown.db"), "secrets").unwrap();
        std::os::unix::fs::symlink("../ringdown.db", vault.join("link.ogg")).unwrap();
        let inside = file_in_vault(&vault, "2026/call.ogg").await.unwrap();
        assert!(inside.ends_with("vault/2026/call.ogg"));
        let outside = house.path().join("ringdown.db");
        for stored in [
            "../ringdown.db",
            "2026/../../ringdown.db",
            "link.ogg",
            outside.to_str().unwrap(),
            "missing.ogg",
        ] {
            let refused = file_in_vault(&vault, stored).await;
            assert!(matches!(refused, Err(ApiError::Vault(_))), "{stored}");
        }
    }
}
