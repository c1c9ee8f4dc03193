//! The verdict per partner: is a second factor, a managed device, a trusted place or a block demanded of its people, everywhere?

use super::answer::{Gap, GapKind, Note, PolicyRef, Reading, Verdict, VerdictKind};
use super::applies::{Candidate, Doubt, Outcome, judge};
use super::gaps::{gap, of_candidates, roles_of_nobody};
use super::grants::Demand;
use super::space::{Allowed, Dim, IN, Laws, Region, Search};
use super::types::{AuthenticationStrength, ConditionalAccessPolicy, NamedLocation, PolicyState};
use super::when::trusted_places;

/// A directory role that the partner's groups hold here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct HeldRole {
    /// Role template id.
    pub role_id: String,
    /// False where it is held in an administrative unit or on one object only: policies do not see such roles.
    pub tenant_wide: bool,
}

/// Which device claims of the partner this tenant accepts, the default inherited. `None`: not read.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DeviceTrust {
    /// `inboundTrust.isCompliantDeviceAccepted`
    pub compliant: Option<bool>,
    /// `inboundTrust.isHybridAzureADJoinedDeviceAccepted`
    pub hybrid_joined: Option<bool>,
}

/// What the verdict on one partner rests on. `None` anywhere means: not read.
#[derive(Debug, Clone, Copy)]
pub struct CoverageInput<'a> {
    /// The partner's tenant id.
    pub partner_tenant_id: &'a str,
    /// Roles that its groups hold now.
    pub roles: Option<&'a [HeldRole]>,
    /// All policies of this tenant, in any state.
    pub policies: Option<&'a [ConditionalAccessPolicy]>,
    /// False where only some of the policies were read.
    pub policies_complete: bool,
    /// Named locations: only these tell whether a place is trusted.
    pub named_locations: Option<&'a [NamedLocation]>,
    /// Authentication strengths: needed where a policy does not carry its own.
    pub strengths: Option<&'a [AuthenticationStrength]>,
    /// Whether security defaults are on.
    pub security_defaults: Option<bool>,
    /// Whether the tenant has Entra ID P1.
    pub entra_p1: Option<bool>,
    /// Inbound trust in the partner's devices.
    pub device_trust: DeviceTrust,
    /// What `All` means.
    pub reading: Reading,
}

/// Judges what Conditional Access demands of the people of one service provider.
pub fn verdict(input: &CoverageInput<'_>) -> Verdict {
    let (policies, input) = match input.policies {
        Some(policies) => (policies, *input),
        // No P1, so no policy: that is proved, and complete.
        None if input.entra_p1 == Some(false) => (&[] as &[ConditionalAccessPolicy], CoverageInput { policies_complete: true, ..*input }),
        None => return bare(VerdictKind::Unknown),
    };
    let input = &input;
    let found = under(policies, input, input.reading, true);
    let rests_on_all =
        policies.iter().any(|policy| policy.conditions.users.include_users.iter().any(|user| user.eq_ignore_ascii_case("All")));
    let differs = rests_on_all && {
        let other = under(policies, input, input.reading.other(), false);
        (other.kind, &other.by) != (found.kind, &found.by)
    };
    with_defaults(Verdict { reading: differs.then_some(input.reading), ..found }, policies, input)
}

fn bare(kind: VerdictKind) -> Verdict {
    Verdict { kind, by: Vec::new(), gaps: Vec::new(), reading: None, security_defaults: false, notes: Vec::new() }
}

/// Where no policy is enforced, security defaults matter. Without P1 they alone decide.
fn with_defaults(mut verdict: Verdict, policies: &[ConditionalAccessPolicy], input: &CoverageInput<'_>) -> Verdict {
    let enforced = policies.iter().any(|policy| policy.state == Some(PolicyState::Enabled));
    if enforced || !matches!(verdict.kind, VerdictKind::NotCovered | VerdictKind::ReportOnly) {
        return verdict;
    }
    match input.security_defaults {
        Some(on) => verdict.security_defaults = on,
        None if input.entra_p1 == Some(false) => verdict.kind = VerdictKind::Unknown,
        None => verdict.notes.push(Note::SecurityDefaultsNotRead),
    }
    verdict
}

/// All policies of some states, judged.
#[derive(Default)]
struct Judged<'a> {
    candidates: Vec<Candidate<'a>>,
    gaps: Vec<Gap>,
    no_application: Vec<Gap>,
}

