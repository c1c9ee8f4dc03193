//! AUD-07: see the page.

use crate::domain::customer::AuditActor;
use crate::domain::declared::MailboxEvent;
use crate::domain::rule_meta::{Reads, Setting, SettingDefault, helps, import};
use crate::domain::{Confidence, Dataset, RuleMeta, Severity};
use crate::policy::rule::{Ctx, Out, Rule};

use super::audit_trail::{Hit, People, Person, draft, episodes};
use super::shared::{CUSTOMER, holds, list, sorted};

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "partner-mailbox-access",
        code: "AUD-07",
        title: "Partner actor granted mailbox access or forwarding",
        views: CUSTOMER,
        severity: Severity::High,
        severity_note: "Critical where one person did more than `bulk-count` of it within 24 hours.",
        uses: &[],
        customer_uses: &[import(Dataset::Purview), helps(Dataset::Organization), helps(Dataset::SignIns)],
        reads: Reads::Some,
        fields: &[
            "purview.operation",
            "purview.created",
            "purview.userType",
            "purview.userId",
            "purview.target",
            "purview.parameters",
            "organization.verifiedDomains",
            "signIns.events.userId",
            "signIns.events.crossTenantAccessType",
        ],
        settings: &[
            list("mailbox-delegate-allow-list", &[], "Mailboxes, as the log writes them, on which partners may grant access."),
            Setting {
                name: "bulk-count",
                default: SettingDefault::Int { default: 10, min: 1, max: 1_000_000 },
                doc: "More events of one person than this within 24 hours are critical.",
            },
        ],
        remediation: "Take the access back: Remove-MailboxPermission, Remove-RecipientPermission, Set-Mailbox -ForwardingSmtpAddress $null, or remove \
                      the rule. Then search the unified audit log for MailItemsAccessed of the same mailboxes, and ask the partner for the ticket.",
        attack: &["T1199", "T1098.002", "T1114.003", "T1114.002"],
        mitigations: &["M1018"],
        nist: &["AC-2", "AC-4", "AC-6", "SI-4"],
        benchmarks: &["CIS 6.2.1", "SCuBA MS.EXO.1.1v2"],
        analytics: &["AN1350"],
        unsourced: &[],
        page: include_str!("partner-mailbox-access.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    let hits = hits(ctx, &People::of(ctx), ctx.settings.list("mailbox-delegate-allow-list"));
    let bulk = ctx.settings.int("bulk-count");
    for mut episode in episodes(hits) {
        let most = most_in_a_day(&episode);
        let is_bulk = most > bulk;
        if is_bulk {
            episode.iter_mut().for_each(|hit| hit.severity = hit.severity.raised());
        }
        let Some(found) = draft(ctx, &episode) else { continue };
        let found = found.confidence(Confidence::Medium);
        out.push(if is_bulk { found.evidence("eventsIn24Hours", most, Dataset::Purview).setting("bulk-count", bulk) } else { found });
    }
}

/// What people of partners granted.
pub(super) fn hits(ctx: &Ctx<'_>, people: &People<'_>, allowed: &[String]) -> Vec<Hit> {
    let events = ctx.customer.purview.iter().filter(|event| grants(event));
    let beyond = events.filter(|event| !event.target.as_deref().is_some_and(|target| holds(allowed, target)));
    beyond.filter_map(|event| Some(hit(event, person(people, event)?))).collect()
}

/// True if an operation gives someone access to mail, or sends mail elsewhere.
fn grants(event: &MailboxEvent) -> bool {
    let set = |names: &[&str]| {
        event.parameters.iter().filter_map(|parameter| parameter.split_once('=')).any(|(name, value)| {
            let is_empty = matches!(value.trim(), "" | "$null" | "null" | "{}" | "[]");
            !is_empty && names.iter().any(|wanted| name.trim().eq_ignore_ascii_case(wanted))
        })
    };
    match event.operation.trim().to_ascii_lowercase().as_str() {
        "add-mailboxpermission" | "add-recipientpermission" | "new-inboxrule" | "new-transportrule" | "new-managementroleassignment" => {
            true
        }
        "set-mailbox" => set(&["ForwardingSmtpAddress", "ForwardingAddress", "GrantSendOnBehalfTo"]),
        _ => false,
    }
}

/// Who did it, if it was someone of a partner: by the kind of user that the log names, or as in the directory's own log.
fn person(people: &People<'_>, event: &MailboxEvent) -> Option<Person> {
    let name = event.user_id.trim();
    let actor = AuditActor { user_id: Some(name.into()), user_principal_name: Some(name.into()), ..Default::default() };
    let known = people.person(&actor);
    let is_technician =
        event.user_type.as_deref().is_some_and(|kind| kind.trim().eq_ignore_ascii_case("PartnerTechnician") || kind.trim() == "9");
    known.or_else(|| is_technician.then(|| Person { id: name.to_ascii_lowercase(), name: name.to_owned(), tenant: None, is_sure: true }))
}

