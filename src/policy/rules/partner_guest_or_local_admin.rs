//! APP-01: see the page.

use std::collections::BTreeMap;

use crate::domain::customer::ExternalUser;
use crate::domain::ledger::{Entry, HeldRole, LedgerGuest, in_order};
use crate::domain::rule_meta::{Reads, helps, required};
use crate::domain::{Confidence, Dataset, RuleMeta, Severity, roles};
use crate::policy::rule::{Ctx, Draft, Out, Rule};

use super::approval::lowered;
use super::partner_app_high_privilege::is_partner;
use super::shared::{CUSTOMER, few_roles, list, role_names, text};

/// The lowest privilege that counts.
const MAX_TIER: u8 = 1;

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "partner-guest-or-local-admin",
        code: "APP-01",
        title: "Partner guest or partner-named local account holds a directory role",
        views: CUSTOMER,
        severity: Severity::High,
        severity_note: "Critical for Global Administrator. Info where the partner's approval allows every role that it holds.",
        uses: &[],
        customer_uses: &[
            helps(Dataset::ExternalUsers),
            required(Dataset::RoleAssignments),
            helps(Dataset::RoleDefinitions),
            helps(Dataset::RoleSchedules),
            helps(Dataset::CrossTenantPartners),
            helps(Dataset::Subscriptions),
            helps(Dataset::SignIns),
            helps(Dataset::Governance),
            helps(Dataset::Declared),
        ],
        reads: Reads::Some,
        fields: &[
            "externalUsers.id",
            "externalUsers.mail",
            "externalUsers.userPrincipalName",
            "externalUsers.displayName",
            "externalUsers.userType",
            "externalUsers.accountEnabled",
            "externalUsers.homeTenantId",
            "externalUsers.throughGroups",
            "roleAssignments.principalId",
            "roleAssignments.roleDefinitionId",
            "roleSchedules.principalId",
            "crossTenantPartners.isServiceProvider",
            "subscriptions.ownerTenantId",
        ],
        settings: &[
            list("partner-domains", &[], "Mail domains of partners, besides those of tenants that the ledger knows as partners."),
            list("partner-account-patterns", &[], "Parts of the sign-in name or display name by which accounts of partners are known."),
        ],
        remediation: "Move the work to GDAP, then take the role away: DELETE /roleManagement/directory/roleAssignments/{id}, or Microsoft Entra admin \
                      center > Roles & admins > (role) > Assignments; disable the account (PATCH /users/{id} {\"accountEnabled\":false}) until \
                      nobody misses it.",
        attack: &["T1199", "T1078.004", "T1136.003"],
        mitigations: &["M1018", "M1032"],
        nist: &["AC-2", "AC-3", "AC-6", "IA-2"],
        benchmarks: &["CIS 1.1.3", "5.3.2", "5.1.6.1", "SCuBA MS.AAD.8.2v1", "8.3v1"],
        analytics: &[],
        unsourced: &[],
        page: include_str!("partner-guest-or-local-admin.md"),
    },
    check,
};

/// By what an account is known as a partner's.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Sign {
    /// Its home tenant is a partner, or its mail domain is listed.
    Home,
    /// Only its name.
    Name,
}

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    let users: BTreeMap<String, &ExternalUser> =
        in_order(&ctx.customer.external_users).into_iter().map(|user| (user.id.to_ascii_lowercase(), user)).collect();
    for entry in ctx.ledger.entries.values() {
        for guest in &entry.guests {
            let Some(user) = users.get(&guest.id) else { continue };
            let strong: Vec<&HeldRole> = guest.roles.iter().filter(|role| role.tier.is_some_and(|tier| tier <= MAX_TIER)).collect();
            // A role of the tenant's own may be as strong as any.
            if strong.is_empty() {
                if sign(ctx, entry, user).is_some() && guest.roles.iter().any(|role| role.tier.is_none()) {
                    out.unjudged(&guest.id, Dataset::RoleDefinitions);
                }
                continue;
            }
            if let Some(sign) = sign(ctx, entry, user) {
                out.push(finding(ctx, entry, guest, user, &strong, sign));
            }
        }
    }
}

