//! One call's life: whom to ring, who wins, when and why it ends.
//!
//! Floor 1, pure: [`Call::handle`] takes an input and the time, [`Call::poll_output`] yields what
//! to do, [`Call::poll_timeout`] says when to come back and why. No IO, no clock, no randomness.
//! An input that is illegal in a state is reported as ignored, never a panic: networks reorder
//! and Meta redelivers.
#![warn(clippy::wildcard_enum_match_arm)]

mod admission;
mod carrier;
mod choose;
mod claim;
mod dial;
mod early;
mod event;
mod hearing;
mod hold;
mod input;
mod life;
mod look;
mod outgoing;
mod output;
mod permit;
mod plan;
mod quality;
mod queue;
mod readiness;
mod reconnect;
mod ring;
mod ringing;
mod roster;
mod rules;
mod state;
mod supervision;
mod talk;
mod transfer;

pub use admission::{Arrival, admit};
pub use choose::{Wave, choose, choose_newcomers};
pub use early::{EARLY_KEPT, EARLY_MAX, Early};
pub use event::Event;
pub use input::{Input, Outcome, Refusal, Response};
pub use life::Call;
pub use outgoing::{Outgoing, is_out_of_reach, may_dial};
pub use output::{Command, Farewell, LeftWhy, Output, Sound, StopWhy, SupervisionWhy};
pub use permit::{Allowance, Ask, Permission, Permit, Reply, STREAK_REVOKES};
pub use plan::{RingPlan, STEPS_MAX, Step, Whom, plan};
pub use quality::judge;
pub use readiness::Readiness;
pub use ring::Target;
pub use roster::{Habits, LiveAgent, Occupied, Roster};
pub use rules::{AfterGrace, Rules, Timer};
pub use state::{Phase, Recording};
pub use transfer::Transfer;
