//! Small tenants, one for each thing that an answer tells apart.

use serde_json::{Value, json};

use super::reach::Reach;
use super::*;
use crate::domain::Coverage;

const EXCHANGE: &str = "29232cdf-9323-42fd-ade2-1d097af3e4de";
const READERS: &str = "88d8e3e3-8f55-4a1e-953a-9b9898b8876b";
const ROLE_ADMIN: &str = "e8611ab8-c189-46e8-94e1-60213ab1f814";
const AUTHENTICATION_ADMIN: &str = "7be44c8a-adaf-4e2a-84d6-ab2649e08a13";

/// A partner of which everything was read, with one relationship `r` with customer `c` and one assignment `a` of it to group `g`.
fn partner(more: Value) -> Snapshot {
    let mut facts = json!({
        "relationships": [{ "id": "r", "status": "active", "customer": { "tenantId": "c" }, "roles": [EXCHANGE, READERS] }],
        "assignments": [{ "id": "a", "relationshipId": "r", "status": "active", "groupId": "g", "roles": [EXCHANGE] }],
        "groupMembers": { "g": ["ann"] },
        "principals": [{ "id": "ann", "kind": "user" }, { "id": "bob", "kind": "user" }, { "id": "n", "kind": "group" }, { "id": "m", "kind": "group" }],
    });
    for (key, value) in more.as_object().unwrap() {
        facts[key] = value.clone();
    }
    snapshot("partner", "partner", facts)
}

fn snapshot(view: &str, key: &str, facts: Value) -> Snapshot {
    let mut snapshot: Snapshot = serde_json::from_value(json!({
        "formatVersion": "1.0", "collectedAt": "2026-06-01T00:00:00Z", "lookbackDays": 30,
        "tenants": [{ "tenantId": "t", "view": view, key: facts }]
    }))
    .unwrap();
    snapshot.tenants[0].coverage = Dataset::ALL.iter().map(|dataset| (*dataset, Coverage::complete(1))).collect();
    snapshot
}

fn reach(snapshot: &Snapshot) -> Reach<'_> {
    Reach::new(&snapshot.tenants[0], snapshot.lookback_days, snapshot.collected_at)
}

/// How somebody is in group `g`: how, until, whether directly, and through what.
fn in_g(more: Value, person: &str) -> Option<(How, Option<String>, bool, Vec<String>)> {
    let snapshot = partner(more);
    let reach = reach(&snapshot);
    let member = reach.group("g").unwrap().member(person)?;
    Some((member.how, member.until.map(|until| until.date()), member.direct, member.through.iter().map(|id| (*id).to_owned()).collect()))
}

fn pim(principal: &str, kind: &str, more: Value) -> Value {
    let mut row = json!({ "id": format!("{principal}-{kind}"), "groupId": "g", "principalId": principal, "kind": kind });
    for (key, value) in more.as_object().unwrap() {
        row[key] = value.clone();
    }
    row
}

#[test]
fn members_and_those_who_may_become_one() {
    let with = |rows: Value, person: &str| in_g(json!({ "groupPim": rows }), person);
    let end = json!({ "endDateTime": "2026-07-01T00:00:00Z" });
    assert_eq!(in_g(json!({}), "ann"), Some((How::Member, None, true, vec![])));
    assert_eq!(in_g(json!({}), "bob"), None);
    assert_eq!(with(json!([pim("bob", "eligible", json!({}))]), "bob"), Some((How::Eligible, None, false, vec![])));
    let bounded = Some("2026-07-01".to_owned());
    assert_eq!(with(json!([pim("ann", "activated", end.clone())]), "ann").unwrap().1, bounded);
    assert_eq!(with(json!([pim("ann", "activated", end.clone())]), "ann").unwrap().0, How::Activated);
    assert_eq!(with(json!([pim("ann", "assigned", end.clone())]), "ann"), Some((How::Member, bounded, true, vec![])));
    let both = json!([pim("ann", "activated", end.clone()), pim("ann", "assigned", json!({}))]);
    assert_eq!(with(both, "ann"), Some((How::Member, None, true, vec![])), "what does not end stands above what does");
    assert_eq!(with(json!([pim("bob", "eligible", json!({ "accessId": "owner" }))]), "bob"), None, "an owner is no member");
    let twice = json!([pim("bob", "eligible", end), pim("bob", "eligible", json!({}))]);
    assert_eq!(with(twice, "bob").unwrap().1, None, "the longer of two");
}

