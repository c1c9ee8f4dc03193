//! PRV-02: see the page.

use std::collections::BTreeSet;

use crate::domain::facts::Relationship;
use crate::domain::rule_meta::{Reads, helps, required};
use crate::domain::{Dataset, RuleMeta, Severity, View, roles};
use crate::policy::rule::{Ctx, Draft, Out, Rule};

use super::outside::{self, Wanted};
use super::shared::{BOTH, began, few_roles, list, role_ids, role_names, time};
use super::{approval, told};

/// Whoever has both can make any role assignment and take over any account, at once.
const PAIR: [&str; 2] = roles::sets::TAKEOVER.roles;

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "gdap-tier0-role",
        code: "PRV-02",
        title: "Relationship includes a tier 0 role other than Global Administrator",
        views: BOTH,
        severity: Severity::High,
        severity_note: "Critical where Privileged Role Administrator and Privileged Authentication Administrator come together, in one \
                        relationship or over all live ones with the same customer.",
        uses: &[required(Dataset::Relationships)],
        customer_uses: &[
            required(Dataset::CrossTenantPartners),
            required(Dataset::RoleAssignments),
            helps(Dataset::RoleSchedules),
            helps(Dataset::ProviderConstraints),
            helps(Dataset::Declared),
        ],
        reads: Reads::Some,
        fields: &[
            "relationships.status",
            "relationships.roles",
            "relationships.customer.tenantId",
            "relationships.activatedDateTime",
            "relationships.createdDateTime",
            "providerConstraints.allowedRoles",
            "roleAssignments.roleDefinitionId",
            "declared.relationships.relationship.roles",
        ],
        settings: &[
            list("allowed-tier0-roles", &[], "Tier 0 roles that are accepted, by name or template id."),
            list("tier0-overrides", &[], "Roles of a weaker tier that count as tier 0 here, by name or template id."),
        ],
        remediation: "Ask for the least privileged role that does the job instead. Keep what really needs tier 0 in a relationship of its own \
                      of 90 days at most, without auto-extend, mapped to a group whose members are only eligible through PIM for Groups: \
                      Partner Center > Customers > (customer) > Admin relationships.",
        attack: &["T1199", "T1098.003", "T1098.001", "T1484.002"],
        mitigations: &["M1018"],
        nist: &["AC-2", "AC-3", "AC-4", "AC-5", "AC-6", "AC-8", "AC-20", "CM-6", "CM-7", "IA-2", "IA-5", "SC-7", "SC-46", "SI-4"],
        benchmarks: &["SCuBA MS.AAD.7.2v1 (related)"],
        analytics: &[],
        unsourced: &[],
        page: include_str!("gdap-tier0-role.md"),
    },
    check,
};

/// What the organisation makes of tiers.
struct Terms {
    allowed: BTreeSet<String>,
    overrides: BTreeSet<String>,
}

impl Terms {
    fn of(ctx: &Ctx<'_>) -> Self {
        let ids = |name: &str| role_ids(ctx.settings.list(name));
        Terms { allowed: ids("allowed-tier0-roles"), overrides: ids("tier0-overrides") }
    }

    /// The settings, as evidence.
    fn named(ctx: &Ctx<'_>, draft: Draft) -> Draft {
        let overrides = ctx.settings.list("tier0-overrides");
        let draft = draft.setting("allowed-tier0-roles", ctx.settings.list("allowed-tier0-roles").to_vec());
        if overrides.is_empty() { draft } else { draft.setting("tier0-overrides", overrides.to_vec()) }
    }
}

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    let terms = Terms::of(ctx);
    for told in told::live(ctx) {
        let relationship = told.relationship;
        let found = tier0(relationship, &terms);
        if found.is_empty() {
            continue;
        }
        let severity = if has_pair(&found) { Severity::Critical } else { Severity::High };
        let names = role_names(found.iter().copied());
        let draft = told
            .draft(ctx)
            .note(few_roles(&names))
            .since(began(relationship))
            .severity(severity)
            .evidence("status", relationship.status.as_str(), told.source)
            .evidence("accessDetails.unifiedRoles", names, told.source)
            .evidence("activatedDateTime", time(relationship.activated_date_time), told.source);
        let draft = Terms::named(ctx, draft);
        out.push(told.settled(ctx, draft, &found.into_iter().collect::<Vec<_>>()));
    }
    for (customer, relationships) in ctx.index.live_by_customer() {
        if let Some(draft) = spread_pair(ctx, customer, &relationships, &terms) {
            let draft = Terms::named(ctx, draft);
            out.push(approval::of_roles(ctx, draft, Some(customer), relationships.iter().copied(), &PAIR));
        }
    }
    if ctx.tenant.view == View::Customer {
        outside::judge(
            ctx,
            out,
            &Wanted {
                selects: &|_, id| is_tier0(id, &terms).is_some(),
                folds: true,
                severity: &|found, all| observed_severity(found, all, &terms),
                allowed: "A partner may be given a tier 0 role",
                held: "A principal of an outside tenant holds a tier 0 role",
            },
        );
    }
}

