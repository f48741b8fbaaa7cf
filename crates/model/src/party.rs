//! The person on the WhatsApp side. Phone number and business-scoped id may each be missing.

use std::fmt;

use serde::{Deserialize, Serialize};

/// A phone number as Meta writes it: digits, country code first, no plus sign.
/// `Debug` shows only the last two digits; agents see the whole number, logs never do.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(try_from = "String", into = "String")]
pub struct Phone(String);

impl Phone {
    /// Accepts 5 to 20 digits with an optional leading plus sign (E.164 allows 15; test numbers
    /// are longer). `None` for anything else.
    pub fn new(text: &str) -> Option<Self> {
        let digits = text.strip_prefix('+').unwrap_or(text);
        let plausible =
            (5..=20).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
        plausible.then(|| Self(digits.to_owned()))
    }

    /// The digits without a plus sign.
    pub fn digits(&self) -> &str {
        &self.0
    }

    /// The number for logs: all but the last two digits hidden.
    pub fn masked(&self) -> String {
        format!("…{}", &self.0[self.0.len() - 2..])
    }
}

impl TryFrom<String> for Phone {
    type Error = &'static str;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        Self::new(&text).ok_or("a phone number is 5 to 20 digits")
    }
}

impl From<Phone> for String {
    fn from(phone: Phone) -> Self {
        phone.0
    }
}

impl fmt::Debug for Phone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.masked())
    }
}

/// A business-scoped user id: names a WhatsApp user without a phone number.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, utoipa::ToSchema)]
#[serde(transparent)]
pub struct Bsuid(pub String);

impl fmt::Debug for Bsuid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("bsuid(redacted)")
    }
}

/// A WhatsApp user as far as a webhook told us.
#[derive(Clone, PartialEq, Eq, Debug, Default, Serialize, Deserialize, utoipa::ToSchema)]
pub struct Party {
    /// The number; absent for users who hide it behind a username.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub phone: Option<Phone>,
    /// The business-scoped id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bsuid: Option<Bsuid>,
    /// The profile name the user chose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The username, when the user adopted one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub username: Option<String>,
}

impl Party {
    /// What an agent reads: name, else username, else number, else a neutral word.
    pub fn display(&self) -> String {
        let number = self.phone.as_ref().map(|phone| format!("+{}", phone.digits()));
        self.name
            .clone()
            .or_else(|| self.username.clone())
            .or(number)
            .unwrap_or_else(|| "WhatsApp user".to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phone_number_is_hidden_in_debug_output() {
        let phone = Phone::new("+15550002222").unwrap();
        assert_eq!(phone.digits(), "15550002222");
        assert_eq!(format!("{phone:?}"), "…22");
        assert!(Phone::new("call me").is_none());
        assert!(Phone::new("123").is_none());
    }

    #[test]
    fn a_party_without_number_and_name_still_has_something_to_show() {
        assert_eq!(Party::default().display(), "WhatsApp user");
    }
}
