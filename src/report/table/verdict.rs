//! One line a tenant: who can administer what, how far, and can the answer be trusted.

use crate::domain::report::{RelationshipRow, TenantReport};
use crate::domain::{Dataset, Need, Severity, Status, View};

use super::layout::{count, paragraph};
use super::{Page, findings_of, outside};

/// Adds the verdict.
pub(super) fn write(out: &mut String, page: &Page<'_>, tenant: &TenantReport) {
    let rest = format!("{}; {}.", findings(page, tenant), gaps(tenant));
    let text = match tenant.view {
        View::Partner => {
            let reach = reach(tenant).join("; ");
            format!("{} ({} view): {reach}; {rest}", page.tenant_name(tenant), tenant.view)
        }
        View::Customer => {
            let mut rest = rest.chars();
            let first = rest.next().map(|c| c.to_uppercase().to_string()).unwrap_or_default();
            format!("{}. {first}{}", outside::answer(tenant, &page.tenant_name(tenant)), rest.as_str())
        }
    };
    paragraph(out, "", &text, page.width);
}

/// The status of a dataset; what coverage does not mention was not read.
pub(super) fn status(tenant: &TenantReport, dataset: Dataset) -> Status {
    tenant.coverage.iter().find(|row| row.dataset == dataset).map_or(Status::Failed, |row| row.coverage.status)
}

/// How far the partner reaches, and through whom.
fn reach(tenant: &TenantReport) -> Vec<String> {
    let read = status(tenant, Dataset::Relationships);
    if !read.has_records() {
        return vec![format!("who can administer which customers is not known, for relationships are {read}")];
    }
    let live: Vec<&RelationshipRow> = tenant.relationships.iter().filter(|row| row.status.is_live()).collect();
    let all = read == Status::Complete;
    let mut parts = Vec::new();
    match (live.is_empty(), all) {
        (true, true) => parts.push("no live relationship reaches any customer".to_owned()),
        (true, false) => parts.push("no live relationship was shown, which does not prove that there is none".to_owned()),
        (false, _) => {
            let verb = if live.len() == 1 { "reaches" } else { "reach" };
            let relationships = count(live.len() as u64, "live relationship");
            parts.push(format!("{0}{relationships} {verb} {0}{1}", at_least(all), count(tenant.counts.customers, "customer")));
            parts.push(tier0(&live, all));
            parts.push(people(tenant));
        }
    }
    if tenant.counts.offers > 0 {
        parts.push(format!("{}{} open", at_least(all), count(tenant.counts.offers, "offer")));
    }
    parts
}

/// How many carry tier 0, and of how many of these a group holds it.
fn tier0(live: &[&RelationshipRow], all: bool) -> String {
    let granted = live.iter().filter(|row| has_tier0(row)).count();
    if granted == 0 {
        return if all { "no relationship holds tier 0".to_owned() } else { "none of those that were read holds tier 0".to_owned() };
    }
    let held = live.iter().filter(|row| row.effective_roles.iter().any(|role| role.tier == Some(0))).count();
    let verb = |number: usize, word: &str| match number {
        1 => format!("1 relationship {word}s"),
        _ => format!("{number} relationships {word}"),
    };
    if held == granted {
        return format!("{}{} tier 0", at_least(all), verb(granted, "hold"));
    }
    let in_use = match (held, live.iter().all(|row| row.fully_read || !has_tier0(row))) {
        (0, true) => "no group holds it".to_owned(),
        (0, false) => "whether a group holds it is not known".to_owned(),
        (held, sure) => format!("a group holds it in {}{held}", at_least(sure)),
    };
    format!("{}{} tier 0 ({in_use})", at_least(all), verb(granted, "grant"))
}

fn has_tier0(row: &RelationshipRow) -> bool {
    row.roles.iter().chain(row.effective_roles.iter()).any(|role| role.tier == Some(0))
}

/// How many people, and by how many groups.
fn people(tenant: &TenantReport) -> String {
    let complete = |datasets: &[Dataset]| datasets.iter().all(|dataset| status(tenant, *dataset) == Status::Complete);
    let known = |number: u64, noun: &str, complete: bool| match (number, complete) {
        (0, false) => format!("an unknown number of {noun}"),
        (number, _) => format!("{}{number} {noun}", at_least(complete)),
    };
    let groups_read = complete(&[Dataset::Relationships, Dataset::Assignments]);
    let people_read = groups_read && complete(&[Dataset::GroupMembers]);
    let groups = if tenant.counts.groups == 1 { "group" } else { "groups" };
    let people = if tenant.counts.people == 1 { "person" } else { "people" };
    format!("{} in {}", known(tenant.counts.people, people, people_read), known(tenant.counts.groups, groups, groups_read))
}

