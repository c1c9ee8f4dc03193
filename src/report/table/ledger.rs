//! The ledger: one row for each outside tenant, worst first; in full each with its evidence.

use std::borrow::Cow;
use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::domain::ledger::{Basis, Class, Door, Entry};
use crate::domain::report::TenantReport;
use crate::domain::{Dataset, Finding, Severity, State, Status, View};

use super::ink::Ink;
use super::layout::{Column, count, fit_names, grid, heading, name_or, paragraph, prose, share, wrap};
use super::outside::{class_word, is_stranger, unread_lists};
use super::roles::{Hold, Roles};
use super::{Page, evidence};

/// How many outside tenants are shown.
const MOST_TENANTS: usize = 15;

/// From which width on Conditional Access and the last sign-in have columns of their own.
const WIDE: usize = 76;

/// What no report of this kind can know.
const OUT_OF_SIGHT: &str = "Never read: Azure Lighthouse and role assignments of Azure subscriptions, which stand outside Microsoft Graph.";

/// One outside tenant with what a row needs.
struct Row<'a> {
    entry: &'a Entry,
    roles: Roles<'a>,
    findings: u64,
    worst: Option<Severity>,
    of_worst: u64,
}

/// Adds the ledger of a customer; other views have none.
pub(super) fn write(out: &mut String, page: &Page<'_>, tenant: &TenantReport) {
    if tenant.view != View::Customer {
        return;
    }
    let rows = rows(page, tenant);
    let shown = if page.full { rows.len() } else { rows.len().min(MOST_TENANTS) };
    let which = if shown < rows.len() { format!(": {shown} of {}, worst first", rows.len()) } else { String::new() };
    heading(out, &format!("Outside tenants{}{which}", page.of_tenant(tenant)), page.width);
    if rows.is_empty() {
        let proved = unread_lists(tenant).is_empty();
        let text = if proved { "None was found." } else { "None was shown, which does not prove that there is none." };
        paragraph(out, "", text, page.width);
    } else {
        let context = Context { page, tenant };
        context.table(out, &rows[..shown]);
        rest(out, page, &rows[shown..]);
        context.legend(out, &rows[..shown]);
    }
    paragraph(out, "", OUT_OF_SIGHT, page.width);
    if page.full {
        for row in &rows {
            evidence::write(out, page, tenant, row.entry);
        }
    }
}

/// Every entry, worst first.
fn rows<'a>(page: &Page<'a>, tenant: &'a TenantReport) -> Vec<Row<'a>> {
    let of_tenant =
        |finding: &&Finding| finding.tenant_id == tenant.tenant_id && finding.view == tenant.view && finding.state != State::Resolved;
    let mut found: BTreeMap<&str, BTreeMap<Severity, u64>> = BTreeMap::new();
    for finding in page.report.findings.iter().filter(of_tenant) {
        let Some(partner) = &finding.partner else { continue };
        *found.entry(&partner.tenant_id).or_default().entry(finding.severity).or_default() += 1;
    }
    let row = |entry: &'a Entry| {
        let of_entry = found.get(entry.tenant_id.as_str());
        let worst = of_entry.and_then(BTreeMap::last_key_value);
        Row {
            entry,
            roles: Roles::of_entry(entry),
            findings: of_entry.map_or(0, |found| found.values().sum()),
            worst: worst.map(|(severity, _)| *severity),
            of_worst: worst.map_or(0, |(_, count)| *count),
        }
    };
    let mut rows: Vec<Row<'a>> = tenant.partners.iter().map(row).collect();
    rows.sort_by_cached_key(|row| {
        let able = row.entry.can_administer;
        let (tier, of_tier) = row.roles.worst();
        let held = row.roles.any(Hold::Held);
        let strong = row.entry.has_strong_permission();
        let harmless = (!able, row.entry.tier.is_none_or(|tier| tier > 0), Reverse(row.worst), tier, !held, !strong);
        (harmless, Reverse(of_tier), row.entry.name.to_lowercase(), row.entry.tenant_id.clone())
    });
    rows
}

