//! What all calls and requests of one simulated Meta share.

use std::collections::{HashMap, VecDeque};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use model::{LineId, Wacid};
use parking_lot::{MappedMutexGuard, Mutex, MutexGuard};
use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};
use tokio::sync::watch;
use tokio::task::JoinSet;

use super::call::Call;
use super::delivery::HTTP_TIMEOUT;
use super::dialled;
use super::permits::Permits;
use super::record::{EndCause, Fault, GraphRequest, Log, PhoneState, Violation, ViolationKind};
use super::{Answers, MetaConfig, SimLine};
use crate::SimError;

/// Meta's cap on concurrent calls of a number (138002); over it a caller makes no webhook.
pub(crate) const CALLS_MAX: usize = 1_000;
/// Requests and violations kept: the tests read them all, a long load run only the newest.
const LOG_MAX: usize = 10_000;
/// Faults waiting for one action: more is a script gone wrong.
const FAULTS_MAX: usize = 1_000;
/// How long phones get to close their sockets at shut-down.
const SHUT_DOWN_MAX: Duration = Duration::from_secs(5);

/// The shared state.
pub(crate) struct World {
    pub(crate) config: MetaConfig,
    pub(crate) address: SocketAddr,
    pub(crate) http: reqwest::Client,
    webhook_url: Mutex<Option<String>>,
    access_token: Mutex<String>,
    /// The status every request is answered with while Meta is down.
    outage: Mutex<Option<u16>>,
    desk: Mutex<Desk>,
    tasks: Mutex<JoinSet<()>>,
    stop: watch::Sender<bool>,
}

struct Desk {
    requests: Log<GraphRequest>,
    violations: Log<Violation>,
    faults: HashMap<String, VecDeque<Fault>>,
    permits: Permits,
    /// What phones do that a business calls, by number or id.
    answers: HashMap<String, Answers>,
    /// Live and recent calls, oldest first.
    calls: VecDeque<Arc<Call>>,
    rng: StdRng,
}

impl World {
    /// An empty world behind `address`.
    pub(crate) fn new(config: MetaConfig, address: SocketAddr) -> Result<Arc<Self>, SimError> {
        let http = reqwest::Client::builder().timeout(HTTP_TIMEOUT).build()?;
        Ok(Arc::new(Self {
            address,
            http,
            webhook_url: Mutex::new(config.webhook_url.clone()),
            access_token: Mutex::new(config.access_token.clone()),
            outage: Mutex::default(),
            desk: Mutex::new(Desk {
                requests: Log::new(LOG_MAX),
                violations: Log::new(LOG_MAX),
                faults: HashMap::new(),
                permits: Permits::default(),
                answers: HashMap::new(),
                calls: VecDeque::new(),
                rng: StdRng::seed_from_u64(config.seed),
            }),
            tasks: Mutex::new(JoinSet::new()),
            stop: watch::Sender::new(false),
            config,
        }))
    }

    pub(crate) fn webhook_url(&self) -> Option<String> {
        self.webhook_url.lock().clone()
    }

    pub(crate) fn set_webhook_url(&self, url: String) {
        *self.webhook_url.lock() = Some(url);
    }

    pub(crate) fn takes(&self, token: &str) -> bool {
        *self.access_token.lock() == token
    }

    pub(crate) fn change_token(&self, token: String) {
        *self.access_token.lock() = token;
    }

    pub(crate) fn outage(&self) -> Option<u16> {
        *self.outage.lock()
    }

    pub(crate) fn set_outage(&self, status: Option<u16>) {
        *self.outage.lock() = status;
    }

    pub(crate) fn line(&self, id: &LineId) -> Option<&SimLine> {
        self.config.lines.iter().find(|line| line.id == *id)
    }

