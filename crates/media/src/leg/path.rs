//! The way to the peer: ICE checks, the DTLS handshake, and when to give up.

use std::net::SocketAddr;
use std::time::Instant;

use super::{AGENT_QUIET_MAX, Ice, Leg, WHATSAPP_QUIET_MAX};
use crate::dtls::{Dtls, Outcome, Role};
use crate::event::{LegDown, MediaEvent};
use crate::ice::Checked;
use crate::ice::stun::{ANSWER_MAX, Binding};
use crate::srtp::Session;
use crate::turn::{Path, Turn, Via};

/// What an agent leg's genuine check means for the demultiplexer.
pub(crate) struct Rebound {
    pub(crate) evicted: Option<Path>,
    pub(crate) outlived: Option<String>,
}

impl Leg {
    /// STUN on a WhatsApp leg's own socket.
    pub(crate) fn check_full(
        &mut self,
        turn: &mut Turn<'_>,
        from: SocketAddr,
        bytes: &[u8],
    ) -> Option<LegDown> {
        let genuine = match &mut self.ice {
            Ice::Full(full) => full.check(turn.now, from, bytes),
            Ice::Lite(_) => false,
        };
        if genuine {
            self.alive_at = turn.now;
        } else {
            self.refuse();
        }
        self.advance(turn)
    }

    /// A genuine STUN request to an agent leg.
    pub(crate) fn check_lite(
        &mut self,
        turn: &mut Turn<'_>,
        from: Path,
        binding: &Binding<'_>,
    ) -> Option<Rebound> {
        let has_keys = self.is_up();
        let Ice::Lite(lite) = &mut self.ice else {
            return None;
        };
        let mut answer = [0; ANSWER_MAX];
        let checked = lite.check(from, binding, &mut answer);
        vouch(turn, from);
        turn.wire.send(from.via, from.to, &answer[..checked.answer]);
        // From elsewhere it may be a recorded one, which shows nothing about the browser; but the
        // first with new names cannot be.
        if !has_keys || lite.path() == Some(from) || checked.outlived.is_some() {
            self.alive_at = turn.now;
        }
        let Checked { is_new, evicted, outlived, .. } = checked;
        (is_new || outlived.is_some()).then_some(Rebound { evicted, outlived })
    }

    /// A packet from this address has verified and was no replay.
    pub(super) fn alive(&mut self, turn: &mut Turn<'_>, from: Path) {
        self.alive_at = turn.now;
        vouch(turn, from);
        if let Ice::Lite(lite) = &mut self.ice {
            lite.prove(from);
        }
    }

    /// A DTLS datagram from an address that checked.
    pub(crate) fn shake(
        &mut self,
        turn: &mut Turn<'_>,
        from: Path,
        bytes: &[u8],
    ) -> Option<LegDown> {
        let outcome = self.dtls.as_mut().and_then(|dtls| dtls.datagram(turn.now, bytes));
        if outcome.is_none() {
            self.refuse();
        }
        if let Some(Outcome::Keys(..)) = outcome {
            // Only the browser could finish this handshake, and it did so from here.
            self.alive(turn, from);
        }
        let down = self.absorb(turn, outcome.unwrap_or(Outcome::Nothing));
        self.send_handshake(turn);
        down
    }

    /// Runs what is due of ICE, DTLS and the patience with the peer.
    pub(crate) fn advance(&mut self, turn: &mut Turn<'_>) -> Option<LegDown> {
        self.attend(turn);
        let via = Via::WhatsApp(self.id);
        if let Ice::Full(full) = &mut self.ice {
            full.timeout(turn.now);
            full.flush(&mut |to, bytes| turn.wire.send(via, to, bytes));
        }
        let has_path = self.path().is_some();
        let (started, timed_out) = match &mut self.dtls {
            Some(dtls) if has_path => (dtls.start(turn.now), dtls.timeout(turn.now)),
            Some(dtls) => (Outcome::Nothing, dtls.timeout(turn.now)),
            None => (Outcome::Nothing, Outcome::Nothing),
        };
        let down = self.absorb(turn, started);
        let down = down.or(self.absorb(turn, timed_out));
        self.send_handshake(turn);
        down.or_else(|| self.lost_patience(turn.now))
    }

    fn lost_patience(&self, now: Instant) -> Option<LegDown> {
        if now < self.patience() {
            return None;
        }
        Some(match (&self.keys, self.path()) {
            (Some(_), _) => LegDown::ConsentLost,
            (None, Some(_)) => LegDown::DtlsFailed,
            (None, None) => LegDown::IceFailed,
        })
    }

    fn patience(&self) -> Instant {
        if self.keys.is_none() {
            self.opened_at + self.setup_max
        } else if self.is_whatsapp() {
            self.alive_at + WHATSAPP_QUIET_MAX
        } else {
            self.alive_at + AGENT_QUIET_MAX
        }
    }

    fn absorb(&mut self, turn: &mut Turn<'_>, outcome: Outcome) -> Option<LegDown> {
        match outcome {
            Outcome::Nothing => None,
            Outcome::Down(why) => Some(why),
            Outcome::Keys(profile, material) => {
                let role = self.dtls.as_ref().map(Dtls::role);
                match Session::new(profile, material, role == Some(Role::Client)) {
                    Ok(session) => {
                        self.keys = Some(session);
                        self.alive_at = turn.now;
                        self.frame_due = turn.now;
                        self.report_due = turn.now;
                        self.meter.start(turn.now);
                        turn.outbox.push_back(MediaEvent::LegUp { leg: self.id });
                        None
                    }
                    Err(_) => Some(LegDown::DtlsFailed),
                }
            }
        }
    }

    pub(super) fn send_handshake(&mut self, turn: &mut Turn<'_>) {
        let path = self.path();
        while let Some(message) = self.dtls.as_mut().and_then(Dtls::poll_transmit) {
            if let Some(Path { via, to }) = path {
                turn.wire.send(via, to, &message);
            }
        }
    }

    /// When [`Self::advance`] or the voice is due next. `None`: never, the leg has ended.
    pub(crate) fn next_timeout(&mut self) -> Option<Instant> {
        if self.is_ended() {
            return None;
        }
        let ice = match &self.ice {
            Ice::Full(full) => full.next_timeout(),
            Ice::Lite(_) => None,
        };
        let first = [ice, self.dtls.as_ref().and_then(Dtls::next_timeout), self.next_report()];
        let rest = first.into_iter().flatten().chain(self.next_watch());
        self.calm_until = rest.fold(self.patience(), Instant::min);
        Some(self.next_look())
    }

    /// The same while nothing has brought a deadline nearer, from two fields instead of them all:
    /// the pause that every packet puts off comes round far more often than the rest.
    pub(crate) fn next_look(&self) -> Instant {
        self.next_frame().map_or(self.calm_until, |at| at.min(self.calm_until))
    }

    /// Says good-bye and ends the leg.
    pub(crate) fn close(&mut self, turn: &mut Turn<'_>) {
        if self.is_ended() {
            return;
        }
        self.send_bye(turn);
        if let Some(dtls) = &mut self.dtls {
            dtls.close(turn.now);
        }
        self.send_handshake(turn);
        self.end();
    }
}

/// What was genuine has come this way.
fn vouch(turn: &mut Turn<'_>, from: Path) {
    match from.via {
        Via::AgentTcp(connection) => turn.wire.vouch(turn.now, connection),
        Via::Agents | Via::WhatsApp(_) => {}
    }
}
