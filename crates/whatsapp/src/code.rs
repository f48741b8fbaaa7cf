//! Meta's numeric error codes, in webhooks and in Graph answers.

use model::Class;

macro_rules! codes {
    ($($number:literal $name:ident $class:ident $meaning:literal)*) => {
        /// An error code of Meta ("Error codes" and "Troubleshooting" pages of the calling API).
        /// Branch on this, never on a message.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code {
            $(#[doc = concat!(stringify!($number), ": ", $meaning, ".")] $name,)*
            /// 200 to 299: the app lacks one of the permissions numbered in this range.
            PermissionMissing(i64),
            /// The refusal carried no code at all (a proxy's page, for example).
            Absent,
            /// A code that is not listed here.
            Other(i64),
        }

        impl From<i64> for Code {
            fn from(number: i64) -> Self {
                match number {
                    $($number => Self::$name,)*
                    200..=299 => Self::PermissionMissing(number),
                    -1 => Self::Absent,
                    other => Self::Other(other),
                }
            }
        }

        impl Code {
            /// The number Meta uses; -1 when there was none.
            pub const fn number(self) -> i64 {
                match self {
                    $(Self::$name => $number,)*
                    Self::PermissionMissing(number) | Self::Other(number) => number,
                    Self::Absent => -1,
                }
            }

            /// A short meaning for operators.
            pub const fn meaning(self) -> &'static str {
                match self {
                    $(Self::$name => $meaning,)*
                    Self::PermissionMissing(_) => "the app lacks a permission",
                    Self::Absent => "no code was given",
                    Self::Other(_) => "a code not known here",
                }
            }

            /// Whose fault it counts as when a call ends by it.
            pub const fn class(self) -> Class {
                match self {
                    $(Self::$name => Class::$class,)*
                    Self::PermissionMissing(_) => Class::OurFault,
                    Self::Absent | Self::Other(_) => Class::Unknown,
                }
            }
        }
    };
}

codes! {
    138000 CallingDisabled OurFault "calling is not enabled on the line"
    138001 ReceiverUncallable CallerFault "the receiver cannot be called on WhatsApp"
    138002 ConcurrentCallsLimit CarrierFault "too many calls at once on the line"
    138003 CallOngoing CallerFault "a call with this receiver is already going on"
    138004 ConnectFailed CarrierFault "Meta failed while connecting the call"
    138005 InitiationLimit CarrierFault "too many calls started from the line"
    138006 NoCallPermission CallerFault "the receiver has not permitted calls"
    138007 ConnectTimeout OurFault "our session description came too late"
    138008 SdpInvalid OurFault "Meta refused the session description"
    138009 PermissionRequestLimit CallerFault "permission was asked too often"
    138010 CallRateLimit CarrierFault "calls are placed too fast"
    138011 NoPriorConversation CallerFault "there was no conversation before the permission request"
    138012 DailyCallLimit CallerFault "too many connected calls with this receiver in 24 hours"
    138013 CountryUnavailable OurFault "calls from this business number's country are not available"
    138014 CallingRestricted OurFault "calling is restricted for low quality"
    138015 MessagingLimitTooLow OurFault "the messaging limit is too low to enable calling"
    138017 PermissionAlreadyPermanent CallerFault "a permanent permission exists already"
    138018 NoCallsSubscriber OurFault "no app is subscribed to the field calls and SIP is off"
    138019 PhoneSetupFailed CallerFault "the phone failed to set up the call"
    138020 PhoneNoRelay CallerFault "the phone could not reach Meta's relay"
    138021 PhoneReceivedNoMedia OurFault "the phone received no media for long"
    138022 PhoneSentNoMedia CallerFault "the phone sent no media for long"
    138023 NoMediaSignal Unknown "accepted, but media never connected"
    138024 SipDisabled OurFault "SIP is not enabled on the line"
    138025 NoSipServer OurFault "the app has no SIP server for the line"
    0 TokenInvalid OurFault "the access token is not valid"
    190 TokenExpired OurFault "the access token has expired or was revoked"
    3 CapabilityMissing OurFault "the app lacks a capability or permission"
    10 PermissionDenied OurFault "the app lacks the permission"
    100 InvalidParameter OurFault "a parameter or the session description is invalid; see the details"
    33 LineUnknown OurFault "the line's id is wrong or was deleted"
    1 ServiceUnknownError CarrierFault "unknown error at Meta"
    2 ServiceUnavailable CarrierFault "Meta is temporarily unavailable"
    4 AppRateLimit CarrierFault "the app's rate limit is reached"
    80007 AccountRateLimit CarrierFault "the account's rate limit is reached"
    130429 ThroughputLimit CarrierFault "the line's throughput limit is reached"
    613 CustomRateLimit CarrierFault "this endpoint's rate limit is reached"
    131000 UnknownFailure CarrierFault "something failed at Meta"
    131005 AccessDenied OurFault "access was denied"
    131008 ParameterMissing OurFault "a required parameter is missing"
    131009 ParameterValueInvalid OurFault "a parameter's value is not valid"
    131026 Undeliverable CallerFault "the message cannot be delivered to this client"
    131030 NotInAllowList OurFault "the receiver is not on the test number's allow list"
    131031 AccountLocked OurFault "the business account is locked"
    368 PolicyBlock OurFault "the account is blocked for a policy violation"
    131042 PaymentProblem OurFault "the account has a payment problem"
    131044 PaymentMissing OurFault "the account has no payment method"
    131047 WindowClosed CallerFault "the 24-hour customer service window is closed"
    131055 SipOnly OurFault "the line is in SIP mode, so Graph calls are refused"
    131056 PairRateLimit CarrierFault "too many requests to this receiver"
    131057 Maintenance CarrierFault "the line is in maintenance"
    130497 CountryBlocked OurFault "the account may not reach this country"
}

