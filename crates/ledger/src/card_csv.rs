//! Reading a rate card from CSV in the shape of Meta's downloads: a header
//! `Market, Currency, 0 - 50,000, 50,001 - 250,000, …` and one row per market. Lines before the
//! header are a title. A `Direction` column is understood, because what users' calls cost is a
//! rule that has changed before.

use std::collections::BTreeMap;
use std::fmt;

use csv::StringRecord;
use model::{Currency, Micros, MoneyError};

use crate::card::{RateCard, RowKey, Step};
use crate::pulses::PULSES_PER_MINUTE;
use crate::{Day, Market};

/// Cards have a few hundred rows per currency; a file beyond this is something else.
const ROWS_MAX: usize = 5_000;
/// As many lines are complained about at once; the rest is counted.
const COMPLAINTS_MAX: usize = 100;
/// Titles of Meta's files are a few lines.
const TITLE_LINES_MAX: usize = 20;

/// A line that cannot be used.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BadLine {
    /// Its number in the file, from 1; 0 for the file as a whole.
    pub line: u64,
    /// What is wrong, and what would be right.
    pub what: String,
}

impl fmt::Display for BadLine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            0 => f.write_str(&self.what),
            line => write!(f, "line {line}: {}", self.what),
        }
    }
}

/// Reads a card that holds from a day on.
///
/// # Errors
/// Every line that cannot be used; then nothing of the file is.
pub fn read_card(text: &str, effective: Day) -> Result<RateCard, Vec<BadLine>> {
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .from_reader(text.as_bytes());
    let mut header: Option<Header> = None;
    let mut rows = BTreeMap::new();
    let mut bad = Vec::new();
    for (index, record) in reader.records().enumerate() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                bad.push(BadLine { line, what: format!("not CSV: {error}") });
                continue;
            }
        };
        let line = record.position().map_or(0, |position| line_of(text, position));
        let complain = |what: String| BadLine { line, what };
        let Some(known) = &header else {
            if record.get(0).is_some_and(|first| first.eq_ignore_ascii_case("market")) {
                match Header::read(&record) {
                    Ok(read) => header = Some(read),
                    Err(what) => return Err(vec![complain(what)]),
                }
            } else if index >= TITLE_LINES_MAX {
                break;
            }
            continue;
        };
        if record.iter().all(str::is_empty) {
            continue;
        }
        match known.row(&record) {
            Ok((key, steps)) => {
                if rows.insert(key, steps).is_some() {
                    bad.push(complain(format!(
                        "{} in {} stands here twice",
                        key.market, key.currency
                    )));
                }
            }
            Err(what) => bad.push(complain(what)),
        }
        if rows.len() > ROWS_MAX {
            return Err(vec![BadLine { line: 0, what: format!("more than {ROWS_MAX} rows") }]);
        }
    }
    if header.is_none() {
        let what = "no header: a line that begins with Market, Currency and the volume tiers";
        bad.push(BadLine { line: 0, what: what.to_owned() });
    } else if rows.is_empty() && bad.is_empty() {
        bad.push(BadLine { line: 0, what: "no row with a price".to_owned() });
    }
    if bad.is_empty() {
        return Ok(RateCard { effective, rows });
    }
    if bad.len() > COMPLAINTS_MAX {
        let more = bad.len() - COMPLAINTS_MAX;
        bad.truncate(COMPLAINTS_MAX);
        bad.push(BadLine { line: 0, what: format!("and {more} more lines") });
    }
    Err(bad)
}

/// The line a record stands on: the library counts from the empty lines before it.
fn line_of(text: &str, position: &csv::Position) -> u64 {
    let start = usize::try_from(position.byte()).unwrap_or(usize::MAX);
    let rest = text.as_bytes().get(start..).unwrap_or_default();
    let empty = rest.iter().take_while(|byte| matches!(byte, b'\n' | b'\r'));
    position.line() + empty.filter(|byte| **byte == b'\n').count() as u64
}

/// Where the columns are.
struct Header {
    currency: usize,
    direction: Option<usize>,
    /// Each price column with the last minute its tier covers.
    tiers: Vec<(usize, Option<u64>)>,
    columns: usize,
}

