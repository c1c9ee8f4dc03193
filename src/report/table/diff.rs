//! `diff` for a terminal: what came, went, grew and shrank, by customer or partner, field by field.

use std::collections::BTreeMap;

use super::ink::{self, Ink};
use super::layout::{count, heading, name_or, paragraph, prose, wrap};
use super::{GREATEST_WIDTH, LEAST_WIDTH};
use crate::domain::View;
use crate::domain::diff::{Change, ChangeKind, Detail, Diff, Direction, Ending, Field, Form, Item, Kind, NotCompared, TenantDiff};
use crate::report::{RenderError, RenderOptions};

/// How many values of a field are named unless all are asked for.
const FEW_ITEMS: usize = 6;

/// How many subjects of one customer or partner are shown unless all are asked for.
const FEW_CHANGES: usize = 8;

/// Renders a diff. No line is wider than the width asked for; without colour no escape sequence is written.
///
/// # Errors
/// None: the signature is that of every format.
pub fn render(diff: &Diff, options: &RenderOptions) -> Result<String, RenderError> {
    let page = Page { width: options.width.clamp(LEAST_WIDTH, GREATEST_WIDTH), full: options.full };
    let mut out = String::new();
    for tenant in &diff.tenants {
        page.tenant(&mut out, tenant);
    }
    page.alone(&mut out, &diff.only_old, "OLD");
    page.alone(&mut out, &diff.only_new, "NEW");
    page.closing(&mut out, diff);
    Ok(ink::paint(out.trim_start_matches('\n'), options.color))
}

struct Page {
    width: usize,
    full: bool,
}

/// What changes belong to: the name and id of a customer or a partner; none for groups, people and datasets.
type Owner<'a> = Option<(&'a str, &'a str)>;

