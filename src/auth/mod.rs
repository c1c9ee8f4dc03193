//! Credentials: one file each behind one trait, and the cache that keeps their tokens.
//!
//! | file | holds |
//! |---|---|
//! | `client_secret`, `client_certificate`, `azure_cli`, `access_token` | one credential each |
//! | `auto` | which of them the `AZURE_*` variables ask for |
//! | `cache` | one token, one call at a time, renewed early, retried with back-off |
//! | `endpoint`, `entra_error` | the token endpoint: one request, its answer, its refusal |
//! | `certificate_file`, `x509`, `assertion` | key and certificate from a file; what is signed with them |
//! | `claims` | what a token says of itself |
//! | `cloud`, `tenant` | where to sign in, and to whom |
//! | `aadsts` | what Entra's numbers mean |

pub mod aadsts;
pub mod access_token;
mod assertion;
pub mod auto;
pub mod azure_cli;
mod body;
mod cache;
mod certificate_file;
mod claims;
pub mod client_certificate;
pub mod client_secret;
pub mod cloud;
mod endpoint;
mod entra_error;
mod error;
pub mod tenant;
#[cfg(test)]
mod testing;
mod x509;

use chrono::{DateTime, Utc};
use futures_util::future::BoxFuture;

pub use crate::secret::Secret;

pub use cache::TokenCache;
pub use error::{AuthError, AuthErrorKind};

/// What an access token says of itself. Decoded without verification: hints for messages and the tenant check, never a proof.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Claims {
    /// `tid`, lower case.
    pub tenant_id: Option<String>,
    /// True for an app-only token (`idtyp` `app`, or no `scp`). False for a token that cannot be decoded: nothing is known of it, and
    /// what is said of apps alone must not be said of it.
    pub app_only: bool,
    /// `roles` of an app-only token, or the words of `scp` of a delegated one.
    pub permissions: Vec<String>,
    /// `oid` of the caller.
    pub object_id: Option<String>,
    /// `app_displayname` or `upn`: which identity was used.
    pub identity: Option<String>,
    /// `appid`.
    pub app_id: Option<String>,
    /// False for an opaque token that cannot be decoded.
    pub decoded: bool,
}

/// An access token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The token itself: printable ASCII, fit for a header.
    pub secret: Secret,
    /// When it ends; `None` if nothing says so.
    pub expires_at: Option<DateTime<Utc>>,
    /// What it says of itself.
    pub claims: Claims,
}

impl Token {
    /// A token from the text that was handed over; `expires_at` falls back to the token's own `exp`. `None` if the text cannot be a token.
    fn read(text: &str, expires_at: Option<DateTime<Utc>>) -> Option<Token> {
        if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_graphic()) {
            return None;
        }
        let decoded = claims::decode(text);
        Some(Token { secret: Secret::new(text.to_owned()), expires_at: expires_at.or(decoded.expires_at), claims: decoded.claims })
    }
}

/// A way to sign in.
pub trait Credential: Send + Sync + std::fmt::Debug {
    /// The name used in `--credential` and messages.
    fn name(&self) -> &'static str;

    /// Gets a token: one try, no retry. Called only by the cache.
    fn token(&self) -> BoxFuture<'_, Result<Token, AuthError>>;

    /// True if a further call can bring a newer token.
    fn renews(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;
    use std::sync::Arc;

    use super::testing::{Scripted, json, jwt};
    use super::*;
    use crate::http::clock::Clock;

    const SECRET: &str = "canary-Secret~1+2";
    const PASSWORD: &str = "canary-password";

    /// Whatever is printed of a credential, a token, a choice or an error: no secret is in it.
    #[tokio::test(start_paused = true)]
    async fn nothing_prints_a_secret() {
        let canary_token = jwt(r#"{"upn":"ann@contoso.com","exp":4000000000}"#);
        let ended_token = jwt(r#"{"exp":1}"#);
        let login = cloud::Login::of(cloud::Cloud::Global);
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/auth/combined-pkcs8.pem");
        // The worst endpoint there is: refuses and repeats all that was sent; or answers with a token in the wrong place.
        let echo = Scripted::new(|_, request| {
            let sent = String::from_utf8(request.body.clone().unwrap().to_vec()).unwrap();
            let plain: Vec<String> = url::form_urlencoded::parse(sent.as_bytes()).map(|(_, value)| value.into_owned()).collect();
            let body = serde_json::json!({"error": "invalid_client", "error_description": format!("{sent} {}", plain.join(" "))});
            Ok(json(400, &body.to_string()))
        });
        let misplaced = {
            let body = format!(r#"{{"access_tokens":"{canary_token}"}}"#);
            Scripted::new(move |_, _| Ok(json(200, &body)))
        };
        let good = {
            let body = format!(r#"{{"token_type":"Bearer","expires_in":3600,"access_token":"{canary_token}"}}"#);
            Scripted::new(move |_, _| Ok(json(200, &body)))
        };

        let secret = || Secret::new(SECRET.into());
        let mut credentials: Vec<Arc<dyn Credential>> = vec![
            Arc::new(access_token::AccessToken::new(Secret::new(canary_token.clone()))),
            Arc::new(access_token::AccessToken::new(Secret::new(ended_token.clone()))),
            Arc::new(access_token::AccessToken::new(Secret::new(format!("{SECRET} {PASSWORD}")))),
        ];
        for transport in [echo, misplaced, good] {
            credentials.push(Arc::new(client_secret::ClientSecret::new(transport.clone(), &login, "a.b", "c", secret(), "s")));
            let password = Some(Secret::new(PASSWORD.into()));
            let certificate = client_certificate::ClientCertificate::from_file(transport, &login, "a.b", "c", &file, password, "s");
            credentials.push(Arc::new(certificate.unwrap()));
        }

        let mut printed = String::new();
        for credential in credentials {
            let cache = TokenCache::new(credential.clone(), Clock::real());
            let got = cache.token().await;
            printed += &format!("{credential:?}\n{cache:?}\n{got:?}\n");
            if let Err(error) = got {
                printed += &format!("{error}\n{error:#?}\n");
            }
        }
        let env = |name: &str| Some(if name.contains("SECRET") || name.contains("PASSWORD") { SECRET } else { "x" }.to_owned());
        printed += &format!("{:?}", auto::choose(&env));
        printed += &format!("{:?}", cloud::endpoint(&format!("https://u:{PASSWORD}@a.example")));

        assert!(printed.contains("invalid_client") && printed.contains("Secret(..)") && printed.contains("ann@contoso.com"));
        let key = std::fs::read_to_string(file).unwrap();
        let key_line = key.lines().skip_while(|line| !line.contains("PRIVATE KEY")).nth(3).unwrap();
        let encoded: String = url::form_urlencoded::byte_serialize(SECRET.as_bytes()).collect();
        for canary in [SECRET, &encoded, PASSWORD, &canary_token, &ended_token, key_line, "eyJ"] {
            assert!(!printed.contains(canary), "{canary} in {printed}");
        }
    }
}
