//! The three facts that are needed of a certificate: its RSA key, and from when to when it is valid. Reads DER, verifies nothing.

use chrono::{DateTime, NaiveDateTime, Utc};

/// rsaEncryption, 1.2.840.113549.1.1.1 (RFC 8017).
const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01];

const INTEGER: u8 = 0x02;
const BIT_STRING: u8 = 0x03;
const OBJECT_ID: u8 = 0x06;
const UTC_TIME: u8 = 0x17;
const GENERALIZED_TIME: u8 = 0x18;
const SEQUENCE: u8 = 0x30;
const VERSION: u8 = 0xa0;

/// A certificate.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Certificate {
    /// As it was read.
    pub(super) der: Vec<u8>,
    pub(super) not_before: DateTime<Utc>,
    pub(super) not_after: DateTime<Utc>,
    /// `RSAPublicKey` of PKCS#1 in DER; `None` for another algorithm.
    pub(super) rsa_key: Option<Vec<u8>>,
}

impl Certificate {
    /// Reads a certificate (RFC 5280, 4.1); `None` if it is none.
    pub(super) fn read(der: &[u8]) -> Option<Certificate> {
        let (whole, _) = take(der, SEQUENCE)?;
        let (mut fields, _) = take(whole, SEQUENCE)?;
        if let Some((_, rest)) = take(fields, VERSION) {
            fields = rest;
        }
        let (_serial, fields) = take(fields, INTEGER)?;
        let (_algorithm, fields) = take(fields, SEQUENCE)?;
        let (_issuer, fields) = take(fields, SEQUENCE)?;
        let (validity, fields) = take(fields, SEQUENCE)?;
        let (_subject, fields) = take(fields, SEQUENCE)?;
        let (key, _) = take(fields, SEQUENCE)?;
        let (not_before, validity) = time(validity)?;
        let (not_after, _) = time(validity)?;
        Some(Certificate { der: der.to_vec(), not_before, not_after, rsa_key: rsa_key(key)? })
    }
}

/// The outer `None`: damaged; the inner: not RSA.
fn rsa_key(info: &[u8]) -> Option<Option<Vec<u8>>> {
    let (algorithm, rest) = take(info, SEQUENCE)?;
    let (oid, _) = take(algorithm, OBJECT_ID)?;
    let (bits, _) = take(rest, BIT_STRING)?;
    let (unused, key) = bits.split_first()?;
    Some((oid == RSA && *unused == 0).then(|| key.to_vec()))
}

fn time(input: &[u8]) -> Option<(DateTime<Utc>, &[u8])> {
    let (text, rest) = match take(input, UTC_TIME) {
        Some((short, rest)) => {
            let short = std::str::from_utf8(short).ok()?;
            // RFC 5280, 4.1.2.5.1: 50 to 99 are of the last century.
            let century = if short.get(..2)?.parse::<u8>().ok()? >= 50 { "19" } else { "20" };
            (format!("{century}{short}"), rest)
        }
        None => {
            let (long, rest) = take(input, GENERALIZED_TIME)?;
            (std::str::from_utf8(long).ok()?.to_owned(), rest)
        }
    };
    Some((NaiveDateTime::parse_from_str(&text, "%Y%m%d%H%M%SZ").ok()?.and_utc(), rest))
}

/// Content of the element at the start, and what follows it; `None` if it is of another tag or not whole.
fn take(input: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let (&first, rest) = input.split_first()?;
    let (&length, mut rest) = rest.split_first()?;
    if first != tag {
        return None;
    }
    let length = match length {
        0..=0x7f => usize::from(length),
        // A certificate fits four length bytes by far.
        0x81..=0x84 => {
            let (bytes, after) = rest.split_at_checked(usize::from(length & 0x7f))?;
            rest = after;
            bytes.iter().fold(0usize, |sum, byte| (sum << 8) | usize::from(*byte))
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn lengths_and_tags() {
        assert_eq!(take(&[0x30, 1, 7, 9], SEQUENCE), Some((&[7][..], &[9][..])));
        assert_eq!(take(&[0x30, 0x81, 1, 7], SEQUENCE), Some((&[7][..], &[][..])));
        for bad in [
            &[][..],
            &[0x30],
            &[0x30, 2, 7],
            &[0x31, 0],
            &[0x30, 0x80],
            &[0x30, 0x85, 0, 0, 0, 0, 0],
            &[0x30, 0x82, 1],
            &[0x30, 0x84, 255, 255, 255, 255],
        ] {
            assert_eq!(take(bad, SEQUENCE), None, "{bad:?}");
        }
    }

    #[test]
    fn both_kinds_of_time() {
        let read = |tag: u8, text: &str| {
            let mut der = vec![tag, text.len() as u8];
            der.extend(text.bytes());
            time(&der).map(|(at, _)| at.to_rfc3339())
        };
        assert_eq!(read(UTC_TIME, "260101000000Z").as_deref(), Some("2026-01-01T00:00:00+00:00"));
        assert_eq!(read(UTC_TIME, "990101000000Z").as_deref(), Some("1999-01-01T00:00:00+00:00"));
        assert_eq!(read(GENERALIZED_TIME, "21240101000000Z").as_deref(), Some("2124-01-01T00:00:00+00:00"));
        assert_eq!((read(UTC_TIME, "x"), read(UTC_TIME, "261301000000Z"), read(0x04, "260101000000Z")), (None, None, None));
    }

    proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
            let _ = Certificate::read(&bytes);
        }
    }
}
