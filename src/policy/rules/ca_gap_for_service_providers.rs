//! XTA-02: see the page.

use crate::domain::conditional_access::{Gap, GapKind, Note, Reading, Verdict, VerdictKind};
use crate::domain::ledger::Entry;
use crate::domain::rule_meta::{Reads, helps, required};
use crate::domain::{Confidence, Dataset, RuleMeta, Severity};
use crate::policy::rule::{Ctx, Draft, Out, Rule};

use super::shared::CUSTOMER;

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "ca-gap-for-service-providers",
        code: "XTA-02",
        title: "Conditional Access leaves people of a service provider uncovered",
        views: CUSTOMER,
        severity: Severity::High,
        severity_note: "Medium where some sign-ins are covered and others are not. Info where no policy is enforced and security defaults are on.",
        uses: &[],
        customer_uses: &[
            required(Dataset::ConditionalAccess),
            required(Dataset::CrossTenantPartners),
            required(Dataset::RoleAssignments),
            helps(Dataset::RoleSchedules),
            helps(Dataset::CrossTenantDefault),
            helps(Dataset::SignIns),
            helps(Dataset::NamedLocations),
            helps(Dataset::AuthenticationStrengths),
            helps(Dataset::SecurityDefaults),
            helps(Dataset::Licenses),
        ],
        reads: Reads::Some,
        fields: &[
            "conditionalAccess.state",
            "conditionalAccess.conditions",
            "conditionalAccess.grantControls",
            "namedLocations.isTrusted",
            "authenticationStrengths.requirementsSatisfied",
            "securityDefaults",
            "licenses.entraP1",
            "crossTenantPartners.isServiceProvider",
            "crossTenantPartners.settings",
            "roleAssignments.roleDefinitionId",
        ],
        settings: &[],
        remediation: "Entra admin center > Protection > Conditional Access > New policy: Users > Guest or external users > Service provider users \
                      (all or this tenant), Target resources > All resources, Grant > Require authentication strength (phishing-resistant). Start it \
                      report-only, then turn it on, and take service provider users out of the exclusions of the other policies.",
        attack: &["T1199", "T1556.009"],
        mitigations: &["M1030", "M1032"],
        nist: &["AC-3", "AC-4", "AC-6", "CM-6", "IA-2", "IA-5"],
        benchmarks: &["CIS M365 v7.0 5.2.2.1", "CIS M365 v7.0 5.2.2.2", "CIS M365 v7.0 5.2.2.5", "SCuBA MS.AAD.3.2v2"],
        analytics: &[],
        unsourced: &[],
        page: include_str!("ca-gap-for-service-providers.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    for (entry, verdict) in ctx.ledger.entries.values().filter_map(|entry| Some((entry, entry.conditional_access.as_ref()?))) {
        match severity(verdict) {
            Judged::Covered => {}
            Judged::Unknown => out.unjudged(&entry.tenant_id, Dataset::ConditionalAccess),
            Judged::Open(severity) => out.push(draft(ctx, entry, verdict, severity)),
        }
    }
}

enum Judged {
    Covered,
    Unknown,
    Open(Severity),
}

fn severity(verdict: &Verdict) -> Judged {
    match verdict.kind {
        VerdictKind::Enforced | VerdictKind::Blocked => Judged::Covered,
        VerdictKind::Unknown => Judged::Unknown,
        VerdictKind::Partly => Judged::Open(Severity::Medium),
        VerdictKind::NotCovered if verdict.security_defaults => Judged::Open(Severity::Info),
        VerdictKind::NotCovered | VerdictKind::ReportOnly => Judged::Open(Severity::High),
    }
}

fn draft(ctx: &Ctx<'_>, entry: &Entry, verdict: &Verdict, severity: Severity) -> Draft {
    let mut draft = Draft::outside(entry).severity(severity).confidence(confidence(verdict)).note(note(verdict));
    if verdict.kind == VerdictKind::NotCovered && !verdict.security_defaults && verdict.gaps.is_empty() {
        draft = draft.evidence("policies", 0, Dataset::ConditionalAccess);
    }
    for policy in &verdict.by {
        let state = if verdict.kind == VerdictKind::ReportOnly { "enabledForReportingButNotEnforced" } else { "enabled" };
        draft = draft.evidence("state", format!("{state}: {} ({})", policy.name, policy.id), Dataset::ConditionalAccess);
    }
    for gap in &verdict.gaps {
        let value = format!("{}: {} ({})", gap.value, gap.policy.name, gap.policy.id);
        draft = draft.evidence(field(gap.kind), value, Dataset::ConditionalAccess);
    }
    // An answer that does not say is shown as such; what was not read is not.
    let is_silent = verdict.notes.contains(&Note::SecurityDefaultsNotRead) && ctx.was_read(Dataset::SecurityDefaults);
    if verdict.security_defaults || is_silent {
        let known = if verdict.security_defaults { serde_json::Value::Bool(true) } else { serde_json::Value::Null };
        draft = draft.evidence("identitySecurityDefaultsEnforcementPolicy.isEnabled", known, Dataset::SecurityDefaults);
    }
    match verdict.reading {
        Some(Reading::AllMeansTechniciansToo) => draft.setting("conditional-access-all-users", "technicians-too"),
        Some(Reading::AllMeansDirectoryUsers) => draft.setting("conditional-access-all-users", "directory-only"),
        None => draft,
    }
}

