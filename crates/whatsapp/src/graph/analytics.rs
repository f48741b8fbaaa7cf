//! What Meta counts of an account's calls: the only place where it says what they cost.

use std::time::Duration;

use model::{Direction, Micros, Timestamp};
use serde_json::Value;

use super::Graph;
use super::error::GraphError;

/// A day of a busy account in every country is some tens of kilobytes.
const ANSWER_BYTES_MAX: usize = 1024 * 1024;
/// Nobody waits for it.
const TIMEOUT: Duration = Duration::from_secs(20);
/// Points of one answer: both directions of every country.
const POINTS_MAX: usize = 1_000;

/// A day's completed calls in one direction with one country.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CallPoint {
    /// When the interval began.
    pub start: Timestamp,
    /// Who called.
    pub direction: Direction,
    /// The user's country (ISO 3166).
    pub country: String,
    /// Completed calls.
    pub count: i64,
    /// Their average length in whole seconds.
    pub average_s: i64,
    /// What they cost, in the account's currency; absent when Meta does not say.
    pub cost: Option<Micros>,
}

impl Graph {
    /// What Meta counts of an account's calls from `from` up to `to`, by direction and country.
    ///
    /// # Errors
    /// [`GraphError`] after one attempt; asking again is harmless.
    pub async fn call_analytics(
        &self,
        account: &str,
        from: Timestamp,
        to: Timestamp,
    ) -> Result<Vec<CallPoint>, GraphError> {
        let token = self.inner.token.read().clone();
        let mut url = self.inner.base.clone();
        match url.path_segments_mut() {
            Ok(mut path) => path.push(account),
            Err(()) => return Err(GraphError::setup("the base address cannot have a path")),
        };
        let (start, end) = (from.as_millis() / 1_000, to.as_millis() / 1_000);
        url.query_pairs_mut().append_pair(
            "fields",
            &format!(
                "call_analytics.start({start}).end({end}).granularity(DAILY)\
                 .dimensions([direction,country])\
                 .metric_types([COUNT,COST,AVERAGE_DURATION])"
            ),
        );
        if let Some(proof) = &token.proof {
            use secrecy::ExposeSecret as _;
            url.query_pairs_mut().append_pair("appsecret_proof", proof.expose_secret());
        }
        let body =
            super::attempt::fetch(&self.inner.http, url, token.bearer, TIMEOUT, ANSWER_BYTES_MAX);
        let body = body.await?;
        points(&body).ok_or_else(|| GraphError::ambiguous("analytics that are not Meta's"))
    }
}

/// The points of an answer, in the newer shape and in the older one. A point that cannot be read
/// is left out: what it lacks shows as a difference.
fn points(body: &[u8]) -> Option<Vec<CallPoint>> {
    let json: Value = serde_json::from_slice(body).ok()?;
    let analytics = json.get("call_analytics")?;
    let mut all = Vec::new();
    let newer = analytics.get("data_points").and_then(Value::as_array).into_iter().flatten();
    let older = analytics.get("data").and_then(Value::as_array).into_iter().flatten();
    let older = older.filter_map(|data| data.get("data_points")?.as_array()).flatten();
    all.extend(newer.chain(older).take(POINTS_MAX).filter_map(point));
    Some(all)
}

fn point(value: &Value) -> Option<CallPoint> {
    let word = |name: &str| {
        let found = value.get(name).or_else(|| value.get(name.to_uppercase()))?;
        found.as_str().map(str::to_uppercase)
    };
    let direction = match word("direction")?.as_str() {
        "BUSINESS_INITIATED" => Direction::BusinessInitiated,
        "USER_INITIATED" => Direction::UserInitiated,
        _ => return None,
    };
    let number = |name: &str| value.get(name).and_then(Value::as_i64);
    Some(CallPoint {
        start: Timestamp::from_seconds(number("start")?),
        direction,
        country: word("country")?,
        count: number("count")?,
        average_s: number("average_duration").unwrap_or(0),
        cost: value.get("cost").and_then(micros),
    })
}

/// Meta writes costs as JSON numbers. Their text is read, so that no float is computed with; what
/// is smaller than a micro is cut off.
fn micros(value: &Value) -> Option<Micros> {
    let text = match value {
        Value::Number(number) => number.to_string(),
        Value::String(text) => text.clone(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    let cut = match text.split_once('.') {
        Some((whole, part)) => format!("{whole}.{}", part.get(..6.min(part.len()))?),
        None => text,
    };
    Micros::from_decimal(&cut).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_shapes_are_read_and_costs_are_exact() {
        let point = r#"{"start":1765958400,"end":1766044800,"cost":0.47795,"count":35,
            "average_duration":106,"direction":"BUSINESS_INITIATED","country":"IN"}"#;
        let newer = format!(r#"{{"call_analytics":{{"data_points":[{point}]}},"id":"1"}}"#);
        let older =
            format!(r#"{{"call_analytics":{{"data":[{{"data_points":[{point}]}}]}},"id":"1"}}"#);
        for shape in [newer, older] {
            let read = points(shape.as_bytes()).unwrap();
            assert_eq!(read.len(), 1);
            assert_eq!(read[0].cost, Some(Micros::new(477_950)));
            assert_eq!((read[0].count, read[0].average_s), (35, 106));
            assert_eq!(
                (read[0].country.as_str(), read[0].start.as_millis()),
                ("IN", 1_765_958_400_000)
            );
        }
    }

    #[test]
    fn what_is_not_metas_is_no_answer_and_a_strange_point_is_left_out() {
        assert_eq!(points(b"{}"), None);
        assert_eq!(points(b"<html>"), None);
        let strange = br#"{"call_analytics":{"data_points":[{"start":"x"},{"direction":1},7]}}"#;
        assert_eq!(points(strange), Some(Vec::new()));
        assert_eq!(micros(&serde_json::json!(0.1234567)), Some(Micros::new(123_456)));
        assert_eq!(micros(&serde_json::json!(1e30)), None);
    }
}
