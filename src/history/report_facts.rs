//! What a JSON report holds of the facts: relationships with roles, groups and people; outside tenants with what they can do.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

use crate::domain::conditional_access::{Verdict, VerdictKind};
use crate::domain::customer::{CrossTenantSettings, GovernanceKind, GovernanceRow, InboundTrust};
use crate::domain::diff::{Picture, Sums};
use crate::domain::facts::{self, Assignment, AssignmentStatus, RelationshipStatus};
use crate::domain::ledger::{Class, Entry, HeldRole, Ledger, LedgerApp, LedgerGuest};
use crate::domain::{Coverage, Dataset, IsoDuration, TenantSnapshot, Timestamp, View};

/// A role by template id.
#[derive(Deserialize)]
struct Role {
    id: String,
}

/// A relationship of the partner view.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Relationship {
    id: String,
    #[serde(default)]
    display_name: String,
    status: RelationshipStatus,
    #[serde(default)]
    customer: Option<Customer>,
    #[serde(default)]
    roles: Vec<Role>,
    #[serde(default)]
    groups: Vec<Group>,
    #[serde(default)]
    people: Vec<Person>,
    #[serde(default)]
    duration: Option<IsoDuration>,
    #[serde(default)]
    auto_extend: bool,
    #[serde(default)]
    created_date_time: Option<Timestamp>,
    #[serde(default)]
    end_date_time: Option<Timestamp>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Customer {
    tenant_id: String,
    #[serde(default)]
    name: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Group {
    assignment_id: String,
    status: AssignmentStatus,
    id: String,
    #[serde(default)]
    name: Option<String>,
    #[serde(default)]
    roles: Vec<Role>,
    #[serde(default)]
    people: Option<u64>,
}

#[derive(Deserialize)]
struct Person {
    id: String,
    #[serde(default)]
    name: String,
}

/// An outside tenant of the customer view.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Partner {
    tenant_id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    doors: Vec<String>,
    #[serde(default)]
    ceiling: Option<Ceiling>,
    #[serde(default)]
    roles: Vec<Held>,
    #[serde(default)]
    applications: Vec<Application>,
    #[serde(default)]
    guests: Vec<Guest>,
    #[serde(default)]
    settings: Option<Settings>,
    #[serde(default)]
    inbound_sync: bool,
    #[serde(default)]
    conditional_access: Option<Demanded>,
    #[serde(default)]
    subscriptions: Vec<String>,
    #[serde(default)]
    governance: Vec<Governance>,
}

