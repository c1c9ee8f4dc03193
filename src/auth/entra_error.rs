//! The body with which Entra's token endpoint refuses, read leniently.

use std::fmt;

use oauth2::ErrorResponse;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::aadsts;
use crate::secret::Secret;

/// A message is cut to this many characters: the first sentences say it all.
const LONGEST_MESSAGE: usize = 400;
const LONGEST_CLAIMS: usize = 1000;

/// `error`, `error_description` and what Entra adds. Every field may be missing or of another type: a refusal is never lost over that.
#[derive(Clone, Default, Deserialize, Serialize)]
#[serde(default)]
pub(super) struct EntraError {
    error: Value,
    error_description: Value,
    error_codes: Value,
    suberror: Value,
    correlation_id: Value,
    claims: Value,
}

impl ErrorResponse for EntraError {}

/// Prints the kind of error alone: a description may repeat what was sent.
impl fmt::Debug for EntraError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "EntraError({})", self.error())
    }
}

impl fmt::Display for EntraError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.error())
    }
}

impl EntraError {
    /// `error`, or nothing if the body is of another kind.
    pub(super) fn error(&self) -> &str {
        self.error.as_str().unwrap_or_default()
    }

    /// False if this is some other JSON.
    pub(super) fn is_entra(&self) -> bool {
        !self.error().is_empty() || self.error_description.is_string()
    }

    /// `AADSTS` numbers of `error_codes` and of the description. Those with a known meaning come first.
    pub(super) fn codes(&self) -> Vec<u32> {
        let listed = self.error_codes.as_array().into_iter().flatten();
        let mut codes: Vec<u32> = listed.filter_map(|code| code.as_u64()?.try_into().ok()).take(20).collect();
        for code in codes_in(self.error_description.as_str().unwrap_or_default()) {
            if !codes.contains(&code) {
                codes.push(code);
            }
        }
        codes.sort_by_key(|code| aadsts::advice(*code).is_none());
        codes
    }

    /// Error, sub-error and description in one line, without what is only of use to Microsoft and without anything secret.
    pub(super) fn message(&self, secrets: &[&Secret]) -> String {
        let mut parts = String::from(self.error());
        if let Some(sub) = self.suberror.as_str().filter(|sub| !sub.is_empty()) {
            parts.push_str(&format!(" ({sub})"));
        }
        if let Some(description) = self.error_description.as_str().filter(|text| !text.is_empty()) {
            if !parts.is_empty() {
                parts.push_str(": ");
            }
            // Trace ID, correlation id and time follow on lines of their own, or after blanks.
            let end = description.find("Trace ID:").unwrap_or(description.len());
            parts.push_str(&description[..end]);
        }
        one_line(&without_secrets(&parts, secrets), LONGEST_MESSAGE)
    }

    /// Correlation id, if it looks like one.
    pub(super) fn correlation_id(&self) -> Option<String> {
        self.correlation_id.as_str().filter(|id| super::tenant::is_guid(id)).map(str::to_owned)
    }

    /// What a claims challenge asks for. Entra sends JSON as text.
    pub(super) fn claims(&self) -> Option<String> {
        let claims = self.claims.as_str().filter(|claims| !claims.is_empty())?;
        Some(one_line(claims, LONGEST_CLAIMS))
    }
}

/// Every `AADSTS<number>` of a text, in order, at most 20.
pub(super) fn codes_in(text: &str) -> Vec<u32> {
    let numbers = text.split("AADSTS").skip(1);
    numbers.filter_map(|rest| rest.split(|letter: char| !letter.is_ascii_digit()).next()?.parse().ok()).take(20).collect()
}

/// Blanks and control characters become single blanks; what is longer is cut.
pub(super) fn one_line(text: &str, longest: usize) -> String {
    let mut line = String::new();
    for word in text.split(|letter: char| letter.is_whitespace() || letter.is_control()).filter(|word| !word.is_empty()) {
        if !line.is_empty() {
            line.push(' ');
        }
        line.push_str(word);
        if line.len() > longest * 4 {
            break;
        }
    }
    if line.chars().count() > longest {
        line = line.chars().take(longest - 1).chain(['…']).collect();
    }
    line
}

