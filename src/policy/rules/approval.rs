//! What an organisation approved of an outside tenant: what lies inside is worth knowing and no more.

use crate::domain::Party;
use crate::domain::ledger::{Entry, HeldRole};
use crate::policy::rule::{Ctx, Draft};
use crate::policy::settings::Approved;

/// The approval that covers a role of an outside tenant at the run's time, if there is one.
pub(super) fn covering<'a>(ctx: &Ctx<'a>, entry: &Entry, role_id: &str) -> Option<&'a Approved> {
    ctx.approval(&entry.tenant_id).filter(|approval| approval.covers(role_id))
}

/// The same of a role in the hands of one principal: an approval may name the groups that it means.
pub(super) fn covering_held<'a>(ctx: &Ctx<'a>, entry: &Entry, role: &HeldRole) -> Option<&'a Approved> {
    ctx.approval(&entry.tenant_id).filter(|approval| approval.covers_held(&role.role_id, &role.principal_id))
}

/// The approval of an outside tenant that has run out, if there is one.
pub(super) fn run_out<'a>(ctx: &Ctx<'a>, tenant_id: &str) -> Option<&'a Approved> {
    ctx.approved.iter().find(|approval| approval.tenant_id == tenant_id && approval.until.is_some_and(|until| until < ctx.now))
}

/// A finding that lies inside an approval: info, and who answers for it.
pub(super) fn lowered(draft: Draft, approval: &Approved) -> Draft {
    named(draft.approved(approval.named()), approval)
}

/// The approval as evidence of a finding, whether it lies inside or beyond it.
pub(super) fn named(draft: Draft, approval: &Approved) -> Draft {
    let draft = draft.setting("approved.owner", approval.owner.as_str());
    let draft = match approval.until {
        Some(until) => draft.setting("approved.until", until.to_string()),
        None => draft,
    };
    match &approval.ticket {
        Some(ticket) => draft.setting("approved.ticket", ticket.as_str()),
        None => draft,
    }
}

/// The outside tenant as the partner of a finding; `None` where the tenant itself is not known.
pub(super) fn party(entry: &Entry) -> Option<Party> {
    let is_known = entry.tenant_id != crate::domain::ledger::UNKNOWN_HOME;
    is_known.then(|| Party { tenant_id: entry.tenant_id.clone(), name: entry.name.clone() })
}
