//! What could not be read, what would change it, and which rules suffer from it.

use std::collections::BTreeMap;

use crate::domain::coverage::denied_permissions;
use crate::domain::report::{Accepted, CoverageRow, NotEvaluated, TenantReport};
use crate::domain::{Need, Report, Status};

use super::Page;
use super::layout::{count, grid, heading, name_or, paragraph, prose, share, wrap_at_most};

/// How many lines a reason may take.
const REASON_LINES: usize = 3;

/// How many lines may tell what rules lacked.
const MOST_LACKS: usize = 8;

/// True if something was not read in full, or a rule could not be judged for it; false if no more than what nobody asked for is missing.
pub(super) fn has_gap(report: &Report, tenant: &TenantReport) -> bool {
    let of_tenant = |row: &NotEvaluated| row.tenant_id == tenant.tenant_id && row.view == tenant.view;
    tenant.coverage.iter().any(|row| row.coverage.status.is_unread()) || report.not_evaluated.iter().any(of_tenant)
}

/// Adds the gaps; nothing where there is none, for the verdict says so.
pub(super) fn write(out: &mut String, page: &Page<'_>, tenant: &TenantReport) {
    let unread: Vec<&CoverageRow> = tenant.coverage.iter().filter(|row| row.coverage.status.is_unread()).collect();
    let mut body = String::new();
    grant(&mut body, page, &unread);
    if !unread.is_empty() {
        table(&mut body, page, &unread);
    }
    skipped(&mut body, page, tenant);
    rules(&mut body, page, tenant);
    not_applicable(&mut body, page, tenant);
    if !body.is_empty() {
        // What nobody asked for is no gap, and must not look like one.
        let title = if has_gap(page.report, tenant) { "Not read" } else { "Left out" };
        heading(out, &format!("{title}{}", page.of_tenant(tenant)), page.width);
        out.push_str(&body);
    }
}

/// All that is to be granted, in one place: the rows name it one by one.
fn grant(out: &mut String, page: &Page<'_>, unread: &[&CoverageRow]) {
    let missing = denied_permissions(unread.iter().map(|row| &row.coverage));
    if missing.len() > 1 {
        let list = missing.into_iter().map(prose).collect::<Vec<_>>().join(", ");
        let text = format!("Grant these application permissions of Microsoft Graph, with admin consent, and run again: {list}.");
        paragraph(out, "  ", &text, page.width);
    }
}

/// One row a dataset.
fn table(out: &mut String, page: &Page<'_>, unread: &[&CoverageRow]) {
    let columns = share(page.width - 2, [("dataset", 21, 0), ("status", 12, 0), ("why, and the remedy", 18, 1)]);
    let most = (!page.full).then_some(REASON_LINES);
    let row = |row: &&CoverageRow| {
        let coverage = &row.coverage;
        let mut status = vec![coverage.status.as_str().to_owned()];
        status.extend((row.need == Need::Required).then(|| "required".to_owned()));
        let mut why = Vec::new();
        let say = |lead: &str, text: &Option<String>| {
            text.iter().flat_map(|text| wrap_at_most(&format!("{lead}{}", prose(text)), columns[2].width, most)).collect::<Vec<_>>()
        };
        // Where a permission is missing, its name says it all.
        let is_plain = coverage.status == Status::Denied && coverage.permission.is_some();
        match &coverage.reason {
            Some(reason) if is_plain && !page.full => why.push(name_or(reason, "?", columns[2].width)),
            reason => why.extend(say("", reason)),
        }
        why.extend(say("permission: ", &coverage.permission));
        why.extend(say("licence: ", &coverage.licence));
        why.extend(say("accepted: ", &row.accepted.as_ref().map(accepted)));
        vec![vec![row.dataset.name().to_owned()], status, why]
    };
    grid(out, 2, &columns, unread.iter().map(row).collect());
}

/// Why, by whom and until when.
fn accepted(accepted: &Accepted) -> String {
    let terms = [accepted.owner.clone(), accepted.until.map(|until| format!("until {}", until.date()))];
    let terms: Vec<String> = terms.into_iter().flatten().collect();
    if terms.is_empty() { accepted.reason.clone() } else { format!("{} ({})", accepted.reason, terms.join(", ")) }
}

