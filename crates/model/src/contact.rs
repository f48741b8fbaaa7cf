//! How a contact is named: by number or by business-scoped user id.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::{Bsuid, Party, Phone};

/// Longest accepted business-scoped user id, in bytes. Meta's are under 140.
const USER_LENGTH_MAX: usize = 512;

/// One name of a contact: `phone:4917012345678` or `user:DE.1234`. A contact may have several,
/// and each finds the whole contact. `Debug` hides it; logs never show it.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContactKey {
    /// A number.
    Phone(Phone),
    /// A business-scoped user id.
    User(Bsuid),
}

/// Why a text is not a contact's key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a contact is named `phone:` and 5 to 20 digits, or `user:` and a business-scoped user id \
     without spaces"
)]
pub struct NotAContactKey;

impl ContactKey {
    /// Every name a party goes by: none, one or two.
    pub fn of(party: &Party) -> Vec<Self> {
        let phone = party.phone.clone().map(Self::Phone);
        let user = party.bsuid.clone().filter(|bsuid| is_user(&bsuid.0)).map(Self::User);
        phone.into_iter().chain(user).collect()
    }

    /// Which sort of name it is: `phone` or `user`.
    pub const fn kind(&self) -> &'static str {
        match self {
            Self::Phone(_) => "phone",
            Self::User(_) => "user",
        }
    }

    /// The name without its sort.
    pub fn value(&self) -> &str {
        match self {
            Self::Phone(phone) => phone.digits(),
            Self::User(bsuid) => &bsuid.0,
        }
    }
}

fn is_user(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= USER_LENGTH_MAX
        && !text.chars().any(|c| c.is_control() || c.is_whitespace())
}

impl FromStr for ContactKey {
    type Err = NotAContactKey;

    fn from_str(text: &str) -> Result<Self, NotAContactKey> {
        match text.split_once(':') {
            Some(("phone", number)) => Phone::new(number).map(Self::Phone).ok_or(NotAContactKey),
            Some(("user", user)) if is_user(user) => Ok(Self::User(Bsuid(user.to_owned()))),
            Some(_) | None => Err(NotAContactKey),
        }
    }
}

impl fmt::Display for ContactKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:{}", self.kind(), self.value())
    }
}

impl fmt::Debug for ContactKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Phone(phone) => write!(f, "phone:{phone:?}"),
            Self::User(bsuid) => write!(f, "user:{bsuid:?}"),
        }
    }
}

impl Serialize for ContactKey {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ContactKey {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

impl utoipa::PartialSchema for ContactKey {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        crate::text::string_schema(
            "`phone:` and the number without plus sign, or `user:` and the business-scoped user id",
        )
    }
}
impl utoipa::ToSchema for ContactKey {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_reads_back_as_it_is_written() {
        for text in ["phone:4917012345678", "user:DE.1234"] {
            assert_eq!(text.parse::<ContactKey>().unwrap().to_string(), text);
        }
        let plus: ContactKey = "phone:+4917012345678".parse().unwrap();
        assert_eq!(plus.to_string(), "phone:4917012345678");
    }

    #[test]
    fn what_names_nobody_is_refused() {
        let long = format!("user:{}", "x".repeat(513));
        for text in ["", "phone", "phone:", "phone:12a45", "user:", "user:a b", "mail:x", &long] {
            assert_eq!(text.parse::<ContactKey>(), Err(NotAContactKey), "{text}");
        }
    }

    #[test]
    fn a_key_is_hidden_in_debug_output() {
        let phone: ContactKey = "phone:4917012345678".parse().unwrap();
        let user: ContactKey = "user:DE.1234".parse().unwrap();
        assert_eq!(format!("{phone:?} {user:?}"), "phone:…78 user:bsuid(redacted)");
    }

    #[test]
    fn a_party_goes_by_none_one_or_two_names() {
        assert_eq!(ContactKey::of(&Party::default()), []);
        let party = Party {
            phone: Phone::new("15550002222"),
            bsuid: Some(Bsuid("US.1".to_owned())),
            ..Party::default()
        };
        let keys: Vec<String> = ContactKey::of(&party).iter().map(ToString::to_string).collect();
        assert_eq!(keys, ["phone:15550002222", "user:US.1"]);
    }
}
