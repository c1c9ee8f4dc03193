//! The token endpoint: one POST of a form, its answer or its refusal. No retry here; the cache does that.

use std::num::NonZeroU16;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use oauth2::basic::{BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenResponse, BasicTokenType};
use oauth2::{
    AsyncHttpClient, AuthType, ClientId, HttpRequest, HttpResponse, RequestTokenError, Scope, StandardRevocableToken, TokenResponse,
    TokenUrl,
};
use reqwest::StatusCode;
use reqwest::header::{CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use url::Url;

use super::body::{self, BodyError};
use super::entra_error::EntraError;
use super::{AuthError, AuthErrorKind, Token};
use crate::http::clock::Clock;
use crate::http::transport::{Request, Transport, TransportError, TransportErrorKind};
use crate::secret::Secret;

/// For one exchange, body included.
pub(super) const TIMEOUT: Duration = Duration::from_secs(30);
const CLIENT_REQUEST_ID: HeaderName = HeaderName::from_static("client-request-id");
const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

type Client =
    oauth2::Client<EntraError, BasicTokenResponse, BasicTokenIntrospectionResponse, StandardRevocableToken, BasicRevocationErrorResponse>;

/// A client-credentials request.
pub(super) struct Grant<'a> {
    pub(super) credential: &'static str,
    pub(super) transport: &'a dyn Transport,
    /// The token endpoint of the tenant.
    pub(super) url: Url,
    pub(super) client_id: &'a str,
    pub(super) scope: &'a str,
    pub(super) proof: Proof<'a>,
}

/// What shows that the caller is the application.
pub(super) enum Proof<'a> {
    Secret(&'a Secret),
    Assertion(&'a Secret),
}

/// Asks for an app-only token.
pub(super) async fn client_credentials(grant: Grant<'_>) -> Result<Token, AuthError> {
    let call = Call::new(grant.credential);
    let asked_at = Clock::real().wall();
    let client = Client::new(ClientId::new(grant.client_id.to_owned()))
        .set_auth_type(AuthType::RequestBody)
        .set_token_uri(TokenUrl::from_url(grant.url));
    let (client, assertion, secret) = match grant.proof {
        Proof::Secret(secret) => (client.set_client_secret(oauth2::ClientSecret::new(secret.expose().to_owned())), None, secret),
        Proof::Assertion(assertion) => (client, Some(assertion), assertion),
    };
    let mut request = client.exchange_client_credentials().add_scope(Scope::new(grant.scope.to_owned()));
    if let Some(assertion) = assertion {
        request = request.add_extra_param("client_assertion_type", ASSERTION_TYPE).add_extra_param("client_assertion", assertion.expose());
    }
    match request.request_async(&Carrier { call: &call, transport: grant.transport }).await {
        Ok(answer) => call.token(&answer, asked_at),
        Err(RequestTokenError::ServerResponse(refusal)) => Err(call.refusal(&refusal, &[secret])),
        Err(RequestTokenError::Request(error)) => Err(call.broken(&error)),
        // The body may hold a token: nothing of it goes into the message.
        Err(RequestTokenError::Parse(..) | RequestTokenError::Other(_)) => Err(call.bad_answer()),
    }
}

/// Why an exchange gave no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum ExchangeError {
    #[error(transparent)]
    Transport(#[from] TransportError),
    #[error(transparent)]
    Body(#[from] BodyError),
    #[error("request could not be built")]
    Request,
}

/// One exchange with the login endpoint, and what its errors need to know of it.
pub(super) struct Call {
    credential: &'static str,
    id: String,
    seen: Mutex<Seen>,
}

/// The way from the oauth2 crate to our transport and back. A type and no closure, whose future cannot be shown to be `Send`.
struct Carrier<'a> {
    call: &'a Call,
    transport: &'a dyn Transport,
}

impl<'c> AsyncHttpClient<'c> for Carrier<'_> {
    type Error = ExchangeError;
    type Future = BoxFuture<'c, Result<HttpResponse, ExchangeError>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        self.call.carry(self.transport, request).boxed()
    }
}

/// What an answer's head said.
#[derive(Debug, Clone, Default)]
struct Seen {
    status: Option<u16>,
    retry_after: Option<NonZeroU16>,
    content_type: Option<String>,
}

