//! The shape of the JSON report, version 1, field by field.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Serialize;

use super::partner::Partner;
use super::totals::{Note, Summary};
use crate::domain::facts::{AssignmentStatus, PrincipalKind, RelationshipStatus};
use crate::domain::report::PersonRow;
use crate::domain::{
    Approval, Confidence, Dataset, Evidence, IsoDuration, Need, Party, Severity, State, Status, Subject, Text, Timestamp, Tool, View,
    Waiver,
};

/// A run of partnerscope: coverage and facts of each tenant, findings worst first, and what could not be judged.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Report")]
pub(super) struct ReportJson<'a> {
    /// `major.minor` of this shape; readers ignore fields that they do not know.
    #[schemars(extend("const" = super::SCHEMA_VERSION))]
    pub(super) schema_version: &'static str,
    /// The program.
    pub(super) tool: &'a Tool,
    /// The run.
    pub(super) run: Run<'a>,
    /// One entry for each tenant and view.
    pub(super) tenants: Vec<Tenant<'a>>,
    /// Worst first.
    pub(super) findings: Vec<Finding<'a>>,
    /// Rules that could not, or not fully, be judged.
    pub(super) not_evaluated: Vec<NotEvaluated<'a>>,
    /// Rules that have nothing to judge here.
    pub(super) not_applicable: Vec<NotApplicable<'a>>,
    /// What the organisation should look at in its own policy: waivers and accepted gaps that ended or match nothing.
    pub(super) notes: Vec<Note<'a>>,
    /// Totals and the exit status.
    pub(super) summary: Summary,
}

/// The run.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Run<'a> {
    /// Hash of snapshot, baseline, settings and time.
    #[schemars(regex(pattern = "^[0-9a-f]{32}$"))]
    pub(super) id: &'a str,
    /// The run's time for judging.
    pub(super) now: Timestamp,
    /// When the facts were read.
    pub(super) collected_at: Timestamp,
    /// How far back logs were asked for, in days: `30d`.
    #[schemars(regex(pattern = "^[0-9]+d$"))]
    pub(super) lookback: String,
    /// Ids of the rules that were to be judged: a run that takes this report as its baseline calls no finding of another rule new.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(super) rules: &'a [String],
    /// Codes of the rules that judge a view of this run and were left out: by the policy, a profile, or a flag.
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    pub(super) left_out: &'a [String],
    /// By rule, a hash of the settings that decide what it finds. Against a report of a run by other settings nothing is called new or resolved.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(super) terms: &'a BTreeMap<String, String>,
    /// If the facts were cut down to one customer, that customer's tenant id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) only_customer: Option<&'a str>,
}

/// One tenant in one view.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Tenant<'a> {
    /// Tenant id.
    pub(super) tenant_id: &'a str,
    /// Its name.
    pub(super) display_name: &'a str,
    /// The view.
    pub(super) view: View,
    /// `global`, `usgov`, `usgov-dod` or `china`.
    pub(super) cloud: &'a str,
    /// How well each dataset was read.
    pub(super) coverage: Vec<CoverageJson<'a>>,
    /// The numbers that a report leads with.
    pub(super) counts: Counts,
    /// Partner view: every relationship with what it really gives.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) relationships: Option<Vec<Relationship<'a>>>,
    /// Customer view: one entry for each outside tenant, by tenant id.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) partners: Option<Vec<Partner<'a>>>,
    /// Customer view: application ids of the GDAP machinery that are here.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) markers: Option<&'a [String]>,
}

/// How well one dataset was read.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "Coverage")]
pub(super) struct CoverageJson<'a> {
    /// The dataset.
    pub(super) dataset: Dataset,
    /// How much the run depends on it.
    pub(super) need: Need,
    /// The verdict.
    pub(super) status: Status,
    /// How many records were kept.
    pub(super) records: u64,
    /// Logs: the start of the span that was read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) from: Option<Timestamp>,
    /// Logs: the end of that span.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) to: Option<Timestamp>,
    /// Why it is not complete.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reason: Option<&'a str>,
    /// The permission that would change it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) permission: Option<&'a str>,
    /// The licence that would change it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) licence: Option<&'a str>,
    /// Why the gap is accepted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) accepted: Option<&'a str>,
    /// Who answers for that; absent where a flag accepts it for this run.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) accepted_by: Option<&'a str>,
    /// Until when.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) accepted_until: Option<Timestamp>,
}