/// Critical where one of the pair is among the roles found, and both are within the tenant's reach.
fn observed_severity(found: &[&str], all: &BTreeSet<&str>, terms: &Terms) -> Severity {
    let within_reach: BTreeSet<&str> = all.iter().filter_map(|id| is_tier0(id, terms)).collect();
    let is_of_pair = found.iter().filter_map(|id| is_tier0(id, terms)).any(|id| PAIR.contains(&id));
    if is_of_pair && has_pair(&within_reach) { Severity::Critical } else { Severity::High }
}

/// The role, by its own spelling, if it is of tier 0, not Global Administrator, and not allowed.
fn is_tier0(id: &str, terms: &Terms) -> Option<&'static str> {
    let id = roles::by_id(id).filter(|role| role.tier == 0 || terms.overrides.contains(role.id))?.id;
    (id != roles::GLOBAL_ADMINISTRATOR && !terms.allowed.contains(id)).then_some(id)
}

/// Tier 0 roles but Global Administrator, which has its own rule, and those that are allowed.
fn tier0<'a>(relationship: &'a Relationship, terms: &Terms) -> BTreeSet<&'a str> {
    relationship.roles.iter().filter_map(|id| is_tier0(id, terms)).collect()
}

fn has_pair(ids: &BTreeSet<&str>) -> bool {
    PAIR.iter().all(|id| ids.contains(id))
}

