//! The words of rules, frozen: notes and evidence are read by people, and a slip in them fails nothing else.

use std::collections::BTreeMap;

use super::{ALL, judge, loaded};
use crate::domain::limits::{NetRange, WorkHours};
use crate::domain::{Timestamp, roles};
use crate::policy::examples::Kind;
use crate::policy::rule::{Draft, Rule};
use crate::policy::settings::{Approved, Settings};

/// What each rule says in its failing examples, word for word.
#[test]
fn what_rules_say_of_their_examples() {
    let said = said(&Settings::default());
    insta::assert_snapshot!(
        "said",
        said.into_iter().map(|(of, lines)| format!("{of}\n{}", lines.join("\n"))).collect::<Vec<_>>().join("\n")
    );
}

/// What they say otherwise of an outside tenant, or a customer, that was approved: within limits that it breaks, and for all that it does.
#[test]
fn what_rules_say_of_what_is_approved() {
    let plain = said(&Settings::default());
    let mut told = Vec::new();
    for (name, approved) in approvals() {
        let lines = said(&Settings { approved, ..Settings::default() });
        for (of, lines) in lines {
            let before = plain.get(&of);
            let new: Vec<String> = lines.into_iter().filter(|line| !before.is_some_and(|before| before.contains(line))).collect();
            if before.is_none() || !new.is_empty() {
                told.push(format!("{name} {of}\n{}", new.join("\n")));
            }
        }
    }
    insta::assert_snapshot!("said_of_what_is_approved", told.join("\n"));
}

/// Tenants that are approved in the examples: every other tenant that they name.
const APPROVED: [&str; 3] =
    ["22222222-2222-4222-8222-222222222222", "33333333-3333-4333-8333-333333333333", crate::domain::customer::MICROSOFT_SUPPORT_TENANT];

fn approvals() -> [(&'static str, Vec<Approved>); 3] {
    let of = |approved: &Approved| APPROVED.map(|id| Approved { tenant_id: id.into(), owner: "it@example.com".into(), ..approved.clone() });
    let role = |id: &str| Some(vec![id.to_owned()]);
    let hours = Some(WorkHours { start: 60, end: 120, offset: 0, days: Vec::new() });
    let narrow = Approved {
        roles: role("29232cdf-9323-42fd-ade2-1d097af3e4de"),
        countries: Some(vec!["CH".into()]),
        networks: Some(vec![NetRange::System(64_999)]),
        hours,
        ..Approved::default()
    };
    let wide = Approved { roles: Some(roles::all().iter().map(|role| role.id.to_owned()).collect()), ..Approved::default() };
    let ended = Approved { until: Timestamp::parse("2026-01-01T00:00:00Z"), ..wide.clone() };
    [("narrow", of(&narrow).to_vec()), ("wide", of(&wide).to_vec()), ("ended", of(&ended).to_vec())]
}

/// What each rule says of each of its failing examples, line by line.
fn said(settings: &Settings) -> BTreeMap<String, Vec<String>> {
    let mut said: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for rule in ALL {
        for (number, example) in loaded(rule).iter().filter(|example| example.kind == Kind::Fail).enumerate() {
            let outs = judge(rule, &example.json, example.before.as_ref(), settings).unwrap_or_default();
            for draft in outs.iter().flat_map(|out| &out.findings) {
                let Draft { subject, own_key, .. } = draft;
                let of = format!("{} {}: {} {:?} {own_key}", rule.meta.id, number + 1, subject.kind, subject.name);
                said.insert(of.trim_end().to_owned(), lines_of(draft, rule));
            }
        }
    }
    said
}

fn lines_of(draft: &Draft, rule: &Rule) -> Vec<String> {
    let parties = draft.partner.iter().chain(&draft.customer).map(|party| party.name.as_str()).collect::<Vec<_>>().join(", ");
    let since = draft.since.map(|since| format!("since {since}"));
    let mut lines = vec![format!("    {}, {:?}", draft.severity.unwrap_or(rule.meta.severity), draft.confidence)];
    let texts = [draft.title.as_deref(), draft.note.as_deref(), Some(&parties), since.as_deref()];
    lines.extend(texts.into_iter().flatten().filter(|text| !text.is_empty()).map(|text| format!("    {text}")));
    lines.extend(draft.evidence.iter().map(|evidence| format!("    - {} = {} ({})", evidence.field, evidence.value, evidence.source)));
    lines.extend(draft.approval.iter().map(|_| "    approved".to_owned()));
    lines
}
