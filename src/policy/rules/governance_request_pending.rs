//! TGV-03: see the page.

use crate::domain::customer::{GovernanceKind, GovernanceRow};
use crate::domain::rule_meta::{Reads, helps};
use crate::domain::{Dataset, RuleMeta, Severity, Timestamp};
use crate::policy::rule::{Ctx, Draft, Out, Rule};

use super::approval::lowered;
use super::governance::{judged_tier, outside, party, tenant_of};
use super::shared::{CUSTOMER, NIST_T1199, few_roles, role_names, text, time};

/// How a request or an invitation that waits no longer is written. Any other word, or none, may be one that waits.
const SETTLED: [&str; 13] = [
    "accepted",
    "approved",
    "rejected",
    "denied",
    "declined",
    "canceled",
    "cancelled",
    "expired",
    "completed",
    "withdrawn",
    "revoked",
    "terminated",
    "failed",
];

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "governance-request-pending",
        code: "TGV-03",
        title: "A governance request or invitation waits for an answer",
        views: CUSTOMER,
        severity: Severity::Medium,
        severity_note: "High if it asks for a tier 0 role. Info where an approval allows every role that it asks for.",
        uses: &[],
        customer_uses: &[helps(Dataset::Governance)],
        reads: Reads::Some,
        fields: &[
            "governance.kind",
            "governance.status",
            "governance.governingTenantId",
            "governance.roles",
            "governance.createdDateTime",
            "governance.expirationDateTime",
        ],
        settings: &[],
        remediation: "Find out whether anybody here expects it, by another channel than the request itself. If nobody does, reject it: Microsoft Entra \
                      admin center > Tenant governance > Governance requests > (request) > Reject; delete an invitation that is not needed.",
        attack: &["T1199"],
        mitigations: &["M1018"],
        nist: NIST_T1199,
        benchmarks: &[],
        analytics: &[],
        unsourced: &[],
        page: include_str!("governance-request-pending.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    for row in outside(ctx).filter(|row| waits(row, ctx.now)) {
        out.push(finding(ctx, row));
    }
    // The facts come in any order; the subjects tell the findings apart.
    out.findings.sort_by(|a, b| (&a.subject.kind, &a.subject.id).cmp(&(&b.subject.kind, &b.subject.id)));
}

/// True if it can still be answered.
fn waits(row: &GovernanceRow, now: Timestamp) -> bool {
    let is_asked = matches!(row.kind, GovernanceKind::Request | GovernanceKind::Invitation);
    let is_settled = row.status.as_deref().is_some_and(|status| SETTLED.iter().any(|word| status.trim().eq_ignore_ascii_case(word)));
    is_asked && !is_settled && row.expiration_date_time.is_none_or(|end| end > now)
}

fn finding(ctx: &Ctx<'_>, row: &GovernanceRow) -> Draft {
    let tenant = tenant_of(row);
    let party = party(ctx, &tenant, row.governing_tenant_name.as_deref());
    let approval = ctx.approval(&tenant).filter(|approval| !row.roles.is_empty() && row.roles.iter().all(|role| approval.covers(role)));
    let severity = match (approval, judged_tier(&row.roles)) {
        (Some(_), _) => Severity::Info,
        (None, Some(0)) => Severity::High,
        (None, _) => Severity::Medium,
    };
    let names = role_names(row.roles.iter().map(String::as_str));
    let asked = if names.is_empty() { "no role is named".to_owned() } else { few_roles(&names) };
    let found = Draft::about(row.kind.as_str().to_owned(), &row.id, &party.name)
        .severity(severity)
        .since(row.created_date_time)
        .note(format!("{}: {asked}", row.kind))
        .evidence("governingTenantId", row.governing_tenant_id.as_str(), Dataset::Governance)
        .evidence("status", text(row.status.as_deref()), Dataset::Governance)
        .evidence("expirationDateTime", time(row.expiration_date_time), Dataset::Governance)
        .evidence("delegatedAdministrationRoleAssignments.roleTemplates", names, Dataset::Governance)
        .partner(Some(party));
    match approval {
        Some(approval) => lowered(found, approval),
        None => found,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::domain::{Severity, roles};
    use crate::policy::rules::testing::{ALPINE, Case, EXCHANGE, at, at_hour, customer_case};

    fn with(more: Value) -> Case {
        let mut row = json!({ "id": "q", "kind": "request", "governingTenantId": ALPINE, "status": "pending", "roles": [EXCHANGE] });
        row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        customer_case(json!({ "governance": [row] }))
    }

    fn severity(case: Case) -> Severity {
        case.run(&RULE).findings[0].severity.unwrap()
    }

    #[test]
    fn what_is_answered_or_lapsed_waits_no_more() {
        assert!(with(json!({})).fires(&RULE) && with(json!({ "status": "somethingNew" })).fires(&RULE));
        for status in ["accepted", "Rejected", "expired", "canceled"] {
            assert!(!with(json!({ "status": status })).fires(&RULE), "{status}");
        }
        let ends =
            |end: crate::domain::Timestamp| with(json!({ "kind": "invitation", "status": null, "expirationDateTime": end.to_string() }));
        assert!(ends(at_hour(1)).fires(&RULE) && !ends(at(0)).fires(&RULE));
        assert!(!with(json!({ "kind": "relationship", "status": "active" })).fires(&RULE));
    }

    #[test]
    fn the_roles_that_it_asks_for_decide() {
        assert_eq!(severity(with(json!({ "roles": [EXCHANGE, roles::GLOBAL_ADMINISTRATOR] }))), Severity::High);
        assert_eq!(severity(with(json!({}))), Severity::Medium);
        assert_eq!(severity(with(json!({ "roles": [] }))), Severity::Medium, "no role named is not none asked for");
    }

    #[test]
    fn an_approval_lowers_what_it_allows() {
        assert_eq!(severity(with(json!({})).approve(ALPINE, Some(&[EXCHANGE]), Some(100))), Severity::Info);
        assert_eq!(
            severity(with(json!({ "roles": [EXCHANGE, roles::GLOBAL_ADMINISTRATOR] })).approve(ALPINE, Some(&[EXCHANGE]), Some(100))),
            Severity::High
        );
        assert_eq!(severity(with(json!({ "roles": [] })).approve(ALPINE, Some(&[EXCHANGE]), Some(100))), Severity::Medium);
    }
}
