//! The real transport against a TLS server on loopback: HTTP/2, gzip, one connection kept for all calls, a custom CA file.

use std::convert::Infallible;
use std::io::Write as _;
use std::path::PathBuf;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use http_body_util::Full;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode, Version};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use url::Url;

use super::body::{BodyError, read_capped};
use super::transport::{HttpTransport, Request, Transport, TransportErrorKind, TransportOptions};

fn data(name: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name)
}

fn options(ca_file: Option<PathBuf>) -> TransportOptions {
    TransportOptions { ca_file, loopback_only: true, user_agent: "partnerscope-test/1".into(), connect_timeout: Duration::from_secs(5) }
}

fn get(url: &str, timeout: Duration) -> Request {
    Request { method: Method::GET, url: Url::parse(url).unwrap(), headers: HeaderMap::new(), body: None, timeout }
}

const SOON: Duration = Duration::from_secs(5);

/// What a server saw.
#[derive(Debug, Default)]
struct Seen {
    connections: AtomicUsize,
    requests: Mutex<Vec<(Version, HeaderMap)>>,
}

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn respond(path: &str) -> hyper::Response<Full<Bytes>> {
    let builder = hyper::Response::builder().header("content-type", "application/json");
    match path {
        "/moved" => builder.status(302).header("location", "/elsewhere").body(Full::default()),
        // A megabyte of zeros in a kilobyte: the cap must count what comes out.
        "/bomb" => builder.header("content-encoding", "gzip").body(Full::from(gzip(&[b' '; 1024 * 1024]))),
        "/torn" => {
            let whole = gzip(br#"{"value":[1,2,3,4,5,6,7,8,9]}"#);
            builder.header("content-encoding", "gzip").body(Full::from(whole[..whole.len() - 12].to_vec()))
        }
        _ => builder.header("content-encoding", "gzip").body(Full::from(gzip(br#"{"value":[]}"#))),
    }
    .unwrap()
}

/// Starts a server that speaks HTTP/2 and HTTP/1.1 over TLS.
async fn serve() -> (u16, Arc<Seen>) {
    let certificates: Vec<CertificateDer<'static>> =
        CertificateDer::pem_file_iter(data("tls-server.pem")).unwrap().collect::<Result<_, _>>().unwrap();
    let key = PrivateKeyDer::from_pem_file(data("tls-server.key")).unwrap();
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut config = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(certificates, key)
        .unwrap();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    let seen = Arc::new(Seen::default());
    let seen_by_server = seen.clone();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, seen) = (acceptor.clone(), seen_by_server.clone());
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                seen.connections.fetch_add(1, Ordering::SeqCst);
                let service = service_fn(|request: hyper::Request<Incoming>| {
                    seen.requests.lock().unwrap().push((request.version(), request.headers().clone()));
                    let response = respond(request.uri().path());
                    async move { Ok::<_, Infallible>(response) }
                });
                let _ = hyper_util::server::conn::auto::Builder::new(TokioExecutor::new())
                    .serve_connection(TokioIo::new(stream), service)
                    .await;
            });
        }
    });
    (port, seen)
}

