//! ICE restart of an agent leg (RFC 8445 section 9).

use std::time::Instant;

use model::{LegId, SdpText};

use super::Shard;
use crate::error::{MediaError, RestartError};
use crate::sdp::Offer;

impl Shard {
    /// Answers an offer with new names for a leg that goes on. Checks with the old names are
    /// answered until the first genuine one with the new.
    pub(super) fn restart_agent(
        &mut self,
        now: Instant,
        id: LegId,
        offer: &Offer,
    ) -> Result<SdpText, MediaError> {
        let leg = self.legs.get_mut(&id).filter(|leg| !leg.is_ended());
        let leg = leg.ok_or(RestartError::NoSuchLeg)?;
        let restarted = leg.restart(now, offer)?;
        let ssrc = leg.ssrc();
        if let Some(ufrag) = restarted.given_up {
            self.by_ufrag.remove(&ufrag);
        }
        let (ufrag, pwd) = (restarted.ufrag, restarted.pwd);
        let answer = self.agent_answer(offer, restarted.described, &ufrag, &pwd, ssrc);
        self.by_ufrag.insert(ufrag, id);
        Ok(answer)
    }
}
