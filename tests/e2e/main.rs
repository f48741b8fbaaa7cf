//! Journeys through the real daemon: HTTP, WebSocket, UDP and files, with a simulated Meta.

mod agents_claim_at_once;
mod any_line;
mod bad_input;
mod crash;
mod events_out;
mod gate;
mod health;
mod hearing;
mod hints;
mod hook;
mod log_hygiene;
mod meta_unsure;
mod missed;
mod music;
mod quality;
mod recorded;
mod stopping;
mod talking;
mod webhooks;
mod winner_fails;
mod world;
