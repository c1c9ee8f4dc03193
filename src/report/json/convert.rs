//! From the settled report to the shape that is written.

use serde::Serializer;

use super::partner::Partner;
use super::shape::*;
use super::totals::{BySeverity, ByState, Note, Summary};
use crate::domain::report as settled;
use crate::domain::{Finding as DomainFinding, Report, Severity, State, View};

impl<'a> From<&'a Report> for ReportJson<'a> {
    fn from(report: &'a Report) -> Self {
        ReportJson {
            schema_version: super::SCHEMA_VERSION,
            tool: &report.tool,
            run: Run {
                id: &report.run.id,
                now: report.run.now,
                collected_at: report.run.collected_at,
                lookback: format!("{}d", report.run.lookback_days),
                rules: &report.run.rules,
                left_out: &report.run.left_out,
                terms: &report.run.terms,
                only_customer: report.run.only_customer.as_deref(),
            },
            tenants: report.tenants.iter().map(Tenant::from).collect(),
            findings: report.findings.iter().map(Finding::from).collect(),
            not_evaluated: report.not_evaluated.iter().map(NotEvaluated::from).collect(),
            not_applicable: report.not_applicable.iter().map(NotApplicable::from).collect(),
            notes: report.notes.iter().map(Note::from).collect(),
            summary: Summary::from(&report.summary),
        }
    }
}

impl<'a> From<&'a settled::TenantReport> for Tenant<'a> {
    fn from(tenant: &'a settled::TenantReport) -> Self {
        let (relationships, partners) = match tenant.view {
            View::Partner => (Some(tenant.relationships.iter().map(Relationship::from).collect()), None),
            View::Customer => (None, Some(tenant.partners.iter().map(|entry| Partner::of(entry, tenant)).collect())),
        };
        Tenant {
            tenant_id: &tenant.tenant_id,
            display_name: &tenant.display_name,
            view: tenant.view,
            cloud: &tenant.cloud,
            coverage: tenant.coverage.iter().map(CoverageJson::from).collect(),
            counts: Counts::from(&tenant.counts),
            relationships,
            markers: partners.is_some().then_some(tenant.markers.as_slice()),
            partners,
        }
    }
}

impl<'a> From<&'a settled::CoverageRow> for CoverageJson<'a> {
    fn from(row: &'a settled::CoverageRow) -> Self {
        CoverageJson {
            dataset: row.dataset,
            need: row.need,
            status: row.coverage.status,
            records: row.coverage.records,
            from: row.coverage.from,
            to: row.coverage.to,
            reason: row.coverage.reason.as_deref(),
            permission: row.coverage.permission.as_deref(),
            licence: row.coverage.licence.as_deref(),
            accepted: row.accepted.as_ref().map(|accepted| accepted.reason.as_str()),
            accepted_by: row.accepted.as_ref().and_then(|accepted| accepted.owner.as_deref()),
            accepted_until: row.accepted.as_ref().and_then(|accepted| accepted.until),
        }
    }
}

impl From<&settled::Counts> for Counts {
    fn from(counts: &settled::Counts) -> Self {
        Counts {
            relationships: counts.relationships,
            offers: counts.offers,
            customers: counts.customers,
            assignments: counts.assignments,
            groups: counts.groups,
            people: counts.people,
            partners: counts.partners,
            sign_ins: counts.sign_ins,
            audit_events: counts.audit_events,
        }
    }
}

impl<'a> From<&'a settled::RelationshipRow> for Relationship<'a> {
    fn from(row: &'a settled::RelationshipRow) -> Self {
        Relationship {
            id: &row.id,
            display_name: &row.display_name,
            status: &row.status,
            customer: row.customer.as_ref().map(|customer| Customer {
                tenant_id: &customer.tenant_id,
                name: customer.display_name.as_deref().filter(|name| !name.trim().is_empty()).unwrap_or(&customer.tenant_id),
            }),
            roles: roles(&row.roles),
            effective_roles: roles(&row.effective_roles),
            groups: row.groups.iter().map(Group::from).collect(),
            people: &row.people,
            duration: row.duration.as_ref(),
            auto_extend: row.auto_extends,
            created_date_time: row.created,
            activated_date_time: row.activated,
            end_date_time: row.end,
            reseller: row.reseller.as_ref().map(|part| Reseller {
                indirect_provider_tenant_id: &part.indirect_provider_tenant_id,
                is_partner_consent_pending: part.is_partner_consent_pending,
            }),
            microsoft_led: row.microsoft_led,
            last_used: row.last_used.as_ref().map(|used| LastUsed { at: used.at, user_id: &used.user_id, user_name: &used.user_name }),
            fully_read: row.fully_read,
        }
    }
}

