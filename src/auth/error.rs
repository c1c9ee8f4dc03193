//! Why signing in failed.

use std::num::NonZeroU16;
use std::time::Duration;

/// Why signing in failed. Facts only; `cli` turns them into advice.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{credential}: {message}")]
pub struct AuthError {
    /// Which credential.
    pub credential: &'static str,
    /// What happened, for choosing advice.
    pub kind: AuthErrorKind,
    /// In words, one line, without secrets.
    pub message: String,
    /// `AADSTS` numbers, the most telling first.
    pub codes: Vec<u32>,
    /// HTTP status of the token endpoint, if it was reached.
    pub status: Option<u16>,
    /// Seconds that the token endpoint asked to wait.
    pub retry_after: Option<NonZeroU16>,
    /// Entra's correlation id.
    pub correlation_id: Option<String>,
    /// What a claims challenge asks for, decoded.
    pub claims: Option<String>,
    /// True if the same call may succeed later.
    pub transient: bool,
}

/// What kind of failure it was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuthErrorKind {
    /// The `AZURE_*` variables are set in part; the message names what is missing.
    Variables,
    /// The tenant is neither a GUID nor a domain name.
    TenantName,
    /// No such tenant in this cloud (also `AADSTS90002`).
    TenantNotFound,
    /// The certificate file cannot be read.
    FileUnreadable,
    /// The certificate file is neither PEM nor PKCS#12, or damaged.
    FileFormat,
    /// The file is PKCS#12 and this build cannot read that.
    PfxUnsupported,
    /// The file is locked and no password was given.
    PasswordMissing,
    /// The password does not open the file.
    PasswordWrong,
    /// The PEM key is encrypted.
    KeyEncrypted,
    /// The file holds no private key.
    KeyMissing,
    /// The key is not RSA of at least 2048 bits.
    KeyUnfit,
    /// The file holds no certificate.
    CertificateMissing,
    /// No certificate of the file belongs to the key.
    PairMismatch,
    /// The certificate has ended.
    CertificateExpired,
    /// The certificate is not valid yet, or this machine's clock is behind.
    CertificateNotYetValid,
    /// `az` is not installed or not on the path.
    AzMissing,
    /// `az` has nobody signed in, or asks to sign in again.
    AzSignedOut,
    /// `az` failed in another way.
    AzFailed,
    /// `az` did not end in time.
    AzTimeout,
    /// Entra refused; `codes` say why.
    Refused,
    /// The login endpoint was not reached, or the connection broke.
    Unreachable,
    /// The login endpoint's certificate was refused.
    Tls,
    /// The answer is not what a token endpoint gives: a proxy's page, another protocol, too large.
    BadAnswer,
    /// What was given as a token cannot be one.
    NotAToken,
    /// The given token has ended and there is no way to a newer one.
    TokenEnded,
    /// The given token was refused and there is no way to another one.
    TokenRefused,
}

impl AuthError {
    /// A failure that another try does not cure, without an answer of the token endpoint.
    pub fn new(credential: &'static str, kind: AuthErrorKind, message: impl Into<String>) -> Self {
        AuthError {
            credential,
            kind,
            message: message.into(),
            codes: Vec::new(),
            status: None,
            retry_after: None,
            correlation_id: None,
            claims: None,
            transient: false,
        }
    }

    /// How long the token endpoint asked to wait; zero if it did not ask.
    pub fn asked_to_wait(&self) -> Duration {
        Duration::from_secs(self.retry_after.map_or(0, |seconds| seconds.get().into()))
    }
}