fn judged<'a>(policies: &'a [ConditionalAccessPolicy], input: &CoverageInput<'_>, reading: Reading, doubt: Doubt) -> Judged<'a> {
    let mut all = Judged::default();
    for policy in policies {
        let is_doubtful = !matches!(policy.state, Some(PolicyState::Enabled | PolicyState::Disabled | PolicyState::ReportOnly));
        if policy.state == Some(PolicyState::Disabled) || (is_doubtful && doubt == Doubt::Against) {
            continue;
        }
        let named = |kind, values: Vec<String>| values.into_iter().map(move |value| gap(kind, value, policy));
        let is_on = policy.state == Some(PolicyState::Enabled);
        match judge(policy, input, reading, doubt) {
            Outcome::Excluded(by, candidate) if is_on && matters(&candidate) => {
                all.gaps.push(gap(GapKind::PartnerExcluded, by.to_owned(), policy))
            }
            Outcome::NoApplication(kind, names) if is_on => all.no_application.extend(named(kind, names)),
            Outcome::Weak(names) if is_on => all.gaps.extend(named(GapKind::WeakGrant, names)),
            Outcome::Counts(mut candidate) => {
                if is_doubtful {
                    candidate.doubts.push("state");
                }
                all.candidates.push(candidate);
            }
            _ => {}
        }
    }
    // What matters first, of that the broadest; those that reach the partner by `All` alone last, so that a verdict rests on it only where it must.
    let order = |candidate: &Candidate<'_>| {
        let width = candidate.counted().iter().map(Region::width).min().unwrap_or(usize::MAX);
        (!matters(candidate), width, candidate.by_all, candidate.with_places.is_some(), candidate.policy.id.clone())
    };
    all.candidates.sort_by_cached_key(order);
    all
}

/// A demand matters to who gets in; a block does where it meets an ordinary sign-in. One that only meets legacy clients, odd platforms,
/// risk, special flows or listed places demands nothing of who gets in.
fn matters(candidate: &Candidate<'_>) -> bool {
    candidate.demand != Demand::Block || candidate.counted().iter().any(is_ordinary)
}

fn is_ordinary(region: &Region) -> bool {
    region.narrowed().all(|(dim, allowed)| match dim {
        Dim::Client => allowed.has("browser") || allowed.has("mobileAppsAndDesktopClients"),
        Dim::Platform => Dim::Platform.values().unwrap_or_default().iter().any(|value| *value != "other platforms" && allowed.has(value)),
        Dim::SignInRisk | Dim::UserRisk | Dim::InsiderRisk | Dim::Flow => allowed.has("none"),
        Dim::Trusted | Dim::Location(_) => *allowed != Allowed::one(IN),
        _ => true,
    })
}

/// What is left of all sign-ins, and who took the rest.
pub(super) struct Cover {
    pub(super) left: Vec<Region>,
    by: Vec<usize>,
}

fn cover<'c>(laws: &Laws, candidates: impl Iterator<Item = (usize, &'c [Region])>) -> Cover {
    let mut search = Search::new(laws, Region::default());
    let mut by = Vec::new();
    for (index, regions) in candidates {
        let mut took = false;
        for region in regions {
            took |= search.cut(region);
        }
        if took {
            by.push(index);
        }
        if search.left.is_empty() {
            break;
        }
    }
    Cover { left: search.left, by }
}

/// The kind that candidates give, and the cover behind it.
fn weigh<'a>(laws: &Laws, candidates: &[&Candidate<'a>]) -> (VerdictKind, Cover) {
    let numbered = || candidates.iter().enumerate();
    let blocks = numbered()
        .filter(|(_, candidate)| candidate.demand == Demand::Block)
        .map(|(index, candidate)| (index, candidate.regions.as_slice()));
    let blocked = cover(laws, blocks);
    if blocked.left.is_empty() {
        return (VerdictKind::Blocked, blocked);
    }
    let all = cover(laws, numbered().map(|(index, candidate)| (index, candidate.counted())));
    let kind = if all.left.is_empty() {
        VerdictKind::Enforced
    } else if candidates.iter().any(|candidate| matters(candidate) && reaches(laws, candidate)) {
        VerdictKind::Partly
    } else {
        VerdictKind::NotCovered
    };
    (kind, all)
}

/// True if there is a sign-in that it counts for.
pub(super) fn reaches(laws: &Laws, candidate: &Candidate<'_>) -> bool {
    candidate.counted().iter().any(|region| laws.settle(region.clone()).is_some())
}

