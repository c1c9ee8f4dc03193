//! Names and domains of outside tenants, as far as this tenant can know them. What a file says comes later.

use std::collections::HashMap;

use super::Entry;
use super::join::{Join, UNKNOWN_HOME, in_order, lower};
use crate::domain::customer::{MICROSOFT_SUPPORT_TENANT, TenantName};

/// Adds names to the entries so far.
pub(super) fn add(join: &mut Join<'_>) {
    let known: HashMap<String, &TenantName> =
        in_order(&join.facts.tenant_names).into_iter().map(|name| (lower(&name.tenant_id), name)).collect();
    for draft in join.drafts_mut() {
        let found = known.get(&draft.entry.tenant_id);
        draft.entry.domain = found.and_then(|name| name.default_domain.as_deref()).map(lower).filter(|domain| !domain.is_empty());
        if draft.is_unknown_home && draft.entry.tenant_id != UNKNOWN_HOME {
            draft.entry.domain = Some(draft.entry.tenant_id.clone());
        }
        let looked_up = found.and_then(|name| name.display_name.as_deref());
        draft.entry.name = filled(looked_up).or_else(|| other(&draft.entry)).unwrap_or_else(|| draft.entry.tenant_id.clone());
    }
}

/// The name without blanks around it; `None` if nothing is left.
pub(super) fn filled(name: Option<&str>) -> Option<String> {
    name.map(str::trim).filter(|name| !name.is_empty()).map(str::to_owned)
}

/// A name from somewhere else than the look-up.
fn other(entry: &Entry) -> Option<String> {
    match entry.tenant_id.as_str() {
        MICROSOFT_SUPPORT_TENANT => Some("Microsoft Support".to_owned()),
        UNKNOWN_HOME => Some("unknown tenant".to_owned()),
        _ => entry.governance.iter().filter_map(|row| filled(row.governing_tenant_name.as_deref())).min(),
    }
}
