//! What ATT&CK says of T1199, Trusted Relationship, as far as rules are held against it.
//!
//! Source: attack.mitre.org, technique T1199 and detection strategy DET0488 (version 18); the data components are those that the technique
//! had before version 18, which named analytics in their place.

use super::Dataset;

/// The technique.
pub const TECHNIQUE: &str = "T1199";

/// A mitigation of the technique.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Mitigation {
    /// Its id.
    pub id: &'static str,
    /// Its name.
    pub name: &'static str,
    /// What it asks for here.
    pub asks: &'static str,
    /// What no rule can see of it.
    pub unseen: &'static str,
}

/// Every mitigation of the technique.
pub const MITIGATIONS: &[Mitigation] = &[
    Mitigation {
        id: "M1018",
        name: "User Account Management",
        asks: "look over who outside holds which role, and take back what is not needed",
        unseen: "whether contracts ask for it, and roles in Azure subscriptions (administer on behalf of)",
    },
    Mitigation {
        id: "M1030",
        name: "Network Segmentation",
        asks: "let partners reach only what they need, and only from where they work",
        unseen: "networks themselves: VPN, private links and firewalls between a partner and its customers. What is judged is the segmentation that \
                 sign-in gives: named locations, Conditional Access, and how far one group or person reaches",
    },
    Mitigation {
        id: "M1032",
        name: "Multi-factor Authentication",
        asks: "a second factor for every delegated administrator",
        unseen: "in the customer view, which methods a partner's people have: only what their sign-ins showed and what Conditional Access asks for",
    },
];

/// A data component by which the technique is detected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DataComponent {
    /// Its name.
    pub name: &'static str,
    /// The datasets that are of it.
    pub datasets: &'static [Dataset],
    /// What is not covered, and why.
    pub uncovered: &'static str,
}

/// Every data component of the technique.
pub const DATA_COMPONENTS: &[DataComponent] = &[
    DataComponent {
        name: "Application Log Content",
        datasets: &[Dataset::Audits, Dataset::Purview],
        uncovered: "of the directory's audit log the changes that matter here; of the unified audit log (mailboxes, sites) only what a file brings, because \
                    its API would create a search in the tenant. Logs of applications outside Microsoft 365 are not read",
    },
    DataComponent {
        name: "Logon Session Creation",
        datasets: &[Dataset::SignIns, Dataset::AppSignIns],
        uncovered: "sign-ins to hosts; and what is older than the log is kept, 30 days with a premium licence",
    },
    DataComponent {
        name: "Logon Session Metadata",
        datasets: &[Dataset::SignIns, Dataset::AppSignIns, Dataset::UserActivity],
        uncovered: "what a session did after it began, which only audit logs tell",
    },
    DataComponent {
        name: "Network Traffic Content",
        datasets: &[],
        uncovered: "not covered: Microsoft Graph holds no packets and no flows, and this program reads nothing else. Traffic between a partner and its customers \
                    is seen where it passes: at VPN gateways, firewalls and proxies. What a sign-in says of its network (address, autonomous system) is judged \
                    as metadata of the session",
    },
];

/// An analytic of the detection strategy for the technique, DET0488.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Analytic {
    /// Its id.
    pub id: &'static str,
    /// The platform that it is for.
    pub platform: &'static str,
    /// What it looks for, or why nothing here stands for it.
    pub about: &'static str,
}

/// The detection strategy.
pub const STRATEGY: &str = "DET0488";

/// Every analytic of the strategy.
pub const ANALYTICS: &[Analytic] = &[
    Analytic { id: "AN1344", platform: "Windows", about: "not covered: hosts are not read" },
    Analytic { id: "AN1345", platform: "Linux", about: "not covered: hosts are not read" },
    Analytic { id: "AN1346", platform: "macOS", about: "not covered: hosts are not read" },
    Analytic {
        id: "AN1347",
        platform: "Identity Provider",
        about: "a session from outside, then a role or a consent, then privileged actions",
    },
    Analytic { id: "AN1348", platform: "IaaS", about: "not covered: Azure subscriptions and their activity log are not read" },
    Analytic { id: "AN1349", platform: "SaaS", about: "applications of outside tenants: what they may do, and from where they sign in" },
    Analytic { id: "AN1350", platform: "Office Suite", about: "offers and relationships made or changed, then access to mailboxes" },
];
