//! One request with all its tries. A try passes, in this order: limiter, token, log, transport; the retry decision is around it.
//!
//! The limiter is inside of the retry because each try counts against Microsoft's quota, a repeated one as well.

use std::time::Duration;

use bytes::Bytes;
use futures_util::StreamExt;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, DATE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER, WWW_AUTHENTICATE};
use reqwest::{Method, StatusCode};
use tokio::time::Instant;
use url::Url;

use super::decode::{Flow, Problem};
use super::error::{Meaning, Refusal, excerpt, meaning, without_token};
use super::{Bucket, Client, Get, GraphError, GraphErrorKind};
use crate::auth::{AuthError, Token};
use crate::http::body::read_start;
use crate::http::limiter::{Permit, Verdict};
use crate::http::log::{self, Exchange};
use crate::http::retry::{Decision, Outcome, Situation, decide};
use crate::http::text::one_line;
use crate::http::transport::{Request, Response, TransportErrorKind};

const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("client-request-id");
const CONSISTENCY_LEVEL: HeaderName = HeaderName::from_static("consistencylevel");
const PREFER: HeaderName = HeaderName::from_static("prefer");
const REQUEST_ID: &str = "request-id";

/// How much of a refusal's body is read.
const REFUSAL_CAP: usize = 64 * 1024;

/// A request that may be sent more than once. Only reads: GETs, batches of GETs, and `getByIds`.
#[derive(Debug, Clone)]
pub(super) struct Call {
    template: &'static str,
    permission: &'static str,
    bucket: Bucket,
    method: Method,
    url: Url,
    headers: HeaderMap,
    body: Option<Bytes>,
}

impl Call {
    /// A GET of this URL, which is the read's own or that of a further page; both carry the same headers.
    pub(super) fn get(get: &Get, url: Url) -> Self {
        let mut headers = HeaderMap::new();
        if get.unknown_enums {
            headers.insert(PREFER, HeaderValue::from_static(UNKNOWN_ENUMS));
        }
        if get.eventual {
            headers.insert(CONSISTENCY_LEVEL, HeaderValue::from_static("eventual"));
        }
        Call { template: get.template, permission: get.permission, bucket: get.bucket, method: Method::GET, url, headers, body: None }
    }

    /// A batch of GETs.
    pub(super) fn batch(url: Url, body: Bytes) -> Self {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        Call { template: "/$batch", permission: "", bucket: Bucket::Directory, method: Method::POST, url, headers, body: Some(body) }
    }

    /// A read of objects by the ids that stand in its body.
    pub(super) fn by_ids(get: &Get, url: Url, body: Bytes) -> Self {
        let mut call = Call { method: Method::POST, body: Some(body), ..Call::get(get, url) };
        call.headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        call
    }

    fn error(&self, kind: GraphErrorKind) -> GraphError {
        GraphError::new(kind, self.template, self.permission)
    }

    /// Reports can think for minutes.
    fn timeout(&self) -> Duration {
        match self.bucket {
            Bucket::Reports | Bucket::SignInActivity => Duration::from_secs(300),
            Bucket::Directory | Bucket::ConditionalAccess => Duration::from_secs(120),
        }
    }
}

/// The value of `Prefer` that shows enum members hidden behind `unknownFutureValue`.
pub(super) const UNKNOWN_ENUMS: &str = "include-unknown-enum-members";

/// Takes a body as it comes.
pub(super) trait Intake: Send {
    /// A try begins: whatever an earlier one left half read is void.
    fn start(&mut self);
    /// The next bytes.
    fn chunk(&mut self, bytes: &[u8]) -> Result<Flow, Problem>;
    /// The body is whole.
    fn end(&mut self) -> Result<(), Problem>;
    /// The try failed; perhaps another begins.
    fn fail(&mut self) {}
}

/// A request that was sent before its turn, with the head of the answer or why there is none: its first try.
pub(super) struct Sent<'c>(Result<Opened<'c>, Failure>);

/// An answer whose head has come, and whose body has not been taken.
struct Opened<'c> {
    response: Response,
    token: Token,
    request_id: String,
    /// Held for the whole exchange.
    _permit: Permit<'c>,
}

/// A try that failed.
struct Failure {
    error: GraphError,
    /// `None`: no further try.
    outcome: Option<Outcome>,
    retry_after: Option<String>,
    /// The token, if it was refused.
    refused: Option<Token>,
}

impl From<GraphError> for Failure {
    fn from(error: GraphError) -> Self {
        Failure { error, outcome: None, retry_after: None, refused: None }
    }
}

impl Client {
    /// Sends a request until it is answered for good, and hands a success to `intake`. Ends with the run's time at the latest.
    pub(super) async fn call(&self, call: &Call, intake: &mut dyn Intake) -> Result<(), GraphError> {
        self.call_sent(call, None, intake).await
    }

