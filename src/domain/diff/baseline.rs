//! An earlier run as a baseline: what it found, what it could have found, and what it saw.

use std::collections::{BTreeMap, BTreeSet};

use super::episode::{Episodes, judges_events};
use super::picture::Picture;
use super::sight::Sight;
use crate::domain::{Finding, RuleMeta, State, Timestamp, View};

/// What a baseline was read from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// A snapshot: facts, judged for the comparison.
    Snapshot,
    /// A JSON report: its own verdicts, and as much of the facts as a report holds.
    Report,
}

/// What an earlier run saw of one tenant in one view.
#[derive(Debug, Clone, PartialEq)]
pub struct Before {
    /// Its facts.
    pub picture: Picture,
    /// What it could have found.
    pub sight: Sight,
    /// What it found, by fingerprint. Each says when it was first seen.
    pub found: BTreeMap<String, Finding>,
}

/// An earlier run.
#[derive(Debug, Clone, PartialEq)]
pub struct Baseline {
    /// A hash of what was in it.
    pub id: String,
    /// What it was read from.
    pub form: Form,
    /// When its facts were read.
    pub collected_at: Timestamp,
    /// If it was cut down to one customer, that customer's tenant id.
    pub only_customer: Option<String>,
    /// By tenant and view.
    pub tenants: BTreeMap<(String, View), Before>,
}

impl Baseline {
    /// What it saw of a tenant.
    pub fn of(&self, tenant_id: &str, view: View) -> Option<&Before> {
        self.tenants.get(&(tenant_id.to_owned(), view))
    }

    /// Sets state and first-seen of each finding, and adds what is resolved.
    ///
    /// What the baseline could not have found is `unknownBefore`, never new; what this run could not have found is not resolved, and is not
    /// told at all; nor is anything that differs because the rule was judged by other settings. `sights` is what this run could see.
    pub fn classify(
        &self,
        findings: &mut Vec<Finding>,
        now: Timestamp,
        sights: &BTreeMap<(String, View), Sight>,
        meta: &dyn Fn(&str) -> Option<&'static RuleMeta>,
    ) {
        let found: BTreeSet<String> = findings.iter().map(|finding| finding.fingerprint.clone()).collect();
        let mut continued: BTreeSet<&str> = BTreeSet::new();
        let episodes: BTreeMap<&(String, View), Episodes<'_>> = self
            .tenants
            .iter()
            .map(|(key, before)| (key, Episodes::of(before.found.values().filter(|known| !found.contains(&known.fingerprint)), meta)))
            .collect();
        for finding in findings.iter_mut() {
            let key = (finding.tenant_id.clone(), finding.view);
            let before = self.tenants.get(&key);
            let own = meta(&finding.rule_id);
            // What a rule says of the baseline itself is new by what it says: the baseline may have grown by the same against an earlier one.
            if own.is_some_and(RuleMeta::judges_change) {
                (finding.state, finding.first_seen) = (State::New, Some(now));
                continue;
            }
            let known = before.and_then(|before| before.found.get(&finding.fingerprint)).or_else(|| {
                // An episode is known by its first event. When that is no longer in the log, or came late, it is the same episode still.
                let is_of_events = own.is_some_and(|meta| judges_events(finding, meta));
                let known = episodes.get(&key).filter(|_| is_of_events)?.same_as(finding)?;
                continued.insert(&known.fingerprint);
                Some(known)
            });
            let is_judged_alike =
                || before.zip(sights.get(&key)).is_some_and(|(before, sight)| before.sight.judged_alike(sight, &finding.rule_id));
            let could_find = || before.zip(own).is_some_and(|(before, meta)| before.sight.could_find(finding, meta));
            finding.state = match known {
                Some(_) => State::Existing,
                None if could_find() && is_judged_alike() => State::New,
                None => State::UnknownBefore,
            };
            finding.severity_before = known
                .filter(|known| finding.base_severity > known.base_severity && finding.severity > known.severity)
                .map(|known| known.severity);
            finding.first_seen = Some(known.and_then(|known| known.first_seen).unwrap_or(now));
        }
        let mut resolved = Vec::new();
        for (key, before) in &self.tenants {
            let Some(sight) = sights.get(key) else { continue };
            let gone = |fingerprint: &str| !found.contains(fingerprint) && !continued.contains(fingerprint);
            for (fingerprint, finding) in before.found.iter().filter(|(fingerprint, _)| gone(fingerprint)) {
                let Some(meta) = meta(&finding.rule_id).filter(|meta| !meta.judges_change()) else { continue };
                let is_seen = sight.could_find(finding, meta) && sight.still_covers(&before.sight, finding, meta);
                if is_seen && before.sight.judged_alike(sight, &finding.rule_id) {
                    resolved.push(Finding { state: State::Resolved, fingerprint: fingerprint.clone(), ..finding.clone() });
                }
            }
        }
        findings.append(&mut resolved);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::rule_meta::{Setting, SettingDefault, required};
    use crate::domain::{Confidence, Coverage, Dataset, Evidence, Gap, Severity, Standing, Status, Subject, Text};

    static META: RuleMeta = RuleMeta {
        id: "seen",
        code: "X-01",
        uses: &[required(Dataset::Relationships), required(Dataset::Assignments)],
        ..RuleMeta::SAMPLE
    };
    static EVENTS: RuleMeta = RuleMeta { id: "events", uses: &[required(Dataset::SignIns)], ..META };
    static PAST: RuleMeta = RuleMeta {
        id: "past",
        settings: &[Setting { name: "min-baseline-days", default: SettingDefault::Int { default: 14, min: 1, max: 90 }, doc: "" }],
        ..EVENTS
    };
    static CHANGE: RuleMeta = RuleMeta { id: "change", code: "CHG-01", ..META };

    fn meta(id: &str) -> Option<&'static RuleMeta> {
        [&META, &EVENTS, &PAST, &CHANGE].into_iter().find(|meta| meta.id == id)
    }