#[tokio::test]
async fn http_2_gzip_and_one_connection_for_all() {
    let (port, seen) = serve().await;
    let transport = HttpTransport::new(&options(Some(data("tls-ca.pem")))).unwrap();
    let url = format!("https://localhost:{port}/v1.0/contracts?$top=1");
    for _ in 0..3 {
        let response = transport.send(get(&url, SOON)).await.unwrap();
        assert_eq!(response.status, StatusCode::OK);
        assert_eq!(read_capped(response.body, 1000).await.unwrap(), r#"{"value":[]}"#);
    }
    let many = (0..20).map(|_| async { transport.send(get(&url, SOON)).await.unwrap().status });
    assert!(futures_util::future::join_all(many).await.iter().all(|status| *status == StatusCode::OK));

    assert_eq!(seen.connections.load(Ordering::SeqCst), 1);
    let requests = seen.requests.lock().unwrap();
    assert_eq!(requests.len(), 23);
    for (version, headers) in requests.iter() {
        assert_eq!(*version, Version::HTTP_2);
        assert_eq!(headers["accept-encoding"], "gzip");
        assert_eq!(headers["user-agent"], "partnerscope-test/1");
    }
}

#[tokio::test]
async fn a_certificate_that_nobody_vouches_for_is_refused() {
    let (port, seen) = serve().await;
    // The machine that runs the tests may have no roots at all, which is an error of its own.
    let Ok(transport) = HttpTransport::new(&options(None)) else { return };
    let error = transport.send(get(&format!("https://localhost:{port}/?secret=1"), SOON)).await.err().unwrap();
    assert_eq!(error.kind, TransportErrorKind::Tls, "{error}");
    assert!(!error.to_string().contains("secret"), "{error}");
    assert!(seen.requests.lock().unwrap().is_empty());
}

#[tokio::test]
async fn redirects_bombs_and_torn_bodies() {
    let (port, seen) = serve().await;
    let transport = HttpTransport::new(&options(Some(data("tls-ca.pem")))).unwrap();
    let ask = async |path: &str| transport.send(get(&format!("https://127.0.0.1:{port}{path}"), SOON)).await.unwrap();

    assert_eq!(ask("/moved").await.status, StatusCode::FOUND);
    assert_eq!(seen.requests.lock().unwrap().len(), 1, "no redirect is followed");
    assert!(matches!(read_capped(ask("/bomb").await.body, 100_000).await, Err(BodyError::TooLarge { cap: 100_000 })));
    match read_capped(ask("/torn").await.body, 100_000).await {
        Err(BodyError::Transport(error)) => assert_eq!(error.kind, TransportErrorKind::TruncatedBody, "{error}"),
        other => panic!("{other:?}"),
    }
}

/// A server that accepts connections and does `then` with the raw stream.
async fn raw<F: Future<Output = ()> + Send + 'static>(then: impl Fn(tokio::net::TcpStream) -> F + Send + 'static) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/?secret=1", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            tokio::spawn(then(stream));
        }
    });
    url
}

async fn fails_with(url: &str, timeout: Duration) -> TransportErrorKind {
    let transport = HttpTransport::new(&options(Some(data("tls-ca.pem")))).unwrap();
    let error = match transport.send(get(url, timeout)).await {
        Err(error) => error,
        Ok(response) => match read_capped(response.body, 100_000).await {
            Err(BodyError::Transport(error)) => error,
            other => panic!("{other:?}"),
        },
    };
    assert!(!error.to_string().contains("secret"), "{error}");
    error.kind
}

#[tokio::test]
async fn each_kind_of_failure_is_told_apart() {
    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    let closed = raw(|mut stream| async move {
        let _ = stream.read(&mut [0; 1024]).await;
    })
    .await;
    assert_eq!(fails_with(&closed, SOON).await, TransportErrorKind::Reset);

    let cut = raw(|mut stream| async move {
        let _ = stream.read(&mut [0; 1024]).await;
        let _ = stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n{\"value\":[").await;
    })
    .await;
    assert!(matches!(fails_with(&cut, SOON).await, TransportErrorKind::TruncatedBody | TransportErrorKind::Reset));

    let silent = raw(|stream| async move {
        tokio::time::sleep(Duration::from_secs(2)).await;
        drop(stream);
    })
    .await;
    assert_eq!(fails_with(&silent, Duration::from_millis(40)).await, TransportErrorKind::Timeout);

    let free = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    assert_eq!(fails_with(&format!("http://{free}/?secret=1"), SOON).await, TransportErrorKind::Connect);
    let plain = closed.replace("http://", "https://");
    assert!(matches!(fails_with(&plain, SOON).await, TransportErrorKind::Tls | TransportErrorKind::Connect));
}
