//! `explain` for a terminal: what was not read first, then the answer, then why.

mod ends;
mod outside;
mod partner;

use super::ink::{self, Ink};
use super::layout::{heading, name_or, paragraph, prose, wrap};
use super::{GREATEST_WIDTH, LEAST_WIDTH};
use crate::domain::access::{Body, Capped, Cover, Explanation, Fit, Named, NotRead, Role, Seen, TenantAnswer, Verdict, What};
use crate::domain::facts::Relationship;
use crate::domain::log_span::LogSpan;
use crate::report::{RenderError, RenderOptions};

/// How many rows of a list are shown unless all are asked for.
const FEW: usize = 20;

/// How many names stand in one line unless all are asked for.
const FEW_NAMES: usize = 4;

/// Renders an explanation. No line is wider than the width asked for; without colour no escape sequence is written.
///
/// # Errors
/// None: the signature is that of every format.
pub fn render(explanation: &Explanation<'_>, options: &RenderOptions) -> Result<String, RenderError> {
    let page = Page { width: options.width.clamp(LEAST_WIDTH, GREATEST_WIDTH), full: options.full };
    let mut out = String::new();
    for tenant in &explanation.tenants {
        page.tenant(&mut out, explanation, tenant);
    }
    if let Some(cover) = &explanation.cover {
        page.cover(&mut out, cover);
    }
    out.push('\n');
    let closing =
        format!("As of {}, when the facts were read. Sign-ins tell who was there, never which role was used.", explanation.collected_at);
    for line in wrap(&closing, page.width) {
        page.line(&mut out, &Ink::Faint.on(&line));
    }
    Ok(ink::paint(out.trim_start_matches('\n'), options.color))
}

struct Page {
    width: usize,
    full: bool,
}

impl Page {
    fn tenant(&self, out: &mut String, explanation: &Explanation<'_>, tenant: &TenantAnswer<'_>) {
        heading(out, &format!("{} ({} view)", name_or(tenant.name, tenant.tenant_id, self.width / 2), tenant.view), self.width);
        self.not_read(out, &tenant.not_read, tenant.verdict.is_some());
        for (what, named) in &tenant.meant {
            let told = match named {
                Some((id, name)) => format!("{}: {}", what.as_str(), self.named(&Named { id, name })),
                None => format!("{}: none of that name here", what.as_str()),
            };
            paragraph(out, "", &told, self.width);
        }
        match &tenant.body {
            Body::Partner(answer) => partner::write(out, self, tenant, answer, explanation.cover.is_some()),
            Body::Customer(answer) => outside::write(out, self, tenant, answer),
        }
        let asks_for_end = !explanation.question.ends.is_empty();
        match &tenant.body {
            Body::Partner(answer) if asks_for_end => ends::partner(out, self, answer),
            Body::Customer(answer) if asks_for_end => ends::outside(out, self, answer),
            _ => {}
        }
    }

    /// What was not read, before anything that rests on the rest.
    fn not_read(&self, out: &mut String, rows: &[NotRead], is_asked: bool) {
        // What is partial only because of another stands behind that one.
        let is_after = |row: &&NotRead| row.limited_by.is_some() && row.subjects == 0;
        for row in rows.iter().filter(|row| !is_after(row)) {
            let mut text = format!("{} is {}", row.dataset, row.status);
            if row.subjects > 0 {
                text.push_str(&format!(", {} missing", row.subjects));
            }
            if let Some(reason) = row.reason.as_ref().filter(|reason| !reason.trim().is_empty()) {
                text.push_str(&format!(": {}", name_or(reason, "?", 160)));
            }
            if let Some(permission) = &row.permission {
                text.push_str(&format!(" (permission: {})", prose(permission)));
            }
            if row.matters && is_asked {
                text.push_str("; there may be more than is shown");
            }
            paragraph(out, "Not readable: ", &text, self.width);
        }
        let behind: Vec<&str> = rows.iter().filter(is_after).map(|row| row.dataset.name()).collect();
        if !behind.is_empty() {
            paragraph(out, "Not readable: ", &format!("what rests on these: {}", behind.join(", ")), self.width);
        }
    }

    /// One sentence for an answer without a path.
    fn verdict(&self, out: &mut String, tenant: &TenantAnswer<'_>) {
        match tenant.verdict {
            Some(Verdict::Nobody) => {
                paragraph(out, "", "Nobody: everything that could show a path was read, and there is none.", self.width)
            }
            Some(Verdict::Unknown) => {
                let doubts: Vec<&str> = tenant.not_read.iter().filter(|row| row.matters).map(|row| row.dataset.name()).collect();
                let rests = if doubts.is_empty() {
                    "not everything is collected".to_owned()
                } else {
                    format!("not fully read: {}", doubts.join(", "))
                };
                let text = format!("No path in what was read. That there is none is not known ({rests}).");
                paragraph(out, "", &text, self.width);
            }
            Some(Verdict::Somebody) | None => {}
        }
    }

