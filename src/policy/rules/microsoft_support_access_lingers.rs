//! XTA-05: see the page.

use std::collections::BTreeSet;

use crate::domain::ledger::{Class, Entry};
use crate::domain::rule_meta::{Reads, helps, required};
use crate::domain::{Confidence, Dataset, RuleMeta, Severity, Status, Timestamp, roles};
use crate::policy::rule::{Ctx, Draft, Out, Rule};

use super::approval;
use super::folding::{SUPPORT, SUPPORT_ENGINEER, is_support_role_elsewhere};
use super::held;
use super::shared::{CUSTOMER, days, few_roles, role_names, time};

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: SUPPORT,
        code: "XTA-05",
        title: "Microsoft Support access stays open or goes too far",
        views: CUSTOMER,
        severity: Severity::Low,
        severity_note: "High where Microsoft Support may hold or holds a tier 0 role.",
        uses: &[],
        customer_uses: &[
            required(Dataset::CrossTenantPartners),
            required(Dataset::RoleAssignments),
            helps(Dataset::ProviderConstraints),
            helps(Dataset::Audits),
        ],
        reads: Reads::Some,
        fields: &[
            "crossTenantPartners.tenantId",
            "providerConstraints.allowedRoles",
            "providerConstraints.createdDateTime",
            "roleAssignments.roleDefinitionId",
            "roleAssignments.principalTenantId",
            "audits.activity",
            "audits.activityDateTime",
        ],
        settings: &[days("support-access-days", 30, "Days after which the access of a support case should be gone.")],
        remediation: "Close the support case (Microsoft 365 admin center > Support > View service requests), then see that the entry is gone: Entra \
                      admin center > External Identities > Cross-tenant access settings > Organizational settings, tenant \
                      b4c546a4-7dac-46a6-a7dd-ed822a11efd3.",
        attack: &["T1199"],
        mitigations: &["M1018"],
        nist: &["AC-3", "AC-6", "CM-6"],
        benchmarks: &[],
        analytics: &[],
        unsourced: &[],
        page: include_str!("microsoft-support-access-lingers.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    for entry in ctx.ledger.of_class(Class::MicrosoftSupport).filter(|entry| is_let_in(entry)) {
        judge_age(ctx, entry, out);
        judge_roles(ctx, entry, out);
    }
    for held in ctx.ledger.entries.values().flat_map(held::of_entry).filter(|held| is_support_role_elsewhere(held.entry, held.role)) {
        let draft = held.draft().title("The role of Microsoft's support engineers is held by another tenant");
        out.push(match approval::covering_held(ctx, held.entry, held.role) {
            Some(approval) => approval::lowered(draft, approval),
            None => draft,
        });
    }
}

/// It can come in now: that someone of it once did is not enough.
fn is_let_in(entry: &Entry) -> bool {
    entry.service_provider_entry || !entry.roles.is_empty() || entry.ceiling.is_some()
}

/// Since when it has been let in.
enum Since {
    /// By the ceiling, or the event that let it in.
    At(Timestamp, Dataset),
    /// The audit log was read back to here and does not show the start.
    Before(Timestamp),
    Unknown,
}

fn judge_age(ctx: &Ctx<'_>, entry: &Entry, out: &mut Out) {
    let limit = ctx.settings.int("support-access-days");
    let draft = Draft::outside(entry).key("open").title("Microsoft Support can still come in");
    let draft = match since(ctx, entry) {
        Since::At(made, source) if made.plus_days(limit) < ctx.now => {
            let field = if source == Dataset::Audits { "activityDateTime" } else { "serviceProviderConstraints.createdDateTime" };
            draft.since(Some(made)).note(format!("open for {} days", ctx.now.days_since(made))).evidence(field, time(Some(made)), source)
        }
        Since::Before(from) if from.plus_days(limit) <= ctx.now => draft
            .confidence(Confidence::Medium)
            .note(format!("open for more than {} days", ctx.now.days_since(from)))
            .evidence("from", time(Some(from)), Dataset::Audits)
            .evidence("activityDisplayName", serde_json::Value::Null, Dataset::Audits),
        Since::At(..) => return,
        Since::Before(_) | Since::Unknown => return out.unjudged(&entry.tenant_id, Dataset::ProviderConstraints),
    };
    let draft = draft.setting("support-access-days", limit);
    out.push(match ctx.approval(&entry.tenant_id) {
        Some(approval) => approval::lowered(draft, approval),
        None => draft,
    });
}

