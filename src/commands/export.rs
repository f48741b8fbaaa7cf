//! `ringdown export`.

use std::fs::File;
use std::io::{self, BufWriter, IsTerminal as _, Write};
use std::path::Path;
use std::process::ExitCode;

use anyhow::Context as _;
use config::Config;
use model::{Timestamp, WorkspaceId};
use store::{CdrRow, Store};

use crate::cli::{CdrFormat, ExportArgs, ExportCommand, StatementFormat};
use crate::commands::cdr_parquet::ParquetWriter;
use crate::commands::keys::workspace_meant;
use crate::wiring;

/// Cells of the progress bar.
const BAR: u64 = 30;

pub(crate) async fn run(command: ExportCommand) -> anyhow::Result<ExitCode> {
    match command {
        ExportCommand::Cdr { from, to, format, whose } => {
            let (config, store) = open(&whose).await?;
            let tenant = tenant(&config, whose.workspace.as_ref())?;
            let period = (tenant.time_zone.start_of(from), tenant.time_zone.start_of(to));
            let out = output(whose.output.as_deref())?;
            cdrs(&store, &tenant.id, period, format, out).await?;
            store.close().await;
        }
        ExportCommand::Statement { month, format, whose } => {
            let (config, store) = open(&whose).await?;
            let tenant = tenant(&config, whose.workspace.as_ref())?;
            let known =
                store.workspace(&tenant.id).await?.context("the workspace is not set up")?;
            let made = api::statement::make(&store, &known, &tenant.time_zone, month).await?;
            let text = match format {
                StatementFormat::Html => api::statement::html(&made),
                StatementFormat::Csv => api::statement::csv(&made),
            };
            let mut out = output(whose.output.as_deref())?;
            out.write_all(text.as_bytes()).and_then(|()| out.flush()).context("cannot write")?;
            store.close().await;
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn open(args: &ExportArgs) -> anyhow::Result<(Config, Store)> {
    let config = config::load(&args.config.files, config::environment())?;
    let store = wiring::open_store(&config).await?;
    Ok((config, store))
}

fn tenant<'a>(
    config: &'a Config,
    named: Option<&WorkspaceId>,
) -> anyhow::Result<&'a config::Workspace> {
    let meant = workspace_meant(config, named)?;
    config.workspaces.iter().find(|one| one.id == *meant).context("the workspace is configured")
}

fn output(file: Option<&Path>) -> anyhow::Result<Box<dyn Write + Send>> {
    Ok(match file {
        Some(path) => {
            let file = File::create(path);
            let file = file.with_context(|| format!("cannot make {}", path.display()))?;
            Box::new(BufWriter::with_capacity(1 << 20, file))
        }
        None => Box::new(BufWriter::with_capacity(1 << 16, io::stdout())),
    })
}

async fn cdrs(
    store: &Store,
    workspace: &WorkspaceId,
    (from, to): (Timestamp, Timestamp),
    format: CdrFormat,
    out: Box<dyn Write + Send>,
) -> anyhow::Result<()> {
    let mut bar = Bar::new(store.count_cdrs(workspace, from, to).await?);
    let mut writer = Writer::new(format, out)?;
    let mut after = None;
    loop {
        let (rows, next) = store.export_cdrs(workspace, from, to, after.as_ref()).await?;
        writer.page(&rows).context("cannot write CDRs")?;
        bar.advance(rows.len() as u64);
        after = next;
        if after.is_none() {
            break;
        }
    }
    writer.finish().context("cannot write the last CDRs")?;
    bar.end();
    Ok(())
}

enum Writer {
    Csv(Box<csv::Writer<Box<dyn Write + Send>>>),
    Jsonl(Box<dyn Write + Send>),
    Parquet(Box<ParquetWriter>),
}

impl Writer {
    fn new(format: CdrFormat, out: Box<dyn Write + Send>) -> anyhow::Result<Self> {
        Ok(match format {
            CdrFormat::Csv => {
                let mut csv = csv::WriterBuilder::new().has_headers(false).from_writer(out);
                csv.write_record(CdrRow::COLUMNS)?;
                Self::Csv(Box::new(csv))
            }
            CdrFormat::Jsonl => Self::Jsonl(out),
            CdrFormat::Parquet => Self::Parquet(Box::new(ParquetWriter::new(out)?)),
        })
    }

    fn page(&mut self, rows: &[CdrRow]) -> anyhow::Result<()> {
        match self {
            Self::Csv(csv) => {
                for row in rows {
                    csv.serialize(row)?;
                }
            }
            Self::Jsonl(out) => {
                for row in rows {
                    serde_json::to_writer(&mut *out, row)?;
                    out.write_all(b"\n")?;
                }
            }
            Self::Parquet(file) => file.page(rows)?,
        }
        Ok(())
    }

    fn finish(self) -> anyhow::Result<()> {
        match self {
            Self::Csv(mut csv) => csv.flush()?,
            Self::Jsonl(mut out) => out.flush()?,
            Self::Parquet(file) => file.finish()?,
        }
        Ok(())
    }
}

/// Progress on a terminal; elsewhere nothing, so that logs stay clean.
struct Bar {
    all: u64,
    done: u64,
    shown: u64,
    is_shown: bool,
}

impl Bar {
    fn new(all: u64) -> Self {
        Self { all, done: 0, shown: u64::MAX, is_shown: io::stderr().is_terminal() }
    }

    fn advance(&mut self, rows: u64) {
        self.done += rows;
        let percent = (self.done * 100).checked_div(self.all).unwrap_or(100).min(100);
        if self.is_shown && percent != self.shown {
            self.shown = percent;
            let (full, all) = (usize::try_from(percent * BAR / 100).unwrap_or(0), BAR as usize);
            let bar = format!("{}{}", "#".repeat(full), ".".repeat(all.saturating_sub(full)));
            let _ = write!(
                io::stderr(),
                "\r[{bar}] {percent:3} %  {} of {} calls",
                self.done,
                self.all
            );
        }
    }

    fn end(&self) {
        if self.is_shown {
            let _ = writeln!(io::stderr());
        }
    }
}
