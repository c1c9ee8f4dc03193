//! PRV-06: see the page.

use std::collections::BTreeSet;

use crate::domain::ledger::{Class, Entry};
use crate::domain::roles::{PRIVILEGED_AUTHENTICATION_ADMINISTRATOR, PRIVILEGED_ROLE_ADMINISTRATOR};
use crate::domain::rule_meta::{Reads, helps, required};
use crate::domain::{Confidence, Dataset, RuleMeta, Severity, View};
use crate::policy::rule::{Ctx, Draft, Out, Rule};

use super::shared::{BOTH, NIST_T1199, began, days, few_roles, is_aged, list, role_names, time};
use super::told::{self, Told};
use super::{approval, outside};

/// What Microsoft puts into a relationship that nobody wrote: Directory Readers, Directory Writers, License Administrator, Service Support
/// Administrator, User Administrator, Privileged Role Administrator, Helpdesk Administrator, Privileged Authentication Administrator.
pub(super) const DEFAULT_SET: [&str; 8] = [
    "88d8e3e3-8f55-4a1e-953a-9b9898b8876b",
    "9360feb5-f418-4baa-8175-e2a00bac4301",
    "4d6ac14f-3453-41d0-bef9-a3e0c569773a",
    "f023fd81-a637-4b56-95fd-791ac0226033",
    "fe930be7-5e62-47db-91af-98c3a49a38b1",
    PRIVILEGED_ROLE_ADMINISTRATOR,
    "729827e3-9c14-49f7-bb1b-9608f156bbb8",
    PRIVILEGED_AUTHENTICATION_ADMINISTRATOR,
];

/// What the customer can do about a ceiling.
const IF_ALLOWED: &str = "Ask the partner which of these roles it uses, and for a relationship with those alone; then end the default one: Microsoft 365 admin \
                          center > Settings > Partner relationships > (partner) > Remove roles.";

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "gdap-default-role-set-kept",
        code: "PRV-06",
        title: "Microsoft default or Microsoft-led role set was never reduced",
        views: BOTH,
        severity: Severity::High,
        severity_note: "",
        uses: &[required(Dataset::Relationships)],
        customer_uses: &[required(Dataset::CrossTenantPartners), helps(Dataset::ProviderConstraints), helps(Dataset::Declared)],
        reads: Reads::Some,
        fields: &[
            "relationships.status",
            "relationships.displayName",
            "relationships.roles",
            "relationships.activatedDateTime",
            "relationships.createdDateTime",
            "providerConstraints.allowedRoles",
            "providerConstraints.createdDateTime",
            "declared.relationships.relationship.displayName",
            "declared.relationships.relationship.roles",
        ],
        settings: &[
            days("default-set-grace-days", 30, "Days after activation in which the set may be replaced."),
            list(
                "name-prefixes",
                &["MLT_", "Default_GDAP", "DefaultGDAP"],
                "How names of relationships begin that Microsoft made; case does not matter.",
            ),
        ],
        remediation: "Make a relationship with the roles that are in use, map the groups to it, and end the default one: Partner Center > Customers > \
                      (customer) > Admin relationships.",
        attack: &["T1199", "T1098.003"],
        mitigations: &["M1018"],
        nist: NIST_T1199,
        benchmarks: &["CIS M365 v7.0 1.1.3"],
        analytics: &[],
        unsourced: &[],
        page: include_str!("gdap-default-role-set-kept.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    for told in told::live(ctx) {
        judge(ctx, out, &told);
    }
    if ctx.tenant.view == View::Customer {
        let partners = ctx.ledger.entries.values().filter(|entry| !matches!(entry.class, Class::MicrosoftSupport | Class::GoverningTenant));
        partners.for_each(|entry| judge_ceiling(ctx, out, entry));
    }
}

