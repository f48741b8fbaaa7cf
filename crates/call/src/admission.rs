//! The gate: whether an inbound call may ring at all.

use std::time::Duration;

use model::Cause;

/// What is known when a call arrives.
#[derive(Clone, Debug)]
pub struct Arrival {
    /// How old the connect is, by Meta's timestamp; `None` when it carries none.
    pub age: Option<Duration>,
    /// The age from which a connect is not answered any more.
    pub age_max: Duration,
    /// The line is known, enabled, and takes calls.
    pub line_open: bool,
    /// Why Meta would not let a call of this line be answered, if it would not.
    pub outage: Option<Cause>,
    /// The exact balance reaches the workspace's minimum.
    pub balance_open: bool,
    /// Calls that are live now, this one not counted.
    pub live_calls: usize,
    /// The most calls that may be live.
    pub live_calls_max: usize,
    /// Devices that could ring now, those of busy agents included.
    pub devices: usize,
}

/// Lets a call in, or names the first rule that turns it away.
///
/// # Errors
/// The cause to journal and show.
pub fn admit(arrival: &Arrival) -> Result<(), Cause> {
    if arrival.age.is_some_and(|age| age > arrival.age_max) {
        return Err(Cause::StaleConnect);
    }
    if !arrival.line_open {
        return Err(Cause::LineClosed);
    }
    if let Some(cause) = arrival.outage {
        return Err(cause);
    }
    if !arrival.balance_open {
        return Err(Cause::BalanceTooLow);
    }
    if arrival.live_calls >= arrival.live_calls_max {
        return Err(Cause::AtCapacity);
    }
    if arrival.devices == 0 {
        return Err(Cause::NobodyReady);
    }
    Ok(())
}
