//! CHG-02: see the page.

use std::collections::{BTreeMap, BTreeSet};

use crate::domain::diff::{Change, Detail, Direction, Field, Item, Kind, Picture, State};
use crate::domain::ledger::Entry;
use crate::domain::rule_meta::{Reads, helps, required};
use crate::domain::{Dataset, RuleMeta, Severity, Status, View, roles};
use crate::policy::Compared;
use crate::policy::rule::{Ctx, Draft, Out, Rule};
use crate::policy::settings::Approved;

use super::approval;
use super::new_relationship_since_baseline::against;
use super::shared::{BOTH, NIST_T1199, few, few_roles, role_names};

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "privilege-grew-since-baseline",
        code: "CHG-02",
        title: "Roles, length, auto-extend or groups grew since the baseline",
        views: BOTH,
        severity: Severity::Medium,
        severity_note: "High where a tier 0 role was added. Info in the customer view where the tenant's approval covers all that was added.",
        uses: &[required(Dataset::Relationships), required(Dataset::Assignments), helps(Dataset::Groups)],
        customer_uses: &[required(Dataset::RoleAssignments), helps(Dataset::RoleSchedules), helps(Dataset::ProviderConstraints)],
        reads: Reads::Some,
        fields: &[
            "relationships.roles",
            "relationships.duration",
            "relationships.autoExtendDuration",
            "relationships.customer.tenantId",
            "assignments.groupId",
            "assignments.roles",
            "assignments.status",
            "groups.isAssignableToRole",
            "providerConstraints.allowedRoles",
            "roleAssignments.principalId",
            "roleAssignments.roleDefinitionId",
        ],
        settings: &[],
        remediation: "Find the approval of this change. If there is none, take it back: remove the access assignment or the role (Partner Center > \
                      Customers > (customer) > Admin relationships), switch auto-extend off, or end the relationship that brought it.",
        attack: &["T1199", "T1098.003"],
        mitigations: &["M1018"],
        nist: NIST_T1199,
        benchmarks: &[],
        analytics: &[],
        unsourced: &[],
        page: include_str!("privilege-grew-since-baseline.md"),
    },
    check,
};

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    let Some(compared) = ctx.baseline else { return };
    match ctx.tenant.view {
        View::Partner => {
            out.findings.extend(roles_of_customers(ctx, compared));
            compared.comparison.changes.iter().for_each(|change| partner(ctx, compared, change, out));
        }
        View::Customer => compared.comparison.changes.iter().for_each(|change| customer(ctx, compared, change, out)),
    }
}

/// Roles of live relationships by customer.
fn by_customer(picture: &Picture) -> BTreeMap<&str, BTreeSet<&str>> {
    let mut held: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for (_, state) in picture.of_kind(Kind::Relationship).filter(|(_, state)| state.is_live()) {
        if let Some(party) = &state.party {
            held.entry(&party.tenant_id).or_default().extend(state.ids(Field::Role));
        }
    }
    held
}

/// Roles that the live relationships with a customer did not have between them.
fn roles_of_customers(ctx: &Ctx<'_>, compared: &Compared<'_>) -> Vec<Draft> {
    let read = compared.before.picture.coverage.get(&Dataset::Relationships);
    if read.is_none_or(|coverage| coverage.status != Status::Complete) {
        return Vec::new();
    }
    let before = by_customer(&compared.before.picture);
    let live = ctx.index.live_by_customer();
    let grew = |(customer, now): (&str, BTreeSet<&str>)| {
        let then = before.get(customer)?;
        let added: Vec<&str> = now.difference(then).copied().collect();
        if added.is_empty() {
            return None;
        }
        let party = ctx.index.party(customer);
        let names = role_names(added.iter().copied());
        let draft = Draft::about("customer", customer, party.name.clone())
            .customer(Some(party))
            .key(format!("roles/{}", added.join("/")))
            .severity(severity(added.iter().map(|role| roles::tier(role))))
            .title("Relationships with a customer together have more roles than in the baseline")
            .note(few_roles(&names))
            .evidence("accessDetails.unifiedRoles added", names, Dataset::Relationships);
        let draft = against(compared, draft);
        let relationships = live.get(customer).into_iter().flatten().copied();
        Some(approval::of_roles(ctx, draft, Some(customer), relationships, &added))
    };
    by_customer(&compared.now).into_iter().filter_map(grew).collect()
}

fn severity(tiers: impl IntoIterator<Item = Option<u8>>) -> Severity {
    if tiers.into_iter().any(|tier| tier == Some(0)) { Severity::High } else { Severity::Medium }
}

