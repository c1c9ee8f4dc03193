//! Approvals that ended: they count as none, and a report says so.

use std::collections::BTreeSet;

use crate::domain::Timestamp;
use crate::domain::report::{Note, NoteKind};

use super::rule::{APPROVED_OWNER, Ctx, Draft};
use super::settings::Approved;

/// The approval of a tenant that ended last, if none holds.
pub(super) fn of<'a>(approved: &'a [Approved], tenant_id: &str, now: Timestamp) -> Option<&'a Approved> {
    let mut own = approved.iter().filter(|approval| approval.tenant_id == tenant_id);
    let last = own.clone().max_by_key(|approval| approval.until)?;
    own.all(|approval| !approval.holds(now)).then_some(last)
}

/// Names, in a finding, the approval of the other side that ended, unless the rule did.
pub(super) fn named(ctx: &Ctx<'_>, draft: Draft, other_side: Option<&str>) -> Draft {
    let is_named = draft.approval.is_some() || draft.evidence.iter().any(|evidence| evidence.field == APPROVED_OWNER);
    match other_side.filter(|_| !is_named).and_then(|id| of(ctx.approved, id, ctx.now)) {
        Some(approval) => draft.naming(approval),
        None => draft,
    }
}

/// A note on each tenant whose approvals have all ended.
pub(super) fn notes(approved: &[Approved], now: Timestamp) -> Vec<Note> {
    let tenants: BTreeSet<&str> = approved.iter().map(|approval| approval.tenant_id.as_str()).collect();
    tenants.into_iter().filter_map(|id| of(approved, id, now)).map(note).collect()
}

fn note(approval: &Approved) -> Note {
    let who = if approval.name.is_empty() { &approval.tenant_id } else { &approval.name };
    let ended = approval.until.map(|until| format!(" on {}", until.date())).unwrap_or_default();
    Note {
        kind: NoteKind::EndedApproval,
        rule_id: None,
        subject: Some(approval.tenant_id.clone()),
        dataset: None,
        until: approval.until,
        text: format!("the approval of {who} ended{ended}: it counts as none ({})", approval.owner),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_approval_that_ended_is_told_once_and_only_if_none_holds() {
        let now = Timestamp::parse("2026-06-01T12:00:00Z").unwrap();
        let entry = |days: Option<i64>| Approved {
            tenant_id: "t".into(),
            owner: "it".into(),
            until: days.map(|days| now.plus_days(days)),
            ..Approved::default()
        };
        let told = |approved: &[Approved]| notes(approved, now).into_iter().map(|note| (note.kind, note.text)).collect::<Vec<_>>();
        let text = "the approval of t ended on 2026-05-31: it counts as none (it)".to_owned();
        assert_eq!(told(&[entry(Some(-1))]), [(NoteKind::EndedApproval, text)]);
        assert_eq!((told(&[entry(Some(0))]), told(&[entry(None)]), told(&[])), (vec![], vec![], vec![]));
        assert_eq!(of(&[entry(Some(-3)), entry(Some(-1))], "t", now).and_then(|of| of.until), Some(now.plus_days(-1)));
        assert_eq!(of(&[entry(Some(-3)), entry(Some(1))], "t", now), None);
    }
}
