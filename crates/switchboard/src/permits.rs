//! What contacts permit: Meta's word brought in, Meta asked, contacts asked.

use std::sync::Arc;

use call::{Allowance, Ask, Permission, Permit, Reply, may_dial};
use model::{DeviceId, DialBlocker, DialRefusal, LineId, Party, Timestamp};
use store::LineRow;
use whatsapp::{
    Code, GraphError, PermissionReply, PermissionResponse, PermissionStatus, ReplyContext,
    ReplySource,
};
use wire::agent::ServerEvent;
use wire::{CallerView, PermitStatus, PermitView};

use crate::dial::{NotDialled, party_of};
use crate::house::SwitchboardError;
use crate::refusal::Refusal;
use crate::switchboard::{Inner, Switchboard};

/// What a call that is over means for a permission.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum CallOutcome {
    /// It was connected, whoever placed it.
    Connected,
    /// We called, and the contact did not answer.
    NotAnswered,
    /// We called, and Meta knew of no permission.
    NotPermitted,
}

impl Switchboard {
    /// What a contact permits a line, and what is in the way of calling them.
    ///
    /// # Errors
    /// [`NotDialled`] when the line or the contact is none.
    pub async fn check_contact(
        &self,
        line: Option<LineId>,
        to: &str,
    ) -> Result<PermitView, NotDialled> {
        let inner = &self.inner;
        let line = inner.line_to_dial_from(line).await?;
        let to = party_of(to).ok_or(DialBlocker::BadNumber)?;
        let fresh = inner.fresh_permit(&line.id, &to).await;
        inner.permit_view(&line, &to, fresh).await
    }

    /// Asks a contact for the permission to call them, freely inside the customer service window,
    /// by the house's template outside.
    ///
    /// # Errors
    /// [`NotDialled`]: the contact was not asked, unless it says that nobody knows.
    pub async fn ask_permission(
        &self,
        device: DeviceId,
        line: Option<LineId>,
        to: &str,
    ) -> Result<PermitView, NotDialled> {
        self.agent_of(device)?;
        let inner = &self.inner;
        let line = inner.line_to_dial_from(line).await?;
        let to = party_of(to).ok_or(DialBlocker::BadNumber)?;
        let (permit, limits) = inner.fresh_permit(&line.id, &to).await?;
        let template = inner.house.permission_template.as_ref();
        let ask = permit.may_ask(template.is_some(), Timestamp::now())?;
        let graph = &inner.doors.graph;
        let asked = match (ask, template) {
            (Ask::ByTemplate, Some((name, language))) => {
                graph.ask_permission_by_template(&line.id, &to, name, language).await
            }
            (Ask::Freely | Ask::ByTemplate, _) => graph.ask_permission(&line.id, &to, "").await,
        };
        inner.note_outcome(&line.id, &asked);
        let refused = match asked {
            Ok(_) => None,
            Err(error) => {
                tracing::warn!(line = %line.id, %error, "a contact was not asked for permission");
                Some((error.is_ambiguous(), blocker_of(&error)))
            }
        };
        // Who may have been asked counts as asked.
        let counts = refused.is_none_or(|(perhaps, _)| perhaps);
        let permit = if counts {
            let now = Timestamp::now();
            let changed = inner.change_permit(&line.id, &to, move |permit| permit.was_asked(now));
            changed.await.unwrap_or(permit)
        } else {
            permit
        };
        match refused {
            Some((_, blocker)) => Err(blocker.into()),
            None => inner.permit_view(&line, &to, Ok((permit, limits))).await,
        }
    }
}

impl Inner {
    fn has_line(&self, line: &LineId) -> bool {
        self.house.any_line || self.house.lines.contains_key(line)
    }

    /// Meta brings what a contact said about being called.
    pub(crate) async fn permission_replied(
        &self,
        reply: PermissionReply,
    ) -> Result<(), SwitchboardError> {
        if !self.has_line(&reply.line) {
            return Ok(());
        }
        let now = Timestamp::now();
        let at = reply.at.unwrap_or(now);
        let Some(said) = said(&reply) else {
            tracing::warn!(line = %reply.line, "Meta told something new about a permission");
            return Ok(());
        };
        let by_contact = reply.source == Some(ReplySource::UserAction);
        let changed = self.store_permit(&reply.line, &reply.party, move |permit| {
            permit.replied(said, at, now);
            if by_contact {
                permit.spoke(at, now);
            }
        });
        if let Some(permit) = changed.await? {
            self.tell_permit(&reply.line, &reply.party, permit);
        }
        Ok(())
    }

