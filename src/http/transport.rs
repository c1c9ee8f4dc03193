//! The one seam that tests replace: a request goes in, a response with a streamed body comes out.

use std::path::PathBuf;
use std::pin::Pin;
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use futures_util::{Stream, StreamExt};
use reqwest::header::HeaderMap;
use reqwest::{Method, StatusCode};
use url::{Host, Url};

use super::{text, tls};

/// A request.
#[derive(Clone)]
pub struct Request {
    /// Method.
    pub method: Method,
    /// Whole URL.
    pub url: Url,
    /// Headers; secrets in them are marked sensitive.
    pub headers: HeaderMap,
    /// Body.
    pub body: Option<Bytes>,
    /// For the whole exchange, body included.
    pub timeout: Duration,
}

/// Shows where it goes and how large it is, never a header or the body: a sign-in's body holds the secret.
impl std::fmt::Debug for Request {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let bytes = self.body.as_ref().map_or(0, Bytes::len);
        f.debug_struct("Request")
            .field("method", &self.method)
            .field("path", &self.url.path())
            .field("body_bytes", &bytes)
            .finish_non_exhaustive()
    }
}

/// A body as its bytes come, already inflated.
pub type Body = Pin<Box<dyn Stream<Item = Result<Bytes, TransportError>> + Send>>;

/// A response.
pub struct Response {
    /// Status.
    pub status: StatusCode,
    /// Headers.
    pub headers: HeaderMap,
    /// Body.
    pub body: Body,
}

/// Sends requests.
pub trait Transport: Send + Sync + std::fmt::Debug {
    /// Sends one request, once: no retry, no redirect.
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>>;
}

/// What a transport can fail with. Never holds a URL, a header or a body.
#[derive(Debug, thiserror::Error)]
#[error("{kind}: {detail}")]
pub struct TransportError {
    /// What happened.
    pub kind: TransportErrorKind,
    /// The cause in the library's words, without URL.
    pub detail: String,
}

/// What happened to a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransportErrorKind {
    /// No connection: nothing was sent.
    Connect,
    /// The certificate was refused or the handshake failed.
    Tls,
    /// It took too long.
    Timeout,
    /// The connection ended before the response was whole.
    Reset,
    /// The body ended before its announced length, or could not be inflated.
    TruncatedBody,
    /// Anything else.
    Other,
}

impl std::fmt::Display for TransportErrorKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            TransportErrorKind::Connect => "no connection",
            TransportErrorKind::Tls => "TLS failed",
            TransportErrorKind::Timeout => "timed out",
            TransportErrorKind::Reset => "connection lost",
            TransportErrorKind::TruncatedBody => "body cut short",
            TransportErrorKind::Other => "request failed",
        })
    }
}

/// How a [`HttpTransport`] is set up.
#[derive(Debug, Clone)]
pub struct TransportOptions {
    /// PEM file with certificates that are trusted besides the system's.
    pub ca_file: Option<PathBuf>,
    /// The only host is this machine: no proxy may see the calls.
    pub loopback_only: bool,
    /// `User-Agent` of every call.
    pub user_agent: String,
    /// How long making a connection may take, TLS handshake included.
    pub connect_timeout: Duration,
}

/// The longest silence in the middle of an exchange. Graph's sign-in log can think for most of a minute before its first byte.
const READ_TIMEOUT: Duration = Duration::from_secs(90);

/// What the server may send ahead on one HTTP/2 stream, and on all streams of a connection: it bounds what lies unread in memory.
const STREAM_WINDOW: u32 = 512 * 1024;
const CONNECTION_WINDOW: u32 = 3 * 1024 * 1024;

/// The real transport: reqwest over rustls, HTTP/2 where the server speaks it, gzip, kept-alive connections, the system's proxy.
///
/// It sends a request once: reqwest's own repeats and its redirects are switched off, so that `retry` is the only one that counts.
///
/// A call to this machine passes no proxy, whatever the others do: over plain http a proxy would read the token.
#[derive(Debug, Clone)]
pub struct HttpTransport {
    client: reqwest::Client,
    direct: reqwest::Client,
}

