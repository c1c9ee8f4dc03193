//! A private key and its certificate, from a PEM or PKCS#12 file.

use std::fmt;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, Utc};
use ring::digest;
use ring::signature::{KeyPair, RsaKeyPair};
use rustls::pki_types::pem::{PemObject, SectionKind};
use zeroize::Zeroizing;

use super::client_certificate::NAME;
use super::x509::Certificate;
use super::{AuthError, AuthErrorKind};
use crate::secret::Secret;

/// A key and a chain are some 10 KiB.
const LARGEST: u64 = 1024 * 1024;
const DAY: &str = "%Y-%m-%d";

/// What an application signs with.
pub(super) struct Identity {
    pub(super) key: RsaKeyPair,
    /// base64url of the SHA-256 of the certificate's DER: `x5t#S256`.
    pub(super) thumbprint: String,
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("thumbprint", &self.thumbprint).finish_non_exhaustive()
    }
}

/// What a file holds, before keys and certificates are matched.
#[derive(Default)]
struct Contents {
    keys: Vec<RsaKeyPair>,
    certificates: Vec<Certificate>,
    /// Why a key was not taken.
    unfit: Option<String>,
}

/// Reads a file of at most 1 MiB.
pub(super) fn read(path: &Path, password: Option<&Secret>, now: DateTime<Utc>) -> Result<Identity, AuthError> {
    let unreadable = |what: &str| failure(AuthErrorKind::FileUnreadable, format!("{what} ({})", path.display()));
    let mut bytes = Zeroizing::new(Vec::new());
    File::open(path)
        .and_then(|file| file.take(LARGEST + 1).read_to_end(&mut bytes))
        .map_err(|error| unreadable(&format!("the certificate file cannot be read: {error}")))?;
    if bytes.len() as u64 > LARGEST {
        return Err(unreadable("the certificate file is larger than 1 MiB"));
    }
    identity(&bytes, password, now)
}

/// Recognises the kind of file by its content: PEM has its lines, PKCS#12 is DER.
fn identity(bytes: &[u8], password: Option<&Secret>, now: DateTime<Utc>) -> Result<Identity, AuthError> {
    let contents = if contains(bytes, b"-----BEGIN ") {
        pem(bytes)?
    } else if bytes.starts_with(&[0x30]) {
        pkcs12(bytes, password)?
    } else {
        return Err(failure(AuthErrorKind::FileFormat, "the certificate file is neither PEM nor PKCS#12"));
    };
    pair(contents, now)
}

fn pem(bytes: &[u8]) -> Result<Contents, AuthError> {
    // Both kinds of encryption would be passed over in silence by the reader.
    if contains(bytes, b"-----BEGIN ENCRYPTED PRIVATE KEY-----") || contains(bytes, b"Proc-Type: 4,ENCRYPTED") {
        return Err(failure(AuthErrorKind::KeyEncrypted, "the private key of the PEM file is encrypted, which is not supported"));
    }
    let mut contents = Contents::default();
    for section in <(SectionKind, Vec<u8>)>::pem_slice_iter(bytes) {
        let (kind, der) = section.map_err(|_| failure(AuthErrorKind::FileFormat, "the PEM file is damaged"))?;
        let der = Zeroizing::new(der);
        match kind {
            SectionKind::Certificate => contents.certificate(&der)?,
            SectionKind::PrivateKey => contents.key(RsaKeyPair::from_pkcs8(&der)),
            SectionKind::RsaPrivateKey => contents.key(RsaKeyPair::from_der(&der)),
            SectionKind::EcPrivateKey => contents.unfit = Some("it is an EC key".into()),
            _ => {}
        }
    }
    Ok(contents)
}