fn roles(rows: &[settled::RoleRow]) -> Vec<Role<'_>> {
    rows.iter().map(|row| Role { id: &row.id, name: &row.name, tier: row.tier }).collect()
}

impl<'a> From<&'a settled::GroupRow> for Group<'a> {
    fn from(row: &'a settled::GroupRow) -> Self {
        Group {
            assignment_id: &row.assignment_id,
            status: &row.status,
            id: &row.group_id,
            name: &row.group_name,
            gone: row.gone.then_some(true),
            roles: roles(&row.roles),
            people: row.people,
            owners: &row.owners,
        }
    }
}

/// Writes people one by one: thousands of relationships share the same list, and a copy of each would not fit in memory.
pub(super) fn people<S: Serializer>(rows: &[settled::PersonRow], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(rows.iter().map(|row| Person {
        id: &row.id,
        name: &row.name,
        kind: &row.kind,
        guest: row.guest,
        eligible_only: row.eligible_only,
        enabled: row.enabled,
    }))
}

impl<'a> From<&'a DomainFinding> for Finding<'a> {
    fn from(finding: &'a DomainFinding) -> Self {
        Finding {
            rule_id: &finding.rule_id,
            code: &finding.code,
            view: finding.view,
            severity: finding.severity,
            base_severity: finding.base_severity,
            confidence: finding.confidence,
            title: &finding.title,
            state: finding.state,
            waiver: finding.standing.waiver.as_ref(),
            ended_waiver: finding.standing.ended_waiver.as_ref(),
            approval: finding.standing.approval.as_ref(),
            severity_reason: finding.standing.severity_reason.as_deref(),
            tenant_id: &finding.tenant_id,
            subject: &finding.subject,
            partner: finding.partner.as_ref(),
            customer: finding.customer.as_ref(),
            evidence: &finding.evidence,
            remediation: &finding.remediation,
            fingerprint: &finding.fingerprint,
            first_seen: finding.first_seen,
            severity_before: finding.severity_before,
            attack: &finding.attack,
            mitigations: &finding.mitigations,
            nist: &finding.nist,
        }
    }
}

impl<'a> From<&'a settled::NotEvaluated> for NotEvaluated<'a> {
    fn from(row: &'a settled::NotEvaluated) -> Self {
        let missing = row.missing.iter().map(|missing| Missing {
            dataset: missing.dataset,
            status: missing.status,
            permission: missing.permission.as_deref(),
        });
        NotEvaluated {
            rule_id: &row.rule_id,
            tenant_id: &row.tenant_id,
            view: row.view,
            subjects: (row.partly || !row.subjects.is_empty()).then_some(row.subjects.as_slice()),
            reason: &row.reason,
            counts_for_exit: row.counts_for_exit,
            missing: missing.collect(),
        }
    }
}

impl<'a> From<&'a settled::NotApplicable> for NotApplicable<'a> {
    fn from(row: &'a settled::NotApplicable) -> Self {
        NotApplicable { rule_id: &row.rule_id, tenant_id: &row.tenant_id, view: row.view, reason: &row.reason }
    }
}

impl<'a> From<&'a settled::Note> for Note<'a> {
    fn from(note: &'a settled::Note) -> Self {
        Note {
            kind: note.kind,
            rule_id: note.rule_id.as_deref(),
            subject: note.subject.as_deref(),
            dataset: note.dataset,
            until: note.until,
            text: &note.text,
        }
    }
}

impl From<&settled::Summary> for Summary {
    fn from(summary: &settled::Summary) -> Self {
        let mut by_severity = BySeverity::default();
        for (severity, count) in &summary.by_severity {
            let slot = match severity {
                Severity::Critical => &mut by_severity.critical,
                Severity::High => &mut by_severity.high,
                Severity::Medium => &mut by_severity.medium,
                Severity::Low => &mut by_severity.low,
                Severity::Info => &mut by_severity.info,
            };
            *slot += count;
        }
        let mut by_state = ByState::default();
        for (state, count) in &summary.by_state {
            let slot = match state {
                State::New => &mut by_state.new,
                State::Existing => &mut by_state.existing,
                State::UnknownBefore => &mut by_state.unknown_before,
                State::Resolved => &mut by_state.resolved,
                State::Unbaselined => &mut by_state.unbaselined,
            };
            *slot += count;
        }
        Summary { by_severity, by_state, waived: summary.waived, worst: summary.worst, exit_code: summary.exit_code }
    }
}
