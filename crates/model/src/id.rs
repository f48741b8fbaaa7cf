//! Typed identifiers. Uuid ids are shown with a prefix (`call_0193…`) so that a log line or a
//! support ticket says what it names.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

/// Longest accepted text id. Meta's call ids are about 120 characters; nothing needs more.
const TEXT_ID_LENGTH_MAX: usize = 512;

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum IdError {
    /// The prefix that says what kind of thing is named is missing or another one.
    #[error("expected an id that starts with `{expected}_`")]
    Prefix {
        /// The prefix that belongs here, without the underscore.
        expected: &'static str,
    },
    /// What follows the prefix is not a UUID.
    #[error("`{expected}_` must be followed by 32 hexadecimal digits")]
    Uuid {
        /// The prefix that belongs here, without the underscore.
        expected: &'static str,
    },
    /// Empty, too long, or with characters that have no place in an id.
    #[error("a {kind} must have 1 to {TEXT_ID_LENGTH_MAX} printable characters without spaces")]
    Text {
        /// What the text was to name.
        kind: &'static str,
    },
}

macro_rules! uuid_id {
    ($(#[$doc:meta])* $name:ident, $prefix:literal) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(Uuid);

        impl $name {
            /// Wraps a UUID; version 7 keeps ids sortable by age.
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }

            /// The bare UUID, for storage.
            pub const fn as_uuid(self) -> Uuid {
                self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), self.0.simple())
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                let rest = text
                    .strip_prefix(concat!($prefix, "_"))
                    .ok_or(IdError::Prefix { expected: $prefix })?;
                let uuid =
                    Uuid::try_parse(rest).map_err(|_| IdError::Uuid { expected: $prefix })?;
                Ok(Self(uuid))
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = String::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                crate::text::string_schema(concat!($prefix, "_ and 32 hexadecimal digits"))
            }
        }
        impl utoipa::ToSchema for $name {}
    };
}

uuid_id!(
    /// A subscriber's address that events are delivered to.
    EndpointId, "endpoint"
);
uuid_id!(
    /// One WhatsApp call, from the first webhook to its CDR.
    CallId, "call"
);
uuid_id!(
    /// One registered browser tab (or other agent client).
    DeviceId, "dev"
);
uuid_id!(
    /// One recording.
    RecordingId, "rec"
);
uuid_id!(
    /// One contact's missed calls, to be followed up.
    FollowUpId, "fup"
);
uuid_id!(
    /// One balanced group of ledger entries.
    TransactionId, "txn"
);
uuid_id!(
    /// One agent WebSocket session, resumable after a lost socket.
    SessionId, "ses"
);

/// One media relation of a call. Meaningful only inside the process that made it, and the one that
/// takes its legs over.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Serialize, Deserialize)]
#[serde(transparent)]
pub struct LegId(pub u64);

impl fmt::Display for LegId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "leg_{}", self.0)
    }
}

fn is_text_id(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= TEXT_ID_LENGTH_MAX
        && text.bytes().all(|b| b.is_ascii_graphic())
}

macro_rules! text_id {
    ($(#[$doc:meta])* $name:ident, $kind:literal) => {
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(String);

        impl $name {
            /// Accepts 1 to 512 printable ASCII characters without spaces.
            ///
            /// # Errors
            /// [`IdError::Text`] otherwise.
            pub fn new(text: impl Into<String>) -> Result<Self, IdError> {
                let text = text.into();
                if is_text_id(&text) { Ok(Self(text)) } else { Err(IdError::Text { kind: $kind }) }
            }

            /// The id as text.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl FromStr for $name {
            type Err = IdError;

            fn from_str(text: &str) -> Result<Self, IdError> {
                Self::new(text)
            }
        }

        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(&self.0)
            }
        }

        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::new(String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                crate::text::string_schema($kind)
            }
        }
        impl utoipa::ToSchema for $name {}
    };
}

macro_rules! shown_text_id {
    ($name:ident) => {
        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

text_id!(
    /// A person who may answer; chosen by the workspace (`ana`).
    AgentId, "agent id"
);
shown_text_id!(AgentId);
text_id!(
    /// A business number: Meta's `phone_number_id`, which is not a phone number.
    LineId, "line id"
);
shown_text_id!(LineId);
text_id!(
    /// Agents who are rung together (`sales`).
    GroupId, "group id"
);
shown_text_id!(GroupId);
text_id!(
    /// A tenant: its lines, agents and balance account.
    WorkspaceId, "workspace id"
);
shown_text_id!(WorkspaceId);
text_id!(
    /// Meta's call id (`wacid.…`). It embeds the caller's number, so neither `Debug` nor
    /// `Display` shows it; use [`Wacid::as_str`] where Meta must receive it.
    Wacid, "call id of Meta"
);

impl fmt::Debug for Wacid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("wacid(redacted)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uuid_id_shows_its_prefix_and_reads_back() {
        let id = CallId::from_uuid(Uuid::from_u128(7));
        assert_eq!(id.to_string(), "call_00000000000000000000000000000007");
        assert_eq!(id.to_string().parse::<CallId>(), Ok(id));
    }

    #[test]
    fn an_id_of_another_kind_is_refused() {
        let device = DeviceId::from_uuid(Uuid::from_u128(7)).to_string();
        assert_eq!(device.parse::<CallId>(), Err(IdError::Prefix { expected: "call" }));
        assert_eq!("call_xyz".parse::<CallId>(), Err(IdError::Uuid { expected: "call" }));
    }

    #[test]
    fn text_ids_are_bounded_and_printable() {
        assert!(AgentId::new("ana").is_ok());
        assert!(AgentId::new("").is_err());
        assert!(AgentId::new("a b").is_err());
        assert!(AgentId::new("x".repeat(513)).is_err());
    }

    #[test]
    fn a_wacid_never_prints_itself() {
        let wacid = Wacid::new("wacid.HBgMOTEwMDAwMDAwMTgw").unwrap();
        assert_eq!(format!("{wacid:?}"), "wacid(redacted)");
    }
}