#[cfg(feature = "pfx")]
fn pkcs12(bytes: &[u8], password: Option<&Secret>) -> Result<Contents, AuthError> {
    use p12_keystore::error::Error;

    let text = password.map_or("", Secret::expose);
    let archive = p12_keystore::Pkcs12Archive::from_pkcs12(bytes, text).map_err(|error| match error {
        Error::MacError(_) if password.is_none() => {
            failure(AuthErrorKind::PasswordMissing, "the PKCS#12 file is locked by a password and none was given")
        }
        Error::MacError(_) => failure(AuthErrorKind::PasswordWrong, "the password does not open the PKCS#12 file"),
        Error::UnsupportedEncryptionScheme | Error::UnsupportedMacAlgorithm => {
            failure(AuthErrorKind::FileFormat, "the PKCS#12 file uses an encryption that is not supported")
        }
        // Without a MAC a wrong password shows only as data that makes no sense.
        _ => failure(AuthErrorKind::FileFormat, "the file is no PKCS#12 file, is damaged, or the password is wrong"),
    })?;
    let mut contents = Contents::default();
    for bag in &archive.keys {
        contents.key(RsaKeyPair::from_pkcs8(bag.key.as_der()));
    }
    for bag in &archive.certs {
        contents.certificate(bag.cert.as_der())?;
    }
    Ok(contents)
}

#[cfg(not(feature = "pfx"))]
fn pkcs12(_bytes: &[u8], _password: Option<&Secret>) -> Result<Contents, AuthError> {
    Err(failure(AuthErrorKind::PfxUnsupported, "the file is PKCS#12 (PFX) and this build reads PEM alone"))
}

impl Contents {
    fn certificate(&mut self, der: &[u8]) -> Result<(), AuthError> {
        let certificate =
            Certificate::read(der).ok_or_else(|| failure(AuthErrorKind::FileFormat, "a certificate of the file is damaged"))?;
        self.certificates.push(certificate);
        Ok(())
    }

    fn key(&mut self, key: Result<RsaKeyPair, ring::error::KeyRejected>) {
        match key {
            Ok(key) => self.keys.push(key),
            Err(rejected) => {
                self.unfit = Some(match rejected.to_string().as_str() {
                    "TooSmall" => "it is shorter than 2048 bits".into(),
                    "WrongAlgorithm" => "it is not an RSA key".into(),
                    other => format!("it is refused ({other})"),
                });
            }
        }
    }
}

/// Finds the certificate that belongs to the key, wherever in the file it stands: a key signs happily beside a foreign certificate.
fn pair(contents: Contents, now: DateTime<Utc>) -> Result<Identity, AuthError> {
    let Contents { keys, certificates, unfit } = contents;
    if keys.is_empty() {
        return Err(match unfit {
            Some(why) => failure(AuthErrorKind::KeyUnfit, format!("the private key cannot be used: {why}")),
            None => failure(AuthErrorKind::KeyMissing, "the file holds no private key"),
        });
    }
    if certificates.is_empty() {
        return Err(failure(AuthErrorKind::CertificateMissing, "the file holds no certificate"));
    }
    let mut pairs: Vec<(RsaKeyPair, &Certificate)> = keys
        .into_iter()
        .filter_map(|key| {
            let own = |certificate: &&Certificate| certificate.rsa_key.as_deref() == Some(key.public_key().as_ref());
            // Of a renewed certificate the one that lasts longest.
            let certificate = certificates.iter().filter(own).max_by_key(|certificate| certificate.not_after)?;
            Some((key, certificate))
        })
        .collect();
    pairs.sort_by_key(|(_, certificate)| certificate.not_after);
    let Some((key, certificate)) = pairs.pop() else {
        return Err(failure(AuthErrorKind::PairMismatch, "no certificate of the file belongs to its private key"));
    };
    check_validity(certificate, now)?;
    let thumbprint = URL_SAFE_NO_PAD.encode(digest::digest(&digest::SHA256, &certificate.der));
    Ok(Identity { key, thumbprint })
}

fn check_validity(certificate: &Certificate, now: DateTime<Utc>) -> Result<(), AuthError> {
    if now > certificate.not_after {
        let message = format!("the certificate expired on {}", certificate.not_after.format(DAY));
        return Err(failure(AuthErrorKind::CertificateExpired, message));
    }
    if now < certificate.not_before {
        let message = format!("the certificate is not valid before {}", certificate.not_before.format(DAY));
        return Err(failure(AuthErrorKind::CertificateNotYetValid, message));
    }
    Ok(())
}

