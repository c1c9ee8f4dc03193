//! Where each kind of fact comes from, and which could not be read.

use super::{Basis, Entry, Provenance, TenantSnapshot};
use crate::domain::{Dataset, Status};

/// The dataset behind each kind of fact.
const SOURCES: &[(&str, Dataset)] = &[
    ("roles", Dataset::RoleAssignments),
    ("eligibility", Dataset::RoleSchedules),
    ("applications", Dataset::ServicePrincipals),
    ("permissions", Dataset::AppRoleAssignments),
    ("consents", Dataset::DelegatedGrants),
    ("guests", Dataset::ExternalUsers),
    ("trust", Dataset::CrossTenantPartners),
    ("trustDefault", Dataset::CrossTenantDefault),
    ("sync", Dataset::IdentitySync),
    ("signIns", Dataset::SignIns),
    ("appSignIns", Dataset::AppSignIns),
    ("audits", Dataset::Audits),
    ("commerce", Dataset::Subscriptions),
    ("governance", Dataset::Governance),
    ("name", Dataset::TenantNames),
];

/// Notes the provenance of every fact of an entry. What a file says is noted later.
pub(super) fn settle(entry: &mut Entry, tenant: &TenantSnapshot) {
    let mut note = |fact: &'static str, dataset: Dataset| {
        let status = status_for(dataset, &entry.tenant_id, tenant);
        let basis = if status.has_records() { Basis::Observed } else { Basis::NotReadable };
        entry.provenance.insert(fact, Provenance { basis, dataset, status });
    };
    for (fact, dataset) in SOURCES {
        note(fact, *dataset);
    }
    if entry.service_provider_entry || entry.ceiling.is_some() {
        note("ceiling", Dataset::ProviderConstraints);
    }
    if entry.conditional_access.is_some() {
        note("conditionalAccess", Dataset::ConditionalAccess);
    }
    // What is here although its own dataset was not read has come with another one, and need not be all.
    let elsewhere = [
        ("roles", entry.roles.is_empty(), Dataset::RoleSchedules),
        ("applications", entry.apps.is_empty(), Dataset::RoleAssignments),
        ("name", entry.name == entry.tenant_id || entry.governance.is_empty(), Dataset::Governance),
    ];
    for (fact, is_absent, dataset) in elsewhere {
        let Some(known) = entry.provenance.get_mut(fact) else { continue };
        if known.basis == Basis::NotReadable && !is_absent {
            *known = Provenance { basis: Basis::Observed, dataset, status: Status::Partial };
        }
    }
}

/// How a dataset was read, as far as one tenant goes.
pub(super) fn status_for(dataset: Dataset, tenant_id: &str, tenant: &TenantSnapshot) -> Status {
    let coverage = tenant.coverage_of(dataset);
    // Only these are read tenant by tenant: a gap in another dataset is about an application or a group, whosoever's that is.
    if !matches!(dataset, Dataset::IdentitySync | Dataset::ProviderConstraints | Dataset::TenantNames) {
        return coverage.status;
    }
    match coverage.gaps.get(tenant_id) {
        Some(gap) => gap.status,
        None if coverage.is_complete_for(tenant_id) => Status::Complete,
        None => coverage.status,
    }
}
