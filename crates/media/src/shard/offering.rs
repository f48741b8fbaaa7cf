//! Legs towards Meta that begin with our offer: a call that we place.

use std::time::{Duration, Instant};

use model::{LegId, SdpText};

use super::Shard;
use crate::dtls::{Dtls, Role};
use crate::error::MediaError;
use crate::ice::{Full, OwnNames};
use crate::leg::{Ice, Leg};
use crate::sdp::{Described, Offer, Setup, whatsapp_offer};
use crate::turn::Wire;

/// How long ICE and DTLS may take after Meta's answer: it may keep its relay shut until the
/// contact picks up, and phones ring for a minute.
const SETUP_MAX: Duration = Duration::from_secs(90);

/// What an offer has promised. Holds a password, so it has no `Debug`.
pub(super) struct Offered {
    port: u16,
    own: OwnNames,
    described: Described,
    ssrc: u32,
}

impl Shard {
    pub(super) fn offer_whatsapp(
        &mut self,
        id: LegId,
        wire: &mut dyn Wire,
    ) -> Result<SdpText, MediaError> {
        self.has_room()?;
        let port = wire.open(id)?;
        let (own, described, ssrc) = (OwnNames::new(), Described::new(), rand::random());
        let local = self.local(described, &own.ufrag, &own.pwd, port, ssrc);
        let offer = whatsapp_offer(&local);
        self.offered.insert(id, Offered { port, own, described, ssrc });
        Ok(offer)
    }

    pub(super) fn whatsapp_answered(
        &mut self,
        now: Instant,
        id: LegId,
        answer: &Offer,
        wire: &mut dyn Wire,
    ) -> Result<(), MediaError> {
        let offered = self.offered.get(&id).ok_or(MediaError::NotOffered { leg: id })?;
        let role = match answer.setup {
            Setup::Active => Role::Server,
            // An answer must not say `actpass`, and Meta's sometimes does.
            Setup::Passive | Setup::ActPass => Role::Client,
        };
        let dtls = Dtls::new(now, &self.identity, role, answer.fingerprint)?;
        let (own, locals) = (offered.own.clone(), self.candidates(offered.port));
        let full = Full::new(now, &self.identity, own, answer, &locals)?;
        let leg = Leg::new(now, id, Ice::Full(Box::new(full)), dtls, answer).offered(
            offered.described,
            offered.ssrc,
            SETUP_MAX,
        );
        self.offered.remove(&id);
        self.begin(now, leg, wire);
        Ok(())
    }
}
