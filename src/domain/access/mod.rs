//! Who can do what where, and why: effective access as paths, worked out from a snapshot; and what of it nobody needs.
//!
//! Pure, like all of the domain: the same snapshot and the same question give the same answer, whatever the order of the facts. What was
//! not read stands first in every answer, and "nobody" is never said where something was not read that could name somebody.

mod ask;
mod cover;
mod customer;
mod ends;

mod members;
mod outside;
mod overlap;
mod partner;
mod paths;
mod reach;
#[cfg(test)]
mod tests;
mod unused;
mod words;

pub use ask::{AskError, Limits, Meant, Question, What};
pub use cover::{Cover, Fit, Need, OwnSet, Tasks, cover, find_set, set_names};
pub use customer::{CustomerAnswer, OutsideEnds};
pub use ends::{CustomerEnd, Fate, GroupEnd, RoleEnd, Span};
pub use members::{How, Member};
pub use outside::{CeilingRole, DeclaredEnd, FitNames, HolderClass, OutsideAccess, OutsideEnd, OutsidePath};
pub use overlap::{Overlap, Toxic};
pub use partner::{CustomerAccess, PartnerAnswer, RelationshipAccess, RoleSums, Totals};
pub use paths::{Holder, Path, Paths};
pub use reach::{Grant, UNKNOWN_CUSTOMER};
pub use unused::{RoleUse, Usable};
pub use words::{Capped, Named, Role, Seen, Verdict};

use self::ask::{Candidate, Candidates};
use self::outside::Outside;
use self::reach::Reach;
use super::{Dataset, Snapshot, Status, TenantSnapshot, Timestamp, View};

/// A dataset that the answer could rest on, and that was not read in full.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotRead {
    /// The dataset.
    pub dataset: Dataset,
    /// How it was read.
    pub status: Status,
    /// Why, in words.
    pub reason: Option<String>,
    /// The permission that would change it.
    pub permission: Option<String>,
    /// How many of its subjects are missing; 0: nobody counted.
    pub subjects: u64,
    /// It is partial only because this one was not read in full.
    pub limited_by: Option<Dataset>,
    /// The answer may be another with it.
    pub matters: bool,
}

/// The answer in one tenant.
#[derive(Debug, Clone)]
pub struct TenantAnswer<'a> {
    /// Tenant id.
    pub tenant_id: &'a str,
    /// Its name.
    pub name: &'a str,
    /// The view.
    pub view: View,
    /// What was not read.
    pub not_read: Vec<NotRead>,
    /// Id and name of the user, customer, partner and role that were asked for, as far as this tenant has them.
    pub meant: Vec<(What, Option<(String, String)>)>,
    /// What the answer comes to; `None` without a question.
    pub verdict: Option<Verdict>,
    /// The same of an overview or of ends, whether or not somebody was asked for: that nothing was found is known only where it was read.
    pub outcome: Verdict,
    /// The answer.
    pub body: Body<'a>,
}

/// The answer by view.
#[derive(Debug, Clone)]
pub enum Body<'a> {
    /// In the partner view.
    Partner(Box<PartnerAnswer<'a>>),
    /// In the customer view.
    Customer(Box<CustomerAnswer>),
}

/// The answer to a question.
#[derive(Debug, Clone)]
pub struct Explanation<'a> {
    /// When the facts were read.
    pub collected_at: Timestamp,
    /// The question.
    pub question: &'a Question,
    /// The smallest roles for the tasks that were asked for.
    pub cover: Option<Cover>,
    /// Tenant by tenant.
    pub tenants: Vec<TenantAnswer<'a>>,
}

impl Explanation<'_> {
    /// True if some tenant's answer is that nobody can say.
    pub fn is_unknown(&self) -> bool {
        let verdicts = || self.tenants.iter().map(|tenant| tenant.outcome);
        verdicts().any(|verdict| verdict == Verdict::Unknown) && !verdicts().any(|verdict| verdict == Verdict::Somebody)
    }
}

