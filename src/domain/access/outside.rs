//! Effective access in the customer view: outside tenant, principal, assignment with its scope, role.

use std::collections::{BTreeMap, BTreeSet};

use super::cover::{Cover, Fit};
use super::words::{Capped, Role, Seen, role_list};
use crate::domain::facts::PimKind;
use crate::domain::ledger::{Entry, HeldRole, Ledger, Reading};
use crate::domain::log_span::{LogSpan, shows_absence};
use crate::domain::roles::sets::{self, ToxicPair};
use crate::domain::{Dataset, Status, TenantSnapshot, Timestamp, ledger};

/// What holds a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum HolderClass {
    /// A group or a principal of the outside tenant. Who is in it stands in that tenant, and cannot be read from here.
    Foreign,
    /// A guest or an external member here.
    Guest,
    /// An application that the outside tenant owns.
    Application,
}

impl HolderClass {
    /// The word used in reports.
    pub const fn as_str(self) -> &'static str {
        match self {
            HolderClass::Foreign => "foreignPrincipal",
            HolderClass::Guest => "guest",
            HolderClass::Application => "application",
        }
    }
}

/// One path from an outside tenant to a role here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutsidePath {
    /// The outside tenant's id.
    pub tenant_id: String,
    /// Its name.
    pub tenant_name: String,
    /// What holds the role: its kind, id and name.
    pub holder: (HolderClass, String, String),
    /// A group of this tenant that the role is given to and that the holder is in; `None`: it is given to the holder itself.
    pub through: Option<(String, String)>,
    /// The role with assignment, scope and whether it must be activated.
    pub held: HeldRole,
    /// When it ends by itself; `None`: not, or nobody can say.
    pub until: Option<Timestamp>,
}

impl OutsidePath {
    /// The role.
    pub fn role(&self) -> Role<'_> {
        Role { id: &self.held.role_id, name: &self.held.role_name, tier: self.held.tier }
    }
}

/// A role that a service provider may give to its groups.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CeilingRole {
    /// Template id.
    pub id: String,
    /// `Some(false)`: no principal of it holds it. `None`: nobody can say.
    pub held: Option<bool>,
}

/// One outside tenant.
#[derive(Debug, Clone)]
pub struct OutsideAccess {
    /// Its ledger entry.
    pub entry: Entry,
    /// Its role ceiling, the most powerful first; empty without one.
    pub ceiling: Vec<CeilingRole>,
    /// When somebody of it was last here.
    pub seen: Seen,
    /// Toxic pairs among the roles that its principals hold, and whether one principal holds both.
    pub toxic: Vec<(&'static ToxicPair, bool)>,
    /// How the roles that it holds fit the tasks that were asked for.
    pub fit: Option<FitNames>,
}

/// A fit with ids of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FitNames {
    /// Ids of roles beyond the smallest set.
    pub beyond: Vec<String>,
    /// Ids of roles of the smallest set that are not held.
    pub lacking: Vec<String>,
    /// Names of the tasks that no role held does.
    pub unmet: Vec<String>,
}

impl From<Fit<'_>> for FitNames {
    fn from(fit: Fit<'_>) -> Self {
        let ids = |roles: &[Role<'_>]| roles.iter().map(|role| role.id.to_owned()).collect();
        FitNames { beyond: ids(&fit.beyond), lacking: ids(&fit.lacking), unmet: fit.unmet }
    }
}

/// What is asked for.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct OutsideFilter<'a> {
    /// Only this outside tenant.
    pub(super) partner: Option<&'a str>,
    /// Only this guest, application or principal.
    pub(super) holder: Option<&'a str>,
    /// Only this role.
    pub(super) role: Option<&'a str>,
}

impl OutsideFilter<'_> {
    fn wants(&self, path: &OutsidePath) -> bool {
        self.partner.is_none_or(|partner| partner == path.tenant_id)
            && self.holder.is_none_or(|holder| holder == path.holder.1)
            && self.role.is_none_or(|role| role == path.held.role_id)
    }
}

/// The customer view's facts, joined.
pub(super) struct Outside<'a> {
    pub(super) tenant: &'a TenantSnapshot,
    pub(super) ledger: Ledger,
    /// The span of the sign-in log; `None` if nobody can say.
    pub(super) log: Option<LogSpan>,
    log_is_whole: bool,
}

