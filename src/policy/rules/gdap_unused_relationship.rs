//! LIF-04: see the page.

use std::collections::{HashMap, HashSet};

use crate::domain::facts::Relationship;
use crate::domain::ledger::{Class, Entry};
use crate::domain::rule_meta::{Reads, helps, required};
use crate::domain::{Confidence, Dataset, RuleMeta, Severity, Timestamp, View};
use crate::policy::index::Index;
use crate::policy::rule::{Ctx, Draft, Out, Rule};

use super::held;
use super::shared::{BOTH, NIST_T1199, Window, began, days, is_aged, role_names, roles_up_to, shows_absence, time};
use super::told::{self, Told};

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "gdap-unused-relationship",
        code: "LIF-04",
        title: "Nobody signs in through this relationship",
        views: BOTH,
        severity: Severity::Medium,
        severity_note: "High with a tier 0 role. Low between `warn-days` and `unused-days`. Low, with low confidence, where the log that was read \
                        is shorter than `unused-days`.",
        uses: &[
            required(Dataset::Relationships),
            required(Dataset::SignIns),
            helps(Dataset::Assignments),
            helps(Dataset::GroupMembers),
            helps(Dataset::GroupPim),
        ],
        customer_uses: &[
            required(Dataset::RoleAssignments),
            required(Dataset::SignIns),
            helps(Dataset::RoleSchedules),
            helps(Dataset::CrossTenantPartners),
            helps(Dataset::ProviderConstraints),
            helps(Dataset::Declared),
        ],
        reads: Reads::All,
        fields: &[
            "relationships.status",
            "relationships.customer.tenantId",
            "relationships.activatedDateTime",
            "relationships.createdDateTime",
            "relationships.roles",
            "assignments.groupId",
            "assignments.status",
            "groupMembers",
            "groupPim.principalId",
            "signIns.events.createdDateTime",
            "signIns.events.userId",
            "signIns.events.resourceTenantId",
            "signIns.events.errorCode",
            "signIns.events.crossTenantAccessType",
            "roleAssignments.principalTenantId",
            "roleAssignments.roleDefinitionId",
            "providerConstraints.createdDateTime",
            "declared.relationships.relationship.activatedDateTime",
            "coverage.sign-ins.from",
            "coverage.sign-ins.to",
            "signIns.events.homeTenantId",
        ],
        settings: &[
            days("unused-days", 90, "Days without a sign-in after which a relationship is unused."),
            days("warn-days", 60, "Days without a sign-in after which it is reported, as low."),
        ],
        remediation: "End it if nobody needs it: Partner Center > Customers > (customer) > Admin relationships > Terminate relationship, or POST \
                      /tenantRelationships/delegatedAdminRelationships/{id}/requests {\"action\":\"terminate\"}. The customer can do the same in \
                      the Microsoft 365 admin center > Settings > Partner relationships.",
        attack: &["T1199", "T1078.004"],
        mitigations: &["M1018"],
        nist: &[
            "AC-2",
            NIST_T1199[0],
            NIST_T1199[1],
            NIST_T1199[2],
            NIST_T1199[3],
            NIST_T1199[4],
            NIST_T1199[5],
            NIST_T1199[6],
            NIST_T1199[7],
        ],
        benchmarks: &[],
        analytics: &[],
        unsourced: &[],
        page: include_str!("gdap-unused-relationship.md"),
    },
    check,
};

/// What the log says of one relationship.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Verdict {
    /// Used, or too young to say.
    Fine,
    /// Not used for `unused-days`.
    Unused,
    /// Not used for `warn-days`.
    Warned,
    /// Nothing in a log that is shorter than `unused-days`.
    NotSeen,
}

/// Both thresholds, in days.
#[derive(Debug, Clone, Copy)]
struct Limits {
    unused: i64,
    warn: i64,
}

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    match ctx.tenant.view {
        View::Partner => check_partner(ctx, out),
        View::Customer => check_customer(ctx, out),
    }
}

