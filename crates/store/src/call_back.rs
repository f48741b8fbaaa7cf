//! Whether a contact may be called back: the one place that decides it.

use model::ContactKey;
use wire::rest::{CallBack, NoCallBack};

/// Whether the contact that goes by these names may be called back now.
pub(crate) const fn call_back(_contact: &[ContactKey]) -> CallBack {
    CallBack { possible: false, why_not: Some(NoCallBack::CallingOutNotAvailable) }
}
