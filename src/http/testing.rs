//! A transport that follows a script, for tests here and in the modules above.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use futures_util::future::BoxFuture;
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use super::transport::{Request, Response, Transport, TransportError, TransportErrorKind};

/// What the script answers.
pub(crate) type Answer = Result<Response, TransportError>;

/// Answers each request by a closure, after `delay`, and remembers what was asked.
pub(crate) struct Script<F> {
    delay: Duration,
    answer: F,
    requests: Mutex<Vec<Request>>,
}

impl<F> std::fmt::Debug for Script<F> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Script")
    }
}

impl<F: Fn(&Request) -> Answer + Send + Sync> Script<F> {
    pub(crate) fn new(answer: F) -> Arc<Self> {
        Script::slow(Duration::ZERO, answer)
    }

    pub(crate) fn slow(delay: Duration, answer: F) -> Arc<Self> {
        Arc::new(Script { delay, answer, requests: Mutex::new(Vec::new()) })
    }

    /// What was asked so far.
    pub(crate) fn requests(&self) -> Vec<Request> {
        self.requests.lock().unwrap().clone()
    }

    /// Path and query of what was asked so far.
    pub(crate) fn paths(&self) -> Vec<String> {
        self.requests().iter().map(|request| request.url[url::Position::BeforePath..].to_owned()).collect()
    }
}

impl<F: Fn(&Request) -> Answer + Send + Sync> Transport for Script<F> {
    fn send(&self, request: Request) -> BoxFuture<'_, Answer> {
        Box::pin(async move {
            self.requests.lock().unwrap().push(request.clone());
            if !self.delay.is_zero() {
                tokio::time::sleep(self.delay).await;
            }
            (self.answer)(&request)
        })
    }
}

/// A JSON answer whose body comes in small pieces.
pub(crate) fn json(status: u16, body: impl AsRef<str>) -> Answer {
    answer(status, &[("content-type", "application/json; charset=utf-8"), ("request-id", "r-1")], body, None)
}

/// An answer. `cut` ends its body with an error after all its bytes.
pub(crate) fn answer(status: u16, headers: &[(&'static str, &str)], body: impl AsRef<str>, cut: Option<TransportErrorKind>) -> Answer {
    let headers: HeaderMap =
        headers.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_str(value).unwrap())).collect();
    let mut chunks: Vec<Result<Bytes, TransportError>> =
        body.as_ref().as_bytes().chunks(11).map(|chunk| Ok(Bytes::copy_from_slice(chunk))).collect();
    chunks.extend(cut.map(|kind| Err(failure(kind))));
    Ok(Response { status: StatusCode::from_u16(status).unwrap(), headers, body: Box::pin(futures_util::stream::iter(chunks)) })
}

/// No answer.
pub(crate) fn failure(kind: TransportErrorKind) -> TransportError {
    TransportError { kind, detail: "scripted".into() }
}
