//! What a run says: handed to the reporters ready-made, sorted, with the exit status settled.

use std::collections::BTreeMap;
use std::sync::Arc;

use schemars::JsonSchema;
use serde::Serialize;

use super::facts::Customer;
use super::facts::{AssignmentStatus, PrincipalKind, RelationshipStatus, ResellerPart};
use super::{Coverage, Dataset, Finding, IsoDuration, Need, Severity, State, Status, Timestamp, Tool, View};

/// A whole report.
#[derive(Debug, Clone, PartialEq)]
pub struct Report {
    /// The program.
    pub tool: Tool,
    /// The run.
    pub run: Run,
    /// One entry for each tenant and view.
    pub tenants: Vec<TenantReport>,
    /// Worst first.
    pub findings: Vec<Finding>,
    /// Rules that could not, or not fully, be judged.
    pub not_evaluated: Vec<NotEvaluated>,
    /// Rules that have nothing to judge here.
    pub not_applicable: Vec<NotApplicable>,
    /// What the organisation should look at in its own policy.
    pub notes: Vec<Note>,
    /// Totals and the exit status.
    pub summary: Summary,
}

/// The run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Run {
    /// Hash of snapshot, baseline, settings and time.
    pub id: String,
    /// The run's time for judging.
    pub now: Timestamp,
    /// When the facts were read.
    pub collected_at: Timestamp,
    /// How far back logs were asked for, in days.
    pub lookback_days: u32,
    /// Ids of the rules that were to be judged, sorted: what a later run can call new rests on it.
    pub rules: Vec<String>,
    /// Codes of the rules that judge a view of this run and were left out, sorted.
    pub left_out: Vec<String>,
    /// By rule, a hash of the settings that decide what it finds: what another run by other settings did not find is not new.
    pub terms: BTreeMap<String, String>,
    /// If the snapshot was cut down to one customer, that customer's tenant id.
    pub only_customer: Option<String>,
}

/// One tenant in one view.
#[derive(Debug, Clone, PartialEq)]
pub struct TenantReport {
    /// Tenant id.
    pub tenant_id: String,
    /// Its name.
    pub display_name: String,
    /// The view.
    pub view: View,
    /// The cloud.
    pub cloud: String,
    /// One row a dataset, in the order of [`Dataset::ALL`].
    pub coverage: Vec<CoverageRow>,
    /// The counts of design.md.
    pub counts: Counts,
    /// Partner view: every relationship with what it really gives.
    pub relationships: Vec<RelationshipRow>,
    /// Customer view: the ledger, by tenant id.
    pub partners: Vec<super::ledger::Entry>,
    /// Outside tenants that are approved at the run's time, and by whom.
    pub approved: std::collections::BTreeMap<String, super::Approval>,
    /// Customer view: what files say; the ledger's entries point into it.
    pub declared: super::declared::Declared,
    /// Customer view: application ids of the GDAP machinery that are here.
    pub markers: Vec<String>,
}

/// One dataset's coverage, with what the run makes of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoverageRow {
    /// The dataset.
    pub dataset: Dataset,
    /// Required (by the view or `--require`), helps or import.
    pub need: Need,
    /// How well it was read.
    pub coverage: Coverage,
    /// How a gap was accepted, if it was.
    pub accepted: Option<Accepted>,
}

/// A gap that the organisation accepts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Accepted {
    /// Why.
    pub reason: String,
    /// Who answers for it; `None`: whoever started this run.
    pub owner: Option<String>,
    /// Until when; `None`: for this run.
    pub until: Option<Timestamp>,
}

impl Accepted {
    /// True if it has not ended.
    pub fn holds(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now <= until)
    }
}

/// The numbers that a report leads with. The partner view fills all but `partners` and `audit_events`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// All that were returned.
    pub relationships: u64,
    /// Those in `created` or `approvalPending`.
    pub offers: u64,
    /// Distinct customer tenants of live relationships.
    pub customers: u64,
    /// Those of live relationships that are not deleted.
    pub assignments: u64,
    /// Distinct access containers of these.
    pub groups: u64,
    /// Distinct users in them, eligible ones too.
    pub people: u64,
    /// Ledger entries (customer view).
    pub partners: u64,
    /// Kept sign-ins across tenants in the window.
    pub sign_ins: u64,
    /// Audit events read (customer view).
    pub audit_events: u64,
}

/// A role by template id.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct RoleRow {
    /// Tier 0 to 3; `None` if the role is not in the catalog.
    pub tier: Option<u8>,
    /// Its name, or its id where it is not in the catalog.
    pub name: String,
    /// Template id.
    pub id: String,
}

