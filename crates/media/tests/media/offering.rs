//! A call that we place begins with our offer, and Meta's answer may leave us either DTLS role.

use media::{MediaError, MediaEvent, OfferedLeg};
use model::SdpText;
use rtc::peer_connection::transport::RTCDtlsRole;

use crate::far::{Far, OPUS, Part};
use crate::stage::{Stage, a_while, assert_one_stream, talk};

async fn offered(stage: &Stage) -> OfferedLeg {
    stage.plane.offer_whatsapp_leg().await.expect("an offer")
}

fn with_setup(answer: &SdpText, from: &str, to: &str) -> SdpText {
    let (from, to) = (format!("a=setup:{from}\r\n"), format!("a=setup:{to}\r\n"));
    assert!(answer.as_str().contains(&from), "the far end answers in the role it was given");
    SdpText::new(answer.as_str().replace(&from, &to))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_offer_has_one_of_everything_and_leaves_the_dtls_role_open() {
    let stage = Stage::new();
    let offer = offered(&stage).await.offer;
    let lines: Vec<&str> = offer.as_str().split("\r\n").collect();
    let count = |start: &str| lines.iter().filter(|line| line.starts_with(start)).count();
    for one in ["m=", "a=ice-ufrag:", "a=ice-pwd:", "a=fingerprint:", "a=ssrc:"] {
        assert_eq!(count(one), 1, "{one}");
    }
    assert_eq!(count("a=fingerprint:sha-256 "), 1);
    for line in ["a=setup:actpass", "a=rtpmap:111 opus/48000/2", "a=sendrecv", "a=rtcp-mux"] {
        assert!(lines.contains(&line), "{line}");
    }
    assert!(count("a=candidate:") >= 1 && !lines.contains(&"a=ice-lite"));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn each_dtls_role_of_the_answer_leads_to_sound_both_ways_on_one_stream() {
    // What Meta does, and what its answer says: `actpass` is irregular and seen in the wild.
    for (role, does, says) in [
        (RTCDtlsRole::Client, "active", "active"),
        (RTCDtlsRole::Server, "passive", "passive"),
        (RTCDtlsRole::Server, "passive", "actpass"),
    ] {
        let mut stage = Stage::new();
        let (browser, agent) = stage.connected(Part::Browser).await;
        let OfferedLeg { leg, offer } = offered(&stage).await;
        let meta = Far::answering(role).await;
        let answer = with_setup(&meta.answer(&offer).await, does, says);
        stage.plane.answered(leg, &answer).await.expect("an answer of use");
        stage.until(|event| *event == MediaEvent::LegUp { leg }).await;

        // The phone still rings: nothing may be heard of us.
        a_while().await;
        assert_eq!(meta.heard().len(), 0, "{says}: no packet before the contact picks up");
        stage.plane.speak(leg).await;
        stage.plane.bridge(leg, agent).await;
        talk(&browser, &meta, b"hello").await;
        talk(&meta, &browser, b"good day").await;
        assert_one_stream(&meta.heard());
        assert!(meta.heard().iter().all(|note| note.payload_type == OPUS));
        let ssrc = format!("a=ssrc:{} ", meta.heard()[0].ssrc);
        assert!(offer.as_str().contains(&ssrc), "{says}: the stream that was offered");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_answer_counts_once_and_only_for_a_leg_that_waits_for_it() {
    let mut stage = Stage::new();
    let OfferedLeg { leg, offer } = offered(&stage).await;
    let meta = Far::answering(RTCDtlsRole::Client).await;
    let answer = meta.answer(&offer).await;
    let useless = SdpText::new("v=0\r\n");
    assert!(matches!(stage.plane.answered(leg, &useless).await, Err(MediaError::Sdp(_))));
    stage.plane.answered(leg, &answer).await.expect("the offer still stands");
    let again = stage.plane.answered(leg, &answer).await;
    assert!(matches!(again, Err(MediaError::NotOffered { .. })), "{again:?}");
    stage.until(|event| *event == MediaEvent::LegUp { leg }).await;

    let given_up = offered(&stage).await;
    stage.plane.close(given_up.leg).await;
    let late = stage.plane.answered(given_up.leg, &answer).await;
    assert!(matches!(late, Err(MediaError::NotOffered { .. })), "{late:?}");
}
