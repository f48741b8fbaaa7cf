//! What a simulated user does, and what Meta's side is like.

use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::ops::RangeInclusive;
use std::path::PathBuf;
use std::time::Duration;

use model::LineId;

use crate::Says;

/// A phone is dropped after this long without media from the business (Meta's calling FAQ).
const NO_MEDIA_KILL: Duration = Duration::from_secs(20);
/// How long a permission holds that is not for ever.
pub(crate) const PERMITTED_FOR: Duration = Duration::from_secs(168 * 60 * 60);
/// Meta lets a call ring for an undefined time in this window.
const RING_TIMEOUT: RangeInclusive<Duration> = Duration::from_secs(30)..=Duration::from_secs(60);

/// How the simulated Meta is set up. Holds secrets, therefore without `Debug`.
#[derive(Clone)]
pub struct MetaConfig {
    /// Where Graph and the control API listen; port 0 takes a free one. Keep it on the loopback:
    /// the control API has no password.
    pub listen: SocketAddr,
    /// The daemon's webhook endpoint; may be set later.
    pub webhook_url: Option<String>,
    /// Signs webhooks.
    pub app_secret: String,
    /// Proves Meta in the webhook handshake.
    pub verify_token: String,
    /// The bearer token that Graph requires.
    pub access_token: String,
    /// The business numbers.
    pub lines: Vec<SimLine>,
    /// The address phones listen on.
    pub media_ip: IpAddr,
    /// Without media for this long after accept the phone gives up (138021). Mid-call it waits
    /// half as long again for any packet at all.
    pub no_media_kill: Duration,
    /// How long a call rings unanswered: a random time in this range.
    pub ring_timeout: RangeInclusive<Duration>,
    /// Seeds the ring times. Call ids and secrets are never seeded: a daemon remembers old ids.
    pub seed: u64,
    /// Where phones save what they heard, as WAV.
    pub folder: Option<PathBuf>,
}

impl MetaConfig {
    /// Meta's documented times, on a free loopback port, with the given secrets and lines.
    pub fn new(
        app_secret: impl Into<String>,
        verify_token: impl Into<String>,
        access_token: impl Into<String>,
        lines: Vec<SimLine>,
    ) -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            webhook_url: None,
            app_secret: app_secret.into(),
            verify_token: verify_token.into(),
            access_token: access_token.into(),
            lines,
            media_ip: IpAddr::V4(Ipv4Addr::LOCALHOST),
            no_media_kill: NO_MEDIA_KILL,
            ring_timeout: RING_TIMEOUT,
            seed: 0,
            folder: None,
        }
    }
}

/// One business number.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct SimLine {
    /// Meta's `phone_number_id`.
    pub id: LineId,
    /// The number people dial, digits only.
    pub display_phone_number: String,
}

/// A WhatsApp user. Number and business-scoped id may each be missing.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct SimUser {
    /// The number, digits only.
    pub phone: Option<String>,
    /// The business-scoped id, such as `US.11112222333344445555`.
    pub bsuid: Option<String>,
    /// The profile name.
    pub name: String,
}

/// What a phone does when a business calls its user.
#[derive(Clone, Debug)]
pub struct Answers {
    /// Rings this long after the call was taken.
    pub rings_after: Duration,
    /// Picks up, or declines, this long after it began to ring; `None` lets it ring.
    pub acts_after: Option<Duration>,
    /// Declines instead of picking up.
    pub declines: bool,
    /// Rings no longer than this.
    pub rings_for: Duration,
    /// What Meta's answer says about DTLS.
    pub role: AnswerRole,
    /// Which webhook comes when.
    pub order: AnswerOrder,
    /// What the phone says.
    pub says: Says,
    /// Hangs up this long after picking up.
    pub hang_up_after_answer: Option<Duration>,
    /// How its webhooks travel.
    pub webhook: Delivery,
    /// Webhooks do not give back what the business gave Meta.
    pub without_opaque: bool,
    /// What the user says when asked for the permission to be called, and how long after;
    /// `None` says nothing.
    pub to_request: Option<(Duration, Reply)>,
}

/// What a user permits.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Permit {
    /// Nothing.
    #[default]
    None,
    /// Calls for this long from now.
    Temporary(Duration),
    /// Calls for ever.
    Permanent,
}

/// What a user says when asked for the permission to be called.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reply {
    /// Yes.
    Accept(Permit),
    /// No.
    Decline,
}

impl Default for Answers {
    /// Picks up after a second, says nothing, never hangs up.
    fn default() -> Self {
        Self {
            rings_after: Duration::from_millis(300),
            acts_after: Some(Duration::from_millis(700)),
            declines: false,
            rings_for: Duration::from_secs(60),
            role: AnswerRole::default(),
            order: AnswerOrder::default(),
            says: Says::Silence,
            hang_up_after_answer: None,
            webhook: Delivery::default(),
            without_opaque: false,
            to_request: Some((
                Duration::from_millis(500),
                Reply::Accept(Permit::Temporary(PERMITTED_FOR)),
            )),
        }
    }
}

/// The DTLS role in Meta's answer to an offer.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum AnswerRole {
    /// Meta is the client, as its sample says.
    #[default]
    Active,
    /// Meta is the server.
    Passive,
    /// Meta is the server and says `actpass`, which no answer should.
    ActPass,
}

/// In which order the business learns of a call that it places.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum AnswerOrder {
    /// The HTTP answer, the description, the statuses.
    #[default]
    Regular,
    /// Everything, the pick-up included, before the HTTP answer.
    BeforeResponse,
    /// The pick-up before the description.
    AcceptedFirst,
}

/// Which of Meta's two known offer layouts a call uses.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum OfferForm {
    /// The sample of the API reference: header extensions 1 to 3, legacy SSRC attributes.
    A,
    /// What production sends.
    #[default]
    B,
}

/// What goes wrong on the way of a call's webhooks.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Delivery {
    /// Every webhook is delivered twice.
    pub duplicate: bool,
    /// Two Meta apps are subscribed: every webhook is delivered twice at the same moment.
    pub two_apps: bool,
    /// The user hangs up at once and `terminate` overtakes `connect`.
    pub terminate_first: bool,
    /// `connect` comes out of a queue this late: its timestamp and the ring time lie in the past.
    pub stale_by: Option<Duration>,
    /// `contacts` is left out.
    pub without_contacts: bool,
}

/// The script of one user call.
#[derive(Clone)]
pub struct CallPlan {
    /// The line that is called.
    pub line: LineId,
    /// Who calls.
    pub from: SimUser,
    /// What the phone says.
    pub says: Says,
    /// Hangs up this long after the business accepted.
    pub hang_up_after_answer: Option<Duration>,
    /// Hangs up after ringing this long.
    pub gives_up_after: Option<Duration>,
    /// The layout of the offer.
    pub offer_form: OfferForm,
    /// How its webhooks travel.
    pub webhook: Delivery,
    /// Sends as soon as it can. Otherwise the phone is silent until it has received valid Opus.
    pub sends_first: bool,
}

impl CallPlan {
    /// A patient caller who says nothing (encoded silence) and never hangs up.
    pub fn new(line: LineId, from: SimUser) -> Self {
        Self {
            line,
            from,
            says: Says::Silence,
            hang_up_after_answer: None,
            gives_up_after: None,
            offer_form: OfferForm::default(),
            webhook: Delivery::default(),
            sends_first: false,
        }
    }
}
