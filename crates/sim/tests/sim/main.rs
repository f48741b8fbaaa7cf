//! The simulator keeps Meta's promises: offers, answers, signatures, time-outs, and audio.

mod agent;
mod business;
mod calls;
mod control;
mod media;
mod webhooks;
mod world;
