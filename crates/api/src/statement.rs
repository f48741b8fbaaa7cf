//! A month of a balance for finance: as a value, as a page to print, as CSV.

use ledger::{Month, TransactionKind, Zone};
use model::{Currency, Micros};
use store::{Store, StoreError, Workspace};
use wire::rest::{Statement, StatementLine};

/// What people read, in the order of the page. Reserving, settling and releasing are one thing to
/// who pays: calls.
const LINES: [(&str, &str); 4] = [
    ("top_up", "Top-ups"),
    ("calls", "Calls"),
    ("adjustment", "Adjustments"),
    ("refund", "Refunds"),
];

/// Adds up a month. The opening balance and the lines sum to the closing balance exactly, because
/// all are sums of the same entries.
///
/// # Errors
/// [`StoreError::Database`].
pub async fn make(
    store: &Store,
    workspace: &Workspace,
    zone: &Zone,
    month: Month,
) -> Result<Statement, StoreError> {
    let (from, to) = zone.span_of(month);
    let (opening, sums) = store.sums(&workspace.id, from, to).await?;
    let mut lines: Vec<StatementLine> = Vec::new();
    let mut closing = opening;
    for (kind, _) in LINES {
        let mut line =
            StatementLine { kind: kind.to_owned(), entries: 0, sum_micros: Micros::ZERO };
        for sum in sums.iter().filter(|sum| line_of(sum.kind) == kind) {
            line.entries += sum.entries;
            line.sum_micros = line.sum_micros.plus(sum.sum).map_err(ledger::LedgerError::from)?;
        }
        closing = closing.plus(line.sum_micros).map_err(ledger::LedgerError::from)?;
        lines.push(line);
    }
    Ok(Statement {
        workspace: workspace.name.clone(),
        month: month.to_string(),
        time_zone: zone.name().to_owned(),
        currency: workspace.currency,
        opening_micros: opening,
        lines,
        closing_micros: closing,
    })
}

const fn line_of(kind: TransactionKind) -> &'static str {
    match kind {
        TransactionKind::TopUp => "top_up",
        TransactionKind::Grant | TransactionKind::Settle | TransactionKind::Release => "calls",
        TransactionKind::Adjustment => "adjustment",
        TransactionKind::Refund => "refund",
    }
}

fn named(kind: &str) -> &str {
    LINES.iter().find(|(known, _)| *known == kind).map_or(kind, |(_, name)| name)
}

/// The statement as a page to read and print. It shows every micro, so that it can be added up.
pub fn html(statement: &Statement) -> String {
    let money = |amount: Micros| exact(amount, statement.currency);
    let row = |name: &str, entries: String, amount: Micros| {
        format!(
            "<tr><th scope=\"row\">{name}</th><td>{entries}</td><td>{}</td></tr>\n",
            money(amount)
        )
    };
    let mut rows = row("Opening balance", String::new(), statement.opening_micros);
    for line in &statement.lines {
        rows.push_str(&row(named(&line.kind), line.entries.to_string(), line.sum_micros));
    }
    rows.push_str(&row("Closing balance", String::new(), statement.closing_micros));
    let (workspace, month) = (escaped(&statement.workspace), escaped(&statement.month));
    let zone = escaped(&statement.time_zone);
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\
         <meta name=\"viewport\" content=\"width=device-width\">\
         <title>{workspace}, {month}</title><style>\
         :root{{color-scheme:light dark;font:1rem/1.5 system-ui,sans-serif}}\
         body{{max-width:40rem;margin:2rem auto;padding:0 1rem}}\
         table{{width:100%;border-collapse:collapse}}\
         th{{text-align:left;font-weight:normal}}td{{text-align:right;\
         font-variant-numeric:tabular-nums}}\
         tr:first-child>*,tr:last-child>*{{font-weight:bold}}\
         tr>*{{padding:.4rem 0;border-bottom:1px solid #8884}}</style></head><body>\n\
         <h1>{workspace}</h1>\n<p>Statement of {month}, {currency}, time zone {zone}</p>\n\
         <table><thead><tr><th scope=\"col\">What</th><td>Lines</td><td>Amount</td></tr></thead>\
         <tbody>\n{rows}</tbody></table>\n</body></html>\n",
        currency = statement.currency,
    )
}

/// The statement as CSV: `line,entries,amount,currency`, amounts exact.
pub fn csv(statement: &Statement) -> String {
    let currency = statement.currency;
    let mut text = String::from("month,line,entries,amount,currency\n");
    let mut row = |line: &str, entries: u64, amount: Micros| {
        let month = &statement.month;
        text.push_str(&format!("{month},{line},{entries},{},{currency}\n", amount.as_decimal()));
    };
    row("opening", 0, statement.opening_micros);
    for line in &statement.lines {
        row(&line.kind, line.entries, line.sum_micros);
    }
    row("closing", 0, statement.closing_micros);
    text
}

/// All the micros there are, and never fewer decimals than the currency is written with.
fn exact(amount: Micros, currency: Currency) -> String {
    let (exact, shown) = (amount.as_decimal(), amount.shown_in(currency));
    let decimals = |text: &str| text.split_once('.').map_or(0, |(_, part)| part.len());
    if decimals(&exact) > decimals(&shown) { exact } else { shown }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn a_statement() -> Statement {
        let line = |kind: &str, entries, micros| StatementLine {
            kind: kind.to_owned(),
            entries,
            sum_micros: Micros::new(micros),
        };
        Statement {
            workspace: "A <b> & \"c\"".to_owned(),
            month: "2026-11".to_owned(),
            time_zone: "UTC".to_owned(),
            currency: Currency::USD,
            opening_micros: Micros::new(10_000_000),
            lines: vec![line("top_up", 1, 5_000_000), line("calls", 3, -5_301)],
            closing_micros: Micros::new(14_994_699),
        }
    }

    #[test]
    fn a_page_shows_every_micro_and_no_markup_of_others() {
        let page = html(&a_statement());
        for shown in ["10.00<", "5.00<", "-0.005301<", "14.994699<", "A &lt;b&gt; &amp;"] {
            assert!(page.contains(shown), "{shown} is not in {page}");
        }
        assert!(!page.contains("<b>"));
    }

    #[test]
    fn the_csv_adds_up() {
        let text = csv(&a_statement());
        let amounts = text.lines().skip(1).map(|line| line.split(',').nth(3).unwrap());
        let amounts: Vec<i64> =
            amounts.map(|amount| Micros::from_decimal(amount).unwrap().get()).collect();
        let (closing, parts) = amounts.split_last().unwrap();
        assert_eq!(parts.iter().sum::<i64>(), *closing);
    }
}
