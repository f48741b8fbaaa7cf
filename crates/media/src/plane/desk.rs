//! The ways to the threads, and how a leg changes its thread.

use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::SystemTime;

use mio::Waker;
use model::LegId;
use tokio::sync::{RwLock, mpsc, oneshot};

use super::places::{Places, ShardId};
use crate::command::{Command, Order};
use crate::error::MediaError;
use crate::hand_over::{HandOver, ShardPart};
use crate::identity::Identity;
use crate::mix::SuperviseError;
use crate::sdp::Reach;

/// The way to one thread. The sender is dropped before the thread is woken for the last time.
pub(crate) struct Line {
    orders: Option<mpsc::Sender<Order>>,
    waker: Waker,
    agents: SocketAddr,
}

impl Drop for Line {
    fn drop(&mut self) {
        self.orders = None;
        // If waking fails, the thread finds out at its next look around.
        let _ = self.waker.wake();
    }
}

impl Line {
    pub(crate) const fn new(orders: mpsc::Sender<Order>, waker: Waker, agents: SocketAddr) -> Self {
        Self { orders: Some(orders), waker, agents }
    }

    /// Sends an order. A thread that is gone drops it, and with it the channel of the reply.
    async fn send(&self, order: Order) {
        let Some(orders) = &self.orders else {
            return;
        };
        if orders.send(order).await.is_ok() {
            // A full wake-up counter means the thread is about to wake anyway.
            let _ = self.waker.wake();
        } else {
            tracing::error!("a media thread is gone; an order was dropped");
        }
    }
}

/// What a plane begins with.
pub(crate) struct Origin {
    pub(crate) identity: Arc<Identity>,
    /// The first number for a new leg.
    pub(crate) next_leg: u64,
    /// Legs that are there already, each with the number of its shard.
    pub(crate) legs: Vec<(LegId, usize)>,
}

/// What all handles on the plane share.
pub(super) struct Desk {
    lines: Vec<Line>,
    pub(super) reach: Reach,
    identity: Arc<Identity>,
    next_leg: AtomicU64,
    /// Held while an order is given, and alone while a leg changes its shard, so that no order
    /// arrives where its leg no longer is.
    places: RwLock<Places>,
}

impl Desk {
    pub(super) fn new(lines: Vec<Line>, reach: Reach, origin: Origin) -> Self {
        let Origin { identity, next_leg, legs } = origin;
        let mut places = Places::new(lines.len());
        for (leg, shard) in legs {
            places.put(leg, ShardId(shard));
        }
        let (next_leg, places) = (AtomicU64::new(next_leg), RwLock::new(places));
        Self { lines, reach, identity, next_leg, places }
    }

    /// The local address of the socket that the agent legs of each shard share.
    pub(super) fn agent_addresses(&self) -> impl Iterator<Item = SocketAddr> {
        self.lines.iter().map(|line| line.agents)
    }

    pub(super) fn next_leg(&self) -> LegId {
        LegId(self.next_leg.fetch_add(1, Ordering::Relaxed))
    }

    /// Where the leg is, or where a new one finds most room.
    pub(super) async fn shard_for(&self, leg: LegId) -> ShardId {
        let places = self.places.read().await;
        places.of(leg).unwrap_or_else(|| places.roomiest(leg))
    }

    /// Where the leg is.
    pub(super) async fn shard_of(&self, leg: LegId) -> Option<ShardId> {
        self.places.read().await.of(leg)
    }

    /// Gives the command to the shard that has both legs.
    pub(super) async fn supervise(
        &self,
        supervisor: LegId,
        whatsapp: LegId,
        command: Command,
    ) -> Result<(), SuperviseError> {
        let places = self.places.read().await;
        let shard = |leg| places.of(leg).ok_or(SuperviseError::Gone { leg });
        let (one, other) = (shard(supervisor)?, shard(whatsapp)?);
        if one != other {
            return Err(SuperviseError::Apart { supervisor, whatsapp });
        }
        self.tell(one, command).await;
        Ok(())
    }

