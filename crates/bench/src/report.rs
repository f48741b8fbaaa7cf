//! The figures as a table for people and as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::fit::{Fit, Limit};
use crate::load::Figures;
use crate::run::Engine;

/// Figures of one engine at one size.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct Row {
    /// What was measured.
    pub engine: Engine,
    /// Calls it carried.
    pub calls: usize,
    /// The median round.
    pub figures: Figures,
    /// Calls per core as a share of the bare loop's at the same size, round by round; the median.
    pub ratio: Option<f64>,
}

/// Everything measured in one run.
#[derive(Clone, PartialEq, Debug)]
pub struct Report {
    /// Processors of the machine.
    pub processors: usize,
    /// Whether engine and far ends each had a processor of their own.
    pub pinned: bool,
    /// Seconds measured each time.
    pub seconds: f64,
    /// Rounds the medians are of.
    pub rounds: usize,
    /// In order of size, then of engine.
    pub rows: Vec<Row>,
    /// As many calls as fit, where that was looked for.
    pub fits: Vec<Fit>,
}

impl Report {
    /// The worst ratio of all engines that have one.
    pub fn worst_ratio(&self) -> Option<f64> {
        let engines = self.rows.iter().filter(|row| row.engine != Engine::Bare);
        engines.filter_map(|row| row.ratio).min_by(f64::total_cmp)
    }

    /// Packets lost or wrong in all engines.
    pub fn damaged(&self) -> u64 {
        self.rows.iter().map(|row| row.figures.lost + row.figures.wrong).sum()
    }

    /// CPU per call at each size against that at the smallest one, per engine.
    fn growth(&self, row: &Row) -> Option<f64> {
        let first = self.rows.iter().find(|first| first.engine == row.engine)?;
        Some(row.figures.cpu_per_packet_us / first.figures.cpu_per_packet_us - 1.0)
    }

    /// What recording costs: CPU per packet against the same engine without it.
    fn recording(&self, row: &Row) -> Option<f64> {
        let without = match row.engine {
            Engine::AesCmRecorded => Engine::AesCm,
            Engine::AesGcmRecorded => Engine::AesGcm,
            Engine::Bare | Engine::AesCm | Engine::AesGcm => return None,
        };
        let plain = self.rows.iter().find(|it| it.engine == without && it.calls == row.calls)?;
        Some(row.figures.cpu_per_packet_us / plain.figures.cpu_per_packet_us - 1.0)
    }

    /// Tables in Markdown.
    pub fn table(&self) -> String {
        let mut text = format!(
            "{} processors, {}, {} round(s) of {} s, median; latency is one way through the \
             bridge, tick included\n\n\
             | engine | calls | us/packet | CPU ms per call and s | calls/core | of bare | \
             p50 / p99 ms | KiB/call | set-up us/leg (with HTTP) | growth | recording | lost | \
             wrong |\n|---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n",
            self.processors,
            if self.pinned { "engine and far ends pinned" } else { "not pinned" },
            self.rounds,
            self.seconds,
        );
        for row in &self.rows {
            self.write_row(&mut text, row);
        }
        if !self.fits.is_empty() {
            text.push_str(
                "\n| as many as fit | calls | limit | CPU | far ends' CPU | p50 / p99 ms | lost |\n\
                 |---|--:|---|--:|--:|--:|--:|\n",
            );
        }
        for fit in &self.fits {
            let figures = &fit.figures;
            // Writing into a String cannot fail.
            let _ = writeln!(
                text,
                "| {} | {} | {} | {:.0} % | {:.0} % | {:.2} / {:.2} | {:.2} % |",
                name(fit.engine),
                fit.calls,
                limit(fit.limit),
                figures.cpu_share * 100.0,
                figures.far_cpu_share * 100.0,
                figures.latency_p50_us / 1_000.0,
                figures.latency_p99_us / 1_000.0,
                figures.loss * 100.0,
            );
        }
        text
    }

