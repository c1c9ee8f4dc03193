//! AUD-02: see the page.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::customer::{AuditEvent, MICROSOFT_SUPPORT_TENANT};
use crate::domain::rule_meta::{Reads, required};
use crate::domain::{Confidence, Dataset, RuleMeta, Severity};
use crate::policy::rule::{Ctx, Draft, Out, Rule};

use super::approval::lowered;
use super::audit_trail::{changes, guids, is_close, party, plain};
use super::governance::judged_tier;
use super::shared::{CUSTOMER, NIST_T1199, few_roles, role_names};

/// The one role that a support case gives: Microsoft 365 Support Engineer.
const SUPPORT_ENGINEER: &str = "00cf5c54-4693-4f59-a0ac-ab79ef0a974d";

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "partner-roles-expanded",
        code: "AUD-02",
        title: "Allowed roles of a service provider changed",
        views: CUSTOMER,
        severity: Severity::High,
        severity_note: "High with a tier 0 role. Medium with a tier 1 role, with one that the catalog does not have, or where the event does not tell \
                        the roles. Low else. Info where an approval allows every role that was added.",
        uses: &[],
        customer_uses: &[required(Dataset::Audits)],
        reads: Reads::Some,
        fields: &["audits.activity", "audits.activityDateTime", "audits.result", "audits.targets.id", "audits.targets.changes"],
        settings: &[],
        remediation: "Compare the roles that were added with what was agreed. Where they differ, end the relationship that brought them: Microsoft 365 \
                      admin center > Settings > Partner relationships > (partner) > Remove roles, and ask the partner for a smaller one.",
        attack: &["T1199", "T1098.003"],
        mitigations: &["M1018"],
        nist: &[
            "AC-2",
            "AC-5",
            NIST_T1199[0],
            NIST_T1199[1],
            NIST_T1199[2],
            NIST_T1199[3],
            NIST_T1199[4],
            NIST_T1199[5],
            NIST_T1199[6],
            NIST_T1199[7],
        ],
        benchmarks: &["SCuBA MS.AAD.7.7v1"],
        analytics: &["AN1350"],
        unsourced: &[],
        page: include_str!("partner-roles-expanded.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    let mut by_tenant: BTreeMap<Option<String>, Vec<&AuditEvent>> = BTreeMap::new();
    for event in ctx.customer.audits.iter().filter(|event| event.succeeded() && is_addition(&plain(&event.activity))) {
        by_tenant.entry(tenant_of(ctx, event)).or_default().push(event);
    }
    for (tenant, mut events) in by_tenant {
        events.sort_by(|a, b| (a.activity_date_time, &a.id).cmp(&(b.activity_date_time, &b.id)));
        for episode in events.chunk_by(|a, b| is_close(a.activity_date_time, b.activity_date_time)) {
            out.findings.extend(finding(ctx, tenant.as_deref(), episode));
        }
    }
}

/// Microsoft writes it in two ways.
fn is_addition(activity: &str) -> bool {
    ["add allowed assignable roles", "adding allowed assignable roles"].iter().any(|start| activity.starts_with(start))
}

fn tenant_of(ctx: &Ctx<'_>, event: &AuditEvent) -> Option<String> {
    let own = ctx.tenant.tenant_id.to_ascii_lowercase();
    let named = event.new_value("tenantId").into_iter().flat_map(guids).find(|id| *id != own);
    named.or_else(|| event.targets.iter().filter_map(|target| target.id.as_deref()).flat_map(guids).find(|id| ctx.ledger.get(id).is_some()))
}

/// The role ids that an event added: those of its new values that the old ones do not have.
fn added<'a>(event: &'a AuditEvent) -> impl Iterator<Item = String> + 'a {
    let roles = changes(event).filter(|change| change.name.to_ascii_lowercase().contains("role"));
    roles.flat_map(|change| {
        let old = change.old.as_deref().map(guids).unwrap_or_default();
        let new = change.new.as_deref().map(guids).unwrap_or_default();
        new.into_iter().filter(move |id| !old.contains(id))
    })
}

