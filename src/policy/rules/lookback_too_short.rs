//! COV-03: see the page.

use crate::domain::rule_meta::Reads;
use crate::domain::{Dataset, RuleMeta, Severity, View};
use crate::policy::rule::{Ctx, Draft, Out, Rule};

use super::shared::{BOTH, Window};

/// A threshold on the sign-in log of which a shorter log still gives a hint.
const HINTED: &str = "unused-days";
/// A threshold without which a rule cannot judge at all.
const NEEDED: &str = "min-baseline-days";

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "lookback-too-short",
        code: "COV-03",
        title: "Sign-in log is shorter than a rule needs",
        views: BOTH,
        severity: Severity::Low,
        severity_note: "Info where only `unused-days` is longer than the log.",
        uses: &[],
        customer_uses: &[],
        reads: Reads::Some,
        fields: &[
            "coverage.sign-ins.status",
            "coverage.sign-ins.from",
            "coverage.sign-ins.to",
            "coverage.app-sign-ins.from",
            "coverage.app-sign-ins.to",
        ],
        settings: &[],
        remediation: "Read as far back as the tenant keeps (--lookback 30d with Entra ID P1 or P2). To see further, send the sign-in logs to a Log \
                      Analytics workspace or a storage account (Entra admin center > Diagnostic settings) and keep this tool's snapshots; six months \
                      at least.",
        attack: &["T1199", "T1078.004"],
        mitigations: &["M1018"],
        nist: &["CA-7", "CM-6"],
        benchmarks: &["CIS M365 v7.0 3.1.1", "SCuBA MS.AAD.4.1v1"],
        analytics: &[],
        unsourced: &[],
        page: include_str!("lookback-too-short.md"),
    },
    check,
};

/// Logs with thresholds, by view.
const fn logs(view: View) -> &'static [Dataset] {
    match view {
        View::Partner => &[Dataset::SignIns],
        View::Customer => &[Dataset::SignIns, Dataset::AppSignIns],
    }
}

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    for log in logs(ctx.tenant.view) {
        // A log that was not read at all is the business of signin-log-coverage-gap.
        if let Some(window) = Window::of_log(ctx, *log) {
            out.findings.extend(judge(ctx, *log, window));
        }
    }
}

fn judge(ctx: &Ctx<'_>, log: Dataset, window: Window) -> Option<Draft> {
    let longer = |setting: &str| longer(ctx, log, setting, window.days());
    let (needed, hinted) = (longer(NEEDED), longer(HINTED));
    if needed.is_empty() && hinted.is_empty() {
        return None;
    }
    let what = if log == Dataset::AppSignIns { "sign-in log of applications" } else { "sign-in log" };
    let mut draft = Draft::about("dataset", log.name(), log.name())
        .key(ctx.tenant.view.as_str())
        .severity(if needed.is_empty() { Severity::Info } else { Severity::Low })
        .title(format!("The {what} that was read spans {} days, less than a rule needs", window.days()))
        .evidence("from", window.from.to_string(), log)
        .evidence("to", window.to.to_string(), log)
        .evidence("days", window.days(), log);
    for (name, value) in needed.into_iter().chain(hinted) {
        draft = draft.setting(name, value);
    }
    Some(draft)
}

