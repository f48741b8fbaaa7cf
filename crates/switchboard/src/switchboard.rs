//! The handle that faces hold.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use call::LiveAgent;
use ledger::{MeterInput, RateBook};
use model::{CallId, Cause, LineId};
use parking_lot::{Mutex, RwLock};
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::task::TaskTracker;
use wire::{BalanceView, MissedCall};

use crate::board::Board;
use crate::books::Books;
use crate::counts::Counts;
use crate::groups::Groups;
use crate::house::{Doors, House};
use crate::line_health::Watched;
use crate::missed::Concerned;
use crate::owner::Message;
use crate::placed::Names;
use crate::refusal::Refusal;
use crate::registry::Registry;
use crate::{owner, presence};

/// How often a shutting-down house looks whether the last call has ended.
const DRAIN_LOOK: Duration = Duration::from_millis(100);
/// How long calls that were cut may take to be ended at Meta, and all calls to have their CDRs and
/// recordings finished.
const CUT_WAIT: Duration = Duration::from_secs(10);

/// The live calls of one workspace. Cheap to clone. Made by [`crate::Exchange`].
#[derive(Clone)]
pub struct Switchboard {
    pub(crate) inner: Arc<Inner>,
}

pub(crate) struct Inner {
    pub(crate) house: House,
    pub(crate) doors: Doors,
    pub(crate) board: Mutex<Board>,
    /// Somebody has begun to finish up, which ends by itself.
    pub(crate) wrap_ups: Notify,
    pub(crate) calls: Registry,
    pub(crate) books: Books,
    pub(crate) counts: Counts,
    pub(crate) groups: RwLock<Groups>,
    /// What Meta calls the calls that we place, and what it told of them too early.
    pub(crate) placed: Names,
    /// Missed calls that nobody was told of yet; see [`crate::missed`].
    pub(crate) missed: Mutex<Vec<(MissedCall, Concerned)>>,
    /// What calls cost.
    pub(crate) rates: RwLock<Arc<RateBook>>,
    pub(crate) line_health: Mutex<BTreeMap<LineId, Watched>>,
    /// Everything that must be over before the house closes.
    pub(crate) tasks: TaskTracker,
    pub(crate) draining: AtomicBool,
}

impl Switchboard {
    /// Opens one house and starts its journal. Counts go where those of all houses go, and so do
    /// live calls.
    pub(crate) fn open(house: House, doors: Doors, counts: Counts, calls: Registry) -> Self {
        let books = Books::open(doors.store.clone());
        let habits = house.habits;
        let inner = Arc::new(Inner {
            house,
            doors,
            board: Mutex::new(Board::new(habits)),
            wrap_ups: Notify::new(),
            calls,
            books,
            counts,
            groups: RwLock::default(),
            placed: Names::default(),
            missed: Mutex::default(),
            rates: RwLock::default(),
            line_health: Mutex::default(),
            tasks: TaskTracker::new(),
            draining: AtomicBool::new(false),
        });
        tokio::spawn(presence::end_wrap_ups(Arc::downgrade(&inner)));
        Self { inner }
    }

    /// Ends a call on an operator's word.
    ///
    /// # Errors
    /// When the call is not live.
    pub async fn end_call(&self, call: CallId) -> Result<(), Refusal> {
        let mailbox = self.inner.calls.mailbox(call).ok_or_else(Refusal::no_such_call)?;
        let response = owner::ask(&mailbox, call::Input::End { cause: Cause::OperatorEnded }).await;
        self.inner.answer(response)
    }

    /// Every agent who is connected or talking.
    pub fn presences(&self) -> Vec<LiveAgent> {
        self.inner.board.lock().roster.agents()
    }

    /// How many calls are live.
    pub fn live_calls(&self) -> usize {
        self.inner.calls.len()
    }

    /// Whether new calls are being turned away because the house closes.
    pub fn is_draining(&self) -> bool {
        self.inner.draining.load(Ordering::Relaxed)
    }

    /// Tells every device the balance after it changed, and running calls that it may have grown.
    pub async fn balance_changed(&self) {
        self.inner.calls.post_each(|| Message::Meter(MeterInput::BalanceRose));
        self.inner.tell_balance().await;
    }

    /// Takes no new calls, lets live ones finish within `grace`, then ends the rest. Returns, once
    /// their books and recordings are closed, how many had to be cut.
    pub async fn shut_down(&self, grace: Duration) -> usize {
        self.inner.draining.store(true, Ordering::Relaxed);
        self.wait_for_calls(Instant::now() + grace).await;
        let cut = self.live_calls();
        self.inner.calls.post_all(|| call::Input::End { cause: Cause::ShutDown });
        let until = Instant::now() + CUT_WAIT;
        self.wait_for_calls(until).await;
        self.inner.tasks.close();
        if tokio::time::timeout_at(until, self.inner.tasks.wait()).await.is_err() {
            tracing::error!("something is still unfinished; the next start finishes it");
        }
        self.inner.books.flush().await;
        cut
    }

    async fn wait_for_calls(&self, until: Instant) {
        while self.live_calls() > 0 && Instant::now() < until {
            tokio::time::sleep(DRAIN_LOOK).await;
        }
    }
}

impl Inner {
    pub(crate) fn answer(&self, response: Option<call::Response>) -> Result<(), Refusal> {
        match response {
            Some(call::Response::Done) => Ok(()),
            Some(call::Response::Refused(refusal)) => {
                Err(Refusal::of(&refusal, |agent| self.board.lock().name_of(agent)))
            }
            None => Err(Refusal::no_such_call()),
        }
    }

    pub(crate) async fn balance(&self) -> Option<BalanceView> {
        match self.doors.store.balance(&self.house.workspace.id).await {
            Ok(balance) => Some(balance),
            Err(error) => {
                tracing::error!(%error, "the balance cannot be read; look at the database");
                None
            }
        }
    }
}
