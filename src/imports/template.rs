//! The file that an admin fills in from the Partner relationships page.

/// What `partnerscope init declared` writes: every key with its meaning, the rows commented out.
pub const DECLARED_TEMPLATE: &str = include_str!("declared-template.toml");
