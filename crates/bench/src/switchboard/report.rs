//! The figures as tables and as JSON, and whether they are what they must be.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::{Acks, Idle, Rings, Spread, steepening};

/// The budgets: what a node must do.
const RING_P99_MS: f64 = 25.0;
const LOSER_P99_MS: f64 = 200.0;
const IDLE_KIB: f64 = 40.0;
const ACK_P999_MS: f64 = 50.0;

/// What the short form accepts: ten times what is usual, so that only what is really wrong fails
/// on a machine that does something else meanwhile.
const SHORT_RING_P99_MS: f64 = 250.0;
const SHORT_LOSER_P99_MS: f64 = 500.0;
const SHORT_IDLE_KIB: f64 = 120.0;
const SHORT_ACK_P999_MS: f64 = 1_000.0;

/// Everything measured in one run.
#[derive(Clone, PartialEq, Debug, Default)]
pub struct Report {
    /// Processors of the machine: daemon, crowd and Meta share them.
    pub processors: usize,
    /// In order of size.
    pub rings: Vec<Rings>,
    /// A steady stream of webhooks.
    pub acks: Option<Acks>,
    /// Idle devices.
    pub idle: Option<Idle>,
}

impl Report {
    /// How much steeper cost grows between the two largest of three sizes than before.
    pub fn steepening(&self) -> Option<f64> {
        let point = |rings: &Rings| (rings.devices as f64, rings.cpu_per_call_ms);
        match self.rings.as_slice() {
            [a, b, c] => steepening([point(a), point(b), point(c)]),
            _ => None,
        }
    }

    /// What is so far off that something must be broken, in sentences.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let mut check = |what: &str, unit: &str, is: f64, limit: f64| {
            if is > limit {
                faults.push(format!("{what}: {is:.1} {unit}, and at most {limit} is accepted"));
            }
        };
        for rings in &self.rings {
            let limit = SHORT_RING_P99_MS;
            check("webhook to ring frame, p99", "ms", rings.ring.p99_ms, limit);
            check("claim to loser told, p99", "ms", rings.loser.p99_ms, SHORT_LOSER_P99_MS);
        }
        if let Some(acks) = &self.acks {
            check("webhook answered, p99.9", "ms", acks.ack.p999_ms, SHORT_ACK_P999_MS);
            check("webhooks refused", "of all", acks.refused as f64, 0.0);
        }
        if let Some(idle) = &self.idle {
            check("an idle device", "KiB", idle.memory_kib, SHORT_IDLE_KIB);
            check("idle sockets closed", "of all", idle.lost as f64, 0.0);
        }
        faults
    }

    /// Tables in Markdown.
    pub fn table(&self) -> String {
        let mut text = format!(
            "{} processors, shared by the daemon, a simulated Meta, and every device\n\n\
             | devices rung | calls | webhook → ring frame p50 / p99 / max ms | last device p50 ms \
             | loser told p50 / p99 / max ms | webhook answered p50 / max ms | CPU ms/call | \
             CPU us/device | idle CPU |\n|--:|--:|--:|--:|--:|--:|--:|--:|--:|\n",
            self.processors
        );
        for rings in &self.rings {
            // Writing into a String cannot fail.
            let _ = writeln!(
                text,
                "| {} | {} | {} | {:.1} | {} | {:.1} / {:.1} | {:.1} | {:.0} | {:.1} % |",
                rings.devices,
                rings.calls,
                three(&rings.ring),
                rings.last_ring.p50_ms,
                three(&rings.loser),
                rings.ack.p50_ms,
                rings.ack.max_ms,
                rings.cpu_per_call_ms,
                rings.cpu_per_device_us,
                rings.idle_cpu * 100.0,
            );
        }
        text.push_str("\n| what | measured | budget |\n|---|--:|--:|\n");
        let mut line = |what: &str, measured: String, budget: String| {
            let _ = writeln!(text, "| {what} | {measured} | {budget} |");
        };
        if let Some(last) = self.rings.last() {
            let budget = format!("{RING_P99_MS} ms");
            line("webhook → ring frame, p99", format!("{:.1} ms", last.ring.p99_ms), budget);
            let budget = format!("{LOSER_P99_MS} ms");
            line("claim → loser told, p99", format!("{:.1} ms", last.loser.p99_ms), budget);
        }
        if let Some(times) = self.steepening() {
            let what = "cost of one more device, large against small rings";
            line(what, format!("{times:.2}"), "about 1".to_owned());
        }
        if let Some(Acks { per_second, devices, ack, refused }) = &self.acks {
            let what =
                format!("webhook answered, p99.9 at {per_second}/s beside {devices} devices");
            let measured = format!("{:.1} ms (max {:.1})", ack.p999_ms, ack.max_ms);
            line(&what, measured, format!("{ACK_P999_MS} ms"));
            line("webhooks refused", refused.to_string(), "0".to_owned());
        }
        if let Some(Idle { devices, memory_kib, pong, lost, cpu }) = &self.idle {
            let what = format!("memory of an idle device, {devices} of them");
            line(&what, format!("{memory_kib:.1} KiB"), format!("{IDLE_KIB} KiB"));
            let what = format!("their pings answered ({} of them), p99", pong.samples);
            line(&what, format!("{:.1} ms", pong.p99_ms), String::new());
            line("their sockets closed", lost.to_string(), "0".to_owned());
            line("their CPU", format!("{:.1} %", cpu * 100.0), String::new());
        }
        text
    }

    /// Everything, for programs.
    pub fn json(&self) -> Value {
        json!({
            "processors": self.processors,
            "rings": self.rings,
            "steepening": self.steepening(),
            "acks": self.acks,
            "idle": self.idle,
        })
    }
}

