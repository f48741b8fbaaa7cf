//! The core on a simulated network with virtual time: no sockets, no threads, no waiting.

mod air;
mod guard;
mod hand_over;
mod keys;
mod net;
mod never_silent;
mod quality;
mod restart;
mod rules;
mod sources;
mod strangers;
mod supervision;
