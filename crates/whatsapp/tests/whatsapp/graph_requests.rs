//! Requests reach Meta byte for byte as its endpoint reference shows them.

use model::{LineId, SdpText, Wacid};
use whatsapp::{Graph, GraphConfig, GraphError};

use crate::fixtures::{LINE, line};
use crate::meta::{Meta, Reply, config, install_crypto};

const PROOF: &str = "d82de666620afe086be81ebab958c278e081b1f7519ace3933eda27d4572290d";

fn wacid() -> Wacid {
    Wacid::new("wacid.QUJD/+Q==").expect("a plain id")
}

#[tokio::test]
async fn the_four_verbs_have_exactly_these_bodies() {
    let meta = Meta::start(vec![Reply::success(); 4]).await;
    let graph = meta.graph();
    let line = line(LINE);
    let sdp = SdpText::new("v=0\r\na=ice-pwd:a/b+c==\r\na=x:\"é\"\r\n");
    graph.pre_accept(&line, &wacid(), &sdp).await.unwrap();
    graph.accept(&line, &wacid(), &sdp).await.unwrap();
    graph.reject(&line, &wacid()).await.unwrap();
    graph.terminate(&line, &wacid()).await.unwrap();

    let session = r#"{"sdp_type":"answer","sdp":"v=0\r\na=ice-pwd:a/b+c==\r\na=x:\"é\"\r\n"}"#;
    let start = r#"{"messaging_product":"whatsapp","call_id":"wacid.QUJD/+Q==","action":"#;
    let expected = [
        format!(r#"{start}"pre_accept","session":{session}}}"#),
        format!(r#"{start}"accept","session":{session}}}"#),
        format!(r#"{start}"reject"}}"#),
        format!(r#"{start}"terminate"}}"#),
    ];
    let seen = meta.seen();
    let bodies: Vec<&str> =
        seen.iter().map(|request| std::str::from_utf8(&request.body).unwrap()).collect();
    assert_eq!(bodies, expected);
    for request in &seen {
        assert_eq!(request.method, "POST");
        assert_eq!(request.uri, "/v23.0/200300400500600/calls");
        assert_eq!(request.headers["authorization"], "Bearer EAAG-fixture-token");
        assert_eq!(request.headers["content-type"], "application/json");
    }
}

#[tokio::test]
async fn a_proof_is_added_when_the_app_demands_one() {
    let meta = Meta::start([Reply::success()]).await;
    let config =
        GraphConfig { app_secret_proof: Some("app-secret".into()), ..config(&meta.base_url) };
    install_crypto();
    let graph = Graph::new(config).unwrap();
    graph.reject(&line(LINE), &wacid()).await.unwrap();
    let uri = meta.seen()[0].uri.to_string();
    assert_eq!(uri, format!("/v23.0/200300400500600/calls?appsecret_proof={PROOF}"));
    assert!(!format!("{graph:?}").contains(PROOF));
}

#[tokio::test]
async fn c8_a_renewed_token_and_its_proof_are_used_from_the_next_request_on() {
    let meta = Meta::start(vec![Reply::success(); 3]).await;
    let config =
        GraphConfig { app_secret_proof: Some("app-secret".into()), ..config(&meta.base_url) };
    install_crypto();
    let graph = Graph::new(config).unwrap();
    let clone = graph.clone();
    graph.reject(&line(LINE), &wacid()).await.unwrap();
    graph.renew_token(&"EAAG-renewed".into()).unwrap();
    clone.reject(&line(LINE), &wacid()).await.unwrap();
    assert!(graph.renew_token(&"".into()).is_err(), "an empty file is no token");
    graph.reject(&line(LINE), &wacid()).await.unwrap();
    let [old, renewed, kept] = &meta.seen()[..] else { panic!("three requests") };
    assert_ne!(old.uri, renewed.uri, "the proof is of the token");
    assert_eq!(renewed.uri, kept.uri);
    assert_eq!(renewed.headers["authorization"], "Bearer EAAG-renewed");
    assert_eq!(kept.headers["authorization"], "Bearer EAAG-renewed");
}

#[tokio::test]
async fn a_path_before_the_version_is_kept_and_an_odd_line_cannot_leave_its_place() {
    let meta = Meta::start(vec![Reply::success(); 2]).await;
    install_crypto();
    let graph = Graph::new(config(&format!("{}/proxy/", meta.base_url))).unwrap();
    graph.reject(&line(LINE), &wacid()).await.unwrap();
    let odd = LineId::new("../a?b#c").unwrap();
    graph.reject(&odd, &wacid()).await.unwrap();
    let seen = meta.seen();
    assert_eq!(seen[0].uri, "/proxy/v23.0/200300400500600/calls");
    assert_eq!(seen[1].uri, "/proxy/v23.0/..%2Fa%3Fb%23c/calls");
}

#[test]
fn an_unusable_configuration_is_refused_before_any_call() {
    install_crypto();
    let base = || config("https://graph.facebook.com");
    assert!(Graph::new(base()).is_ok());
    let bad = [
        GraphConfig { base_url: "graph.facebook.com".to_owned(), ..base() },
        GraphConfig { base_url: "ftp://graph.facebook.com".to_owned(), ..base() },
        GraphConfig { base_url: "https://graph.facebook.com/?a=b".to_owned(), ..base() },
        GraphConfig { base_url: String::new(), ..base() },
        GraphConfig { version: "23.0".to_owned(), ..base() },
        GraphConfig { version: "v23".to_owned(), ..base() },
        GraphConfig { version: "v23.0/../x".to_owned(), ..base() },
        GraphConfig { token: " ".into(), ..base() },
        GraphConfig { token: "line\nbreak".into(), ..base() },
        GraphConfig { app_secret_proof: Some("".into()), ..base() },
    ];
    for config in bad {
        let shown = format!("{config:?}");
        let result = Graph::new(config);
        assert!(matches!(result, Err(GraphError::Setup { .. })), "{shown}");
    }
}
