//! The full, controlling agent of a WhatsApp leg: Meta is ice-lite and never checks by itself.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::BytesMut;
use rtc_ice::agent::agent_config::AgentConfig;
use rtc_ice::agent::{Agent, Event};
use rtc_ice::candidate::candidate_host::CandidateHostConfig;
use rtc_ice::candidate::{Candidate, CandidateConfig};
use rtc_ice::mdns::MulticastDnsMode;
use rtc_shared::{TaggedBytesMut, TransportContext, TransportProtocol};
use sansio::Protocol;
use serde::{Deserialize, Serialize};

use super::stun::{Binding, Class};
use crate::error::MediaError;
use crate::identity::{Identity, ice_text};
use crate::sdp::{CANDIDATES_MAX, Offer};

/// Pace of checks per candidate. Meta answers nothing until it knows our SDP, so the first check
/// it can answer should not be far away.
const CHECK_PACE: Duration = Duration::from_millis(20);
/// The pace never falls below this however many candidates share it; the agent's own maximum.
const CHECK_PACE_MAX: Duration = Duration::from_millis(200);
/// Consent checks on the nominated pair (RFC 7675 asks for 5 s; Meta's side cuts at 20 s).
const CONSENT_PACE: Duration = Duration::from_millis(2_400);
/// Between looks at an agent that has chosen: a fraction of the consent pace. The agent itself wants
/// five a second, each of which finds its memory cold.
const CALM_PACE: Duration = Duration::from_millis(500);
/// The agent takes whatever comes from this port for multicast DNS, also where that is off, and a
/// router may well show a caller there. It sees such an address with [`STAND_IN_PORT`].
const MDNS_PORT: u16 = 5_353;
/// The discard port: no router chooses it. The two change places, so that nothing is ambiguous.
const STAND_IN_PORT: u16 = 9;

pub(crate) struct Full {
    nominated: Option<SocketAddr>,
    /// When the agent wants to be looked at, asked once after each time it may have changed.
    due: Option<Instant>,
    /// The agent has chosen; only consent is left to be asked for.
    calm: bool,
    looked_at: Instant,
    agent: Box<Agent>,
    names: Names,
}

/// What we are called in checks. Holds a password, so it has no `Debug`.
#[derive(Clone)]
pub(crate) struct OwnNames {
    pub(crate) ufrag: String,
    pub(crate) pwd: String,
}

impl OwnNames {
    pub(crate) fn new() -> Self {
        Self { ufrag: ice_text::<8>(), pwd: ice_text::<24>() }
    }
}

/// Who the two ends are to each other. Holds passwords, so it has no `Debug`.
#[derive(Clone, Serialize, Deserialize)]
struct Names {
    ufrag: String,
    pwd: String,
    remote_ufrag: String,
    remote_pwd: String,
    /// The addresses of our candidates, one of each family at most.
    locals: Vec<SocketAddr>,
}

impl Names {
    /// Our candidate that speaks with `remote`.
    fn local_for(&self, remote: SocketAddr) -> Option<SocketAddr> {
        self.locals.iter().copied().find(|local| local.is_ipv6() == remote.is_ipv6())
    }
}

/// An agent that has chosen a path, as plain data.
#[derive(Clone, Serialize, Deserialize)]
pub(crate) struct FullState {
    names: Names,
    nominated: SocketAddr,
}

impl FullState {
    /// The port of the leg's own socket.
    pub(crate) fn port(&self) -> u16 {
        self.names.locals.first().map_or(0, SocketAddr::port)
    }
}

impl Full {
    /// Starts checking at once. `locals` are the addresses of our candidates, all of one socket; the
    /// first of each family counts.
    pub(crate) fn new(
        now: Instant,
        identity: &Identity,
        own: OwnNames,
        offer: &Offer,
        locals: &[SocketAddr],
    ) -> Result<Self, MediaError> {
        let first = |v6| locals.iter().copied().find(|local| local.is_ipv6() == v6);
        let names = Names {
            ufrag: own.ufrag,
            pwd: own.pwd,
            remote_ufrag: offer.ufrag.clone(),
            remote_pwd: offer.pwd.clone(),
            locals: [first(false), first(true)].into_iter().flatten().collect(),
        };
        let remotes = offer.candidates.iter().map(|remote| (remote.address, remote.priority));
        let agent = checking(now, identity, &names, &remotes.collect::<Vec<_>>())?;
        Ok(Self::of(now, agent, names, None))
    }

    /// `None` before there is a path.
    pub(crate) fn state(&self) -> Option<FullState> {
        Some(FullState { names: self.names.clone(), nominated: self.nominated? })
    }

    /// Goes on for another process. The chosen pair is checked as if for the first time, but it
    /// is the path meanwhile: the leg does not wait.
    pub(crate) fn restore(
        now: Instant,
        identity: &Identity,
        state: FullState,
    ) -> Result<Self, MediaError> {
        let FullState { names, nominated } = state;
        let agent = checking(now, identity, &names, &[(nominated, 0)])?;
        Ok(Self::of(now, agent, names, Some(nominated)))
    }

    fn of(now: Instant, agent: Agent, names: Names, nominated: Option<SocketAddr>) -> Self {
        let agent = Box::new(agent);
        let mut full = Self { nominated, due: None, calm: false, looked_at: now, agent, names };
        full.ask();
        full
    }

    pub(crate) fn ufrag(&self) -> &str {
        &self.names.ufrag
    }

    pub(crate) fn pwd(&self) -> &str {
        &self.names.pwd
    }

