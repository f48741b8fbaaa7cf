//! The figures as a table for people and as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

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
}

impl Report {
    /// Calls per core of a row as a share of the bare loop's at the same size.
    pub fn ratio(&self, row: &Row) -> Option<f64> {
        let of_size = |bare: &&Row| bare.engine == Engine::Bare && bare.calls == row.calls;
        let bare = self.rows.iter().find(of_size)?;
        Some(row.figures.calls_per_core / bare.figures.calls_per_core)
    }

    /// The worst ratio of all engines that have one.
    pub fn worst_ratio(&self) -> Option<f64> {
        let engines = self.rows.iter().filter(|row| row.engine != Engine::Bare);
        engines.filter_map(|row| self.ratio(row)).min_by(f64::total_cmp)
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

    /// A table in Markdown.
    pub fn table(&self) -> String {
        let mut text = format!(
            "{} processors, {}, {} round(s) of {} s, median\n\n\
             | engine | calls | us/packet | calls/core | of bare | p50 / p99 ms | KiB/call | \
             set-up us/leg | CPU per call | lost | wrong |\n\
             |---|--:|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n",
            self.processors,
            if self.pinned { "engine and far ends pinned" } else { "not pinned" },
            self.rounds,
            self.seconds,
        );
        for row in &self.rows {
            let figures = &row.figures;
            let ratio = match row.engine {
                Engine::Bare => None,
                Engine::AesCm | Engine::AesGcm | Engine::AesCmRecorded | Engine::AesGcmRecorded => {
                    self.ratio(row)
                }
            };
            // Writing into a String cannot fail.
            let _ = writeln!(
                text,
                "| {} | {} | {:.2} | {:.0} | {} | {:.2} / {:.2} | {:.1} | {:.0} | {:+.0} % | {} | {} |",
                name(row.engine),
                row.calls,
                figures.cpu_per_packet_us,
                figures.calls_per_core,
                ratio.map_or_else(String::new, |ratio| format!("{ratio:.2}")),
                figures.latency_p50_us / 1_000.0,
                figures.latency_p99_us / 1_000.0,
                figures.memory_per_call_kib,
                figures.setup_per_leg_us,
                self.growth(row).unwrap_or(0.0) * 100.0,
                figures.lost,
                figures.wrong,
            );
        }
        text
    }

    /// The same as JSON.
    pub fn json(&self) -> Value {
        let row = |row: &Row| {
            json!({
                "engine": row.engine,
                "calls": row.calls,
                "ratio_to_bare": self.ratio(row),
                "cpu_growth": self.growth(row),
                "figures": row.figures,
            })
        };
        json!({
            "processors": self.processors,
            "pinned": self.pinned,
            "seconds": self.seconds,
            "rounds": self.rounds,
            "rows": self.rows.iter().map(row).collect::<Vec<_>>(),
        })
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

    fn row(engine: Engine, calls: usize, cpu_per_packet_us: f64) -> Row {
        let figures = Figures {
            cpu_per_packet_us,
            calls_per_core: 1e4 / cpu_per_packet_us,
            cpu_share: 0.1,
            latency_p50_us: 700.0,
            latency_p99_us: 1_300.0,
            memory_per_call_kib: 40.0,
            setup_per_leg_us: 300.0,
            heard: 10,
            lost: 1,
            wrong: 0,
        };
        Row { engine, calls, figures }
    }

    #[test]
    fn ratios_compare_with_the_bare_loop_of_the_same_size() {
        let rows = vec![
            row(Engine::Bare, 50, 4.0),
            row(Engine::AesCm, 50, 8.0),
            row(Engine::Bare, 400, 3.0),
            row(Engine::AesCm, 400, 4.0),
        ];
        let report = Report { processors: 2, pinned: true, seconds: 1.0, rounds: 1, rows };
        assert_eq!(report.ratio(&report.rows[3]), Some(0.75));
        assert_eq!(report.worst_ratio(), Some(0.5));
        assert_eq!(report.damaged(), 4);
        let table = report.table();
        let last = table.lines().last().unwrap();
        let expected = "| engine, AES-CM | 400 | 4.00 | 2500 | 0.75 | 0.70 / 1.30 | 40.0 | 300 | -50 % | 1 | 0 |";
        assert_eq!(last, expected);
        assert_eq!(report.json()["rows"][3]["ratio_to_bare"], 0.75);
    }
}
