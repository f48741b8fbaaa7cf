//! Starting the media plane: everything that can fail fails before [`start`] returns.

use std::collections::VecDeque;
use std::net::IpAddr;
use std::num::NonZeroU16;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use mio::{Poll, Waker};
use model::LegId;
use tokio::sync::mpsc;

use crate::config::MediaConfig;
use crate::driver::Driver;
use crate::error::MediaError;
use crate::event::MediaEvent;
use crate::hand_over::{HandOver, ShardPart};
use crate::identity::Identity;
use crate::plane::{Line, MediaPlane, Origin};
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

/// A media plane that goes on with the legs of another process.
pub struct TakenOver {
    /// The running plane. Its legs have the ids they had; none is reported to come up again.
    pub started: Started,
    /// Legs that are lost: they were not up, or could not be gone on with here.
    pub dropped: Vec<LegId>,
}

/// Starts the media threads, one per shard. Their sockets are bound when this returns.
///
/// # Errors
/// [`MediaError::Bind`], [`MediaError::NoAddress`], [`MediaError::Ports`],
/// [`MediaError::Crypto`], [`MediaError::Thread`].
pub fn start(config: MediaConfig) -> Result<Started, MediaError> {
    let identity = Arc::new(Identity::generate()?);
    let (parts, gap) = (Vec::new(), Duration::ZERO);
    let launched = launch(&config, Beginning { identity, next_leg: 1, parts, gap })?;
    Ok(launched.started)
}

/// The same, going on with the legs that [`MediaPlane::hand_over`] let go: on the ports they had
/// (`shards` and `agent_port` only matter for shards beyond those), with the certificate they
/// know. `bind` must serve the addresses that are in their SDP. A leg whose port is taken is
/// dropped and the others go on; what else is lost stands at [`HandOver`].
///
/// # Errors
/// Those of [`start`]: [`MediaError::Bind`] also for an agents' port of the other process,
/// [`MediaError::Crypto`] also for a certificate that is none. Nothing was sent then, so the
/// hand-over can be read from its bytes again.
pub fn start_from(mut config: MediaConfig, from: HandOver) -> Result<TakenOver, MediaError> {
    let identity = Arc::new(from.identity()?);
    let gap = from.gap(SystemTime::now());
    let mut dropped: Vec<_> = from.dropped().collect();
    let next_leg = from.legs().map(|leg| leg.0.saturating_add(1)).fold(from.next_leg, u64::max);
    let parts = from.shards;
    // An agent's browser knows the port of its shard, so there are as many as there were.
    let shards = u16::try_from(parts.len()).ok().and_then(NonZeroU16::new);
    config.shards = shards.map_or(config.shards, |shards| shards.max(config.shards));
    let mut taken = launch(&config, Beginning { identity, next_leg, parts, gap })?;
    taken.dropped.append(&mut dropped);
    Ok(taken)
}

/// Who the plane is and what it has from the start.
struct Beginning {
    identity: Arc<Identity>,
    next_leg: u64,
    /// Of the first shards.
    parts: Vec<ShardPart>,
    /// How long nobody had them.
    gap: Duration,
}

fn launch(config: &MediaConfig, beginning: Beginning) -> Result<TakenOver, MediaError> {
    let Beginning { identity, next_leg, parts, gap } = beginning;
    let addresses = advertised(config)?;
    let (events, received) = mpsc::channel::<MediaEvent>(EVENTS_MAX);
    let mut taps = TapReader::new(Instant::now());
    let (mut lines, mut drivers) = (Vec::new(), Vec::new());
    let (mut legs, mut dropped) = (Vec::new(), Vec::new());
    let mut parts = parts.into_iter();
    for number in 0..config.shards.get() {
        let part = parts.next();
        let port = part.as_ref().map(|part| Ok(part.agent_port));
        let port = port.unwrap_or_else(|| agent_port(config.agent_port, config, number))?;
        let poll = Poll::new().map_err(MediaError::Thread)?;
        let waker = Waker::new(poll.registry(), WAKER).map_err(MediaError::Thread)?;
        let registry = poll.registry().try_clone().map_err(MediaError::Thread)?;
        let tcp_port = config.agent_tcp_port.map(|first| agent_port(first, config, number));
        let ports = config.whatsapp_ports.clone();
        let mut sockets = Sockets::new(registry, config.bind, port, ports)?;
        let agents = sockets.agent_address().map_err(MediaError::Thread)?;
        let place = Place {
            addresses: addresses.clone(),
            agent_port: agents.port(),
            agent_tcp_port: tcp_port.transpose()?.map(|port| sockets.listen(port)).transpose()?,
        };
        let (orders, obeyed) = mpsc::channel(ORDERS_MAX);
        let (identity, writer) = (Arc::clone(&identity), taps.add_ring());
        let mut driver = Driver {
            poll,
            sockets,
            shard: Shard::new(identity, place, writer, Instant::now(), SystemTime::now()),
            orders: obeyed,
            events: events.clone(),
            ready: Vec::new(),
            knocked: false,
            pending: VecDeque::new(),
        };
        if let Some(part) = part {
            dropped.extend(driver.take_over(gap, part.state));
        }
        legs.extend(driver.shard.leg_ids().map(|leg| (leg, usize::from(number))));
        drivers.push(driver);
        lines.push(Line::new(orders, waker, agents));
    }
    for (number, driver) in drivers.into_iter().enumerate() {
        std::thread::Builder::new()
            .name(format!("media-{number}"))
            .spawn(move || driver.run())
            .map_err(MediaError::Thread)?;
    }
    let reach = Reach::of(config.bind, config.allow_private_remotes);
    let plane = MediaPlane::new(lines, reach, Origin { identity, next_leg, legs });
    Ok(TakenOver { started: Started { plane, events: received, taps }, dropped })
}

/// The port of a shard's agents: one after the other, or any free ones.
fn agent_port(first: u16, config: &MediaConfig, shard: u16) -> Result<u16, MediaError> {
    let shards = config.shards;
    match first {
        0 => Ok(0),
        _ => first.checked_add(shard).ok_or(MediaError::Ports { first, shards }),
    }
}

/// The addresses for SDP: those configured that the bound socket can serve, or the bound one.
fn advertised(config: &MediaConfig) -> Result<Vec<IpAddr>, MediaError> {
    let reach = Reach::of(config.bind, config.allow_private_remotes);
    let servable = |ip: &IpAddr| reach.serves(*ip) && !ip.is_unspecified();
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
        let both = vec!["2001:db8::9".to_owned(), "203.0.113.9".to_owned()];
        assert_eq!(of("::", &["2001:db8::9", "203.0.113.9"]), Some(both));
    }
}
