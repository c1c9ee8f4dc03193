//! Privilege of outside tenants as the customer view observes it: roles that a ceiling allows and nobody holds, and held ones that no other
//! rule reports.

use std::collections::BTreeSet;

use crate::domain::ledger::{Class, Entry};
use crate::domain::{Confidence, Dataset, Severity};
use crate::policy::rule::{Ctx, Draft, Out};
use crate::policy::settings::Approved;

use super::shared::{few_roles, role_names};
use super::{approval, folding, held};

/// What to do about a role that a ceiling allows.
const IF_ALLOWED: &str = "Nobody holds it yet, and the partner can take it without asking again. Ask the partner for a relationship without it; to end the one \
                          that has it: Microsoft 365 admin center > Settings > Partner relationships > (partner) > Remove roles.";
/// The same where what would tell whether anybody holds it was not read.
const IF_ALLOWED_AND_PERHAPS_HELD: &str = "Whether anybody holds it is not known: the roles that are held here were not all read, or nobody knows whose they are. Look there first: \
                                           Entra admin center > Roles & admins > the role > Assignments. The partner can take it without asking again. Ask the partner \
                                           for a relationship without it; to end the one that has it: Microsoft 365 admin center > Settings > Partner relationships > \
                                           (partner) > Remove roles.";
/// What to do about a role that is held.
const IF_HELD: &str = "Ask whose it is and what for. Have the partner take the role off that group (Partner Center > Customers > (customer) > Admin \
                       relationships), or remove the assignment here: Entra admin center > Roles & admins > the role > Assignments.";

/// What a rule about privilege looks for.
pub(super) struct Wanted<'r> {
    /// The roles, by outside tenant and template id.
    pub(super) selects: &'r dyn Fn(&Entry, &str) -> bool,
    /// Held roles that another rule reports are left to it.
    pub(super) folds: bool,
    /// How bad these roles are in the hands of a tenant that holds, or may hold, all of the second list.
    pub(super) severity: &'r dyn Fn(&[&str], &BTreeSet<&str>) -> Severity,
    /// The title where a ceiling allows them.
    pub(super) allowed: &'static str,
    /// The title where one is held.
    pub(super) held: &'static str,
}

/// Judges every outside tenant.
pub(super) fn judge(ctx: &Ctx<'_>, out: &mut Out, wanted: &Wanted<'_>) {
    for entry in ctx.ledger.entries.values() {
        let all = within_reach(entry);
        for one in held::of_entry(entry) {
            let role = one.role.role_id.as_str();
            let is_taken = || wanted.folds && folding::taken_by(ctx, entry, one.role).is_some();
            if (wanted.selects)(entry, role) && !is_taken() {
                let draft = one.draft().title(wanted.held).remediation(IF_HELD).severity((wanted.severity)(&[role], &all));
                out.push(settled(draft, approval::covering_held(ctx, entry, one.role), None));
            }
        }
        if has_ceiling_of_a_partner(entry) {
            out.findings.extend(ceiling(ctx, entry, wanted, &all));
        }
    }
}

/// Roles that a tenant holds or may be given.
pub(super) fn within_reach(entry: &Entry) -> BTreeSet<&str> {
    let allowed = entry.ceiling.iter().flatten().map(String::as_str).filter(|_| has_ceiling_of_a_partner(entry));
    allowed.chain(entry.roles.iter().map(|role| role.role_id.as_str())).collect()
}

/// A support case and a governing tenant have rules of their own.
fn has_ceiling_of_a_partner(entry: &Entry) -> bool {
    !matches!(entry.class, Class::MicrosoftSupport | Class::GoverningTenant)
}

/// The finding on roles that stand in the ceiling alone. What an approval covers lowers it only if it covers all of them.
fn ceiling(ctx: &Ctx<'_>, entry: &Entry, wanted: &Wanted<'_>, all: &BTreeSet<&str>) -> Option<Draft> {
    let held: BTreeSet<&str> = entry.roles.iter().map(|role| role.role_id.as_str()).collect();
    let found: Vec<&str> =
        entry.ceiling.iter().flatten().map(String::as_str).filter(|role| (wanted.selects)(entry, role) && !held.contains(role)).collect();
    let beyond: Vec<&str> = found.iter().copied().filter(|role| approval::covering(ctx, entry, role).is_none()).collect();
    let covering = found.first().filter(|_| beyond.is_empty()).and_then(|role| approval::covering(ctx, entry, role));
    let told = if beyond.is_empty() { found } else { beyond };
    if told.is_empty() {
        return None;
    }
    let names = role_names(told.iter().copied());
    let draft = Draft::outside(entry)
        .key("ceiling")
        .title(wanted.allowed)
        .severity((wanted.severity)(&told, all))
        .since(entry.ceiling_created)
        .evidence("allowedRoleTemplateIds", names.clone(), Dataset::ProviderConstraints);
    let draft = if held::are_all_known(ctx, entry, &told) {
        draft.remediation(IF_ALLOWED).note(few_roles(&names)).evidence("roleAssignments", 0, Dataset::RoleAssignments)
    } else {
        let note = format!("{}; whether anybody holds it is not known", few_roles(&names));
        draft.remediation(IF_ALLOWED_AND_PERHAPS_HELD).note(note).confidence(Confidence::Medium)
    };
    Some(settled(draft, covering, ctx.approval(&entry.tenant_id)))
}

