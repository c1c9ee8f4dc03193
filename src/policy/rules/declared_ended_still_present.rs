//! REC-05: see the page.

use crate::domain::declared::DeclaredRelationship;
use crate::domain::facts::RelationshipStatus;
use crate::domain::ledger::{Class, Door, Entry};
use crate::domain::rule_meta::{Reads, helps, import, required};
use crate::domain::{Dataset, RuleMeta, Severity, Timestamp};
use crate::policy::rule::{Ctx, Draft, Out, Rule};

use super::declared_rows as declared;
use super::held;
use super::shared::{CUSTOMER, NIST_T1199, days, time};

pub(super) static RULE: Rule = Rule {
    meta: RuleMeta {
        id: "declared-ended-still-present",
        code: "REC-05",
        title: "A partner whose relationship has ended still reaches in",
        views: CUSTOMER,
        severity: Severity::High,
        severity_note: "",
        uses: &[],
        customer_uses: &[
            import(Dataset::Declared),
            required(Dataset::CrossTenantPartners),
            required(Dataset::RoleAssignments),
            helps(Dataset::ServicePrincipals),
            helps(Dataset::AppRoleAssignments),
            helps(Dataset::ExternalUsers),
            helps(Dataset::IdentitySync),
            helps(Dataset::SignIns),
        ],
        reads: Reads::Some,
        fields: &[
            "declared.relationships.relationship.status",
            "declared.relationships.relationship.endDateTime",
            "declared.partners.end",
            "declared.files.dated",
            "crossTenantPartners.isServiceProvider",
            "roleAssignments.principalTenantId",
            "externalUsers.homeTenantId",
            "servicePrincipals.ownerTenantId",
            "identitySync.isInboundSyncAllowed",
            "signIns.events.homeTenantId",
        ],
        settings: &[days("grace-days", 2, "Days after the declared end in which access may still be taken away.")],
        remediation: "Ask for a new declaration first: the relationship may have been prolonged. If it has ended, close every door that the finding \
                      names: Microsoft 365 admin center > Settings > Partner relationships > (partner) > Remove roles; guests, applications and \
                      cross-tenant sync of that tenant in the Entra admin center.",
        attack: &["T1199", "T1078.004"],
        mitigations: &["M1018"],
        nist: NIST_T1199,
        benchmarks: &["CIS M365 v7.0 1.1.3"],
        analytics: &[],
        unsourced: &[],
        page: include_str!("declared-ended-still-present.md"),
    },
    check,
};

/// What files say of a tenant's end.
enum Said {
    /// Nothing that ends, or something that goes on.
    Nothing,
    /// The last end is past, as the file of this index says.
    Ended(Timestamp, usize),
    /// The file is too old to tell: it extends itself.
    Unknown,
}

fn check(ctx: &Ctx<'_>, out: &mut Out) {
    let grace = ctx.settings.int("grace-days");
    // A governing tenant and Microsoft Support do not come by a relationship of a partner.
    let may_end = |entry: &&Entry| entry.has_declared() && !matches!(entry.class, Class::GoverningTenant | Class::MicrosoftSupport);
    for entry in ctx.ledger.entries.values().filter(may_end) {
        let (ended, file) = match said(ctx, entry) {
            Said::Nothing => continue,
            Said::Unknown => {
                out.unjudged(&entry.tenant_id, Dataset::Declared);
                continue;
            }
            Said::Ended(ended, file) => (ended, file),
        };
        let limit = ended.plus_days(grace);
        let doors = open_doors(entry, limit);
        if limit >= ctx.now || doors.is_empty() {
            continue;
        }
        let draft = Draft::outside(entry).since(Some(ended)).note(format!("ended {}", ended.date())).evidence(
            "endDateTime",
            time(Some(ended)),
            Dataset::Declared,
        );
        let draft = doors.iter().fold(declared::from_file(ctx, draft, file), |draft, door| with_door(draft, *door, entry));
        out.push(draft.setting("grace-days", grace));
    }
}

/// The last declared end, if everything that is declared has ended.
fn said(ctx: &Ctx<'_>, entry: &Entry) -> Said {
    let pages = declared::partners(ctx, entry).map(|row| match row.end {
        Some(end) => Said::Ended(end, row.file),
        None => Said::Nothing,
    });
    let relationships = declared::relationships(ctx, entry).filter(|row| !row.relationship.status.is_offer());
    let all: Vec<Said> = pages.chain(relationships.map(|row| of_relationship(ctx, row))).collect();
    let mut last: Option<(Timestamp, usize)> = None;
    let mut is_unknown = false;
    for one in all {
        match one {
            Said::Nothing => return Said::Nothing,
            Said::Ended(end, _) if end >= ctx.now => return Said::Nothing,
            Said::Ended(end, file) => last = last.max(Some((end, file))),
            Said::Unknown => is_unknown = true,
        }
    }
    match last {
        _ if is_unknown => Said::Unknown,
        Some((end, file)) => Said::Ended(end, file),
        None => Said::Nothing,
    }
}

