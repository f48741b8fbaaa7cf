//! DTLS of one leg: handshake, fingerprint check, SRTP keys, close_notify. Knows no addresses:
//! the leg hands in only what came from an address ICE has proven.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use bytes::BytesMut;
use rtc_crypto::SecretVec;
use rtc_dtls::config::{ClientAuthType, ConfigBuilder, ExtendedMasterSecretType, HandshakeConfig};
use rtc_dtls::endpoint::{Endpoint, EndpointEvent};
use rtc_dtls::extension::extension_use_srtp::SrtpProtectionProfile;
use rtc_shared::TransportProtocol;
use rtc_shared::error::Error;

use crate::error::MediaError;
use crate::event::LegDown;
use crate::identity::{Identity, fingerprint_of};
use crate::srtp::Profile;

/// The endpoint's key for its only association. A constant, so that an ICE address change does
/// not disturb DTLS.
const PEER: SocketAddr = SocketAddr::new(std::net::IpAddr::V4(Ipv4Addr::LOCALHOST), 9);
/// Between retransmissions of a handshake flight (RFC 6347 section 4.2.4.1). The stack sends seven
/// and gives up, so a shorter interval would also mean a shorter patience.
const RETRANSMIT: Duration = Duration::from_secs(1);
/// Datagrams a second during the handshake: a whole handshake has about six, and everything
/// beyond is somebody making us compute.
const HANDSHAKE_RATE_MAX: u32 = 50;
/// Datagrams a second afterwards: room for a repeated last flight and a close_notify, and an end
/// to two stacks that echo each other's alerts.
const ESTABLISHED_RATE_MAX: u32 = 5;
/// Bytes of a record header, and the content type of alerts.
const RECORD_HEADER: usize = 13;
const ALERT: u8 = 21;

/// Which end we are.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Role {
    Client,
    Server,
}

/// What a datagram or a timer led to.
pub(crate) enum Outcome {
    Nothing,
    /// The handshake is done: the agreed profile and the exported keying material.
    Keys(Profile, SecretVec),
    Down(LegDown),
}

pub(crate) struct Dtls {
    endpoint: Endpoint,
    config: Arc<HandshakeConfig>,
    role: Role,
    started: bool,
    established: bool,
    mismatch: Arc<AtomicBool>,
    second: Instant,
    this_second: u32,
}

impl Dtls {
    /// `expected` is the SHA-256 the peer's SDP promised.
    pub(crate) fn new(
        now: Instant,
        identity: &Identity,
        role: Role,
        expected: [u8; 32],
    ) -> Result<Self, MediaError> {
        let profiles = [Profile::AeadAes128Gcm, Profile::AesCm128HmacSha1_80];
        Self::offering(now, identity, role, expected, &profiles)
    }

    /// The same with these SRTP profiles only, best first.
    pub(crate) fn offering(
        now: Instant,
        identity: &Identity,
        role: Role,
        expected: [u8; 32],
        profiles: &[Profile],
    ) -> Result<Self, MediaError> {
        let mismatch = Arc::new(AtomicBool::new(false));
        let flag = Arc::clone(&mismatch);
        let verify = move |chain: &[Vec<u8>], _: &[_]| {
            if chain.first().is_some_and(|leaf| fingerprint_of(leaf) == expected) {
                return Ok(());
            }
            flag.store(true, Ordering::Relaxed);
            Err(Error::ErrNoMatchingCertificateFingerprint)
        };
        let config = ConfigBuilder::default()
            .with_crypto_provider(Arc::clone(&identity.provider))
            .with_certificates(vec![identity.certificate.clone()])
            .with_srtp_protection_profiles(profiles.iter().copied().map(offered).collect())
            .with_client_auth(ClientAuthType::RequireAnyClientCert)
            // WebRTC trusts the fingerprint in the SDP, not a certificate authority.
            .with_insecure_skip_verify(true)
            .with_verify_peer_certificate(Some(Arc::new(verify)))
            .with_extended_master_secret(ExtendedMasterSecretType::Require)
            .with_flight_interval(RETRANSMIT)
            .build(role == Role::Client, None)
            .map_err(|error| MediaError::Crypto {
                what: "the DTLS configuration",
                why: error.to_string(),
            })?;
        let config = Arc::new(config);
        let server = (role == Role::Server).then(|| Arc::clone(&config));
        Ok(Self {
            endpoint: Endpoint::new(PEER, TransportProtocol::UDP, server),
            config,
            role,
            started: role == Role::Server,
            established: false,
            mismatch,
            second: now,
            this_second: 0,
        })
    }

    pub(crate) const fn role(&self) -> Role {
        self.role
    }

