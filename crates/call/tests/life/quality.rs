//! A call's verdict names the network that spoilt it, and the agent's indicator does not flicker.

use call::{Command, Input, Outcome, judge};
use model::{LegQuality, Network, Verdict, Way};

use crate::stage::{Stage, target};

fn leg(verdict: Verdict, worse: Option<Way>) -> Option<LegQuality> {
    let mos_milli = match verdict {
        Verdict::Good => 4_300,
        Verdict::Fair => 3_700,
        Verdict::Poor => 2_100,
    };
    Some(LegQuality { verdict, worse, mos_milli, loss_ppm: 0, jitter_ms: 3, rtt_ms: None })
}

#[test]
fn the_worse_leg_gives_the_verdict_and_its_network_the_blame() {
    use Network::{Agent, Caller};
    use Verdict::{Fair, Good, Poor};
    use Way::{Downlink, Uplink};
    let good = leg(Good, None);
    for (caller, agent, verdict, network) in [
        (good, good, Good, None),
        (leg(Poor, Some(Uplink)), good, Poor, Some(Caller)),
        (leg(Fair, Some(Downlink)), good, Fair, Some(Caller)),
        (good, leg(Poor, Some(Downlink)), Poor, Some(Agent)),
        (leg(Fair, Some(Uplink)), leg(Poor, Some(Uplink)), Poor, Some(Agent)),
        // Lost on the agent's way up, so it is missing on the caller's way down.
        (leg(Poor, Some(Downlink)), leg(Fair, Some(Uplink)), Poor, Some(Agent)),
        (leg(Fair, Some(Uplink)), leg(Poor, Some(Downlink)), Poor, Some(Caller)),
        (leg(Poor, Some(Downlink)), leg(Fair, Some(Downlink)), Poor, Some(Caller)),
        (None, leg(Fair, Some(Uplink)), Fair, Some(Agent)),
    ] {
        let judged = judge(caller, agent).expect("somebody was heard");
        assert_eq!((judged.verdict, judged.network), (verdict, network), "{caller:?} {agent:?}");
        assert_eq!((judged.caller, judged.agent), (caller, agent));
    }
    assert_eq!(judge(None, None), None);
}

#[test]
fn the_agent_is_told_of_changes_only_and_of_better_ones_when_they_last() {
    let mut stage = Stage::ringing(&[target("ana", 1)]);
    stage.at(0.1, Input::PreAcceptAnswered(Outcome::Done));
    stage.at(0.2, Input::CarrierMediaUp);
    stage.at(1.0, Input::Claim { target: target("ana", 1) });
    stage.at(1.2, Input::AcceptAnswered(Outcome::Done));
    stage.at(1.3, Input::AgentHeard { device: target("ana", 1).device });
    let told = |stage: &Stage| stage.count(|c| matches!(c, Command::Update(_)));
    let good = Input::QualityNow { verdict: Verdict::Good, network: None };
    let poor = Input::QualityNow { verdict: Verdict::Poor, network: Some(Network::Agent) };
    for (n, (look, updates)) in [
        (&good, 1),
        (&good, 1),
        (&poor, 2),
        (&poor, 2),
        (&good, 2),
        (&poor, 2),
        (&good, 2),
        (&good, 3),
    ]
    .into_iter()
    .enumerate()
    {
        stage.at(5.0 * (n + 1) as f64, look.clone());
        assert_eq!(told(&stage), updates, "look {n}");
    }
    assert_eq!(stage.call.indicator(), Some((Verdict::Good, None)));
    stage.at(60.0, Input::CarrierTerminated { media_failed: false });
    let (judged, closed) = (
        stage.position(|c| *c == Command::Judge),
        stage.position(|c| matches!(c, Command::CloseBooks(_))),
    );
    let dismissed = stage.position(|c| matches!(c, Command::Dismiss(..)));
    assert!(dismissed < judged && judged < closed, "with both legs known, before the books close");
}
