//! How a call sounds: looked at while it runs, judged when it ends.

use std::time::{Duration, Instant};

use call::{Event, Input, judge};
use media::{Hearing, LegSummary};
use model::{LegQuality, Verdict, Way};

use crate::owner::Owner;

/// Between two looks at a running call. The agent is told of a change at most this often.
pub(crate) const LOOK_EVERY: Duration = Duration::from_secs(5);

impl Owner {
    /// Looks at the last second of both legs.
    pub(crate) async fn look(&mut self) {
        let holder = self.call.holder().map(|target| target.device);
        let agent_leg = holder.and_then(|device| self.inner.board.lock().agent_leg(device));
        let (Some(carrier_leg), Some(agent_leg)) = (self.carrier_leg, agent_leg) else {
            self.look_due = None;
            return;
        };
        self.look_due = Some(Instant::now() + LOOK_EVERY);
        let plane = self.inner.doors.plane.clone();
        let caller = plane.quality(carrier_leg).await.and_then(|second| of_second(&second));
        let agent = plane.quality(agent_leg).await.and_then(|second| of_second(&second));
        if let Some(now) = judge(caller, agent) {
            self.take(Input::QualityNow { verdict: now.verdict, network: now.network }).await;
        }
    }

    /// Keeps how an agent's leg was. An agent who came back had several: the longest counts.
    pub(crate) fn keep_agent_summary(&mut self, summary: LegSummary) {
        if self.agent_summary.is_none_or(|kept| kept.seconds <= summary.seconds) {
            self.agent_summary = Some(summary);
        }
    }

    /// The call's media is over.
    pub(crate) async fn judge(&mut self) {
        let quality = judge(
            self.carrier_summary.as_ref().and_then(of_summary),
            self.agent_summary.as_ref().and_then(of_summary),
        );
        let Some(quality) = quality else { return };
        self.quality = Some(quality);
        self.inner.counts.judged(&quality);
        self.journal(&Event::QualityJudged(quality)).await;
    }
}

fn of_summary(summary: &LegSummary) -> Option<LegQuality> {
    let (inbound, outbound) = (summary.inbound, summary.outbound);
    leg_quality(summary.verdict?, summary.network, inbound, outbound, summary.round_trip)
}

fn of_second(second: &media::LegQuality) -> Option<LegQuality> {
    let (verdict, network) = second.verdict()?;
    let network = (verdict < media::Verdict::Good).then_some(network);
    leg_quality(verdict, network, second.inbound, second.outbound, second.round_trip)
}

fn leg_quality(
    verdict: media::Verdict,
    network: Option<media::Network>,
    inbound: Option<Hearing>,
    outbound: Option<Hearing>,
    round_trip: Option<Duration>,
) -> Option<LegQuality> {
    let worse = network.map(|network| match network {
        media::Network::Theirs => Way::Uplink,
        media::Network::Ours => Way::Downlink,
    });
    let shown = match worse {
        Some(Way::Uplink) => inbound,
        Some(Way::Downlink) => outbound,
        None => [inbound, outbound].into_iter().flatten().min_by(|a, b| a.mos.total_cmp(&b.mos)),
    }?;
    let verdict = match verdict {
        media::Verdict::Poor => Verdict::Poor,
        media::Verdict::Fair => Verdict::Fair,
        media::Verdict::Good => Verdict::Good,
    };
    let millis = |time: Duration| u32::try_from(time.as_millis()).unwrap_or(u32::MAX);
    Some(LegQuality {
        verdict,
        worse,
        // A cast from a float saturates.
        mos_milli: (shown.mos * 1_000.0).round() as u32,
        loss_ppm: (f64::from(shown.concealed) * 1_000_000.0).round() as u32,
        jitter_ms: millis(shown.jitter),
        rtt_ms: round_trip.map(millis),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hearing(mos: f32, concealed: f32) -> Hearing {
        Hearing { mos, concealed, loss: concealed / 2.0, jitter: Duration::from_micros(7_900) }
    }

    #[test]
    fn the_figures_are_those_of_the_worse_way() {
        let summary = LegSummary {
            seconds: 60,
            inbound: Some(hearing(4.3, 0.0)),
            outbound: Some(hearing(2.6, 0.12)),
            round_trip: Some(Duration::from_millis(180)),
            silent: 0.4,
            verdict: Some(media::Verdict::Poor),
            network: Some(media::Network::Ours),
        };
        let expected = LegQuality {
            verdict: Verdict::Poor,
            worse: Some(Way::Downlink),
            mos_milli: 2_600,
            loss_ppm: 120_000,
            jitter_ms: 7,
            rtt_ms: Some(180),
        };
        assert_eq!(of_summary(&summary), Some(expected));
        let good = LegSummary { verdict: Some(media::Verdict::Good), network: None, ..summary };
        let good = of_summary(&good).unwrap();
        assert_eq!((good.worse, good.mos_milli), (None, 2_600));
    }

    #[test]
    fn a_leg_nobody_heard_has_no_quality() {
        assert_eq!(of_summary(&LegSummary::default()), None);
        assert_eq!(of_second(&media::LegQuality::default()), None);
    }
}
