//! Currencies of ISO 4217 and how many decimals each is shown with.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::MoneyError;

/// Currencies without a smaller unit.
const NO_DECIMALS: &str = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF";
/// Currencies whose unit is divided by a thousand.
const THREE_DECIMALS: &str = "BHD IQD JOD KWD LYD OMR TND";
/// All others, whose unit is divided by a hundred.
const TWO_DECIMALS: &str = "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BGN BMD BND BOB BRL \
    BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP \
    GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES KGS KHR KPW KYD KZT LAK \
    LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK NPR \
    NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN \
    SVC SYP SZL THB TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VES WST XCD XCG YER ZAR ZMW ZWG";

/// An ISO 4217 currency code.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Currency([u8; 3]);

impl Currency {
    /// United States dollar, the default of a workspace.
    pub const USD: Self = Self(*b"USD");

    /// Reads a code such as `EUR`.
    ///
    /// # Errors
    /// [`MoneyError::Currency`] unless it is a currency of ISO 4217 in capital letters.
    pub fn new(code: &str) -> Result<Self, MoneyError> {
        let bytes: [u8; 3] = code.as_bytes().try_into().map_err(|_| MoneyError::Currency)?;
        let known = [TWO_DECIMALS, NO_DECIMALS, THREE_DECIMALS]
            .iter()
            .any(|list| list.split_ascii_whitespace().any(|known| known == code));
        if known { Ok(Self(bytes)) } else { Err(MoneyError::Currency) }
    }

    /// The code as text.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).unwrap_or("???")
    }

    /// How many decimals amounts are shown with: 0, 2 or 3.
    pub fn decimals(&self) -> u32 {
        let is_in = |list: &str| list.split_ascii_whitespace().any(|known| known == self.as_str());
        if is_in(NO_DECIMALS) {
            0
        } else if is_in(THREE_DECIMALS) {
            3
        } else {
            2
        }
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

impl std::str::FromStr for Currency {
    type Err = MoneyError;

    fn from_str(code: &str) -> Result<Self, MoneyError> {
        Self::new(code)
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
    fn a_currency_is_one_of_iso_4217() {
        assert_eq!(Currency::new("EUR").map(|c| c.to_string()), Ok("EUR".to_owned()));
        for refused in ["eur", "EURO", "XYZ", "", "US ", "E R"] {
            assert_eq!(Currency::new(refused), Err(MoneyError::Currency), "{refused}");
        }
    }

    #[test]
    fn the_sixteen_currencies_of_metas_cards_and_the_odd_decimals_are_known() {
        let cards = "USD INR IDR EUR GBP AUD MXN AED ARS CLP COP MYR PEN SAR SGD BRL";
        assert_eq!(cards.split(' ').filter(|code| Currency::new(code).is_ok()).count(), 16);
        for (code, decimals) in [("CLP", 0), ("JPY", 0), ("USD", 2), ("KWD", 3), ("BHD", 3)] {
            assert_eq!(Currency::new(code).unwrap().decimals(), decimals, "{code}");
        }
    }
}