fn hit(event: &MailboxEvent, who: Person) -> Hit {
    let operation = event.operation.trim();
    let target = event.target.as_deref().unwrap_or("(no target)");
    Hit {
        id: event.id.clone(),
        at: event.created,
        activity: operation.to_owned(),
        who,
        what: format!("{operation} {target}"),
        severity: Severity::High,
        evidence: vec![("target", target.into()), ("parameters", sorted(&event.parameters).into())],
        source: Dataset::Purview,
    }
}

/// The most events within any 24 hours of an episode, which is sorted by time.
fn most_in_a_day(episode: &[Hit]) -> i64 {
    let day = chrono::TimeDelta::hours(24);
    let mut start = 0;
    let mut most = 0;
    for (end, hit) in episode.iter().enumerate() {
        while hit.at.utc() - episode[start].at.utc() > day {
            start += 1;
        }
        most = most.max(end - start + 1);
    }
    i64::try_from(most).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::domain::Severity;
    use crate::policy::rules::testing::{Case, at_hour, customer_case};

    fn event(id: &str, hours: i64, more: Value) -> Value {
        let mut event = json!({ "id": id, "created": at_hour(hours).to_string(), "operation": "Add-MailboxPermission", "userType": "PartnerTechnician",
            "userId": "NAM\\tech", "target": "ceo@contoso.example", "parameters": ["AccessRights=FullAccess", "User=tech"] });
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event
    }

    fn with(more: Value) -> Case {
        customer_case(json!({ "purview": [event("e", 0, more)] }))
    }

    #[test]
    fn technicians_by_kind_and_by_name() {
        assert!(with(json!({})).fires(&RULE) && with(json!({ "userType": "9" })).fires(&RULE));
        assert!(with(json!({ "userType": "Regular", "userId": "user_3f972b9d8f88431db52978ac975f9d13@fabrikam.example" })).fires(&RULE));
        assert!(!with(json!({ "userType": "Regular", "userId": "adele@contoso.example" })).fires(&RULE));
        assert!(!with(json!({ "userType": null })).fires(&RULE));
    }

    #[test]
    fn operations_that_grant_or_forward() {
        for operation in ["add-recipientpermission", "New-InboxRule", "New-TransportRule", "New-ManagementRoleAssignment"] {
            assert!(with(json!({ "operation": operation })).fires(&RULE), "{operation}");
        }
        let set = |parameter: &str| with(json!({ "operation": "Set-Mailbox", "parameters": [parameter] })).fires(&RULE);
        assert!(set("ForwardingSmtpAddress=smtp:x@evil.example") && set("GrantSendOnBehalfTo=x"));
        assert!(!set("ForwardingSmtpAddress=") && !set("ForwardingSmtpAddress=$null") && !set("ProhibitSendQuota=50GB"));
        assert!(!with(json!({ "operation": "Get-Mailbox" })).fires(&RULE));
    }

    #[test]
    fn allowed_mailboxes_are_left_out() {
        assert!(!with(json!({})).list("mailbox-delegate-allow-list", &["CEO@contoso.example"]).fires(&RULE));
        assert!(with(json!({ "target": null })).list("mailbox-delegate-allow-list", &["ceo@contoso.example"]).fires(&RULE));
    }

    #[test]
    fn bulk_is_more_than_the_count_within_a_day() {
        let spread = |count: usize, hours: i64| {
            let events: Vec<Value> = (0..count).map(|n| event(&format!("e{n}"), hours * i64::try_from(n).unwrap(), json!({}))).collect();
            let out = customer_case(json!({ "purview": events })).run(&RULE);
            assert_eq!((out.findings.len(), out.findings[0].own_key.as_str()), (1, "e0"));
            out.findings[0].severity.unwrap()
        };
        assert_eq!((spread(10, 1), spread(11, 1)), (Severity::High, Severity::Critical));
        assert_eq!(spread(20, 12), Severity::High, "many, over many days");
    }

    #[test]
    fn a_technician_is_known_by_the_id_that_the_sign_in_log_has() {
        let id = "3f972b9d-8f88-431d-b529-78ac975f9d13";
        let fires = |kind: &str| {
            let sign_in = json!({ "id": "s", "createdDateTime": at_hour(0).to_string(), "userId": id, "resourceTenantId": "own",
                "homeTenantId": "22222222-2222-4222-8222-222222222222", "crossTenantAccessType": kind });
            let purview = event("e", 0, json!({ "userType": "Regular", "userId": id }));
            customer_case(json!({ "purview": [purview], "signIns": { "events": [sign_in] } })).fires(&RULE)
        };
        assert_eq!([fires("serviceProvider"), fires("b2bCollaboration")], [true, false]);
    }
}
