//! Who is in a group that carries access, and how: as far as the facts hold it.
//!
//! Graph lists members transitively, so a person's place in a nested group is known only where that group's own members were read, or
//! where PIM for Groups names the person itself.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use super::words::Named;
use crate::domain::facts::{Group, PartnerFacts, PimInstance, PimKind, Principal, PrincipalKind};
use crate::domain::{Dataset, Status, TenantSnapshot, Timestamp, roles};

/// How somebody is in a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum How {
    /// A member.
    Member,
    /// A member for a while: activated through PIM for Groups.
    Activated,
    /// May become a member through PIM for Groups, and is none now.
    Eligible,
}

/// Somebody, or something, in a group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Member<'a> {
    /// Object id.
    pub id: &'a str,
    /// What is known of it; `None`: an id and no more.
    pub principal: Option<&'a Principal>,
    /// How it is in.
    pub how: How,
    /// When that ends; `None`: not, or nobody can say.
    pub until: Option<Timestamp>,
    /// Proved to be in the group itself.
    pub direct: bool,
    /// Groups inside the group that are known to hold it.
    pub through: Vec<&'a str>,
}

impl<'a> Member<'a> {
    /// Its best name.
    pub fn named(&self) -> Named<'a> {
        Named { id: self.id, name: self.principal.map_or(self.id, Principal::label) }
    }

    /// `false`: its account is switched off.
    pub fn may_sign_in(&self) -> bool {
        self.principal.and_then(|principal| principal.account_enabled) != Some(false)
    }

    /// What it is, in Graph's word; `None` where that is not known.
    pub fn kind(&self) -> Option<&'a str> {
        self.principal.map(|principal| principal.kind.as_str())
    }
}

/// A group that carries access, with everybody in it.
#[derive(Debug)]
pub(super) struct GroupReach<'a> {
    /// Its id and best name.
    pub group: Named<'a>,
    /// The directory does not have it any more.
    pub gone: bool,
    /// Everybody who can use it, by id.
    pub members: Vec<Member<'a>>,
    /// How many of them can sign in.
    pub able: u64,
    /// Groups inside it whose own members were not read: a member may be in through one of them.
    pub unread_nested: Vec<&'a str>,
    /// All of its members are known.
    pub members_read: bool,
    /// All who may become members are known.
    pub eligible_read: bool,
}

impl GroupReach<'_> {
    /// True if nobody can be in it who is not in the list.
    pub(super) fn is_known(&self) -> bool {
        self.members_read && self.eligible_read
    }

    /// The member of an id.
    pub(super) fn member(&self, id: &str) -> Option<&Member<'_>> {
        self.members.binary_search_by(|member| member.id.cmp(id)).ok().and_then(|at| self.members.get(at))
    }
}

/// What every group is joined with.
pub(super) struct Directory<'a> {
    tenant: &'a TenantSnapshot,
    facts: &'a PartnerFacts,
    principals: HashMap<&'a str, &'a Principal>,
    groups: HashMap<&'a str, &'a Group>,
    pim: HashMap<&'a str, Vec<&'a PimInstance>>,
    /// The members of groups that are in other groups.
    nested: HashMap<&'a str, HashSet<&'a str>>,
    /// It is proved that nobody can be eligible.
    nobody_eligible: bool,
}

/// For how long PIM for Groups says that something holds.
#[derive(Default, Clone, Copy, PartialEq, Eq)]
enum Term {
    /// It does not say that it does.
    #[default]
    Never,
    Until(Timestamp),
    Endless,
}

impl Term {
    /// The longer of this and one that ends then.
    fn add(&mut self, end: Option<Timestamp>) {
        *self = match (*self, end) {
            (Term::Endless, _) | (_, None) => Term::Endless,
            (Term::Never, Some(end)) => Term::Until(end),
            (Term::Until(known), Some(end)) => Term::Until(known.max(end)),
        };
    }

    fn end(self) -> Option<Timestamp> {
        match self {
            Term::Until(end) => Some(end),
            Term::Never | Term::Endless => None,
        }
    }
}

/// A member in the making.
#[derive(Default)]
struct Draft<'a> {
    /// Listed as a member.
    standing: bool,
    assigned: Term,
    activated: Term,
    eligible: Term,
    direct: bool,
    through: BTreeSet<&'a str>,
}

impl<'a> Directory<'a> {
    pub(super) fn new(tenant: &'a TenantSnapshot) -> Self {
        let facts = &tenant.partner;
        let mut principals: HashMap<&str, &Principal> = HashMap::new();
        for principal in &facts.principals {
            // Of two with one id, which no collector writes, the greater one: the same in every order.
            principals.entry(&principal.id).and_modify(|known| *known = (*known).max(principal)).or_insert(principal);
        }
        let mut groups: HashMap<&str, &Group> = HashMap::new();
        for group in &facts.groups {
            groups.entry(&group.id).and_modify(|known| *known = (*known).max(group)).or_insert(group);
        }
        let mut pim: HashMap<&str, Vec<&PimInstance>> = HashMap::new();
        let is_member = |row: &&PimInstance| row.access_id.as_deref().is_none_or(|access| access.eq_ignore_ascii_case("member"));
        for row in facts.group_pim.iter().filter(is_member) {
            pim.entry(&row.group_id).or_default().push(row);
        }
        let is_group = |id: &str| principals.get(id).is_some_and(|principal| principal.kind == PrincipalKind::Group);
        let members = facts.group_members.values().flatten().map(String::as_str);
        let inner: BTreeSet<&str> =
            members.chain(facts.group_pim.iter().map(|row| row.principal_id.as_str())).filter(|id| is_group(id)).collect();
        let nested = inner
            .into_iter()
            .filter_map(|id| facts.group_members.get(id).map(|members| (id, members.iter().map(String::as_str).collect())))
            .collect();
        let is_complete = |dataset: Dataset| tenant.coverage.get(&dataset).is_some_and(|coverage| coverage.status == Status::Complete);
        let nobody_eligible = is_complete(Dataset::Licenses) && facts.licenses.as_ref().is_some_and(|licenses| !licenses.entra_p2);
        Directory { tenant, facts, principals, groups, pim, nested, nobody_eligible }
    }

