//! The partner view: customers, what of their roles nobody uses, and paths.

use super::super::ink::Ink;
use super::super::layout::{count, grid, heading, name_or, paragraph, share};
use super::{Page, asked, seen};
use crate::domain::access::{Capped, CustomerAccess, Holder, How, Member, PartnerAnswer, Path, RoleUse, TenantAnswer, Toxic, Usable, What};
use crate::domain::facts::Relationship;
use crate::domain::log_span::LogSpan;

/// Adds the answer.
pub(super) fn write(out: &mut String, page: &Page, tenant: &TenantAnswer<'_>, answer: &PartnerAnswer<'_>, wants_tasks: bool) {
    page.verdict(out, tenant);
    match &answer.paths {
        None => {
            sums(out, page, answer);
            // Who asks for an end or a task has not asked for everything.
            if answer.ends.is_empty() && !wants_tasks {
                overview(out, page, answer);
            }
            if wants_tasks {
                fits(out, page, answer);
            }
        }
        Some(paths) if paths.with_holder == 0 && answer.customers.total == 0 => {}
        Some(_) => {
            summary(out, page, tenant, answer);
            for access in answer.customers.shown.iter().take(page.shown(answer.customers.shown.len())) {
                customer(out, page, access, answer.log);
            }
            let shown = page.shown(answer.customers.shown.len());
            page.more(out, shown, answer.customers.total, "customers");
            self::paths(out, page, answer);
        }
    }
    if answer.groups_without_pim > 0 {
        let groups = count(answer.groups_without_pim, "group");
        let text = format!("Not collected: who may become a member, through PIM for Groups, of {groups} without a tier 0 or 1 role.");
        paragraph(out, "", &text, page.width);
    }
}

fn sums(out: &mut String, page: &Page, answer: &PartnerAnswer<'_>) {
    let totals = answer.totals;
    let text = format!(
        "{} with {}; {} in {}. Of {}, {} can be used by nobody, {} by people who were not seen there; of {} nobody can say.",
        count(totals.relationships, "live relationship"),
        count(answer.customers.total, "customer"),
        if totals.people == 1 { "1 person".to_owned() } else { format!("{} people", totals.people) },
        count(totals.groups, "group"),
        count(totals.roles.roles, "role"),
        totals.roles.by_nobody,
        totals.roles.unseen,
        totals.roles.unknown
    );
    paragraph(out, "", &text, page.width);
}

/// Relationships that do not fit the tasks, by customer.
fn fits(out: &mut String, page: &Page, answer: &PartnerAnswer<'_>) {
    let all = answer.customers.shown.iter();
    let all = all.flat_map(|access| access.relationships.shown.iter().map(move |relationship| (access, relationship)));
    let all: Vec<_> = all.filter_map(|(access, relationship)| Some((access, relationship, relationship.fit.as_ref()?))).collect();
    heading(out, "Relationships beside the tasks", page.width);
    let shown = page.shown(all.len());
    for (access, relationship, fit) in all.iter().take(shown) {
        let name = name_or(&relationship.relationship.display_name, &relationship.relationship.id, 60);
        paragraph(out, "  ", &format!("{}: {name}", page.name(&access.customer)), page.width);
        page.fit(out, fit);
    }
    page.more(out, shown, answer.totals.relationships, "relationships");
}

fn overview(out: &mut String, page: &Page, answer: &PartnerAnswer<'_>) {
    let columns = share(
        page.width,
        [("customer", 10, 3), ("rel.", 4, 0), ("people", 6, 0), ("strongest in use", 12, 2), ("unusable", 8, 0), ("last", 10, 0)],
    );
    let shown = page.shown(answer.customers.shown.len());
    let row = |access: &CustomerAccess<'_>| {
        let people = if access.may_be_more { format!("{}+", access.people) } else { access.people.to_string() };
        let strongest = access.strongest.map_or_else(|| "none".to_owned(), |role| page.role(&role).replace(" Administrator", " Admin"));
        let last = match access.seen {
            crate::domain::access::Seen::At(at) => at.date(),
            crate::domain::access::Seen::Never => "unseen".to_owned(),
            crate::domain::access::Seen::Unknown => "?".to_owned(),
        };
        [
            name_or(access.customer.name, access.customer.id, columns[0].width),
            access.relationships.total.to_string(),
            people,
            strongest,
            format!("{} of {}", access.sums.by_nobody, access.sums.roles),
            last,
        ]
        .map(|cell| vec![cell])
        .to_vec()
    };
    if shown > 0 {
        out.push('\n');
        grid(out, 0, &columns, answer.customers.shown.iter().take(shown).map(row).collect());
    }
    page.more(out, shown, answer.customers.total, "customers");
    let toxic: Vec<(&CustomerAccess<'_>, &Toxic<'_>)> =
        answer.customers.shown.iter().flat_map(|access| access.toxic.iter().map(move |toxic| (access, toxic))).collect();
    if !toxic.is_empty() {
        heading(out, "Roles that are more together than each alone", page.width);
        for (access, toxic) in toxic.iter().take(page.shown(toxic.len())) {
            paragraph(out, "  ", &format!("{}: {}", page.name(&access.customer), pair(page, toxic)), page.width);
        }
        page.more(out, page.shown(toxic.len()), toxic.len() as u64, "customers with such a pair");
    }
}

