//! The answer to the question of the customer view, and how an outside tenant ranks.

use crate::domain::ledger::{Class, Entry};
use crate::domain::report::TenantReport;
use crate::domain::{Dataset, Status};

use super::verdict::status;

/// What lists those who can administer. Where one was not read in full there may be more of them.
const LISTS: [Dataset; 6] = [
    Dataset::CrossTenantPartners,
    Dataset::RoleAssignments,
    Dataset::ServicePrincipals,
    Dataset::AppRoleAssignments,
    Dataset::DelegatedGrants,
    Dataset::ExternalUsers,
];

/// "N outside tenants can administer contoso: M hold tier 0; K are not approved; X could not be read", without the full stop.
pub(super) fn answer(tenant: &TenantReport, name: &str) -> String {
    let able: Vec<&Entry> = tenant.partners.iter().filter(|entry| entry.can_administer).collect();
    let unread = unread_lists(tenant);
    let blind = tenant.partners.iter().filter(|entry| !entry.is_declared_only() && !entry.is_fully_read()).count();
    if able.is_empty() && unread.is_empty() {
        return format!("No outside tenant can administer {name}");
    }
    if able.is_empty() {
        let names: Vec<&str> = unread.iter().map(|dataset| dataset.name()).collect();
        return format!("Whether an outside tenant can administer {name} is not known: not fully read are {}", names.join(", "));
    }
    let at_least = if unread.is_empty() { "" } else { "at least " };
    let tier0 = able.iter().filter(|entry| entry.tier == Some(0)).count();
    let strangers = able.iter().filter(|entry| is_stranger(entry, tenant)).count();
    let lead = match (able.len(), at_least) {
        (1, "") => "1 outside tenant".to_owned(),
        (1, _) => "At least 1 outside tenant".to_owned(),
        (number, "") => format!("{number} outside tenants"),
        (number, _) => format!("At least {number} outside tenants"),
    };
    let tier0 = match (tier0, at_least) {
        (0, "at least ") => "how many hold tier 0 is not known".to_owned(),
        _ => format!("{at_least}{}", verb(tier0, "holds tier 0", "hold tier 0")),
    };
    format!("{lead} can administer {name}: {tier0}; {}; {blind} could not be read", verb(strangers, "is not approved", "are not approved"))
}

/// What was not read in full of that which lists those who can administer.
pub(super) fn unread_lists(tenant: &TenantReport) -> Vec<Dataset> {
    LISTS.into_iter().filter(|dataset| status(tenant, *dataset) != Status::Complete).collect()
}

fn verb(number: usize, one: &str, many: &str) -> String {
    format!("{number} {}", if number == 1 { one } else { many })
}

/// Able to administer and not approved. Microsoft Support comes and goes by support cases: nobody approves it for good.
pub(super) fn is_stranger(entry: &Entry, tenant: &TenantReport) -> bool {
    entry.can_administer && entry.class != Class::MicrosoftSupport && !tenant.approved.contains_key(&entry.tenant_id)
}

/// A class in words.
pub(super) fn class_word(class: &Class) -> &str {
    match class {
        Class::ServiceProvider => "service provider",
        Class::MicrosoftSupport => "Microsoft Support",
        Class::GoverningTenant => "governing tenant",
        Class::Reseller => "reseller",
        Class::B2b => "B2B",
        Class::AppPublisher => "app publisher",
        Class::Unclassified => "unknown",
        Class::Unknown(other) => other,
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::sample;
    use super::*;
    use crate::domain::Coverage;

    #[test]
    fn the_question_is_answered() {
        let mut report = sample::customer_findings();
        let tenant = &mut report.tenants[0];
        assert_eq!(
            answer(tenant, "Contoso"),
            "5 outside tenants can administer Contoso: 2 hold tier 0; 3 are not approved; 0 could not be read"
        );
        tenant.partners.retain(|entry| entry.tier == Some(0) && !tenant.approved.contains_key(&entry.tenant_id));
        assert_eq!(answer(tenant, "c"), "1 outside tenant can administer c: 1 holds tier 0; 1 is not approved; 0 could not be read");
    }

    #[test]
    fn none_is_said_only_where_it_is_proved() {
        let mut report = sample::customer_empty();
        let tenant = &mut report.tenants[0];
        assert_eq!(answer(tenant, "Contoso"), "No outside tenant can administer Contoso");
        let row = tenant.coverage.iter_mut().find(|row| row.dataset == Dataset::RoleAssignments).unwrap();
        row.coverage = Coverage::new(Status::Denied);
        assert_eq!(
            answer(tenant, "Contoso"),
            "Whether an outside tenant can administer Contoso is not known: not fully read are role-assignments"
        );
        let incomplete = sample::customer_incomplete();
        let text = answer(&incomplete.tenants[0], "Contoso");
        assert!(text.starts_with("At least 1 outside tenant can administer Contoso: how many hold tier 0 is not known;"), "{text}");
        assert!(text.ends_with("2 could not be read"), "{text}");
    }
}