    fn cover(&self, out: &mut String, cover: &Cover) {
        heading(out, "The smallest roles for these tasks", self.width);
        let roles: Vec<String> = cover.roles.iter().map(|role| self.role(role)).collect();
        paragraph(out, "  ", &roles.join(", "), self.width);
        for need in &cover.needs {
            let done_by = cover.roles.iter().rev().find(|role| need.is_met_by(role.id));
            let own = Role::of(need.role);
            // What is its own least privileged role needs no word.
            if let Some(role) = done_by.filter(|role| role.id != need.role) {
                let told = format!("{}: {} would do, and {} does it as well", prose(&need.set), own.name, role.name);
                paragraph(out, "  ", &told, self.width);
            }
        }
    }

    /// How roles fit the tasks, in one paragraph; nothing where they are the smallest set.
    fn fit(&self, out: &mut String, fit: &Fit<'_>) {
        let mut parts = Vec::new();
        let names = |roles: &[Role<'_>]| self.few(roles.iter().map(|role| self.role(role)).collect());
        if !fit.unmet.is_empty() {
            parts.push(format!("no role here does {}", self.few(fit.unmet.iter().map(|name| prose(name)).collect())));
        }
        if !fit.lacking.is_empty() {
            parts.push(format!("of the smallest roles not here: {}", names(&fit.lacking)));
        }
        if !fit.beyond.is_empty() {
            parts.push(format!("beyond them: {}", names(&fit.beyond)));
        }
        let text = if parts.is_empty() { "exactly the smallest roles".to_owned() } else { parts.join("; ") };
        paragraph(out, "    for the tasks: ", &text, self.width);
    }

    /// `T0 Global Administrator`.
    fn role(&self, role: &Role<'_>) -> String {
        let tier = role.tier.map_or_else(|| "T?".to_owned(), |tier| format!("T{tier}"));
        format!("{tier} {}", name_or(role.name, role.id, 60))
    }

    /// A name, with the id where it says more.
    fn named(&self, named: &Named<'_>) -> String {
        let name = name_or(named.name, named.id, 80);
        if named.name == named.id { name } else { format!("{name} ({})", name_or(named.id, "?", 80)) }
    }

    /// A name alone.
    fn name(&self, named: &Named<'_>) -> String {
        name_or(named.name, named.id, 80)
    }

    /// The first of several names; the rest is counted.
    fn few(&self, names: Vec<String>) -> String {
        let total = names.len() as u64;
        self.few_of(&Capped { shown: names, total })
    }

    /// The same of a list that was cut before.
    fn few_of(&self, names: &Capped<String>) -> String {
        let known = names.shown.len();
        let shown = if self.full || names.total <= FEW_NAMES as u64 + 1 { known } else { known.min(FEW_NAMES) };
        let mut line = names.shown[..shown].join(", ");
        let rest = names.total.saturating_sub(shown as u64);
        if rest > 0 {
            line.push_str(&format!(", +{rest}"));
        }
        line
    }

    /// The names of a few relationships.
    fn relationships(&self, list: &Capped<&Relationship>) -> String {
        let names = list.shown.iter().map(|relationship| name_or(&relationship.display_name, &relationship.id, 40));
        self.few_of(&Capped { shown: names.collect(), total: list.total })
    }

    /// How many rows to show: a line that says "and 1 more" had better be the row itself.
    fn shown(&self, all: usize) -> usize {
        if self.full || all <= FEW + 1 { all } else { FEW }
    }

    /// Says how many rows are not shown.
    fn more(&self, out: &mut String, shown: usize, total: u64, what: &str) {
        let rest = total.saturating_sub(shown as u64);
        if rest > 0 {
            let hint = if self.full { "" } else { " (--full lists more)" };
            paragraph(out, "  ", &format!("and {rest} more {what}{hint}"), self.width);
        }
    }

    fn line(&self, out: &mut String, text: &str) {
        out.push_str(text);
        out.push('\n');
    }
}

/// When somebody was last there, in the words of a cell.
fn seen(seen: Seen, log: Option<LogSpan>) -> String {
    match (seen, log) {
        (Seen::At(at), _) => format!("there {}", at.date()),
        (Seen::Never, Some(log)) => format!("unseen {} days", log.days()),
        (Seen::Never, None) | (Seen::Unknown, _) => "presence unknown".to_owned(),
    }
}

/// What was asked for, if it is of that kind.
fn asked<'a>(tenant: &'a TenantAnswer<'_>, wanted: What) -> Option<&'a (String, String)> {
    tenant.meant.iter().find(|(what, _)| *what == wanted).and_then(|(_, named)| named.as_ref())
}
