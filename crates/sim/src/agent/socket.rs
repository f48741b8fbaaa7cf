//! The robot's WebSocket: one task reads and beats the heart, frames are written in order.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio::sync::mpsc;
use tokio::task::JoinHandle;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use tokio_tungstenite::tungstenite::{self, Message};
use tokio_tungstenite::{MaybeTlsStream, WebSocketStream};
use wire::agent::{ClientCommand, ClientFrame, SUBPROTOCOL, ServerEvent, ServerFrame, VERSION};

use crate::SimError;

/// Frames not yet looked at: far more than a test produces; a full queue stops the reading, as a
/// frozen tab does.
const FRAMES_MAX: usize = 1_024;
/// Commands not yet written.
const COMMANDS_MAX: usize = 64;
/// Heartbeat until `welcome` names another.
const HEARTBEAT_FIRST: Duration = Duration::from_secs(5);
/// How long the closing handshake may take.
const CLOSING_MAX: Duration = Duration::from_secs(2);

type Stream = WebSocketStream<MaybeTlsStream<TcpStream>>;
/// Looks at every event as it arrives, before anybody waits for it.
pub(super) type Watcher = Arc<dyn Fn(&ServerEvent) + Send + Sync>;

/// An open agent socket.
pub(super) struct Socket {
    outgoing: mpsc::Sender<ClientFrame>,
    incoming: mpsc::Receiver<Result<ServerFrame, tungstenite::Error>>,
    /// Frames that arrived while something else was awaited, oldest first.
    backlog: VecDeque<ServerFrame>,
    ids: Arc<AtomicU64>,
    task: JoinHandle<()>,
}

impl Socket {
    /// Connects with the subprotocol of the agent API.
    pub(super) async fn connect(
        url: &str,
        origin: Option<&str>,
        watcher: Watcher,
    ) -> Result<Self, SimError> {
        let mut request = url.into_client_request()?;
        let header = |text: &str| {
            HeaderValue::from_str(text)
                .map_err(|error| tungstenite::Error::HttpFormat(error.into()))
        };
        let headers = request.headers_mut();
        headers.insert("Sec-WebSocket-Protocol", header(SUBPROTOCOL)?);
        if let Some(origin) = origin {
            headers.insert("Origin", header(origin)?);
        }
        let (stream, _) = tokio_tungstenite::connect_async(request).await?;
        let (outgoing, commands) = mpsc::channel(COMMANDS_MAX);
        let (frames, incoming) = mpsc::channel(FRAMES_MAX);
        let ids = Arc::new(AtomicU64::new(1));
        let pump = Pump { stream, commands, frames, ids: ids.clone(), watcher };
        Ok(Self {
            outgoing,
            incoming,
            backlog: VecDeque::new(),
            ids,
            task: tokio::spawn(pump.run()),
        })
    }

    /// A fresh frame number.
    pub(super) fn next_id(&self) -> u64 {
        self.ids.fetch_add(1, Ordering::Relaxed)
    }

    /// Writes a command and gives its number.
    pub(super) async fn send(&self, command: ClientCommand) -> Result<u64, SimError> {
        self.send_as(self.next_id(), command).await
    }

    /// Writes a command under a number taken before.
    pub(super) async fn send_as(&self, id: u64, command: ClientCommand) -> Result<u64, SimError> {
        let frame = ClientFrame { v: VERSION, id, command };
        let sent = self.outgoing.send(frame).await;
        sent.map_err(|_| SimError::Closed("a command to be sent".to_owned()))?;
        Ok(id)
    }

    /// The oldest frame nobody has looked at.
    pub(super) async fn next(&mut self, timeout: Duration) -> Result<ServerFrame, SimError> {
        match self.backlog.pop_front() {
            Some(frame) => Ok(frame),
            None => self.fresh("any frame", timeout).await,
        }
    }

