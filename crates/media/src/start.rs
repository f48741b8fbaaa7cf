//! Starting the media plane: everything that can fail fails before [`start`] returns.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::{Instant, SystemTime};

use mio::{Poll, Waker};
use tokio::sync::mpsc;

use crate::config::MediaConfig;
use crate::driver::Driver;
use crate::error::MediaError;
use crate::event::MediaEvent;
use crate::identity::Identity;
use crate::plane::MediaPlane;
use crate::sdp::Reach;
use crate::shard::{Place, Shard};
use crate::socket::{Sockets, WAKER};
use crate::tap::{self, TapReader};

/// Commands under way to the thread; it takes 256 every few milliseconds.
const COMMANDS_MAX: usize = 1_024;
/// Events nobody has taken yet: some for every leg a shard carries.
const EVENTS_MAX: usize = 16_384;

/// A running media plane.
pub struct Started {
    /// Commands go in here.
    pub plane: MediaPlane,
    /// Events come out here.
    pub events: mpsc::Receiver<MediaEvent>,
    /// Heard frames of tapped legs come out here, for the recorder.
    pub taps: TapReader,
}

/// Starts the media thread. Its sockets are bound when this returns.
///
/// # Errors
/// [`MediaError::Bind`], [`MediaError::NoAddress`], [`MediaError::Crypto`],
/// [`MediaError::Thread`].
pub fn start(config: MediaConfig) -> Result<Started, MediaError> {
    let addresses = advertised(&config)?;
    let identity = Arc::new(Identity::generate()?);
    let poll = Poll::new().map_err(MediaError::Thread)?;
    let waker = Waker::new(poll.registry(), WAKER).map_err(MediaError::Thread)?;
    let registry = poll.registry().try_clone().map_err(MediaError::Thread)?;
    let sockets = Sockets::new(registry, config.bind, config.agent_port, config.whatsapp_ports)?;
    let agent_address = sockets.agent_address().map_err(MediaError::Thread)?;
    let place = Place { addresses, agent_port: agent_address.port() };
    let (writer, taps) = tap::ring();
    let (events, received) = mpsc::channel::<MediaEvent>(EVENTS_MAX);
    let (commands, obeyed) = mpsc::channel(COMMANDS_MAX);
    let driver = Driver {
        poll,
        sockets,
        shard: Shard::new(identity, place, writer, Instant::now(), SystemTime::now()),
        commands: obeyed,
        events,
        ready: Vec::new(),
        pending: VecDeque::new(),
    };
    std::thread::Builder::new()
        .name("media-0".to_owned())
        .spawn(move || driver.run())
        .map_err(MediaError::Thread)?;
    let reach = Reach { ipv6: config.bind.is_ipv6(), private: config.allow_private_remotes };
    Ok(Started {
        plane: MediaPlane::new(commands, Arc::new(waker), reach, agent_address),
        events: received,
        taps,
    })
}

/// The addresses for SDP: those configured that the bound socket can serve, or the bound one.
fn advertised(config: &MediaConfig) -> Result<Vec<IpAddr>, MediaError> {
    let servable = |ip: &IpAddr| ip.is_ipv6() == config.bind.is_ipv6() && !ip.is_unspecified();
    let mut addresses: Vec<_> = config.advertise.iter().copied().filter(servable).collect();
    if config.advertise.is_empty() && !config.bind.is_unspecified() {
        addresses.push(config.bind);
    }
    if addresses.is_empty() {
        return Err(MediaError::NoAddress);
    }
    Ok(addresses)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn config(bind: &str, advertise: &[&str]) -> MediaConfig {
        MediaConfig {
            bind: bind.parse().unwrap(),
            advertise: advertise.iter().map(|ip| ip.parse().unwrap()).collect(),
            ..MediaConfig::default()
        }
    }

    #[test]
    fn sdp_gets_configured_addresses_of_the_bound_family_or_the_bound_one() {
        let of = |bind, advertise: &[&str]| {
            advertised(&config(bind, advertise))
                .ok()
                .map(|all| all.iter().map(IpAddr::to_string).collect::<Vec<_>>())
        };
        let v4 = Some(vec!["203.0.113.9".to_owned()]);
        assert_eq!(of("203.0.113.9", &[]), v4);
        assert_eq!(of("0.0.0.0", &["2001:db8::9", "203.0.113.9"]), v4);
        assert_eq!(of("0.0.0.0", &[]), None);
        assert_eq!(of("::1", &["203.0.113.9"]), None);
    }
}
