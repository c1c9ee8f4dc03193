//! One outside tenant with everything that is known of it, and from where.

use std::collections::BTreeSet;

use crate::domain::conditional_access::{GapKind, Note, Reading, Verdict, VerdictKind};
use crate::domain::declared::Declared;
use crate::domain::ledger::{Basis, Entry, HeldRole, LedgerApp};
use crate::domain::report::TenantReport;
use crate::domain::{Timestamp, roles};

use super::Page;
use super::findings::approval_words;
use super::layout::{count, heading, name_or, paragraph, prose};
use super::outside::{class_word, is_stranger};
use super::roles::rank;

/// How many files are named below a ledger.
const MOST_FILES: usize = 3;

/// How wide a name gets at most.
const NAME: usize = 120;

/// Adds the evidence of one entry.
pub(super) fn write(out: &mut String, page: &Page<'_>, tenant: &TenantReport, entry: &Entry) {
    let title = format!("{}: {}", name(&entry.name, &entry.tenant_id), class_word(&entry.class));
    heading(out, &prose(&title), page.width);
    let mut say = |label: &str, text: String| {
        if !text.is_empty() {
            paragraph(out, &format!("  {label}: "), &text, page.width);
        }
    };
    say(
        "tenant",
        join([
            Some(name(&entry.tenant_id, "?")),
            entry.domain.as_deref().filter(|domain| *domain != entry.tenant_id).map(|domain| name(domain, "?")),
        ]),
    );
    say("why", prose(&entry.class_reason));
    let stranger = if is_stranger(entry, tenant) { "no".to_owned() } else { String::new() };
    say("approved", tenant.approved.get(&entry.tenant_id).map_or(stranger, approval_words));
    for role in &entry.roles {
        say("role", held(role));
    }
    say("ceiling", ceiling(entry));
    for app in &entry.apps {
        say("app", application(app));
    }
    for guest in &entry.guests {
        let held: Vec<String> = guest.roles.iter().map(held).collect();
        say("guest", format!("{}: {}", name(&guest.name, &guest.id), held.join("; ")));
    }
    say("settings", settings(entry));
    say("Conditional Access", entry.conditional_access.as_ref().map(access).unwrap_or_default());
    say("sign-ins", sign_ins(entry));
    say("audit events", if entry.audit_events.is_empty() { String::new() } else { entry.audit_events.len().to_string() });
    say("subscriptions", list(&entry.subscriptions));
    for row in &entry.governance {
        let status = row.status.as_deref().unwrap_or("unknown status");
        let ends = match row.governed_tenant_can_terminate {
            Some(false) => Some("this tenant cannot end it".to_owned()),
            Some(true) | None => None,
        };
        let roles = (!row.roles.is_empty()).then(|| role_names(&row.roles));
        say("governance", join([Some(format!("{} {}", name(row.kind.as_str(), "?"), name(status, "?"))), roles, ends]));
    }
    for text in declared(entry, &tenant.declared) {
        say("declared", text);
    }
    say("observed", observed(entry));
    say("not readable", unread(entry));
}

fn name(name: &str, id: &str) -> String {
    prose(&name_or(name, id, NAME))
}