impl Header {
    fn read(record: &StringRecord) -> Result<Self, String> {
        let is = |wanted: &'static str| {
            move |(index, name): (usize, &str)| name.eq_ignore_ascii_case(wanted).then_some(index)
        };
        let currency = record.iter().enumerate().find_map(is("currency"));
        let currency = currency.ok_or("the header has no column Currency")?;
        let direction = record.iter().enumerate().find_map(is("direction"));
        let mut tiers: Vec<(usize, Option<u64>)> = Vec::new();
        let prices = record.iter().enumerate().skip(1);
        for (index, name) in prices.filter(|(i, _)| *i != currency && Some(*i) != direction) {
            let (from, to) = tier(name).ok_or_else(|| {
                format!("`{name}` is no volume tier; expected minutes such as `0 - 50,000`")
            })?;
            let expected = match tiers.last() {
                None => 0,
                Some((_, Some(before))) => before + 1,
                Some((_, None)) => return Err(format!("`{name}` follows a tier without end")),
            };
            // Some cards begin at 0 minutes and some at 1.
            if from != expected && !(expected == 0 && from == 1) {
                return Err(format!("the tier `{name}` should begin at {expected} minutes"));
            }
            if to.is_some_and(|to| to <= from) {
                return Err(format!("the tier `{name}` ends before it begins"));
            }
            tiers.push((index, to));
        }
        match tiers.last() {
            Some((_, None)) => {}
            Some(_) => return Err("the last tier must have no end, such as `> 5,000,000`".into()),
            None => return Err("the header has no volume tier".into()),
        }
        Ok(Self { currency, direction, tiers, columns: record.len() })
    }

    fn row(&self, record: &StringRecord) -> Result<(RowKey, Vec<Step>), String> {
        if record.len() != self.columns {
            return Err(format!("{} fields where the header has {}", record.len(), self.columns));
        }
        let field = |index: usize| record.get(index).unwrap_or_default();
        let market = Market::named(field(0))
            .ok_or_else(|| format!("`{}` is no market of Meta's rate cards", field(0)))?;
        let code = field(self.currency);
        let currency = Currency::new(code).map_err(|why| format!("currency `{code}`: {why}"))?;
        let outbound = match self.direction.map(field).unwrap_or_default().to_lowercase().as_str() {
            "" | "business_initiated" => true,
            "user_initiated" => false,
            other => {
                return Err(format!("`{other}` is neither business_initiated nor user_initiated"));
            }
        };
        let mut steps: Vec<Step> = Vec::with_capacity(self.tiers.len());
        for (index, up_to_minutes) in &self.tiers {
            let per_minute = price(field(*index))?;
            match (steps.last().map(|step| step.per_minute), per_minute) {
                (None, None) => return Err("the first tier has no price".to_owned()),
                (Some(None), Some(_)) => {
                    return Err("a tier without a price before one with".into());
                }
                (Some(Some(before)), Some(now)) if now > before => {
                    return Err(format!("`{}` costs more than the tier before it", field(*index)));
                }
                (None | Some(_), _) => {}
            }
            steps.push(Step { up_to_minutes: *up_to_minutes, per_minute });
        }
        Ok((RowKey { currency, market, outbound }, steps))
    }
}

/// A price of one minute. Empty, a dash and `n/a` mean that the card does not say.
fn price(text: &str) -> Result<Option<Micros>, String> {
    if matches!(text.to_lowercase().as_str(), "" | "-" | "–" | "n/a") {
        return Ok(None);
    }
    let price = Micros::from_decimal(text).map_err(|why: MoneyError| format!("`{text}`: {why}"))?;
    if price < Micros::ZERO {
        return Err(format!("`{text}`: a price must not be negative"));
    }
    if price.get() % PULSES_PER_MINUTE != 0 {
        let why =
            "a price per minute has at most five decimals, so that a pulse costs whole micros";
        return Err(format!("`{text}`: {why}"));
    }
    Ok(Some(price))
}

/// The first and last minute of a tier's name: `0 - 50,000`, `50,001-250,000`, `> 5,000,000`,
/// `5,000,001+`, `Rate` (one tier for everything).
fn tier(name: &str) -> Option<(u64, Option<u64>)> {
    if name.eq_ignore_ascii_case("rate") {
        return Some((0, None));
    }
    let plain: String = name.chars().filter(|c| *c != ',').collect();
    let (over, plain) = match plain.trim().strip_prefix('>') {
        Some(rest) => (1, rest.trim().to_owned()),
        None => (0, plain.trim().to_owned()),
    };
    if let Some(from) = plain.strip_suffix('+') {
        return Some((from.trim().parse().ok()?, None));
    }
    if over == 1 {
        return Some((plain.parse::<u64>().ok()?.checked_add(1)?, None));
    }
    let (from, to) = plain.split_once(['-', '–']).or_else(|| plain.split_once(" to "))?;
    Some((from.trim().parse().ok()?, Some(to.trim().parse().ok()?)))
}
