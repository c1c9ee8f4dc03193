//! TLS by rustls with ring: the system's trusted roots, and those of a file.

use std::path::Path;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject;
use rustls_platform_verifier::Verifier;

use super::transport::{TransportError, TransportErrorKind};

/// More than any bundle of root certificates needs.
const CA_FILE_CAP: u64 = 8 * 1024 * 1024;

/// The client's side of TLS. It offers HTTP/2 first: reqwest adds no ALPN to a configuration that it is given.
pub(super) fn client_config(ca_file: Option<&Path>) -> Result<ClientConfig, TransportError> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let verifier = match ca_file {
        Some(path) => extended_verifier(path, &provider)?,
        None => Verifier::new(provider.clone()).map_err(|error| failed(error.to_string()))?,
    };
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| failed(error.to_string()))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(config)
}

/// The system's roots and those of the file. Each error names the file.
fn extended_verifier(path: &Path, provider: &Arc<CryptoProvider>) -> Result<Verifier, TransportError> {
    let named = |cause: String| failed(format!("CA file {}: {cause}", path.display()));
    let length = std::fs::metadata(path).map_err(|error| named(error.to_string()))?.len();
    if length > CA_FILE_CAP {
        return Err(named(format!("{length} bytes are too many for certificates")));
    }
    let pem = std::fs::read(path).map_err(|error| named(error.to_string()))?;
    let roots: Vec<CertificateDer<'static>> =
        CertificateDer::pem_slice_iter(&pem).collect::<Result<_, _>>().map_err(|error| named(format!("not PEM: {error}")))?;
    if roots.is_empty() {
        return Err(named("holds no PEM certificate".into()));
    }
    Verifier::new_with_extra_roots(roots, provider.clone()).map_err(|error| named(error.to_string()))
}

fn failed(detail: String) -> TransportError {
    TransportError { kind: TransportErrorKind::Tls, detail }
}

/// True if a rustls error is among the causes: the peer was reached and TLS said no, which no repeat will change.
pub(super) fn is_refusal(error: &(dyn std::error::Error + 'static)) -> bool {
    let mut cause = Some(error);
    while let Some(here) = cause {
        if here.is::<rustls::Error>() {
            return true;
        }
        // An io::Error skips the error that it wraps when it is asked for its source.
        if let Some(inner) = here.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref)
            && is_refusal(inner)
        {
            return true;
        }
        cause = here.source();
    }
    false
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn complaint(content: &[u8]) -> String {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(content).unwrap();
        let error = client_config(Some(file.path())).unwrap_err();
        assert_eq!(error.kind, TransportErrorKind::Tls);
        assert!(error.detail.contains(&file.path().display().to_string()), "{error}");
        error.detail
    }

    #[test]
    fn a_bad_ca_file_is_named() {
        assert!(complaint(b"").contains("holds no PEM certificate"));
        assert!(complaint(b"hello").contains("holds no PEM certificate"));
        assert!(complaint(b"-----BEGIN CERTIFICATE-----\n!!!\n-----END CERTIFICATE-----\n").contains("not PEM"));
        complaint(b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n");
        let missing = client_config(Some(Path::new("/nonexistent/ca.pem"))).unwrap_err();
        assert!(missing.detail.contains("/nonexistent/ca.pem"), "{missing}");
    }

    #[test]
    fn http_2_is_offered_first() {
        let config = client_config(Some(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data/tls-ca.pem")))).unwrap();
        assert_eq!(config.alpn_protocols, [b"h2".to_vec(), b"http/1.1".to_vec()]);
    }

    #[test]
    fn a_refusal_is_found_inside_an_io_error() {
        let inner = std::io::Error::other(rustls::Error::HandshakeNotComplete);
        assert!(is_refusal(&inner));
        assert!(is_refusal(&std::io::Error::other(inner)));
        assert!(!is_refusal(&std::io::Error::from(std::io::ErrorKind::ConnectionReset)));
    }
}
