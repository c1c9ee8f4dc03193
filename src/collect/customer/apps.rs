//! Applications that outside tenants own, with what they may do here, and the marks of delegated administration.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use crate::collect::coverage::Subjects;
use crate::collect::reader::{Read, Reader, read_of};
use crate::collect::relationships::{note_empty, note_lost};
use crate::collect::wire::{Flag, Items, Object, Text, Time};
use crate::domain::customer::{AppCredential, AppRoleAssignment, DelegatedGrant, MARKERS, MICROSOFT_OWNER_TENANTS, ServicePrincipal};
use crate::domain::{Coverage, Dataset, Status};
use crate::graph::{Get, Wire};

/// Resources whose permissions reach into a tenant: Microsoft Graph, Exchange Online, SharePoint Online, and the retired Azure AD Graph,
/// whose grants still stand in old tenants.
const RESOURCES: [&str; 4] = [
    "00000003-0000-0000-c000-000000000000",
    "00000002-0000-0ff1-ce00-000000000000",
    "00000003-0000-0ff1-ce00-000000000000",
    "00000002-0000-0000-c000-000000000000",
];

const SELECT: &str =
    "id,appId,displayName,appOwnerOrganizationId,accountEnabled,verifiedPublisher,passwordCredentials,keyCredentials,appRoles";

/// Graph: `servicePrincipal`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PrincipalWire {
    id: Text,
    app_id: Text,
    display_name: Text,
    app_owner_organization_id: Text,
    account_enabled: Flag,
    verified_publisher: Object<Publisher>,
    password_credentials: Items<CredentialWire>,
    key_credentials: Items<CredentialWire>,
    app_roles: Items<AppRole>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct Publisher {
    display_name: Text,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct CredentialWire {
    key_id: Text,
    start_date_time: Time,
    end_date_time: Time,
}

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct AppRole {
    id: Text,
    value: Text,
}

impl Wire for PrincipalWire {
    fn key(&self) -> Option<&str> {
        self.id.get()
    }
}

impl PrincipalWire {
    /// True if an outside tenant that is not Microsoft owns it, or if it marks delegated administration.
    fn is_wanted(&self, own: Option<&str>) -> bool {
        let same = |text: &Text, id: &str| text.get().is_some_and(|text| text.eq_ignore_ascii_case(id));
        let is_marker = MARKERS.iter().any(|(app_id, _)| same(&self.app_id, app_id));
        let is_microsoft = MICROSOFT_OWNER_TENANTS.iter().any(|tenant| same(&self.app_owner_organization_id, tenant));
        let is_own = own.is_some_and(|own| same(&self.app_owner_organization_id, own));
        is_marker || (self.app_owner_organization_id.get().is_some() && !is_own && !is_microsoft)
    }

    fn into_fact(self) -> Option<ServicePrincipal> {
        let of_kind = |items: Items<CredentialWire>, kind: &str| -> Vec<AppCredential> {
            let fact = |wire: CredentialWire| AppCredential {
                key_id: wire.key_id.id().unwrap_or_default(),
                kind: kind.to_owned(),
                start_date_time: wire.start_date_time.0,
                end_date_time: wire.end_date_time.0,
            };
            items.0.into_iter().map(fact).collect()
        };
        let mut credentials = of_kind(self.password_credentials, "password");
        credentials.extend(of_kind(self.key_credentials, "key"));
        credentials.sort();
        Some(ServicePrincipal {
            id: self.id.id()?,
            app_id: self.app_id.id().unwrap_or_default(),
            display_name: self.display_name.take(),
            owner_tenant_id: self.app_owner_organization_id.id(),
            account_enabled: self.account_enabled.0,
            verified_publisher: self.verified_publisher.or_empty().display_name.take(),
            through_groups: Vec::new(),
            credentials,
        })
    }
}

/// A resource: its service principal here, and the names of its permissions by app role id.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::collect) struct Resource {
    id: String,
    app_id: String,
    name: Option<String>,
    roles: BTreeMap<String, String>,
}

/// Applications, and the resources whose permissions are looked at, from one list.
#[derive(Debug, Default)]
pub(in crate::collect) struct Applications {
    pub(in crate::collect) principals: Vec<ServicePrincipal>,
    pub(in crate::collect) resources: Vec<Resource>,
    /// Service principals without an id: nothing can be joined to them.
    lost: u64,
}

