//! Permission replies arrive among ordinary messages, in six shapes.

use model::{Phone, Timestamp};
use whatsapp::{Event, PermissionReply, PermissionResponse, Reason, ReplyContext, ReplySource};

use crate::fixtures::{LINE, line, read, wacid};

#[test]
fn every_shape_of_a_reply_is_understood() {
    let webhook = read("permission_replies.json");
    let replies: Vec<PermissionReply> = webhook
        .events
        .into_iter()
        .filter_map(|event| match event {
            Event::PermissionReply(reply) => Some(reply),
            // That somebody wrote opens the customer service window.
            Event::Message(message) => {
                assert_eq!(message.party.phone, Phone::new("15550107001"));
                assert!(message.at.is_some());
                None
            }
            other => panic!("{other:?}"),
        })
        .collect();
    let [temporary, permanent, callback, revoked] = replies.as_slice() else {
        panic!("{replies:?}");
    };
    let expiry = Some(Timestamp::from_seconds(1_790_604_801));

    assert_eq!(temporary.line, line(LINE));
    assert_eq!(temporary.party.phone, Phone::new("15550107001"));
    assert_eq!(temporary.party.username.as_deref(), Some("ana.example"));
    assert_eq!(temporary.at, Some(Timestamp::from_seconds(1_790_000_901)));
    assert_eq!(temporary.response, PermissionResponse::Accept);
    assert!(!temporary.is_permanent);
    assert_eq!(temporary.expires_at, expiry);
    assert_eq!(temporary.source, Some(ReplySource::UserAction));
    let Some(ReplyContext::Message(request)) = &temporary.context else {
        panic!("{:?}", temporary.context);
    };
    assert_eq!(request.as_str(), "wamid.UmVxdWVzdA");
    assert_eq!(temporary.message.as_ref().map(|id| id.as_str()), Some("wamid.Rml4dHVyZQ"));

    assert!(permanent.is_permanent);
    assert_eq!(permanent.expires_at, None);
    assert_eq!(permanent.context, None);

    assert_eq!(callback.source, Some(ReplySource::Automatic));
    assert_eq!(callback.expires_at, expiry);
    assert_eq!(callback.context, Some(ReplyContext::Call(wacid("QTE"))));

    assert_eq!(revoked.response, PermissionResponse::Reject);
    assert_eq!(revoked.source, Some(ReplySource::Automatic));
    assert_eq!(revoked.context, None);

    let skipped: Vec<(Reason, u32)> =
        webhook.ignored.iter().map(|entry| (entry.reason, entry.count)).collect();
    assert_eq!(skipped, [(Reason::MalformedPermissionReply, 1), (Reason::OrdinaryMessage, 1)]);
}
