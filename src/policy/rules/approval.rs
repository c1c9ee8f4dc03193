//! What an organisation approved of an outside tenant: what lies inside is worth knowing and no more.

use crate::domain::facts::Relationship;
use crate::domain::ledger::{Entry, HeldRole};
use crate::domain::{Dataset, Party, View};
use crate::policy::rule::{Ctx, Draft};
use crate::policy::settings::Approved;

use super::held;

/// The approval that covers a role of an outside tenant at the run's time, if there is one. One that names groups covers nothing as long as it is
/// not known which group holds the role.
pub(super) fn covering<'a>(ctx: &Ctx<'a>, entry: &Entry, role_id: &str) -> Option<&'a Approved> {
    let knows_groups = |approval: &Approved| approval.groups.is_none() || held::are_all_known(ctx, entry, &[role_id]);
    ctx.approval(&entry.tenant_id).filter(|approval| approval.covers(role_id) && knows_groups(approval))
}

/// The same of a role in the hands of one principal: an approval may name the groups that it means.
pub(super) fn covering_held<'a>(ctx: &Ctx<'a>, entry: &Entry, role: &HeldRole) -> Option<&'a Approved> {
    ctx.approval(&entry.tenant_id).filter(|approval| approval.covers_held(&role.role_id, &role.principal_id))
}

/// A finding on roles that stand in relationships with one other side: the customer in the partner view, in the customer view the partner that a
/// file declares. Lowered where an approval covers all of it, and otherwise told with the approval that it lies beyond; one that ended is named by
/// whoever completes the finding.
pub(super) fn of_roles<'r>(
    ctx: &Ctx<'_>,
    draft: Draft,
    other_side: Option<&str>,
    relationships: impl IntoIterator<Item = &'r Relationship>,
    roles: &[&str],
) -> Draft {
    let Some(id) = other_side else { return draft };
    let approval = ctx.approval(id);
    let covers = |approval: &&Approved| {
        // Of a relationship that came without its roles nothing shows that they are inside.
        !roles.is_empty()
            && roles.iter().all(|role| approval.covers(role))
            && relationships.into_iter().all(|relationship| groups_may_hold(ctx, approval, relationship, roles))
    };
    match (approval.filter(covers), approval) {
        (Some(approval), _) => lowered(draft, approval),
        (None, Some(approval)) => draft.naming(approval),
        (None, None) => draft,
    }
}

/// True if no group holds one of these roles through a relationship that the approval does not name. An assignment that was not read may be of
/// any group. A file declares relationships without their groups.
fn groups_may_hold(ctx: &Ctx<'_>, approval: &Approved, relationship: &Relationship, roles: &[&str]) -> bool {
    let Some(groups) = approval.groups.as_ref().filter(|_| ctx.tenant.view == View::Partner) else { return true };
    let holds = |role: &String| roles.iter().any(|wanted| wanted.eq_ignore_ascii_case(role));
    let mut assignments = ctx.index.assignments_of(&relationship.id).iter().filter(|assignment| assignment.roles.iter().any(holds));
    ctx.is_complete_for(Dataset::Assignments, &relationship.id)
        && assignments.all(|assignment| groups.iter().any(|group| group.eq_ignore_ascii_case(&assignment.group_id)))
}

/// A finding that lies inside an approval: info, and who answers for it.
pub(super) fn lowered(draft: Draft, approval: &Approved) -> Draft {
    draft.approved(approval.named()).naming(approval)
}

