//! Both directions of a leg's SRTP, and the value from which another process goes on with them.

use rtc_crypto::SecretVec;
use serde::{Deserialize, Serialize};

use super::inbound::Source;
use super::{Inbound, Outbound, Profile, contexts};
use crate::error::MediaError;

/// The SRTP of a leg.
pub(crate) struct Session {
    pub(crate) outbound: Outbound,
    pub(crate) inbound: Inbound,
    profile: Profile,
    /// What DTLS exported: every key comes from it, and no cipher gives its key back.
    material: SecretVec,
    we_are_client: bool,
}

/// A session as plain data. It holds the keys, so it has no `Debug`. The index of the next RTP
/// packet is the stream's ([`crate::stream`]).
#[derive(Serialize, Deserialize)]
pub(crate) struct SessionState {
    profile: Profile,
    material: Vec<u8>,
    we_are_client: bool,
    rtcp_index: u32,
    rtp_sources: Vec<Source>,
    rtcp_sources: Vec<Source>,
}

impl Session {
    /// The session of what DTLS exported.
    ///
    /// # Errors
    /// [`MediaError::Crypto`] when the material is short or a key is refused.
    pub(crate) fn new(
        profile: Profile,
        material: SecretVec,
        we_are_client: bool,
    ) -> Result<Self, MediaError> {
        let (outbound, inbound) = contexts(profile, material.as_ref(), we_are_client)?;
        Ok(Self { outbound, inbound, profile, material, we_are_client })
    }

    pub(crate) fn state(&self) -> SessionState {
        let [rtp_sources, rtcp_sources] = self.inbound.sources();
        SessionState {
            profile: self.profile,
            material: self.material.as_ref().to_vec(),
            we_are_client: self.we_are_client,
            rtcp_index: self.outbound.rtcp_index(),
            rtp_sources,
            rtcp_sources,
        }
    }

    /// Goes on where the session of `state` ended: no index is used again, and what that one has
    /// accepted is refused. `None` when no session can have been like this.
    pub(crate) fn restore(state: SessionState) -> Option<Self> {
        let SessionState { profile, material, we_are_client, .. } = state;
        let session = Self::new(profile, SecretVec::new(material), we_are_client).ok()?;
        Some(Self {
            outbound: session.outbound.with_rtcp_index(state.rtcp_index),
            inbound: session.inbound.with_sources([state.rtp_sources, state.rtcp_sources])?,
            ..session
        })
    }
}

#[cfg(test)]
mod tests {
    use proptest::collection::vec;
    use proptest::prelude::*;

    use super::*;
    use crate::rtp;
    use crate::srtp::OVERHEAD_MAX;

    const BOTH: [Profile; 2] = [Profile::AesCm128HmacSha1_80, Profile::AeadAes128Gcm];

    fn session(profile: Profile, we_are_client: bool) -> Session {
        let material = (0..profile.keying_material() as u8).collect();
        Session::new(profile, SecretVec::new(material), we_are_client).unwrap()
    }

    /// Through the bytes another process reads.
    fn moved(session: &Session) -> Session {
        let bytes = serde_json::to_vec(&session.state()).unwrap();
        Session::restore(serde_json::from_slice(&bytes).unwrap()).unwrap()
    }

    fn rtp(sender: &Session, ssrc: u32, index: u64) -> Vec<u8> {
        let mut packet = vec![0; 100];
        rtp::write(packet.first_chunk_mut().unwrap(), 111, false, index as u16, 0, ssrc);
        let length = sender.outbound.seal_rtp(ssrc, index, &mut packet, 40).unwrap();
        packet.truncate(length);
        packet
    }

    fn rtcp(sender: &mut Session, ssrc: u32) -> Vec<u8> {
        let mut packet = vec![0; 28 + OVERHEAD_MAX];
        packet[..4].copy_from_slice(&[0x80, 200, 0, 6]);
        packet[4..8].copy_from_slice(&ssrc.to_be_bytes());
        let length = sender.outbound.seal_rtcp(ssrc, &mut packet, 28).unwrap();
        packet.truncate(length);
        packet
    }

    /// The index of a packet that was accepted; of RTCP only that it was.
    fn opened(receiver: &mut Session, packet: &[u8]) -> Option<u64> {
        let mut packet = packet.to_vec();
        if rtp::is_rtcp(&packet) {
            return receiver.inbound.open_rtcp(&mut packet).map(|_| 0);
        }
        let header = rtp::Header::read(&packet).unwrap();
        receiver.inbound.open_rtp(&header, &mut packet, None).map(|heard| heard.index)
    }

    proptest! {
        /// Whatever came before and comes after the move, a session that was moved accepts and
        /// refuses exactly what one that was not would have.
        #[test]
        fn a_moved_session_hears_like_one_that_stayed(
            steps in vec((0u32..3, 0u64..200, any::<bool>()), 1..120),
            from in 0u64..3 << 16,
            at in any::<prop::sample::Index>(),
            gcm in any::<bool>(),
        ) {
            let profile = BOTH[usize::from(gcm)];
            let mut sender = session(profile, true);
            let [mut stayed, mut other] = [session(profile, false), session(profile, false)];
            let at = at.index(steps.len());
            let mut reports = Vec::new();
            for (step, (ssrc, offset, report)) in steps.into_iter().enumerate() {
                if step == at {
                    other = moved(&other);
                }
                let packet = if report {
                    // A new report, or an old one again.
                    reports.push(rtcp(&mut sender, ssrc));
                    reports[offset as usize % reports.len()].clone()
                } else {
                    rtp(&sender, ssrc, from + offset)
                };
                prop_assert_eq!(opened(&mut stayed, &packet), opened(&mut other, &packet));
            }
        }
    }

    #[test]
    fn a_moved_session_goes_on_with_the_next_rtcp_index_and_its_peer_hears_it() {
        for profile in BOTH {
            let (mut ours, mut peer) = (session(profile, true), session(profile, false));
            for _ in 0..3 {
                for _ in 0..3 {
                    let report = rtcp(&mut ours, 7);
                    assert_eq!(opened(&mut peer, &report), Some(0));
                    assert_eq!(opened(&mut peer, &report), None);
                }
                ours = moved(&ours);
            }
            assert_eq!(ours.outbound.rtcp_index(), 9);
        }
    }

    #[test]
    fn what_no_session_can_have_been_is_refused() {
        let session = session(Profile::AeadAes128Gcm, true);
        let mut short = session.state();
        short.material.pop();
        assert!(Session::restore(short).is_none());
        let mut crowded = session.state();
        crowded.rtp_sources = serde_json::from_str(&format!(
            "[{}]",
            vec![r#"{"ssrc":1,"window":{"highest":1,"seen":1}}"#; 17].join(",")
        ))
        .unwrap();
        assert!(Session::restore(crowded).is_none());
    }
}
