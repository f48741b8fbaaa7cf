//! What a leg hears while nobody speaks to it, and how it gives way to who does.

use std::time::Duration;

use super::net::{EVENTS, Net, Note, OPUS};
use crate::command::Command;
use crate::event::MediaEvent;
use crate::source::{Clip, Source};

const SILENCE: &[u8] = &[0xf8, 0xff, 0xfe];

/// A clip of `frames` frames that all say `word`.
fn clip(word: &str, frames: usize) -> Clip {
    Clip::from_frames(vec![word.as_bytes().into(); frames]).unwrap()
}

/// The words heard, each once per run, with the number of its frames.
fn runs(heard: &[Note]) -> Vec<(String, usize)> {
    let mut runs: Vec<(String, usize)> = Vec::new();
    for note in heard {
        let silent = note.payload == SILENCE;
        let word = if silent { "-".into() } else { String::from_utf8_lossy(&note.payload) };
        match runs.last_mut() {
            Some((last, count)) if *last == word => *count += 1,
            _ => runs.push((word.into_owned(), 1)),
        }
    }
    runs
}

fn words(heard: &[Note]) -> Vec<String> {
    runs(heard).into_iter().map(|(word, _)| word).collect()
}

/// Numbers without a jump, time in whole frames that only moves on, a marker at each switch and
/// nowhere else.
fn assert_one_stream(heard: &[Note]) {
    assert!(heard[0].marker);
    for pair in heard.windows(2) {
        assert_eq!(pair[0].index + 1, pair[1].index);
        let step = pair[1].timestamp.wrapping_sub(pair[0].timestamp);
        assert!(step >= 960 && step.is_multiple_of(960) && step < 48_000, "{step}");
        assert_eq!(pair[1].marker, pair[0].payload != pair[1].payload, "{pair:?}");
        assert!(pair[1].at - pair[0].at <= Duration::from_millis(205));
    }
}

fn ends(net: &Net) -> usize {
    net.events.iter().filter(|event| matches!(event, MediaEvent::PlayEnded { .. })).count()
}

#[test]
fn ringing_agent_hold_agent_and_silence_are_one_stream() {
    let mut net = Net::new();
    let (whatsapp, one, two) = (net.open(false, true), net.open(true, true), net.open(true, true));
    net.command(Command::Play { leg: whatsapp, source: Source::Loop(clip("ring", 7)) });
    net.run(500);
    assert!(net.peer(whatsapp).heard.is_empty(), "nothing before it may speak");
    net.command(Command::Speak(whatsapp));
    net.run(400);
    net.command(Command::Bridge { whatsapp, agent: one });
    net.run(400);
    for _ in 0..20 {
        net.say(one, OPUS, b"one");
        net.run(20);
    }
    net.command(Command::Play { leg: whatsapp, source: Source::Loop(clip("hold", 9)) });
    net.run(20);
    // A pause of the agent longer than three frames is filled with what was chosen.
    net.run(200);
    net.say(one, OPUS, b"one");
    net.command(Command::Unbridge(whatsapp));
    net.run(400);
    net.command(Command::Bridge { whatsapp, agent: two });
    for _ in 0..20 {
        net.say(two, OPUS, b"two");
        net.run(20);
    }
    net.command(Command::Play { leg: whatsapp, source: Source::Silence });
    net.run(200);
    let heard = &net.peer(whatsapp).heard;
    assert_eq!(words(heard), ["ring", "one", "hold", "one", "hold", "two", "-"]);
    assert!(runs(heard)[0].1 >= 38, "the loop goes round without a break");
    assert_one_stream(heard);
    assert_eq!(ends(&net), 0, "loops do not end");
}

