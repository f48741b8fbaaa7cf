//! Where a leg is in what it plays.

use serde::{Deserialize, Serialize};

use super::{Clip, Source};

/// 20 ms of Opus that decodes to zeros: TOC of CELT fullband mono, one frame.
pub(crate) const SILENCE: [u8; 3] = [0xf8, 0xff, 0xfe];

/// What a leg plays by itself, frame by frame.
#[derive(Debug, Default)]
pub(crate) struct Player {
    chosen: Chosen,
    interrupt: Option<Cursor>,
    /// Counts what has been chosen so far, so that the stream knows a switch when it sees one.
    run: u32,
}

#[derive(Debug, Default)]
enum Chosen {
    /// Nothing was asked for: a WhatsApp leg gets silence, an agent leg no packets.
    #[default]
    Nothing,
    Silence,
    Loop(Cursor),
    Once(Cursor),
}

/// A player as plain data. Clips stay behind: the next process is given its own. What was looped
/// becomes silence, so that the leg is not without packets; what was to be played once is over.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct PlayerState {
    run: u32,
    silence: bool,
}

#[derive(Debug)]
struct Cursor {
    clip: Clip,
    next: usize,
}

impl Cursor {
    const fn new(clip: Clip) -> Self {
        Self { clip, next: 0 }
    }

    fn take(&mut self) -> Option<&[u8]> {
        let frame = self.clip.frames().get(self.next)?;
        self.next += 1;
        Some(frame)
    }

    fn is_over(&self) -> bool {
        self.next >= self.clip.frames().len()
    }
}

impl Player {
    pub(crate) fn state(&self) -> PlayerState {
        let (loses_clip, silence) = match &self.chosen {
            Chosen::Nothing => (false, false),
            Chosen::Silence => (false, true),
            Chosen::Loop(_) => (true, true),
            Chosen::Once(_) => (true, false),
        };
        let switches = loses_clip || self.interrupt.is_some();
        PlayerState { run: self.run.wrapping_add(switches.into()), silence }
    }

    pub(crate) fn restore(state: PlayerState) -> Self {
        let chosen = if state.silence { Chosen::Silence } else { Chosen::Nothing };
        Self { chosen, interrupt: None, run: state.run }
    }

    pub(crate) fn choose(&mut self, source: Source) {
        self.run = self.run.wrapping_add(1);
        match source {
            Source::Silence => self.chosen = Chosen::Silence,
            Source::Nothing => self.chosen = Chosen::Nothing,
            Source::Loop(clip) => self.chosen = Chosen::Loop(Cursor::new(clip)),
            Source::Once(clip) => self.chosen = Chosen::Once(Cursor::new(clip)),
            Source::Interrupt(clip) => self.interrupt = Some(Cursor::new(clip)),
        }
    }

    /// Bridged sound has to wait.
    pub(crate) const fn interrupts(&self) -> bool {
        self.interrupt.is_some()
    }

    /// There is something to play, if only silence.
    pub(crate) const fn is_chosen(&self) -> bool {
        self.interrupt.is_some() || !matches!(self.chosen, Chosen::Nothing)
    }

    /// The next 20 ms, and a number that changes whenever the sound comes from somewhere else.
    pub(crate) fn take(&mut self) -> (&[u8], u32) {
        let cursor = match (&mut self.interrupt, &mut self.chosen) {
            (Some(cursor), _) | (None, Chosen::Once(cursor)) => cursor,
            (None, Chosen::Loop(cursor)) => {
                if cursor.is_over() {
                    cursor.next = 0;
                }
                cursor
            }
            (None, Chosen::Nothing | Chosen::Silence) => return (&SILENCE, self.run),
        };
        (cursor.take().unwrap_or(&SILENCE), self.run)
    }

    /// Ends what has been played to its end; says whether there was such a thing.
    pub(crate) fn settle(&mut self) -> bool {
        let over = match (&self.interrupt, &self.chosen) {
            (Some(cursor), _) | (None, Chosen::Once(cursor)) => cursor.is_over(),
            (None, Chosen::Nothing | Chosen::Silence | Chosen::Loop(_)) => false,
        };
        if over {
            self.run = self.run.wrapping_add(1);
            if self.interrupt.take().is_none() {
                self.chosen = Chosen::Nothing;
            }
        }
        over
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clip(letters: &[u8]) -> Clip {
        Clip::from_frames(letters.iter().map(|letter| [*letter].into()).collect()).unwrap()
    }

    /// The first bytes of the next frames, `.` for silence and `!` after the end of a clip.
    fn heard(player: &mut Player, frames: usize) -> String {
        let mut heard = String::new();
        for _ in 0..frames {
            let first = player.take().0[0];
            heard.push(if first == SILENCE[0] { '.' } else { char::from(first) });
            if player.settle() {
                heard.push('!');
            }
        }
        heard
    }

    #[test]
    fn a_loop_goes_round_a_clip_ends_and_an_interruption_gives_back_where_it_came() {
        let mut player = Player::default();
        assert!(!player.is_chosen());
        assert_eq!(heard(&mut player, 2), "..");
        player.choose(Source::Loop(clip(b"abc")));
        assert_eq!(heard(&mut player, 5), "abcab");
        player.choose(Source::Interrupt(clip(b"XY")));
        assert!(player.interrupts());
        assert_eq!(heard(&mut player, 4), "XY!ca");
        player.choose(Source::Once(clip(b"no")));
        assert_eq!(heard(&mut player, 4), "no!..");
        assert!(!player.is_chosen() && !player.interrupts());
        player.choose(Source::Silence);
        assert!(player.is_chosen());
    }

    #[test]
    fn silence_goes_on_in_another_process_and_clips_stay_behind() {
        let moved = |player: &Player| Player::restore(player.state());
        let mut player = Player::default();
        assert!(!moved(&player).is_chosen());
        assert_eq!(moved(&player).take().1, player.take().1, "no switch");
        player.choose(Source::Silence);
        assert!(moved(&player).is_chosen());
        assert_eq!(moved(&player).take().1, player.take().1, "no switch");
        for (source, goes_on) in [
            (Source::Interrupt(clip(b"X")), true),
            (Source::Loop(clip(b"abc")), true),
            (Source::Once(clip(b"abc")), false),
        ] {
            player.choose(source);
            let mut moved = moved(&player);
            assert_eq!((moved.is_chosen(), moved.interrupts()), (goes_on, false));
            assert_ne!(moved.take().1, player.take().1, "a switch");
            assert_eq!(moved.take().0, SILENCE);
        }
    }

    #[test]
    fn every_switch_has_its_own_number() {
        let mut player = Player::default();
        let mut runs = vec![player.take().1];
        player.choose(Source::Loop(clip(b"a")));
        runs.extend([player.take().1, player.take().1]);
        player.choose(Source::Interrupt(clip(b"X")));
        runs.push(player.take().1);
        assert!(player.settle());
        runs.push(player.take().1);
        assert_eq!(runs[1], runs[2], "a loop is one run");
        runs.dedup();
        assert_eq!(runs.len(), 4, "{runs:?}");
    }
}