fn three(spread: &Spread) -> String {
    format!("{:.1} / {:.1} / {:.1}", spread.p50_ms, spread.p99_ms, spread.max_ms)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rings(devices: usize, p99_ms: f64, cpu_per_call_ms: f64) -> Rings {
        let spread = Spread { samples: 10, p50_ms: 1.0, p99_ms, p999_ms: p99_ms, max_ms: 9.0 };
        Rings {
            devices,
            calls: 5,
            ring: spread,
            last_ring: spread,
            loser: spread,
            ack: spread,
            cpu_per_call_ms,
            cpu_per_device_us: cpu_per_call_ms * 1e3 / devices as f64,
            idle_cpu: 0.05,
        }
    }

    #[test]
    fn the_table_shows_sizes_and_whether_cost_is_linear() {
        let rings = vec![rings(100, 4.0, 3.0), rings(400, 9.0, 9.0), rings(1_000, 20.0, 33.0)];
        let report = Report { processors: 2, rings, ..Report::default() };
        let table = report.table();
        for line in [
            "| 400 | 5 | 1.0 / 9.0 / 9.0 | 1.0 | 1.0 / 9.0 / 9.0 | 1.0 / 9.0 | 9.0 | 22 | 5.0 % |",
            "| webhook → ring frame, p99 | 20.0 ms | 25 ms |",
            "| cost of one more device, large against small rings | 2.00 | about 1 |",
        ] {
            assert!(table.lines().any(|it| it == line), "{line}\nin\n{table}");
        }
        assert_eq!(report.json()["rings"][2]["ring"]["p99_ms"], 20.0);
        assert_eq!(report.json()["steepening"], 2.0);
        assert_eq!(report.faults(), Vec::<String>::new());
    }

    #[test]
    fn only_what_is_really_wrong_is_a_fault() {
        let slow = Report { rings: vec![rings(200, 300.0, 3.0)], ..Report::default() };
        let faults = slow.faults();
        assert_eq!(faults.len(), 1, "{faults:?}");
        assert!(faults[0].contains("300.0 ms"), "{faults:?}");
        let idle =
            Idle { devices: 400, memory_kib: 30.0, pong: Spread::default(), lost: 1, cpu: 0.01 };
        let closed = Report { idle: Some(idle), ..Report::default() };
        assert_eq!(closed.faults().len(), 1);
    }
}
