//! Sign-ins held against what an approval says of them: what lies inside is worth knowing and no more, what lies beyond is a finding even if
//! it has long been usual.

use crate::domain::{Confidence, Dataset};
use crate::policy::rule::{Ctx, Draft, Out};
use crate::policy::settings::Approved;

use super::visits::{Visit, about_person, by, episodes, extent};

/// What an approval says of a sign-in: `None` if it does not limit that, `Some(None)` if the log does not say enough to know.
pub(super) type Limit = for<'a> fn(&Approved, &Visit<'a>) -> Option<Option<bool>>;

/// By country.
pub(super) fn country(approval: &Approved, visit: &Visit<'_>) -> Option<Option<bool>> {
    let countries = approval.countries.as_ref()?;
    let country = visit.event.country.as_deref().map(str::trim).filter(|country| !country.is_empty());
    Some(country.map(|country| countries.iter().any(|known| known.eq_ignore_ascii_case(country))))
}

/// By network.
pub(super) fn network(approval: &Approved, visit: &Visit<'_>) -> Option<Option<bool>> {
    let networks = approval.networks.as_ref()?;
    Some(crate::domain::limits::is_from(networks, visit.event.asn, visit.event.ip_address.as_deref()))
}

/// By hour.
pub(super) fn hours(approval: &Approved, visit: &Visit<'_>) -> Option<Option<bool>> {
    approval.hours.as_ref().map(|hours| Some(hours.hold(visit.at())))
}

/// The approval inside whose limit a sign-in lies.
pub(super) fn inside<'a>(ctx: &Ctx<'a>, visit: &Visit<'_>, limit: Limit) -> Option<&'a Approved> {
    ctx.approval(visit.other_side()).filter(|approval| limit(approval, visit) == Some(Some(true)))
}

/// True if a sign-in lies beyond the limit of the other side's approval: [`beyond`] tells it.
pub(super) fn is_beyond(ctx: &Ctx<'_>, visit: &Visit<'_>, limit: Limit) -> bool {
    ctx.approval(visit.other_side()).is_some_and(|approval| limit(approval, visit) == Some(Some(false)))
}

/// A finding for each episode of sign-ins of one person beyond the limit; `shown` says what each showed.
pub(super) fn beyond<'v, 'a: 'v>(
    ctx: &Ctx<'_>,
    out: &mut Out,
    visits: impl IntoIterator<Item = &'v Visit<'a>>,
    limit: Limit,
    shown: impl Fn(&Approved, &[&Visit<'a>], Draft) -> Draft,
) {
    if ctx.approved.is_empty() {
        return;
    }
    for ((other, _), came) in by(visits, |visit| (visit.other_side(), &*visit.person)) {
        let Some(approval) = ctx.approval(other) else { continue };
        if came.iter().any(|visit| limit(approval, visit) == Some(None)) {
            out.unjudged(other, Dataset::SignIns);
        }
        let outside = came.into_iter().filter(|visit| limit(approval, visit) == Some(Some(false))).collect();
        for episode in episodes(outside) {
            let Some(first) = episode.first() else { continue };
            let draft = shown(approval, &episode, about_person(ctx, first).confidence(Confidence::High));
            out.push(extent(draft.naming(approval), &episode));
        }
    }
}

/// What the sign-ins of an episode show, each once.
pub(super) fn each_once<'a>(episode: &[&Visit<'a>], what: impl Fn(&Visit<'a>) -> Option<String>) -> Vec<String> {
    let mut seen: Vec<String> = episode.iter().filter_map(|visit| what(visit)).collect();
    seen.sort();
    seen.dedup();
    seen
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::policy::rules::partner_signin_new_country::RULE;
    use crate::policy::rules::testing::{MSP, customer_case, visit};
    use crate::policy::settings::Approved;

    #[test]
    fn a_sign_in_of_which_nobody_knows_whether_it_is_beyond_is_not_judged() {
        let of = |country: Value| {
            let case = customer_case(json!({ "signIns": { "events": [visit("e", -5, json!({ "country": country }))] } }));
            let out = case.approve_within(Approved { countries: Some(vec!["CH".into()]), ..Approved::default() }).run(&RULE);
            let unjudged = out.unjudged.into_iter().filter(|(subject, _)| subject == MSP).count();
            (
                out.findings.iter().filter(|draft| draft.title.as_deref().is_some_and(|title| title.contains("approval"))).count(),
                unjudged > 0,
            )
        };
        assert_eq!([of(json!("CH")), of(json!("BR")), of(Value::Null)], [(0, false), (1, false), (0, true)]);
    }
}
