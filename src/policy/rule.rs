//! What a rule is, what it is given and what it hands back.

use crate::domain::customer::CustomerFacts;
use crate::domain::facts::{PartnerFacts, Relationship};
use crate::domain::ledger::{Entry, Ledger};
use crate::domain::{
    Approval, Confidence, Coverage, Dataset, Evidence, Party, RuleMeta, Severity, Subject, TenantSnapshot, Text, Timestamp, fingerprint,
};

use super::compared::Compared;
use super::index::Index;
use super::seen::Seen;
use super::settings::{Approved, RuleSettings, Waiver};
use super::waivers::Named;

/// A rule: what it says of itself, and its check. Checks are pure: no I/O, no clock, no dependence on the order of facts.
#[derive(Debug)]
pub struct Rule {
    /// What it says of itself.
    pub meta: RuleMeta,
    /// Judges one tenant in one view.
    pub check: fn(&Ctx<'_>, &mut Out),
}

/// What a check is given.
#[derive(Debug)]
pub struct Ctx<'a> {
    /// The tenant with its coverage.
    pub tenant: &'a TenantSnapshot,
    /// Its facts.
    pub facts: &'a PartnerFacts,
    /// The same facts, joined and sorted.
    pub index: &'a Index<'a>,
    /// The facts of the customer view.
    pub customer: &'a CustomerFacts,
    /// One entry for each outside tenant (customer view).
    pub ledger: &'a Ledger,
    /// What the sign-in log holds, gathered.
    pub seen: &'a Seen<'a>,
    /// An earlier run, compared with this one.
    pub baseline: Option<&'a Compared<'a>>,
    /// What the organisation approved.
    pub approved: &'a [Approved],
    /// What it tolerates.
    pub waivers: &'a [Waiver],
    /// The run's time.
    pub now: Timestamp,
    /// How far back logs were asked for, in days.
    pub lookback_days: u32,
    /// The rule's own settings.
    pub settings: &'a RuleSettings,
    /// Settings of the other selected rules (`COV-03` compares windows with thresholds): `(rule id, settings)`.
    pub selected: &'a [(&'static RuleMeta, &'a RuleSettings)],
}

impl Ctx<'_> {
    /// How well a dataset was read.
    pub fn coverage(&self, dataset: Dataset) -> Coverage {
        self.tenant.coverage_of(dataset)
    }

    /// True if what is known of `subject` in `dataset` is all there is.
    pub fn is_complete_for(&self, dataset: Dataset, subject: &str) -> bool {
        self.tenant.coverage.get(&dataset).is_some_and(|coverage| coverage.is_complete_for(subject))
    }

    /// True if anything of a dataset was read: only then can a finding show that something is not in it.
    pub fn was_read(&self, dataset: Dataset) -> bool {
        self.tenant.coverage.get(&dataset).is_some_and(|coverage| coverage.status.has_records())
    }

    /// The customer of a relationship with the best name there is.
    pub fn customer(&self, relationship: &Relationship) -> Option<Party> {
        relationship.customer_id().map(|id| self.index.party(id))
    }
}

/// The field that names who answers for an approval.
pub(super) const APPROVED_OWNER: &str = "approved.owner";

impl<'a> Ctx<'a> {
    /// The approval of an outside tenant that holds at the run's time, if there is one.
    pub fn approval(&self, tenant_id: &str) -> Option<&'a Approved> {
        self.approved.iter().find(|approved| approved.tenant_id == tenant_id && approved.holds(self.now))
    }

    /// True if the finding that a rule would make is waived at the run's time: such a one takes nothing in.
    pub(super) fn is_waived(&self, rule_id: &str, partner: Option<&str>, subject: (&str, &str), own_key: &str) -> bool {
        let mut waivers = self.waivers.iter().filter(|waiver| waiver.rule_id == rule_id && waiver.holds(self.now)).peekable();
        if waivers.peek().is_none() {
            return false;
        }
        let (kind, subject_id) = subject;
        let own = self.tenant.tenant_id.as_str();
        let fingerprint = fingerprint::of_finding(rule_id, own, kind, subject_id, own_key);
        let named = Named { rule_id, subject_id, fingerprint: &fingerprint, partner, customer: Some(own) };
        waivers.any(|waiver| waiver.names(&named))
    }

    /// True if a rule runs in this run: one that does not takes nothing in.
    pub fn runs(&self, rule_id: &str) -> bool {
        self.selected.iter().any(|(meta, _)| meta.id == rule_id)
    }
}

/// What a check hands back.
#[derive(Debug, Default)]
pub struct Out {
    /// Its findings.
    pub findings: Vec<Draft>,
    /// Subjects that it could not judge, each with the dataset that was missing for it.
    pub unjudged: Vec<(String, Dataset)>,
}

impl Out {
    /// Adds a finding.
    pub fn push(&mut self, draft: Draft) {
        self.findings.push(draft);
    }

    /// Notes a subject whose own reads are not complete.
    pub fn unjudged(&mut self, subject: &str, dataset: Dataset) {
        self.unjudged.push((subject.to_owned(), dataset));
    }
}

