//! ICE of an agent leg starts anew: other names, perhaps another network, and the same session.

use std::time::Instant;

use super::{Codec, Ice, Leg};
use crate::error::{MediaError, RestartError};
use crate::sdp::{Described, Offer};

/// What the answer and the demultiplexer need to know.
pub(crate) struct Restarted {
    pub(crate) ufrag: String,
    pub(crate) pwd: String,
    pub(crate) described: Described,
    /// A username fragment of ours that is not answered any more.
    pub(crate) given_up: Option<String>,
}

impl Leg {
    /// Takes the browser's new names and makes our own. Certificate, keys and stream stay what
    /// they are; an offer that would need others is refused and changes nothing.
    pub(crate) fn restart(&mut self, now: Instant, offer: &Offer) -> Result<Restarted, MediaError> {
        offer.lets_us_be_passive()?;
        let Ice::Lite(lite) = &mut self.ice else {
            return Err(RestartError::NotAnAgent.into());
        };
        if offer.fingerprint != self.fingerprint {
            return Err(RestartError::Fingerprint.into());
        }
        if self.codec != Codec::of(offer) {
            return Err(RestartError::Codec.into());
        }
        if lite.remote_ufrag() == offer.ufrag {
            return Err(RestartError::SameUfrag.into());
        }
        let given_up = lite.restart(offer);
        let (ufrag, pwd) = (lite.ufrag().to_owned(), lite.pwd().to_owned());
        self.described = self.described.next();
        // The device has spoken up on its own socket; its media gets time to follow.
        self.alive_at = now;
        Ok(Restarted { ufrag, pwd, described: self.described, given_up })
    }
}
