//! The live calls of the house: one task per call turns the rules' crank and carries out effects.
//!
//! Floor 3. Each workspace has a [`Switchboard`] of its own, so that what belongs to another one
//! cannot even be looked up; the [`Exchange`] holds them all over the same doors. Inputs come from
//! webhooks ([`Exchange::receive`]), from agents' devices
//! ([`Switchboard::claim`] and its neighbours) and from the media plane; effects go to the doors
//! (Graph, media, recorder, store) and, through [`Bell`], to the devices. A call's task is its
//! only owner: whatever races, inputs reach the rules one at a time.
#![warn(clippy::wildcard_enum_match_arm)]

mod acts;
mod arrival;
mod bell;
mod board;
mod books;
mod closing;
mod codes;
mod comparing;
mod counts;
#[cfg(test)]
mod crowd;
mod devices;
mod dial;
mod effects;
mod exchange;
mod follow;
mod groups;
mod hook;
mod house;
#[cfg(test)]
mod isolation;
mod joining;
mod lately;
mod line_health;
mod media_events;
mod meta;
mod missed;
mod money_rounds;
mod moves;
mod owner;
mod parting;
mod permits;
mod placed;
mod presence;
mod quality;
mod queue;
mod quoting;
mod recovery;
mod refusal;
mod registry;
mod rights;
mod routing;
mod settling;
mod sounds;
mod switchboard;
mod tape;
mod telling;
#[cfg(test)]
mod tests;
mod till;
mod views;

pub use bell::Bell;
pub use call::{Habits, LiveAgent};
pub use dial::NotDialled;
pub use exchange::Exchange;
pub use house::{Doors, House, SwitchboardError};
pub use refusal::Refusal;
pub use sounds::{LineSounds, Sounds};
pub use switchboard::Switchboard;
pub use till::Tariff;
