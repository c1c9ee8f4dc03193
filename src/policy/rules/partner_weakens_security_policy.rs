//! AUD-04: see the page.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::domain::customer::{AuditChange, AuditEvent};
use crate::domain::rule_meta::{Reads, helps, required};
use crate::domain::{Dataset, RuleMeta, Severity};
use crate::policy::rule::{Ctx, Out, Rule};

use super::audit_trail::{Hit, People, changes, draft, episodes, hit, json, target_name};
use super::shared::CUSTOMER;

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "partner-weakens-security-policy",
        code: "AUD-04",
        title: "Partner actor weakened Conditional Access or multifactor settings",
        views: CUSTOMER,
        severity: Severity::High,
        severity_note: "Medium for a change of the authorization policy, whose direction is not judged.",
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
        remediation: "Put back what the event shows as the old value (Microsoft Entra admin center > Monitoring > Audit logs > (event) > Modified \
                      properties), then look at everything that the same person did before and after, and ask the partner for the ticket.",
        attack: &["T1199", "T1556.009", "T1556.006", "T1562.008"],
        mitigations: &["M1018", "M1032"],
        nist: &["AC-2", "AC-3", "CM-5", "CM-6"],
        benchmarks: &["CIS 5.2.2.x", "SCuBA MS.AAD.4.1v1"],
        analytics: &["AN1347"],
        unsourced: &[],
        page: include_str!("partner-weakens-security-policy.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    let (hits, untold) = hits(&People::of(ctx));
    untold.iter().for_each(|id| out.unjudged(id, Dataset::Audits));
    out.findings.extend(episodes(hits).iter().filter_map(|episode| draft(ctx, episode)));
}

