//! What is noticed about a call's sound: silence with its cause, keys, quality. None of it ends a
//! call.

use model::{Hint, Network, PhoneKey, SilentCause, Verdict};

use crate::event::Event;
use crate::life::Call;
use crate::output::{Command, Sound};
use crate::rules::KEYS_MAX;
use crate::state::{Recording, State};

impl Call {
    pub(crate) fn silent_call(&mut self, cause: SilentCause) {
        if !self.is_live() {
            return self.ignored("silent_call");
        }
        self.event(Event::SilentCall { cause });
        let (Some(hint), Some(target)) = (cause.hint(), self.holder().cloned()) else {
            return;
        };
        // What clears the hint is the agent's sound.
        self.command(Command::ListenToAgent(target));
        self.show(Some(hint));
    }

    /// A hint for the agent; people may be silent for as long as they like.
    pub(crate) fn caller_silent(&mut self) {
        if !self.is_live() {
            return self.ignored("caller_silent");
        }
        self.event(Event::CallerSilent {});
        self.command(Command::ListenToCaller);
        // What the agent can mend is more urgent.
        if self.hint.is_none() {
            self.show(Some(Hint::CallerSilent));
        }
    }

    pub(crate) fn caller_is_back(&mut self) {
        if self.hint == Some(Hint::CallerSilent) {
            self.event(Event::CallerBack {});
            self.show(None);
        }
    }

    /// The agent's browser sends sound; that they are muted here is another matter.
    pub(crate) fn agent_is_heard(&mut self) {
        let is_waited_for = self.sound != Sound::Silence || self.tone_due.is_some();
        // A caller on hold goes on hearing music.
        if is_waited_for && !self.held {
            self.play(Sound::Silence);
        }
        match self.hint {
            Some(Hint::NoSound | Hint::NoPath) => self.show(None),
            Some(Hint::Muted | Hint::CallerSilent) | None => {}
        }
    }

    pub(crate) fn unmuted_clears_hint(&mut self) {
        if self.hint == Some(Hint::Muted) && !self.muted() {
            self.hint = None;
        }
    }

    pub(crate) fn key_pressed(&mut self, key: PhoneKey) {
        if !self.is_live() {
            return self.ignored("key");
        }
        // What must not be recorded must not be in the journal either; and when nobody knows
        // whether the recorder obeyed, the answer is no.
        let kept = match self.recording {
            Recording::Off | Recording::On => Some(key),
            Recording::Paused | Recording::Failed => None,
        };
        if self.keys < KEYS_MAX {
            self.keys += 1;
            self.event(Event::KeyPressed { key: kept });
        }
        if let Some(target) = self.holder().cloned() {
            self.command(Command::TellKey(target, key));
        }
    }

    pub(crate) fn quality_now(&mut self, verdict: Verdict, network: Option<Network>) {
        let State::Bridged(claim) = &self.state else {
            return self.ignored("quality_now");
        };
        let target = claim.target.clone();
        if self.indicator.look(verdict, network) {
            self.command(Command::Update(target));
        }
    }

    fn show(&mut self, hint: Option<Hint>) {
        let target = self.holder().cloned();
        if self.hint != hint
            && let Some(target) = target
        {
            self.hint = hint;
            self.command(Command::Update(target));
        }
    }

    fn is_live(&self) -> bool {
        match self.state {
            State::Ringing
            | State::Queued
            | State::Noticing { .. }
            | State::Claimed(_)
            | State::Bridged(_)
            | State::Reconnecting { .. } => true,
            State::Offered | State::Ending { .. } | State::Ended => false,
        }
    }
}
