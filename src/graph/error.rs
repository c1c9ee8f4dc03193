//! Why a read failed, and how Graph's answers tell.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD_NO_PAD, BASE64_URL_SAFE_NO_PAD};
use serde_json::Value;

use super::decode::Problem;
use crate::auth::AuthError;
use crate::http::text::one_line;

/// The longest message or excerpt that is kept, in characters.
const MESSAGE: usize = 200;

/// Why a read failed. Facts only: `collect` makes coverage of it, `cli` makes advice.
#[derive(Debug, Clone, thiserror::Error)]
#[error("GET {template}: {kind}{}", message.as_deref().map(|text| format!(" ({text})")).unwrap_or_default())]
pub struct GraphError {
    /// What happened.
    pub kind: GraphErrorKind,
    /// Path template of the read.
    pub template: &'static str,
    /// HTTP status, if there was an answer.
    pub status: Option<u16>,
    /// `error.code`, may be empty.
    pub code: Option<String>,
    /// `error.message` or the cause, trimmed, one line.
    pub message: Option<String>,
    /// `request-id` of the answer.
    pub request_id: Option<String>,
    /// `client-request-id` that was sent.
    pub client_request_id: Option<String>,
    /// The permission asked for.
    pub permission: &'static str,
    /// What the credential said, for `SignIn`.
    pub auth: Option<Box<AuthError>>,
    /// What a claims challenge of Graph asks for, decoded, for `Unauthorized`.
    pub claims: Option<String>,
}

impl GraphError {
    /// An error that says no more than what happened to which read.
    pub fn new(kind: GraphErrorKind, template: &'static str, permission: &'static str) -> Self {
        GraphError {
            kind,
            template,
            status: None,
            code: None,
            message: None,
            request_id: None,
            client_request_id: None,
            permission,
            auth: None,
            claims: None,
        }
    }

    /// True if Graph itself says that the object does not exist. Other codes come with a 404 too (a tenant or an identity that is not found, a path
    /// that a gateway does not know); they prove nothing of the object.
    pub fn is_gone(&self) -> bool {
        let code = self.code.as_deref().unwrap_or_default().to_ascii_lowercase();
        let says_so = ["resourcenotfound", "objectnotfound", "itemnotfound"].iter().any(|end| code.ends_with(end)) || code == "notfound";
        self.kind == GraphErrorKind::NotFound && says_so
    }

    /// The same with a message; it is cut to one harmless line.
    #[must_use]
    pub fn because(mut self, message: &str) -> Self {
        self.message = Some(one_line(message, MESSAGE));
        self
    }
}

/// What happened to a read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GraphErrorKind {
    /// 403: the credential may not.
    Denied,
    /// 403 with `Authentication_RequestFromNonPremiumTenantOrB2CTenant`: no premium licence, or `Directory.Read.All` missing.
    NotPremium,
    /// 404.
    NotFound,
    /// 400; `Invalid filter clause` and the like.
    BadRequest,
    /// 401 even with a new token, or a claims challenge.
    Unauthorized,
    /// No token, or no further one.
    SignIn,
    /// 429 or 503 until the attempts or the time were used up.
    Throttled,
    /// Another 5xx until the attempts were used up.
    Server,
    /// 501, or 404/400 where a cloud does not have the API.
    NotImplemented,
    /// No answer: connection, TLS, time-out, cut body, until the attempts were used up.
    Network,
    /// The run's `--timeout` ended.
    OutOfTime,
    /// Not JSON, HTML from a proxy, a redirect, a body or element over its bound.
    Malformed,
    /// nextLink was seen before.
    PagingLoop,
    /// nextLink to another host or scheme.
    ForeignLink,
    /// More pages than the cap.
    PageCap,
    /// A batch answer without this item.
    MissingFromBatch,
}

impl std::fmt::Display for GraphErrorKind {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            GraphErrorKind::Denied => "denied",
            GraphErrorKind::NotPremium => "no premium licence",
            GraphErrorKind::NotFound => "not found",
            GraphErrorKind::BadRequest => "refused as a bad request",
            GraphErrorKind::Unauthorized => "unauthorized",
            GraphErrorKind::SignIn => "no token",
            GraphErrorKind::Throttled => "throttled",
            GraphErrorKind::Server => "server error",
            GraphErrorKind::NotImplemented => "not available in this cloud",
            GraphErrorKind::Network => "no answer",
            GraphErrorKind::OutOfTime => "out of time",
            GraphErrorKind::Malformed => "malformed answer",
            GraphErrorKind::PagingLoop => "the pages go in a circle",
            GraphErrorKind::ForeignLink => "the link leads elsewhere",
            GraphErrorKind::PageCap => "too many pages",
            GraphErrorKind::MissingFromBatch => "missing from the batch's answer",
        })
    }
}