/// The pair over several relationships with one customer, none of which has both: no single relationship shows it.
fn spread_pair(ctx: &Ctx<'_>, customer: &str, relationships: &[&Relationship], terms: &Terms) -> Option<Draft> {
    let sets: Vec<(&str, BTreeSet<&str>)> =
        relationships.iter().map(|relationship| (relationship.id.as_str(), tier0(relationship, terms))).collect();
    let with = |id: &str| -> Vec<String> { sets.iter().filter(|(_, ids)| ids.contains(id)).map(|(id, _)| (*id).to_owned()).collect() };
    let [role, authentication] = PAIR.map(with);
    if role.is_empty() || authentication.is_empty() || sets.iter().any(|(_, ids)| has_pair(ids)) {
        return None;
    }
    let involved: BTreeSet<String> = role.into_iter().chain(authentication).collect();
    let party = ctx.index.party(customer);
    Some(
        Draft::about("customer", customer, &party.name)
            .key("privileged-role-and-authentication")
            .severity(Severity::Critical)
            .title("Relationships with one customer together hold Privileged Role and Privileged Authentication Administrator")
            .customer(Some(party))
            .evidence("id", involved.into_iter().collect::<Vec<_>>(), Dataset::Relationships)
            .evidence("accessDetails.unifiedRoles", role_names(PAIR), Dataset::Relationships),
    )
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{PAIR, RULE};
    use crate::domain::Severity;
    use crate::domain::roles::GLOBAL_ADMINISTRATOR;
    use crate::policy::rules::folding;
    use crate::policy::rules::testing::{
        ALPINE, APPLICATION, EXCHANGE, MSP, READERS, beside, case, ceiling, customer_case, declared, held_role, relationship,
    };

    #[test]
    fn one_finding_a_relationship_and_global_administrator_is_left_to_its_own_rule() {
        let case = case(json!({ "relationships": [
            relationship("r1", &[GLOBAL_ADMINISTRATOR, EXCHANGE], json!({})),
            relationship("r2", &[APPLICATION, PAIR[0]], json!({})),
        ] }));
        let drafts = case.run(&RULE).findings;
        assert_eq!(drafts.len(), 1);
        assert_eq!((drafts[0].subject.id.as_str(), drafts[0].severity), ("r2", Some(Severity::High)));
        let names = json!(["Application Administrator", "Privileged Role Administrator"]);
        assert_eq!(drafts[0].evidence[1].value, names, "only what made it a finding");
    }

    #[test]
    fn both_roles_in_one_relationship_are_critical_and_named_once() {
        let case = case(json!({ "relationships": [relationship("r1", &PAIR, json!({})), relationship("r2", &PAIR[..1], json!({}))] }));
        let found: Vec<_> = case.run(&RULE).findings.into_iter().map(|draft| (draft.subject.id, draft.severity)).collect();
        assert_eq!(found, [("r1".into(), Some(Severity::Critical)), ("r2".into(), Some(Severity::High))]);
    }

    #[test]
    fn both_roles_over_two_relationships_are_a_finding_about_the_customer() {
        let spread = |status: &str, customer: &str| {
            case(json!({ "relationships": [
                relationship("r1", &PAIR[..1], json!({})),
                relationship("r2", &PAIR[1..], json!({ "status": status, "customer": { "tenantId": customer } })),
            ] }))
        };
        let drafts = spread("active", ALPINE).run(&RULE).findings;
        assert_eq!(drafts.len(), 3);
        assert_eq!((&*drafts[2].subject.kind, drafts[2].subject.id.as_str()), ("customer", ALPINE));
        assert_eq!(drafts[2].severity, Some(Severity::Critical));
        assert_eq!(spread("expired", ALPINE).subjects(&RULE), ["r1"], "an ended one gives nothing");
        assert_eq!(spread("active", "another").subjects(&RULE), ["r1", "r2"], "two customers have no union");
    }

    #[test]
    fn allowed_roles_make_no_finding_and_no_pair() {
        let case = case(json!({ "relationships": [relationship("r1", &PAIR, json!({}))] }));
        let drafts = case.list("allowed-tier0-roles", &["privileged role administrator"]).run(&RULE).findings;
        assert_eq!(drafts[0].severity, Some(Severity::High));
        assert_eq!(drafts[0].evidence[1].value, json!(["Privileged Authentication Administrator"]));
    }

    #[test]
    fn a_weaker_role_may_be_said_to_be_tier_0() {
        let case = case(json!({ "relationships": [relationship("r1", &[EXCHANGE, READERS], json!({}))] }));
        assert!(!case.fires(&RULE));
        let drafts = case.list("tier0-overrides", &["exchange administrator"]).run(&RULE).findings;
        assert_eq!(drafts[0].evidence[1].value, json!(["Exchange Administrator"]));
        assert!(drafts[0].evidence.iter().any(|evidence| evidence.field == "tier0-overrides"));
    }

    #[test]
    fn in_the_customer_view_what_a_ceiling_allows_and_nobody_holds() {
        let found = |roles: &[&str], held: &[&str]| {
            let held: Vec<_> = held.iter().enumerate().map(|(n, role)| held_role(&format!("a{n}"), "p", MSP, role)).collect();
            let case = customer_case(beside(ceiling(roles), json!({ "roleAssignments": held })));
            case.run(&RULE)
                .findings
                .into_iter()
                .map(|draft| (draft.own_key, draft.severity.unwrap(), draft.note.unwrap()))
                .collect::<Vec<_>>()
        };
        assert_eq!(
            found(&[GLOBAL_ADMINISTRATOR, EXCHANGE, APPLICATION], &[]),
            [("ceiling".into(), Severity::High, "Application Admin".into())]
        );
        assert!(found(&[APPLICATION], &[APPLICATION]).is_empty(), "held: taken by another rule");
        assert_eq!(found(&PAIR, &[])[0].1, Severity::Critical);
        assert_eq!(found(&PAIR, &PAIR[..1])[0].1, Severity::Critical, "one held, the other allowed");
        assert_eq!(found(&[APPLICATION], &PAIR)[0].1, Severity::High, "the pair itself is another rule's");
    }

    #[test]
    fn in_the_customer_view_held_ones_that_no_rule_takes_and_declared_ones() {
        let held = customer_case(beside(ceiling(&[]), json!({ "roleAssignments": [held_role("a", "p", MSP, APPLICATION)] })));
        assert_eq!(held.off(folding::FOREIGN).subjects(&RULE), ["p"]);
        let approved = customer_case(ceiling(&[APPLICATION, PAIR[0]])).approve(MSP, Some(&[APPLICATION]), None).run(&RULE).findings;
        assert_eq!((approved.len(), approved[0].severity), (1, Some(Severity::High)));
        assert_eq!(approved[0].evidence[0].value, json!(["Privileged Role Administrator"]), "only what is beyond the approval");
        assert_eq!(declared(vec![relationship("r1", &PAIR, json!({}))]).run(&RULE).findings[0].severity, Some(Severity::Critical));
    }
}
