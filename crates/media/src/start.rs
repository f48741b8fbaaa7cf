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
use crate::plane::{Line, MediaPlane};
use crate::sdp::Reach;
use crate::shard::{Place, Shard};
use crate::socket::{Sockets, WAKER};
use crate::tap::TapReader;

/// Orders under way to a thread; it takes 256 every few milliseconds.
const ORDERS_MAX: usize = 1_024;
/// Events nobody has taken yet: some for every leg that one shard carries.
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

/// Starts the media threads, one per shard. Their sockets are bound when this returns.
///
/// # Errors
/// [`MediaError::Bind`], [`MediaError::NoAddress`], [`MediaError::Ports`],
/// [`MediaError::Crypto`], [`MediaError::Thread`].
pub fn start(config: MediaConfig) -> Result<Started, MediaError> {
    let addresses = advertised(&config)?;
    let identity = Arc::new(Identity::generate()?);
    let (events, received) = mpsc::channel::<MediaEvent>(EVENTS_MAX);
    let mut taps = TapReader::new(Instant::now());
    let (mut lines, mut drivers) = (Vec::new(), Vec::new());
    for number in 0..config.shards.get() {
        let poll = Poll::new().map_err(MediaError::Thread)?;
        let waker = Waker::new(poll.registry(), WAKER).map_err(MediaError::Thread)?;
        let registry = poll.registry().try_clone().map_err(MediaError::Thread)?;
        let port = agent_port(&config, number)?;
        let sockets = Sockets::new(registry, config.bind, port, config.whatsapp_ports.clone())?;
        let agents = sockets.agent_address().map_err(MediaError::Thread)?;
        let place = Place { addresses: addresses.clone(), agent_port: agents.port() };
        let (orders, obeyed) = mpsc::channel(ORDERS_MAX);
        let (identity, writer) = (Arc::clone(&identity), taps.add_ring());
        drivers.push(Driver {
            poll,
            sockets,
            shard: Shard::new(identity, place, writer, Instant::now(), SystemTime::now()),
            orders: obeyed,
            events: events.clone(),
            ready: Vec::new(),
            pending: VecDeque::new(),
        });
        lines.push(Line::new(orders, waker, agents));
    }
    for (number, driver) in drivers.into_iter().enumerate() {
        std::thread::Builder::new()
            .name(format!("media-{number}"))
            .spawn(move || driver.run())
            .map_err(MediaError::Thread)?;
    }
    let reach = Reach { ipv6: config.bind.is_ipv6(), private: config.allow_private_remotes };
    Ok(Started { plane: MediaPlane::new(lines, reach), events: received, taps })
}

/// The port of a shard's agents: one after the other, or any free ones.
fn agent_port(config: &MediaConfig, shard: u16) -> Result<u16, MediaError> {
    let (first, shards) = (config.agent_port, config.shards);
    match first {
        0 => Ok(0),
        _ => first.checked_add(shard).ok_or(MediaError::Ports { first, shards }),
    }
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