#[derive(Deserialize)]
struct Ceiling {
    #[serde(default)]
    roles: Vec<Role>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Held {
    id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    tier: Option<u8>,
    principal_id: String,
    #[serde(default)]
    principal_name: String,
    #[serde(default)]
    scope: String,
    #[serde(default)]
    eligible_only: bool,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Application {
    id: String,
    #[serde(default)]
    app_id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    enabled: Option<bool>,
    #[serde(default)]
    permissions: Vec<String>,
    #[serde(default)]
    scopes: Vec<String>,
    #[serde(default)]
    strong: Vec<String>,
    #[serde(default)]
    roles: Vec<Held>,
}

#[derive(Deserialize)]
struct Guest {
    id: String,
    #[serde(default)]
    name: String,
    #[serde(default)]
    roles: Vec<Held>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[derive(Default)]
struct Settings {
    mfa_accepted: Option<bool>,
    compliant_device_accepted: Option<bool>,
    hybrid_device_accepted: Option<bool>,
    auto_consent_inbound: Option<bool>,
    direct_connect_inbound_all: Option<bool>,
    collaboration_inbound_all: Option<bool>,
}

#[derive(Deserialize)]
struct Demanded {
    verdict: Value,
}

#[derive(Deserialize)]
struct Governance {
    id: String,
    kind: GovernanceKind,
    #[serde(default)]
    status: Option<String>,
    #[serde(default)]
    roles: Vec<Role>,
}

/// What a report says of a tenant itself.
pub(super) struct Row<'a> {
    pub(super) tenant_id: &'a str,
    pub(super) display_name: &'a str,
    pub(super) view: View,
    pub(super) coverage: &'a BTreeMap<Dataset, Coverage>,
}

impl Row<'_> {
    /// The picture of the tenant, as far as the report tells.
    pub(super) fn picture(&self, relationships: &[Relationship], partners: &[Partner], collected_at: Timestamp) -> Picture {
        let mut tenant = TenantSnapshot {
            tenant_id: self.tenant_id.to_owned(),
            display_name: self.display_name.to_owned(),
            view: self.view,
            cloud: String::new(),
            coverage: self.coverage.clone(),
            partner: Default::default(),
            customer: Default::default(),
        };
        let mut sums = Sums::default();
        for relationship in relationships {
            take_in(relationship, &mut tenant.partner, &mut sums);
        }
        let entries = partners.iter().map(|partner| (partner.tenant_id.clone(), entry(partner))).collect();
        Picture::of_report(&tenant, &Ledger { entries, markers: Vec::new() }, collected_at, &sums)
    }
}

fn ids(roles: &[Role]) -> Vec<String> {
    roles.iter().map(|role| role.id.clone()).collect()
}

fn take_in(row: &Relationship, facts: &mut facts::PartnerFacts, sums: &mut Sums) {
    facts.relationships.push(facts::Relationship {
        id: row.id.clone(),
        display_name: row.display_name.clone(),
        status: row.status.clone(),
        customer: row
            .customer
            .as_ref()
            .map(|customer| facts::Customer { tenant_id: customer.tenant_id.clone(), display_name: customer.name.clone() }),
        roles: ids(&row.roles),
        duration: row.duration.clone(),
        // A report says whether, not for how long.
        auto_extend_duration: Some(IsoDuration(if row.auto_extend { "P180D" } else { "PT0S" }.into())),
        created_date_time: row.created_date_time,
        last_modified_date_time: None,
        activated_date_time: None,
        end_date_time: row.end_date_time,
        reseller: None,
    });
    for group in &row.groups {
        facts.assignments.push(Assignment {
            id: group.assignment_id.clone(),
            relationship_id: row.id.clone(),
            status: group.status.clone(),
            group_id: group.id.clone(),
            container_type: None,
            roles: ids(&group.roles),
            created_date_time: None,
            last_modified_date_time: None,
        });
        facts.groups.push(facts::Group { id: group.id.clone(), display_name: group.name.clone(), ..Default::default() });
        sums.in_group.extend(group.people.map(|people| (group.id.clone(), people)));
    }
    sums.people.extend(row.people.iter().map(|person| (person.id.clone(), person.name.clone())));
}

fn entry(row: &Partner) -> Entry {
    let settings = row.settings.as_ref();
    Entry {
        tenant_id: row.tenant_id.clone(),
        name: row.name.clone(),
        domain: None,
        class: Class::Unclassified,
        class_reason: String::new(),
        tier: None,
        can_administer: false,
        service_provider_entry: row.doors.iter().any(|door| door == crate::domain::ledger::Door::ServiceProviderEntry.as_str()),
        ceiling: row.ceiling.as_ref().map(|ceiling| ids(&ceiling.roles)),
        ceiling_created: None,
        roles: row.roles.iter().map(held).collect(),
        apps: row.applications.iter().map(application).collect(),
        guests: row
            .guests
            .iter()
            .map(|guest| LedgerGuest { id: guest.id.clone(), name: guest.name.clone(), roles: guest.roles.iter().map(held).collect() })
            .collect(),
        settings: settings.map(|settings| CrossTenantSettings {
            inbound_trust: Some(InboundTrust {
                is_mfa_accepted: settings.mfa_accepted,
                is_compliant_device_accepted: settings.compliant_device_accepted,
                is_hybrid_device_accepted: settings.hybrid_device_accepted,
            }),
            auto_consent_inbound: settings.auto_consent_inbound,
            direct_connect_inbound_all: settings.direct_connect_inbound_all,
            collaboration_inbound_all: settings.collaboration_inbound_all,
        }),
        inbound_sync: row.inbound_sync,
        conditional_access: row.conditional_access.as_ref().and_then(verdict),
        first_sign_in: None,
        last_sign_in: None,
        technicians: Vec::new(),
        audit_events: Vec::new(),
        subscriptions: row.subscriptions.clone(),
        governance: row.governance.iter().map(|governance| of_governance(governance, &row.tenant_id)).collect(),
        declared_relationships: Vec::new(),
        declared_partners: Vec::new(),
        provenance: BTreeMap::new(),
    }
}

fn held(role: &Held) -> HeldRole {
    HeldRole {
        tier: role.tier,
        role_id: role.id.clone(),
        role_name: role.name.clone(),
        assignment_id: String::new(),
        principal_id: role.principal_id.clone(),
        principal_name: role.principal_name.clone(),
        principal_kind: String::new(),
        scope: role.scope.clone(),
        eligible_only: role.eligible_only,
        source: Dataset::RoleAssignments,
    }
}

fn application(app: &Application) -> LedgerApp {
    LedgerApp {
        id: app.id.clone(),
        app_id: app.app_id.clone(),
        name: app.name.clone(),
        enabled: app.enabled,
        verified_publisher: None,
        permissions: app.permissions.clone(),
        scopes: app.scopes.clone(),
        strong: app.strong.clone(),
        roles: app.roles.iter().map(held).collect(),
    }
}

/// A verdict that this build does not know is none.
fn verdict(demanded: &Demanded) -> Option<Verdict> {
    let kind: VerdictKind = serde_json::from_value(demanded.verdict.clone()).ok()?;
    Some(Verdict { kind, by: Vec::new(), gaps: Vec::new(), reading: None, security_defaults: false, notes: Vec::new() })
}

fn of_governance(row: &Governance, tenant_id: &str) -> GovernanceRow {
    GovernanceRow {
        id: row.id.clone(),
        kind: row.kind.clone(),
        governing_tenant_id: tenant_id.to_owned(),
        governing_tenant_name: None,
        status: row.status.clone(),
        created_type: None,
        governed_tenant_can_terminate: None,
        roles: ids(&row.roles),
        provisioned_apps: Vec::new(),
        created_date_time: None,
        expiration_date_time: None,
    }
}