/// The thresholds of this name, of the selected rules of the view that read this log, that are longer than it.
fn longer(ctx: &Ctx<'_>, log: Dataset, setting: &str, window_days: i64) -> Vec<(String, i64)> {
    let reads = |meta: &RuleMeta| meta.uses_in(ctx.tenant.view).iter().any(|uses| uses.dataset == log);
    ctx.selected
        .iter()
        .filter(|(meta, _)| meta.views.contains(&ctx.tenant.view) && reads(meta))
        .filter(|(meta, _)| meta.settings.iter().any(|declared| declared.name == setting))
        .map(|(meta, settings)| (format!("{}.{setting}", meta.id), settings.int(setting)))
        .filter(|(_, threshold)| *threshold > window_days)
        .collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::{NEEDED, RULE};
    use crate::domain::rule_meta::{Setting, SettingDefault, Uses, required};
    use crate::domain::{Coverage, Dataset, RuleMeta, Severity, Status};
    use crate::policy::rule::{Ctx, Draft, Out};
    use crate::policy::rules::testing::{at, case, customer_case};
    use crate::policy::settings::RuleSettings;

    fn window(days: i64) -> Option<Draft> {
        case(json!({})).window(days).run(&RULE).findings.pop()
    }

    #[test]
    fn the_span_that_was_read_is_compared() {
        let draft = window(30).unwrap();
        assert_eq!((draft.severity, draft.own_key.as_str()), (Some(Severity::Info), "partner"));
        let setting = draft.evidence.iter().find(|evidence| evidence.source == "settings").unwrap();
        assert_eq!((&*setting.field, &setting.value), ("gdap-unused-relationship.unused-days", &json!(90)));
        assert!(window(89).is_some());
        assert!(window(90).is_none() && window(180).is_none());
    }

    #[test]
    fn the_fingerprint_does_not_hang_on_the_span() {
        assert_eq!(window(30).unwrap().own_key, window(12).unwrap().own_key);
    }

    #[test]
    fn a_cap_shortens_it_and_what_was_not_read_has_no_span() {
        let capped = Coverage { capped: true, from: Some(at(-3)), to: Some(at(0)), ..Coverage::new(Status::Partial) };
        let draft = case(json!({})).coverage(Dataset::SignIns, capped).run(&RULE).findings.remove(0);
        assert!(draft.title.unwrap().contains("3 days"));
        for status in [Status::Denied, Status::Unlicensed, Status::Skipped, Status::Failed] {
            assert!(!case(json!({})).coverage(Dataset::SignIns, Coverage::new(status)).fires(&RULE), "{status}");
        }
    }

    #[test]
    fn what_no_rule_selects_is_not_needed_and_what_cannot_be_judged_without_is_low() {
        let case = case(json!({})).window(30);
        let severity = |selected: &[(&'static RuleMeta, &RuleSettings)]| {
            let mut out = Out::default();
            case.with_ctx(|ctx| (RULE.check)(&Ctx { selected, ..*ctx }, &mut out));
            out.findings.pop().map(|draft| draft.severity.unwrap())
        };
        let needing = |days: i64| -> &'static RuleMeta {
            let setting = Setting { name: NEEDED, default: SettingDefault::Int { default: days, min: 0, max: 365 }, doc: "" };
            const USES: &[Uses] = &[required(Dataset::SignIns)];
            Box::leak(Box::new(RuleMeta { id: "needs-a-baseline", uses: USES, settings: Box::leak(Box::new([setting])), ..RULE.meta }))
        };
        assert_eq!(severity(&[]), None);
        assert_eq!(severity(&[(needing(31), &RuleSettings::defaults(needing(31)))]), Some(Severity::Low));
        assert_eq!(severity(&[(needing(30), &RuleSettings::defaults(needing(30)))]), None);
    }

    #[test]
    fn the_customer_view_has_its_own_rules_and_a_log_of_applications() {
        let log = |days: i64| Coverage { from: Some(at(-days)), to: Some(at(0)), ..Coverage::complete(0) };
        let found = |people: i64, apps: i64| {
            let case = customer_case(json!({})).coverage(Dataset::SignIns, log(people)).coverage(Dataset::AppSignIns, log(apps));
            case.run(&RULE).findings.into_iter().map(|draft| (draft.subject.id, draft.severity.unwrap())).collect::<Vec<_>>()
        };
        let people = |severity| ("sign-ins".to_owned(), severity);
        assert!(found(90, 14).is_empty());
        assert_eq!(found(30, 14), [people(Severity::Info)], "unused-days alone");
        assert_eq!(found(13, 13), [people(Severity::Low), ("app-sign-ins".to_owned(), Severity::Low)]);
    }
}
