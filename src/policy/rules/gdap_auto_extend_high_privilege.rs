//! LIF-01: see the page.

use crate::domain::facts::Relationship;
use crate::domain::rule_meta::{Reads, import, required};
use crate::domain::{Confidence, Dataset, RuleMeta, Severity, Timestamp};
use crate::policy::rule::{Ctx, Out, Rule};

use super::shared::{BOTH, began, role_names, roles_up_to, text, tier, time, worst_tier};
use super::told;

/// The longest a relationship can be asked for: one that is older has renewed by itself.
const LONGEST_DAYS: i64 = 730;

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "gdap-auto-extend-high-privilege",
        code: "LIF-01",
        title: "Auto-extend is on for a privileged relationship",
        views: BOTH,
        severity: Severity::High,
        severity_note: "High with a tier 0 role, else medium; one level worse when it has been active for more than 730 days.",
        uses: &[required(Dataset::Relationships)],
        customer_uses: &[import(Dataset::Declared)],
        reads: Reads::Some,
        fields: &[
            "relationships.status",
            "relationships.autoExtendDuration",
            "relationships.roles",
            "relationships.activatedDateTime",
            "relationships.createdDateTime",
            "declared.relationships.relationship.autoExtendDuration",
            "declared.relationships.relationship.roles",
            "declared.relationships.relationship.status",
        ],
        settings: &[tier("auto-extend-max-tier", 1, "The weakest tier for which auto-extend is a finding (0 to 3).")],
        remediation: "Switch it off: Partner Center > Customers > (customer) > Admin relationships > the relationship > Auto extend: No, or \
                      PATCH /tenantRelationships/delegatedAdminRelationships/{id} {\"autoExtendDuration\":\"PT0S\"} with If-Match. Then ask for \
                      the next period in time, with fewer roles.",
        attack: &["T1199", "T1078.004"],
        mitigations: &["M1018"],
        nist: &["AC-2", "AC-3", "AC-6", "CM-6"],
        benchmarks: &[],
        analytics: &[],
        unsourced: &[],
        page: include_str!("gdap-auto-extend-high-privilege.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    let max_tier = ctx.settings.int("auto-extend-max-tier");
    for told in told::active(ctx).filter(|told| told.relationship.auto_extends()) {
        let relationship = told.relationship;
        let found = roles_up_to(relationship.roles.iter().map(String::as_str), max_tier);
        if found.is_empty() {
            continue;
        }
        let duration = relationship.auto_extend_duration.as_ref();
        // What cannot be read as a duration counts as on, but not as surely.
        let is_readable = duration.is_some_and(|duration| duration.days().is_some());
        out.push(
            told.draft(ctx)
                .since(began(relationship))
                .severity(severity(relationship, ctx.now))
                .confidence(if is_readable { told.surest() } else { Confidence::Medium })
                .evidence("autoExtendDuration", text(duration.map(|duration| duration.0.as_str())), told.source)
                .evidence("accessDetails.unifiedRoles", role_names(found), told.source)
                .evidence("activatedDateTime", time(relationship.activated_date_time), told.source)
                .setting("auto-extend-max-tier", max_tier),
        );
    }
}

fn severity(relationship: &Relationship, now: Timestamp) -> Severity {
    let base = if worst_tier(&relationship.roles) == Some(0) { Severity::High } else { Severity::Medium };
    let has_renewed = relationship.activated_date_time.is_some_and(|at| at.plus_days(LONGEST_DAYS) < now);
    if has_renewed { base.raised() } else { base }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::domain::roles::PRIVILEGED_ROLE_ADMINISTRATOR;
    use crate::domain::{Confidence, Severity};
    use crate::policy::rules::testing::{Case, EXCHANGE, READERS, SUPPORT, at, at_hour, case, declared, relationship};

    fn with(roles: &[&str], more: Value) -> Case {
        case(json!({ "relationships": [relationship("r1", roles, more)] }))
    }

    #[test]
    fn every_spelling_of_off_is_off() {
        for off in [json!("PT0S"), json!("P0D"), json!("pt0s"), json!(""), Value::Null] {
            assert!(!with(&[EXCHANGE], json!({ "autoExtendDuration": off })).fires(&RULE), "{off}");
        }
        let drafts = with(&[EXCHANGE], json!({ "autoExtendDuration": "whenever" })).run(&RULE).findings;
        assert_eq!(drafts[0].confidence, Confidence::Medium, "what cannot be read is on, but less surely");
    }

    #[test]
    fn the_tier_decides() {
        let on = |roles: &[&str]| with(roles, json!({ "autoExtendDuration": "P180D" }));
        assert!(!on(&[READERS, SUPPORT]).fires(&RULE));
        assert!(on(&[SUPPORT]).int("auto-extend-max-tier", 2).fires(&RULE));
        assert_eq!(on(&[EXCHANGE, READERS]).run(&RULE).findings[0].severity, Some(Severity::Medium));
        assert_eq!(on(&[PRIVILEGED_ROLE_ADMINISTRATOR]).run(&RULE).findings[0].severity, Some(Severity::High));
        assert!(!on(&[EXCHANGE]).int("auto-extend-max-tier", 0).fires(&RULE));
        assert!(!on(&["not-in-the-catalog"]).fires(&RULE), "gdap-unknown-role says that one");
    }

    #[test]
    fn one_level_worse_after_it_has_renewed() {
        let severity = |activated: Value| {
            with(&[EXCHANGE], json!({ "autoExtendDuration": "P180D", "activatedDateTime": activated })).run(&RULE).findings[0].severity
        };
        assert_eq!(severity(json!(at(-730).to_string())), Some(Severity::Medium), "not older than 730 days");
        assert_eq!(severity(json!(at_hour(-730 * 24 - 1).to_string())), Some(Severity::High));
        assert_eq!(severity(Value::Null), Some(Severity::Medium));
    }

    #[test]
    fn active_alone_counts() {
        for status in ["expiring", "terminating", "approved", "approvalPending", "expired"] {
            assert!(!with(&[EXCHANGE], json!({ "autoExtendDuration": "P180D", "status": status })).fires(&RULE), "{status}");
        }
    }

    #[test]
    fn a_declared_one_counts_as_well() {
        let with = |duration: &str| declared(vec![relationship("r1", &[EXCHANGE], json!({ "autoExtendDuration": duration }))]);
        assert_eq!(with("P180D").subjects(&RULE), ["r1"]);
        assert!(!with("PT0S").fires(&RULE));
    }
}