/// A finding before the engine completes it with the rule's metadata, state and fingerprint.
#[derive(Debug, Clone)]
pub struct Draft {
    pub(super) subject: Subject,
    pub(super) own_key: String,
    pub(super) severity: Option<Severity>,
    /// The approval that it lies inside, and the severity that it had before.
    pub(super) approval: Option<(Approval, Option<Severity>)>,
    pub(super) confidence: Confidence,
    pub(super) title: Option<Text>,
    pub(super) customer: Option<Party>,
    pub(super) partner: Option<Party>,
    pub(super) since: Option<Timestamp>,
    pub(super) note: Option<String>,
    pub(super) evidence: Vec<Evidence>,
    pub(super) remediation: Option<Text>,
}

impl Draft {
    /// A finding about a subject. `kind`: `relationship`, `assignment`, `group`, `user`, `customer`, `tenant` or `dataset`.
    pub fn about(kind: impl Into<Text>, id: impl Into<String>, name: impl Into<String>) -> Self {
        Draft {
            subject: Subject { kind: kind.into(), id: id.into(), name: name.into() },
            own_key: String::new(),
            severity: None,
            approval: None,
            confidence: Confidence::High,
            title: None,
            customer: None,
            partner: None,
            since: None,
            note: None,
            evidence: Vec::new(),
            remediation: None,
        }
    }

    /// A finding about a relationship, with its customer.
    pub fn relationship(ctx: &Ctx<'_>, relationship: &Relationship) -> Self {
        Draft::about("relationship", &relationship.id, &relationship.display_name).customer(ctx.customer(relationship))
    }

    /// The rule's own part of the fingerprint: what tells two findings on one subject apart. Never a name, a count or a time.
    #[must_use]
    pub fn key(mut self, own_key: impl Into<String>) -> Self {
        self.own_key = own_key.into();
        self
    }

    /// A finding about an outside tenant, with it as the partner concerned (customer view).
    pub fn outside(entry: &Entry) -> Self {
        let mut draft = Draft::about("tenant", &entry.tenant_id, &entry.name);
        draft.partner = Some(Party { tenant_id: entry.tenant_id.clone(), name: entry.name.clone() });
        draft
    }

    /// Another subject, with all else as it is.
    #[must_use]
    pub fn subject(mut self, kind: impl Into<Text>, id: impl Into<String>, name: impl Into<String>) -> Self {
        self.subject = Subject { kind: kind.into(), id: id.into(), name: name.into() };
        self
    }

    /// The partner concerned (customer view; in the partner view it is the audited tenant).
    #[must_use]
    pub fn partner(mut self, partner: Option<Party>) -> Self {
        self.partner = partner;
        self
    }

    /// Another severity than the rule's default.
    #[must_use]
    pub fn severity(mut self, severity: Severity) -> Self {
        self.severity = Some(severity);
        self
    }

    /// Lies inside an approval: worth knowing and no more.
    #[must_use]
    pub fn approved(mut self, approval: Approval) -> Self {
        self.approval = Some((approval, self.severity));
        self.severity = Some(Severity::Info);
        self
    }

    /// Another confidence than high.
    #[must_use]
    pub fn confidence(mut self, confidence: Confidence) -> Self {
        self.confidence = confidence;
        self
    }

    /// A title that says it better than the rule's.
    #[must_use]
    pub fn title(mut self, title: impl Into<Text>) -> Self {
        self.title = Some(title.into());
        self
    }

    /// The customer concerned.
    #[must_use]
    pub fn customer(mut self, customer: Option<Party>) -> Self {
        self.customer = customer;
        self
    }

    /// Since when what it says has been so.
    #[must_use]
    pub fn since(mut self, since: Option<Timestamp>) -> Self {
        self.since = since;
        self
    }

    /// The measure that made it a finding, in a few words; the evidence holds it in full.
    #[must_use]
    pub fn note(mut self, note: impl Into<String>) -> Self {
        self.note = Some(note.into());
        self
    }

    /// A fact that it rests on, by Graph's name of the field.
    #[must_use]
    pub fn evidence(mut self, field: impl Into<Text>, value: impl Into<serde_json::Value>, source: Dataset) -> Self {
        self.evidence.push(Evidence { field: field.into(), value: value.into(), source: source.name().into() });
        self
    }

    /// An approval as evidence, whether the finding lies inside or beyond it.
    #[must_use]
    pub(super) fn naming(self, approval: &Approved) -> Self {
        let draft = self.setting(APPROVED_OWNER, approval.owner.as_str());
        let draft = match approval.until {
            Some(until) => draft.setting("approved.until", until.to_string()),
            None => draft,
        };
        match &approval.ticket {
            Some(ticket) => draft.setting("approved.ticket", ticket.as_str()),
            None => draft,
        }
    }

    /// A setting whose value made it a finding.
    #[must_use]
    pub fn setting(mut self, name: impl Into<Text>, value: impl Into<serde_json::Value>) -> Self {
        self.evidence.push(Evidence { field: name.into(), value: value.into(), source: "settings".into() });
        self
    }

    /// Another remediation than the rule's.
    #[must_use]
    pub fn remediation(mut self, text: impl Into<Text>) -> Self {
        self.remediation = Some(text.into());
        self
    }
}