    fn at(day: i64) -> Timestamp {
        Timestamp::parse("2026-01-01T00:00:00Z").unwrap().plus_days(day)
    }

    fn finding(fingerprint: &str, rule: &'static str, subject: &str, source: Dataset) -> Finding {
        Finding {
            rule_id: rule.into(),
            code: "X-01".into(),
            view: View::Partner,
            severity: Severity::Low,
            base_severity: Severity::Low,
            confidence: Confidence::High,
            title: Text::default(),
            state: State::Unbaselined,
            tenant_id: "t".into(),
            subject: Subject { kind: "relationship".into(), id: subject.into(), name: String::new() },
            partner: None,
            customer: None,
            since: None,
            note: None,
            evidence: vec![Evidence { field: "f".into(), value: true.into(), source: source.name().into() }],
            remediation: Text::default(),
            fingerprint: fingerprint.into(),
            first_seen: None,
            severity_before: None,
            standing: Standing::default(),
            attack: Vec::new(),
            mitigations: Vec::new(),
            nist: Vec::new(),
        }
    }

    fn sight(coverage: &[(Dataset, Coverage)]) -> Sight {
        let mut all: BTreeMap<Dataset, Coverage> =
            Dataset::of_view(View::Partner).map(|dataset| (dataset, Coverage::complete(1))).collect();
        all.extend(coverage.iter().cloned());
        Sight {
            coverage: all,
            rules: ["seen", "events", "past", "change"].map(str::to_owned).into(),
            left_out: BTreeMap::new(),
            terms: BTreeMap::new(),
        }
    }

    fn baseline(sight: Sight, found: Vec<Finding>) -> Baseline {
        let picture = Picture {
            tenant_id: "t".into(),
            display_name: String::new(),
            view: View::Partner,
            collected_at: at(0),
            coverage: sight.coverage.clone(),
            unlisted: false,
            blind: BTreeSet::new(),
            subjects: BTreeMap::new(),
        };
        let found =
            found.into_iter().map(|finding| (finding.fingerprint.clone(), Finding { first_seen: Some(at(-9)), ..finding })).collect();
        let before = Before { picture, sight, found };
        Baseline {
            id: "i".into(),
            form: Form::Snapshot,
            collected_at: at(0),
            only_customer: None,
            tenants: [(("t".to_owned(), View::Partner), before)].into(),
        }
    }

    /// States by fingerprint, with the sight of this run.
    fn states(baseline: &Baseline, now: Sight, findings: Vec<Finding>) -> Vec<(String, State, Timestamp)> {
        let mut findings = findings;
        baseline.classify(&mut findings, at(30), &[(("t".to_owned(), View::Partner), now)].into(), &meta);
        findings.into_iter().map(|finding| (finding.fingerprint, finding.state, finding.first_seen.unwrap())).collect()
    }

    const ASSIGNMENTS: Dataset = Dataset::Assignments;
    const RELATIONSHIPS: Dataset = Dataset::Relationships;

    fn partial() -> Coverage {
        let gap = Gap { status: Status::Failed, reason: "503".into() };
        Coverage { gaps: [("r1".to_owned(), gap)].into(), ..Coverage::new(Status::Partial) }
    }

