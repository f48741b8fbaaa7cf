//! Two full WebRTC stacks that we did not write talk through a bridge over real UDP.

#[path = "media/families.rs"]
mod families;
#[path = "media/far.rs"]
mod far;
#[path = "media/hand_over.rs"]
mod hand_over;
#[path = "media/journey.rs"]
mod journey;
#[path = "media/nat.rs"]
mod nat;
#[path = "media/offering.rs"]
mod offering;
#[path = "media/refusals.rs"]
mod refusals;
#[path = "media/restart.rs"]
mod restart;
#[path = "media/shards.rs"]
mod shards;
#[path = "media/stage.rs"]
mod stage;
#[path = "media/supervision.rs"]
mod supervision;
#[path = "media/tcp.rs"]
mod tcp;