/// Reads every service principal once; keeps those of outside tenants, the markers and the resources.
pub(in crate::collect) async fn service_principals(reader: Reader<'_>, own: Option<&str>) -> Read<Applications> {
    if let Some(coverage) = reader.skipped(Dataset::ServicePrincipals) {
        return Read::none(coverage);
    }
    let progress = reader.progress(Dataset::ServicePrincipals);
    let mut facts = Applications::default();
    let get = Get::v1("/servicePrincipals", &[]).query("$select", SELECT).query("$top", "999");
    let listing = reader
        .client
        .list(&read_of(Dataset::ServicePrincipals, get), None, &mut |wire: PrincipalWire| {
            progress.one();
            facts.offer(wire, own);
        })
        .await;
    facts.principals.sort_by(|a, b| a.id.cmp(&b.id));
    facts.resources.sort_by(|a, b| a.id.cmp(&b.id));
    let kept = facts.principals.len() as u64;
    let mut coverage = reader.judge(Dataset::ServicePrincipals, None).listing(&listing, kept);
    note_lost(&mut coverage, facts.lost, 0);
    note_empty(&mut coverage, listing.records, "service principals");
    Read { facts, coverage }
}

impl Applications {
    fn offer(&mut self, wire: PrincipalWire, own: Option<&str>) {
        if wire.id.get().is_none() {
            self.lost += 1;
            return;
        }
        if let Some(app_id) = wire.app_id.id().filter(|app_id| RESOURCES.contains(&app_id.as_str())) {
            let roles = wire.app_roles.0.iter().filter_map(|role| Some((role.id.id()?, role.value.get()?.to_owned()))).collect();
            let (id, name) = (wire.id.id().unwrap_or_default(), wire.display_name.get().map(str::to_owned));
            self.resources.push(Resource { id, app_id, name, roles });
        }
        if wire.is_wanted(own) {
            self.principals.extend(wire.into_fact());
        }
    }
}

/// Graph: `appRoleAssignment`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct AssignmentWire {
    id: Text,
    principal_id: Text,
    app_role_id: Text,
    resource_display_name: Text,
    created_date_time: Time,
}

impl Wire for AssignmentWire {
    fn key(&self) -> Option<&str> {
        self.id.get()
    }
}

/// What the applications may do by themselves: read from the few resources, which is one list each, and not from each application.
pub(in crate::collect) async fn app_roles(reader: Reader<'_>, apps: &Read<Applications>) -> Read<Vec<AppRoleAssignment>> {
    let dataset = Dataset::AppRoleAssignments;
    if let Some(coverage) = reader.skipped(dataset).or_else(|| unasked(&apps.coverage, Dataset::ServicePrincipals)) {
        return Read::none(coverage);
    }
    let progress = reader.progress(dataset);
    let known: BTreeSet<&str> = apps.facts.principals.iter().map(|app| app.id.as_str()).collect();
    let mut facts = Vec::new();
    let mut subjects = Subjects::default();
    for resource in &apps.facts.resources {
        let mut holes = false;
        let get = Get::v1("/servicePrincipals/{}/appRoleAssignedTo", &[&resource.id]).query("$top", "999");
        let listing = reader
            .client
            .list(&read_of(dataset, get), None, &mut |wire: AssignmentWire| {
                progress.one();
                holes |= !wire.is_whole();
                if wire.principal_id.id().is_some_and(|id| known.contains(id.as_str())) {
                    facts.extend(assignment(wire, resource));
                }
            })
            .await;
        subjects.listed(&resource.id, listing);
        if holes {
            subjects.holed(&resource.id, "assignments came without a principal, a permission or an id");
        }
    }
    facts.sort_by(|a: &AppRoleAssignment, b| a.id.cmp(&b.id));
    let records = facts.len() as u64;
    let mut coverage = reader.judge(dataset, None).subjects(&subjects, "resources", records);
    coverage.limit_to(Dataset::ServicePrincipals, apps.coverage.status);
    if coverage.status == Status::Complete && !apps.facts.resources.iter().any(|resource| resource.app_id == RESOURCES[0]) {
        // It answers this very question, so it is here: that it was not shown proves nothing of what is granted in it.
        coverage.status = Status::Partial;
        coverage.reason = Some("Microsoft Graph is not among the service principals that were shown".into());
    }
    Read { facts, coverage }
}

