//! SGN-06: see the page.

use std::collections::{BTreeMap, HashMap};

use crate::domain::facts::SignIn;
use crate::domain::rule_meta::{Reads, required};
use crate::domain::{Dataset, RuleMeta, Severity};
use crate::policy::rule::{Ctx, Out, Rule};

use super::shared::{BOTH, list, text};
use super::visits::{self, Visit, about_person, by_person, episodes, extent};

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "partner-signin-weak-protocol",
        code: "SGN-06",
        title: "Partner sign-in by legacy authentication, password grant or device code",
        views: BOTH,
        severity: Severity::High,
        severity_note: "Low where every attempt failed.",
        uses: &[required(Dataset::SignIns)],
        customer_uses: &[required(Dataset::SignIns)],
        reads: Reads::Some,
        fields: &[
            "signIns.events.clientAppUsed",
            "signIns.events.authenticationProtocol",
            "signIns.events.originalTransferMethod",
            "signIns.events.errorCode",
            "signIns.events.homeTenantId",
            "signIns.events.userPrincipalName",
            "signIns.events.userId",
            "signIns.events.createdDateTime",
            "signIns.events.crossTenantAccessType",
            "signIns.events.resourceTenantId",
        ],
        settings: &[list(
            "legacy-clients",
            &["IMAP", "POP", "SMTP", "MAPI", "Exchange ActiveSync", "Other clients", "Authenticated SMTP"],
            "Clients, by the beginning of their names, that count as legacy authentication.",
        )],
        remediation: "Block both ways in Conditional Access, here for Service provider users and at the partner for everybody: Conditions > Client apps > \
                      Exchange ActiveSync clients and Other clients, and Conditions > Authentication flows > Device code flow, each with Grant: Block. \
                      Replace scripts that sign in with a password by an application with a certificate.",
        attack: &["T1199", "T1528", "T1110"],
        mitigations: &["M1032"],
        nist: &["AC-10", "CA-7", "CM-7", "SI-4"],
        benchmarks: &["CIS M365 v7.0 5.2.2.3", "CIS M365 v7.0 5.2.2.12", "SCuBA MS.AAD.1.1v1", "SCuBA MS.AAD.3.9v1"],
        analytics: &["AN1347"],
        unsourced: &[],
        page: include_str!("partner-signin-weak-protocol.md"),
    },
    check,
};

/// What is weak about a sign-in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Weakness {
    LegacyClient,
    PasswordGrant,
    DeviceCode,
}

impl Weakness {
    const fn key(self) -> &'static str {
        match self {
            Weakness::LegacyClient => "legacy-client",
            Weakness::PasswordGrant => "password-grant",
            Weakness::DeviceCode => "device-code",
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Weakness::LegacyClient => "Partner sign-in by legacy authentication",
            Weakness::PasswordGrant => "Partner sign-in by password grant (ROPC)",
            Weakness::DeviceCode => "Partner sign-in by device code",
        }
    }

    fn of<'a>(event: &'a SignIn, legacy: &mut Legacy<'a>) -> Option<Weakness> {
        let is = |field: Option<&str>, word: &str| field.is_some_and(|field| field.trim().eq_ignore_ascii_case(word));
        let protocol = event.authentication_protocol.as_deref();
        if is(protocol, "deviceCode") || is(event.original_transfer_method.as_deref(), "deviceCodeFlow") {
            return Some(Weakness::DeviceCode);
        }
        if is(protocol, "ropc") {
            return Some(Weakness::PasswordGrant);
        }
        legacy.holds(event.client_app_used.as_deref().unwrap_or_default()).then_some(Weakness::LegacyClient)
    }
}

/// The clients that count as legacy: a log holds few of them many times, and each is looked at once.
struct Legacy<'a> {
    starts: Vec<String>,
    known: HashMap<&'a str, bool>,
}

impl<'a> Legacy<'a> {
    fn holds(&mut self, client: &'a str) -> bool {
        let starts = &self.starts;
        *self.known.entry(client).or_insert_with(|| {
            // Graph has written `IMAP4`, `MAPI Over HTTP` and, in older logs, `Other clients; IMAP`.
            let client = client.to_lowercase();
            client.split(';').any(|part| starts.iter().any(|start| part.trim().starts_with(start)))
        })
    }
}

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    let visits = visits::all(ctx);
    let starts = ctx.settings.list("legacy-clients").iter().map(|client| client.to_lowercase()).collect();
    let mut legacy = Legacy { starts, known: HashMap::new() };
    let mut weak: BTreeMap<Weakness, Vec<&Visit<'_>>> = BTreeMap::new();
    for visit in visits {
        if let Some(weakness) = Weakness::of(visit.event, &mut legacy) {
            weak.entry(weakness).or_default().push(visit);
        }
    }
    for (weakness, came) in weak {
        for episode in by_person(came).into_iter().flat_map(|(_, came)| episodes(came)) {
            push(ctx, out, weakness, &episode);
        }
    }
}