/// Lowers what an approval covers, and names the one that it lies beyond.
pub(super) fn settled(draft: Draft, covering: Option<&Approved>, beyond: Option<&Approved>) -> Draft {
    match (covering, beyond) {
        (Some(approval), _) => approval::lowered(draft, approval),
        (None, Some(approval)) => draft.naming(approval),
        (None, None) => draft,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::{Coverage, Status};
    use crate::policy::rules::testing::{APPLICATION, Case, EXCHANGE, MSP, beside, ceiling, customer_case, held_role};
    use crate::policy::rules::{gdap_default_role_set_kept, gdap_tier0_role, gdap_too_many_roles};

    const GROUP: &str = "33333333-3333-4333-8333-333333333333";

    fn allowed(more: Value) -> Case {
        customer_case(beside(ceiling(&[APPLICATION]), more))
    }

    fn told(case: &Case) -> Draft {
        case.run(&gdap_tier0_role::RULE).findings.remove(0)
    }

    /// That nobody holds it: said, shown and sure, or none of these.
    fn is_said_unheld(draft: &Draft) -> bool {
        let is_said = draft.remediation.as_deref() == Some(IF_ALLOWED);
        assert_eq!(is_said, draft.evidence.iter().any(|evidence| evidence.source == "role-assignments"));
        assert_eq!(is_said, draft.confidence == Confidence::High);
        assert_eq!(!is_said, draft.note.as_deref() == Some("Application Admin; whether anybody holds it is not known"), "{draft:?}");
        is_said
    }

    #[test]
    fn that_nobody_holds_a_role_is_said_only_where_that_is_known() {
        assert!(is_said_unheld(&told(&allowed(json!({})))));
        let read = |dataset: Dataset, status: Status| allowed(json!({})).coverage(dataset, Coverage::new(status));
        for status in [Status::Denied, Status::Skipped, Status::Failed] {
            assert!(!is_said_unheld(&told(&read(Dataset::RoleAssignments, status))), "{status:?}");
            assert!(!is_said_unheld(&told(&read(Dataset::RoleSchedules, status))), "{status:?}");
        }
        assert!(is_said_unheld(&told(&read(Dataset::RoleSchedules, Status::Unlicensed))), "nothing is eligible without it");
        let cut = Coverage { truncated: true, ..Coverage::new(Status::Partial) };
        assert!(!is_said_unheld(&told(&allowed(json!({})).coverage(Dataset::RoleAssignments, cut))));
    }

    #[test]
    fn a_principal_of_nobody_may_hold_it() {
        let nobody = |role: &str| json!({ "roleAssignments": [{ "id": "a", "principalId": "p", "roleDefinitionId": role, "directoryScopeId": "/" }] });
        let of_msp = |case: &Case| {
            let drafts = case.run(&gdap_tier0_role::RULE).findings;
            drafts.into_iter().find(|draft| draft.subject.id == MSP).unwrap()
        };
        assert!(!is_said_unheld(&of_msp(&allowed(nobody(APPLICATION)))));
        assert!(is_said_unheld(&of_msp(&allowed(nobody(EXCHANGE)))));
    }

    #[test]
    fn an_approval_that_names_groups_lowers_nothing_where_it_is_not_known_which_group_holds_it() {
        let approve = |case: Case, groups: Option<&[&str]>| {
            let owned = |list: &[&str]| list.iter().map(|item| (*item).to_owned()).collect();
            case.approve_within(Approved { roles: Some(owned(&[APPLICATION])), groups: groups.map(owned), ..Approved::default() })
        };
        let lowered = |case: &Case| told(case).approval.is_some();
        let unread = || allowed(json!({})).coverage(Dataset::RoleAssignments, Coverage::new(Status::Denied));
        assert!(lowered(&approve(allowed(json!({})), Some(&[GROUP]))));
        assert!(!lowered(&approve(unread(), Some(&[GROUP]))));
        assert!(lowered(&approve(unread(), None)), "any group may hold it");
    }

    #[test]
    fn the_other_rules_on_ceilings_show_no_more_and_lower_no_more() {
        let set: Vec<&str> = gdap_default_role_set_kept::DEFAULT_SET.to_vec();
        let all: Vec<String> = set.iter().map(|role| (*role).to_owned()).collect();
        let case = || customer_case(ceiling(&set)).coverage(Dataset::RoleAssignments, Coverage::new(Status::Denied));
        let approve = |case: Case| {
            case.approve_within(Approved { roles: Some(all.clone()), groups: Some(vec![GROUP.into()]), ..Approved::default() })
        };
        for rule in [&gdap_default_role_set_kept::RULE, &gdap_too_many_roles::RULE] {
            let drafts = approve(case().int("max-roles", 3)).run(rule).findings;
            assert!(drafts[0].approval.is_none(), "{}", rule.meta.id);
            assert!(drafts[0].evidence.iter().all(|evidence| evidence.source != "role-assignments"), "{}", rule.meta.id);
        }
        let many = case().int("max-roles", 3).run(&gdap_too_many_roles::RULE).findings.remove(0);
        assert_eq!(many.confidence, Confidence::Medium);
        assert!(many.note.as_deref().is_some_and(|note| note.starts_with("at least ") && note.ends_with("what it holds is not known")));
        let held =
            beside(json!({ "roleAssignments": set.iter().map(|role| held_role(role, GROUP, MSP, role)).collect::<Vec<_>>() }), json!({}));
        let unread = customer_case(held).coverage(Dataset::ProviderConstraints, Coverage::new(Status::Denied)).int("max-roles", 3);
        let many = unread.run(&gdap_too_many_roles::RULE).findings.remove(0);
        assert!(many.evidence.iter().all(|evidence| evidence.source != "provider-constraints"), "{many:?}");
    }
}