fn picked<'c, 'a>(candidates: &[&'c Candidate<'a>], by: &[usize]) -> Vec<&'c Candidate<'a>> {
    by.iter().filter_map(|index| candidates.get(*index).copied()).collect()
}

fn refs(candidates: &[&Candidate<'_>]) -> Vec<PolicyRef> {
    candidates.iter().map(|candidate| PolicyRef::from(candidate.policy)).collect()
}

/// The verdict under one reading of `All`, security defaults aside. Gaps are named only where someone reads them.
fn under(policies: &[ConditionalAccessPolicy], input: &CoverageInput<'_>, reading: Reading, with_gaps: bool) -> Verdict {
    let held = input.roles.unwrap_or_default().iter().map(|role| Dim::Role(role.role_id.to_ascii_lowercase(), role.tenant_wide));
    let laws = Laws { held: held.collect(), trusted: trusted_places(input) };
    let sure = judged(policies, input, reading, Doubt::Against);
    let is_on = |candidate: &&Candidate<'_>| candidate.policy.state == Some(PolicyState::Enabled);
    let on: Vec<&Candidate<'_>> = sure.candidates.iter().filter(is_on).collect();
    let (kind, covered) = weigh(&laws, &on);
    let deciding = picked(&on, &covered.by);
    let mut found = Verdict { by: refs(&deciding), notes: notes(&deciding), ..bare(kind) };
    match kind {
        VerdictKind::Blocked | VerdictKind::Enforced => return found,
        VerdictKind::Partly if !with_gaps => {}
        VerdictKind::Partly => {
            found.gaps = of_candidates(&laws, &covered.left, &deciding);
            found.gaps.extend(sure.gaps);
        }
        _ => {
            found = uncovered(policies, input, reading, &laws, &sure, with_gaps);
            found.gaps.extend(sure.gaps);
        }
    }
    if !input.policies_complete {
        found.kind = VerdictKind::Unknown;
    }
    found.gaps.sort_by(|a, b| (&a.policy, a.kind, &a.value).cmp(&(&b.policy, b.kind, &b.value)));
    found.gaps.dedup();
    found
}

/// Nothing is surely enforced: is something in doubt, is something report-only, or is there nothing?
fn uncovered(
    policies: &[ConditionalAccessPolicy],
    input: &CoverageInput<'_>,
    reading: Reading,
    laws: &Laws,
    sure: &Judged<'_>,
    with_gaps: bool,
) -> Verdict {
    let is_report = |candidate: &&Candidate<'_>| candidate.policy.state == Some(PolicyState::ReportOnly);
    let hopeful = judged(policies, input, reading, Doubt::For);
    let may_be_on: Vec<&Candidate<'_>> = hopeful.candidates.iter().filter(|candidate| !is_report(candidate)).collect();
    let (kind, covered) = weigh(laws, &may_be_on);
    if kind != VerdictKind::NotCovered {
        let doubtful = picked(&may_be_on, &covered.by);
        let gaps = doubtful
            .iter()
            .flat_map(|candidate| candidate.doubts.iter().map(|field| gap(GapKind::Unreadable, (*field).to_owned(), candidate.policy)));
        return Verdict { gaps: gaps.collect(), ..bare(VerdictKind::Unknown) };
    }
    let all: Vec<&Candidate<'_>> = sure.candidates.iter().collect();
    let (kind, covered) = weigh(laws, &all);
    if kind != VerdictKind::NotCovered {
        let deciding = picked(&all, &covered.by);
        let report: Vec<&Candidate<'_>> = deciding.iter().copied().filter(is_report).collect();
        let gaps = if with_gaps { of_candidates(laws, &covered.left, &deciding) } else { Vec::new() };
        return Verdict { by: refs(&report), gaps, ..bare(VerdictKind::ReportOnly) };
    }
    let on: Vec<&Candidate<'_>> = all.into_iter().filter(|candidate| !is_report(candidate)).collect();
    let mut gaps = roles_of_nobody(laws, &on);
    gaps.extend(sure.no_application.iter().cloned());
    Verdict { gaps, ..bare(VerdictKind::NotCovered) }
}

fn notes(deciding: &[&Candidate<'_>]) -> Vec<Note> {
    let blocks = |candidate: &&&Candidate<'_>| candidate.demand == Demand::Strong { devices_not_accepted: true };
    deciding.iter().filter(blocks).map(|candidate| Note::DeviceControlsBlock { policy: PolicyRef::from(candidate.policy) }).collect()
}
