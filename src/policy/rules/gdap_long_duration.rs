//! LIF-02: see the page.

use crate::domain::facts::Relationship;
use crate::domain::rule_meta::{Reads, import, required};
use crate::domain::{Dataset, RuleMeta, Severity};
use crate::policy::rule::{Ctx, Out, Rule};

use super::shared::{BOTH, began, days, role_names, roles_up_to, text, time};
use super::told;

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "gdap-long-duration",
        code: "LIF-02",
        title: "Relationship runs longer than the limit",
        views: BOTH,
        severity: Severity::Medium,
        severity_note: "High with a tier 0 role.",
        uses: &[required(Dataset::Relationships)],
        customer_uses: &[import(Dataset::Declared)],
        reads: Reads::Some,
        fields: &[
            "relationships.status",
            "relationships.duration",
            "relationships.activatedDateTime",
            "relationships.createdDateTime",
            "relationships.endDateTime",
            "relationships.roles",
            "declared.relationships.relationship.duration",
            "declared.relationships.relationship.roles",
        ],
        settings: &[
            days("max-days", 365, "Longest run in days."),
            days("max-days-tier0", 90, "Longest run in days of a relationship with a tier 0 role."),
        ],
        remediation: "The length of an approved relationship cannot be changed. In Partner Center > Customers > (customer) > Admin relationships \
                      request a shorter one with the roles that are in use, move the groups, and end this one.",
        attack: &["T1199"],
        mitigations: &["M1018"],
        nist: &["AC-3", "AC-6", "CM-6"],
        benchmarks: &[],
        analytics: &[],
        unsourced: &[],
        page: include_str!("gdap-long-duration.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    let limits = [("max-days", ctx.settings.int("max-days")), ("max-days-tier0", ctx.settings.int("max-days-tier0"))];
    for told in told::live(ctx) {
        let relationship = told.relationship;
        let Some(length) = length(relationship) else {
            out.unjudged(&relationship.id, told.source);
            continue;
        };
        let tier0 = roles_up_to(relationship.roles.iter().map(String::as_str), 0);
        let (name, limit) = if tier0.is_empty() || limits[0].1 < limits[1].1 { limits[0] } else { limits[1] };
        if length <= limit {
            continue;
        }
        let duration = relationship.duration.as_ref().map(|duration| duration.0.as_str());
        let draft = told
            .draft(ctx)
            .since(began(relationship))
            .severity(if tier0.is_empty() { Severity::Medium } else { Severity::High })
            .note(format!("{length} days, limit {limit}"))
            .evidence("duration", text(duration), told.source)
            .evidence("activatedDateTime", time(relationship.activated_date_time), told.source)
            .evidence("endDateTime", time(relationship.end_date_time), told.source)
            .evidence("days", length, told.source)
            .setting(name, limit);
        out.push(if tier0.is_empty() { draft } else { draft.evidence("accessDetails.unifiedRoles", role_names(tier0), told.source) });
    }
}

/// Days from activation to the scheduled end, which auto-extend moves; the length asked for where the two agree to the day, because
/// Graph counts some ends from the making, or where there is no end yet.
fn length(relationship: &Relationship) -> Option<i64> {
    let asked = relationship.duration.as_ref().and_then(|duration| duration.days());
    let span = relationship.activated_date_time.zip(relationship.end_date_time);
    let Some((activated, end)) = span.filter(|(activated, end)| activated < end) else { return asked };
    match asked {
        Some(asked) if activated.plus_days(asked).days_since(end) == 0 => Some(asked),
        _ => Some(end.days_since(activated)),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::domain::{Dataset, Severity};
    use crate::policy::rules::testing::{APPLICATION, Case, EXCHANGE, at, at_hour, case, declared, relationship};

    fn with(roles: &[&str], more: Value) -> Case {
        case(json!({ "relationships": [relationship("r1", roles, more)] }))
    }

    /// A relationship that has no end yet.
    fn asked(roles: &[&str], duration: &str) -> Case {
        with(roles, json!({ "duration": duration, "endDateTime": null, "status": "approved", "activatedDateTime": null }))
    }

    #[test]
    fn the_limit_itself_is_fine_in_every_spelling() {
        for fine in ["P365D", "P1Y", "P12M", "PT8760H"] {
            assert!(!asked(&[EXCHANGE], fine).fires(&RULE), "{fine}");
        }
        for long in ["P366D", "P2Y", "P730D", "P24M", "P1Y1D"] {
            assert_eq!(asked(&[EXCHANGE], long).run(&RULE).findings[0].severity, Some(Severity::Medium), "{long}");
        }
        assert!(!asked(&[APPLICATION], "P90D").fires(&RULE));
        assert_eq!(asked(&[APPLICATION], "P91D").run(&RULE).findings[0].severity, Some(Severity::High));
    }

    #[test]
    fn an_end_that_auto_extend_moved_counts() {
        let spans = |end: i64| with(&[EXCHANGE], json!({ "activatedDateTime": at(0).to_string(), "endDateTime": at(end).to_string() }));
        assert!(!spans(365).fires(&RULE));
        let drafts = spans(545).run(&RULE).findings;
        assert_eq!(drafts[0].evidence[3].value, json!(545), "P365D and 180 days more");
        assert!(!spans(-5).fires(&RULE), "an end before the beginning is damaged: the length asked for holds");
    }

    #[test]
    fn seconds_between_making_and_activation_change_nothing() {
        let end_of = |duration: &str, hours: i64| {
            with(
                &[EXCHANGE],
                json!({ "duration": duration, "activatedDateTime": at(0).to_string(), "endDateTime": at_hour(hours).to_string() }),
            )
        };
        assert!(end_of("P366D", 366 * 24 - 1).fires(&RULE));
        assert!(!end_of("P365D", 365 * 24 + 1).fires(&RULE));
        assert!(!end_of("P365D", 365 * 24 - 1).fires(&RULE));
    }

    #[test]
    fn the_smaller_limit_holds_for_tier_0() {
        let case = asked(&[APPLICATION], "P60D").int("max-days", 30).run(&RULE);
        assert_eq!(case.findings[0].evidence.iter().find(|evidence| evidence.source == "settings").unwrap().field, "max-days");
    }

    #[test]
    fn a_length_that_nobody_can_read_is_not_judged() {
        let out = asked(&[EXCHANGE], "soon").run(&RULE);
        assert!(out.findings.is_empty());
        assert_eq!(out.unjudged, [("r1".to_owned(), Dataset::Relationships)]);
    }

    #[test]
    fn ended_ones_and_offers_are_left_out() {
        for status in ["expired", "terminated", "created", "approvalPending"] {
            assert!(!with(&[EXCHANGE], json!({ "duration": "P730D", "status": status })).fires(&RULE), "{status}");
        }
    }

    #[test]
    fn declared_ones_count_as_well() {
        let of = |more: Value| declared(vec![relationship("r1", &[EXCHANGE], more)]).run(&RULE);
        assert_eq!(of(json!({ "duration": "P366D", "endDateTime": null })).findings.len(), 1);
        assert!(of(json!({})).findings.is_empty());
        assert_eq!(of(json!({ "duration": null, "endDateTime": null })).unjudged, [("r1".to_owned(), Dataset::Declared)]);
    }

    #[test]
    fn of_two_equal_limits_that_of_tier_0_is_told() {
        let out = asked(&[APPLICATION], "P91D").int("max-days", 90).run(&RULE);
        assert_eq!(out.findings[0].evidence.iter().find(|evidence| evidence.source == "settings").unwrap().field, "max-days-tier0");
    }
}
