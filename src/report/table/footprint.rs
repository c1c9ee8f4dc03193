//! The footprint: per customer the roles, the groups and people who hold them, when it ends and when it was last used.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::domain::facts::{AssignmentStatus, PrincipalKind};
use crate::domain::report::{PersonRow, RelationshipRow, TenantReport};
use crate::domain::{Dataset, Status, Timestamp, View};

use super::layout::{Column, count, fit_names, grid, heading, name_or, paragraph, prose, share, wrap};
use super::roles::{Hold, Roles};
use super::verdict::status;
use super::{Page, shown};

/// How many customers are shown.
const MOST_CUSTOMERS: usize = 15;

/// From which width of its column on groups are named, not only counted.
const ROOM_FOR_GROUPS: usize = 20;

/// One customer with the live relationships that reach it.
struct Reach<'a> {
    id: &'a str,
    name: &'a str,
    relationships: Vec<&'a RelationshipRow>,
    roles: Roles<'a>,
}

/// Adds the footprint of a partner; other views have none.
pub(super) fn write(out: &mut String, page: &Page<'_>, tenant: &TenantReport) {
    let customers = customers(tenant);
    if tenant.view != View::Partner || customers.is_empty() {
        return;
    }
    let shown = shown(page, customers.len(), MOST_CUSTOMERS);
    let which =
        if shown < customers.len() { format!(": {shown} of {} customers, worst tier first", customers.len()) } else { String::new() };
    heading(out, &format!("Footprint{}{which}", page.of_tenant(tenant)), page.width);
    let columns = share(page.width, [("customer", 10, 4), ("roles", 12, 5), ("through", 10, 2), ("ends", 10, 0), ("last used", 10, 2)]);
    let context = Context { page, tenant, columns: &columns };
    grid(out, 0, &columns, customers.iter().take(shown).map(|reach| context.row(reach)).collect());
    rest(out, page, &customers[shown..]);
    legend(out, page, &customers[..shown]);
}

/// Customers of live relationships, worst first.
fn customers(tenant: &TenantReport) -> Vec<Reach<'_>> {
    let mut by_id: BTreeMap<&str, Reach<'_>> = BTreeMap::new();
    for row in tenant.relationships.iter().filter(|row| row.status.is_live()) {
        let id = row.customer.as_ref().map_or("", |customer| customer.tenant_id.as_str());
        let name = row.customer.as_ref().and_then(|customer| customer.display_name.as_deref()).unwrap_or_default().trim();
        let reach = by_id.entry(id).or_insert_with(|| Reach { id, name, relationships: Vec::new(), roles: Roles::default() });
        if reach.name.is_empty() {
            reach.name = name;
        }
        reach.relationships.push(row);
        reach.roles.add(row);
    }
    let mut all: Vec<Reach<'_>> = by_id.into_values().collect();
    all.sort_by_cached_key(|reach| {
        let (worst, of_worst) = reach.roles.worst();
        (worst, !reach.roles.any(Hold::Held), Reverse(of_worst), reach.name.to_lowercase(), reach.id)
    });
    all
}

/// What a row is made with.
struct Context<'a> {
    page: &'a Page<'a>,
    tenant: &'a TenantReport,
    columns: &'a [Column; 5],
}