#[test]
fn nested_as_far_as_the_facts_hold_it() {
    let nested = |members: Value| json!({ "groupMembers": members });
    // The inner group's own members were read: it holds ann, and whether she is in the outer one too nobody can say.
    assert_eq!(in_g(nested(json!({ "g": ["ann", "bob", "n"], "n": ["ann"] })), "ann"), Some((How::Member, None, false, vec!["n".into()])));
    assert_eq!(in_g(nested(json!({ "g": ["ann", "bob", "n"], "n": ["ann"] })), "bob").unwrap().3, Vec::<String>::new());
    assert_eq!(in_g(nested(json!({ "g": ["ann", "n"], "n": [] })), "n"), None, "a group is nobody: its members are listed beside it");
    let direct = json!({ "groupMembers": { "g": ["ann", "n"] }, "groupPim": [pim("ann", "assigned", json!({ "memberType": "direct" }))] });
    assert!(in_g(direct, "ann").unwrap().2, "PIM names her");
    let snapshot = partner(nested(json!({ "g": ["ann", "n"] })));
    let question = Question { user: Some("ann".into()), ..Question::default() };
    let told = explain(&snapshot, &question).unwrap();
    let Body::Partner(answer) = &told.tenants[0].body else { panic!() };
    let path = &answer.paths.as_ref().unwrap().list.shown[0];
    assert_eq!(path.perhaps_through.iter().map(|named| named.id).collect::<Vec<_>>(), ["n"]);
    // A group that may become a member brings its members; where they were not read it stands for them.
    let eligible = |members: Value| json!({ "groupMembers": members, "groupPim": [pim("n", "eligible", json!({}))] });
    assert_eq!(in_g(eligible(json!({ "g": [], "n": ["bob"] })), "bob"), Some((How::Eligible, None, false, vec!["n".into()])));
    assert_eq!(in_g(eligible(json!({ "g": [] })), "n").unwrap().0, How::Eligible);
}

/// What becomes of the Exchange role of `r`: whether it can be used, and when its people were there.
fn exchange(snapshot: &Snapshot) -> (Usable, Seen) {
    let question = Question::default();
    let told = explain(snapshot, &question).unwrap();
    let Body::Partner(answer) = &told.tenants[0].body else { panic!() };
    let role = answer.customers.shown[0].roles().find(|role| role.role.id == EXCHANGE).unwrap();
    (role.usable, role.seen)
}

#[test]
fn what_nobody_can_use_and_what_nobody_can_say() {
    let usable = |more: Value| exchange(&partner(more)).0;
    let assigned = |status: &str| json!({ "assignments": [{ "id": "a", "relationshipId": "r", "status": status, "groupId": "g", "roles": [EXCHANGE] }] });
    assert_eq!(usable(json!({})), Usable::Yes);
    assert_eq!(usable(json!({ "assignments": [] })), Usable::NoAssignment);
    assert_eq!(usable(assigned("deleted")), Usable::NoAssignment);
    assert_eq!(usable(assigned("error")), Usable::NotInForce);
    assert_eq!(usable(json!({ "groupMembers": { "g": [] } })), Usable::NoMember);
    assert_eq!(usable(json!({ "groupMembers": {}, "groups": [{ "id": "g", "gone": true }] })), Usable::NoMember);
    assert_eq!(usable(json!({ "groupMembers": {} })), Usable::Unknown, "a group that is not listed is not empty");
    assert_eq!(usable(json!({ "principals": [{ "id": "ann", "kind": "user", "accountEnabled": false }] })), Usable::OnlyDisabled);
    assert_eq!(usable(json!({ "groupMembers": { "g": [] }, "groupPim": [pim("bob", "eligible", json!({}))] })), Usable::Yes);
    let without = |dataset: Dataset, more: Value| {
        let mut snapshot = partner(more);
        snapshot.tenants[0].coverage.insert(dataset, Coverage::new(Status::Denied));
        exchange(&snapshot).0
    };
    assert_eq!(without(Dataset::Assignments, json!({ "assignments": [] })), Usable::Unknown);
    assert_eq!(without(Dataset::GroupMembers, json!({ "groupMembers": { "g": [] } })), Usable::Unknown);
    assert_eq!(without(Dataset::GroupPim, json!({ "groupMembers": { "g": [] } })), Usable::Unknown);
    assert_eq!(without(Dataset::GroupPim, json!({})), Usable::Yes, "what is there is there");
}

