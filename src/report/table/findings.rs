//! Findings, worst first, those that say the same with the same severity together: who, what, since when, what to do.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::{Approval, Confidence, Finding, Party, Severity, State, View, Waiver};

use super::ink::Ink;
use super::layout::{Column, count, grid, heading, name_or, paragraph, prose, share, wrap, wrap_at_most};
use super::{Page, shown, state_word};

/// Groups of findings up to which each shows as many subjects as it may.
const FEW_GROUPS: usize = 10;

/// How wide a row gets at most.
const WIDEST_ROW: usize = 130;

/// How many titles of one rule may each stand above their findings; where there are more, each stands in its finding's row.
const MOST_TITLES: usize = 5;

/// How many different remedies of one group are shown.
const REMEDIES: usize = 2;

/// How many different approvals of one group are shown.
const APPROVALS: usize = 3;

/// Findings of one rule with one severity in one tenant that say the same; or all of these, where each says something else.
struct Group<'a> {
    findings: Vec<&'a Finding>,
}

/// What makes findings one rule's: severity, tenant, view, rule.
type Key<'a> = (Severity, &'a str, View, &'a str);

/// Adds the findings, or says that there is none.
pub(super) fn write(out: &mut String, page: &Page<'_>) {
    let groups = gather(&page.report.findings);
    if groups.is_empty() {
        heading(out, "No findings", page.width);
        return;
    }
    heading(out, "Findings", page.width);
    let crowded = groups.len() > FEW_GROUPS;
    let mut told = BTreeSet::new();
    for group in &groups {
        write_group(out, page, group, crowded);
        remedies(out, page, group, &mut told);
        approvals(out, page, group);
    }
}

fn key(finding: &Finding) -> Key<'_> {
    (finding.severity, &finding.tenant_id, finding.view, &finding.rule_id)
}

/// Groups in the order in which the first of each comes.
fn gather(findings: &[Finding]) -> Vec<Group<'_>> {
    let mut titles: BTreeMap<Key<'_>, BTreeSet<&str>> = BTreeMap::new();
    for finding in findings {
        titles.entry(key(finding)).or_default().insert(&finding.title);
    }
    let mut places: BTreeMap<(Key<'_>, &str), usize> = BTreeMap::new();
    let mut groups: Vec<Group<'_>> = Vec::new();
    for finding in findings {
        let key = key(finding);
        let few = titles.get(&key).is_some_and(|titles| titles.len() <= MOST_TITLES);
        let place = *places.entry((key, if few { &finding.title } else { "" })).or_insert(groups.len());
        match groups.get_mut(place) {
            Some(group) => group.findings.push(finding),
            None => groups.push(Group { findings: vec![finding] }),
        }
    }
    groups
}

/// How many subjects are shown.
fn most_shown(severity: Severity, crowded: bool) -> usize {
    match (severity, crowded) {
        (Severity::Critical | Severity::High, false) => 5,
        (Severity::Critical | Severity::High, true) | (Severity::Medium, false) => 3,
        (Severity::Medium, true) | (Severity::Low | Severity::Info, false) => 2,
        (Severity::Low | Severity::Info, true) => 1,
    }
}

fn write_group(out: &mut String, page: &Page<'_>, group: &Group<'_>, crowded: bool) {
    let Some(first) = group.findings.first() else { return };
    let one_title = group.findings.iter().all(|finding| finding.title == first.title);
    title(out, page, group, first, one_title);
    let shown = shown(page, group.findings.len(), most_shown(first.severity, crowded));
    let shape = Shape::of(&group.findings, !one_title, page);
    grid(out, 4, &shape.columns, group.findings.iter().take(shown).map(|finding| shape.row(finding)).collect());
    if shown < group.findings.len() {
        paragraph(out, "    ", &format!("and {} more (--full lists them)", group.findings.len() - shown), page.width);
    }
}

/// `critical  PRV-01  title (12 relationships)`, with the tenant where there are several.
fn title(out: &mut String, page: &Page<'_>, group: &Group<'_>, first: &Finding, one_title: bool) {
    let kind = &first.subject.kind;
    let noun = if group.findings.iter().all(|finding| finding.subject.kind == *kind) { kind } else { "finding" };
    let what = if one_title { prose(&first.title) } else { prose(&first.rule_id) };
    let tenant = page.report.tenants.iter().find(|tenant| tenant.tenant_id == first.tenant_id && tenant.view == first.view);
    let place = tenant.map(|tenant| page.of_tenant(tenant)).unwrap_or_default();
    let waived = match group.findings.iter().filter(|finding| finding.standing.waiver.is_some()).count() {
        0 => String::new(),
        number => format!(", {number} waived"),
    };
    let text = format!("{what} ({}{waived}{place})", count(group.findings.len() as u64, &prose(noun)));
    let severity = format!("{:<8}", first.severity.as_str());
    let code = format!("  {:<6}  ", name_or(&first.code, "?", 12));
    let indent = severity.len() + code.len();
    for (number, line) in wrap(&text, page.width - indent).iter().enumerate() {
        if number == 0 {
            out.push_str(&Ink::from(first.severity).on(&severity));
            out.push_str(&code);
        } else {
            out.push_str(&" ".repeat(indent));
        }
        out.push_str(line);
        out.push('\n');
    }
}

