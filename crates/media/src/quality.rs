//! How well the two ends of a leg hear each other: once a second, and over the whole leg.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use crate::opus_frame;
use crate::reception::Tally;
use crate::rtcp::Block;

/// Between two looks.
const PACE: Duration = Duration::from_secs(1);
/// The E-model's rating without any impairment (ITU-T G.107, default values).
const RATING_MAX: f32 = 93.2;
/// Equipment impairment of Opus at 20 kbit/s, and how well it takes loss. ITU-T G.113 has no
/// values for Opus; these lie between G.711 with concealment (0 and 25.1) and AMR 12.2 (5 and 10).
const OPUS_IE: f32 = 5.0;
const OPUS_BPL: f32 = 20.0;
/// Milliseconds of delay besides the network: a frame, the codec's look-ahead, a playout buffer.
const DELAY_FIXED: f32 = 20.0 + 6.5 + 40.0;
/// A second below this is a bad one: G.107 annex B calls it "nearly all users dissatisfied".
const MOS_BAD: f32 = 3.1;
/// On average at least this is good: "users satisfied".
const MOS_GOOD: f32 = 4.0;

/// What one end hears of the other.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct Hearing {
    /// Share of packets that never arrived, 0 to 1.
    pub loss: f32,
    /// Interarrival jitter (RFC 3550 section 6.4.1).
    pub jitter: Duration,
    /// Share of frames a listener's decoder has to make up: lost ones, and those that came too
    /// late to be played. Of what the peer hears only the loss is known.
    pub concealed: f32,
    /// Mean opinion score by the E-model (ITU-T G.107, simplified), 1 to 4.5.
    pub mos: f32,
}

/// A leg in the last full second.
#[derive(Clone, Copy, PartialEq, Debug, Default, Serialize, Deserialize)]
pub struct LegQuality {
    /// What we hear of the peer; `None` when nothing came and nothing is known to be missing.
    pub inbound: Option<Hearing>,
    /// What the peer reports of us; `None` when no report came.
    pub outbound: Option<Hearing>,
    /// Round trip between us and the peer, from reports.
    pub round_trip: Option<Duration>,
    /// Share of the time in which the peer sent no sound or frames too small to be speech, 0 to 1.
    pub silent: f32,
}

impl LegQuality {
    /// How this second was and on which way it suffered, by the limits of a whole leg's average;
    /// `None` when nothing is known of either way.
    pub fn verdict(&self) -> Option<(Verdict, Network)> {
        let ways = [(self.inbound, Network::Theirs), (self.outbound, Network::Ours)];
        ways.into_iter()
            .filter_map(|(hearing, network)| Some((Verdict::of_mean(hearing?.mos), network)))
            .min_by_key(|(verdict, _)| *verdict)
    }
}

/// How a leg was, all in all.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Verdict {
    /// Users would be dissatisfied: bad on average, or in a fifth of all seconds.
    Poor,
    /// Some would be.
    Fair,
    /// Nobody would complain.
    Good,
}

impl Verdict {
    const fn of_mean(mos: f32) -> Self {
        if mos < MOS_BAD {
            Self::Poor
        } else if mos < MOS_GOOD {
            Self::Fair
        } else {
            Self::Good
        }
    }
}

/// On which way sound suffered.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Network {
    /// From the peer to us: their uplink or our downlink, seen in what arrived here.
    Theirs,
    /// From us to the peer, seen in the peer's reports.
    Ours,
}

/// A leg from its start until now.
#[derive(Clone, Copy, PartialEq, Debug, Default)]
pub struct LegSummary {
    /// Seconds of sound that were judged.
    pub seconds: u32,
    /// What we heard, on average; `None` if nothing came.
    pub inbound: Option<Hearing>,
    /// What the peer reported, on average; `None` if it never did.
    pub outbound: Option<Hearing>,
    /// The mean round trip.
    pub round_trip: Option<Duration>,
    /// Share of silence in the peer's sound.
    pub silent: f32,
    /// `None` for a leg that was never heard from.
    pub verdict: Option<Verdict>,
    /// Where the worse way was; `None` when both were good.
    pub network: Option<Network>,
}

/// The E-model with its default values: the delay is one way, `loss` a share.
pub(crate) fn mos(delay_ms: f32, loss: f32) -> f32 {
    let percent = 100.0 * loss;
    let equipment = OPUS_IE + (95.0 - OPUS_IE) * percent / (percent + OPUS_BPL);
    let delay = 0.024 * delay_ms + 0.11 * (delay_ms - 177.3).max(0.0);
    let rating = (RATING_MAX - delay - equipment).clamp(0.0, 100.0);
    1.0 + 0.035 * rating + rating * (rating - 60.0) * (100.0 - rating) * 7e-6
}

fn delay_ms(round_trip: Option<Duration>, jitter: Duration) -> f32 {
    let ms = |time: Duration| time.as_secs_f32() * 1_000.0;
    DELAY_FIXED + round_trip.map_or(0.0, ms) / 2.0 + 2.0 * ms(jitter)
}

/// Averages of one way.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
struct Way {
    seconds: u32,
    bad: u32,
    loss: f64,
    concealed: f64,
    mos: f64,
    jitter: Duration,
}

impl Way {
    fn add(&mut self, hearing: &Hearing) {
        self.seconds += 1;
        self.bad += u32::from(hearing.mos < MOS_BAD);
        self.loss += f64::from(hearing.loss);
        self.concealed += f64::from(hearing.concealed);
        self.mos += f64::from(hearing.mos);
        self.jitter += hearing.jitter;
    }

    fn mean(&self) -> Option<Hearing> {
        let seconds = f64::from(self.seconds);
        (self.seconds > 0).then(|| Hearing {
            loss: (self.loss / seconds) as f32,
            jitter: self.jitter / self.seconds,
            concealed: (self.concealed / seconds) as f32,
            mos: (self.mos / seconds) as f32,
        })
    }

