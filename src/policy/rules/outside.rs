//! Privilege of outside tenants as the customer view observes it: roles that a ceiling allows and nobody holds, and held ones that no other
//! rule reports.

use std::collections::BTreeSet;

use crate::domain::ledger::{Class, Entry};
use crate::domain::{Dataset, Severity};
use crate::policy::rule::{Ctx, Draft, Out};
use crate::policy::settings::Approved;

use super::shared::{few_roles, role_names};
use super::{approval, folding, held};

/// What to do about a role that a ceiling allows.
const IF_ALLOWED: &str = "Nobody holds it yet, and the partner can take it without asking again. Ask the partner for a relationship without it; to end the one \
                          that has it: Microsoft 365 admin center > Settings > Partner relationships > (partner) > Remove roles.";
/// What to do about a role that is held.
const IF_HELD: &str = "Ask whose it is and what for. Have the partner take the role off that group (Partner Center > Customers > (customer) > Admin \
                       relationships), or remove the assignment here: Entra admin center > Roles & admins > the role > Assignments.";

/// What a rule about privilege looks for.
pub(super) struct Wanted<'r> {
    /// The roles, by outside tenant and template id.
    pub(super) selects: &'r dyn Fn(&Entry, &str) -> bool,
    /// Held roles that another rule reports are left to it.
    pub(super) folds: bool,
    /// How bad these roles are in the hands of a tenant that holds, or may hold, all of the second list.
    pub(super) severity: &'r dyn Fn(&[&str], &BTreeSet<&str>) -> Severity,
    /// The title where a ceiling allows them.
    pub(super) allowed: &'static str,
    /// The title where one is held.
    pub(super) held: &'static str,
}

/// Judges every outside tenant.
pub(super) fn judge(ctx: &Ctx<'_>, out: &mut Out, wanted: &Wanted<'_>) {
    for entry in ctx.ledger.entries.values() {
        let all = within_reach(entry);
        for one in held::of_entry(entry) {
            let role = one.role.role_id.as_str();
            let is_taken = || wanted.folds && folding::taken_by(ctx, entry, one.role).is_some();
            if (wanted.selects)(entry, role) && !is_taken() {
                let draft = one.draft().title(wanted.held).remediation(IF_HELD).severity((wanted.severity)(&[role], &all));
                out.push(settled(draft, approval::covering_held(ctx, entry, one.role), None));
            }
        }
        if has_ceiling_of_a_partner(entry) {
            out.findings.extend(ceiling(ctx, entry, wanted, &all));
        }
    }
}

/// Roles that a tenant holds or may be given.
pub(super) fn within_reach(entry: &Entry) -> BTreeSet<&str> {
    let allowed = entry.ceiling.iter().flatten().map(String::as_str).filter(|_| has_ceiling_of_a_partner(entry));
    allowed.chain(entry.roles.iter().map(|role| role.role_id.as_str())).collect()
}

/// A support case and a governing tenant have rules of their own.
fn has_ceiling_of_a_partner(entry: &Entry) -> bool {
    !matches!(entry.class, Class::MicrosoftSupport | Class::GoverningTenant)
}

/// The finding on roles that stand in the ceiling alone. What an approval covers lowers it only if it covers all of them.
fn ceiling(ctx: &Ctx<'_>, entry: &Entry, wanted: &Wanted<'_>, all: &BTreeSet<&str>) -> Option<Draft> {
    let held: BTreeSet<&str> = entry.roles.iter().map(|role| role.role_id.as_str()).collect();
    let found: Vec<&str> =
        entry.ceiling.iter().flatten().map(String::as_str).filter(|role| (wanted.selects)(entry, role) && !held.contains(role)).collect();
    let beyond: Vec<&str> = found.iter().copied().filter(|role| approval::covering(ctx, entry, role).is_none()).collect();
    let covering = found.first().filter(|_| beyond.is_empty()).and_then(|role| approval::covering(ctx, entry, role));
    let told = if beyond.is_empty() { found } else { beyond };
    if told.is_empty() {
        return None;
    }
    let names = role_names(told.iter().copied());
    let draft = Draft::outside(entry)
        .key("ceiling")
        .remediation(IF_ALLOWED)
        .title(wanted.allowed)
        .severity((wanted.severity)(&told, all))
        .note(few_roles(&names))
        .since(entry.ceiling_created)
        .evidence("allowedRoleTemplateIds", names, Dataset::ProviderConstraints)
        .evidence("roleAssignments", 0, Dataset::RoleAssignments);
    Some(settled(draft, covering, limited(ctx, entry)))
}

/// The approval that a finding on a tenant may lie beyond: the one that holds, or else one that has run out.
pub(super) fn limited<'a>(ctx: &Ctx<'a>, entry: &Entry) -> Option<&'a Approved> {
    ctx.approval(&entry.tenant_id).or_else(|| approval::run_out(ctx, &entry.tenant_id))
}

/// Lowers what an approval covers, and names the one that it lies beyond.
pub(super) fn settled(draft: Draft, covering: Option<&Approved>, beyond: Option<&Approved>) -> Draft {
    match (covering, beyond) {
        (Some(approval), _) => approval::lowered(draft, approval),
        (None, Some(approval)) => draft.naming(approval),
        (None, None) => draft,
    }
}
