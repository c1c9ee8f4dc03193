//! The table: what a person wants to see first. One line of verdict, what could not be read, then the ledger of a
//! customer, the findings worst first, the footprint of a partner.

pub mod diff;
mod evidence;
pub mod explain;
mod findings;
mod footprint;
mod ink;
mod layout;
mod ledger;
mod notes;
mod offers;
mod outside;
mod roles;
pub mod rules;
mod unread;
mod verdict;

use super::{Format, RenderError, RenderOptions};
use crate::domain::report::{NoteKind, Summary, TenantReport};
use crate::domain::{Finding, Report, Severity, State};
use ink::Ink;

/// The format `table`.
pub const FORMAT: Format = Format { name: "table", render };

/// Most codes of rules that the last lines name.
const MOST_CODES: usize = 12;

/// The least width that is laid out for.
pub const LEAST_WIDTH: usize = 60;

/// The greatest width that is laid out for.
pub const GREATEST_WIDTH: usize = 400;

/// Renders a report for a terminal. No line is wider than the width asked for; without colour no escape sequence is written.
///
/// # Errors
/// None: the signature is that of every format.
pub fn render(report: &Report, options: &RenderOptions) -> Result<String, RenderError> {
    let page = Page { report, width: options.width.clamp(LEAST_WIDTH, GREATEST_WIDTH), full: options.full };
    let mut out = String::new();
    for tenant in &report.tenants {
        verdict::write(&mut out, &page, tenant);
    }
    let (gaps, left_out): (Vec<&TenantReport>, Vec<&TenantReport>) =
        report.tenants.iter().partition(|tenant| unread::has_gap(report, tenant));
    for tenant in gaps {
        unread::write(&mut out, &page, tenant);
    }
    // A customer asks who is there before it asks what is wrong with them.
    for tenant in &report.tenants {
        ledger::write(&mut out, &page, tenant);
    }
    findings::write(&mut out, &page);
    notes::write(&mut out, &page);
    for tenant in &report.tenants {
        footprint::write(&mut out, &page, tenant);
        offers::write(&mut out, &page, tenant);
    }
    for tenant in left_out {
        unread::write(&mut out, &page, tenant);
    }
    closing(&mut out, &page);
    Ok(ink::paint(&out, options.color))
}

/// What every part of the table is given.
struct Page<'a> {
    report: &'a Report,
    width: usize,
    full: bool,
}

impl Page<'_> {
    /// ` of Northwind (partner view)` where there is more than one tenant or view, else nothing.
    fn of_tenant(&self, tenant: &TenantReport) -> String {
        if self.report.tenants.len() > 1 { format!(" of {} ({} view)", self.tenant_name(tenant), tenant.view) } else { String::new() }
    }

    /// The tenant's name, or `tenant` and its id.
    fn tenant_name(&self, tenant: &TenantReport) -> String {
        if tenant.display_name.trim().is_empty() {
            return format!("tenant {}", layout::name_or(&tenant.tenant_id, "?", 40));
        }
        layout::name_or(&tenant.display_name, &tenant.tenant_id, self.width / 2)
    }
}

/// How many of `all` rows to show where `most` are enough: a line that says `and 1 more` had better be the row itself.
fn shown(page: &Page<'_>, all: usize, most: usize) -> usize {
    if page.full || all <= most + 1 { all } else { most }
}

/// What made exit 3: an unread dataset, or a rule of the organisation's own that lacked none and was not judged.
fn what_counts(report: &Report) -> &'static str {
    let counts = |unread: bool| report.not_evaluated.iter().any(|row| row.counts_for_exit && row.missing.is_empty() != unread);
    let is_uncompared = report.notes.iter().any(|note| note.kind == NoteKind::NotInBaseline);
    match (counts(true), counts(false)) {
        (false, false) if is_uncompared => "the baseline does not hold a tenant",
        (true, true) => "a required dataset was not read, and a rule of your own was not judged",
        (false, true) => "a rule of your own was not judged",
        _ => "a required dataset was not read",
    }
}

/// From which severity on findings count, by the flags that say so; `None`: none does.
fn limits(summary: &Summary) -> Option<String> {
    let all = summary.fail_on.map(|severity| format!("{severity} (--fail-on)"));
    let new = summary.fail_on_new.map(|severity| format!("{severity} if new (--fail-on-new)"));
    match (all, new) {
        (Some(all), Some(new)) => Some(format!("{all}, or {new}")),
        (all, new) => all.or(new),
    }
}

