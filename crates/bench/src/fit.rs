//! How many calls fit: more and more of them, until the first limit is met.

use crate::error::BenchError;
use crate::load::Figures;
use crate::run::Engine;

/// Where the search begins.
const FIRST: usize = 1_000;
/// Beyond this the far ends' ports run out; no machine with a processor for them gets there.
const CALLS_MAX: usize = 10_000;
/// Attempts between what fits and what does not: with a quarter more each time while it goes up,
/// they leave a few percent.
const HALVINGS: usize = 3;
/// Slower than this is not a conversation any more: a whole frame.
const LATENCY_P99_MAX_US: f64 = 20_000.0;
/// More than this is heard.
const LOSS_MAX: f64 = 0.005;
/// A processor with more work than this is full.
const FULL: f64 = 0.97;
/// Far ends that sent less than this share of what was due were not the load they should be.
const OFFERED_MIN: f64 = 0.97;

/// What the next call would have met.
#[derive(Clone, Copy, PartialEq, Eq, Debug, serde::Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Limit {
    /// Packets that took longer than 20 ms, more than one in a hundred.
    Latency,
    /// Packets lost, more than one in two hundred.
    Loss,
    /// The processor of what was measured.
    Processor,
    /// The processor of the far ends: what was measured could carry more.
    FarEnds,
    /// The search stopped by itself.
    Search,
}

/// As many calls as fit.
#[derive(Clone, Copy, PartialEq, Debug, serde::Serialize)]
pub struct Fit {
    /// What carried them.
    pub engine: Engine,
    /// How many fitted.
    pub calls: usize,
    /// Why there were not more.
    pub limit: Limit,
    /// Figures with as many.
    pub figures: Figures,
}

/// The limit these figures are beyond, if any. What the far ends' full processor spoils is not
/// counted against what is measured.
fn limit(figures: &Figures) -> Option<Limit> {
    if figures.cpu_share >= FULL {
        Some(Limit::Processor)
    } else if figures.far_cpu_share >= FULL || figures.offered < OFFERED_MIN {
        Some(Limit::FarEnds)
    } else if figures.latency_p99_us > LATENCY_P99_MAX_US {
        Some(Limit::Latency)
    } else if figures.loss > LOSS_MAX {
        Some(Limit::Loss)
    } else {
        None
    }
}

/// Searches; `attempt` measures with a number of calls.
///
/// # Errors
/// That of the first attempt: none fitted. A later one that cannot even be set up does not fit.
pub fn find(
    engine: Engine,
    attempt: &mut dyn FnMut(usize) -> Result<Figures, BenchError>,
) -> Result<Fit, BenchError> {
    // Once may have been somebody else's work on the machine; twice is a limit.
    let mut attempt = |calls| match attempt(calls) {
        Ok(figures) if limit(&figures).is_some() => attempt(calls),
        other => other,
    };
    let mut tried = FIRST;
    let mut figures = attempt(tried)?;
    while let Some(limit) = limit(&figures) {
        if tried < 10 {
            return Ok(Fit { engine, calls: 0, limit, figures });
        }
        tried /= 2;
        figures = attempt(tried)?;
    }
    let mut best = Fit { engine, calls: tried, limit: Limit::Search, figures };
    let mut too_many = None;
    let mut halvings = 0;
    while halvings < HALVINGS {
        let calls = match too_many {
            None => best.calls + best.calls / 4,
            Some(too_many) => usize::midpoint(best.calls, too_many),
        };
        if calls > CALLS_MAX || calls == best.calls {
            break;
        }
        let figures = attempt(calls);
        let met = figures.as_ref().map_or(Some(Limit::FarEnds), limit);
        match (met, figures) {
            (None, Ok(figures)) => best = Fit { calls, figures, ..best },
            (met, _) => {
                too_many = Some(calls);
                best.limit = met.unwrap_or(Limit::Search);
            }
        }
        halvings += usize::from(too_many.is_some());
    }
    Ok(best)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn figures(cpu_share: f64, far_cpu_share: f64, latency_p99_us: f64, loss: f64) -> Figures {
        Figures {
            cpu_per_packet_us: 4.0,
            calls_per_core: 2_500.0,
            cpu_share,
            latency_p50_us: 700.0,
            latency_p99_us,
            memory_per_call_kib: 40.0,
            setup_per_leg_us: 250.0,
            setup_with_http_us: 300.0,
            far_cpu_share,
            offered: 1.0,
            heard: 10,
            lost: 0,
            loss,
            wrong: 0,
        }
    }

    #[test]
    fn the_search_ends_close_below_the_first_limit() {
        for (limit, beyond) in [
            (Limit::Processor, figures(0.98, 0.9, 900.0, 0.0)),
            (Limit::FarEnds, figures(0.6, 0.99, 900.0, 0.0)),
            (Limit::FarEnds, Figures { offered: 0.9, ..figures(0.6, 0.6, 900.0, 0.0) }),
            (Limit::Latency, figures(0.6, 0.6, 21_000.0, 0.0)),
            (Limit::Loss, figures(0.6, 0.6, 900.0, 0.006)),
        ] {
            for fits in [300, 1_000, 1_700, 4_321] {
                let well = figures(0.5, 0.5, 900.0, 0.001);
                let mut attempt = |calls| Ok(if calls <= fits { well } else { beyond });
                let found = find(Engine::AesGcm, &mut attempt).expect("it can be measured");
                assert_eq!(found.limit, limit);
                let share = found.calls as f64 / fits as f64;
                assert!((0.93..=1.0).contains(&share), "{} of {fits}", found.calls);
            }
        }
    }

    #[test]
    fn what_cannot_be_set_up_does_not_fit_and_nothing_is_searched_for_ever() {
        let why = || BenchError::NeedsLinux("that many");
        let well = figures(0.5, 0.5, 900.0, 0.0);
        let mut attempt = |calls| if calls > 1_300 { Err(why()) } else { Ok(well) };
        let found = find(Engine::Bare, &mut attempt).expect("fewer can");
        assert!((1_250..=1_300).contains(&found.calls), "{}", found.calls);
        let endless = find(Engine::Bare, &mut |_| Ok(well)).expect("it can be measured");
        assert_eq!(endless.limit, Limit::Search);
        assert!(find(Engine::Bare, &mut |_| Err(why())).is_err());
        let hopeless = find(Engine::Bare, &mut |_| Ok(figures(1.0, 0.1, 1.0, 0.0)));
        assert_eq!(hopeless.expect("it can be measured").calls, 0);
    }
}
