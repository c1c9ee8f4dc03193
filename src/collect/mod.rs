//! Graph's answers to domain facts, each dataset with how well it was read. Nothing in here fails: what goes wrong is coverage.
//!
//! | file | reads |
//! |---|---|
//! | `organization` | organization, licenses |
//! | `relationships`, `admin_agents` | relationships, assignments, relationship-requests |
//! | `customers` | customers, contracts |
//! | `groups`, `principals` | groups, group-owners, group-members |
//! | `pim` | group-pim |
//! | `users` | mfa-registration, user-activity |
//! | `sign_ins`, `sign_in_selection` | sign-ins |
//! | `records` | nothing: the same records, for files of them |
//! | `signs` | what tells that a tenant is a partner |
//!
//! `wire` reads JSON leniently, `reach` tells how far back a log is known, `coverage` makes a status of how a read ended, `permissions` is the table of what each dataset takes.

mod admin_agents;
mod clock;
mod coverage;
mod customer;
mod customers;
mod groups;
mod organization;
mod permissions;
mod pim;
mod principals;
mod reach;
mod reader;
pub(crate) mod records;
mod relationships;
mod sign_in_selection;
mod sign_ins;
mod signs;
mod users;
mod wire;

use std::collections::{BTreeMap, BTreeSet};

use tokio::sync::SetOnce;

use self::groups::People;
use self::organization::Premium;
use self::reader::{Read, Reader};
use self::sign_in_selection::Side;
use self::users::ActiveUser;
use crate::domain::customer::CustomerFacts;
use crate::domain::facts::{
    Assignment, Contract, Customer, Group, Licenses, MfaRegistration, Organization, PartnerFacts, PimInstance, Relationship,
    RelationshipRequest, SignInLog,
};
use crate::domain::{Coverage, Dataset, Status, TenantSnapshot, Timestamp, View};
use crate::graph::{Claims, Client};

pub use self::clock::clock_warning;
pub use self::permissions::{PermissionRow, permissions};
pub use self::signs::{CallerTenant, Signs, caller_tenant, signs_of_partner};

/// What to do about a dataset.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Plan {
    /// Read it.
    Read,
    /// Leave it out, and why.
    Skip(String),
}

/// What to collect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    /// The run's time: where logs end.
    pub now: Timestamp,
    /// How far back logs are read, in days.
    pub lookback_days: u32,
    /// How many sign-ins are kept at most.
    pub max_records: u64,
    /// What to do about each dataset; one that is not named is read.
    pub datasets: BTreeMap<Dataset, Plan>,
    /// `global`, `usgov`, `usgov-dod` or `china`.
    pub cloud: String,
}

/// Told how collecting comes along.
pub trait Watch: Send + Sync {
    /// `records` were seen of `dataset` so far; `done`: it is read. A dataset that is not read is never told of.
    fn progress(&self, dataset: Dataset, records: u64, done: bool);
}

/// Watches nothing.
impl Watch for () {
    fn progress(&self, _: Dataset, _: u64, _: bool) {}
}

/// Collects the partner view of one tenant. Never fails: everything that goes wrong is coverage.
pub async fn partner(client: &Client, options: &Options, watch: &dyn Watch) -> TenantSnapshot {
    // A token that cannot be had fails every read below with the same error; it need not be told apart here.
    let claims = client.claims().await.ok();
    let reader = Reader { client, options, watch, claims: claims.as_ref() };
    let premium = SetOnce::new();
    let (own, access, customers, contracts) = tokio::join!(
        Box::pin(own_tenant(reader, &premium)),
        Box::pin(access(reader, &premium)),
        Box::pin(customers::customers(reader)),
        Box::pin(customers::contracts(reader)),
    );
    let mut snapshot = Collected { own, access, customers, contracts }.into_snapshot(options, claims.as_ref());
    clock::warn(&mut snapshot, client.clock_skew());
    snapshot
}

/// Collects the customer view of one tenant. Never fails: everything that goes wrong is coverage.
pub async fn customer(client: &Client, options: &Options, watch: &dyn Watch) -> TenantSnapshot {
    let mut snapshot = customer::read(client, options, watch).await;
    clock::warn(&mut snapshot, client.clock_skew());
    snapshot
}