fn none_at(summary: &Summary) -> String {
    limits(summary).map_or_else(|| "no finding counts (--fail-on never)".to_owned(), |limits| format!("nothing at or above {limits}"))
}

/// The last lines: totals, what the exit status says, which run this was.
fn closing(out: &mut String, page: &Page<'_>) {
    let summary = &page.report.summary;
    let mut counts: Vec<String> = summary.by_severity.iter().map(|(severity, count)| format!("{count} {severity}")).collect();
    let states = summary.by_state.iter().filter(|(state, _)| *state != State::Unbaselined);
    counts.extend(states.map(|(state, count)| format!("{count} {}", state_word(*state))));
    counts.extend((summary.waived > 0).then(|| format!("{} waived", summary.waived)));
    let meaning = match summary.exit_code {
        0 => none_at(summary),
        1 => format!("findings at or above {}", limits(summary).unwrap_or_default()),
        3 => format!("{}, but {}", none_at(summary), what_counts(page.report)),
        _ => "could not run".to_owned(),
    };
    out.push('\n');
    let findings = format!("Findings: {}. Exit status {}: {meaning}.", counts.join(", "), summary.exit_code);
    layout::paragraph(out, "", &findings, page.width);
    let run = &page.report.run;
    if !run.left_out.is_empty() {
        let text = format!(
            "{} left out: {}. What they would say is not known.",
            layout::count(run.left_out.len() as u64, "rule"),
            layout::prose(&some(&run.left_out))
        );
        layout::paragraph(out, "", &text, page.width);
    }
    let text = format!(
        "Run {} of {} {}, as of {}, logs of {}.",
        layout::prose(&run.id),
        layout::prose(&page.report.tool.name),
        layout::prose(&page.report.tool.version),
        run.now,
        layout::count(u64::from(run.lookback_days), "day")
    );
    for line in layout::wrap(&text, page.width) {
        out.push_str(&Ink::Faint.on(&line));
        out.push('\n');
    }
}

/// The first codes, and how many more there are.
fn some(codes: &[String]) -> String {
    let more = codes.len().saturating_sub(MOST_CODES);
    let first = codes.iter().take(MOST_CODES).map(String::as_str).collect::<Vec<_>>().join(", ");
    if more > 0 { format!("{first} and {more} more") } else { first }
}

/// A state in words.
fn state_word(state: State) -> &'static str {
    match state {
        State::New => "new",
        State::Existing => "existing",
        State::UnknownBefore => "unknown before",
        State::Resolved => "resolved",
        State::Unbaselined => "without a baseline",
    }
}

/// How many findings of a severity a tenant has in a view; what is resolved or waived is none.
fn findings_of(page: &Page<'_>, tenant: &TenantReport, severity: Severity) -> u64 {
    let of_tenant = page.report.findings.iter().filter(|finding| finding.tenant_id == tenant.tenant_id && finding.view == tenant.view);
    let counts = |finding: &&Finding| finding.state != State::Resolved && finding.standing.waiver.is_none();
    of_tenant.filter(counts).filter(|finding| finding.severity == severity).count() as u64
}

#[cfg(test)]
mod tests {
    use unicode_width::UnicodeWidthStr;

    use super::super::sample;
    use super::*;

    const WIDTHS: [usize; 5] = [60, 80, 100, 120, 240];

    fn rendered(report: &Report, width: usize, full: bool) -> String {
        render(report, &RenderOptions { width, color: false, full }).unwrap()
    }

    #[test]
    fn no_line_is_wider_than_the_terminal() {
        for (name, report) in sample::all() {
            for width in WIDTHS {
                for full in [false, true] {
                    for line in rendered(&report, width, full).lines() {
                        assert!(line.width() <= width, "{name} at {width}, full {full}: {} columns: {line}", line.width());
                    }
                }
            }
        }
    }

