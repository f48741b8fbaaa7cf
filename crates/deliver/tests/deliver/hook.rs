//! The hook is asked once, signed, and waited for no longer than a second and a half.

use std::net::{Ipv4Addr, SocketAddr};
use std::time::{Duration, Instant};

use axum::Router;
use axum::body::Bytes;
use axum::http::HeaderMap;
use axum::routing::post;
use deliver::{Failure, Hook, HookFailure, sign};
use model::{CallId, LineId, Timestamp, WorkspaceId};
use tokio::net::TcpListener;
use wire::CallerView;
use wire::events::{RingAnswer, RingQuestion};

use crate::private::install_crypto;

fn question() -> RingQuestion {
    RingQuestion {
        v: 1,
        workspace: WorkspaceId::new("acme").expect("a test value"),
        call: "call_00000000000000000000000000000001".parse::<CallId>().expect("a test value"),
        line: LineId::new("1").expect("a test value"),
        line_name: "Support".to_owned(),
        from: CallerView { display: "Maria".to_owned(), phone: None },
        user_id: None,
        arrived_at: Timestamp::from_seconds(1_700_000_000),
    }
}

async fn serve(app: Router) -> SocketAddr {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await.expect("a test value");
    let address = listener.local_addr().expect("a test value");
    tokio::spawn(async move { axum::serve(listener, app).await });
    address
}

async fn ask(app: Router) -> Result<RingAnswer, HookFailure> {
    install_crypto();
    let url = format!("http://{}/", serve(app).await).parse().expect("a test value");
    let hook = Hook::new(url, "whsec_hook".into(), Duration::from_secs(9)).expect("a test value");
    hook.before_ringing(&question(), Timestamp::now()).await
}

#[tokio::test]
async fn a_signed_question_gets_its_answer() {
    let answer = ask(Router::new().route(
        "/",
        post(|headers: HeaderMap, body: Bytes| async move {
            let header = |name: &str| headers[name].to_str().expect("a test value").to_owned();
            let at = header("ringdown-timestamp").parse().expect("a test value");
            assert_eq!(header("ringdown-signature"), sign(&"whsec_hook".into(), at, &body));
            let asked: RingQuestion = serde_json::from_slice(&body).expect("a test value");
            assert_eq!(asked, question());
            r#"{"action":"ring","contact_name":"Maria Silva","group":"sales","agent":"ana"}"#
        }),
    ));
    let RingAnswer::Ring { group, contact_name, agent } = answer.await.expect("a test value")
    else {
        panic!("not a ring");
    };
    assert_eq!(contact_name.as_deref(), Some("Maria Silva"));
    assert_eq!(group.expect("a test value").as_str(), "sales");
    assert_eq!(agent.expect("a test value").as_str(), "ana");
}

#[tokio::test]
async fn a_hook_that_hangs_is_given_up_after_a_second_and_a_half() {
    let begun = Instant::now();
    let answer = ask(Router::new().route("/", post(std::future::pending::<&'static str>)));
    let failure = answer.await.unwrap_err();
    let took = begun.elapsed();
    assert!(matches!(failure, HookFailure::Failed(Failure::TooSlow(_))), "{failure}");
    assert!(
        took >= Duration::from_millis(1_400) && took < Duration::from_millis(1_600),
        "{took:?}"
    );
}

#[tokio::test]
async fn an_error_or_nonsense_or_too_much_is_no_answer() {
    let refused = ask(Router::new()).await;
    assert_eq!(refused, Err(HookFailure::Failed(Failure::Status(404))));
    let nonsense = ask(Router::new().route("/", post(|| async { "ring!" }))).await;
    assert_eq!(nonsense, Err(HookFailure::Unreadable));
    let flood = format!(r#"{{"action":"reject","x":"{}"}}"#, "x".repeat(100_000));
    let flooded = ask(Router::new().route("/", post(|| async { flood }))).await;
    assert_eq!(flooded, Err(HookFailure::Unreadable));
}
