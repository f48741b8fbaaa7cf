//! Webhooks on their way: posted, retried, verified.

use std::sync::Arc;
use std::time::Duration;

use super::call::Call;
use super::offer::token;
use super::webhook::sign;
use super::world::World;
use crate::SimError;

/// Meta's HTTP time-out.
pub(crate) const HTTP_TIMEOUT: Duration = Duration::from_secs(20);
/// Meta retries for hours; a simulated call is over by then, so three retries are kept.
const RETRY_DELAYS: [Duration; 3] =
    [Duration::from_secs(1), Duration::from_secs(5), Duration::from_secs(30)];
/// The header that carries the signature.
const SIGNATURE_HEADER: &str = "X-Hub-Signature-256";

impl World {
    /// Delivers one webhook of a call, twice or by two apps when its plan says so, with retries.
    pub(crate) async fn deliver(self: &Arc<Self>, call: &Call, what: &str, body: Vec<u8>) {
        if call.plan.webhook.two_apps {
            tokio::join!(
                self.deliver_once(call, what, &body),
                self.deliver_once(call, what, &body),
            );
            return;
        }
        let copies = if call.plan.webhook.duplicate { 2 } else { 1 };
        for _ in 0..copies {
            self.deliver_once(call, what, &body).await;
        }
    }

    /// Delivers a webhook that belongs to no call.
    pub(crate) async fn deliver_message(self: &Arc<Self>, what: &str, body: Vec<u8>) {
        let signature = sign(&self.config.app_secret, &body);
        for delay in [Duration::ZERO, Duration::from_secs(1), Duration::from_secs(5)] {
            tokio::time::sleep(delay).await;
            if self.post(body.clone(), Some(signature.clone())).await == 200 {
                return;
            }
        }
        tracing::warn!(what, "webhook given up: the endpoint never answered 200");
    }

    async fn deliver_once(self: &Arc<Self>, call: &Call, what: &str, body: &[u8]) {
        let signature = sign(&self.config.app_secret, body);
        let mut delays = RETRY_DELAYS.iter();
        loop {
            call.note(format!("webhook {what} sent"));
            let status = self.post(body.to_vec(), Some(signature.clone())).await;
            call.note(format!("webhook {what} answered {status}"));
            if status == 200 {
                return;
            }
            let Some(delay) = delays.next() else {
                tracing::warn!(call = %call.short, what, status, "webhook given up: the endpoint never answered 200");
                return;
            };
            tracing::warn!(call = %call.short, what, status, ?delay, "webhook not taken; will be repeated");
            tokio::select! {
                () = tokio::time::sleep(*delay) => {}
                () = self.stopped() => return,
            }
        }
    }

    /// Posts bytes to the webhook endpoint; 0 when there was no HTTP answer.
    pub(crate) async fn post(&self, body: Vec<u8>, signature: Option<String>) -> u16 {
        let Some(url) = self.webhook_url() else {
            return 0;
        };
        let mut request = self
            .http
            .post(url)
            .header("Content-Type", "application/json")
            .header("User-Agent", "facebookexternalua")
            .body(body);
        if let Some(signature) = signature {
            request = request.header(SIGNATURE_HEADER, signature);
        }
        match request.send().await {
            Ok(response) => response.status().as_u16(),
            Err(error) => {
                tracing::debug!(%error, "webhook endpoint did not answer");
                0
            }
        }
    }

    /// The GET handshake that Meta does when the address or the token is saved.
    pub(crate) async fn handshake(&self) -> Result<(), SimError> {
        let url = self.webhook_url().ok_or(SimError::NoWebhook)?;
        let challenge = token(20);
        let response = self
            .http
            .get(url)
            .query(&[
                ("hub.mode", "subscribe"),
                ("hub.challenge", challenge.as_str()),
                ("hub.verify_token", self.config.verify_token.as_str()),
            ])
            .send()
            .await?;
        let status = response.status();
        if status.as_u16() != 200 {
            return Err(SimError::Handshake(format!("status {status}")));
        }
        if response.text().await? == challenge {
            Ok(())
        } else {
            Err(SimError::Handshake("the body is not the challenge".to_owned()))
        }
    }
}
