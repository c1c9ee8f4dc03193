//! One log line an exchange. What may stand in it is listed here: a path template, a status, harmless headers; never a URL, a query, a token or a body.

use std::fmt::Write as _;
use std::time::Duration;

use reqwest::header::HeaderMap;

use super::text;
use super::transport::TransportError;

/// Response headers that may be logged, besides `x-ms-throttle-…`.
const HEADERS: &[&str] = &[
    "request-id",
    "client-request-id",
    "retry-after",
    "date",
    "content-type",
    "content-encoding",
    "x-ms-ags-diagnostic",
    "x-ms-resource-unit",
    "x-ms-correlation-id",
];

/// What an exchange was about.
#[derive(Debug, Clone, Copy)]
pub struct Exchange<'a> {
    /// `GET` or `POST`.
    pub method: &'a str,
    /// The path with `{}` in place of ids.
    pub template: &'a str,
    /// Which try of this request it was, from 1.
    pub attempt: u32,
    /// Until the response's head.
    pub took: Duration,
}

/// Logs the head of an answer.
pub fn answered(exchange: &Exchange<'_>, status: u16, headers: &HeaderMap) {
    let Exchange { method, template, attempt, took } = *exchange;
    let took = took.as_millis();
    tracing::debug!(method, template, attempt, status, took, headers = allowed(headers), "answered");
}

/// Logs that there was no answer.
pub fn failed(exchange: &Exchange<'_>, error: &TransportError) {
    let Exchange { method, template, attempt, took } = *exchange;
    let took = took.as_millis();
    tracing::debug!(method, template, attempt, took, %error, "no answer");
}

/// The headers that may be shown, in the order of their names.
fn allowed(headers: &HeaderMap) -> String {
    let mut names: Vec<&str> = headers
        .keys()
        .map(reqwest::header::HeaderName::as_str)
        .filter(|name| HEADERS.contains(name) || name.starts_with("x-ms-throttle-"))
        .collect();
    names.sort_unstable();
    names.iter().filter_map(|name| Some((name, headers.get(*name)?.to_str().ok()?))).fold(String::new(), |mut line, (name, value)| {
        let gap = if line.is_empty() { "" } else { ", " };
        let _ = write!(line, "{gap}{name}: {}", text::one_line(value, 200));
        line
    })
}

#[cfg(test)]
mod tests {
    use reqwest::header::HeaderValue;

    use super::*;

    #[test]
    fn only_listed_headers_are_shown() {
        let mut headers = HeaderMap::new();
        for (name, value) in [
            ("request-id", "r1"),
            ("set-cookie", "secret"),
            ("location", "https://host/?token=secret"),
            ("www-authenticate", "secret"),
            ("x-ms-throttle-scope", "Tenant_Application/ReadWrite"),
            ("retry-after", "7"),
        ] {
            headers.insert(name, HeaderValue::from_static(value));
        }
        assert_eq!(allowed(&headers), "request-id: r1, retry-after: 7, x-ms-throttle-scope: Tenant_Application/ReadWrite");
    }
}
