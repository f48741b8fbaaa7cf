//! `[agents]`: tokens and sockets of agents.

use std::time::Duration;

use crate::section::Section;

/// Tokens and sockets of agents.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Agents {
    /// How long a minted token opens new sockets.
    pub token_ttl: Duration,
    /// How often a device must send a ping.
    pub heartbeat: Duration,
}

impl Agents {
    pub(crate) fn read(section: &mut Section<'_, '_>) -> Self {
        Self {
            // The API cuts tokens to five minutes, because a stolen one is worth little for so
            // short a time; under half a minute a slow page cannot use it.
            token_ttl: section.seconds("token_ttl_seconds", 300, 30..=300),
            // Two and a half heartbeats of silence close a socket; proxies cut idle ones at 60 s.
            heartbeat: section.seconds("heartbeat_seconds", 20, 5..=50),
        }
    }
}