/// What a row is made with.
struct Context<'a> {
    page: &'a Page<'a>,
    tenant: &'a TenantReport,
}

impl Context<'_> {
    fn table(&self, out: &mut String, rows: &[Row<'_>]) {
        let width = self.page.width;
        if width < WIDE {
            let titles = [("outside tenant", 12, 4), ("roles", 10, 5), ("through", 9, 0), ("CA, seen", 10, 0), ("findings", 11, 0)];
            let columns = share(width, titles);
            let row = |row: &Row<'_>| {
                let mut here = self.access(row.entry, columns[3].width);
                here.extend(self.last_seen(row.entry));
                let [name, roles, through] = self.common(row, &columns[..3]);
                vec![name, roles, through, here, findings(row)]
            };
            grid(out, 0, &columns, rows.iter().map(row).collect());
            return;
        }
        let access = if width < 110 { ("CA", 8, 0) } else { ("Conditional Access", 18, 0) };
        let columns = share(
            width,
            [("outside tenant", 12, 4), ("roles", 14, 5), ("through", 9, 1), access, ("last seen", 10, 0), ("findings", 11, 0)],
        );
        let row = |row: &Row<'_>| {
            let [name, roles, through] = self.common(row, &columns[..3]);
            vec![name, roles, through, self.access(row.entry, columns[3].width), self.last_seen(row.entry), findings(row)]
        };
        grid(out, 0, &columns, rows.iter().map(row).collect());
    }

    /// The first three cells: who, with which roles, through which doors.
    fn common(&self, row: &Row<'_>, columns: &[Column]) -> [Vec<String>; 3] {
        let width = |index: usize| columns.get(index).map_or(2, |column| column.width);
        [self.who(row.entry, width(0)), self.roles(row, width(1)), doors(row.entry)]
    }

    fn who(&self, entry: &Entry, width: usize) -> Vec<String> {
        let mut lines: Vec<String> = has_no_name(entry).then(|| "(no name)".to_owned()).into_iter().collect();
        lines.extend(if self.page.full {
            wrap(&prose(&name_or(&entry.name, &entry.tenant_id, 600)), width)
        } else {
            vec![name_or(&entry.name, &entry.tenant_id, width)]
        });
        lines.extend(wrap(&name_or(class_word(&entry.class), "unknown", 40), width));
        lines.extend(is_stranger(entry, self.tenant).then(|| "not approved".to_owned()));
        lines.extend(entry.has_declared().then(|| "declared".to_owned()));
        lines
    }

    fn roles(&self, row: &Row<'_>, width: usize) -> Vec<String> {
        let entry = row.entry;
        let unread = entry.provenance.get("roles").is_some_and(|known| known.basis == Basis::NotReadable);
        let mut lines = match (row.roles.is_empty(), unread) {
            (true, true) => vec!["? not read".to_owned()],
            (true, false) if entry.has_strong_permission() => Vec::new(),
            (true, false) => vec!["no roles".to_owned()],
            (false, _) => row.roles.lines(width, self.page.full),
        };
        let mut strong: Vec<String> =
            entry.apps.iter().flat_map(|app| &app.strong).map(|permission| name_or(permission, "?", 80)).collect();
        strong.sort();
        strong.dedup();
        if !strong.is_empty() {
            let takes_over = entry.apps.iter().any(|app| app.takes_over());
            let written = if self.page.full {
                wrap(&format!("app: {}", strong.join(", ")), width)
            } else {
                vec![format!("app: {}", fit_names(&strong, width.saturating_sub(5)))]
            };
            lines.extend(written.into_iter().map(|line| if takes_over { Ink::Tier0.on(&line) } else { line }));
        }
        lines
    }

    /// The verdict of Conditional Access; nothing where it is not asked.
    fn access(&self, entry: &Entry, width: usize) -> Vec<String> {
        let Some(verdict) = &entry.conditional_access else { return Vec::new() };
        let mut lines = wrap(evidence::access_word(verdict.kind), width);
        lines.extend(verdict.security_defaults.then(|| wrap("security defaults", width)).into_iter().flatten());
        lines
    }

    /// When it was last here. Without a sign-in: since when there was none, if the log was read, else that it is not known.
    fn last_seen(&self, entry: &Entry) -> Vec<String> {
        if let Some(last) = entry.last_sign_in {
            return vec![last.date()];
        }
        let log = self.tenant.coverage.iter().find(|row| row.dataset == Dataset::SignIns).map(|row| &row.coverage);
        match log {
            Some(log) if log.status == Status::Complete => match log.from {
                Some(from) => vec!["not since".to_owned(), from.date()],
                None => vec!["not in".to_owned(), count(u64::from(self.page.report.run.lookback_days), "day")],
            },
            _ => vec!["?".to_owned()],
        }
    }

    /// What the marks mean, as far as they occur.
    fn legend(&self, out: &mut String, rows: &[Row<'_>]) {
        let any = |test: &dyn Fn(&Entry) -> bool| rows.iter().any(|row| test(row.entry));
        let mut parts: Vec<Cow<'_, str>> =
            vec!["T0 can take over the tenant, T1 a major workload or its defences, T2 writes little, T3 only reads".into()];
        if rows.iter().any(|row| row.roles.any(Hold::Granted) || row.roles.any(Hold::Unread)) {
            parts.push("(role): the ceiling allows it, but no group holds it".into());
        }
        if any(&|entry| entry.conditional_access.is_some()) && self.page.width < 110 {
            parts.push("CA: what Conditional Access demands of its people".into());
        }
        if any(&Entry::has_declared) {
            let entries = rows.iter().map(|row| row.entry).filter(|entry| entry.has_declared());
            let sources = evidence::sources(entries, &self.tenant.declared, self.page.full);
            parts.push(format!("declared: by {sources}, not read from this tenant").into());
        }
        if any(&|entry| !entry.is_fully_read()) || rows.iter().any(|row| row.roles.any(Hold::Unread)) {
            parts.push("?: could not be read".into());
        }
        paragraph(out, "", &parts.join("; "), self.page.width);
    }
}

