//! PRV-03: see the page.

use std::collections::BTreeSet;

use crate::domain::facts::Relationship;
use crate::domain::ledger::{Class, Entry};
use crate::domain::rule_meta::{Reads, helps, required};
use crate::domain::{Confidence, Dataset, RuleMeta, Severity, View, roles};
use crate::policy::rule::{Ctx, Draft, Out, Rule};

use super::held;
use super::shared::{BOTH, NIST_T1199, role_count, role_names};
use super::{approval, declared_rows, outside};

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "gdap-too-many-roles",
        code: "PRV-03",
        title: "More roles are held in one customer than the limit",
        views: BOTH,
        severity: Severity::Medium,
        severity_note: "High above `high-roles`.",
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
            "providerConstraints.allowedRoles",
            "roleAssignments.roleDefinitionId",
            "declared.relationships.relationship.roles",
        ],
        settings: &[
            role_count("max-roles", 15, "Most roles with write access that live relationships with one customer may hold together."),
            role_count("high-roles", 25, "Above this many the severity is high."),
        ],
        remediation: "Drop first what ASG-01 (gdap-role-without-assignment) lists as unused, then split the rest by job: Partner Center > Customers > \
                      (customer) > Admin relationships > request a new relationship with the smaller set, move the groups, end the old one.",
        attack: &["T1199"],
        mitigations: &["M1018"],
        nist: NIST_T1199,
        benchmarks: &["CIS M365 v7.0 1.1.3"],
        analytics: &[],
        unsourced: &[],
        page: include_str!("gdap-too-many-roles.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    if ctx.tenant.view == View::Customer {
        let partners = ctx.ledger.entries.values().filter(|entry| !matches!(entry.class, Class::MicrosoftSupport | Class::GoverningTenant));
        partners.for_each(|entry| judge_outside(ctx, out, entry));
        return;
    }
    for (customer, relationships) in ctx.index.live_by_customer() {
        let party = ctx.index.party(customer);
        judge(ctx, out, &relationships, Some(customer), || Draft::about("customer", customer, &party.name).customer(Some(party)));
    }
    // Only a status that is not known leaves a live relationship without a customer: it is then its own subject.
    for relationship in ctx.index.live().filter(|relationship| relationship.customer_id().is_none()) {
        judge(ctx, out, &[relationship], None, || Draft::relationship(ctx, relationship));
    }
}

fn judge(ctx: &Ctx<'_>, out: &mut Out, relationships: &[&Relationship], customer: Option<&str>, draft: impl FnOnce() -> Draft) {
    let (limit, high) = (ctx.settings.int("max-roles"), ctx.settings.int("high-roles"));
    let union: BTreeSet<&str> =
        relationships.iter().flat_map(|relationship| &relationship.roles).map(String::as_str).filter(|id| writes(id)).collect();
    let count = i64::try_from(union.len()).unwrap_or(i64::MAX);
    if count <= limit {
        return;
    }
    // What was approved of the customer does not count against the limit; if the rest keeps it, all is inside.
    let approved: Vec<&str> = customer
        .and_then(|id| ctx.approval(id))
        .map_or_else(Vec::new, |approval| union.iter().copied().filter(|role| approval.covers(role)).collect());
    let beyond = count - i64::try_from(approved.len()).unwrap_or(0);
    let is_high = beyond > high || (beyond <= limit && count > high);
    let all: Vec<&str> = union.iter().copied().collect();
    let ids: Vec<&str> = relationships.iter().map(|relationship| relationship.id.as_str()).collect();
    let draft = draft()
        .severity(if is_high { Severity::High } else { Severity::Medium })
        .note(format!("{count} roles, limit {}", if is_high { high } else { limit }))
        .evidence("count(accessDetails.unifiedRoles)", count, Dataset::Relationships)
        .evidence("accessDetails.unifiedRoles", role_names(union.iter().copied()), Dataset::Relationships)
        .evidence("id", ids, Dataset::Relationships)
        .setting("max-roles", limit);
    let draft = if is_high { draft.setting("high-roles", high) } else { draft };
    let inside: &[&str] = if beyond <= limit { &approved } else { &all };
    out.push(approval::of_roles(ctx, draft, customer, relationships.iter().copied(), inside));
}

