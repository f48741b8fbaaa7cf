//! Texts that carry secrets and must not print themselves.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A session description (RFC 8866). It carries ICE passwords, so `Debug` shows only its length.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct SdpText(String);

impl SdpText {
    /// Wraps a description as received or written; parsing happens in the media plane.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// The description, byte for byte.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SdpText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "sdp({} bytes)", self.0.len())
    }
}

impl utoipa::PartialSchema for SdpText {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        string_schema("session description, RFC 8866, lines ended by CRLF")
    }
}
impl utoipa::ToSchema for SdpText {}

/// The OpenAPI schema of a value that travels as text.
pub(crate) fn string_schema(
    description: &str,
) -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
    utoipa::openapi::ObjectBuilder::new()
        .schema_type(utoipa::openapi::schema::Type::String)
        .description(Some(description))
        .into()
}
