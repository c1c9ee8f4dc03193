//! LIF-05: see the page.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::facts::Relationship;
use crate::domain::rule_meta::{Reads, import, required};
use crate::domain::{Dataset, RuleMeta, Severity, View};
use crate::policy::rule::{Ctx, Draft, Out, Rule};

use super::shared::{BOTH, few_roles, role_count, role_names, text, time};
use super::told::{self, Told};

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "gdap-overlapping-relationships",
        code: "LIF-05",
        title: "Several live relationships grant the same roles",
        views: BOTH,
        severity: Severity::Low,
        severity_note: "",
        uses: &[required(Dataset::Relationships)],
        customer_uses: &[import(Dataset::Declared)],
        reads: Reads::Some,
        fields: &[
            "relationships.status",
            "relationships.roles",
            "relationships.customer.tenantId",
            "relationships.endDateTime",
            "relationships.autoExtendDuration",
            "declared.relationships.relationship.roles",
            "declared.relationships.relationship.status",
        ],
        settings: &[role_count("min-overlap-roles", 1, "Roles that two or more relationships must grant alike.")],
        remediation: "Keep one relationship for each job and end the others: Partner Center > Customers > (customer) > Admin relationships.",
        attack: &["T1199"],
        mitigations: &["M1018"],
        nist: &["AC-6", "CM-6"],
        benchmarks: &[],
        analytics: &[],
        unsourced: &[],
        page: include_str!("gdap-overlapping-relationships.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    let mut pairs: BTreeMap<String, Vec<Told<'_>>> = BTreeMap::new();
    for told in told::active(ctx) {
        let other = match ctx.tenant.view {
            View::Partner => told.relationship.customer_id(),
            View::Customer => told.outside().map(|entry| entry.tenant_id.as_str()),
        };
        if let Some(other) = other {
            pairs.entry(other.to_owned()).or_default().push(told);
        }
    }
    for (other, relationships) in pairs {
        out.findings.extend(judge(ctx, &other, &relationships));
    }
}

/// The active relationships of one partner with one customer.
fn judge(ctx: &Ctx<'_>, other: &str, relationships: &[Told<'_>]) -> Option<Draft> {
    let least = ctx.settings.int("min-overlap-roles").max(1);
    let (mut union, mut shared) = (BTreeSet::new(), BTreeSet::new());
    for told in relationships {
        let own: BTreeSet<&str> = told.relationship.roles.iter().map(String::as_str).collect();
        shared.extend(own.iter().copied().filter(|role| union.contains(role)));
        union.extend(own);
    }
    if i64::try_from(shared.len()).unwrap_or(i64::MAX) < least {
        return None;
    }
    let involved: Vec<&Told<'_>> =
        relationships.iter().filter(|told| told.relationship.roles.iter().any(|role| shared.contains(role.as_str()))).collect();
    let last = involved.iter().max_by_key(|told| (lasts(told.relationship), &told.relationship.id))?;
    let ids: BTreeSet<&str> = involved.iter().map(|told| told.relationship.id.as_str()).collect();
    let names = role_names(shared);
    let auto_extend = last.relationship.auto_extend_duration.as_ref().map(|duration| duration.0.as_str());
    let draft = last
        .draft(ctx)
        .note(format!("{} in {} relationships", few_roles(&names), ids.len()))
        .evidence("id", ids.into_iter().collect::<Vec<_>>(), last.source)
        .evidence("accessDetails.unifiedRoles (in several)", names, last.source)
        .evidence("accessDetails.unifiedRoles (together)", role_names(union), last.source)
        .evidence("id (ends last)", last.relationship.id.as_str(), last.source)
        .evidence("endDateTime (ends last)", time(last.relationship.end_date_time), last.source)
        .evidence("autoExtendDuration (ends last)", text(auto_extend), last.source)
        .setting("min-overlap-roles", least);
    Some(match last.outside() {
        Some(entry) => draft.subject("tenant", other, &entry.name),
        None => draft.subject("customer", other, ctx.index.party(other).name),
    })
}