impl Code {
    /// Whether the token or its permissions must be mended before anything works on the line.
    pub const fn needs_auth(self) -> bool {
        matches!(
            self,
            Self::TokenInvalid
                | Self::TokenExpired
                | Self::CapabilityMissing
                | Self::PermissionDenied
                | Self::PermissionMissing(_)
                | Self::AccessDenied
        )
    }

    /// Whether a refusal with this code shows that an *earlier*, identical request with unknown
    /// outcome was refused as well. True where the reason lies in the account or the line and not
    /// in the state of the call, which that earlier request may have changed.
    pub(crate) const fn rules_out_delivery(self) -> bool {
        self.needs_auth()
            || matches!(
                self,
                Self::CallingDisabled
                    | Self::CallingRestricted
                    | Self::CountryUnavailable
                    | Self::SdpInvalid
                    | Self::LineUnknown
                    | Self::AccountLocked
                    | Self::PolicyBlock
                    | Self::PaymentProblem
                    | Self::PaymentMissing
                    | Self::SipOnly
                    | Self::Maintenance
                    | Self::CountryBlocked
            )
    }

    /// Whether Meta uses this code to say that a call is in another state than the request needs.
    pub(crate) const fn may_speak_of_call_state(self) -> bool {
        matches!(
            self,
            Self::InvalidParameter
                | Self::ParameterValueInvalid
                | Self::CallOngoing
                | Self::Other(_)
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_number_survives_the_way_through_the_enum() {
        for number in (-5..700).chain(80_000..80_020).chain(130_400..138_100) {
            assert_eq!(Code::from(number).number(), number);
        }
    }

    #[test]
    fn the_codes_that_decide_a_call_have_names() {
        assert_eq!(Code::from(138_021), Code::PhoneReceivedNoMedia);
        assert_eq!(Code::from(131_044), Code::PaymentMissing);
        assert_eq!(Code::from(190), Code::TokenExpired);
        assert_eq!(Code::from(250), Code::PermissionMissing(250));
        assert_eq!(Code::from(138_016), Code::Other(138_016));
        assert!(Code::from(190).needs_auth());
        assert!(!Code::from(100).needs_auth());
    }
}
