//! The JSON form of `explain`, version 1. Its structs are its own, as those of the report are.

mod outside;
mod partner;

use schemars::JsonSchema;
use serde::Serialize;

use super::shape::Role;
use super::write::{schema_of, text};
use crate::domain::access::{self, Body, Explanation, Seen, TenantAnswer, Verdict};
use crate::domain::log_span::LogSpan;
use crate::domain::{Dataset, Status, Timestamp, Tool, View};
use crate::report::{RenderError, RenderOptions};

/// Version of the shape: a reader may rely on the major number.
pub const SCHEMA_VERSION: &str = "1.0";

const SCHEMA_ID: &str = "https://github.com/partnerscope/partnerscope/blob/HEAD/docs/schemas/explain.schema.json";

/// Who can do what where, and why, worked out from a snapshot.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Explain")]
struct ExplainJson<'a> {
    /// `major.minor` of this shape; readers ignore fields that they do not know.
    #[schemars(extend("const" = SCHEMA_VERSION))]
    schema_version: &'static str,
    /// The program.
    tool: Tool,
    /// When the facts were read: the answer is about that time.
    collected_at: Timestamp,
    /// What was asked.
    question: Question<'a>,
    /// The smallest set of roles for the tasks that were asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    cover: Option<Cover<'a>>,
    /// Tenant by tenant, view by view.
    tenants: Vec<Tenant<'a>>,
}

/// What was asked; nothing: an overview.
#[derive(Debug, Serialize, JsonSchema)]
struct Question<'a> {
    /// A person or an application.
    #[serde(skip_serializing_if = "Option::is_none")]
    user: Option<&'a str>,
    /// A customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    customer: Option<&'a str>,
    /// An outside tenant.
    #[serde(skip_serializing_if = "Option::is_none")]
    partner: Option<&'a str>,
    /// A role.
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'a str>,
    /// Spans in which something may end.
    ends: Vec<Span>,
    /// Sets of roles that stand for tasks.
    tasks: &'a [String],
}

/// A span of time: after `from`, up to and with `to`.
#[derive(Debug, Serialize, JsonSchema)]
struct Span {
    from: Timestamp,
    to: Timestamp,
}

/// The smallest set of roles for some tasks.
#[derive(Debug, Serialize, JsonSchema)]
struct Cover<'a> {
    /// The tasks.
    needs: Vec<Need<'a>>,
    /// The roles, the most powerful first.
    roles: Vec<Role<'static>>,
}

/// A task, or a role of a set.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Need<'a> {
    /// Name of the set that asks for it.
    set: &'a str,
    /// Its least privileged role.
    role: Role<'static>,
    /// The role of the smallest set that does it.
    done_by: Role<'static>,
}

/// One tenant in one view.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct Tenant<'a> {
    /// Tenant id.
    tenant_id: &'a str,
    /// Its name.
    display_name: &'a str,
    /// The view.
    view: View,
    /// What was not read in full of that which an answer may rest on.
    not_read: Vec<NotRead<'a>>,
    /// What the words of the question name in this tenant.
    meant: Vec<Meant<'a>>,
    /// What the answer comes to; absent without a question.
    #[serde(skip_serializing_if = "Option::is_none")]
    verdict: Option<VerdictName>,
    /// Only in the partner view.
    #[serde(skip_serializing_if = "Option::is_none")]
    partner_view: Option<partner::PartnerView<'a>>,
    /// Only in the customer view.
    #[serde(skip_serializing_if = "Option::is_none")]
    customer_view: Option<outside::CustomerView<'a>>,
}

/// What an answer comes to.
#[derive(Debug, Clone, Copy, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum VerdictName {
    /// There is a path, or a strong permission.
    Somebody,
    /// There is none, and everything that could show one was read.
    Nobody,
    /// There is none in what was read, and not everything was.
    Unknown,
}

/// A dataset that was not read in full.
#[derive(Debug, Serialize, JsonSchema)]
struct NotRead<'a> {
    /// The dataset.
    dataset: Dataset,
    /// How it was read.
    status: Status,
    /// Why.
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<&'a str>,
    /// The permission that would change it.
    #[serde(skip_serializing_if = "Option::is_none")]
    permission: Option<&'a str>,
    /// How many of its subjects are missing; 0: not counted.
    subjects: u64,
    /// The answer may be another with it.
    matters: bool,
}

/// What a word of the question names.
#[derive(Debug, Serialize, JsonSchema)]
struct Meant<'a> {
    /// `user`, `customer`, `partner` or `role`.
    what: &'static str,
    /// Its id; absent: this tenant does not have it.
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<&'a str>,
    /// Its name.
    #[serde(skip_serializing_if = "Option::is_none")]
    name: Option<&'a str>,
}

/// The log in which presence was looked for.
#[derive(Debug, Serialize, JsonSchema)]
struct SignIns {
    /// Its start.
    from: Timestamp,
    /// Its end.
    to: Timestamp,
}

