//! An application that signs with its certificate's key.

use std::path::Path;
use std::sync::Arc;

use futures_util::FutureExt;
use futures_util::future::BoxFuture;

use super::certificate_file::{self, Identity};
use super::cloud::Login;
use super::endpoint::{self, Grant, Proof};
use super::{AuthError, AuthErrorKind, Credential, Token, assertion, tenant};
use crate::http::clock::Clock;
use crate::http::transport::Transport;
use crate::secret::Secret;

/// Name of this credential.
pub const NAME: &str = "client-certificate";

/// An application with a certificate: app-only tokens by the client-credentials grant, with a PS256 assertion signed anew for each call.
#[derive(Debug)]
pub struct ClientCertificate {
    transport: Arc<dyn Transport>,
    login: Login,
    tenant: String,
    client_id: String,
    identity: Identity,
    scope: String,
}

impl ClientCertificate {
    /// Reads key and certificate from one file: PEM (PKCS#1 or PKCS#8, not encrypted), or PKCS#12 with `password`; told apart by content.
    ///
    /// `tenant`: id or domain, checked here. `scope`: [`super::cloud::Cloud::scope`]. Fails if the file cannot be used, the certificate is
    /// not the key's, or it is not valid now.
    pub fn from_file(
        transport: Arc<dyn Transport>,
        login: &Login,
        tenant: &str,
        client_id: &str,
        path: &Path,
        password: Option<Secret>,
        scope: &str,
    ) -> Result<Self, AuthError> {
        let tenant = tenant::check(tenant).map_err(|error| AuthError::new(NAME, AuthErrorKind::TenantName, error.to_string()))?;
        let identity = certificate_file::read(path, password.as_ref(), Clock::real().wall())?;
        Ok(ClientCertificate {
            transport,
            login: login.clone(),
            tenant,
            client_id: client_id.to_owned(),
            identity,
            scope: scope.to_owned(),
        })
    }

    async fn ask(&self) -> Result<Token, AuthError> {
        let url = self.login.token_address(&self.tenant);
        let assertion = assertion::sign(&self.identity, &self.client_id, url.as_str(), Clock::real().wall())
            .ok_or_else(|| AuthError::new(NAME, AuthErrorKind::KeyUnfit, "the private key cannot sign"))?;
        endpoint::client_credentials(Grant {
            credential: NAME,
            transport: self.transport.as_ref(),
            url,
            client_id: &self.client_id,
            scope: &self.scope,
            proof: Proof::Assertion(&assertion),
        })
        .await
    }
}

impl Credential for ClientCertificate {
    fn name(&self) -> &'static str {
        NAME
    }

    fn token(&self) -> BoxFuture<'_, Result<Token, AuthError>> {
        self.ask().boxed()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use base64::Engine;
    use base64::engine::general_purpose::URL_SAFE_NO_PAD;
    use ring::signature::{RSA_PSS_2048_8192_SHA256, UnparsedPublicKey};
    use rustls::pki_types::CertificateDer;
    use rustls::pki_types::pem::PemObject;
    use serde_json::Value;

    use super::*;
    use crate::auth::testing::Scripted;
    use crate::auth::x509::Certificate;

    fn file(name: &str) -> std::path::PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/auth").join(name)
    }

    fn credential(transport: Arc<Scripted>) -> ClientCertificate {
        let login = Login::parse("https://login.microsoftonline.com").unwrap();
        ClientCertificate::from_file(transport, &login, "contoso.com", "app-id", &file("combined-pkcs8.pem"), None, "scope/.default")
            .unwrap()
    }

    #[tokio::test]
    async fn the_assertion_verifies_and_says_what_entra_expects() {
        let transport = Scripted::always(200, r#"{"token_type":"Bearer","expires_in":60,"access_token":"opaque"}"#);
        let credential = credential(transport.clone());
        let before = Clock::real().wall().timestamp();
        credential.token().await.unwrap();
        credential.token().await.unwrap();

        let form: BTreeMap<_, _> = transport.form(0).into_iter().collect();
        assert_eq!(
            form.keys().map(String::as_str).collect::<Vec<_>>(),
            ["client_assertion", "client_assertion_type", "client_id", "grant_type", "scope"]
        );
        assert_eq!(form["client_assertion_type"], "urn:ietf:params:oauth:client-assertion-type:jwt-bearer");

        let parts: Vec<&str> = form["client_assertion"].split('.').collect();
        let json = |part: &str| serde_json::from_slice::<Value>(&URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap();
        let (header, payload) = (json(parts[0]), json(parts[1]));
        let thumbprint = std::fs::read_to_string(file("thumbprint.txt")).unwrap();
        assert_eq!(header, serde_json::json!({"alg": "PS256", "typ": "JWT", "x5t#S256": thumbprint.trim()}));
        assert_eq!(payload["aud"], "https://login.microsoftonline.com/contoso.com/oauth2/v2.0/token");
        assert_eq!((&payload["iss"], &payload["sub"]), (&Value::from("app-id"), &Value::from("app-id")));
        let (from, to) = (payload["nbf"].as_i64().unwrap(), payload["exp"].as_i64().unwrap());
        assert_eq!(payload["iat"], payload["nbf"]);
        assert!((before..=before + 5).contains(&from) && to - from == 600);

        let second: BTreeMap<_, _> = transport.form(1).into_iter().collect();
        let other = json(second["client_assertion"].split('.').nth(1).unwrap());
        assert_ne!(payload["jti"], other["jti"]);

        let der = CertificateDer::from_pem_file(file("certificate.pem")).unwrap();
        let public = Certificate::read(&der).unwrap().rsa_key.unwrap();
        let signed = format!("{}.{}", parts[0], parts[1]);
        let verify = |text: &str| {
            UnparsedPublicKey::new(&RSA_PSS_2048_8192_SHA256, &public).verify(text.as_bytes(), &URL_SAFE_NO_PAD.decode(parts[2]).unwrap())
        };
        assert!(verify(&signed).is_ok());
        assert!(verify(&signed.replace(parts[1], "e30")).is_err());
    }

    #[tokio::test]
    async fn a_refusal_does_not_repeat_the_assertion() {
        let transport = Scripted::new(|_, request| {
            let body = String::from_utf8(request.body.clone().unwrap().to_vec()).unwrap();
            let body = serde_json::json!({"error": "invalid_client", "error_description": format!("AADSTS700027: bad {body}"), "error_codes": [700027]});
            Ok(crate::auth::testing::json(401, &body.to_string()))
        });
        let error = credential(transport).token().await.unwrap_err();
        assert_eq!(error.codes, [700027]);
        assert!(!error.message.contains("eyJ"), "{error}");
    }

    #[test]
    fn a_bad_tenant_is_told_before_the_file_is_read() {
        let login = Login::parse("https://login.microsoftonline.com").unwrap();
        let error =
            ClientCertificate::from_file(Scripted::always(200, ""), &login, "a/b", "c", &file("missing.pem"), None, "s").unwrap_err();
        assert_eq!(error.kind, AuthErrorKind::TenantName);
    }
}