/// What is read of the tenant as a whole.
struct OwnTenant {
    organization: Read<Option<Organization>>,
    licenses: Read<Option<Licenses>>,
    registrations: Read<Vec<MfaRegistration>>,
    activity: Read<Vec<ActiveUser>>,
    sign_ins: Read<SignInLog>,
}

/// Organization and licences first: they decide what else is worth asking for. Then the slow reads, side by side.
async fn own_tenant(reader: Reader<'_>, premium: &SetOnce<Premium>) -> OwnTenant {
    let (organization, (licenses, found)) = tokio::join!(organization::organization(reader), organization::licenses(reader));
    // Set once, here: nobody else sets it.
    let _ = premium.set(found);
    let own = own_id(reader.claims, organization.facts.as_ref());
    let (registrations, activity, sign_ins) = tokio::join!(
        Box::pin(users::registrations(reader, found)),
        Box::pin(users::activity(reader, found)),
        Box::pin(sign_ins::log(reader, Side::Partner, found, own.as_deref())),
    );
    OwnTenant { organization, licenses, registrations, activity, sign_ins }
}

/// The tenant's id: the token's where it says one, else the organization's.
fn own_id(claims: Option<&Claims>, organization: Option<&Organization>) -> Option<String> {
    let token = claims.and_then(|claims| claims.tenant_id.as_deref()).map(str::to_ascii_lowercase);
    token.or_else(|| organization.map(|organization| organization.id.clone())).filter(|id| !id.is_empty())
}

/// What is read of relationships and of the groups behind them.
struct Access {
    relationships: Read<Vec<Relationship>>,
    requests: Read<Vec<RelationshipRequest>>,
    assignments: Read<Vec<Assignment>>,
    groups: Read<Vec<Group>>,
    owners: Read<People>,
    members: Read<People>,
    pim: Read<Vec<PimInstance>>,
}

/// Relationships, then what hangs on them.
async fn access(reader: Reader<'_>, premium: &SetOnce<Premium>) -> Access {
    let relationships = relationships::relationships(reader).await;
    let (requests, (assignments, groups, owners, members, pim)) =
        tokio::join!(Box::pin(relationships::requests(reader, &relationships)), Box::pin(carriers(reader, &relationships, premium)));
    Access { relationships, requests, assignments, groups, owners, members, pim }
}

type Carriers = (Read<Vec<Assignment>>, Read<Vec<Group>>, Read<People>, Read<People>, Read<Vec<PimInstance>>);

/// Assignments, then the groups that they name.
async fn carriers(reader: Reader<'_>, relationships: &Read<Vec<Relationship>>, premium: &SetOnce<Premium>) -> Carriers {
    let assignments = relationships::assignments(reader, relationships).await;
    let ids = groups::containers(&assignments.facts);
    let known = &assignments.coverage;
    let (groups, owners, members, pim) = tokio::join!(
        Box::pin(groups::groups(reader, &ids, known)),
        Box::pin(groups::people(reader, Dataset::GroupOwners, &ids, known)),
        Box::pin(groups::people(reader, Dataset::GroupMembers, &ids, known)),
        Box::pin(async { pim::instances(reader, &assignments, *premium.wait().await).await }),
    );
    let owners = groups::settle_people(reader, Dataset::GroupOwners, owners, &groups.facts);
    let members = groups::settle_people(reader, Dataset::GroupMembers, members, &groups.facts);
    (assignments, groups, owners, members, pim)
}

/// Everything that was read, before it is joined.
struct Collected {
    own: OwnTenant,
    access: Access,
    customers: Read<Vec<Customer>>,
    contracts: Read<Vec<Contract>>,
}

impl Collected {
    fn into_snapshot(mut self, options: &Options, claims: Option<&Claims>) -> TenantSnapshot {
        self.keep_people_with_access();
        self.doubt_empty_customers();
        let coverage = Dataset::ALL.iter().filter_map(|dataset| Some((*dataset, self.coverage(*dataset)?.clone()))).collect();
        let organization = self.own.organization.facts.as_ref();
        let mut snapshot = TenantSnapshot {
            tenant_id: organization.map(|organization| organization.id.clone()).or_else(|| own_id(claims, None)).unwrap_or_default(),
            display_name: organization.map(|organization| organization.display_name.clone()).unwrap_or_default(),
            view: View::Partner,
            cloud: options.cloud.clone(),
            coverage,
            partner: self.into_facts(),
            customer: CustomerFacts::default(),
        };
        snapshot.settle_coverage();
        snapshot
    }