/// What an event comes to.
#[derive(Debug, PartialEq, Eq)]
enum Judged {
    /// A defence is weaker, in these words.
    Weaker(&'static str),
    /// None is.
    Fine,
    /// The event does not tell.
    Untold,
}

use Judged::{Fine, Untold, Weaker};

/// What people of partners weakened, and the ids of events that do not tell what changed.
pub(super) fn hits(people: &People<'_>) -> (Vec<Hit>, Vec<String>) {
    let (mut hits, mut untold) = (Vec::new(), Vec::new());
    for (event, activity, who) in people.acts(is_policy) {
        match judge(&activity, event) {
            Weaker(what) => {
                let severity = if activity.starts_with(AUTHORIZATION) { Severity::Medium } else { Severity::High };
                let target = target_name(event);
                hits.push(
                    hit(event, who, format!("{what}: {target}"), severity)
                        .evidence("targetResources.displayName", target)
                        .evidence("modifiedProperties", what),
                );
            }
            Untold => untold.push(event.id.to_string()),
            Fine => {}
        }
    }
    (hits, untold)
}

const AUTHORIZATION: &str = "update authorization policy";

fn is_policy(activity: &str) -> bool {
    [
        "update conditional access policy",
        "delete conditional access policy",
        "add named location",
        "update named location",
        "delete named location",
        "update security defaults",
        "authentication methods policy",
        "disable strong authentication",
        AUTHORIZATION,
    ]
    .iter()
    .any(|start| activity.starts_with(start))
}

fn judge(activity: &str, event: &AuditEvent) -> Judged {
    match activity {
        "delete conditional access policy" => Weaker("policy deleted"),
        "delete named location" => Weaker("named location deleted"),
        "disable strong authentication" => Weaker("multifactor switched off for a user"),
        "update conditional access policy" => of_change(event, policy),
        "update security defaults" => security_defaults(event),
        _ if activity.starts_with("authentication methods policy") => of_change(event, methods),
        _ if activity.starts_with(AUTHORIZATION) => Weaker("authorization policy changed"),
        _ => trusted_location(event),
    }
}

/// Judges the first changed property that holds a document. Without one the event does not tell what changed.
fn of_change(event: &AuditEvent, judge: fn(Option<&Value>, &Value) -> Judged) -> Judged {
    let documents = changes(event).filter_map(|change| Some((json(change.old.as_deref()), document(change)?)));
    let mut judged = documents.map(|(old, new)| judge(old.as_ref().filter(|old| old.is_object()), &new)).peekable();
    match judged.peek() {
        Some(_) => judged.fold(Fine, worse),
        None => Untold,
    }
}

fn worse(a: Judged, b: Judged) -> Judged {
    match (a, b) {
        (Weaker(what), _) | (_, Weaker(what)) => Weaker(what),
        (Untold, _) | (_, Untold) => Untold,
        (Fine, Fine) => Fine,
    }
}

/// The new value, if it is a JSON object.
fn document(change: &AuditChange) -> Option<Value> {
    json(change.new.as_deref()).filter(Value::is_object)
}

fn policy(old: Option<&Value>, new: &Value) -> Judged {
    let state = |value: &Value| value.get("state").and_then(Value::as_str).map(str::to_ascii_lowercase);
    let was_on = old.and_then(state).is_none_or(|state| state == "enabled");
    match state(new).as_deref() {
        Some("disabled") if was_on => return Weaker("policy switched off"),
        Some("enabledforreportingbutnotenforced") if was_on => return Weaker("policy set to report-only"),
        _ => {}
    }
    let Some(old) = old else { return Untold };
    if controls(old).is_some_and(|old| !old.is_empty()) && controls(new).is_some_and(|new| new.is_empty()) {
        return Weaker("multifactor or block no longer demanded");
    }
    let (before, after) = (excluded(old), excluded(new));
    let was_all = |path: &str| before.contains(&(path.replace("members", "membershipKind"), "all".to_owned()));
    let grown = after.difference(&before).any(|(path, _)| !was_all(path));
    if grown { Weaker("exclusions added") } else { Fine }
}

/// What of a policy's grant holds an attacker back: multifactor, a strength, a block. `None` if the document does not show its grant.
fn controls(policy: &Value) -> Option<BTreeSet<String>> {
    let grant = policy.get("grantControls").filter(|grant| grant.is_object())?;
    let built_in = grant.get("builtInControls").and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str);
    let mut controls: BTreeSet<String> =
        built_in.map(str::to_ascii_lowercase).filter(|control| matches!(control.as_str(), "mfa" | "block")).collect();
    if grant.get("authenticationStrength").is_some_and(|strength| !strength.is_null()) {
        controls.insert("authenticationStrength".to_owned());
    }
    Some(controls)
}

/// Everything below a key that excludes, as path and value.
fn excluded(policy: &Value) -> BTreeSet<(String, String)> {
    let mut found = BTreeSet::new();
    walk(policy, "", false, &mut found);
    found
}

fn walk(value: &Value, path: &str, inside: bool, found: &mut BTreeSet<(String, String)>) {
    match value {
        Value::Object(object) => {
            for (key, value) in object.iter().filter(|(key, _)| !key.starts_with('@')) {
                let inside = inside || key.to_ascii_lowercase().starts_with("exclude");
                // From all tenants to some is no growth.
                if inside && key == "membershipKind" && value.as_str() == Some("enumerated") {
                    continue;
                }
                walk(value, &format!("{path}/{key}"), inside, found);
            }
        }
        Value::Array(items) => items.iter().for_each(|item| walk(item, path, inside, found)),
        Value::String(text) if inside => {
            let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
            found.extend(parts.map(|part| (path.to_owned(), part.to_owned())));
        }
        _ => {}
    }
}

/// Security defaults are off after it.
fn security_defaults(event: &AuditEvent) -> Judged {
    let value = event.new_value("isEnabled").or_else(|| event.new_value("SecurityDefaultsEnabled"));
    match value.map(|value| value.trim_matches(['[', ']', '"', ' ']).to_ascii_lowercase()).as_deref() {
        Some("false") => Weaker("security defaults switched off"),
        Some("true") => Fine,
        _ => of_change(event, |_, new| match new.get("isEnabled").and_then(Value::as_bool) {
            Some(true) => Fine,
            Some(false) => Weaker("security defaults switched off"),
            None => Untold,
        }),
    }
}

