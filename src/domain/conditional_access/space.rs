//! The space of sign-ins, and regions of it: what is left of the space when the policies' regions are cut out is the gap.
//!
//! A sign-in has one value in each dimension. A region allows some values in some dimensions and all in the others. Applications are an
//! open set: one that no policy names always exists. Places, roles and filters are yes-or-no dimensions of their own, because they may
//! overlap: whoever holds an included and an excluded role is excluded.

use std::collections::{BTreeMap, BTreeSet};

/// Inside, in a yes-or-no dimension.
pub(super) const IN: &str = "in";
/// Outside, in a yes-or-no dimension.
pub(super) const OUT: &str = "out";
/// The grouping of Microsoft 365 services, lower case.
pub(super) const OFFICE_365: &str = "office365";

/// Applications that are known to be in the `Office365` grouping: Exchange Online, SharePoint Online, Teams. Microsoft: "Apps included in
/// Conditional Access Office 365 app suite". Of all others it is left open.
const IN_OFFICE_365: [&str; 3] =
    ["00000002-0000-0ff1-ce00-000000000000", "00000003-0000-0ff1-ce00-000000000000", "cc15fd57-2c6c-4117-a88c-83b1d56b4bbe"];

/// Regions that the search may touch for one verdict. A tenant beyond it is told less than it has, never more.
const BUDGET: usize = 60_000;
/// Regions that may be open at a time.
const OPEN: usize = 4_000;

/// One property of a sign-in.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Dim {
    /// The application, by id.
    App,
    /// Whether the application is in a grouping.
    Grouping(String),
    /// The type of client.
    Client,
    /// The platform of the device.
    Platform,
    /// Whether the address is in any trusted place.
    Trusted,
    /// Whether the address is in a named location.
    Location(String),
    /// Sign-in risk.
    SignInRisk,
    /// User risk.
    UserRisk,
    /// Insider risk.
    InsiderRisk,
    /// The flow.
    Flow,
    /// Whether the person holds a role, by id; `false`: only in an administrative unit.
    Role(String, bool),
    /// Whether the device or the application matches a rule.
    Filter(String),
    /// Whether a condition that this build does not know is met.
    Condition(String),
}

impl Dim {
    /// All values of the dimension; `None` for the open one.
    pub(super) fn values(&self) -> Option<&'static [&'static str]> {
        Some(match self {
            Dim::App => return None,
            Dim::Client => &["browser", "easSupported", "easUnsupported", "mobileAppsAndDesktopClients", "other"],
            Dim::Platform => &["android", "iOS", "linux", "macOS", "other platforms", "windows", "windowsPhone"],
            Dim::SignInRisk | Dim::UserRisk => &["high", "low", "medium", "none"],
            Dim::InsiderRisk => &["elevated", "minor", "moderate", "none"],
            Dim::Flow => &["authenticationTransfer", "deviceCodeFlow", "none"],
            Dim::Grouping(_) | Dim::Trusted | Dim::Location(_) | Dim::Role(..) | Dim::Filter(_) | Dim::Condition(_) => &[IN, OUT],
        })
    }
}

/// The values that a region allows in a dimension.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Allowed {
    /// These.
    Only(BTreeSet<String>),
    /// All but these; in the open dimension only.
    Not(BTreeSet<String>),
}

impl Allowed {
    /// One value.
    pub(super) fn one(value: &str) -> Self {
        Allowed::Only(BTreeSet::from([value.to_owned()]))
    }

    /// True if the value is allowed.
    pub(super) fn has(&self, value: &str) -> bool {
        match self {
            Allowed::Only(set) => set.contains(value),
            Allowed::Not(set) => !set.contains(value),
        }
    }

    fn is_empty(&self) -> bool {
        matches!(self, Allowed::Only(set) if set.is_empty())
    }

    fn and(&self, other: &Self) -> Self {
        match (self, other) {
            (Allowed::Only(a), b) | (b, Allowed::Only(a)) => Allowed::Only(a.iter().filter(|value| b.has(value)).cloned().collect()),
            (Allowed::Not(a), Allowed::Not(b)) => Allowed::Not(a | b),
        }
    }

    /// True if both have a value in common.
    fn meets(&self, other: &Self) -> bool {
        match (self, other) {
            (Allowed::Only(a), b) | (b, Allowed::Only(a)) => a.iter().any(|value| b.has(value)),
            (Allowed::Not(_), Allowed::Not(_)) => true,
        }
    }

