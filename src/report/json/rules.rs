//! The list of rules as JSON, version 1. Its structs are its own, as those of the report are.

use schemars::JsonSchema;
use serde::Serialize;

use super::write::{schema_of, text};
use crate::domain::rule_meta::{Reads, SettingDefault};
use crate::domain::{Dataset, Need, RuleMeta, Severity, Tool, View};
use crate::report::rules::code;
use crate::report::{RenderError, RenderOptions};

/// Version of the shape: a reader may rely on the major number.
pub const SCHEMA_VERSION: &str = "1.0";

const SCHEMA_ID: &str = "https://github.com/partnerscope/partnerscope/blob/HEAD/docs/schemas/rules.schema.json";

/// Every rule, and what it says of itself.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Rules")]
struct RulesJson {
    /// `major.minor` of this shape; readers ignore fields that they do not know.
    #[schemars(extend("const" = SCHEMA_VERSION))]
    schema_version: &'static str,
    /// The program.
    tool: Tool,
    /// The rules, by code; an organisation's own behind them.
    rules: Vec<RuleJson>,
}

/// One rule.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Rule")]
struct RuleJson {
    /// Kebab-case id, the `ruleId` of a finding.
    id: &'static str,
    /// Short code; missing where an organisation's own rule has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    code: Option<&'static str>,
    /// One line.
    title: &'static str,
    /// The severity of a finding unless the rule says why another.
    severity: Severity,
    /// When and why it says another.
    #[serde(skip_serializing_if = "Option::is_none")]
    severity_note: Option<&'static str>,
    /// The views that it is for.
    views: Vec<InView>,
    /// How it reads what was read in part.
    reads: ReadsJson,
    /// The fields that it reads, by the names of the snapshot; nothing of an organisation's own rule.
    fields: &'static [&'static str],
    /// Its settings, `[rules.<id>]`.
    settings: Vec<SettingJson>,
    /// What to do about a finding.
    remediation: &'static str,
    /// ATT&CK technique ids.
    attack: &'static [&'static str],
    /// ATT&CK analytics of the detection strategy DET0488 that it stands for.
    analytics: &'static [&'static str],
    /// ATT&CK mitigation ids.
    mitigations: &'static [&'static str],
    /// NIST SP 800-53 rev 5 control ids.
    nist: &'static [&'static str],
    /// Items of CIS and SCuBA.
    benchmarks: &'static [&'static str],
}

/// A view, and what the rule rests on in it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct InView {
    /// The view.
    view: View,
    /// Why the rule is not applicable in it, whatever the tenant: nothing that is collected answers it.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_applicable: Option<&'static str>,
    /// The datasets; none of a rule that judges coverage itself.
    datasets: Vec<UseJson>,
}

/// A dataset that a rule rests on.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct UseJson {
    /// The dataset.
    dataset: Dataset,
    /// How much it depends on it.
    need: Need,
}

/// How a rule reads a dataset that was read only in part.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum ReadsJson {
    /// A finding stands on the record at hand.
    Some,
    /// A finding rests on an absence: only subjects whose own reads are complete are judged.
    All,
    /// Judged only if all that it requires was read to the end.
    Whole,
}

/// One setting.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct SettingJson {
    /// Its key.
    name: &'static str,
    /// What it does, with its unit.
    doc: &'static str,
    /// Without a config.
    default: ValueJson,
    /// The least that is allowed, of a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    minimum: Option<i64>,
    /// The greatest that is allowed, of a number.
    #[serde(skip_serializing_if = "Option::is_none")]
    maximum: Option<i64>,
}

/// The value of a setting.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(untagged)]
enum ValueJson {
    /// A whole number.
    Number(i64),
    /// A list of strings.
    List(&'static [&'static str]),
}

/// Renders the list of rules.
///
/// # Errors
/// The serialiser failed.
pub fn render(metas: &[&RuleMeta], _options: &RenderOptions) -> Result<String, RenderError> {
    let list =
        RulesJson { schema_version: SCHEMA_VERSION, tool: Tool::this(), rules: metas.iter().map(|meta| RuleJson::from(*meta)).collect() };
    text(&list)
}

/// The JSON Schema (draft 2020-12) of what [`render`] writes.
pub fn schema() -> serde_json::Value {
    schema_of::<RulesJson>(SCHEMA_ID, "partnerscope rules, version 1")
}

impl From<&RuleMeta> for RuleJson {
    fn from(meta: &RuleMeta) -> Self {
        let in_view = |view: &View| InView {
            view: *view,
            not_applicable: meta.unsourced.iter().find(|(unsourced, _)| unsourced == view).map(|(_, missing)| *missing),
            datasets: meta.uses_in(*view).iter().map(|uses| UseJson { dataset: uses.dataset, need: uses.need }).collect(),
        };
        let settings = meta.settings.iter().map(|setting| {
            let (default, minimum, maximum) = match setting.default {
                SettingDefault::Int { default, min, max } => (ValueJson::Number(default), Some(min), Some(max)),
                SettingDefault::List(items) => (ValueJson::List(items), None, None),
            };
            SettingJson { name: setting.name, doc: setting.doc, default, minimum, maximum }
        });
        RuleJson {
            id: meta.id,
            code: code(meta),
            title: meta.title,
            severity: meta.severity,
            severity_note: Some(meta.severity_note).filter(|note| !note.is_empty()),
            views: meta.views.iter().map(in_view).collect(),
            reads: match meta.reads {
                Reads::Some => ReadsJson::Some,
                Reads::All => ReadsJson::All,
                Reads::Whole => ReadsJson::Whole,
            },
            fields: meta.fields,
            settings: settings.collect(),
            remediation: meta.remediation,
            attack: meta.attack,
            analytics: meta.analytics,
            mitigations: meta.mitigations,
            nist: meta.nist,
            benchmarks: meta.benchmarks,
        }
    }
}
