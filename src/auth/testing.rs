//! For the unit tests of this folder: a transport that is a closure, answers, tokens.

use std::sync::{Arc, Mutex};

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use bytes::Bytes;
use futures_util::future::BoxFuture;
use reqwest::StatusCode;
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};

use crate::http::transport::{Request, Response, Transport, TransportError};

type Script = Box<dyn Fn(usize, &Request) -> Result<Response, TransportError> + Send + Sync>;

/// Hands each request, with its number from 0, to a closure, and keeps it.
pub(super) struct Scripted {
    script: Script,
    seen: Mutex<Vec<Request>>,
}

impl std::fmt::Debug for Scripted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Scripted")
    }
}

impl Scripted {
    pub(super) fn new(script: impl Fn(usize, &Request) -> Result<Response, TransportError> + Send + Sync + 'static) -> Arc<Self> {
        Arc::new(Scripted { script: Box::new(script), seen: Mutex::default() })
    }

    /// Always the same answer.
    pub(super) fn always(status: u16, body: &'static str) -> Arc<Self> {
        Scripted::new(move |_, _| Ok(json(status, body)))
    }

    pub(super) fn calls(&self) -> usize {
        self.seen.lock().unwrap().len()
    }

    pub(super) fn request(&self, number: usize) -> Request {
        self.seen.lock().unwrap()[number].clone()
    }

    /// The form of a request as pairs.
    pub(super) fn form(&self, number: usize) -> Vec<(String, String)> {
        let body = self.request(number).body.unwrap();
        url::form_urlencoded::parse(&body).into_owned().collect()
    }
}

impl Transport for Scripted {
    fn send(&self, request: Request) -> BoxFuture<'_, Result<Response, TransportError>> {
        let number = {
            let mut seen = self.seen.lock().unwrap();
            seen.push(request.clone());
            seen.len() - 1
        };
        let answer = (self.script)(number, &request);
        Box::pin(async move { answer })
    }
}

/// A JSON answer.
pub(super) fn json(status: u16, body: &str) -> Response {
    answer(status, &[("content-type", "application/json; charset=utf-8")], body)
}

/// An answer.
pub(super) fn answer(status: u16, headers: &[(&'static str, &str)], body: &str) -> Response {
    let mut map = HeaderMap::new();
    for (name, value) in headers {
        map.insert(HeaderName::from_static(name), HeaderValue::from_str(value).unwrap());
    }
    let body = Bytes::copy_from_slice(body.as_bytes());
    Response { status: StatusCode::from_u16(status).unwrap(), headers: map, body: Box::pin(futures_util::stream::iter([Ok(body)])) }
}

/// A JWT with this payload and no signature to speak of.
pub(super) fn jwt(payload: &str) -> String {
    format!("eyJhbGciOiJub25lIn0.{}.c2ln", URL_SAFE_NO_PAD.encode(payload))
}