fn join<const N: usize>(parts: [Option<String>; N]) -> String {
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn list(names: &[String]) -> String {
    names.iter().map(|text| name(text, "?")).collect::<Vec<_>>().join(", ")
}

fn role_names(ids: &[String]) -> String {
    let mut ids: Vec<&String> = ids.iter().collect();
    ids.sort_by_key(|id| (rank(roles::tier(id)), id.as_str()));
    ids.iter().map(|id| format!("{} {}", tier(roles::tier(id)), name(roles::name(id), id))).collect::<Vec<_>>().join(", ")
}

fn tier(tier: Option<u8>) -> String {
    tier.map_or_else(|| "T?".to_owned(), |tier| format!("T{tier}"))
}

/// `T0 Global Administrator by Admins (group 1234…) at /, eligible only`.
fn held(role: &HeldRole) -> String {
    let holder = if role.principal_name == role.principal_id {
        format!("{} {}", name(&role.principal_kind, "?"), name(&role.principal_id, "?"))
    } else {
        format!("{} ({} {})", name(&role.principal_name, "?"), name(&role.principal_kind, "?"), name(&role.principal_id, "?"))
    };
    let scope = if role.scope == "/" { "in the whole tenant".to_owned() } else { format!("at {}", name(&role.scope, "?")) };
    let eligible = if role.eligible_only { ", eligible only" } else { "" };
    format!("{} {} by {holder} {scope}{eligible}", tier(role.tier), name(&role.role_name, &role.role_id))
}

fn ceiling(entry: &Entry) -> String {
    let Some(ids) = &entry.ceiling else { return String::new() };
    let made = entry.ceiling_created.map(|at| format!(", made {}", at.date())).unwrap_or_default();
    if ids.is_empty() { format!("no role{made}") } else { format!("{}{made}", role_names(ids)) }
}

fn application(app: &LedgerApp) -> String {
    let strong = |value: &String| app.strong.contains(value);
    let others = app.permissions.iter().chain(&app.scopes).filter(|value| !strong(value)).collect::<BTreeSet<_>>().len();
    join([
        Some(name(&app.name, &app.id)),
        (!app.app_id.is_empty()).then(|| format!("application id {}", name(&app.app_id, "?"))),
        Some(match &app.verified_publisher {
            Some(publisher) => format!("verified publisher {}", name(publisher, "?")),
            None => "publisher not verified".to_owned(),
        }),
        (app.enabled == Some(false)).then(|| "disabled".to_owned()),
        (!app.strong.is_empty()).then(|| format!("strong: {}", list(&app.strong))),
        (others > 0).then(|| count(others as u64, if app.strong.is_empty() { "permission" } else { "other permission" })),
        (!app.roles.is_empty()).then(|| app.roles.iter().map(held).collect::<Vec<_>>().join("; ")),
    ])
}

fn settings(entry: &Entry) -> String {
    let Some(settings) = &entry.settings else {
        return if entry.inbound_sync { "makes users here by synchronisation".to_owned() } else { String::new() };
    };
    let trust = settings.inbound_trust.unwrap_or_default();
    let facts = [
        (trust.is_mfa_accepted, "multifactor done at home"),
        (trust.is_compliant_device_accepted, "compliant devices of theirs"),
        (trust.is_hybrid_device_accepted, "hybrid-joined devices of theirs"),
    ];
    let trusted: Vec<&str> = facts.iter().filter(|(set, _)| *set == Some(true)).map(|(_, text)| *text).collect();
    let opened = [
        (settings.auto_consent_inbound, "users come in without a consent prompt"),
        (settings.direct_connect_inbound_all, "direct connect is open to all of their users"),
        (entry.inbound_sync.then_some(true), "makes users here by synchronisation"),
    ];
    let mut parts = vec![match (trusted.is_empty(), facts.iter().any(|(set, _)| set.is_none())) {
        (true, true) => "whether anything of theirs is trusted is not known".to_owned(),
        (true, false) => "trusts nothing of theirs".to_owned(),
        (false, _) => format!("trusts {}", trusted.join(", ")),
    }];
    parts.extend(opened.iter().filter(|(set, _)| *set == Some(true)).map(|(_, text)| (*text).to_owned()));
    parts.join("; ")
}

/// A verdict in words.
pub(super) fn access_word(kind: VerdictKind) -> &'static str {
    match kind {
        VerdictKind::Enforced => "enforced",
        VerdictKind::Partly => "partly",
        VerdictKind::ReportOnly => "report only",
        VerdictKind::NotCovered => "not covered",
        VerdictKind::Blocked => "blocked",
        VerdictKind::Unknown => "not known",
    }
}

