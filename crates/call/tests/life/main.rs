//! How a call goes, input by input, without a clock.

mod caller_hears;
mod ends;
mod hints;
mod laws;
mod presence;
mod quality;
mod races;
mod ringing;
mod stage;
mod who_rings;