#[test]
fn a_clip_that_plays_once_ends_and_says_so() {
    let mut net = Net::new();
    let (whatsapp, agent) = (net.open(false, true), net.open(true, true));
    net.run(200);
    net.command(Command::Speak(whatsapp));
    net.run(100);
    assert!(net.peer(agent).heard.is_empty(), "an agent is sent nothing that was not asked for");
    for leg in [whatsapp, agent] {
        net.command(Command::Play { leg, source: Source::Once(clip("beep", 10)) });
    }
    net.run(175);
    assert_eq!(ends(&net), 0);
    net.run(200);
    assert_eq!(ends(&net), 2);
    assert_eq!(words(&net.peer(whatsapp).heard), ["-", "beep", "-"]);
    assert_one_stream(&net.peer(whatsapp).heard);
    assert_eq!(runs(&net.peer(agent).heard), [("beep".to_owned(), 10)]);
    assert_one_stream(&net.peer(agent).heard);
    net.run(1_000);
    assert_eq!(net.peer(agent).heard.len(), 10);
    // A choice that is replaced does not end.
    net.command(Command::Play { leg: agent, source: Source::Once(clip("long", 50)) });
    net.run(100);
    net.command(Command::Play { leg: agent, source: Source::Loop(clip("music", 3)) });
    net.run(2_000);
    assert_eq!(ends(&net), 2);
    assert_eq!(words(&net.peer(agent).heard), ["beep", "long", "music"]);
}

#[test]
fn bridged_sound_wins_and_a_waiting_clip_is_played_in_its_first_pause() {
    let mut net = Net::new();
    let (whatsapp, agent) = net.bridged();
    for step in 0..30 {
        if step == 5 {
            net.command(Command::Play { leg: agent, source: Source::Once(clip("beep", 5)) });
        }
        net.say(whatsapp, OPUS, b"caller");
        net.run(20);
    }
    assert_eq!(words(&net.peer(agent).heard), ["caller"]);
    net.run(300);
    assert_eq!(runs(&net.peer(agent).heard)[1..], [("beep".to_owned(), 5)]);
    assert_one_stream(&net.peer(agent).heard);
}

#[test]
fn an_interruption_is_heard_over_the_caller_who_then_goes_on() {
    let mut net = Net::new();
    let (whatsapp, agent) = net.bridged();
    for step in 0..60 {
        if step == 20 {
            let source = Source::Interrupt(clip("beep", 10));
            net.command(Command::Play { leg: agent, source });
        }
        if step == 25 {
            net.say(whatsapp, EVENTS, &[5, 0x8a, 3, 32]);
        }
        net.say(whatsapp, OPUS, b"caller");
        net.say(agent, OPUS, b"agent");
        net.run(20);
    }
    let heard = net.peer(agent).heard.clone();
    let sound: Vec<_> = heard.iter().filter(|note| note.payload_type == OPUS).cloned().collect();
    assert_eq!(words(&sound), ["caller", "beep", "caller"]);
    assert!((9..=10).contains(&runs(&sound)[1].1), "{:?}", runs(&sound));
    assert_eq!(heard.len() - sound.len(), 1, "a key press is not sound and passes");
    assert_eq!(ends(&net), 1);
    assert_eq!(words(&net.peer(whatsapp).heard).last().map(String::as_str), Some("agent"));
    for pair in heard.windows(2) {
        assert!(pair[1].at - pair[0].at <= Duration::from_millis(65));
        assert_eq!(pair[0].index + 1, pair[1].index);
    }
}

#[test]
fn a_clip_is_shared_by_all_legs_that_play_it() {
    let mut net = Net::new();
    let music = clip("music", 3);
    let before = music.frames().as_ptr();
    let legs: Vec<_> = (0..20).map(|_| net.open(false, true)).collect();
    net.run(300);
    for leg in &legs {
        net.command(Command::Play { leg: *leg, source: Source::Loop(music.clone()) });
        net.command(Command::Speak(*leg));
    }
    net.run(1_000);
    for leg in legs {
        let heard = &net.peer(leg).heard;
        assert_eq!(words(heard), ["music"]);
        assert!((50..=51).contains(&heard.len()));
    }
    assert_eq!(music.clone().frames().as_ptr(), before);
}
