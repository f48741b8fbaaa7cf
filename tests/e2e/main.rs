//! Journeys through the real daemon: HTTP, WebSocket, UDP and files, with a simulated Meta.

mod agents_claim_at_once;
mod any_line;
mod bad_input;
mod comes_back;
mod crash;
mod gate;
mod health;
mod hearing;
mod hints;
mod hold;
mod log_hygiene;
mod meta_unsure;
mod missed;
mod music;
mod quality;
mod recorded;
mod rings;
mod signed_out;
mod stopping;
mod supervised;
mod talking;
mod tenants;
mod transfers;
mod webhooks;
mod winner_fails;
mod world;