    fn verdict(&self) -> Option<Verdict> {
        let mos = self.mean()?.mos;
        Some(if mos < MOS_BAD || 5 * self.bad > self.seconds {
            Verdict::Poor
        } else if mos < MOS_GOOD || 20 * self.bad > self.seconds {
            Verdict::Fair
        } else {
            Verdict::Good
        })
    }
}

/// Keeps watch over one leg.
#[derive(Clone, Copy, Debug, Default, Serialize, Deserialize)]
#[repr(C)] // in front what every packet adds to
pub(crate) struct Meter {
    /// Sound in this second that may be speech.
    voiced: Duration,
    /// Seconds start anew in a process that takes the leg over.
    #[serde(skip)]
    looked_at: Option<Instant>,
    tally: Tally,
    report: Option<Block>,
    round_trip: Option<Duration>,
    latest: Option<LegQuality>,
    inbound: Way,
    outbound: Way,
    round_trips: (u32, Duration),
    silent: (u32, f64),
}

impl Meter {
    /// The leg is up.
    pub(crate) const fn start(&mut self, now: Instant) {
        self.looked_at = Some(now);
    }

    /// Sound came.
    pub(crate) fn hear(&mut self, payload: &[u8]) {
        if !opus_frame::is_tiny(payload) {
            self.voiced += opus_frame::duration(payload);
        }
    }

    /// The peer reported.
    pub(crate) const fn told(&mut self, block: Block, round_trip: Option<Duration>) {
        self.report = Some(block);
        if round_trip.is_some() {
            self.round_trip = round_trip;
        }
    }

    /// Sound in this second so far.
    pub(crate) const fn voiced(&self) -> Duration {
        self.voiced
    }

    /// When [`Self::look`] is due.
    pub(crate) fn next_look(&self) -> Option<Instant> {
        Some(self.looked_at? + PACE)
    }

    /// Ends a second. `heard` and `jitter` are of everything heard so far.
    pub(crate) fn look(&mut self, now: Instant, heard: Tally, jitter: Duration) {
        let Some(since) = self.next_look().filter(|at| *at <= now).and(self.looked_at) else {
            return;
        };
        self.looked_at = Some(now);
        let elapsed = now.saturating_duration_since(since);
        let before = std::mem::replace(&mut self.tally, heard);
        let expected = heard.expected.saturating_sub(before.expected);
        let received = heard.received.saturating_sub(before.received);
        // What a second is missing may still come in the next one, which then has too much.
        let lost = expected.saturating_sub(received);
        let late = heard.late.saturating_sub(before.late);
        let share = |part: u64| (part as f32 / expected as f32).min(1.0);
        let inbound = (expected > 0).then(|| Hearing {
            loss: share(lost),
            jitter,
            concealed: share(lost + late),
            mos: mos(delay_ms(self.round_trip, jitter), share(lost + late)),
        });
        let outbound = self.report.take().map(|block| self.reported(&block));
        let voiced = std::mem::take(&mut self.voiced).as_secs_f32() + 0.02 * lost as f32;
        let silent = 1.0 - (voiced / elapsed.as_secs_f32()).clamp(0.0, 1.0);
        self.keep(LegQuality { inbound, outbound, round_trip: self.round_trip, silent });
    }

    fn reported(&self, block: &Block) -> Hearing {
        let loss = f32::from(block.fraction_lost) / 256.0;
        let jitter = Duration::from_micros(u64::from(block.jitter) * 1_000 / 48);
        let mos = mos(delay_ms(self.round_trip, jitter), loss);
        Hearing { loss, jitter, concealed: loss, mos }
    }

    fn keep(&mut self, second: LegQuality) {
        if let Some(inbound) = &second.inbound {
            self.inbound.add(inbound);
        }
        if let Some(outbound) = &second.outbound {
            self.outbound.add(outbound);
        }
        if let Some(round_trip) = second.round_trip {
            self.round_trips.0 += 1;
            self.round_trips.1 += round_trip;
        }
        self.silent.0 += 1;
        self.silent.1 += f64::from(second.silent);
        self.latest = Some(second);
    }

    /// Forgets all seconds judged so far. The second under way counts as a whole.
    pub(crate) fn start_over(&mut self) {
        self.latest = None;
        (self.inbound, self.outbound) = (Way::default(), Way::default());
        (self.round_trips, self.silent) = Default::default();
    }

    /// The last full second.
    pub(crate) const fn latest(&self) -> Option<LegQuality> {
        self.latest
    }

    /// Everything until now.
    pub(crate) fn summary(&self) -> LegSummary {
        let verdicts = [self.inbound.verdict(), self.outbound.verdict()];
        let verdict = verdicts.into_iter().flatten().min();
        let mos = |way: &Way| way.mean().map_or(f32::MAX, |mean| mean.mos);
        // Which way was worse: by the verdict, and within one by the mean.
        let theirs = (verdicts[0].unwrap_or(Verdict::Good), mos(&self.inbound));
        let ours = (verdicts[1].unwrap_or(Verdict::Good), mos(&self.outbound));
        let worse = if theirs <= ours { Network::Theirs } else { Network::Ours };
        let (trips, total) = self.round_trips;
        LegSummary {
            seconds: self.inbound.seconds,
            inbound: self.inbound.mean(),
            outbound: self.outbound.mean(),
            round_trip: total.checked_div(trips),
            silent: (self.silent.1 / f64::from(self.silent.0.max(1))) as f32,
            verdict,
            network: verdict.filter(|verdict| *verdict < Verdict::Good).map(|_| worse),
        }
    }
}

#[cfg(test)]
mod tests;