/// What to do: each remedy of a rule once, however many groups the rule has.
fn remedies<'a>(out: &mut String, page: &Page<'_>, group: &Group<'a>, told: &mut BTreeSet<(&'a str, &'a str)>) {
    let mut fresh = Vec::new();
    // What is approved or waived needs no mending.
    for finding in group.findings.iter().filter(|finding| finding.standing.counts()) {
        if !finding.remediation.is_empty() && told.insert((&finding.rule_id, &finding.remediation)) {
            fresh.push(&*finding.remediation);
        }
    }
    let shown = if page.full { fresh.len() } else { REMEDIES };
    let most = (!page.full).then_some(2);
    for remedy in fresh.iter().take(shown) {
        for (number, line) in wrap_at_most(&prose(remedy), page.width - 9, most).iter().enumerate() {
            out.push_str(if number == 0 { "    Fix: " } else { "         " });
            out.push_str(line);
            out.push('\n');
        }
    }
}

/// Who approved what: each approval once, with how many findings it covers where it does not cover all.
fn approvals(out: &mut String, page: &Page<'_>, group: &Group<'_>) {
    let mut given: Vec<(&Approval, u64)> = Vec::new();
    for approval in group.findings.iter().filter_map(|finding| finding.standing.approval.as_ref()) {
        match given.iter_mut().find(|(known, _)| *known == approval) {
            Some((_, covered)) => *covered += 1,
            None => given.push((approval, 1)),
        }
    }
    let all = group.findings.len() as u64;
    for (approval, covered) in given.iter().take(shown(page, given.len(), APPROVALS)) {
        let how_many = if *covered == all { String::new() } else { format!(" ({covered} of {all})") };
        paragraph(out, "    Approved: ", &format!("{}{how_many}", approval_words(approval)), page.width);
    }
}

/// `by it@contoso.example, until 2027-03-31, CHG-1042`.
pub(super) fn approval_words(approval: &Approval) -> String {
    let until = approval.until.map(|until| format!(", until {}", until.date())).unwrap_or_default();
    let ticket = approval.ticket.as_deref().map(|ticket| format!(", {}", prose(&name_or(ticket, "?", 120)))).unwrap_or_default();
    format!("by {}{until}{ticket}", prose(&name_or(&approval.owner, "?", 120)))
}

/// Which columns the rows of a group have.
struct Shape {
    columns: Vec<Column>,
    other: bool,
    what: bool,
    own_titles: bool,
    full: bool,
}

impl Shape {
    fn of(findings: &[&Finding], own_titles: bool, page: &Page<'_>) -> Shape {
        // Names are at most 50 letters long: more room would only pull a row apart.
        let width = if page.full { page.width - 4 } else { page.width.min(WIDEST_ROW) - 4 };
        let other = findings.iter().any(|finding| other_side(finding).is_some());
        let what = own_titles || page.full || findings.iter().any(|finding| !notes(finding).is_empty());
        let since = ("", 16, 0);
        let columns = match (other, what) {
            (true, true) => share(width, [("", 12, 2), ("", 10, 1), ("", 12, 2), since]).to_vec(),
            (true, false) => share(width, [("", 16, 2), ("", 14, 2), since]).to_vec(),
            (false, true) => share(width, [("", 16, 1), ("", 16, 1), since]).to_vec(),
            (false, false) => share(width, [("", 20, 1), since]).to_vec(),
        };
        Shape { columns, other, what, own_titles, full: page.full }
    }

    /// Who, in which customer or of which partner, what, since when.
    fn row(&self, finding: &Finding) -> Vec<Vec<String>> {
        let mut widths = self.columns.iter().map(|column| column.width);
        let mut next = || widths.next().unwrap_or(2);
        let mut cells = vec![self.name(&finding.subject.name, &finding.subject.id, "", next())];
        if self.other {
            let width = next();
            cells.push(other_side(finding).map_or_else(Vec::new, |(lead, party)| self.name(&party.name, &party.tenant_id, lead, width)));
        }
        if self.what {
            cells.push(self.what_of(finding, next()));
        }
        cells.push(finding.since.map(|since| format!("since {}", since.date())).into_iter().collect());
        cells
    }