/// What was left out on purpose. A file that nobody gave is told with the rules that it would bring.
fn skipped(out: &mut String, page: &Page<'_>, tenant: &TenantReport) {
    let skipped = tenant.coverage.iter().filter(|row| row.coverage.status == Status::Skipped && row.need != Need::Import);
    let names: Vec<&str> = skipped.map(|row| row.dataset.name()).collect();
    if !names.is_empty() {
        paragraph(out, "  ", &format!("Left out: {}.", names.join(", ")), page.width);
    }
}

/// The rules that are not, or not fully, evaluated, gathered by what they lacked; where that takes many lines, and not in full, by how much
/// that matters.
fn rules(out: &mut String, page: &Page<'_>, tenant: &TenantReport) {
    let of_tenant = |tenant_id: &str, view| tenant_id == tenant.tenant_id && view == tenant.view;
    let mut gathered: BTreeMap<(bool, bool, String), Vec<&NotEvaluated>> = BTreeMap::new();
    for row in page.report.not_evaluated.iter().filter(|row| of_tenant(&row.tenant_id, row.view)) {
        gathered.entry((!row.counts_for_exit, row.partly, lack(row))).or_default().push(row);
    }
    let is_crowded = !page.full && gathered.len() > MOST_LACKS;
    if is_crowded {
        let mut brief: BTreeMap<(bool, bool, String), Vec<&NotEvaluated>> = BTreeMap::new();
        for ((harmless, in_part, _), rows) in gathered {
            brief.entry((harmless, in_part, String::new())).or_default().extend(rows);
        }
        gathered = brief;
    }
    for ((harmless, in_part, lack), rows) in gathered {
        let what = if in_part { "Not fully evaluated" } else { "Not evaluated" };
        let counts = if harmless { ", without effect on the exit status" } else { "" };
        let mut names: Vec<String> = rows.iter().map(|row| rule_name(row, page.full)).collect();
        names.sort();
        paragraph(out, "  ", &format!("{what}{lack}{counts}: {}.", names.join(if page.full { "; " } else { ", " })), page.width);
    }
    if is_crowded {
        paragraph(out, "  ", "For want of what: --full tells it rule by rule.", page.width);
    }
}

/// The rules that have nothing to judge here, gathered by why.
fn not_applicable(out: &mut String, page: &Page<'_>, tenant: &TenantReport) {
    let mut gathered: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let of_tenant = page.report.not_applicable.iter().filter(|row| row.tenant_id == tenant.tenant_id && row.view == tenant.view);
    for row in of_tenant {
        gathered.entry(prose(&row.reason)).or_default().push(name_or(&row.code, &row.rule_id, 80));
    }
    for (reason, mut names) in gathered {
        names.sort();
        paragraph(out, "  ", &format!("Not applicable, as {reason}: {}.", names.join(", ")), page.width);
    }
}

/// What a rule lacked. A dataset that was read in full may still say too little of a subject.
fn lack(row: &NotEvaluated) -> String {
    let read_in_full = row.missing.iter().all(|missing| missing.status == Status::Complete);
    let missing: Vec<String> = row
        .missing
        .iter()
        .map(|missing| if read_in_full { missing.dataset.to_string() } else { format!("{} ({})", missing.dataset, missing.status) })
        .collect();
    match (missing.is_empty(), read_in_full) {
        // A rule of the organisation's own lacked no dataset, and says itself what it was.
        (true, _) => format!(", as {}", prose(&row.reason)),
        (false, true) => format!(", as {} does not say enough", missing.join(", ")),
        (false, false) => format!(" for want of {}", missing.join(", ")),
    }
}

