//! Fields that a rule reads to show them, each with the reason why none of its verdicts turns on it. A reason that is not needed any more fails,
//! and so does one for a field that is not shown.

/// What a rule shows.
pub(super) struct Shown {
    /// Id of the rule.
    pub(super) rule: &'static str,
    /// Its fields.
    pub(super) fields: &'static [&'static str],
    /// Why none of its verdicts turns.
    pub(super) why: &'static str,
}

const fn shown(rule: &'static str, fields: &'static [&'static str], why: &'static str) -> Shown {
    Shown { rule, fields, why }
}

/// Whom or what it concerns.
const WHOM: &str = "Tells a reader whom or what it concerns: shown, and found whatever it is called.";
/// When.
const WHEN: &str = "When it began, happened or ends: shown, and no limit is set to it here.";
/// Why something was not read.
const WHY_UNREAD: &str = "What was missing, and why: shown. That it was not read decides.";

/// Fields that a finding shows, and that turn no verdict on the page: changing one must change what is shown.
pub(super) const SHOWN: &[Shown] = &[
    shown("partner-guest-or-local-admin", &["externalUsers.mail", "externalUsers.userPrincipalName", "externalUsers.displayName"], WHOM),
    shown(
        "partner-guest-or-local-admin",
        &["externalUsers.userType", "externalUsers.accountEnabled"],
        "Whether it is a guest, and may sign in now: shown, and a role in its hands is found either way.",
    ),
    shown(
        "partner-app-high-privilege",
        &["servicePrincipals.accountEnabled"],
        "Whether it may sign in now: shown, and what it is allowed is found either way.",
    ),
    shown("gdap-role-without-assignment", &["relationships.activatedDateTime", "relationships.createdDateTime"], WHEN),
    shown(
        "gdap-broken-assignment",
        &["assignments.roles"],
        "What was meant to be given: shown, and an assignment is broken whichever roles it names.",
    ),
    shown("gdap-broken-assignment", &["relationships.endDateTime"], WHEN),
    shown("gdap-tier0-to-default-agent-group", &["groupMembers"], "How many people that reaches: shown, and no limit is set to it."),
    shown(
        "gdap-group-dynamic-or-synced",
        &["groups.membershipRule"],
        "The rule that fills the group: shown. That there is one is told by the type.",
    ),
    shown("gdap-group-blast-radius", &["groupMembers"], "How many people that reaches: shown. The limit is on customers."),
    shown("partner-relationship-created", &["audits.activityDateTime"], WHEN),
    shown("partner-relationship-created", &["audits.actor"], WHOM),
    shown("partner-roles-expanded", &["audits.activityDateTime"], WHEN),
    shown("partner-grants-directory-role", &["audits.activityDateTime"], WHEN),
    shown("partner-grants-directory-role", &["audits.targets.id", "audits.targets.displayName"], WHOM),
    shown("partner-weakens-security-policy", &["audits.targets.displayName"], WHOM),
    shown("partner-changes-domain-or-federation", &["audits.activityDateTime"], WHEN),
    shown("partner-changes-domain-or-federation", &["audits.targets.displayName", "audits.targets.changes"], WHOM),
    shown("partner-adds-app-credential-or-consent", &["audits.activityDateTime"], WHEN),
    shown("partner-adds-app-credential-or-consent", &["audits.targets.displayName"], WHOM),
    shown("partner-mailbox-access", &["purview.created"], WHEN),
    shown("partner-mailbox-access", &["purview.target", "purview.parameters"], WHOM),
    shown(
        "partner-mailbox-access",
        &["signIns.events.userId"],
        "Ties a user id to a technician's name where the record has the id alone; the page's record has the name.",
    ),
    shown("partner-session-attack-chain", &["audits.targets.displayName"], WHOM),
    shown(
        "partner-session-attack-chain",
        &["signIns.events.country"],
        "Where the session came from: shown. A chain is told by what was done in it.",
    ),
    shown(
        "partner-session-attack-chain",
        &["purview.operation"],
        "One of several acts that may be a link; the page's chain holds by its others.",
    ),
    shown("new-relationship-since-baseline", &["relationships.activatedDateTime", "relationships.createdDateTime"], WHEN),
    shown(
        "new-relationship-since-baseline",
        &["governance.status"],
        "How far it has come: shown, and a tenant that was not there is new either way.",
    ),
    shown("member-set-grew-since-baseline", &["principals.userPrincipalName"], WHOM),
    shown("member-set-grew-since-baseline", &["principals.createdDateTime"], WHEN),
    shown("signin-log-coverage-gap", &["coverage.sign-ins.reason"], WHY_UNREAD),
    shown(
        "signin-log-coverage-gap",
        &["licenses.entraP1"],
        "Which license would let the log be read: shown. That it was not read decides.",
    ),
    shown(
        "relationship-data-gap",
        &["coverage.relationships.reason", "coverage.assignments.reason", "coverage.role-assignments.reason"],
        WHY_UNREAD,
    ),
    shown("relationship-data-gap", &["coverage.assignments.gaps", "coverage.assignments.truncated"], WHY_UNREAD),
    shown(
        "dap-still-active",
        &["coverage.sign-ins.from"],
        "How far back the log reaches: shown beside who came, which decides nothing here.",
    ),
    shown("gdap-auto-extend-high-privilege", &["relationships.activatedDateTime", "relationships.createdDateTime"], WHEN),
    shown("gdap-long-duration", &["relationships.createdDateTime"], WHEN),
    shown(
        "gdap-overlapping-relationships",
        &["relationships.endDateTime", "relationships.autoExtendDuration"],
        "When each of the two ends: shown, so that a reader can choose which to keep. Both are live.",
    ),
    shown(
        "gdap-member-without-mfa",
        &["mfaRegistrations.isMfaRegistered", "mfaRegistrations.methods"],
        "What is registered: shown. Whether it makes a second factor Microsoft says in isMfaCapable.",
    ),
    shown("gdap-member-without-mfa", &["mfaRegistrations.lastUpdatedDateTime"], WHEN),
    shown("gdap-member-inactive", &["userActivity.lastSignInDateTime"], "The last attempt: shown. Use is told by the last success."),
    shown(
        "gdap-member-guest-or-app",
        &["assignments.roles"],
        "What it may do through the group: shown. No guest or application belongs there with any role.",
    ),
    shown(
        "gdap-standing-tier0-members",
        &["principals.accountEnabled"],
        "Whether the member may sign in now: shown, for the account may be enabled again.",
    ),
    shown("gdap-member-weak-mfa", &["mfaRegistrations.lastUpdatedDateTime"], WHEN),
    shown("gdap-pending-offer-high-privilege", &["relationships.createdDateTime"], WHEN),
    shown("gdap-untargeted-offer", &["relationships.createdDateTime"], WHEN),
    shown("gdap-untargeted-offer", &["relationships.roles"], "What it offers: shown. An offer to anybody is one whatever it offers."),
    shown("gdap-global-administrator", &["relationships.activatedDateTime", "relationships.createdDateTime"], WHEN),
    shown("gdap-tier0-role", &["relationships.activatedDateTime", "relationships.createdDateTime"], WHEN),
    shown(
        "gdap-too-many-roles",
        &["roleAssignments.roleDefinitionId"],
        "What is held of it: shown. The page's ceiling alone is above the limit.",
    ),
    shown("gdap-deprecated-or-internal-role", &["relationships.activatedDateTime", "relationships.createdDateTime"], WHEN),
    shown("gdap-unknown-role", &["relationships.activatedDateTime", "relationships.createdDateTime"], WHEN),
    shown("declared-ended-still-present", &["declared.files.dated"], WHEN),
    shown(
        "declared-ended-still-present",
        &["roleAssignments.principalTenantId", "externalUsers.homeTenantId", "identitySync.isInboundSyncAllowed"],
        "One of several signs that the tenant is still there: each is shown, and the page has another.",
    ),
    shown("partner-signin-impossible-travel", &["signIns.events.country"], "Where it was: shown. The distance is told by the positions."),
    shown(
        "partner-app-signin-new-source",
        &["customer.appSignIns.ipAddress"],
        "The address: shown. The page's networks are told by their number.",
    ),
    shown("partner-app-signin-new-source", &["customer.servicePrincipals.displayName"], WHOM),
    shown("governing-tenant-relationship", &["governance.createdType"], "How it came about: shown, and it governs either way."),
    shown(
        "governing-tenant-relationship",
        &["roleAssignments.principalTenantId", "roleAssignments.roleDefinitionId"],
        "What it holds besides: shown, and it governs without.",
    ),
    shown("governance-request-pending", &["governance.governingTenantId"], WHOM),
    shown("governance-request-pending", &["governance.createdDateTime"], WHEN),
    shown("governance-app-injection", &["governance.governingTenantId"], WHOM),
    shown(
        "governance-app-injection",
        &["servicePrincipals.appId", "appRoleAssignments.permission"],
        "Which application, and what it is allowed: shown. That a governing tenant put it there decides.",
    ),
    shown(
        "foreign-principal-role-assignment",
        &["roleAssignments.directoryScopeId"],
        "Over what it holds: shown, and it is foreign to all of it.",
    ),
];