/// The customer view: what a tenant holds or may be given, and beside it what files declare.
fn judge_outside(ctx: &Ctx<'_>, out: &mut Out, entry: &Entry) {
    let (limit, high) = (ctx.settings.int("max-roles"), ctx.settings.int("high-roles"));
    let observed: BTreeSet<&str> = outside::within_reach(entry).into_iter().filter(|id| writes(id)).collect();
    let rows = declared_rows::relationships(ctx, entry).filter(|row| row.relationship.status.is_live());
    let declared = rows.flat_map(|row| &row.relationship.roles).map(String::as_str).filter(|id| writes(id));
    let mut all = observed.clone();
    all.extend(declared);
    let number = |ids: &BTreeSet<&str>| i64::try_from(ids.len()).unwrap_or(i64::MAX);
    // What was observed is judged alone if it is enough; what is declared only adds.
    let is_declared = number(&observed) <= limit;
    let counted = if is_declared { all } else { observed };
    let count = number(&counted);
    if count <= limit {
        return;
    }
    let beyond: BTreeSet<&str> = counted.iter().copied().filter(|id| approval::covering(ctx, entry, id).is_none()).collect();
    let covering = ctx.approval(&entry.tenant_id).filter(|_| number(&beyond) <= limit);
    let is_high = number(&beyond) > high;
    let held: BTreeSet<&str> = entry.roles.iter().map(|role| role.role_id.as_str()).filter(|id| counted.contains(id)).collect();
    let allowed: Vec<&str> = entry.ceiling.iter().flatten().map(String::as_str).filter(|id| counted.contains(id)).collect();
    let holds_source = held::source(&entry.roles);
    let source = match (is_declared, allowed.is_empty()) {
        (true, _) => Dataset::Declared,
        (false, false) => Dataset::ProviderConstraints,
        (false, true) => holds_source,
    };
    let mut draft = Draft::outside(entry)
        .title("A partner holds, or may be given, more roles than the limit")
        .severity(if is_high { Severity::High } else { Severity::Medium })
        .since(entry.ceiling_created);
    let note = format!("{count} roles, limit {}", if is_high { high } else { limit });
    let is_held_known = ctx.is_complete_for(Dataset::RoleAssignments, &entry.tenant_id);
    draft = if is_held_known { draft.note(note) } else { draft.note(format!("at least {note}; what it holds is not known")) };
    draft = draft.confidence(if is_declared || !is_held_known { Confidence::Medium } else { Confidence::High });
    // That there is none is shown only where it was read.
    if !held.is_empty() || is_held_known {
        draft = draft.evidence("roleDefinition.displayName (held)", role_names(held), holds_source);
    }
    if !allowed.is_empty() || ctx.was_read(Dataset::ProviderConstraints) {
        draft = draft.evidence("allowedRoleTemplateIds", role_names(allowed), Dataset::ProviderConstraints);
    }
    let draft = draft.evidence("count", count, source).setting("max-roles", limit);
    let draft = if is_declared { draft.evidence("accessDetails.unifiedRoles", role_names(counted), Dataset::Declared) } else { draft };
    let draft = if is_high { draft.setting("high-roles", high) } else { draft };
    out.push(match covering {
        Some(approval) => approval::lowered(draft, approval),
        None => draft,
    });
}