/// The joined facts of a tenant.
enum Joined<'a> {
    Partner(Box<Reach<'a>>),
    Customer(Box<Outside<'a>>),
}

/// Answers a question from a snapshot.
///
/// # Errors
/// A word of the question means nothing in it, or several things.
pub fn explain<'a>(snapshot: &'a Snapshot, question: &'a Question) -> Result<Explanation<'a>, AskError> {
    let cover = tasks(question)?;
    let now = snapshot.collected_at;
    let mut tenants: Vec<&TenantSnapshot> = snapshot.tenants.iter().collect();
    tenants.sort_by_key(|tenant| (&tenant.tenant_id, tenant.view));
    let joined: Vec<(&TenantSnapshot, Joined<'a>)> = tenants
        .into_iter()
        .map(|tenant| {
            let joined = match tenant.view {
                View::Partner => Joined::Partner(Box::new(Reach::new(tenant, snapshot.lookback_days, now))),
                View::Customer => Joined::Customer(Box::new(Outside::new(tenant, snapshot.lookback_days, now))),
            };
            (tenant, joined)
        })
        .collect();
    let meant = Words::find(&joined, question)?;
    let answers =
        joined.iter().zip(&meant).map(|((tenant, joined), words)| joined.answer(tenant, words, question, cover.as_ref())).collect();
    Ok(Explanation { collected_at: now, question, tenants: answers, cover })
}

fn tasks(question: &Question) -> Result<Option<Cover>, AskError> {
    if question.tasks.is_empty() {
        return Ok(None);
    }
    let find = |name: &String| {
        find_set(name, &question.own_sets).ok_or_else(|| {
            let sets = Candidates::new(What::Task, set_names(&question.own_sets).map(|name| Candidate::new(name, &[], &[])));
            let nearest = sets.nearest(name).or_else(|| sets.nearest(&format!("task-{name}"))).map(|(_, name)| name.to_owned());
            AskError::NoSuch { what: What::Task, name: name.clone(), nearest, unread: Vec::new() }
        })
    };
    Ok(Some(cover(question.tasks.iter().map(find).collect::<Result<Vec<_>, _>>()?)))
}

/// The words of a question in one tenant.
struct Words<'j> {
    user: Meant<'j>,
    customer: Meant<'j>,
    partner: Meant<'j>,
    role: Meant<'j>,
}

impl<'j> Words<'j> {
    /// Finds every word in every tenant. One that means something in none is a mistake.
    fn find(joined: &'j [(&TenantSnapshot, Joined<'_>)], question: &Question) -> Result<Vec<Words<'j>>, AskError> {
        let column = |what: What, word: &Option<String>| -> Result<Vec<Meant<'j>>, AskError> {
            let Some(word) = word else { return Ok(vec![Meant::Any; joined.len()]) };
            let candidates: Vec<Candidates<'j>> = joined.iter().map(|(tenant, joined)| joined.candidates(tenant, what)).collect();
            let found: Vec<_> = candidates.iter().map(|candidates| candidates.find(word)).collect::<Result<_, _>>()?;
            if found.iter().all(Option::is_none) {
                let near = candidates.iter().filter_map(|candidates| candidates.nearest(word));
                let nearest = near.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, name)| name.to_owned());
                let unread = joined.iter().flat_map(|(tenant, _)| may_hold(tenant, what)).collect();
                return Err(AskError::NoSuch { what, name: word.clone(), nearest, unread });
            }
            Ok(found.into_iter().map(|named| named.map_or(Meant::Nothing, Meant::One)).collect())
        };
        let columns = [
            column(What::User, &question.user)?,
            column(What::Customer, &question.customer)?,
            column(What::Partner, &question.partner)?,
            column(What::Role, &question.role)?,
        ];
        let [user, customer, partner, role] = columns;
        let rows = user.into_iter().zip(customer).zip(partner).zip(role);
        Ok(rows.map(|(((user, customer), partner), role)| Words { user, customer, partner, role }).collect())
    }
}

/// Datasets that were not read in full and that could hold what a word names.
fn may_hold(tenant: &TenantSnapshot, what: What) -> Vec<Dataset> {
    let datasets: &[Dataset] = match (what, tenant.view) {
        (What::User, View::Partner) => &[Dataset::Assignments, Dataset::GroupMembers, Dataset::GroupPim],
        (What::Customer, View::Partner) => &[Dataset::Relationships],
        (What::User, View::Customer) => {
            &[Dataset::RoleAssignments, Dataset::ForeignPrincipals, Dataset::ServicePrincipals, Dataset::ExternalUsers]
        }
        (What::Partner, View::Customer) => {
            &[Dataset::CrossTenantPartners, Dataset::RoleAssignments, Dataset::ServicePrincipals, Dataset::TenantNames]
        }
        (What::Role, View::Customer) => &[Dataset::RoleDefinitions, Dataset::RoleAssignments],
        _ => &[],
    };
    datasets.iter().copied().filter(|dataset| tenant.coverage_of(*dataset).status != Status::Complete).collect()
}

