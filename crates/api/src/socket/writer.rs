//! The writing half of a socket.

use axum::body::Bytes;
use axum::extract::ws::{CloseFrame, Message, Utf8Bytes};
use futures_util::{Sink, SinkExt as _};
use tokio::time::{timeout, timeout_at};
use wire::agent::{ByeReason, ServerEvent};

use super::CLOSING_TIME_MAX;
use crate::hub::{OUTBOX_LAG_MAX, Outbox, Outgoing, frame_text};

/// Close code of a goodbye that the device did not cause (RFC 6455 section 7.4.1, going away).
const CLOSE_GOING_AWAY: u16 = 1001;
/// Close code of every other goodbye (same section, policy violation).
const CLOSE_POLICY: u16 = 1008;

/// Empties the outbox into the socket until goodbye; says why it ended.
pub(super) async fn write<S>(mut sink: S, outbox: &Outbox) -> &'static str
where
    S: Sink<Message> + Unpin,
{
    loop {
        match outbox.next().await {
            Outgoing::Frame { text, due } => {
                match timeout_at(due, sink.send(Message::Text(text))).await {
                    Ok(Ok(())) => {}
                    Ok(Err(_)) => return "lost",
                    Err(_) => outbox.finish_at_once(ByeReason::Slow),
                }
            }
            Outgoing::Ping => {
                let ping = sink.send(Message::Ping(Bytes::new()));
                match timeout(OUTBOX_LAG_MAX, ping).await {
                    Ok(Ok(())) => {}
                    Ok(Err(_)) => return "lost",
                    Err(_) => outbox.finish_at_once(ByeReason::Slow),
                }
            }
            Outgoing::Bye(why) => {
                say_bye(&mut sink, why).await;
                return bye_name(why);
            }
        }
    }
}

/// Writes one unnumbered frame to a socket that has no outbox yet.
pub(super) async fn say<S>(sink: &mut S, event: &ServerEvent)
where
    S: Sink<Message> + Unpin,
{
    let frame = Message::Text(frame_text(0, event));
    // A peer that does not take it is about to be dropped anyway.
    let _ = timeout(CLOSING_TIME_MAX, sink.send(frame)).await;
}

/// Says goodbye and closes.
pub(super) async fn say_bye<S>(sink: &mut S, why: ByeReason)
where
    S: Sink<Message> + Unpin,
{
    say(sink, &ServerEvent::Bye { why }).await;
    let code = match why {
        ByeReason::ShutDown => CLOSE_GOING_AWAY,
        ByeReason::TokenExpired
        | ByeReason::TooManyErrors
        | ByeReason::Silent
        | ByeReason::Slow
        | ByeReason::Replaced
        | ByeReason::SignedOut => CLOSE_POLICY,
    };
    let reason = Utf8Bytes::from_static(bye_name(why));
    let close = Message::Close(Some(CloseFrame { code, reason }));
    let _ = timeout(CLOSING_TIME_MAX, sink.send(close)).await;
}

/// The reason as metrics and close frames spell it.
pub(super) const fn bye_name(why: ByeReason) -> &'static str {
    match why {
        ByeReason::TokenExpired => "token_expired",
        ByeReason::TooManyErrors => "too_many_errors",
        ByeReason::Silent => "silent",
        ByeReason::Slow => "slow",
        ByeReason::Replaced => "replaced",
        ByeReason::SignedOut => "signed_out",
        ByeReason::ShutDown => "shut_down",
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::pin::Pin;
    use std::task::{Context, Poll};
    use std::time::Duration;

    use tokio::time::Instant;

    use super::*;

    /// A socket whose peer has stopped reading.
    struct Stuck;

    impl Sink<Message> for Stuck {
        type Error = Infallible;

        fn poll_ready(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Pending
        }

        fn start_send(self: Pin<&mut Self>, _: Message) -> Result<(), Infallible> {
            Ok(())
        }

        fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Pending
        }

        fn poll_close(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
            Poll::Pending
        }
    }

    #[tokio::test(start_paused = true)]
    async fn d7_a_frame_that_waits_five_seconds_ends_a_stuck_socket() {
        let outbox = Outbox::default();
        outbox.open("welcome".into());
        let start = Instant::now();
        assert_eq!(write(Stuck, &outbox).await, "slow");
        let seconds = start.elapsed();
        let expected = Duration::from_secs(5)..Duration::from_secs(8);
        assert!(expected.contains(&seconds), "{seconds:?}");
    }
}
