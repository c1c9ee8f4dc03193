//! Sets of roles that have a name: what Microsoft recommends for a task, what it gives by default, and what must not be held together.
//!
//! This table is the only place where they stand; `docs/role-sets.md` is made from it.

use super::{PRIVILEGED_AUTHENTICATION_ADMINISTRATOR, PRIVILEGED_ROLE_ADMINISTRATOR, by_name};

/// A set of built-in roles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RoleSet {
    /// Its name in `roles = […]`.
    pub name: &'static str,
    /// What it is for.
    pub purpose: &'static str,
    /// Where it comes from.
    pub source: &'static str,
    /// Microsoft's names of its roles.
    pub roles: &'static [&'static str],
}

impl RoleSet {
    /// Template ids of its roles.
    pub fn ids(&self) -> impl Iterator<Item = &'static str> {
        self.roles.iter().filter_map(|name| by_name(name)).map(|role| role.id)
    }
}

/// Roles that are more together than each is alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ToxicPair {
    /// Its name.
    pub name: &'static str,
    /// What the two can do.
    pub why: &'static str,
    /// Where it comes from.
    pub source: &'static str,
    /// Template ids.
    pub roles: [&'static str; 2],
}

const BY_TASK: &str = "Microsoft Partner Center: GDAP role guidance, least-privileged roles by task (2023-02)";
const FAQ: &str = "Microsoft Partner Center: GDAP frequently asked questions (2023-10), default roles of new customers";
const MICROSOFT_LED: &str = "Microsoft Partner Center: GDAP Microsoft-led transition (2023-10)";

const fn task(name: &'static str, purpose: &'static str, roles: &'static [&'static str]) -> RoleSet {
    RoleSet { name, purpose, source: BY_TASK, roles }
}

/// Every built-in set, by name.
pub const SETS: &[RoleSet] = &[
    RoleSet {
        name: "default-gdap",
        purpose: "What a new customer's default relationship gives to every kind of partner. Not harmless: it holds the takeover pair",
        source: FAQ,
        roles: &[
            "Directory Readers",
            "Directory Writers",
            "Global Reader",
            "Helpdesk Administrator",
            "License Administrator",
            "Privileged Authentication Administrator",
            "Privileged Role Administrator",
            "Service Support Administrator",
            "User Administrator",
        ],
    },
    RoleSet {
        name: "default-gdap-domain-partner",
        purpose: "The default relationship of a domain partner",
        source: FAQ,
        roles: &[
            "Application Administrator",
            "Cloud Application Administrator",
            "Directory Readers",
            "Directory Writers",
            "Domain Name Administrator",
            "External Identity Provider Administrator",
            "Global Reader",
            "Helpdesk Administrator",
            "License Administrator",
            "Privileged Authentication Administrator",
            "Privileged Role Administrator",
            "Service Support Administrator",
            "User Administrator",
        ],
    },
    RoleSet {
        name: "default-gdap-with-applications",
        purpose: "The default relationship of a direct-bill partner or an indirect provider",
        source: FAQ,
        roles: &[
            "Application Administrator",
            "Cloud Application Administrator",
            "Directory Readers",
            "Directory Writers",
            "Global Reader",
            "Helpdesk Administrator",
            "License Administrator",
            "Privileged Authentication Administrator",
            "Privileged Role Administrator",
            "Service Support Administrator",
            "User Administrator",
        ],
    },
    RoleSet {
        name: "indirect-provider",
        purpose: "What an indirect provider needs to sell and to support",
        source: BY_TASK,
        roles: &[
            "Directory Readers",
            "Directory Writers",
            "Global Reader",
            "Helpdesk Administrator",
            "License Administrator",
            "Service Support Administrator",
            "User Administrator",
        ],
    },
    RoleSet {
        name: "microsoft-led",
        purpose: "What Microsoft's own transition from DAP gave to Admin agents (relationships named MLT_…). It holds the takeover pair",
        source: MICROSOFT_LED,
        roles: &[
            "Directory Readers",
            "Directory Writers",
            "Global Reader",
            "Helpdesk Administrator",
            "License Administrator",
            "Privileged Authentication Administrator",
            "Privileged Role Administrator",
            "Service Support Administrator",
            "User Administrator",
        ],
    },
    RoleSet {
        name: "microsoft-led-helpdesk",
        purpose: "What Microsoft's own transition gave to Helpdesk agents",
        source: MICROSOFT_LED,
        roles: &["Helpdesk Administrator", "Service Support Administrator"],
    },
    RoleSet {
        name: "roles-medium",
        purpose: "Roles of medium complexity: the simple ones, workloads and security",
        source: BY_TASK,
        roles: &[
            "Cloud Application Administrator",
            "Directory Readers",
            "Dynamics 365 Administrator",
            "Exchange Administrator",
            "Fabric Administrator",
            "Global Reader",
            "Helpdesk Administrator",
            "Intune Administrator",
            "License Administrator",
            "Power Platform Administrator",
            "Reports Reader",
            "Security Administrator",
            "Security Reader",
            "Service Support Administrator",
            "SharePoint Administrator",
            "Teams Administrator",
            "User Administrator",
            "Windows 365 Administrator",
        ],
    },
    RoleSet {
        name: "roles-simple",
        purpose: "Roles of low complexity: reading, users, licences, tickets",
        source: BY_TASK,
        roles: &[
            "Directory Readers",
            "Global Reader",
            "Helpdesk Administrator",
            "License Administrator",
            "Service Support Administrator",
            "User Administrator",
        ],
    },
    task("task-authentication-methods", "Change how people who are no administrators sign in", &["Authentication Administrator"]),
    task("task-groups", "Make and delete groups", &["Groups Administrator"]),
    task("task-guests", "Invite guests", &["Guest Inviter"]),
    task("task-licenses", "Assign licences", &["License Administrator"]),
    task("task-passwords", "Reset passwords of people who are no administrators", &["Password Administrator"]),
    task("task-privileged-passwords", "Reset passwords of privileged administrators", &["Privileged Authentication Administrator"]),
    task("task-read-configuration", "Read the directory", &["Directory Readers"]),
    task("task-role-assignments", "Give people directory roles", &["Privileged Role Administrator"]),
    task("task-support-tickets", "Open tickets with Microsoft", &["Service Support Administrator"]),
    task("task-users", "Make, change and delete users and put them into groups", &["User Administrator"]),
    RoleSet {
        name: "technician-tier1",
        purpose: "What a first-line technician of a direct-bill partner, an indirect reseller or an advisor needs",
        source: BY_TASK,
        roles: &[
            "Authentication Administrator",
            "Desktop Analytics Administrator",
            "Directory Readers",
            "Exchange Administrator",
            "Groups Administrator",
            "Guest Inviter",
            "Helpdesk Administrator",
            "Intune Administrator",
            "License Administrator",
            "Message Center Reader",
            "Printer Administrator",
            "Security Reader",
            "Service Support Administrator",
            "SharePoint Administrator",
            "Teams Communications Support Specialist",
            "User Administrator",
        ],
    },
];