fn at_least(complete: bool) -> &'static str {
    if complete { "" } else { "at least " }
}

/// Critical and high findings.
fn findings(page: &Page<'_>, tenant: &TenantReport) -> String {
    let parts: Vec<String> = [Severity::Critical, Severity::High]
        .into_iter()
        .map(|severity| (severity, findings_of(page, tenant, severity)))
        .filter(|(_, number)| *number > 0)
        .map(|(severity, number)| format!("{number} {severity}"))
        .collect();
    match (parts.is_empty(), parts.as_slice()) {
        (false, [one]) if one.starts_with("1 ") => format!("{one} finding"),
        (false, _) => format!("{} findings", parts.join(", ")),
        (true, _) => "no critical or high finding".to_owned(),
    }
}

/// How many datasets could not be read, and whether a required one is among them.
fn gaps(tenant: &TenantReport) -> String {
    let unread = || tenant.coverage.iter().filter(|row| row.coverage.status.is_unread());
    let left_out = tenant.coverage.iter().filter(|row| row.need == Need::Required && row.coverage.status == Status::Skipped).count() as u64;
    let left_out = match left_out {
        0 => None,
        number => Some(format!("{} left out", count(number, "required dataset"))),
    };
    let required = if unread().any(|row| row.need == Need::Required) { "" } else { ", none of them required" };
    match unread().count() {
        0 => left_out.unwrap_or_else(|| "everything required was read".to_owned()),
        number => {
            let unread = format!("{} could not be fully read{required}", count(number as u64, "dataset"));
            [Some(unread), left_out].into_iter().flatten().collect::<Vec<_>>().join("; ")
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::sample;
    use super::*;
    use crate::domain::{Coverage, Report};

    fn verdict(report: &Report) -> String {
        let mut out = String::new();
        write(&mut out, &Page { report, width: 400, full: false }, &report.tenants[0]);
        out
    }

    #[test]
    fn the_question_is_answered() {
        assert_eq!(
            verdict(&sample::findings()),
            "Northwind Managed Services (partner view): 3 live relationships reach 3 customers; 2 relationships grant tier 0 (a group holds it in 1); \
             4 people in 2 groups; 2 offers open; 10 critical, 2 high findings; everything required was read.\n"
        );
        assert_eq!(
            verdict(&sample::clean()),
            "Northwind Managed Services (partner view): 1 live relationship reaches 1 customer; no relationship holds tier 0; 4 people in 1 group; no critical \
             or high finding; everything required was read.\n"
        );
    }

    #[test]
    fn unknown_is_never_clean() {
        let text = verdict(&sample::incomplete());
        assert!(text.contains("1 relationship grants tier 0 (whether a group holds it is not known)"), "{text}");
        assert!(text.contains("an unknown number of people in at least 1 group"), "{text}");
        assert!(text.contains("4 datasets could not be fully read"), "{text}");
        let mut cut = sample::clean();
        let relationships = cut.tenants[0].coverage.iter_mut().find(|row| row.dataset == Dataset::Relationships).unwrap();
        relationships.coverage = Coverage::new(Status::Partial);
        let text = verdict(&cut);
        assert!(
            text.contains("at least 1 live relationship reaches at least 1 customer; none of those that were read holds tier 0"),
            "{text}"
        );
        let mut skipped = sample::clean();
        let row = skipped.tenants[0].coverage.iter_mut().find(|row| row.dataset == Dataset::Relationships).unwrap();
        row.coverage = Coverage::new(Status::Skipped);
        let text = verdict(&skipped);
        assert!(text.contains("1 required dataset left out") && !text.contains("everything"), "{text}");
        let mut report = sample::empty();
        assert!(verdict(&report).contains("no live relationship reaches any customer"));
        let relationships = report.tenants[0].coverage.iter_mut().find(|row| row.dataset == Dataset::Relationships).unwrap();
        relationships.coverage = Coverage::new(Status::Partial);
        assert!(verdict(&report).contains("does not prove that there is none"));
        report.tenants[0].coverage.retain(|row| row.dataset != Dataset::Relationships);
        assert!(verdict(&report).contains("is not known, for relationships are failed"));
    }
}
