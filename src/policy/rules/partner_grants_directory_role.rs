//! AUD-03: see the page.

use std::collections::BTreeMap;

use crate::domain::customer::AuditEvent;
use crate::domain::ledger::in_order;
use crate::domain::rule_meta::{Reads, helps, required};
use crate::domain::{Dataset, RuleMeta, Severity, Timestamp, roles};
use crate::policy::rule::{Ctx, Out, Rule};

use super::audit_trail::{Hit, People, Person, draft, episodes, hit, plain, target_name};
use super::shared::{CUSTOMER, days};

/// Beginnings of the activities that give or activate a role, in their plain form.
const ACTIVITIES: [&str; 4] =
    ["add member to role", "add eligible member to role", "add scoped member to role", "add role assignment to role definition"];

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "partner-grants-directory-role",
        code: "AUD-03",
        title: "Partner actor gave or activated a directory role",
        views: CUSTOMER,
        severity: Severity::Critical,
        severity_note: "Critical for tier 0. High for tier 1, and for any role that a new account got.",
        uses: &[],
        customer_uses: &[
            required(Dataset::Audits),
            required(Dataset::Organization),
            helps(Dataset::RoleDefinitions),
            helps(Dataset::SignIns),
        ],
        reads: Reads::Some,
        fields: &[
            "audits.activity",
            "audits.activityDateTime",
            "audits.result",
            "audits.actor",
            "audits.targets.id",
            "audits.targets.displayName",
            "audits.targets.changes",
            "roleDefinitions.isBuiltIn",
            "roleDefinitions.displayName",
            "externalUsers.createdDateTime",
            "organization.verifiedDomains",
            "signIns.events.userId",
            "signIns.events.crossTenantAccessType",
        ],
        settings: &[days("new-account-days", 7, "An account younger than this is new: any role that it gets is reported.")],
        remediation: "Remove the assignment: DELETE /roleManagement/directory/roleAssignments/{id}, or Microsoft Entra admin center > Roles & admins. \
                      Look at the account that got the role and at what it did since, and ask the partner which ticket it was for.",
        attack: &["T1199", "T1098.003"],
        mitigations: &["M1018"],
        nist: &["AC-2", "AC-3", "AC-5", "AC-6", "IA-2", "SI-4"],
        benchmarks: &["SCuBA MS.AAD.7.7v1"],
        analytics: &["AN1347"],
        unsourced: &[],
        page: include_str!("partner-grants-directory-role.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    let (hits, untold) = hits(ctx, &People::of(ctx), ctx.settings.int("new-account-days"));
    untold.iter().for_each(|id| out.unjudged(id, Dataset::Audits));
    out.findings.extend(episodes(hits).iter().filter_map(|episode| draft(ctx, episode)));
}

/// What people of partners gave, and the ids of events that do not tell the role.
pub(super) fn hits(ctx: &Ctx<'_>, people: &People<'_>, new_days: i64) -> (Vec<Hit>, Vec<String>) {
    let accounts = accounts(ctx);
    let (mut hits, mut untold) = (Vec::new(), Vec::new());
    for (event, _, who) in people.acts(|activity| ACTIVITIES.iter().any(|start| activity.starts_with(start))) {
        let at = event.activity_date_time;
        let targets = event.targets.iter().filter_map(|target| accounts.get(&target.id.as_deref()?.to_ascii_lowercase()));
        let is_new = targets.max().is_some_and(|made| *made <= at && made.plus_days(new_days) > at);
        match role(ctx, event) {
            Some(role) if role.tier.is_some_and(|tier| tier <= 1) || is_new => hits.push(given(event, who, &role, is_new)),
            Some(role) if role.tier.is_some() => {}
            _ => untold.push(event.id.to_string()),
        }
    }
    (hits, untold)
}

/// The role of an event.
struct Role {
    name: String,
    tier: Option<u8>,
}

fn role(ctx: &Ctx<'_>, event: &AuditEvent) -> Option<Role> {
    let named = event.new_value("Role.DisplayName").or_else(|| {
        let targets = event.targets.iter().filter(|target| target.kind.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("role")));
        targets.filter_map(|target| target.display_name.as_deref()).next()
    });
    let template = event.new_value("Role.TemplateId").filter(|id| !id.is_empty());
    if let Some(found) = template.and_then(roles::by_id) {
        return Some(Role { name: found.name.to_owned(), tier: Some(found.tier) });
    }
    // A role of the tenant's own may be called like a built-in one: the name counts only where there is no id.
    if template.is_none() {
        let built_in = named.and_then(roles::by_name).filter(|role| !is_own(ctx, role.name));
        if let Some(found) = built_in {
            return Some(Role { name: found.name.to_owned(), tier: Some(found.tier) });
        }
    }
    named.or(template).map(|name| Role { name: name.to_owned(), tier: None })
}

/// True if the tenant made a role of that name itself.
fn is_own(ctx: &Ctx<'_>, name: &str) -> bool {
    let mut own = ctx.customer.role_definitions.iter().filter(|definition| !definition.is_built_in);
    own.any(|definition| definition.display_name.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(name)))
}

/// When accounts were made, by object id in lower case: from the log, or from what was read of a guest.
fn accounts(ctx: &Ctx<'_>) -> BTreeMap<String, Timestamp> {
    let guests =
        in_order(&ctx.customer.external_users).into_iter().filter_map(|user| Some((user.id.to_ascii_lowercase(), user.created_date_time?)));
    let mut made: BTreeMap<String, Timestamp> = guests.collect();
    for event in ctx.customer.audits.iter().filter(|event| event.succeeded() && is_new_account(&plain(&event.activity))) {
        for id in event.targets.iter().filter_map(|target| target.id.as_deref()) {
            let known = made.entry(id.to_ascii_lowercase()).or_insert(event.activity_date_time);
            *known = event.activity_date_time.max(*known);
        }
    }
    made
}

