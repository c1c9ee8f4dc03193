# METADATA
# title: A service provider is let in, and purchasing knows no contract
# description: What purchasing does not know nobody reviews, and nobody ends.
# custom:
#   id: service-provider-without-contract
#   code: ACME-03
#   severity: high
#   view: customer
#   datasets:
#     cross-tenant-partners: required
#     tenant-names: helps
#   remediation: Ask purchasing for the contract and add the tenant to the list in this rule, or end the relationship.
#   attack: [T1199]
package acme.service_provider_without_contract

# By tenant id: whose contract it is, and to when.
contracts := {
	"22222222-2222-4222-8222-222222222222": "2027-03-31T00:00:00Z",
	"33333333-3333-4333-8333-333333333333": "2026-01-31T00:00:00Z",
}

runs(tenant_id) if time.parse_rfc3339_ns(contracts[tenant_id]) >= time.parse_rfc3339_ns(input.now)

name_of(facts, tenant_id) := concat(", ", sort([known.displayName |
	some known in facts.tenantNames
	known.tenantId == tenant_id
	known.displayName
]))

note_of(tenant_id) := sprintf("the contract ended on %s", [substring(contracts[tenant_id], 0, 10)]) if contracts[tenant_id]

note_of(tenant_id) := "no contract" if not contracts[tenant_id]

findings contains finding if {
	facts := input.tenants[_].customer
	some entry in facts.crossTenantPartners
	entry.isServiceProvider
	not runs(entry.tenantId)
	outside := {"tenantId": entry.tenantId, "name": name_of(facts, entry.tenantId)}
	finding := {
		"subject": {"kind": "tenant", "id": outside.tenantId, "name": outside.name},
		"partner": outside,
		"note": note_of(entry.tenantId),
		"evidence": [
			{"field": "crossTenantPartners.tenantId", "value": entry.tenantId},
			{"field": "crossTenantPartners.isServiceProvider", "value": entry.isServiceProvider},
		],
	}
}
