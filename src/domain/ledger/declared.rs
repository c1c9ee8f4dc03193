//! What files say of outside tenants. It is added when all that was observed is settled, and changes nothing of that.

use std::collections::BTreeMap;

use super::join::{Join, blank};
use super::names::filled;
use super::{Basis, Entry, Provenance, TenantSnapshot, provenance};
use crate::domain::Dataset;

/// Adds declared relationships and partners; a tenant that only a file names gets an entry that says so.
pub(super) fn add(entries: &mut BTreeMap<String, Entry>, tenant: &TenantSnapshot) {
    let join = Join::new(tenant);
    let declared = &tenant.customer.declared;
    for (index, row) in declared.relationships.iter().enumerate() {
        if let Some(id) = join.outside(&row.partner_tenant_id) {
            entry(entries, &id, tenant).declared_relationships.push(index);
        }
    }
    for (index, row) in declared.partners.iter().enumerate() {
        if let Some(id) = join.outside(&row.partner_tenant_id) {
            entry(entries, &id, tenant).declared_partners.push(index);
        }
    }
    for entry in entries.values_mut().filter(|entry| entry.has_declared()) {
        let status = tenant.coverage_of(Dataset::Declared).status;
        let by_file = Provenance { basis: Basis::Declared, dataset: Dataset::Declared, status };
        entry.provenance.insert("declared", by_file);
        // By what they say: the order of rows in a file means nothing.
        entry
            .declared_relationships
            .sort_by_key(|index| declared.relationships.get(*index).map(|row| (&row.relationship, &row.assignments, row.file)));
        entry
            .declared_partners
            .sort_by_key(|index| declared.partners.get(*index).map(|row| (&row.name, &row.kind, &row.roles, row.start, row.end, row.file)));
        let is_nameless = entry.name == entry.tenant_id;
        let names = entry.declared_partners.iter().filter_map(|index| declared.partners.get(*index));
        // Where several files name it, the least: it must not depend on their order.
        if let Some(name) = names.filter_map(|row| filled(row.name.as_deref())).min().filter(|_| is_nameless) {
            entry.name = name;
            entry.provenance.insert("name", by_file);
        }
    }
}

/// The entry of a tenant, made where nothing was observed of it.
fn entry<'e>(entries: &'e mut BTreeMap<String, Entry>, id: &str, tenant: &TenantSnapshot) -> &'e mut Entry {
    entries.entry(id.to_owned()).or_insert_with(|| {
        let mut entry = blank(id);
        id.clone_into(&mut entry.name);
        "only a file names it: nothing of it was observed here".clone_into(&mut entry.class_reason);
        provenance::settle(&mut entry, tenant);
        entry
    })
}
