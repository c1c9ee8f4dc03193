//! The customer that the server plays.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::customer_policies::{POLICIES, location, policy};
use super::customer_work as work;
use super::server::{Tenant, envelope, page_number, pages, parameter};
use super::work::Work;

/// Its answers: every list that has more than one page is made once.
pub(crate) struct Customer {
    lists: BTreeMap<&'static str, Vec<Vec<u8>>>,
}

impl Customer {
    pub(crate) fn new(uri: String) -> Self {
        let signed = Work::named("once");
        let list = |key: &'static str, path: &str, count: usize, size: usize, item: &dyn Fn(usize) -> String| {
            (key, pages(count, size, &format!("{uri}{path}?list={key}"), item))
        };
        let text = |item: fn(usize) -> Value| move |number: usize| item(number).to_string();
        let log = "/beta/auditLogs/signIns";
        let roles = "/v1.0/roleManagement/directory";
        Customer {
            lists: BTreeMap::from([
                list("roleAssignments", &format!("{roles}/roleAssignments"), work::ASSIGNMENTS, 999, &text(work::assignment)),
                // With PIM, Graph lists every assignment there too.
                list(
                    "roleAssignmentScheduleInstances",
                    &format!("{roles}/roleAssignmentScheduleInstances"),
                    work::ASSIGNMENTS,
                    999,
                    &text(work::assignment),
                ),
                list("roleDefinitions", &format!("{roles}/roleDefinitions"), 144, 999, &text(work::definition)),
                list("servicePrincipals", "/v1.0/servicePrincipals", work::APPLICATIONS, 999, &text(work::application)),
                list(
                    "appRoleAssignedTo",
                    &format!("/v1.0/servicePrincipals/{}/appRoleAssignedTo", work::id(0x23, 0)),
                    1_200,
                    999,
                    &text(work::app_role_assignment),
                ),
                list("oauth2PermissionGrants", "/v1.0/oauth2PermissionGrants", 600, 999, &text(work::grant)),
                list("policies", "/v1.0/identity/conditionalAccess/policies", POLICIES, POLICIES, &text(policy)),
                list("namedLocations", "/v1.0/identity/conditionalAccess/namedLocations", 60, 100, &text(location)),
                list("interactive", log, work::INTERACTIVE, 1_000, &|number| work::sign_in(&signed, number, true)),
                list("background", log, work::BACKGROUND, 1_000, &|number| work::sign_in(&signed, number, false)),
                list("applications", log, work::OF_APPLICATIONS, 1_000, &text(work::app_sign_in)),
                list("directoryAudits", "/v1.0/auditLogs/directoryAudits", work::AUDITS, 999, &text(work::audit)),
                list("partners", "/v1.0/policies/crossTenantAccessPolicy/partners", work::OUTSIDE, 100, &text(work::partner)),
            ]),
        }
    }

    fn list(&self, key: &str, query: &str) -> Option<Vec<u8>> {
        self.lists.get(parameter(query, "list").unwrap_or(key))?.get(page_number(query)).cloned()
    }

    fn sign_ins(&self, query: &str) -> Option<Vec<u8>> {
        let top = parameter(query, "%24top").or(parameter(query, "$top"));
        match () {
            _ if top == Some("1") => Some(envelope(&[work::sign_in(&Work::named("once"), 0, true)], None)),
            _ if query.contains("servicePrincipal") => self.list("applications", query),
            _ if query.contains("nonInteractiveUser") => self.list("background", query),
            _ => self.list("interactive", query),
        }
    }
}

impl Tenant for Customer {
    fn answer(&self, path: &str, query: &str, body: &[u8]) -> Option<Vec<u8>> {
        let whole = |value: Value| value.to_string().into_bytes();
        let segments: Vec<&str> = path.trim_matches('/').split('/').skip(1).collect();
        let empty = || envelope(&[], None);
        Some(match segments[..] {
            ["organization"] => envelope(&[json!({ "id": work::CUSTOMER, "displayName": "Contoso", "partnerTenantType": null, "verifiedDomains": [{ "name": "contoso.example", "isDefault": true }] }).to_string()], None),
            ["subscribedSkus"] => envelope(&[json!({ "id": "a", "capabilityStatus": "Enabled", "skuPartNumber": "SPE_E5", "servicePlans": [
                { "servicePlanName": "AAD_PREMIUM", "provisioningStatus": "Success" }, { "servicePlanName": "AAD_PREMIUM_P2", "provisioningStatus": "Success" }] }).to_string()], None),
            ["policies", "crossTenantAccessPolicy", "default"] => whole(work::cross_tenant_default()),
            ["policies", "crossTenantAccessPolicy", "partners", _, "identitySynchronization"] => whole(json!({ "userSyncInbound": { "isSyncAllowed": false } })),
            ["policies", "crossTenantAccessPolicy", "partners", _, "serviceProviderConstraints"] => whole(work::constraints()),
            ["policies", "identitySecurityDefaultsEnforcementPolicy"] => whole(json!({ "isEnabled": false })),
            ["roleManagement", "directory", "roleEligibilityScheduleInstances"] => empty(),
            ["servicePrincipals", _, "appRoleAssignedTo"] => self.list("appRoleAssignedTo", query)?,
            ["identity", "conditionalAccess", "authenticationStrength", "policies"] => empty(),
            ["directory", ..] => empty(),
            ["directoryObjects", "getByIds"] => {
                let asked: Value = serde_json::from_slice(body).ok()?;
                let found = asked["ids"].as_array()?.iter().filter_map(|id| Some(work::object(id.as_str()?)?.to_string()));
                envelope(&found.collect::<Vec<_>>(), None)
            }
            ["groups", id, "transitiveMembers"] => {
                let first = work::number(id)? * 5;
                envelope(&(first..first + 5).map(|number| work::guest(number).to_string()).collect::<Vec<_>>(), None)
            }
            ["users", id] => whole(work::guest(work::number(id)?)),
            ["tenantRelationships", function] => {
                let key = function.split('\'').nth(1)?;
                let number = key.strip_prefix("msp").and_then(|rest| rest.split('.').next()?.parse().ok()).or_else(|| work::number(key))?;
                whole(work::tenant_name(number))
            }
            ["auditLogs", "signIns"] => self.sign_ins(query)?,
            [.., last] => self.list(last, query)?,
            [] => return None,
        })
    }
}