fn contains(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

fn failure(kind: AuthErrorKind, message: impl Into<String>) -> AuthError {
    AuthError::new(NAME, kind, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> DateTime<Utc> {
        "2026-06-01T00:00:00Z".parse().unwrap()
    }

    fn load(name: &str, password: Option<&str>) -> Result<Identity, AuthError> {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/auth").join(name);
        read(&path, password.map(|text| Secret::new(text.into())).as_ref(), now())
    }

    fn kind(name: &str, password: Option<&str>) -> AuthErrorKind {
        load(name, password).unwrap_err().kind
    }

    #[test]
    fn pem_in_every_order_and_both_key_formats() {
        let expected = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/auth/thumbprint.txt")).unwrap();
        for name in ["combined-pkcs8.pem", "combined-pkcs1.pem", "chain-first.pem", "crlf.pem"] {
            assert_eq!(load(name, None).unwrap().thumbprint, expected.trim(), "{name}");
        }
    }

    #[cfg(feature = "pfx")]
    #[test]
    fn pfx_old_and_new_by_content() {
        let expected = std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/auth/thumbprint.txt")).unwrap();
        for name in ["modern.pfx", "legacy.pfx", "modern-named-like-pem.pem"] {
            assert_eq!(load(name, Some("pass wörd")).unwrap().thumbprint, expected.trim(), "{name}");
        }
        assert_eq!(load("unlocked.pfx", None).unwrap().thumbprint, expected.trim());
        assert_eq!(kind("modern.pfx", None), AuthErrorKind::PasswordMissing);
        assert_eq!(kind("modern.pfx", Some("wrong")), AuthErrorKind::PasswordWrong);
        assert_eq!(kind("legacy.pfx", Some("wrong")), AuthErrorKind::PasswordWrong);
        assert_eq!(kind("certificate.der", None), AuthErrorKind::FileFormat);
    }

    #[cfg(not(feature = "pfx"))]
    #[test]
    fn pfx_is_named_where_it_cannot_be_read() {
        assert_eq!(kind("modern.pfx", None), AuthErrorKind::PfxUnsupported);
    }

    #[test]
    fn each_bad_file_is_named() {
        for (name, expected) in [
            ("missing.pem", AuthErrorKind::FileUnreadable),
            ("certificate.pem", AuthErrorKind::KeyMissing),
            ("key.pem", AuthErrorKind::CertificateMissing),
            ("encrypted-pkcs8.pem", AuthErrorKind::KeyEncrypted),
            ("encrypted-pkcs1.pem", AuthErrorKind::KeyEncrypted),
            ("wrong-pair.pem", AuthErrorKind::PairMismatch),
            ("expired.pem", AuthErrorKind::CertificateExpired),
            ("ec.pem", AuthErrorKind::KeyUnfit),
            ("short.pem", AuthErrorKind::KeyUnfit),
            ("thumbprint.txt", AuthErrorKind::FileFormat),
        ] {
            assert_eq!(kind(name, None), expected, "{name}");
        }
        let expired = load("expired.pem", None).unwrap_err();
        assert_eq!(expired.to_string(), "client-certificate: the certificate expired on 2021-01-01");
        assert!(load("short.pem", None).unwrap_err().message.contains("2048"));
        assert!(load("missing.pem", None).unwrap_err().message.contains("missing.pem"));
    }

    #[test]
    fn damaged_files_are_errors() {
        let whole = std::fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/auth/combined-pkcs8.pem")).unwrap();
        for length in (0..whole.len()).step_by(101) {
            assert!(identity(&whole[..length], None, now()).is_err());
        }
        assert_eq!(
            identity(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", None, now()).unwrap_err().kind,
            AuthErrorKind::FileFormat
        );
        assert_eq!(
            identity(b"-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n", None, now()).unwrap_err().kind,
            AuthErrorKind::FileFormat
        );
        assert!(identity(&[0x30; 64], None, now()).is_err());
    }

    #[test]
    fn a_certificate_of_the_future_is_named() {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/auth/combined-pkcs8.pem");
        let early = read(&path, None, "2001-01-01T00:00:00Z".parse().unwrap()).unwrap_err();
        assert_eq!(early.kind, AuthErrorKind::CertificateNotYetValid);
    }
}
