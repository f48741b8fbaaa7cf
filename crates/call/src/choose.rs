//! Who of a step rings when.

use std::collections::BTreeSet;
use std::time::Duration;

use model::{AgentId, Member, Presence, RingPolicy, Strategy};

use crate::ring::Target;
use crate::roster::Roster;

/// Devices that ring together for a while, counted from the beginning of their step.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Wave {
    /// When they begin.
    pub from: Duration,
    /// When they stop; `None` means with the step.
    pub until: Option<Duration>,
    /// Which.
    pub targets: Vec<Target>,
}

/// Who rings when, by a group's policy. `members` of `None` means everybody. `sticky` is the agent
/// who spoke with the contact last. `last_first` is whoever was rung first last time, for
/// round-robin; afterwards that is the agent of the first target of the first wave.
///
/// Agents who talk or finish up are rung too where everybody rings at once: they see the call, and
/// can take it the moment they are free. Where one rings after the other they are skipped.
pub fn choose(
    roster: &Roster,
    members: Option<&[Member]>,
    policy: &RingPolicy,
    sticky: Option<&AgentId>,
    last_first: Option<&AgentId>,
) -> Vec<Wave> {
    let everybody: Vec<Member>;
    let members = match members {
        Some(members) => members,
        None => {
            everybody =
                roster.connected().map(|agent| Member { agent: agent.clone(), tier: 0 }).collect();
            &everybody
        }
    };
    let here = with_devices(roster, members.iter().cloned());
    waves(roster, here, policy, sticky, last_first)
}

/// Where those of a step ring who have just become ready: as [`choose`] says, but nobody else is
/// looked at. Who rings already is left alone by the call; where one rings after the other,
/// newcomers come last.
pub fn choose_newcomers(
    roster: &Roster,
    members: Option<&[Member]>,
    policy: &RingPolicy,
    sticky: Option<&AgentId>,
    newcomers: &[Target],
) -> Vec<Wave> {
    let agents: BTreeSet<&AgentId> = newcomers.iter().map(|target| &target.agent).collect();
    let sticky_too = sticky.filter(|sticky| policy.sticky_seconds > 0 && !agents.contains(sticky));
    let meant = |agent: &AgentId| agents.contains(agent) || Some(agent) == sticky_too;
    let members: Vec<Member> = match members {
        Some(members) => members.iter().filter(|member| meant(&member.agent)).cloned().collect(),
        None => {
            let meant = agents.iter().copied().chain(sticky_too);
            meant.map(|agent| Member { agent: agent.clone(), tier: 0 }).collect()
        }
    };
    // Whom the others give precedence takes part, so that they wait; they ring already.
    waves(roster, with_devices(roster, members.into_iter()), policy, sticky, None)
}

type Here = Vec<(Member, Vec<Target>)>;

fn with_devices(roster: &Roster, members: impl Iterator<Item = Member>) -> Here {
    let here = members.map(|member| {
        let targets = roster.targets_of(&member.agent);
        (member, targets)
    });
    here.filter(|(_, targets)| !targets.is_empty()).collect()
}

fn waves(
    roster: &Roster,
    mut here: Here,
    policy: &RingPolicy,
    sticky: Option<&AgentId>,
    last_first: Option<&AgentId>,
) -> Vec<Wave> {
    let mut waves = Vec::new();
    let alone = Duration::from_secs(policy.sticky_seconds.into());
    let is_free = |agent: &AgentId| roster.presence(agent) == Presence::Ready;
    if let Some(sticky) = sticky.filter(|agent| !alone.is_zero() && is_free(agent))
        && let Some(at) = here.iter().position(|(member, _)| member.agent == *sticky)
    {
        let (_, targets) = here.remove(at);
        waves.push(Wave { from: Duration::ZERO, until: None, targets });
    }
    let from = if waves.is_empty() { Duration::ZERO } else { alone };
    match policy.strategy {
        Strategy::All => {
            let targets: Vec<Target> = here.into_iter().flat_map(|(_, targets)| targets).collect();
            if !targets.is_empty() {
                waves.push(Wave { from, until: None, targets });
            }
        }
        Strategy::Tiers => waves.extend(by_tier(here, policy, from)),
        Strategy::LongestIdle => {
            here.retain(|(member, _)| is_free(&member.agent));
            // Who has not had a call since the start has waited longest.
            here.sort_by_key(|(member, _)| roster.idle_since(&member.agent));
            waves.extend(in_turn(here, policy, from));
        }
        Strategy::RoundRobin => {
            if let Some(at) = here.iter().position(|(member, _)| Some(&member.agent) == last_first)
            {
                let count = here.len();
                here.rotate_left((at + 1) % count);
            }
            here.retain(|(member, _)| is_free(&member.agent));
            waves.extend(in_turn(here, policy, from));
        }
    }
    waves
}

fn by_tier(here: Here, policy: &RingPolicy, from: Duration) -> Vec<Wave> {
    let delay = Duration::from_secs(policy.tier_delay_seconds.into());
    let mut waves: Vec<Wave> = Vec::new();
    for (member, targets) in here {
        let from = from + delay * u32::from(member.tier);
        match waves.iter_mut().find(|wave| wave.from == from) {
            Some(wave) => wave.targets.extend(targets),
            None => waves.push(Wave { from, until: None, targets }),
        }
    }
    waves.sort_by_key(|wave| wave.from);
    waves
}

fn in_turn(here: Here, policy: &RingPolicy, start: Duration) -> Vec<Wave> {
    // A turn of no length would ring nobody.
    let turn = Duration::from_secs(policy.turn_seconds.max(1).into());
    let mut from = start;
    let mut waves = Vec::new();
    for (_, targets) in here {
        waves.push(Wave { from, until: Some(from + turn), targets });
        from += turn;
    }
    waves
}