/// The verdict, the policies that decide it, the gaps and the reading.
fn access(verdict: &Verdict) -> String {
    let mut parts = vec![access_word(verdict.kind).to_owned()];
    let policies: Vec<String> = verdict.by.iter().map(|policy| name(&policy.name, &policy.id)).collect();
    if !policies.is_empty() {
        parts.push(format!("by {}", policies.join(", ")));
    }
    parts.extend(verdict.gaps.iter().map(|gap| {
        format!("open in {}: {} {}", name(&gap.policy.name, &gap.policy.id), gap_word(gap.kind), gap_value(gap.kind, &gap.value))
    }));
    parts.extend(verdict.reading.map(|reading| match reading {
        Reading::AllMeansTechniciansToo => "read: policies for all users hold for its people too (`--conditional-access-all-users directory-only` turns it)".to_owned(),
        Reading::AllMeansDirectoryUsers => "read: policies for all users hold for users of this directory only (`--conditional-access-all-users technicians-too` turns it)".to_owned(),
    }));
    parts.extend(verdict.security_defaults.then(|| "security defaults are on".to_owned()));
    parts.extend(verdict.notes.iter().map(|note| match note {
        Note::DeviceControlsBlock { policy } => {
            format!("{} demands a managed device, and theirs are not accepted: in effect a block", name(&policy.name, &policy.id))
        }
        Note::SecurityDefaultsNotRead => "whether security defaults are on was not read".to_owned(),
    }));
    parts.join("; ")
}

/// The role by its name, anything else as written.
fn gap_value(kind: GapKind, value: &str) -> String {
    name(if kind == GapKind::Role { roles::name(value) } else { value }, "?")
}

fn gap_word(kind: GapKind) -> &'static str {
    match kind {
        GapKind::PartnerExcluded => "its people are excluded by",
        GapKind::WeakGrant => "can be met with",
        GapKind::UserActionsOnly => "governs user actions only:",
        GapKind::AuthenticationContextOnly => "governs an authentication context only:",
        GapKind::Role => "role",
        GapKind::Application => "application",
        GapKind::ApplicationFilter => "application filter",
        GapKind::ClientApp => "client",
        GapKind::Platform => "platform",
        GapKind::Location => "place",
        GapKind::SignInRisk => "sign-in risk",
        GapKind::UserRisk => "user risk",
        GapKind::InsiderRisk => "insider risk",
        GapKind::AuthenticationFlow => "flow",
        GapKind::DeviceFilter => "device filter",
        GapKind::UnknownCondition => "condition that is not known:",
        GapKind::Unreadable => "could not be read:",
    }
}

fn sign_ins(entry: &Entry) -> String {
    let (Some(first), Some(last)) = (entry.first_sign_in, entry.last_sign_in) else { return String::new() };
    let people: Vec<String> = entry
        .technicians
        .iter()
        .map(|person| format!("user_{} ({}, last {})", name(&person.id, "?"), count(person.sign_ins, "sign-in"), person.last_seen.date()))
        .collect();
    let by = if people.is_empty() { String::new() } else { format!(", by {}", people.join(", ")) };
    format!("first {}, last {}{by}", first.date(), last.date())
}

/// The files that speak of some entries, each with its date; of many how many and from when to when.
pub(super) fn sources<'a>(entries: impl Iterator<Item = &'a Entry>, declared: &Declared, full: bool) -> String {
    let files = |entry: &Entry| -> Vec<usize> {
        let of_relationships = entry.declared_relationships.iter().filter_map(|index| declared.relationships.get(*index));
        let of_partners = entry.declared_partners.iter().filter_map(|index| declared.partners.get(*index));
        of_relationships.map(|row| row.file).chain(of_partners.map(|row| row.file)).collect()
    };
    let files: BTreeSet<usize> = entries.flat_map(files).collect();
    if full || files.len() <= MOST_FILES {
        return files.into_iter().map(|file| source(declared, file)).collect::<Vec<_>>().join(", ");
    }
    let dates: BTreeSet<String> = files.iter().map(|file| dated(declared, *file)).collect();
    let span: Vec<String> = dates.first().into_iter().chain(dates.last().filter(|_| dates.len() > 1)).cloned().collect();
    format!("{} files of {} (--full names them)", files.len(), span.join(" to "))
}

/// `partner.json of 2026-01-31`.
fn source(declared: &Declared, file: usize) -> String {
    let named = declared.files.get(file).map_or_else(|| "a file".to_owned(), |file| name(&file.name, "a file"));
    format!("{named} of {}", dated(declared, file))
}

fn dated(declared: &Declared, file: usize) -> String {
    declared.files.get(file).and_then(|file| file.dated).map_or_else(|| "undated".to_owned(), Timestamp::date)
}

