//! How a call goes, input by input, without a clock.

mod ends;
mod laws;
mod races;
mod stage;