    /// How a dataset was read; `None`: another view's. A new dataset does not compile until it is collected.
    fn coverage(&self, dataset: Dataset) -> Option<&Coverage> {
        Some(match dataset {
            Dataset::Organization => &self.own.organization.coverage,
            Dataset::Licenses => &self.own.licenses.coverage,
            Dataset::Relationships => &self.access.relationships.coverage,
            Dataset::Assignments => &self.access.assignments.coverage,
            Dataset::RelationshipRequests => &self.access.requests.coverage,
            Dataset::Customers => &self.customers.coverage,
            Dataset::Contracts => &self.contracts.coverage,
            Dataset::Groups => &self.access.groups.coverage,
            Dataset::GroupOwners => &self.access.owners.coverage,
            Dataset::GroupMembers => &self.access.members.coverage,
            Dataset::GroupPim => &self.access.pim.coverage,
            Dataset::MfaRegistration => &self.own.registrations.coverage,
            Dataset::UserActivity => &self.own.activity.coverage,
            Dataset::SignIns => &self.own.sign_ins.coverage,
            Dataset::CrossTenantDefault
            | Dataset::CrossTenantPartners
            | Dataset::IdentitySync
            | Dataset::ProviderConstraints
            | Dataset::RoleDefinitions
            | Dataset::RoleAssignments
            | Dataset::RoleSchedules
            | Dataset::ForeignPrincipals
            | Dataset::TenantNames
            | Dataset::ServicePrincipals
            | Dataset::AppRoleAssignments
            | Dataset::DelegatedGrants
            | Dataset::ExternalUsers
            | Dataset::ConditionalAccess
            | Dataset::NamedLocations
            | Dataset::AuthenticationStrengths
            | Dataset::SecurityDefaults
            | Dataset::Subscriptions
            | Dataset::AppSignIns
            | Dataset::Audits
            | Dataset::Governance
            | Dataset::Declared
            | Dataset::Purview => return None,
        })
    }

    /// Cuts what was read of all users to those with access: members, and whom PIM lets become one.
    fn keep_people_with_access(&mut self) {
        let mut people: BTreeSet<String> = self.access.members.facts.by_group.values().flatten().cloned().collect();
        people.extend(self.access.pim.facts.iter().map(|instance| instance.principal_id.clone()));
        let members = &self.access.members.coverage;
        users::cut_to(&mut self.own.registrations, |row| &row.user_id, &people, members);
        users::cut_to(&mut self.own.activity, |row| &row.activity.user_id, &people, members);
    }

    /// An empty list of customers proves no more than an empty list of relationships does: both are shown to the same callers.
    fn doubt_empty_customers(&mut self) {
        let relationships = &self.access.relationships;
        let is_doubtful = relationships.facts.is_empty() && relationships.coverage.status == Status::Partial;
        if is_doubtful && self.customers.facts.is_empty() {
            self.customers.coverage.limit_to(Dataset::Relationships, Status::Partial);
        }
    }