/// The ways in, or what else ties it to this tenant.
fn doors(entry: &Entry) -> Vec<String> {
    let groups = entry.roles.iter().map(|role| role.principal_id.as_str()).collect::<std::collections::BTreeSet<_>>().len();
    let door = |door: Door| match door {
        Door::ServiceProviderEntry if entry.class == Class::MicrosoftSupport => "support".to_owned(),
        Door::ServiceProviderEntry => "GDAP".to_owned(),
        Door::ForeignPrincipal => count(groups as u64, "group"),
        Door::Governance => "governing".to_owned(),
        Door::Application => count(entry.apps.len() as u64, "app"),
        Door::Guest => count(entry.guests.len() as u64, "guest"),
        Door::IdentitySync => "user sync".to_owned(),
        Door::SignIn => "sign-ins".to_owned(),
    };
    let mut lines: Vec<String> = entry.doors().into_iter().map(door).collect();
    let ties = [
        (entry.settings.is_some() && lines.is_empty(), "settings"),
        (!entry.subscriptions.is_empty(), "commerce"),
        (entry.is_declared_only(), "file only"),
    ];
    lines.extend(ties.into_iter().filter(|(is_there, _)| *is_there).map(|(_, word)| word.to_owned()));
    lines
}

/// How many findings of the worst severity, and how many in all.
fn findings(row: &Row<'_>) -> Vec<String> {
    match row.worst {
        None => vec!["none".to_owned()],
        Some(worst) => {
            let mut lines = vec![Ink::from(worst).on(&format!("{} {worst}", row.of_worst))];
            lines.extend((row.findings > row.of_worst).then(|| format!("{} in all", row.findings)));
            lines
        }
    }
}

/// True if nothing but the tenant's id is known of it.
fn has_no_name(entry: &Entry) -> bool {
    (entry.name.trim().is_empty() || entry.name == entry.tenant_id) && entry.tenant_id.len() == 36 && !entry.tenant_id.contains('.')
}

