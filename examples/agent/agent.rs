//! The least a program needs to take calls as an agent: sign in on the WebSocket, go ready with a
//! WebRTC leg, answer what rings. This one says back what it hears, so a caller can test the line.
//!
//! ```text
//! curl -X POST -H "Authorization: Bearer $API_KEY" http://127.0.0.1:8080/v1/agents/ana/token
//! RINGDOWN_TOKEN=… cargo run --example agent -- --url ws://127.0.0.1:8080
//! ```
//!
//! A real client also reconnects and resumes with `hello.resume`; this one ends with its socket.
#![expect(clippy::print_stdout, reason = "an example talks to the person who runs it")]

mod media;

use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Parser, ValueEnum};
use futures_util::{SinkExt, StreamExt};
use media::EchoLeg;
use model::SdpText;
use tokio_tungstenite::MaybeTlsStream;
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use wire::RingingCall;
use wire::agent::{ClientCommand, ClientFrame, SUBPROTOCOL, ServerEvent, ServerFrame, VERSION};

/// A heartbeat until the server says how often it wants one.
const FIRST_HEARTBEAT: Duration = Duration::from_secs(20);

#[derive(Parser)]
#[command(about = "A minimal agent that says back what it hears")]
struct Arguments {
    /// The daemon; `ws://` only, put a TLS-capable client in front of a public one
    #[arg(long, default_value = "ws://127.0.0.1:8080")]
    url: String,
    /// An agent token, minted over REST; better in the variable than on the command line
    #[arg(long, env = "RINGDOWN_TOKEN", hide_env_values = true)]
    token: String,
    /// What to do with a call that rings
    #[arg(long, value_enum, default_value = "claim")]
    on_ring: OnRing,
}

#[derive(Clone, Copy, ValueEnum)]
enum OnRing {
    /// Only tell about it
    Watch,
    /// Stop ringing this agent
    Decline,
    /// Take it
    Claim,
}

/// Numbers our frames; a reply names the frame it answers.
struct Commands {
    last_id: u64,
}

impl Commands {
    fn frame(&mut self, command: ClientCommand) -> anyhow::Result<Message> {
        self.last_id += 1;
        let frame = ClientFrame { v: VERSION, id: self.last_id, command };
        Ok(Message::text(serde_json::to_string(&frame)?))
    }
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    // The token goes into the first frame, never into the address: addresses end up in logs.
    let mut request = format!("{}/agent/v1", arguments.url.trim_end_matches('/'))
        .into_client_request()
        .context("--url must look like ws://127.0.0.1:8080")?;
    request.headers_mut().insert("Sec-WebSocket-Protocol", HeaderValue::from_static(SUBPROTOCOL));
    let (mut socket, _) = tokio_tungstenite::connect_async(request)
        .await
        .with_context(|| format!("no agent socket at {}", arguments.url))?;
    // Sound takes the same way as the socket.
    let MaybeTlsStream::Plain(tcp) = socket.get_ref() else { bail!("only ws:// is spoken here") };
    let own_address = tcp.local_addr()?.ip();

    let mut commands = Commands { last_id: 0 };
    let hello = ClientCommand::Hello {
        token: arguments.token,
        device_label: Some("example agent".to_owned()),
        resume: None,
    };
    socket.send(commands.frame(hello)?).await?;

    let (leg, offer) = EchoLeg::offering(own_address).await.context("no WebRTC leg")?;
    let mut offer = Some(offer);
    let mut heartbeat = tokio::time::interval(FIRST_HEARTBEAT);
    heartbeat.tick().await;
    loop {
        let message = tokio::select! {
            _ = heartbeat.tick() => {
                socket.send(commands.frame(ClientCommand::Ping {})?).await?;
                continue;
            }
            message = socket.next() => message,
        };
        let Some(message) = message else { bail!("the daemon closed the socket") };
        let Message::Text(text) = message? else { continue };
        // A newer daemon may say things that this program does not know; they are not for it.
        let Ok(frame) = serde_json::from_str::<ServerFrame>(&text) else { continue };
        let command = match frame.event {
            ServerEvent::Welcome { agent_name, heartbeat_ms, .. } => {
                println!("signed in as {agent_name}");
                // A little more often than asked, because timers are late.
                let period = Duration::from_millis(heartbeat_ms * 4 / 5);
                heartbeat = tokio::time::interval(period.max(Duration::from_secs(1)));
                heartbeat.tick().await;
                offer.take().map(|offer| ClientCommand::GoReady { offer: SdpText::new(offer) })
            }
            ServerEvent::MediaAnswer { answer } => {
                leg.answered(answer.as_str()).await?;
                None
            }
            ServerEvent::Ring { ringing } => rang(&ringing, arguments.on_ring),
            event => {
                tell(event);
                None
            }
        };
        if let Some(command) = command {
            socket.send(commands.frame(command)?).await?;
        }
    }
}

