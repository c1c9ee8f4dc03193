//! What files declare of an outside tenant, as several rules read it. Declared facts explain; they prove nothing that was not observed.

use crate::domain::Timestamp;
use crate::domain::declared::{DeclaredPartner, DeclaredRelationship};
use crate::domain::ledger::Entry;
use crate::policy::rule::{Ctx, Draft};

/// Rows of the Partner relationships page about a tenant.
pub(super) fn partners<'a>(ctx: &Ctx<'a>, entry: &'a Entry) -> impl Iterator<Item = &'a DeclaredPartner> + use<'a> {
    let rows = &ctx.customer.declared.partners;
    entry.declared_partners.iter().filter_map(|index| rows.get(*index))
}

/// Relationships of a tenant.
pub(super) fn relationships<'a>(ctx: &Ctx<'a>, entry: &'a Entry) -> impl Iterator<Item = &'a DeclaredRelationship> + use<'a> {
    let rows = &ctx.customer.declared.relationships;
    entry.declared_relationships.iter().filter_map(|index| rows.get(*index))
}

/// The row that shows DAP: a reseller with admin roles that has not ended. GDAP has rows of its own, which name it.
pub(super) fn reseller_with_roles<'a>(ctx: &Ctx<'a>, entry: &'a Entry) -> Option<&'a DeclaredPartner> {
    let runs = |row: &DeclaredPartner| row.end.is_none_or(|end| ctx.now <= end);
    let is_dap =
        |row: &&DeclaredPartner| runs(row) && row.administers() && is_reseller(row) && !says(row, "granular") && !says(row, "gdap");
    partners(ctx, entry).filter(is_dap).min_by_key(|row| (&row.kind, &row.roles))
}

/// True if the row is a reseller's.
pub(super) fn is_reseller(row: &DeclaredPartner) -> bool {
    says(row, "reseller")
}

/// True if the row is an indirect provider's.
pub(super) fn is_indirect_provider(row: &DeclaredPartner) -> bool {
    says(row, "indirect provider") || says(row, "indirectprovider")
}

fn says(row: &DeclaredPartner, word: &str) -> bool {
    row.kind.as_deref().is_some_and(|kind| kind.to_ascii_lowercase().contains(word))
}

/// When a file was made, by its index.
pub(super) fn dated(ctx: &Ctx<'_>, file: usize) -> Option<Timestamp> {
    ctx.customer.declared.files.get(file).and_then(|file| file.dated)
}

/// The date of the file as evidence: how old what it says is.
pub(super) fn from_file(ctx: &Ctx<'_>, draft: Draft, file: usize) -> Draft {
    use crate::domain::Dataset;
    match dated(ctx, file) {
        Some(dated) => draft.evidence("file.dated", dated.to_string(), Dataset::Declared),
        None => draft,
    }
}