    /// A contact wrote to a line.
    pub(crate) async fn contact_spoke(
        &self,
        line: LineId,
        party: Party,
        at: Option<Timestamp>,
    ) -> Result<(), SwitchboardError> {
        if self.has_line(&line) {
            let now = Timestamp::now();
            let at = at.unwrap_or(now);
            self.store_permit(&line, &party, move |permit| permit.spoke(at, now)).await?;
        }
        Ok(())
    }

    /// A contact calls: beside the call, which must not wait for it.
    pub(crate) fn caller_spoke(self: &Arc<Self>, line: &LineRow, party: &Party, at: Timestamp) {
        let (inner, line, party) = (self.clone(), line.id.clone(), party.clone());
        self.tasks.spawn(async move {
            inner.change_permit(&line, &party, move |permit| permit.spoke(at, at)).await;
        });
    }

    /// A call with a contact is over.
    pub(crate) async fn call_was(&self, line: &LineId, party: &Party, outcome: CallOutcome) {
        let now = Timestamp::now();
        let changed = self.change_permit(line, party, move |permit| match outcome {
            CallOutcome::Connected => permit.connected(now),
            CallOutcome::NotAnswered => permit.did_not_answer(),
            CallOutcome::NotPermitted => permit.looked_up(Permission::None, now),
        });
        if let Some(permit) = changed.await {
            self.tell_permit(line, party, permit);
        }
    }

    async fn store_permit(
        &self,
        line: &LineId,
        party: &Party,
        change: impl FnOnce(&mut Permit) + Send,
    ) -> Result<Option<Permit>, store::StoreError> {
        self.doors.store.change_permit(&self.house.workspace.id, line, party, change).await
    }

    /// The same where nobody can be told to try again.
    async fn change_permit(
        &self,
        line: &LineId,
        party: &Party,
        change: impl FnOnce(&mut Permit) + Send,
    ) -> Option<Permit> {
        self.store_permit(line, party, change).await.unwrap_or_else(|error| {
            tracing::error!(%line, %error, "what a contact permits could not be kept");
            None
        })
    }

    /// What Meta holds for true now: always asked before a call is placed.
    pub(crate) async fn fresh_permit(
        self: &Arc<Self>,
        line: &LineId,
        party: &Party,
    ) -> Result<(Permit, Vec<Allowance>), DialRefusal> {
        let found = self.doors.graph.permission(line, party).await;
        self.note_outcome(line, &found);
        let found = found.map_err(|error| {
            tracing::warn!(%line, %error, "Meta did not say what a contact permits");
            DialRefusal::of(blocker_of(&error))
        })?;
        let now = Timestamp::now();
        let permission = match found.status {
            PermissionStatus::None => Some(Permission::None),
            PermissionStatus::Temporary(until) => Some(Permission::Temporary { until }),
            PermissionStatus::Permanent => Some(Permission::Permanent),
            PermissionStatus::Other(word) => {
                tracing::warn!(%line, word, "Meta has a new word for what a contact permits");
                None
            }
        };
        let changed = self.change_permit(line, party, move |permit| {
            if let Some(permission) = permission {
                permit.looked_up(permission, now);
            }
        });
        let permit = changed.await.ok_or(DialRefusal::of(DialBlocker::Unknown))?;
        let limit = |limit: &whatsapp::CallAllowance| Allowance {
            max: limit.max,
            used: limit.used,
            room_at: limit.room_at,
        };
        Ok((permit, found.call_limits.iter().map(limit).collect()))
    }

    async fn permit_view(
        self: &Arc<Self>,
        line: &LineRow,
        to: &Party,
        fresh: Result<(Permit, Vec<Allowance>), DialRefusal>,
    ) -> Result<PermitView, NotDialled> {
        let (permit, call_refused) = match fresh {
            Ok((permit, limits)) => {
                let outgoing = self.outgoing(line, to, (permit.clone(), limits), false).await;
                (permit, may_dial(&outgoing).err())
            }
            Err(refusal) => {
                let known = self.doors.store.permit(&self.house.workspace.id, &line.id, to).await;
                let known = known.map_err(|error| {
                    tracing::error!(line = %line.id, %error, "a permission cannot be read");
                    Refusal::internal("the permission could not be read")
                })?;
                (known, Some(refusal))
            }
        };
        Ok(self.view_of(&line.id, to, &permit, call_refused))
    }

