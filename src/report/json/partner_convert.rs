//! From a ledger entry to the shape that is written.

use std::collections::BTreeSet;

use super::partner::*;
use super::shape::Role;
use crate::domain::conditional_access::{PolicyRef, Verdict};
use crate::domain::customer::{CrossTenantSettings, GovernanceRow};
use crate::domain::declared as said;
use crate::domain::ledger::{self, Basis, Entry};
use crate::domain::report::TenantReport;
use crate::domain::roles as catalog;

impl<'a> Partner<'a> {
    /// The entry, with what the tenant's files say of it.
    pub(super) fn of(entry: &'a Entry, tenant: &'a TenantReport) -> Self {
        Partner {
            tenant_id: &entry.tenant_id,
            name: &entry.name,
            domain: entry.domain.as_deref(),
            class: &entry.class,
            class_reason: &entry.class_reason,
            tier: entry.tier,
            can_administer: entry.can_administer,
            approved: tenant.approved.contains_key(&entry.tenant_id),
            approval: tenant.approved.get(&entry.tenant_id),
            doors: entry.doors().into_iter().map(ledger::Door::as_str).collect(),
            ceiling: entry.ceiling.as_ref().map(|roles| Ceiling { roles: by_id(roles), created_date_time: entry.ceiling_created }),
            roles: held(&entry.roles),
            applications: entry.apps.iter().map(Application::from).collect(),
            guests: entry.guests.iter().map(|guest| Guest { id: &guest.id, name: &guest.name, roles: held(&guest.roles) }).collect(),
            settings: entry.settings.as_ref().map(Settings::from),
            inbound_sync: entry.inbound_sync,
            conditional_access: entry.conditional_access.as_ref().map(ConditionalAccess::from),
            first_sign_in: entry.first_sign_in,
            last_sign_in: entry.last_sign_in,
            technicians: entry
                .technicians
                .iter()
                .map(|person| Technician { id: &person.id, last_seen: person.last_seen, sign_ins: person.sign_ins })
                .collect(),
            audit_events: &entry.audit_events,
            subscriptions: &entry.subscriptions,
            governance: entry.governance.iter().map(Governance::from).collect(),
            declared: entry.has_declared().then(|| Declared::of(entry, &tenant.declared)),
            provenance: entry.provenance.iter().map(|(fact, known)| (*fact, Fact::from(known))).collect(),
        }
    }
}

/// Roles by template id, with their names and tiers, in an order of their own.
fn by_id(ids: &[String]) -> Vec<Role<'_>> {
    let ids: BTreeSet<&String> = ids.iter().collect();
    ids.into_iter().map(|id| Role { id, name: catalog::name(id), tier: catalog::tier(id) }).collect()
}

fn held(roles: &[ledger::HeldRole]) -> Vec<HeldRole<'_>> {
    roles
        .iter()
        .map(|role| HeldRole {
            id: &role.role_id,
            name: &role.role_name,
            tier: role.tier,
            assignment_id: &role.assignment_id,
            principal_id: &role.principal_id,
            principal_name: &role.principal_name,
            principal_kind: &role.principal_kind,
            scope: &role.scope,
            eligible_only: role.eligible_only,
        })
        .collect()
}

impl<'a> From<&'a ledger::LedgerApp> for Application<'a> {
    fn from(app: &'a ledger::LedgerApp) -> Self {
        Application {
            id: &app.id,
            app_id: &app.app_id,
            name: &app.name,
            enabled: app.enabled,
            verified_publisher: app.verified_publisher.as_deref(),
            permissions: &app.permissions,
            scopes: &app.scopes,
            strong: &app.strong,
            roles: held(&app.roles),
        }
    }
}

impl From<&CrossTenantSettings> for Settings {
    fn from(settings: &CrossTenantSettings) -> Self {
        let trust = settings.inbound_trust.unwrap_or_default();
        Settings {
            mfa_accepted: trust.is_mfa_accepted,
            compliant_device_accepted: trust.is_compliant_device_accepted,
            hybrid_device_accepted: trust.is_hybrid_device_accepted,
            auto_consent_inbound: settings.auto_consent_inbound,
            direct_connect_inbound_all: settings.direct_connect_inbound_all,
            collaboration_inbound_all: settings.collaboration_inbound_all,
        }
    }
}

impl<'a> From<&'a Verdict> for ConditionalAccess<'a> {
    fn from(verdict: &'a Verdict) -> Self {
        let gap = |gap: &'a crate::domain::conditional_access::Gap| AccessGap {
            kind: gap.kind,
            value: &gap.value,
            policy: PolicyName::from(&gap.policy),
        };
        ConditionalAccess {
            verdict: verdict.kind,
            by: verdict.by.iter().map(PolicyName::from).collect(),
            gaps: verdict.gaps.iter().map(gap).collect(),
            reading: verdict.reading,
            security_defaults: verdict.security_defaults,
            notes: &verdict.notes,
        }
    }
}

impl<'a> From<&'a PolicyRef> for PolicyName<'a> {
    fn from(policy: &'a PolicyRef) -> Self {
        PolicyName { id: &policy.id, name: &policy.name }
    }
}

impl<'a> From<&'a GovernanceRow> for Governance<'a> {
    fn from(row: &'a GovernanceRow) -> Self {
        Governance {
            id: &row.id,
            kind: &row.kind,
            status: row.status.as_deref(),
            created_type: row.created_type.as_deref(),
            governed_tenant_can_terminate: row.governed_tenant_can_terminate,
            roles: by_id(&row.roles),
            provisioned_apps: &row.provisioned_apps,
            created_date_time: row.created_date_time,
        }
    }
}

impl<'a> Declared<'a> {
    fn of(entry: &Entry, declared: &'a said::Declared) -> Self {
        let file = |index: usize| declared.files.get(index);
        let name = |index: usize| file(index).map_or("", |file| file.name.as_str());
        let dated = |index: usize| file(index).and_then(|file| file.dated);
        let relationships = entry.declared_relationships.iter().filter_map(|index| declared.relationships.get(*index));
        let partners = entry.declared_partners.iter().filter_map(|index| declared.partners.get(*index));
        Declared {
            relationships: relationships
                .map(|row| DeclaredRelationship {
                    file: name(row.file),
                    file_date: dated(row.file),
                    id: &row.relationship.id,
                    display_name: &row.relationship.display_name,
                    status: &row.relationship.status,
                    roles: by_id(&row.relationship.roles),
                    activated_date_time: row.relationship.activated_date_time,
                    end_date_time: row.relationship.end_date_time,
                    auto_extend: row.relationship.auto_extends(),
                    assignments: row.assignments.len() as u64,
                })
                .collect(),
            partners: partners
                .map(|row| DeclaredPartner {
                    file: name(row.file),
                    file_date: dated(row.file),
                    name: row.name.as_deref(),
                    kind: row.kind.as_deref(),
                    roles: by_id(&row.roles),
                    start: row.start,
                    end: row.end,
                })
                .collect(),
        }
    }
}

impl From<&ledger::Provenance> for Fact {
    fn from(known: &ledger::Provenance) -> Self {
        let basis = match known.basis {
            Basis::Observed => FactBasis::Observed,
            Basis::Declared => FactBasis::Declared,
            Basis::NotReadable => FactBasis::NotReadable,
        };
        Fact { basis, dataset: known.dataset, status: known.status }
    }
}