fn of_relationship(ctx: &Ctx<'_>, row: &DeclaredRelationship) -> Said {
    let relationship = &row.relationship;
    let is_over = matches!(relationship.status, RelationshipStatus::Expired | RelationshipStatus::Terminated);
    match relationship.end_date_time {
        // An end that lies behind the file's own date is no plan any more.
        Some(end) if is_over || !relationship.auto_extends() || declared::dated(ctx, row.file).is_some_and(|dated| end < dated) => {
            Said::Ended(end, row.file)
        }
        Some(end) if end >= ctx.now => Said::Nothing,
        Some(_) => Said::Unknown,
        None if is_over => relationship.last_modified_date_time.map_or(Said::Unknown, |end| Said::Ended(end, row.file)),
        None => Said::Nothing,
    }
}

/// The ways in that are open now. A visit counts only if it came after the end.
fn open_doors(entry: &Entry, limit: Timestamp) -> Vec<Door> {
    let is_open = |door: &Door| match door {
        Door::SignIn => entry.last_sign_in.is_some_and(|last| last > limit),
        Door::Application => entry.has_strong_permission() || entry.apps.iter().any(|app| !app.roles.is_empty()),
        Door::ServiceProviderEntry | Door::ForeignPrincipal | Door::Guest | Door::IdentitySync => true,
        Door::Governance => false,
    };
    entry.doors().into_iter().filter(is_open).collect()
}