/// A rule by the code under which its findings stand, with how many subjects were left out; in full also its id and which they are.
fn rule_name(row: &NotEvaluated, full: bool) -> String {
    let mut name = name_or(&row.code, &row.rule_id, 80);
    if full && !row.code.is_empty() {
        name.push_str(&format!(" {}", prose(&row.rule_id)));
    }
    if !row.subjects.is_empty() {
        let which = if full { format!(": {}", prose(&row.subjects.join(", "))) } else { String::new() };
        name.push_str(&format!(" ({}{which})", count(row.subjects.len() as u64, "subject")));
    }
    name
}

#[cfg(test)]
mod tests {
    use super::super::super::sample;
    use super::*;
    use crate::domain::report::NotApplicable;

    fn unread(report: &Report, full: bool) -> String {
        let mut out = String::new();
        write(&mut out, &Page { report, width: 100, full }, &report.tenants[0]);
        out
    }

    #[test]
    fn nothing_is_listed_where_all_was_read() {
        assert_eq!(unread(&sample::clean(), false), "");
    }

    #[test]
    fn gaps_say_what_would_change_them() {
        let text = unread(&sample::incomplete(), false);
        for part in
            ["sign-ins", "denied", "required", "permission: AuditLog.Read.All", "licence: Entra ID P1", "accepted: customer has no P1"]
        {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
        assert!(text.contains("Left out: user-activity."));
    }

    #[test]
    fn what_nobody_asked_for_is_no_gap() {
        let mut report = sample::customer_empty();
        let row = |code: &str| NotApplicable {
            rule_id: code.to_lowercase(),
            code: code.into(),
            tenant_id: report.tenants[0].tenant_id.clone(),
            view: report.tenants[0].view,
            reason: "no file was given for declared".into(),
        };
        report.not_applicable = vec![row("OFR-01"), row("DAP-02")];
        let text = unread(&report, false);
        assert_eq!(text.matches("Left out").count(), 1, "{text}");
        assert!(!text.contains("Not read"), "{text}");
        assert!(text.contains("Not applicable, as no file was given for declared: DAP-02, OFR-01."), "{text}");
    }

    #[test]
    fn all_that_is_to_be_granted_stands_in_one_line() {
        let mut report = sample::incomplete();
        for (row, permission) in report.tenants[0].coverage.iter_mut().zip(["B.Read.All and A.Read.All", "C.Read.All", "A.Read.All"]) {
            row.coverage = crate::domain::Coverage::new(Status::Denied).because("a reason that is long ".repeat(30));
            row.coverage.permission = Some(permission.into());
        }
        let text = unread(&report, false);
        let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(flat.contains("and run again: A.Read.All, "), "{text}");
        assert!(flat.contains("B.Read.All, C.Read.All"), "{text}");
        assert_eq!(text.lines().filter(|line| line.contains("a reason that is long")).count(), 3, "one line each\n{text}");
    }

    #[test]
    fn many_lacks_are_told_in_full_only() {
        let mut report = sample::incomplete();
        let one = report.not_evaluated[0].clone();
        let mut missing = one.missing[0].clone();
        report.not_evaluated = crate::domain::Dataset::ALL
            .iter()
            .take(9)
            .map(|dataset| {
                missing.dataset = *dataset;
                NotEvaluated { missing: vec![missing.clone()], subjects: Vec::new(), partly: false, counts_for_exit: true, ..one.clone() }
            })
            .collect();
        let text = unread(&report, false);
        assert!(text.contains("Not evaluated: ") && text.contains("--full") && !text.contains("for want of "), "{text}");
        assert!(unread(&report, true).contains("for want of "));
    }

    #[test]
    fn rules_are_gathered_by_what_they_lack() {
        let text = unread(&sample::incomplete(), false).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains("Not evaluated for want of sign-ins (denied): LIF-04, SGN-01."), "{text}");
        assert!(text.contains("Not fully evaluated for want of assignments (partial): ASG-01 (1 subject)."), "{text}");
        assert!(text.contains("user-activity (skipped), without effect on the exit status: MBR-02."), "{text}");
        assert!(text.contains("Not applicable, as there is no baseline: CHG-01."), "{text}");
        let full = unread(&sample::incomplete(), true).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(full.contains("ASG-01 gdap-orphaned-assignment (1 subject: rel-00001)"));
    }
}
