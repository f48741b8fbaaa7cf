//! What the control plane asks of a shard, and opening legs.

use std::net::SocketAddr;
use std::time::Instant;

use model::{LegId, SdpText};

use super::supervision::Cause;
use super::{LEGS_MAX, Place, Shard};
use crate::command::{Answer, Command};
use crate::dtls::{Dtls, Role};
use crate::error::MediaError;
use crate::ice::{Full, Lite, OwnNames};
use crate::leg::{Ice, Leg};
use crate::sdp::{Described, Local, Offer, Setup, agent_answer, whatsapp_answer};
use crate::turn::Wire;

impl Shard {
    pub(super) fn obey(&mut self, now: Instant, command: Command, wire: &mut dyn Wire) {
        match command {
            Command::OpenWhatsApp { leg, offer, answer } => {
                let opened = self.open_whatsapp(now, leg, &offer, wire);
                self.reply(now, leg, answer, opened, wire);
            }
            Command::OfferWhatsApp { leg, answer } => {
                let offered = self.offer_whatsapp(leg, wire);
                self.reply(now, leg, answer, offered, wire);
            }
            Command::AnswerWhatsApp { leg, answer, done } => {
                // Whoever gave the answer may have gone; they close the leg.
                let _ = done.send(self.whatsapp_answered(now, leg, &answer, wire));
            }
            Command::OpenAgent { leg, offer, answer } => {
                let opened = self.open_agent(now, leg, &offer);
                self.reply(now, leg, answer, opened, wire);
            }
            Command::RestartAgent { leg, offer, answer } => {
                // The leg goes on as it is even if nobody waits for the answer any more.
                let _ = answer.send(self.restart_agent(now, leg, &offer));
            }
            Command::Speak(leg) => {
                if let Some(leg) = self.legs.get_mut(&leg) {
                    leg.speak(now);
                }
                self.reschedule(leg);
            }
            Command::Bridge { whatsapp, agent } => self.bridge(now, whatsapp, agent),
            Command::Unbridge(leg) => self.unbridge(now, leg),
            Command::Mute { leg, muted } => self.mute(now, leg, muted),
            Command::Tap { leg, tap } => {
                if let Some(leg) = self.legs.get_mut(&leg) {
                    leg.route.tap = tap;
                }
            }
            Command::Watch(leg) => {
                if let Some(leg) = self.legs.get_mut(&leg) {
                    leg.route.announce_heard = true;
                }
            }
            Command::JudgeAnew(leg) => {
                if let Some(leg) = self.legs.get_mut(&leg) {
                    leg.judge_anew();
                }
            }
            Command::Play { leg, source } => {
                if let Some(leg) = self.legs.get_mut(&leg) {
                    leg.play(now, source);
                }
                self.reschedule(leg);
            }
            Command::Supervise { supervisor, whatsapp, how, reply } => {
                let begun = self.supervise(now, supervisor, whatsapp, how);
                let is_begun = begun.is_ok();
                if reply.send(begun).is_err() && is_begun {
                    self.unsupervise(supervisor);
                }
            }
            Command::Unsupervise(supervisor) => self.unsupervise(supervisor),
            Command::Close(leg) => self.close(now, leg, wire),
            // Whoever asked may have gone; that is no reason for anything.
            Command::Stats { leg, reply } => {
                let _ = reply.send(self.legs.get(&leg).map(|leg| leg.stats(now)));
            }
            Command::Quality { leg, reply } => {
                let _ = reply.send(self.legs.get(&leg).and_then(|leg| leg.quality()));
            }
            Command::Summary { leg, reply } => {
                let _ = reply.send(self.legs.get(&leg).map(|leg| leg.summary()));
            }
            Command::Totals(reply) => {
                let _ = reply.send(self.totals);
            }
        }
    }

    /// Hands the answer over; a leg nobody waits for any more is closed again.
    fn reply(
        &mut self,
        now: Instant,
        leg: LegId,
        answer: Answer,
        opened: Result<SdpText, MediaError>,
        wire: &mut dyn Wire,
    ) {
        if answer.send(opened).is_err() {
            self.close(now, leg, wire);
        }
    }

    fn open_whatsapp(
        &mut self,
        now: Instant,
        id: LegId,
        offer: &Offer,
        wire: &mut dyn Wire,
    ) -> Result<SdpText, MediaError> {
        self.has_room()?;
        let port = wire.open(id)?;
        let opened = self.make_whatsapp(now, id, offer, port);
        if opened.is_err() {
            wire.release(id);
        }
        let (leg, answer) = opened?;
        self.begin(now, leg, wire);
        Ok(answer)
    }

    /// A WhatsApp leg knows the other side.
    pub(super) fn begin(&mut self, now: Instant, leg: Leg, wire: &mut dyn Wire) {
        let id = leg.id();
        self.legs.insert(id, Box::new(leg));
        if let Some((leg, mut turn)) = self.turn(now, id, wire) {
            // The first check leaves now; its outcome cannot be known yet.
            let _ = leg.advance(&mut turn);
        }
        self.reschedule(id);
    }