fn judge(ctx: &Ctx<'_>, out: &mut Out, told: &Told<'_>) {
    let relationship = told.relationship;
    let prefixes = ctx.settings.list("name-prefixes");
    let has_set = holds_set(relationship.roles.iter().map(String::as_str));
    let has_name = prefixes.iter().any(|prefix| begins_with(&relationship.display_name, prefix));
    if !has_set && !has_name {
        return;
    }
    let grace = ctx.settings.int("default-set-grace-days");
    // A relationship that has not been activated is not kept yet; one that does not say when it began may have been.
    let Some(began) = began(relationship) else { return out.unjudged(&relationship.id, told.source) };
    if !is_aged(began, ctx.now, grace) {
        return;
    }
    let names = role_names(relationship.roles.iter().map(String::as_str));
    // The set tells by itself; anyone can give a relationship such a name.
    let surest = if has_set { told.surest() } else { Confidence::Medium };
    let draft = told
        .draft(ctx)
        .confidence(surest)
        .note(if has_set { "default role set" } else { "default name" })
        .since(Some(began))
        .evidence("displayName", relationship.display_name.as_str(), told.source)
        .evidence("accessDetails.unifiedRoles", names, told.source)
        .evidence("activatedDateTime", time(relationship.activated_date_time), told.source)
        .setting("default-set-grace-days", grace);
    let draft = if has_name { draft.setting("name-prefixes", prefixes.to_vec()) } else { draft };
    let roles: Vec<&str> = relationship.roles.iter().map(String::as_str).collect();
    out.push(told.settled(ctx, draft, &roles));
}

/// The customer view sees no name, and of the roles what may be given.
fn judge_ceiling(ctx: &Ctx<'_>, out: &mut Out, entry: &Entry) {
    if !holds_set(entry.ceiling.iter().flatten().map(String::as_str)) {
        return;
    }
    let grace = ctx.settings.int("default-set-grace-days");
    let Some(created) = entry.ceiling_created else { return out.unjudged(&entry.tenant_id, Dataset::ProviderConstraints) };
    if !is_aged(created, ctx.now, grace) {
        return;
    }
    let beyond: Vec<&str> = DEFAULT_SET.into_iter().filter(|role| approval::covering(ctx, entry, role).is_none()).collect();
    let told = if beyond.is_empty() { DEFAULT_SET.to_vec() } else { beyond.clone() };
    let names = role_names(told);
    let draft = Draft::outside(entry)
        .key("ceiling")
        .title("A partner may be given Microsoft's default role set")
        .remediation(IF_ALLOWED)
        .note(few_roles(&names))
        .since(Some(created))
        .evidence("allowedRoleTemplateIds", names, Dataset::ProviderConstraints)
        .evidence("createdDateTime", created.to_string(), Dataset::ProviderConstraints)
        .setting("default-set-grace-days", grace);
    let covering = ctx.approval(&entry.tenant_id).filter(|_| beyond.is_empty());
    out.push(outside::settled(draft, covering, ctx.approval(&entry.tenant_id)));
}

fn holds_set<'a>(ids: impl IntoIterator<Item = &'a str>) -> bool {
    let ids: BTreeSet<String> = ids.into_iter().map(str::to_ascii_lowercase).collect();
    DEFAULT_SET.iter().all(|role| ids.contains(*role))
}

