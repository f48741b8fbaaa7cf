//! Logs on standard error. One INFO line per ended call; personal data never at INFO or above.

use config::{LogFormat, LogLevel};
use tracing_subscriber::filter::LevelFilter;

/// Starts logging; a second start (two daemons in one process) keeps the first.
pub(crate) fn start(format: LogFormat, level: LogLevel) {
    let level = match level {
        LogLevel::Error => LevelFilter::ERROR,
        LogLevel::Warn => LevelFilter::WARN,
        LogLevel::Info => LevelFilter::INFO,
        LogLevel::Debug => LevelFilter::DEBUG,
        LogLevel::Trace => LevelFilter::TRACE,
    };
    // Libraries may print addresses and packets; what we print is ours to answer for.
    let filter = tracing_subscriber::filter::Targets::new()
        .with_default(LevelFilter::WARN.min(level))
        .with_targets(SILENCED.map(|name| (name, LevelFilter::OFF)))
        .with_targets(OURS.map(|name| (name, level)));
    let registry =
        tracing_subscriber::layer::SubscriberExt::with(tracing_subscriber::registry(), filter);
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let started = match format {
        LogFormat::Human => {
            let whole = tracing_subscriber::layer::SubscriberExt::with(registry, layer);
            tracing_subscriber::util::SubscriberInitExt::try_init(whole)
        }
        LogFormat::Json => {
            let whole = tracing_subscriber::layer::SubscriberExt::with(registry, layer.json());
            tracing_subscriber::util::SubscriberInitExt::try_init(whole)
        }
    };
    drop(started);
}

/// The WebRTC family prints peers' addresses and whole packets even at ERROR. What matters of it
/// reaches the log through `media`.
const SILENCED: [&str; 4] = ["webrtc", "rtc", "rtc_dtls", "rtc_ice"];
/// The crates whose level the operator chooses.
const OURS: [&str; 9] =
    ["ringdown", "api", "switchboard", "call", "whatsapp", "media", "recording", "store", "sim"];
