//! The customer view: outside tenants and their paths to roles.

use super::super::layout::{count, heading, name_or, paragraph};
use super::{Page, seen};
use crate::domain::access::{CustomerAnswer, HolderClass, OutsideAccess, OutsidePath, Role, TenantAnswer};

/// Adds the answer.
pub(super) fn write(out: &mut String, page: &Page, tenant: &TenantAnswer<'_>, answer: &CustomerAnswer) {
    page.verdict(out, tenant);
    let text = format!("{}; {} can administer.", count(answer.partners.total, "outside tenant"), answer.able);
    if answer.paths.is_none() || answer.partners.total > 0 {
        paragraph(out, "", &text, page.width);
    }
    let shown = page.shown(answer.partners.shown.len());
    for access in answer.partners.shown.iter().take(shown) {
        partner(out, page, access, answer);
    }
    let able_shown = answer.partners.shown.iter().take(shown).filter(|access| access.entry.can_administer).count() as u64;
    let able = answer.able.saturating_sub(able_shown);
    page.more(out, shown, answer.partners.total, &format!("outside tenants, of which {able} can administer"));
    paths(out, page, answer);
}

fn partner(out: &mut String, page: &Page, access: &OutsideAccess, answer: &CustomerAnswer) {
    let entry = &access.entry;
    heading(out, &format!("{} ({})", name_or(&entry.name, &entry.tenant_id, 60), name_or(entry.class.as_str(), "?", 24)), page.width);
    let doors: Vec<String> = entry.doors().into_iter().map(|door| door.as_str().to_owned()).collect();
    let doors = if doors.is_empty() { "no way in was observed".to_owned() } else { format!("ways in: {}", doors.join(", ")) };
    paragraph(out, "  ", &format!("{doors}; {}", seen(access.seen, answer.log)), page.width);
    let held: Vec<Role<'_>> = {
        let mut held: Vec<Role<'_>> =
            entry.all_roles().map(|held| Role { id: &held.role_id, name: &held.role_name, tier: held.tier }).collect();
        held.sort();
        held.dedup();
        held
    };
    if !held.is_empty() {
        paragraph(out, "  holds: ", &page.few(held.iter().map(|role| page.role(role)).collect()), page.width);
    }
    let of_ceiling = |held: Option<bool>| -> Vec<String> {
        access.ceiling.iter().filter(|row| row.held == held).map(|row| page.role(&Role::of(&row.id))).collect()
    };
    let (unheld, unknown) = (of_ceiling(Some(false)), of_ceiling(None));
    if !unheld.is_empty() {
        paragraph(out, "  may give its groups, and none has it: ", &page.few(unheld), page.width);
    }
    if !unknown.is_empty() {
        paragraph(out, "  may give its groups; whether one has it is not known: ", &page.few(unknown), page.width);
    }
    for app in entry.apps.iter().filter(|app| !app.strong.is_empty()) {
        let lead = format!("{} has permission: ", name_or(&app.name, &app.id, 40));
        paragraph(out, "  ", &format!("{lead}{}", page.few(app.strong.iter().map(|value| name_or(value, "?", 60)).collect())), page.width);
    }
    for (pair, one) in &access.toxic {
        let roles: Vec<&str> = pair.roles.iter().map(|id| Role::of(id).name).collect();
        let who = if *one { "one principal holds both" } else { "no principal that is listed holds both" };
        paragraph(out, "  ", &format!("{}: {}; {who}", pair.name, roles.join(" and ")), page.width);
    }
    if let Some(fit) = &access.fit {
        let roles = |ids: &[String]| page.few(ids.iter().map(|id| page.role(&Role::of(id))).collect());
        let beyond = if fit.beyond.is_empty() {
            "nothing beyond the smallest roles".to_owned()
        } else {
            format!("beyond the smallest roles: {}", roles(&fit.beyond))
        };
        let lacking = if fit.lacking.is_empty() { String::new() } else { format!("; not here: {}", roles(&fit.lacking)) };
        paragraph(out, "  for the tasks: ", &format!("{beyond}{lacking}"), page.width);
    }
}

fn paths(out: &mut String, page: &Page, answer: &CustomerAnswer) {
    let Some(paths) = answer.paths.as_ref().filter(|paths| paths.total > 0) else { return };
    heading(out, &format!("Paths ({})", paths.total), page.width);
    let shown = page.shown(paths.shown.len());
    for path in paths.shown.iter().take(shown) {
        paragraph(out, "  ", &line(page, path), page.width);
    }
    page.more(out, shown, paths.total, "paths");
}

/// outside tenant -> principal -> assignment -> role.
pub(super) fn line(page: &Page, path: &OutsidePath) -> String {
    let (class, id, name) = &path.holder;
    let what = match class {
        HolderClass::Foreign => match path.held.principal_kind.as_str() {
            "group" => "its group",
            "user" => "its user",
            _ => "its principal",
        },
        HolderClass::Guest => "guest",
        HolderClass::Application => "application",
    };
    let through = path.through.as_ref().map(|(id, name)| format!(" -> member of {}", name_or(name, id, 60))).unwrap_or_default();
    let word = if path.held.eligible_only { "eligible" } else { "assignment" };
    let until = path.until.map(|until| format!(" until {until}")).unwrap_or_default();
    let scope = if path.held.scope == "/" { String::new() } else { format!(" over {}", name_or(&path.held.scope, "?", 60)) };
    format!(
        "{} -> {what} {}{through} -> {word} {}{until} -> {}{scope}",
        name_or(&path.tenant_name, &path.tenant_id, 60),
        name_or(name, id, 60),
        name_or(&path.held.assignment_id, "?", 48),
        page.role(&path.role())
    )
}
