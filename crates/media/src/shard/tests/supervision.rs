//! A supervisor listens, whispers and barges in, and each party hears whom it should.

use std::time::Duration;

use model::{LegId, Track};
use tokio::sync::oneshot;

use super::net::{EVENTS, Net, Note, OPUS};
use crate::command::Command;
use crate::event::{MediaEvent, SupervisionEnd, Tap};
use crate::mix::tone::{Talker, decoded, level};
use crate::mix::{SUPERVISED_MAX, SuperviseError, Supervision};
use crate::source::{Clip, Source};

/// Of caller, agent, supervisor.
const HERTZ: [f32; 3] = [400.0, 700.0, 1_100.0];
const AMPLITUDE: f32 = 8_000.0;

struct Scene {
    net: Net,
    /// Caller, agent, supervisor.
    legs: [LegId; 3],
    talkers: [Talker; 3],
    said: [Vec<Vec<u8>>; 3],
}

impl Scene {
    fn new() -> Self {
        let mut net = Net::new();
        let (caller, agent) = net.bridged();
        let supervisor = net.open(true, true);
        net.run(200);
        let talkers = HERTZ.map(|hertz| Talker::new(hertz, AMPLITUDE));
        Self { net, legs: [caller, agent, supervisor], talkers, said: [const { Vec::new() }; 3] }
    }

    fn supervise(&mut self, supervision: Supervision) {
        assert_eq!(supervise(&mut self.net, self.legs[2], self.legs[0], supervision), Ok(()));
    }

    /// All talk; returns what each heard.
    fn talk(&mut self, frames: usize) -> [Vec<Note>; 3] {
        let before = self.legs.map(|leg| self.net.peer(leg).heard.len());
        for said in &mut self.said {
            said.clear();
        }
        for _ in 0..frames {
            for (leg, talker) in self.talkers.iter_mut().enumerate() {
                let packet = talker.packet();
                self.net.say(self.legs[leg], OPUS, &packet);
                self.said[leg].push(packet);
                // Nobody's packets come at the same time.
                self.net.run(5);
            }
            self.net.run(5);
        }
        std::array::from_fn(|leg| self.net.peer(self.legs[leg]).heard[before[leg]..].to_vec())
    }

    fn ends(&self) -> Vec<SupervisionEnd> {
        ends(&self.net)
    }
}

fn ends(net: &Net) -> Vec<SupervisionEnd> {
    let ends = net.events.iter().filter_map(|event| match event {
        MediaEvent::SupervisionEnded { why, .. } => Some(*why),
        MediaEvent::LegUp { .. }
        | MediaEvent::LegDown { .. }
        | MediaEvent::FirstRtp { .. }
        | MediaEvent::PlayEnded { .. }
        | MediaEvent::Dtmf { .. }
        | MediaEvent::CallerSilent { .. }
        | MediaEvent::SilentCall { .. }
        | MediaEvent::Forwarded { .. } => None,
    });
    ends.collect()
}

fn supervise(
    net: &mut Net,
    supervisor: LegId,
    whatsapp: LegId,
    supervision: Supervision,
) -> Result<(), SuperviseError> {
    let (reply, mut begun) = oneshot::channel();
    net.command(Command::Supervise { supervisor, whatsapp, how: supervision, reply });
    begun.try_recv().unwrap()
}

fn payloads(notes: &[Note]) -> Vec<Vec<u8>> {
    notes.iter().map(|note| note.payload.clone()).collect()
}

/// Whether caller, agent and supervisor are heard, once the voices have begun.
fn voices<T: AsRef<[u8]>>(packets: &[T]) -> [bool; 3] {
    let pcm = decoded(packets).split_off(9_600);
    HERTZ.map(|hertz| {
        let level = level(&pcm, hertz) / AMPLITUDE;
        assert!(!(0.1..0.5).contains(&level), "{hertz} Hz neither heard nor not: {level}");
        level >= 0.5
    })
}

/// One run of numbers; time that goes on in whole frames, as the clock does.
fn assert_one_stream(notes: &[Note]) {
    for pair in notes.windows(2) {
        assert_eq!(pair[0].index + 1, pair[1].index);
        let step = pair[1].timestamp.wrapping_sub(pair[0].timestamp);
        assert!((960..960 * 100).contains(&step) && step % 960 == 0, "{step}");
        let passed = (pair[1].at - pair[0].at).as_millis() as i64;
        assert!((passed - i64::from(step / 48)).abs() < 100, "{passed} ms, step {step}");
    }
}

#[test]
fn listening_is_heard_by_nobody_and_changes_no_byte_between_caller_and_agent() {
    let mut scene = Scene::new();
    scene.supervise(Supervision::Listen);
    let [caller, agent, supervisor] = scene.talk(60);
    assert_eq!(payloads(&agent), scene.said[0]);
    assert_eq!(payloads(&caller), scene.said[1]);
    assert_eq!(voices(&payloads(&supervisor)), [true, true, false]);
    assert!((59..=61).contains(&supervisor.len()));
    assert_one_stream(&supervisor);
    scene.net.command(Command::Unsupervise(scene.legs[2]));
    let [.., supervisor] = scene.talk(10);
    assert_eq!(supervisor, []);
    assert_eq!(scene.ends(), [], "who asked for the end knows");
}