    fn write_row(&self, text: &mut String, row: &Row) {
        let figures = &row.figures;
        let percent = |share: Option<f64>| {
            share.map_or_else(String::new, |it| format!("{:+.0} %", it * 100.0))
        };
        let ratio = row.ratio.filter(|_| row.engine != Engine::Bare);
        let _ = writeln!(
            text,
            "| {} | {} | {:.2} | {:.2} | {:.0} | {} | {:.2} / {:.2} | {:.1} | {:.0} ({:.0}) | {} | {} \
             | {} | {} |",
            name(row.engine),
            row.calls,
            figures.cpu_per_packet_us,
            figures.cpu_per_packet_us / 10.0,
            figures.calls_per_core,
            ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}")),
            figures.latency_p50_us / 1_000.0,
            figures.latency_p99_us / 1_000.0,
            figures.memory_per_call_kib,
            figures.setup_per_leg_us,
            figures.setup_with_http_us,
            percent(self.growth(row)),
            percent(self.recording(row)),
            figures.lost,
            figures.wrong,
        );
    }

    /// The same as JSON.
    pub fn json(&self) -> Value {
        let row = |row: &Row| {
            json!({
                "engine": row.engine,
                "calls": row.calls,
                "ratio_to_bare": row.ratio,
                "cpu_ms_per_call_second": row.figures.cpu_per_packet_us / 10.0,
                "cpu_growth": self.growth(row),
                "recording_cost": self.recording(row),
                "figures": row.figures,
            })
        };
        json!({
            "processors": self.processors,
            "pinned": self.pinned,
            "seconds": self.seconds,
            "rounds": self.rounds,
            "rows": self.rows.iter().map(row).collect::<Vec<_>>(),
            "fits": self.fits,
        })
    }
}

const fn limit(limit: Limit) -> &'static str {
    match limit {
        Limit::Latency => "latency",
        Limit::Loss => "loss",
        Limit::Processor => "its processor",
        Limit::FarEnds => "the far ends' processor",
        Limit::Search => "none found",
    }
}

const fn name(engine: Engine) -> &'static str {
    match engine {
        Engine::Bare => "bare receive-send loop",
        Engine::AesCm => "engine, AES-CM",
        Engine::AesGcm => "engine, AES-GCM",
        Engine::AesCmRecorded => "engine, AES-CM, recording",
        Engine::AesGcmRecorded => "engine, AES-GCM, recording",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(engine: Engine, calls: usize, cpu_per_packet_us: f64, ratio: f64) -> Row {
        let figures = Figures {
            cpu_per_packet_us,
            calls_per_core: 1e4 / cpu_per_packet_us,
            cpu_share: 0.1,
            latency_p50_us: 700.0,
            latency_p99_us: 1_300.0,
            memory_per_call_kib: 40.0,
            setup_per_leg_us: 300.0,
            setup_with_http_us: 350.0,
            far_cpu_share: 0.5,
            offered: 1.0,
            heard: 10,
            lost: 1,
            loss: 0.001,
            wrong: 0,
        };
        Row { engine, calls, figures, ratio: Some(ratio) }
    }

    #[test]
    fn the_table_compares_sizes_and_recording() {
        let rows = vec![
            row(Engine::Bare, 50, 4.0, 1.0),
            row(Engine::AesCm, 50, 8.0, 0.5),
            row(Engine::Bare, 400, 3.0, 1.0),
            row(Engine::AesCm, 400, 4.0, 0.75),
            row(Engine::AesCmRecorded, 400, 5.0, 0.6),
        ];
        let figures = rows[3].figures;
        let fits =
            vec![Fit { engine: Engine::AesCm, calls: 1_900, limit: Limit::FarEnds, figures }];
        let report = Report { processors: 2, pinned: true, seconds: 1.0, rounds: 1, rows, fits };
        assert_eq!(report.worst_ratio(), Some(0.5));
        assert_eq!(report.damaged(), 5);
        let table = report.table();
        for line in [
            "| engine, AES-CM | 400 | 4.00 | 0.40 | 2500 | 0.75 | 0.70 / 1.30 | 40.0 | 300 (350) | -50 % |  | 1 | 0 |",
            "| engine, AES-CM, recording | 400 | 5.00 | 0.50 | 2000 | 0.60 | 0.70 / 1.30 | 40.0 | 300 (350) | +0 % | +25 % | 1 | 0 |",
            "| engine, AES-CM | 1900 | the far ends' processor | 10 % | 50 % | 0.70 / 1.30 | 0.10 % |",
        ] {
            assert!(table.lines().any(|it| it == line), "{line}\nin\n{table}");
        }
        assert_eq!(report.json()["rows"][3]["ratio_to_bare"], 0.75);
        assert_eq!(report.json()["fits"][0]["limit"], "far-ends");
    }
}
