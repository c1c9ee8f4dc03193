//! What a rule is given: the snapshot as it is written, cut to one tenant in one view and to the facts that rules declare, and the run's time.

use serde::ser::{Serialize, SerializeMap, Serializer};

use super::fields::Wanted;
use crate::domain::customer::CustomerFacts;
use crate::domain::facts::PartnerFacts;
use crate::domain::{Snapshot, TenantSnapshot, Timestamp, View};

/// One tenant in one view, as a rule sees it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Input<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) tenant: &'a TenantSnapshot,
    pub(super) now: Timestamp,
    /// What any rule of the run declares: a log that nobody reads is not carried over.
    pub(super) wanted: &'a Wanted,
}

impl Serialize for Input<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Snapshot { format_version, tool, collected_at, lookback_days, only_customer, tenants: _ } = self.snapshot;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("formatVersion", format_version)?;
        map.serialize_entry("tool", tool)?;
        map.serialize_entry("collectedAt", collected_at)?;
        map.serialize_entry("lookbackDays", lookback_days)?;
        if let Some(customer) = only_customer {
            map.serialize_entry("onlyCustomer", customer)?;
        }
        map.serialize_entry("now", &self.now)?;
        map.serialize_entry("tenants", &[Tenant(*self)])?;
        map.end()
    }
}

struct Tenant<'a>(Input<'a>);

impl Serialize for Tenant<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let TenantSnapshot { tenant_id, display_name, view, cloud, coverage, partner, customer } = self.0.tenant;
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("tenantId", tenant_id)?;
        map.serialize_entry("displayName", display_name)?;
        map.serialize_entry("view", view)?;
        map.serialize_entry("cloud", cloud)?;
        map.serialize_entry("coverage", coverage)?;
        match view {
            View::Partner => map.serialize_entry("partner", &Partner(partner, self.0.wanted))?,
            View::Customer => map.serialize_entry("customer", &Customer(customer, self.0.wanted))?,
        }
        map.end()
    }
}

/// Facts by their names in the snapshot; one that is not known is left out as the snapshot leaves it out.
macro_rules! facts {
    ($map:ident, $wanted:expr, { $($name:literal: $value:expr),+ $(,)? }, { $($maybe:literal: $option:expr),+ $(,)? }) => {
        $(if $wanted.contains($name) { $map.serialize_entry($name, $value)?; })+
        $(if let Some(value) = $option.as_ref().filter(|_| $wanted.contains($maybe)) { $map.serialize_entry($maybe, value)?; })+
    };
}

struct Partner<'a>(&'a PartnerFacts, &'a Wanted);

impl Serialize for Partner<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Partner(facts, wanted) = self;
        let mut map = serializer.serialize_map(None)?;
        facts!(map, wanted.partner, {
            "relationships": &facts.relationships,
            "assignments": &facts.assignments,
            "relationshipRequests": &facts.relationship_requests,
            "customers": &facts.customers,
            "contracts": &facts.contracts,
            "groups": &facts.groups,
            "groupOwners": &facts.group_owners,
            "groupMembers": &facts.group_members,
            "principals": &facts.principals,
            "groupPim": &facts.group_pim,
            "mfaRegistrations": &facts.mfa_registrations,
            "userActivity": &facts.user_activity,
            "signIns": &facts.sign_ins,
        }, {
            "organization": facts.organization,
            "licenses": facts.licenses,
        });
        map.end()
    }
}

struct Customer<'a>(&'a CustomerFacts, &'a Wanted);

impl Serialize for Customer<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let Customer(facts, wanted) = self;
        let mut map = serializer.serialize_map(None)?;
        facts!(map, wanted.customer, {
            "crossTenantPartners": &facts.cross_tenant_partners,
            "identitySync": &facts.identity_sync,
            "providerConstraints": &facts.provider_constraints,
            "roleDefinitions": &facts.role_definitions,
            "roleAssignments": &facts.role_assignments,
            "roleSchedules": &facts.role_schedules,
            "foreignPrincipals": &facts.foreign_principals,
            "tenantNames": &facts.tenant_names,
            "servicePrincipals": &facts.service_principals,
            "appRoleAssignments": &facts.app_role_assignments,
            "delegatedGrants": &facts.delegated_grants,
            "externalUsers": &facts.external_users,
            "conditionalAccess": &facts.conditional_access,
            "namedLocations": &facts.named_locations,
            "authenticationStrengths": &facts.authentication_strengths,
            "subscriptions": &facts.subscriptions,
            "signIns": &facts.sign_ins,
            "appSignIns": &facts.app_sign_ins,
            "audits": &facts.audits,
            "governance": &facts.governance,
            "declared": &facts.declared,
            "purview": &facts.purview,
        }, {
            "organization": facts.organization,
            "licenses": facts.licenses,
            "crossTenantDefault": facts.cross_tenant_default,
            "securityDefaults": facts.security_defaults,
        });
        map.end()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Dataset;
    use crate::policy::custom::fields::facts_of;

    #[test]
    fn an_input_is_the_snapshot_with_the_time() {
        let everything = Wanted {
            partner: Dataset::of_view(View::Partner).flat_map(|dataset| facts_of(View::Partner, dataset)).collect(),
            customer: Dataset::of_view(View::Customer).flat_map(|dataset| facts_of(View::Customer, dataset)).collect(),
        };
        let facts = [
            (
                "partner",
                serde_json::json!({ "licenses": { "entraP1": true, "entraP2": false }, "relationships": [{ "id": "r", "status": "active" }] }),
            ),
            ("customer", serde_json::json!({ "securityDefaults": true, "crossTenantPartners": [{ "tenantId": "t" }] })),
        ];
        for (view, facts) in facts {
            let text = serde_json::json!({ "tenants": [{ "view": view, view: facts }] }).to_string();
            let snapshot = crate::policy::examples::load(&text).unwrap();
            let now = snapshot.collected_at;
            let input = Input { snapshot: &snapshot, tenant: &snapshot.tenants[0], now, wanted: &everything };
            let mut wanted = serde_json::to_value(&snapshot).unwrap();
            wanted["now"] = serde_json::to_value(now).unwrap();
            assert_eq!(serde_json::to_value(input).unwrap(), wanted);
            let nothing = serde_json::to_value(Input { wanted: &Wanted::default(), ..input }).unwrap();
            assert_eq!(nothing["tenants"][0][view], serde_json::json!({}), "what nobody declares is not carried over");
        }
    }
}
