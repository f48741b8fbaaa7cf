//! Which right a command needs.

use model::Right;
use wire::agent::ClientCommand;

/// The right without which a command is refused; `None` for what everybody may who is connected:
/// it concerns their own device, or the call that they have already.
pub(super) const fn needed(command: &ClientCommand) -> Option<Right> {
    match command {
        ClientCommand::GoReady { .. } | ClientCommand::Claim { .. } => Some(Right::Answer),
        ClientCommand::Record { .. } => Some(Right::Record),
        ClientCommand::WatchCalls { .. }
        | ClientCommand::Supervise { .. }
        | ClientCommand::TakeOver { .. }
        | ClientCommand::MuteAgent { .. }
        | ClientCommand::EndCall { .. } => Some(Right::Supervise),
        // Leaving is always allowed.
        ClientCommand::StopSupervising { .. }
        | ClientCommand::GoAway {}
        | ClientCommand::Decline { .. }
        | ClientCommand::HangUp { .. }
        | ClientCommand::Hello { .. }
        | ClientCommand::Ping {}
        | ClientCommand::RestartIce { .. }
        | ClientCommand::MediaFailed { .. }
        | ClientCommand::Readiness { .. }
        | ClientCommand::EndWrapUp {}
        | ClientCommand::Mute { .. }
        | ClientCommand::Hold { .. }
        | ClientCommand::ListColleagues {}
        | ClientCommand::Transfer { .. }
        | ClientCommand::CompleteTransfer { .. }
        | ClientCommand::CancelTransfer { .. }
        | ClientCommand::Annotate { .. } => None,
    }
}