impl Context<'_> {
    fn row(&self, reach: &Reach<'_>) -> Vec<Vec<String>> {
        let [customer, roles, through, _, used] = self.columns.map(|column| column.width);
        vec![
            self.customer(reach, customer),
            reach.roles.lines(roles, self.page.full),
            self.through(reach, through),
            ends(reach, self.page.report.run.now),
            self.last_used(reach, used),
        ]
    }

    fn customer(&self, reach: &Reach<'_>, width: usize) -> Vec<String> {
        let id = if reach.id.is_empty() { "(no customer named)" } else { reach.id };
        let mut lines =
            if self.page.full { wrap(&prose(&name_or(reach.name, id, 600)), width) } else { vec![name_or(reach.name, id, width)] };
        if reach.relationships.len() > 1 {
            lines.push(name_or(&count(reach.relationships.len() as u64, "relationship"), "", width));
        }
        lines
    }

    /// Groups and people. What could not be read is never shown as none.
    fn through(&self, reach: &Reach<'_>, width: usize) -> Vec<String> {
        let assignments =
            || reach.relationships.iter().flat_map(|row| &row.groups).filter(|group| group.status != AssignmentStatus::Deleted);
        let groups: BTreeMap<&str, (&str, bool)> =
            assignments().map(|group| (group.group_id.as_str(), (group.group_name.as_str(), group.gone))).collect();
        let fully_read = reach.relationships.iter().all(|row| row.fully_read);
        // Which groups there are is the assignments' to say, who is in them the members'.
        let groups_read = fully_read || status(self.tenant, Dataset::Assignments) == Status::Complete;
        let people_read = fully_read && assignments().all(|group| group.people.is_some() || group.gone);
        let named = |(id, (name, gone)): (&&str, &(&str, bool))| name_or(name, id, width) + if *gone { " (gone)" } else { "" };
        let names: Vec<String> = groups.iter().map(named).collect();
        let counted = amount(groups.len(), groups_read, "group", "groups");
        let mut lines = if self.page.full && !names.is_empty() {
            wrap(&format!("{counted}: {}", names.join(", ")), width)
        } else if width >= ROOM_FOR_GROUPS && !names.is_empty() && fully_read {
            vec![fit_names(&names, width)]
        } else {
            vec![counted]
        };
        let (users, applications) = people(&reach.relationships);
        lines.push(amount(users, people_read, "person", "people"));
        if applications > 0 {
            lines.push(amount(applications, people_read, "app", "apps"));
        }
        lines
    }

    /// When and by whom. Without a sign-in: since when there was none, if the log was read, else that it is not known.
    fn last_used(&self, reach: &Reach<'_>, width: usize) -> Vec<String> {
        if let Some(used) = reach.relationships.iter().filter_map(|row| row.last_used.as_ref()).max() {
            return vec![used.at.date(), name_or(&used.user_name, &used.user_id, width)];
        }
        let log_read = status(self.tenant, Dataset::SignIns) == Status::Complete;
        if !log_read || reach.relationships.iter().any(|row| !row.fully_read) {
            return vec!["?".to_owned()];
        }
        let coverage = self.tenant.coverage.iter().find(|row| row.dataset == Dataset::SignIns);
        let from = coverage.and_then(|row| row.coverage.from);
        match from {
            Some(from) => vec!["not since".to_owned(), from.date()],
            None => vec!["not in".to_owned(), count(u64::from(self.page.report.run.lookback_days), "day")],
        }
    }
}

/// The first end, and whether that one extends itself.
fn ends(reach: &Reach<'_>, now: Timestamp) -> Vec<String> {
    let first = reach.relationships.iter().filter_map(|row| row.end.map(|end| (end, row.auto_extends))).min();
    let mut lines: Vec<String> = first.iter().map(|(end, _)| end.date()).collect();
    // One that is past and still live has not ended, whatever its date says.
    lines.extend(first.filter(|(end, _)| *end < now).map(|_| "overdue".to_owned()));
    lines.extend(first.filter(|(_, auto_extends)| *auto_extends).map(|_| "extends".to_owned()));
    if reach.relationships.iter().any(|row| row.end.is_none()) {
        lines.push("? no end".to_owned());
    }
    lines
}

/// `3 groups`, `3+ groups` where more may exist, `? groups` where nothing is known.
fn amount(number: usize, complete: bool, one: &str, many: &str) -> String {
    match (number, complete) {
        (0, false) => format!("? {many}"),
        (number, false) => format!("{number}+ {many}"),
        (1, true) => format!("1 {one}"),
        (number, true) => format!("{number} {many}"),
    }
}

/// Distinct users and applications. Relationships with the same groups share one list, which is counted once.
fn people(relationships: &[&RelationshipRow]) -> (usize, usize) {
    let mut lists: Vec<&Arc<Vec<PersonRow>>> = Vec::new();
    for row in relationships {
        if !lists.iter().any(|list| Arc::ptr_eq(list, &row.people)) {
            lists.push(&row.people);
        }
    }
    let all: BTreeSet<(bool, &str)> = lists
        .iter()
        .flat_map(|list| list.iter())
        .map(|person| (person.kind == PrincipalKind::ServicePrincipal, person.id.as_str()))
        .collect();
    let applications = all.iter().filter(|(application, _)| *application).count();
    (all.len() - applications, applications)
}

/// What is not shown, counted by its worst tier.
fn rest(out: &mut String, page: &Page<'_>, customers: &[Reach<'_>]) {
    if customers.is_empty() {
        return;
    }
    let mut by_rank: BTreeMap<u8, usize> = BTreeMap::new();
    for reach in customers {
        *by_rank.entry(reach.roles.worst().0).or_default() += 1;
    }
    let tier = |rank: u8| match rank {
        0 => "tier 0".to_owned(),
        1 => "a role that is not in the catalog".to_owned(),
        u8::MAX => "no role".to_owned(),
        rank => format!("tier {}", rank - 1),
    };
    let parts: Vec<String> = by_rank.iter().map(|(rank, number)| format!("{number} with {}", tier(*rank))).collect();
    let text = format!("and {}: {} (--full lists them)", count(customers.len() as u64, "more customer"), parts.join(", "));
    paragraph(out, "", &text, page.width);
}