fn check_partner(ctx: &Ctx<'_>, out: &mut Out) {
    let limits = Limits { unused: ctx.settings.int("unused-days"), warn: ctx.settings.int("warn-days") };
    let window = Window::of(ctx).filter(|_| shows_absence(ctx, Dataset::SignIns));
    let paths = Paths::new(ctx);
    for relationship in ctx.index.active() {
        let (Some(customer), Some(since)) = (relationship.customer_id(), began(relationship)) else {
            out.unjudged(&relationship.id, Dataset::Relationships);
            continue;
        };
        if !is_aged(since, ctx.now, limits.unused.min(limits.warn)) {
            continue;
        }
        let last = paths.last_use(relationship, customer);
        let Some(window) = window else {
            // Without the whole log a sign-in that is there still proves use; one that is not there proves nothing.
            if last.is_none_or(|last| is_aged(last, ctx.now, limits.unused.min(limits.warn))) {
                out.unjudged(&relationship.id, Dataset::SignIns);
            }
            continue;
        };
        let verdict = verdict(window, since, last, limits);
        if verdict != Verdict::Fine {
            out.push(draft(ctx, relationship, verdict, window, last, limits));
        }
    }
}

fn verdict(window: Window, since: Timestamp, last: Option<Timestamp>, limits: Limits) -> Verdict {
    let at = window.to;
    let is_idle = |days: i64| is_aged(since, at, days) && last.is_none_or(|last| last < at.plus_days(-days));
    if window.days() >= limits.unused {
        return match (is_idle(limits.unused), is_idle(limits.warn)) {
            (true, _) => Verdict::Unused,
            (false, true) => Verdict::Warned,
            (false, false) => Verdict::Fine,
        };
    }
    // A short log cannot show `unused-days`. A sign-in in it means use; none is a hint.
    let age = if window.days() >= limits.warn { limits.warn } else { limits.unused };
    if last.is_none() && is_aged(since, at, age) { Verdict::NotSeen } else { Verdict::Fine }
}

fn draft(ctx: &Ctx<'_>, relationship: &Relationship, verdict: Verdict, window: Window, last: Option<Timestamp>, limits: Limits) -> Draft {
    let tier0 = roles_up_to(relationship.roles.iter().map(String::as_str), 0);
    let (severity, confidence) = match verdict {
        Verdict::Unused if !tier0.is_empty() => (Severity::High, Confidence::Medium),
        Verdict::Unused => (Severity::Medium, Confidence::Medium),
        Verdict::Warned => (Severity::Low, Confidence::Medium),
        Verdict::NotSeen | Verdict::Fine => (Severity::Low, Confidence::Low),
    };
    let draft = Draft::relationship(ctx, relationship)
        .since(last.or(began(relationship)))
        .severity(severity)
        .confidence(confidence)
        .evidence("status", relationship.status.as_str(), Dataset::Relationships)
        .evidence("activatedDateTime", time(relationship.activated_date_time), Dataset::Relationships);
    let draft = of_log(draft, window, last, limits);
    let draft = match verdict {
        Verdict::NotSeen => {
            draft.title(format!("Nobody was seen to sign in through this relationship in the {} days of log that were read", window.days()))
        }
        _ => draft,
    };
    if tier0.is_empty() { draft } else { draft.evidence("accessDetails.unifiedRoles", role_names(tier0), Dataset::Relationships) }
}

/// The customer view: a provider whose groups hold roles, and nobody came. A sign-in names a tenant, so it counts for all that this has.
/// A provider that holds none is the business of `dormant-service-provider`.
fn check_customer(ctx: &Ctx<'_>, out: &mut Out) {
    let limits = Limits { unused: ctx.settings.int("unused-days"), warn: ctx.settings.int("warn-days") };
    let window = Window::of(ctx).filter(|_| shows_absence(ctx, Dataset::SignIns));
    let declared: Vec<Told<'_>> = told::active(ctx).collect();
    for entry in ctx.ledger.entries.values().filter(|entry| !matches!(entry.class, Class::MicrosoftSupport | Class::GoverningTenant)) {
        let own: Vec<&Told<'_>> =
            declared.iter().filter(|told| told.outside().is_some_and(|outside| outside.tenant_id == entry.tenant_id)).collect();
        let is_holding = entry.class == Class::ServiceProvider && !entry.roles.is_empty();
        let youngest = limits.unused.min(limits.warn);
        let is_old = |since: Option<Timestamp>| since.is_none_or(|since| is_aged(since, ctx.now, youngest));
        let Some(window) = window else {
            if (is_holding && is_old(entry.ceiling_created) || !own.is_empty())
                && entry.last_sign_in.is_none_or(|last| is_aged(last, ctx.now, youngest))
            {
                out.unjudged(&entry.tenant_id, Dataset::SignIns);
            }
            continue;
        };
        if is_holding {
            out.findings.extend(unused_roles(ctx, entry, &own, window, limits));
        } else {
            out.findings.extend(own.iter().filter_map(|told| unused_declared(ctx, told, entry.last_sign_in, window, limits)));
        }
    }
}