/// Whether somebody was in a tenant. Presence alone: no log tells which role was used.
#[derive(Debug, Serialize, JsonSchema)]
struct Presence {
    /// `unknown`: the log was not read to its end, or somebody came whose path is not known.
    seen: SeenName,
    /// The last success.
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<Timestamp>,
}

/// Whether somebody was there.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
enum SeenName {
    /// Somebody was.
    Yes,
    /// Nobody was, in the span of the log.
    No,
    /// Nobody can say.
    Unknown,
}

/// Something with a name.
#[derive(Debug, Serialize, JsonSchema)]
struct Named<'a> {
    /// Its id.
    id: &'a str,
    /// Its name, or its id.
    name: &'a str,
}

/// How roles fit the tasks that were asked for.
#[derive(Debug, Serialize, JsonSchema)]
struct Fit<'a> {
    /// Roles that the smallest set does not have.
    beyond: Vec<Role<'a>>,
    /// Roles of the smallest set that are not here.
    lacking: Vec<Role<'a>>,
    /// Tasks that no role here does.
    unmet: &'a [String],
}

/// Renders an explanation as JSON, in the way of the report.
///
/// # Errors
/// The serialiser failed.
pub fn render(explanation: &Explanation<'_>, _options: &RenderOptions) -> Result<String, RenderError> {
    text(&ExplainJson::from(explanation))
}

/// The JSON Schema (draft 2020-12) of what [`render`] writes.
pub fn schema() -> serde_json::Value {
    schema_of::<ExplainJson<'static>>(SCHEMA_ID, "partnerscope explain, version 1")
}

fn role<'a>(role: &access::Role<'a>) -> Role<'a> {
    Role { id: role.id, name: role.name, tier: role.tier }
}

fn roles<'a>(list: &[access::Role<'a>]) -> Vec<Role<'a>> {
    list.iter().map(role).collect()
}

fn named<'a>(named: &access::Named<'a>) -> Named<'a> {
    Named { id: named.id, name: named.name }
}

fn span(span: access::Span) -> Span {
    Span { from: span.from, to: span.to }
}

fn presence(seen: Seen) -> Presence {
    match seen {
        Seen::At(at) => Presence { seen: SeenName::Yes, last: Some(at) },
        Seen::Never => Presence { seen: SeenName::No, last: None },
        Seen::Unknown => Presence { seen: SeenName::Unknown, last: None },
    }
}

fn sign_ins(log: Option<LogSpan>) -> Option<SignIns> {
    log.map(|span| SignIns { from: span.from, to: span.to })
}

impl<'a> From<&'a Explanation<'a>> for ExplainJson<'a> {
    fn from(explanation: &'a Explanation<'a>) -> Self {
        let question = explanation.question;
        ExplainJson {
            schema_version: SCHEMA_VERSION,
            tool: Tool::this(),
            collected_at: explanation.collected_at,
            question: Question {
                user: question.user.as_deref(),
                customer: question.customer.as_deref(),
                partner: question.partner.as_deref(),
                role: question.role.as_deref(),
                ends: question.ends.iter().copied().map(span).collect(),
                tasks: &question.tasks,
            },
            cover: explanation.cover.as_ref().map(Cover::from),
            tenants: explanation.tenants.iter().map(Tenant::from).collect(),
        }
    }
}

impl<'a> From<&'a access::Cover> for Cover<'a> {
    fn from(cover: &'a access::Cover) -> Self {
        let need = |need: &'a access::Need| {
            let own = access::Role::of(need.role);
            // The least powerful of those that do it.
            let done_by = cover.roles.iter().rev().find(|role| need.is_met_by(role.id)).copied().unwrap_or(own);
            Need { set: &need.set, role: role(&own), done_by: role(&done_by) }
        };
        Cover { needs: cover.needs.iter().map(need).collect(), roles: roles(&cover.roles) }
    }
}

impl<'a> From<&'a TenantAnswer<'a>> for Tenant<'a> {
    fn from(answer: &'a TenantAnswer<'a>) -> Self {
        let (partner_view, customer_view) = match &answer.body {
            Body::Partner(body) => (Some(partner::PartnerView::from(&**body)), None),
            Body::Customer(body) => (None, Some(outside::CustomerView::from(&**body))),
        };
        let not_read = answer.not_read.iter().map(|row| NotRead {
            dataset: row.dataset,
            status: row.status,
            reason: row.reason.as_deref(),
            permission: row.permission.as_deref(),
            subjects: row.subjects,
            matters: row.matters,
        });
        let meant = answer.meant.iter().map(|(what, named)| Meant {
            what: what.as_str(),
            id: named.as_ref().map(|(id, _)| id.as_str()),
            name: named.as_ref().map(|(_, name)| name.as_str()),
        });
        Tenant {
            tenant_id: answer.tenant_id,
            display_name: answer.name,
            view: answer.view,
            not_read: not_read.collect(),
            meant: meant.collect(),
            verdict: answer.verdict.map(|verdict| match verdict {
                Verdict::Somebody => VerdictName::Somebody,
                Verdict::Nobody => VerdictName::Nobody,
                Verdict::Unknown => VerdictName::Unknown,
            }),
            partner_view,
            customer_view,
        }
    }
}