    #[test]
    fn new_existing_resolved() {
        let then = baseline(sight(&[]), vec![finding("old", "seen", "r1", RELATIONSHIPS), finding("gone", "seen", "r2", RELATIONSHIPS)]);
        let now = vec![finding("old", "seen", "r1", RELATIONSHIPS), finding("more", "seen", "r3", RELATIONSHIPS)];
        let want = [("old", State::Existing, at(-9)), ("more", State::New, at(30)), ("gone", State::Resolved, at(-9))];
        assert_eq!(states(&then, sight(&[]), now), want.map(|(id, state, seen)| (id.to_owned(), state, seen)));
    }

    #[test]
    fn what_the_facts_made_worse_says_what_it_was() {
        let of =
            |base: Severity, severity: Severity| Finding { base_severity: base, severity, ..finding("f", "seen", "r1", RELATIONSHIPS) };
        let before = |then: Finding, now: Finding| {
            let mut findings = vec![now];
            baseline(sight(&[]), vec![then]).classify(
                &mut findings,
                at(30),
                &[(("t".to_owned(), View::Partner), sight(&[]))].into(),
                &meta,
            );
            (findings[0].state, findings[0].severity_before)
        };
        let (low, high) = (Severity::Low, Severity::High);
        assert_eq!(before(of(low, low), of(high, high)), (State::Existing, Some(low)));
        assert_eq!(before(of(high, high), of(low, low)), (State::Existing, None), "better");
        assert_eq!(before(of(high, low), of(high, high)), (State::Existing, None), "the policy's doing, not the tenant's");
        assert_eq!(before(of(low, low), of(high, low)), (State::Existing, None), "the policy says low whatever it is");
    }

    #[test]
    fn what_was_not_read_then_is_never_new() {
        let state = |sight: Sight, of: Finding| states(&baseline(sight, Vec::new()), self::sight(&[]), vec![of])[0].1;
        let on = |subject: &str| finding("f", "seen", subject, ASSIGNMENTS);
        let denied = || sight(&[(ASSIGNMENTS, Coverage::new(Status::Denied))]);
        assert_eq!(state(denied(), on("r1")), State::UnknownBefore);
        assert_eq!(state(denied(), finding("f", "seen", "r1", RELATIONSHIPS)), State::New, "it rests on what was read");
        assert_eq!(state(sight(&[(ASSIGNMENTS, partial())]), on("r1")), State::UnknownBefore);
        assert_eq!(state(sight(&[(ASSIGNMENTS, partial())]), on("r2")), State::New, "the gap is another's");
        let cut = Coverage { truncated: true, ..Coverage::new(Status::Partial) };
        assert_eq!(state(sight(&[(ASSIGNMENTS, cut)]), on("r2")), State::UnknownBefore);
        let mut unjudged = sight(&[]);
        unjudged.rules.remove("seen");
        assert_eq!(state(unjudged, on("r2")), State::UnknownBefore, "the rule did not run");
        let mut left_out = sight(&[]);
        left_out.left_out.insert("seen".into(), ["r2".to_owned()].into());
        assert_eq!([state(left_out.clone(), on("r2")), state(left_out, on("r3"))], [State::UnknownBefore, State::New]);
        let elsewhere = Finding { view: View::Customer, ..on("r1") };
        assert_eq!(state(sight(&[]), elsewhere), State::UnknownBefore, "the baseline does not hold this view");
        assert_eq!(state(denied(), finding("f", "change", "r1", ASSIGNMENTS)), State::New);
    }

    #[test]
    fn a_change_is_new_even_if_the_baseline_had_grown_by_the_same() {
        let then = baseline(sight(&[]), vec![finding("f", "change", "r1", ASSIGNMENTS)]);
        let now = states(&then, sight(&[]), vec![finding("f", "change", "r1", ASSIGNMENTS)]);
        assert_eq!(now, [("f".to_owned(), State::New, at(30))]);
    }

    #[test]
    fn other_settings_make_nothing_new_and_nothing_resolved() {
        let by = |terms: &str| Sight { terms: [("seen".to_owned(), terms.to_owned())].into(), ..sight(&[]) };
        let told = |then: Sight, now: Sight| {
            let then = baseline(then, vec![finding("gone", "seen", "r2", RELATIONSHIPS)]);
            states(&then, now, vec![finding("more", "seen", "r3", RELATIONSHIPS)])
                .into_iter()
                .map(|(_, state, _)| state)
                .collect::<Vec<_>>()
        };
        assert_eq!(told(by("max-days=365"), by("max-days=365")), [State::New, State::Resolved]);
        assert_eq!(told(by("max-days=730"), by("max-days=365")), [State::UnknownBefore]);
        assert_eq!(told(sight(&[]), by("max-days=365")), [State::New, State::Resolved], "a report that does not say");
    }