    fn into_facts(self) -> PartnerFacts {
        let Access { relationships, requests, assignments, groups, owners, members, pim } = self.access;
        let OwnTenant { organization, licenses, registrations, activity, sign_ins } = self.own;
        let (active, activity): (Vec<_>, Vec<_>) = activity.facts.into_iter().map(|user| (user.principal, user.activity)).unzip();
        PartnerFacts {
            organization: organization.facts,
            licenses: licenses.facts,
            relationships: relationships.facts,
            assignments: assignments.facts,
            relationship_requests: requests.facts,
            customers: self.customers.facts,
            contracts: self.contracts.facts,
            groups: groups.facts,
            group_owners: owners.facts.by_group,
            group_members: members.facts.by_group,
            principals: principals::merge(owners.facts.principals.into_iter().chain(members.facts.principals).chain(active)),
            group_pim: pim.facts,
            mfa_registrations: registrations.facts,
            user_activity: activity,
            sign_ins: sign_ins.facts,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::facts::Principal;

    fn read<T: Default>(coverage: Coverage) -> Read<T> {
        Read::none(coverage)
    }

    fn collected() -> Collected {
        let complete = || Coverage::complete(0);
        Collected {
            own: OwnTenant {
                organization: read(complete()),
                licenses: read(complete()),
                registrations: read(complete()),
                activity: read(complete()),
                sign_ins: read(complete()),
            },
            access: Access {
                relationships: read(complete()),
                requests: read(complete()),
                assignments: read(complete()),
                groups: read(complete()),
                owners: read(complete()),
                members: read(complete()),
                pim: read(complete()),
            },
            customers: read(complete()),
            contracts: read(complete()),
        }
    }

    fn options() -> Options {
        Options {
            now: Timestamp::parse("2026-11-24T00:00:00Z").unwrap(),
            lookback_days: 30,
            max_records: 100,
            datasets: BTreeMap::new(),
            cloud: "global".into(),
        }
    }

    fn status(snapshot: &TenantSnapshot, dataset: Dataset) -> Status {
        snapshot.coverage[&dataset].status
    }

    #[test]
    fn every_dataset_has_coverage() {
        let snapshot = collected().into_snapshot(&options(), None);
        assert_eq!(snapshot.coverage.keys().copied().collect::<Vec<_>>(), Dataset::of_view(View::Partner).collect::<Vec<_>>());
    }

    #[test]
    fn an_empty_answer_that_proves_nothing_proves_nothing_below_it() {
        let mut facts = collected();
        facts.access.relationships.coverage = Coverage::new(Status::Partial).because("empty");
        let snapshot = facts.into_snapshot(&options(), None);
        for dataset in [
            Dataset::Assignments,
            Dataset::RelationshipRequests,
            Dataset::Groups,
            Dataset::GroupMembers,
            Dataset::GroupPim,
            Dataset::Customers,
        ] {
            assert_eq!(status(&snapshot, dataset), Status::Partial, "{dataset}");
        }
        assert_eq!(status(&snapshot, Dataset::Contracts), Status::Complete);
    }

    #[test]
    fn the_tenant_is_named_by_the_organization_else_by_the_token() {
        let claims = Claims { tenant_id: Some("ABC".into()), ..Claims::default() };
        assert_eq!(collected().into_snapshot(&options(), Some(&claims)).tenant_id, "abc");
        let mut facts = collected();
        facts.own.organization.facts = Some(Organization { id: "org".into(), display_name: "Northwind".into(), ..Organization::default() });
        let snapshot = facts.into_snapshot(&options(), Some(&claims));
        assert_eq!((snapshot.tenant_id.as_str(), snapshot.display_name.as_str()), ("org", "Northwind"));
        assert_eq!(caller_tenant(Some(&claims), &snapshot), CallerTenant { token: Some("abc".into()), organization: Some("org".into()) });
        assert_eq!(own_id(Some(&claims), snapshot.partner.organization.as_ref()).as_deref(), Some("abc"), "the token decides");
    }

    #[test]
    fn who_may_become_a_member_counts_as_a_person_with_access_and_is_named() {
        let user = |id: &str| {
            serde_json::from_value::<users::UserWire>(serde_json::json!({ "id": id, "displayName": format!("name of {id}") }))
                .unwrap()
                .into_fact()
        };
        let mut facts = collected();
        facts.own.activity.facts.extend(["member", "eligible", "other"].into_iter().filter_map(user));
        facts.access.members.facts.by_group.insert("g".into(), vec!["member".into()]);
        facts.access.pim.facts.push(PimInstance {
            id: "i".into(),
            group_id: "g".into(),
            principal_id: "eligible".into(),
            kind: crate::domain::facts::PimKind::Eligible,
            access_id: None,
            member_type: None,
            start_date_time: None,
            end_date_time: None,
        });
        let facts = facts.into_snapshot(&options(), None).partner;
        assert_eq!(facts.user_activity.iter().map(|row| row.user_id.as_str()).collect::<Vec<_>>(), ["member", "eligible"]);
        assert_eq!(facts.principals.iter().map(Principal::label).collect::<Vec<_>>(), ["name of eligible", "name of member"]);
    }

    #[test]
    fn collecting_can_move_between_threads() {
        fn is_send<T: Send>(_: impl FnOnce(&'static Client, &'static Options) -> T) {}
        is_send(|client, options| partner(client, options, &()));
        is_send(|client, _| signs_of_partner(client));
    }
}