    /// A principal by id.
    pub(super) fn principal(&self, id: &str) -> Option<&'a Principal> {
        self.principals.get(id).copied()
    }

    /// The best name of a group.
    pub(super) fn group_name(&self, id: &'a str) -> Named<'a> {
        let own = self.groups.get(id).and_then(|group| group.display_name.as_deref());
        Named::new(id, [own, self.principal(id).and_then(|principal| principal.display_name.as_deref())])
    }

    /// A group with everybody in it. `carried`: every role that it carries.
    pub(super) fn group(&self, id: &'a str, carried: &BTreeSet<&str>) -> GroupReach<'a> {
        let gone = self.groups.get(id).is_some_and(|group| group.gone);
        let listed = self.facts.group_members.get(id);
        let coverage = |dataset: Dataset| self.tenant.coverage.get(&dataset).is_some_and(|coverage| coverage.is_complete_for(id));
        let nested: BTreeSet<&str> = listed.into_iter().flatten().map(String::as_str).filter(|member| self.is_group(member)).collect();
        let mut drafts: BTreeMap<&str, Draft<'a>> = BTreeMap::new();
        for member in listed.into_iter().flatten().filter(|member| self.may_act(member)) {
            let draft = drafts.entry(member).or_default();
            draft.standing = true;
            draft.through.extend(nested.iter().copied().filter(|inner| self.holds(inner, member)));
        }
        for row in self.pim.get(id).into_iter().flatten() {
            self.add_pim(&mut drafts, row);
        }
        let all_known = listed.into_iter().flatten().all(|member| self.principals.contains_key(member.as_str()));
        let is_flat = nested.is_empty() && all_known;
        // The collectors ask PIM for groups that carry tier 0 or 1, or what the catalog does not know.
        let is_asked_for = carried.iter().any(|role| roles::tier(role).is_none_or(|tier| tier <= 1));
        let members: Vec<Member<'a>> = drafts.into_iter().map(|(id, draft)| self.settle(id, draft, is_flat)).collect();
        GroupReach {
            group: self.group_name(id),
            gone,
            able: members.iter().filter(|member| member.may_sign_in()).count() as u64,
            members,
            unread_nested: nested.into_iter().filter(|inner| !self.nested.contains_key(inner)).collect(),
            members_read: gone || (listed.is_some() && coverage(Dataset::GroupMembers)),
            eligible_read: gone || self.nobody_eligible || (is_asked_for && coverage(Dataset::GroupPim)),
        }
    }

    /// An instance of PIM for Groups: of a person, or of a group with all who are in it.
    fn add_pim(&self, drafts: &mut BTreeMap<&'a str, Draft<'a>>, row: &'a PimInstance) {
        let id = row.principal_id.as_str();
        match self.facts.group_members.get(id).filter(|_| self.is_group(id)) {
            Some(members) => {
                for member in members.iter().filter(|member| self.may_act(member)) {
                    let draft = drafts.entry(member).or_default();
                    draft.through.insert(id);
                    draft.add(row);
                }
            }
            None => {
                let draft = drafts.entry(id).or_default();
                draft.direct |= row.member_type.as_deref().is_some_and(|kind| kind.eq_ignore_ascii_case("direct"));
                draft.add(row);
            }
        }
    }

    fn settle(&self, id: &'a str, draft: Draft<'a>, is_flat: bool) -> Member<'a> {
        let (how, until) = match (draft.assigned, draft.activated) {
            (Term::Never, Term::Never) if draft.standing => (How::Member, None),
            (Term::Never, Term::Never) => (How::Eligible, draft.eligible.end()),
            (Term::Never, activated) => (How::Activated, activated.end()),
            (assigned, _) => (How::Member, assigned.end()),
        };
        // What is in the list of a group without groups, and of which all is known, is in the group itself.
        let direct = draft.direct || (draft.standing && is_flat);
        Member { id, principal: self.principal(id), how, until, direct, through: draft.through.into_iter().collect() }
    }

    fn is_group(&self, id: &str) -> bool {
        self.principal(id).is_some_and(|principal| principal.kind == PrincipalKind::Group)
    }

    /// A person or an application, or what nobody knows. The members of a group in the group are listed beside it.
    fn may_act(&self, id: &str) -> bool {
        let kind = self.principal(id).map(|principal| &principal.kind);
        !matches!(kind, Some(PrincipalKind::Group | PrincipalKind::Device | PrincipalKind::Contact))
    }

    fn holds(&self, group: &str, member: &str) -> bool {
        self.nested.get(group).is_some_and(|members| members.contains(member))
    }
}

impl Draft<'_> {
    fn add(&mut self, row: &PimInstance) {
        let term = match &row.kind {
            PimKind::Eligible => &mut self.eligible,
            PimKind::Activated => &mut self.activated,
            PimKind::Assigned | PimKind::Unknown(_) => &mut self.assigned,
        };
        term.add(row.end_date_time);
    }
}
