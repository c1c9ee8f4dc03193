//! Which tenant: checks what was given as one, and finds the id behind a domain.

use std::sync::Arc;

use reqwest::Method;
use reqwest::header::{ACCEPT, HeaderMap, HeaderValue};
use url::Url;

use super::cloud::Login;
use super::endpoint::{self, Call};
use super::{AuthError, AuthErrorKind};
use crate::http::transport::{Request, Transport};

/// Stands in [`AuthError::credential`] for what happens before a credential is used.
const NAME: &str = "tenant";
/// A DNS name is not longer.
const LONGEST: usize = 253;

/// What was given is neither a tenant id nor a domain name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{shown:?} is neither a tenant id (GUID) nor a domain name")]
pub struct TenantNameError {
    /// The start of what was given.
    pub shown: String,
}

/// Checks a tenant argument before it goes into a URL or a command line; gives it in lower case.
///
/// `common`, `organizations` and `consumers` are not tenants and are refused.
pub fn check(tenant: &str) -> Result<String, TenantNameError> {
    if is_guid(tenant) || is_domain(tenant) {
        Ok(tenant.to_ascii_lowercase())
    } else {
        Err(TenantNameError { shown: tenant.chars().take(80).collect() })
    }
}

/// True for 8-4-4-4-12 hexadecimal digits.
pub fn is_guid(text: &str) -> bool {
    let groups = [8, 4, 4, 4, 12];
    text.len() == 36
        && text.split('-').count() == groups.len()
        && text.split('-').zip(groups).all(|(part, length)| part.len() == length && part.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

fn is_domain(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    text.len() <= LONGEST && text.contains('.') && text.split('.').all(label) && text.bytes().any(|byte| byte.is_ascii_alphabetic())
}

/// The tenant id behind a domain, in lower case. A GUID is given back without a call.
///
/// Asks `{login}/{tenant}/v2.0/.well-known/openid-configuration`, whose `issuer` holds the id; needs no credential. A transient failure is
/// tried again a few times.
pub async fn resolve(transport: Arc<dyn Transport>, login: &Login, domain_or_guid: &str) -> Result<String, AuthError> {
    let tenant = check(domain_or_guid).map_err(|error| AuthError::new(NAME, AuthErrorKind::TenantName, error.to_string()))?;
    if is_guid(&tenant) {
        return Ok(tenant);
    }
    let clock = crate::http::clock::Clock::real();
    super::cache::with_retries(&clock, || ask(transport.as_ref(), login, &tenant)).await
}

async fn ask(transport: &dyn Transport, login: &Login, tenant: &str) -> Result<String, AuthError> {
    let call = Call::new(NAME);
    let mut headers = HeaderMap::new();
    headers.insert(ACCEPT, HeaderValue::from_static("application/json"));
    call.mark(&mut headers);
    let url = login.address(tenant, &["v2.0", ".well-known", "openid-configuration"]);
    let request = Request { method: Method::GET, url, headers, body: None, timeout: endpoint::TIMEOUT };
    let (status, body) = call.exchange(transport, request).await.map_err(|error| call.broken(&error))?;
    if !status.is_success() {
        return Err(call.refused(&body, &[]));
    }
    issuer_tenant(&body).ok_or_else(|| call.failed(AuthErrorKind::BadAnswer, "the discovery document names no tenant id".into()))
}

/// `https://login.microsoftonline.com/<id>/v2.0` or `https://sts.windows.net/<id>/`.
fn issuer_tenant(body: &[u8]) -> Option<String> {
    #[derive(serde::Deserialize)]
    struct Discovery {
        issuer: String,
    }
    let issuer = Url::parse(&serde_json::from_slice::<Discovery>(body).ok()?.issuer).ok()?;
    let tenant = issuer.path_segments()?.next().filter(|segment| is_guid(segment))?;
    Some(tenant.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::testing::{Scripted, answer, json};

    const ID: &str = "11111111-2222-3333-4444-555555555555";

    fn login() -> Login {
        Login::parse("https://login.microsoftonline.com").unwrap()
    }

    #[test]
    fn takes_guids_and_domains_alone() {
        assert_eq!(check("ABCDEF01-2345-6789-abcd-ef0123456789").as_deref(), Ok("abcdef01-2345-6789-abcd-ef0123456789"));
        assert_eq!(check("Contoso.onmicrosoft.COM").as_deref(), Ok("contoso.onmicrosoft.com"));
        assert!(check("xn--mnchen-3ya.de").is_ok());
        let long = format!("{}.com", "a".repeat(64));
        let longer = format!("{}com", "ab.".repeat(90));
        for bad in [
            "",
            "common",
            "organizations",
            "consumers",
            "contoso",
            ".com",
            "a..b",
            "a.b.",
            "-a.com",
            "a-.com",
            "a b.com",
            "a.com/x",
            "a.com?x",
            "../a.b",
            "a.com#",
            "ü.com",
            "a.com\n",
            "127.0.0.1",
            "--tenant",
            "11111111-2222-3333-4444-55555555555g",
            "{tenantid}",
            &long,
            &longer,
        ] {
            assert!(check(bad).is_err(), "{bad:?}");
        }
        assert!(check(&"x".repeat(10_000)).unwrap_err().to_string().len() < 200);
    }

    #[tokio::test]
    async fn a_guid_needs_no_call() {
        let transport = Scripted::always(500, "");
        assert_eq!(resolve(transport.clone(), &login(), &ID.to_uppercase()).await.unwrap(), ID);
        assert_eq!(transport.calls(), 0);
    }

    #[tokio::test]
    async fn a_domain_is_looked_up() {
        let transport =
            Scripted::always(200, r#"{"issuer":"https://login.microsoftonline.com/11111111-2222-3333-4444-555555555555/v2.0"}"#);
        assert_eq!(resolve(transport.clone(), &login(), "contoso.com").await.unwrap(), ID);
        let request = transport.request(0);
        assert_eq!(request.url.as_str(), "https://login.microsoftonline.com/contoso.com/v2.0/.well-known/openid-configuration");
        assert!(request.headers.contains_key("client-request-id"));
    }

    #[tokio::test]
    async fn an_unknown_domain_is_named_so() {
        let body = r#"{"error":"invalid_tenant","error_description":"AADSTS90002: Tenant 'nope.example' not found.\r\nTrace ID: x","error_codes":[90002]}"#;
        let transport = Scripted::always(400, body);
        let error = resolve(transport.clone(), &login(), "nope.example").await.unwrap_err();
        assert_eq!((error.kind, error.codes.as_slice(), error.status), (AuthErrorKind::TenantNotFound, [90002].as_slice(), Some(400)));
        assert_eq!(transport.calls(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_busy_endpoint_is_asked_again() {
        let transport = Scripted::new(|number, _| {
            Ok(match number {
                0 => answer(503, &[], ""),
                _ => json(200, r#"{"issuer":"https://sts.windows.net/11111111-2222-3333-4444-555555555555/"}"#),
            })
        });
        assert_eq!(resolve(transport.clone(), &login(), "contoso.com").await.unwrap(), ID);
        assert_eq!(transport.calls(), 2);
    }

    #[tokio::test]
    async fn a_document_without_an_id_is_refused() {
        for body in ["{}", "[]", "<html>", r#"{"issuer":"https://login.microsoftonline.com/{tenantid}/v2.0"}"#, r#"{"issuer":"x"}"#] {
            let error = resolve(Scripted::always(200, body), &login(), "contoso.com").await.unwrap_err();
            assert_eq!(error.kind, AuthErrorKind::BadAnswer);
        }
    }
}
