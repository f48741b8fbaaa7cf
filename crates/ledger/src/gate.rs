//! Whether the balance lets a call start.

use model::{Direction, Micros};

/// The money part of the decision whether a call may start.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Gate {
    /// The balance suffices.
    Open,
    /// It does not.
    Closed(GateClosed),
}

/// The two figures that closed the gate, exactly as compared.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct GateClosed {
    /// What can be spent.
    pub available: Micros,
    /// What must be there before a call may start.
    pub minimum: Micros,
}

/// Compares the exact balance with the workspace's minimum; equal is enough.
///
/// The same minimum holds in both directions. An inbound call costs nothing, yet a workspace that
/// may not call back should not start to depend on calls.
pub const fn gate(available: Micros, minimum: Micros, direction: Direction) -> Gate {
    match direction {
        Direction::UserInitiated | Direction::BusinessInitiated => {
            if available.get() >= minimum.get() {
                Gate::Open
            } else {
                Gate::Closed(GateClosed { available, minimum })
            }
        }
    }
}

/// Whether a workspace must be told *top-up needed for calling*: exactly when [`gate`] is closed.
pub const fn top_up_required(available: Micros, minimum: Micros) -> bool {
    match gate(available, minimum, Direction::UserInitiated) {
        Gate::Open => false,
        Gate::Closed(_) => true,
    }
}