impl<'a> Outside<'a> {
    pub(super) fn new(tenant: &'a TenantSnapshot, lookback_days: u32, now: Timestamp) -> Self {
        Outside {
            tenant,
            // How policies for all users are read has no say in who holds what.
            ledger: ledger::build(tenant, Reading::default()),
            log: LogSpan::of(tenant, Dataset::SignIns, lookback_days, now),
            log_is_whole: shows_absence(tenant, Dataset::SignIns),
        }
    }

    /// Every path of a filter: by outside tenant, the most powerful role first.
    pub(super) fn paths(&self, filter: OutsideFilter<'_>) -> Vec<OutsidePath> {
        let ends = self.ends();
        let mut paths: Vec<OutsidePath> =
            self.ledger.entries.values().flat_map(|entry| of_entry(entry, &ends)).filter(|path| filter.wants(path)).collect();
        paths.sort_by(|a, b| {
            let key = |path: &'_ OutsidePath| {
                (path.role().rank(), path.held.role_name.clone(), path.holder.clone(), path.held.assignment_id.clone())
            };
            (&a.tenant_name, &a.tenant_id).cmp(&(&b.tenant_name, &b.tenant_id)).then_with(|| key(a).cmp(&key(b)))
        });
        paths
    }

    /// When timed assignments and eligibilities end, by principal, role definition, scope and whether it is eligible only.
    fn ends(&self) -> Ends {
        let mut ends: Ends = BTreeMap::new();
        for row in in_order_by_id(&self.tenant.customer.role_schedules) {
            let key =
                (row.principal_id.to_ascii_lowercase(), scope(&row.directory_scope_id), row.kind == PimKind::Eligible, row.id.clone());
            ends.insert(key, (row.role_definition_id.to_ascii_lowercase(), row.end_date_time));
        }
        ends
    }

    /// The outside tenants of a filter that reach in, by name.
    pub(super) fn partners(&self, filter: OutsideFilter<'_>, cover: Option<&Cover>) -> Vec<OutsideAccess> {
        let holding: BTreeSet<String> = self.paths(filter).into_iter().map(|path| path.tenant_id).collect();
        let by_path = filter.holder.is_some() || filter.role.is_some();
        let may_give =
            |entry: &Entry| filter.role.is_some_and(|role| entry.ceiling.as_ref().is_some_and(|ids| ids.iter().any(|id| id == role)));
        let wanted = |entry: &&Entry| match by_path {
            true => holding.contains(&entry.tenant_id) || (filter.holder.is_none() && may_give(entry)),
            false => filter.partner.is_none_or(|partner| partner == entry.tenant_id),
        };
        let mut list: Vec<OutsideAccess> = self
            .ledger
            .entries
            .values()
            .filter(wanted)
            .filter(|entry| filter.partner.is_none_or(|partner| partner == entry.tenant_id))
            // What is only sold or written to says nothing of access, unless it is asked for.
            .filter(|entry| by_path || filter.partner.is_some() || entry.can_administer || !entry.doors().is_empty())
            .map(|entry| self.partner(entry, cover))
            .collect();
        list.sort_by(|a, b| {
            let key = |access: &OutsideAccess| (!access.entry.can_administer, rank(access.entry.tier));
            key(a).cmp(&key(b)).then_with(|| (&a.entry.name, &a.entry.tenant_id).cmp(&(&b.entry.name, &b.entry.tenant_id)))
        });
        list
    }

    fn partner(&self, entry: &Entry, cover: Option<&Cover>) -> OutsideAccess {
        let assignments = self.tenant.coverage_of(Dataset::RoleAssignments).status == Status::Complete;
        let mut ceiling: Vec<CeilingRole> = entry
            .ceiling
            .iter()
            .flatten()
            .map(|id| {
                let holds = entry.roles.iter().any(|held| held.role_id == *id);
                CeilingRole { id: id.clone(), held: (holds || assignments).then_some(holds) }
            })
            .collect();
        ceiling.sort_by(|a, b| Role::of(&a.id).cmp(&Role::of(&b.id)));
        let held = role_list(entry.all_roles().map(|held| held.role_id.as_str()));
        let toxic = sets::TOXIC.iter().filter(|pair| pair.roles.iter().all(|id| held.iter().any(|role| role.id == *id)));
        let seen = match entry.last_sign_in {
            Some(at) => Seen::At(at),
            None if self.log_is_whole && self.log.is_some() => Seen::Never,
            None => Seen::Unknown,
        };
        OutsideAccess {
            toxic: toxic.map(|pair| (pair, one_holds_both(entry, pair))).collect(),
            fit: cover.map(|cover| cover.fit(&held).into()),
            entry: entry.clone(),
            ceiling,
            seen,
        }
    }
}

