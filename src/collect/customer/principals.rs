//! Principals of other tenants, found by their ids among the directory's references to partners.
//!
//! `/groups/{id}` answers 404 for a partner's group, which is not "gone": only `getByIds`, and only where it names the type of the
//! reference, finds it.

use std::collections::BTreeSet;

use super::holders::{Holder, Holders, ObjectWire, Standing};
use crate::collect::coverage::without_subjects;
use crate::collect::permissions;
use crate::collect::reader::{Read, Reader};
use crate::domain::customer::{ForeignPrincipal, HolderKind};
use crate::domain::{Coverage, Dataset};
use crate::graph::{ByIds, Wire};

/// Every type that can hold a role: without the first, Graph leaves principals of other tenants out and says nothing of it.
const TYPES: &[&str] = &["directoryObjectPartnerReference", "group", "user", "servicePrincipal"];

/// Whose ids are looked up: all of whom it is not clear what they are, and those of other tenants for their names.
const LOOKED_UP: &[Standing] = &[Standing::Foreign, Standing::Group, Standing::User, Standing::Unclear];

impl Wire for ObjectWire {
    fn key(&self) -> Option<&str> {
        self.id.get()
    }
}

impl ObjectWire {
    fn to_foreign(&self, id: &str) -> ForeignPrincipal {
        ForeignPrincipal { id: id.to_owned(), display_name: self.name(), tenant_id: self.tenant_id(), object_type: self.object_type() }
    }
}

/// Looks up the holders that need it, and tells `holders` what they are. `roles`: how well it is known who holds roles.
pub(super) async fn resolve(reader: Reader<'_>, own: Option<&str>, roles: &Coverage, holders: &mut Holders) -> Read<Vec<ForeignPrincipal>> {
    let dataset = Dataset::ForeignPrincipals;
    if let Some(coverage) = reader.skipped(dataset).or_else(|| without_subjects(Dataset::RoleAssignments, roles)) {
        return Read::none(coverage);
    }
    let progress = reader.progress(dataset);
    let ids = holders.ids(LOOKED_UP);
    if ids.is_empty() {
        return Read::none(Coverage::complete(0));
    }
    let wanted = ByIds { types: TYPES, select: None, permission: permissions::of(dataset).application };
    let mut found = Found { own, facts: Vec::new(), seen: BTreeSet::new(), holders };
    let listing = reader
        .client
        .get_by_ids(&wanted, &ids, &mut |wire: ObjectWire| {
            progress.one();
            found.take(wire);
        })
        .await;
    let Found { mut facts, seen, .. } = found;
    facts.sort_by(|a: &ForeignPrincipal, b| a.id.cmp(&b.id));
    let coverage = reader.judge(dataset, None).listing(&listing, facts.len() as u64);
    if coverage == Coverage::complete(facts.len() as u64) {
        holders.forget_gone(&seen, own);
    }
    Read { facts, coverage }
}

struct Found<'a> {
    own: Option<&'a str>,
    facts: Vec<ForeignPrincipal>,
    seen: BTreeSet<String>,
    holders: &'a mut Holders,
}

impl Found<'_> {
    fn take(&mut self, wire: ObjectWire) {
        let Some(id) = wire.id.id() else { return };
        let known = self.holders.get(&id).and_then(|holder| holder.tenant_id.clone());
        let tenant_id = wire.tenant_id().or(known);
        let standing = match wire.standing(tenant_id.as_deref(), self.own) {
            // Found here under its own id, and not as a reference: it is this tenant's.
            Standing::Group => Standing::OwnGroup,
            standing => standing,
        };
        if wire.kind() == Some(HolderKind::PartnerReference) {
            self.facts.push(wire.to_foreign(&id));
        }
        let holder = Holder { standing, tenant_id, kind: wire.kind(), name: wire.name() };
        self.holders.learn(&id, holder, wire);
        self.seen.insert(id);
    }
}

#[cfg(test)]
mod tests {
    use super::super::holders::tests::{MSP, OWN, object};
    use super::*;

    fn unclear(tenant: Option<&str>, kind: Option<HolderKind>, standing: Standing) -> Holder {
        Holder { standing, tenant_id: tenant.map(str::to_owned), kind, name: None }
    }

    #[test]
    fn what_is_found_tells_whose_a_holder_is() {
        let mut holders = Holders::default();
        for id in ["ref", "group", "guest", "staff", "gone", "unknown"] {
            let tenant = (id == "gone").then_some(OWN);
            holders.note(id, unclear(tenant, None, Standing::Unclear), None);
        }
        let mut found = Found { own: Some(OWN), facts: Vec::new(), seen: BTreeSet::new(), holders: &mut holders };
        for wire in [
            serde_json::json!({ "@odata.type": "#microsoft.graph.directoryObjectPartnerReference", "id": "REF", "displayName": "Tier 1",
                                "externalPartnerTenantId": MSP, "objectType": "group" }),
            serde_json::json!({ "@odata.type": "#microsoft.graph.group", "id": "group", "displayName": "Helpdesk" }),
            serde_json::json!({ "@odata.type": "#microsoft.graph.user", "id": "guest", "userPrincipalName": "a_x.example#EXT#@contoso.example" }),
            serde_json::json!({ "@odata.type": "#microsoft.graph.user", "id": "staff", "userPrincipalName": "s@contoso.example", "userType": "Member" }),
            serde_json::json!({ "displayName": "without an id" }),
        ] {
            found.take(object(wire));
        }
        let Found { facts, seen, .. } = found;
        holders.forget_gone(&seen, Some(OWN));
        assert_eq!(facts.len(), 1);
        assert_eq!(
            (facts[0].id.as_str(), facts[0].tenant_id.as_deref(), facts[0].object_type.as_deref()),
            ("ref", Some(MSP), Some("group"))
        );
        let standing = |id: &str| holders.get(id).map(|holder| holder.standing);
        assert_eq!(standing("ref"), Some(Standing::Foreign));
        assert_eq!(standing("group"), Some(Standing::OwnGroup));
        assert_eq!(standing("guest"), Some(Standing::External));
        assert_eq!(standing("staff"), Some(Standing::Insider));
        assert_eq!(standing("gone"), Some(Standing::Insider), "of this tenant, and no longer there");
        assert_eq!(standing("unknown"), Some(Standing::Unclear), "of nobody knows which tenant: stays");
        assert_eq!(holders.users.keys().collect::<Vec<_>>(), ["guest"]);
    }
}