    /// The first frame that fulfils `wanted`; the others are kept for later, in order.
    pub(super) async fn wait_for(
        &mut self,
        what: &str,
        wanted: impl Fn(&ServerEvent) -> bool,
        timeout: Duration,
    ) -> Result<ServerEvent, SimError> {
        let kept = self.backlog.iter().position(|frame| wanted(&frame.event));
        if let Some(frame) = kept.and_then(|index| self.backlog.remove(index)) {
            return Ok(frame.event);
        }
        let deadline = Instant::now() + timeout;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let frame = match self.fresh(what, left).await {
                Err(SimError::TimedOut { what, last, .. }) => {
                    let waited = timeout;
                    return Err(SimError::TimedOut { what, waited, last });
                }
                other => other?,
            };
            if wanted(&frame.event) {
                return Ok(frame.event);
            }
            if self.backlog.len() == FRAMES_MAX {
                self.backlog.pop_front();
            }
            self.backlog.push_back(frame);
        }
    }

    async fn fresh(&mut self, what: &str, timeout: Duration) -> Result<ServerFrame, SimError> {
        match tokio::time::timeout(timeout, self.incoming.recv()).await {
            Ok(Some(frame)) => Ok(frame?),
            Ok(None) => Err(SimError::Closed(what.to_owned())),
            Err(_) => Err(SimError::TimedOut {
                what: what.to_owned(),
                waited: timeout,
                last: format!("{:?}", self.backlog.back().map(|frame| &frame.event)),
            }),
        }
    }

    /// Closes the socket politely.
    pub(super) async fn close(self) {
        drop(self.outgoing);
        // The reader may wait for room in the queue; without a receiver it gives up at once.
        drop(self.incoming);
        let abort = self.task.abort_handle();
        if tokio::time::timeout(CLOSING_MAX, self.task).await.is_err() {
            abort.abort();
        }
    }
}

struct Pump {
    stream: Stream,
    commands: mpsc::Receiver<ClientFrame>,
    frames: mpsc::Sender<Result<ServerFrame, tungstenite::Error>>,
    ids: Arc<AtomicU64>,
    watcher: Watcher,
}

impl Pump {
    async fn run(mut self) {
        let mut heartbeat = tokio::time::interval(HEARTBEAT_FIRST);
        // The first tick comes at once, and hello must be the first frame.
        heartbeat.tick().await;
        loop {
            tokio::select! {
                command = self.commands.recv() => match command {
                    Some(frame) => if !self.write(&frame).await { return },
                    None => break,
                },
                _ = heartbeat.tick() => if !self.ping().await { return },
                message = self.stream.next() => match message {
                    Some(Ok(message)) => {
                        let Some(frame) = self.read(&message) else { continue };
                        if let ServerEvent::Welcome { heartbeat_ms, .. } = &frame.event {
                            let every = Duration::from_millis((*heartbeat_ms / 2).max(100));
                            heartbeat = tokio::time::interval(every);
                            heartbeat.tick().await;
                        }
                        if self.frames.send(Ok(frame)).await.is_err() { break }
                    }
                    Some(Err(error)) => {
                        // Nobody listens any more when this fails.
                        let _ = self.frames.send(Err(error)).await;
                        return;
                    }
                    None => return,
                },
            }
        }
        let _ = self.stream.close(None).await;
    }

    /// A frame for the one who waits; pongs are the pump's own.
    fn read(&self, message: &Message) -> Option<ServerFrame> {
        let text = message.to_text().ok().filter(|_| message.is_text())?;
        let frame: ServerFrame = match serde_json::from_str(text) {
            Ok(frame) => frame,
            Err(error) => {
                tracing::warn!(%error, "the daemon sent a frame that is not of the protocol");
                return None;
            }
        };
        (self.watcher)(&frame.event);
        (!matches!(frame.event, ServerEvent::Pong { .. })).then_some(frame)
    }

    async fn ping(&mut self) -> bool {
        let frame = ClientFrame {
            v: VERSION,
            id: self.ids.fetch_add(1, Ordering::Relaxed),
            command: ClientCommand::Ping {},
        };
        self.write(&frame).await
    }

    async fn write(&mut self, frame: &ClientFrame) -> bool {
        let text = serde_json::to_string(frame).unwrap_or_default();
        self.stream.send(Message::text(text)).await.is_ok()
    }
}