/// What ends later compares greater: one that renews itself, or has no end, after all that have one.
fn lasts(relationship: &Relationship) -> impl Ord + use<> {
    let has_end = relationship.end_date_time.is_some() && !relationship.auto_extends();
    (!has_end, relationship.end_date_time)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::domain::Confidence;
    use crate::policy::rule::Draft;
    use crate::policy::rules::testing::{ALPINE, APPLICATION, EXCHANGE, MSP, READERS, SUPPORT, at, case, declared, relationship};

    fn of(relationships: Vec<Value>) -> Vec<Draft> {
        case(json!({ "relationships": relationships })).run(&RULE).findings
    }

    fn evidence<'a>(draft: &'a Draft, field: &str) -> &'a Value {
        &draft.evidence.iter().find(|evidence| evidence.field == field).unwrap().value
    }

    #[test]
    fn one_role_in_two_active_relationships_with_one_customer() {
        let second = |roles: &[&str], more: Value| vec![relationship("r1", &[EXCHANGE], json!({})), relationship("r2", roles, more)];
        let drafts = of(second(&[EXCHANGE, SUPPORT], json!({})));
        assert_eq!((drafts.len(), &*drafts[0].subject.kind, drafts[0].subject.id.as_str()), (1, "customer", ALPINE));
        assert_eq!(drafts[0].customer.as_ref().unwrap().name, "Alpine");
        assert_eq!(evidence(&drafts[0], "accessDetails.unifiedRoles (in several)"), &json!(["Exchange Administrator"]));
        let together = json!(["Exchange Administrator", "Service Support Administrator"]);
        assert_eq!(evidence(&drafts[0], "accessDetails.unifiedRoles (together)"), &together);
        assert!(of(second(&[SUPPORT], json!({}))).is_empty());
        assert!(of(second(&[EXCHANGE], json!({ "customer": { "tenantId": "another" } }))).is_empty());
        for status in ["expired", "terminationRequested", "approved", "created"] {
            assert!(of(second(&[EXCHANGE], json!({ "status": status }))).is_empty(), "{status}");
        }
        assert!(of(vec![relationship("r1", &[EXCHANGE, EXCHANGE], json!({}))]).is_empty(), "one relationship does not overlap itself");
    }

    #[test]
    fn only_those_that_overlap_are_named_and_the_one_that_ends_last() {
        let ends = |days: i64| json!({ "endDateTime": at(days).to_string() });
        let rows = || {
            vec![
                relationship("r1", &[EXCHANGE], ends(10)),
                relationship("r2", &[EXCHANGE], ends(20)),
                relationship("r3", &[SUPPORT], ends(30)),
            ]
        };
        let drafts = of(rows());
        assert_eq!(evidence(&drafts[0], "id"), &json!(["r1", "r2"]));
        assert_eq!(evidence(&drafts[0], "id (ends last)"), "r2");
        let mut renewed = rows();
        renewed[0]["autoExtendDuration"] = "P180D".into();
        assert_eq!(evidence(&of(renewed)[0], "id (ends last)"), "r1", "what renews itself outlasts a date");
        let mut endless = rows();
        endless[0]["endDateTime"] = Value::Null;
        assert_eq!(evidence(&of(endless)[0], "id (ends last)"), "r1");
    }

    #[test]
    fn the_least_overlap_is_a_setting() {
        let two = [READERS, SUPPORT];
        let case = |least: i64| {
            case(json!({ "relationships": [relationship("r1", &two, json!({})), relationship("r2", &two, json!({}))] }))
                .int("min-overlap-roles", least)
        };
        assert!(case(2).fires(&RULE) && !case(3).fires(&RULE));
        assert!(case(0).fires(&RULE));
    }

    #[test]
    fn declared_ones_by_partner() {
        let rows = |second: &[&str]| vec![relationship("r1", &[EXCHANGE], json!({})), relationship("r2", second, json!({}))];
        let drafts = declared(rows(&[EXCHANGE])).run(&RULE).findings;
        assert_eq!((&*drafts[0].subject.kind, drafts[0].subject.id.as_str(), drafts[0].confidence), ("tenant", MSP, Confidence::Medium));
        assert_eq!(drafts[0].evidence[0].field, "file");
        assert!(!declared(rows(&[APPLICATION])).fires(&RULE));
    }
}
