//! What reading each dataset takes: endpoint, least permission, roles, licence. The one table behind docs, help and coverage.

use crate::domain::Dataset;

/// The licence behind sign-in logs and authentication reports.
pub(super) const ENTRA_P1: &str = "Microsoft Entra ID P1";

/// The licence behind PIM for Groups.
pub(super) const ENTRA_P2: &str = "Microsoft Entra ID P2 or Microsoft Entra ID Governance";

/// What reading one dataset takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PermissionRow {
    /// The dataset.
    pub dataset: Dataset,
    /// Path of the read, with its API version.
    pub endpoint: &'static str,
    /// The least permission: an application permission, and the delegated scope of the same name.
    pub application: &'static str,
    /// For a signed-in user: the directory roles of which one is needed besides. Empty if none is.
    pub delegated_roles: &'static [&'static str],
    /// The licence that the tenant needs.
    pub licence: Option<&'static str>,
    /// What it is read for.
    pub why: &'static str,
}

const REPORT_ROLES: &[&str] = &["Reports Reader", "Security Reader", "Security Administrator", "Global Reader"];
const RELATIONSHIP_ROLES: &[&str] = &["member of the AdminAgents group"];

static ROWS: [PermissionRow; 14] = [
    PermissionRow {
        dataset: Dataset::Organization,
        endpoint: "GET /v1.0/organization",
        application: "Organization.Read.All",
        delegated_roles: &[],
        licence: None,
        why: "who the tenant is, whether it is a partner, and whether the credential belongs to it",
    },
    PermissionRow {
        dataset: Dataset::Licenses,
        endpoint: "GET /v1.0/subscribedSkus",
        application: "LicenseAssignment.Read.All",
        delegated_roles: &[],
        licence: None,
        why: "proof that a premium licence is absent, so that a log that cannot exist is no gap",
    },
    PermissionRow {
        dataset: Dataset::Relationships,
        endpoint: "GET /v1.0/tenantRelationships/delegatedAdminRelationships",
        application: "DelegatedAdminRelationship.Read.All",
        delegated_roles: RELATIONSHIP_ROLES,
        licence: None,
        why: "relationships and offers: customer, roles, duration, end, auto-extend",
    },
    PermissionRow {
        dataset: Dataset::Assignments,
        endpoint: "GET /v1.0/tenantRelationships/delegatedAdminRelationships/{id}/accessAssignments",
        application: "DelegatedAdminRelationship.Read.All",
        delegated_roles: RELATIONSHIP_ROLES,
        licence: None,
        why: "which group holds which roles of a relationship",
    },
    PermissionRow {
        dataset: Dataset::RelationshipRequests,
        endpoint: "GET /v1.0/tenantRelationships/delegatedAdminRelationships/{id}/requests",
        application: "DelegatedAdminRelationship.Read.All",
        delegated_roles: RELATIONSHIP_ROLES,
        licence: None,
        why: "whether an offer was finalised, approved, refused or ended",
    },
    PermissionRow {
        dataset: Dataset::Customers,
        endpoint: "GET /v1.0/tenantRelationships/delegatedAdminCustomers",
        application: "DelegatedAdminRelationship.Read.All",
        delegated_roles: RELATIONSHIP_ROLES,
        licence: None,
        why: "names of customers that their relationships leave blank",
    },
    PermissionRow {
        dataset: Dataset::Contracts,
        endpoint: "GET /v1.0/contracts",
        application: "Directory.Read.All",
        delegated_roles: &[],
        licence: None,
        why: "reseller partnerships, and names of customers",
    },
    PermissionRow {
        dataset: Dataset::Groups,
        endpoint: "GET /v1.0/groups/{id}",
        application: "GroupMember.Read.All",
        delegated_roles: &[],
        licence: None,
        why: "how the groups that carry access are protected, and whether they still exist",
    },
    PermissionRow {
        dataset: Dataset::GroupOwners,
        endpoint: "GET /v1.0/groups/{id}/owners",
        application: "GroupMember.Read.All",
        delegated_roles: &[],
        licence: None,
        why: "who can change the members of a group that carries access; with User.Read.All the names too",
    },
    PermissionRow {
        dataset: Dataset::GroupMembers,
        endpoint: "GET /v1.0/groups/{id}/transitiveMembers",
        application: "GroupMember.Read.All",
        delegated_roles: &[],
        licence: None,
        why: "who holds the access; with User.Read.All also names and account state, with Member.Read.Hidden groups whose members are hidden",
    },
    PermissionRow {
        dataset: Dataset::GroupPim,
        endpoint: "GET /v1.0/identityGovernance/privilegedAccess/group/eligibilityScheduleInstances, …/assignmentScheduleInstances",
        application: "PrivilegedEligibilitySchedule.Read.AzureADGroup and PrivilegedAssignmentSchedule.Read.AzureADGroup",
        delegated_roles: &[],
        licence: Some(ENTRA_P2),
        why: "who may activate membership of a group that carries tier 0 or 1 roles",
    },
    PermissionRow {
        dataset: Dataset::MfaRegistration,
        endpoint: "GET /v1.0/reports/authenticationMethods/userRegistrationDetails",
        application: "AuditLog.Read.All",
        delegated_roles: REPORT_ROLES,
        licence: Some(ENTRA_P1),
        why: "whether the people with access can use a second factor",
    },
    PermissionRow {
        dataset: Dataset::UserActivity,
        endpoint: "GET /v1.0/users with signInActivity",
        application: "AuditLog.Read.All and User.Read.All",
        delegated_roles: REPORT_ROLES,
        licence: Some(ENTRA_P1),
        why: "people with access who no longer sign in",
    },
    PermissionRow {
        dataset: Dataset::SignIns,
        endpoint: "GET /beta/auditLogs/signIns",
        application: "AuditLog.Read.All and Directory.Read.All",
        delegated_roles: REPORT_ROLES,
        licence: Some(ENTRA_P1),
        why: "who went into which customer, and which relationships nobody uses",
    },
];

