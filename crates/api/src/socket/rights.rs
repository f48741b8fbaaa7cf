//! Which right a command needs.

use model::Right;
use wire::agent::ClientCommand;

/// The rights of which one must be there, or a command is refused. Empty for what everybody may who
/// is connected: it concerns their own device, or the call that they have already.
pub(super) const fn needed(command: &ClientCommand) -> &'static [Right] {
    match command {
        // Who only supervises needs a media leg too; the roster does not ring it.
        ClientCommand::GoReady { .. } => &[Right::Answer, Right::Dial, Right::Supervise],
        ClientCommand::Claim { .. } => &[Right::Answer],
        ClientCommand::Dial { .. }
        | ClientCommand::CheckContact { .. }
        | ClientCommand::AskPermission { .. } => &[Right::Dial],
        ClientCommand::Record { .. } => &[Right::Record],
        ClientCommand::WatchCalls { .. }
        | ClientCommand::Supervise { .. }
        | ClientCommand::TakeOver { .. }
        | ClientCommand::MuteAgent { .. }
        | ClientCommand::EndCall { .. } => &[Right::Supervise],
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
        | ClientCommand::Annotate { .. } => &[],
    }
}
