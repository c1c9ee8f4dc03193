//! Whom, what and when a policy governs, as seen from one partner: each policy becomes regions of the space of sign-ins.

use super::answer::{GapKind, Reading};
use super::condition::{Condition, Escape};
use super::grants::{Demand, demand};
use super::space::Region;
use super::types::ConditionalAccessPolicy;
use super::verdict::CoverageInput;
use super::what::{What, what};
use super::when::{places, when};
use super::who::who;

/// Regions that one policy may have. What is beyond it is not counted as covered.
const REGIONS: usize = 256;

/// How to take what cannot be read: as not covering, or as covering. Where the two differ, the verdict is unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Doubt {
    Against,
    For,
}

/// A policy that governs the partner's people in some sign-ins and demands something strong.
#[derive(Debug)]
pub(super) struct Candidate<'a> {
    pub(super) policy: &'a ConditionalAccessPolicy,
    pub(super) demand: Demand,
    /// Where it demands it.
    pub(super) regions: Vec<Region>,
    /// A block outside of trusted places: with the places, that is, everywhere, it demands one of them.
    pub(super) with_places: Option<Vec<Region>>,
    pub(super) escapes: Vec<Escape>,
    /// It reaches the partner by `All` alone.
    pub(super) by_all: bool,
    /// Fields that cannot be read and were taken as covering.
    pub(super) doubts: Vec<&'static str>,
}

impl Candidate<'_> {
    /// Where it counts as a demand.
    pub(super) fn counted(&self) -> &[Region] {
        self.with_places.as_deref().unwrap_or(&self.regions)
    }
}

/// What a policy is to the partner.
#[derive(Debug)]
pub(super) enum Outcome<'a> {
    /// It governs nobody of the partner, or demands nothing.
    Nothing,
    /// It would govern the partner's people, but excludes them by this.
    Excluded(&'static str, Candidate<'a>),
    /// It governs them, but no application.
    NoApplication(GapKind, Vec<String>),
    /// It governs them, but these controls are enough.
    Weak(Vec<String>),
    /// It governs them and demands something strong.
    Counts(Candidate<'a>),
}

/// Judges one policy for the partner, whatever its state.
pub(super) fn judge<'a>(policy: &'a ConditionalAccessPolicy, input: &CoverageInput<'_>, reading: Reading, doubt: Doubt) -> Outcome<'a> {
    let conditions = &policy.conditions;
    let is_workload = conditions.client_applications.as_ref().is_some_and(|client| !client.include_service_principals.is_empty());
    let Some(who) = who(&conditions.users, input, reading, doubt).filter(|_| !is_workload) else {
        return Outcome::Nothing;
    };
    let mut demand = demand(policy.grant_controls.as_ref(), input.strengths, input.device_trust);
    let mut doubts = who.doubts;
    if demand == Demand::Unreadable && doubt == Doubt::For {
        doubts.push("authenticationStrength");
        demand = Demand::Strong { devices_not_accepted: false };
    }
    let what = match what(&conditions.applications) {
        What::Conditions(what) => what,
        What::Nothing => return Outcome::Nothing,
        What::Only(kind, names) => return if who.excluded.is_none() { Outcome::NoApplication(kind, names) } else { Outcome::Nothing },
    };
    match (demand, who.excluded) {
        (Demand::Nothing | Demand::Unreadable, _) | (Demand::Weak(_), Some(_)) => Outcome::Nothing,
        (Demand::Weak(names), None) => Outcome::Weak(names),
        (demand, excluded) => {
            let places = conditions.locations.as_ref().map(|locations| places(locations, input, doubt));
            let is_place = demand == Demand::Block && places.as_ref().is_some_and(|places| places.only_trusted_left_out);
            let others: Vec<Condition> = who.conditions.into_iter().chain(what).chain(when(policy)).collect();
            let with_places = is_place.then(|| product(&others));
            let all: Vec<Condition> = others.into_iter().chain(places.into_iter().flat_map(|places| places.conditions)).collect();
            let candidate = Candidate {
                policy,
                demand,
                regions: product(&all),
                with_places,
                escapes: all.into_iter().flat_map(|condition| condition.escapes).collect(),
                by_all: who.by_all,
                doubts,
            };
            match excluded {
                Some(by) => Outcome::Excluded(by, candidate),
                None => Outcome::Counts(candidate),
            }
        }
    }
}

/// The regions in which all conditions are met.
fn product(conditions: &[Condition]) -> Vec<Region> {
    conditions.iter().fold(vec![Region::default()], |regions, condition| {
        let pairs = regions.iter().flat_map(|region| condition.met.iter().filter_map(|met| region.and(met)));
        pairs.take(REGIONS).collect()
    })
}