impl AssignmentWire {
    /// True if it says who may do what.
    fn is_whole(&self) -> bool {
        [&self.id, &self.principal_id, &self.app_role_id].iter().all(|text| text.get().is_some())
    }
}

fn assignment(wire: AssignmentWire, resource: &Resource) -> Option<AppRoleAssignment> {
    let role = wire.app_role_id.id().unwrap_or_default();
    Some(AppRoleAssignment {
        principal_id: wire.principal_id.id()?,
        resource_name: wire.resource_display_name.take().or_else(|| resource.name.clone()),
        permission: resource.roles.get(&role).cloned().unwrap_or(role),
        created_date_time: wire.created_date_time.0,
        // Ids of assignments are case-sensitive.
        id: wire.id.take()?,
    })
}

/// Graph: `oAuth2PermissionGrant`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct GrantWire {
    id: Text,
    client_id: Text,
    consent_type: Text,
    resource_id: Text,
    /// Empty: consent to nothing, which is an answer; nothing at all is none.
    scope: Option<Text>,
}

impl Wire for GrantWire {
    fn key(&self) -> Option<&str> {
        self.id.get()
    }
}

/// What the applications may do for every user.
pub(in crate::collect) async fn grants(reader: Reader<'_>, apps: &Read<Applications>) -> Read<Vec<DelegatedGrant>> {
    let dataset = Dataset::DelegatedGrants;
    if let Some(coverage) = reader.skipped(dataset).or_else(|| unasked(&apps.coverage, Dataset::ServicePrincipals)) {
        return Read::none(coverage);
    }
    let progress = reader.progress(dataset);
    let known: BTreeSet<&str> = apps.facts.principals.iter().map(|app| app.id.as_str()).collect();
    let mut facts = Vec::new();
    let mut lost = 0;
    let get = Get::v1("/oauth2PermissionGrants", &[]).query("$filter", "consentType eq 'AllPrincipals'").query("$top", "999");
    let listing = reader
        .client
        .list(&read_of(dataset, get), None, &mut |wire: GrantWire| {
            progress.one();
            lost += u64::from(!wire.is_whole());
            facts.extend(grant(wire, &known));
        })
        .await;
    facts.sort_by(|a: &DelegatedGrant, b| a.id.cmp(&b.id));
    let mut coverage = reader.judge(dataset, None).listing(&listing, facts.len() as u64);
    note_lost(&mut coverage, lost, 0);
    coverage.limit_to(Dataset::ServicePrincipals, apps.coverage.status);
    Read { facts, coverage }
}

impl GrantWire {
    /// True if it says who may do what.
    fn is_whole(&self) -> bool {
        self.scope.is_some() && self.id.get().is_some() && self.client_id.get().is_some()
    }
}

fn grant(wire: GrantWire, known: &BTreeSet<&str>) -> Option<DelegatedGrant> {
    let client_id = wire.client_id.id().filter(|id| known.contains(id.as_str()))?;
    // The server's filter is not relied on. A grant for one person gives nothing over others.
    let for_all = wire.consent_type.get().is_none_or(|kind| kind.eq_ignore_ascii_case("AllPrincipals"));
    let mut scopes: Vec<String> =
        wire.scope.as_ref().and_then(Text::get).unwrap_or_default().split_whitespace().map(str::to_owned).collect();
    scopes.sort();
    scopes.dedup();
    let fact = DelegatedGrant { id: wire.id.take()?, client_id, resource_id: wire.resource_id.id().unwrap_or_default(), scopes };
    for_all.then_some(fact)
}