    /// What users permit.
    pub(crate) fn permits(&self) -> MappedMutexGuard<'_, Permits> {
        MutexGuard::map(self.desk.lock(), |desk| &mut desk.permits)
    }

    pub(crate) fn set_answers(&self, user: &str, answers: Answers) {
        self.desk.lock().answers.insert(user.to_owned(), answers);
    }

    pub(crate) fn answers_of(&self, user: &str) -> Answers {
        self.desk.lock().answers.get(user).cloned().unwrap_or_default()
    }

    /// How long the next call rings unanswered.
    pub(crate) fn draw_ring_time(&self) -> Duration {
        let range = self.config.ring_timeout.clone();
        if range.is_empty() {
            return *range.start();
        }
        self.desk.lock().rng.random_range(range)
    }

    /// Adds a call; the oldest ended one makes room.
    pub(crate) fn add_call(&self, call: Arc<Call>) -> Result<(), SimError> {
        let mut desk = self.desk.lock();
        if desk.calls.len() >= CALLS_MAX {
            let ended = desk.calls.iter().position(|old| old.ended().is_some());
            let oldest = ended.ok_or(SimError::TooManyCalls(CALLS_MAX))?;
            desk.calls.remove(oldest);
        }
        desk.calls.push_back(call);
        Ok(())
    }

    /// Whether one more call can be live.
    pub(crate) fn has_room(&self) -> bool {
        let desk = self.desk.lock();
        let live = desk.calls.iter().filter(|call| call.ended().is_none());
        live.count() < CALLS_MAX
    }

    pub(crate) fn calls(&self) -> Vec<Arc<Call>> {
        self.desk.lock().calls.iter().cloned().collect()
    }

    pub(crate) fn call(&self, wacid: &Wacid) -> Option<Arc<Call>> {
        let desk = self.desk.lock();
        desk.calls.iter().find(|call| call.wacid == *wacid).cloned()
    }

    pub(crate) fn call_by_name(&self, short: &str) -> Option<Arc<Call>> {
        let desk = self.desk.lock();
        desk.calls.iter().find(|call| call.short == short).cloned()
    }

    pub(crate) fn log_request(&self, request: GraphRequest) {
        self.desk.lock().requests.push(request);
    }

    pub(crate) fn requests(&self) -> Vec<GraphRequest> {
        self.desk.lock().requests.to_vec()
    }

    pub(crate) fn violations(&self) -> Vec<Violation> {
        self.desk.lock().violations.to_vec()
    }

    /// Notes a broken rule, once per call and kind.
    pub(crate) fn violated(&self, call: &Call, kind: ViolationKind, detail: String) {
        if call.is_first(kind) {
            tracing::warn!(call = %call.short, %kind, %detail, "the business broke a rule of Meta");
            call.note(format!("violation {kind}: {detail}"));
            self.desk.lock().violations.push(Violation {
                kind,
                call_id: call.wacid.clone(),
                detail,
                at: Instant::now(),
            });
        }
    }

    pub(crate) fn fail_next(&self, action: &str, fault: Fault) {
        let mut desk = self.desk.lock();
        let waiting = desk.faults.entry(action.to_owned()).or_default();
        if waiting.len() < FAULTS_MAX {
            waiting.push_back(fault);
        }
    }

    pub(crate) fn take_fault(&self, action: &str) -> Option<Fault> {
        self.desk.lock().faults.get_mut(action)?.pop_front()
    }

    /// Ends a call once, and tells the business unless the simulator is going down.
    pub(crate) fn end(self: &Arc<Self>, call: &Arc<Call>, cause: EndCause) -> bool {
        let Some(end) = call.finish(cause) else {
            return false;
        };
        if cause != EndCause::ShutDown && !call.plan.webhook.terminate_first {
            let (world, call) = (self.clone(), call.clone());
            self.spawn(async move {
                let body = call.terminate_body(end);
                world.deliver(&call, "terminate", body).await;
                if call.is_placed() && call.accepted_at().is_none() {
                    dialled::not_answered(world, call).await;
                }
            });
        }
        true
    }

    /// Runs a task that ends with the world.
    pub(crate) fn spawn(&self, task: impl Future<Output = ()> + Send + 'static) {
        let mut tasks = self.tasks.lock();
        while tasks.try_join_next().is_some() {}
        tasks.spawn(task);
    }

    /// Returns once the world is shut down.
    pub(crate) async fn stopped(&self) {
        let mut stop = self.stop.subscribe();
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = stop.wait_for(|stopped| *stopped).await;
    }

    /// Ends all calls, closes all sockets.
    pub(crate) async fn shut_down(self: &Arc<Self>) {
        for call in self.calls() {
            self.end(&call, EndCause::ShutDown);
        }
        self.stop.send_replace(true);
        let mut tasks = std::mem::take(&mut *self.tasks.lock());
        let all = async { while tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(SHUT_DOWN_MAX, all).await.is_err() {
            tracing::debug!("some simulated phones did not close in time");
        }
    }
}

/// The state that `PhoneState` names, as a predicate.
pub(crate) const fn is_ended(state: &PhoneState) -> bool {
    matches!(state, PhoneState::Ended(_))
}