    /// As `call`, of a request whose first try may have been sent already.
    pub(super) async fn call_sent(&self, call: &Call, sent: Option<Sent<'_>>, intake: &mut dyn Intake) -> Result<(), GraphError> {
        // The future is large and there are many: it lives on the heap.
        self.in_time(call, Box::pin(self.tries(call, sent, intake))).await
    }

    /// Sends a request once, and waits for no more than the head of its answer.
    pub(super) async fn send_ahead(&self, call: &Call) -> Sent<'_> {
        Sent(self.in_time(call, Box::pin(self.open(call, 1))).await)
    }

    async fn in_time<T, E: From<GraphError>>(&self, call: &Call, work: impl Future<Output = Result<T, E>>) -> Result<T, E> {
        let Some(deadline) = self.deadline else { return work.await };
        let rest = deadline.saturating_sub(self.clock.elapsed());
        tokio::select! {
            biased;
            () = self.clock.sleep(rest) => Err(call.error(GraphErrorKind::OutOfTime).into()),
            result = work => result,
        }
    }

    async fn tries(&self, call: &Call, mut sent: Option<Sent<'_>>, intake: &mut dyn Intake) -> Result<(), GraphError> {
        self.may_send_to(&call.url).map_err(|why| call.error(GraphErrorKind::ForeignLink).because(&why))?;
        let mut attempt = 1;
        let mut waited = Duration::ZERO;
        let mut renewed = false;
        let seed = fastrand::u64(..);
        loop {
            let opened = match sent.take() {
                Some(Sent(opened)) => opened,
                None => self.open(call, attempt).await,
            };
            let result = match opened {
                Ok(opened) => opened.read(call, intake).await,
                Err(failure) => Err(failure),
            };
            let Err(failure) = result else { return Ok(()) };
            intake.fail();
            if let Some(token) = &failure.refused
                && !renewed
            {
                renewed = true;
                self.tokens.discard(token);
                continue;
            }
            let Some(outcome) = failure.outcome else { return Err(failure.error) };
            let retry_after = failure.retry_after.as_deref();
            let situation = Situation { is_read: true, outcome, attempt, retry_after, now: self.clock.wall(), waited, seed };
            let Decision::Wait(wait) = decide(&self.retry, &situation) else { return Err(failure.error) };
            if !self.has_time_for(wait) {
                return Err(GraphError { kind: GraphErrorKind::OutOfTime, ..failure.error });
            }
            if outcome == Outcome::Status(429) {
                self.limiter(call.bucket).pause_for(wait);
            }
            self.observer.waiting(&format!("{}: {}", call.template, failure.error.kind), wait);
            self.clock.sleep(wait).await;
            waited += wait;
            attempt += 1;
        }
    }

    async fn open(&self, call: &Call, attempt: u32) -> Result<Opened<'_>, Failure> {
        let mut permit = self.limiter(call.bucket).acquire().await;
        let token = self.tokens.token().await.map_err(|error| sign_in_error(call, error))?;
        let request_id = uuid::Uuid::new_v4().to_string();
        let Some(headers) = request_headers(call, &token, &request_id) else {
            return Err(call.error(GraphErrorKind::SignIn).because("the token holds characters that a header cannot hold").into());
        };
        let request =
            Request { method: call.method.clone(), url: call.url.clone(), headers, body: call.body.clone(), timeout: call.timeout() };
        let started = Instant::now();
        let answer = self.transport.send(request).await;
        let exchange = Exchange { method: call.method.as_str(), template: call.template, attempt, took: started.elapsed() };
        let response = match answer {
            Ok(response) => response,
            Err(error) => {
                self.observer.answered(None);
                log::failed(&exchange, &error);
                let graph_error =
                    GraphError { client_request_id: Some(request_id), ..call.error(GraphErrorKind::Network).because(&error.to_string()) };
                return Err(Failure { outcome: Some(Outcome::Failed(error.kind)), ..graph_error.into() });
            }
        };
        permit.answered(verdict(response.status));
        self.observer.answered(Some(response.status.as_u16()));
        log::answered(&exchange, response.status.as_u16(), &response.headers);
        self.skew.note(header(&response.headers, DATE.as_str()), self.clock.wall());
        Ok(Opened { response, token, request_id, _permit: permit })
    }
}

impl Opened<'_> {
    /// Takes the body.
    async fn read(self, call: &Call, intake: &mut dyn Intake) -> Result<(), Failure> {
        let Opened { response, token, request_id, _permit } = self;
        let mut blank = call.error(GraphErrorKind::Malformed);
        blank.status = Some(response.status.as_u16());
        blank.request_id = header(&response.headers, REQUEST_ID).map(|id| one_line(id, 100));
        blank.client_request_id = Some(request_id);
        let secret = token.secret.clone();
        let result = if response.status.is_success() {
            take_body(response, intake, blank).await
        } else {
            Err(refusal(response, token, blank).await)
        };
        result.map_err(|mut failure| {
            hide(&mut failure.error, secret.expose());
            failure
        })
    }
}

