//! `ringdown bench engine` as a load generator that knows only its documentation meets it.

mod bridging;
mod far_end;
mod hostile_headers;
mod served;
mod unproven_sources;
