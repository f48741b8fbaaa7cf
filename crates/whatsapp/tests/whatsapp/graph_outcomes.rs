//! Every answer of Meta becomes done, refused, unknown or undelivered, within bounded attempts.

use std::time::Duration;

use model::{Class, SdpText, Wacid};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinSet;
use whatsapp::{Code, GraphError};

use crate::fixtures::{LINE, line};
use crate::meta::{Meta, Reply, SUCCESS, envelope, graph};

fn wacid() -> Wacid {
    Wacid::new("wacid.QUJD").expect("a plain id")
}

async fn accept(meta: &Meta) -> Result<(), GraphError> {
    let sdp = SdpText::new("v=0\r\n");
    meta.graph().accept(&line(LINE), &wacid(), &sdp).await
}

async fn terminate(meta: &Meta) -> Result<(), GraphError> {
    meta.graph().terminate(&line(LINE), &wacid()).await
}

#[tokio::test]
async fn a_server_error_is_retried_with_the_same_bytes() {
    let meta = Meta::start([
        Reply::Body(500, "oops".to_owned()),
        Reply::refusal(503, 2, "try later"),
        Reply::success(),
    ])
    .await;
    assert_eq!(accept(&meta).await, Ok(()));
    let seen = meta.seen();
    assert_eq!(seen.len(), 3);
    assert!(seen.iter().all(|request| request.body == seen[0].body));
}

