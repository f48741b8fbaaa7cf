//! Facts survive: each is stored once, together with what belongs to it, or not at all.

mod access;
mod both;
mod closing;
mod contacts;
mod crash;
mod deliveries;
mod events;
mod follow_ups;
mod grants;
mod groups;
mod killed;
mod ledger_model;
mod ledger_rows;
mod lists;
mod missed;
mod money;
mod notes;
mod opening;
mod postgres;
mod quality;
mod rights;
mod schema;
mod setting_up;
mod tampering;
mod world;
