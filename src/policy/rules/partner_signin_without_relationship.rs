//! SGN-01: see the page.

use std::borrow::Cow;
use std::collections::BTreeMap;

use chrono::TimeDelta;

use crate::domain::facts::{Relationship, RelationshipStatus};
use crate::domain::ledger::{Entry, UNKNOWN_HOME, governs};
use crate::domain::rule_meta::{Reads, helps, required};
use crate::domain::{Confidence, Dataset, RuleMeta, Severity, Status, Timestamp, View};
use crate::policy::rule::{Ctx, Draft, Out, Rule};

use super::shared::{BOTH, began, hours, text};
use super::visits::{self, Visit, about_tenant, by, episodes, extent, first_seen};

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "partner-signin-without-relationship",
        code: "SGN-01",
        title: "Sign-in by delegated administration from a tenant without a relationship",
        views: BOTH,
        severity: Severity::Critical,
        severity_note: "",
        uses: &[required(Dataset::SignIns), required(Dataset::Relationships), helps(Dataset::Contracts)],
        customer_uses: &[
            required(Dataset::SignIns),
            required(Dataset::CrossTenantPartners),
            required(Dataset::RoleAssignments),
            helps(Dataset::RoleSchedules),
            helps(Dataset::ForeignPrincipals),
            helps(Dataset::Governance),
        ],
        reads: Reads::All,
        fields: &[
            "signIns.events.crossTenantAccessType",
            "signIns.events.homeTenantId",
            "signIns.events.errorCode",
            "signIns.events.createdDateTime",
            "signIns.events.userPrincipalName",
            "customer.crossTenantPartners.isServiceProvider",
            "customer.roleAssignments.principalTenantId",
            "customer.roleSchedules.principalId",
            "customer.foreignPrincipals.tenantId",
            "customer.governance.status",
            "customer.declared.relationships.relationship.endDateTime",
            "signIns.events.resourceTenantId",
            "relationships.customer.tenantId",
            "relationships.status",
            "relationships.activatedDateTime",
            "relationships.endDateTime",
        ],
        settings: &[hours("grace-hours", 2, "Hours before and after a relationship in which it still explains a sign-in.")],
        remediation: "Find out whose tenant it is: GET /tenantRelationships/findTenantInformationByTenantId(tenantId='{id}'). If nobody here knows it, \
                      open a security incident: look through the audit log for what that person changed, remove every role of that tenant (Entra admin \
                      center > Roles & admins), and look at the Microsoft 365 admin center > Settings > Partner relationships for a delegated \
                      administration (DAP) that was never ended.",
        attack: &["T1199", "T1078.004"],
        mitigations: &["M1018", "M1032"],
        nist: &["AC-2", "AC-3", "AC-6", "CA-7", "SI-4"],
        benchmarks: &["CIS M365 v7.0 1.1.3"],
        analytics: &["AN1347"],
        unsourced: &[],
        page: include_str!("partner-signin-without-relationship.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    match ctx.tenant.view {
        View::Customer => in_customer(ctx, out),
        View::Partner => in_partner(ctx, out),
    }
}