/// The finding on a provider whose groups hold roles. How long it has had them only its ceiling tells; where that does not, the log is a hint.
fn unused_roles(ctx: &Ctx<'_>, entry: &Entry, declared: &[&Told<'_>], window: Window, limits: Limits) -> Option<Draft> {
    let verdict = match entry.ceiling_created {
        Some(since) => verdict(window, since, entry.last_sign_in, limits),
        None if entry.last_sign_in.is_none() => Verdict::NotSeen,
        None => Verdict::Fine,
    };
    let ids: Vec<&str> = entry.roles.iter().map(|role| role.role_id.as_str()).collect();
    let draft = weighed(Draft::outside(entry), verdict, !roles_up_to(ids.iter().copied(), 0).is_empty(), window)?
        .since(entry.last_sign_in.or(entry.ceiling_created))
        .evidence("roleDefinition.displayName", role_names(ids), held::source(&entry.roles));
    let draft = match entry.ceiling_created {
        None if !ctx.was_read(Dataset::ProviderConstraints) => draft,
        made => draft.evidence("createdDateTime (ceiling)", time(made), Dataset::ProviderConstraints),
    };
    let mut names: Vec<String> = declared.iter().map(|told| told.relationship.display_name.clone()).collect();
    names.sort();
    let draft = if names.is_empty() { draft } else { draft.evidence("displayName (declared)", names, Dataset::Declared) };
    Some(of_log(draft, window, entry.last_sign_in, limits).remediation(IN_CUSTOMER))
}

/// The finding on a relationship that only a file tells of.
fn unused_declared(ctx: &Ctx<'_>, told: &Told<'_>, last: Option<Timestamp>, window: Window, limits: Limits) -> Option<Draft> {
    let relationship = told.relationship;
    let verdict = verdict(window, began(relationship)?, last, limits);
    let is_tier0 = !roles_up_to(relationship.roles.iter().map(String::as_str), 0).is_empty();
    let draft = weighed(told.draft(ctx), verdict, is_tier0, window)?
        .since(last.or(began(relationship)))
        .evidence("status", relationship.status.as_str(), told.source)
        .evidence("activatedDateTime", time(relationship.activated_date_time), told.source);
    Some(of_log(draft, window, last, limits).remediation(IN_CUSTOMER))
}

/// Severity, confidence and title by the verdict; `None` where there is nothing to say.
fn weighed(draft: Draft, verdict: Verdict, is_tier0: bool, window: Window) -> Option<Draft> {
    let draft = match verdict {
        Verdict::Fine => return None,
        Verdict::Unused if is_tier0 => draft.severity(Severity::High).confidence(Confidence::Medium),
        Verdict::Unused => draft.severity(Severity::Medium).confidence(Confidence::Medium),
        Verdict::Warned => draft.severity(Severity::Low).confidence(Confidence::Medium),
        Verdict::NotSeen => draft.severity(Severity::Low).confidence(Confidence::Low),
    };
    Some(match verdict {
        Verdict::NotSeen => {
            draft.title(format!("Nobody of this partner was seen to sign in within the {} days of log that were read", window.days()))
        }
        _ => draft.title("Nobody of this partner signs in"),
    })
}

/// What the log shows, as evidence.
fn of_log(draft: Draft, window: Window, last: Option<Timestamp>, limits: Limits) -> Draft {
    draft
        .evidence("createdDateTime (last successful sign-in)", time(last), Dataset::SignIns)
        .evidence("from", window.from.to_string(), Dataset::SignIns)
        .evidence("to", window.to.to_string(), Dataset::SignIns)
        .setting("unused-days", limits.unused)
        .setting("warn-days", limits.warn)
}

