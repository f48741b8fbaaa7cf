//! Two offers, a bridge, and sound crosses it both ways, re-keyed.

use media::Protection;
use serde_json::json;

use crate::far_end::Call;
use crate::served::Served;

#[test]
fn two_foreign_far_ends_talk_through_the_bare_engine() {
    let served = Served::start();
    for protection in [Protection::AesCm, Protection::AesGcm] {
        let mut call = Call::bridged(&served, protection);
        call.both_hear_each_other(0);
        assert_eq!((call.caller.refused, call.agent.refused), (0, 0), "every packet verified");
        assert!(call.totals()["forwarded"].as_u64() > Some(1), "{}", call.totals());
        let own = [call.caller.end.ssrc(), call.agent.end.ssrc()];
        for far in [&call.caller, &call.agent] {
            let ssrcs = far.heard.iter().map(|(packet, _)| ssrc(packet));
            assert!(ssrcs.clone().all(|it| !own.contains(&it)), "an SSRC crossed the bridge");
        }
    }
}

#[test]
fn what_cannot_be_done_is_said() {
    let served = Served::start();
    let mut client = bench::http::Client::connect(served.address).expect("it listens");
    for (path, body, wanted) in [
        ("/leg", json!({ "call": 1, "leg": 1 }), "`sdp` is missing"),
        ("/leg", json!({ "call": 1, "leg": 1, "sdp": "v=0" }), "400"),
        ("/bridge", json!({ "a": "x", "b": 2 }), "`a` must be an id"),
        ("/hold", json!({}), "there is no /hold"),
    ] {
        let refusal = client.post(path, &body).expect_err("it is refused").to_string();
        assert!(refusal.contains(wanted), "{path}: {refusal}");
    }
}

fn ssrc(packet: &[u8]) -> u32 {
    u32::from_be_bytes(packet[8..12].try_into().expect("a header"))
}