/// By the date of the ceiling; where that was not read, by the audit log.
fn since(ctx: &Ctx<'_>, entry: &Entry) -> Since {
    if let Some(made) = entry.ceiling_created {
        return Since::At(made, Dataset::ProviderConstraints);
    }
    let coverage = ctx.coverage(Dataset::Audits);
    if let Some(added) = added(ctx, entry) {
        return Since::At(added, Dataset::Audits);
    }
    match coverage.from {
        Some(from) if coverage.status == Status::Complete => Since::Before(from),
        _ => Since::Unknown,
    }
}

/// When the log shows that it was let in: the first such event about this tenant.
fn added(ctx: &Ctx<'_>, entry: &Entry) -> Option<Timestamp> {
    let about: BTreeSet<&str> = entry.audit_events.iter().map(String::as_str).collect();
    let lets_in = |activity: &str| {
        let activity = activity.to_ascii_lowercase();
        activity.contains("add a partner to cross-tenant access setting")
            || (activity.starts_with("add") && activity.contains("allowed assignable roles"))
    };
    let events = ctx.customer.audits.iter().filter(|event| about.contains(&*event.id) && event.succeeded() && lets_in(&event.activity));
    events.map(|event| event.activity_date_time).min()
}

fn judge_roles(ctx: &Ctx<'_>, entry: &Entry, out: &mut Out) {
    let beyond = |ids: Vec<&str>| -> BTreeSet<String> { ids.into_iter().filter(|id| *id != SUPPORT_ENGINEER).map(str::to_owned).collect() };
    let allowed = beyond(entry.ceiling.iter().flatten().map(String::as_str).collect());
    let held = beyond(entry.roles.iter().map(|role| role.role_id.as_str()).collect());
    let all: BTreeSet<&str> = allowed.union(&held).map(String::as_str).collect();
    if all.is_empty() {
        return;
    }
    let approval = ctx.approval(&entry.tenant_id);
    let open: Vec<&str> = all.iter().copied().filter(|id| !approval.is_some_and(|approval| approval.covers(id))).collect();
    let severity = if roles::worst_tier(open.iter().copied()) == Some(0) { Severity::High } else { Severity::Low };
    let mut draft = Draft::outside(entry)
        .key("roles")
        .title("Microsoft Support may do more than a support engineer")
        .severity(severity)
        .note(few_roles(&role_names(if open.is_empty() { all.iter().copied().collect() } else { open.clone() })));
    if !allowed.is_empty() {
        let names = role_names(allowed.iter().map(String::as_str));
        draft = draft.evidence("serviceProviderConstraints.allowedRoleTemplateIds", names, Dataset::ProviderConstraints);
    }
    if !held.is_empty() {
        draft = draft.evidence("roleDefinition.displayName", role_names(held.iter().map(String::as_str)), held::source(&entry.roles));
    }
    out.push(match approval {
        Some(approval) if open.is_empty() => approval::lowered(draft, approval),
        Some(approval) => draft.naming(approval),
        None => draft,
    });
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::{RULE, SUPPORT_ENGINEER};
    use crate::domain::customer::MICROSOFT_SUPPORT_TENANT as MS;
    use crate::domain::roles::GLOBAL_ADMINISTRATOR as GA;
    use crate::domain::{Coverage, Dataset, Severity, Status};
    use crate::policy::rules::testing::{Case, EXCHANGE, MSP, at, at_hour, customer_case, held_role};

    fn case(allowed: &[&str], created: Option<crate::domain::Timestamp>, more: Value) -> Case {
        let mut facts = json!({
            "crossTenantPartners": [{ "tenantId": MS, "isServiceProvider": true }],
            "providerConstraints": [{ "tenantId": MS, "allowedRoles": allowed, "createdDateTime": created.map(|at| at.to_string()) }],
        });
        facts.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        customer_case(facts)
    }

    fn found(case: &Case) -> Vec<(String, Severity)> {
        case.run(&RULE).findings.into_iter().map(|draft| (draft.own_key, draft.severity.unwrap_or(RULE.meta.severity))).collect()
    }

    #[test]
    fn open_for_longer_than_a_case_lasts() {
        let of = |created| found(&case(&[SUPPORT_ENGINEER], Some(created), json!({})));
        assert_eq!(of(at(-4)), []);
        assert_eq!(of(at(-30)), []);
        assert_eq!(of(at_hour(-30 * 24 - 1)), [("open".to_owned(), Severity::Low)]);
        assert_eq!(found(&case(&[SUPPORT_ENGINEER], Some(at(-31)), json!({})).int("support-access-days", 60)), []);
        let approved = case(&[SUPPORT_ENGINEER], Some(at(-70)), json!({})).approve(MS, None, None);
        assert_eq!(found(&approved), [("open".to_owned(), Severity::Info)]);
    }

    #[test]
    fn without_a_date_the_audit_log_tells() {
        let log = |days: i64, status: Status| Coverage { from: Some(at(-days)), to: Some(at(0)), ..Coverage::new(status) };
        let of = |coverage: Coverage, audits: Value| {
            case(&[SUPPORT_ENGINEER], None, json!({ "audits": audits })).coverage(Dataset::Audits, coverage).run(&RULE)
        };
        let added = |days: i64, result: &str| {
            json!([{ "id": "e", "activityDateTime": at(days).to_string(), "activity": "Add a partner to cross-tenant access setting", "result": result,
                     "targets": [{ "changes": [{ "name": "tenantId", "new": format!("\"{MS}\"") }] }] }])
        };
        assert_eq!(of(log(30, Status::Complete), json!([])).findings.len(), 1, "not in the log, so older");
        let entry_alone = customer_case(json!({ "crossTenantPartners": [{ "tenantId": MS, "isServiceProvider": true }] }));
        assert_eq!(found(&entry_alone), [("open".to_owned(), Severity::Low)], "without a ceiling, and without a role");
        assert_eq!(of(log(29, Status::Complete), json!([])).unjudged.len(), 1, "the log is too short");
        assert_eq!(of(log(40, Status::Partial), json!([])).unjudged.len(), 1, "the log is cut");
        let young = of(log(30, Status::Complete), added(-5, "success"));
        assert_eq!((young.findings.len(), young.unjudged.len()), (0, 0));
        assert_eq!(of(log(40, Status::Complete), added(-35, "success")).findings[0].evidence[0].field, "activityDateTime");
        assert_eq!(of(log(30, Status::Complete), added(-5, "failure")).findings.len(), 1, "that did not let anybody in");
    }

    #[test]
    fn roles_beyond_the_support_engineer_s() {
        let of = |allowed: &[&str], more: Value| found(&case(allowed, Some(at(-1)), more));
        assert_eq!(of(&[SUPPORT_ENGINEER, EXCHANGE], json!({})), [("roles".to_owned(), Severity::Low)]);
        assert_eq!(of(&[SUPPORT_ENGINEER, GA], json!({})), [("roles".to_owned(), Severity::High)]);
        let held = json!({ "roleAssignments": [held_role("a", "p", MS, GA)] });
        assert_eq!(of(&[SUPPORT_ENGINEER], held), [("roles".to_owned(), Severity::High)]);
        let approved = |roles: &[&str]| found(&case(&[GA, EXCHANGE], Some(at(-1)), json!({})).approve(MS, Some(roles), None));
        assert_eq!(approved(&[GA, EXCHANGE]), [("roles".to_owned(), Severity::Info)]);
        assert_eq!(approved(&[GA]), [("roles".to_owned(), Severity::Low)]);
    }

    #[test]
    fn its_role_in_other_hands() {
        let held = |tenant: &str| customer_case(json!({ "roleAssignments": [held_role("a", "p", tenant, SUPPORT_ENGINEER)] }));
        assert_eq!(found(&held(MSP)), [(SUPPORT_ENGINEER.to_owned(), Severity::Low)]);
        assert_eq!(found(&held(MSP).approve(MSP, None, None)), [(SUPPORT_ENGINEER.to_owned(), Severity::Info)]);
        let other = customer_case(json!({ "roleAssignments": [held_role("a", "p", MSP, EXCHANGE)] }));
        assert_eq!(found(&other), []);
    }

    #[test]
    fn nobody_let_in_and_no_case() {
        assert_eq!(found(&customer_case(json!({}))), []);
        let was_here = json!({ "signIns": { "events": [{ "id": "s", "createdDateTime": at(-3).to_string(), "userId": "u", "resourceTenantId": "c",
            "homeTenantId": MS, "crossTenantAccessType": "microsoftSupport" }] } });
        let out = customer_case(was_here).run(&RULE);
        assert!(out.findings.is_empty() && out.unjudged.is_empty());
    }
}