#[test]
fn groups_with_weak_roles_alone_are_not_known_to_be_empty() {
    let weak = json!({
        "assignments": [{ "id": "a", "relationshipId": "r", "status": "active", "groupId": "g", "roles": [READERS] }],
        "groupMembers": { "g": [] }
    });
    let usable = |snapshot: &Snapshot| {
        let question = Question { role: Some(READERS.into()), ..Question::default() };
        let told = explain(snapshot, &question).unwrap();
        let Body::Partner(answer) = &told.tenants[0].body else { panic!() };
        let usable = answer.customers.shown[0].roles().next().unwrap().usable;
        (usable, told.tenants[0].verdict.unwrap(), answer.groups_without_pim)
    };
    let mut snapshot = partner(weak);
    assert_eq!(usable(&snapshot), (Usable::Unknown, Verdict::Unknown, 1), "no collector asks PIM for it");
    snapshot.tenants[0].partner.licenses = Some(Default::default());
    assert_eq!(usable(&snapshot), (Usable::NoMember, Verdict::Nobody, 0), "without P2 nobody is eligible");
}

#[test]
fn presence_is_seen_or_proved_absent_or_unknown() {
    let came = |events: Value, coverage: Coverage| {
        let mut snapshot = partner(json!({ "signIns": { "events": events } }));
        snapshot.tenants[0].coverage.insert(Dataset::SignIns, coverage);
        exchange(&snapshot).1
    };
    let event = |person: &str| json!([{ "id": "e", "createdDateTime": "2026-05-20T00:00:00Z", "userId": person, "resourceTenantId": "c" }]);
    let complete = || Coverage::complete(1);
    assert_eq!(came(event("ann"), complete()), Seen::At(Timestamp::parse("2026-05-20T00:00:00Z").unwrap()));
    assert_eq!(came(json!([]), complete()), Seen::Never);
    assert_eq!(came(event("eve"), complete()), Seen::Unknown, "she may have been in the group then");
    assert_eq!(came(json!([]), Coverage::new(Status::Denied)), Seen::Unknown);
    assert_eq!(came(json!([]), Coverage::new(Status::Partial)), Seen::Unknown);
    let refused =
        json!([{ "id": "e", "createdDateTime": "2026-05-20T00:00:00Z", "userId": "ann", "resourceTenantId": "c", "errorCode": 50126 }]);
    assert_eq!(came(refused, complete()), Seen::Never, "an attempt is no presence");
}

#[test]
fn a_pair_over_two_relationships_is_toxic_for_those_who_have_both() {
    let pair = |second_group: &str| {
        let snapshot = partner(json!({
            "relationships": [
                { "id": "r", "status": "active", "customer": { "tenantId": "c" }, "roles": [ROLE_ADMIN, READERS] },
                { "id": "s", "status": "active", "customer": { "tenantId": "c" }, "roles": [AUTHENTICATION_ADMIN, READERS] },
            ],
            "assignments": [
                { "id": "a", "relationshipId": "r", "status": "active", "groupId": "g", "roles": [ROLE_ADMIN] },
                { "id": "b", "relationshipId": "s", "status": "active", "groupId": second_group, "roles": [AUTHENTICATION_ADMIN] },
            ],
            "groupMembers": { "g": ["ann"], "h": ["bob"] },
        }));
        let question = Question::default();
        let told = explain(&snapshot, &question).unwrap();
        let Body::Partner(answer) = &told.tenants[0].body else { panic!() };
        let access = &answer.customers.shown[0];
        let both = access.toxic[0].both.shown.iter().map(|named| named.id.to_owned()).collect::<Vec<_>>();
        (access.toxic.len(), both, access.overlaps.shown.iter().map(|overlap| overlap.role.id.to_owned()).collect::<Vec<_>>())
    };
    assert_eq!(pair("g"), (1, vec!["ann".to_owned()], vec![READERS.to_owned()]));
    assert_eq!(pair("h"), (1, vec![], vec![READERS.to_owned()]), "granted together, used by nobody together");
}

#[test]
fn relationships_that_name_no_customer_are_not_taken_for_one_customer_s() {
    let relationship =
        |id: &str, role: &str, end: &str| json!({ "id": id, "status": "active", "roles": [role, READERS], "endDateTime": end });
    let snapshot = partner(json!({
        "relationships": [
            relationship("r", ROLE_ADMIN, "2026-07-01T00:00:00Z"),
            relationship("s", AUTHENTICATION_ADMIN, "2027-07-01T00:00:00Z"),
        ],
        "assignments": [
            { "id": "a", "relationshipId": "r", "status": "active", "groupId": "g", "roles": [READERS] },
            { "id": "b", "relationshipId": "s", "status": "active", "groupId": "g", "roles": [READERS] },
        ],
    }));
    let span = Span { from: snapshot.collected_at, to: snapshot.collected_at.plus_days(60) };
    let question = Question { ends: vec![span], ..Question::default() };
    let told = explain(&snapshot, &question).unwrap();
    let Body::Partner(answer) = &told.tenants[0].body else { panic!() };
    let access = &answer.customers.shown[0];
    assert_eq!((access.relationships.total, access.toxic.len(), access.overlaps.total), (2, 0, 0));
    let fates: Vec<Fate> = answer.ends[0].1.shown[0].roles.iter().map(|role| role.fate).collect();
    assert_eq!(fates, [Fate::Unknown], "the other one may be of another customer");
}

