//! A name that stands for our own network is not connected to, however it got here.

use std::sync::Once;
use std::time::Duration;

use deliver::{AddressError, Courier, Failure, Letter, Reach};
use model::Timestamp;
use tokio::net::TcpListener;

pub(crate) fn install_crypto() {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        let _ = rustls::crypto::ring::default_provider().install_default();
    });
}

#[tokio::test]
async fn a_name_or_number_of_this_machine_is_refused_before_anything_is_sent() {
    install_crypto();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let accepted = tokio::spawn(async move { listener.accept().await.map(|_| ()) });
    let courier = Courier::new(Reach::Public).unwrap();
    for host in ["localhost", "127.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "127.1"] {
        let url = format!("http://{host}:{port}/").parse().unwrap();
        let secrets = ["whsec_x".into()];
        let letter =
            Letter { id: "event_1", body: "{}".into(), secrets: &secrets, at: Timestamp::now() };
        let sent = courier.send(&url, letter, Duration::from_secs(5)).await;
        assert_eq!(sent, Err(Failure::Address(AddressError::Private)), "{host}");
    }
    assert!(!accepted.is_finished(), "nobody connected");
    accepted.abort();
}
