//! The numbers a call lives by, each with its reason.

use std::time::Duration;

use model::RecordingMode;

/// How long Graph may take to answer `accept`, all retries included, before the call is given up.
/// The Graph client itself stops at 6 s; the rest is slack for a busy machine.
pub(crate) const ACCEPT_WAIT: Duration = Duration::from_secs(8);
/// How long Graph may take to answer `pre_accept`; a claim that waits for it goes on without.
pub(crate) const PRE_ACCEPT_WAIT: Duration = Duration::from_secs(8);
/// How long to look for sound from the caller when Graph did not say whether `accept` worked. A
/// phone that talks sends fifty packets a second, and the agent shall know after 8 s in all.
pub(crate) const EVIDENCE_WAIT: Duration = Duration::from_secs(2);
/// ICE and DTLS towards Meta must be up this long after `accept`; the caller's phone gives up at 20 s.
pub(crate) const MEDIA_UP_WAIT: Duration = Duration::from_secs(15);
/// How long Meta's terminate webhook may trail the media it closed. Most hang-ups arrive this way
/// round; only without the webhook do we end the call at Meta ourselves.
pub(crate) const HANG_UP_NEWS_WAIT: Duration = Duration::from_secs(3);
/// How long to wait for Meta to confirm an end before the books are closed anyway. Asking goes on
/// beside them; a closing house must be done within 10 s.
pub(crate) const END_WAIT: Duration = Duration::from_secs(6);

/// How long a call that Graph did not confirm may go without any sign of it: Meta's description
/// comes about a second after the request.
pub(crate) const DIAL_SIGN_WAIT: Duration = Duration::from_secs(10);

/// How long an accepted caller may wait for the winner's first sound without a tone: a warm leg
/// is heard in a fraction of it, and two seconds without anything worry people.
pub(crate) const TONE_AFTER: Duration = Duration::from_secs(1);
/// How long the notice may take to begin: Graph's answers and the media path, with their own
/// limits before.
pub(crate) const NOTICE_START_MAX: Duration = Duration::from_secs(40);
/// The longest notice; who records a longer one should say less.
pub(crate) const NOTICE_MAX: Duration = Duration::from_secs(60);
/// Keys that are journalled in one call: some menus and account numbers. The rest is only told.
pub(crate) const KEYS_MAX: u32 = 256;

/// What becomes of a call whose agent did not come back.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum AfterGrace {
    /// It rings by its plan again.
    #[default]
    Ring,
    /// It ends.
    End,
}

/// What the line and the house lay down for a call.
#[derive(Clone, Debug)]
pub struct Rules {
    /// How long a winner may take to be heard before the others ring again.
    pub claim_lease: Duration,
    /// How long a talking agent whose media is lost may take to come back; zero ends the call.
    pub agent_grace: Duration,
    /// What happens when they did not.
    pub after_grace: AfterGrace,
    /// How long a transfer rings where it was sent.
    pub transfer_ring: Duration,
    /// How long a transfer that nobody took rings who sent it.
    pub transfer_return: Duration,
    /// How long the phone of a contact whom we call may ring.
    pub dial_ring: Duration,
    /// Whether the call is recorded.
    pub recording: RecordingMode,
    /// The line has a notice for callers nobody answers.
    pub notice: bool,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            claim_lease: Duration::from_secs(8),
            agent_grace: Duration::from_secs(25),
            after_grace: AfterGrace::default(),
            transfer_ring: Duration::from_secs(20),
            transfer_return: Duration::from_secs(20),
            // WhatsApp phones ring for about a minute.
            dial_ring: Duration::from_secs(60),
            recording: RecordingMode::Off,
            notice: false,
        }
    }
}

/// What a call waits for.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Timer {
    /// The next agents ring, or a turn is over.
    WaveDue,
    /// The step that rings ends, or the wait in the queue.
    RingEnds,
    /// The notice must have begun, or be over.
    NoticeEnds,
    /// The winner must have been heard.
    LeaseEnds,
    /// Graph must have answered `pre_accept`.
    PreAcceptOverdue,
    /// Graph must have answered `accept`.
    AcceptOverdue,
    /// The caller must have been heard after an unclear `accept`.
    EvidenceOverdue,
    /// ICE and DTLS towards Meta must be up.
    MediaOverdue,
    /// Meta must have told of a hang-up.
    HangUpNewsOverdue,
    /// The winner must have been heard, or the caller gets a tone.
    ToneDue,
    /// The contact must have picked up, or Meta's description have come.
    DialEnds,
    /// There must be a sign that Meta has placed the call.
    DialSignOverdue,
    /// The lost agent must have come back.
    GraceEnds,
    /// Meta must have confirmed the end.
    EndOverdue,
}