/// One of the two makes anybody an administrator, the other takes over any administrator's account.
pub const TAKEOVER: ToxicPair = ToxicPair {
    name: "takeover",
    why: "One gives any role to anybody, the other sets a new way to sign in for any administrator: together they are Global Administrator",
    source: "Microsoft Entra built-in roles: both are labelled privileged; the two are in Microsoft's own default sets",
    roles: [PRIVILEGED_ROLE_ADMINISTRATOR, PRIVILEGED_AUTHENTICATION_ADMINISTRATOR],
};

/// Every toxic pair.
pub const TOXIC: &[ToxicPair] = &[TAKEOVER];

/// The built-in set of a name, compared without case.
pub fn find(name: &str) -> Option<&'static RoleSet> {
    SETS.iter().find(|set| set.name.eq_ignore_ascii_case(name))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::roles::{self, GLOBAL_ADMINISTRATOR};

    #[test]
    fn every_name_is_a_role_and_every_list_sorted() {
        assert!(SETS.is_sorted_by_key(|set| set.name));
        for set in SETS {
            assert!(set.roles.is_sorted() && !set.source.is_empty() && !set.purpose.is_empty(), "{}", set.name);
            assert_eq!(set.ids().count(), set.roles.len(), "{} names a role that is none", set.name);
            assert!(roles::by_name(set.name).is_none() && find(set.name) == Some(set));
            assert!(!set.ids().any(|id| id == GLOBAL_ADMINISTRATOR), "nobody recommends it");
        }
    }

    #[test]
    fn what_microsoft_gives_by_default_holds_the_toxic_pair() {
        let holds = |name: &str| TOXIC.iter().any(|pair| pair.roles.iter().all(|id| find(name).unwrap().ids().any(|role| role == *id)));
        for name in ["default-gdap", "default-gdap-domain-partner", "default-gdap-with-applications", "microsoft-led"] {
            assert!(holds(name), "{name}");
        }
        assert!(!holds("indirect-provider") && !holds("technician-tier1") && !holds("roles-medium"));
        assert_eq!(find("microsoft-led").unwrap().roles, find("default-gdap").unwrap().roles);
    }
}
