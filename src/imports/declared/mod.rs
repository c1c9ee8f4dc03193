//! What a partner or an admin says of the relationships. It adds and explains; nothing that was observed is touched.

mod graph;
mod partner_snapshot;
mod sheet;
mod table;
mod toml_file;

use std::collections::BTreeMap;

use super::error::ImportError;
use super::tally::{Tally, number};
use super::text::Text;
use super::time;
use super::{Context, Import};
use crate::domain::declared::{Declared, DeclaredFile, DeclaredPartner, DeclaredRelationship};
use crate::domain::{Coverage, Status, Timestamp};

/// What one file declares of this tenant.
#[derive(Debug)]
struct Found {
    form: &'static str,
    /// When it says it was made.
    dated: Option<Timestamp>,
    tally: Tally,
    relationships: Vec<DeclaredRelationship>,
    partners: Vec<DeclaredPartner>,
    /// What the file itself leaves open.
    doubts: Vec<String>,
}

impl Found {
    fn new(form: &'static str, file: &str) -> Found {
        let tally = Tally::new(file);
        Found { form, dated: None, tally, relationships: Vec::new(), partners: Vec::new(), doubts: Vec::new() }
    }

    /// Sets the file's date.
    fn date(&mut self, text: &Text<'_>, at: usize, written: &str, context: &Context<'_>) -> Result<(), ImportError> {
        let Some(dated) = time::read(written) else {
            return Err(text.broken(at, format!("{written:?} is not a date such as 2026-01-31")));
        };
        let is_future = if written.trim().len() == 10 { time::is_future_day } else { time::is_future };
        if is_future(dated, context.now) {
            return Err(context.future(text, at, dated));
        }
        self.dated = self.dated.max(Some(dated));
        Ok(())
    }
}

/// Reads one file. Its form is told by what is in it.
fn read(import: &Import, index: usize, context: &Context<'_>) -> Result<Found, ImportError> {
    let found = if partner_snapshot::is_one(&import.bytes) {
        partner_snapshot::read(import, context)?
    } else {
        let text = Text::decode(&import.name, &import.bytes)?;
        let start = text.text.trim_start();
        let is_csv = import.name.to_ascii_lowercase().ends_with(".csv");
        if start.starts_with('{') || (start.starts_with('[') && !start.starts_with("[[") && !toml_file::is_table_header(start)) {
            graph::read(&text, context)?
        } else if is_csv {
            table::read(&text, context)?
        } else {
            toml_file::read(&text, context)?
        }
    };
    found.tally.refuse_empty(index, context.tenant)?;
    Ok(found)
}

/// Reads every file and puts it behind what is declared already; the dataset's coverage with it.
pub(super) fn add(
    known: &Declared,
    before: &Coverage,
    files: &[(usize, &Import)],
    context: &Context<'_>,
) -> Result<(Declared, Coverage), ImportError> {
    let mut declared = known.clone();
    let mut words: Vec<String> = Vec::new();
    let mut is_whole = before.status != Status::Partial;
    words.extend(before.reason.clone().filter(|_| before.status.has_records()));
    for (index, import) in files {
        let found = read(import, *index, context)?;
        let added = Added::new(&mut declared, found, import.modified);
        is_whole &= added.is_whole;
        words.push(added.words);
    }
    declared.relationships.sort_by(|a, b| (&a.partner_tenant_id, &a.relationship.id).cmp(&(&b.partner_tenant_id, &b.relationship.id)));
    declared.partners.sort_by(|a, b| (&a.partner_tenant_id, a.file).cmp(&(&b.partner_tenant_id, b.file)));
    let records = (declared.relationships.len() + declared.partners.len()) as u64;
    let status = if is_whole { Status::Complete } else { Status::Partial };
    Ok((declared, Coverage { records, ..Coverage::new(status).because(words.join("; ")) }))
}

/// Most doubts that are named of one file.
const MOST_DOUBTS: usize = 5;

/// One file behind the others.
struct Added {
    words: String,
    is_whole: bool,
}

impl Added {
    fn new(declared: &mut Declared, found: Found, modified: Option<Timestamp>) -> Added {
        let Found { form, dated, mut tally, relationships, partners, doubts } = found;
        let file = declared.files.len();
        let dated = dated.or(modified);
        let mut known: BTreeMap<String, usize> =
            declared.relationships.iter().enumerate().map(|(at, row)| (row.relationship.id.clone(), at)).collect();
        for mut row in relationships {
            row.file = file;
            match known.get(&row.relationship.id).and_then(|at| declared.relationships.get_mut(*at)) {
                // Two files tell of one relationship: the newer one knows better. Each row is counted where it stands.
                Some(older) => {
                    let older_dated = declared.files.get(older.file).and_then(|file| file.dated);
                    if older.file != file && dated > older_dated {
                        if let Some(replaced) = declared.files.get_mut(older.file) {
                            replaced.kept = replaced.kept.saturating_sub(1);
                            replaced.doubled += 1;
                        }
                        *older = row;
                        tally.kept += 1;
                    } else {
                        tally.doubled += 1;
                    }
                }
                None => {
                    known.insert(row.relationship.id.clone(), declared.relationships.len());
                    declared.relationships.push(row);
                    tally.kept += 1;
                }
            }
        }
        for mut row in partners {
            row.file = file;
            let is_twin = |other: &DeclaredPartner| DeclaredPartner { file, ..other.clone() } == row;
            if declared.partners.iter().any(is_twin) {
                tally.doubled += 1;
            } else {
                tally.kept += 1;
                declared.partners.push(row);
            }
        }
        let is_whole = tally.broken == 0 && doubts.is_empty();
        let of = dated.map(|dated| format!(" of {}", dated.date())).unwrap_or_default();
        let mut parts = vec![format!("{}{of}: {} of this tenant", tally.file, number(tally.own))];
        parts.extend(tally.losses());
        if tally.doubled > 0 && !parts.iter().any(|part| part.contains("stood there before")) {
            parts.push(format!("{} stood there before", number(tally.doubled)));
        }
        let more = doubts.len().saturating_sub(MOST_DOUBTS);
        parts.extend(doubts.into_iter().take(MOST_DOUBTS));
        parts.extend((more > 0).then(|| format!("and {} more of the kind", number(more as u64))));
        declared.files.push(DeclaredFile {
            name: tally.file,
            form: form.to_owned(),
            dated,
            kept: tally.kept,
            of_others: tally.of_others,
            broken: tally.broken,
            doubled: tally.doubled,
        });
        Added { words: parts.join(", "), is_whole }
    }
}

/// True for a GUID in its usual form.
fn is_guid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| if matches!(at, 8 | 13 | 18 | 23) { byte == b'-' } else { byte.is_ascii_hexdigit() })
}

/// The partner's tenant of a relationship: the second of the two GUIDs of its id.
fn partner_of(relationship_id: &str) -> Option<String> {
    let (_, second) = relationship_id.split_at_checked(relationship_id.len().checked_sub(36)?)?;
    let first = relationship_id.strip_suffix(second)?.strip_suffix('-')?;
    (is_guid(first) && is_guid(second)).then(|| second.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_partner_stands_in_the_id() {
        let (one, two) = ("0c0a0000-0000-4000-8000-00000000000a", "FA000000-0000-4000-8000-000000000001");
        assert_eq!(partner_of(&format!("{one}-{two}")), Some(two.to_ascii_lowercase()));
        for id in ["", "r1", one, &format!("x-{two}"), &format!("{one}_{two}"), &format!("{one}-é{two}")] {
            assert_eq!(partner_of(id), None, "{id}");
        }
    }
}
