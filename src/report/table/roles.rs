//! Roles by tier, in the few lines of a cell.

use std::collections::BTreeMap;

use crate::domain::ledger::Entry;
use crate::domain::report::{RelationshipRow, RoleRow};
use crate::domain::roles as catalog;

use super::ink::Ink;
use super::layout::{fit_names, name_or, wrap};

/// How much of a role is real. Ordered: the greatest counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Hold {
    /// Granted, and no group holds it.
    Granted,
    /// Granted; whether a group holds it could not be read.
    Unread,
    /// A group holds it.
    Held,
}

/// A role that is not in the catalog comes right after tier 0: unknown is not harmless.
const UNKNOWN_RANK: u8 = 1;

/// Worst first: tier 0, not in the catalog, tier 1, 2, 3.
pub(super) fn rank(tier: Option<u8>) -> u8 {
    match tier {
        Some(0) => 0,
        None => UNKNOWN_RANK,
        Some(tier) => tier.saturating_add(1),
    }
}

/// The roles of several relationships, worst first.
#[derive(Debug, Default)]
pub(super) struct Roles<'a> {
    all: BTreeMap<(u8, &'a str, &'a str), Hold>,
}

impl<'a> Roles<'a> {
    /// Adds those of a relationship.
    pub(super) fn add(&mut self, row: &'a RelationshipRow) {
        let ceiling = if row.fully_read { Hold::Granted } else { Hold::Unread };
        self.insert(&row.roles, ceiling);
        self.insert(&row.effective_roles, Hold::Held);
    }

    /// Adds what an offer asks for.
    pub(super) fn asked(row: &'a RelationshipRow) -> Roles<'a> {
        let mut roles = Roles::default();
        roles.insert(&row.roles, Hold::Held);
        roles
    }

    /// What an outside tenant holds, and what the ceiling allows besides.
    pub(super) fn of_entry(entry: &'a Entry) -> Roles<'a> {
        let mut roles = Roles::default();
        for role in entry.all_roles() {
            roles.add_one(role.tier, &role.role_name, &role.role_id, Hold::Held);
        }
        for id in entry.ceiling.iter().flatten() {
            // A role that is held goes by the name that the tenant gives it.
            let is_held = entry.all_roles().any(|role| role.role_id == *id);
            if !is_held {
                let ceiling = if entry.is_fully_read() { Hold::Granted } else { Hold::Unread };
                roles.add_one(catalog::tier(id), catalog::name(id), id, ceiling);
            }
        }
        roles
    }

    fn insert(&mut self, rows: &'a [RoleRow], hold: Hold) {
        for role in rows {
            self.add_one(role.tier, &role.name, &role.id, hold);
        }
    }

    fn add_one(&mut self, tier: Option<u8>, name: &'a str, id: &'a str, hold: Hold) {
        let known = self.all.entry((rank(tier), name, id)).or_insert(hold);
        *known = hold.max(*known);
    }

    /// True if there is none, held or granted.
    pub(super) fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// The worst rank, held or granted, and how many roles have it; a greater rank than any if there are no roles.
    pub(super) fn worst(&self) -> (u8, usize) {
        let worst = self.all.keys().next().map_or(u8::MAX, |(rank, _, _)| *rank);
        (worst, self.all.keys().filter(|(rank, _, _)| *rank == worst).count())
    }

    /// True if some role is held in this way.
    pub(super) fn any(&self, hold: Hold) -> bool {
        self.all.values().any(|known| *known == hold)
    }

    /// The lines of a cell: names of tiers 0 and 1 and of unknown roles, the others counted; in full every name.
    pub(super) fn lines(&self, width: usize, full: bool) -> Vec<String> {
        if self.all.is_empty() {
            return vec!["no roles".to_owned()];
        }
        let mut by_rank: BTreeMap<u8, Vec<(String, Hold)>> = BTreeMap::new();
        for ((rank, name, id), hold) in &self.all {
            let name = name_or(name, id, 60);
            // Two thirds of the catalog end with this word, which leaves little of the rest in a narrow column.
            let name = if full { name } else { name.replace(" Administrator", " Admin") };
            by_rank.entry(*rank).or_default().push((marked(&name, *hold), *hold));
        }
        let mut lines = Vec::new();
        let mut counted = Vec::new();
        for (rank, roles) in by_rank {
            let label = label(rank);
            let names: Vec<String> = roles.iter().map(|(name, _)| name.clone()).collect();
            if full {
                let wrapped = wrap(&names.join(", "), width.saturating_sub(3));
                lines.extend(wrapped.iter().enumerate().map(|(number, line)| {
                    let lead = if number == 0 { label } else { "  " };
                    ink(rank, &roles, format!("{lead} {line}"))
                }));
            } else if rank <= rank_of_tier_1() {
                lines.push(ink(rank, &roles, format!("{label} {}", fit_names(&names, width.saturating_sub(3)))));
            } else {
                counted.push(format!("{label} x{}", names.len()));
            }
        }
        if !counted.is_empty() {
            lines.push(counted.join(", "));
        }
        lines
    }
}

fn rank_of_tier_1() -> u8 {
    rank(Some(1))
}

/// Tier 0 stands out unless it is only granted.
fn ink(rank: u8, roles: &[(String, Hold)], line: String) -> String {
    if rank == 0 && roles.iter().any(|(_, hold)| *hold > Hold::Granted) { Ink::Tier0.on(&line) } else { line }
}

fn label(rank: u8) -> &'static str {
    match rank {
        0 => "T0",
        UNKNOWN_RANK => "T?",
        2 => "T1",
        3 => "T2",
        _ => "T3",
    }
}

/// `(name)` is granted only, `name?` is not known.
fn marked(name: &str, hold: Hold) -> String {
    match hold {
        Hold::Held => name.to_owned(),
        Hold::Granted => format!("({name})"),
        Hold::Unread => format!("{name}?"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::sample;
    use super::super::ink::paint;
    use super::*;

    #[test]
    fn tiers_stand_worst_first_and_marks_tell_what_is_real() {
        let report = sample::findings();
        let rows = &report.tenants[0].relationships;
        let lines = |index: usize, full| {
            let mut roles = Roles::default();
            roles.add(&rows[index]);
            roles.lines(40, full).iter().map(|line| paint(line, false)).collect::<Vec<_>>()
        };
        assert_eq!(lines(0, false), ["T0 Global Admin", "T1 Exchange Admin, (Helpdesk Admin)", "T3 x1"]);
        assert_eq!(lines(1, false), ["T0 (Global Admin)", "T1 Exchange Admin"]);
        assert_eq!(lines(2, false)[0], "T? (11111111-2222-4333-8444-55555555555…");
        assert_eq!(lines(2, true).last().map(String::as_str), Some("T3 Global Reader"));
    }

    #[test]
    fn what_could_not_be_read_is_marked() {
        let report = sample::incomplete();
        let mut roles = Roles::default();
        roles.add(&report.tenants[0].relationships[0]);
        assert_eq!(paint(&roles.lines(40, false)[0], false), "T0 Global Admin?");
        assert!(roles.any(Hold::Unread) && !roles.any(Hold::Held));
        assert_eq!(Roles::default().lines(40, false), ["no roles"]);
    }

    #[test]
    fn an_unknown_role_ranks_between_tier_0_and_tier_1() {
        assert!(rank(Some(0)) < rank(None) && rank(None) < rank(Some(1)) && rank(Some(1)) < rank(Some(2)));
    }
}
