//! Journeys through the real daemon: HTTP, WebSocket, UDP and files, with a simulated Meta.

mod agents_claim_at_once;
mod any_line;
mod bad_input;
mod crash;
mod gate;
mod hearing;
mod missed;
mod recorded;
mod talking;
mod webhooks;
mod winner_fails;
mod world;
