//! The answer in the customer view: outside tenant by outside tenant, and as paths.

use std::collections::BTreeSet;

use super::ask::{Candidate, Candidates, Limits, Meant, What};
use super::cover::Cover;
use super::ends::Span;
use super::outside::{DeclaredEnd, Outside, OutsideAccess, OutsideEnd, OutsideFilter, OutsidePath};
use super::words::{Capped, Verdict};
use crate::domain::log_span::LogSpan;
use crate::domain::{Dataset, Status, roles};

/// What ends in one span.
#[derive(Debug, Clone)]
pub struct OutsideEnds {
    /// The span.
    pub span: Span,
    /// Timed roles.
    pub roles: Capped<OutsideEnd>,
    /// Relationships that a file declares.
    pub declared: Vec<DeclaredEnd>,
}

/// The answer in the customer view.
#[derive(Debug, Clone)]
pub struct CustomerAnswer {
    /// Outside tenants, those that can administer first.
    pub partners: Capped<OutsideAccess>,
    /// How many of them can administer, those that are not listed too.
    pub able: u64,
    /// An application of them that is asked for has a strong permission, listed or not.
    by_permission: bool,
    /// The paths; `None` without a question.
    pub paths: Option<Capped<OutsidePath>>,
    /// What ends in each span.
    pub ends: Vec<OutsideEnds>,
    /// The span of the sign-in log; `None` if nobody can say.
    pub log: Option<LogSpan>,
}

/// What tells who holds roles: where one of these was not read in full, there may be others.
const ROLE_LISTS: [Dataset; 5] =
    [Dataset::RoleAssignments, Dataset::RoleSchedules, Dataset::ForeignPrincipals, Dataset::ServicePrincipals, Dataset::ExternalUsers];

/// What tells who can do something without a role.
const PERMISSION_LISTS: [Dataset; 2] = [Dataset::AppRoleAssignments, Dataset::DelegatedGrants];

/// A partner, a principal and a role in the words of one tenant.
pub(super) struct Asked<'q> {
    pub(super) user: Meant<'q>,
    pub(super) partner: Meant<'q>,
    pub(super) role: Meant<'q>,
    /// A customer was asked for, and it is another tenant.
    pub(super) is_elsewhere: bool,
    /// A customer was asked for, and it is this one.
    pub(super) is_here: bool,
}

/// What cannot match, where the word of a question means nothing here.
const NOTHING: &str = "\u{0}";

impl<'q> Asked<'q> {
    fn filter(&self) -> OutsideFilter<'q> {
        let id = |meant: Meant<'q>| match meant {
            Meant::Any => None,
            Meant::One(named) => Some(named.id),
            Meant::Nothing => Some(NOTHING),
        };
        let partner = if self.is_elsewhere { Some(NOTHING) } else { id(self.partner) };
        OutsideFilter { partner, holder: id(self.user), role: id(self.role) }
    }

    fn is_empty(&self) -> bool {
        let filter = self.filter();
        filter.partner.is_none() && filter.holder.is_none() && filter.role.is_none() && !self.is_here
    }
}

/// Guests, applications and foreign principals.
pub(super) fn users<'a>(outside: &'a Outside<'_>) -> Candidates<'a> {
    let facts = &outside.tenant.customer;
    let entries = || outside.ledger.entries.values();
    let guests = entries().flat_map(|entry| &entry.guests).map(|guest| Candidate::new(&guest.id, &[], &[Some(&guest.name)]));
    let apps = entries().flat_map(|entry| &entry.apps).map(|app| Candidate::new(&app.id, &[Some(&app.app_id)], &[Some(&app.name)]));
    let held = entries().flat_map(|entry| &entry.roles);
    let foreign = held.map(|role| Candidate::new(&role.principal_id, &[], &[Some(&role.principal_name)]));
    let ids: BTreeSet<&str> = entries().flat_map(|entry| &entry.guests).map(|guest| guest.id.as_str()).collect();
    let known = facts.external_users.iter().filter_map(|user| Some((ids.get(user.id.to_ascii_lowercase().as_str()).copied()?, user)));
    let more = known.map(|(id, user)| {
        Candidate::new(id, &[user.user_principal_name.as_deref(), user.mail.as_deref()], &[user.display_name.as_deref()])
    });
    Candidates::new(What::User, guests.chain(apps).chain(foreign).chain(more))
}

