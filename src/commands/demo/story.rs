//! The demo for people who look at a terminal.

use wire::rest::CallDetail;

use super::stage::Stage;
use crate::cli::DemoArgs;
use crate::commands::say;

/// Says where to go and what will happen.
pub(crate) fn welcome(stage: &Stage, args: &DemoArgs) {
    say("");
    say("  Ringdown demo. The desk, signed in (each link works once):");
    for (agent, code) in &stage.codes {
        say(&format!("    {agent:<5} {}", stage.desk_of(code)));
    }
    say("");
    say("  Go ready there, then take a call. A robot answers when nobody does.");
    say(&format!(
        "  API {}   key {}",
        format_args!("http://{}/v1", stage.address()),
        stage.api_key
    ));
    say(&format!("  Simulated Meta {}   POST /sim/calls places a call", stage.meta.graph_url()));
    if args.calls == 0 {
        say(&format!("  A customer calls every {} s. Ctrl+C ends the demo.", args.every));
    }
    say("");
}

/// Tells one ended call: timeline, recording, money.
pub(crate) fn tell(stage: &Stage, detail: &CallDetail) {
    let summary = &detail.summary;
    let who = summary.claimed_by.as_ref().map_or_else(|| "nobody".to_owned(), ToString::to_string);
    say(&format!(
        "  {}  {} called {}; {who} answered",
        summary.id, summary.from.display, summary.line
    ));
    for event in &detail.timeline {
        let nothing = event.detail.is_null()
            || event.detail.as_object().is_some_and(serde_json::Map::is_empty);
        let detail = if nothing { String::new() } else { event.detail.to_string() };
        say(&format!("    {:>7} ms  {:<22} {detail}", event.offset_ms, event.event));
    }
    for recording in &detail.recordings {
        let path = stage.running.vault.join(&recording.path);
        say(&format!("    recording   {} ({} ms)", path.display(), recording.duration_ms));
    }
    for line in &detail.ledger {
        let amount = line.amount_micros.get();
        say(&format!(
            "    ledger      {:<8} {:<16} {amount:>9} micros  {}",
            line.kind, line.account, line.memo
        ));
    }
    say("");
}