/// What the marks mean, as far as they occur.
fn legend(out: &mut String, page: &Page<'_>, customers: &[Reach<'_>]) {
    let mut parts = vec!["T0 can take over the tenant, T1 a major workload or its defences, T2 writes little, T3 only reads"];
    if customers.iter().any(|reach| reach.roles.any(Hold::Granted)) {
        parts.push("(role): granted, but no group holds it");
    }
    let now = page.report.run.now;
    if customers.iter().flat_map(|reach| &reach.relationships).any(|row| row.end.is_some_and(|end| end < now)) {
        parts.push("overdue: past its end and not ended");
    }
    if customers.iter().flat_map(|reach| &reach.relationships).any(|row| row.auto_extends) {
        parts.push("extends: renews itself at its end");
    }
    if customers.iter().any(|reach| reach.relationships.iter().any(|row| !row.fully_read)) {
        parts.push("? and +: not all could be read");
    }
    paragraph(out, "", &parts.join("; "), page.width);
}

#[cfg(test)]
mod tests {
    use super::super::super::sample::{self, at};
    use super::*;
    use crate::domain::{Coverage, Report, roles};

    const READER: &str = "f2ef992c-3afb-46b9-b7cf-a126ee74c451";

    fn shown(report: &Report, full: bool) -> String {
        let mut out = String::new();
        write(&mut out, &Page { report, width: 120, full }, &report.tenants[0]);
        super::super::ink::paint(&out, false)
    }

    #[test]
    fn what_could_not_be_read_is_never_none() {
        let text = shown(&sample::incomplete(), false);
        assert!(text.contains("? people") && text.contains("1+ groups") && !text.contains("0 people"), "{text}");
        assert!(text.contains("?: not all") || text.contains("? and +: not all"), "{text}");
        assert!(!text.contains("not in"), "without the log nobody can say that it was not used\n{text}");
    }

    #[test]
    fn groups_are_counted_in_full_where_the_assignments_were_read() {
        let mut report = sample::clean();
        let tenant = &mut report.tenants[0];
        tenant.relationships[0].fully_read = false;
        tenant.relationships[0].groups[0].people = None;
        let members = tenant.coverage.iter_mut().find(|row| row.dataset == Dataset::GroupMembers).unwrap();
        members.coverage = Coverage::new(Status::Denied);
        let text = shown(&report, false);
        assert!(text.contains("1 group") && !text.contains("1+ groups"), "the verdict says 1 group too\n{text}");
    }

    #[test]
    fn one_customer_gathers_its_relationships() {
        let mut report = sample::clean();
        let mut second = report.tenants[0].relationships[0].clone();
        second.id = "rel-2".into();
        second.end = Some(at("2026-03-01T00:00:00Z"));
        second.auto_extends = true;
        second.last_used = None;
        second.people = Arc::new(second.people[..2].to_vec());
        report.tenants[0].relationships.push(second);
        let text = shown(&report, false);
        for part in ["2 relationships", "2026-03-01", "extends", "3 people", "1 app", "2026-01-09", "Anna Keller"] {
            assert!(text.contains(part), "{part} is missing in\n{text}");
        }
        assert!(!text.contains("2026-05-02"), "the first end counts\n{text}");
    }

    #[test]
    fn the_worst_tier_comes_first_and_what_is_held_before_what_is_granted() {
        let global: &[&str] = &[roles::GLOBAL_ADMINISTRATOR];
        let mut report = sample::clean();
        report.tenants[0].relationships = vec![
            sample::relationship(1, "Reads", &[READER], &[READER]),
            sample::relationship(2, "Granted", global, &[]),
            sample::relationship(3, "Unheard", &["11111111-2222-4333-8444-555555555555"], &[]),
            sample::relationship(4, "Held", global, global),
        ];
        let text = shown(&report, false);
        let places = ["Held", "Granted", "Unheard", "Reads"].map(|name| text.find(&format!("\n{name}")).unwrap());
        assert!(places.is_sorted(), "{text}");
    }

    #[test]
    fn an_end_that_is_past_is_marked() {
        let mut report = sample::clean();
        assert!(!shown(&report, false).contains("overdue"));
        report.tenants[0].relationships[0].end = Some(at("2025-12-31T00:00:00Z"));
        let text = shown(&report, false);
        assert!(text.contains("2025-12-31") && text.contains("overdue: past its end"), "{text}");
    }

    #[test]
    fn unused_says_since_when() {
        let mut report = sample::clean();
        report.tenants[0].relationships[0].last_used = None;
        assert!(shown(&report, false).contains("not in"));
        let log = report.tenants[0].coverage.iter_mut().find(|row| row.dataset == Dataset::SignIns).unwrap();
        log.coverage = Coverage { from: Some(at("2025-12-20T00:00:00Z")), ..Coverage::complete(9) };
        let text = shown(&report, false);
        assert!(text.contains("not since") && text.contains("2025-12-20"), "{text}");
    }

    #[test]
    fn the_rest_is_counted_by_tier() {
        let text = shown(&sample::many(60), false);
        assert!(text.contains("Footprint: 15 of 60 customers, worst tier first"), "{text}");
        assert!(text.contains("and 45 more customers: 45 with tier 1 (--full lists them)"), "{text}");
        assert!(!shown(&sample::many(60), true).contains("--full"));
    }
}
