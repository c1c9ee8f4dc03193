//! What a rule says of itself, as data: lists, pages and reports are made from it.

use super::{Dataset, Need, Severity, View};

/// How a rule reads a dataset that was read only in part.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reads {
    /// A finding stands on the record at hand: judged on whatever was read, and listed as not fully evaluated besides.
    Some,
    /// A finding rests on an absence: judged only for subjects whose own reads are complete.
    All,
    /// The rule cannot tell for which subjects reads are complete: judged only where all that it requires was read to the end.
    Whole,
}

/// One dataset that a rule uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Uses {
    /// The dataset.
    pub dataset: Dataset,
    /// Required, helps or import.
    pub need: Need,
}

/// The default of a setting, and with it its type.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum SettingDefault {
    /// A whole number, with the least and the greatest that make sense.
    Int {
        /// Without a config.
        default: i64,
        /// Least allowed.
        min: i64,
        /// Greatest allowed.
        max: i64,
    },
    /// A list of strings; role names are accepted where ids are meant.
    List(&'static [&'static str]),
}

/// One setting of a rule, `[rules.<id>] <name> = …`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Setting {
    /// Its key, kebab-case.
    pub name: &'static str,
    /// Type and default.
    pub default: SettingDefault,
    /// One line of what it does, with its unit.
    pub doc: &'static str,
}

/// What a rule says of itself.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RuleMeta {
    /// Kebab-case id, the name of its files: `gdap-global-administrator`.
    pub id: &'static str,
    /// Short code: `PRV-01`.
    pub code: &'static str,
    /// One line; the title of a finding unless the rule says it better.
    pub title: &'static str,
    /// The views it judges.
    pub views: &'static [View],
    /// The severity that a finding has unless the rule says why another.
    pub severity: Severity,
    /// When and why the severity differs; empty if it never does.
    pub severity_note: &'static str,
    /// The datasets it uses in the partner view. The first is the one whose records it judges. Empty for COV rules, which judge
    /// coverage itself, and where it does not judge this view.
    pub uses: &'static [Uses],
    /// The same in the customer view.
    pub customer_uses: &'static [Uses],
    /// How it reads what was read in part.
    pub reads: Reads,
    /// The fields it reads, `relationships.status`, by the names of the snapshot.
    pub fields: &'static [&'static str],
    /// Its settings.
    pub settings: &'static [Setting],
    /// What to do about a finding.
    pub remediation: &'static str,
    /// ATT&CK technique ids.
    pub attack: &'static [&'static str],
    /// ATT&CK mitigation ids.
    pub mitigations: &'static [&'static str],
    /// NIST SP 800-53 rev 5 control ids.
    pub nist: &'static [&'static str],
    /// CIS and SCuBA items, as far as they exist.
    pub benchmarks: &'static [&'static str],
    /// ATT&CK analytics of the detection strategy for T1199 (DET0488) that it stands for.
    pub analytics: &'static [&'static str],
    /// Views that it is meant for and in which nothing that is collected answers it, each with what is missing: it is not applicable there.
    pub unsourced: &'static [(View, &'static str)],
    /// The page, Markdown; its examples are run as tests.
    pub page: &'static str,
}

impl RuleMeta {
    /// True for the rules on change (CHG): they judge what is otherwise than in a baseline, and are not applicable without one.
    pub fn judges_change(&self) -> bool {
        self.code.starts_with("CHG-")
    }

    /// True if it judges a view: it is meant for it, and what it needs is collected there.
    pub fn answers(&self, view: View) -> bool {
        self.views.contains(&view) && self.unsourced.iter().all(|(unsourced, _)| *unsourced != view)
    }

    /// The datasets it uses in a view.
    pub const fn uses_in(&self, view: View) -> &'static [Uses] {
        match view {
            View::Partner => self.uses,
            View::Customer => self.customer_uses,
        }
    }
}

/// Shorthand for a required dataset.
pub const fn required(dataset: Dataset) -> Uses {
    Uses { dataset, need: Need::Required }
}

/// Shorthand for a dataset that helps.
pub const fn helps(dataset: Dataset) -> Uses {
    Uses { dataset, need: Need::Helps }
}

/// Shorthand for a dataset that comes from a file.
pub const fn import(dataset: Dataset) -> Uses {
    Uses { dataset, need: Need::Import }
}

#[cfg(test)]
impl RuleMeta {
    /// A rule that tests start from.
    pub(crate) const SAMPLE: RuleMeta = RuleMeta {
        id: "test-rule",
        code: "TST-01",
        title: "a test",
        views: &[View::Partner],
        severity: Severity::High,
        severity_note: "",
        uses: &[],
        customer_uses: &[],
        reads: Reads::Some,
        fields: &[],
        settings: &[],
        remediation: "mend it",
        attack: &["T1199"],
        mitigations: &[],
        nist: &[],
        benchmarks: &[],
        analytics: &[],
        unsourced: &[],
        page: "",
    };
}