    fn without(&self, other: &Self) -> Self {
        match (self, other) {
            (Allowed::Only(a), b) => Allowed::Only(a.iter().filter(|value| !b.has(value)).cloned().collect()),
            (Allowed::Not(a), Allowed::Only(b)) => Allowed::Not(a | b),
            (Allowed::Not(a), Allowed::Not(b)) => Allowed::Only(b - a),
        }
    }
}

/// A part of the space. Without any dimension it is the whole.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Region(BTreeMap<Dim, Allowed>);

impl Region {
    /// The part where one dimension is narrowed.
    pub(super) fn of(dim: Dim, allowed: Allowed) -> Self {
        Region(BTreeMap::from([(dim, allowed)]))
    }

    /// What it allows in a dimension; `None`: everything.
    pub(super) fn allowed(&self, dim: &Dim) -> Option<&Allowed> {
        self.0.get(dim)
    }

    /// The dimensions that are narrowed.
    pub(super) fn narrowed(&self) -> impl Iterator<Item = (&Dim, &Allowed)> {
        self.0.iter()
    }

    /// How many dimensions are narrowed.
    pub(super) fn width(&self) -> usize {
        self.0.len()
    }

    /// True if the value is possible in the dimension.
    pub(super) fn may_be(&self, dim: &Dim, value: &str) -> bool {
        self.allowed(dim).is_none_or(|allowed| allowed.has(value))
    }

    /// What both hold; `None` if that is nothing.
    pub(super) fn and(&self, other: &Region) -> Option<Region> {
        let mut both = self.clone();
        for (dim, allowed) in &other.0 {
            let narrowed = both.0.get(dim).map_or_else(|| allowed.clone(), |mine| mine.and(allowed));
            if narrowed.is_empty() {
                return None;
            }
            both.0.insert(dim.clone(), narrowed);
        }
        Some(both)
    }

    /// True if [`Region::and`] leaves something, without making it.
    fn meets(&self, other: &Region) -> bool {
        other.0.iter().all(|(dim, allowed)| self.0.get(dim).map_or_else(|| !allowed.is_empty(), |mine| mine.meets(allowed)))
    }

    /// What the other does not hold, as regions that do not overlap. The two must meet.
    fn without(&self, other: &Region) -> Vec<Region> {
        let mut rest = Vec::new();
        let mut inner = self.clone();
        for (dim, cut) in &other.0 {
            let mine = match inner.0.get(dim) {
                Some(mine) => mine.clone(),
                None => whole(dim),
            };
            let outside = mine.without(cut);
            if !outside.is_empty() {
                let mut piece = inner.clone();
                piece.0.insert(dim.clone(), outside);
                rest.push(piece);
            }
            inner.0.insert(dim.clone(), mine.and(cut));
        }
        rest
    }
}

fn whole(dim: &Dim) -> Allowed {
    match dim.values() {
        None => Allowed::Not(BTreeSet::new()),
        Some(values) => Allowed::Only(values.iter().map(|value| (*value).to_owned()).collect()),
    }
}

/// What no sign-in can be.
#[derive(Debug, Default)]
pub(super) struct Laws {
    /// The roles that the partner holds: everyone who signs in holds one of them. Empty: nothing is known.
    pub(super) held: Vec<Dim>,
    /// Named locations that are trusted: who is in one is in a trusted place.
    pub(super) trusted: Vec<Dim>,
}

impl Laws {
    /// The part of a region that can be; `None` if nothing of it can.
    pub(super) fn settle(&self, mut region: Region) -> Option<Region> {
        if !self.can_be(&Common(&region, None)) {
            return None;
        }
        if Common(&region, None).is(&Dim::Grouping(OFFICE_365.to_owned()), OUT)
            && let Some(Allowed::Only(apps)) = region.0.get_mut(&Dim::App)
        {
            apps.retain(|app| !IN_OFFICE_365.contains(&app.as_str()));
        }
        Some(region)
    }

    /// True if the two have a sign-in in common.
    pub(super) fn meet(&self, one: &Region, other: &Region) -> bool {
        one.meets(other) && self.can_be(&Common(one, Some(other)))
    }

    fn can_be(&self, common: &Common<'_>) -> bool {
        if !self.held.is_empty() && self.held.iter().all(|role| common.is(role, OUT)) {
            return false;
        }
        if common.is(&Dim::Trusted, OUT) && self.trusted.iter().any(|place| common.is(place, IN)) {
            return false;
        }
        common.may_hold_apps()
    }
}

/// What one or two regions hold. It is looked at far more often than it is needed as a region.
struct Common<'a>(&'a Region, Option<&'a Region>);

