//! An application that shows a client secret.

use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::cloud::Login;
use super::endpoint::{self, Grant, Proof};
use super::{AuthError, AuthErrorKind, Credential, Token, tenant};
use crate::http::transport::Transport;
use crate::secret::Secret;

/// Name of this credential.
pub const NAME: &str = "client-secret";

/// An application with a client secret: app-only tokens by the client-credentials grant.
#[derive(Debug)]
pub struct ClientSecret {
    transport: Arc<dyn Transport>,
    login: Login,
    tenant: String,
    client_id: String,
    secret: Secret,
    scope: String,
}

impl ClientSecret {
    /// `tenant`: id or domain, checked at the first call. `scope`: [`super::cloud::Cloud::scope`].
    pub fn new(transport: Arc<dyn Transport>, login: &Login, tenant: &str, client_id: &str, secret: Secret, scope: &str) -> Self {
        ClientSecret {
            transport,
            login: login.clone(),
            tenant: tenant.to_owned(),
            client_id: client_id.to_owned(),
            secret,
            scope: scope.to_owned(),
        }
    }

    async fn ask(&self) -> Result<Token, AuthError> {
        let tenant = tenant::check(&self.tenant).map_err(|error| AuthError::new(NAME, AuthErrorKind::TenantName, error.to_string()))?;
        endpoint::client_credentials(Grant {
            credential: NAME,
            transport: self.transport.as_ref(),
            url: self.login.token_address(&tenant),
            client_id: &self.client_id,
            scope: &self.scope,
            proof: Proof::Secret(&self.secret),
        })
        .await
    }
}

impl Credential for ClientSecret {
    fn name(&self) -> &'static str {
        NAME
    }

    fn token(&self) -> BoxFuture<'_, Result<Token, AuthError>> {
        self.ask().boxed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::auth::testing::Scripted;

    fn credential(transport: Arc<Scripted>, tenant: &str) -> ClientSecret {
        let login = Login::parse("https://login.microsoftonline.us").unwrap();
        ClientSecret::new(transport, &login, tenant, "app", Secret::new("canary-secret".into()), "https://graph.microsoft.us/.default")
    }

    #[tokio::test]
    async fn signs_in_to_the_tenant() {
        let transport = Scripted::always(200, r#"{"token_type":"Bearer","expires_in":60,"access_token":"opaque"}"#);
        let token = credential(transport.clone(), "Contoso.com").token().await.unwrap();
        assert_eq!((token.secret.expose(), token.claims.decoded), ("opaque", false));
        assert_eq!(transport.request(0).url.as_str(), "https://login.microsoftonline.us/contoso.com/oauth2/v2.0/token");
    }

    #[tokio::test]
    async fn a_bad_tenant_sends_nothing() {
        let transport = Scripted::always(200, "");
        let error = credential(transport.clone(), "common").token().await.unwrap_err();
        assert_eq!((error.kind, transport.calls()), (AuthErrorKind::TenantName, 0));
    }
}