/// A role that the catalog does not have may write.
fn writes(id: &str) -> bool {
    roles::by_id(id).is_none_or(|role| !role.read_only)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::RULE;
    use crate::domain::{Confidence, Severity, roles};
    use crate::policy::rules::testing::{
        ALPINE, MSP, READERS, beside, case, ceiling, customer_case, declared_beside, held_role, relationship,
    };

    fn writers(count: usize) -> Vec<&'static str> {
        roles::all().iter().filter(|role| !role.read_only).map(|role| role.id).take(count).collect()
    }

    #[test]
    fn the_limit_itself_is_fine() {
        let count = |roles: &[&str]| case(json!({ "relationships": [relationship("r1", roles, json!({}))] })).run(&RULE).findings;
        assert!(count(&writers(15)).is_empty());
        assert!(count(&[writers(15), vec![READERS]].concat()).is_empty(), "read-only roles do not count");
        assert_eq!(count(&writers(16))[0].severity, Some(Severity::Medium));
        assert_eq!(count(&writers(25))[0].severity, Some(Severity::Medium));
        assert_eq!(count(&writers(26))[0].severity, Some(Severity::High));
        assert_eq!(count(&[writers(15), vec!["not-in-the-catalog"]].concat()).len(), 1, "an unknown role may write");
    }

    #[test]
    fn roles_add_up_over_live_relationships_and_count_once() {
        let (first, second) = (writers(12), writers(20)[8..].to_vec());
        let with = |status: &str| {
            case(
                json!({ "relationships": [relationship("r1", &first, json!({})), relationship("r2", &second, json!({ "status": status }))] }),
            )
        };
        let drafts = with("active").run(&RULE).findings;
        assert_eq!((&*drafts[0].subject.kind, drafts[0].subject.id.as_str()), ("customer", ALPINE));
        assert_eq!(drafts[0].evidence[0].value, json!(20));
        assert!(!with("terminated").fires(&RULE));
    }

    #[test]
    fn a_live_relationship_without_a_customer_is_judged_by_itself() {
        let odd = json!({ "relationships": [relationship("r1", &writers(16), json!({ "status": "somethingNew", "customer": null }))] });
        assert_eq!(case(odd).subjects(&RULE), ["r1"]);
    }

    #[test]
    fn in_the_customer_view_what_is_held_and_what_is_allowed_count_together() {
        let case = |allowed: usize, held: &[&str]| {
            let held: Vec<_> = held.iter().enumerate().map(|(n, role)| held_role(&format!("a{n}"), "p", MSP, role)).collect();
            customer_case(beside(ceiling(&writers(allowed)), json!({ "roleAssignments": held })))
        };
        assert!(!case(15, &[READERS, writers(1)[0]]).fires(&RULE));
        let drafts = case(15, &writers(16)[15..]).run(&RULE).findings;
        assert_eq!((drafts[0].subject.id.as_str(), drafts[0].severity), (MSP, Some(Severity::Medium)));
        assert_eq!(
            [25, 26].map(|number| case(number, &[]).run(&RULE).findings[0].severity),
            [Some(Severity::Medium), Some(Severity::High)]
        );
        let covered = case(16, &[]).approve(MSP, Some(&writers(16)), None).run(&RULE).findings;
        assert_eq!(covered[0].severity, Some(Severity::Info));
        let governed = json!({ "governance": [{ "id": "g", "kind": "relationship", "governingTenantId": MSP, "status": "active" }] });
        assert!(!customer_case(beside(ceiling(&writers(16)), governed)).fires(&RULE), "no partner");
    }

    #[test]
    fn what_is_declared_adds_and_never_lowers() {
        let rows = |roles: &[&str]| vec![relationship("r1", roles, json!({}))];
        let found = |rows, allowed: usize| {
            let case = declared_beside(rows, ceiling(&writers(allowed)));
            case.run(&RULE).findings.into_iter().map(|draft| draft.confidence).collect::<Vec<_>>()
        };
        assert!(found(rows(&writers(15)), 15).is_empty(), "the same roles");
        assert_eq!(found(rows(&writers(16)[15..]), 15), [Confidence::Medium]);
        assert_eq!(found(rows(&[]), 16), [Confidence::High]);
        assert!(found(vec![relationship("r1", &writers(16), json!({ "status": "expired" }))], 3).is_empty());
    }
}