/// What grew in a relationship or a group that was there before.
fn partner(ctx: &Ctx<'_>, compared: &Compared<'_>, change: &Change, out: &mut Out) {
    let grew = || change.details.iter().filter(|detail| detail.direction == Direction::Grew);
    if &*change.subject.kind == Kind::Group.as_str() {
        let assignable = grew().find(|detail| detail.field == Field::RoleAssignable);
        out.findings.extend(assignable.map(|_| against(compared, unprotected(ctx, change))));
        return;
    }
    let id = change.subject.id.as_str();
    let was_live = compared.before.picture.subject(Kind::Relationship, id).is_some_and(State::is_live);
    let place = ctx.index.relationships.binary_search_by(|relationship| relationship.id.as_str().cmp(id)).ok();
    let relationship = place.and_then(|place| ctx.index.relationships.get(place)).copied();
    let Some(relationship) = relationship.filter(|relationship| was_live && relationship.status.is_live()) else { return };
    let draft = || Draft::relationship(ctx, relationship);
    for detail in grew() {
        let found = match detail.field {
            Field::Duration => Some(longer(draft(), detail)),
            Field::AutoExtend => Some(draft().key("auto-extend").title("Auto-extend was switched on since the baseline").evidence(
                "autoExtendDuration",
                relationship.auto_extend_duration.as_ref().map(|duration| duration.0.clone()),
                Dataset::Relationships,
            )),
            _ => None,
        };
        out.findings.extend(found.map(|found| against(compared, found)));
    }
    for (group, added) in by_group(grew().filter(|detail| detail.field == Field::GroupRole)) {
        let is_new = grew().any(|detail| detail.field == Field::Group && detail.items.iter().any(|item| item.id == group));
        let draft = against(compared, mapped(ctx, draft(), group, &added, is_new));
        out.push(approval::of_roles(ctx, draft, relationship.customer_id(), [relationship], &added));
    }
}

/// `isAssignableToRole` is off where it was on: whoever may change groups may change this one.
fn unprotected(ctx: &Ctx<'_>, change: &Change) -> Draft {
    let id = &change.subject.id;
    Draft::about("group", id, ctx.index.group_name(id))
        .key("not-role-assignable")
        .title("Group with delegated access is not role-assignable any more")
        .evidence("isAssignableToRole", false, Dataset::Groups)
}

fn longer(draft: Draft, detail: &Detail) -> Draft {
    let (old, new) = (detail.old.as_deref().unwrap_or_default(), detail.new.as_deref().unwrap_or_default());
    draft
        .key("duration")
        .title("Relationship is longer than in the baseline")
        .note(format!("{old} to {new}"))
        .evidence("baseline.duration", old, Dataset::Relationships)
        .evidence("duration", new, Dataset::Relationships)
}

/// Roles by the group that they were given to: an item's id is `group/role`.
fn by_group<'a>(details: impl Iterator<Item = &'a Detail>) -> BTreeMap<&'a str, Vec<&'a str>> {
    let mut groups: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (group, role) in details.flat_map(|detail| &detail.items).filter_map(|item| item.id.split_once('/')) {
        groups.entry(group).or_default().push(role);
    }
    groups
}

fn mapped(ctx: &Ctx<'_>, draft: Draft, group: &str, added: &[&str], is_new: bool) -> Draft {
    let names = role_names(added.iter().copied());
    let name = ctx.index.group_name(group);
    draft
        .key(if is_new { format!("group/{group}") } else { format!("group/{group}/{}", added.join("/")) })
        .severity(severity(added.iter().map(|role| roles::tier(role))))
        .title(if is_new { "A group was given access since the baseline" } else { "A group was given more roles since the baseline" })
        .note(format!("{name}: {}", few_roles(&names)))
        .evidence("accessContainer.accessContainerId", group, Dataset::Assignments)
        .evidence("accessDetails.unifiedRoles added", names, Dataset::Assignments)
}

