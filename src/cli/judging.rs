//! Options of judging: which rules, which settings, what makes which exit status.

use std::collections::BTreeSet;

use super::args::{ExitArgs, JudgingArgs};
use super::failure::Failure;
use super::layered::{Given, one_of};
use crate::config::nearest::nearest;
use crate::config::{Config, Layered, Problem, Source};
use crate::domain::conditional_access::Reading;
use crate::domain::{Dataset, Severity, View};
use crate::policy;
use crate::policy::settings::{AcceptedGap, Approved, Settings, Waiver, apply_table};

/// Applies `[rules.<id>]`, `[[accepted-gap]]`, `[[waiver]]` and `[[approved]]` of a file; mistakes join those of the file.
pub(super) fn apply_file(config: &mut Config, settings: &mut Settings) {
    let found = config.with_rules(|rules| apply_table(rules, settings)).unwrap_or_default();
    let problems: Vec<Problem> = found.into_iter().map(|problem| config.problem_at(&problem.span, problem.message, problem.help)).collect();
    config.add(problems);
    settings.accepted_gaps.extend(config.accepted_gaps.iter().map(|gap| AcceptedGap {
        dataset: gap.dataset,
        status: gap.status,
        reason: gap.reason.clone(),
        until: gap.until,
        lasting: true,
    }));
    apply_waivers(config, settings);
    settings.approved.extend(config.approved.iter().map(|entry| Approved {
        tenant_id: entry.tenant_id.clone(),
        name: entry.name.clone(),
        roles: entry.roles.clone(),
        until: entry.until,
        owner: entry.owner.clone(),
        ticket: entry.ticket.clone(),
        groups: entry.groups.clone(),
        countries: entry.countries.clone(),
        networks: entry.networks.clone(),
        hours: entry.hours.clone(),
    }));
}

/// Takes the waivers over; one whose rule does not exist is a mistake.
fn apply_waivers(config: &mut Config, settings: &mut Settings) {
    let mut problems = Vec::new();
    for waiver in &config.waivers {
        if let Ok(rule_id) = find_rule(&waiver.rule, settings) {
            settings.waivers.push(Waiver {
                rule_id,
                subject: waiver.subject.clone(),
                partner: waiver.partner.clone(),
                customer: waiver.customer.clone(),
                reason: waiver.reason.clone(),
                owner: waiver.owner.clone(),
                until: waiver.until,
            });
        }
    }
    for (rule, at) in &config.waived_rules {
        if let Err(near) = find_rule(rule, settings) {
            problems.push(config.problem_at(at, format!("`rule`: there is no rule {rule:?}"), did_you_mean(near.as_deref())));
        }
    }
    config.add(problems);
}

/// What is wrong with a name, and what was meant.
type Wrong = (String, Option<String>);

/// Checks names in lists of the file that only `cli` knows how to check, so that they are told with its other mistakes.
pub(super) fn check_lists(config: &mut Config, settings: &Settings, check_format: &dyn Fn(&str) -> Result<(), Wrong>) {
    let rule = |name: &str| {
        find_rule(name, settings).map(drop).map_err(|near| (format!("there is no rule {name:?}"), did_you_mean(near.as_deref())))
    };
    let dataset =
        |name: &str| read_dataset(name).map(drop).map_err(|near| (format!("there is no dataset {name:?}"), did_you_mean(near.as_deref())));
    type Check<'a> = &'a dyn Fn(&str) -> Result<(), Wrong>;
    let checks: [(&str, Check<'_>); 5] =
        [("rule", &rule), ("skip-rule", &rule), ("require", &dataset), ("skip-dataset", &dataset), ("format", check_format)];
    let mut problems = Vec::new();
    for (key, check) in checks {
        let Some(entry) = config.get(key) else { continue };
        for name in entry.value.as_list().unwrap_or_default() {
            if let Err((message, help)) = check(name) {
                problems.push(config.problem_at(&entry.span, format!("`{key}`: {message}"), help));
            }
        }
    }
    config.add(problems);
}

fn did_you_mean(near: Option<&str>) -> Option<String> {
    near.map(|near| format!("did you mean `{near}`?"))
}

/// Applies the flags of judging.
pub(super) fn apply_judging(given: &Given<'_>, args: &JudgingArgs, settings: &mut Settings) -> Result<(), Failure> {
    if let Some(history) = args.history.as_deref().filter(|history| *history != "none") {
        return Err(Failure::usage(
            format!("use {history:?} as history"),
            "keeping earlier runs is not in this version yet: only `--history none`",
        ));
    }
    let rules = |list: Layered<Vec<String>>| {
        list.value.iter().map(|name| known_rule(name, settings)).collect::<Result<BTreeSet<&'static str>, Failure>>()
    };
    let only = rules(given.list("rule", &args.rule))?;
    let without = rules(given.list("skip-rule", &args.skip_rule))?;
    settings.only = (!only.is_empty()).then_some(only);
    settings.without = without;
    one_of("profile", given.text("profile", args.profile.as_ref()).as_ref())?;
    let fail_on = given.text("fail-on", args.fail_on.as_ref());
    one_of("fail-on", fail_on.as_ref())?;
    let reading = given.text("conditional-access-all-users", args.conditional_access_all_users.as_ref());
    one_of("conditional-access-all-users", reading.as_ref())?;
    settings.reading = match reading.as_ref().map(|word| word.value.as_str()) {
        Some("directory-only") => Reading::AllMeansDirectoryUsers,
        _ => Reading::AllMeansTechniciansToo,
    };
    let fail_on_new = given.text("fail-on-new", args.fail_on_new.as_ref());
    one_of("fail-on-new", fail_on_new.as_ref())?;
    settings.fail_on_new = fail_on_new.and_then(|word| Severity::parse(&word.value));
    // Who asks for what is new asks for that alone, unless both are asked for in the same breath.
    let counts = settings.fail_on_new.is_none() || given.above("fail_on").is_some();
    settings.fail_on = fail_on.filter(|_| counts).and_then(|word| Severity::parse(&word.value));
    Ok(())
}

/// Applies the flags of the exit status; hands back whether 1 and 3 become 0.
pub(super) fn apply_exit(given: &Given<'_>, args: &ExitArgs, settings: &mut Settings) -> Result<bool, Failure> {
    for name in given.list("require", &args.require).value {
        settings.require.insert(known_dataset(&name)?);
    }
    if let Some(list) = &args.allow_incomplete {
        let source = given.above("allow_incomplete").unwrap_or(Source::Default);
        for dataset in accepted(list)? {
            settings.accepted_gaps.push(AcceptedGap {
                dataset,
                status: None,
                reason: format!("accepted by {source}"),
                until: None,
                lasting: false,
            });
        }
    }
    Ok(given.switch("exit-zero", args.exit_zero))
}

/// What `--allow-incomplete` accepts; `None` stands for every dataset.
fn accepted(list: &str) -> Result<Vec<Option<Dataset>>, Failure> {
    match list.trim() {
        "all" | "true" | "1" => Ok(vec![None]),
        "false" | "0" => Ok(Vec::new()),
        list => list.split(',').map(|name| known_dataset(name.trim()).map(|(_, dataset)| Some(dataset))).collect(),
    }
}

/// A rule's id by id or code.
fn known_rule(name: &str, settings: &Settings) -> Result<&'static str, Failure> {
    find_rule(name, settings).map_err(|nearest| Failure::Unknown {
        what: "rule",
        name: name.to_owned(),
        nearest,
        list: "`partnerscope rules list` shows them".into(),
    })
}

fn find_rule(name: &str, settings: &Settings) -> Result<&'static str, Option<String>> {
    policy::find_among(name, settings.all_rules()).map(|rule| rule.meta.id).map_err(|near| near.map(str::to_owned))
}

