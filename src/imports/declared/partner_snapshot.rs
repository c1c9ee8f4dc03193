//! What a partner's `collect --customer` wrote, or a whole snapshot of a partner.

use std::collections::{BTreeMap, BTreeSet};

use super::super::error::ImportError;
use super::super::text::Text;
use super::super::time;
use super::super::{Context, Import};
use super::{Found, is_guid};
use crate::domain::declared::{DeclaredPartner, DeclaredRelationship};
use crate::domain::facts::Assignment;
use crate::domain::{Dataset, Snapshot, Status, TenantSnapshot, View};
use crate::history::snapshot_file;

/// How far into a file its version stands, at most.
const HEAD_BYTES: usize = 4_096;

/// The first bytes of gzip.
const GZIP: [u8; 2] = [0x1f, 0x8b];

/// True for gzip, and for JSON that names its format's version before anything else.
pub(super) fn is_one(bytes: &[u8]) -> bool {
    let head = String::from_utf8_lossy(&bytes[..bytes.len().min(HEAD_BYTES)]);
    let head = head.trim_start_matches('\u{feff}').trim_start();
    bytes.starts_with(&GZIP)
        || head.strip_prefix('{').is_some_and(|rest| rest.trim_start().starts_with("\"formatVersion\""))
        || (head.starts_with('{') && head.contains("\"formatVersion\"") && !head.contains("\"value\""))
}

pub(super) fn read(import: &Import, context: &Context<'_>) -> Result<Found, ImportError> {
    let snapshot = snapshot_file::read(&import.bytes).map_err(|error| broken(import, error))?;
    // Places in gzip are places of nothing.
    let plain = if import.bytes.starts_with(&GZIP) { &[][..] } else { &import.bytes };
    let text = Text { file: &import.name, text: String::from_utf8_lossy(plain) };
    let date_at = text.text.find("\"collectedAt\"").unwrap_or_default();
    if time::is_future(snapshot.collected_at, context.now) {
        return Err(context.future(&text, date_at, snapshot.collected_at));
    }
    let mut found = Found::new("snapshot", &import.name);
    found.dated = Some(snapshot.collected_at);
    for tenant in snapshot.tenants.iter().filter(|tenant| tenant.view == View::Partner) {
        take(&mut found, &text, tenant, context);
    }
    if found.tally.rows == 0 {
        refuse_without_relationships(import, &snapshot)?;
    }
    Ok(found)
}

/// The parser's place becomes that of the file.
fn broken(import: &Import, error: snapshot_file::FormatError) -> ImportError {
    match error {
        snapshot_file::FormatError::Broken { line, column, detail } => {
            ImportError::Broken { file: import.name.clone(), line, column, detail: format!("broken JSON: {detail}") }
        }
        source => ImportError::Snapshot { file: import.name.clone(), source },
    }
}

fn refuse_without_relationships(import: &Import, snapshot: &Snapshot) -> Result<(), ImportError> {
    let detail = if snapshot.tenants.iter().any(|tenant| tenant.view == View::Partner) {
        "the snapshot holds no relationship"
    } else {
        "it is a snapshot of a customer's own view: what a partner declares comes from a partner's view"
    };
    Err(ImportError::Broken { file: import.name.clone(), line: 1, column: 1, detail: detail.into() })
}

fn take(found: &mut Found, text: &Text<'_>, tenant: &TenantSnapshot, context: &Context<'_>) {
    let partner = tenant.tenant_id.to_ascii_lowercase();
    let is_partner = is_guid(&partner) && partner != context.tenant;
    let mut kept: BTreeSet<&str> = BTreeSet::new();
    let facts = &tenant.partner;
    let mut by_relationship: BTreeMap<&str, Vec<&Assignment>> = BTreeMap::new();
    for assignment in &facts.assignments {
        by_relationship.entry(&assignment.relationship_id).or_default().push(assignment);
    }
    for relationship in &facts.relationships {
        // A snapshot is read as a whole: where a row stood is searched for, and only for the first of a kind, whose place is said.
        let place = |is_first: bool| match is_first {
            true => text.text.find(&format!("\"{}\"", relationship.id)).unwrap_or_default(),
            false => 0,
        };
        let tally = &mut found.tally;
        tally.row(text, place(tally.rows == 0));
        let customer = relationship.customer_id().unwrap_or("an offer to anybody");
        if !customer.eq_ignore_ascii_case(context.tenant) {
            tally.other(text, place(tally.of_others == 0), customer);
        } else if !is_partner {
            tally.broken(text, place(tally.broken == 0), "the snapshot does not say which partner's it is");
        } else if !kept.insert(&relationship.id) {
            tally.own += 1;
            tally.double(text, place(tally.doubled == 0));
        } else {
            tally.own += 1;
            found.relationships.push(DeclaredRelationship {
                partner_tenant_id: partner.clone(),
                relationship: relationship.clone(),
                assignments: by_relationship
                    .get(relationship.id.as_str())
                    .map(|rows| rows.iter().copied().cloned().collect())
                    .unwrap_or_default(),
                file: 0,
            });
        }
    }
    if kept.is_empty() {
        return;
    }
    if !tenant.display_name.trim().is_empty() {
        let name = Some(tenant.display_name.trim().to_owned());
        found.partners.push(DeclaredPartner { partner_tenant_id: partner, name, ..DeclaredPartner::default() });
    }
    for dataset in [Dataset::Relationships, Dataset::Assignments] {
        let status = tenant.coverage_of(dataset).status;
        if status != Status::Complete {
            found.doubts.push(format!("{dataset} of the partner were {status} when it was made"));
        }
    }
}
