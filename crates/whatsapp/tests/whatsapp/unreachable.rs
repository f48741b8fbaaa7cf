//! A Meta that cannot be proven to be Meta, found, or kept connected is asked nothing: the token does
//! not leave, and the verb surely did not happen.

use std::net::SocketAddr;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use model::{SdpText, Wacid};
use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer};
use whatsapp::GraphError;

use crate::fixtures::{LINE, line};
use crate::meta::{SUCCESS, graph};

/// Time to connect (3 s) and one repetition of it, on a slow machine.
const GIVEN_UP_WITHIN: Duration = Duration::from_secs(15);
/// How the inner test is told where the servers are.
const SERVERS: &str = "RINGDOWN_TEST_TLS_SERVERS";

/// A Meta that speaks TLS, and counts the requests that were sent to it.
struct Server {
    address: SocketAddr,
    requests: Arc<AtomicUsize>,
}

fn params(names: &[&str]) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    CertificateParams::new(names).expect("valid names")
}

/// Serves the certificate to whoever comes, and answers every request with success.
async fn serve(certificate: CertificateDer<'static>, key: &KeyPair) -> Server {
    let key = PrivateKeyDer::try_from(key.serialize_der()).expect("a key");
    let config = ServerConfig::builder()
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("a certificate with its key");
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("a bound socket");
    let requests = Arc::new(AtomicUsize::new(0));
    let counted = requests.clone();
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            let (acceptor, counted) = (acceptor.clone(), counted.clone());
            tokio::spawn(async move {
                let Ok(mut tls) = acceptor.accept(socket).await else { return };
                let mut request = [0; 8_192];
                if tls.read(&mut request).await.is_ok_and(|read| read > 0) {
                    counted.fetch_add(1, Ordering::SeqCst);
                    let length = SUCCESS.len();
                    let head = format!("HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n");
                    let _ = tls.write_all(format!("{head}{SUCCESS}").as_bytes()).await;
                }
            });
        }
    });
    Server { address, requests }
}

async fn accept(base: &str) -> Result<(), GraphError> {
    let graph = graph(base, Duration::from_secs(4));
    let wacid = Wacid::new("wacid.QUJD").expect("a plain id");
    graph.accept(&line(LINE), &wacid, &SdpText::new("v=0\r\n")).await
}

/// Nobody was asked anything, and that is certain.
async fn is_unreachable(base: &str) {
    let begun = Instant::now();
    let error = accept(base).await.expect_err("nobody may be asked");
    assert!(matches!(error, GraphError::Unreachable { .. }), "{base}: {error:?}");
    assert!(!error.is_ambiguous() && !error.to_string().contains("127.0.0.1"), "{error}");
    assert!(begun.elapsed() < GIVEN_UP_WITHIN, "{base}: {:?}", begun.elapsed());
}

#[tokio::test]
async fn c10_a_certificate_of_nobody_known_is_told_nothing() {
    let key = KeyPair::generate().unwrap();
    let certificate = params(&["127.0.0.1"]).self_signed(&key).unwrap();
    let server = serve(certificate.der().clone(), &key).await;
    is_unreachable(&format!("https://{}", server.address)).await;
    assert_eq!(server.requests.load(Ordering::SeqCst), 0, "the token has not left");
}

#[tokio::test]
async fn c10_only_a_valid_certificate_of_metas_own_name_is_trusted() {
    // The platform's authorities are chosen by the environment, and a process reads it once: the
    // inner test runs in one that trusts ours.
    let (ca_key, mut ca) = (KeyPair::generate().unwrap(), params(&[]));
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let root = ca.self_signed(&ca_key).unwrap();
    let issuer = Issuer::new(ca, ca_key);
    let signed = |params: CertificateParams, key: &KeyPair| {
        params.signed_by(key, &issuer).unwrap().der().clone()
    };
    let key = KeyPair::generate().unwrap();
    let mut expired = params(&["127.0.0.1"]);
    expired.not_before = rcgen::date_time_ymd(2019, 1, 1);
    expired.not_after = rcgen::date_time_ymd(2020, 1, 1);
    let right = serve(signed(params(&["127.0.0.1"]), &key), &key).await;
    let other_name = serve(signed(params(&["graph.example.com"]), &key), &key).await;
    let too_old = serve(signed(expired, &key), &key).await;

    let folder = tempfile::tempdir().unwrap();
    let trusted = folder.path().join("ca.pem");
    std::fs::write(&trusted, root.pem()).unwrap();
    let servers = [&right, &other_name, &too_old].map(|server| server.address.to_string());
    let mut inner = Command::new(std::env::current_exe().unwrap());
    inner
        .args(["--ignored", "--exact", "unreachable::inside_a_process_that_trusts_our_authority"])
        .env("SSL_CERT_FILE", &trusted)
        .env(SERVERS, servers.join(","));
    let output = tokio::task::spawn_blocking(move || inner.output()).await.unwrap().unwrap();
    let said = String::from_utf8_lossy(&output.stdout);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
    assert_eq!(right.requests.load(Ordering::SeqCst), 1, "the true one was asked");
    for impostor in [&other_name, &too_old] {
        assert_eq!(impostor.requests.load(Ordering::SeqCst), 0, "the token has not left");
    }
}

#[tokio::test]
#[ignore = "a child; started by `c10_only_a_valid_certificate_of_metas_own_name_is_trusted`"]
async fn inside_a_process_that_trusts_our_authority() {
    let servers = std::env::var(SERVERS).expect("run by the outer test");
    let bases: Vec<String> = servers.split(',').map(|one| format!("https://{one}")).collect();
    assert_eq!(accept(&bases[0]).await, Ok(()), "a good certificate of this name");
    is_unreachable(&bases[1]).await;
    is_unreachable(&bases[2]).await;
}

#[tokio::test]
async fn c10_a_name_that_does_not_resolve_is_unreachable() {
    // A label longer than DNS has room for: refused on this machine, without a question to anybody.
    is_unreachable(&format!("https://{}.invalid", "a".repeat(64))).await;
}

/// Takes connections and does this with them.
async fn rude(with: impl Fn(TcpStream) + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("a bound socket");
    tokio::spawn(async move {
        while let Ok((socket, _)) = listener.accept().await {
            with(socket);
        }
    });
    format!("https://{address}")
}

#[tokio::test]
async fn c10_a_handshake_that_is_reset_garbled_or_stuck_is_given_up_in_bounded_time() {
    let reset = rude(|socket| {
        // Closing with no time to linger is a reset.
        let _ = socket.set_zero_linger();
    })
    .await;
    let garbled = rude(|mut socket| {
        tokio::spawn(async move {
            let _ = socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await;
        });
    })
    .await;
    let stuck = rude(|socket| {
        tokio::spawn(async move {
            tokio::time::sleep(Duration::from_secs(60)).await;
            drop(socket);
        });
    })
    .await;
    tokio::join!(is_unreachable(&reset), is_unreachable(&garbled), async {
        let begun = Instant::now();
        // Whether the time ended before or after the handshake is not told: on the safe side.
        let error = accept(&stuck).await.unwrap_err();
        assert!(
            error.is_ambiguous() || matches!(error, GraphError::Unreachable { .. }),
            "{error:?}"
        );
        assert!(begun.elapsed() < GIVEN_UP_WITHIN, "{:?}", begun.elapsed());
    });
}