    #[test]
    fn colour_only_where_it_is_asked_for_and_only_colour() {
        for (name, report) in sample::all() {
            let options = RenderOptions { width: 80, color: false, full: true };
            let plain = render(&report, &options).unwrap();
            assert!(!plain.contains('\u{1b}'), "{name}");
            let colored = render(&report, &RenderOptions { color: true, ..options }).unwrap();
            assert!(colored.contains("\u{1b}["), "{name}");
            let mut stripped = String::new();
            let mut pieces = colored.split('\u{1b}');
            stripped.push_str(pieces.next().unwrap());
            for piece in pieces {
                let (sequence, text) = piece.split_once('m').unwrap();
                assert!(sequence.starts_with('[') && sequence[1..].chars().all(|c| c.is_ascii_digit() || c == ';'), "{name}: {sequence:?}");
                stripped.push_str(text);
            }
            assert_eq!(stripped, plain, "{name}");
            for line in colored.lines() {
                assert_eq!(line.rfind("\u{1b}["), line.rfind("\u{1b}[0m"), "{name}: colour runs on after {line:?}");
            }
        }
    }

    #[test]
    fn two_thousand_customers_stay_readable() {
        let report = sample::many(2_000);
        for width in [80, 120, 240] {
            let text = rendered(&report, width, false);
            let lines = text.lines().count();
            assert!(lines < 200, "{lines} lines at {width}");
            assert!(text.contains("more (--full lists them)") && text.contains("more customers"), "{text}");
        }
        let full = rendered(&report, 120, true);
        assert!((0..2_000).all(|number| full.contains(&format!("Customer {number} "))));
        assert!(!full.contains("--full"));
    }

    #[test]
    fn the_order_is_verdict_gaps_findings_footprint_totals() {
        let text = rendered(&sample::incomplete(), 80, false);
        let places: Vec<usize> = ["Northwind Managed Services (partner view)", "Not read", "Findings", "Footprint", "Exit status 1"]
            .into_iter()
            .map(|part| text.find(part).unwrap_or_else(|| panic!("{part} is missing in\n{text}")))
            .collect();
        assert!(places.is_sorted(), "{places:?}\n{text}");
        assert!(text.starts_with("Northwind"));
        let text = rendered(&sample::customer_findings(), 80, false);
        assert!(text.find("\nOutside tenants") < text.find("\nFindings"), "who is there comes before what is wrong\n{text}");
    }

    #[test]
    fn a_tenant_without_a_name_is_called_one() {
        let mut report = sample::customer_findings();
        report.tenants[0].display_name = " ".into();
        report.tenants[0].tenant_id = "e1b8302d-94c7-4f6e-a053-7bd2c86f41e9".into();
        let text = rendered(&report, 60, false).split_whitespace().collect::<Vec<_>>().join(" ");
        assert!(text.contains("can administer tenant e1b8302d-94c7-4f6e-a053-7bd2c86f41e9: "), "{text}");
    }

    #[test]
    fn tables_as_they_look() {
        for (name, report) in sample::all().into_iter().filter(|(name, _)| !name.ends_with("many")) {
            insta::assert_snapshot!(format!("table_{name}_80"), rendered(&report, 80, false));
        }
        insta::assert_snapshot!("table_many_160", rendered(&sample::many(60), 160, false));
        insta::assert_snapshot!("table_findings_60", rendered(&sample::findings(), 60, false));
        insta::assert_snapshot!("table_findings_140_full", rendered(&sample::findings(), 140, true));
        insta::assert_snapshot!("table_customer_findings_60", rendered(&sample::customer_findings(), 60, false));
        insta::assert_snapshot!("table_customer_findings_120_full", rendered(&sample::customer_findings(), 120, true));
        insta::assert_snapshot!("table_incomplete_120_full", rendered(&sample::incomplete(), 120, true));
    }

    #[test]
    fn a_partner_that_is_a_customer_too_is_shown_from_both_sides() {
        let mut report = sample::findings();
        report.tenants.extend(sample::customer_findings().tenants);
        let text = rendered(&report, 80, false);
        assert!(text.contains("3 live relationships reach 3") && text.contains("outside tenants can administer Contoso"), "{text}");
        assert!(text.contains("Outside tenants of Contoso (customer view)"), "{text}");
    }

    #[test]
    fn two_tenants_are_told_apart() {
        let mut report = sample::findings();
        let mut second = sample::incomplete().tenants.remove(0);
        second.tenant_id = "second".into();
        second.display_name = "Adatum".into();
        report.tenants.push(second);
        let text = rendered(&report, 80, false);
        assert!(text.contains("Footprint of Adatum (partner view)"), "{text}");
        assert!(text.contains("Not read of Adatum"), "{text}");
        assert!(text.contains("Northwind Managed Services (partner view)") && text.contains("no critical or high finding"), "{text}");
    }
}