/// A dataset, `sign-ins` or `partner/sign-ins`.
pub(super) fn known_dataset(name: &str) -> Result<(Option<View>, Dataset), Failure> {
    read_dataset(name).map_err(|nearest| Failure::Unknown {
        what: "dataset",
        name: name.to_owned(),
        nearest,
        list: format!("there are: {}", Dataset::ALL.iter().map(|dataset| dataset.name()).collect::<Vec<_>>().join(", ")),
    })
}

fn read_dataset(name: &str) -> Result<(Option<View>, Dataset), Option<String>> {
    let (view, dataset) = match name.split_once('/') {
        None => (None, name),
        Some((view, dataset)) => match [View::Partner, View::Customer].into_iter().find(|known| known.as_str() == view) {
            Some(view) => (Some(view), dataset),
            None => return Err(nearest(view, ["partner", "customer"]).map(|view| format!("{view}/{dataset}"))),
        },
    };
    let names = Dataset::ALL.iter().map(|dataset| dataset.name());
    let found = Dataset::parse(dataset).ok_or_else(|| nearest(dataset, names).map(str::to_owned))?;
    match view {
        Some(known) if found.need(known).is_none() => Err(None),
        view => Ok((view, found)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Trust, from_text};

    #[test]
    fn datasets_with_and_without_a_view() {
        assert_eq!(read_dataset("sign-ins"), Ok((None, Dataset::SignIns)));
        assert_eq!(read_dataset("partner/sign-ins"), Ok((Some(View::Partner), Dataset::SignIns)));
        assert_eq!(read_dataset("sing-ins"), Err(Some("sign-ins".into())));
        assert_eq!(read_dataset("parner/sign-ins"), Err(Some("partner/sign-ins".into())));
        assert_eq!(read_dataset("customer/sign-ins"), Ok((Some(View::Customer), Dataset::SignIns)));
        assert_eq!(read_dataset("customer/groups"), Err(None), "that view does not read it");
    }

    #[test]
    fn accepted_gaps_of_the_flag() {
        assert_eq!(accepted("all").unwrap(), [None]);
        assert_eq!(accepted("0").unwrap(), []);
        assert_eq!(accepted("sign-ins, groups").unwrap(), [Some(Dataset::SignIns), Some(Dataset::Groups)]);
        assert!(matches!(accepted("groups,x"), Err(Failure::Unknown { what: "dataset", .. })));
    }

    #[test]
    fn mistakes_that_config_cannot_see_join_its_own_in_order() {
        let waived = "[[waiver]]\nrule = \"gdap-tier0-rol\"\nsubject = \"s\"\nreason = \"r\"\nowner = \"o\"\nuntil = 2027-01-31\n";
        let mut config = from_text("p.toml", waived, Trust::Discovered);
        let mut settings = Settings::default();
        apply_file(&mut config, &mut settings);
        let said: Vec<(usize, usize, bool)> =
            config.problems.iter().map(|problem| (problem.line, problem.column, problem.help.is_some())).collect();
        assert_eq!((said, settings.waivers.len()), (vec![(2, 8, true)], 0));

        let text = "skip-dataset = [\"groups\", \"grups\"]\nlokback = 1\nrule = [\"zebra\"]\n[rules.zebra]\nenabled = false\n";
        let mut config = from_text("p.toml", text, Trust::Named);
        let mut settings = Settings::default();
        apply_file(&mut config, &mut settings);
        check_lists(&mut config, &settings, &|_| Ok(()));
        let lines: Vec<(usize, bool)> = config.problems.iter().map(|problem| (problem.line, problem.help.is_some())).collect();
        assert_eq!(lines, [(1, true), (2, true), (3, false), (4, false)], "{:#?}", config.problems);
    }
}
