//! The list of rules: the formats of `rules list`, and the list as Markdown.

use std::fmt::Write as _;

use super::escape;
use super::{RenderError, RenderOptions, json, table};
use crate::domain::rule_meta::Uses;
use crate::domain::{Need, RuleMeta, View};

/// One format of the list of rules.
#[derive(Debug, Clone, Copy)]
pub struct RulesFormat {
    /// The name used in `--format`.
    pub name: &'static str,
    /// What it is for, in the words of the help.
    pub about: &'static str,
    /// Renders the list.
    pub render: fn(&[&RuleMeta], &RenderOptions) -> Result<String, RenderError>,
}

/// Every format of the list, the default first.
pub const RULES_FORMATS: &[RulesFormat] = &[
    RulesFormat { name: "table", about: "For a terminal", render: table::rules::render },
    RulesFormat { name: "json", about: "All that rules say of themselves: `schema rules`", render: json::rules::render },
    RulesFormat { name: "markdown", about: "A table for a page", render: |metas, _| Ok(markdown(metas, false)) },
];

/// The code of a rule; `None` for one of an organisation's own that has none and goes by its id.
pub(super) fn code(meta: &RuleMeta) -> Option<&'static str> {
    (meta.code != meta.id).then_some(meta.code)
}

/// The views of a rule in a word.
pub(super) fn views(meta: &RuleMeta) -> &'static str {
    match meta.views {
        [only] => only.as_str(),
        _ => "both",
    }
}

/// What a rule rests on in one of its views: datasets with their need, or why it says nothing there.
pub(super) fn rests_on(meta: &RuleMeta, view: View) -> String {
    if let Some((_, missing)) = meta.unsourced.iter().find(|(unsourced, _)| *unsourced == view) {
        return format!("not applicable: {missing}");
    }
    match meta.uses_in(view) {
        [] => "coverage itself".to_owned(),
        uses => uses.iter().map(used).collect::<Vec<_>>().join(", "),
    }
}

fn used(uses: &Uses) -> String {
    let need = match uses.need {
        Need::Required => "required",
        Need::Helps => "helps",
        Need::Import => "import",
    };
    format!("{} ({need})", uses.dataset)
}

/// The list as a Markdown table; `linked`: ids lead to the pages beside it.
pub fn markdown(metas: &[&RuleMeta], linked: bool) -> String {
    let mut text = String::from("| code | id | severity | view | title | datasets |\n|---|---|---|---|---|---|\n");
    for meta in metas {
        let id = if linked { format!("[{0}]({0}.md)", meta.id) } else { meta.id.to_owned() };
        let datasets: Vec<String> = match meta.views {
            [only] => vec![rests_on(meta, *only)],
            views => views.iter().map(|view| format!("{view}: {}", rests_on(meta, *view))).collect(),
        };
        let title = cell(meta.title);
        // A formatter that fails to write to memory has nothing to say.
        let _ = writeln!(
            text,
            "| {} | {id} | {} | {} | {title} | {} |",
            code(meta).unwrap_or("–"),
            meta.severity,
            views(meta),
            datasets.join("; ")
        );
    }
    text
}

/// A title is an organisation's own where the rule is: it must not end its cell, nor be more than text.
fn cell(title: &str) -> String {
    let mut text = String::new();
    for c in escape::terminal(title).chars() {
        if matches!(c, '|' | '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '&') {
            text.push('\\');
        }
        text.push(c);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Dataset;
    use crate::domain::rule_meta::{helps, required};

    static META: RuleMeta = RuleMeta {
        id: "own-rule",
        code: "own-rule",
        title: "A title | with <b>\u{1b}[31m",
        views: &[View::Partner, View::Customer],
        uses: &[required(Dataset::Relationships), helps(Dataset::SignIns)],
        unsourced: &[(View::Customer, "nobody writes it down")],
        ..RuleMeta::SAMPLE
    };

    fn rendered(name: &str, width: usize) -> String {
        let format = RULES_FORMATS.iter().find(|format| format.name == name).unwrap();
        (format.render)(&[&META], &RenderOptions { width, color: false, full: false }).unwrap()
    }

    #[test]
    fn each_format_names_what_a_rule_rests_on_in_each_view() {
        insta::assert_snapshot!(rendered("markdown", 80), @r"
        | code | id | severity | view | title | datasets |
        |---|---|---|---|---|---|
        | – | own-rule | high | both | A title \| with \<b\>\\u{1b}\[31m | partner: relationships (required), sign-ins (helps); customer: not applicable: nobody writes it down |
        ");
        insta::assert_snapshot!(rendered("table", 60), @r"
        –       own-rule  high      both
          A title | with <b>\u{1b}[31m
          partner   relationships (required), sign-ins (helps)
          customer  not applicable: nobody writes it down
        ");
    }

    #[test]
    fn no_format_writes_what_cannot_be_seen() {
        for format in RULES_FORMATS {
            let text = rendered(format.name, 80);
            assert!(text.ends_with('\n') && !text.chars().any(|c| c != '\n' && escape::is_hidden(c)), "{}: {text}", format.name);
        }
    }
}
