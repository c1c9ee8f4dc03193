//! Hashes that name things over runs.

use std::io::{BufWriter, Write};

use ring::digest::{Context, SHA256};

/// Hex digits of a fingerprint: 128 bits of SHA-256.
const HEX_DIGITS: usize = 32;

/// A hash over parts that cannot run into one another: each is preceded by its length.
fn hash<'a>(parts: impl IntoIterator<Item = &'a [u8]>) -> String {
    let mut context = Context::new(&SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    let digit = |nibble: u8| char::from_digit(u32::from(nibble), 16).unwrap_or_default();
    let digest = context.finish();
    digest.as_ref().iter().flat_map(|byte| [digit(byte >> 4), digit(byte & 15)]).take(HEX_DIGITS).collect()
}

/// The fingerprint of a finding: rule id, tenant, subject ids and the rule's own key. Never a name, a count or a time.
pub fn of_finding(rule_id: &str, tenant_id: &str, subject_kind: &str, subject_id: &str, own_key: &str) -> String {
    let parts = ["finding/1", rule_id, tenant_id, subject_kind, subject_id, own_key];
    hash(parts.map(str::as_bytes))
}

/// The id of a run: what was judged (its [`digest`]), against what, with which settings and when.
pub fn of_run(snapshot: &[u8], baseline: &[u8], settings: &[u8], now: &str) -> String {
    hash([b"run/2".as_slice(), snapshot, baseline, settings, now.as_bytes()])
}

/// Bytes that are hashed at a time.
const PIECE: usize = 64 * 1024;

/// A hash of what is written, of which nothing is kept: a snapshot as text is larger than the snapshot.
pub fn digest<E>(write: impl FnOnce(&mut dyn Write) -> Result<(), E>) -> Vec<u8> {
    let mut out = BufWriter::with_capacity(PIECE, Hashing(Context::new(&SHA256)));
    // Nothing that is hashed can fail to be written; what cannot be written as text has no hash.
    let is_written = write(&mut out).is_ok();
    let hashed = out.into_inner().ok().filter(|_| is_written);
    hashed.map(|Hashing(context)| context.finish().as_ref().to_vec()).unwrap_or_default()
}

struct Hashing(Context);

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// An id for a row that has none of its own: of an export that leaves ids out, of a table that a person filled in.
pub fn of_row<'a>(parts: impl IntoIterator<Item = &'a str>) -> String {
    hash([b"row/1".as_slice()].into_iter().chain(parts.into_iter().map(str::as_bytes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_in_pieces_hashes_as_the_whole() {
        let whole = digest(|out| out.write_all(&[b'x'; 3 * PIECE + 7]));
        let pieces = digest(|out| (0..3 * PIECE + 7).try_for_each(|_| out.write_all(b"x")));
        assert_eq!((whole.len(), &whole), (32, &pieces));
        assert_ne!(whole, digest(|out| out.write_all(b"x")));
        assert_eq!(digest(|_| Err::<(), _>("broken")), [0_u8; 0]);
    }

    #[test]
    fn frozen_values() {
        // Baselines and diffs stand on these: a change here breaks every stored run.
        assert_eq!(of_finding("gdap-global-administrator", "t", "relationship", "r", ""), "e872d8aa9cc435329924eac46bc0a632");
        assert_eq!(
            of_finding("gdap-tier0-role", "t", "customer", "c", "privileged-role-and-authentication"),
            "192916ec75a24b1de26a8d2f3c460deb"
        );
        assert_eq!(of_run(b"{}", b"", b"{}", "2026-06-01T00:00:00Z"), "45db3da1f8745d210fa5d89f9d9af4bf");
        assert_eq!(of_row(["a", "b"]), of_row(vec!["a", "b"]));
        assert_ne!(of_row(["a", "b"]), of_row(["ab"]));
        assert_ne!(of_finding("a", "bc", "k", "i", ""), of_finding("ab", "c", "k", "i", ""));
        assert_ne!(of_finding("a", "b", "k", "i", "x"), of_finding("a", "b", "k", "i", ""));
        assert_eq!(of_finding("a", "b", "k", "i", "x").len(), HEX_DIGITS);
    }
}