    pub(super) async fn opened(&self, leg: LegId, shard: ShardId) {
        self.places.write().await.put(leg, shard);
    }

    pub(super) async fn tell(&self, shard: ShardId, command: Command) {
        if let Some(line) = self.lines.get(shard.0) {
            line.send(Order::Obey(command)).await;
        }
    }

    /// Tells the shard of a leg; a leg that is not known (any more) drops the command.
    pub(super) async fn tell_of(&self, leg: LegId, command: Command) {
        let places = self.places.read().await;
        if let Some(shard) = places.of(leg) {
            self.tell(shard, command).await;
        }
    }

    /// Asks every shard.
    pub(super) async fn ask_all<T>(
        &self,
        question: impl Fn(oneshot::Sender<T>) -> Command,
    ) -> Option<Vec<T>> {
        let mut answers = Vec::with_capacity(self.lines.len());
        for shard in (0..self.lines.len()).map(ShardId) {
            let (reply, answer) = oneshot::channel();
            self.tell(shard, question(reply)).await;
            answers.push(answer.await.ok()?);
        }
        Some(answers)
    }

    pub(super) async fn close(&self, leg: LegId) {
        let mut places = self.places.write().await;
        if let Some(shard) = places.take(leg) {
            self.tell(shard, Command::Close(leg)).await;
        }
    }

    /// Lets all legs go, shard by shard, while no leg changes its shard.
    pub(super) async fn hand_over(&self) -> Result<HandOver, MediaError> {
        let mut places = self.places.write().await;
        let mut dropped: BTreeSet<_> = places.clear().collect();
        let (mut parts, mut answered) = (Vec::with_capacity(self.lines.len()), false);
        for line in &self.lines {
            let (reply, let_go) = oneshot::channel();
            line.send(Order::HandOver(reply)).await;
            // The legs of a thread that is gone are lost, those of the others are not.
            let state = let_go.await.ok().map(|let_go| {
                answered = true;
                dropped.extend(let_go.dropped);
                let_go.state
            });
            let agent_port = line.agents.port();
            parts.push(ShardPart { agent_port, state: state.unwrap_or_default() });
        }
        if !answered {
            return Err(MediaError::Stopped);
        }
        let next_leg = self.next_leg.load(Ordering::Relaxed);
        HandOver::new(SystemTime::now(), &self.identity, next_leg, parts, dropped)
    }

    /// Bridges two legs, on one shard.
    pub(super) async fn bridge(&self, whatsapp: LegId, agent: LegId) {
        let command = Command::Bridge { whatsapp, agent };
        {
            let places = self.places.read().await;
            let shard = places.of(whatsapp);
            if let Some(shard) = shard.filter(|shard| places.of(agent) == Some(*shard)) {
                self.tell(shard, command).await;
                return;
            }
        }
        let mut places = self.places.write().await;
        if let Some(shard) = self.together(&mut places, whatsapp, agent).await {
            self.tell(shard, command).await;
        } else {
            tracing::debug!(%whatsapp, %agent, "not bridged: a leg is gone");
        }
    }

    /// Brings both legs to one shard. An agent's leg stays where it is, because its browser knows
    /// that port; a WhatsApp leg takes its socket along.
    async fn together(&self, places: &mut Places, one: LegId, other: LegId) -> Option<ShardId> {
        let (from, to) = (places.of(one)?, places.of(other)?);
        if from == to || self.relocate(places, one, from, to).await {
            Some(to)
        } else if self.relocate(places, other, to, from).await {
            Some(from)
        } else {
            None
        }
    }

    /// Takes a leg from one shard to another; `false` when it is no WhatsApp leg.
    async fn relocate(&self, places: &mut Places, leg: LegId, from: ShardId, to: ShardId) -> bool {
        let (Some(old), Some(new)) = (self.lines.get(from.0), self.lines.get(to.0)) else {
            return false;
        };
        let (reply, released) = oneshot::channel();
        old.send(Order::Release { leg, reply }).await;
        let Ok(Some(moving)) = released.await else {
            return false;
        };
        new.send(Order::Adopt(moving)).await;
        places.put(leg, to);
        true
    }
}
