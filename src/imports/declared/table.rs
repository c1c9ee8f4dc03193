//! The CSV that an admin fills in: one row a relationship, or a partner alone.

use super::super::Context;
use super::super::csv::Table;
use super::super::error::ImportError;
use super::super::text::Text;
use super::Found;
use super::sheet::{self, Fields};
use crate::domain::declared::{DeclaredPartner, DeclaredRelationship};

/// Columns, each with the key of the partner or of the relationship that it holds.
const COLUMNS: [(&str, &str); 14] = [
    ("tenant", ""),
    ("as-of", ""),
    ("partner-tenant-id", "tenant-id"),
    ("partner-name", "name"),
    ("kind", "kind"),
    ("roles", "roles"),
    ("start", "start"),
    ("end", "end"),
    ("relationship-id", "id"),
    ("relationship-name", "name"),
    ("status", "status"),
    ("created", "created"),
    ("duration", "duration"),
    ("auto-extend", "auto-extend"),
];

/// Columns that make a row one of a relationship.
const OF_RELATIONSHIP: [&str; 6] = ["relationship-id", "relationship-name", "status", "created", "duration", "auto-extend"];

pub(super) fn read(text: &Text<'_>, context: &Context<'_>) -> Result<Found, ImportError> {
    let table = Table::read(text, &["tenant", "partner-tenant-id"])?;
    let plain = |name: &str| name.replace('-', "");
    if let Some(unknown) = table.columns().find(|column| !column.is_empty() && !COLUMNS.iter().any(|(name, _)| plain(name) == *column)) {
        let known = COLUMNS.map(|(name, _)| name).join(", ");
        return Err(text.broken(0, format!("the header has a column {unknown:?} that is not known; there are: {known}")));
    }
    let mut found = Found::new("csv", text.file);
    let mut seen = std::collections::BTreeSet::new();
    for row in table.rows() {
        found.tally.row(text, row.at);
        let fault = row.fault().map(str::to_owned).or_else(|| (row.bytes > context.limits.row_bytes).then(|| context.too_long()));
        if let Some(why) = fault {
            found.tally.broken(text, row.at, why);
            continue;
        }
        let tenant = match row.get("tenant").ok_or_else(|| "`tenant` is empty".to_owned()).and_then(sheet::tenant_id) {
            Ok(tenant) if tenant == context.tenant => tenant,
            Ok(other) => {
                found.tally.other(text, row.at, &other);
                continue;
            }
            Err(why) => {
                found.tally.broken(text, row.at, why);
                continue;
            }
        };
        if let Some(written) = row.get("as-of") {
            found.date(text, row.at, written, context)?;
        }
        if !seen.insert(row.fields().map(str::trim).collect::<Vec<_>>()) {
            found.tally.own += 1;
            found.tally.double(text, row.at);
            continue;
        }
        match facts(&|column| row.get(column), &tenant) {
            Ok(Facts { partner, relationship }) => {
                found.tally.own += 1;
                let roles = relationship.iter().flat_map(|row| &row.relationship.roles).chain(partner.iter().flat_map(|row| &row.roles));
                found.doubts.extend(sheet::doubts(&roles.cloned().collect::<Vec<_>>(), text.place(row.at).0));
                // A partner stands in each row of its relationships: said once is enough.
                let is_said = relationship.is_some() && partner.as_ref().is_some_and(|partner| found.partners.contains(partner));
                found.partners.extend(partner.filter(|_| !is_said));
                found.relationships.extend(relationship);
            }
            Err(why) => found.tally.broken(text, row.at, why),
        }
    }
    Ok(found)
}

/// What a row says.
struct Facts {
    partner: Option<DeclaredPartner>,
    relationship: Option<DeclaredRelationship>,
}

fn facts<'a>(get: &dyn Fn(&str) -> Option<&'a str>, own: &str) -> Result<Facts, String> {
    let is_relationship = OF_RELATIONSHIP.iter().any(|column| get(column).is_some());
    let values = |column: &str, key: &str| -> Vec<String> {
        let text = get(column).unwrap_or_default();
        if key == "roles" { text.split([';', '|']).map(str::to_owned).collect() } else { vec![text.to_owned()] }
    };
    let (mut of_partner, mut of_relationship) = (Fields::default(), Fields::default());
    for (column, key) in COLUMNS.iter().skip(2) {
        let shared = ["roles", "start", "end"].contains(key);
        let to_relationship = OF_RELATIONSHIP.contains(column) || (shared && is_relationship);
        let fields = if to_relationship { &mut of_relationship } else { &mut of_partner };
        fields.set(key, values(column, key))?;
    }
    let partner = sheet::partner(&of_partner, own)?;
    if !is_relationship {
        return Ok(Facts { partner: Some(partner), relationship: None });
    }
    let relationship = sheet::relationship(&of_relationship, &partner.partner_tenant_id, own)?;
    let declared =
        DeclaredRelationship { partner_tenant_id: partner.partner_tenant_id.clone(), relationship, assignments: Vec::new(), file: 0 };
    // A partner of which the row says nothing but its id is in the relationship already.
    let partner = (partner.name.is_some() || partner.kind.is_some()).then_some(partner);
    Ok(Facts { partner, relationship: Some(declared) })
}
