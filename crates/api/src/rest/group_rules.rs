//! What a group must be like before it is stored.

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use model::{GroupId, Overflow};
use store::{AgentRow, GroupRow};

/// Longest name of a group, in characters; it must fit on a button.
const NAME_LENGTH_MAX: usize = 80;
/// Groups that may overflow one into the other, the first included. Meta lets a call ring for less
/// than a minute: more groups would each ring too shortly to be heard.
const CHAIN_MAX: usize = 4;
/// Members of a group: whatever rings must be rung within milliseconds.
const MEMBERS_MAX: usize = 1_000;
/// How long a group, or one agent of it, may ring.
const RING_SECONDS: RangeInclusive<u32> = 1..=120;
/// How long a tier may wait, and an agent be preferred. 0: not at all.
const DELAY_SECONDS: RangeInclusive<u32> = 0..=120;
/// How long a caller may be kept waiting.
const WAIT_SECONDS: RangeInclusive<u32> = 1..=3_600;

/// What keeps a group from being stored, by its field.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{field}: {what}")]
pub(crate) struct Flaw {
    field: String,
    what: String,
}

fn flaw(field: &str, what: impl Into<String>) -> Flaw {
    Flaw { field: field.to_owned(), what: what.into() }
}

/// Checks a group beside those that are there, one of its own id not counted.
///
/// # Errors
/// The first flaw found.
pub(crate) fn check(
    group: &GroupRow,
    others: &[GroupRow],
    agents: &[AgentRow],
) -> Result<(), Flaw> {
    let length = group.name.chars().count();
    if !(1..=NAME_LENGTH_MAX).contains(&length) || group.name.chars().any(char::is_control) {
        let what = format!("a group's name has 1 to {NAME_LENGTH_MAX} printable characters");
        return Err(flaw("name", what));
    }
    check_members(group, agents)?;
    check_seconds(group)?;
    check_overflow(group, others)
}

fn check_members(group: &GroupRow, agents: &[AgentRow]) -> Result<(), Flaw> {
    if group.members.len() > MEMBERS_MAX {
        return Err(flaw("members", format!("a group has at most {MEMBERS_MAX} members")));
    }
    let known: BTreeSet<_> = agents.iter().map(|agent| &agent.id).collect();
    let mut seen = BTreeSet::new();
    for (at, member) in group.members.iter().enumerate() {
        let field = format!("members[{at}].agent");
        if !known.contains(&member.agent) {
            let what = format!("there is no agent {} in this workspace", member.agent);
            return Err(flaw(&field, what));
        }
        if !seen.insert(&member.agent) {
            return Err(flaw(&field, format!("{} is a member already", member.agent)));
        }
    }
    Ok(())
}

fn check_seconds(group: &GroupRow) -> Result<(), Flaw> {
    let policy = &group.policy;
    let queue = match &policy.overflow {
        Overflow::Queue { max_wait_seconds } => {
            Some(("policy.overflow.max_wait_seconds", *max_wait_seconds, WAIT_SECONDS))
        }
        Overflow::Reject | Overflow::Notice | Overflow::Group { .. } => None,
    };
    let times = [
        ("policy.ring_seconds", policy.ring_seconds, RING_SECONDS),
        ("policy.turn_seconds", policy.turn_seconds, RING_SECONDS),
        ("policy.tier_delay_seconds", policy.tier_delay_seconds, DELAY_SECONDS),
        ("policy.sticky_seconds", policy.sticky_seconds, DELAY_SECONDS),
    ];
    for (field, seconds, bounds) in times.into_iter().chain(queue) {
        if !bounds.contains(&seconds) {
            let (least, most) = bounds.into_inner();
            return Err(flaw(field, format!("expected {least} to {most}, found {seconds}")));
        }
    }
    Ok(())
}

