//! A hostile media offer is refused with a typed error, and the same device may still go ready.

use model::SdpText;
use wire::agent::{ClientCommand, ErrorCode, FRAME_BYTES_MAX, ServerEvent};

use crate::agent_orders::{OFFER, reply_to};
use crate::device::Welcomed;
use crate::house::House;

/// The audio section of the good offer, again and again.
fn sections(media: &str, count: usize) -> String {
    format!("{OFFER}{}", media.repeat(count))
}

async fn go_ready(ana: &mut Welcomed, offer: &str) -> Result<String, ErrorCode> {
    let id = ana.device.send(ClientCommand::GoReady { offer: SdpText::new(offer) }).await;
    let (reply, before) = reply_to(ana, id).await;
    if let ServerEvent::Error { code, .. } = reply {
        return Err(code);
    }
    let answer = before.into_iter().find_map(|event| {
        if let ServerEvent::MediaAnswer { answer } = event { Some(answer) } else { None }
    });
    Ok(answer.expect("an answer").as_str().to_owned())
}

#[tokio::test]
async fn d9_an_offer_with_hostile_codecs_or_thousands_of_m_lines_is_refused_and_the_next_is_not() {
    let house = House::open().await;
    let mut ana = house.device("ana").await;
    let without_opus = OFFER.replace("opus/48000/2", "L16/96000/255");
    let plain: String = OFFER
        .replace("UDP/TLS/RTP/SAVPF", "RTP/AVP")
        .split_inclusive('\n')
        .filter(|line| !line.starts_with("a=fingerprint"))
        .collect();
    let many_types = (0..128).map(|number| format!(" {number}")).collect::<String>();
    let many_types = without_opus.replace("SAVPF 111", &format!("SAVPF{many_types}"));
    let video = OFFER.replace("m=audio", "m=video");
    // As many as fit into a frame: a line break is four bytes of JSON.
    let filled = sections("m=a 9 x 0\r\n", FRAME_BYTES_MAX / 14 - OFFER.len() / 11);
    assert!(filled.matches("m=").count() > 4_000);
    for (what, offer) in [
        ("no Opus", &without_opus),
        ("no encryption", &plain),
        ("every payload type but Opus", &many_types),
        ("only video", &video),
        ("thousands of m-lines", &filled),
    ] {
        assert_eq!(go_ready(&mut ana, offer).await, Err(ErrorCode::BadOffer), "{what}");
    }
    let answer = go_ready(&mut ana, OFFER).await.expect("a good offer after all that");
    assert_eq!(answer.matches("m=").count(), 1);
}

#[tokio::test]
async fn d9_an_offer_of_ten_thousand_m_lines_is_not_even_read() {
    let house = House::open().await;
    let mut ana = house.device("ana").await;
    let offer = sections("m=a 9 x 0\r\n", 10_000);
    ana.device.send(ClientCommand::GoReady { offer: SdpText::new(offer) }).await;
    let code = loop {
        if let ServerEvent::Error { code, .. } = ana.device.event().await {
            break code;
        }
    };
    assert_eq!(code, ErrorCode::FrameTooLarge);
    go_ready(&mut ana, OFFER).await.expect("one strike is survived");
}
