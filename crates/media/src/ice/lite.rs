//! ICE-lite (RFC 8445 section 2.5): the browser checks and nominates, we answer what is genuine.
//!
//! A check can be recorded and sent again by anybody, and a lite agent sends no check of its own
//! that would show it. So a check only says where the browser may be; once there are keys, sound
//! follows it there when a packet that cannot be replayed has come from that address.

use std::net::SocketAddr;

use serde::{Deserialize, Serialize};

use super::stun::{ANSWER_MAX, Binding, Class};
use crate::identity::ice_text;
use crate::sdp::Offer;
use crate::turn::{Path, Via};

/// Source addresses kept per leg: Wi-Fi, cable and mobile in both families, with room for a
/// network change. The oldest gives way.
const BOUND_MAX: usize = 8;

/// It knows no time, so it is its own state, but for TCP connections, which cannot be handed over;
/// [`Self::is_sound`] holds for every one that was made here.
#[derive(Clone, Serialize, Deserialize)]
#[serde(into = "LiteState", from = "LiteState")]
pub(crate) struct Lite {
    names: Names,
    /// Those before a restart: they hold until the browser shows that it has the new ones.
    old: Option<Names>,
    bound: Vec<Path>,
    nominated: Option<Path>,
    /// Where the handshake ended, then where fresh SRTP or SRTCP came from, if nominated.
    proven: Option<Path>,
}

/// Who the two ends are to each other until ICE restarts. Holds a password, so it has no `Debug`.
#[derive(Clone, Serialize, Deserialize)]
struct Names {
    ufrag: String,
    pwd: String,
    remote_ufrag: String,
}

impl Names {
    fn new(offer: &Offer) -> Self {
        Self { ufrag: ice_text::<8>(), pwd: ice_text::<24>(), remote_ufrag: offer.ufrag.clone() }
    }
}

/// What another process needs to go on: all but the TCP connections. A browser that has nothing
/// else connects anew.
#[derive(Serialize, Deserialize)]
struct LiteState {
    names: Names,
    old: Option<Names>,
    bound: Vec<SocketAddr>,
    nominated: Option<SocketAddr>,
    proven: Option<SocketAddr>,
}

impl From<Lite> for LiteState {
    fn from(lite: Lite) -> Self {
        let Lite { names, old, bound, nominated, proven } = lite;
        let udp = |path: Path| (path.via == Via::Agents).then_some(path.to);
        Self {
            names,
            old,
            bound: bound.into_iter().filter_map(udp).collect(),
            nominated: nominated.and_then(udp),
            proven: proven.and_then(udp),
        }
    }
}

impl From<LiteState> for Lite {
    fn from(state: LiteState) -> Self {
        let LiteState { names, old, bound, nominated, proven } = state;
        let path = |to| Path { via: Via::Agents, to };
        Self {
            names,
            old,
            bound: bound.into_iter().map(path).collect(),
            nominated: nominated.map(path),
            proven: proven.map(path),
        }
    }
}

/// What a genuine check changed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Checked {
    /// The address is bound for the first time.
    pub(crate) is_new: bool,
    /// The address that had to give way.
    pub(crate) evicted: Option<Path>,
    /// Our username fragment from before a restart, which this check has ended.
    pub(crate) outlived: Option<String>,
    /// Length of the answer.
    pub(crate) answer: usize,
}

impl Lite {
    pub(crate) fn new(offer: &Offer) -> Self {
        Self {
            names: Names::new(offer),
            old: None,
            bound: Vec::new(),
            nominated: None,
            proven: None,
        }
    }

    /// Whether another process can have had this.
    pub(crate) fn is_sound(&self) -> bool {
        self.bound.len() <= BOUND_MAX
    }

    /// Begins anew with the browser (RFC 8445 section 9): new names on both sides. Sound stays
    /// where it is until it comes from elsewhere. Returns our username fragment of an earlier
    /// restart that the browser never took up, and that is not answered any more.
    pub(crate) fn restart(&mut self, offer: &Offer) -> Option<String> {
        let former = std::mem::replace(&mut self.names, Names::new(offer));
        match self.old {
            Some(_) => Some(former.ufrag),
            None => {
                self.old = Some(former);
                None
            }
        }
    }

    pub(crate) fn ufrag(&self) -> &str {
        &self.names.ufrag
    }

    pub(crate) fn pwd(&self) -> &str {
        &self.names.pwd
    }

    /// The browser's username fragment.
    pub(crate) fn remote_ufrag(&self) -> &str {
        &self.names.remote_ufrag
    }

    /// Every username fragment of ours that is answered.
    pub(crate) fn ufrags(&self) -> impl Iterator<Item = &str> {
        self.all_names().map(|names| names.ufrag.as_str())
    }

    fn all_names(&self) -> impl Iterator<Item = &Names> {
        std::iter::once(&self.names).chain(&self.old)
    }

    pub(crate) fn bound(&self) -> &[Path] {
        &self.bound
    }

    /// Where to send: the proven address; before there is one the nominated, and before
    /// nomination the latest that checked.
    pub(crate) fn path(&self) -> Option<Path> {
        self.proven.or(self.nominated).or_else(|| self.bound.last().copied())
    }

    /// A packet that verified and was no replay came from a bound address.
    pub(crate) fn prove(&mut self, from: Path) {
        if self.proven != Some(from) && (self.proven.is_none() || self.nominated == Some(from)) {
            self.proven = Some(from);
        }
    }

    /// Whether a request is from the peer of this leg. Changes nothing.
    pub(crate) fn is_genuine(&self, binding: &Binding<'_>) -> bool {
        binding.class == Class::Request
            && self.names_in(binding).is_some_and(|names| binding.is_genuine(&names.pwd))
    }

    /// The names that a request uses, if they are the leg's.
    fn names_in(&self, binding: &Binding<'_>) -> Option<&Names> {
        let (ours, theirs) = binding.fragments()?;
        self.all_names().find(|names| names.ufrag == ours && names.remote_ufrag == theirs)
    }

    /// Takes in a request that [`Self::is_genuine`] and writes the answer.
    pub(crate) fn check(
        &mut self,
        from: Path,
        binding: &Binding<'_>,
        buffer: &mut [u8; ANSWER_MAX],
    ) -> Checked {
        let used = self.names_in(binding).unwrap_or(&self.names);
        let answer = binding.answer(from.to, &used.pwd, buffer);
        let is_current = used.ufrag == self.names.ufrag;
        let outlived = self.old.take_if(|_| is_current).map(|old| old.ufrag);
        let is_new = !self.bound.contains(&from);
        let mut evicted = None;
        if is_new {
            if self.bound.len() == BOUND_MAX {
                let used = [self.nominated, self.proven];
                let idle = self.bound.iter().position(|at| !used.contains(&Some(*at)));
                evicted = idle.map(|at| self.bound.remove(at));
            }
            self.bound.push(from);
        }
        if binding.nominates {
            self.nominated = Some(from);
        }
        Checked { is_new, evicted, outlived, answer }
    }
}
