//! Robot agents: devices that speak the agent WebSocket and its media like a browser.

mod socket;

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use model::{CallId, SdpText};
use tokio::task::JoinHandle;
use wire::agent::{ClientCommand, ServerEvent, ServerFrame};

use crate::listen::Heard;
use crate::peer::{Peer, PeerConfig, PeerKind};
use crate::voice::{Band, Voice};
use crate::{Says, SimError};
use socket::{Socket, Watcher};

/// One Opus frame.
const FRAME: Duration = Duration::from_millis(20);
/// How long hello may take.
const WELCOME_MAX: Duration = Duration::from_secs(10);
/// How long ICE and DTLS may take on a busy machine.
const MEDIA_UP_MAX: Duration = Duration::from_secs(15);

/// How a robot connects. Holds a token, therefore without `Debug`.
#[derive(Clone)]
pub struct RobotConfig {
    /// The agent socket, such as `ws://127.0.0.1:8080/agent/v1`. `wss` is not spoken.
    pub url: String,
    /// An agent token.
    pub token: String,
    /// The `Origin` header, for a daemon that checks it.
    pub origin: Option<String>,
    /// What the robot says while it speaks.
    pub says: Says,
    /// The device's name in lists.
    pub label: String,
}

/// A connected agent device.
///
/// Like the SDK it starts to send sound when it claims a call, and stops when the call ends or the
/// claim is released or refused. [`Robot::speak`] overrides that.
pub struct Robot {
    config: RobotConfig,
    socket: Socket,
    welcome: ServerEvent,
    speech: Arc<Speech>,
    media: Option<Media>,
}

/// Whether the robot speaks, and which claim made it do so.
#[derive(Default)]
struct Speech {
    on: AtomicBool,
    /// Frame number of the claim; 0 when it spoke before.
    begun_by: AtomicU64,
}

struct Media {
    peer: Arc<Peer>,
    mouth: JoinHandle<()>,
}

impl Drop for Media {
    fn drop(&mut self) {
        // The task holds the peer; without this a dropped robot would talk for ever.
        self.mouth.abort();
    }
}

impl Robot {
    /// Connects, says hello and waits for the welcome.
    ///
    /// # Errors
    /// [`SimError::Socket`] when there is no such socket, [`SimError::Refused`] when the token is
    /// not taken.
    pub async fn connect(config: RobotConfig) -> Result<Self, SimError> {
        let speech = Arc::new(Speech::default());
        let mut socket =
            Socket::connect(&config.url, config.origin.as_deref(), hush_when_over(speech.clone()))
                .await?;
        let hello = ClientCommand::Hello {
            token: config.token.clone(),
            device_label: Some(config.label.clone()),
            resume: None,
        };
        let id = socket.send(hello).await?;
        let is_reply = |event: &ServerEvent| {
            matches!(event, ServerEvent::Welcome { .. }) || refusal(event, id).is_some()
        };
        let welcome = socket.wait_for("welcome", is_reply, WELCOME_MAX).await?;
        if let Some(error) = refusal(&welcome, id) {
            return Err(error);
        }
        Ok(Self { config, socket, welcome, speech, media: None })
    }

    /// The `welcome` that opened the session: device, agent and snapshot.
    pub const fn welcome(&self) -> &ServerEvent {
        &self.welcome
    }

