//! How a call goes, input by input, without a clock.

mod auditor;
mod caller_hears;
mod dialling;
mod early;
mod ends;
mod flood;
mod hints;
mod laws;
mod live;
mod model;
mod permits;
mod presence;
mod quality;
mod races;
mod reconnecting;
mod ringing;
mod simulation;
mod stage;
mod supervising;
mod who_rings;