    fn make_whatsapp(
        &self,
        now: Instant,
        id: LegId,
        offer: &Offer,
        port: u16,
    ) -> Result<(Leg, SdpText), MediaError> {
        // Meta recommends that we are the DTLS client; if it insists on that role, we serve.
        let (setup, role) = match offer.setup {
            Setup::ActPass | Setup::Passive => (Setup::Active, Role::Client),
            Setup::Active => (Setup::Passive, Role::Server),
        };
        let own = OwnNames::new();
        let dtls = Dtls::new(now, &self.identity, role, offer.fingerprint)?;
        let full = Full::new(now, &self.identity, own, offer, &self.candidates(port))?;
        let (ufrag, pwd) = (full.ufrag().to_owned(), full.pwd().to_owned());
        let leg = Leg::new(now, id, Ice::Full(Box::new(full)), dtls, offer);
        let local = self.local(leg.described(), &ufrag, &pwd, port, leg.ssrc());
        let answer = whatsapp_answer(offer, &local, setup);
        Ok((leg, answer))
    }

    /// The addresses of a WhatsApp leg's socket.
    pub(super) fn candidates(&self, port: u16) -> Vec<SocketAddr> {
        self.place.addresses.iter().map(|ip| SocketAddr::new(*ip, port)).collect()
    }

    fn open_agent(
        &mut self,
        now: Instant,
        id: LegId,
        offer: &Offer,
    ) -> Result<SdpText, MediaError> {
        self.has_room()?;
        offer.lets_us_be_passive()?;
        let dtls = Dtls::new(now, &self.identity, Role::Server, offer.fingerprint)?;
        let lite = Lite::new(offer);
        let (ufrag, pwd) = (lite.ufrag().to_owned(), lite.pwd().to_owned());
        let leg = Leg::new(now, id, Ice::Lite(Box::new(lite)), dtls, offer);
        let answer = self.agent_answer(offer, leg.described(), &ufrag, &pwd, leg.ssrc());
        self.by_ufrag.insert(ufrag, id);
        self.legs.insert(id, Box::new(leg));
        self.reschedule(id);
        Ok(answer)
    }

    pub(super) fn local<'a>(
        &'a self,
        described: Described,
        ufrag: &'a str,
        pwd: &'a str,
        port: u16,
        ssrc: u32,
    ) -> Local<'a> {
        Local {
            described,
            ufrag,
            pwd,
            fingerprint: &self.identity.fingerprint,
            addresses: &self.place.addresses,
            port,
            tcp_port: None,
            ssrc,
        }
    }

    pub(super) fn agent_answer(
        &self,
        offer: &Offer,
        described: Described,
        ufrag: &str,
        pwd: &str,
        ssrc: u32,
    ) -> SdpText {
        let Place { agent_port, agent_tcp_port, .. } = self.place;
        let local = self.local(described, ufrag, pwd, agent_port, ssrc);
        agent_answer(offer, &Local { tcp_port: agent_tcp_port, ..local })
    }

    pub(super) fn has_room(&self) -> Result<(), MediaError> {
        if self.legs.len() + self.offered.len() < LEGS_MAX {
            Ok(())
        } else {
            Err(MediaError::Full { limit: LEGS_MAX })
        }
    }

    fn bridge(&mut self, now: Instant, one: LegId, other: LegId) {
        let both = [one, other];
        let usable = |id| self.legs.get(id).is_some_and(|leg| !leg.is_ended());
        if one == other || !both.iter().all(usable) {
            tracing::debug!(%one, %other, "not bridged: a leg is gone");
            return;
        }
        self.part(now, one);
        self.part(now, other);
        for (id, peer) in [(one, other), (other, one)] {
            if let Some(leg) = self.legs.get_mut(&id) {
                leg.cut();
                leg.route.bridged = Some(peer);
                leg.route.announce_forward = true;
                leg.expect_agent(now);
            }
            self.reschedule(id);
        }
    }

    /// Gives a WhatsApp leg up, whole; its bridge is undone.
    pub(crate) fn release(&mut self, now: Instant, id: LegId) -> Option<Box<Leg>> {
        if !self.legs.get(&id)?.is_whatsapp() {
            return None;
        }
        self.end_supervision_of(id, Cause::Moved);
        self.part(now, id);
        self.deadlines.forget(id);
        self.legs.remove(&id)
    }

    /// Goes on with a leg that another shard released.
    pub(crate) fn adopt(&mut self, leg: Box<Leg>) {
        let id = leg.id();
        self.legs.insert(id, leg);
        self.reschedule(id);
    }

    /// Parts a leg from the other, and neither waits for sound that will not come.
    fn unbridge(&mut self, now: Instant, id: LegId) {
        let peer = self.legs.get(&id).and_then(|leg| leg.route.bridged);
        self.part(now, id);
        for id in std::iter::once(id).chain(peer) {
            self.fill_soon(now, id);
        }
    }

    fn fill_soon(&mut self, now: Instant, id: LegId) {
        if let Some(leg) = self.legs.get_mut(&id) {
            leg.fill_soon(now);
            self.reschedule(id);
        }
    }

    fn mute(&mut self, now: Instant, id: LegId, muted: bool) {
        let Some(leg) = self.legs.get_mut(&id) else {
            return;
        };
        leg.route.muted = muted;
        let Some(to) = leg.route.bridged else { return };
        // What was not forwarded must not look like loss to the far leg.
        if let Some(peer) = self.legs.get_mut(&to) {
            peer.cut();
        }
        if muted {
            self.fill_soon(now, to);
        }
    }
}
