# METADATA
# title: A break-glass group has standing members
# description: Access for emergencies is used through PIM, by whom it may concern, and leaves the group empty the rest of the time.
# custom:
#   id: break-glass-group-with-members
#   code: ACME-02
#   severity: high
#   view: partner
#   datasets:
#     groups: required
#     group-members: required
#     group-pim: helps
#   remediation: Make the members eligible through PIM for Groups, and take them out of the group.
#   attack: [T1199, T1078.004]
#   mitigations: [M1026]
#   nist: [AC-6(5)]
package acme.break_glass_group_with_members

tenant := input.tenants[0]

facts := tenant.partner

# Whom PIM has let in for now is no standing member.
activated(group_id, person_id) if {
	some instance in facts.groupPim
	instance.groupId == group_id
	instance.principalId == person_id
	instance.kind == "activated"
}

standing(group_id) := [id |
	some id in facts.groupMembers[group_id]
	not activated(group_id, id)
]

findings contains finding if {
	some group in facts.groups
	contains(lower(group.displayName), "break glass")
	people := standing(group.id)
	count(people) > 0
	finding := {
		"subject": {"kind": "group", "id": group.id, "name": group.displayName},
		"note": sprintf("%d standing members", [count(people)]),
		"evidence": array.concat(
			[{"field": "groups.displayName", "value": group.displayName}],
			[{"field": "groupMembers", "value": id} | some id in array.slice(people, 0, 20)],
		),
	}
}
