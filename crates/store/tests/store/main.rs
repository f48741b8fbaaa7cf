//! Facts survive: each is stored once, together with what belongs to it, or not at all.

mod access;
mod closing;
mod crash;
mod deliveries;
mod events;
mod lists;
mod money;
mod opening;
mod quality;
mod schema;
mod setting_up;
mod tampering;
mod world;