/// The coverage of a dataset whose subjects could not be read at all: it cannot be asked for.
fn unasked(parent: &Coverage, name: Dataset) -> Option<Coverage> {
    (!parent.status.has_records()).then(|| {
        let coverage = Coverage::new(parent.status).because(format!("{name} could not be read"));
        Coverage { permission: parent.permission.clone(), ..coverage }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "0f1e2d3c-0000-4000-8000-000000000001";

    fn offered(json: serde_json::Value) -> Applications {
        let mut apps = Applications::default();
        let wires: Vec<PrincipalWire> = serde_json::from_value(json).unwrap();
        wires.into_iter().for_each(|wire| apps.offer(wire, Some(OWN)));
        apps
    }

    #[test]
    fn outside_owners_and_markers_are_kept_microsoft_and_own_ones_are_not() {
        let apps = offered(serde_json::json!([
            { "id": "A", "appId": "a", "appOwnerOrganizationId": "22222222-0000-4000-8000-000000000002", "displayName": null,
              "verifiedPublisher": { "displayName": "Fabrikam", "verifiedPublisherId": "1" },
              "passwordCredentials": [{ "keyId": "K", "startDateTime": "2026-01-01T00:00:00Z", "endDateTime": "2027-01-01T00:00:00Z" }], "keyCredentials": null },
            { "id": "b", "appId": "b", "appOwnerOrganizationId": OWN.to_uppercase() },
            { "id": "c", "appId": "c", "appOwnerOrganizationId": "F8CDEF31-a31e-4b4a-93e4-5f571e91255a" },
            { "id": "d", "appId": "A3475900-ccec-4a69-98f5-a65cd5dc5306", "appOwnerOrganizationId": "f8cdef31-a31e-4b4a-93e4-5f571e91255a" },
            { "id": "e", "appId": "e", "appOwnerOrganizationId": null, "verifiedPublisher": null },
            { "id": "g", "appId": "00000003-0000-0000-C000-000000000000", "displayName": "Microsoft Graph", "appOwnerOrganizationId": "f8cdef31-a31e-4b4a-93e4-5f571e91255a",
              "appRoles": [{ "id": "R1", "value": "Mail.Send" }, { "id": "r2", "value": null }, null] }
        ]));
        let ids: Vec<&str> = apps.principals.iter().map(|app| app.id.as_str()).collect();
        assert_eq!(ids, ["a", "d"]);
        assert_eq!(apps.principals[0].verified_publisher.as_deref(), Some("Fabrikam"));
        assert_eq!(apps.principals[0].credentials[0].key_id, "k");
        assert_eq!(
            apps.resources,
            [Resource {
                id: "g".into(),
                app_id: RESOURCES[0].into(),
                name: Some("Microsoft Graph".into()),
                roles: [("r1".into(), "Mail.Send".into())].into()
            }]
        );
    }

    #[test]
    fn a_permission_without_a_known_name_keeps_its_id() {
        let resource = Resource {
            id: "g".into(),
            app_id: RESOURCES[0].into(),
            name: Some("Microsoft Graph".into()),
            roles: [("r1".into(), "Mail.Send".into())].into(),
        };
        let wire = |role: &str| serde_json::from_value(serde_json::json!({ "id": "X", "principalId": "A", "appRoleId": role })).unwrap();
        assert_eq!(assignment(wire("R1"), &resource).unwrap().permission, "Mail.Send");
        assert_eq!(assignment(wire("R9"), &resource).unwrap().permission, "r9");
        assert_eq!(assignment(wire("R9"), &resource).unwrap().principal_id, "a");
    }

    #[test]
    fn grants_for_everyone_of_known_applications() {
        let known = BTreeSet::from(["a"]);
        let wire = |client: &str, kind: &str| {
            serde_json::from_value(serde_json::json!({ "id": "G", "clientId": client, "consentType": kind, "resourceId": "R", "scope": " b.Read a.Read b.Read" })).unwrap()
        };
        assert_eq!(grant(wire("A", "allprincipals"), &known).unwrap().scopes, ["a.Read", "b.Read"]);
        assert_eq!(grant(wire("A", "Principal"), &known), None);
        assert_eq!(grant(wire("z", "AllPrincipals"), &known), None);
    }

    #[test]
    fn what_rests_on_an_unread_list_is_not_asked_for() {
        let denied = Coverage { permission: Some("Application.Read.All".into()), ..Coverage::new(crate::domain::Status::Denied) };
        let coverage = unasked(&denied, Dataset::ServicePrincipals).unwrap();
        assert_eq!((coverage.status, coverage.permission), (denied.status, denied.permission));
        assert_eq!(unasked(&Coverage::complete(0), Dataset::ServicePrincipals), None);
    }
}
