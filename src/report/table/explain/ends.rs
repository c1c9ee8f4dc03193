//! What stops working, and what remains.

use super::super::ink::Ink;
use super::super::layout::{heading, name_or, paragraph};
use super::{Page, outside as paths, partner as relationships};
use crate::domain::access::{CustomerAnswer, CustomerEnd, Fate, PartnerAnswer, Role, RoleEnd, Span};

/// Adds what ends in the partner view.
pub(super) fn partner(out: &mut String, page: &Page, answer: &PartnerAnswer<'_>) {
    for (span, customers) in &answer.ends {
        title(out, page, *span);
        if customers.total == 0 {
            paragraph(out, "  ", "No relationship that was read ends or renews itself then.", page.width);
        }
        let shown = page.shown(customers.shown.len());
        for end in customers.shown.iter().take(shown) {
            customer(out, page, end);
        }
        page.more(out, shown, customers.total, "customers");
    }
}

fn title(out: &mut String, page: &Page, span: Span) {
    let is_midnight = |at: crate::domain::Timestamp| at.to_string().ends_with("T23:59:59Z");
    let is_one_day = span.to.days_since(span.from) == 1 && is_midnight(span.from) && is_midnight(span.to);
    let text =
        if is_one_day { format!("What stops working on {}", span.to.date()) } else { format!("What stops working until {}", span.to) };
    heading(out, &text, page.width);
}

fn customer(out: &mut String, page: &Page, end: &CustomerEnd<'_>) {
    page.line(out, "");
    paragraph(out, "  ", &page.named(&end.customer), page.width);
    for (lead, list, what) in [("    ends: ", &end.ending, "that end"), ("    renews itself: ", &end.renewing, "that renew themselves")] {
        let shown = page.shown(list.shown.len());
        for relationship in list.shown.iter().take(shown) {
            paragraph(out, lead, &relationships::relationship(relationship), page.width);
        }
        page.more(out, shown, list.total, &format!("relationships {what}"));
    }
    // Roles that go the same way are told together.
    let mut told: Vec<(Fate, String, Vec<String>)> = Vec::new();
    for role in &end.roles {
        let what = consequence(page, role);
        match told.iter_mut().find(|(fate, other, _)| *fate == role.fate && *other == what) {
            Some((_, _, roles)) => roles.push(page.role(&role.role)),
            None => told.push((role.fate, what, vec![page.role(&role.role)])),
        }
    }
    let shown = page.shown(told.len());
    for (fate, what, roles) in told.iter().take(shown) {
        role_end(out, page, *fate, &format!("{}: {what}", page.few(roles.clone())));
    }
    page.more(out, shown, told.len() as u64, "roles");
    if !end.unassigned.is_empty() {
        let roles = page.few(end.unassigned.iter().map(|role| page.role(role)).collect());
        paragraph(out, "    ", &format!("no group has: {roles}"), page.width);
    }
}

/// One line for roles that go one way.
fn role_end(out: &mut String, page: &Page, fate: Fate, text: &str) {
    let (word, ink) = match fate {
        Fate::Stops => ("stops", Ink::High),
        Fate::Partly => ("in part", Ink::Medium),
        Fate::Remains => ("remains", Ink::Faint),
        Fate::Unknown => ("not known", Ink::Medium),
    };
    let mut body = String::new();
    paragraph(&mut body, &format!("    {word:<10}"), text, page.width);
    // The word alone is coloured: a mark must stay on one line.
    out.push_str(&body.replacen(word, &ink.on(word), 1));
}

/// Who loses a role and who keeps it.
fn consequence(page: &Page, end: &RoleEnd<'_>) -> String {
    let mut parts = Vec::new();
    if end.lose.total > 0 {
        let at_least = if end.people_read { "" } else { "at least " };
        let people = page.few(end.lose.shown.iter().map(|named| page.name(named)).collect());
        parts.push(format!("{at_least}{} lose it: {people}", end.lose.total));
    }
    if end.keep > 0 {
        parts.push(format!("{} keep it", end.keep));
    }
    let shown = page.shown(end.groups.shown.len());
    parts.extend(end.groups.shown.iter().take(shown).map(|group| match group.keeps_through.total {
        0 => format!("{} has it no more", page.name(&group.group)),
        _ => format!("{} keeps it through {}", page.name(&group.group), page.relationships(&group.keeps_through)),
    }));
    let rest = end.groups.total.saturating_sub(shown as u64);
    if rest > 0 {
        parts.push(format!("and {rest} more groups"));
    }
    if end.perhaps_through.total > 0 {
        parts.push(format!("perhaps left through {}", page.relationships(&end.perhaps_through)));
    }
    if parts.is_empty() { "its assignments were not read".to_owned() } else { parts.join("; ") }
}

/// Adds what ends in the customer view.
pub(super) fn outside(out: &mut String, page: &Page, answer: &CustomerAnswer) {
    for ends in &answer.ends {
        title(out, page, ends.span);
        if ends.roles.total == 0 && ends.declared.is_empty() {
            paragraph(
                out,
                "  ",
                "No timed role that was read, and no declared relationship, ends then. When a partner's own relationship ends only the partner's side tells.",
                page.width,
            );
        }
        let shown = page.shown(ends.roles.shown.len());
        for end in ends.roles.shown.iter().take(shown) {
            let lead = if end.keeps.is_empty() { "  stops: " } else { "  remains in another way: " };
            paragraph(out, lead, &paths::line(page, &end.path), page.width);
            for kept in &end.keeps {
                paragraph(out, "    still: ", &paths::line(page, kept), page.width);
            }
        }
        page.more(out, shown, ends.roles.total, "roles");
        for end in &ends.declared {
            let name = name_or(&end.relationship.1, &end.relationship.0, 60);
            let word = if end.renews { "renews itself" } else { "ends" };
            let roles = |ids: &[String]| page.few(ids.iter().map(|id| page.role(&Role::of(id))).collect());
            let mut text = format!("{name} of {} {word} {}", name_or(&end.partner_tenant_id, "?", 40), end.end.date());
            if !end.renews && !end.stops.is_empty() {
                text.push_str(&format!("; no other declared one grants {}", roles(&end.stops)));
            }
            if !end.renews && !end.remains.is_empty() {
                text.push_str(&format!("; another one grants {}", roles(&end.remains)));
            }
            paragraph(out, "  declared: ", &text, page.width);
        }
    }
}