fn push(ctx: &Ctx<'_>, out: &mut Out, weakness: Weakness, episode: &[&Visit<'_>]) {
    let Some(first) = episode.first() else { return };
    let successes = episode.iter().filter(|visit| visit.succeeded()).count();
    let draft = about_person(ctx, first)
        .key(format!("{}/{}", weakness.key(), first.event.id))
        .title(weakness.title())
        .severity(if successes > 0 { Severity::High } else { Severity::Low })
        .note(if successes > 0 { first.at().date() } else { format!("{}, refused", first.at().date()) })
        .evidence("clientAppUsed", text(first.event.client_app_used.as_deref()), Dataset::SignIns)
        .evidence("authenticationProtocol", text(first.event.authentication_protocol.as_deref()), Dataset::SignIns)
        .evidence("originalTransferMethod", text(first.event.original_transfer_method.as_deref()), Dataset::SignIns)
        .evidence("status.errorCode", first.event.error_code, Dataset::SignIns)
        .evidence("successes", successes, Dataset::SignIns);
    let draft = match weakness {
        Weakness::LegacyClient => draft.setting("legacy-clients", ctx.settings.list("legacy-clients").to_vec()),
        Weakness::PasswordGrant | Weakness::DeviceCode => draft,
    };
    out.push(extent(draft, episode));
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::domain::Severity;
    use crate::policy::rules::testing::{Case, customer_case, visit};

    fn with(events: Vec<Value>) -> Case {
        customer_case(json!({ "signIns": { "events": events } }))
    }

    fn keys(more: Value) -> Vec<String> {
        with(vec![visit("e", -5, more)]).run(&RULE).findings.into_iter().map(|draft| draft.own_key).collect()
    }

    #[test]
    fn each_weakness_has_its_sign() {
        assert!(keys(json!({})).is_empty());
        assert_eq!(keys(json!({ "authenticationProtocol": "deviceCode" })), ["device-code/e"]);
        assert_eq!(keys(json!({ "originalTransferMethod": "DeviceCodeFlow" })), ["device-code/e"]);
        assert_eq!(keys(json!({ "authenticationProtocol": "ropc" })), ["password-grant/e"]);
        for client in ["IMAP4", "POP3", "MAPI Over HTTP", "Authenticated SMTP", "Exchange ActiveSync", "Other clients; IMAP", "smtp"] {
            assert_eq!(keys(json!({ "clientAppUsed": client })), ["legacy-client/e"], "{client}");
        }
        for client in ["Browser", "Mobile Apps and Desktop clients", "", "Notes IMAP"] {
            assert!(keys(json!({ "clientAppUsed": client })).is_empty(), "{client}");
        }
        assert!(keys(json!({ "clientAppUsed": null, "authenticationProtocol": null, "originalTransferMethod": null })).is_empty());
    }

    #[test]
    fn the_list_of_clients_is_the_organisation_s() {
        let case = |client: &str| with(vec![visit("e", -5, json!({ "clientAppUsed": client }))]).list("legacy-clients", &["exchange web"]);
        assert!(case("Exchange Web Services").fires(&RULE));
        assert!(!case("IMAP4").fires(&RULE));
    }

    #[test]
    fn one_success_makes_the_episode_high() {
        let code =
            |id: &str, hours: i64, error: i32| visit(id, hours, json!({ "authenticationProtocol": "deviceCode", "errorCode": error }));
        let found = |events: Vec<Value>| {
            with(events).run(&RULE).findings.into_iter().map(|draft| (draft.own_key, draft.severity.unwrap())).collect::<Vec<_>>()
        };
        assert_eq!(found(vec![code("a", -5, 50126)]), [("device-code/a".into(), Severity::Low)]);
        assert_eq!(found(vec![code("a", -5, 50126), code("b", -4, 0)]), [("device-code/a".into(), Severity::High)]);
        let apart = found(vec![code("a", -50, 50126), code("b", -4, 0)]);
        assert_eq!(apart, [("device-code/a".into(), Severity::Low), ("device-code/b".into(), Severity::High)]);
    }
}