    /// ICE has a path: the client sends its first flight. Harmless when repeated.
    pub(crate) fn start(&mut self, now: Instant) -> Outcome {
        if self.started {
            return Outcome::Nothing;
        }
        self.started = true;
        let config = Arc::clone(&self.config);
        match self.endpoint.connect(now, PEER, config, None) {
            Ok(()) => Outcome::Nothing,
            Err(_) => Outcome::Down(LegDown::DtlsFailed),
        }
    }

    /// Takes a datagram from a proven address. `None` when it was refused unread.
    pub(crate) fn datagram(&mut self, now: Instant, bytes: &[u8]) -> Option<Outcome> {
        if !self.started {
            return None;
        }
        // What is not admissible costs nothing, and must not use up the peer's rate either.
        let records = self.admissible(bytes)?;
        if !self.within_rate(now) {
            return None;
        }
        // Errors of the handshake end it by time-out or mismatch, never by themselves: until the
        // keys are agreed, anybody who can forge the peer's address could cause them.
        let events = self.endpoint.read(now, PEER, None, records).unwrap_or_default();
        if self.mismatch.load(Ordering::Relaxed) {
            return Some(Outcome::Down(LegDown::FingerprintMismatch));
        }
        for event in events {
            match event {
                EndpointEvent::HandshakeComplete => {
                    self.established = true;
                    return Some(self.keys());
                }
                EndpointEvent::PeerClosed if self.established => {
                    return Some(Outcome::Down(LegDown::ClosedByPeer));
                }
                _ => {}
            }
        }
        Some(Outcome::Nothing)
    }

    fn keys(&self) -> Outcome {
        let Some(state) = self.endpoint.get_connection_state(PEER) else {
            return Outcome::Down(LegDown::DtlsFailed);
        };
        let profile = match state.srtp_protection_profile() {
            SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm => Profile::AeadAes128Gcm,
            SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80 => Profile::AesCm128HmacSha1_80,
            _ => return Outcome::Down(LegDown::DtlsFailed),
        };
        let length = profile.keying_material();
        match state.export_keying_material("EXTRACTOR-dtls_srtp", &[], length) {
            Ok(material) => Outcome::Keys(profile, material),
            Err(_) => Outcome::Down(LegDown::DtlsFailed),
        }
    }

    fn within_rate(&mut self, now: Instant) -> bool {
        if now.saturating_duration_since(self.second) >= Duration::from_secs(1) {
            self.second = now;
            self.this_second = 0;
        }
        self.this_second += 1;
        let limit = if self.established { ESTABLISHED_RATE_MAX } else { HANDSHAKE_RATE_MAX };
        self.this_second <= limit
    }

    /// The records of a datagram that may be acted on. Plain-text alerts are dropped always, and
    /// all plain text once the keys are agreed: nobody needs a key to forge them. A peer that
    /// repeats its last flight still gets through, by the encrypted Finished in it.
    fn admissible(&self, bytes: &[u8]) -> Option<BytesMut> {
        let mut kept = BytesMut::with_capacity(bytes.len());
        let mut rest = bytes;
        while !rest.is_empty() {
            let head = rest.get(..RECORD_HEADER)?;
            let length = usize::from(u16::from_be_bytes([head[11], head[12]]));
            let (record, behind) = rest.split_at_checked(RECORD_HEADER + length)?;
            let plain = head[3..5] == [0, 0];
            if !(plain && (self.established || head[0] == ALERT)) {
                kept.extend_from_slice(record);
            }
            rest = behind;
        }
        (!kept.is_empty()).then_some(kept)
    }

    pub(crate) fn timeout(&mut self, now: Instant) -> Outcome {
        if self.established || self.next_timeout().is_none_or(|at| at > now) {
            return Outcome::Nothing;
        }
        match self.endpoint.handle_timeout(PEER, now) {
            Ok(()) => Outcome::Nothing,
            Err(_) => Outcome::Down(LegDown::DtlsFailed),
        }
    }

    pub(crate) fn next_timeout(&self) -> Option<Instant> {
        if self.established {
            return None;
        }
        self.endpoint.poll_timeout(&PEER)
    }

    /// The next datagram to send.
    pub(crate) fn poll_transmit(&mut self) -> Option<BytesMut> {
        self.endpoint.poll_transmit().map(|message| message.message)
    }

    /// Queues a close_notify if there is a session to close.
    pub(crate) fn close(&mut self, now: Instant) {
        if self.established {
            let _ = self.endpoint.close(now);
        }
    }
}

const fn offered(profile: Profile) -> SrtpProtectionProfile {
    match profile {
        Profile::AeadAes128Gcm => SrtpProtectionProfile::Srtp_Aead_Aes_128_Gcm,
        Profile::AesCm128HmacSha1_80 => SrtpProtectionProfile::Srtp_Aes128_Cm_Hmac_Sha1_80,
    }
}
