//! Commands are carried out once each and answered by their number.

use model::{CallId, SdpText};
use wire::agent::{ClientCommand, ErrorCode, ServerEvent};

use crate::device::Welcomed;
use crate::house::House;

/// What a browser offers for one microphone, cut down to what matters.
pub(crate) const OFFER: &str = "v=0\r\n\
    o=- 1 1 IN IP4 127.0.0.1\r\n\
    s=-\r\n\
    t=0 0\r\n\
    a=group:BUNDLE 0\r\n\
    m=audio 9 UDP/TLS/RTP/SAVPF 111\r\n\
    c=IN IP4 0.0.0.0\r\n\
    a=rtcp:9 IN IP4 0.0.0.0\r\n\
    a=candidate:1 1 udp 2113937151 127.0.0.1 54321 typ host\r\n\
    a=ice-ufrag:Zq3r\r\n\
    a=ice-pwd:aPlaceholderPasswordOf24\r\n\
    a=fingerprint:sha-256 7B:8B:F0:65:5F:78:E2:51:3B:AC:6F:F3:3F:46:1B:35:DC:B8:5F:64:1A:24:C2:43:F0:A1:58:D0:A1:2C:19:08\r\n\
    a=setup:actpass\r\n\
    a=mid:0\r\n\
    a=sendrecv\r\n\
    a=rtcp-mux\r\n\
    a=rtpmap:111 opus/48000/2\r\n\
    a=fmtp:111 minptime=10;useinbandfec=1\r\n\
    a=ssrc:1001001001 cname:y1\r\n";

/// Everything told until the pong of a ping that is sent now.
async fn until_pong(ana: &mut Welcomed) -> Vec<ServerEvent> {
    let id = ana.device.send(ClientCommand::Ping {}).await;
    let mut events = Vec::new();
    loop {
        match ana.device.event().await {
            ServerEvent::Pong { to, .. } if to == id => return events,
            event => events.push(event),
        }
    }
}

/// Waits for the reply to a command; returns it and what was told before it.
pub(crate) async fn reply_to(ana: &mut Welcomed, id: u64) -> (ServerEvent, Vec<ServerEvent>) {
    let mut before = Vec::new();
    loop {
        match ana.device.event().await {
            reply @ ServerEvent::Done { to } if to == id => return (reply, before),
            reply @ ServerEvent::Error { to: Some(to), .. } if to == id => return (reply, before),
            event => before.push(event),
        }
    }
}

fn answers(events: &[ServerEvent]) -> usize {
    events.iter().filter(|event| matches!(event, ServerEvent::MediaAnswer { .. })).count()
}

#[tokio::test]
async fn going_ready_is_answered_by_the_media_plane_and_repeating_it_repeats_nothing() {
    let house = House::open().await;
    let mut ana = house.device("ana").await;
    let go_ready = ClientCommand::GoReady { offer: SdpText::new(OFFER) };
    ana.device.send_as(100, go_ready.clone()).await;
    let (reply, before) = reply_to(&mut ana, 100).await;
    assert_eq!(reply, ServerEvent::Done { to: 100 });
    assert_eq!(answers(&before), 1);
    ana.device.send_as(100, go_ready.clone()).await;
    let (reply, before) = reply_to(&mut ana, 100).await;
    assert_eq!(reply, ServerEvent::Done { to: 100 });
    assert_eq!(answers(&before) + answers(&until_pong(&mut ana).await), 0);
    ana.device.send_as(101, go_ready).await;
    let (_, before) = reply_to(&mut ana, 101).await;
    assert_eq!(answers(&before), 1);
}

#[tokio::test]
async fn refusals_carry_a_code_a_reason_and_a_remedy_and_are_no_strikes() {
    let house = House::open().await;
    let mut ana = house.device("ana").await;
    let call = CallId::from_uuid(uuid::Uuid::from_u128(1));
    let bad_offer = ClientCommand::GoReady { offer: SdpText::new("<<RFC 8866 SDP>>") };
    for (command, expected) in [
        (ClientCommand::Claim { call }, ErrorCode::NoSuchCall),
        (ClientCommand::Decline { call }, ErrorCode::NoSuchCall),
        (ClientCommand::HangUp { call }, ErrorCode::NoSuchCall),
        (ClientCommand::Mute { call, on: true }, ErrorCode::NoSuchCall),
        (bad_offer, ErrorCode::BadOffer),
    ] {
        let id = ana.device.send(command).await;
        let (reply, _) = reply_to(&mut ana, id).await;
        let ServerEvent::Error { code, message, hint, .. } = reply else { panic!("{reply:?}") };
        assert_eq!(code, expected);
        assert!(!message.is_empty() && !hint.is_empty());
    }
    let id = ana.device.send(ClientCommand::GoAway {}).await;
    assert_eq!(reply_to(&mut ana, id).await.0, ServerEvent::Done { to: id });
}

#[tokio::test]
async fn a_reply_that_a_lost_socket_missed_is_had_by_asking_again() {
    let house = House::open().await;
    let mut ana = house.device("ana").await;
    let call = CallId::from_uuid(uuid::Uuid::from_u128(1));
    ana.device.send_as(100, ClientCommand::Claim { call }).await;
    let (first, _) = reply_to(&mut ana, 100).await;
    let resume = ana.resume();
    ana.device.vanish();
    let token = house.token("ana").await;
    let mut device = crate::device::Device::connect(house.address).await;
    device.hello(&token, resume).await;
    device.send_as(100, ClientCommand::Claim { call }).await;
    let again = loop {
        if let error @ ServerEvent::Error { .. } = device.event().await {
            break error;
        }
    };
    assert_eq!(again, first);
}

#[tokio::test]
async fn ice_is_restarted_on_the_leg_that_exists_and_on_no_other() {
    let house = House::open().await;
    let mut ana = house.device("ana").await;
    let restart = |offer: &str| ClientCommand::RestartIce { offer: SdpText::new(offer) };
    let again = OFFER.replace("Zq3r", "Zq3s");
    let strange = again.replace("7B:8B", "7B:8C");
    let refused = async |ana: &mut Welcomed, offer: &str| {
        let id = ana.device.send(restart(offer)).await;
        let ServerEvent::Error { code, .. } = reply_to(ana, id).await.0 else { panic!("done") };
        code
    };
    assert_eq!(refused(&mut ana, &again).await, ErrorCode::NotReady);
    let answered = async |ana: &mut Welcomed, command| {
        let id = ana.device.send(command).await;
        let (reply, before) = reply_to(ana, id).await;
        assert_eq!(reply, ServerEvent::Done { to: id });
        let answer = before.into_iter().find_map(|event| {
            if let ServerEvent::MediaAnswer { answer } = event { Some(answer) } else { None }
        });
        answer.expect("an answer")
    };
    let go_ready = ClientCommand::GoReady { offer: SdpText::new(OFFER) };
    let first = answered(&mut ana, go_ready).await;
    assert_eq!(refused(&mut ana, OFFER).await, ErrorCode::BadOffer);
    assert_eq!(refused(&mut ana, &strange).await, ErrorCode::BadOffer);
    let second = answered(&mut ana, restart(&again)).await;
    let line = |answer: &SdpText, start: &str| {
        let found = answer.as_str().lines().find(|line| line.starts_with(start));
        found.expect("the line is there").to_owned()
    };
    assert_eq!(line(&first, "a=ssrc"), line(&second, "a=ssrc"));
    assert_ne!(line(&first, "a=ice-ufrag"), line(&second, "a=ice-ufrag"));
}
