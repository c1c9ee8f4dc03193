//! What could not be read, what would change it, and which rules suffer from it.

use std::collections::BTreeMap;

use crate::domain::report::{CoverageRow, NotEvaluated, TenantReport};
use crate::domain::{Need, Status};

use super::Page;
use super::layout::{count, grid, heading, name_or, paragraph, prose, share, wrap_at_most};

/// How many lines a reason may take.
const REASON_LINES: usize = 3;

/// Adds the gaps; nothing where there is none, for the verdict says so.
pub(super) fn write(out: &mut String, page: &Page<'_>, tenant: &TenantReport) {
    let unread: Vec<&CoverageRow> = tenant.coverage.iter().filter(|row| row.coverage.status.is_unread()).collect();
    let mut body = String::new();
    if !unread.is_empty() {
        table(&mut body, page, &unread);
    }
    skipped(&mut body, page, tenant);
    rules(&mut body, page, tenant);
    if !body.is_empty() {
        heading(out, &format!("Not read{}", page.of_tenant(tenant)), page.width);
        out.push_str(&body);
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
        let mut say = |lead: &str, text: &Option<String>| {
            if let Some(text) = text {
                why.extend(wrap_at_most(&format!("{lead}{}", prose(text)), columns[2].width, most));
            }
        };
        say("", &coverage.reason);
        say("permission: ", &coverage.permission);
        say("licence: ", &coverage.licence);
        say("accepted: ", &row.accepted);
        vec![vec![row.dataset.name().to_owned()], status, why]
    };
    grid(out, 2, &columns, unread.iter().map(row).collect());
}

/// What was left out on purpose.
fn skipped(out: &mut String, page: &Page<'_>, tenant: &TenantReport) {
    let names: Vec<&str> =
        tenant.coverage.iter().filter(|row| row.coverage.status == Status::Skipped).map(|row| row.dataset.name()).collect();
    if !names.is_empty() {
        paragraph(out, "  ", &format!("Left out: {}.", names.join(", ")), page.width);
    }
}

/// The rules that are not, or not fully, evaluated, gathered by what they lacked.
fn rules(out: &mut String, page: &Page<'_>, tenant: &TenantReport) {
    let of_tenant = |tenant_id: &str, view| tenant_id == tenant.tenant_id && view == tenant.view;
    let mut gathered: BTreeMap<(bool, bool, String), Vec<&NotEvaluated>> = BTreeMap::new();
    for row in page.report.not_evaluated.iter().filter(|row| of_tenant(&row.tenant_id, row.view)) {
        gathered.entry((!row.counts_for_exit, row.partly, lack(row))).or_default().push(row);
    }
    for ((harmless, in_part, lack), rows) in gathered {
        let what = if in_part { "Not fully evaluated" } else { "Not evaluated" };
        let counts = if harmless { ", without effect on the exit status" } else { "" };
        let mut names: Vec<String> = rows.iter().map(|row| rule_name(row, page.full)).collect();
        names.sort();
        paragraph(out, "  ", &format!("{what}{lack}{counts}: {}.", names.join(if page.full { "; " } else { ", " })), page.width);
    }
    let mut not_applicable: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for row in page.report.not_applicable.iter().filter(|row| of_tenant(&row.tenant_id, row.view)) {
        not_applicable.entry(prose(&row.reason)).or_default().push(name_or(&row.code, &row.rule_id, 80));
    }
    for (reason, mut names) in not_applicable {
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
        (true, _) => String::new(),
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
    use crate::domain::Report;

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