fn sign(ctx: &Ctx<'_>, entry: &Entry, user: &ExternalUser) -> Option<Sign> {
    let domains = ctx.settings.list("partner-domains");
    let mail_domain = || user.mail.as_deref().and_then(|mail| mail.rsplit_once('@')).map(|(_, domain)| domain.trim().to_ascii_lowercase());
    let of_entry = || entry.domain.as_ref().map(|domain| domain.to_ascii_lowercase());
    let is_listed = |domain: String| domains.iter().any(|listed| listed.trim_start_matches('@').eq_ignore_ascii_case(&domain));
    if is_partner(ctx, entry)
        || mail_domain().is_some_and(is_listed)
        || of_entry().is_some_and(is_listed)
        || is_listed(entry.tenant_id.clone())
    {
        return Some(Sign::Home);
    }
    let names: Vec<String> =
        [&user.user_principal_name, &user.display_name].into_iter().flatten().map(|name| name.to_lowercase()).collect();
    let patterns = ctx.settings.list("partner-account-patterns").iter().filter(|pattern| !pattern.trim().is_empty());
    let mut patterns = patterns.map(|pattern| pattern.to_lowercase());
    patterns.any(|pattern| names.iter().any(|name| name.contains(&pattern))).then_some(Sign::Name)
}