/// Tells what needs no command of ours.
fn tell(event: ServerEvent) {
    match event {
        ServerEvent::Presence { presence, .. } => println!("presence: {presence:?}"),
        ServerEvent::RingEnd { call, why, winner } => {
            let winner = winner.map_or_else(String::new, |winner| format!(" by {winner}"));
            println!("{call} stopped ringing: {why:?}{winner}");
        }
        ServerEvent::CallOpen { active } => println!("{} is open: sound flows", active.call),
        ServerEvent::ClaimReleased { call, reason } => println!("{call} was given back: {reason}"),
        ServerEvent::CallEnd { call, reason, talked_ms } => {
            println!("{call} ended after {talked_ms} ms: {:?}", reason.cause);
        }
        ServerEvent::Missed { missed } => {
            for one in missed {
                println!("{} was missed: {:?}", one.call, one.reason);
            }
        }
        ServerEvent::Error { code, message, hint, .. } => {
            println!("refused ({code:?}): {message}; {hint}");
        }
        ServerEvent::MediaState { up: false, reason } => {
            println!("the media leg is down: {}", reason.unwrap_or_default());
        }
        ServerEvent::SentOn { sent_on } => println!("{} rings at {}", sent_on.call, sent_on.to),
        ServerEvent::SentOnEnd { call } => println!("{call} rings there no more"),
        ServerEvent::CallLeft { call, why, .. } => println!("{call} goes on without us: {why:?}"),
        // Which one is not shown: it may be part of a card number.
        ServerEvent::Key { call, .. } => println!("{call}: the caller pressed a key"),
        ServerEvent::CreditWarning { call, left_ms } => {
            println!("{call} ends in {} s for want of money", left_ms / 1_000);
        }
        ServerEvent::Bye { why } => println!("the daemon says goodbye: {why:?}"),
        ServerEvent::Welcome { .. }
        | ServerEvent::Ring { .. }
        | ServerEvent::MediaAnswer { .. }
        | ServerEvent::MediaState { up: true, .. }
        | ServerEvent::Done { .. }
        | ServerEvent::Pong { .. }
        | ServerEvent::Resumed { .. }
        | ServerEvent::IceServers { .. }
        | ServerEvent::RingUpdate { .. }
        | ServerEvent::ClaimWon { .. }
        | ServerEvent::CallUpdate { .. }
        | ServerEvent::RenewMedia {}
        | ServerEvent::Colleagues { .. }
        | ServerEvent::LiveCalls { .. }
        | ServerEvent::LiveCall { .. }
        | ServerEvent::LiveCallEnd { .. }
        | ServerEvent::Supervising { .. }
        | ServerEvent::SupervisionEnd { .. }
        | ServerEvent::Dialling { .. }
        | ServerEvent::DialRefused { .. }
        | ServerEvent::ContactChecked { .. }
        | ServerEvent::PermitChanged { .. }
        | ServerEvent::Balance { .. } => {}
    }
}

/// What to do with a call that rings.
fn rang(ringing: &RingingCall, on_ring: OnRing) -> Option<ClientCommand> {
    let can = if ringing.claimable { "can be taken" } else { "cannot be taken here" };
    println!("{} rings on {}: {} ({can})", ringing.call, ringing.line_name, ringing.from.display);
    match on_ring {
        OnRing::Watch => None,
        OnRing::Decline => Some(ClientCommand::Decline { call: ringing.call }),
        OnRing::Claim => Some(ClientCommand::Claim { call: ringing.call }),
    }
}
