//! The smallest set of built-in roles for a set of tasks, and what a set of roles lacks or has beyond them.
//!
//! Each task has its least privileged role (`domain::roles::sets`). A role of a stronger one that is needed anyway may do the task as
//! well; then the weaker one is left out. A role that no task asks for is never added: fewer roles would then be more privilege.

use std::collections::BTreeSet;

use super::words::{Role, role_list};
use crate::domain::roles::sets::{self, RoleSet};
use crate::domain::roles::{self, GLOBAL_ADMINISTRATOR};

/// What else does a task, besides its least privileged role and Global Administrator. A role that is not listed may do it too: then a role
/// too many is asked for, never one too few.
///
/// Source: the actions of each role in Microsoft's permissions reference of Entra built-in roles (2026-01).
const ALSO: &[(&str, &[&str])] = &[
    ("task-authentication-methods", &["Privileged Authentication Administrator"]),
    ("task-groups", &["User Administrator"]),
    ("task-guests", &["Directory Writers", "User Administrator"]),
    ("task-licenses", &["User Administrator"]),
    (
        "task-passwords",
        &["Authentication Administrator", "Helpdesk Administrator", "Privileged Authentication Administrator", "User Administrator"],
    ),
    ("task-privileged-passwords", &[]),
    ("task-read-configuration", &["Global Reader"]),
    ("task-role-assignments", &[]),
    (
        "task-support-tickets",
        &[
            "Authentication Administrator",
            "Groups Administrator",
            "Helpdesk Administrator",
            "Privileged Authentication Administrator",
            "User Administrator",
        ],
    ),
    ("task-users", &[]),
];

/// Roles of which another can do all. Same source.
const WITHIN: &[(&str, &[&str])] = &[
    ("Directory Readers", &["Global Reader"]),
    ("Password Administrator", &["Helpdesk Administrator", "User Administrator"]),
    ("Security Reader", &["Security Administrator"]),
];

/// Something to be done: a task, or all that a role of a set can do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Need {
    /// Name of the set that asks for it.
    pub set: String,
    /// Template id of the least privileged role.
    pub role: &'static str,
    /// Template ids of other roles that do it as well, Global Administrator aside.
    also: Vec<&'static str>,
}

impl Need {
    /// True if a role does it.
    pub fn is_met_by(&self, role: &str) -> bool {
        role == self.role || role == GLOBAL_ADMINISTRATOR || self.also.contains(&role)
    }
}

/// What a set of tasks needs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cover {
    /// The tasks.
    pub needs: Vec<Need>,
    /// The smallest set of roles, the most powerful first.
    pub roles: Vec<Role<'static>>,
}

/// How a set of roles fits a set of tasks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fit<'a> {
    /// Roles that the smallest set does not have.
    pub beyond: Vec<Role<'a>>,
    /// Roles of the smallest set that are not here.
    pub lacking: Vec<Role<'static>>,
    /// Names of the tasks that no role here does.
    pub unmet: Vec<String>,
}

/// A set of roles that an organisation has named.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OwnSet {
    /// Its name.
    pub name: String,
    /// Template ids; those that the catalog does not have are no built-in roles, and left out.
    pub roles: Vec<String>,
}

/// What a set asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tasks(Vec<Need>);

/// The set of a name, an organisation's own or a built-in one; `users` is `task-users`.
pub fn find_set(name: &str, own: &[OwnSet]) -> Option<Tasks> {
    if let Some(set) = own.iter().find(|set| set.name.eq_ignore_ascii_case(name)) {
        let ids = set.roles.iter().filter_map(|id| roles::by_id(id)).map(|role| role.id);
        return Some(Tasks(ids.map(|role| Need { set: set.name.clone(), role, also: wider(role) }).collect()));
    }
    sets::find(name).or_else(|| sets::find(&format!("task-{name}"))).map(built_in)
}

/// Names of all sets.
pub fn set_names(own: &[OwnSet]) -> impl Iterator<Item = &str> {
    sets::SETS.iter().map(|set| set.name).chain(own.iter().map(|set| set.name.as_str()))
}

/// The smallest set of roles for the tasks of some sets.
pub fn cover(wanted: Vec<Tasks>) -> Cover {
    let mut needs: Vec<Need> = wanted.into_iter().flat_map(|tasks| tasks.0).collect();
    needs.sort_by(|a, b| (&a.set, roles::name(a.role)).cmp(&(&b.set, roles::name(b.role))));
    needs.dedup();
    // The most powerful is tried first: if others do all that it is for, it is the one to go.
    let mut kept: BTreeSet<&'static str> = needs.iter().map(|need| need.role).collect();
    let order: Vec<&'static str> = role_list(kept.iter().copied()).iter().map(|role| role.id).collect();
    for role in order {
        let can_go =
            needs.iter().filter(|need| need.is_met_by(role)).all(|need| kept.iter().any(|other| *other != role && need.is_met_by(other)));
        if can_go {
            kept.remove(role);
        }
    }
    Cover { needs, roles: role_list(kept) }
}