/// What the customer can do about access that nobody uses.
const IN_CUSTOMER: &str = "Ask who still needs this partner. If nobody does, end it: Microsoft 365 admin center > Settings > Partner relationships > (partner) > \
                           Remove roles. If only some of its roles are in use, have the partner give up the rest.";

/// The last sign-in of one person into one customer.
#[derive(Debug, Clone, Copy)]
struct Visit<'a> {
    person: &'a str,
    at: Timestamp,
    /// At least one live relationship with the customer is known to lead the person there.
    has_path: bool,
}

/// Who reaches a customer through which relationship. A sign-in names a customer and a person: it counts for every relationship through
/// which that person reaches that customer, and for every one of that customer where nobody can say.
struct Paths<'a> {
    ctx: &'a Ctx<'a>,
    groups: HashMap<&'a str, HashSet<&'a str>>,
    visits: HashMap<&'a str, Vec<Visit<'a>>>,
}

impl<'a> Paths<'a> {
    fn new(ctx: &'a Ctx<'a>) -> Self {
        let mut groups: HashMap<&str, HashSet<&str>> = HashMap::new();
        for group in ctx.index.group_roles().keys() {
            let standing = ctx.index.members_of(group).unwrap_or_default().iter().map(|member| member.id.as_str());
            for person in standing.chain(ctx.index.pim_members_of(group)) {
                groups.entry(person).or_default().insert(group);
            }
        }
        let mut paths = Paths { ctx, groups, visits: HashMap::new() };
        for (customer, relationships) in ctx.index.live_by_customer() {
            let leading: HashSet<&str> = relationships.iter().flat_map(|relationship| paths.groups_of(relationship)).collect();
            let visits = ctx.index.last_sign_ins(customer).map(|last| Visit {
                person: last.user_id,
                at: last.at,
                has_path: paths.groups.get(last.user_id).is_some_and(|groups| !groups.is_disjoint(&leading)),
            });
            let visits = visits.collect();
            paths.visits.insert(customer, visits);
        }
        paths
    }

    /// Groups that a relationship is mapped to.
    fn groups_of(&self, relationship: &Relationship) -> impl Iterator<Item = &'a str> + use<'a> {
        let index: &'a Index<'a> = self.ctx.index;
        let assignments = index.assignments_of(&relationship.id).iter().filter(|assignment| assignment.is_current());
        assignments.map(|assignment| assignment.group_id.as_str())
    }

    /// The last sign-in that counts for a relationship.
    fn last_use(&self, relationship: &Relationship, customer: &str) -> Option<Timestamp> {
        let visits = self.visits.get(customer).filter(|visits| !visits.is_empty())?;
        let is_known = self.is_known(relationship);
        let counts = |visit: &&Visit<'_>| !is_known || !visit.has_path || self.reaches(visit.person, relationship);
        visits.iter().filter(counts).map(|visit| visit.at).max()
    }

    fn reaches(&self, person: &str, relationship: &Relationship) -> bool {
        self.groups.get(person).is_some_and(|groups| self.groups_of(relationship).any(|group| groups.contains(group)))
    }

