//! The least an agent's program does on Ringdown's WebSocket: sign in, hear calls ring, answer.
//!
//! It has no sound. An agent is `ready`, and can win a call, only once its device has sent a media
//! offer (`go_ready`) and its WebRTC leg is up; that takes a WebRTC stack such as a browser's (our
//! SDK, `/sdk/ringdown-sdk.js`) or the `webrtc` crate. So here a claim is answered with
//! `not_ready`, unless another device of the same agent is ready: shown on purpose, because a real
//! client must handle it. Declining works without sound.
//!
//! ```text
//! curl -X POST -H "Authorization: Bearer $API_KEY" http://127.0.0.1:8080/v1/agents/ana/token
//! RINGDOWN_TOKEN=… cargo run --example agent -- --url ws://127.0.0.1:8080 --on-ring decline
//! ```
//!
//! A real client also reconnects and resumes with `hello.resume`; this one ends with its socket.
#![expect(clippy::print_stdout, reason = "an example talks to the person who runs it")]

use std::time::Duration;

use anyhow::{Context, bail};
use clap::{Parser, ValueEnum};
use futures_util::{SinkExt, StreamExt};
use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;
use tokio_tungstenite::tungstenite::http::HeaderValue;
use wire::RingingCall;
use wire::agent::{ClientCommand, ClientFrame, SUBPROTOCOL, ServerEvent, ServerFrame, VERSION};

/// A heartbeat until the server says how often it wants one.
const FIRST_HEARTBEAT: Duration = Duration::from_secs(20);

#[derive(Parser)]
#[command(about = "A minimal agent without sound")]
struct Arguments {
    /// The daemon; `ws://` only, put a TLS-capable client in front of a public one
    #[arg(long, default_value = "ws://127.0.0.1:8080")]
    url: String,
    /// An agent token, minted over REST; better in the variable than on the command line
    #[arg(long, env = "RINGDOWN_TOKEN", hide_env_values = true)]
    token: String,
    /// What to do with a call that rings
    #[arg(long, value_enum, default_value = "watch")]
    on_ring: OnRing,
}

#[derive(Clone, Copy, ValueEnum)]
enum OnRing {
    /// Only tell about it
    Watch,
    /// Stop ringing this agent
    Decline,
    /// Try to take it
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

    let mut commands = Commands { last_id: 0 };
    let hello = ClientCommand::Hello {
        token: arguments.token,
        device_label: Some("example agent".to_owned()),
        resume: None,
    };
    socket.send(commands.frame(hello)?).await?;

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
        if let ServerEvent::Welcome { heartbeat_ms, .. } = &frame.event {
            // A little more often than asked, because timers are late.
            let period = Duration::from_millis(heartbeat_ms * 4 / 5);
            heartbeat = tokio::time::interval(period.max(Duration::from_secs(1)));
            heartbeat.tick().await;
        }
        for command in react(frame.event, arguments.on_ring) {
            socket.send(commands.frame(command)?).await?;
        }
    }
}

/// Tells what happened and says what to do about it.
fn react(event: ServerEvent, on_ring: OnRing) -> Vec<ClientCommand> {
    match event {
        ServerEvent::Welcome { agent_name, snapshot, .. } => {
            println!("signed in as {agent_name}; {} calls ring", snapshot.ringing.len());
            return snapshot.ringing.iter().filter_map(|call| rang(call, on_ring)).collect();
        }
        ServerEvent::Ring { ringing } => return rang(&ringing, on_ring).into_iter().collect(),
        ServerEvent::RingEnd { call, why, winner } => {
            let winner = winner.map_or_else(String::new, |winner| format!(" by {winner}"));
            println!("{call} stopped ringing: {why:?}{winner}");
        }
        ServerEvent::Error { code, message, hint, .. } => {
            println!("refused ({code:?}): {message} {hint}");
        }
        ServerEvent::Missed { missed } => {
            println!("{} was missed: {:?}", missed.call, missed.reason);
        }
        ServerEvent::Bye { why } => println!("the daemon says goodbye: {why:?}"),
        ServerEvent::Done { .. }
        | ServerEvent::Pong { .. }
        | ServerEvent::Resumed { .. }
        | ServerEvent::MediaAnswer { .. }
        | ServerEvent::MediaState { .. }
        | ServerEvent::Presence { .. }
        | ServerEvent::RingUpdate { .. }
        | ServerEvent::ClaimWon { .. }
        | ServerEvent::ClaimReleased { .. }
        | ServerEvent::CallOpen { .. }
        | ServerEvent::CallUpdate { .. }
        | ServerEvent::CallEnd { .. }
        | ServerEvent::Balance { .. } => {}
    }
    Vec::new()
}

fn rang(ringing: &RingingCall, on_ring: OnRing) -> Option<ClientCommand> {
    let can = if ringing.claimable { "can be taken" } else { "cannot be taken here" };
    println!("{} rings on {}: {} ({can})", ringing.call, ringing.line_name, ringing.from.display);
    match on_ring {
        OnRing::Watch => None,
        OnRing::Decline => Some(ClientCommand::Decline { call: ringing.call }),
        OnRing::Claim => Some(ClientCommand::Claim { call: ringing.call }),
    }
}