impl Call {
    pub(super) fn new(credential: &'static str) -> Self {
        Call { credential, id: uuid::Uuid::new_v4().to_string(), seen: Mutex::default() }
    }

    /// Puts this call's `client-request-id` on a request.
    pub(super) fn mark(&self, headers: &mut HeaderMap) {
        if let Ok(id) = HeaderValue::from_str(&self.id) {
            headers.insert(CLIENT_REQUEST_ID, id);
        }
    }

    /// Sends a request and reads the whole answer.
    pub(super) async fn exchange(&self, transport: &dyn Transport, request: Request) -> Result<(StatusCode, Vec<u8>), ExchangeError> {
        let response = transport.send(request).await?;
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Seen {
            status: Some(response.status.as_u16()),
            retry_after: retry_after(&response.headers, Clock::real().wall()),
            content_type: content_type(&response.headers),
        };
        Ok((response.status, body::read(response.body).await?))
    }

    /// Our form of the oauth2 crate's request, and its form of our answer.
    async fn carry(&self, transport: &dyn Transport, request: HttpRequest) -> Result<HttpResponse, ExchangeError> {
        let (parts, body) = request.into_parts();
        let url = Url::parse(&parts.uri.to_string()).map_err(|_| ExchangeError::Request)?;
        let mut headers = parts.headers;
        self.mark(&mut headers);
        let request = Request { method: parts.method, url, headers, body: Some(Bytes::from(body)), timeout: TIMEOUT };
        let (status, body) = self.exchange(transport, request).await?;
        let mut response = HttpResponse::new(body);
        *response.status_mut() = status;
        if let Some(kind) = self.seen().content_type.and_then(|kind| HeaderValue::from_str(&kind).ok()) {
            response.headers_mut().insert(CONTENT_TYPE, kind);
        }
        Ok(response)
    }