/// The telling parts of an answer that is not a success.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Refusal<'a> {
    pub(super) status: u16,
    pub(super) body: &'a [u8],
    /// `WWW-Authenticate`.
    pub(super) challenge: Option<&'a str>,
}

/// What an answer that is not a success means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Meaning {
    pub(super) kind: GraphErrorKind,
    pub(super) code: Option<String>,
    pub(super) message: Option<String>,
    /// From the body; the header's goes first.
    pub(super) request_id: Option<String>,
    /// What a claims challenge asks for, decoded.
    pub(super) claims: Option<String>,
}

/// The code of a tenant without Entra ID P1, which also comes when `Directory.Read.All` is missing.
const NOT_PREMIUM: &str = "Authentication_RequestFromNonPremiumTenantOrB2CTenant";

/// Reads the meaning of an answer that is not a success.
///
/// A refusal (4xx) counts as Graph's own only if its body is Graph's error object: a 404 that a proxy makes up must not pass for "this group is gone".
pub(super) fn meaning(refusal: &Refusal<'_>) -> Meaning {
    let body = super::decode::without_bom(refusal.body);
    let said =
        serde_json::from_slice::<Value>(body).ok().as_ref().and_then(|value| value.get("error")).filter(|error| !error.is_null()).map(said);
    let claims = refusal.challenge.and_then(claims_challenge);
    let from_graph = said.is_some();
    let said = said.unwrap_or_default();
    let kind = match refusal.status {
        300..=399 => GraphErrorKind::Malformed,
        401 => GraphErrorKind::Unauthorized,
        408 => GraphErrorKind::Network,
        429 | 503 | 509 => GraphErrorKind::Throttled,
        501 => GraphErrorKind::NotImplemented,
        500..=599 => GraphErrorKind::Server,
        _ if !from_graph => GraphErrorKind::Malformed,
        403 if claims.is_some() => GraphErrorKind::Unauthorized,
        403 if said.not_premium => GraphErrorKind::NotPremium,
        403 => GraphErrorKind::Denied,
        400 | 404 if said.is_unknown_segment() => GraphErrorKind::NotImplemented,
        // Gateways write `{"status": 404, "error": "Not Found"}`: that proves nothing of what was asked for.
        404 if said.code.as_deref().is_none_or(str::is_empty) => GraphErrorKind::Malformed,
        404 => GraphErrorKind::NotFound,
        _ => GraphErrorKind::BadRequest,
    };
    let message = match refusal.status {
        300..=399 => Some(format!("status {}: a redirect, and none is followed", refusal.status)),
        _ if from_graph => said.message.as_deref().map(|text| harmless(text, MESSAGE)),
        status => Some(excerpt(status, body)),
    };
    Meaning { kind, code: said.code, message, request_id: said.request_id, claims }
}

/// The problem that an `error` member is, in spite of a good status.
pub(super) fn remote(error: &Value) -> Problem {
    let said = said(error);
    Problem::Remote { code: said.code, message: said.message.map(|text| harmless(&text, MESSAGE)) }
}

/// Looks for an `error` member in a body that came with a good status.
pub(super) fn said_in_success(body: &[u8]) -> Result<(), Problem> {
    #[derive(serde::Deserialize)]
    struct Peek {
        error: Option<Value>,
    }
    match serde_json::from_slice(body) {
        Ok(Peek { error: Some(error) }) => Err(remote(&error)),
        Ok(Peek { error: None }) => Ok(()),
        // A syntax error or a non-object is whoever decodes it to tell; a cut body may be whole the next time.
        Err(error) if error.is_eof() => Err(Problem::Truncated),
        Err(_) => Ok(()),
    }
}

/// Foreign text in one line, without anything that begins like a token: what is cut later must not leave the half of one.
fn harmless(text: &str, max: usize) -> String {
    one_line(&without_token(text, "eyJ"), max)
}

/// How much of a token's beginning tells that it is there.
const TOKEN_HEAD: usize = 16;

/// Takes out whatever begins as `token` does, to the end of the word: the token, or as much of it as is left.
pub(super) fn without_token(text: &str, token: &str) -> String {
    let head = token.get(..TOKEN_HEAD).unwrap_or(token);
    let is_word = |letter: char| letter.is_ascii_alphanumeric() || "-._~+/=".contains(letter);
    let mut clean = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find(head).filter(|_| !head.is_empty()) {
        let found = &rest[at..];
        let word = found.find(|letter| !is_word(letter)).unwrap_or(found.len());
        let same: usize = found.chars().zip(token.chars()).take_while(|(a, b)| a == b).map(|(letter, _)| letter.len_utf8()).sum();
        let length = word.max(same);
        clean.push_str(&rest[..at]);
        clean.push('…');
        rest = &found[length..];
    }
    clean.push_str(rest);
    clean
}