/// The numbers that a report leads with.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Counts {
    /// All relationships that were returned.
    pub(super) relationships: u64,
    /// Those in `created` or `approvalPending`.
    pub(super) offers: u64,
    /// Distinct customer tenants of live relationships.
    pub(super) customers: u64,
    /// Assignments of live relationships that are not deleted.
    pub(super) assignments: u64,
    /// Distinct access containers of these.
    pub(super) groups: u64,
    /// Distinct users in them.
    pub(super) people: u64,
    /// Ledger entries of the customer view.
    pub(super) partners: u64,
    /// Kept sign-ins across tenants in the window.
    pub(super) sign_ins: u64,
    /// Audit events read.
    pub(super) audit_events: u64,
}

/// A role by template id.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Role<'a> {
    /// Template id.
    pub(super) id: &'a str,
    /// Its name, or its id where it is not in the catalog.
    pub(super) name: &'a str,
    /// 0 tenant takeover, 1 major workload or defences, 2 limited write, 3 read only; null if the role is not in the catalog.
    #[schemars(range(max = 3))]
    pub(super) tier: Option<u8>,
}

/// A customer tenant.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Customer<'a> {
    /// Tenant id.
    pub(super) tenant_id: &'a str,
    /// Its name, or its id where no name is known.
    pub(super) name: &'a str,
}

/// One relationship with what it really gives.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Relationship<'a> {
    /// Graph's id.
    pub(super) id: &'a str,
    /// Its name.
    pub(super) display_name: &'a str,
    /// Its status, as Graph writes it.
    pub(super) status: &'a RelationshipStatus,
    /// Absent on an offer to any customer.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) customer: Option<Customer<'a>>,
    /// The ceiling: what the customer granted.
    pub(super) roles: Vec<Role<'a>>,
    /// Roles that a group holds through an active assignment of an active relationship.
    pub(super) effective_roles: Vec<Role<'a>>,
    /// Every assignment with its group.
    pub(super) groups: Vec<Group<'a>>,
    /// Distinct people who can use it.
    #[serde(serialize_with = "super::convert::people")]
    #[schemars(with = "Vec<Person<'static>>")]
    pub(super) people: &'a [PersonRow],
    /// ISO 8601 length that was asked for.
    pub(super) duration: Option<&'a IsoDuration>,
    /// Whether it renews by itself.
    pub(super) auto_extend: bool,
    /// When it was made.
    pub(super) created_date_time: Option<Timestamp>,
    /// When it became active.
    pub(super) activated_date_time: Option<Timestamp>,
    /// When it ends or ended.
    pub(super) end_date_time: Option<Timestamp>,
    /// Only on the reseller subtype.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) reseller: Option<Reseller<'a>>,
    /// Made by Microsoft's own transition from DAP.
    pub(super) microsoft_led: bool,
    /// Last successful sign-in into the customer by someone who can use it. A sign-in names no role.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) last_used: Option<LastUsed<'a>>,
    /// False if its assignments, groups or members could not all be read.
    pub(super) fully_read: bool,
}

/// The part that only a reseller relationship has.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Reseller<'a> {
    /// The indirect provider that made it.
    pub(super) indirect_provider_tenant_id: &'a str,
    /// True: the reseller has not reviewed it.
    pub(super) is_partner_consent_pending: bool,
}

/// The last sign-in into a customer.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct LastUsed<'a> {
    /// When.
    pub(super) at: Timestamp,
    /// By whom: object id.
    pub(super) user_id: &'a str,
    /// Their name.
    pub(super) user_name: &'a str,
}

