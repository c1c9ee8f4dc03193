//! What Conditional Access demands of a service provider's people.

use super::{Class, Entry, Reading, TenantSnapshot};
use crate::domain::conditional_access::{CoverageInput, DeviceTrust, HeldRole, Verdict, verdict};
use crate::domain::{Dataset, Status};

/// The verdict; `None` for what is no service provider.
pub(super) fn verdict_on(entry: &Entry, tenant: &TenantSnapshot, reading: Reading) -> Option<Verdict> {
    if entry.class != Class::ServiceProvider {
        return None;
    }
    let facts = &tenant.customer;
    let read = |dataset: Dataset| tenant.coverage_of(dataset).status.has_records();
    let mut roles: Vec<HeldRole> = entry
        .roles
        .iter()
        .filter(|role| !role.eligible_only)
        .map(|role| HeldRole { role_id: role.role_id.clone(), tenant_wide: role.scope == "/" })
        .collect();
    roles.sort();
    roles.dedup();
    let trust = entry.settings.as_ref().and_then(|settings| settings.inbound_trust).unwrap_or_default();
    Some(verdict(&CoverageInput {
        partner_tenant_id: &entry.tenant_id,
        roles: read(Dataset::RoleAssignments).then_some(roles.as_slice()),
        policies: read(Dataset::ConditionalAccess).then_some(facts.conditional_access.as_slice()),
        policies_complete: tenant.coverage_of(Dataset::ConditionalAccess).status == Status::Complete,
        named_locations: read(Dataset::NamedLocations).then_some(facts.named_locations.as_slice()),
        strengths: read(Dataset::AuthenticationStrengths).then_some(facts.authentication_strengths.as_slice()),
        security_defaults: facts.security_defaults,
        entra_p1: tenant.licenses().map(|licenses| licenses.entra_p1 || licenses.entra_p2),
        device_trust: DeviceTrust { compliant: trust.is_compliant_device_accepted, hybrid_joined: trust.is_hybrid_device_accepted },
        reading,
    }))
}