#[test]
fn a_timed_role_of_an_outsider_ends_unless_another_way_is_left() {
    let facts = |more: Value| {
        let mut rows = vec![json!({
            "id": "s1", "principalId": "p", "roleDefinitionId": EXCHANGE, "directoryScopeId": "/", "kind": "assigned",
            "principalTenantId": "o", "principalKind": "group", "endDateTime": "2026-07-01T00:00:00Z"
        })];
        rows.extend(more.as_array().unwrap().iter().cloned());
        let assignment = json!({ "id": "a1", "principalId": "p", "roleDefinitionId": EXCHANGE, "directoryScopeId": "/",
                                 "principalTenantId": "o", "principalKind": "group" });
        snapshot("customer", "customer", json!({ "roleAssignments": [assignment], "roleSchedules": rows }))
    };
    let ends = |snapshot: &Snapshot| {
        let span = Span { from: snapshot.collected_at, to: snapshot.collected_at.plus_days(60) };
        let question = Question { ends: vec![span], ..Question::default() };
        let told = explain(snapshot, &question).unwrap();
        let Body::Customer(answer) = &told.tenants[0].body else { panic!() };
        answer.ends[0].roles.shown.iter().map(|end| (end.path.held.assignment_id.clone(), end.keeps.len())).collect::<Vec<_>>()
    };
    assert_eq!(ends(&facts(json!([]))), [("a1".to_owned(), 0)], "the assignment is the one that the schedule bounds");
    let eligible = json!([{ "id": "s2", "principalId": "p", "roleDefinitionId": EXCHANGE, "directoryScopeId": "/", "kind": "eligible",
                            "principalTenantId": "o", "principalKind": "group" }]);
    assert_eq!(ends(&facts(eligible)), [("a1".to_owned(), 1)], "it may be activated again");
}

#[test]
fn a_guest_who_holds_a_pair_through_two_groups_holds_both() {
    let both = |through: Value| {
        let group = |id: &str, principal: &str, role: &str| json!({ "id": id, "principalId": principal, "roleDefinitionId": role, "directoryScopeId": "/", "principalKind": "group" });
        let snapshot = snapshot(
            "customer",
            "customer",
            json!({
                "roleAssignments": [group("a", "g", ROLE_ADMIN), group("b", "h", AUTHENTICATION_ADMIN)],
                "externalUsers": [
                    { "id": "u", "userType": "Guest", "homeTenantId": "o", "throughGroups": through },
                    { "id": "v", "userType": "Guest", "homeTenantId": "o", "throughGroups": ["h"] },
                ],
            }),
        );
        let question = Question::default();
        let told = explain(&snapshot, &question).unwrap();
        let Body::Customer(answer) = &told.tenants[0].body else { panic!() };
        answer.partners.shown[0].toxic.iter().map(|(_, one)| *one).collect::<Vec<_>>()
    };
    assert_eq!(both(json!(["g", "h"])), [true]);
    assert_eq!(both(json!(["g"])), [false], "two guests, each with one of the two");
}

#[test]
fn in_the_customer_view_nobody_is_said_only_where_all_lists_were_read() {
    let mut snapshot = snapshot("customer", "customer", json!({}));
    let question = Question { role: Some("Global Administrator".into()), ..Question::default() };
    assert_eq!(explain(&snapshot, &question).unwrap().tenants[0].verdict, Some(Verdict::Nobody));
    for dataset in
        [Dataset::RoleAssignments, Dataset::RoleSchedules, Dataset::ExternalUsers, Dataset::ForeignPrincipals, Dataset::ServicePrincipals]
    {
        let read = snapshot.tenants[0].coverage.insert(dataset, Coverage::new(Status::Denied)).unwrap();
        let told = explain(&snapshot, &question).unwrap();
        assert_eq!(told.tenants[0].verdict, Some(Verdict::Unknown), "{dataset}");
        assert!(told.is_unknown() && told.tenants[0].not_read.iter().any(|row| row.dataset == dataset && row.matters));
        snapshot.tenants[0].coverage.insert(dataset, read);
    }
}
