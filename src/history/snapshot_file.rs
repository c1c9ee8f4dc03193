//! A snapshot as bytes: JSON, plain or gzip, with the version of its format first looked at and only then the rest.

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::io::{Read, Write};

use flate2::Compression;
use flate2::read::MultiGzDecoder;
use flate2::write::GzEncoder;
use serde::Deserialize;

use crate::domain::Snapshot;
use crate::domain::snapshot::FORMAT_VERSION;

/// Largest snapshot, inflated: more is no snapshot but an attack on memory.
pub const MAX_INFLATED: u64 = 2 * 1024 * 1024 * 1024;

/// The first bytes of gzip.
const GZIP_MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Why bytes are no snapshot that this build can read.
#[derive(Debug, thiserror::Error)]
pub enum FormatError {
    /// It is something else.
    #[error("not a partnerscope snapshot: {detail}")]
    Foreign {
        /// What it looks like.
        detail: String,
    },
    /// A newer build wrote it.
    #[error("the snapshot has format {found}, this version of partnerscope reads up to {supported}")]
    Newer {
        /// The file's version.
        found: String,
        /// The newest that this build reads.
        supported: &'static str,
    },
    /// It is a snapshot, but broken.
    #[error("the file is cut or broken at line {line}, column {column}: {detail}")]
    Broken {
        /// Line, from 1.
        line: usize,
        /// Column, from 1.
        column: usize,
        /// In the parser's words.
        detail: String,
    },
    /// It holds none: there is nothing to say of it, least of all that it is clean.
    #[error("the snapshot holds no tenant")]
    NoTenant,
    /// It holds one tenant twice in one view: nobody can say which of the two holds.
    #[error("the snapshot holds tenant {tenant} twice")]
    Twice {
        /// The tenant's id.
        tenant: String,
    },
    /// Gzip that does not inflate.
    #[error("the gzip data is broken: {detail}")]
    Gzip {
        /// In the library's words.
        detail: String,
    },
    /// More than this build inflates.
    #[error("the snapshot is larger than {limit} bytes when inflated")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// It cannot be written.
    #[error("write the snapshot: {detail}")]
    Write {
        /// In the library's words.
        detail: String,
    },
}

/// Only the version: read before anything that may differ between versions.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head<'a> {
    #[serde(borrow, default)]
    format_version: Option<Cow<'a, str>>,
}

/// Reads a snapshot. Fields that this build does not know are passed over; fields that an older build did not write have defaults.
pub fn read(bytes: &[u8]) -> Result<Snapshot, FormatError> {
    read_up_to(bytes, MAX_INFLATED)
}

fn read_up_to(bytes: &[u8], limit: u64) -> Result<Snapshot, FormatError> {
    let inflated = inflate(bytes, limit)?;
    let text = without_mark(&inflated);
    if text.iter().all(u8::is_ascii_whitespace) {
        return Err(FormatError::Foreign { detail: "the file is empty".into() });
    }
    if text.iter().find(|byte| !byte.is_ascii_whitespace()) != Some(&b'{') {
        return Err(FormatError::Foreign { detail: "it is not a JSON object".into() });
    }
    let head: Head<'_> = serde_json::from_slice(text).map_err(|error| broken(&error))?;
    let Some(version) = head.format_version else {
        return Err(FormatError::Foreign { detail: "it is JSON without a formatVersion".into() });
    };
    let Some(major) = major(&version) else {
        return Err(FormatError::Foreign { detail: format!("its formatVersion is {:?}", shorten(&version)) });
    };
    if Some(major) > self::major(FORMAT_VERSION) {
        return Err(FormatError::Newer { found: shorten(&version).into_owned(), supported: FORMAT_VERSION });
    }
    let snapshot: Snapshot = serde_json::from_slice(text).map_err(|error| broken(&error))?;
    if snapshot.tenants.is_empty() {
        return Err(FormatError::NoTenant);
    }
    let mut seen = BTreeSet::new();
    match snapshot.tenants.iter().find(|tenant| !seen.insert((&tenant.tenant_id, tenant.view))) {
        Some(twin) => Err(FormatError::Twice { tenant: shorten(&twin.tenant_id).into_owned() }),
        None => Ok(snapshot),
    }
}

/// Writes a snapshot: the same facts give the same bytes.
pub fn write(snapshot: &Snapshot, gzip: bool) -> Result<Vec<u8>, FormatError> {
    let fail = |detail: String| FormatError::Write { detail };
    let mut json = serde_json::to_vec(snapshot).map_err(|error| fail(error.to_string()))?;
    json.push(b'\n');
    if !gzip {
        return Ok(json);
    }
    // No name and no time in the header, so that the bytes depend on nothing else.
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(&json).and_then(|()| encoder.finish()).map_err(|error| fail(error.to_string()))
}

pub(super) fn inflate(bytes: &[u8], limit: u64) -> Result<Cow<'_, [u8]>, FormatError> {
    if !bytes.starts_with(&GZIP_MAGIC) {
        return if bytes.len() as u64 > limit { Err(FormatError::TooLarge { limit }) } else { Ok(Cow::Borrowed(bytes)) };
    }
    let mut inflated = Vec::new();
    MultiGzDecoder::new(bytes)
        .take(limit.saturating_add(1))
        .read_to_end(&mut inflated)
        .map_err(|error| FormatError::Gzip { detail: error.to_string() })?;
    if inflated.len() as u64 > limit { Err(FormatError::TooLarge { limit }) } else { Ok(Cow::Owned(inflated)) }
}

