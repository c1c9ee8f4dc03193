//! `[[waiver]]`: findings that the organisation tolerates for a time. They stay in every report and do not count; an ended waiver lets them
//! count again and says so; one that matches nothing is told.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::report::{NotEvaluated, Note, NoteKind};
use crate::domain::{Finding, State, Timestamp, View, Waiver as Waived};

use super::settings::{Settings, Waiver};

/// What a waiver is held against.
#[derive(Debug, Clone, Copy)]
pub(super) struct Named<'a> {
    pub(super) rule_id: &'a str,
    pub(super) subject_id: &'a str,
    pub(super) fingerprint: &'a str,
    pub(super) partner: Option<&'a str>,
    pub(super) customer: Option<&'a str>,
}

impl<'a> Named<'a> {
    fn of(finding: &'a Finding) -> Self {
        Named {
            rule_id: &finding.rule_id,
            subject_id: &finding.subject.id,
            fingerprint: &finding.fingerprint,
            partner: finding.partner.as_ref().map(|party| party.tenant_id.as_str()),
            customer: finding.customer.as_ref().map(|party| party.tenant_id.as_str()),
        }
    }
}

impl Waiver {
    /// True if it has not ended.
    pub(super) fn holds(&self, now: Timestamp) -> bool {
        now <= self.until
    }

    /// True if it means this finding.
    pub(super) fn names(&self, of: &Named<'_>) -> bool {
        let is = |wanted: &Option<String>, found: Option<&str>| {
            wanted.as_deref().is_none_or(|wanted| found.is_some_and(|found| found.eq_ignore_ascii_case(wanted)))
        };
        self.rule_id == of.rule_id
            && (self.subject.eq_ignore_ascii_case(of.subject_id) || self.subject.eq_ignore_ascii_case(of.fingerprint))
            && is(&self.partner, of.partner)
            && is(&self.customer, of.customer)
    }

    fn waived(&self) -> Waived {
        Waived { reason: self.reason.clone(), owner: self.owner.clone(), until: self.until }
    }
}

/// Marks what is waived, and hands back what is to be said of the waivers.
pub(super) fn apply(
    findings: &mut [Finding],
    not_evaluated: &[NotEvaluated],
    views: &BTreeSet<View>,
    settings: &Settings,
    now: Timestamp,
) -> Vec<Note> {
    // By rule and subject: a list of a thousand waivers is not walked for each finding.
    let mut known: BTreeMap<(&str, String), Vec<usize>> = BTreeMap::new();
    for (place, waiver) in settings.waivers.iter().enumerate() {
        known.entry((waiver.rule_id, waiver.subject.to_ascii_lowercase())).or_default().push(place);
    }
    // Whether a finding that it means counts: an ended one beside one that holds lets nothing count again.
    let mut matched: BTreeMap<usize, bool> = BTreeMap::new();
    for finding in findings.iter_mut().filter(|finding| finding.state != State::Resolved) {
        let keys = [finding.subject.id.to_ascii_lowercase(), finding.fingerprint.clone()];
        let named = Named::of(finding);
        let mut places: Vec<usize> = keys.into_iter().filter_map(|key| known.get(&(named.rule_id, key))).flatten().copied().collect();
        places.retain(|place| settings.waivers.get(*place).is_some_and(|waiver| waiver.names(&named)));
        // The one that lasts longest speaks, whatever their order.
        let last = places.iter().filter_map(|place| settings.waivers.get(*place)).map(|waiver| (waiver.holds(now), waiver.waived()));
        let last = last.max_by(|a, b| (a.1.until, &a.1).cmp(&(b.1.until, &b.1)));
        let counts = !matches!(last, Some((true, _)));
        for place in places {
            *matched.entry(place).or_default() |= counts;
        }
        match last {
            Some((true, waived)) => finding.standing.waiver = Some(waived),
            Some((false, waived)) => finding.standing.ended_waiver = Some(waived),
            None => {}
        }
    }
    let mut notes: Vec<Note> = settings
        .waivers
        .iter()
        .enumerate()
        .filter(|(_, waiver)| is_judged(waiver, views, settings))
        .filter_map(|(place, waiver)| note(waiver, matched.get(&place).copied(), not_evaluated, now))
        .collect();
    notes.sort();
    notes.dedup();
    notes
}

/// A rule that was not selected, or does not judge what this run judges, says nothing of its waivers.
fn is_judged(waiver: &Waiver, views: &BTreeSet<View>, settings: &Settings) -> bool {
    settings.selects(waiver.rule_id) && settings.meta(waiver.rule_id).is_some_and(|meta| meta.views.iter().any(|view| views.contains(view)))
}

/// `counts`: whether a finding that it means counts; `None`: it means none.
fn note(waiver: &Waiver, counts: Option<bool>, not_evaluated: &[NotEvaluated], now: Timestamp) -> Option<Note> {
    let which = format!("the waiver of {} for {}", waiver.rule_id, waiver.subject);
    let (kind, text) = match (counts, waiver.holds(now)) {
        (Some(_), true) => return None,
        (Some(false), false) => {
            (NoteKind::EndedWaiver, format!("{which} ended on {}: another one holds, take it out", waiver.until.date()))
        }
        (Some(true), false) => {
            (NoteKind::EndedWaiver, format!("{which} ended on {}: the finding counts again ({})", waiver.until.date(), waiver.owner))
        }
        // Nobody should take a waiver out because the facts behind it could not be read.
        (None, _) if not_evaluated.iter().any(|entry| entry.rule_id == waiver.rule_id) => {
            (NoteKind::UnmatchedWaiver, format!("{which} matches no finding, but that rule could not be fully judged"))
        }
        (None, _) => (NoteKind::UnmatchedWaiver, format!("{which} matches no finding: take it out, or mend its subject")),
    };
    Some(Note {
        kind,
        rule_id: Some(waiver.rule_id.to_owned()),
        subject: Some(waiver.subject.clone()),
        dataset: None,
        until: Some(waiver.until),
        text,
    })
}