    fn view_of(
        &self,
        line: &LineId,
        to: &Party,
        permit: &Permit,
        call_refused: Option<DialRefusal>,
    ) -> PermitView {
        let now = Timestamp::now();
        let (status, until) = match permit.permission(now) {
            Permission::None => (PermitStatus::None, None),
            Permission::Requested => (PermitStatus::Requested, None),
            Permission::Temporary { until } => (PermitStatus::Temporary, until),
            Permission::Permanent => (PermitStatus::Permanent, None),
            Permission::Revoked => (PermitStatus::Revoked, None),
            Permission::Declined => (PermitStatus::Declined, None),
        };
        PermitView {
            line: line.clone(),
            contact: CallerView { display: to.display(), phone: to.phone.clone() },
            status,
            until,
            unanswered: permit.unanswered(),
            call_refused,
            ask_refused: permit.may_ask(self.house.permission_template.is_some(), now).err(),
        }
    }

    /// Tells every device what a contact permits now, as far as it is known here.
    fn tell_permit(&self, line: &LineId, party: &Party, permit: Permit) {
        let call_refused = permit.may_call(&[], false, Timestamp::now()).err();
        let permit = self.view_of(line, party, &permit, call_refused);
        let devices = self.board.lock().roster.devices();
        self.tell_all(&devices, ServerEvent::PermitChanged { permit });
    }
}

/// What a reply of Meta's means; `None` for a word that is not known here.
fn said(reply: &PermissionReply) -> Option<Reply> {
    match (&reply.response, &reply.context) {
        (PermissionResponse::Accept, _) => {
            Some(Reply::Granted { permanent: reply.is_permanent, until: reply.expires_at })
        }
        // It answers what we asked; without that it takes back what there was.
        (PermissionResponse::Reject, Some(ReplyContext::Message(_))) => Some(Reply::Declined),
        (PermissionResponse::Reject, Some(ReplyContext::Call(_)) | None) => Some(Reply::Revoked),
        (PermissionResponse::Other(_), _) => None,
    }
}

/// What a refusal of Meta means to who wants to call or to ask.
pub(crate) fn blocker_of(error: &GraphError) -> DialBlocker {
    let Some(code) = error.code() else { return DialBlocker::Unknown };
    if error.needs_auth() {
        return DialBlocker::NeedsAuth;
    }
    match code {
        Code::CallingDisabled
        | Code::SipOnly
        | Code::LineUnknown
        | Code::Maintenance
        | Code::PaymentProblem
        | Code::PaymentMissing => DialBlocker::LineOff,
        Code::ReceiverUncallable
        | Code::Undeliverable
        | Code::NotInAllowList
        | Code::NoPriorConversation => DialBlocker::Unreachable,
        Code::ConcurrentCallsLimit => DialBlocker::AtCapacity,
        Code::CallOngoing => DialBlocker::CallRunning,
        Code::InitiationLimit | Code::CallRateLimit => DialBlocker::DailyCap,
        Code::NoCallPermission => DialBlocker::NoPermission,
        Code::PermissionRequestLimit => DialBlocker::AskedToday,
        Code::DailyCallLimit => DialBlocker::CallLimit,
        Code::CountryUnavailable => DialBlocker::LineRegion,
        Code::CountryBlocked => DialBlocker::ContactRegion,
        Code::CallingRestricted | Code::AccountLocked | Code::PolicyBlock => {
            DialBlocker::Restricted
        }
        Code::PermissionAlreadyPermanent => DialBlocker::AlreadyPermitted,
        Code::WindowClosed => DialBlocker::WindowClosed,
        Code::TokenInvalid
        | Code::TokenExpired
        | Code::CapabilityMissing
        | Code::PermissionDenied
        | Code::AccessDenied
        | Code::PermissionMissing(_) => DialBlocker::NeedsAuth,
        Code::ConnectFailed
        | Code::ConnectTimeout
        | Code::SdpInvalid
        | Code::MessagingLimitTooLow
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
        | Code::AppRateLimit
        | Code::AccountRateLimit
        | Code::ThroughputLimit
        | Code::CustomRateLimit
        | Code::PairRateLimit
        | Code::UnknownFailure
        | Code::ParameterMissing
        | Code::ParameterValueInvalid
        | Code::Absent
        | Code::Other(_) => DialBlocker::Unknown,
    }
}