/// What reading each dataset takes, one row a dataset, in the order in which coverage is shown.
pub fn permissions() -> &'static [PermissionRow] {
    &ROWS
}

/// The row of a dataset. A new dataset does not compile until it has one.
pub(super) const fn of(dataset: Dataset) -> &'static PermissionRow {
    let index = match dataset {
        Dataset::Organization => 0,
        Dataset::Licenses => 1,
        Dataset::Relationships => 2,
        Dataset::Assignments => 3,
        Dataset::RelationshipRequests => 4,
        Dataset::Customers => 5,
        Dataset::Contracts => 6,
        Dataset::Groups => 7,
        Dataset::GroupOwners => 8,
        Dataset::GroupMembers => 9,
        Dataset::GroupPim => 10,
        Dataset::MfaRegistration => 11,
        Dataset::UserActivity => 12,
        Dataset::SignIns => 13,
    };
    &ROWS[index]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dataset_has_its_own_row_in_order() {
        let listed: Vec<Dataset> = permissions().iter().map(|row| row.dataset).collect();
        assert_eq!(listed, Dataset::ALL);
        for dataset in Dataset::ALL {
            assert_eq!(of(*dataset).dataset, *dataset);
        }
    }

    #[test]
    fn only_reads_are_asked_for() {
        for row in permissions() {
            assert!(row.endpoint.starts_with("GET /"), "{}", row.endpoint);
            assert!(row.application.split(" and ").all(|name| name.contains(".Read.")), "{}", row.application);
        }
    }

    #[test]
    fn what_needs_p1_names_it() {
        for dataset in Dataset::ALL.iter().filter(|dataset| dataset.needs_p1()) {
            assert_eq!(of(*dataset).licence, Some(ENTRA_P1));
        }
    }
}