fn finding(ctx: &Ctx<'_>, entry: &Entry, guest: &LedgerGuest, user: &ExternalUser, strong: &[&HeldRole], sign: Sign) -> Draft {
    let approval = ctx.approval(&entry.tenant_id);
    let beyond: Vec<&&HeldRole> =
        strong.iter().filter(|role| approval.is_none_or(|approval| !approval.covers_held(&role.role_id, &role.principal_id))).collect();
    let is_global = beyond.iter().any(|role| role.role_id == roles::GLOBAL_ADMINISTRATOR);
    let severity = match (beyond.is_empty(), is_global) {
        (true, _) => Severity::Info,
        (false, true) => Severity::Critical,
        (false, false) => Severity::High,
    };
    let names = role_names(strong.iter().map(|role| role.role_id.as_str()));
    let mut found = Draft::outside(entry)
        .subject("user", &guest.id, &guest.name)
        // That a known guest became a Global Administrator is another finding than that it holds a role.
        .key(if strong.iter().any(|role| role.role_id == roles::GLOBAL_ADMINISTRATOR) { "global-administrator" } else { "" })
        .severity(severity)
        .confidence(if sign == Sign::Home { Confidence::High } else { Confidence::Low })
        .since(user.created_date_time)
        .note(few_roles(&names))
        .evidence("userType", text(user.user_type.as_deref()), Dataset::ExternalUsers)
        .evidence("userPrincipalName", text(user.user_principal_name.as_deref()), Dataset::ExternalUsers)
        .evidence("mail", text(user.mail.as_deref()), Dataset::ExternalUsers)
        .evidence("accountEnabled", user.account_enabled, Dataset::ExternalUsers);
    for role in strong {
        let how = if role.eligible_only { "eligible for" } else { "held by" };
        let told = format!("{} {how} {} at {} (assignment {})", role.role_name, role.principal_name, role.scope, role.assignment_id);
        found = found.evidence("roleAssignments.roleDefinitionId", told, role.source);
    }
    if sign == Sign::Name {
        found = found.setting("partner-account-patterns", ctx.settings.list("partner-account-patterns").to_vec());
    }
    match approval {
        Some(approval) if beyond.is_empty() => lowered(found, approval),
        Some(_) => found.setting("approved.roles.beyond", role_names(beyond.into_iter().map(|role| role.role_id.as_str()))),
        None => found,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::domain::{Confidence, Dataset, Severity, roles};
    use crate::policy::rules::testing::{ALPINE, Case, EXCHANGE, READERS, at, customer_case};

    fn facts(user: Value, role: &str) -> Value {
        let mut guest = json!({ "id": "u", "mail": "tech@msp.example", "userPrincipalName": "tech_msp.example#EXT#@contoso.example",
            "displayName": "Tech", "userType": "Guest" });
        guest.as_object_mut().unwrap().extend(user.as_object().unwrap().clone());
        json!({ "externalUsers": [guest], "roleAssignments": [{ "id": "a", "principalId": "u", "roleDefinitionId": role, "directoryScopeId": "/" }],
            "crossTenantPartners": [{ "tenantId": ALPINE, "isServiceProvider": true }] })
    }

    fn partner(role: &str) -> Case {
        customer_case(facts(json!({ "homeTenantId": ALPINE }), role))
    }

    fn severity(case: Case) -> Option<Severity> {
        case.run(&RULE).findings.first().and_then(|draft| draft.severity)
    }

    #[test]
    fn the_role_decides() {
        assert_eq!(severity(partner(roles::GLOBAL_ADMINISTRATOR)), Some(Severity::Critical));
        assert_eq!(severity(partner(EXCHANGE)), Some(Severity::High));
        assert_eq!(severity(partner(READERS)), None);
        let own = partner("own-role").run(&RULE);
        assert_eq!((own.findings.len(), own.unjudged), (0, vec![("u".to_owned(), Dataset::RoleDefinitions)]));
    }

    #[test]
    fn guests_of_partners_and_of_listed_domains() {
        let other = |user: Value| customer_case(facts(user, EXCHANGE));
        assert!(!other(json!({})).fires(&RULE), "a guest of nobody known is no partner's");
        assert!(other(json!({})).list("partner-domains", &["msp.example"]).fires(&RULE));
        assert!(other(json!({ "userType": "Member" })).list("partner-domains", &["@MSP.example"]).fires(&RULE));
        assert!(!other(json!({})).list("partner-domains", &["sp.example"]).fires(&RULE));
        assert!(
            other(json!({ "homeTenantId": "cccccccc-0000-4000-8000-000000000001" }))
                .approve("cccccccc-0000-4000-8000-000000000001", Some(&[]), Some(100))
                .fires(&RULE)
        );
    }

    #[test]
    fn a_name_is_a_weak_sign() {
        let case = || customer_case(facts(json!({ "displayName": "MSP Admin", "userType": "Member" }), EXCHANGE));
        let out = case().list("partner-account-patterns", &["msp adm"]).run(&RULE);
        assert_eq!(out.findings[0].confidence, Confidence::Low);
        assert!(!case().list("partner-account-patterns", &["", "fabrikam"]).fires(&RULE));
        assert_eq!(partner(EXCHANGE).run(&RULE).findings[0].confidence, Confidence::High);
    }

    #[test]
    fn an_approval_lowers_the_roles_that_it_allows() {
        assert_eq!(severity(partner(EXCHANGE).approve(ALPINE, Some(&[EXCHANGE]), Some(100))), Some(Severity::Info));
        assert_eq!(severity(partner(EXCHANGE).approve(ALPINE, Some(&[READERS]), Some(100))), Some(Severity::High));
        let mut ended = partner(EXCHANGE).approve(ALPINE, Some(&[EXCHANGE]), Some(100));
        ended.now = at(101);
        assert_eq!(severity(ended), Some(Severity::High));
    }

    #[test]
    fn roles_through_groups_and_eligible_ones_count() {
        let mut through = facts(json!({ "homeTenantId": ALPINE, "throughGroups": ["g"] }), EXCHANGE);
        through["roleAssignments"][0]["principalId"] = json!("g");
        assert!(customer_case(through).fires(&RULE));
        let mut eligible = facts(json!({ "homeTenantId": ALPINE }), READERS);
        eligible["roleSchedules"] =
            json!([{ "id": "e", "principalId": "u", "roleDefinitionId": EXCHANGE, "directoryScopeId": "/", "kind": "eligible" }]);
        assert!(customer_case(eligible).fires(&RULE));
    }

    #[test]
    fn a_listed_domain_counts_wherever_it_is_seen() {
        let domain = |user: Value, name: &str| {
            let mut facts = facts(user, EXCHANGE);
            facts["tenantNames"] = json!([{ "tenantId": "cccccccc-0000-4000-8000-000000000001", "defaultDomain": "home.example" }]);
            customer_case(facts).list("partner-domains", &[name]).fires(&RULE)
        };
        let away = || json!({ "homeTenantId": "cccccccc-0000-4000-8000-000000000001" });
        assert!(domain(away(), "msp.example") && domain(away(), "home.example") && domain(away(), "cccccccc-0000-4000-8000-000000000001"));
        assert!(!domain(away(), "other.example"));
        let strange = |role: &str| customer_case(facts(json!({}), role)).run(&RULE);
        assert!(strange("own-role").unjudged.is_empty() && strange(READERS).unjudged.is_empty(), "a guest of nobody known");
        assert!(partner(READERS).run(&RULE).unjudged.is_empty(), "a weak role that is known");
    }
}