/// What shows that a door is open.
fn with_door(draft: Draft, door: Door, entry: &Entry) -> Draft {
    match door {
        Door::ServiceProviderEntry => draft.evidence("isServiceProvider", true, Dataset::CrossTenantPartners),
        Door::ForeignPrincipal => draft.evidence("roleAssignments", entry.roles.len(), held::source(&entry.roles)),
        Door::Application => {
            let names: Vec<&str> = entry.apps.iter().map(|app| app.name.as_str()).collect();
            draft.evidence("servicePrincipals", names, Dataset::ServicePrincipals)
        }
        Door::Guest => {
            let names: Vec<&str> = entry.guests.iter().map(|guest| guest.name.as_str()).collect();
            draft.evidence("users", names, Dataset::ExternalUsers)
        }
        Door::IdentitySync => draft.evidence("userSyncInbound.isSyncAllowed", true, Dataset::IdentitySync),
        Door::SignIn => draft.evidence("createdDateTime", time(entry.last_sign_in), Dataset::SignIns),
        Door::Governance => draft,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::RULE;
    use crate::domain::customer::MICROSOFT_SUPPORT_TENANT;
    use crate::domain::{Dataset, Timestamp};
    use crate::policy::rules::testing::{Case, EXCHANGE, MSP, at, at_hour, customer_case, held_role};

    fn page(tenant: &str, end: Option<Timestamp>) -> Value {
        json!({ "partnerTenantId": tenant, "kind": "Granular", "end": end.map(|end| end.to_string()) })
    }

    fn with(declared: Value, more: Value) -> Case {
        let mut facts = json!({ "declared": declared, "crossTenantPartners": [{ "tenantId": MSP, "isServiceProvider": true }] });
        facts.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        customer_case(facts)
    }

    fn pages(rows: &[Value]) -> Case {
        with(json!({ "partners": rows }), json!({}))
    }

    fn relationship(more: Value) -> Value {
        let mut row = json!({ "id": "r", "status": "active", "endDateTime": at(-10).to_string() });
        row.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        json!({ "files": [{ "name": "f", "dated": at(-20).to_string() }],
            "relationships": [{ "partnerTenantId": MSP, "relationship": row }] })
    }

    #[test]
    fn after_the_grace() {
        assert!(!pages(&[page(MSP, Some(at(5)))]).fires(&RULE));
        assert!(!pages(&[page(MSP, Some(at(-2)))]).fires(&RULE));
        assert!(pages(&[page(MSP, Some(at_hour(-49)))]).fires(&RULE));
        assert!(!pages(&[page(MSP, Some(at(-5)))]).int("grace-days", 7).fires(&RULE));
    }

    #[test]
    fn as_long_as_one_goes_on_nothing_has_ended() {
        assert!(pages(&[page(MSP, Some(at(-9))), page(MSP, Some(at(-5)))]).fires(&RULE));
        assert!(!pages(&[page(MSP, Some(at(-9))), page(MSP, Some(at(5)))]).fires(&RULE));
        assert!(!pages(&[page(MSP, Some(at(-9))), page(MSP, None)]).fires(&RULE));
    }

    #[test]
    fn a_relationship_that_extends_itself_may_have_been_prolonged() {
        let of = |more: Value| with(relationship(more), json!({})).run(&RULE);
        assert_eq!(of(json!({})).findings.len(), 1);
        let extended = of(json!({ "autoExtendDuration": "P180D" }));
        assert_eq!((extended.findings.len(), extended.unjudged), (0, vec![(MSP.to_owned(), Dataset::Declared)]));
        assert_eq!(
            of(json!({ "autoExtendDuration": "P180D", "endDateTime": at(-30).to_string() })).findings.len(),
            1,
            "over when the file was made"
        );
        assert_eq!(of(json!({ "autoExtendDuration": "P180D", "status": "terminated" })).findings.len(), 1);
        assert!(of(json!({ "autoExtendDuration": "P180D", "endDateTime": at(9).to_string() })).unjudged.is_empty());
        assert_eq!(of(json!({ "status": "approvalPending" })).findings.len(), 0, "an offer never was access");
        let undated = of(json!({ "status": "expired", "endDateTime": null, "lastModifiedDateTime": at(-8).to_string() }));
        assert_eq!(undated.findings[0].since, Some(at(-8)));
    }

    #[test]
    fn every_door_that_is_open_is_named_and_a_shut_one_is_not() {
        let rows = || json!({ "partners": [page(MSP, Some(at(-9)))] });
        let of = |more: Value| {
            let drafts = with(rows(), more).run(&RULE).findings;
            let fields = drafts.into_iter().flat_map(|draft| draft.evidence).map(|evidence| evidence.field);
            fields.filter(|field| !["endDateTime", "grace-days"].contains(&&**field)).collect::<Vec<_>>()
        };
        let gone = |more: Value| {
            let mut more = more;
            more["crossTenantPartners"] = json!([]);
            of(more)
        };
        let sign_in = |days: i64| {
            json!({ "signIns": { "events": [{ "id": "s", "createdDateTime": at(days).to_string(), "userId": "u", "resourceTenantId": "c",
                "homeTenantId": MSP, "crossTenantAccessType": "serviceProvider" }] } })
        };
        let app = |permission: &str| {
            json!({ "servicePrincipals": [{ "id": "sp", "appId": "app", "displayName": "Tool", "ownerTenantId": MSP }],
                "appRoleAssignments": [{ "id": "x", "principalId": "sp", "resourceName": "Microsoft Graph", "permission": permission }] })
        };
        assert_eq!(of(json!({})), ["isServiceProvider"]);
        assert_eq!(gone(json!({ "roleAssignments": [held_role("a", "p", MSP, EXCHANGE)] })), ["roleAssignments"]);
        assert_eq!(gone(sign_in(-3)), ["createdDateTime"]);
        assert!(gone(sign_in(-8)).is_empty() && gone(sign_in(-7)).is_empty(), "within the grace, to its last moment");
        assert_eq!(gone(app("RoleManagement.ReadWrite.Directory")), ["servicePrincipals"]);
        assert!(gone(app("User.Read.All")).is_empty());
        assert_eq!(gone(json!({ "identitySync": [{ "tenantId": MSP, "isInboundSyncAllowed": true }] })), ["userSyncInbound.isSyncAllowed"]);
        assert!(gone(json!({})).is_empty(), "it is gone");
    }

    #[test]
    fn others_do_not_come_by_a_relationship() {
        let rows = json!({ "partners": [page(MICROSOFT_SUPPORT_TENANT, Some(at(-9)))] });
        let support = json!({ "crossTenantPartners": [{ "tenantId": MICROSOFT_SUPPORT_TENANT, "isServiceProvider": true }] });
        assert!(!with(rows, support).fires(&RULE));
    }

    #[test]
    fn what_ends_now_goes_on() {
        assert!(!pages(&[page(MSP, Some(at(-9))), page(MSP, Some(at(0)))]).fires(&RULE));
        let extends = json!({ "autoExtendDuration": "P180D", "endDateTime": at(-20).to_string() });
        assert_eq!(with(relationship(extends), json!({})).run(&RULE).unjudged.len(), 1, "the file was made in the moment of the end");
        assert!(!pages(&[page(MSP, Some(at(0)))]).int("grace-days", 0).fires(&RULE));
    }

    #[test]
    fn one_that_goes_on_tells_more_than_one_that_may() {
        let mut declared = relationship(json!({ "autoExtendDuration": "P180D" }));
        assert_eq!(with(declared.clone(), json!({})).run(&RULE).unjudged.len(), 1);
        declared["partners"] = json!([page(MSP, Some(at(5)))]);
        assert_eq!(with(declared, json!({})).run(&RULE).unjudged.len(), 0);
    }
}