/// No group may lead to one that is not there, back to itself, or through too many. A change of
/// one group can make the way through it too long for another one: all of them are walked.
fn check_overflow(group: &GroupRow, others: &[GroupRow]) -> Result<(), Flaw> {
    const FIELD: &str = "policy.overflow.group";
    let find = |id: &GroupId| {
        if *id == group.id { Some(group) } else { others.iter().find(|other| other.id == *id) }
    };
    if let Some(next) = next_of(group) {
        if *next == group.id {
            return Err(flaw(FIELD, "a group cannot overflow into itself"));
        }
        if find(next).is_none() {
            return Err(flaw(FIELD, format!("there is no group {next} in this workspace")));
        }
    }
    for start in others.iter().filter(|other| other.id != group.id).chain([group]) {
        let mut chain = vec![&start.id];
        while let Some(next) = chain.last().and_then(|last| find(last)).and_then(next_of) {
            if chain.contains(&next) {
                let what = format!("groups overflow in a circle, by way of {next}");
                return Err(flaw(FIELD, what));
            }
            chain.push(next);
            if chain.len() > CHAIN_MAX {
                let names: Vec<_> = chain.iter().map(ToString::to_string).collect();
                let what = format!(
                    "at most {CHAIN_MAX} groups may overflow one into the other, not {}",
                    names.join(" to ")
                );
                return Err(flaw(FIELD, what));
            }
        }
    }
    Ok(())
}

/// The group that rings after this one.
pub(crate) const fn next_of(group: &GroupRow) -> Option<&GroupId> {
    match &group.policy.overflow {
        Overflow::Group { group } => Some(group),
        Overflow::Reject | Overflow::Notice | Overflow::Queue { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use model::{AgentId, Member, Rights, RingPolicy};

    use super::*;

    fn id(text: &str) -> GroupId {
        GroupId::new(text).unwrap()
    }

    fn group(name: &str, overflow: Overflow) -> GroupRow {
        let policy = RingPolicy { overflow, ..RingPolicy::default() };
        GroupRow { id: id(name), name: name.to_owned(), policy, members: vec![] }
    }

    fn to(name: &str) -> Overflow {
        Overflow::Group { group: id(name) }
    }

    fn field(group: &GroupRow, others: &[GroupRow]) -> Option<String> {
        let name = "Ana".to_owned();
        let ana = AgentRow { id: AgentId::new("ana").unwrap(), name, rights: Rights::default() };
        check(group, others, &[ana]).err().map(|flaw| flaw.field)
    }

    #[test]
    fn a_flaw_is_named_by_its_field() {
        let fine = group("a", Overflow::Reject);
        assert_eq!(field(&fine, &[]), None);
        let with = |change: fn(&mut GroupRow)| {
            let mut changed = fine.clone();
            change(&mut changed);
            field(&changed, &[]).unwrap_or_default()
        };
        assert_eq!(with(|group| group.name = String::new()), "name");
        assert_eq!(with(|group| group.name = "a\nb".to_owned()), "name");
        assert_eq!(with(|group| group.policy.ring_seconds = 0), "policy.ring_seconds");
        assert_eq!(with(|group| group.policy.ring_seconds = 121), "policy.ring_seconds");
        assert_eq!(with(|group| group.policy.turn_seconds = 0), "policy.turn_seconds");
        assert_eq!(with(|group| group.policy.sticky_seconds = 999), "policy.sticky_seconds");
        assert_eq!(
            with(|group| group.policy.tier_delay_seconds = 999),
            "policy.tier_delay_seconds"
        );
        assert_eq!(
            with(|group| group.policy.overflow = Overflow::Queue { max_wait_seconds: 0 }),
            "policy.overflow.max_wait_seconds"
        );
        let member = |name: &str| Member { agent: AgentId::new(name).unwrap(), tier: 0 };
        let mut members = fine.clone();
        members.members = vec![member("ana"), member("bo")];
        assert_eq!(field(&members, &[]).as_deref(), Some("members[1].agent"));
        members.members = vec![member("ana"), member("ana")];
        assert_eq!(field(&members, &[]).as_deref(), Some("members[1].agent"));
    }

    #[test]
    fn groups_overflow_neither_into_nothing_nor_in_circles_nor_for_ever() {
        let overflow = Some("policy.overflow.group".to_owned());
        assert_eq!(field(&group("a", to("a")), &[]), overflow);
        assert_eq!(field(&group("a", to("b")), &[]), overflow);
        let b = group("b", to("a"));
        assert_eq!(field(&group("a", to("b")), &[group("a", Overflow::Reject), b]), overflow);
        let chain = [group("b", to("c")), group("c", to("d")), group("d", Overflow::Reject)];
        assert_eq!(field(&group("a", to("b")), &chain), None, "four in a row");
        let mut longer = chain.to_vec();
        longer.push(group("z", to("a")));
        assert_eq!(field(&group("a", to("b")), &longer), overflow, "five, beginning elsewhere");
    }
}