/// What an outside tenant that was there before may be given, or holds, beyond what it did.
fn customer(ctx: &Ctx<'_>, compared: &Compared<'_>, change: &Change, out: &mut Out) {
    let id = change.subject.id.as_str();
    let Some(entry) = ctx.ledger.get(id) else { return };
    // What had no role and no entry at all is new, not grown.
    let had_some = |state: &State| {
        [Field::ServiceProvider, Field::Holding, Field::Governance, Field::ApplicationRole, Field::GuestRole]
            .iter()
            .any(|field| state.ids(*field).next().is_some())
    };
    if !compared.before.picture.subject(Kind::Tenant, id).is_some_and(had_some) {
        return;
    }
    for detail in change.details.iter().filter(|detail| detail.direction == Direction::Grew) {
        let (key, source, title) = match detail.field {
            Field::Ceiling => ("ceiling", Dataset::ProviderConstraints, "A partner may be given more roles than in the baseline"),
            Field::Holding => ("principal", Dataset::RoleAssignments, "Principals of an outside tenant hold more than in the baseline"),
            Field::ApplicationRole => ("application", Dataset::RoleAssignments, "An application of an outside tenant holds more roles"),
            Field::GuestRole => ("guest", Dataset::RoleAssignments, "Guests from an outside tenant hold more roles than in the baseline"),
            _ => continue,
        };
        let names: Vec<String> = detail.items.iter().map(|item| item.name.clone()).collect();
        let draft = Draft::outside(entry)
            .partner(approval::party(entry))
            .key(format!("{key}/{}", ids(&detail.items)))
            .severity(severity(detail.items.iter().map(|item| item.tier)))
            .title(title)
            .note(few(&names).replace("Administrator", "Admin"))
            .evidence(
                if source == Dataset::ProviderConstraints { "allowedRoleTemplateIds added" } else { "roleAssignments added" },
                names,
                source,
            );
        let draft = against(compared, draft);
        out.push(match ctx.approval(id) {
            Some(approval) if detail.items.iter().all(|item| lies_inside(ctx, entry, approval, detail.field, item)) => {
                approval::lowered(draft, approval)
            }
            Some(approval) => draft.naming(approval),
            None => draft,
        });
    }
}

/// True if an approval covers what came: a role that may be given, and one that is held by the group that holds it.
fn lies_inside(ctx: &Ctx<'_>, entry: &Entry, approval: &Approved, field: Field, item: &Item) -> bool {
    match (field, item.id.split('/').next()) {
        (Field::Ceiling, _) => approval::covering(ctx, entry, role_of(item)).is_some(),
        (Field::Holding, Some(principal)) => approval.covers_held(role_of(item), principal),
        _ => approval.covers(role_of(item)),
    }
}

/// The role of an item: its id alone, or `principal/role/scope`.
fn role_of(item: &Item) -> &str {
    item.id.split('/').nth(1).unwrap_or(&item.id)
}