    #[test]
    fn an_episode_whose_first_event_left_the_log_is_the_same() {
        let log = |from: i64| sight(&[(Dataset::SignIns, Coverage { from: Some(at(from)), ..Coverage::complete(1) })]);
        let episode = |id: &str, first: i64, last: i64| {
            let evidence = [first, last].map(|day| Evidence {
                field: "createdDateTime".into(),
                value: at(day).to_string().into(),
                source: Dataset::SignIns.name().into(),
            });
            Finding { since: Some(at(first)), evidence: evidence.into(), ..finding(id, "events", "u", Dataset::SignIns) }
        };
        let told = |then: Finding, now: Finding| states(&baseline(log(-30), vec![then]), log(-23), vec![now]);
        let same = [("b".to_owned(), State::Existing, at(-9))];
        assert_eq!(told(episode("a", -28, -2), episode("b", -22, 5)), same);
        // A report does not carry `since`: its evidence tells.
        assert_eq!(told(Finding { since: None, ..episode("a", -28, -2) }, episode("b", -22, 5)), same);
        assert_eq!(told(episode("a", -20, -2), episode("b", -22, -2)), same, "an event that came late");
        assert_eq!(told(episode("a", -28, -2), episode("b", 1, 5)), [("b".to_owned(), State::New, at(30))], "the next episode is new");
        let of_another = Finding { subject: Subject { id: "v".into(), ..episode("b", -22, 5).subject }, ..episode("b", -22, 5) };
        assert_eq!(told(episode("a", -28, -2), of_another)[0].1, State::New);
        let both = states(&baseline(log(-30), vec![episode("a", -20, -2)]), log(-23), vec![episode("a", -20, -2), episode("b", -10, -9)]);
        assert_eq!(
            both.into_iter().map(|(_, state, _)| state).collect::<Vec<_>>(),
            [State::Existing, State::New],
            "the first is found still"
        );
    }

    #[test]
    fn an_event_that_has_too_little_past_by_now_is_not_resolved() {
        let log = |from: i64| sight(&[(Dataset::SignIns, Coverage { from: Some(at(from)), ..Coverage::complete(1) })]);
        let event = Finding { since: Some(at(-15)), ..finding("e", "past", "u", Dataset::SignIns) };
        let left = |now: i64| states(&baseline(log(-30), vec![event.clone()]), log(now), Vec::new()).len();
        assert_eq!([left(-30), left(-23)], [1, 0]);
    }

    #[test]
    fn what_is_not_read_now_is_never_gone() {
        let left = |now: Sight| states(&baseline(sight(&[]), vec![finding("f", "seen", "r1", ASSIGNMENTS)]), now, Vec::new()).len();
        assert_eq!(left(sight(&[])), 1);
        assert_eq!(left(sight(&[(ASSIGNMENTS, Coverage::new(Status::Denied))])), 0);
        assert_eq!(left(sight(&[(ASSIGNMENTS, partial())])), 0);
        let mut unjudged = sight(&[]);
        unjudged.rules.clear();
        assert_eq!(left(unjudged), 0);
        let change = baseline(sight(&[]), vec![finding("f", "change", "r1", ASSIGNMENTS)]);
        assert_eq!(states(&change, sight(&[]), Vec::new()), [], "a change is over when it is in the baseline");
    }

    #[test]
    fn an_event_counts_within_the_window_that_was_read() {
        let log = |from: i64| sight(&[(Dataset::SignIns, Coverage { from: Some(at(from)), ..Coverage::complete(1) })]);
        let event = |day: i64| Finding { since: Some(at(day)), ..finding("e", "events", "u", Dataset::SignIns) };
        let state = |from: i64, day: i64| states(&baseline(log(from), Vec::new()), log(-90), vec![event(day)])[0].1;
        assert_eq!([state(-30, -5), state(-30, -31)], [State::New, State::UnknownBefore], "a longer look back shows what is old");
        let resolved = |now_from: i64| states(&baseline(log(-30), vec![event(-20)]), log(now_from), Vec::new()).len();
        assert_eq!([resolved(-10), resolved(-20)], [0, 1], "what ran out of the log is not resolved");
    }
}