/// A way to prove who one is was taken away.
fn methods(old: Option<&Value>, new: &Value) -> Judged {
    let Some(old) = old else { return Untold };
    let enabled = |policy: &Value| -> BTreeSet<String> {
        let list = policy.get("authenticationMethodConfigurations").and_then(Value::as_array).into_iter().flatten();
        let on =
            list.filter(|method| method.get("state").and_then(Value::as_str).is_some_and(|state| state.eq_ignore_ascii_case("enabled")));
        on.filter_map(|method| method.get("id").and_then(Value::as_str)).map(str::to_ascii_lowercase).collect()
    };
    if enabled(old).difference(&enabled(new)).next().is_some() { Weaker("authentication method removed") } else { Fine }
}

/// A place is trusted that was not before.
fn trusted_location(event: &AuditEvent) -> Judged {
    let is_trusted = |value: Option<&Value>| {
        value.and_then(|value| value.get("isTrusted").or_else(|| value.get("trusted"))).and_then(Value::as_bool).unwrap_or(false)
    };
    let documents = changes(event).filter_map(|change| Some((json(change.old.as_deref()), document(change)?)));
    let mut made_trusted = documents.map(|(old, new)| is_trusted(Some(&new)) && !is_trusted(old.as_ref()));
    if made_trusted.any(|trusted| trusted) { Weaker("place made trusted") } else { Fine }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::domain::{Dataset, Severity};
    use crate::policy::rule::Out;
    use crate::policy::rules::testing::{at_hour, customer_case};

    const TECHNICIAN: &str = "user_3f972b9d8f88431db52978ac975f9d13";

    fn run(who: &str, activity: &str, changes: Value) -> Out {
        let event = json!({ "id": "e", "activityDateTime": at_hour(0).to_string(), "activity": activity, "result": "success",
            "actor": { "userPrincipalName": who }, "targets": [{ "displayName": "MFA all", "changes": changes }] });
        customer_case(json!({ "audits": [event] })).run(&RULE)
    }

    fn policy(old: Value, new: Value) -> Out {
        let text = |value: Value| if value.is_null() { value } else { json!(value.to_string()) };
        run(
            TECHNICIAN,
            "Update Conditional Access policy",
            json!([{ "name": "ConditionalAccessPolicy", "old": text(old), "new": text(new) }]),
        )
    }

    fn fires(out: &Out) -> bool {
        assert!(out.unjudged.is_empty(), "{:?}", out.unjudged);
        !out.findings.is_empty()
    }

    #[test]
    fn what_is_deleted_or_switched_off() {
        assert!(fires(&run(TECHNICIAN, "Delete conditional access policy", json!([]))));
        assert!(fires(&run(TECHNICIAN, "Delete named location", json!([]))));
        assert!(fires(&run(TECHNICIAN, "Disable Strong Authentication", json!([]))));
        assert!(!fires(&run("adele@contoso.example", "Delete conditional access policy", json!([]))));
        assert!(!fires(&run(TECHNICIAN, "Add Conditional Access policy", json!([{ "name": "x", "new": "{\"state\":\"disabled\"}" }]))));
        let out = run(TECHNICIAN, "Update authorization policy", json!([]));
        assert_eq!(out.findings[0].severity, Some(Severity::Medium));
    }

    #[test]
    fn the_state_of_a_policy() {
        let to = |old: &str, new: &str| fires(&policy(json!({ "state": old }), json!({ "state": new })));
        assert!(to("enabled", "disabled") && to("enabled", "enabledForReportingButNotEnforced"));
        assert!(!to("disabled", "enabled") && !to("enabledForReportingButNotEnforced", "disabled") && !to("disabled", "disabled"));
        assert!(fires(&policy(Value::Null, json!({ "state": "disabled" }))), "what it was before is not known");
    }

    #[test]
    fn exclusions_that_grow_and_grants_that_go() {
        let users =
            |users: Value| json!({ "state": "enabled", "conditions": { "users": users }, "grantControls": { "builtInControls": ["mfa"] } });
        assert!(fires(&policy(users(json!({ "excludeUsers": [] })), users(json!({ "excludeUsers": ["u"] })))));
        assert!(!fires(&policy(
            users(json!({ "excludeUsers": ["u", "v"] })),
            users(json!({ "excludeUsers": ["u"], "includeUsers": ["w"] }))
        )));
        let guests = |kinds: &str, tenants: Value| {
            users(json!({ "excludeGuestsOrExternalUsers": { "guestOrExternalUserTypes": kinds, "externalTenants": tenants } }))
        };
        let all = || json!({ "membershipKind": "all" });
        let some = || json!({ "membershipKind": "enumerated", "members": ["t"] });
        assert!(fires(&policy(guests("internalGuest", all()), guests("internalGuest,serviceProvider", all()))));
        assert!(fires(&policy(guests("serviceProvider", some()), guests("serviceProvider", all()))));
        assert!(!fires(&policy(guests("serviceProvider", all()), guests("serviceProvider", some()))));
        let grant = |grant: Value| json!({ "state": "enabled", "grantControls": grant });
        let mfa = || grant(json!({ "builtInControls": ["mfa"] }));
        assert!(fires(&policy(mfa(), grant(json!({ "builtInControls": ["compliantDevice"] })))));
        assert!(!fires(&policy(mfa(), grant(json!({ "builtInControls": [], "authenticationStrength": { "id": "x" } })))));
    }

    #[test]
    fn defaults_methods_and_places() {
        assert!(fires(&run(TECHNICIAN, "Update security defaults", json!([{ "name": "isEnabled", "old": "[true]", "new": "[false]" }]))));
        assert!(!fires(&run(TECHNICIAN, "Update security defaults", json!([{ "name": "isEnabled", "new": "true" }]))));
        let methods = |state: &str| json!({ "authenticationMethodConfigurations": [{ "id": "Fido2", "state": state }] }).to_string();
        let change = |old: &str, new: &str| json!([{ "name": "AuthenticationMethodsPolicy", "old": methods(old), "new": methods(new) }]);
        assert!(fires(&run(TECHNICIAN, "Authentication Methods Policy Update", change("enabled", "disabled"))));
        assert!(!fires(&run(TECHNICIAN, "Authentication Methods Policy Update", change("disabled", "enabled"))));
        let place = |old: bool, new: bool| {
            let text = |trusted: bool| json!({ "isTrusted": trusted }).to_string();
            run(TECHNICIAN, "Update named location", json!([{ "name": "location", "old": text(old), "new": text(new) }]))
        };
        assert!(fires(&place(false, true)) && !fires(&place(true, true)) && !fires(&place(true, false)));
    }

    #[test]
    fn an_event_that_does_not_tell_is_not_judged() {
        for changes in [json!([]), json!([{ "name": "ConditionalAccessPolicy", "old": "{}", "new": "{\"cut" }])] {
            let out = run(TECHNICIAN, "Update Conditional Access policy", changes);
            assert_eq!((out.findings.len(), out.unjudged), (0, vec![("e".to_owned(), Dataset::Audits)]));
        }
        assert_eq!(run(TECHNICIAN, "Update security defaults", json!([])).unjudged.len(), 1);
    }

    #[test]
    fn other_activities_and_policies_that_were_off_are_none() {
        assert!(
            run(TECHNICIAN, "Update user", json!([{ "name": "x", "old": "{\"state\":\"enabled\"}", "new": "{\"state\":\"disabled\"}" }]))
                .findings
                .is_empty()
        );
        let to = |old: &str, new: &str| fires(&policy(json!({ "state": old }), json!({ "state": new })));
        assert!(!to("disabled", "enabledForReportingButNotEnforced"), "report-only is more than off");
    }

    #[test]
    fn activities_of_other_kinds_are_no_policies() {
        assert!(["update conditional access policy", "authentication methods policy update"].iter().all(|name| super::is_policy(name)));
        assert!(["update user", "add conditional access policy", ""].iter().all(|name| !super::is_policy(name)));
    }
}
