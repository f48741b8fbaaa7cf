//! The value itself, and the bytes it crosses as.

use std::collections::BTreeSet;
use std::fmt;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use model::LegId;
use serde::{Deserialize, Serialize};

use crate::error::MediaError;
use crate::identity::Identity;
use crate::shard::ShardState;

/// Of the shape of the value. Another one is refused: half understood, it could use a number
/// twice under one key.
const VERSION: u32 = 1;
/// A longer gap is a clock that was set, or legs whose peers have long gone.
const GAP_MAX: Duration = Duration::from_secs(60);

/// All live legs of a media plane, for the one that goes on with them
/// ([`crate::start_from`]).
///
/// It is **secret**: it holds the SRTP keys, the ICE passwords and the private key of the DTLS
/// certificate, so whoever reads it hears the calls. Keep it in memory or in a pipe; it prints
/// nothing of that. It is good for **one** successor: two that go on from it use the same numbers
/// under the same keys, which breaks the encryption. It is not authenticated; take it from nobody
/// but the process before.
///
/// What does not cross:
/// - DTLS sessions. Once the keys are agreed, DTLS only repeats the last flight and says
///   close_notify. So a peer that has not got the last flight yet never comes up, and a
///   close_notify is not understood any more, nor sent: a leg ends by signalling, or when consent
///   is lost.
/// - Clips. What was looped becomes silence, what was to be played once is over, without a
///   [`crate::MediaEvent::PlayEnded`]; who chose them has to choose again.
/// - Supervision. It ends with [`crate::MediaEvent::SupervisionEnded`] in the process that lets go;
///   the legs, the supervisor's too, cross, and who supervised has to say so again.
/// - Legs that are not up, events that nobody took, and datagrams that nobody read.
#[derive(Serialize, Deserialize)]
pub struct HandOver {
    version: u32,
    /// When the legs were let go, since 1970.
    at: Duration,
    /// The first number for a new leg.
    pub(crate) next_leg: u64,
    /// Certificate and private key, in PEM.
    certificate: String,
    pub(crate) shards: Vec<ShardPart>,
    dropped: BTreeSet<LegId>,
}

/// A shard's part of it.
#[derive(Serialize, Deserialize)]
pub(crate) struct ShardPart {
    pub(crate) agent_port: u16,
    pub(crate) state: ShardState,
}

impl HandOver {
    /// `dropped` may name legs that are in `shards` all the same.
    pub(crate) fn new(
        at: SystemTime,
        identity: &Identity,
        next_leg: u64,
        shards: Vec<ShardPart>,
        mut dropped: BTreeSet<LegId>,
    ) -> Result<Self, MediaError> {
        let at = at.duration_since(UNIX_EPOCH).unwrap_or_default();
        for leg in shards.iter().flat_map(|part| &part.state.legs) {
            dropped.remove(&leg.id);
        }
        let certificate = identity.state()?;
        Ok(Self { version: VERSION, at, next_leg, certificate, shards, dropped })
    }

    /// The legs that can be gone on with.
    pub fn legs(&self) -> impl Iterator<Item = LegId> {
        self.shards.iter().flat_map(|part| &part.state.legs).map(|leg| leg.id)
    }

    /// The legs that are lost, because they were not up.
    pub fn dropped(&self) -> impl Iterator<Item = LegId> {
        self.dropped.iter().copied()
    }

    /// The bytes to give to the successor, as secret as the value.
    ///
    /// # Errors
    /// [`MediaError::HandOver`], which nothing is known to cause.
    pub fn to_json(&self) -> Result<Vec<u8>, MediaError> {
        serde_json::to_vec(self).map_err(|error| unreadable(&error))
    }