#[test]
fn whispering_is_heard_by_the_agent_only() {
    let mut scene = Scene::new();
    scene.supervise(Supervision::Whisper);
    let [caller, agent, supervisor] = scene.talk(60);
    assert_eq!(payloads(&caller), scene.said[1], "the caller hears the agent's own packets");
    assert_eq!(voices(&payloads(&agent)), [true, false, true]);
    assert_eq!(voices(&payloads(&supervisor)), [true, true, false]);
}

#[test]
fn barging_in_is_heard_by_all_and_mutes_and_keys_work_as_ever() {
    let mut scene = Scene::new();
    scene.supervise(Supervision::Barge);
    let [caller, agent, supervisor] = scene.talk(60);
    assert_eq!(voices(&payloads(&caller)), [false, true, true]);
    assert_eq!(voices(&payloads(&agent)), [true, false, true]);
    assert_eq!(voices(&payloads(&supervisor)), [true, true, false]);
    scene.net.command(Command::Mute { leg: scene.legs[2], muted: true });
    let [caller, agent, _] = scene.talk(60);
    assert_eq!(voices(&payloads(&caller)), [false, true, false]);
    assert_eq!(voices(&payloads(&agent)), [true, false, false]);
    let key = [5, 0x80, 3, 32];
    scene.net.say(scene.legs[0], EVENTS, &key);
    scene.net.run(5);
    let agent = &scene.net.peer(scene.legs[1]).heard;
    assert_eq!(agent.iter().filter(|note| note.payload_type == EVENTS).count(), 1);
}

#[test]
fn every_change_is_one_stream_for_each_hearer() {
    let mut scene = Scene::new();
    scene.talk(10);
    for supervision in [
        Supervision::Barge,
        Supervision::Listen,
        Supervision::Whisper,
        Supervision::Barge,
        Supervision::Whisper,
    ] {
        scene.supervise(supervision);
        scene.talk(20);
    }
    scene.net.command(Command::Unsupervise(scene.legs[2]));
    let [caller, agent, _] = scene.talk(20);
    assert_eq!(payloads(&caller), scene.said[1]);
    assert_eq!(payloads(&agent), scene.said[0]);
    // While nobody talks the caller still hears something, supervised or not.
    scene.supervise(Supervision::Barge);
    scene.net.run(500);
    scene.net.command(Command::Unsupervise(scene.legs[2]));
    scene.net.run(500);
    scene.supervise(Supervision::Barge);
    let beep = Clip::from_frames(vec![b"beep"[..].into(); 10]).unwrap();
    scene.net.command(Command::Play { leg: scene.legs[0], source: Source::Interrupt(beep) });
    scene.talk(30);
    for leg in scene.legs {
        assert_one_stream(&scene.net.peer(leg).heard);
    }
    let caller = &scene.net.peer(scene.legs[0]).heard;
    assert_eq!(caller.iter().filter(|note| note.payload == b"beep").count(), 10);
    for pair in caller.windows(2) {
        assert!(pair[1].at - pair[0].at <= Duration::from_millis(205));
    }
}

#[test]
fn the_recording_has_the_supervisor_on_the_agents_track_while_barging_only() {
    let mut scene = Scene::new();
    for (leg, track) in [(scene.legs[0], Track::Caller), (scene.legs[1], Track::Agent)] {
        let recording = "rec_000000000000000000000000000000aa".parse().unwrap();
        scene.net.command(Command::Tap { leg, tap: Some(Tap { recording, track }) });
    }
    let recorded = |scene: &mut Scene| {
        let (mut caller, mut agent) = (Vec::new(), Vec::new());
        scene.net.taps.drain(&mut |frame| {
            let track = match frame.track {
                Track::Caller => &mut caller,
                Track::Agent => &mut agent,
            };
            track.push(frame.payload.to_vec());
        });
        (caller, agent)
    };
    scene.supervise(Supervision::Whisper);
    scene.talk(60);
    assert_eq!(recorded(&mut scene), (scene.said[0].clone(), scene.said[1].clone()));
    scene.supervise(Supervision::Barge);
    scene.talk(60);
    let (caller, agent) = recorded(&mut scene);
    assert_eq!(caller, scene.said[0]);
    assert_eq!(voices(&agent), [false, true, true]);
    assert!((59..=61).contains(&agent.len()));
    scene.net.command(Command::Unsupervise(scene.legs[2]));
    scene.talk(10);
    assert_eq!(recorded(&mut scene), (scene.said[0].clone(), scene.said[1].clone()));
}

