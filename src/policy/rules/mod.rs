//! The built-in rules: one file each, its page beside it. A new rule adds one `mod` line and one line in [`ALL`].

use super::rule::Rule;

mod ca_gap_for_service_providers;
mod ceiling_role_unused;
mod dap_and_gdap_coexist;
mod dap_still_active;
mod declared_ended_still_present;
mod dormant_service_provider;
mod foreign_principal_role_assignment;
mod gdap_auto_extend_high_privilege;
mod gdap_broken_assignment;
mod gdap_default_role_set_kept;
mod gdap_deprecated_or_internal_role;
mod gdap_expiring_soon;
mod gdap_global_administrator;
mod gdap_group_blast_radius;
mod gdap_group_dynamic_or_synced;
mod gdap_group_not_protected;
mod gdap_long_duration;
mod gdap_member_guest_or_app;
mod gdap_member_inactive;
mod gdap_member_weak_mfa;
mod gdap_member_without_mfa;
mod gdap_overlapping_relationships;
mod gdap_pending_offer_high_privilege;
mod gdap_relationship_without_assignment;
mod gdap_role_without_assignment;
mod gdap_stale_offer;
mod gdap_standing_tier0_members;
mod gdap_tier0_role;
mod gdap_tier0_to_default_agent_group;
mod gdap_too_many_roles;
mod gdap_unknown_role;
mod gdap_untargeted_offer;
mod gdap_unused_relationship;
mod governance_app_injection;
mod governance_not_terminable;
mod governance_request_pending;
mod governing_tenant_relationship;
mod lookback_too_short;
mod member_set_grew_since_baseline;
mod microsoft_support_access_lingers;
mod new_relationship_since_baseline;
mod partner_adds_app_credential_or_consent;
mod partner_app_high_privilege;
mod partner_app_signin_new_source;
mod partner_app_stale_or_unverified;
mod partner_changes_domain_or_federation;
mod partner_grants_directory_role;
mod partner_guest_or_local_admin;
mod partner_mailbox_access;
mod partner_relationship_created;
mod partner_roles_expanded;
mod partner_session_attack_chain;
mod partner_signin_failure_burst;
mod partner_signin_impossible_travel;
mod partner_signin_new_country;
mod partner_signin_new_network;
mod partner_signin_off_hours;
mod partner_signin_single_factor;
mod partner_signin_weak_protocol;
mod partner_signin_without_relationship;
mod partner_user_tenant_fanout;
mod partner_weakens_security_policy;
mod privilege_grew_since_baseline;
mod relationship_data_gap;
mod reseller_chain_double_access;
mod role_outside_ceiling;
mod role_without_service_provider_entry;
mod service_provider_extra_trust;
mod signin_log_coverage_gap;
mod unknown_service_provider_tenant;

mod approval;
mod audit_trail;
mod declared_rows;
mod folding;
mod governance;
mod held;
mod limits;
mod network;
mod outside;
#[cfg(test)]
mod outward;
#[cfg(test)]
mod proved;
mod shared;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod told;
#[cfg(test)]
mod unturned;
mod visits;

/// Every built-in rule, by code.
pub static ALL: &[&Rule] = &[
    &partner_guest_or_local_admin::RULE,
    &partner_app_high_privilege::RULE,
    &partner_app_stale_or_unverified::RULE,
    &gdap_role_without_assignment::RULE,
    &gdap_relationship_without_assignment::RULE,
    &gdap_broken_assignment::RULE,
    &gdap_tier0_to_default_agent_group::RULE,
    &gdap_group_not_protected::RULE,
    &gdap_group_dynamic_or_synced::RULE,
    &gdap_group_blast_radius::RULE,
    &partner_relationship_created::RULE,
    &partner_roles_expanded::RULE,
    &partner_grants_directory_role::RULE,
    &partner_weakens_security_policy::RULE,
    &partner_changes_domain_or_federation::RULE,
    &partner_adds_app_credential_or_consent::RULE,
    &partner_mailbox_access::RULE,
    &partner_session_attack_chain::RULE,
    &new_relationship_since_baseline::RULE,
    &privilege_grew_since_baseline::RULE,
    &member_set_grew_since_baseline::RULE,
    &signin_log_coverage_gap::RULE,
    &relationship_data_gap::RULE,
    &lookback_too_short::RULE,
    &dap_still_active::RULE,
    &dap_and_gdap_coexist::RULE,
    &gdap_auto_extend_high_privilege::RULE,
    &gdap_long_duration::RULE,
    &gdap_expiring_soon::RULE,
    &gdap_unused_relationship::RULE,
    &gdap_overlapping_relationships::RULE,
    &gdap_member_without_mfa::RULE,
    &gdap_member_inactive::RULE,
    &gdap_member_guest_or_app::RULE,
    &gdap_standing_tier0_members::RULE,
    &gdap_member_weak_mfa::RULE,
    &gdap_pending_offer_high_privilege::RULE,
    &gdap_stale_offer::RULE,
    &gdap_untargeted_offer::RULE,
    &gdap_global_administrator::RULE,
    &gdap_tier0_role::RULE,
    &gdap_too_many_roles::RULE,
    &gdap_deprecated_or_internal_role::RULE,
    &gdap_unknown_role::RULE,
    &gdap_default_role_set_kept::RULE,
    &role_without_service_provider_entry::RULE,
    &role_outside_ceiling::RULE,
    &ceiling_role_unused::RULE,
    &dormant_service_provider::RULE,
    &declared_ended_still_present::RULE,
    &reseller_chain_double_access::RULE,
    &partner_signin_without_relationship::RULE,
    &partner_signin_new_country::RULE,
    &partner_signin_new_network::RULE,
    &partner_signin_impossible_travel::RULE,
    &partner_signin_single_factor::RULE,
    &partner_signin_weak_protocol::RULE,
    &partner_signin_off_hours::RULE,
    &partner_signin_failure_burst::RULE,
    &partner_app_signin_new_source::RULE,
    &partner_user_tenant_fanout::RULE,
    &governing_tenant_relationship::RULE,
    &governance_not_terminable::RULE,
    &governance_request_pending::RULE,
    &governance_app_injection::RULE,
    &unknown_service_provider_tenant::RULE,
    &ca_gap_for_service_providers::RULE,
    &foreign_principal_role_assignment::RULE,
    &service_provider_extra_trust::RULE,
    &microsoft_support_access_lingers::RULE,
];