/// By principal, scope, whether it is eligible only, and id: the role definition, and when it ends.
type Ends = BTreeMap<(String, String, bool, String), (String, Option<Timestamp>)>;

fn in_order_by_id(rows: &[crate::domain::customer::RoleSchedule]) -> Vec<&crate::domain::customer::RoleSchedule> {
    let mut sorted: Vec<_> = rows.iter().collect();
    sorted.sort_by(|a, b| (&a.id, a.end_date_time).cmp(&(&b.id, b.end_date_time)));
    sorted
}

fn scope(id: &str) -> String {
    if id.is_empty() { "/".to_owned() } else { id.to_owned() }
}

fn rank(tier: Option<u8>) -> u8 {
    tier.map_or(u8::MAX, |tier| tier)
}

/// True if one principal, guest or application holds both. A guest may hold one through one group, and the other through another.
fn one_holds_both(entry: &Entry, pair: &ToxicPair) -> bool {
    let has_both = |roles: &[HeldRole]| pair.roles.iter().all(|role| roles.iter().any(|held| held.role_id == *role));
    let [first, second] = pair.roles.map(|role| -> BTreeSet<&str> {
        entry.roles.iter().filter(|held| held.role_id == role).map(|held| held.principal_id.as_str()).collect()
    });
    !first.is_disjoint(&second)
        || entry.guests.iter().any(|guest| has_both(&guest.roles))
        || entry.apps.iter().any(|app| has_both(&app.roles))
}

/// The paths of one outside tenant.
fn of_entry<'e>(entry: &'e Entry, ends: &'e Ends) -> impl Iterator<Item = OutsidePath> + 'e {
    let path = move |class: HolderClass, id: &str, name: &str, held: &HeldRole| OutsidePath {
        tenant_id: entry.tenant_id.clone(),
        tenant_name: entry.name.clone(),
        through: (held.principal_id != id).then(|| (held.principal_id.clone(), held.principal_name.clone())),
        holder: (class, id.to_owned(), name.to_owned()),
        until: until(held, ends),
        held: held.clone(),
    };
    let foreign = entry.roles.iter().map(move |held| path(HolderClass::Foreign, &held.principal_id, &held.principal_name, held));
    let guests = entry
        .guests
        .iter()
        .flat_map(move |guest| guest.roles.iter().map(move |held| path(HolderClass::Guest, &guest.id, &guest.name, held)));
    let apps =
        entry.apps.iter().flat_map(move |app| app.roles.iter().map(move |held| path(HolderClass::Application, &app.id, &app.name, held)));
    foreign.chain(guests).chain(apps)
}

/// When a role ends: at the end of the schedule that it comes from, or of the one that stands beside its assignment.
fn until(held: &HeldRole, ends: &Ends) -> Option<Timestamp> {
    let own = |id: &String| *id == held.assignment_id;
    let key = (held.principal_id.clone(), held.scope.clone(), held.eligible_only, String::new());
    let of_principal = || {
        ends.range(key.clone()..)
            .take_while(|(other, _)| (&other.0, &other.1, other.2) == (&key.0, &key.1, key.2))
            .map(|(key, row)| (&key.3, row))
    };
    if let Some((_, (_, end))) = of_principal().find(|(id, _)| own(id)) {
        return *end;
    }
    let beside: Vec<Option<Timestamp>> = of_principal().filter(|(_, (role, _))| *role == held.role_id).map(|(_, (_, end))| *end).collect();
    if beside.contains(&None) { None } else { beside.into_iter().flatten().max() }
}

