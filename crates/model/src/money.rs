//! Money as integer micro-units: 1,000,000 micros are one unit of the currency. No floats anywhere.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

/// An amount in millionths of a currency unit; negative when owed.
#[derive(
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Hash,
    Debug,
    Default,
    Serialize,
    Deserialize,
    utoipa::ToSchema,
)]
#[serde(transparent)]
pub struct Micros(i64);

/// Micros in one unit.
const MICROS_PER_UNIT: i64 = 1_000_000;
/// Micros in one hundredth of a unit.
const MICROS_PER_CENT: i64 = 10_000;

/// Why a sum or a text is not an amount.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum MoneyError {
    /// The sum does not fit in 64 bits.
    #[error("the amount is out of range")]
    Overflow,
    /// Not three capital letters.
    #[error("a currency is three capital letters of ISO 4217, such as USD")]
    Currency,
}

impl Micros {
    /// No money.
    pub const ZERO: Self = Self(0);

    /// From millionths of a unit.
    pub const fn new(micros: i64) -> Self {
        Self(micros)
    }

    /// From whole units (dollars, not cents). Saturates at the far ends.
    pub const fn from_units(units: i64) -> Self {
        Self(units.saturating_mul(MICROS_PER_UNIT))
    }

    /// Millionths of a unit.
    pub const fn get(self) -> i64 {
        self.0
    }

    /// The sum.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] when it does not fit.
    pub const fn plus(self, other: Self) -> Result<Self, MoneyError> {
        match self.0.checked_add(other.0) {
            Some(sum) => Ok(Self(sum)),
            None => Err(MoneyError::Overflow),
        }
    }

    /// `self` times a whole number.
    ///
    /// # Errors
    /// [`MoneyError::Overflow`] when it does not fit.
    pub const fn times(self, factor: i64) -> Result<Self, MoneyError> {
        match self.0.checked_mul(factor) {
            Some(product) => Ok(Self(product)),
            None => Err(MoneyError::Overflow),
        }
    }

    /// The same amount with the other sign.
    #[must_use]
    pub const fn negated(self) -> Self {
        Self(self.0.saturating_neg())
    }
}

impl fmt::Display for Micros {
    /// Two decimals, truncated towards zero: an amount is never shown larger than it is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let cents = (self.0 / MICROS_PER_CENT).unsigned_abs();
        let sign = if self.0 < 0 && cents > 0 { "-" } else { "" };
        write!(f, "{sign}{}.{:02}", cents / 100, cents % 100)
    }
}

/// An ISO 4217 currency code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// United States dollar, the default of a workspace.
    pub const USD: Self = Self(*b"USD");

    /// Reads a code such as `EUR`.
    ///
    /// # Errors
    /// [`MoneyError::Currency`] unless it is three capital ASCII letters.
    pub fn new(code: &str) -> Result<Self, MoneyError> {
        let bytes: [u8; 3] = code.as_bytes().try_into().map_err(|_| MoneyError::Currency)?;
        if bytes.iter().all(u8::is_ascii_uppercase) {
            Ok(Self(bytes))
        } else {
            Err(MoneyError::Currency)
        }
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }
}

impl fmt::Display for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for Currency {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl Serialize for Currency {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Currency {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Self::new(&String::deserialize(deserializer)?).map_err(serde::de::Error::custom)
    }
}

impl utoipa::PartialSchema for Currency {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        crate::text::string_schema("ISO 4217 code, such as USD")
    }
}
impl utoipa::ToSchema for Currency {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_amount_is_shown_truncated_towards_zero() {
        for (micros, shown) in [
            (9_980_000, "9.98"),
            (9_999_999, "9.99"),
            (10_000_000, "10.00"),
            (-9_999_999, "-9.99"),
            (-1, "0.00"),
            (0, "0.00"),
            (i64::MIN, "-9223372036854.77"),
        ] {
            assert_eq!(Micros::new(micros).to_string(), shown);
        }
    }

    #[test]
    fn sums_that_do_not_fit_are_errors() {
        assert_eq!(Micros::new(i64::MAX).plus(Micros::new(1)), Err(MoneyError::Overflow));
        assert_eq!(Micros::from_units(10).plus(Micros::new(1)), Ok(Micros::new(10_000_001)));
    }

    #[test]
    fn a_currency_is_three_capitals() {
        assert_eq!(Currency::new("EUR").map(|c| c.to_string()), Ok("EUR".to_owned()));
        assert_eq!(Currency::new("eur"), Err(MoneyError::Currency));
        assert_eq!(Currency::new("EURO"), Err(MoneyError::Currency));
    }
}