fn in_customer(ctx: &Ctx<'_>, out: &mut Out) {
    let visits = visits::all(ctx);
    let all_roles_read = ctx.coverage(Dataset::RoleAssignments).status == Status::Complete;
    let all_eligible_read = ctx.coverage(Dataset::RoleSchedules).status == Status::Complete;
    // A role of a principal whose tenant is not known may be any tenant's.
    let roles_are_placed = ctx.ledger.get(UNKNOWN_HOME).is_none_or(|entry| entry.roles.is_empty());
    for (home, came) in by(visits.iter().filter(|visit| visit.succeeded()), |visit| &*visit.home) {
        let entry = ctx.ledger.get(home);
        if entry.is_some_and(has_access) {
            continue;
        }
        let missing = [
            (home == UNKNOWN_HOME, Dataset::SignIns),
            (!ctx.is_complete_for(Dataset::CrossTenantPartners, home), Dataset::CrossTenantPartners),
            (!all_roles_read, Dataset::RoleAssignments),
            (!all_eligible_read, Dataset::RoleSchedules),
            (!roles_are_placed, Dataset::ForeignPrincipals),
        ];
        if let Some((_, dataset)) = missing.into_iter().find(|(is_missing, _)| *is_missing) {
            out.unjudged(home, dataset);
            continue;
        }
        for episode in episodes(came) {
            let Some(first) = episode.first() else { continue };
            let draft = first_seen(about_tenant(ctx, home), first)
                .confidence(Confidence::Medium)
                .note(format!("{} on {}", first.event.user_principal_name.as_deref().unwrap_or(&first.person), first.at().date()))
                .evidence("crossTenantAccessType", "serviceProvider", Dataset::SignIns)
                .evidence("isServiceProvider", entry.is_some_and(|entry| entry.service_provider_entry), Dataset::CrossTenantPartners)
                .evidence("roleAssignments", entry.map_or(0, |entry| entry.roles.len()), Dataset::RoleAssignments);
            let draft = extent(draft, &episode);
            let explained = explanations(ctx, entry, first.at());
            out.push(if explained.is_empty() {
                draft
            } else {
                draft
                    .evidence("displayName (declared at the time)", explained, Dataset::Declared)
                    .setting("grace-hours", ctx.settings.int("grace-hours"))
            });
        }
    }
}

/// True if something that was observed lets people of this tenant in now.
fn has_access(entry: &Entry) -> bool {
    entry.service_provider_entry || !entry.roles.is_empty() || entry.governance.iter().any(governs)
}

/// Customers that this partner's people entered at a time at which no relationship ran.
fn in_partner(ctx: &Ctx<'_>, out: &mut Out) {
    let mut with: BTreeMap<Cow<'_, str>, Vec<&Relationship>> = BTreeMap::new();
    for relationship in &ctx.facts.relationships {
        if let Some(customer) = relationship.customer_id() {
            with.entry(lower(customer)).or_default().push(relationship);
        }
    }
    let visits = visits::all(ctx);
    for (customer, came) in by(visits.iter().filter(|visit| visit.succeeded()), |visit| lower(visit.other_side())) {
        let relationships = with.get(&customer).map(Vec::as_slice).unwrap_or_default();
        let open: Vec<&Visit<'_>> = came.into_iter().filter(|visit| !relationships.iter().any(|one| ran(ctx, one, visit.at()))).collect();
        // What the log does not call delegated administration may have been a guest's visit.
        let (told, unsaid): (Vec<_>, Vec<_>) = open.into_iter().partition(|visit| visit.event.cross_tenant_access_type.is_some());
        if !told.is_empty() && !ctx.is_complete_for(Dataset::Relationships, &customer) {
            out.unjudged(&customer, Dataset::Relationships);
            continue;
        }
        if !unsaid.is_empty() {
            out.unjudged(&customer, Dataset::SignIns);
        }
        for episode in episodes(told) {
            out.findings.extend(of_customer(ctx, &customer, relationships, &episode));
        }
    }
}

fn of_customer(ctx: &Ctx<'_>, customer: &str, relationships: &[&Relationship], episode: &[&Visit<'_>]) -> Option<Draft> {
    let first = episode.first()?;
    let party = ctx.index.party(customer);
    let mut ended: Vec<String> = relationships.iter().map(|one| format!("{} ({})", one.display_name, one.status.as_str())).collect();
    ended.sort_unstable();
    let has_contract = ctx.facts.contracts.iter().any(|contract| contract.customer_id.eq_ignore_ascii_case(customer));
    let draft = first_seen(Draft::about("customer", customer, &party.name).customer(Some(party)), first)
        .title("Sign-in by delegated administration into a customer without a relationship")
        .confidence(Confidence::Medium)
        .note(format!("{} on {}", first.event.user_principal_name.as_deref().unwrap_or(&first.person), first.at().date()))
        .evidence("crossTenantAccessType", text(first.event.cross_tenant_access_type.as_deref()), Dataset::SignIns)
        .evidence("relationships (not running at the time)", ended, Dataset::Relationships);
    // A list that was not read to its end does not show that none is there.
    let is_known = has_contract || ctx.coverage(Dataset::Contracts).status == Status::Complete;
    let draft = if is_known { draft.evidence("contract", has_contract, Dataset::Contracts) } else { draft };
    let draft = draft.setting("grace-hours", ctx.settings.int("grace-hours")).remediation(
            "Ask the person what it did there. If there is a reseller contract and no relationship, this was the old delegated administration (DAP): \
             agree on a relationship with the roles that are needed, then end DAP (Partner Center > Customers > (customer) > Account > Admin \
             relationships). If there is neither, tell the customer: it looks for what that person changed, and who lets this tenant in.",
        );
    Some(extent(draft, episode))
}