/// What is not shown, counted.
fn rest(out: &mut String, page: &Page<'_>, rows: &[Row<'_>]) {
    if rows.is_empty() {
        return;
    }
    let able = rows.iter().filter(|row| row.entry.can_administer).count();
    let text = format!("and {}: {able} of them can administer (--full lists them)", count(rows.len() as u64, "more outside tenant"));
    paragraph(out, "", &text, page.width);
}

#[cfg(test)]
mod tests {
    use super::super::super::sample;
    use super::*;
    use crate::domain::Report;
    use crate::domain::declared::{DeclaredFile, DeclaredRelationship};

    fn shown(report: &Report, width: usize, full: bool) -> String {
        let mut out = String::new();
        write(&mut out, &Page { report, width, full }, &report.tenants[0]);
        super::super::ink::paint(&out, false)
    }

    #[test]
    fn a_row_says_who_how_far_through_what_under_which_demand_and_when() {
        let text = shown(&sample::customer_findings(), 120, false);
        for part in [
            "Fabrikam MSP",
            "service provider",
            "not approved",
            "T0 Global Admin",
            "GDAP",
            "1 group",
            "not covered",
            "2026-01-09",
            "critical",
        ] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
        assert!(text.contains("declared: by partner.json of 2025-12-24, not read from this tenant"), "{text}");
        assert!(text.contains("1 critical") && text.contains("4 in all"), "the number is that of the worst\n{text}");
        assert!(text.contains("Azure Lighthouse"), "{text}");
        let places = ["\nFabrikam MSP", "\nTailspin Group", "\nNorthwind", "\nLitware"]
            .map(|name| text.find(name).unwrap_or_else(|| panic!("{name}\n{text}")));
        assert!(places.is_sorted(), "worst first\n{text}");
    }

    #[test]
    fn an_id_alone_is_said_to_be_no_name() {
        let text = shown(&sample::customer_findings(), 80, false);
        assert!(text.contains("\n(no name) ") && text.contains("\n7a000000-0000"), "{text}");
        assert_eq!(shown(&sample::customer_many(3), 80, false).matches("(no name)").count(), 0);
    }

    #[test]
    fn many_files_are_counted() {
        let mut report = sample::customer_findings();
        let declared = &mut report.tenants[0].declared;
        declared.files = (0..5).map(|number| DeclaredFile { name: format!("p{number}.json"), ..declared.files[0].clone() }).collect();
        let row = declared.relationships[0].clone();
        declared.relationships = (0..5).map(|file| DeclaredRelationship { file, ..row.clone() }).collect();
        let entry = report.tenants[0].partners.iter_mut().find(|entry| !entry.declared_relationships.is_empty()).unwrap();
        entry.declared_relationships = (0..5).collect();
        let text = shown(&report, 400, false);
        assert!(text.contains("declared: by 5 files of 2025-12-24 (--full names them), not read"), "{text}");
        assert!(shown(&report, 400, true).contains("p0.json of 2025-12-24, p1.json of 2025-12-24"));
    }

    #[test]
    fn what_could_not_be_read_is_never_none() {
        let text = shown(&sample::customer_incomplete(), 100, false);
        assert!(text.contains("? not read") && text.contains("?: could not be read"), "{text}");
        assert!(!text.contains("no roles") && !text.contains("not in"), "{text}");
    }

    #[test]
    fn the_rest_is_counted_and_full_lists_all() {
        let report = sample::customer_many(60);
        let text = shown(&report, 100, false);
        assert!(text.contains("Outside tenants: 15 of 60, worst first") && text.contains("and 45 more outside tenants"), "{text}");
        let full = shown(&report, 100, true);
        assert!(!full.contains("--full") && (0..60).all(|number| full.contains(&format!("Partner {number} "))), "{full}");
    }

    #[test]
    fn an_empty_ledger_says_so_and_the_partner_view_has_none() {
        let text = shown(&sample::customer_empty(), 80, false);
        assert!(text.contains("None was found.") && text.contains("Never read: Azure Lighthouse"), "{text}");
        assert_eq!(shown(&sample::findings(), 80, true), "");
    }
}