fn ids(names: &[&'static str]) -> Vec<&'static str> {
    names.iter().filter_map(|name| roles::by_name(name)).map(|role| role.id).collect()
}

/// Roles that can do all that a role can.
fn wider(role: &str) -> Vec<&'static str> {
    WITHIN.iter().find(|(name, _)| *name == roles::name(role)).map(|(_, wider)| ids(wider)).unwrap_or_default()
}

fn built_in(set: &RoleSet) -> Tasks {
    let also = ALSO.iter().find(|(task, _)| *task == set.name).map(|(_, also)| ids(also));
    Tasks(set.ids().map(|role| Need { set: set.name.to_owned(), role, also: also.clone().unwrap_or_else(|| wider(role)) }).collect())
}

impl Cover {
    /// How some roles fit.
    pub fn fit<'a>(&self, held: &[Role<'a>]) -> Fit<'a> {
        let has = |id: &str| held.iter().any(|role| role.id == id);
        let is_unmet = |need: &&Need| !held.iter().any(|role| need.is_met_by(role.id));
        let unmet: BTreeSet<&str> = self.needs.iter().filter(is_unmet).map(|need| need.set.as_str()).collect();
        Fit {
            beyond: held.iter().copied().filter(|role| !self.roles.iter().any(|needed| needed.id == role.id)).collect(),
            lacking: self.roles.iter().copied().filter(|role| !has(role.id)).collect(),
            unmet: unmet.into_iter().map(str::to_owned).collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn names(sets: &[&str]) -> Vec<&'static str> {
        let sets: Vec<_> = sets.iter().map(|name| find_set(name, &[]).unwrap()).collect();
        cover(sets).roles.iter().map(|role| role.name).collect()
    }

    #[test]
    fn every_task_is_in_the_table_and_every_name_is_a_role() {
        let tasks: Vec<&str> = set_names(&[]).filter(|name| name.starts_with("task-")).collect();
        assert_eq!(ALSO.iter().map(|(task, _)| *task).collect::<Vec<_>>(), tasks);
        for (_, names) in ALSO.iter().chain(WITHIN) {
            assert!(names.is_sorted() && names.iter().all(|name| roles::by_name(name).is_some()), "{names:?}");
        }
        assert!(WITHIN.iter().all(|(name, _)| roles::by_name(name).is_some()));
        assert!(ALSO.iter().all(|(task, also)| !also.contains(&sets::find(task).unwrap().roles[0])));
    }

    #[test]
    fn a_stronger_role_that_is_needed_anyway_stands_for_weaker_ones() {
        assert_eq!(names(&["users"]), ["User Administrator"]);
        assert_eq!(names(&["users", "groups", "licenses", "passwords", "guests", "support-tickets"]), ["User Administrator"]);
        assert_eq!(names(&["passwords", "licenses"]), ["Password Administrator", "License Administrator"], "no wider one is brought in");
        assert_eq!(names(&["authentication-methods", "passwords"]), ["Authentication Administrator"]);
        assert_eq!(names(&["privileged-passwords", "authentication-methods", "role-assignments"]).len(), 2);
        assert_eq!(names(&["task-users", "TASK-USERS"]), ["User Administrator"]);
        let technician = names(&["technician-tier1"]);
        assert_eq!(technician.len(), 16, "nothing in it is within another of it");
        assert!(!names(&["roles-simple"]).contains(&"Directory Readers"), "Global Reader reads it");
        assert!(find_set("tusk-users", &[]).is_none() && cover(Vec::new()).roles.is_empty());
    }

    #[test]
    fn a_set_of_one_s_own_stands_for_its_roles() {
        let id = |name: &str| roles::by_name(name).unwrap().id.to_owned();
        let own =
            [OwnSet { name: "Desk".into(), roles: vec![id("Helpdesk Administrator"), id("Password Administrator"), "custom".into()] }];
        let needed = cover(vec![find_set("desk", &own).unwrap()]);
        assert_eq!(needed.roles.iter().map(|role| role.name).collect::<Vec<_>>(), ["Helpdesk Administrator"]);
        assert!(set_names(&own).any(|name| name == "Desk") && find_set("desk", &[]).is_none());
    }

    #[test]
    fn what_is_lacking_and_what_is_beyond() {
        let needed = cover(vec![find_set("users", &[]).unwrap(), find_set("role-assignments", &[]).unwrap()]);
        let id = |name: &str| roles::by_name(name).unwrap().id;
        let held = role_list([id("User Administrator"), id("Exchange Administrator"), "nobody-knows"]);
        let fit = needed.fit(&held);
        assert_eq!(fit.beyond.iter().map(|role| role.name).collect::<Vec<_>>(), ["nobody-knows", "Exchange Administrator"]);
        assert_eq!(fit.lacking.iter().map(|role| role.name).collect::<Vec<_>>(), ["Privileged Role Administrator"]);
        assert_eq!(fit.unmet, ["task-role-assignments"]);
        let all = needed.fit(&role_list([GLOBAL_ADMINISTRATOR]));
        assert!(all.unmet.is_empty() && all.lacking.len() == 2 && all.beyond.len() == 1, "it does everything, and is not what is needed");
    }

    proptest! {
        #[test]
        fn all_is_covered_and_nothing_can_be_left_out(picked in proptest::collection::vec(0..sets::SETS.len(), 0..6)) {
            let sets: Vec<Tasks> = picked.iter().map(|at| built_in(&sets::SETS[*at])).collect();
            let Cover { needs, roles } = cover(sets.clone());
            let covers = |roles: &[Role<'_>]| needs.iter().all(|need| roles.iter().any(|role| need.is_met_by(role.id)));
            prop_assert!(covers(&roles));
            for at in 0..roles.len() {
                let mut fewer = roles.clone();
                fewer.remove(at);
                prop_assert!(!covers(&fewer), "{} can be left out", roles[at].name);
            }
            prop_assert!(roles.iter().all(|role| needs.iter().any(|need| need.role == role.id)), "no role is brought in");
            prop_assert_eq!(cover(sets.into_iter().rev().collect()).roles, roles);
        }
    }
}