fn finding(ctx: &Ctx<'_>, tenant: Option<&str>, episode: &[&AuditEvent]) -> Option<Draft> {
    let first = episode.first()?;
    let roles: BTreeSet<String> = episode.iter().flat_map(|event| added(event)).collect();
    let is_support = tenant == Some(MICROSOFT_SUPPORT_TENANT);
    if is_support && !roles.is_empty() && roles.iter().all(|role| role == SUPPORT_ENGINEER) {
        return None;
    }
    let approval = tenant.and_then(|tenant| ctx.approval(tenant));
    let beyond: Vec<&String> = roles.iter().filter(|role| approval.is_none_or(|approval| !approval.covers(role))).collect();
    let severity = match judged_tier(beyond.iter().copied()) {
        None if roles.is_empty() => Severity::Medium,
        None => Severity::Info,
        Some(0) => Severity::High,
        Some(1) => Severity::Medium,
        Some(_) => Severity::Low,
    };
    let names = role_names(roles.iter().map(String::as_str));
    let partner = party(ctx, tenant);
    let (id, name) = match &partner {
        Some(partner) => (partner.tenant_id.clone(), partner.name.clone()),
        None => (ctx.tenant.tenant_id.clone(), "a tenant that the event does not name".to_owned()),
    };
    let mut found = Draft::about("tenant", id, name)
        .key(first.id.as_ref())
        .severity(severity)
        .confidence(Confidence::Medium)
        .partner(partner)
        .since(Some(first.activity_date_time))
        .note(if names.is_empty() { "the event does not tell which".to_owned() } else { few_roles(&names) })
        .evidence("modifiedProperties.allowedRoleTemplateIds", names, Dataset::Audits);
    if is_support {
        found = found.title("Allowed roles of Microsoft Support changed");
    }
    for event in episode {
        found = found.evidence("activityDateTime", event.activity_date_time.to_string(), Dataset::Audits).evidence(
            "activityDisplayName",
            &*event.activity,
            Dataset::Audits,
        );
    }
    Some(match approval {
        Some(approval) if beyond.is_empty() && !roles.is_empty() => lowered(found, approval),
        Some(_) if !beyond.is_empty() => found.setting("approved.roles.beyond", role_names(beyond.into_iter().map(String::as_str))),
        _ => found,
    })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{RULE, SUPPORT_ENGINEER};
    use crate::domain::customer::MICROSOFT_SUPPORT_TENANT;
    use crate::domain::{Severity, roles};
    use crate::policy::rules::testing::{ALPINE, Case, EXCHANGE, READERS, at_hour, customer_case};

    fn event(id: &str, hours: i64, activity: &str, tenant: &str, old: &[&str], new: &[&str]) -> Value {
        json!({ "id": id, "activityDateTime": at_hour(hours).to_string(), "activity": activity, "targets": [{ "changes": [
            { "name": "tenantId", "new": format!("\"{tenant}\"") },
            { "name": "allowedRoleTemplateIds", "old": json!(old).to_string(), "new": json!(new).to_string() }
        ] }] })
    }

    fn with(tenant: &str, old: &[&str], new: &[&str]) -> Case {
        customer_case(json!({ "audits": [event("e", -5, "Adding allowed assignable roles", tenant, old, new)] }))
    }

    fn severity(case: Case) -> Severity {
        case.run(&RULE).findings[0].severity.unwrap()
    }

    #[test]
    fn the_highest_tier_that_was_added_decides() {
        assert_eq!(severity(with(ALPINE, &[], &[READERS, roles::GLOBAL_ADMINISTRATOR])), Severity::High);
        assert_eq!(severity(with(ALPINE, &[roles::GLOBAL_ADMINISTRATOR], &[EXCHANGE, roles::GLOBAL_ADMINISTRATOR])), Severity::Medium);
        assert_eq!(severity(with(ALPINE, &[], &[READERS])), Severity::Low);
        assert_eq!(severity(with(ALPINE, &[], &["ffffffff-0000-4000-8000-000000000000"])), Severity::Medium);
        assert_eq!(severity(with(ALPINE, &[], &[])), Severity::Medium, "an event that does not tell the roles");
    }

    #[test]
    fn only_additions_in_both_spellings() {
        let of = |activity: &str| customer_case(json!({ "audits": [event("e", -5, activity, ALPINE, &[], &[EXCHANGE])] })).fires(&RULE);
        assert!(of("Add allowed assignable roles") && of("Adding allowed assignable roles"));
        assert!(!of("Delete allowed assignable roles") && !of("Deleting allowed assignable roles"));
    }

    #[test]
    fn a_support_case_is_none_but_more_than_its_role_is() {
        assert!(!with(MICROSOFT_SUPPORT_TENANT, &[], &[SUPPORT_ENGINEER]).fires(&RULE));
        let out = with(MICROSOFT_SUPPORT_TENANT, &[], &[SUPPORT_ENGINEER, EXCHANGE]).run(&RULE);
        assert_eq!(out.findings[0].title.as_deref(), Some("Allowed roles of Microsoft Support changed"));
        assert!(with(MICROSOFT_SUPPORT_TENANT, &[], &[]).fires(&RULE));
    }

    #[test]
    fn an_approval_lowers_what_it_allows() {
        assert_eq!(severity(with(ALPINE, &[], &[EXCHANGE]).approve(ALPINE, Some(&[EXCHANGE]), Some(100))), Severity::Info);
        assert_eq!(severity(with(ALPINE, &[], &[EXCHANGE, READERS]).approve(ALPINE, Some(&[EXCHANGE]), Some(100))), Severity::Low);
        assert_eq!(severity(with(ALPINE, &[], &[]).approve(ALPINE, Some(&[EXCHANGE]), Some(100))), Severity::Medium);
    }

    #[test]
    fn one_approval_writes_several_events() {
        let events = json!([
            event("a", -5, "Add allowed assignable roles", ALPINE, &[], &[EXCHANGE]),
            event("b", -4, "Adding allowed assignable roles", ALPINE, &[], &[EXCHANGE, roles::GLOBAL_ADMINISTRATOR])
        ]);
        let out = customer_case(json!({ "audits": events })).run(&RULE);
        assert_eq!((out.findings.len(), out.findings[0].own_key.as_str(), out.findings[0].severity), (1, "a", Some(Severity::High)));
    }
}