    /// A name on one line, or in full on as many as it takes.
    fn name(&self, name: &str, id: &str, lead: &str, width: usize) -> Vec<String> {
        if self.full {
            return wrap(&format!("{lead}{}", prose(&name_or(name, id, 600))), width);
        }
        vec![format!("{lead}{}", name_or(name, id, width - lead.len()))]
    }

    /// The finding's own title if the group has none in common, notes, and in full the evidence.
    fn what_of(&self, finding: &Finding, width: usize) -> Vec<String> {
        let mut parts: Vec<String> = self.own_titles.then(|| prose(&finding.title)).into_iter().collect();
        parts.extend(notes(finding));
        if self.full {
            let evidence = finding.evidence.iter().map(|item| format!("{}: {}", prose(&item.field), prose(&value(&item.value))));
            parts.extend(evidence);
        }
        let most = (!self.full).then_some(3);
        parts.iter().flat_map(|part| wrap_at_most(part, width, most)).collect()
    }
}

/// The tenant on the other side, unless it is the subject itself: a partner's customer, or a customer's partner.
fn other_side(finding: &Finding) -> Option<(&'static str, &Party)> {
    let (lead, party) = match finding.view {
        View::Partner => ("in ", finding.customer.as_ref()?),
        View::Customer => ("of ", finding.partner.as_ref()?),
    };
    (party.tenant_id != finding.subject.id).then_some((lead, party))
}

/// What else is to be known: the measure that made it a finding, confidence below high, its state against a baseline, a severity that was changed.
fn notes(finding: &Finding) -> Vec<String> {
    let mut notes: Vec<String> = finding.note.as_deref().map(prose).into_iter().collect();
    match finding.confidence {
        Confidence::High => {}
        Confidence::Medium => notes.push("confidence medium".to_owned()),
        Confidence::Low => notes.push("confidence low".to_owned()),
    }
    if !matches!(finding.state, State::Unbaselined | State::Existing) {
        notes.push(state_word(finding.state).to_owned());
    }
    notes.extend(finding.severity_before.map(|before| format!("worse: was {before}")));
    let standing = &finding.standing;
    // Who approved it stands once for its whole group.
    if standing.approval.is_none() && finding.severity != finding.base_severity {
        let reason = standing.severity_reason.as_deref().map(|reason| format!(": {}", prose(reason))).unwrap_or_default();
        notes.push(format!("severity was {}{reason}", finding.base_severity));
    }
    notes.extend(standing.waiver.iter().map(|waiver| waived("waived until", waiver)));
    notes.extend(standing.ended_waiver.iter().map(|waiver| waived("its waiver ended on", waiver)));
    notes
}

fn waived(how: &str, waiver: &Waiver) -> String {
    format!("{how} {} by {}: {}", waiver.until.date(), prose(&waiver.owner), prose(&waiver.reason))
}

