//! Facts survive: each is stored once, together with what belongs to it, or not at all.

mod access;
mod closing;
mod crash;
mod groups;
mod lists;
mod money;
mod opening;
mod quality;
mod rights;
mod schema;
mod setting_up;
mod tampering;
mod world;