#[test]
fn it_ends_with_the_call_and_says_why() {
    type Happening = fn(&mut Scene);
    let happenings: [(SupervisionEnd, Happening); 8] = [
        (SupervisionEnd::CallEnded, |scene| scene.net.command(Command::Close(scene.legs[0]))),
        (SupervisionEnd::AgentGone, |scene| scene.net.command(Command::Close(scene.legs[1]))),
        (SupervisionEnd::SupervisorGone, |scene| scene.net.command(Command::Close(scene.legs[2]))),
        (SupervisionEnd::SupervisorGone, |scene| {
            let (whatsapp, agent) = (scene.legs[0], scene.legs[2]);
            scene.net.command(Command::Bridge { whatsapp: agent, agent: whatsapp });
        }),
        (SupervisionEnd::AgentGone, |scene| {
            let agent = scene.legs[1];
            scene.net.peer(agent).deaf = true;
            scene.net.run(8_000);
        }),
        (SupervisionEnd::Parted, |scene| scene.net.command(Command::Unbridge(scene.legs[1]))),
        (SupervisionEnd::Moved, |scene| {
            let (now, leg) = (scene.net.now, scene.legs[0]);
            assert!(scene.net.shard.release(now, leg).is_some());
            scene.net.peers.remove(&leg.0);
        }),
        (SupervisionEnd::HandedOver, |scene| {
            let (state, dropped) = scene.net.shard.hand_over(scene.net.now);
            assert_eq!((state.legs.len(), dropped), (3, vec![]));
            serde_json::to_vec(&state).expect("nothing of a mix is in it");
        }),
    ];
    for (why, happens) in happenings {
        let mut scene = Scene::new();
        scene.supervise(Supervision::Barge);
        scene.talk(10);
        happens(&mut scene);
        scene.net.run(20);
        assert_eq!(scene.ends(), [why]);
        let ended = MediaEvent::SupervisionEnded {
            supervisor: scene.legs[2],
            whatsapp: scene.legs[0],
            why,
        };
        assert!(scene.net.events.contains(&ended) && ended.must_arrive());
        assert!(scene.net.shard.next_mix().is_none());
    }
}

#[test]
fn a_fault_in_the_mixer_ends_the_supervision_and_nothing_else() {
    let mut scene = Scene::new();
    scene.supervise(Supervision::Barge);
    scene.talk(10);
    scene.net.shard.supervised[0].rigged = true;
    scene.net.run(40);
    assert_eq!(scene.ends(), [SupervisionEnd::Fault]);
    let [caller, agent, _] = scene.talk(10);
    assert_eq!(
        (payloads(&caller), payloads(&agent)),
        (scene.said[1].clone(), scene.said[0].clone())
    );
    scene.supervise(Supervision::Listen);
}

#[test]
fn what_cannot_be_supervised_is_refused_and_changes_nothing() {
    let mut scene = Scene::new();
    let [caller, agent, supervisor] = scene.legs;
    let (alone, other) = (scene.net.open(false, true), scene.net.open(true, true));
    let net = &mut scene.net;
    let listen = Supervision::Listen;
    let gone = LegId(999);
    assert_eq!(supervise(net, gone, caller, listen), Err(SuperviseError::Gone { leg: gone }));
    assert_eq!(supervise(net, supervisor, gone, listen), Err(SuperviseError::Gone { leg: gone }));
    for whatsapp in [alone, agent, supervisor] {
        let refused = supervise(net, supervisor, whatsapp, listen);
        assert_eq!(refused, Err(SuperviseError::NotBridged { whatsapp }));
    }
    for supervisor in [agent, alone, caller] {
        let refused = supervise(net, supervisor, caller, listen);
        assert_eq!(refused, Err(SuperviseError::NotFree { supervisor }));
    }
    assert!(net.shard.next_mix().is_none());
    scene.supervise(listen);
    let refused = supervise(&mut scene.net, other, caller, listen);
    assert_eq!(refused, Err(SuperviseError::Taken { whatsapp: caller, by: supervisor }));
}

#[test]
fn a_thread_mixes_so_many_calls_and_no_more_and_a_supervisor_may_change_calls() {
    let mut net = Net::new();
    let calls: Vec<_> = (0..=SUPERVISED_MAX).map(|_| net.bridged()).collect();
    let supervisors: Vec<_> = calls.iter().map(|_| net.open(true, true)).collect();
    let (last, first) = (SUPERVISED_MAX, 0);
    for at in first..last {
        assert_eq!(supervise(&mut net, supervisors[at], calls[at].0, Supervision::Listen), Ok(()));
    }
    let refused = supervise(&mut net, supervisors[last], calls[last].0, Supervision::Listen);
    assert_eq!(refused, Err(SuperviseError::TooMany { limit: SUPERVISED_MAX }));
    let changed = supervise(&mut net, supervisors[first], calls[last].0, Supervision::Whisper);
    assert_eq!(changed, Ok(()), "the call before is given up for it");
    let refused = supervise(&mut net, supervisors[last], calls[first].0, Supervision::Listen);
    assert_eq!(refused, Err(SuperviseError::TooMany { limit: SUPERVISED_MAX }));
    net.command(Command::Unsupervise(supervisors[1]));
    let begun = supervise(&mut net, supervisors[last], calls[first].0, Supervision::Listen);
    assert_eq!(begun, Ok(()));
    net.run(100);
    assert_eq!(ends(&net), []);
}
