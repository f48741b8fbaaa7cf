//! The core on a simulated network with virtual time: no sockets, no threads, no waiting.

mod net;
mod rules;
mod sources;
mod strangers;
