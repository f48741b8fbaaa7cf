//! Sends one signed document to an address of somebody else's, and says what became of it.
//!
//! Floor 2, a door. [`Courier::send`] is one attempt; [`pause_before`] says when the next one is
//! due. [`Hook`] asks an address of the operator's what to do with a call. Addresses that others
//! gave us are never followed into our own network, whatever name they hide behind.
#![warn(clippy::wildcard_enum_match_arm)]

mod address;
mod backoff;
mod courier;
mod hook;
mod signature;

pub use address::{AddressError, check_address, is_public};
pub use backoff::{GIVE_UP_AFTER, pause_before, pause_bounds};
pub use courier::{Courier, CourierError, DELIVERY_TIME_MAX, Failure, Letter, Reach};
pub use hook::{HOOK_TIME_MAX, Hook, HookFailure};
pub use signature::sign;
