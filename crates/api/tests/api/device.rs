//! A device that connects to the daemon.

use std::net::SocketAddr;

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::header::{ORIGIN, SEC_WEBSOCKET_PROTOCOL};
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use wire::agent::{ClientCommand, ClientFrame, ErrorCode, Resume, ServerEvent, ServerFrame};

use crate::house::WAIT;

/// The client end of an agent socket.
pub(crate) struct Device {
    socket: WebSocketStream<MaybeTlsStream<TcpStream>>,
    next_id: u64,
}

impl Device {
    /// Connects as a program does: no origin.
    pub(crate) async fn connect(address: SocketAddr) -> Self {
        Self::connect_as(address, "/agent/v1", None).await.expect("a socket")
    }

    /// Connects as a page of `origin` does.
    pub(crate) async fn connect_as(
        address: SocketAddr,
        path: &str,
        origin: Option<&str>,
    ) -> Result<Self, Error> {
        let mut request = format!("ws://{address}{path}").into_client_request()?;
        let subprotocol = "ringdown.agent.v1".parse().expect("a header value");
        request.headers_mut().insert(SEC_WEBSOCKET_PROTOCOL, subprotocol);
        if let Some(origin) = origin {
            request.headers_mut().insert(ORIGIN, origin.parse().expect("a header value"));
        }
        let (socket, response) = tokio_tungstenite::connect_async(request).await?;
        let chosen = response.headers().get(SEC_WEBSOCKET_PROTOCOL);
        assert_eq!(chosen.expect("a subprotocol"), "ringdown.agent.v1");
        Ok(Self { socket, next_id: 1 })
    }

    pub(crate) async fn send_raw(&mut self, message: Message) {
        self.socket.send(message).await.expect("an open socket");
    }

    pub(crate) async fn send_text(&mut self, text: &str) {
        self.send_raw(Message::text(text)).await;
    }

    /// Sends a command under a number of the caller's choice.
    pub(crate) async fn send_as(&mut self, id: u64, command: ClientCommand) {
        let frame = ClientFrame { v: 1, id, command };
        let text = serde_json::to_string(&frame).expect("a frame");
        self.send_text(&text).await;
    }

    /// Sends a command and returns its number.
    pub(crate) async fn send(&mut self, command: ClientCommand) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        self.send_as(id, command).await;
        id
    }

    pub(crate) async fn hello(&mut self, token: &str, resume: Option<Resume>) -> u64 {
        let token = token.to_owned();
        self.send(ClientCommand::Hello { token, device_label: None, resume }).await
    }

    /// The next frame; `None` when the server closed the socket.
    pub(crate) async fn next(&mut self) -> Option<ServerFrame> {
        loop {
            let message = tokio::time::timeout(WAIT, self.socket.next());
            match message.await.expect("a frame in time") {
                Some(Ok(Message::Text(text))) => {
                    let frame: ServerFrame = serde_json::from_str(&text).expect("a server frame");
                    assert_eq!(frame.v, 1);
                    return Some(frame);
                }
                Some(Ok(Message::Close(_)) | Err(_)) | None => return None,
                Some(Ok(_)) => {}
            }
        }
    }

    /// The next frame's event.
    pub(crate) async fn event(&mut self) -> ServerEvent {
        self.next().await.expect("a frame, not the end").event
    }

    /// Everything until the server closes.
    pub(crate) async fn rest(mut self) -> Vec<ServerEvent> {
        let mut events = Vec::new();
        while let Some(frame) = self.next().await {
            events.push(frame.event);
        }
        events
    }

    /// Loses the network: no goodbye.
    pub(crate) fn vanish(self) {
        drop(self.socket);
    }
}

/// A device after its welcome.
pub(crate) struct Welcomed {
    pub(crate) device: Device,
    pub(crate) id: model::DeviceId,
    pub(crate) session: model::SessionId,
    /// The last numbered frame it saw.
    pub(crate) seen: u64,
}

impl Welcomed {
    /// Reads the welcome, and everything else that is told on joining: presence.
    pub(crate) async fn read(mut device: Device) -> Self {
        let frame = device.next().await.expect("a welcome");
        assert_eq!(frame.seq, 0);
        let ServerEvent::Welcome { device: id, session, .. } = frame.event else {
            panic!("expected a welcome, got {:?}", frame.event);
        };
        Self { device, id, session, seen: 0 }
    }

    /// The next numbered event; checks that numbers have no gap.
    pub(crate) async fn told(&mut self) -> ServerEvent {
        let frame = self.device.next().await.expect("a frame, not the end");
        assert_eq!(frame.seq, self.seen + 1, "{:?}", frame.event);
        self.seen = frame.seq;
        frame.event
    }

    /// Waits for the reply to a command; `None` when it was done.
    pub(crate) async fn refusal_of(&mut self, id: u64) -> Option<ErrorCode> {
        loop {
            match self.device.event().await {
                ServerEvent::Done { to } if to == id => return None,
                ServerEvent::Error { to: Some(to), code, .. } if to == id => return Some(code),
                _ => {}
            }
        }
    }

    /// Reads numbered events until a `media_state` with this reason.
    pub(crate) async fn told_until(&mut self, reason: &str) {
        loop {
            if let ServerEvent::MediaState { reason: Some(said), .. } = self.told().await
                && said == reason
            {
                return;
            }
        }
    }

    pub(crate) fn resume(&self) -> Option<Resume> {
        Some(Resume { session: self.session, last_seq: self.seen })
    }
}

/// An event that tests tell devices; its text makes it recognisable.
pub(crate) fn note(text: &str) -> ServerEvent {
    ServerEvent::MediaState { up: false, reason: Some(text.to_owned()) }
}