impl HttpTransport {
    /// Sets up the transport. Fails if the CA file cannot be read or holds no certificate (the error names it), or if there is no trusted root at all.
    pub fn new(options: &TransportOptions) -> Result<HttpTransport, TransportError> {
        let tls = tls::client_config(options.ca_file.as_deref())?;
        let direct = Self::client(options, tls.clone(), true)?;
        let client = if options.loopback_only { direct.clone() } else { Self::client(options, tls, false)? };
        Ok(HttpTransport { client, direct })
    }

    fn client(options: &TransportOptions, tls: rustls::ClientConfig, direct: bool) -> Result<reqwest::Client, TransportError> {
        let builder = reqwest::Client::builder()
            .tls_backend_preconfigured(tls)
            .retry(reqwest::retry::never())
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .user_agent(&options.user_agent)
            .gzip(true)
            .connect_timeout(options.connect_timeout)
            .read_timeout(READ_TIMEOUT)
            .http2_initial_stream_window_size(STREAM_WINDOW)
            .http2_initial_connection_window_size(CONNECTION_WINDOW);
        let builder = if direct { builder.no_proxy() } else { builder };
        builder.build().map_err(|error| describe(error, Phase::Setup))
    }
}

/// True if the URL is one of this machine.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}

impl Transport for HttpTransport {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        Box::pin(async move {
            let client = if is_loopback(&request.url) { &self.direct } else { &self.client };
            let mut builder = client.request(request.method, request.url).headers(request.headers).timeout(request.timeout);
            if let Some(body) = request.body {
                builder = builder.body(body);
            }
            let mut answer = builder.send().await.map_err(|error| describe(error, Phase::Head))?;
            let headers = std::mem::take(answer.headers_mut());
            let status = answer.status();
            let body = answer.bytes_stream().map(|chunk| chunk.map_err(|error| describe(error, Phase::Body)));
            Ok(Response { status, headers, body: Box::pin(body) })
        })
    }
}

/// How far an exchange had come when it failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Setup,
    Head,
    Body,
}

/// Sorts reqwest's error and keeps its words, never its URL.
fn describe(error: reqwest::Error, phase: Phase) -> TransportError {
    let kind = if tls::is_refusal(&error) {
        TransportErrorKind::Tls
    } else if error.is_connect() {
        // A connection that took too long to make is none: waiting longer seldom helps.
        TransportErrorKind::Connect
    } else if error.is_timeout() {
        TransportErrorKind::Timeout
    } else {
        match phase {
            Phase::Setup => TransportErrorKind::Other,
            Phase::Head if error.is_builder() || error.is_redirect() => TransportErrorKind::Other,
            Phase::Head => TransportErrorKind::Reset,
            Phase::Body if lost_connection(&error) => TransportErrorKind::Reset,
            Phase::Body => TransportErrorKind::TruncatedBody,
        }
    };
    TransportError { kind, detail: text::one_line(&chain(&error.without_url()), 300) }
}

/// True if the operating system says that the connection itself broke.
fn lost_connection(error: &(dyn std::error::Error + 'static)) -> bool {
    use std::io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset};
    causes(error).any(|cause| {
        cause.downcast_ref::<std::io::Error>().is_some_and(|io| matches!(io.kind(), BrokenPipe | ConnectionAborted | ConnectionReset))
    })
}

/// The error and what caused it, outermost first.
fn causes<'a>(error: &'a (dyn std::error::Error + 'static)) -> impl Iterator<Item = &'a (dyn std::error::Error + 'static)> {
    std::iter::successors(Some(error), |cause| cause.source())
}

fn chain(error: &(dyn std::error::Error + 'static)) -> String {
    let mut parts: Vec<String> = causes(error).map(ToString::to_string).collect();
    parts.dedup();
    parts.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_request_shows_no_secret() {
        let mut headers = HeaderMap::new();
        headers.insert("authorization", "Bearer canary".parse().unwrap());
        let url = Url::parse("https://login.example/t/token?code=canary").unwrap();
        let request =
            Request { method: Method::POST, url, headers, body: Some(Bytes::from("client_secret=canary")), timeout: Duration::ZERO };
        let shown = format!("{request:?}");
        assert!(!shown.contains("canary") && shown.contains("/t/token"), "{shown}");
    }
}