/// An id in lower case, as collectors write it already.
fn lower(id: &str) -> Cow<'_, str> {
    if id.bytes().any(|byte| byte.is_ascii_uppercase()) { Cow::Owned(id.to_ascii_lowercase()) } else { Cow::Borrowed(id) }
}

/// True if a relationship let people in at a time, give or take the grace.
fn ran(ctx: &Ctx<'_>, relationship: &Relationship, at: Timestamp) -> bool {
    let grace = TimeDelta::hours(ctx.settings.int("grace-hours"));
    let has_begun = began(relationship).is_none_or(|began| began.utc() - grace <= at.utc());
    let is_over = !relationship.status.is_live() && relationship.end_date_time.is_some_and(|end| end.utc() + grace < at.utc());
    relationship.status.is_past_approval() && has_begun && !is_over
}

/// Declared relationships that ran at the time. They explain, and take nothing away: a file is not the directory.
fn explanations(ctx: &Ctx<'_>, entry: Option<&Entry>, at: Timestamp) -> Vec<String> {
    let grace = TimeDelta::hours(ctx.settings.int("grace-hours"));
    let declared = &ctx.customer.declared.relationships;
    let rows = entry.into_iter().flat_map(|entry| &entry.declared_relationships).filter_map(|index| declared.get(*index));
    let ran = rows.map(|row| &row.relationship).filter(|relationship| {
        let is_past_approval = relationship.status.is_past_approval() || relationship.status == RelationshipStatus::Approved;
        let has_begun = began(relationship).is_some_and(|began| began.utc() - grace <= at.utc());
        is_past_approval && has_begun && relationship.end_date_time.is_none_or(|end| at.utc() <= end.utc() + grace)
    });
    let mut names: Vec<String> = ran.map(|relationship| relationship.display_name.clone()).collect();
    names.sort();
    names.dedup();
    names
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::domain::customer::MICROSOFT_SUPPORT_TENANT;
    use crate::domain::{Coverage, Dataset, Gap, Status};
    use crate::policy::rules::testing::{ALPINE, Case, EXCHANGE, MSP, at_hour, case, customer_case, held_role, relationship, visit};

    fn with(events: Vec<Value>, more: Value) -> Case {
        let mut facts = json!({ "signIns": { "events": events } });
        facts.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        customer_case(facts)
    }

    fn once(more: Value) -> Case {
        with(vec![visit("e1", -5, json!({}))], more)
    }

    #[test]
    fn nothing_that_lets_it_in() {
        let drafts = once(json!({})).run(&RULE).findings;
        assert_eq!((drafts[0].subject.id.as_str(), drafts[0].own_key.as_str()), (MSP, "e1"));
        assert!(once(json!({ "crossTenantPartners": [{ "tenantId": MSP, "isServiceProvider": false }] })).fires(&RULE));
        assert!(!once(json!({ "crossTenantPartners": [{ "tenantId": MSP, "isServiceProvider": true }] })).fires(&RULE));
        assert!(!once(json!({ "roleAssignments": [held_role("a", "p", MSP, EXCHANGE)] })).fires(&RULE));
        let governance =
            |status: &str| json!({ "governance": [{ "id": "g", "kind": "relationship", "governingTenantId": MSP, "status": status }] });
        assert!(!once(governance("active")).fires(&RULE), "a governing tenant has its own rules");
        assert!(once(governance("terminated")).fires(&RULE));
    }

    #[test]
    fn only_what_got_in_and_only_by_delegated_administration() {
        let fires = |more: Value| with(vec![visit("e1", -5, more)], json!({})).fires(&RULE);
        assert!(!fires(json!({ "errorCode": 50126 })));
        assert!(!fires(json!({ "crossTenantAccessType": "microsoftSupport" })));
        assert!(!fires(json!({ "homeTenantId": MICROSOFT_SUPPORT_TENANT })));
    }

    #[test]
    fn each_episode_is_a_finding() {
        let case = with(vec![visit("e3", -5, json!({})), visit("e2", -70, json!({})), visit("e1", -80, json!({}))], json!({}));
        let keys: Vec<String> = case.run(&RULE).findings.into_iter().map(|draft| draft.own_key).collect();
        assert_eq!(keys, ["e1", "e3"]);
    }

    #[test]
    fn without_what_tells_of_relationships_it_is_not_judged() {
        let unjudged = |case: Case| {
            let out = case.run(&RULE);
            assert!(out.findings.is_empty());
            out.unjudged
        };
        let cut = |dataset: Dataset| once(json!({})).coverage(dataset, Coverage { truncated: true, ..Coverage::new(Status::Partial) });
        for dataset in [Dataset::CrossTenantPartners, Dataset::RoleAssignments, Dataset::RoleSchedules] {
            assert_eq!(unjudged(cut(dataset)), [(MSP.to_owned(), dataset)]);
        }
        let nobody =
            json!({ "roleAssignments": [{ "id": "a", "principalId": "p", "roleDefinitionId": EXCHANGE, "directoryScopeId": "/" }] });
        assert_eq!(unjudged(once(nobody)), [(MSP.to_owned(), Dataset::ForeignPrincipals)]);
        let homeless = with(vec![visit("e1", -5, json!({ "homeTenantId": null }))], json!({}));
        assert_eq!(unjudged(homeless), [("unknown".to_owned(), Dataset::SignIns)]);
        let gap = |subject: &str| Coverage {
            gaps: [(subject.to_owned(), Gap { status: Status::Failed, reason: "503".into() })].into(),
            ..Coverage::new(Status::Partial)
        };
        assert!(once(json!({})).coverage(Dataset::CrossTenantPartners, gap("other")).fires(&RULE), "another's gap is none of its own");
    }

    #[test]
    fn declared_relationships_explain_and_remove_nothing() {
        let declared = |end: i64| {
            let more = json!({ "activatedDateTime": at_hour(-900).to_string(), "endDateTime": at_hour(end).to_string() });
            let row = json!({ "partnerTenantId": MSP, "relationship": relationship("r1", &[EXCHANGE], more) });
            let draft = once(json!({ "declared": { "relationships": [row] } })).run(&RULE).findings.remove(0);
            draft.evidence.iter().any(|evidence| evidence.source == "declared")
        };
        assert!(declared(10) && declared(-7), "two hours of grace");
        assert!(!declared(-8));
    }

    #[test]
    fn in_the_partner_view_a_contract_is_shown_only_where_it_is_known_whether_there_is_one() {
        let sign_in = visit(
            "e1",
            -5,
            json!({ "resourceTenantId": ALPINE, "homeTenantId": "11111111-1111-4111-8111-111111111111", "userPrincipalName": "ann@example.com" }),
        );
        let shown = |contracts: Value, coverage: Coverage| {
            let case = case(json!({ "signIns": { "events": [sign_in.clone()] }, "contracts": contracts }));
            let draft = case.coverage(Dataset::Contracts, coverage).run(&RULE).findings.remove(0);
            draft.evidence.iter().find(|evidence| evidence.source == "contracts").and_then(|evidence| evidence.value.as_bool())
        };
        let one = || json!([{ "id": "c", "customerId": ALPINE }]);
        assert_eq!(shown(one(), Coverage::complete(1)), Some(true));
        assert_eq!(shown(json!([]), Coverage::complete(0)), Some(false));
        assert_eq!(shown(one(), Coverage::new(Status::Partial)), Some(true));
        for status in [Status::Partial, Status::Denied, Status::Skipped] {
            assert_eq!(shown(json!([]), Coverage::new(status)), None, "{status:?}");
        }
    }
}
