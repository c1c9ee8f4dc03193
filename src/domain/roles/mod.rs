//! The catalog of Entra built-in roles: 144 template ids with tier, privileged label and GDAP support.
//!
//! Source: Microsoft's permissions reference of 2026-01-20 and a machine copy of it of 2026-07; tiers are this catalog's judgement.
//! `table.rs` is generated from `roles.tsv`; `cargo test` holds the two together.

pub mod sets;
mod table;

/// Global Administrator.
pub const GLOBAL_ADMINISTRATOR: &str = "62e90394-69f5-4237-9190-012177145e10";
/// Privileged Role Administrator.
pub const PRIVILEGED_ROLE_ADMINISTRATOR: &str = "e8611ab8-c189-46e8-94e1-60213ab1f814";
/// Privileged Authentication Administrator.
pub const PRIVILEGED_AUTHENTICATION_ADMINISTRATOR: &str = "7be44c8a-adaf-4e2a-84d6-ab2649e08a13";

/// Whether GDAP can grant a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum GdapSupport {
    /// Named by Microsoft or by field evidence.
    Yes,
    /// No list names it.
    Unknown,
    /// An implicit role.
    No,
}

/// One built-in role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Role {
    /// Template id, lower case.
    pub id: &'static str,
    /// Microsoft's name.
    pub name: &'static str,
    /// Microsoft's "privileged" label.
    pub privileged: bool,
    /// 0 tenant takeover, 1 major workload or defences, 2 limited write, 3 read only.
    pub tier: u8,
    /// Grants no write.
    pub read_only: bool,
    /// Whether GDAP can grant it.
    pub gdap: GdapSupport,
}

/// Every role, sorted by id.
pub fn all() -> &'static [Role] {
    table::ROLES
}

/// The role of a template id, compared without case; `None` if the catalog does not have it.
pub fn by_id(id: &str) -> Option<&'static Role> {
    let find = |id: &str| {
        let wanted = head(id)?;
        let index = table::ROLES.binary_search_by(|role| head(role.id).cmp(&Some(wanted))).ok()?;
        Some(&table::ROLES[index]).filter(|role| role.id == id)
    };
    find(id).or_else(|| id.bytes().any(|b| b.is_ascii_uppercase()).then(|| find(&id.to_ascii_lowercase())).flatten())
}

/// The first eight letters of an id as one number: no two roles share them, and a number is compared at once.
fn head(id: &str) -> Option<u64> {
    id.as_bytes().first_chunk().copied().map(u64::from_be_bytes)
}

/// The role of a name, compared without case.
pub fn by_name(name: &str) -> Option<&'static Role> {
    table::ROLES.iter().find(|role| role.name.eq_ignore_ascii_case(name))
}

/// The tier of a template id; `None` if the catalog does not have it.
pub fn tier(id: &str) -> Option<u8> {
    by_id(id).map(|role| role.tier)
}

/// The best name for a template id: its own, or the id itself.
pub fn name(id: &str) -> &str {
    by_id(id).map_or(id, |role| role.name)
}

/// The lowest tier number among template ids, unknown ones aside.
pub fn worst_tier<'a>(ids: impl IntoIterator<Item = &'a str>) -> Option<u8> {
    ids.into_iter().filter_map(tier).min()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_is_whole_and_sorted() {
        assert_eq!(all().len(), 144);
        assert!(all().windows(2).all(|pair| pair[0].id < pair[1].id));
        assert!(all().windows(2).all(|pair| head(pair[0].id) < head(pair[1].id)), "the first eight letters tell roles apart");
        assert!(all().iter().all(|role| role.id.len() == 36 && role.tier <= 3 && role.id == role.id.to_ascii_lowercase()));
        let count = |tier: u8| all().iter().filter(|role| role.tier == tier).count();
        assert_eq!([count(0), count(1), count(2), count(3)], [13, 34, 73, 24]);
    }

    #[test]
    fn lookups() {
        assert_eq!(by_id(&GLOBAL_ADMINISTRATOR.to_uppercase()).map(|role| role.name), Some("Global Administrator"));
        assert_eq!(by_name("global reader").map(|role| role.tier), Some(3));
        // A public tool carries this wrong id for Domain Name Administrator: it must stay unknown.
        assert_eq!(by_id("8329153a-20ed-4bf8-aa37-81242c6e8e01"), None);
        assert_eq!(name("nonsense"), "nonsense");
        assert_eq!(worst_tier([GLOBAL_ADMINISTRATOR, "nonsense"]), Some(0));
        assert_eq!(worst_tier(["nonsense"]), None);
    }
}