/// One sentence: who can do what where.
fn summary(out: &mut String, page: &Page, tenant: &TenantAnswer<'_>, answer: &PartnerAnswer<'_>) {
    let Some(paths) = answer.paths.as_ref().filter(|paths| paths.with_holder > 0) else { return };
    let people = if answer.totals.people == 1 { "1 person".to_owned() } else { format!("{} people", answer.totals.people) };
    let who = asked(tenant, What::User).map_or(people, |(id, name)| name_or(name, id, 60));
    let not_now = paths.with_holder - paths.in_force;
    let text = format!(
        "{who}: {} into {}{}.",
        count(paths.with_holder, "path"),
        count(answer.customers.total, "customer"),
        if not_now > 0 { format!(", {not_now} of them not in force") } else { String::new() }
    );
    paragraph(out, "", &text, page.width);
}

fn customer(out: &mut String, page: &Page, access: &CustomerAccess<'_>, log: Option<LogSpan>) {
    heading(out, &format!("In {}", page.named(&access.customer)), page.width);
    let shown = page.shown(access.relationships.shown.len());
    for relationship in access.relationships.shown.iter().take(shown) {
        let unread = if relationship.assignments_read { "" } else { "; its assignments were not read in full" };
        paragraph(out, "  ", &format!("{}{unread}", self::relationship(relationship.relationship)), page.width);
        let columns = share(page.width - 4, [("", 20, 1), ("", 16, 0), ("", 16, 0)]);
        let row = |role: &RoleUse<'_>| {
            let (state, presence) = (state(role), if role.usable == Usable::Yes { seen(role.seen, log) } else { String::new() });
            vec![vec![page.role(&role.role)], vec![state], vec![presence]]
        };
        let roles = page.shown(relationship.roles.shown.len());
        grid(out, 4, &columns, relationship.roles.shown.iter().take(roles).map(row).collect());
        page.more(out, roles, relationship.roles.total, "roles");
        if let Some(fit) = &relationship.fit {
            page.fit(out, fit);
        }
    }
    page.more(out, shown, access.relationships.total, "relationships");
    if access.idle.total > 0 {
        let names = access.idle.shown.iter().map(|named| page.name(named)).collect();
        let days = log.map(|log| format!(" in {} days", log.days())).unwrap_or_default();
        let text = format!("not seen there{days}, {} of {} people: {}", access.idle.total, access.people, page.few(names));
        paragraph(out, "  ", &text, page.width);
    }
    for toxic in &access.toxic {
        paragraph(out, "  ", &pair(page, toxic), page.width);
    }
    let shown = page.shown(access.overlaps.shown.len());
    for overlap in access.overlaps.shown.iter().take(shown) {
        let granting = page.relationships(&overlap.relationships);
        paragraph(out, "  ", &format!("{} is granted by {granting}", page.role(&overlap.role)), page.width);
    }
    page.more(out, shown, access.overlaps.total, "roles that several relationships grant");
}

/// Who can use a role, in the words of a cell.
fn state(role: &RoleUse<'_>) -> String {
    match role.usable {
        Usable::Yes if role.people == 1 => "1 can use it".to_owned(),
        Usable::Yes => format!("{} can use it", role.people),
        Usable::NoAssignment => "no group has it".to_owned(),
        Usable::NotInForce => "not in force".to_owned(),
        Usable::NoMember => "nobody in groups".to_owned(),
        Usable::OnlyDisabled => "only disabled".to_owned(),
        Usable::Unknown => "not known".to_owned(),
    }
}