/// A value of evidence on one line.
fn value(value: &serde_json::Value) -> String {
    match value {
        serde_json::Value::String(text) => text.clone(),
        serde_json::Value::Array(items) if items.is_empty() => "none".to_owned(),
        serde_json::Value::Null => "not given".to_owned(),
        serde_json::Value::Array(items) => items.iter().map(self::value).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::sample;
    use super::*;
    use crate::domain::Report;

    fn shown(report: &Report, full: bool) -> String {
        let mut out = String::new();
        write(&mut out, &Page { report, width: 100, full });
        super::super::ink::paint(&out, false)
    }

    #[test]
    fn equal_rules_stand_together_and_their_remedy_once() {
        let text = shown(&sample::findings(), false);
        assert!(text.contains("critical  PRV-01  Relationship includes Global Administrator (10 relationships)"), "{text}");
        assert!(text.contains("    and 5 more (--full lists them)"), "{text}");
        assert_eq!(text.matches("LIF-02").count(), 2, "two severities, two groups: worst first\n{text}");
        assert_eq!(text.matches("Fix: ").count(), 4, "{text}");
        let order: Vec<usize> = ["critical  PRV", "high      LIF", "medium    LIF", "low       ASG", "info      COV"]
            .into_iter()
            .map(|part| text.find(part).unwrap())
            .collect();
        assert!(order.is_sorted());
    }

    #[test]
    fn what_is_said_differently_stands_apart() {
        let mut report = sample::clean();
        let row = sample::relationship(1, "Contoso", &[], &[]);
        report.findings = vec![
            sample::finding("ASG-03", Severity::Medium, "Access assignment is in error", &row),
            sample::finding("ASG-03", Severity::Medium, "Relationship is ending but does not end", &row),
        ];
        let text = shown(&report, false);
        assert!(text.contains("ASG-03  Access assignment is in error (1 relationship)"), "{text}");
        assert!(text.contains("ASG-03  Relationship is ending but does not end (1 relationship)"), "{text}");
        assert!(!text.contains("rule-asg-03"), "an id is no heading\n{text}");
    }

    #[test]
    fn what_is_approved_names_the_approval_in_place_of_a_remedy() {
        let mut report = sample::clean();
        let row = sample::relationship(1, "Contoso", &[], &[]);
        use crate::domain::Standing;
        let approval = Approval {
            owner: "it@contoso.example".into(),
            until: crate::domain::Timestamp::parse("2027-03-31T23:59:59Z"),
            ticket: Some("CHG-1042\u{1b}[2J".into()),
        };
        let plain = sample::finding("X-01", Severity::Info, "t", &row);
        let approved = Finding { standing: Standing { approval: Some(approval), ..Standing::default() }, ..plain.clone() };
        report.findings = vec![approved.clone(), approved.clone()];
        let text = shown(&report, false);
        assert!(text.contains("    Approved: by it@contoso.example, until 2027-03-31, CHG-1042"), "{text}");
        assert!(!text.contains("Fix: ") && !text.contains('\u{1b}'), "{text}");
        report.findings = vec![approved, plain];
        let text = shown(&report, false);
        assert!(text.contains("Fix: ") && text.contains("(1 of 2)"), "{text}");
    }

    #[test]
    fn a_rule_that_titles_each_finding_itself_stays_one_group() {
        let mut report = sample::clean();
        let row = sample::relationship(1, "Contoso", &[], &[]);
        report.findings = (0..6).map(|number| sample::finding("X-01", Severity::High, &format!("title {number}"), &row)).collect();
        let text = shown(&report, false);
        assert!(text.contains("X-01    rule-x-01 (6 relationships)") && text.contains("title 1"), "{text}");
    }

    #[test]
    fn a_line_that_counts_is_not_spent_on_one() {
        let mut report = sample::clean();
        let rows: Vec<_> = (0..7).map(|number| sample::relationship(number, "Contoso", &[], &[])).collect();
        let of = |number: usize| rows[..number].iter().map(|row| sample::finding("X-01", Severity::High, "t", row)).collect();
        report.findings = of(6);
        assert!(!shown(&report, false).contains("more"), "five and one are six");
        report.findings = of(7);
        assert!(shown(&report, false).contains("and 2 more (--full lists them)"));
    }

    #[test]
    fn evidence_that_is_empty_says_so() {
        assert_eq!(value(&serde_json::json!([])), "none");
        assert_eq!(value(&serde_json::Value::Null), "not given");
        assert_eq!(value(&serde_json::json!(["a", false])), "a, false");
    }

    #[test]
    fn a_row_says_who_where_what_and_since_when() {
        let text = shown(&sample::findings(), false);
        let row = text.lines().find(|line| line.contains("730 days")).unwrap();
        for part in ["GDAP_Contoso_1", "in Contoso", "limit 90", "since 2025-05-02"] {
            assert!(row.contains(part), "{row}");
        }
        assert!(text.contains("confidence medium"));
        let blank = sample::finding("X-01", Severity::Low, "t", &sample::relationship(7, "", &[], &[]));
        let mut report = sample::clean();
        report.findings = vec![Finding { subject: crate::domain::Subject { name: " ".into(), ..blank.subject.clone() }, ..blank }];
        assert!(shown(&report, false).contains("rel-00007"), "a blank name gives way to the id");
    }

    #[test]
    fn full_lists_all_with_evidence() {
        let text = shown(&sample::findings(), true);
        assert!(!text.contains("--full"));
        assert!((10..19).all(|number| text.contains(&format!("GDAP_Tailspin {number}_{number}"))), "{text}");
        assert!(text.contains("status: active"), "{text}");
    }

    #[test]
    fn what_is_waived_says_until_when_by_whom_and_why() {
        let mut report = sample::findings();
        let waiver =
            crate::domain::Waiver { reason: "agreed \u{1b}[31m".into(), owner: "it".into(), until: sample::at("2026-03-01T23:59:59Z") };
        let standing = crate::domain::Standing { waiver: Some(waiver), ..Default::default() };
        report.findings[0].standing = standing.clone();
        let flat = |report: &Report| shown(report, true).split_whitespace().collect::<Vec<_>>().join(" ");
        let text = flat(&report);
        assert!(text.contains("(10 relationships, 1 waived)") && text.contains("waived until 2026-03-01 by"), "{text}");
        assert!(!text.contains('\u{1b}'));
        report.findings[0].standing = crate::domain::Standing { ended_waiver: standing.waiver, ..Default::default() };
        let text = flat(&report);
        assert!(text.contains("its waiver ended on") && text.contains("(10 relationships)"), "{text}");
    }

    #[test]
    fn no_finding_is_said() {
        assert_eq!(shown(&sample::clean(), false), "\nNo findings\n");
    }
}
