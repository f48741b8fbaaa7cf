//! Facts survive: each is stored once, together with what belongs to it, or not at all.

mod access;
mod closing;
mod contacts;
mod crash;
mod deliveries;
mod events;
mod follow_ups;
mod groups;
mod lists;
mod missed;
mod money;
mod notes;
mod opening;
mod permits;
mod placing;
mod quality;
mod rights;
mod schema;
mod setting_up;
mod tampering;
mod world;