/// A relationship in one line.
pub(super) fn relationship(relationship: &Relationship) -> String {
    let end = match relationship.end_date_time {
        Some(end) if relationship.renews_itself() => format!(", ends {} and renews itself", end.date()),
        Some(end) => format!(", ends {}", end.date()),
        None => String::new(),
    };
    format!("{} ({}{end})", name_or(&relationship.display_name, &relationship.id, 60), name_or(relationship.status.as_str(), "?", 24))
}

fn pair(page: &Page, toxic: &Toxic<'_>) -> String {
    let roles: Vec<String> =
        toxic.granted.iter().map(|(role, granting)| format!("{} (in {})", role.name, page.relationships(granting))).collect();
    let people = toxic.both.shown.iter().map(|named| page.name(named)).collect();
    let who = match toxic.both.total {
        0 if toxic.may_be_more => "whether one person can use both is not known".to_owned(),
        0 => "nobody can use both".to_owned(),
        total => format!("{total} can use both{}: {}", if toxic.may_be_more { " at least" } else { "" }, page.few(people)),
    };
    format!("{}: {}; {who}", toxic.pair.name, roles.join(" and "))
}

fn paths(out: &mut String, page: &Page, answer: &PartnerAnswer<'_>) {
    let Some(paths) = answer.paths.as_ref().filter(|paths| paths.list.total > 0) else { return };
    heading(out, &format!("Paths ({})", paths.list.total), page.width);
    let shown = page.shown(paths.list.shown.len());
    for path in paths.list.shown.iter().take(shown) {
        let text = line(page, path, answer.log);
        let lead = if path.grant.in_force() { "  " } else { "  (not in force) " };
        paragraph(out, lead, &text, page.width);
    }
    page.more(out, shown, paths.list.total, "paths");
    if paths.list.shown.iter().take(shown).any(|path| matches!(path.holder, Holder::NotRead)) {
        page.line(out, &Ink::Faint.on("  ? stands for people who were not read."));
    }
}

/// person -> group -> assignment -> relationship -> role -> customer.
fn line(page: &Page, path: &Path<'_>, log: Option<LogSpan>) -> String {
    let group = page.name(&path.group);
    let start = match &path.holder {
        Holder::Member(member) => format!("{} -> {}", person(page, member), membership(page, path, member, &group)),
        Holder::Nobody => format!("nobody -> {group}"),
        Holder::GroupGone => format!("nobody -> {group}, which is gone"),
        Holder::NotRead => format!("? -> {group}"),
    };
    let assignment = &path.grant.assignment;
    let roles = path.roles.shown.iter().map(|role| page.role(role)).collect();
    let presence = match &path.holder {
        Holder::Member(_) => format!(" ({})", seen(path.seen, log)),
        Holder::Nobody | Holder::GroupGone | Holder::NotRead => String::new(),
    };
    format!(
        "{start} -> assignment {} ({}) -> {} -> {} -> {}{presence}",
        name_or(&assignment.id, "?", 40),
        name_or(assignment.status.as_str(), "?", 24),
        relationship(path.grant.relationship),
        page.few_of(&Capped { shown: roles, total: path.roles.total }),
        page.name(&path.customer)
    )
}

fn person(page: &Page, member: &Member<'_>) -> String {
    let mut text = page.name(&member.named());
    match member.kind() {
        Some("user") => {}
        Some(kind) => text.push_str(&format!(" [{}]", name_or(kind, "?", 24))),
        None => text.push_str(" [unknown]"),
    }
    if member.principal.is_some_and(|principal| principal.is_guest()) {
        text.push_str(" [guest]");
    }
    if !member.may_sign_in() {
        text.push_str(" [disabled]");
    }
    text
}

/// How somebody is in a group: nested how, as far as the facts hold it.
fn membership(page: &Page, path: &Path<'_>, member: &Member<'_>, group: &str) -> String {
    let word = match member.how {
        How::Member => "member of",
        How::Activated => "activated in",
        How::Eligible => "eligible for",
    };
    let until = member.until.map(|until| format!(" until {until}")).unwrap_or_default();
    let names = |list: &[crate::domain::access::Named<'_>]| page.few(list.iter().map(|named| page.name(named)).collect());
    let nesting = match () {
        () if !path.through.is_empty() && member.direct => format!(" (directly, and through {})", names(&path.through)),
        () if !path.through.is_empty() => format!(" (through {})", names(&path.through)),
        () if !path.perhaps_through.is_empty() => format!(" (directly, or through {})", names(&path.perhaps_through)),
        () if member.direct => " (directly)".to_owned(),
        () => String::new(),
    };
    format!("{word} {group}{nesting}{until}")
}