/// Microsoft's text leaves open whom `All` means: what rests on a reading is no more than likely.
fn confidence(verdict: &Verdict) -> Confidence {
    if verdict.reading.is_some() { Confidence::Medium } else { Confidence::High }
}

fn note(verdict: &Verdict) -> String {
    let excludes = |gap: &&Gap| gap.kind == GapKind::PartnerExcluded;
    match verdict.kind {
        VerdictKind::Partly => match verdict.gaps.iter().find(|gap| !excludes(gap)).or(verdict.gaps.first()) {
            Some(gap) => format!("covered in part; not: {}", gap.value),
            None => "covered in part".to_owned(),
        },
        VerdictKind::ReportOnly => "policies are report-only".to_owned(),
        _ if verdict.security_defaults => "no policy; security defaults are on".to_owned(),
        _ if verdict.gaps.iter().any(|gap| excludes(&gap)) => "a policy excludes its people".to_owned(),
        _ => "no policy demands anything of its people".to_owned(),
    }
}

/// Graph's name of what leaves the hole.
const fn field(kind: GapKind) -> &'static str {
    match kind {
        GapKind::PartnerExcluded => "conditions.users.excludeGuestsOrExternalUsers",
        GapKind::WeakGrant => "grantControls.builtInControls",
        GapKind::UserActionsOnly => "conditions.applications.includeUserActions",
        GapKind::AuthenticationContextOnly => "conditions.applications.includeAuthenticationContextClassReferences",
        GapKind::Role => "conditions.users.includeRoles",
        GapKind::Application => "conditions.applications",
        GapKind::ApplicationFilter => "conditions.applications.applicationFilter",
        GapKind::ClientApp => "conditions.clientAppTypes",
        GapKind::Platform => "conditions.platforms",
        GapKind::Location => "conditions.locations",
        GapKind::SignInRisk => "conditions.signInRiskLevels",
        GapKind::UserRisk => "conditions.userRiskLevels",
        GapKind::InsiderRisk => "conditions.insiderRiskLevels",
        GapKind::AuthenticationFlow => "conditions.authenticationFlows",
        GapKind::DeviceFilter => "conditions.devices.deviceFilter",
        GapKind::UnknownCondition | GapKind::Unreadable => "conditions",
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::domain::customer::MICROSOFT_SUPPORT_TENANT;
    use crate::domain::{Confidence, Coverage, Dataset, Severity, Status};
    use crate::policy::rules::testing::{Case, MSP, customer_case};

    fn policy(state: &str, users: Value, applications: Value, controls: &[&str]) -> Value {
        json!({
            "id": "p1", "displayName": "MFA", "state": state,
            "conditions": { "users": users, "applications": { "includeApplications": applications } },
            "grantControls": { "operator": "OR", "builtInControls": controls }
        })
    }

    fn providers() -> Value {
        let types = json!({ "guestOrExternalUserTypes": "serviceProvider", "externalTenants": { "membershipKind": "all" } });
        json!({ "includeGuestsOrExternalUsers": types })
    }

    fn with(tenant: &str, policies: Vec<Value>) -> Case {
        customer_case(json!({
            "licenses": { "entraP1": true },
            "crossTenantPartners": [{ "tenantId": tenant, "isServiceProvider": true }],
            "conditionalAccess": policies,
            "securityDefaults": false
        }))
    }

    fn severities(case: &Case) -> Vec<Option<Severity>> {
        case.run(&RULE).findings.iter().map(|draft| draft.severity).collect()
    }

    #[test]
    fn every_verdict_has_its_severity() {
        let all = || json!(["All"]);
        let of = |policy: Value| severities(&with(MSP, vec![policy]));
        assert_eq!(of(policy("enabled", providers(), all(), &["mfa"])), [], "enforced");
        assert_eq!(of(policy("enabled", providers(), all(), &["block"])), [], "blocked");
        assert_eq!(of(policy("enabled", providers(), json!(["Office365"]), &["mfa"])), [Some(Severity::Medium)], "partly");
        assert_eq!(of(policy("enabledForReportingButNotEnforced", providers(), all(), &["mfa"])), [Some(Severity::High)], "report-only");
        assert_eq!(of(policy("disabled", providers(), all(), &["mfa"])), [Some(Severity::High)], "not covered");
        let none = with(MSP, Vec::new()).run(&RULE).findings;
        assert_eq!(none[0].note.as_deref(), Some("no policy demands anything of its people"), "there may be policies for others");
        let unknown = with(MSP, vec![policy("someNewState", providers(), all(), &["mfa"])]).run(&RULE);
        assert!(unknown.findings.is_empty());
        assert_eq!(unknown.unjudged, [(MSP.to_owned(), Dataset::ConditionalAccess)]);
    }

    #[test]
    fn security_defaults_are_something_and_not_known_is_not_on() {
        let of = |defaults: Value, p1: bool| {
            customer_case(json!({
                "licenses": { "entraP1": p1 }, "crossTenantPartners": [{ "tenantId": MSP, "isServiceProvider": true }],
                "securityDefaults": defaults
            }))
        };
        assert_eq!(severities(&of(json!(true), false)), [Some(Severity::Info)]);
        assert_eq!(severities(&of(json!(false), false)), [Some(Severity::High)]);
        let unread = of(Value::Null, true).run(&RULE).findings;
        assert_eq!(unread[0].severity, Some(Severity::High));
        assert!(unread[0].evidence.iter().any(|evidence| evidence.source == "security-defaults" && evidence.value.is_null()));
        assert_eq!(of(Value::Null, false).run(&RULE).unjudged.len(), 1);
    }

    #[test]
    fn the_policy_and_the_hole_are_named() {
        let users = json!({ "includeUsers": ["All"], "excludeGuestsOrExternalUsers": {
            "guestOrExternalUserTypes": "serviceProvider", "externalTenants": { "membershipKind": "enumerated", "members": [MSP] } } });
        let drafts = with(MSP, vec![policy("enabled", users, json!(["All"]), &["mfa"])]).run(&RULE).findings;
        assert_eq!((drafts[0].severity, drafts[0].note.as_deref()), (Some(Severity::High), Some("a policy excludes its people")));
        assert_eq!(drafts[0].evidence[0].field, "conditions.users.excludeGuestsOrExternalUsers");
        assert_eq!(drafts[0].evidence[0].value, json!("serviceProvider: MFA (p1)"));
    }

    #[test]
    fn what_rests_on_a_reading_of_all_says_so() {
        let all =
            with(MSP, vec![policy("enabled", json!({ "includeUsers": ["All"] }), json!(["Office365"]), &["mfa"])]).run(&RULE).findings;
        assert_eq!(all[0].confidence, Confidence::Medium);
        assert_eq!(all[0].evidence.last().map(|evidence| evidence.value.clone()), Some(json!("technicians-too")));
    }

    #[test]
    fn without_a_service_provider_there_is_nothing_to_cover() {
        assert_eq!(severities(&with(MICROSOFT_SUPPORT_TENANT, Vec::new())), []);
        assert_eq!(severities(&customer_case(json!({ "securityDefaults": false }))), []);
        let cut = with(MSP, Vec::new()).coverage(Dataset::ConditionalAccess, Coverage::new(Status::Partial)).run(&RULE);
        assert_eq!((cut.findings.len(), cut.unjudged.len()), (0, 1), "a policy that was not read may cover it");
    }

    #[test]
    fn each_verdict_is_told_in_its_own_words() {
        let note = |case: Case| case.run(&RULE).findings.remove(0).note.unwrap();
        let report_only = policy("enabledForReportingButNotEnforced", providers(), json!(["All"]), &["mfa"]);
        assert_eq!(note(with(MSP, vec![report_only])), "policies are report-only");
        let partly = policy("enabled", providers(), json!(["Office365"]), &["mfa"]);
        assert!(note(with(MSP, vec![partly])).starts_with("covered in part; not: "));
        let defaults = json!({ "licenses": { "entraP1": false }, "crossTenantPartners": [{ "tenantId": MSP, "isServiceProvider": true }],
            "securityDefaults": true });
        assert_eq!(note(customer_case(defaults)), "no policy; security defaults are on");
    }

    #[test]
    fn of_several_holes_the_one_that_no_policy_closes_is_told() {
        let mut excluding = policy("enabled", providers(), json!(["All"]), &["mfa"]);
        excluding["id"] = json!("p0");
        excluding["conditions"]["users"]["excludeGuestsOrExternalUsers"] = json!({ "guestOrExternalUserTypes": "serviceProvider",
            "externalTenants": { "membershipKind": "enumerated", "members": [MSP] } });
        let draft =
            with(MSP, vec![excluding, policy("enabled", providers(), json!(["Office365"]), &["mfa"])]).run(&RULE).findings.remove(0);
        let holes: Vec<&str> = draft.evidence.iter().map(|evidence| &*evidence.field).filter(|field| field.starts_with("cond")).collect();
        assert_eq!(holes, ["conditions.users.excludeGuestsOrExternalUsers", "conditions.applications"]);
        assert_eq!(draft.note.as_deref(), Some("covered in part; not: all other applications"));
    }
}
