//! What a call's journal tells of who talked and who was rung, for its CDR.

use model::{AgentId, CallId, RingOutcome};
use serde::{Deserialize, Serialize};
use sqlx::SqliteConnection;

use crate::StoreError;
use crate::column::Columns;

/// Rings kept in one CDR, so that a page of missed calls of a large team stays small. The journal
/// has all of them.
pub(crate) const RUNG_KEPT_MAX: usize = 50;

pub(crate) const STORY_EVENTS: &str = "SELECT offset_ms, event, detail FROM journal
     WHERE call = ? AND event IN ('bridged', 'agents_rung', 'agents_ring_ended') ORDER BY seq";

/// One ring, as the CDR keeps it.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub(crate) struct Ring {
    pub(crate) agent: AgentId,
    pub(crate) outcome: RingOutcome,
    pub(crate) rang_ms: i64,
}

/// Who talked and who was rung, both in order.
#[derive(Default, PartialEq, Eq, Debug)]
pub(crate) struct Story {
    pub(crate) talkers: Vec<AgentId>,
    pub(crate) rung: Vec<Ring>,
}

/// One of the events a story is made of.
struct Told {
    offset_ms: i64,
    event: String,
    agents: Vec<AgentId>,
    outcome: Option<RingOutcome>,
}

/// The story of a call that ends `ended_ms` after it arrived.
pub(crate) async fn story_of(
    connection: &mut SqliteConnection,
    call: CallId,
    ended_ms: i64,
) -> Result<Story, StoreError> {
    let rows = sqlx::query(STORY_EVENTS)
        .bind(call.to_string())
        .fetch_all(connection)
        .await
        .map_err(StoreError::database("read a call's journal"))?;
    let told = rows.iter().map(|row| {
        let columns = Columns::of(row, "journal");
        let detail: serde_json::Value = columns.json("detail")?;
        let read = |name: &str| detail.get(name).cloned().unwrap_or_default();
        Ok(Told {
            offset_ms: columns.integer("offset_ms")?,
            event: columns.text("event")?,
            agents: serde_json::from_value(read("agents"))
                .or_else(|_| serde_json::from_value(read("agent")).map(|agent| vec![agent]))
                .unwrap_or_default(),
            outcome: serde_json::from_value(read("outcome")).ok(),
        })
    });
    Ok(tell(&told.collect::<Result<Vec<_>, StoreError>>()?, ended_ms))
}

/// An agent who comes back into the same call is no second talker. A ring without an end lasted
/// until the call's.
fn tell(events: &[Told], ended_ms: i64) -> Story {
    let mut story = Story::default();
    let mut ringing: Vec<(usize, i64)> = Vec::new();
    let each = events.iter().flat_map(|told| told.agents.iter().map(move |agent| (told, agent)));
    for (told, agent) in each {
        match told.event.as_str() {
            "bridged" if story.talkers.last() != Some(agent) => story.talkers.push(agent.clone()),
            "agents_rung" if story.rung.len() < RUNG_KEPT_MAX => {
                ringing.push((story.rung.len(), told.offset_ms));
                let rang_ms = (ended_ms - told.offset_ms).max(0);
                let outcome = RingOutcome::CallEnded;
                story.rung.push(Ring { agent: agent.clone(), outcome, rang_ms });
            }
            "agents_ring_ended" => {
                let open = ringing.iter().position(|(at, _)| story.rung[*at].agent == *agent);
                let Some(open) = open else { continue };
                let (at, since) = ringing.remove(open);
                story.rung[at].rang_ms = (told.offset_ms - since).max(0);
                story.rung[at].outcome = told.outcome.unwrap_or(RingOutcome::CallEnded);
            }
            _ => {}
        }
    }
    story
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(offset_ms: i64, event: &str, agent: &str, outcome: Option<RingOutcome>) -> Told {
        let agents = vec![AgentId::new(agent).unwrap()];
        Told { offset_ms, event: event.to_owned(), agents, outcome }
    }

    fn agent(id: &str) -> AgentId {
        AgentId::new(id).unwrap()
    }

    #[test]
    fn who_comes_back_is_no_second_talker_but_who_gets_the_call_again_is() {
        let events: Vec<Told> = ["ana", "ana", "bo", "ana"]
            .into_iter()
            .map(|agent| told(0, "bridged", agent, None))
            .collect();
        assert_eq!(tell(&events, 0).talkers, [agent("ana"), agent("bo"), agent("ana")]);
    }

    #[test]
    fn each_ring_has_its_own_end_and_one_without_end_lasts_until_the_calls() {
        let events = [
            told(100, "agents_rung", "ana", None),
            told(100, "agents_rung", "bo", None),
            told(1_100, "agents_ring_ended", "bo", Some(RingOutcome::Declined)),
            told(5_100, "agents_ring_ended", "ana", Some(RingOutcome::Unanswered)),
            told(5_200, "agents_rung", "ana", None),
            told(9_000, "agents_ring_ended", "zoe", Some(RingOutcome::Left)),
        ];
        let rung = tell(&events, 8_200).rung;
        let shown: Vec<_> =
            rung.iter().map(|ring| (ring.agent.as_str(), ring.outcome, ring.rang_ms)).collect();
        assert_eq!(
            shown,
            [
                ("ana", RingOutcome::Unanswered, 5_000),
                ("bo", RingOutcome::Declined, 1_000),
                ("ana", RingOutcome::CallEnded, 3_000),
            ]
        );
    }

    #[test]
    fn a_large_team_does_not_make_a_large_cdr() {
        let events: Vec<Told> =
            (0..200).map(|n| told(0, "agents_rung", &format!("a{n}"), None)).collect();
        assert_eq!(tell(&events, 10).rung.len(), RUNG_KEPT_MAX);
    }
}