    /// The nominated remote.
    pub(crate) const fn path(&self) -> Option<SocketAddr> {
        self.nominated
    }

    /// Gives a STUN message to the agent if it is genuine, and says whether it was. The agent
    /// itself would look at roles before it looks at the integrity.
    pub(crate) fn check(&mut self, now: Instant, from: SocketAddr, bytes: &[u8]) -> bool {
        let Some(binding) = Binding::read(bytes) else {
            return false;
        };
        let from = disguised(from);
        let genuine = match binding.class {
            Class::Request => {
                binding.fragments() == Some((&self.names.ufrag, &self.names.remote_ufrag))
                    && binding.is_genuine(&self.names.pwd)
                    && self.has_room_for(from)
            }
            Class::Success => binding.is_genuine(&self.names.remote_pwd),
        };
        if let (true, Some(local_addr)) = (genuine, self.names.local_for(from)) {
            let message = TaggedBytesMut {
                now,
                transport: TransportContext {
                    local_addr,
                    peer_addr: from,
                    transport_protocol: TransportProtocol::UDP,
                    ecn: None,
                },
                message: BytesMut::from(bytes),
            };
            // A late answer to a forgotten check is an error to the agent and nothing to us.
            let _ = self.agent.handle_read(message);
            self.ask();
        }
        genuine
    }

    /// A genuine request from a new address makes a peer-reflexive candidate; their number is
    /// bounded too.
    fn has_room_for(&self, from: SocketAddr) -> bool {
        let known = self.agent.get_remote_candidates();
        known.len() < CANDIDATES_MAX || known.iter().any(|candidate| candidate.addr() == from)
    }

    pub(crate) fn timeout(&mut self, now: Instant) {
        if self.next_timeout().is_some_and(|at| at <= now) {
            let _ = self.agent.handle_timeout(now);
            self.looked_at = now;
            self.ask();
        }
    }

    pub(crate) const fn next_timeout(&self) -> Option<Instant> {
        self.due
    }

    /// Asks the agent when it is due. What it wants at once names a time that has been.
    fn ask(&mut self) {
        let at = self.agent.poll_timeout();
        let is_routine = |at: &Instant| self.calm && *at > self.looked_at;
        self.due = at.map(|at| if is_routine(&at) { self.looked_at + CALM_PACE } else { at });
    }

    /// Sends what the agent wants sent and learns which pair it chose.
    pub(crate) fn flush(&mut self, send: &mut dyn FnMut(SocketAddr, &[u8])) {
        while let Some(message) = self.agent.poll_write() {
            send(disguised(message.transport.peer_addr), &message.message);
        }
        while let Some(happened) = self.agent.poll_event() {
            if let Event::SelectedCandidatePairChange(_, remote) = happened.event {
                self.nominated = Some(disguised(remote.addr()));
                self.calm = true;
                self.ask();
            }
        }
    }
}

/// An agent that checks these remote candidates, each with its priority (0: by its type).
fn checking(
    now: Instant,
    identity: &Identity,
    names: &Names,
    remotes: &[(SocketAddr, u32)],
) -> Result<Agent, MediaError> {
    let failed = |error: rtc_shared::error::Error| MediaError::Crypto {
        what: "the ICE agent",
        why: error.to_string(),
    };
    let candidates = u32::try_from(remotes.len()).unwrap_or(1).max(1);
    let config = AgentConfig {
        local_ufrag: names.ufrag.clone(),
        local_pwd: names.pwd.clone(),
        is_controlling: true,
        multicast_dns_mode: MulticastDnsMode::Disabled,
        check_interval: (CHECK_PACE * candidates).min(CHECK_PACE_MAX),
        keepalive_interval: Some(CONSENT_PACE),
        // The leg itself decides when it is lost; checks go on until then.
        max_binding_requests: Some(u16::MAX),
        disconnected_timeout: Some(Duration::ZERO),
        failed_timeout: Some(Duration::ZERO),
        host_acceptance_min_wait: Some(Duration::ZERO),
        prflx_acceptance_min_wait: Some(Duration::ZERO),
        ..AgentConfig::default()
    };
    let mut agent =
        Agent::new(now, Arc::new(config), Arc::clone(&identity.provider)).map_err(failed)?;
    for local in &names.locals {
        let ours = host(local.ip(), local.port(), 0).map_err(failed)?;
        agent.add_local_candidate(ours).map_err(failed)?;
    }
    for (address, priority) in remotes {
        let address = disguised(*address);
        let theirs = host(address.ip(), address.port(), *priority);
        agent.add_remote_candidate(theirs.map_err(failed)?).map_err(failed)?;
    }
    let (ufrag, pwd) = (names.remote_ufrag.clone(), names.remote_pwd.clone());
    agent.start_connectivity_checks(now, true, ufrag, pwd).map_err(failed)?;
    Ok(agent)
}

/// What the agent calls an address, and back.
fn disguised(address: SocketAddr) -> SocketAddr {
    let port = match address.port() {
        MDNS_PORT => STAND_IN_PORT,
        STAND_IN_PORT => MDNS_PORT,
        other => other,
    };
    SocketAddr::new(address.ip(), port)
}

fn host(ip: IpAddr, port: u16, priority: u32) -> Result<Candidate, rtc_shared::error::Error> {
    CandidateHostConfig {
        base_config: CandidateConfig {
            network: "udp".to_owned(),
            address: ip.to_string(),
            port,
            component: 1,
            priority,
            ..CandidateConfig::default()
        },
        ..CandidateHostConfig::default()
    }
    .new_candidate_host()
}
