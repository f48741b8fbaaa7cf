//! What a leg hears when nobody speaks to it: silence, or frames that were encoded once and are
//! shared by every leg that plays them.

mod clip;
mod ogg_file;
mod player;
mod resample;
mod tones;
mod wav_file;

pub use clip::Clip;
pub(crate) use player::{Player, PlayerState};
pub use tones::Cadence;

/// What a leg is to hear while no bridged sound flows.
#[derive(Clone, Debug, Default)]
pub enum Source {
    /// Opus silence.
    #[default]
    Silence,
    /// Nothing: a WhatsApp leg hears silence, an agent leg is sent no packets.
    Nothing,
    /// A clip, over and over: ringback, hold music.
    Loop(Clip),
    /// A clip once, then silence. It waits while bridged sound flows, and its end is reported by
    /// [`crate::MediaEvent::PlayEnded`].
    Once(Clip),
    /// A clip once and at once: bridged sound towards this leg is dropped for its length, then
    /// everything goes on as before. For what must be heard, such as a low-balance beep. Its end
    /// is reported by [`crate::MediaEvent::PlayEnded`].
    Interrupt(Clip),
}