/// Takes out the given secrets and whatever looks like a JWT. Entra does not repeat secrets; a gateway in front of it might.
fn without_secrets(text: &str, secrets: &[&Secret]) -> String {
    let mut clean = text.to_owned();
    for secret in secrets.iter().map(|secret| secret.expose()).filter(|secret| secret.len() >= 4) {
        clean = clean.replace(secret, "(secret)");
        let encoded: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        clean = clean.replace(&encoded, "(secret)");
    }
    while let Some(start) = clean.find("eyJ") {
        let length = clean[start..].find(|letter: char| !(letter.is_ascii_alphanumeric() || "-_.=".contains(letter)));
        clean.replace_range(start..length.map_or(clean.len(), |length| start + length), "(token)");
    }
    clean
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(body: &str) -> EntraError {
        serde_json::from_str(body).unwrap()
    }

    #[test]
    fn a_refusal_in_one_line() {
        let error = read(
            r#"{"error":"invalid_client","error_description":"AADSTS7000215: Invalid client secret provided.\r\nTrace ID: 0\r\nCorrelation ID: 1\r\nTimestamp: 2",
                "error_codes":[7000215],"timestamp":"2026","trace_id":"0","correlation_id":"11111111-2222-3333-4444-555555555555","error_uri":"https://x"}"#,
        );
        assert_eq!(error.message(&[]), "invalid_client: AADSTS7000215: Invalid client secret provided.");
        assert_eq!(error.codes(), [7000215]);
        assert_eq!(error.correlation_id().as_deref(), Some("11111111-2222-3333-4444-555555555555"));
        assert_eq!(error.claims(), None);
    }

    #[test]
    fn a_claims_challenge_keeps_what_it_asks() {
        let error = read(
            r#"{"error":"interaction_required","suberror":"basic_action","error_codes":[50076],"claims":"{\"access_token\":{\"acrs\":{}}}"}"#,
        );
        assert_eq!(error.message(&[]), "interaction_required (basic_action)");
        assert_eq!(error.claims().as_deref(), Some(r#"{"access_token":{"acrs":{}}}"#));
    }

    #[test]
    fn known_codes_come_first() {
        let error = read(
            r#"{"error":"x","error_codes":[123456789,-1,"a",4294967296],"error_description":"AADSTS123456789: a AADSTS90002: b AADSTS: c"}"#,
        );
        assert_eq!(error.codes(), [90002, 123456789]);
    }

    #[test]
    fn odd_bodies_are_not_entra() {
        for body in ["{}", r#"{"error":null}"#, r#"{"error":{"code":"x"}}"#, r#"{"error":1,"error_codes":"x","claims":[]}"#] {
            let error = read(body);
            assert!(!error.is_entra(), "{body}");
            assert_eq!((error.message(&[]).as_str(), error.codes().len(), error.claims()), ("", 0, None));
        }
    }

    #[test]
    fn secrets_never_stay_in_a_message() {
        let secret = Secret::new("p~8Q/hunter2+".into());
        let error = read(
            r#"{"error":"e","error_description":"got p~8Q/hunter2+ and client_secret=p%7E8Q%2Fhunter2%2B and eyJhbGciOi.eyJ4.c-_9, eyJ"}"#,
        );
        let message = error.message(&[&secret]);
        assert!(!message.contains("hunter2") && !message.contains("eyJ"), "{message}");
        assert_eq!(message, "e: got (secret) and client_secret=(secret) and (token), (token)");
    }

    #[test]
    fn long_and_broken_text_is_cut() {
        assert_eq!(one_line("a\r\n\tb\u{1b}[31m  c", 100), "a b [31m c");
        let cut = one_line(&"ü".repeat(5000), 400);
        assert_eq!(cut.chars().count(), 400);
        assert!(cut.ends_with('…'));
    }
}
