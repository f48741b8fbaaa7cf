//! `ringdown rates`.

use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use ledger::{Day, RateCard, differences, read_card};
use model::Timestamp;
use store::Store;

use crate::cli::{ConfigArgs, RatesCommand};
use crate::wiring;

pub(crate) async fn run(command: RatesCommand) -> anyhow::Result<ExitCode> {
    match command {
        RatesCommand::Import { file, effective, dry_run, config } => {
            let body = std::fs::read_to_string(&file)
                .with_context(|| format!("cannot read {}", file.display()))?;
            let card = match read_card(&body, effective) {
                Ok(card) => card,
                Err(bad) => {
                    bad.iter().for_each(|line| super::say(&line.to_string()));
                    super::talk("nothing was imported; mend these lines and import again");
                    return Ok(ExitCode::FAILURE);
                }
            };
            let store = open(&config).await?;
            import(&store, &file, effective, &card, (!dry_run).then_some(&body)).await?;
            store.close().await;
        }
        RatesCommand::List(config) => {
            let store = open(&config).await?;
            for card in store.rate_cards().await? {
                let (number, effective, at) = (card.number, card.effective, card.imported_at);
                super::say(&format!("{number}\t{effective}\t{}\timported {at}", card.source));
            }
            store.close().await;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn open(args: &ConfigArgs) -> anyhow::Result<Store> {
    let config = config::load(&args.files, config::environment())?;
    wiring::open_store(&config).await
}

/// Says what the card changes, currency by currency, and keeps it if there is a body.
async fn import(
    store: &Store,
    file: &Path,
    effective: Day,
    card: &RateCard,
    body: Option<&String>,
) -> anyhow::Result<()> {
    let book = store.rate_book().await?;
    let mut count = 0;
    for currency in card.currencies() {
        let before = book.on(effective, currency).map(|(_, card)| card);
        // Each currency is compared with the card that held for it so far.
        let rows = card.rows.iter().filter(|(key, _)| key.currency == currency);
        let rows = rows.map(|(key, steps)| (*key, steps.clone())).collect();
        for change in differences(before, &RateCard { effective, rows }) {
            count += 1;
            super::say(&change.to_string());
        }
    }
    let Some(body) = body else {
        super::talk(&format!("{count} changes from {effective} on; nothing was imported"));
        return Ok(());
    };
    let source = file.file_name().map_or_else(String::new, |name| name.to_string_lossy().into());
    let number = store.import_card(effective, &source, body, Timestamp::now()).await?;
    super::talk(&format!(
        "{count} changes; imported as card {number}, which holds from {effective} on. A running \
         daemon takes it within 15 s"
    ));
    Ok(())
}