    /// Sets up the media leg and waits until the daemon says that it is up. Going ready again
    /// replaces the leg.
    ///
    /// # Errors
    /// [`SimError::Refused`] when the offer is not taken, [`SimError::Media`] or
    /// [`SimError::TimedOut`] when the leg does not come up.
    pub async fn go_ready(&mut self) -> Result<(), SimError> {
        self.drop_media().await;
        let voice = Voice::new(&self.config.says, Band::Browser)?;
        let ip = local_address_towards(&self.config.url).await?;
        let (peer, offer) = Peer::offering(PeerConfig { ip, kind: PeerKind::Browser }).await?;
        let peer = Arc::new(peer);
        let mouth = tokio::spawn(talk(peer.clone(), voice, self.speech.clone()));
        self.media = Some(Media { peer: peer.clone(), mouth });
        let offer = SdpText::new(offer);
        let id = self.command(ClientCommand::GoReady { offer }).await?;
        let is_reply = |event: &ServerEvent| {
            matches!(event, ServerEvent::MediaAnswer { .. }) || refusal(event, id).is_some()
        };
        let reply = self.socket.wait_for("the media answer", is_reply, MEDIA_UP_MAX).await?;
        if let Some(error) = refusal(&reply, id) {
            return Err(error);
        }
        if let ServerEvent::MediaAnswer { answer } = &reply {
            peer.answered(answer.as_str()).await?;
        }
        let is_up = |event: &ServerEvent| matches!(event, ServerEvent::MediaState { up: true, .. });
        self.socket.wait_for("the media leg to come up", is_up, MEDIA_UP_MAX).await?;
        Ok(())
    }

    /// The oldest frame not yet looked at. Pongs are not shown.
    ///
    /// # Errors
    /// [`SimError::TimedOut`], or [`SimError::Closed`] when the daemon hung up.
    pub async fn next_event(&mut self, timeout: Duration) -> Result<ServerFrame, SimError> {
        self.socket.next(timeout).await
    }

    /// Waits for the first event that fulfils `wanted`. Events that do not are kept, in order, for
    /// the next wait: name the call in `wanted` when there is more than one.
    ///
    /// # Errors
    /// [`SimError::TimedOut`], or [`SimError::Closed`] when the daemon hung up.
    pub async fn wait_for(
        &mut self,
        what: &str,
        wanted: impl Fn(&ServerEvent) -> bool,
        timeout: Duration,
    ) -> Result<ServerEvent, SimError> {
        self.socket.wait_for(what, wanted, timeout).await
    }

    /// Sends a command and gives its frame number; the reply names it.
    ///
    /// # Errors
    /// [`SimError::Closed`] when the socket is gone.
    pub async fn command(&mut self, command: ClientCommand) -> Result<u64, SimError> {
        self.socket.send(command).await
    }

    /// Takes a ringing call and starts to send sound, as the SDK does.
    ///
    /// # Errors
    /// [`SimError::Closed`] when the socket is gone.
    pub async fn claim(&mut self, call: CallId) -> Result<u64, SimError> {
        let id = self.socket.next_id();
        if !self.speech.on.swap(true, Ordering::Relaxed) {
            self.speech.begun_by.store(id, Ordering::Relaxed);
        }
        self.socket.send_as(id, ClientCommand::Claim { call }).await
    }

    /// Calls a contact from the only line there is and starts to send sound, as the SDK does.
    ///
    /// # Errors
    /// [`SimError::Closed`] when the socket is gone.
    pub async fn dial(&mut self, to: &str) -> Result<u64, SimError> {
        let id = self.socket.next_id();
        if !self.speech.on.swap(true, Ordering::Relaxed) {
            self.speech.begun_by.store(id, Ordering::Relaxed);
        }
        let command = ClientCommand::Dial { line: None, to: to.to_owned(), force: false };
        self.socket.send_as(id, command).await
    }

    /// Stops the ringing of a call here.
    ///
    /// # Errors
    /// [`SimError::Closed`] when the socket is gone.
    pub async fn decline(&mut self, call: CallId) -> Result<u64, SimError> {
        self.command(ClientCommand::Decline { call }).await
    }

    /// Ends the call.
    ///
    /// # Errors
    /// [`SimError::Closed`] when the socket is gone.
    pub async fn hang_up(&mut self, call: CallId) -> Result<u64, SimError> {
        self.command(ClientCommand::HangUp { call }).await
    }

    /// Whether sound is sent. RTP flows only while it is.
    pub fn speak(&self, on: bool) {
        self.speech.begun_by.store(0, Ordering::Relaxed);
        self.speech.on.store(on, Ordering::Relaxed);
    }

