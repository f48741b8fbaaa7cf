//! Mixing, for supervision only: what each party of a supervised call hears of the others, as one
//! sum of decoded sound. Pure: frames and `now` in, frames out.
//!
//! ```text
//! packets of caller, agent, supervisor -> playout (order, time, loss) -> sum -> encoder -> frame
//! ```

mod mixer;
mod playout;
#[cfg(test)]
mod tests;
#[cfg(test)]
pub(crate) mod tone;

use model::LegId;

pub(crate) use mixer::Mixer;

/// Supervised calls one media thread carries: a fifth of it at worst. Each decodes up to three
/// voices and encodes up to three mixes, 0.2 to 0.5 ms of every 20 ms, and for so long whatever
/// else the thread carries waits.
pub(crate) const SUPERVISED_MAX: usize = 8;

/// What a supervisor does with a call.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Supervision {
    /// The supervisor hears caller and agent; neither hears the supervisor.
    Listen,
    /// And the agent hears the supervisor beside the caller; the caller does not.
    Whisper,
    /// And the caller hears the supervisor beside the agent: all three talk.
    Barge,
}

impl Supervision {
    /// Whether this party is sent a mix. Who is not hears the other party's own packets.
    pub(crate) const fn is_mixed_for(self, hearer: Party) -> bool {
        match (self, hearer) {
            (_, Party::Supervisor)
            | (Self::Whisper | Self::Barge, Party::Agent)
            | (Self::Barge, Party::Caller) => true,
            (Self::Listen, Party::Agent) | (Self::Listen | Self::Whisper, Party::Caller) => false,
        }
    }

    /// Whether anybody hears this party in a mix.
    const fn needs(self, speaker: Party) -> bool {
        match (self, speaker) {
            (_, Party::Caller | Party::Agent)
            | (Self::Whisper | Self::Barge, Party::Supervisor) => true,
            (Self::Listen, Party::Supervisor) => false,
        }
    }
}

/// A party of a supervised call.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Party {
    Caller,
    Agent,
    Supervisor,
}

impl Party {
    pub(crate) const ALL: [Self; 3] = [Self::Caller, Self::Agent, Self::Supervisor];

    const fn index(self) -> usize {
        match self {
            Self::Caller => 0,
            Self::Agent => 1,
            Self::Supervisor => 2,
        }
    }
}

/// Why a call cannot be supervised.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum SuperviseError {
    /// The supervisor's leg and the call's are carried by different threads.
    #[error(
        "{supervisor} is on another media thread than {whatsapp}; open the supervisor's leg with \
         open_agent_leg_near"
    )]
    Apart {
        /// The supervisor's leg.
        supervisor: LegId,
        /// The call's WhatsApp leg.
        whatsapp: LegId,
    },
    /// A leg is not known, or has ended.
    #[error("{leg} is not known (any more); open it anew")]
    Gone {
        /// The leg.
        leg: LegId,
    },
    /// The call has no agent to supervise.
    #[error("{whatsapp} is no WhatsApp leg that is bridged with an agent; bridge it first")]
    NotBridged {
        /// The call's leg.
        whatsapp: LegId,
    },
    /// The supervisor's leg is a WhatsApp leg or in a call of its own.
    #[error("{supervisor} is not free to supervise; use an agent leg that is not bridged")]
    NotFree {
        /// The supervisor's leg.
        supervisor: LegId,
    },
    /// Somebody else supervises the call.
    #[error("{whatsapp} is supervised by {by} already; end that first")]
    Taken {
        /// The call's leg.
        whatsapp: LegId,
        /// The other supervisor's leg.
        by: LegId,
    },
    /// As many calls are supervised as one thread carries.
    #[error("a media thread already carries {limit} supervised calls; end one first")]
    TooMany {
        /// The bound.
        limit: usize,
    },
    /// libopus gave no decoder or encoder.
    #[error("libopus cannot decode or encode for supervision: {why}; free memory")]
    Codec {
        /// What it said.
        why: String,
    },
}