/// Outside tenants.
pub(super) fn partners<'a>(outside: &'a Outside<'_>) -> Candidates<'a> {
    let entries = outside.ledger.entries.values();
    Candidates::new(What::Partner, entries.map(|entry| Candidate::new(&entry.tenant_id, &[entry.domain.as_deref()], &[Some(&entry.name)])))
}

/// Roles of the catalog, and the tenant's own.
pub(super) fn role_candidates<'a>(outside: &'a Outside<'_>) -> Candidates<'a> {
    let of_catalog = roles::all().iter().map(|role| Candidate::new(role.id, &[], &[Some(role.name)]));
    let entries = || outside.ledger.entries.values();
    let held = entries().flat_map(|entry| entry.all_roles()).map(|held| Candidate::new(&held.role_id, &[], &[Some(&held.role_name)]));
    let own = outside.tenant.customer.role_definitions.iter().filter(|definition| !definition.is_built_in);
    let own = own.map(|definition| Candidate::new(&definition.id, &[], &[definition.display_name.as_deref()]));
    let ceilings = entries().flat_map(|entry| entry.ceiling.iter().flatten()).map(|id| Candidate::new(id, &[], &[]));
    Candidates::new(What::Role, of_catalog.chain(held).chain(own).chain(ceilings))
}

/// Answers a question.
pub(super) fn answer(outside: &Outside<'_>, asked: &Asked<'_>, spans: &[Span], cover: Option<&Cover>, limits: Limits) -> CustomerAnswer {
    let filter = asked.filter();
    let partners = outside.partners(filter, cover);
    let apps = partners.iter().flat_map(|access| &access.entry.apps);
    let by_permission = apps.filter(|app| filter.holder.is_none_or(|holder| holder == app.id)).any(|app| !app.strong.is_empty());
    CustomerAnswer {
        able: partners.iter().filter(|access| access.entry.can_administer).count() as u64,
        by_permission,
        partners: Capped::new(partners, limits.parties),
        paths: (!asked.is_empty()).then(|| Capped::new(outside.paths(filter), limits.paths)),
        ends: spans
            .iter()
            .map(|span| OutsideEnds {
                span: *span,
                roles: outside.ending(filter, *span, limits.paths),
                declared: outside.declared_ending(filter, *span),
            })
            .collect(),
        log: outside.log,
    }
}

/// What the answer to a question comes to; `None` without a question. Datasets that leave a doubt are noted.
pub(super) fn verdict(outside: &Outside<'_>, asked: &Asked<'_>, answer: &CustomerAnswer) -> (Option<Verdict>, BTreeSet<Dataset>) {
    let filter = asked.filter();
    let by_permission = filter.role.is_none();
    let lists = ROLE_LISTS.into_iter().chain(PERMISSION_LISTS.into_iter().filter(|_| by_permission));
    let doubts: BTreeSet<Dataset> = lists.filter(|dataset| outside.tenant.coverage_of(*dataset).status != Status::Complete).collect();
    let verdict = answer.paths.as_ref().map(|paths| match paths.total {
        0 if by_permission && answer.by_permission => Verdict::Somebody,
        0 if doubts.is_empty() => Verdict::Nobody,
        0 => Verdict::Unknown,
        _ => Verdict::Somebody,
    });
    (verdict, doubts)
}

/// What an overview, or what ends, comes to.
pub(super) fn outcome(answer: &CustomerAnswer, doubts: &BTreeSet<Dataset>) -> Verdict {
    let is_found = match answer.ends.is_empty() {
        true => answer.partners.total > 0,
        false => answer.ends.iter().any(|ends| ends.roles.total > 0 || !ends.declared.is_empty()),
    };
    match () {
        () if is_found => Verdict::Somebody,
        () if doubts.is_empty() => Verdict::Nobody,
        () => Verdict::Unknown,
    }
}