/// What an answer that is not a success says.
async fn refusal(response: Response, token: Token, mut error: GraphError) -> Failure {
    let status = response.status.as_u16();
    let retry_after = header(&response.headers, RETRY_AFTER.as_str()).map(str::to_owned);
    let challenge = header(&response.headers, WWW_AUTHENTICATE.as_str()).map(str::to_owned);
    let body = read_start(response.body, REFUSAL_CAP).await;
    let meaning = meaning(&Refusal { status, body: &body, challenge: challenge.as_deref() });
    apply(&mut error, meaning);
    let unauthorized = error.kind == GraphErrorKind::Unauthorized;
    let outcome = (!unauthorized).then_some(Outcome::Status(status));
    Failure { error, outcome, retry_after, refused: unauthorized.then_some(token) }
}

/// Takes the token out of an error: a proxy's page may echo the request, whatever its status. The page was cut before, so the token's beginning is enough.
fn hide(error: &mut GraphError, token: &str) {
    for text in [&mut error.message, &mut error.code, &mut error.request_id, &mut error.claims].into_iter().flatten() {
        *text = without_token(text, token);
    }
}

/// Fills an error with what an answer means.
pub(super) fn apply(error: &mut GraphError, meaning: Meaning) {
    error.kind = meaning.kind;
    error.code = meaning.code;
    error.message = meaning.message;
    error.request_id = error.request_id.take().or(meaning.request_id);
    error.claims = meaning.claims;
}

fn sign_in_error(call: &Call, error: AuthError) -> GraphError {
    let text = error.to_string();
    GraphError { auth: Some(Box::new(error)), ..call.error(GraphErrorKind::SignIn).because(&text) }
}

/// The headers of one try; `None` if the token fits into none.
fn request_headers(call: &Call, token: &Token, id: &str) -> Option<HeaderMap> {
    let mut bearer = HeaderValue::try_from(format!("Bearer {}", token.secret.expose())).ok()?;
    bearer.set_sensitive(true);
    let mut headers = call.headers.clone();
    headers.insert(AUTHORIZATION, bearer);
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    headers.insert(CLIENT_REQUEST_ID, HeaderValue::try_from(id).ok()?);
    Some(headers)
}

/// Hands the body of a success on. `error` is filled and returned if it is not what was asked for.
async fn take_body(mut response: Response, intake: &mut dyn Intake, mut error: GraphError) -> Result<(), Failure> {
    let content_type = header(&response.headers, CONTENT_TYPE.as_str()).unwrap_or_default().to_ascii_lowercase();
    if !content_type.is_empty() && !is_json(&content_type) {
        let start = read_start(response.body, REFUSAL_CAP).await;
        let text = excerpt(response.status.as_u16(), &start);
        return Err(error.because(&format!("{} in place of JSON, {text}", one_line(&content_type, 60))).into());
    }
    intake.start();
    while let Some(chunk) = response.body.next().await {
        let chunk = match chunk {
            Ok(chunk) => chunk,
            Err(cut) => {
                error.kind = GraphErrorKind::Network;
                return Err(Failure { outcome: Some(Outcome::Failed(cut.kind)), ..error.because(&cut.to_string()).into() });
            }
        };
        match intake.chunk(&chunk) {
            // Chunks may come as fast as they are decoded: requests of others, and the one for the next page, must get out meanwhile.
            Ok(Flow::More) => tokio::task::yield_now().await,
            Ok(Flow::Enough) => return Ok(()),
            Err(problem) => return Err(body_failure(problem, error)),
        }
    }
    intake.end().map_err(|problem| body_failure(problem, error))
}

fn is_json(content_type: &str) -> bool {
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    essence == "application/json" || essence.ends_with("+json")
}

fn body_failure(problem: Problem, mut error: GraphError) -> Failure {
    let outcome = (problem == Problem::Truncated).then_some(Outcome::Failed(TransportErrorKind::TruncatedBody));
    describe(problem, &mut error);
    Failure { outcome, ..error.into() }
}

/// Writes a problem of a body into an error.
pub(super) fn describe(problem: Problem, error: &mut GraphError) {
    let (kind, message) = match problem {
        Problem::Truncated => (GraphErrorKind::Network, Some("the body ends too early".into())),
        Problem::Malformed(text) => (GraphErrorKind::Malformed, Some(text)),
        Problem::Remote { code, message } => {
            error.code = code;
            (GraphErrorKind::Server, message)
        }
    };
    error.kind = kind;
    error.message = message.map(|text| one_line(&text, 300));
}

fn verdict(status: StatusCode) -> Verdict {
    match status.as_u16() {
        429 => Verdict::Throttled,
        500..=599 => Verdict::Other,
        _ => Verdict::Good,
    }
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
