//! `[workspace]` and `[[workspaces]]`: the tenants and their money.

use ledger::{Markup, Zone};
use model::{Currency, Micros, WorkspaceId};

use crate::problem::Place;
use crate::section::Section;

/// A tenant.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Workspace {
    /// Its id in accounts and tokens; changing it later starts a new, empty account.
    pub id: WorkspaceId,
    /// Its name for people.
    pub name: String,
    /// The currency of its balance.
    pub currency: Currency,
    /// The least balance that lets a call start, exactly.
    pub minimum_balance: Micros,
    /// The time zone of its WhatsApp business account: rate cards and volume tiers go by it.
    pub time_zone: Zone,
    /// The id of that account; without it days are not compared with Meta's figures.
    pub business_account: Option<String>,
    /// What its calls cost on top of the rate card.
    pub markup: Markup,
}

/// The product's rule: ten units, so that a call does not drop for want of money.
const DEFAULT_MINIMUM: Micros = Micros::from_units(10);
const ID_FORM: &str = "1 to 512 letters or digits without spaces";
/// Micro-units have six decimals.
const DECIMALS_MAX: usize = 6;

impl Workspace {
    /// `[workspace]`: everything has a default.
    pub(crate) fn read(section: &mut Section<'_, '_>) -> Self {
        let id = Self::read_id(section);
        let name = section.parsed("name", "Default".to_owned(), "a name", super::name);
        Self::read_money(section, id.unwrap_or_else(default_id), name)
    }

    /// One of `[[workspaces]]`: it must say who it is.
    pub(crate) fn read_item(section: &mut Section<'_, '_>) -> Self {
        if !section.table.contains_key("id") {
            let hint = format!("set it to {ID_FORM}");
            section.problem("id", "not set".to_owned(), hint, Place::Nowhere);
        }
        let id = Self::read_id(section).unwrap_or_else(nobody);
        let name = section.optional("name", "a name", super::name);
        let name = name.unwrap_or_else(|| id.to_string());
        Self::read_money(section, id, name)
    }

    fn read_id(section: &mut Section<'_, '_>) -> Option<WorkspaceId> {
        section.optional("id", ID_FORM, |text| WorkspaceId::new(text).ok())
    }

    fn read_money(section: &mut Section<'_, '_>, id: WorkspaceId, name: String) -> Self {
        Self {
            id,
            name,
            currency: section.parsed(
                "currency",
                Currency::USD,
                "three capital letters of ISO 4217, such as USD",
                |text| Currency::new(text).ok(),
            ),
            minimum_balance: section.parsed(
                "minimum_balance",
                DEFAULT_MINIMUM,
                "an amount in quotes with at most 6 decimals, such as \"10.00\"",
                amount,
            ),
            time_zone: section.parsed(
                "time_zone",
                Zone::utc(),
                "a name of the IANA database, such as \"Asia/Kolkata\"",
                |text| Zone::named(text).ok(),
            ),
            business_account: section.optional("business_account", "digits", |text| {
                let is_id = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
                is_id.then(|| text.to_owned())
            }),
            markup: section.parsed(
                "markup_percent",
                Markup::default(),
                "a percentage in quotes from 0 to 1000 with at most 2 decimals, such as \"12.5\"",
                percent,
            ),
        }
    }
}

/// Reads `12.5` as 1,250 hundredths of a percent.
fn percent(text: &str) -> Option<Markup> {
    let hundredths = amount(text)?.get();
    let exact = hundredths % 10_000 == 0;
    u32::try_from(hundredths / 10_000).ok().filter(|_| exact).and_then(Markup::new)
}

fn default_id() -> WorkspaceId {
    WorkspaceId::new("default").expect("a plain word is an id")
}

/// Stands in for a wrong id until all problems are known; such a configuration is never used.
pub(super) fn nobody() -> WorkspaceId {
    WorkspaceId::new("0").expect("a digit is an id")
}

/// Reads `10`, `10.5` or `9.999999` exactly; no sign, no floats, no rounding.
fn amount(text: &str) -> Option<Micros> {
    let (units, decimals) = text.split_once('.').unwrap_or((text, "0"));
    let is_number = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
    if !is_number(units) || !is_number(decimals) || decimals.len() > DECIMALS_MAX {
        return None;
    }
    let digits = format!("{units}{decimals:0<DECIMALS_MAX$}");
    digits.parse().ok().map(Micros::new)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_markup_has_two_decimals_and_an_end() {
        for (text, hundredths) in [
            ("0", Some(0)),
            ("12.5", Some(1_250)),
            ("0.01", Some(1)),
            ("1000", Some(100_000)),
            ("1000.01", None),
            ("0.001", None),
            ("-5", None),
            ("5%", None),
        ] {
            assert_eq!(percent(text).map(Markup::get), hundredths, "{text}");
        }
    }

    #[test]
    fn an_amount_is_exact_to_the_micro() {
        for (text, micros) in [
            ("10.00", Some(10_000_000)),
            ("10", Some(10_000_000)),
            ("9.999999", Some(9_999_999)),
            ("0.000001", Some(1)),
            ("0", Some(0)),
            ("10.", None),
            (".5", None),
            ("1.0000001", None),
            ("-1", None),
            ("+1", None),
            ("1e3", None),
            ("1,50", None),
            ("9223372036854.775807", Some(i64::MAX)),
            ("9223372036854.775808", None),
            ("", None),
        ] {
            assert_eq!(amount(text), micros.map(Micros::new), "{text}");
        }
    }
}
