//! Key presses as plain data, so that a press across a hand-over is told once.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::{Press, Presses, RECENT};
use crate::hand_over::Resumed;

/// [`Presses`] with ages in place of moments.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct PressesState {
    ssrc: Option<u32>,
    recent: [Option<PressState>; RECENT],
    forgotten: Option<u32>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
struct PressState {
    event: u8,
    first: u32,
    latest: u32,
    before: u32,
    units: u32,
    quiet: Duration,
    ended: bool,
    told: bool,
}

impl Presses {
    pub(crate) fn state(&self, now: Instant) -> PressesState {
        let press = |press: &Press| PressState {
            event: press.event,
            first: press.first,
            latest: press.latest,
            before: press.before,
            units: press.units,
            quiet: now.saturating_duration_since(press.heard_at),
            ended: press.ended,
            told: press.told,
        };
        let recent = self.recent.each_ref().map(|slot| slot.as_ref().map(press));
        PressesState { ssrc: self.ssrc, recent, forgotten: self.forgotten }
    }

    pub(crate) fn restore(resumed: Resumed, state: &PressesState) -> Self {
        let press = |press: PressState| Press {
            event: press.event,
            first: press.first,
            latest: press.latest,
            before: press.before,
            units: press.units,
            heard_at: resumed.patience(press.quiet),
            ended: press.ended,
            told: press.told,
        };
        let recent = state.recent.map(|slot| slot.map(press));
        Self { ssrc: state.ssrc, recent, forgotten: state.forgotten }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dtmf::Key;

    #[test]
    fn a_press_during_a_hand_over_is_told_once_with_its_whole_length() {
        let start = Instant::now();
        let mut told = Vec::new();
        let mut say = |key: Key| told.push((key.digit, key.duration_ms));
        let mut presses = Presses::default();
        presses.hear(start, 1, 960, &[1, 0x8a, 0, 160], &mut say);
        presses.hear(start, 1, 9_600, &[5, 10, 1, 144], &mut say);
        let text = serde_json::to_string(&presses.state(start)).unwrap();
        let now = start + Duration::from_secs(50);
        let resumed = Resumed { now, gap: Duration::from_secs(2) };
        let mut presses = Presses::restore(resumed, &serde_json::from_str(&text).unwrap());
        presses.expire(now, &mut say);
        presses.hear(now, 1, 960, &[1, 0x8a, 0, 160], &mut say);
        presses.hear(now, 1, 9_600, &[5, 0x8a, 3, 32], &mut say);
        presses.hear(now, 1, 9_600, &[5, 0x8a, 3, 32], &mut say);
        assert_eq!(told, [('1', 20), ('5', 100)]);
    }

    #[test]
    fn the_state_of_restored_presses_is_the_state_they_came_from() {
        let start = Instant::now();
        let mut presses = Presses::default();
        for event in 0..6 {
            presses.hear(start, 1, u32::from(event) * 9_600, &[event, 10, 1, 144], &mut |_| ());
        }
        let state = presses.state(start + Duration::from_millis(30));
        let resumed = Resumed { now: start + Duration::from_secs(9), gap: Duration::ZERO };
        assert_eq!(Presses::restore(resumed, &state).state(resumed.now), state);
    }
}
