//! CHG-01: see the page.

use crate::domain::diff::{Field, Kind, State};
use crate::domain::facts::Relationship;
use crate::domain::ledger::{Class, Entry};
use crate::domain::rule_meta::{Reads, helps, required};
use crate::domain::{Dataset, RuleMeta, Severity, Status, View};
use crate::policy::Compared;
use crate::policy::rule::{Ctx, Draft, Out, Rule};

use super::approval;
use super::held;
use super::shared::{BOTH, NIST_T1199, began, few_roles, role_names, text, time, worst_tier};

/// What makes an outside tenant one that can be given power: its own entry, a role held, a governance relationship.
const REACH: [Field; 3] = [Field::ServiceProvider, Field::Holding, Field::Governance];

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "new-relationship-since-baseline",
        code: "CHG-01",
        title: "Relationship or partner tenant appeared since the baseline",
        views: BOTH,
        severity: Severity::Medium,
        severity_note: "High with a tier 0 role, and in the customer view for a tenant that could not be classified, or that is not approved \
                        while others are. Info for an approved tenant within its approval.",
        uses: &[required(Dataset::Relationships)],
        customer_uses: &[required(Dataset::CrossTenantPartners), required(Dataset::RoleAssignments), helps(Dataset::Governance)],
        reads: Reads::Some,
        fields: &[
            "relationships.id",
            "relationships.status",
            "relationships.roles",
            "relationships.activatedDateTime",
            "relationships.createdDateTime",
            "crossTenantPartners.tenantId",
            "crossTenantPartners.isServiceProvider",
            "roleAssignments.principalTenantId",
            "roleAssignments.roleDefinitionId",
            "governance.governingTenantId",
            "governance.status",
        ],
        settings: &[],
        remediation: "Find the ticket that asked for it. If there is none, end it: Partner Center > Customers > (customer) > Admin relationships > \
                      Terminate; in the customer, Microsoft 365 admin center > Settings > Partner relationships > (partner) > Remove roles.",
        attack: &["T1199"],
        mitigations: &["M1018"],
        nist: NIST_T1199,
        benchmarks: &["CIS M365 v7.0 1.1.3"],
        analytics: &[],
        unsourced: &[],
        page: include_str!("new-relationship-since-baseline.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    let Some(compared) = ctx.baseline else { return };
    match ctx.tenant.view {
        View::Partner => {
            out.findings.extend(ctx.index.live().filter_map(|relationship| relationship_that_came(ctx, compared, relationship)))
        }
        View::Customer => out.findings.extend(ctx.ledger.entries.values().filter_map(|entry| tenant_that_came(ctx, compared, entry))),
    }
}

/// True if the baseline read a dataset to the end: only then was what it does not show not there.
fn was_read(compared: &Compared<'_>, dataset: Dataset) -> bool {
    compared.before.picture.coverage.get(&dataset).is_some_and(|coverage| coverage.status == Status::Complete)
}

/// A live relationship that was not live: it was not there, or it was an offer.
fn relationship_that_came(ctx: &Ctx<'_>, compared: &Compared<'_>, relationship: &Relationship) -> Option<Draft> {
    let before = compared.before.picture.subject(Kind::Relationship, &relationship.id);
    if before.is_some_and(State::is_live) || (before.is_none() && !was_read(compared, Dataset::Relationships)) {
        return None;
    }
    let tier = worst_tier(&relationship.roles);
    let names = role_names(relationship.roles.iter().map(String::as_str));
    let then = before.and_then(|before| before.lifecycle.as_ref()).map(|lifecycle| lifecycle.status.as_str());
    let draft = Draft::relationship(ctx, relationship)
        .severity(if tier == Some(0) { Severity::High } else { Severity::Medium })
        .since(began(relationship))
        .note(few_roles(&names))
        .evidence("status", relationship.status.as_str(), Dataset::Relationships)
        .evidence("baseline.status", text(then), Dataset::Relationships)
        .evidence("accessDetails.unifiedRoles", names, Dataset::Relationships)
        .evidence("activatedDateTime", time(relationship.activated_date_time), Dataset::Relationships);
    let draft =
        against(compared, if then.is_some() { draft.title("What was no live relationship in the baseline is one now") } else { draft });
    let roles: Vec<&str> = relationship.roles.iter().map(String::as_str).collect();
    Some(approval::of_roles(ctx, draft, relationship.customer_id(), [relationship], &roles))
}

