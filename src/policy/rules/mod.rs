//! The built-in rules: one file each, its page beside it. A new rule adds one `mod` line and one line in [`ALL`].

use super::rule::Rule;

mod gdap_auto_extend_high_privilege;
mod gdap_broken_assignment;
mod gdap_expiring_soon;
mod gdap_global_administrator;
mod gdap_group_not_protected;
mod gdap_long_duration;
mod gdap_member_inactive;
mod gdap_member_without_mfa;
mod gdap_pending_offer_high_privilege;
mod gdap_relationship_without_assignment;
mod gdap_role_without_assignment;
mod gdap_stale_offer;
mod gdap_tier0_role;
mod gdap_too_many_roles;
mod gdap_unknown_role;
mod gdap_untargeted_offer;
mod gdap_unused_relationship;
mod lookback_too_short;
mod relationship_data_gap;
mod signin_log_coverage_gap;

mod shared;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

/// Every built-in rule, by code.
pub static ALL: &[&Rule] = &[
    &gdap_role_without_assignment::RULE,
    &gdap_relationship_without_assignment::RULE,
    &gdap_broken_assignment::RULE,
    &gdap_group_not_protected::RULE,
    &signin_log_coverage_gap::RULE,
    &relationship_data_gap::RULE,
    &lookback_too_short::RULE,
    &gdap_auto_extend_high_privilege::RULE,
    &gdap_long_duration::RULE,
    &gdap_expiring_soon::RULE,
    &gdap_unused_relationship::RULE,
    &gdap_member_without_mfa::RULE,
    &gdap_member_inactive::RULE,
    &gdap_pending_offer_high_privilege::RULE,
    &gdap_stale_offer::RULE,
    &gdap_untargeted_offer::RULE,
    &gdap_global_administrator::RULE,
    &gdap_tier0_role::RULE,
    &gdap_too_many_roles::RULE,
    &gdap_unknown_role::RULE,
];
