//! AUD-05: see the page.

use crate::domain::rule_meta::{Reads, helps, required};
use crate::domain::{Dataset, RuleMeta, Severity};
use crate::policy::rule::{Ctx, Out, Rule};

use super::audit_trail::{Hit, People, changes, draft, episodes, hit, target_name};
use super::shared::{CUSTOMER, text};

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "partner-changes-domain-or-federation",
        code: "AUD-05",
        title: "Partner actor changed federation or domains",
        views: CUSTOMER,
        severity: Severity::Critical,
        severity_note: "Critical for federation and the way a domain signs in. Medium for domains that were added, verified or removed.",
        uses: &[],
        customer_uses: &[required(Dataset::Audits), required(Dataset::Organization), helps(Dataset::SignIns)],
        reads: Reads::Some,
        fields: &[
            "audits.activity",
            "audits.activityDateTime",
            "audits.result",
            "audits.actor",
            "audits.targets.displayName",
            "audits.targets.changes",
            "organization.verifiedDomains",
            "signIns.events.userId",
            "signIns.events.crossTenantAccessType",
        ],
        settings: &[],
        remediation: "Where federation changed and nobody planned it: set the domain back to managed (Update-MgDomain -DomainId (domain) \
                      -AuthenticationType Managed), delete its federationConfiguration, revoke sessions, and search the sign-ins of that domain for \
                      tokens of the foreign issuer. Remove domains that are not yours.",
        attack: &["T1199", "T1484.002", "T1606.002"],
        mitigations: &["M1018"],
        nist: &["AC-2", "AC-3", "AC-6", "IA-13"],
        benchmarks: &[],
        analytics: &["AN1347"],
        unsourced: &[],
        page: include_str!("partner-changes-domain-or-federation.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    out.findings.extend(episodes(hits(&People::of(ctx))).iter().filter_map(|episode| draft(ctx, episode)));
}

/// What people of partners did to domains.
pub(super) fn hits(people: &People<'_>) -> Vec<Hit> {
    let acts = people.acts(|activity| severity(activity).is_some());
    let told = acts.into_iter().filter_map(|(event, activity, who)| {
        let target = target_name(event);
        let mut found = hit(event, who, format!("{} {target}", event.activity.trim()), severity(&activity)?)
            .evidence("targetResources.displayName", target);
        for change in changes(event).filter(|change| change.name.to_ascii_lowercase().contains("issuer")) {
            found = found.evidence("modifiedProperties.IssuerUri", text(change.new.as_deref()));
        }
        Some(found)
    });
    told.collect()
}

/// How bad an activity, in its plain form, is; `None` for one of another kind.
fn severity(activity: &str) -> Option<Severity> {
    let is = |starts: &[&str]| starts.iter().any(|start| activity.starts_with(start));
    if is(&["set federation settings", "set domain authentication"]) {
        return Some(Severity::Critical);
    }
    is(&[
        "add verified domain",
        "add unverified domain",
        "verify domain",
        "verify verified domain",
        "verify email verified domain",
        "remove verified domain",
        "remove unverified domain",
    ])
    .then_some(Severity::Medium)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::RULE;
    use crate::domain::Severity;
    use crate::policy::rules::testing::{at_hour, customer_case};

    const TECHNICIAN: &str = "user_3f972b9d8f88431db52978ac975f9d13";

    fn severity(activity: &str, who: &str, result: &str) -> Option<Severity> {
        let event = json!({ "id": "e", "activityDateTime": at_hour(0).to_string(), "activity": activity, "result": result,
            "actor": { "userPrincipalName": who }, "targets": [{ "displayName": "contoso.example",
                "changes": [{ "name": "IssuerUri", "new": "[\"http://evil.example\"]" }] }] });
        customer_case(json!({ "audits": [event] })).run(&RULE).findings.first().and_then(|draft| draft.severity)
    }

    #[test]
    fn federation_is_critical_and_domains_are_medium() {
        for activity in ["Set federation settings on domain", "Set domain authentication."] {
            assert_eq!(severity(activity, TECHNICIAN, "success"), Some(Severity::Critical), "{activity}");
        }
        for activity in ["Add unverified domain", "Add verified domain", "Verify domain", "Remove verified domain"] {
            assert_eq!(severity(activity, TECHNICIAN, "success"), Some(Severity::Medium), "{activity}");
        }
        assert_eq!(severity("Update domain", TECHNICIAN, "success"), None);
    }

    #[test]
    fn only_people_of_partners_and_successes() {
        assert_eq!(severity("Set domain authentication", "adele@contoso.example", "success"), None);
        assert_eq!(severity("Set domain authentication", TECHNICIAN, "failure"), None);
    }
}