/// An outside tenant that had no way to power and has one.
fn tenant_that_came(ctx: &Ctx<'_>, compared: &Compared<'_>, entry: &Entry) -> Option<Draft> {
    let reaches = |state: &State| REACH.iter().any(|field| state.ids(*field).next().is_some());
    let now = compared.now.subject(Kind::Tenant, &entry.tenant_id).filter(|state| reaches(state))?;
    if compared.before.picture.subject(Kind::Tenant, &entry.tenant_id).is_some_and(reaches) {
        return None;
    }
    let only_governs = REACH[..2].iter().all(|field| now.ids(*field).next().is_none());
    let rests_on: &[Dataset] =
        if only_governs { &[Dataset::Governance] } else { &[Dataset::CrossTenantPartners, Dataset::RoleAssignments] };
    if !rests_on.iter().all(|dataset| was_read(compared, *dataset)) {
        return None;
    }
    let roles: Vec<&str> = now.ids(Field::Ceiling).chain(entry.roles.iter().map(|role| role.role_id.as_str())).collect();
    let tier = crate::domain::roles::worst_tier(roles.iter().copied());
    let is_unknown = entry.class == Class::Unclassified || (entry.class == Class::ServiceProvider && !ctx.approved.is_empty());
    let names = role_names(roles.iter().copied());
    let mut draft = Draft::outside(entry)
        .partner(approval::party(entry))
        .severity(if tier == Some(0) || is_unknown { Severity::High } else { Severity::Medium })
        .since(entry.ceiling_created)
        .note(if names.is_empty() { entry.class.as_str().to_owned() } else { few_roles(&names) })
        .evidence("isServiceProvider", entry.service_provider_entry, Dataset::CrossTenantPartners);
    // That it holds none is shown only where it was read.
    let holds = role_names(entry.roles.iter().map(|role| role.role_id.as_str()));
    if !holds.is_empty() || ctx.was_read(Dataset::RoleAssignments) {
        draft = draft.evidence("roleDefinition.displayName", holds, held::source(&entry.roles));
    }
    if now.ids(Field::Ceiling).next().is_some() {
        draft = draft.evidence("allowedRoleTemplateIds", role_names(now.ids(Field::Ceiling)), Dataset::ProviderConstraints);
    }
    let draft = if only_governs { draft.evidence("governingTenantId", entry.tenant_id.as_str(), Dataset::Governance) } else { draft };
    let draft = against(compared, draft);
    let lies_inside = now.ids(Field::Ceiling).all(|role| approval::covering(ctx, entry, role).is_some())
        && entry.roles.iter().all(|role| approval::covering_held(ctx, entry, role).is_some());
    Some(match ctx.approval(&entry.tenant_id) {
        Some(approval) if lies_inside => approval::lowered(draft, approval),
        Some(approval) => draft.naming(approval),
        None => draft,
    })
}

