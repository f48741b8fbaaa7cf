//! Access to TURN servers for browsers: time-limited, made from a secret that only the servers and
//! this daemon know ("A REST API For Access To TURN Services", draft-uberti-behave-turn-rest-00).

use std::convert::Infallible;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use model::{DeviceId, Timestamp};
use ring::hmac;
use secrecy::ExposeSecret as _;
use wire::agent::{IceServer, ServerEvent};

use crate::hub::{Outbox, frame_text};
use crate::{Api, TurnConfig};

/// What a device's peer connections may use from now on; nothing without configured servers.
pub(crate) fn ice_servers(api: &Api, device: DeviceId) -> Vec<IceServer> {
    let turn = api.config.turn.as_ref();
    turn.map(|turn| access(turn, device, Timestamp::now())).into_iter().collect()
}

/// Puts a new access into the outbox of a device's socket.
pub(crate) fn hand_over(api: &Api, device: DeviceId, outbox: &Outbox) {
    let ice_servers = ice_servers(api, device);
    if !ice_servers.is_empty() {
        outbox.push(frame_text(0, &ServerEvent::IceServers { ice_servers }));
    }
}

/// Hands over a new access each time half of the last one's life is over, for as long as it is
/// polled. So a device always has one that holds for long enough to connect.
pub(crate) async fn renew(api: &Api, device: DeviceId, outbox: &Outbox) -> Infallible {
    let Some(turn) = &api.config.turn else {
        return std::future::pending().await;
    };
    loop {
        tokio::time::sleep(turn.ttl / 2).await;
        hand_over(api, device, outbox);
    }
}

fn access(turn: &TurnConfig, device: DeviceId, now: Timestamp) -> IceServer {
    let ttl = i64::try_from(turn.ttl.as_secs()).unwrap_or(i64::MAX);
    let expires = (now.as_millis() / 1_000).saturating_add(ttl);
    let username = format!("{expires}:{device}");
    let credential = credential(turn.secret.expose_secret(), &username);
    IceServer { urls: turn.urls.clone(), username, credential }
}

/// Section 2.2 of the draft. SHA-1 is what the servers expect; as an HMAC it is not broken.
fn credential(secret: &str, username: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes());
    BASE64_STANDARD.encode(hmac::sign(&key, username.as_bytes()))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_password_is_the_hmac_of_the_name() {
        // RFC 2202 section 3, test case 2.
        let known = hex::decode("effcdf6ae5eb2fa2d27416d5f184df9c259a7c79").unwrap();
        let made = credential("Jefe", "what do ya want for nothing?");
        assert_eq!(made, BASE64_STANDARD.encode(known));
        // printf 1433895918:ana | openssl dgst -sha1 -hmac north -binary | base64
        assert_eq!(credential("north", "1433895918:ana"), "UEvMTxR/7RpRQbjI1FG7VnVqzWs=");
    }

    #[test]
    fn an_access_names_its_device_and_its_end() {
        let turn = TurnConfig {
            urls: vec!["turn:turn.example.com".to_owned()],
            secret: "canary-turn-secret".into(),
            ttl: Duration::from_secs(600),
        };
        let device = DeviceId::from_uuid(uuid::Uuid::from_u128(7));
        let made = access(&turn, device, Timestamp::from_seconds(1_000));
        assert_eq!(made.username, format!("1600:{device}"));
        assert_eq!(made.urls, turn.urls);
        let shown = format!("{turn:?} {made:?}");
        assert!(!shown.contains("canary") && !shown.contains(&made.credential), "{shown}");
    }
}
