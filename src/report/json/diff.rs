//! The JSON form of `diff`, version 1. Its structs are its own, as those of the report are.

use schemars::JsonSchema;
use serde::Serialize;

use super::write::{schema_of, text};
use crate::domain::diff::{self, ChangeKind, Direction, Ending, Form};
use crate::domain::{Dataset, Party, Status, Subject, Timestamp, Tool, View};
use crate::report::{RenderError, RenderOptions};

/// Version of the shape: a reader may rely on the major number.
pub const SCHEMA_VERSION: &str = "1.0";

const SCHEMA_ID: &str = "https://github.com/partnerscope/partnerscope/blob/HEAD/docs/schemas/diff.schema.json";

/// Two runs, told apart: what came, went, grew and shrank between them.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Diff")]
struct DiffJson<'a> {
    /// `major.minor` of this shape; readers ignore fields that they do not know.
    #[schemars(extend("const" = SCHEMA_VERSION))]
    schema_version: &'static str,
    /// The program.
    tool: Tool,
    /// The earlier run.
    old: Side,
    /// The later run.
    new: Side,
    /// True if anything that matters changed: the command then ends with 1.
    different: bool,
    /// Every tenant and view that both hold.
    tenants: Vec<Tenant<'a>>,
    /// Tenants and views that the earlier run alone holds: not compared.
    only_old: Vec<TenantView<'a>>,
    /// Tenants and views that the later run alone holds: not compared.
    only_new: Vec<TenantView<'a>>,
    /// How many subjects something happened to.
    summary: Summary,
}

/// One of the two runs.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Side {
    /// What it was read from.
    form: FormName,
    /// When its facts were read.
    collected_at: Timestamp,
}

/// What a run was read from.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum FormName {
    /// A snapshot.
    Snapshot,
    /// A JSON report: it holds sums of people where a snapshot holds the members of each group.
    Report,
}

/// A tenant in a view.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct TenantView<'a> {
    /// Tenant id.
    tenant_id: &'a str,
    /// The view.
    view: View,
}

/// One tenant in one view.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Tenant<'a> {
    /// Tenant id.
    tenant_id: &'a str,
    /// Its name, or its id.
    display_name: &'a str,
    /// The view.
    view: View,
    /// What happened, by kind of subject and id.
    changes: Vec<Change<'a>>,
    /// Datasets that one of the two did not read to the end: nothing in them is called new or gone that may not be.
    not_compared: Vec<NotCompared>,
}

/// What happened to one subject.
#[derive(Debug, Serialize, JsonSchema)]
struct Change<'a> {
    /// What happened.
    change: ChangeName,
    /// To what: `relationship`, `group`, `user`, `contract`, `customer`, `organization` (the audited tenant), `tenant` (one outside),
    /// `declared` (what a file says of one outside), `policy`, `namedLocation`, `authenticationStrength`, `role` or `dataset`.
    subject: &'a Subject,
    /// The customer that it belongs to (partner view).
    #[serde(skip_serializing_if = "Option::is_none")]
    customer: Option<&'a Party>,
    /// The outside tenant (customer view).
    #[serde(skip_serializing_if = "Option::is_none")]
    partner: Option<&'a Party>,
    /// The worst tier among the roles that came or went.
    #[serde(skip_serializing_if = "Option::is_none")]
    tier: Option<u8>,
    /// Of a relationship that went: whether Microsoft may have cleaned it up (90 days for an offer, a year for an ended one).
    #[serde(skip_serializing_if = "Option::is_none")]
    ending: Option<Ending>,
    /// Field by field. Of what came all that it is, of what went its last state.
    details: Vec<Detail<'a>>,
}

/// What happened to a subject.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum ChangeName {
    /// It was not there.
    Came,
    /// It is not there any more.
    Went,
    /// It reaches farther.
    Grew,
    /// It reaches less far.
    Shrank,
    /// Something else, or both.
    Changed,
}

/// What happened to a field.
#[derive(Debug, Serialize, JsonSchema)]
struct Detail<'a> {
    /// Graph's name of the field.
    field: &'static str,
    /// `grew`: what is listed came. `shrank`: it went. `changed`: neither more nor less.
    direction: DirectionName,
    /// Of a field of something that belongs to the subject (an application, a guest, a member): what that is.
    #[serde(skip_serializing_if = "Option::is_none")]
    of: Option<Item<'a>>,
    /// Of a field with one value: what it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<&'a str>,
    /// Of a field with one value: what it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    new: Option<&'a str>,
    /// What that value means, in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    meaning: Option<&'static str>,
    /// Of a field with several values: those that came or went.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    items: Vec<Item<'a>>,
}

/// What happened to a field.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum DirectionName {
    /// It gives more.
    Grew,
    /// It gives less.
    Shrank,
    /// Neither.
    Changed,
}

