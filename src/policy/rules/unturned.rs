//! Fields and settings whose change turns no verdict on their rule's page, each with the reason and the test that shows it instead.
//! A reason that is not needed any more fails.

/// What turns no verdict on the page of a rule.
pub(super) struct Unturned {
    /// Id of the rule.
    pub(super) rule: &'static str,
    /// Its fields, or its settings.
    pub(super) what: &'static [&'static str],
    /// The test that turns it: `file::name`.
    pub(super) held_by: &'static str,
    /// Why the page does not.
    pub(super) why: &'static str,
}

const fn unturned(rule: &'static str, what: &'static [&'static str], held_by: &'static str, why: &'static str) -> Unturned {
    Unturned { rule, what, held_by, why }
}

/// Fields.
pub(super) const FIELDS: &[Unturned] = &[
    unturned(
        "partner-grants-directory-role",
        &["roleDefinitions.isBuiltIn", "roleDefinitions.displayName"],
        "policy/rules/partner_grants_directory_role::a_role_that_cannot_be_told_is_not_judged",
        "Asked only where an event names a role without its id.",
    ),
    unturned(
        "partner-guest-or-local-admin",
        &["externalUsers.throughGroups", "roleSchedules.principalId"],
        "policy/rules/partner_guest_or_local_admin::roles_through_groups_and_eligible_ones_count",
        "The page holds roles by hand: groups and eligibility need two lists that meet.",
    ),
    unturned(
        "partner-guest-or-local-admin",
        &["subscriptions.ownerTenantId"],
        "domain/ledger/tests::each_class_has_its_reason",
        "One of the ways in which a tenant is a partner, told by the ledger.",
    ),
    unturned(
        "partner-app-high-privilege",
        &["roleAssignments.roleDefinitionId"],
        "policy/rules/partner_app_high_privilege::what_takes_over_is_critical_and_the_rest_high",
        "A role of the application itself; the page shows permissions.",
    ),
    unturned(
        "partner-app-high-privilege",
        &["subscriptions.ownerTenantId"],
        "policy/rules/partner_app_high_privilege::publishers_and_microsoft_support_are_no_partners",
        "One of the ways in which an owner is a partner; the page shows another.",
    ),
    unturned(
        "gdap-tier0-to-default-agent-group",
        &["relationships.customer.tenantId"],
        "policy/rules/gdap_tier0_to_default_agent_group::it_says_how_far_the_group_reaches",
        "One customer stays one, whichever it is: the count turns with a second.",
    ),
    unturned(
        "partner-relationship-created",
        &["crossTenantPartners.tenantId", "crossTenantPartners.isServiceProvider"],
        "policy/rules/partner_relationship_created::approved_tenants_and_plain_settings_weigh_less",
        "Asked only where the event itself does not say it; the events of the page do.",
    ),
    unturned(
        "partner-roles-expanded",
        &["audits.targets.id"],
        "policy/rules/partner_roles_expanded::the_highest_tier_that_was_added_decides",
        "Asked only where no changed value names the tenant, and the ledger knows it.",
    ),
    unturned(
        "partner-grants-directory-role",
        &["organization.verifiedDomains", "signIns.events.userId"],
        "policy/rules/audit_trail::technicians_are_known_by_name_by_log_and_by_tenant",
        "Whether the actor is someone of this tenant, or of a partner: told for all rules of the audit log in one place.",
    ),
    unturned(
        "partner-weakens-security-policy",
        &["organization.verifiedDomains", "signIns.events.userId"],
        "policy/rules/audit_trail::technicians_are_known_by_name_by_log_and_by_tenant",
        "Whether the actor is someone of this tenant, or of a partner: told for all rules of the audit log in one place.",
    ),
    unturned(
        "partner-changes-domain-or-federation",
        &["organization.verifiedDomains", "signIns.events.userId"],
        "policy/rules/audit_trail::technicians_are_known_by_name_by_log_and_by_tenant",
        "Whether the actor is someone of this tenant, or of a partner: told for all rules of the audit log in one place.",
    ),
    unturned(
        "partner-adds-app-credential-or-consent",
        &["organization.verifiedDomains", "signIns.events.userId"],
        "policy/rules/audit_trail::technicians_are_known_by_name_by_log_and_by_tenant",
        "Whether the actor is someone of this tenant, or of a partner: told for all rules of the audit log in one place.",
    ),
    unturned(
        "partner-mailbox-access",
        &["organization.verifiedDomains"],
        "policy/rules/audit_trail::own_accounts_and_microsoft_support_are_none_of_them",
        "Whether the actor is someone of this tenant, or of a partner: told for all rules of the audit log in one place.",
    ),
    unturned(
        "partner-session-attack-chain",
        &["organization.verifiedDomains"],
        "policy/rules/audit_trail::own_accounts_and_microsoft_support_are_none_of_them",
        "Whether the actor is someone of this tenant, or of a partner: told for all rules of the audit log in one place.",
    ),
    unturned(
        "partner-mailbox-access",
        &["purview.userType"],
        "policy/rules/partner_mailbox_access::technicians_by_kind_and_by_name",
        "A second sign beside the name; the actor of the page has both.",
    ),
    unturned(
        "partner-session-attack-chain",
        &["signIns.events.asn", "signIns.events.clientAppUsed", "signIns.events.riskEventTypes"],
        "policy/rules/partner_session_attack_chain::each_sign_marks_a_session",
        "Each marks a session that another sign of the page marks already.",
    ),
    unturned(
        "privilege-grew-since-baseline",
        &["groups.isAssignableToRole"],
        "policy/rules/privilege_grew_since_baseline::a_group_that_lost_its_protection",
        "Turns only with the same group in the baseline, which the page has without it.",
    ),
    unturned(
        "relationship-data-gap",
        &["declared.relationships.relationship.status"],
        "policy/rules/relationship_data_gap::declared_statuses_that_are_not_known_are_told",
        "No page has a status that is not known.",
    ),
    unturned(
        "dap-and-gdap-coexist",
        &["customers.tenantId"],
        "policy/rules/dap_and_gdap_coexist::in_the_partner_view_a_tie_without_a_relationship",
        "A second source of the same tie; the page has the contract.",
    ),
    unturned(
        "gdap-unused-relationship",
        &["assignments.groupId", "assignments.status", "groupMembers", "signIns.events.userId"],
        "policy/rules/gdap_unused_relationship::a_sign_in_counts_where_its_person_reaches",
        "Whose sign-in counts for which of two relationships: the page has one.",
    ),
    unturned(
        "gdap-unused-relationship",
        &["groupPim.principalId"],
        "policy/rules/gdap_unused_relationship::a_person_who_is_eligible_only_reaches_too",
        "Whose sign-in counts for which of two relationships: the page has one.",
    ),
    unturned(
        "gdap-unused-relationship",
        &["declared.relationships.relationship.activatedDateTime"],
        "policy/rules/gdap_unused_relationship::in_the_customer_view_declared_ones_stand_for_themselves_or_explain",
        "The page shows the observed age, which comes first.",
    ),
    unturned(
        "gdap-member-inactive",
        &["principals.createdDateTime"],
        "policy/rules/gdap_member_inactive::never_is_an_absence",
        "Asked only of accounts that never signed in.",
    ),
    unturned(
        "gdap-standing-tier0-members",
        &["principals.kind"],
        "policy/rules/gdap_standing_tier0_members::only_tier_0_and_only_who_can_act",
        "A kind that cannot act takes the account out of many; the page has one that another list must also name.",
    ),
    unturned(
        "gdap-standing-tier0-members",
        &["groupPim.endDateTime"],
        "policy/rules/gdap_standing_tier0_members::a_member_for_good_is_standing_and_one_for_a_while_is_not",
        "An end counts on the instance of each member; the page shows activated ones.",
    ),
    unturned(
        "role-without-service-provider-entry",
        &["foreignPrincipals.tenantId"],
        "policy/rules/role_without_service_provider_entry::a_role_and_no_entry",
        "Asked only where the assignment does not name the tenant of its principal.",
    ),
    unturned(
        "foreign-principal-role-assignment",
        &["foreignPrincipals.tenantId"],
        "policy/rules/foreign_principal_role_assignment::an_eligible_role_is_said_to_be_one_and_an_unknown_tenant_is_no_partner",
        "Asked only where the assignment does not name the tenant of its principal.",
    ),
    unturned(
        "foreign-principal-role-assignment",
        &["roleSchedules.kind"],
        "policy/rules/foreign_principal_role_assignment::an_eligible_role_is_said_to_be_one_and_an_unknown_tenant_is_no_partner",
        "The page shows roles that are assigned.",
    ),
    unturned(
        "foreign-principal-role-assignment",
        &["roleDefinitions.templateId"],
        "domain/ledger/tests::a_role_of_the_tenant_s_own_has_no_tier",
        "Which role an id means is told for all rules by the ledger.",
    ),
    unturned(
        "role-outside-ceiling",
        &["roleDefinitions.templateId"],
        "domain/ledger/tests::a_role_of_the_tenant_s_own_has_no_tier",
        "Which role an id means is told for all rules by the ledger.",
    ),
    unturned(
        "ceiling-role-unused",
        &["roleSchedules.roleDefinitionId"],
        "policy/rules/ceiling_role_unused::eligible_is_held_and_another_tenant_s_role_is_not",
        "The page shows roles that are assigned.",
    ),
    unturned(
        "dormant-service-provider",
        &["roleSchedules.principalId"],
        "policy/rules/dormant_service_provider::no_role_and_nobody_came",
        "An eligible role ends the finding with a principal that another list places.",
    ),
    unturned(
        "declared-ended-still-present",
        &["servicePrincipals.ownerTenantId"],
        "policy/rules/declared_ended_still_present::every_door_that_is_open_is_named_and_a_shut_one_is_not",
        "A door beside the ones that the page shows.",
    ),
    unturned(
        "reseller-chain-double-access",
        &["declared.partners.kind"],
        "policy/rules/reseller_chain_double_access::the_page_tells_a_chain_only_with_one_provider",
        "The page knows the chain by its relationship; a second way needs both of its rows.",
    ),
    unturned(
        "reseller-chain-double-access",
        &["roleAssignments.principalTenantId"],
        "policy/rules/reseller_chain_double_access::both_of_a_chain_hold_access",
        "Both of a chain must hold access, by whatever door; the page shows another.",
    ),
    unturned(
        "partner-signin-without-relationship",
        &["customer.roleSchedules.principalId", "customer.foreignPrincipals.tenantId"],
        "policy/rules/partner_signin_without_relationship::without_what_tells_of_relationships_it_is_not_judged",
        "Ways in which a role may be placed; the page shows the assignment that names its tenant.",
    ),
    unturned(
        "partner-signin-without-relationship",
        &["customer.declared.relationships.relationship.endDateTime"],
        "policy/rules/partner_signin_without_relationship::declared_relationships_explain_and_remove_nothing",
        "A declared relationship that explains the sign-in, which the page does not show.",
    ),
    unturned(
        "partner-signin-new-country",
        &["customer.audits.actor", "customer.audits.activityDateTime"],
        "policy/rules/partner_signin_new_country::changes_by_the_same_person_make_it_high",
        "A change soon after the sign-in, which the page does not show.",
    ),
    unturned(
        "partner-signin-impossible-travel",
        &["signIns.events.riskEventTypes"],
        "policy/rules/partner_signin_impossible_travel::microsoft_s_own_verdict_counts",
        "A second way to the finding; the page shows the distance.",
    ),
    unturned(
        "partner-signin-failure-burst",
        &["signIns.events.asn"],
        "policy/rules/partner_signin_failure_burst::a_success_from_the_same_place_is_critical",
        "The place of a success, told by its address too.",
    ),
    unturned(
        "partner-signin-single-factor",
        &["coverage.sign-ins.from"],
        "policy/rules/partner_signin_single_factor::what_the_session_began_with_may_lie_before_the_log",
        "Counts for a sign-in near the start of the log; those of the page are not.",
    ),
    unturned(
        "partner-app-signin-new-source",
        &["customer.delegatedGrants.scopes"],
        "policy/rules/partner_app_signin_new_source::an_application_that_can_take_over_is_high",
        "Strength by a second list; the page shows application permissions.",
    ),
    unturned(
        "ca-gap-for-service-providers",
        &["namedLocations.isTrusted", "authenticationStrengths.requirementsSatisfied", "licenses.entraP1", "crossTenantPartners.settings"],
        "domain/ledger/tests::conditional_access_is_judged_for_service_providers",
        "What policies come to is told in domain/conditional_access, by a table of truth and by laws.",
    ),
    unturned(
        "ca-gap-for-service-providers",
        &["roleAssignments.roleDefinitionId"],
        "policy/rules/ca_gap_for_service_providers::every_verdict_has_its_severity",
        "Shown with the roles that a partner holds.",
    ),
    unturned(
        "gdap-unknown-role",
        &["roleAssignments.roleDefinitionId"],
        "policy/rules/gdap_unknown_role::in_the_customer_view_ceilings_and_declared_ones_count_and_held_ones_are_taken",
        "A held role is taken in by the rule on held roles wherever that runs.",
    ),
    unturned(
        "microsoft-support-access-lingers",
        &["audits.activity", "audits.activityDateTime"],
        "policy/rules/microsoft_support_access_lingers::without_a_date_the_audit_log_tells",
        "Asked only where the entry has no date of its own.",
    ),
    unturned(
        "service-provider-extra-trust",
        &["crossTenantPartners.settings.inboundTrust"],
        "policy/rules/service_provider_extra_trust::each_way_in_is_a_finding_of_its_own",
        "The page shows another way in.",
    ),
    unturned(
        "gdap-too-many-roles",
        &["declared.relationships.relationship.roles"],
        "policy/rules/gdap_too_many_roles::what_is_declared_adds_and_never_lowers",
        "The page is above the limit by what was observed.",
    ),
    unturned(
        "gdap-deprecated-or-internal-role",
        &["declared.relationships.relationship.roles"],
        "policy/rules/gdap_deprecated_or_internal_role::in_the_customer_view_ceilings_held_and_declared_ones",
        "The page shows the ceiling.",
    ),
    unturned(
        "gdap-unknown-role",
        &["declared.relationships.relationship.roles"],
        "policy/rules/gdap_unknown_role::in_the_customer_view_ceilings_and_declared_ones_count_and_held_ones_are_taken",
        "The page shows the ceiling.",
    ),
    unturned(
        "gdap-default-role-set-kept",
        &["declared.relationships.relationship.displayName", "declared.relationships.relationship.roles"],
        "policy/rules/gdap_default_role_set_kept::in_the_customer_view_ceilings_by_their_roles_and_declared_ones_by_name_too",
        "The page shows the ceiling.",
    ),
];

/// Settings.
pub(super) const SETTINGS: &[Unturned] = &[
    unturned(
        "partner-guest-or-local-admin",
        &["partner-domains"],
        "policy/rules/partner_guest_or_local_admin::guests_of_partners_and_of_listed_domains",
        "The guest of the page is a partner's without a list.",
    ),
    unturned(
        "partner-guest-or-local-admin",
        &["partner-account-patterns"],
        "policy/rules/partner_guest_or_local_admin::a_name_is_a_weak_sign",
        "The guest of the page is a partner's without its name.",
    ),
    unturned(
        "gdap-group-not-protected",
        &["protect-max-tier"],
        "policy/rules/gdap_group_not_protected::tier_lists_and_history",
        "The group of the page holds a tier 0 role, which every value includes.",
    ),
    unturned(
        "gdap-group-blast-radius",
        &["blast-max-tier"],
        "policy/rules/gdap_group_blast_radius::only_privileged_roles_in_force_count",
        "The group of the page holds a tier 0 role, which every value includes.",
    ),
    unturned(
        "partner-grants-directory-role",
        &["new-account-days"],
        "policy/rules/partner_grants_directory_role::any_role_for_a_new_account",
        "The page gives a strong role, for which the account's age does not count.",
    ),
    unturned(
        "partner-adds-app-credential-or-consent",
        &["strong-app-roles"],
        "policy/rules/partner_adds_app_credential_or_consent::permissions_that_are_strong",
        "The page adds a secret.",
    ),
    unturned(
        "partner-mailbox-access",
        &["bulk-count"],
        "policy/rules/partner_mailbox_access::bulk_is_more_than_the_count_within_a_day",
        "The page has one event, and the least limit is one.",
    ),
    unturned(
        "member-set-grew-since-baseline",
        &["growth-percent"],
        "policy/rules/member_set_grew_since_baseline::others_must_grow_by_three_and_a_quarter",
        "The group of the page is a strong one, in which each newcomer counts.",
    ),
    unturned(
        "gdap-member-without-mfa",
        &["grace-days-new-user"],
        "policy/rules/gdap_member_without_mfa::new_accounts_have_their_days_of_grace",
        "The account of the page does not say its age.",
    ),
    unturned(
        "gdap-standing-tier0-members",
        &["max-tier0-members"],
        "policy/rules/gdap_standing_tier0_members::too_many_even_if_for_a_while",
        "The member of the page is a standing one, whatever their number.",
    ),
    unturned(
        "partner-signin-new-network",
        &["partner-asns"],
        "policy/rules/partner_signin_new_network::a_network_that_the_baseline_does_not_hold",
        "A number, which the lists of the page hold as numbers.",
    ),
    unturned("partner-signin-new-network", &["prefix-v6"], "policy/rules/network::ranges", "The addresses of the page are of IPv4."),
    unturned(
        "partner-signin-impossible-travel",
        &["max-gap-hours"],
        "policy/rules/partner_signin_impossible_travel::too_far_too_fast_from_another_network",
        "The two of the page are an hour apart, the least limit.",
    ),
    unturned(
        "partner-signin-off-hours",
        &["baseline-days"],
        "policy/rules/partner_signin_off_hours::what_is_usual_for_a_person_is_no_finding",
        "A habit that lies further back than the example.",
    ),
    unturned(
        "partner-signin-off-hours",
        &["work-start-hour", "work-end-hour", "rest-days"],
        "policy/rules/partner_signin_off_hours::the_partner_s_clock_decides",
        "The visits of the page lie so that one of hours and days is enough.",
    ),
    unturned(
        "partner-user-tenant-fanout",
        &["baseline-days"],
        "policy/rules/partner_user_tenant_fanout::an_old_habit_is_forgotten",
        "A habit that lies further back than the example.",
    ),
    unturned(
        "service-provider-extra-trust",
        &["allowed-trust"],
        "policy/rules/service_provider_extra_trust::only_service_providers_and_not_what_is_allowed",
        "A word of the rule's own, which no fact holds.",
    ),
    unturned(
        "partner-signin-new-country",
        &["chain-window-minutes"],
        "policy/rules/partner_signin_new_country::changes_by_the_same_person_make_it_high",
        "A change soon after the sign-in, which the page does not show.",
    ),
];
