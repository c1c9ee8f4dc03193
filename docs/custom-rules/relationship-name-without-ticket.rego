# METADATA
# title: A relationship's name carries no ticket
# description: Nobody can say later who asked for it, and what it was granted for.
# custom:
#   id: relationship-name-without-ticket
#   code: ACME-01
#   severity: low
#   view: partner
#   datasets:
#     relationships: required
#   reads: some
#   remediation: Ask for the relationship again under a name that begins with its ticket, and end this one.
#   attack: [T1199]
package acme.relationship_name_without_ticket

# Relationships that Microsoft made itself carry names of Microsoft's.
microsoft_led(r) if startswith(r.displayName, "MLT_")

live := {"active", "approved", "activating", "expiring"}

findings contains finding if {
	some r in input.tenants[_].partner.relationships
	r.status in live
	not microsoft_led(r)
	not regex.match(`^CHG-[0-9]{3,8}\b`, r.displayName)
	finding := {
		"subject": {"kind": "relationship", "id": r.id, "name": r.displayName},
		# Not every relationship has one, and what is undefined takes the whole finding with it.
		"customer": object.get(r, "customer", null),
		"evidence": [
			{"field": "relationships.displayName", "value": r.displayName},
			{"field": "relationships.status", "value": r.status},
		],
	}
}