/// One of several values.
#[derive(Debug, Serialize, JsonSchema)]
struct Item<'a> {
    /// Its id.
    id: &'a str,
    /// What it is called.
    name: &'a str,
    /// The tier of what it gives, where it is a role in the catalog.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(range(max = 3))]
    tier: Option<u8>,
}

/// A dataset in which the two could not be told apart.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct NotCompared {
    /// The dataset.
    dataset: Dataset,
    /// How the earlier run read it; absent: its file does not carry it.
    #[serde(skip_serializing_if = "Option::is_none")]
    old: Option<Status>,
    /// How the later run read it; absent: its file does not carry it.
    #[serde(skip_serializing_if = "Option::is_none")]
    new: Option<Status>,
    /// Subjects that stand in the earlier one alone, and may be there still.
    only_old: u64,
    /// Subjects that stand in the later one alone, and may have been there before.
    only_new: u64,
}

/// How many subjects something happened to.
#[derive(Debug, Serialize, JsonSchema)]
struct Summary {
    came: u64,
    went: u64,
    grew: u64,
    shrank: u64,
    changed: u64,
}

/// Renders a diff as JSON, in the way of the report.
///
/// # Errors
/// The serialiser failed.
pub fn render(diff: &diff::Diff, _options: &RenderOptions) -> Result<String, RenderError> {
    text(&DiffJson::from(diff))
}

/// The JSON Schema (draft 2020-12) of what [`render`] writes.
pub fn schema() -> serde_json::Value {
    schema_of::<DiffJson<'static>>(SCHEMA_ID, "partnerscope diff, version 1")
}

impl<'a> From<&'a diff::Diff> for DiffJson<'a> {
    fn from(diff: &'a diff::Diff) -> Self {
        let side = |(form, collected_at): (Form, Timestamp)| Side {
            form: match form {
                Form::Snapshot => FormName::Snapshot,
                Form::Report => FormName::Report,
            },
            collected_at,
        };
        fn alone(list: &[(String, View)]) -> Vec<TenantView<'_>> {
            list.iter().map(|(tenant_id, view)| TenantView { tenant_id, view: *view }).collect()
        }
        DiffJson {
            schema_version: SCHEMA_VERSION,
            tool: Tool::this(),
            old: side(diff.old),
            new: side(diff.new),
            different: diff.is_different(),
            tenants: diff.tenants.iter().map(Tenant::from).collect(),
            only_old: alone(&diff.only_old),
            only_new: alone(&diff.only_new),
            summary: Summary {
                came: diff.count(ChangeKind::Came),
                went: diff.count(ChangeKind::Went),
                grew: diff.count(ChangeKind::Grew),
                shrank: diff.count(ChangeKind::Shrank),
                changed: diff.count(ChangeKind::Changed),
            },
        }
    }
}

impl<'a> From<&'a diff::TenantDiff> for Tenant<'a> {
    fn from(tenant: &'a diff::TenantDiff) -> Self {
        Tenant {
            tenant_id: &tenant.tenant_id,
            display_name: &tenant.name,
            view: tenant.view,
            changes: tenant.comparison.changes.iter().map(Change::from).collect(),
            not_compared: tenant
                .comparison
                .not_compared
                .iter()
                .map(|row| NotCompared { dataset: row.dataset, old: row.old, new: row.new, only_old: row.only_old, only_new: row.only_new })
                .collect(),
        }
    }
}

impl<'a> From<&'a diff::Change> for Change<'a> {
    fn from(change: &'a diff::Change) -> Self {
        let party = |view: View| change.party.as_ref().filter(|_| change.view == view);
        Change {
            change: match change.kind {
                ChangeKind::Came => ChangeName::Came,
                ChangeKind::Went => ChangeName::Went,
                ChangeKind::Grew => ChangeName::Grew,
                ChangeKind::Shrank => ChangeName::Shrank,
                ChangeKind::Changed => ChangeName::Changed,
            },
            subject: &change.subject,
            customer: party(View::Partner),
            partner: party(View::Customer),
            tier: change.tier,
            ending: change.ending,
            details: change.details.iter().map(Detail::from).collect(),
        }
    }
}

impl<'a> From<&'a diff::Detail> for Detail<'a> {
    fn from(detail: &'a diff::Detail) -> Self {
        Detail {
            field: detail.field.name(),
            direction: match detail.direction {
                Direction::Grew => DirectionName::Grew,
                Direction::Shrank => DirectionName::Shrank,
                Direction::Changed => DirectionName::Changed,
            },
            of: detail.of.as_ref().map(Item::from),
            old: detail.old.as_deref(),
            new: detail.new.as_deref(),
            meaning: detail.meaning,
            items: detail.items.iter().map(Item::from).collect(),
        }
    }
}

impl<'a> From<&'a diff::Item> for Item<'a> {
    fn from(item: &'a diff::Item) -> Self {
        Item { id: &item.id, name: &item.name, tier: item.tier }
    }
}