/// The text behind a byte order mark.
pub(super) fn without_mark(bytes: &[u8]) -> &[u8] {
    bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)
}

/// The parser's words, with the place told apart from them.
fn broken(error: &serde_json::Error) -> FormatError {
    FormatError::Broken { line: error.line(), column: error.column(), detail: words(error) }
}

/// What the parser says, without the place.
pub(super) fn words(error: &serde_json::Error) -> String {
    error.to_string().split(" at line ").next().unwrap_or_default().to_owned()
}

/// The major part of `major.minor`.
pub(super) fn major(version: &str) -> Option<u32> {
    let (major, minor) = version.split_once('.')?;
    minor.parse::<u32>().ok()?;
    major.parse().ok()
}

pub(super) fn shorten(version: &str) -> Cow<'_, str> {
    const READABLE: usize = 40;
    if version.chars().count() <= READABLE {
        version.into()
    } else {
        version.chars().take(READABLE).chain(['…']).collect::<String>().into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{Coverage, Dataset, TenantSnapshot, Timestamp, Tool, View};

    fn snapshot() -> Snapshot {
        Snapshot {
            format_version: FORMAT_VERSION.into(),
            tool: Tool::this(),
            collected_at: Timestamp::parse("2026-01-01T00:00:00Z").unwrap(),
            lookback_days: 30,
            only_customer: None,
            tenants: vec![TenantSnapshot {
                tenant_id: "11111111-2222-3333-4444-555555555555".into(),
                display_name: "Müller \u{202e}".into(),
                view: View::Partner,
                cloud: "global".into(),
                coverage: [(Dataset::Relationships, Coverage::complete(0))].into(),
                partner: Default::default(),
                customer: Default::default(),
            }],
        }
    }

    #[test]
    fn plain_and_gzip_come_back_as_they_were() {
        for gzip in [false, true] {
            let bytes = write(&snapshot(), gzip).unwrap();
            assert_eq!(bytes.starts_with(&GZIP_MAGIC), gzip);
            assert_eq!(read(&bytes).unwrap(), snapshot());
            assert_eq!(write(&read(&bytes).unwrap(), gzip).unwrap(), bytes);
        }
    }

    fn with_version(version: &str) -> Vec<u8> {
        String::from_utf8(write(&snapshot(), false).unwrap()).unwrap().replacen(FORMAT_VERSION, version, 1).into_bytes()
    }

    #[test]
    fn versions() {
        let minor = String::from_utf8(with_version("1.9")).unwrap().replacen('{', "{\"later\":[{}],", 1);
        assert_eq!(read(minor.as_bytes()).unwrap().tenants, snapshot().tenants);
        assert_eq!(read(&with_version("0.9")).unwrap().tenants, snapshot().tenants);
        // The newer one differs in everything else, and still says which version it is.
        let error = read(br#"{"tenants": 7, "formatVersion": "2.0"}"#).unwrap_err();
        assert_eq!(error.to_string(), "the snapshot has format 2.0, this version of partnerscope reads up to 1.0");
    }

    #[test]
    fn what_is_no_snapshot_is_named() {
        let says = |bytes: &[u8]| read(bytes).unwrap_err().to_string();
        assert_eq!(says(b""), "not a partnerscope snapshot: the file is empty");
        assert_eq!(says(b"PK\x03\x04"), "not a partnerscope snapshot: it is not a JSON object");
        assert_eq!(says(b"[]"), "not a partnerscope snapshot: it is not a JSON object");
        assert_eq!(says(b"{}"), "not a partnerscope snapshot: it is JSON without a formatVersion");
        assert_eq!(says(br#"{"formatVersion":"one"}"#), "not a partnerscope snapshot: its formatVersion is \"one\"");
        assert!(says(br#"{"formatVersion":"1.0"}"#).starts_with("the file is cut or broken at line 1"));
        let whole = write(&snapshot(), false).unwrap();
        assert!(matches!(read(&whole[..whole.len() / 2]).unwrap_err(), FormatError::Broken { .. }));
        let zipped = write(&snapshot(), true).unwrap();
        assert!(matches!(read(&zipped[..zipped.len() / 2]).unwrap_err(), FormatError::Gzip { .. }));
    }

    #[test]
    fn no_tenant_is_refused() {
        let bytes = write(&Snapshot { tenants: Vec::new(), ..snapshot() }, false).unwrap();
        assert!(matches!(read(&bytes), Err(FormatError::NoTenant)));
    }

    #[test]
    fn one_tenant_twice_is_refused() {
        let mut twice = snapshot();
        twice.tenants.push(twice.tenants[0].clone());
        let error = read(&write(&twice, false).unwrap()).unwrap_err();
        assert_eq!(error.to_string(), "the snapshot holds tenant 11111111-2222-3333-4444-555555555555 twice");
        twice.tenants[1].view = View::Customer;
        assert!(read(&write(&twice, false).unwrap()).is_ok(), "two views are two entries");
    }

    #[test]
    fn inflating_stops() {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
        encoder.write_all(&vec![b' '; 1_000_000]).unwrap();
        let bomb = encoder.finish().unwrap();
        assert!(matches!(read_up_to(&bomb, 10_000).unwrap_err(), FormatError::TooLarge { limit: 10_000 }));
        assert!(matches!(read_up_to(&[b' '; 11], 10).unwrap_err(), FormatError::TooLarge { .. }));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..80)) {
            let _ = read(&bytes);
            let mut zipped = GZIP_MAGIC.to_vec();
            zipped.extend(&bytes);
            let _ = read(&zipped);
        }
    }
}