    /// What the robot has heard since it went ready.
    pub fn heard(&self) -> Heard {
        self.media.as_ref().map(|media| media.peer.heard()).unwrap_or_default()
    }

    /// Stops all datagrams in both directions and tells nobody: a dead leg.
    pub fn cut_media(&self) {
        if let Some(media) = &self.media {
            media.peer.cut();
        }
    }

    /// Closes socket and media.
    pub async fn close(mut self) {
        self.drop_media().await;
        self.socket.close().await;
    }

    async fn drop_media(&mut self) {
        if let Some(media) = self.media.take() {
            media.peer.close().await;
        }
    }
}

/// Fifty times a second: a frame while speaking, else nothing.
async fn talk(peer: Arc<Peer>, mut voice: Voice, speech: Arc<Speech>) {
    let mut tick = tokio::time::interval(FRAME);
    loop {
        tick.tick().await;
        if !speech.on.load(Ordering::Relaxed) {
            peer.pause();
            continue;
        }
        let sent = match voice.next_frame() {
            Ok(frame) => peer.send(frame).await,
            Err(error) => Err(error),
        };
        if let Err(error) = sent {
            tracing::debug!(%error, "the robot could not send");
        }
    }
}

/// Turns the sound off when the call is over, or the claim that began it came to nothing.
fn hush_when_over(speech: Arc<Speech>) -> Watcher {
    Arc::new(move |event| {
        let over = matches!(
            event,
            ServerEvent::CallEnd { .. }
                | ServerEvent::CallLeft { .. }
                | ServerEvent::ClaimReleased { .. }
        );
        let claim = speech.begun_by.load(Ordering::Relaxed);
        let refused = matches!(event, ServerEvent::Error { to: Some(to), .. }
            | ServerEvent::DialRefused { to, .. } if *to == claim);
        if over || refused {
            speech.on.store(false, Ordering::Relaxed);
        }
    })
}

/// The refusal of the command `id`, if the event is one.
fn refusal(event: &ServerEvent, id: u64) -> Option<SimError> {
    if let ServerEvent::Bye { why } = event {
        let what = format!("a reply: the daemon said bye ({why:?})");
        return Some(SimError::Closed(what));
    }
    let ServerEvent::Error { to, code, message, .. } = event else {
        return None;
    };
    (to.is_none() || *to == Some(id))
        .then(|| SimError::Refused { code: *code, message: message.clone() })
}

/// The own address from which the daemon is reached: what a browser would offer.
async fn local_address_towards(url: &str) -> Result<IpAddr, SimError> {
    let what = || format!("finding the way to {url}");
    let authority =
        url.split_once("://").map_or(url, |(_, rest)| rest).split('/').next().unwrap_or_default();
    let host =
        if authority.contains(':') { authority.to_owned() } else { format!("{authority}:80") };
    let mut addresses = tokio::net::lookup_host(host).await.map_err(SimError::io(what()))?;
    let towards = addresses.next().unwrap_or(SocketAddr::from((Ipv4Addr::LOCALHOST, 80)));
    if towards.ip().is_loopback() {
        // The media plane listens on IPv4; `localhost` may resolve to `::1` first.
        return Ok(IpAddr::V4(Ipv4Addr::LOCALHOST));
    }
    let any: SocketAddr = if towards.is_ipv4() {
        (Ipv4Addr::UNSPECIFIED, 0).into()
    } else {
        (std::net::Ipv6Addr::UNSPECIFIED, 0).into()
    };
    let probe = tokio::net::UdpSocket::bind(any).await.map_err(SimError::io(what()))?;
    // Connecting a UDP socket sends nothing; it only asks the routing table.
    probe.connect(towards).await.map_err(SimError::io(what()))?;
    Ok(probe.local_addr().map_err(SimError::io(what()))?.ip())
}
