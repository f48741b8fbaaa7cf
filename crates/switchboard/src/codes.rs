//! What Meta's refusals mean for a call that we place.

use model::Cause;
use whatsapp::Code;

/// What a refusal of Meta means for the call.
pub(crate) const fn cause_of(code: Code) -> Cause {
    match code {
        Code::CallOngoing => Cause::ContactBusy,
        Code::ReceiverUncallable | Code::Undeliverable | Code::NotInAllowList => {
            Cause::ContactUnreachable
        }
        Code::NoCallPermission => Cause::NotPermitted,
        Code::ConcurrentCallsLimit
        | Code::InitiationLimit
        | Code::CallRateLimit
        | Code::DailyCallLimit
        | Code::AppRateLimit
        | Code::AccountRateLimit
        | Code::ThroughputLimit
        | Code::CustomRateLimit
        | Code::PairRateLimit => Cause::LimitReached,
        Code::CallingDisabled
        | Code::CountryUnavailable
        | Code::CallingRestricted
        | Code::LineUnknown
        | Code::AccountLocked
        | Code::PolicyBlock
        | Code::PaymentProblem
        | Code::PaymentMissing
        | Code::SipOnly
        | Code::Maintenance
        | Code::CountryBlocked => Cause::LineNotAllowed,
        Code::TokenInvalid
        | Code::TokenExpired
        | Code::CapabilityMissing
        | Code::PermissionDenied
        | Code::AccessDenied
        | Code::PermissionMissing(_) => Cause::NeedsAuth,
        Code::ConnectFailed
        | Code::ConnectTimeout
        | Code::SdpInvalid
        | Code::PermissionRequestLimit
        | Code::NoPriorConversation
        | Code::MessagingLimitTooLow
        | Code::PermissionAlreadyPermanent
        | Code::NoCallsSubscriber
        | Code::PhoneSetupFailed
        | Code::PhoneNoRelay
        | Code::PhoneReceivedNoMedia
        | Code::PhoneSentNoMedia
        | Code::NoMediaSignal
        | Code::SipDisabled
        | Code::NoSipServer
        | Code::InvalidParameter
        | Code::ServiceUnknownError
        | Code::ServiceUnavailable
        | Code::UnknownFailure
        | Code::ParameterMissing
        | Code::ParameterValueInvalid
        | Code::WindowClosed
        | Code::Absent
        | Code::Other(_) => Cause::CarrierRefused,
    }
}

#[cfg(test)]
mod tests {
    use model::{Class, DialBlocker, EndReason};
    use whatsapp::{Code, GraphError};

    use super::*;
    use crate::permits::blocker_of;

    fn refused(code: i64) -> GraphError {
        GraphError::Refused {
            status: 400,
            code: code.into(),
            message: String::new(),
            details: None,
            retry_after: None,
        }
    }

    /// What each of Meta's codes means for a call that we place, and to who wants to call or ask.
    const CODES: [(i64, Cause, DialBlocker); 54] = {
        use Cause as C;
        use DialBlocker as B;
        [
            (138_000, C::LineNotAllowed, B::LineOff),
            (138_001, C::ContactUnreachable, B::Unreachable),
            (138_002, C::LimitReached, B::AtCapacity),
            (138_003, C::ContactBusy, B::CallRunning),
            (138_004, C::CarrierRefused, B::Unknown),
            (138_005, C::LimitReached, B::DailyCap),
            (138_006, C::NotPermitted, B::NoPermission),
            (138_007, C::CarrierRefused, B::Unknown),
            (138_008, C::CarrierRefused, B::Unknown),
            (138_009, C::CarrierRefused, B::AskedToday),
            (138_010, C::LimitReached, B::DailyCap),
            (138_011, C::CarrierRefused, B::Unreachable),
            (138_012, C::LimitReached, B::CallLimit),
            (138_013, C::LineNotAllowed, B::LineRegion),
            (138_014, C::LineNotAllowed, B::Restricted),
            (138_015, C::CarrierRefused, B::Unknown),
            // Found nowhere, and not fatal.
            (138_016, C::CarrierRefused, B::Unknown),
            (138_017, C::CarrierRefused, B::AlreadyPermitted),
            (138_018, C::CarrierRefused, B::Unknown),
            (138_019, C::CarrierRefused, B::Unknown),
            (138_020, C::CarrierRefused, B::Unknown),
            (138_021, C::CarrierRefused, B::Unknown),
            (138_022, C::CarrierRefused, B::Unknown),
            (138_023, C::CarrierRefused, B::Unknown),
            (138_024, C::CarrierRefused, B::Unknown),
            (138_025, C::CarrierRefused, B::Unknown),
            (0, C::NeedsAuth, B::NeedsAuth),
            (190, C::NeedsAuth, B::NeedsAuth),
            (3, C::NeedsAuth, B::NeedsAuth),
            (10, C::NeedsAuth, B::NeedsAuth),
            (200, C::NeedsAuth, B::NeedsAuth),
            (100, C::CarrierRefused, B::Unknown),
            (33, C::LineNotAllowed, B::LineOff),
            (1, C::CarrierRefused, B::Unknown),
            (2, C::CarrierRefused, B::Unknown),
            (4, C::LimitReached, B::Unknown),
            (80_007, C::LimitReached, B::Unknown),
            (130_429, C::LimitReached, B::Unknown),
            (613, C::LimitReached, B::Unknown),
            (131_000, C::CarrierRefused, B::Unknown),
            (131_005, C::NeedsAuth, B::NeedsAuth),
            (131_008, C::CarrierRefused, B::Unknown),
            (131_009, C::CarrierRefused, B::Unknown),
            (131_026, C::ContactUnreachable, B::Unreachable),
            (131_030, C::ContactUnreachable, B::Unreachable),
            (131_031, C::LineNotAllowed, B::Restricted),
            (368, C::LineNotAllowed, B::Restricted),
            (131_042, C::LineNotAllowed, B::LineOff),
            (131_044, C::LineNotAllowed, B::LineOff),
            (131_047, C::CarrierRefused, B::WindowClosed),
            (131_055, C::LineNotAllowed, B::LineOff),
            (131_056, C::LimitReached, B::Unknown),
            (131_057, C::LineNotAllowed, B::LineOff),
            (130_497, C::LineNotAllowed, B::ContactRegion),
        ]
    };

    #[test]
    fn every_code_of_metas_has_a_reason_for_the_call_and_for_the_agent() {
        for (number, cause, blocker) in CODES {
            assert_eq!(cause_of(Code::from(number)), cause, "{number}");
            assert_eq!(blocker_of(&refused(number)), blocker, "{number}");
            assert!(blocker.words().ends_with('.'), "{number}: a sentence for people");
            // No refusal counts as a call that somebody had.
            assert_ne!(EndReason::of(cause, false).class, Class::Completed, "{number}");
        }
        let all: Vec<i64> = CODES.iter().map(|(number, ..)| *number).collect();
        for number in 138_000..=138_025 {
            assert!(all.contains(&number), "{number}");
        }
    }
}
