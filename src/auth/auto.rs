//! Which credential the standard `AZURE_*` variables ask for.

use std::path::PathBuf;

use super::{AuthError, AuthErrorKind};
use crate::secret::Secret;

/// Name of this choice.
pub const NAME: &str = "auto";

const TENANT: &str = "AZURE_TENANT_ID";
const CLIENT: &str = "AZURE_CLIENT_ID";
const SECRET: &str = "AZURE_CLIENT_SECRET";
const CERTIFICATE: &str = "AZURE_CLIENT_CERTIFICATE_PATH";
const PASSWORD: &str = "AZURE_CLIENT_CERTIFICATE_PASSWORD";

/// What the variables ask for, ready to build. It stays the choice: if it fails, no other is tried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Choice {
    /// An application with a secret.
    ClientSecret {
        /// Tenant id or domain.
        tenant: String,
        /// Application id.
        client_id: String,
        /// The secret.
        secret: Secret,
    },
    /// An application with a certificate.
    ClientCertificate {
        /// Tenant id or domain.
        tenant: String,
        /// Application id.
        client_id: String,
        /// PEM or PKCS#12.
        path: PathBuf,
        /// Opens the file, if it is locked.
        password: Option<Secret>,
    },
    /// Whoever is signed in to the Azure CLI.
    AzureCli {
        /// Tenant id or domain; none: the CLI's own.
        tenant: Option<String>,
    },
}

impl Choice {
    /// The credential's name.
    pub fn name(&self) -> &'static str {
        match self {
            Choice::ClientSecret { .. } => super::client_secret::NAME,
            Choice::ClientCertificate { .. } => super::client_certificate::NAME,
            Choice::AzureCli { .. } => super::azure_cli::NAME,
        }
    }
}

/// Reads the variables through `env`: a secret, else a certificate, else, if no application is named, the Azure CLI.
///
/// An empty variable counts as not set. Variables that are set in part are an error, so that a typo does not end in another identity.
/// A caller that has `--tenant` lets `env` answer with it where `AZURE_TENANT_ID` is not set.
pub fn choose(env: &dyn Fn(&str) -> Option<String>) -> Result<Choice, AuthError> {
    let get = |name: &str| env(name).filter(|value| !value.is_empty());
    let (tenant, client_id) = (get(TENANT), get(CLIENT));
    if let Some(secret) = get(SECRET).map(Secret::new) {
        let (tenant, client_id) = application(SECRET, tenant, client_id)?;
        return Ok(Choice::ClientSecret { tenant, client_id, secret });
    }
    let password = get(PASSWORD).map(Secret::new);
    if let Some(path) = get(CERTIFICATE).map(PathBuf::from) {
        let (tenant, client_id) = application(CERTIFICATE, tenant, client_id)?;
        return Ok(Choice::ClientCertificate { tenant, client_id, path, password });
    }
    if password.is_some() {
        return Err(half_set(format!("{PASSWORD} is set, but {CERTIFICATE} is not")));
    }
    if client_id.is_some() {
        return Err(half_set(format!("{CLIENT} is set, but neither {SECRET} nor {CERTIFICATE} is")));
    }
    Ok(Choice::AzureCli { tenant })
}

fn application(set: &str, tenant: Option<String>, client_id: Option<String>) -> Result<(String, String), AuthError> {
    match (tenant, client_id) {
        (Some(tenant), Some(client_id)) => Ok((tenant, client_id)),
        (None, Some(_)) => Err(half_set(format!("{set} is set, but {TENANT} is not"))),
        (Some(_), None) => Err(half_set(format!("{set} is set, but {CLIENT} is not"))),
        (None, None) => Err(half_set(format!("{set} is set, but {TENANT} and {CLIENT} are not"))),
    }
}

fn half_set(message: String) -> AuthError {
    AuthError::new(NAME, AuthErrorKind::Variables, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pick(set: &[(&str, &str)]) -> Result<Choice, String> {
        let env = |name: &str| set.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned());
        choose(&env).map_err(|error| error.message)
    }

    #[test]
    fn secret_before_certificate_before_cli() {
        let all = [(TENANT, "t"), (CLIENT, "c"), (SECRET, "s"), (CERTIFICATE, "/p"), (PASSWORD, "w")];
        assert_eq!(pick(&all), Ok(Choice::ClientSecret { tenant: "t".into(), client_id: "c".into(), secret: Secret::new("s".into()) }));
        let certificate = [(TENANT, "t"), (CLIENT, "c"), (SECRET, ""), (CERTIFICATE, "/p"), (PASSWORD, "w")];
        assert_eq!(
            pick(&certificate),
            Ok(Choice::ClientCertificate {
                tenant: "t".into(),
                client_id: "c".into(),
                path: "/p".into(),
                password: Some(Secret::new("w".into()))
            })
        );
        assert_eq!(pick(&[]), Ok(Choice::AzureCli { tenant: None }));
        assert_eq!(pick(&[(TENANT, "t")]), Ok(Choice::AzureCli { tenant: Some("t".into()) }));
    }

    #[test]
    fn half_set_names_what_is_missing() {
        let cases: [(&[(&str, &str)], &str); 7] = [
            (&[(SECRET, "s")], "AZURE_CLIENT_SECRET is set, but AZURE_TENANT_ID and AZURE_CLIENT_ID are not"),
            (&[(SECRET, "s"), (TENANT, "t")], "AZURE_CLIENT_SECRET is set, but AZURE_CLIENT_ID is not"),
            (&[(SECRET, "s"), (CLIENT, "c")], "AZURE_CLIENT_SECRET is set, but AZURE_TENANT_ID is not"),
            (&[(CERTIFICATE, "p"), (CLIENT, "c"), (TENANT, "")], "AZURE_CLIENT_CERTIFICATE_PATH is set, but AZURE_TENANT_ID is not"),
            (&[(PASSWORD, "w"), (CLIENT, "c")], "AZURE_CLIENT_CERTIFICATE_PASSWORD is set, but AZURE_CLIENT_CERTIFICATE_PATH is not"),
            (&[(CLIENT, "c")], "AZURE_CLIENT_ID is set, but neither AZURE_CLIENT_SECRET nor AZURE_CLIENT_CERTIFICATE_PATH is"),
            (
                &[(CLIENT, "c"), (TENANT, "t")],
                "AZURE_CLIENT_ID is set, but neither AZURE_CLIENT_SECRET nor AZURE_CLIENT_CERTIFICATE_PATH is",
            ),
        ];
        for (set, message) in cases {
            assert_eq!(pick(set).unwrap_err(), message);
        }
    }

    #[test]
    fn debug_shows_no_secret() {
        let set = [(TENANT, "t"), (CLIENT, "c"), (SECRET, "canary"), (PASSWORD, "canary")];
        assert!(!format!("{:?}", pick(&set)).contains("canary"));
    }
}
