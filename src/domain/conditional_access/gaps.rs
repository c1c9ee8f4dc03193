//! Names for what is left open, and the policy that leaves it.

use std::collections::BTreeSet;

use super::answer::{Gap, GapKind, PolicyRef};
use super::applies::Candidate;
use super::condition::{Escape, Name};
use super::space::{Allowed, Dim, IN, Laws, Region, Search};
use super::types::ConditionalAccessPolicy;
use super::verdict::reaches;

/// A gap of a policy.
pub(super) fn gap(kind: GapKind, value: String, policy: &ConditionalAccessPolicy) -> Gap {
    Gap { kind, value, policy: PolicyRef::from(policy) }
}

/// Ways past policies that are looked at for names, and regions that they are compared with. A tenant beyond it still has its verdict; of
/// its gaps only so many are named.
const WAYS: usize = 600;
const REGIONS: usize = 1_000;

/// The gaps that deciding policies leave, each named once, by the broadest policy that leaves it.
///
/// A way past a policy that no other policy closes anywhere explains what is left. Only what these do not explain (where several policies
/// each close a part) is named by ways that are closed in part.
pub(super) fn of_candidates(laws: &Laws, left: &[Region], deciding: &[&Candidate<'_>]) -> Vec<Gap> {
    let left = left.get(..REGIONS).unwrap_or(left);
    let regions: Vec<&Region> = deciding.iter().flat_map(|candidate| candidate.counted()).take(REGIONS).collect();
    let is_open =
        |escape: &Escape| laws.settle(escape.region.clone()).is_some() && !regions.iter().any(|region| laws.meet(region, &escape.region));
    let ways = deciding.iter().flat_map(|candidate| candidate.escapes.iter().map(move |escape| (*candidate, escape))).take(WAYS);
    let (open, partly): (Vec<_>, Vec<_>) = ways.partition(|(_, escape)| is_open(escape));
    let mut unexplained = Search::of(laws, left.to_vec());
    for (_, escape) in &open {
        unexplained.cut(&escape.region);
    }
    let mut seen = BTreeSet::new();
    let mut gaps = Vec::new();
    for (ways, left) in [(open, left), (partly, unexplained.left.as_slice())] {
        for (candidate, escape) in ways {
            let new = names(laws, escape, left).into_iter().filter(|value| seen.insert((escape.kind, value.to_ascii_lowercase())));
            gaps.extend(new.map(|value| gap(escape.kind, value, candidate.policy)));
        }
    }
    gaps
}

/// How a way past is called where it meets what is left: nothing where it does not.
fn names(laws: &Laws, escape: &Escape, left: &[Region]) -> BTreeSet<String> {
    let mut met = left.iter().filter(|region| laws.meet(region, &escape.region));
    let meeting = met.clone().filter_map(|region| region.and(&escape.region)).filter_map(|both| laws.settle(both));
    match &escape.name {
        Name::Fixed(name) => met.next().map(|_| name.clone()).into_iter().collect(),
        Name::OtherApplications => meeting.flat_map(|region| applications(&region)).collect(),
        Name::OtherPlaces => meeting.flat_map(|region| places(&region)).collect(),
        Name::OtherRoles(included) => meeting.flat_map(|region| roles(laws, &region, included)).collect(),
    }
}

fn applications(region: &Region) -> Vec<String> {
    if let Some(Allowed::Only(ids)) = region.allowed(&Dim::App) {
        return ids.iter().cloned().collect();
    }
    let groupings = region.narrowed().filter_map(|(dim, allowed)| match dim {
        Dim::Grouping(name) if *allowed == Allowed::one(IN) => Some(name.clone()),
        _ => None,
    });
    or_rest(groupings.collect(), "all other applications")
}

fn places(region: &Region) -> Vec<String> {
    let inside = region.narrowed().filter(|(_, allowed)| **allowed == Allowed::one(IN)).filter_map(|(dim, _)| match dim {
        Dim::Trusted => Some("AllTrusted".to_owned()),
        Dim::Location(id) => Some(id.clone()),
        _ => None,
    });
    or_rest(inside.collect(), "every other place")
}

fn or_rest(named: Vec<String>, rest: &str) -> Vec<String> {
    if named.is_empty() { vec![rest.to_owned()] } else { named }
}

fn roles(laws: &Laws, region: &Region, included: &BTreeSet<String>) -> Vec<String> {
    let possible = laws.held.iter().filter(|dim| region.may_be(dim, IN));
    let role = possible.filter_map(|dim| match dim {
        Dim::Role(id, tenant_wide) if !(*tenant_wide && included.contains(id)) => Some(id.clone()),
        _ => None,
    });
    role.collect()
}

/// Policies that reach the partner, but exclude every role that it holds.
pub(super) fn roles_of_nobody(laws: &Laws, candidates: &[&Candidate<'_>]) -> Vec<Gap> {
    let nobody = candidates.iter().filter(|candidate| !reaches(laws, candidate));
    let all = [Region::default()];
    let ways = nobody
        .flat_map(|candidate| candidate.escapes.iter().filter(|escape| escape.kind == GapKind::Role).map(move |way| (candidate, way)));
    ways.flat_map(|(candidate, way)| names(laws, way, &all).into_iter().map(|value| gap(way.kind, value, candidate.policy))).collect()
}