/// Bytes, so that no letter is cut in two.
fn begins_with(name: &str, prefix: &str) -> bool {
    !prefix.is_empty() && name.as_bytes().get(..prefix.len()).is_some_and(|start| start.eq_ignore_ascii_case(prefix.as_bytes()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::domain::roles;
    use crate::policy::rules::testing::{Case, EXCHANGE, MSP, READERS, at, beside, case, ceiling, customer_case, declared, relationship};

    fn with(roles: &[&str], more: Value) -> Case {
        case(json!({ "relationships": [relationship("r1", roles, more)] }))
    }

    fn since(days: i64) -> Value {
        json!({ "activatedDateTime": at(-days).to_string() })
    }

    #[test]
    fn the_set_is_the_one_that_its_names_say() {
        let want = [
            "Directory Readers",
            "Directory Writers",
            "License Administrator",
            "Service Support Administrator",
            "User Administrator",
            "Privileged Role Administrator",
            "Helpdesk Administrator",
            "Privileged Authentication Administrator",
        ];
        assert_eq!(DEFAULT_SET.map(roles::name), want);
    }

    #[test]
    fn the_whole_set_with_or_without_more_and_not_a_part_of_it() {
        let drafts = with(&DEFAULT_SET, json!({})).run(&RULE).findings;
        assert_eq!((drafts.len(), drafts[0].confidence, drafts[0].severity), (1, Confidence::High, None));
        let more: Vec<&str> = DEFAULT_SET.into_iter().chain([EXCHANGE]).collect();
        assert!(with(&more, json!({})).fires(&RULE));
        for missing in DEFAULT_SET {
            let part: Vec<&str> = DEFAULT_SET.into_iter().filter(|id| *id != missing).collect();
            assert!(!with(&part, json!({})).fires(&RULE), "without {}", roles::name(missing));
        }
    }

    #[test]
    fn names_that_microsoft_gives() {
        let named = |name: &str| with(&[READERS], json!({ "displayName": name }));
        for name in ["MLT_12abcd34_56cdef78_90abcd12", "mlt_x", "Default_GDAP_1", "defaultgdap"] {
            assert_eq!(named(name).run(&RULE).findings[0].confidence, Confidence::Medium, "{name}");
        }
        for name in ["Contoso MLT_", "MLT", "", "Default GDAP", "MLÜ_x", "Ümlt_"] {
            assert!(!named(name).fires(&RULE), "{name}");
        }
        assert!(!named("MLT_x").list("name-prefixes", &[""]).fires(&RULE), "an empty one is no name");
        assert!(named("Auto 7").list("name-prefixes", &["auto "]).fires(&RULE));
    }

    #[test]
    fn there_is_time_to_replace_it() {
        assert!(!with(&DEFAULT_SET, since(29)).fires(&RULE));
        assert!(with(&DEFAULT_SET, since(30)).fires(&RULE));
        assert!(with(&DEFAULT_SET, since(1)).int("default-set-grace-days", 1).fires(&RULE));
        assert!(!with(&DEFAULT_SET, json!({ "status": "terminated" })).fires(&RULE));
        let out = with(&DEFAULT_SET, json!({ "activatedDateTime": null, "createdDateTime": null })).run(&RULE);
        assert_eq!((out.findings.len(), out.unjudged), (0, vec![("r1".to_owned(), Dataset::Relationships)]));
    }

    #[test]
    fn in_the_customer_view_ceilings_by_their_roles_and_declared_ones_by_name_too() {
        let allowed = |days: i64| {
            let constraint = json!({ "tenantId": MSP, "allowedRoles": DEFAULT_SET, "createdDateTime": at(-days).to_string() });
            customer_case(beside(ceiling(&[]), json!({ "providerConstraints": [constraint] })))
        };
        let drafts = allowed(30).run(&RULE).findings;
        assert_eq!((drafts[0].subject.id.as_str(), drafts[0].own_key.as_str()), (MSP, "ceiling"));
        assert!(!allowed(29).fires(&RULE));
        assert!(!customer_case(ceiling(&DEFAULT_SET[1..])).fires(&RULE));
        let undated = json!({ "providerConstraints": [{ "tenantId": MSP, "allowedRoles": DEFAULT_SET }] });
        let out = customer_case(beside(ceiling(&[]), undated)).run(&RULE);
        assert_eq!((out.findings.len(), out.unjudged), (0, vec![(MSP.to_owned(), Dataset::ProviderConstraints)]));
        let told = declared(vec![relationship("r1", &[READERS], json!({ "displayName": "MLT_1" }))]).run(&RULE).findings;
        assert_eq!((told[0].subject.id.as_str(), told[0].confidence), ("r1", Confidence::Medium));
    }

    #[test]
    fn an_approval_lowers_only_a_set_that_it_covers_whole() {
        let case = || customer_case(ceiling(&DEFAULT_SET));
        let whole = case().approve(MSP, Some(&DEFAULT_SET), None).run(&RULE).findings;
        assert_eq!(whole[0].severity, Some(Severity::Info));
        let drafts = case().approve(MSP, None, None).run(&RULE).findings;
        let names = json!(["Privileged Authentication Administrator", "Privileged Role Administrator"]);
        assert_eq!((drafts[0].severity, &drafts[0].evidence[0].value), (None, &names), "what lies beyond");
        assert!(drafts[0].evidence.iter().any(|evidence| evidence.field == "approved.owner"));
    }
}
