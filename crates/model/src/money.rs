//! Money as integer micro-units: 1,000,000 micros are one unit of the currency. No floats anywhere.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::Currency;

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
    /// Not a currency.
    #[error("a currency is three capital letters of ISO 4217, such as USD")]
    Currency,
    /// Not a decimal number with at most six decimals.
    #[error("an amount is a plain decimal number with at most six decimals, such as 0.0103")]
    Decimal,
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

    /// Reads a plain decimal number of units such as `0.0103` or `-12`: digits, at most one point,
    /// at most six decimals. Signs other than a leading minus, exponents and separators are refused.
    ///
    /// # Errors
    /// [`MoneyError::Decimal`], or [`MoneyError::Overflow`] when it does not fit.
    pub fn from_decimal(text: &str) -> Result<Self, MoneyError> {
        let (negative, digits) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text),
        };
        let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
        let plain = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
        let ends_in_point = digits.ends_with('.');
        if whole.is_empty() || ends_in_point || !plain(whole) || !plain(part) || part.len() > 6 {
            return Err(MoneyError::Decimal);
        }
        let micros: i128 =
            format!("{whole}{part:0<6}").parse().map_err(|_| MoneyError::Overflow)?;
        let micros = if negative { -micros } else { micros };
        i64::try_from(micros).map(Self).map_err(|_| MoneyError::Overflow)
    }

    /// The amount with the decimals of its currency, truncated towards zero: an amount is never
    /// shown larger than it is. `9.98`, `1234` (yen), `0.005` (Kuwaiti dinar).
    pub fn shown_in(self, currency: Currency) -> String {
        let decimals = currency.decimals();
        let scale = 10_u64.pow(decimals);
        let step = MICROS_PER_UNIT.unsigned_abs() / scale;
        let shown = self.0.unsigned_abs() / step;
        let sign = if self.0 < 0 && shown > 0 { "-" } else { "" };
        match decimals {
            0 => format!("{sign}{shown}"),
            _ => format!(
                "{sign}{}.{:0width$}",
                shown / scale,
                shown % scale,
                width = decimals as usize
            ),
        }
    }

    /// The exact amount as a plain decimal number, without zeros at the end: `0.0103`, `12`.
    pub fn as_decimal(self) -> String {
        let (units, rest) = (self.0.unsigned_abs() / 1_000_000, self.0.unsigned_abs() % 1_000_000);
        let sign = if self.0 < 0 { "-" } else { "" };
        let exact = format!("{sign}{units}.{rest:06}");
        exact.trim_end_matches('0').trim_end_matches('.').to_owned()
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
    fn an_amount_is_shown_with_the_decimals_of_its_currency_and_never_larger() {
        for (micros, code, shown) in [
            (9_980_000, "USD", "9.98"),
            (9_999_999, "USD", "9.99"),
            (-1, "USD", "0.00"),
            (1_999_999, "JPY", "1"),
            (-1_999_999, "CLP", "-1"),
            (999_999, "CLP", "0"),
            (9_999, "KWD", "0.009"),
            (-1_234_567, "BHD", "-1.234"),
            (i64::MIN, "USD", "-9223372036854.77"),
        ] {
            let currency = Currency::new(code).unwrap();
            assert_eq!(Micros::new(micros).shown_in(currency), shown, "{micros} {code}");
        }
    }

    #[test]
    fn only_plain_decimals_are_read() {
        for (text, micros) in [
            ("0.0103", 10_300),
            ("12", 12_000_000),
            ("-0.000001", -1),
            ("00.5", 500_000),
            ("9223372036854.775807", i64::MAX),
            ("-9223372036854.775808", i64::MIN),
        ] {
            assert_eq!(Micros::from_decimal(text), Ok(Micros::new(micros)), "{text}");
        }
        for text in
            ["", ".", "1.", ".5", "+1", "1e3", "1,000", " 1", "0.0000001", "--1", "NaN", "١"]
        {
            assert_eq!(Micros::from_decimal(text), Err(MoneyError::Decimal), "{text}");
        }
        for text in ["9223372036854.775808", "99999999999999999999999999999999999999999999"] {
            assert_eq!(Micros::from_decimal(text), Err(MoneyError::Overflow), "{text}");
        }
    }
}