/// One relationship with what it really gives.
#[derive(Debug, Clone, PartialEq)]
pub struct RelationshipRow {
    /// Its id.
    pub id: String,
    /// Its name.
    pub display_name: String,
    /// Its status.
    pub status: RelationshipStatus,
    /// `None` on an offer to any customer.
    pub customer: Option<Customer>,
    /// The ceiling. Lists of roles are shared: few of them recur in many relationships.
    pub roles: Arc<Vec<RoleRow>>,
    /// Roles that a group holds through an active assignment of an active relationship.
    pub effective_roles: Arc<Vec<RoleRow>>,
    /// Every assignment with its group.
    pub groups: Vec<GroupRow>,
    /// Distinct users who can use it, by id; shared between relationships that have the same groups.
    pub people: Arc<Vec<PersonRow>>,
    /// Length asked for.
    pub duration: Option<IsoDuration>,
    /// Whether it renews by itself.
    pub auto_extends: bool,
    /// When it was made.
    pub created: Option<Timestamp>,
    /// When it became active.
    pub activated: Option<Timestamp>,
    /// When it ends or ended.
    pub end: Option<Timestamp>,
    /// Only on the reseller subtype.
    pub reseller: Option<ResellerPart>,
    /// Made by Microsoft's own transition from DAP.
    pub microsoft_led: bool,
    /// Last successful sign-in into the customer by someone who can use this relationship. A sign-in names no role.
    pub last_used: Option<LastUsed>,
    /// False if its assignments, groups or members could not all be read.
    pub fully_read: bool,
}

/// The last sign-in into a customer.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct LastUsed {
    /// When.
    pub at: Timestamp,
    /// By whom: object id.
    pub user_id: String,
    /// Their name.
    pub user_name: String,
}

/// One assignment, with its group.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GroupRow {
    /// Id of the assignment.
    pub assignment_id: String,
    /// Its status.
    pub status: AssignmentStatus,
    /// Object id of the group.
    pub group_id: String,
    /// The group's name, or its id.
    pub group_name: String,
    /// True if the group is gone.
    pub gone: bool,
    /// Roles of the assignment.
    pub roles: Arc<Vec<RoleRow>>,
    /// How many users are in it; `None` if the members could not be read.
    pub people: Option<u64>,
    /// Names of its owners.
    pub owners: Vec<String>,
}

/// A person who can use a relationship.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PersonRow {
    /// Object id.
    pub id: String,
    /// Best name.
    pub name: String,
    /// User or service principal.
    pub kind: PrincipalKind,
    /// A guest of the partner's directory.
    pub guest: bool,
    /// Only eligible through PIM for Groups: not a member now.
    pub eligible_only: bool,
    /// `false`: the account cannot sign in.
    pub enabled: Option<bool>,
}

/// A rule that could not be judged, or not for all subjects.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NotEvaluated {
    /// The rule.
    pub rule_id: String,
    /// Its code, by which findings go.
    pub code: String,
    /// The tenant.
    pub tenant_id: String,
    /// The view.
    pub view: View,
    /// The subjects that were left out, where they are known; empty and not `partly`: all of them.
    pub subjects: Vec<String>,
    /// True if the rule was judged on what could be read.
    pub partly: bool,
    /// In words.
    pub reason: String,
    /// Whether it makes the run exit 3.
    pub counts_for_exit: bool,
    /// What was missing.
    pub missing: Vec<Missing>,
}

/// A dataset that a rule wanted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Missing {
    /// The dataset.
    pub dataset: Dataset,
    /// How it was read.
    pub status: Status,
    /// What would change it.
    pub permission: Option<String>,
}

/// A rule that has nothing to judge here.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct NotApplicable {
    /// The rule.
    pub rule_id: String,
    /// Its code, by which findings go.
    pub code: String,
    /// The tenant.
    pub tenant_id: String,
    /// The view.
    pub view: View,
    /// In words.
    pub reason: String,
}

/// What is to be said of an entry of the organisation's own policy.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum NoteKind {
    /// A waiver that ended: what it covered counts again.
    EndedWaiver,
    /// A waiver that no finding matches.
    UnmatchedWaiver,
    /// An accepted gap that ended: it counts again.
    EndedGap,
    /// An accepted gap where there is none.
    UnmatchedGap,
    /// An approval that ended: what it covered counts again.
    EndedApproval,
    /// The baseline does not hold a tenant in a view: nothing of it can be called new, and `--fail-on-new` cannot hold.
    NotInBaseline,
    /// A relationship that the baseline held is gone, and Microsoft could not have cleaned it up yet: somebody removed it.
    Removed,
}

impl NoteKind {
    /// True if it tells of the baseline, false if of the organisation's own policy.
    pub const fn is_of_baseline(self) -> bool {
        matches!(self, NoteKind::NotInBaseline | NoteKind::Removed)
    }
}

/// An entry of the organisation's own policy that needs a look, or what the baseline held and no finding tells.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Note {
    /// What is the matter.
    pub kind: NoteKind,
    /// The rule of a waiver.
    pub rule_id: Option<String>,
    /// The subject of a waiver, as it was written; the tenant of an approval, or that a baseline lacks; the relationship that is gone.
    pub subject: Option<String>,
    /// The dataset of an accepted gap; `None`: every one.
    pub dataset: Option<Dataset>,
    /// Until when it held.
    pub until: Option<Timestamp>,
    /// In words.
    pub text: String,
}

/// Totals.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Summary {
    /// How many findings of each severity, worst first, zeros too.
    pub by_severity: Vec<(Severity, u64)>,
    /// How many findings of each state that occurs.
    pub by_state: Vec<(State, u64)>,
    /// How many findings are waived.
    pub waived: u64,
    /// The worst finding.
    pub worst: Option<Severity>,
    /// 0, 1 or 3.
    pub exit_code: u8,
    /// From which severity on findings made it 1; `None`: none did.
    pub fail_on: Option<Severity>,
    /// The same of new findings.
    pub fail_on_new: Option<Severity>,
}