    /// Reads the bytes of [`Self::to_json`].
    ///
    /// # Errors
    /// [`MediaError::HandOver`] when they are cut off, are something else, or are of another
    /// version.
    pub fn from_json(bytes: &[u8]) -> Result<Self, MediaError> {
        let header: Header = serde_json::from_slice(bytes).map_err(|error| unreadable(&error))?;
        if header.version != VERSION {
            let why = format!("its version is {}, this daemon reads {VERSION}", header.version);
            return Err(MediaError::HandOver { why });
        }
        serde_json::from_slice(bytes).map_err(|error| unreadable(&error))
    }

    /// How long nobody has had the legs.
    pub(crate) fn gap(&self, now: SystemTime) -> Duration {
        let since_epoch = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        since_epoch.saturating_sub(self.at).min(GAP_MAX)
    }

    pub(crate) fn identity(&self) -> Result<Identity, MediaError> {
        Identity::restore(&self.certificate)
    }
}

/// What every version begins with.
#[derive(Deserialize)]
struct Header {
    version: u32,
}

/// The library's own words may quote a key.
fn unreadable(error: &serde_json::Error) -> MediaError {
    let what = match error.classify() {
        serde_json::error::Category::Eof => "it is cut off",
        serde_json::error::Category::Syntax => "it is no JSON",
        serde_json::error::Category::Data => "it is no hand-over",
        serde_json::error::Category::Io => "it cannot be written",
    };
    let why = format!("{what} (line {}, column {})", error.line(), error.column());
    MediaError::HandOver { why }
}

impl fmt::Debug for HandOver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HandOver")
            .field("version", &self.version)
            .field("legs", &self.legs().count())
            .field("dropped", &self.dropped)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(at: SystemTime) -> HandOver {
        let identity = Identity::generate().unwrap();
        let part = ShardPart { agent_port: 7_000, state: ShardState::default() };
        HandOver::new(at, &identity, 9, vec![part], BTreeSet::from([LegId(4)])).unwrap()
    }

    fn why(bytes: &[u8]) -> String {
        match HandOver::from_json(bytes) {
            Err(error @ MediaError::HandOver { .. }) => error.to_string(),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn it_reads_back_and_prints_no_secret() {
        let value = value(SystemTime::now());
        let read = HandOver::from_json(&value.to_json().unwrap()).unwrap();
        assert_eq!(read.to_json().unwrap(), value.to_json().unwrap());
        assert_eq!(read.dropped().collect::<Vec<_>>(), [LegId(4)]);
        assert_eq!((read.legs().count(), read.next_leg, read.shards[0].agent_port), (0, 9, 7_000));
        let printed = format!("{read:?}");
        assert_eq!(printed, "HandOver { version: 1, legs: 0, dropped: {LegId(4)}, .. }");
    }

    #[test]
    fn cut_off_bytes_other_documents_and_other_versions_are_refused_in_plain_words() {
        let bytes = value(SystemTime::now()).to_json().unwrap();
        for length in 0..bytes.len() {
            assert!(why(&bytes[..length]).contains("cut off"), "{length} bytes");
        }
        assert!(why(b"hello").contains("no JSON"));
        assert!(why(b"{}").contains("no hand-over"));
        assert!(why(br#"{"version":1}"#).contains("no hand-over"));
        let text = String::from_utf8(bytes).unwrap();
        let newer = text.replacen("\"version\":1,", "\"version\":2,\"extra\":true,", 1);
        assert!(why(newer.as_bytes()).contains("its version is 2, this daemon reads 1"));
        let secret = text.replacen("\"next_leg\":9", "\"next_leg\":\"hunter2\"", 1);
        assert!(!why(secret.as_bytes()).contains("hunter2"), "no word of what is in it");
    }

    #[test]
    fn the_gap_is_what_the_wall_clock_says_within_reason() {
        let at = SystemTime::now();
        let value = value(at);
        let second = Duration::from_secs(1);
        assert_eq!(value.gap(at + second), second);
        assert_eq!(value.gap(at - second), Duration::ZERO, "a clock that was set back");
        assert_eq!(value.gap(at + 86_400 * second), GAP_MAX);
    }
}
