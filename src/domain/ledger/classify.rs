//! What an outside tenant is, why, and whether it counts as able to administer.

use super::join::Draft;
use super::{Class, Entry, TenantSnapshot, provenance};
use crate::domain::customer::{GovernanceKind, GovernanceRow, MICROSOFT_SUPPORT_TENANT};
use crate::domain::{Dataset, Status};

/// True if a row is a relationship that is in force. A status that is not known counts as one.
pub fn governs(row: &GovernanceRow) -> bool {
    let is_over = row.status.as_deref().is_some_and(|status| status.trim().eq_ignore_ascii_case("terminated"));
    row.kind == GovernanceKind::Relationship && !is_over
}

/// Settles class, tier, visits and whether it can administer.
pub(super) fn settle(draft: &mut Draft, tenant: &TenantSnapshot) {
    let (class, reason) = class(draft);
    let administers = matches!(class, Class::ServiceProvider | Class::MicrosoftSupport | Class::GoverningTenant);
    draft.settle_visits(administers);
    let came_as_provider = !draft.provider.is_empty() || !draft.support.is_empty();
    let entry = &mut draft.entry;
    entry.class = class;
    entry.class_reason = reason;
    entry.tier = entry.all_roles().filter_map(|role| role.tier).min();
    entry.can_administer = can_administer(entry, came_as_provider, tenant);
}

/// The first class that fits, in the order of what matters most, and why.
fn class(draft: &Draft) -> (Class, String) {
    let entry = &draft.entry;
    let because = |class: Class, reason: &str| (class, reason.to_owned());
    if entry.tenant_id == MICROSOFT_SUPPORT_TENANT {
        return because(Class::MicrosoftSupport, "it is the tenant of Microsoft Support");
    }
    if !draft.support.is_empty() {
        return because(Class::MicrosoftSupport, "its people signed in as Microsoft Support");
    }
    if entry.governance.iter().any(governs) {
        return because(Class::GoverningTenant, "it governs this tenant by a relationship of Entra Tenant Governance");
    }
    if draft.is_unknown_home {
        return (Class::Unclassified, unknown_home(entry));
    }
    if entry.service_provider_entry {
        return because(Class::ServiceProvider, "it has a service provider entry in the cross-tenant access policy");
    }
    if !entry.roles.is_empty() {
        return because(Class::ServiceProvider, "a principal of it holds a role, without a service provider entry");
    }
    if !draft.provider.is_empty() {
        return because(Class::ServiceProvider, "its people signed in as a service provider");
    }
    if !entry.guests.is_empty() {
        return because(Class::B2b, "guests or external members from it hold roles");
    }
    if draft.has_settings {
        return because(Class::B2b, "it has cross-tenant settings of its own, and is no service provider");
    }
    if !entry.subscriptions.is_empty() {
        return because(Class::Reseller, "it sold a subscription, and nothing else is known of it");
    }
    if !entry.apps.is_empty() {
        return because(Class::AppPublisher, "only its applications are here");
    }
    if draft.entry.ceiling.is_some() {
        return because(Class::Unclassified, "it has a role ceiling, and no service provider entry was read");
    }
    (Class::Unclassified, leftover(draft).to_owned())
}

fn unknown_home(entry: &Entry) -> String {
    match (&entry.domain, entry.guests.is_empty()) {
        (Some(domain), _) => format!("the home tenant of guests with addresses at {domain} could not be found"),
        (None, false) => "the home tenant of guests who hold roles could not be found".to_owned(),
        (None, true) => "the tenant of a principal that holds a role could not be found".to_owned(),
    }
}

fn leftover(draft: &Draft) -> &'static str {
    if !draft.other.is_empty() {
        return "an application of it signed in, and nothing else is known of it";
    }
    if !draft.entry.governance.is_empty() {
        return "only a request, an invitation or an ended relationship of Entra Tenant Governance names it";
    }
    "only the audit log shows people of it at work"
}

/// Whether it counts among "can administer". What could not be read speaks against it, never for it.
fn can_administer(entry: &Entry, came_as_provider: bool, tenant: &TenantSnapshot) -> bool {
    let is_complete = |dataset: Dataset| provenance::status_for(dataset, &entry.tenant_id, tenant) == Status::Complete;
    if !entry.roles.is_empty() || entry.governance.iter().any(governs) {
        return true;
    }
    // An entry lets the provider give its groups every role of the ceiling; without a ceiling that was read, any role.
    if entry.service_provider_entry {
        let ceiling_is_empty = entry.ceiling.as_ref().map_or_else(|| is_complete(Dataset::ProviderConstraints), Vec::is_empty);
        if !ceiling_is_empty || !is_complete(Dataset::RoleAssignments) {
            return true;
        }
    }
    // Somebody came in as a provider: only if every door was read and is shut has that ended.
    if came_as_provider && !(is_complete(Dataset::CrossTenantPartners) && is_complete(Dataset::RoleAssignments)) {
        return true;
    }
    let by_app = entry.apps.iter().any(|app| !app.strong.is_empty() || app.roles.iter().any(|role| role.tier.is_none_or(|tier| tier <= 1)));
    by_app || entry.guests.iter().any(|guest| !guest.roles.is_empty())
}
