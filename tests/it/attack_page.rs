//! The page that holds the rules against ATT&CK T1199, and what must be true of it.

use std::fmt::Write as _;

use partnerscope::domain::attack::{ANALYTICS, DATA_COMPONENTS, MITIGATIONS, STRATEGY, TECHNIQUE};
use partnerscope::domain::{Dataset, RuleMeta, View};
use partnerscope::policy::rules;

fn metas() -> impl Iterator<Item = &'static RuleMeta> {
    rules::ALL.iter().map(|rule| &rule.meta)
}

/// Codes that lead to the pages of their rules.
fn links<'a>(metas: impl Iterator<Item = &'a RuleMeta>) -> String {
    let links: Vec<String> = metas.map(|meta| format!("[{}](rules/{}.md)", meta.code, meta.id)).collect();
    if links.is_empty() { "none".to_owned() } else { links.join(", ") }
}

fn uses(meta: &RuleMeta, datasets: &[Dataset]) -> bool {
    [View::Partner, View::Customer].iter().any(|view| meta.uses_in(*view).iter().any(|uses| datasets.contains(&uses.dataset)))
}

/// The page, from the rules and from what ATT&CK says.
pub(crate) fn page() -> String {
    let mut text = format!(
        "# ATT&CK {TECHNIQUE}, Trusted Relationship\n\nGenerated from the rules themselves. For each mitigation, data component and analytic of the technique: which rules \
         answer it, and what is not covered. [Every rule](rules/README.md) has its whole mapping on its page.\n\n\
         ## Mitigations\n\n| id | name | asks for | rules | not seen |\n|---|---|---|---|---|\n"
    );
    for one in MITIGATIONS {
        let rules = links(metas().filter(|meta| meta.mitigations.contains(&one.id)));
        writeln!(text, "| {} | {} | {} | {rules} | {} |", one.id, one.name, one.asks, one.unseen).unwrap();
    }
    text.push_str(
        "\n## Data components\n\nA rule stands here if it reads a dataset of the component in one of its views.\n\n\
         | component | datasets | rules | not covered |\n|---|---|---|---|\n",
    );
    for one in DATA_COMPONENTS {
        let datasets: Vec<String> = one.datasets.iter().map(|dataset| format!("`{dataset}`")).collect();
        let datasets = if datasets.is_empty() { "none".to_owned() } else { datasets.join(", ") };
        let rules = links(metas().filter(|meta| uses(meta, one.datasets)));
        writeln!(text, "| {} | {datasets} | {rules} | {} |", one.name, one.uncovered).unwrap();
    }
    write!(
        text,
        "\nThe state of the directory (relationships, roles, groups, policies) is no data component of the technique. The rules on it find the trust before it is \
         abused, not the abuse.\n\n## Detection strategy {STRATEGY}\n\n| analytic | platform | looks for | rules |\n|---|---|---|---|\n"
    )
    .unwrap();
    for one in ANALYTICS {
        let rules = links(metas().filter(|meta| meta.analytics.contains(&one.id)));
        writeln!(text, "| {} | {} | {} | {rules} |", one.id, one.platform, one.about).unwrap();
    }
    text.push_str("\n## Related techniques\n\n| technique | rules |\n|---|---|\n");
    let mut techniques: Vec<&str> = metas().flat_map(|meta| meta.attack).copied().filter(|id| *id != TECHNIQUE).collect();
    techniques.sort_unstable();
    techniques.dedup();
    for technique in techniques {
        let path = technique.replace('.', "/");
        let rules = links(metas().filter(|meta| meta.attack.contains(&technique)));
        writeln!(text, "| [{technique}](https://attack.mitre.org/techniques/{path}/) | {rules} |").unwrap();
    }
    text
}

#[test]
fn every_mapping_of_a_rule_stands_on_the_page() {
    let analytics: Vec<&str> = ANALYTICS.iter().map(|analytic| analytic.id).collect();
    for meta in metas() {
        assert!(meta.attack.contains(&TECHNIQUE), "{}", meta.code);
        assert!(meta.analytics.iter().all(|id| analytics.contains(id)), "{}: {:?}", meta.code, meta.analytics);
        let known = MITIGATIONS.iter().any(|mitigation| meta.mitigations.contains(&mitigation.id));
        assert!(known, "{}: {:?} is no mitigation of the technique", meta.code, meta.mitigations);
    }
    for analytic in ANALYTICS {
        let is_answered = metas().any(|meta| meta.analytics.contains(&analytic.id));
        assert_eq!(is_answered, !analytic.about.starts_with("not covered"), "{}", analytic.id);
    }
    for component in DATA_COMPONENTS {
        let is_answered = metas().any(|meta| uses(meta, component.datasets));
        assert_eq!(is_answered, !component.uncovered.starts_with("not covered"), "{}", component.name);
    }
}