/// One assignment, with its group.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Group<'a> {
    /// Id of the assignment.
    pub(super) assignment_id: &'a str,
    /// Status of the assignment, as Graph writes it.
    pub(super) status: &'a AssignmentStatus,
    /// Object id of the group.
    pub(super) id: &'a str,
    /// The group's name, or its id.
    pub(super) name: &'a str,
    /// Present and true if the group is gone.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) gone: Option<bool>,
    /// Roles of the assignment.
    pub(super) roles: Vec<Role<'a>>,
    /// How many users are in it; absent if its members could not be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) people: Option<u64>,
    /// Names of its owners.
    pub(super) owners: &'a [String],
}

/// A person who can use a relationship.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Person<'a> {
    /// Object id.
    pub(super) id: &'a str,
    /// Best name.
    pub(super) name: &'a str,
    /// `user` or `servicePrincipal`.
    pub(super) kind: &'a PrincipalKind,
    /// A guest of the partner's directory.
    pub(super) guest: bool,
    /// Only eligible through PIM for Groups: not a member now.
    pub(super) eligible_only: bool,
    /// False: the account cannot sign in; null: not known.
    pub(super) enabled: Option<bool>,
}

/// What a rule says about one subject.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Finding<'a> {
    /// Rule id.
    pub(super) rule_id: &'a str,
    /// Rule code.
    pub(super) code: &'a str,
    /// The view it was found in.
    pub(super) view: View,
    /// What counts.
    pub(super) severity: Severity,
    /// What the rule said before an organisation's own setting.
    pub(super) base_severity: Severity,
    /// How sure.
    pub(super) confidence: Confidence,
    /// One line.
    pub(super) title: &'a str,
    /// Against a baseline.
    pub(super) state: State,
    /// It is tolerated until then, and does not count for the exit status.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) waiver: Option<&'a Waiver>,
    /// It was tolerated until then; it counts again.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) ended_waiver: Option<&'a Waiver>,
    /// It lies inside an approval, and is lowered to info.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) approval: Option<&'a Approval>,
    /// Why the organisation gave it another severity than the rule.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) severity_reason: Option<&'a str>,
    /// The audited tenant.
    pub(super) tenant_id: &'a str,
    /// What it is about.
    pub(super) subject: &'a Subject,
    /// The partner concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) partner: Option<&'a Party>,
    /// The customer concerned.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) customer: Option<&'a Party>,
    /// What it rests on.
    pub(super) evidence: &'a [Evidence],
    /// What to do.
    pub(super) remediation: &'a str,
    /// Stable over runs.
    #[schemars(regex(pattern = "^[0-9a-f]{32}$"))]
    pub(super) fingerprint: &'a str,
    /// When a baseline first saw it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) first_seen: Option<Timestamp>,
    /// What it was in the baseline, where the facts have made it worse since. `--fail-on-new` counts it as new.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) severity_before: Option<Severity>,
    /// ATT&CK technique ids.
    pub(super) attack: &'a [Text],
    /// ATT&CK mitigation ids.
    pub(super) mitigations: &'a [Text],
    /// NIST SP 800-53 control ids.
    pub(super) nist: &'a [Text],
}

/// A rule that could not be judged, or not for all subjects.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct NotEvaluated<'a> {
    /// The rule.
    pub(super) rule_id: &'a str,
    /// The tenant.
    pub(super) tenant_id: &'a str,
    /// The view.
    pub(super) view: View,
    /// Ids of the subjects that were left out; absent: all of them; empty: some, which are not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) subjects: Option<&'a [String]>,
    /// In words.
    pub(super) reason: &'a str,
    /// Whether it makes the run exit 3.
    pub(super) counts_for_exit: bool,
    /// What was missing.
    pub(super) missing: Vec<Missing<'a>>,
}

/// A dataset that a rule wanted.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Missing<'a> {
    /// The dataset.
    pub(super) dataset: Dataset,
    /// How it was read.
    pub(super) status: Status,
    /// What would change it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) permission: Option<&'a str>,
}

/// A rule that has nothing to judge here.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct NotApplicable<'a> {
    /// The rule.
    pub(super) rule_id: &'a str,
    /// The tenant.
    pub(super) tenant_id: &'a str,
    /// The view.
    pub(super) view: View,
    /// In words.
    pub(super) reason: &'a str,
}
