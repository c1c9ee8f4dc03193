//! A token that somebody else got. There is no way to a newer one.

use futures_util::future::BoxFuture;

use super::{AuthError, AuthErrorKind, Credential, Token};
use crate::http::clock::Clock;
use crate::secret::Secret;

/// Name of this credential.
pub const NAME: &str = "access-token";

/// A given access token. When it ends, so does reading.
#[derive(Debug)]
pub struct AccessToken {
    given: Secret,
}

impl AccessToken {
    /// The token as it was read from a variable or a file; blanks around it are dropped. Checked at the first call.
    pub fn new(given: Secret) -> Self {
        AccessToken { given }
    }

    fn read(&self) -> Result<Token, AuthError> {
        let Some(token) = Token::read(self.given.expose().trim(), None) else {
            let message = "what was given is empty or not one word of printable ASCII";
            return Err(AuthError::new(NAME, AuthErrorKind::NotAToken, message));
        };
        match token.expires_at {
            Some(end) if end <= Clock::real().wall() => {
                let message = format!("the given token ended at {} and cannot be renewed", end.format("%Y-%m-%dT%H:%M:%SZ"));
                Err(AuthError::new(NAME, AuthErrorKind::TokenEnded, message))
            }
            _ => Ok(token),
        }
    }
}

impl Credential for AccessToken {
    fn name(&self) -> &'static str {
        NAME
    }

    fn token(&self) -> BoxFuture<'_, Result<Token, AuthError>> {
        Box::pin(std::future::ready(self.read()))
    }

    fn renews(&self) -> bool {
        false
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::testing::jwt;

    fn read(text: &str) -> Result<Token, AuthError> {
        AccessToken::new(Secret::new(text.into())).read()
    }

    #[test]
    fn a_live_token_is_given_back() {
        let text = jwt(r#"{"exp":4000000000,"scp":"User.Read","upn":"ann@contoso.com"}"#);
        let token = read(&format!("  {text}\r\n")).unwrap();
        assert_eq!(token.secret.expose(), text);
        assert_eq!(token.expires_at.unwrap().timestamp(), 4_000_000_000);
        assert!(token.claims.decoded && !token.claims.app_only);
        assert_eq!(read("opaque").unwrap().expires_at, None);
    }

    #[test]
    fn an_ended_token_says_when() {
        let error = read(&jwt(r#"{"exp":1700000000}"#)).unwrap_err();
        assert_eq!(error.kind, AuthErrorKind::TokenEnded);
        assert_eq!(error.to_string(), "access-token: the given token ended at 2023-11-14T22:13:20Z and cannot be renewed");
    }

    #[test]
    fn what_cannot_go_into_a_header_is_refused() {
        for text in ["", " \n", "Bearer abc", "a\nb", "ü", "a\0b"] {
            assert_eq!(read(text).unwrap_err().kind, AuthErrorKind::NotAToken, "{text:?}");
        }
    }
}