    fn seen(&self) -> Seen {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn token(&self, answer: &BasicTokenResponse, asked_at: DateTime<Utc>) -> Result<Token, AuthError> {
        let ends = answer.expires_in().and_then(|life| asked_at.checked_add_signed(chrono::Duration::from_std(life).ok()?));
        match answer.token_type() {
            BasicTokenType::Bearer => Token::read(answer.access_token().secret(), ends),
            BasicTokenType::Mac | BasicTokenType::Extension(_) => None,
        }
        .ok_or_else(|| self.failed(AuthErrorKind::BadAnswer, "the answer holds no bearer token".into()))
    }

    /// The error for a refusal whose body has not been read yet.
    pub(super) fn refused(&self, body: &[u8], secrets: &[&Secret]) -> AuthError {
        match serde_json::from_slice::<EntraError>(body) {
            Ok(refusal) => self.refusal(&refusal, secrets),
            Err(_) => self.bad_answer(),
        }
    }

    fn refusal(&self, refusal: &EntraError, secrets: &[&Secret]) -> AuthError {
        if !refusal.is_entra() {
            return self.bad_answer();
        }
        let mut error = self.failed(AuthErrorKind::Refused, refusal.message(secrets));
        error.codes = refusal.codes();
        error.correlation_id = refusal.correlation_id().or(error.correlation_id);
        error.claims = refusal.claims();
        error.transient |= refusal.error() == "temporarily_unavailable";
        if error.codes.contains(&90002) {
            error.kind = AuthErrorKind::TenantNotFound;
        }
        error
    }

    fn bad_answer(&self) -> AuthError {
        let seen = self.seen();
        let status = seen.status.unwrap_or_default();
        let kind = seen.content_type.map(|kind| format!(" with {kind}")).unwrap_or_default();
        self.failed(
            AuthErrorKind::BadAnswer,
            format!("the login endpoint answered HTTP {status}{kind}, which is no answer of a token endpoint"),
        )
    }

    /// The error for an exchange that broke.
    pub(super) fn broken(&self, error: &ExchangeError) -> AuthError {
        let (kind, transient) = match error {
            ExchangeError::Transport(cause) | ExchangeError::Body(BodyError::Transport(cause)) => match cause.kind {
                TransportErrorKind::Tls => (AuthErrorKind::Tls, false),
                TransportErrorKind::Other => (AuthErrorKind::Unreachable, false),
                TransportErrorKind::Connect
                | TransportErrorKind::Timeout
                | TransportErrorKind::Reset
                | TransportErrorKind::TruncatedBody => (AuthErrorKind::Unreachable, true),
            },
            ExchangeError::Body(BodyError::TooLarge) | ExchangeError::Request => (AuthErrorKind::BadAnswer, false),
        };
        let mut failure = self.failed(kind, format!("the login endpoint gave no answer: {error}"));
        failure.transient = transient;
        failure
    }

    /// An error with what is known of this call. 429 and 5xx are transient.
    pub(super) fn failed(&self, kind: AuthErrorKind, message: String) -> AuthError {
        let seen = self.seen();
        AuthError {
            transient: seen.status.is_some_and(|status| status == 429 || (500..600).contains(&status)),
            status: seen.status,
            retry_after: seen.retry_after,
            correlation_id: Some(self.id.clone()),
            ..AuthError::new(self.credential, kind, message)
        }
    }
}

/// `Retry-After` in seconds or as a date; a date in the past, or zero, asks for nothing.
fn retry_after(headers: &HeaderMap, now: DateTime<Utc>) -> Option<NonZeroU16> {
    let text = headers.get(RETRY_AFTER)?.to_str().ok()?.trim();
    let seconds = match text.parse::<u64>() {
        Ok(seconds) => seconds,
        Err(_) => {
            let wait = DateTime::<Utc>::from(httpdate::parse_http_date(text).ok()?) - now;
            u64::try_from(wait.num_milliseconds()).ok()?.div_ceil(1000)
        }
    };
    NonZeroU16::new(seconds.try_into().unwrap_or(u16::MAX))
}

/// The type alone, without parameters; only if it looks like one.
fn content_type(headers: &HeaderMap) -> Option<String> {
    let text = headers.get(CONTENT_TYPE)?.to_str().ok()?.split(';').next()?.trim();
    let plain = |letter: char| letter.is_ascii_alphanumeric() || "/+-.".contains(letter);
    (!text.is_empty() && text.len() <= 80 && text.chars().all(plain)).then(|| text.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::testing::{Scripted, answer, json, jwt};

    async fn ask(transport: &Scripted) -> Result<Token, AuthError> {
        let secret = Secret::new("s3cr~t&value+x".into());
        client_credentials(Grant {
            credential: "client-secret",
            transport,
            url: Url::parse("https://login.microsoftonline.com/contoso.com/oauth2/v2.0/token").unwrap(),
            client_id: "app",
            scope: "https://graph.microsoft.com/.default",
            proof: Proof::Secret(&secret),
        })
        .await
    }

    #[tokio::test]
    async fn sends_a_form_and_reads_the_token() {
        let token = jwt(r#"{"tid":"t","roles":["A"]}"#);
        let body = format!(r#"{{"token_type":"Bearer","expires_in":3599,"ext_expires_in":3599,"access_token":"{token}"}}"#);
        let transport = Scripted::new(move |_, _| Ok(json(200, &body)));
        let before = Clock::real().wall();
        let got = ask(&transport).await.unwrap();
        assert_eq!(got.secret.expose(), token);
        assert!(got.claims.app_only && got.claims.permissions == ["A"]);
        let life = got.expires_at.unwrap() - before;
        assert!((3598..=3600).contains(&life.num_seconds()), "{life}");

        let request = transport.request(0);
        assert_eq!(request.method, reqwest::Method::POST);
        assert_eq!(request.url.as_str(), "https://login.microsoftonline.com/contoso.com/oauth2/v2.0/token");
        assert_eq!(request.headers[CONTENT_TYPE], "application/x-www-form-urlencoded");
        assert!(request.headers.contains_key(CLIENT_REQUEST_ID) && !request.headers.contains_key("authorization"));
        let form: std::collections::BTreeMap<_, _> = transport.form(0).into_iter().collect();
        assert_eq!(form["grant_type"], "client_credentials");
        assert_eq!((form["client_id"].as_str(), form["client_secret"].as_str()), ("app", "s3cr~t&value+x"));
        assert_eq!(form["scope"], "https://graph.microsoft.com/.default");
        assert_eq!(form.len(), 4);
    }

    #[tokio::test]
    async fn a_refusal_keeps_its_facts() {
        let transport = Scripted::always(
            401,
            r#"{"error":"invalid_client","error_description":"AADSTS7000215: no, not s3cr~t&value+x.\r\nTrace ID: 1","error_codes":[7000215],
                "correlation_id":"11111111-2222-3333-4444-555555555555"}"#,
        );
        let error = ask(&transport).await.unwrap_err();
        assert_eq!(error.to_string(), "client-secret: invalid_client: AADSTS7000215: no, not (secret).");
        assert_eq!((error.kind, error.codes.as_slice(), error.status), (AuthErrorKind::Refused, [7000215].as_slice(), Some(401)));
        assert_eq!(error.correlation_id.as_deref(), Some("11111111-2222-3333-4444-555555555555"));
        assert!(!error.transient);
    }

    #[tokio::test]
    async fn an_unknown_tenant_is_its_own_kind() {
        let error = ask(&Scripted::always(400, r#"{"error":"invalid_request","error_codes":[90002]}"#)).await.unwrap_err();
        assert_eq!(error.kind, AuthErrorKind::TenantNotFound);
    }

    #[tokio::test]
    async fn transient_answers_say_so() {
        for (status, body) in
            [(429, ""), (503, "{}"), (500, r#"{"error":"server_error"}"#), (400, r#"{"error":"temporarily_unavailable"}"#)]
        {
            let error = ask(&Scripted::always(status, body)).await.unwrap_err();
            assert!(error.transient, "{status} {body}");
            assert_eq!(error.status, Some(status));
        }
        let busy = Scripted::new(|_, _| Ok(answer(429, &[("retry-after", "17")], "")));
        assert_eq!(ask(&busy).await.unwrap_err().asked_to_wait(), Duration::from_secs(17));
    }

    #[tokio::test]
    async fn what_is_no_token_answer_is_named_without_its_body() {
        let page = Scripted::new(|_, _| Ok(answer(504, &[("content-type", "text/html; charset=x")], "<html>canary</html>")));
        let error = ask(&page).await.unwrap_err();
        assert_eq!(error.kind, AuthErrorKind::BadAnswer);
        assert_eq!(error.message, "the login endpoint answered HTTP 504 with text/html, which is no answer of a token endpoint");
        for body in [
            r#"{"access_token":"canary","expires_in":1}"#,
            r#"{"access_token":"can ary","token_type":"Bearer"}"#,
            r#"{"access_token":"","token_type":"Bearer"}"#,
            r#"{"access_token":"canary","token_type":"pop"}"#,
            "canary",
            "",
            "[]",
        ] {
            let error = ask(&Scripted::always(200, body)).await.unwrap_err();
            assert_eq!(error.kind, AuthErrorKind::BadAnswer, "{body}");
            assert!(!format!("{error:?}{error}").contains("canary"));
        }
        assert_eq!(ask(&Scripted::always(302, "")).await.unwrap_err().kind, AuthErrorKind::BadAnswer);
    }

    #[tokio::test]
    async fn a_broken_exchange_is_transient_unless_tls() {
        for (cause, kind, transient) in [
            (TransportErrorKind::Connect, AuthErrorKind::Unreachable, true),
            (TransportErrorKind::Timeout, AuthErrorKind::Unreachable, true),
            (TransportErrorKind::Tls, AuthErrorKind::Tls, false),
        ] {
            let transport = Scripted::new(move |_, _| Err(TransportError { kind: cause, detail: "x".into() }));
            let error = ask(&transport).await.unwrap_err();
            assert_eq!((error.kind, error.transient, error.status), (kind, transient, None));
        }
    }

    #[test]
    fn retry_after_in_both_forms() {
        let now = DateTime::from_timestamp(784_111_777, 0).unwrap(); // Sun, 06 Nov 1994 08:49:37 GMT
        let read = |text: &str| {
            let mut headers = HeaderMap::new();
            headers.insert(RETRY_AFTER, HeaderValue::from_str(text).unwrap());
            retry_after(&headers, now).map(NonZeroU16::get)
        };
        assert_eq!(read("5"), Some(5));
        assert_eq!(read("Sun, 06 Nov 1994 08:49:47 GMT"), Some(10));
        assert_eq!(read("Sun, 06 Nov 1994 08:49:27 GMT"), None);
        assert_eq!((read("0"), read("soon"), read("-1"), read("99999999")), (None, None, None, Some(u16::MAX)));
    }
}