/// What it is measured against.
pub(super) fn against(compared: &Compared<'_>, draft: Draft) -> Draft {
    draft.setting("baseline.collectedAt", compared.before.picture.collected_at.to_string())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::domain::roles::GLOBAL_ADMINISTRATOR;
    use crate::domain::{Coverage, Dataset, Severity, Status};
    use crate::policy::rules::testing::{EXCHANGE, MSP, READERS, at, beside, case, ceiling, customer_case, held_role, relationship};
    use crate::policy::settings::Approved;

    fn partner(before: Value, now: Value) -> Vec<(String, Severity)> {
        let case = case(json!({ "relationships": now })).after(case(json!({ "relationships": before })));
        case.run(&RULE).findings.into_iter().map(|draft| (draft.subject.id, draft.severity.unwrap())).collect()
    }

    #[test]
    fn a_live_relationship_that_was_not_live() {
        let old = || relationship("r1", &[EXCHANGE], json!({}));
        let new = |roles: &[&str], status: &str| relationship("r9", roles, json!({ "status": status }));
        assert_eq!(partner(json!([old()]), json!([old(), new(&[EXCHANGE], "active")])), [("r9".to_owned(), Severity::Medium)]);
        assert_eq!(partner(json!([old()]), json!([new(&[GLOBAL_ADMINISTRATOR], "somethingNew")])), [("r9".to_owned(), Severity::High)]);
        assert_eq!(partner(json!([]), json!([new(&[EXCHANGE], "approvalPending"), new(&[EXCHANGE], "expired")])), []);
        let offer = json!([new(&[EXCHANGE], "approvalPending")]);
        assert_eq!(partner(offer, json!([new(&[EXCHANGE], "active")])).len(), 1, "an offer that was accepted");
        assert_eq!(partner(json!([new(&[EXCHANGE], "terminating")]), json!([new(&[EXCHANGE], "active")])), [], "it was live");
    }

    #[test]
    fn what_the_baseline_did_not_read_is_not_new_and_without_one_nothing_is() {
        let now = || case(json!({ "relationships": [relationship("r9", &[EXCHANGE], json!({}))] }));
        let blind = |status: Status| case(json!({})).coverage(Dataset::Relationships, Coverage::new(status));
        assert!(!now().after(blind(Status::Partial)).fires(&RULE) && !now().after(blind(Status::Denied)).fires(&RULE));
        assert!(!now().fires(&RULE));
        let offer = relationship("r9", &[EXCHANGE], json!({ "status": "created" }));
        let cut = case(json!({ "relationships": [offer] })).coverage(Dataset::Relationships, Coverage::new(Status::Partial));
        assert!(now().after(cut).fires(&RULE), "the offer was seen");
    }

    fn customer(before: Value, now: Value) -> Vec<(String, Severity)> {
        let case = customer_case(now).after(customer_case(before));
        case.run(&RULE).findings.into_iter().map(|draft| (draft.subject.id, draft.severity.unwrap())).collect()
    }

    #[test]
    fn an_outside_tenant_that_had_no_way_to_power() {
        let held = |role: &str| json!({ "roleAssignments": [held_role("a", "p", MSP, role)] });
        assert_eq!(customer(json!({}), ceiling(&[READERS])), [(MSP.to_owned(), Severity::Medium)]);
        assert_eq!(customer(json!({}), ceiling(&[READERS, GLOBAL_ADMINISTRATOR])), [(MSP.to_owned(), Severity::High)]);
        assert_eq!(customer(json!({}), held(EXCHANGE)), [(MSP.to_owned(), Severity::Medium)]);
        assert_eq!(customer(held(EXCHANGE), ceiling(&[READERS])), [], "it had a way before");
        let plain =
            json!({ "crossTenantPartners": [{ "tenantId": MSP, "isServiceProvider": false, "settings": { "autoConsentInbound": true } }] });
        assert_eq!(customer(plain.clone(), ceiling(&[READERS])).len(), 1, "settings of its own are no such way");
        assert_eq!(customer(json!({}), plain), []);
        let governs = json!({ "governance": [{ "id": "g", "kind": "relationship", "governingTenantId": MSP, "status": "active" }] });
        assert_eq!(customer(json!({}), governs).len(), 1);
    }

    #[test]
    fn what_is_approved_weighs_less_and_what_is_not_while_others_are_weighs_more() {
        let severity = |tenant: &str, roles: Option<&[&str]>, until: i64| {
            let now = customer_case(beside(ceiling(&[READERS]), json!({}))).approve(tenant, roles, Some(until));
            now.after(customer_case(json!({}))).run(&RULE).findings[0].severity
        };
        assert_eq!(severity(MSP, None, 5), Some(Severity::Info));
        assert_eq!(severity(MSP, Some(&[EXCHANGE]), 5), Some(Severity::High), "beyond what was approved");
        assert_eq!(severity(MSP, None, -5), Some(Severity::High), "an ended approval counts as none");
        assert_eq!(severity("another", None, 5), Some(Severity::High));
    }

    #[test]
    fn in_the_customer_view_both_doors_must_have_been_read() {
        for dataset in [Dataset::CrossTenantPartners, Dataset::RoleAssignments] {
            let before = customer_case(json!({})).coverage(dataset, Coverage::new(Status::Denied));
            assert!(!customer_case(ceiling(&[READERS])).after(before).fires(&RULE), "{dataset}");
        }
        let before = customer_case(json!({})).coverage(Dataset::Governance, Coverage::new(Status::Denied));
        assert!(customer_case(ceiling(&[READERS])).after(before).fires(&RULE));
    }

    #[test]
    fn evidence_says_against_what() {
        let mut before = case(json!({}));
        before.snapshot.collected_at = at(-7);
        let drafts = case(json!({ "relationships": [relationship("r9", &[EXCHANGE], json!({}))] })).after(before).run(&RULE).findings;
        let last = drafts[0].evidence.last().unwrap();
        assert_eq!((&*last.field, &last.value), ("baseline.collectedAt", &json!("2026-05-25T00:00:00Z")));
    }

    #[test]
    fn a_group_that_the_approval_does_not_name_lies_beyond_it() {
        let lowered = |group: &str| {
            let limits = Approved { roles: Some(vec![EXCHANGE.into()]), groups: Some(vec!["mine".into()]), ..Approved::default() };
            let now = customer_case(json!({ "roleAssignments": [held_role("a", group, MSP, EXCHANGE)] })).approve_within(limits);
            now.after(customer_case(json!({}))).run(&RULE).findings.iter().map(|draft| draft.approval.is_some()).collect::<Vec<_>>()
        };
        assert_eq!([lowered("mine"), lowered("other")], [[true], [false]]);
    }
}