/// Datasets that an answer may rest on.
fn rests_on(view: View) -> &'static [Dataset] {
    match view {
        View::Partner => {
            &[Dataset::Relationships, Dataset::Assignments, Dataset::Groups, Dataset::GroupMembers, Dataset::GroupPim, Dataset::SignIns]
        }
        View::Customer => &[
            Dataset::CrossTenantPartners,
            Dataset::ProviderConstraints,
            Dataset::RoleDefinitions,
            Dataset::RoleAssignments,
            Dataset::RoleSchedules,
            Dataset::ForeignPrincipals,
            Dataset::ServicePrincipals,
            Dataset::AppRoleAssignments,
            Dataset::DelegatedGrants,
            Dataset::ExternalUsers,
            Dataset::SignIns,
        ],
    }
}

impl<'a> Joined<'a> {
    /// Everything that a word may mean. The tenant itself is its own partner or customer.
    fn candidates<'j>(&'j self, tenant: &'j TenantSnapshot, what: What) -> Candidates<'j> {
        let itself = || {
            let organization = match tenant.view {
                View::Partner => tenant.partner.organization.as_ref(),
                View::Customer => tenant.customer.organization.as_ref(),
            };
            let domain = organization.and_then(|organization| organization.default_domain.as_deref());
            Candidates::new(what, [Candidate::new(&tenant.tenant_id, &[domain], &[Some(&tenant.display_name)])])
        };
        match (self, what) {
            (Joined::Partner(reach), What::User) => partner::users(reach),
            (Joined::Partner(reach), What::Customer) => partner::customers(reach),
            (Joined::Partner(reach), What::Role) => partner::role_candidates(reach),
            (Joined::Customer(outside), What::User) => customer::users(outside),
            (Joined::Customer(outside), What::Partner) => customer::partners(outside),
            (Joined::Customer(outside), What::Role) => customer::role_candidates(outside),
            (Joined::Partner(_), What::Partner) | (Joined::Customer(_), What::Customer) => itself(),
            (_, What::Task) => Candidates::new(what, []),
        }
    }

    fn answer(&self, tenant: &'a TenantSnapshot, words: &Words<'_>, question: &Question, cover: Option<&Cover>) -> TenantAnswer<'a> {
        let (spans, limits) = (question.ends.as_slice(), question.limits);
        let (verdict, outcome, doubts, body) = match self {
            Joined::Partner(reach) => {
                // A partner that is asked for and is another tenant has nothing to say here.
                let customer = if words.partner == Meant::Nothing { Meant::Nothing } else { words.customer };
                let asked = partner::Asked { user: words.user, customer, role: words.role };
                let answer = partner::answer(reach, &asked, spans, cover, limits);
                let (verdict, doubts) = partner::verdict(reach, &asked, &answer);
                (verdict, verdict.unwrap_or_else(|| partner::outcome(reach, &answer)), doubts, Body::Partner(Box::new(answer)))
            }
            Joined::Customer(outside) => {
                let asked = customer::Asked {
                    user: words.user,
                    partner: words.partner,
                    role: words.role,
                    is_elsewhere: words.customer == Meant::Nothing,
                    is_here: words.customer.named().is_some(),
                };
                let answer = customer::answer(outside, &asked, spans, cover, limits);
                let (verdict, doubts) = customer::verdict(outside, &asked, &answer);
                (verdict, verdict.unwrap_or_else(|| customer::outcome(&answer, &doubts)), doubts, Body::Customer(Box::new(answer)))
            }
        };
        let meant = [(What::User, words.user), (What::Customer, words.customer), (What::Partner, words.partner), (What::Role, words.role)];
        let told = meant.into_iter().filter(|(_, meant)| *meant != Meant::Any);
        TenantAnswer {
            tenant_id: &tenant.tenant_id,
            name: &tenant.display_name,
            view: tenant.view,
            not_read: rests_on(tenant.view).iter().filter_map(|dataset| not_read(tenant, *dataset, doubts.contains(dataset))).collect(),
            meant: told.map(|(what, meant)| (what, meant.named().map(|named| (named.id.to_owned(), named.name.to_owned())))).collect(),
            verdict,
            outcome,
            body,
        }
    }
}

fn not_read(tenant: &TenantSnapshot, dataset: Dataset, matters: bool) -> Option<NotRead> {
    let coverage = tenant.coverage_of(dataset);
    (coverage.status != Status::Complete).then_some(NotRead {
        dataset,
        status: coverage.status,
        reason: coverage.reason,
        permission: coverage.permission,
        subjects: coverage.gaps.len() as u64,
        limited_by: coverage.limited_by,
        matters,
    })
}