/// A body that is not Graph's, in one line.
pub(super) fn excerpt(status: u16, body: &[u8]) -> String {
    let text = harmless(&String::from_utf8_lossy(body), MESSAGE);
    if text.is_empty() { format!("status {status} with an empty body") } else { format!("status {status}: {text}") }
}

/// What an `error` object says, inner errors included.
#[derive(Debug, Default)]
struct Said {
    code: Option<String>,
    message: Option<String>,
    request_id: Option<String>,
    not_premium: bool,
}

impl Said {
    /// The path is unknown to this cloud. OData says it only in words; the code is a plain `BadRequest`.
    fn is_unknown_segment(&self) -> bool {
        self.message.as_deref().is_some_and(|text| text.contains("Resource not found for the segment"))
    }
}

/// Reads an `error` member: an object with inner errors in either spelling, an error as JSON inside the message, or plain text.
fn said(error: &Value) -> Said {
    let mut said = Said::default();
    let mut level = Some(error.clone());
    // Deeper than eight levels nobody says anything new.
    for _ in 0..8 {
        let Some(error) = level.take() else { break };
        if let Some(text) = error.as_str() {
            said.message.get_or_insert_with(|| text.to_owned());
            break;
        }
        let code = text_of(&error, "code");
        said.not_premium |= code.as_deref() == Some(NOT_PREMIUM);
        if said.not_premium {
            said.code = Some(NOT_PREMIUM.into());
        } else if said.code.as_deref().is_none_or(str::is_empty) {
            said.code = code.filter(|code| !code.is_empty()).or(said.code);
        }
        said.request_id = said.request_id.or_else(|| text_of(&error, "request-id"));
        let message = text_of(&error, "message").filter(|text| !text.trim().is_empty());
        let nested = message.as_deref().and_then(nested_error);
        if nested.is_none() && said.message.is_none() {
            said.message = message;
        }
        level = nested.or_else(|| inner(&error).cloned());
    }
    // An empty code is an answer too: the caller can tell it from none.
    said.code = said.code.or_else(|| text_of(error, "code")).map(|code| harmless(&code, 100));
    said.request_id = said.request_id.map(|id| harmless(&id, 100));
    said
}

fn inner(error: &Value) -> Option<&Value> {
    error.as_object()?.iter().find(|(name, _)| name.eq_ignore_ascii_case("innerError")).map(|(_, value)| value)
}

fn nested_error(message: &str) -> Option<Value> {
    if !message.trim_start().starts_with('{') {
        return None;
    }
    let value: Value = serde_json::from_str(message).ok()?;
    value.get("error").cloned().or_else(|| value.get("Error").cloned())
}

fn text_of(error: &Value, name: &str) -> Option<String> {
    Some(error.get(name)?.as_str()?.to_owned())
}

