//! How a call sounds: the verdict at its end, and what the agent is shown meanwhile.

use model::{CallQuality, LegQuality, Network, Verdict, Way};

/// The verdict of a call by those of its legs; `None` when nobody was heard.
///
/// What an agent's uplink loses is missing on the caller's downlink too, and the other way round.
/// So a bad downlink is its own network's fault only if the far uplink was good.
pub fn judge(caller: Option<LegQuality>, agent: Option<LegQuality>) -> Option<CallQuality> {
    let legs = [(Network::Caller, caller, agent), (Network::Agent, agent, caller)];
    let worst = legs
        .into_iter()
        .filter_map(|(network, leg, far)| Some((network, leg?, far)))
        .min_by_key(|(_, leg, _)| (leg.verdict, leg.mos_milli))?;
    let (network, leg, far) = worst;
    let comes_from_afar = leg.worse == Some(Way::Downlink)
        && far.is_some_and(|far| far.worse == Some(Way::Uplink) && far.verdict < Verdict::Good);
    let network = if comes_from_afar { other(network) } else { network };
    let network = (leg.verdict < Verdict::Good).then_some(network);
    Some(CallQuality { verdict: leg.verdict, network, caller, agent })
}

const fn other(network: Network) -> Network {
    match network {
        Network::Caller => Network::Agent,
        Network::Agent => Network::Caller,
    }
}

/// What the agent is shown. It turns worse at once and better only when two looks agree, so that
/// it does not flicker.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Indicator {
    shown: Option<(Verdict, Option<Network>)>,
    better: bool,
}

impl Indicator {
    pub(crate) const fn shown(&self) -> Option<(Verdict, Option<Network>)> {
        self.shown
    }

    /// Takes a look; true when something else is shown now.
    pub(crate) fn look(&mut self, verdict: Verdict, network: Option<Network>) -> bool {
        let is_better = self.shown.is_some_and(|(shown, _)| verdict > shown);
        if is_better && !std::mem::replace(&mut self.better, true) {
            return false;
        }
        self.better = false;
        self.shown.replace((verdict, network)) != Some((verdict, network))
    }
}
