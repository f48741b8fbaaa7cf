//! From a telephone number to its country, and from there to the market that prices it.

use std::fmt;

use crate::countries::COUNTRIES;

/// Prefixes of the North American Numbering Plan that belong to no country: freephone, premium
/// rate, personal numbers. Nobody has WhatsApp there, so a number that begins so is a mistake.
const NOWHERE: &[&str] = &[
    "1500", "1521", "1522", "1523", "1524", "1525", "1526", "1527", "1528", "1529", "1532", "1533",
    "1535", "1538", "1542", "1543", "1544", "1545", "1546", "1547", "1549", "1550", "1552", "1553",
    "1554", "1556", "1566", "1558", "1569", "1577", "1578", "1588", "1589", "1600", "1622", "1700",
    "1710", "1800", "1822", "1833", "1844", "1855", "1866", "1877", "1880", "1881", "1882", "1883",
    "1884", "1885", "1886", "1887", "1888", "1889", "1900",
];
/// The longest number of ITU-T E.164.
const DIGITS_MAX: usize = 15;
/// No country has shorter numbers with its calling code; what is shorter is a mistake.
const DIGITS_MIN: usize = 6;

/// A group of countries that a rate card prices together.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Region {
    /// Canada and the United States.
    NorthAmerica,
    /// African countries without a market of their own.
    Africa,
    /// Countries of Asia and the Pacific without a market of their own.
    AsiaPacific,
    /// Countries of Central and Eastern Europe without a market of their own.
    CentralEasternEurope,
    /// Countries of Latin America without a market of their own.
    LatinAmerica,
    /// Countries of the Middle East without a market of their own.
    MiddleEast,
    /// Countries of Western Europe without a market of their own.
    WesternEurope,
    /// Everybody else.
    Other,
}

impl Region {
    const ALL: [Self; 8] = [
        Self::NorthAmerica,
        Self::Africa,
        Self::AsiaPacific,
        Self::CentralEasternEurope,
        Self::LatinAmerica,
        Self::MiddleEast,
        Self::WesternEurope,
        Self::Other,
    ];

    /// As Meta's cards call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NorthAmerica => "North America",
            Self::Africa => "Rest of Africa",
            Self::AsiaPacific => "Rest of Asia Pacific",
            Self::CentralEasternEurope => "Rest of Central & Eastern Europe",
            Self::LatinAmerica => "Rest of Latin America",
            Self::MiddleEast => "Rest of Middle East",
            Self::WesternEurope => "Rest of Western Europe",
            Self::Other => "Other",
        }
    }
}

/// How a country is priced.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Place {
    /// By a market of its own.
    Own,
    /// With its region.
    In(Region),
    /// With its region before 2026-10-01, by a market of its own since.
    SplitFrom(Region),
}

/// One country.
#[derive(Debug)]
pub struct Country {
    pub(crate) code: &'static str,
    pub(crate) name: &'static str,
    pub(crate) place: Place,
    pub(crate) prefixes: &'static str,
}

impl Country {
    /// The country of a number in international form, its digits without the plus; by the longest
    /// prefix. `None` when there is none, or it cannot be a number.
    pub fn of_number(digits: &str) -> Option<&'static Self> {
        let plausible = (DIGITS_MIN..=DIGITS_MAX).contains(&digits.len())
            && digits.bytes().all(|byte| byte.is_ascii_digit());
        if !plausible || NOWHERE.iter().any(|prefix| digits.starts_with(prefix)) {
            return None;
        }
        COUNTRIES
            .iter()
            .filter_map(|country| country.longest_prefix(digits).map(|length| (length, country)))
            .max_by_key(|(length, _)| *length)
            .map(|(_, country)| country)
    }

    /// The country of an ISO 3166 code such as `KZ`.
    pub fn of_code(code: &str) -> Option<&'static Self> {
        COUNTRIES.iter().find(|country| country.code == code)
    }

    fn longest_prefix(&self, digits: &str) -> Option<usize> {
        let fitting = self.prefixes.split(' ').filter(|prefix| digits.starts_with(prefix));
        fitting.map(str::len).max()
    }

    /// ISO 3166 code, such as `KZ`.
    pub const fn code(&self) -> &'static str {
        self.code
    }

    /// Its English name.
    pub const fn name(&self) -> &'static str {
        self.name
    }

    /// The market that prices it on a card that took effect before or since the nine markets were
    /// split out of their regions.
    pub fn market(&self, since_split: bool) -> Market {
        match self.place {
            Place::In(region) => Market(region.name()),
            Place::SplitFrom(region) if !since_split => Market(region.name()),
            Place::Own | Place::SplitFrom(_) => Market(self.name),
        }
    }
}

/// A row of a rate card: a country, or a region of several.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Market(&'static str);

/// Other spellings that cards and people use.
const ALIASES: &[(&str, &str)] = &[
    ("uae", "United Arab Emirates"),
    ("türkiye", "Turkey"),
    ("turkiye", "Turkey"),
    ("uk", "United Kingdom"),
    ("ksa", "Saudi Arabia"),
    ("rest of central and eastern europe", "Rest of Central & Eastern Europe"),
    ("rest of apac", "Rest of Asia Pacific"),
    ("all other", "Other"),
];

impl Market {
    /// The market of a card's name for it, whatever its capitals; `None` when cards have no such
    /// market: a country that is priced with its region has none.
    pub fn named(name: &str) -> Option<Self> {
        let name = name.trim().to_lowercase();
        let meant = ALIASES.iter().find(|(alias, _)| *alias == name).map(|(_, meant)| *meant);
        let is = |known: &str| meant.map_or_else(|| known.to_lowercase() == name, |m| m == known);
        let region = Region::ALL.into_iter().map(Region::name).find(|known| is(known));
        let own = || {
            COUNTRIES
                .iter()
                .filter(|country| !matches!(country.place, Place::In(_)))
                .map(|country| country.name)
                .find(|known| is(known))
        };
        region.or_else(own).map(Self)
    }

    /// Its name, as cards and reports write it.
    pub const fn name(self) -> &'static str {
        self.0
    }
}

impl fmt::Display for Market {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_prefix_is_digits_and_belongs_to_one_country() {
        let mut seen = std::collections::BTreeMap::new();
        for country in COUNTRIES {
            for prefix in country.prefixes.split(' ') {
                assert!(!prefix.is_empty() && prefix.bytes().all(|b| b.is_ascii_digit()));
                assert_eq!(seen.insert(prefix, country.code), None, "{prefix}");
            }
        }
        assert!(COUNTRIES.is_sorted_by_key(|country| country.code));
        assert!(seen.len() > 280, "{}", seen.len());
    }
}
