//! How a call goes, input by input, without a clock.

mod caller_hears;
mod ends;
mod hints;
mod laws;
mod live;
mod presence;
mod quality;
mod races;
mod reconnecting;
mod ringing;
mod stage;
mod supervising;
mod who_rings;