    /// True if everyone who reaches a customer through this relationship is known.
    fn is_known(&self, relationship: &Relationship) -> bool {
        let is_user = |id: &str| self.ctx.index.principal(id).is_some_and(|principal| principal.is_user());
        self.ctx.is_complete_for(Dataset::Assignments, &relationship.id)
            && self.groups_of(relationship).all(|group| {
                self.ctx.is_complete_for(Dataset::GroupMembers, group)
                    && self.ctx.index.members_of(group).is_some()
                    && self.ctx.is_complete_for(Dataset::GroupPim, group)
                    // A group that is eligible hides its members.
                    && self.ctx.index.pim_members_of(group).all(is_user)
            })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::domain::{Confidence, Coverage, Dataset, Gap, Severity, Status};
    use crate::policy::rules::testing::{
        ALPINE, APPLICATION, Case, EXCHANGE, MSP, assignment, at, beside, case, ceiling, customer_case, declared, held_role, relationship,
        visit,
    };

    fn sign_in(user: &str, days: i64, more: Value) -> Value {
        let mut event = json!({
            "id": format!("{user}{days}"), "createdDateTime": at(days).to_string(), "userId": user, "resourceTenantId": ALPINE,
            "crossTenantAccessType": "serviceProvider",
        });
        event.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        event
    }

    /// Ann is in the helpdesk group of r1, Bob in the admins group of r2. Both relationships are with Alpine.
    fn two(events: Vec<Value>) -> Case {
        case(json!({
            "relationships": [relationship("r1", &[EXCHANGE], json!({})), relationship("r2", &[APPLICATION], json!({}))],
            "assignments": [assignment("a1", "r1", "helpdesk", &[EXCHANGE], json!({})), assignment("a2", "r2", "admins", &[APPLICATION], json!({}))],
            "groupMembers": { "helpdesk": ["ann"], "admins": ["bob"] },
            "principals": [{ "id": "ann", "kind": "user" }, { "id": "bob", "kind": "user" }, { "id": "carl", "kind": "user" }],
            "signIns": { "events": events },
        }))
    }

    fn verdicts(case: &Case) -> Vec<(String, Severity, Confidence)> {
        case.run(&RULE).findings.into_iter().map(|draft| (draft.subject.id, draft.severity.unwrap(), draft.confidence)).collect()
    }

    #[test]
    fn a_long_log_without_a_sign_in_says_unused() {
        let found = verdicts(&two(vec![]).window(90));
        assert_eq!(found, [("r1".into(), Severity::Medium, Confidence::Medium), ("r2".into(), Severity::High, Confidence::Medium)]);
    }

    #[test]
    fn a_short_log_is_a_hint_and_names_its_window() {
        let case = two(vec![sign_in("ann", -29, json!({}))]).window(30);
        assert_eq!(verdicts(&case), [("r2".into(), Severity::Low, Confidence::Low)], "one that was seen is used");
        let out = case.run(&RULE);
        assert!(out.unjudged.is_empty(), "never left unjudged for the window alone");
        assert!(out.findings[0].title.as_ref().unwrap().contains("30 days"));
        assert_eq!(verdicts(&two(vec![]).window(89)).len(), 2);
        assert_eq!(verdicts(&two(vec![]).window(89))[0].1, Severity::Low);
    }

    #[test]
    fn thresholds_to_the_day() {
        let last = |days: i64| verdicts(&two(vec![sign_in("ann", -days, json!({})), sign_in("bob", 0, json!({}))]).window(180));
        assert!(last(60).is_empty());
        assert_eq!(last(61), [("r1".into(), Severity::Low, Confidence::Medium)]);
        assert_eq!(last(90), [("r1".into(), Severity::Low, Confidence::Medium)]);
        assert_eq!(last(91), [("r1".into(), Severity::Medium, Confidence::Medium)]);
    }

    #[test]
    fn young_relationships_are_left_alone() {
        let aged = |days: i64, window: i64| {
            let more = json!({ "activatedDateTime": at(-days).to_string() });
            verdicts(&case(json!({ "relationships": [relationship("r1", &[EXCHANGE], more)] })).window(window))
        };
        assert!(aged(59, 180).is_empty());
        assert_eq!(aged(60, 180)[0].1, Severity::Low);
        assert_eq!(aged(90, 180)[0].1, Severity::Medium);
        assert!(aged(89, 30).is_empty(), "a short log says nothing of what is younger than unused-days");
        assert_eq!(aged(90, 30)[0].2, Confidence::Low);
        assert_eq!(aged(60, 70)[0].1, Severity::Low, "a log of warn-days says it of what is older than that");
    }

    #[test]
    fn a_sign_in_counts_where_its_person_reaches() {
        let used_by = |person: &str| {
            verdicts(&two(vec![sign_in(person, -1, json!({}))]).window(180)).into_iter().map(|found| found.0).collect::<Vec<_>>()
        };
        assert_eq!(used_by("ann"), ["r2"]);
        assert_eq!(used_by("bob"), ["r1"]);
        assert!(used_by("carl").is_empty(), "nobody can say through which: it counts for both");
    }

    #[test]
    fn a_person_who_is_eligible_only_reaches_too() {
        let mut case = two(vec![sign_in("carl", -1, json!({}))]).window(180);
        let pim = json!({ "id": "i", "groupId": "admins", "principalId": "carl", "kind": "eligible", "accessId": "member" });
        case.snapshot.tenants[0].partner.group_pim.push(serde_json::from_value(pim).unwrap());
        assert_eq!(case.subjects(&RULE), ["r1"]);
    }

    #[test]
    fn unknown_members_are_no_proof_of_disuse() {
        let with = |dataset: Dataset, subject: &str| {
            let mut gaps = Coverage::new(Status::Partial);
            gaps.gaps.insert(subject.into(), Gap { status: Status::Failed, reason: "503".into() });
            two(vec![sign_in("ann", -1, json!({}))]).window(180).coverage(dataset, gaps).subjects(&RULE)
        };
        assert!(with(Dataset::GroupMembers, "admins").is_empty());
        assert!(with(Dataset::Assignments, "r2").is_empty());
        assert_eq!(with(Dataset::GroupMembers, "another"), ["r2"]);
    }

    #[test]
    fn failures_and_guest_visits_are_no_use() {
        for more in [json!({ "errorCode": 50126 }), json!({ "crossTenantAccessType": "b2bCollaboration" })] {
            assert_eq!(two(vec![sign_in("ann", -1, more)]).window(180).subjects(&RULE), ["r1", "r2"]);
        }
        for more in [
            json!({ "crossTenantAccessType": null }),
            json!({ "crossTenantAccessType": "SERVICEPROVIDER" }),
            json!({ "crossTenantAccessType": "new" }),
        ] {
            assert_eq!(two(vec![sign_in("ann", -1, more)]).window(180).subjects(&RULE), ["r2"]);
        }
    }

    #[test]
    fn a_log_that_was_not_read_judges_nothing_but_what_it_shows() {
        for status in [Status::Denied, Status::Failed, Status::Unlicensed, Status::Skipped] {
            let out = two(vec![]).coverage(Dataset::SignIns, Coverage::new(status)).run(&RULE);
            assert!(out.findings.is_empty());
            assert_eq!(out.unjudged.len(), 2, "{status}");
        }
        let half = Coverage { from: Some(at(-180)), to: Some(at(0)), ..Coverage::new(Status::Partial) };
        let out = two(vec![sign_in("ann", -1, json!({}))]).coverage(Dataset::SignIns, half).run(&RULE);
        assert_eq!((out.findings.len(), out.unjudged), (0, vec![("r2".to_owned(), Dataset::SignIns)]));
    }

    #[test]
    fn a_capped_log_narrows_the_window() {
        let capped = Coverage { capped: true, from: Some(at(-12)), to: Some(at(0)), ..Coverage::new(Status::Partial) };
        let out = two(vec![]).coverage(Dataset::SignIns, capped.clone()).run(&RULE);
        assert!(out.unjudged.is_empty());
        assert!(out.findings[0].title.as_ref().unwrap().contains("12 days"));
        let mut case = two(vec![]).coverage(Dataset::SignIns, capped);
        let read = json!({ "eventType": "nonInteractiveUser", "status": "denied" });
        case.snapshot.tenants[0].partner.sign_ins.reads.push(serde_json::from_value(read).unwrap());
        assert_eq!(case.run(&RULE).unjudged.len(), 2, "one kind of event is missing altogether");
    }

    #[test]
    fn active_alone_counts_and_unknown_ages_are_not_judged() {
        let with = |more: Value| case(json!({ "relationships": [relationship("r1", &[EXCHANGE], more)] })).window(180);
        for status in ["approved", "expiring", "terminating", "expired", "approvalPending"] {
            assert!(!with(json!({ "status": status })).fires(&RULE), "{status}");
        }
        let out = with(json!({ "activatedDateTime": null, "createdDateTime": null })).run(&RULE);
        assert_eq!((out.findings.len(), out.unjudged.len()), (0, 1));
    }

    /// The provider holds a role since 200 days, by its ceiling; it came at these hours.
    fn holding(role: &str, hours: &[i64]) -> Case {
        let events: Vec<Value> = hours.iter().map(|hours| visit(&format!("e{hours}"), *hours, json!({}))).collect();
        let more = json!({ "roleAssignments": [held_role("a", "p", MSP, role)], "signIns": { "events": events } });
        customer_case(beside(ceiling(&[role]), more))
    }

    #[test]
    fn in_the_customer_view_a_provider_that_holds_roles_and_does_not_come() {
        let low = |confidence| vec![(MSP.to_owned(), Severity::Low, confidence)];
        assert_eq!(verdicts(&holding(EXCHANGE, &[])), low(Confidence::Low), "thirty days of log are a hint");
        let title = |case: Case| case.run(&RULE).findings.remove(0).title.unwrap();
        assert!(title(holding(EXCHANGE, &[])).ends_with("was seen to sign in within the 30 days of log that were read"));
        assert_eq!(title(holding(EXCHANGE, &[]).window(90)), "Nobody of this partner signs in");
        assert_eq!(verdicts(&holding(EXCHANGE, &[]).window(90)), [(MSP.to_owned(), Severity::Medium, Confidence::Medium)]);
        assert_eq!(verdicts(&holding(APPLICATION, &[]).window(90)), [(MSP.to_owned(), Severity::High, Confidence::Medium)]);
        assert_eq!(verdicts(&holding(EXCHANGE, &[-61 * 24]).window(180)), low(Confidence::Medium));
        assert!(verdicts(&holding(EXCHANGE, &[-60 * 24]).window(180)).is_empty());
        assert!(verdicts(&holding(EXCHANGE, &[-5])).is_empty());
    }

    #[test]
    fn in_the_customer_view_age_is_that_of_the_ceiling() {
        let mut case = holding(EXCHANGE, &[]).window(180);
        case.snapshot.tenants[0].customer.provider_constraints[0].created_date_time = Some(at(-59));
        assert!(verdicts(&case).is_empty(), "young");
        case.snapshot.tenants[0].customer.provider_constraints.clear();
        assert_eq!(verdicts(&case), [(MSP.to_owned(), Severity::Low, Confidence::Low)], "of unknown age");
    }

    #[test]
    fn in_the_customer_view_without_the_log_it_is_not_judged() {
        let out = holding(EXCHANGE, &[]).coverage(Dataset::SignIns, Coverage::new(Status::Denied)).run(&RULE);
        assert_eq!((out.findings.len(), out.unjudged), (0, vec![(MSP.to_owned(), Dataset::SignIns)]));
        let half = Coverage { from: Some(at(-180)), to: Some(at(0)), ..Coverage::new(Status::Partial) };
        let used = holding(EXCHANGE, &[-5]).coverage(Dataset::SignIns, half).run(&RULE);
        assert!(used.unjudged.is_empty(), "what shows use is judged");
        let denied = |case: Case| case.coverage(Dataset::SignIns, Coverage::new(Status::Denied)).run(&RULE).unjudged;
        let told = declared(vec![relationship("r1", &[EXCHANGE], json!({}))]);
        assert_eq!(denied(told), [(MSP.to_owned(), Dataset::SignIns)], "what only a file tells of");
        assert_eq!(denied(customer_case(ceiling(&[EXCHANGE]))), [], "nothing that it could use");
    }

    #[test]
    fn in_the_customer_view_declared_ones_stand_for_themselves_or_explain() {
        let rows = || vec![relationship("r1", &[EXCHANGE], json!({}))];
        assert_eq!(verdicts(&declared(rows()).window(90)), [("r1".to_owned(), Severity::Medium, Confidence::Medium)]);
        let held = json!({ "roleAssignments": [held_role("a", "p", MSP, EXCHANGE)] });
        let beside = crate::policy::rules::testing::declared_beside(rows(), beside(ceiling(&[EXCHANGE]), held)).window(90);
        let drafts = beside.run(&RULE).findings;
        assert_eq!((drafts.len(), drafts[0].subject.id.as_str()), (1, MSP));
        assert!(drafts[0].evidence.iter().any(|evidence| evidence.source == "declared"));
    }
}