impl Common<'_> {
    fn allowed(&self, dim: &Dim) -> (Option<&Allowed>, Option<&Allowed>) {
        (self.0.allowed(dim), self.1.and_then(|other| other.allowed(dim)))
    }

    /// True if this is the one value that is left in the dimension.
    fn is(&self, dim: &Dim, value: &str) -> bool {
        match self.allowed(dim) {
            (Some(Allowed::Only(set)), other) | (other, Some(Allowed::Only(set))) => {
                let mut left = set.iter().filter(|one| other.is_none_or(|other| other.has(one)));
                left.next().is_some_and(|one| one == value) && left.next().is_none()
            }
            _ => false,
        }
    }

    /// False if only applications are left that are known to be in a grouping, and the grouping is left out.
    fn may_hold_apps(&self) -> bool {
        match self.allowed(&Dim::App) {
            (Some(Allowed::Only(apps)), other) | (other, Some(Allowed::Only(apps))) => {
                let mut left = apps.iter().filter(|app| other.is_none_or(|other| other.has(app)));
                left.any(|app| !IN_OFFICE_365.contains(&app.as_str())) || !self.is(&Dim::Grouping(OFFICE_365.to_owned()), OUT)
            }
            _ => true,
        }
    }
}

/// The search for what is left, with its budget.
#[derive(Debug)]
pub(super) struct Search<'a> {
    laws: &'a Laws,
    budget: usize,
    /// What is left so far.
    pub(super) left: Vec<Region>,
}

impl<'a> Search<'a> {
    /// Starts with a region; the whole space is the empty one.
    pub(super) fn new(laws: &'a Laws, start: Region) -> Self {
        Search::of(laws, laws.settle(start).into_iter().collect())
    }

    /// Starts with regions that can be and do not overlap.
    pub(super) fn of(laws: &'a Laws, left: Vec<Region>) -> Self {
        Search { laws, budget: BUDGET, left }
    }

    /// Cuts a region out. True if that took something away. Beyond the budget nothing is taken away any more.
    pub(super) fn cut(&mut self, region: &Region) -> bool {
        if self.budget < self.left.len() || self.left.len() > OPEN {
            return false;
        }
        self.budget -= self.left.len();
        let mut took = false;
        let mut left = Vec::with_capacity(self.left.len());
        for open in std::mem::take(&mut self.left) {
            if self.laws.meet(&open, region) {
                took = true;
                left.extend(open.without(region).into_iter().filter_map(|piece| self.laws.settle(piece)));
            } else {
                left.push(open);
            }
        }
        self.left = left;
        took
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn app(ids: &[&str]) -> Region {
        Region::of(Dim::App, Allowed::Only(ids.iter().map(|id| (*id).to_owned()).collect()))
    }

    fn but(ids: &[&str]) -> Region {
        Region::of(Dim::App, Allowed::Not(ids.iter().map(|id| (*id).to_owned()).collect()))
    }

    #[test]
    fn the_open_dimension_is_never_used_up_by_names() {
        let laws = Laws::default();
        let mut search = Search::new(&laws, Region::default());
        assert!(search.cut(&app(&["a", "b"])));
        assert!(search.cut(&but(&["a", "c"])));
        assert_eq!(search.left, [app(&["c"])]);
        assert!(!search.cut(&app(&["z"])));
        assert!(search.cut(&app(&["c"])) && search.left.is_empty());
    }

    #[test]
    fn laws_take_out_what_cannot_be() {
        let role = |id: &str| Dim::Role(id.to_owned(), true);
        let laws = Laws { held: vec![role("a"), role("b")], trusted: vec![Dim::Location("hq".to_owned())] };
        let mut search = Search::new(&laws, Region::default());
        search.cut(&Region::of(role("a"), Allowed::one(IN)));
        search.cut(&Region::of(role("b"), Allowed::one(IN)));
        assert!(search.left.is_empty(), "everyone holds one of the two");
        let mut search = Search::new(&laws, Region::of(Dim::Location("hq".to_owned()), Allowed::one(IN)));
        search.cut(&Region::of(Dim::Trusted, Allowed::one(IN)));
        assert!(search.left.is_empty(), "a trusted location is a trusted place");
    }

    #[test]
    fn the_search_ends() {
        let laws = Laws::default();
        let mut search = Search::new(&laws, Region::default());
        for index in 0..3_000 {
            let one = Region::of(Dim::Location(format!("l{index}")), Allowed::one(IN));
            let two = Region::of(Dim::Filter(format!("f{index}")), Allowed::one(IN));
            search.cut(&one.and(&two).unwrap());
        }
        assert!(!search.left.is_empty());
        assert!(!search.cut(&Region::default()), "out of budget it takes nothing away");
    }
}