/// What a claims challenge (`insufficient_claims`) asks for: the decoded JSON, one line.
pub(super) fn claims_challenge(header: &str) -> Option<String> {
    if !header.contains("insufficient_claims") && !header.contains("claims=") {
        return None;
    }
    let encoded = header.split_once("claims=\"").and_then(|(_, rest)| rest.split_once('"')).map(|(value, _)| value);
    let decoded = encoded.and_then(|text| {
        let text = text.trim().trim_end_matches('=');
        BASE64_STANDARD_NO_PAD.decode(text).or_else(|_| BASE64_URL_SAFE_NO_PAD.decode(text)).ok()
    });
    let claims = decoded.map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).or_else(|| encoded.map(str::to_owned));
    Some(harmless(claims.as_deref().unwrap_or("claims that it does not name"), 1000))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(status: u16, body: &str) -> Meaning {
        meaning(&Refusal { status, body: body.as_bytes(), challenge: None })
    }

    fn graph_error(code: &str, message: &str) -> String {
        serde_json::json!({"error": {"code": code, "message": message}}).to_string()
    }

    #[test]
    fn a_status_and_a_code_make_a_kind() {
        use GraphErrorKind::*;
        for (status, code, expected) in [
            (400, "BadRequest", BadRequest),
            (401, "InvalidAuthenticationToken", Unauthorized),
            (403, "Authorization_RequestDenied", Denied),
            (403, "Authentication_RequestFromNonPremiumTenantOrB2CTenant", NotPremium),
            (404, "Request_ResourceNotFound", NotFound),
            (409, "Conflict", BadRequest),
            (429, "TooManyRequests", Throttled),
            (500, "UnknownError", Server),
            (501, "NotImplemented", NotImplemented),
            (503, "ServiceUnavailable", Throttled),
            (504, "GatewayTimeout", Server),
            (509, "BandwidthLimitExceeded", Throttled),
        ] {
            let meaning = of(status, &graph_error(code, "m"));
            assert_eq!((meaning.kind, meaning.code.as_deref(), meaning.message.as_deref()), (expected, Some(code), Some("m")), "{status}");
        }
        let missing = graph_error("BadRequest", "Resource not found for the segment 'delegatedAdminRelationships'.");
        assert_eq!(of(400, &missing).kind, NotImplemented);
    }

    #[test]
    fn a_refusal_that_is_not_graphs_is_no_fact() {
        for status in [400, 403, 404, 407] {
            for body in ["", "<html><body>Blocked by\r\n policy</body></html>", "{}", "{\"message\":\"x\"}", r#"{"error":null}"#] {
                assert_eq!(of(status, body).kind, GraphErrorKind::Malformed, "{status} {body}");
            }
        }
        for body in [
            r#"{"timestamp":1,"status":404,"error":"Not Found","path":"/v1.0/groups/a"}"#,
            r#"{"error":{"message":"no"}}"#,
            r#"{"error":[]}"#,
        ] {
            assert_eq!(of(404, body).kind, GraphErrorKind::Malformed, "{body}");
        }
        assert_eq!(of(504, "<h1>Gateway\u{1b}[31m\n Timeout</h1>").message.as_deref(), Some("status 504: <h1>Gateway [31m Timeout</h1>"));
        assert_eq!(of(302, "").kind, GraphErrorKind::Malformed);
        assert!(of(503, &"x".repeat(1000)).message.unwrap().chars().count() < 220);
    }

    #[test]
    fn only_graphs_word_for_it_makes_an_object_gone() {
        let error = |status: u16, code: &str| {
            let meaning = of(status, &graph_error(code, "m"));
            GraphError { code: meaning.code, ..GraphError::new(meaning.kind, "", "") }
        };
        for code in ["Request_ResourceNotFound", "ResourceNotFound", "Directory_ObjectNotFound", "itemNotFound", "NotFound"] {
            assert!(error(404, code).is_gone(), "{code}");
        }
        for code in ["UnknownError", "Authorization_IdentityNotFound", "TenantNotFound", "", "Not Found"] {
            assert!(!error(404, code).is_gone(), "{code}");
        }
        assert!(!error(400, "Request_ResourceNotFound").is_gone());
    }

    #[test]
    fn inner_errors_in_both_spellings() {
        let body = r#"{"error":{"code":"","message":"","innererror":{"request-id":"r1","innerError":{"code":"Deep","message":"deep"}}}}"#;
        let meaning = of(400, body);
        assert_eq!(
            (meaning.code.as_deref(), meaning.message.as_deref(), meaning.request_id.as_deref()),
            (Some("Deep"), Some("deep"), Some("r1"))
        );
        let inside = graph_error("UnknownError", &graph_error(NOT_PREMIUM, "no licence"));
        assert_eq!(of(403, &inside).kind, GraphErrorKind::NotPremium);
        assert_eq!(of(403, r#"{"error":{"code":"","message":"m"}}"#).code.as_deref(), Some(""));
        assert_eq!(of(403, r#"{"error":"denied"}"#).message.as_deref(), Some("denied"));
        assert_eq!(of(403, r#"{"error":{"code":7,"message":[],"innerError":null}}"#).kind, GraphErrorKind::Denied);
    }

    #[test]
    fn a_claims_challenge_is_decoded() {
        let claims = r#"{"access_token":{"acrs":{"essential":true,"value":"c1"}}}"#;
        let encoded = base64::prelude::BASE64_STANDARD.encode(claims);
        let header = format!(r#"Bearer realm="", error="insufficient_claims", claims="{encoded}", client_id="x""#);
        assert_eq!(claims_challenge(&header).as_deref(), Some(claims));
        assert_eq!(claims_challenge(r#"Bearer realm="", error="invalid_token""#), None);
        let refusal = Refusal { status: 403, body: br#"{"error":{"code":"x"}}"#, challenge: Some(&header) };
        assert_eq!(meaning(&refusal).kind, GraphErrorKind::Unauthorized);
    }
}