/// Principals and roles, without scopes, each pair once.
fn ids(items: &[Item]) -> String {
    let pairs: BTreeSet<String> = items.iter().map(|item| item.id.split('/').take(2).collect::<Vec<_>>().join("/")).collect();
    pairs.into_iter().collect::<Vec<_>>().join("/")
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::domain::roles::GLOBAL_ADMINISTRATOR;
    use crate::domain::{Coverage, Dataset, Gap, Severity, Status};
    use crate::policy::rules::testing::{
        APPLICATION, Case, EXCHANGE, MSP, READERS, assignment, beside, case, ceiling, customer_case, held_role, relationship,
    };
    use crate::policy::settings::Approved;

    fn found(before: Case, now: Case) -> Vec<(String, String, Severity)> {
        let drafts = now.after(before).run(&RULE).findings;
        drafts.into_iter().map(|draft| (draft.subject.id, draft.own_key, draft.severity.unwrap_or(Severity::Medium))).collect()
    }

    fn with(relationships: Vec<Value>) -> Case {
        case(json!({ "relationships": relationships }))
    }

    fn terms(more: Value) -> Case {
        with(vec![relationship("r1", &[EXCHANGE], more)])
    }

    #[test]
    fn roles_count_over_all_relationships_with_a_customer() {
        let r = |id: &str, roles: &[&str]| relationship(id, roles, json!({}));
        let before = || with(vec![r("r1", &[EXCHANGE]), r("r2", &[READERS])]);
        let grown = found(before(), with(vec![r("r1", &[EXCHANGE]), r("r3", &[READERS, APPLICATION])]));
        assert_eq!(grown, [(super::super::testing::ALPINE.into(), format!("roles/{APPLICATION}"), Severity::High)]);
        assert_eq!(found(before(), with(vec![r("r3", &[EXCHANGE, READERS])])), [], "only moved");
        assert_eq!(found(with(Vec::new()), before()), [], "a new customer is another rule's");
        let cut = before().coverage(Dataset::Relationships, Coverage::new(Status::Partial));
        assert_eq!(found(cut, with(vec![r("r1", &[APPLICATION])])), []);
    }

    #[test]
    fn length_and_auto_extend() {
        let key = |before: Value, now: Value| found(terms(before), terms(now)).into_iter().map(|(_, key, _)| key).collect::<Vec<_>>();
        assert_eq!(key(json!({ "duration": "P90D" }), json!({ "duration": "P1Y" })), ["duration"]);
        assert_eq!(key(json!({ "duration": "P365D" }), json!({ "duration": "P1Y" })), [""; 0], "the same in other words");
        assert_eq!(key(json!({ "duration": "P1Y" }), json!({ "duration": "P90D" })), [""; 0]);
        assert_eq!(key(json!({}), json!({ "autoExtendDuration": "P180D" })), ["auto-extend"]);
        assert_eq!(key(json!({ "autoExtendDuration": "P180D" }), json!({})), [""; 0]);
        assert_eq!(key(json!({ "status": "approvalPending", "duration": "P90D" }), json!({})), [""; 0], "it was not live before");
    }

    fn mapped(assignments: Vec<Value>) -> Case {
        case(json!({ "relationships": [relationship("r1", &[EXCHANGE, GLOBAL_ADMINISTRATOR], json!({}))], "assignments": assignments }))
    }

    #[test]
    fn groups_that_hold_more() {
        let a = |id: &str, group: &str, roles: &[&str]| assignment(id, "r1", group, roles, json!({}));
        let before = || mapped(vec![a("a1", "g1", &[EXCHANGE])]);
        assert_eq!(
            found(before(), mapped(vec![a("a1", "g1", &[EXCHANGE]), a("a2", "g2", &[EXCHANGE])])),
            [("r1".into(), "group/g2".into(), Severity::Medium)]
        );
        let more = found(before(), mapped(vec![a("a1", "g1", &[EXCHANGE, GLOBAL_ADMINISTRATOR])]));
        assert_eq!(more, [("r1".into(), format!("group/g1/{GLOBAL_ADMINISTRATOR}"), Severity::High)]);
        assert_eq!(found(before(), mapped(vec![a("a7", "g1", &[EXCHANGE])])), [], "made again");
        let mut gap = Coverage::new(Status::Partial);
        gap.gaps.insert("r1".into(), Gap { status: Status::Failed, reason: "503".into() });
        let unread = mapped(Vec::new()).coverage(Dataset::Assignments, gap);
        assert_eq!(found(unread, before()), [], "what was not read then is not new");
    }

    #[test]
    fn a_group_that_lost_its_protection() {
        let with = |assignable: Value| {
            case(json!({
                "relationships": [relationship("r1", &[EXCHANGE], json!({}))],
                "assignments": [assignment("a1", "r1", "g1", &[EXCHANGE], json!({}))],
                "groups": [{ "id": "g1", "isAssignableToRole": assignable }]
            }))
        };
        assert_eq!(found(with(json!(true)), with(json!(false))), [("g1".into(), "not-role-assignable".into(), Severity::Medium)]);
        assert_eq!(found(with(json!(false)), with(json!(true))), []);
        assert_eq!(found(with(json!(null)), with(json!(false))), [], "nobody knows what it was");
    }

    #[test]
    fn in_the_customer_view_ceilings_and_what_is_held() {
        let held = |roles: &[(&str, &str)]| {
            let rows: Vec<Value> = roles.iter().enumerate().map(|(n, (who, role))| held_role(&format!("a{n}"), who, MSP, role)).collect();
            customer_case(beside(ceiling(&[READERS]), json!({ "roleAssignments": rows })))
        };
        let grown = found(customer_case(ceiling(&[READERS])), customer_case(ceiling(&[READERS, APPLICATION])));
        assert_eq!(grown, [(MSP.into(), format!("ceiling/{APPLICATION}"), Severity::High)]);
        assert_eq!(found(held(&[]), held(&[("p", EXCHANGE)])), [(MSP.into(), format!("principal/p/{EXCHANGE}"), Severity::Medium)]);
        assert_eq!(found(held(&[("p", EXCHANGE)]), held(&[("q", EXCHANGE), ("p", EXCHANGE)])).len(), 1, "another principal");
        assert_eq!(found(held(&[("p", EXCHANGE)]), held(&[])), []);
        assert_eq!(found(customer_case(json!({})), held(&[("p", EXCHANGE)])), [], "a new tenant is another rule's");
        let approved = held(&[("p", EXCHANGE)]).approve(MSP, Some(&[EXCHANGE]), None);
        assert_eq!(found(held(&[]), approved)[0].2, Severity::Info);
        let beyond = held(&[("p", GLOBAL_ADMINISTRATOR)]).approve(MSP, None, None);
        assert_eq!(found(held(&[]), beyond)[0].2, Severity::High);
    }

    #[test]
    fn a_group_that_the_approval_does_not_name_lies_beyond_it() {
        let held = |rows: &[(&str, &str)]| {
            let rows: Vec<_> = rows.iter().map(|(group, role)| held_role(role, group, MSP, role)).collect();
            customer_case(beside(ceiling(&[READERS]), json!({ "roleAssignments": rows })))
        };
        let lowered = |group: &str| {
            let limits = Approved { roles: Some(vec![EXCHANGE.into()]), groups: Some(vec!["mine".into()]), ..Approved::default() };
            let now = held(&[(group, EXCHANGE)]).approve_within(limits).after(held(&[]));
            now.run(&RULE).findings.iter().map(|draft| draft.approval.is_some()).collect::<Vec<_>>()
        };
        assert_eq!([lowered("mine"), lowered("other")], [[true], [false]]);
    }
}