/// The outside tenant as the partner of a finding; `None` where the tenant itself is not known.
pub(super) fn party(entry: &Entry) -> Option<Party> {
    let is_known = entry.tenant_id != crate::domain::ledger::UNKNOWN_HOME;
    is_known.then(|| Party { tenant_id: entry.tenant_id.clone(), name: entry.name.clone() })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::domain::roles::GLOBAL_ADMINISTRATOR;
    use crate::domain::{Coverage, Dataset, Severity, Status};
    use crate::policy::rule::Rule;
    use crate::policy::rules::testing::{ALPINE, APPLICATION, Case, EXCHANGE, READERS, assignment, case, declared, relationship};
    use crate::policy::rules::{
        gdap_global_administrator, gdap_pending_offer_high_privilege, gdap_tier0_role, gdap_too_many_roles, gdap_unknown_role,
        new_relationship_since_baseline, privilege_grew_since_baseline,
    };
    use crate::policy::settings::Approved;

    const MINE: &str = "33333333-3333-4333-8333-333333333333";

    /// One relationship with Alpine, of which one group holds the first role.
    fn with(roles: &[&str], group: &str, more: Value) -> Case {
        case(json!({
            "relationships": [relationship("r1", roles, more)],
            "assignments": [assignment("a1", "r1", group, &roles[..1], json!({}))],
        }))
    }

    /// Whether each finding was lowered by an approval.
    fn lowered(case: &Case, rule: &Rule) -> Vec<bool> {
        let drafts = case.run(rule).findings;
        drafts.iter().map(|draft| draft.approval.is_some() && draft.severity == Some(Severity::Info)).collect()
    }

    fn limits(roles: Option<&[&str]>, groups: Option<&[&str]>) -> Approved {
        let owned = |list: &[&str]| list.iter().map(|item| (*item).to_owned()).collect();
        Approved { tenant_id: ALPINE.into(), roles: roles.map(owned), groups: groups.map(owned), ..Approved::default() }
    }

    #[test]
    fn roles_in_a_customer_are_approved_by_that_customers_entry() {
        let global = || with(&[GLOBAL_ADMINISTRATOR], MINE, json!({}));
        let rule = &gdap_global_administrator::RULE;
        assert_eq!(lowered(&global(), rule), [false]);
        assert_eq!(lowered(&global().approve(ALPINE, Some(&[GLOBAL_ADMINISTRATOR]), None), rule), [true]);
        // Left out, the roles are those below tier 0; another customer's approval is not this one's.
        assert_eq!(lowered(&global().approve(ALPINE, None, None), rule), [false]);
        assert_eq!(lowered(&global().approve(MINE, Some(&[GLOBAL_ADMINISTRATOR]), None), rule), [false]);
        let tier0 = with(&[APPLICATION, READERS], MINE, json!({}));
        assert_eq!(lowered(&tier0.approve(ALPINE, Some(&[APPLICATION]), None), &gdap_tier0_role::RULE), [true]);
        let odd = "deadbeef-0000-4000-8000-000000000000";
        let unknown = || with(&[odd], MINE, json!({}));
        assert_eq!(lowered(&unknown().approve(ALPINE, Some(&[odd]), None), &gdap_unknown_role::RULE), [true]);
        assert_eq!(lowered(&unknown().approve(ALPINE, None, None), &gdap_unknown_role::RULE), [false]);
    }

    #[test]
    fn a_relationship_that_came_without_its_roles_lies_within_no_approval() {
        let came = |roles: &[&str]| {
            let now = case(json!({ "relationships": [relationship("r9", roles, json!({}))] })).approve(ALPINE, Some(&[EXCHANGE]), None);
            lowered(&now.after(case(json!({}))), &new_relationship_since_baseline::RULE)
        };
        assert_eq!(came(&[EXCHANGE]), [true]);
        assert_eq!(came(&[]), [false]);
    }

    #[test]
    fn an_approval_holds_to_its_last_moment_and_then_counts_as_none() {
        let case = |days: i64| with(&[GLOBAL_ADMINISTRATOR], MINE, json!({})).approve(ALPINE, Some(&[GLOBAL_ADMINISTRATOR]), Some(days));
        assert_eq!([-1, 0, 1].map(|days| lowered(&case(days), &gdap_global_administrator::RULE)), [[false], [true], [true]]);
    }

    #[test]
    fn a_group_that_the_approval_does_not_name_lies_beyond_it() {
        let rule = &gdap_global_administrator::RULE;
        let allowed = || limits(Some(&[GLOBAL_ADMINISTRATOR]), Some(&[MINE]));
        let of = |group: &str| with(&[GLOBAL_ADMINISTRATOR], group, json!({})).approve_within(allowed());
        assert_eq!([lowered(&of(MINE), rule), lowered(&of("44444444-4444-4444-8444-444444444444"), rule)], [[true], [false]]);
        // Whose group it is cannot be said of assignments that were not read.
        let unread = of(MINE).coverage(Dataset::Assignments, Coverage::new(Status::Denied));
        assert_eq!(lowered(&unread, rule), [false]);
    }

    #[test]
    fn offers_and_changes_of_a_customer_are_approved_too() {
        let offer = with(&[APPLICATION], MINE, json!({ "status": "approvalPending" })).approve(ALPINE, Some(&[APPLICATION]), None);
        assert_eq!(lowered(&offer, &gdap_pending_offer_high_privilege::RULE), [true]);
        let before = || case(json!({ "relationships": [] }));
        let came = || with(&[APPLICATION], MINE, json!({}));
        let rule = &new_relationship_since_baseline::RULE;
        assert_eq!(lowered(&came().after(before()), rule), [false]);
        assert_eq!(lowered(&came().after(before()).approve(ALPINE, Some(&[APPLICATION]), None), rule), [true]);
        let grew = || with(&[EXCHANGE, APPLICATION], MINE, json!({})).after(with(&[EXCHANGE], MINE, json!({})));
        let rule = &privilege_grew_since_baseline::RULE;
        assert_eq!(lowered(&grew(), rule), [false]);
        assert_eq!(lowered(&grew().approve(ALPINE, Some(&[APPLICATION]), None), rule), [true]);
        assert_eq!(lowered(&grew().approve(ALPINE, Some(&[EXCHANGE]), None), rule), [false]);
    }

    #[test]
    fn approved_roles_do_not_count_against_the_limit() {
        let rule = &gdap_too_many_roles::RULE;
        let two = || with(&[EXCHANGE, APPLICATION], MINE, json!({})).int("max-roles", 1);
        assert_eq!(lowered(&two(), rule), [false]);
        assert_eq!(lowered(&two().approve(ALPINE, Some(&[EXCHANGE]), None), rule), [true]);
        assert_eq!(lowered(&two().approve(ALPINE, Some(&[READERS]), None), rule), [false]);
    }

    #[test]
    fn what_a_file_declares_of_a_partner_is_approved_by_that_partners_entry() {
        let rule = &gdap_global_administrator::RULE;
        let told = || declared(vec![relationship("r1", &[GLOBAL_ADMINISTRATOR], json!({}))]);
        let msp = crate::policy::rules::testing::MSP;
        assert_eq!(lowered(&told(), rule), [false]);
        assert_eq!(lowered(&told().approve(msp, Some(&[GLOBAL_ADMINISTRATOR]), None), rule), [true]);
        assert_eq!(lowered(&told().approve(ALPINE, Some(&[GLOBAL_ADMINISTRATOR]), None), rule), [false]);
    }
}
