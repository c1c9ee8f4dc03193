//! Entra Tenant Governance: outside tenants that govern this one, ask to, or were asked to. v1.0, and beta where v1.0 does not have it.

use serde::Deserialize;

use crate::collect::coverage::Subjects;
use crate::collect::reader::{Read, Reader};
use crate::collect::wire::{Flag, Items, Object, Text, Time};
use crate::domain::Dataset;
use crate::domain::customer::{GovernanceKind, GovernanceRow};
use crate::graph::{End, Get, GraphErrorKind, Listing, Wire};

/// One of the three lists, each with its own permission.
struct Part {
    kind: GovernanceKind,
    path: &'static str,
    permission: &'static str,
}

const PARTS: [Part; 3] = [
    Part {
        kind: GovernanceKind::Relationship,
        path: "/directory/tenantGovernance/governanceRelationships",
        permission: "TenantGovernance-Relationship.Read.All",
    },
    Part {
        kind: GovernanceKind::Request,
        path: "/directory/tenantGovernance/governanceRequests",
        permission: "TenantGovernance-Request.Read.All",
    },
    Part {
        kind: GovernanceKind::Invitation,
        path: "/directory/tenantGovernance/governanceInvitations",
        permission: "TenantGovernance-Invitation.Read.All",
    },
];

/// Graph: `governanceRelationship`, `governanceRequest`, `governanceInvitation`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RowWire {
    id: Text,
    governing_tenant_id: Text,
    governing_tenant_name: Text,
    governed_tenant_id: Text,
    status: Text,
    created_type: Text,
    creation_date_time: Time,
    created_date_time: Time,
    request_date_time: Time,
    expiration_date_time: Time,
    policy_snapshot: Object<PolicyWire>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PolicyWire {
    governed_tenant_can_terminate: Flag,
    delegated_administration_role_assignments: Items<AssignmentWire>,
    multi_tenant_applications_to_provision: Items<AppWire>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct AssignmentWire {
    role_templates: Items<RoleWire>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct RoleWire {
    id: Text,
    role_template_id: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct AppWire {
    app_id: Text,
    id: Text,
}

impl Wire for RowWire {
    fn key(&self) -> Option<&str> {
        self.id.get()
    }
}

impl RowWire {
    /// The row, if this tenant is the governed one. Where the row does not say which it is, it is kept.
    fn into_fact(self, kind: &GovernanceKind, own: Option<&str>) -> Option<GovernanceRow> {
        let is_governing = own.is_some_and(|own| self.governing_tenant_id.get().is_some_and(|id| id.eq_ignore_ascii_case(own)));
        let is_of_another = own.is_some_and(|own| self.governed_tenant_id.get().is_some_and(|id| !id.eq_ignore_ascii_case(own)));
        if is_governing || is_of_another {
            return None;
        }
        let policy = self.policy_snapshot.or_empty();
        let mut roles: Vec<String> = policy
            .delegated_administration_role_assignments
            .0
            .into_iter()
            .flat_map(|assignment| assignment.role_templates.0)
            .filter_map(|role| role.role_template_id.id().or_else(|| role.id.id()))
            .collect();
        roles.sort();
        roles.dedup();
        let mut provisioned_apps: Vec<String> =
            policy.multi_tenant_applications_to_provision.0.into_iter().filter_map(|app| app.app_id.id().or_else(|| app.id.id())).collect();
        provisioned_apps.sort();
        Some(GovernanceRow {
            id: self.id.id()?,
            kind: kind.clone(),
            governing_tenant_id: self.governing_tenant_id.id().unwrap_or_default(),
            governing_tenant_name: self.governing_tenant_name.take(),
            status: self.status.take(),
            created_type: self.created_type.take(),
            governed_tenant_can_terminate: policy.governed_tenant_can_terminate.0,
            roles,
            provisioned_apps,
            created_date_time: self.creation_date_time.0.or(self.created_date_time.0).or(self.request_date_time.0),
            expiration_date_time: self.expiration_date_time.0,
        })
    }
}

/// Reads the three lists.
pub(in crate::collect) async fn rows(reader: Reader<'_>, own: Option<&str>) -> Read<Vec<GovernanceRow>> {
    let dataset = Dataset::Governance;
    if let Some(coverage) = reader.skipped(dataset) {
        return Read::none(coverage);
    }
    let mut facts = Vec::new();
    let mut subjects = Subjects::default();
    for part in &PARTS {
        let (listing, holes) = match part_list(reader, part, Get::v1(part.path, &[]), own, &mut facts).await {
            (listing, _) if is_absent(&listing) => part_list(reader, part, Get::beta(part.path, &[]), own, &mut facts).await,
            read => read,
        };
        subjects.listed(part.kind.as_str(), listing);
        if holes {
            subjects.holed(part.kind.as_str(), "rows came without an id or without the governing tenant");
        }
    }
    facts.sort_by(|a: &GovernanceRow, b| (&a.kind, &a.id).cmp(&(&b.kind, &b.id)));
    let records = facts.len() as u64;
    let coverage = reader.judge(dataset, None).subjects(&subjects, "lists of tenant governance", records);
    Read { facts, coverage }
}

/// Reads one list; with it whether a row did not say whose it is.
async fn part_list(reader: Reader<'_>, part: &Part, get: Get, own: Option<&str>, facts: &mut Vec<GovernanceRow>) -> (Listing, bool) {
    let progress = reader.progress(Dataset::Governance);
    let get = get.permission(part.permission);
    let mut holes = false;
    let listing = reader
        .client
        .list(&get, None, &mut |wire: RowWire| {
            progress.one();
            let is_whole = wire.id.get().is_some() && wire.governing_tenant_id.get().is_some();
            holes |= !is_whole;
            facts.extend(wire.into_fact(&part.kind, own));
        })
        .await;
    (listing, holes)
}

/// True if this version of Graph does not have the path.
fn is_absent(listing: &Listing) -> bool {
    let absent = [GraphErrorKind::NotFound, GraphErrorKind::NotImplemented, GraphErrorKind::BadRequest];
    listing.records == 0 && matches!(&listing.end, End::Broken(error) if absent.contains(&error.kind))
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "0f1e2d3c-0000-4000-8000-000000000001";

    fn fact(json: serde_json::Value) -> Option<GovernanceRow> {
        serde_json::from_value::<RowWire>(json).unwrap().into_fact(&GovernanceKind::Relationship, Some(OWN))
    }

    #[test]
    fn only_rows_in_which_this_tenant_is_governed() {
        let row = fact(serde_json::json!({
            "id": "R", "governingTenantId": "G", "governedTenantId": OWN.to_uppercase(), "status": "active", "createdType": "addOnTenant",
            "policySnapshot": { "governedTenantCanTerminate": false,
                "delegatedAdministrationRoleAssignments": [{ "groupId": "g", "roleTemplates": [{ "id": "B" }, { "roleTemplateId": "A" }] }],
                "multiTenantApplicationsToProvision": [{ "appId": "APP" }] }
        }))
        .unwrap();
        assert_eq!((row.governing_tenant_id.as_str(), row.governed_tenant_can_terminate), ("g", Some(false)));
        assert_eq!((row.roles, row.provisioned_apps), (vec!["a".to_owned(), "b".to_owned()], vec!["app".to_owned()]));
        assert_eq!(fact(serde_json::json!({ "id": "R", "governingTenantId": OWN, "governedTenantId": "x" })), None);
        assert!(
            fact(serde_json::json!({ "id": "R", "governingTenantId": "G", "governedTenantId": null, "policySnapshot": null })).is_some()
        );
    }
}