/// What files say, each with the file and its date.
fn declared(entry: &Entry, declared: &Declared) -> Vec<String> {
    let source = |file: usize| source(declared, file);
    let date = |lead: &str, at: Option<Timestamp>| at.map(|at| format!("{lead} {}", at.date()));
    let relationships = entry.declared_relationships.iter().filter_map(|index| declared.relationships.get(*index)).map(|row| {
        let relationship = &row.relationship;
        join([
            Some(format!("{}: relationship {}", source(row.file), name(&relationship.display_name, &relationship.id))),
            Some(name(relationship.status.as_str(), "?")),
            (!relationship.roles.is_empty()).then(|| role_names(&relationship.roles)),
            date("since", relationship.activated_date_time),
            date("ends", relationship.end_date_time),
            relationship.auto_extends().then(|| "renews itself".to_owned()),
        ])
    });
    let partners = entry.declared_partners.iter().filter_map(|index| declared.partners.get(*index)).map(|row| {
        join([
            Some(format!("{}: {}", source(row.file), name(row.name.as_deref().unwrap_or_default(), &row.partner_tenant_id))),
            row.kind.as_deref().map(|kind| name(kind, "?")),
            (!row.roles.is_empty()).then(|| role_names(&row.roles)),
            date("from", row.start),
            date("to", row.end),
        ])
    });
    relationships.chain(partners).collect()
}

/// From which datasets the facts come that were read in full: an absence of theirs is one too.
fn observed(entry: &Entry) -> String {
    let read = entry.provenance.iter().filter(|(_, known)| known.basis == Basis::Observed && !known.status.is_unread());
    read.map(|(fact, known)| format!("{fact} ({})", known.dataset)).collect::<Vec<_>>().join(", ")
}

/// The facts that could not be read, or not in full.
fn unread(entry: &Entry) -> String {
    let gaps = entry.provenance.iter().filter(|(_, known)| known.basis == Basis::NotReadable || known.status.is_unread());
    gaps.map(|(fact, known)| format!("{fact} ({}: {})", known.dataset, known.status)).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::super::super::sample;
    use super::*;

    fn shown(report: &crate::domain::Report, index: usize) -> String {
        let mut out = String::new();
        let tenant = &report.tenants[0];
        write(&mut out, &Page { report, width: 200, full: true }, tenant, &tenant.partners[index]);
        super::super::ink::paint(&out, false)
    }

    #[test]
    fn everything_known_is_said_with_its_source() {
        let report = sample::customer_findings();
        let text = shown(&report, 0);
        for part in [
            "why: it has a service provider entry",
            "approved: no",
            "observed: appSignIns (app-sign-ins), applications (service-principals)",
            "role: T0 Global Administrator by Fabrikam Admins (group ",
            "ceiling: T0 Global Administrator, T1 Exchange Administrator, T3 Global Reader, made 2025-01-01",
            "settings: trusts multifactor done at home",
            "Conditional Access: not covered; open in Require MFA: its people are excluded by",
            "sign-ins: first 2026-01-08, last 2026-01-09, by user_0123456789abcdef0123456789abcdef (2 sign-ins, last 2026-01-09)",
            "audit events: 1",
            "subscriptions: sub-1",
            "declared: partner.json of 2025-12-24: relationship GDAP Contoso, active, T0 Global Administrator, ends 2026-06-01, renews itself",
        ] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
        assert!(!text.contains("not readable"), "{text}");
    }

    #[test]
    fn an_approval_is_named_and_nobody_asks_for_one_where_none_is_due() {
        let mut report = sample::customer_findings();
        let of = |report: &crate::domain::Report, wanted: &dyn Fn(&Entry) -> bool| {
            shown(report, report.tenants[0].partners.iter().position(wanted).unwrap())
        };
        let approved = report.tenants[0].approved.keys().next().unwrap().clone();
        let text = of(&report, &|entry| entry.tenant_id == approved);
        assert!(text.contains("approved: by it@contoso.example, until 2027-01-31, CHG-1042"), "{text}");
        assert!(!of(&report, &|entry| !entry.can_administer).contains("approved:"));
        report.tenants[0].partners[0].class = crate::domain::ledger::Class::MicrosoftSupport;
        assert!(!shown(&report, 0).contains("approved:"));
    }

    #[test]
    fn gaps_are_named_with_their_dataset() {
        let text = shown(&sample::customer_incomplete(), 0);
        assert!(text.contains("roles (role-assignments: denied)") && text.contains("signIns (sign-ins:"), "{text}");
    }
}