/// What ends in the customer view in a span.
#[derive(Debug, Clone)]
pub struct OutsideEnd {
    /// The role that ends.
    pub path: OutsidePath,
    /// Paths by which the same holder keeps the role.
    pub keeps: Vec<OutsidePath>,
}

/// A relationship that a file declares, and that ends in a span. What it takes away nobody can see from here.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeclaredEnd {
    /// The partner's tenant.
    pub partner_tenant_id: String,
    /// Id and name of the relationship.
    pub relationship: (String, String),
    /// When.
    pub end: Timestamp,
    /// It renews itself.
    pub renews: bool,
    /// Ids of roles that no other declared relationship of the partner grants.
    pub stops: Vec<String>,
    /// Ids of roles that another one grants.
    pub remains: Vec<String>,
}

impl Outside<'_> {
    /// Timed roles that end in a span.
    pub(super) fn ending(&self, filter: OutsideFilter<'_>, span: super::Span, most: usize) -> Capped<OutsideEnd> {
        let all = self.paths(OutsideFilter { partner: filter.partner, ..OutsideFilter::default() });
        let in_span = |path: &&OutsidePath| filter.wants(path) && path.until.is_some_and(|until| span.holds(until));
        let stays = |path: &OutsidePath| path.until.is_none_or(|until| until > span.to);
        let mut staying: BTreeMap<_, Vec<&OutsidePath>> = BTreeMap::new();
        for path in all.iter().filter(|path| stays(path)) {
            staying.entry((&path.holder, &path.held.role_id)).or_default().push(path);
        }
        let ends: Vec<&OutsidePath> = all.iter().filter(in_span).collect();
        let shown = ends.iter().take(most).map(|path| {
            let kept = staying.get(&(&path.holder, &path.held.role_id)).into_iter().flatten();
            OutsideEnd { path: (*path).clone(), keeps: kept.map(|path| (*path).clone()).collect() }
        });
        Capped { shown: shown.collect(), total: ends.len() as u64 }
    }

    /// Declared relationships that end in a span.
    pub(super) fn declared_ending(&self, filter: OutsideFilter<'_>, span: super::Span) -> Vec<DeclaredEnd> {
        let declared = &self.tenant.customer.declared.relationships;
        let live = || declared.iter().filter(|told| told.relationship.status.is_live());
        let ends_by = |told: &crate::domain::declared::DeclaredRelationship| {
            !told.relationship.renews_itself() && told.relationship.end_date_time.is_some_and(|end| end <= span.to)
        };
        let mut list: Vec<DeclaredEnd> = live()
            .filter(|told| {
                filter.partner.is_none_or(|partner| told.partner_tenant_id.eq_ignore_ascii_case(partner)) && filter.holder.is_none()
            })
            .filter_map(|told| {
                let end = told.relationship.end_date_time.filter(|end| span.holds(*end))?;
                let others: BTreeSet<&str> = live()
                    .filter(|other| other.partner_tenant_id.eq_ignore_ascii_case(&told.partner_tenant_id) && !ends_by(other))
                    .flat_map(|other| other.relationship.roles.iter().map(String::as_str))
                    .collect();
                let wanted = told.relationship.roles.iter().filter(|id| filter.role.is_none_or(|role| role == id.as_str()));
                let roles = role_list(wanted.map(String::as_str));
                if roles.is_empty() && filter.role.is_some() {
                    return None;
                }
                let (remains, stops): (Vec<Role<'_>>, Vec<Role<'_>>) = roles.into_iter().partition(|role| others.contains(role.id));
                let ids = |roles: Vec<Role<'_>>| roles.into_iter().map(|role| role.id.to_owned()).collect();
                Some(DeclaredEnd {
                    partner_tenant_id: told.partner_tenant_id.to_ascii_lowercase(),
                    relationship: (told.relationship.id.clone(), told.relationship.display_name.clone()),
                    end,
                    renews: told.relationship.renews_itself(),
                    stops: ids(stops),
                    remains: ids(remains),
                })
            })
            .collect();
        list.sort_by(|a, b| (a.end, &a.partner_tenant_id, &a.relationship).cmp(&(b.end, &b.partner_tenant_id, &b.relationship)));
        list.dedup();
        list
    }
}