#[tokio::test]
async fn both_spellings_of_success_count() {
    let meta = Meta::start([Reply::Body(200, r#"{"success":true}"#.to_owned())]).await;
    assert_eq!(accept(&meta).await, Ok(()));
}

#[tokio::test]
async fn a_refusal_is_final_and_carries_metas_code() {
    let cases = [
        (400, 100, Code::InvalidParameter, Class::OurFault),
        (401, 190, Code::TokenExpired, Class::OurFault),
        (401, 138_000, Code::CallingDisabled, Class::OurFault),
        (400, 138_008, Code::SdpInvalid, Class::OurFault),
        (429, 138_002, Code::ConcurrentCallsLimit, Class::CarrierFault),
        (403, 205, Code::PermissionMissing(205), Class::OurFault),
        (404, 777_777, Code::Other(777_777), Class::Unknown),
        // A plain refusal that Meta sends with a server error's status.
        (500, 3, Code::CapabilityMissing, Class::OurFault),
    ];
    for (status, number, code, class) in cases {
        let meta =
            Meta::start([Reply::refusal(status, number, "because of wacid.QUJD here")]).await;
        let error = accept(&meta).await.unwrap_err();
        assert_eq!(
            error,
            GraphError::Refused {
                status,
                code,
                message: format!("(#{number}) Something"),
                details: Some("because of (call id) here".to_owned()),
                retry_after: None,
            }
        );
        assert_eq!(error.code(), Some(code));
        assert_eq!(error.class(), class);
        assert!(!error.is_ambiguous());
        assert_eq!(meta.seen().len(), 1, "{number}");
        assert!(error.to_string().contains(&number.to_string()));
        assert!(!error.to_string().contains("because"));
    }
}

#[tokio::test]
async fn a_refusal_without_an_envelope_is_still_a_refusal() {
    let huge = "x".repeat(100_000);
    for body in [String::new(), "<html>".to_owned(), "[]".to_owned(), huge] {
        let meta = Meta::start([Reply::Body(404, body)]).await;
        let error = accept(&meta).await.unwrap_err();
        assert_eq!(error.code(), Some(Code::Absent));
        assert_eq!(meta.seen().len(), 1);
    }
    let meta = Meta::start([Reply::Body(200, r#"{"success":false}"#.to_owned())]).await;
    assert_eq!(accept(&meta).await.unwrap_err().code(), Some(Code::Absent));
}

#[tokio::test]
async fn silence_ends_in_an_unknown_outcome_after_three_attempts() {
    let meta = Meta::start(vec![Reply::Silence; 3]).await;
    let error = accept(&meta).await.unwrap_err();
    assert!(error.is_ambiguous(), "{error:?}");
    assert_eq!(error.class(), Class::Unknown);
    assert_eq!(meta.seen().len(), 3);
}

#[tokio::test]
async fn c10_an_answer_that_is_garbage_or_huge_leaves_the_outcome_unknown() {
    let huge = format!(r#"{{"success":true,"pad":"{}"}}"#, "x".repeat(64 * 1024));
    let mut cases = JoinSet::new();
    for body in ["", "<html>", "[]", r#"{"success":"maybe"}"#, &huge] {
        let meta = Meta::start(vec![Reply::Body(200, body.to_owned()); 3]).await;
        cases.spawn(async move { (accept(&meta).await, meta.seen().len()) });
    }
    for (result, requests) in cases.join_all().await {
        assert!(result.as_ref().is_err_and(GraphError::is_ambiguous), "{result:?}");
        assert_eq!(requests, 3);
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let aside = Reply::Header(307, "location", "/elsewhere", String::new());
    let meta = Meta::start(vec![aside; 3]).await;
    assert!(accept(&meta).await.unwrap_err().is_ambiguous());
    for request in meta.seen() {
        assert_eq!(request.uri, "/v23.0/200300400500600/calls");
    }
}

#[tokio::test]
async fn c6_a_throttle_is_waited_out_when_meta_says_for_how_long() {
    let throttled = |seconds| Reply::Header(429, "retry-after", seconds, envelope(138_005, "slow"));
    let meta = Meta::start([throttled("1"), Reply::success()]).await;
    assert_eq!(accept(&meta).await, Ok(()));

    let meta = Meta::start([throttled("600")]).await;
    let error = accept(&meta).await.unwrap_err();
    let GraphError::Refused { retry_after, .. } = error else {
        panic!("{error:?}");
    };
    assert_eq!(retry_after, Some(Duration::from_secs(600)));
    assert_eq!(meta.seen().len(), 1);
}

#[tokio::test]
async fn a_state_refusal_after_an_unknown_attempt_may_be_our_own_doing() {
    let meta =
        Meta::start([Reply::Silence, Reply::refusal(400, 100, "Call already in progress")]).await;
    assert!(accept(&meta).await.unwrap_err().is_ambiguous());
    assert_eq!(meta.seen().len(), 2);

    // Without an unknown attempt before it, the same refusal means what it says.
    let meta = Meta::start([Reply::refusal(400, 100, "Call already in progress")]).await;
    assert_eq!(accept(&meta).await.unwrap_err().code(), Some(Code::InvalidParameter));

    // A reason in the account shows that the first attempt was refused as well.
    let meta =
        Meta::start([Reply::Body(502, String::new()), Reply::refusal(401, 190, "expired")]).await;
    assert_eq!(accept(&meta).await.unwrap_err().code(), Some(Code::TokenExpired));
}

#[tokio::test]
async fn hanging_up_a_call_that_is_over_is_done() {
    let over = || Reply::refusal(400, 100, "The call has ended.");
    let meta = Meta::start([over()]).await;
    assert!(terminate(&meta).await.unwrap_err().is_already_done());

    let meta = Meta::start([Reply::Body(500, String::new()), over()]).await;
    assert_eq!(terminate(&meta).await, Ok(()));

    for (status, code, details) in [
        (400, 100, "Recommended: extended parameters"),
        (401, 190, "Session has already expired"),
        (400, 131_044, "Payment already failed"),
    ] {
        let meta = Meta::start([Reply::refusal(status, code, details)]).await;
        let error = terminate(&meta).await.unwrap_err();
        assert!(!error.is_already_done(), "{details}");
    }
}

#[tokio::test]
async fn c10_a_closed_port_is_surely_undelivered() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    drop(listener);
    let graph = graph(&format!("http://{address}"), Duration::from_secs(1));
    let error = graph.terminate(&line(LINE), &wacid()).await.unwrap_err();
    assert!(matches!(error, GraphError::Unreachable { .. }), "{error:?}");
    assert!(!error.is_ambiguous());
}

/// Serves connections by hand: reads the request, writes `answer`, then closes or dawdles.
async fn raw_server(answer: &'static [u8], dawdle: Duration) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("a bound socket");
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.expect("a listening socket");
            tokio::spawn(async move {
                let mut request = [0; 4_096];
                let _ = socket.read(&mut request).await;
                let _ = socket.write_all(answer).await;
                tokio::time::sleep(dawdle).await;
            });
        }
    });
    format!("http://{address}")
}

#[tokio::test]
async fn c10_a_connection_lost_after_the_request_leaves_the_outcome_unknown() {
    let mut cases = JoinSet::new();
    let cut = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"succ";
    for (answer, dawdle) in [
        (&b""[..], Duration::ZERO),
        (&cut[..], Duration::ZERO),
        (&cut[..], Duration::from_secs(30)),
        (&b"not HTTP at all\r\n\r\n"[..], Duration::ZERO),
    ] {
        let base = raw_server(answer, dawdle).await;
        let graph = graph(&base, Duration::from_millis(200));
        cases.spawn(async move { graph.reject(&line(LINE), &wacid()).await });
    }
    for result in cases.join_all().await {
        assert!(result.as_ref().is_err_and(GraphError::is_ambiguous), "{result:?}");
    }
}

/// An answer that goes on for ever, a few bytes at a time.
async fn slow_loris() -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("a bound socket");
    tokio::spawn(async move {
        loop {
            let (mut socket, _) = listener.accept().await.expect("a listening socket");
            tokio::spawn(async move {
                let mut request = [0; 4_096];
                let _ = socket.read(&mut request).await;
                let head = b"HTTP/1.1 200 OK\r\ncontent-length: 60000\r\n\r\n";
                let _ = socket.write_all(head).await;
                while socket.write_all(b" ").await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            });
        }
    });
    format!("http://{address}")
}

#[tokio::test]
async fn c10_an_answer_that_drips_is_given_up_in_bounded_time() {
    let base = slow_loris().await;
    let graph = graph(&base, Duration::from_millis(300));
    let begun = std::time::Instant::now();
    let error = graph.accept(&line(LINE), &wacid(), &SdpText::new("v=0\r\n")).await.unwrap_err();
    assert!(error.is_ambiguous(), "{error:?}");
    // Three attempts and the pauses between them; every byte would have been in time.
    let took = begun.elapsed();
    assert!((900..4_000).contains(&took.as_millis()), "{took:?}");
}

#[tokio::test]
async fn c6_a_limit_of_the_line_is_a_refusal_that_is_not_stormed() {
    for (status, code) in [(429, 138_002), (429, 138_005), (400, 138_002), (400, 138_005)] {
        let meta = Meta::start([Reply::refusal(status, code, "Too many")]).await;
        let error = accept(&meta).await.unwrap_err();
        assert_eq!(error.code(), Some(Code::from(code)), "{error:?}");
        assert_eq!(error.class(), Class::CarrierFault);
        assert_eq!(meta.seen().len(), 1, "without Retry-After there is one request");
    }
    let throttled = || Reply::Header(429, "retry-after", "0", envelope(138_002, "slow"));
    let meta = Meta::start([throttled(), throttled(), throttled(), throttled()]).await;
    assert_eq!(accept(&meta).await.unwrap_err().code(), Some(Code::ConcurrentCallsLimit));
    assert_eq!(meta.seen().len(), 3, "Retry-After does not lift the bound");
}

#[tokio::test]
async fn undelivered_after_unknown_is_unknown() {
    // The listener is closed after the first request: the second attempt finds nobody.
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.expect("a listening socket");
        drop(listener);
        let mut request = [0; 4_096];
        let _ = socket.read(&mut request).await;
    });
    let graph = graph(&format!("http://{address}"), Duration::from_secs(1));
    let error = graph.terminate(&line(LINE), &wacid()).await.unwrap_err();
    let GraphError::Ambiguous { what } = error else {
        panic!("{error:?}");
    };
    assert_eq!(what, "no answer at first, then no connection");
}

#[tokio::test]
async fn errors_name_neither_token_nor_call_nor_address() {
    let meta = Meta::start(vec![Reply::Body(502, SUCCESS.to_owned()); 3]).await;
    let error = accept(&meta).await.unwrap_err();
    let shown = format!("{error} {error:?}");
    for secret in ["EAAG", "wacid", LINE, "127.0.0.1"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}
