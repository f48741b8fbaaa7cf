//! The live calls of the house: one task per call turns the rules' crank and carries out effects.
//!
//! Floor 3. Inputs come from webhooks ([`Switchboard::receive`]), from agents' devices
//! ([`Switchboard::claim`] and its neighbours) and from the media plane; effects go to the doors
//! (Graph, media, recorder, store) and, through [`Bell`], to the devices. A call's task is its
//! only owner: whatever races, inputs reach the rules one at a time.
#![warn(clippy::wildcard_enum_match_arm)]

mod arrival;
mod bell;
mod board;
mod books;
mod closing;
mod counts;
mod devices;
mod effects;
mod hook;
mod house;
mod media_events;
mod meta;
mod owner;
mod quality;
mod recovery;
mod refusal;
mod registry;
mod sounds;
mod switchboard;
mod tape;
mod telling;
#[cfg(test)]
mod tests;

pub use bell::Bell;
pub use call::LiveAgent;
pub use house::{Doors, House, SwitchboardError};
pub use refusal::Refusal;
pub use sounds::{LineSounds, Sounds};
pub use switchboard::Switchboard;
