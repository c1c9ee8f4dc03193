//! What the rules of Entra Tenant Governance share: the rows of each governing tenant, and what their roles come to.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::customer::GovernanceRow;
use crate::domain::ledger::{Entry, UNKNOWN_HOME, governs, in_order};
use crate::domain::{Party, roles};
use crate::policy::rule::{Ctx, Draft};

/// A governing tenant with its relationships in force.
pub(super) struct Governing<'a> {
    pub(super) party: Party,
    /// Its entry in the ledger, where there is one.
    pub(super) entry: Option<&'a Entry>,
    /// By id.
    pub(super) rows: Vec<&'a GovernanceRow>,
}

/// The tenants that govern this one, by id.
pub(super) fn governing<'a>(ctx: &Ctx<'a>) -> Vec<Governing<'a>> {
    let mut by_tenant: BTreeMap<String, Vec<&GovernanceRow>> = BTreeMap::new();
    for row in outside(ctx).filter(|row| governs(row)) {
        by_tenant.entry(tenant_of(row)).or_default().push(row);
    }
    let tenants = by_tenant.into_iter().map(|(id, mut rows)| {
        rows.sort_by(|a, b| a.id.cmp(&b.id));
        let party = party(ctx, &id, rows.first().and_then(|row| row.governing_tenant_name.as_deref()));
        Governing { party, entry: ctx.ledger.get(&id), rows }
    });
    tenants.collect()
}

/// Rows in which another tenant than this is the governing one.
pub(super) fn outside<'a>(ctx: &Ctx<'a>) -> impl Iterator<Item = &'a GovernanceRow> + use<'a> {
    let own = ctx.tenant.tenant_id.clone();
    in_order(&ctx.customer.governance).into_iter().filter(move |row| !row.governing_tenant_id.eq_ignore_ascii_case(&own))
}

/// The governing tenant of a row, lower case; a row that names none is not lost.
pub(super) fn tenant_of(row: &GovernanceRow) -> String {
    let id = row.governing_tenant_id.trim().to_ascii_lowercase();
    if id.is_empty() { UNKNOWN_HOME.to_owned() } else { id }
}

/// A governing tenant by the best name there is.
pub(super) fn party(ctx: &Ctx<'_>, id: &str, own_name: Option<&str>) -> Party {
    let known = ctx.ledger.get(id).map(|entry| entry.name.as_str()).filter(|name| *name != id);
    let name = known.or(own_name).filter(|name| !name.trim().is_empty()).unwrap_or(id);
    Party { tenant_id: id.to_owned(), name: name.to_owned() }
}

/// A finding about a governing tenant.
pub(super) fn draft(party: &Party) -> Draft {
    Draft::about("tenant", &party.tenant_id, &party.name).partner(Some(party.clone()))
}

impl Governing<'_> {
    /// Template ids of the roles of its relationships, and of those that its principals hold here.
    pub(super) fn roles(&self) -> BTreeSet<String> {
        let held = self.entry.into_iter().flat_map(|entry| &entry.roles).map(|role| role.role_id.clone());
        self.rows.iter().flat_map(|row| row.roles.iter().cloned()).chain(held).collect()
    }
}

/// The tier of a set of roles for judging; a role that the catalog does not have may be anything, so it counts as tier 1.
pub(super) fn judged_tier<'a>(ids: impl IntoIterator<Item = &'a String>) -> Option<u8> {
    ids.into_iter().map(|id| roles::tier(id).unwrap_or(1)).min()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::party;
    use crate::policy::rules::testing::{MSP, customer_case};

    #[test]
    fn a_governing_tenant_has_the_best_name_there_is() {
        let name = |told: &str, own: Option<&str>| {
            let row = json!({ "id": "g", "kind": "relationship", "governingTenantId": MSP, "status": "active" });
            let case = customer_case(json!({ "governance": [row], "tenantNames": [{ "tenantId": MSP, "displayName": told }] }));
            case.with_ctx(|ctx| party(ctx, MSP, own).name)
        };
        assert_eq!(name("Relecloud Group", Some("Other")), "Relecloud Group");
        assert_eq!([name("", Some("Other")), name("", Some(" ")), name("", None)], ["Other", MSP, MSP]);
    }
}