/// True if an activity, in its plain form, makes an account.
pub(super) fn is_new_account(activity: &str) -> bool {
    ["add user", "invite external user", "redeem external user invite"].contains(&activity)
}

fn given(event: &AuditEvent, who: Person, role: &Role, is_new: bool) -> Hit {
    let severity = if role.tier == Some(0) { Severity::Critical } else { Severity::High };
    let target = target_name(event);
    let short = role.name.replace("Administrator", "Admin");
    let found = hit(event, who, format!("{short} to {target}"), severity)
        .evidence("targetResources.displayName", target)
        .evidence("modifiedProperties.Role.DisplayName", role.name.as_str());
    if is_new { found.evidence("targetResources.isNewAccount", true) } else { found }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::domain::{Dataset, Severity, roles};
    use crate::policy::rules::testing::{Case, EXCHANGE, READERS, at_hour, customer_case};

    const TECHNICIAN: &str = "user_3f972b9d8f88431db52978ac975f9d13";

    fn event(id: &str, hours: i64, activity: &str, who: &str, role: Value) -> Value {
        json!({ "id": id, "activityDateTime": at_hour(hours).to_string(), "activity": activity, "result": "success",
            "actor": { "userPrincipalName": who },
            "targets": [{ "id": "u", "kind": "User", "displayName": "new@contoso.example", "changes": [{ "name": "Role.TemplateId", "new": role }] }] })
    }

    fn with(role: Value) -> Case {
        customer_case(json!({ "audits": [event("e", 0, "Add member to role", TECHNICIAN, role)] }))
    }

    #[test]
    fn tiers_zero_and_one() {
        let severity = |role: &str| with(json!(format!("\"{role}\""))).run(&RULE).findings.first().and_then(|draft| draft.severity);
        assert_eq!(severity(roles::GLOBAL_ADMINISTRATOR), Some(Severity::Critical));
        assert_eq!(severity(EXCHANGE), Some(Severity::High));
        assert_eq!(severity(READERS), None);
    }

    #[test]
    fn only_people_of_partners_and_successes() {
        let role = json!(roles::GLOBAL_ADMINISTRATOR);
        let by = |who: &str| customer_case(json!({ "audits": [event("e", 0, "Add member to role", who, role.clone())] })).fires(&RULE);
        assert!(by(TECHNICIAN) && !by("adele@contoso.example") && !by("user_import@contoso.example"));
        let mut failed = event("e", 0, "Add member to role", TECHNICIAN, role.clone());
        failed["result"] = json!("failure");
        assert!(!customer_case(json!({ "audits": [failed] })).fires(&RULE));
        for activity in ["Add eligible member to role in PIM completed (timebound)", "Add scoped member to role"] {
            assert!(customer_case(json!({ "audits": [event("e", 0, activity, TECHNICIAN, role.clone())] })).fires(&RULE), "{activity}");
        }
        assert!(!customer_case(json!({ "audits": [event("e", 0, "Remove member from role", TECHNICIAN, role.clone())] })).fires(&RULE));
    }

    #[test]
    fn any_role_for_a_new_account() {
        let after = |hours: i64| {
            let made = event("m", 0, "Add user", "adele@contoso.example", Value::Null);
            let given = event("e", hours, "Add member to role", TECHNICIAN, json!(READERS));
            customer_case(json!({ "audits": [made, given] }))
        };
        let out = after(7 * 24 - 1).run(&RULE);
        assert_eq!(out.findings[0].severity, Some(Severity::High));
        assert!(!after(7 * 24).fires(&RULE) && !after(-1).fires(&RULE), "at the limit, and before it was made");
        assert!(after(7 * 24).int("new-account-days", 8).fires(&RULE));
    }

    #[test]
    fn a_role_that_cannot_be_told_is_not_judged() {
        for role in [Value::Null, json!("ffffffff-0000-4000-8000-000000000000")] {
            let out = with(role).run(&RULE);
            assert_eq!((out.findings.len(), out.unjudged), (0, vec![("e".to_owned(), Dataset::Audits)]));
        }
        let mut named = event("e", 0, "Add member to role", TECHNICIAN, Value::Null);
        named["targets"][0]["changes"] = json!([{ "name": "Role.DisplayName", "new": "\"Global Administrator\"" }]);
        assert!(customer_case(json!({ "audits": [named.clone()] })).fires(&RULE));
        let own = json!([{ "id": "x", "displayName": "Global Administrator", "isBuiltIn": false }]);
        assert!(!customer_case(json!({ "audits": [named], "roleDefinitions": own })).fires(&RULE), "an own role of that name");
    }

    #[test]
    fn one_finding_for_an_episode_as_bad_as_its_worst() {
        let events = json!([
            event("b", 3, "Add member to role", TECHNICIAN, json!(roles::GLOBAL_ADMINISTRATOR)),
            event("a", 0, "Add member to role", TECHNICIAN, json!(EXCHANGE))
        ]);
        let out = customer_case(json!({ "audits": events })).run(&RULE);
        assert_eq!((out.findings.len(), out.findings[0].own_key.as_str(), out.findings[0].severity), (1, "a", Some(Severity::Critical)));
    }
}