impl Page {
    fn tenant(&self, out: &mut String, tenant: &TenantDiff) {
        let name = name_or(&tenant.name, &tenant.tenant_id, self.width / 2);
        let changes = &tenant.comparison.changes;
        let told = match changes.is_empty() {
            true => format!("{name} ({} view): nothing that matters changed", tenant.view),
            false => format!("{name} ({} view): {}", tenant.view, counts(changes)),
        };
        heading(out, &told, self.width);
        let mut owners: BTreeMap<(bool, Owner<'_>), Vec<&Change>> = BTreeMap::new();
        for change in changes {
            let owner = change.party.as_ref().map(|party| (party.name.as_str(), party.tenant_id.as_str()));
            owners.entry((owner.is_none(), owner)).or_default().push(change);
        }
        for ((_, owner), changes) in owners {
            self.owner(out, owner, tenant.view, &changes);
        }
        self.not_compared(out, &tenant.comparison.not_compared);
    }

    fn owner(&self, out: &mut String, owner: Owner<'_>, view: View, changes: &[&Change]) {
        out.push('\n');
        let whose = match (owner, view) {
            (Some((name, id)), _) => name_or(name, id, self.width),
            (None, View::Partner) => "This partner's own directory and offers to any customer".to_owned(),
            (None, View::Customer) if changes.iter().all(|change| &*change.subject.kind == Kind::Dataset.as_str()) => {
                "What was read".to_owned()
            }
            (None, View::Customer) => "This tenant's own directory and policies".to_owned(),
        };
        wrap(&whose, self.width).iter().for_each(|line| line_of(out, "", line));
        let shown = if self.full || changes.len() <= FEW_CHANGES + 1 { changes.len() } else { FEW_CHANGES };
        for change in changes.iter().take(shown) {
            self.change(out, change);
        }
        if shown < changes.len() {
            paragraph(out, "  ", &format!("and {} more (--full lists them)", changes.len() - shown), self.width);
        }
    }

    /// `came    relationship Alpine support`, and below it what it gives.
    fn change(&self, out: &mut String, change: &Change) {
        let word = format!("{:<8}", word(change.kind));
        let subject = match &*change.subject.kind {
            "dataset" => format!("dataset {}", change.subject.id),
            kind => format!("{kind} {}", name_or(&change.subject.name, &change.subject.id, self.width)),
        };
        let tier = change.tier.map(|tier| format!(" (tier {tier})")).unwrap_or_default();
        let ending = change.ending.map(|ending| format!(", {}", ending_of(ending))).unwrap_or_default();
        for (number, line) in wrap(&format!("{subject}{tier}{ending}"), self.width - 10).iter().enumerate() {
            let lead = if number == 0 { ink(change).on(&word) } else { " ".repeat(word.len()) };
            line_of(out, &format!("  {lead}"), line);
        }
        // Whose it is stands above it.
        let is_one_sided = matches!(change.kind, ChangeKind::Came | ChangeKind::Went);
        for detail in change.details.iter().filter(|detail| !(is_one_sided && detail.field == Field::Customer)) {
            self.detail(out, change.kind, detail);
        }
    }

    fn detail(&self, out: &mut String, of: ChangeKind, detail: &Detail) {
        let sign = match (of, detail.direction) {
            // Of what came or went every line would have the same sign.
            (ChangeKind::Came | ChangeKind::Went, _) => "  ",
            (_, Direction::Grew) => "+ ",
            (_, Direction::Shrank) => "- ",
            (_, Direction::Changed) => "~ ",
        };
        let value = match (&detail.old, &detail.new) {
            (Some(old), Some(new)) => format!("{} to {}", prose(old), prose(new)),
            (Some(one), None) | (None, Some(one)) => prose(one),
            (None, None) => self.items(&detail.items),
        };
        let of = detail.of.as_ref().map(|of| format!(" of {}", name_or(&of.name, &of.id, 120))).unwrap_or_default();
        let meaning = detail.meaning.map(|words| format!(" ({words})")).unwrap_or_default();
        paragraph(out, &format!("          {sign}"), &format!("{}{of}: {value}{meaning}", detail.field.name()), self.width);
    }

    /// Values, the most powerful first.
    fn items(&self, items: &[Item]) -> String {
        let mut sorted: Vec<&Item> = items.iter().collect();
        sorted.sort_by_key(|item| (item.tier.unwrap_or(u8::MAX), &item.name, &item.id));
        let shown = if self.full || items.len() <= FEW_ITEMS + 1 { items.len() } else { FEW_ITEMS };
        let mut names: Vec<String> = sorted.iter().take(shown).map(|item| name_or(&item.name, &item.id, 120)).collect();
        if shown < items.len() {
            names.push(format!("+{}", items.len() - shown));
        }
        names.join(", ")
    }

    fn not_compared(&self, out: &mut String, rows: &[NotCompared]) {
        if rows.is_empty() {
            return;
        }
        out.push('\n');
        line_of(out, "", "Not compared in full");
        for row in rows {
            let read = |status: Option<crate::domain::Status>| status.map_or("not in the file", |status| status.as_str());
            let mut text = format!("{}: {} in OLD, {} in NEW", row.dataset, read(row.old), read(row.new));
            if row.only_old > 0 {
                text.push_str(&format!("; {} in OLD may be there still", row.only_old));
            }
            if row.only_new > 0 {
                text.push_str(&format!("; {} in NEW may have been there before", row.only_new));
            }
            paragraph(out, "  ", &text, self.width);
        }
    }

    fn alone(&self, out: &mut String, tenants: &[(String, View)], side: &str) {
        for (tenant, view) in tenants {
            out.push('\n');
            paragraph(out, "", &format!("{} ({view} view) is in {side} only: not compared", prose(tenant)), self.width);
        }
    }

    fn closing(&self, out: &mut String, diff: &Diff) {
        let side = |(form, at): (Form, crate::domain::Timestamp)| {
            let form = match form {
                Form::Snapshot => "snapshot",
                Form::Report => "report",
            };
            format!("{form} of {at}")
        };
        out.push('\n');
        let meaning = if diff.is_different() { "Different" } else { "The same" };
        for line in wrap(&format!("{meaning}: OLD is a {}, NEW a {}.", side(diff.old), side(diff.new)), self.width) {
            line_of(out, "", &Ink::Faint.on(&line));
        }
    }
}

fn line_of(out: &mut String, lead: &str, text: &str) {
    out.push_str(lead);
    out.push_str(text);
    out.push('\n');
}

/// `2 came, 1 went, 3 grew`.
fn counts(changes: &[Change]) -> String {
    let kinds = [ChangeKind::Came, ChangeKind::Went, ChangeKind::Grew, ChangeKind::Shrank, ChangeKind::Changed];
    let of = |kind: ChangeKind| changes.iter().filter(|change| change.kind == kind).count();
    let parts: Vec<String> = kinds.iter().filter(|kind| of(**kind) > 0).map(|kind| format!("{} {}", of(*kind), word(*kind))).collect();
    format!("{} of {}", parts.join(", "), count(changes.len() as u64, "subject"))
}

fn word(kind: ChangeKind) -> &'static str {
    match kind {
        ChangeKind::Came => "came",
        ChangeKind::Went => "went",
        ChangeKind::Grew => "grew",
        ChangeKind::Shrank => "shrank",
        ChangeKind::Changed => "changed",
    }
}

fn ending_of(ending: Ending) -> &'static str {
    match ending {
        Ending::Removed => "removed: Microsoft could not have cleaned it up yet",
        Ending::MayBeCleanedUp => "perhaps cleaned up by Microsoft",
    }
}

/// What gives more power is coloured by how much.
fn ink(change: &Change) -> Ink {
    match (change.kind, change.tier) {
        (ChangeKind::Came | ChangeKind::Grew, Some(0)) => Ink::Critical,
        (ChangeKind::Came | ChangeKind::Grew, _) => Ink::Medium,
        (ChangeKind::Changed, _) => Ink::Low,
        (ChangeKind::Went | ChangeKind::Shrank, _) => Ink::Faint,
    }
}
