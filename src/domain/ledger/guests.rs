//! Guests and external members who hold roles, joined by their home tenant, or else by their mail domain.

use super::LedgerGuest;
use super::join::{Join, UNKNOWN_HOME, in_order, lower};
use crate::domain::customer::{ExternalUser, TenantName};

/// Adds the guests. Their roles come later.
pub(super) fn add(join: &mut Join<'_>) {
    for user in in_order(&join.facts.external_users) {
        let Some((home, is_unknown)) = home(join, user) else { continue };
        let id = lower(&user.id);
        if join.guests.contains_key(&id) {
            continue;
        }
        let draft = join.draft(&home);
        draft.is_unknown_home |= is_unknown;
        let place = draft.entry.guests.len();
        draft.entry.guests.push(LedgerGuest { id: id.clone(), name: name(user).to_owned(), roles: Vec::new() });
        for group in &user.through_groups {
            join.through.entry(lower(group)).or_default().push((home.clone(), place));
        }
        join.guests.insert(id, (home, place));
    }
}

/// The best name there is.
fn name(user: &ExternalUser) -> &str {
    let names = [user.mail.as_deref(), user.display_name.as_deref(), user.user_principal_name.as_deref()];
    names.into_iter().flatten().find(|name| !name.trim().is_empty()).unwrap_or(&user.id)
}

/// The entry that a guest belongs to, and whether its tenant is unknown. `None`: its home is this tenant.
fn home(join: &Join<'_>, user: &ExternalUser) -> Option<(String, bool)> {
    if let Some(home) = user.home_tenant_id.as_deref().filter(|home| !home.trim().is_empty()) {
        return join.outside(home).map(|home| (home, false));
    }
    let Some(domain) = domain(user) else { return Some((UNKNOWN_HOME.to_owned(), true)) };
    // A name that was looked up for another reason may tell the tenant all the same.
    let is_its = |name: &&TenantName| name.default_domain.as_deref().is_some_and(|own| own.eq_ignore_ascii_case(&domain));
    let named = join.facts.tenant_names.iter().filter(is_its).min();
    match named.and_then(|name| join.outside(&name.tenant_id)) {
        Some(home) => Some((home, false)),
        None => Some((domain, true)),
    }
}

/// The mail domain, lower case: that of the address, or the one in a sign-in name of the form `name_domain#EXT#@tenant`.
fn domain(user: &ExternalUser) -> Option<String> {
    let invited = |name: &str| {
        let end = name.to_ascii_lowercase().find("#ext#")?;
        name.get(..end)?.rsplit_once('_').map(|(_, domain)| lower(domain))
    };
    let of_mail = user.mail.as_deref().and_then(|mail| mail.rsplit_once('@')).map(|(_, domain)| lower(domain));
    of_mail.or_else(|| user.user_principal_name.as_deref().and_then(invited)).filter(|domain| domain.contains('.'))
}
