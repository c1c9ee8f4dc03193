//! Relationships as the view tells of them: in the partner view Graph's own, in the customer view those that a file declares.

use crate::domain::declared::DeclaredRelationship;
use crate::domain::facts::{Relationship, RelationshipStatus};
use crate::domain::ledger::{Class, Entry};
use crate::domain::{Confidence, Dataset, View};
use crate::policy::rule::{Ctx, Draft};

use super::approval;
use super::declared_rows::{self, from_file};
use super::shared::text;

/// What the customer can do about a relationship.
const IN_CUSTOMER: &str = "Take it up with the partner, who can change it (Partner Center > Customers > (customer) > Admin relationships). It can be ended here \
                           alone: Microsoft 365 admin center > Settings > Partner relationships > (partner) > Remove roles.";

/// A relationship, and who says so.
#[derive(Debug, Clone, Copy)]
pub(super) struct Told<'a> {
    /// The relationship.
    pub(super) relationship: &'a Relationship,
    /// The dataset that it stands in.
    pub(super) source: Dataset,
    declared: Option<(&'a Entry, &'a DeclaredRelationship)>,
}

/// Every relationship of the view, by id. Of Microsoft Support nothing is a partner's.
pub(super) fn relationships<'a>(ctx: &Ctx<'a>) -> Vec<Told<'a>> {
    match ctx.tenant.view {
        View::Partner => {
            let observed = |relationship: &&'a Relationship| Told { relationship, source: Dataset::Relationships, declared: None };
            ctx.index.relationships.iter().map(observed).collect()
        }
        View::Customer => declared(ctx),
    }
}

fn declared<'a>(ctx: &Ctx<'a>) -> Vec<Told<'a>> {
    let entries = ctx.ledger.entries.values().filter(|entry| entry.class != Class::MicrosoftSupport);
    let rows = entries.flat_map(|entry| declared_rows::relationships(ctx, entry).map(move |row| (entry, row)));
    let mut found: Vec<Told<'a>> = rows
        .map(|(entry, row)| Told { relationship: &row.relationship, source: Dataset::Declared, declared: Some((entry, row)) })
        .collect();
    // Of two files that name one relationship, the one that lets more in; the rest only so that the order of files does not matter.
    found.sort_by(|a, b| {
        let key = |told: &Told<'a>| (&told.relationship.id, !told.relationship.status.is_live(), told.relationship, told.file_date(ctx));
        key(a).cmp(&key(b))
    });
    found.dedup_by(|later, kept| later.relationship.id == kept.relationship.id);
    found
}

/// Those in which access exists or may exist.
pub(super) fn live<'a>(ctx: &Ctx<'a>) -> impl Iterator<Item = Told<'a>> + use<'a> {
    relationships(ctx).into_iter().filter(|told| told.relationship.status.is_live())
}

/// Those whose status is `active`.
pub(super) fn active<'a>(ctx: &Ctx<'a>) -> impl Iterator<Item = Told<'a>> + use<'a> {
    relationships(ctx).into_iter().filter(|told| told.relationship.status == RelationshipStatus::Active)
}

impl Told<'_> {
    fn file_date(&self, ctx: &Ctx<'_>) -> Option<crate::domain::Timestamp> {
        self.declared.and_then(|(_, row)| declared_rows::dated(ctx, row.file))
    }

    /// A finding about it. A declared one names its file with its date, and is no surer than a file is.
    pub(super) fn draft(&self, ctx: &Ctx<'_>) -> Draft {
        let Some((entry, row)) = self.declared else { return Draft::relationship(ctx, self.relationship) };
        let draft = Draft::about("relationship", &self.relationship.id, &self.relationship.display_name)
            .partner(approval::party(entry))
            .confidence(self.surest())
            .remediation(IN_CUSTOMER)
            .evidence("file", text(ctx.customer.declared.files.get(row.file).map(|file| file.name.as_str())), Dataset::Declared);
        from_file(ctx, draft, row.file)
    }

    /// How sure a finding on it can be.
    pub(super) fn surest(&self) -> Confidence {
        if self.declared.is_some() { Confidence::Medium } else { Confidence::High }
    }

    /// The other side by its tenant id: the customer, or in the customer view the partner.
    fn other_side(&self) -> Option<&str> {
        match self.declared {
            Some((entry, _)) => Some(&entry.tenant_id),
            None => self.relationship.customer_id(),
        }
    }

    /// A finding on some of its roles, held against what was approved of the other side.
    pub(super) fn settled(&self, ctx: &Ctx<'_>, draft: Draft, roles: &[&str]) -> Draft {
        approval::of_roles(ctx, draft, self.other_side(), [self.relationship], roles)
    }

    /// The outside tenant whose relationship it is, in the customer view.
    pub(super) fn outside(&self) -> Option<&Entry> {
        self.declared.map(|(entry, _)| entry)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::domain::customer::MICROSOFT_SUPPORT_TENANT;
    use crate::policy::rules::testing::{EXCHANGE, MSP, READERS, at, customer_case, declared, relationship};

    #[test]
    fn each_view_tells_its_own() {
        let own = crate::policy::rules::testing::case(json!({ "relationships": [relationship("r1", &[EXCHANGE], json!({}))] }));
        own.with_ctx(|ctx| {
            let told = relationships(ctx);
            assert_eq!((told.len(), told[0].source, told[0].surest()), (1, Dataset::Relationships, Confidence::High));
        });
        declared(vec![relationship("r1", &[EXCHANGE], json!({}))]).with_ctx(|ctx| {
            let told = relationships(ctx);
            let draft = told[0].draft(ctx);
            assert_eq!((told[0].source, draft.confidence), (Dataset::Declared, Confidence::Medium));
            assert_eq!(draft.partner.unwrap().tenant_id, MSP);
            let evidence: Vec<_> = draft.evidence.iter().map(|evidence| (&*evidence.field, evidence.value.clone())).collect();
            assert_eq!(evidence, [("file", json!("partner.json")), ("file.dated", json!(at(-3).to_string()))]);
        });
    }

    #[test]
    fn one_relationship_of_two_files_is_the_live_one_in_any_order() {
        let (gone, live) = (relationship("r1", &[READERS], json!({ "status": "expired" })), relationship("r1", &[EXCHANGE], json!({})));
        for rows in [vec![gone.clone(), live.clone()], vec![live, gone]] {
            declared(rows).with_ctx(|ctx| {
                let told = relationships(ctx);
                assert_eq!((told.len(), told[0].relationship.roles[0].as_str()), (1, EXCHANGE));
            });
        }
    }

    #[test]
    fn of_two_files_that_tell_the_same_the_older_speaks() {
        let row = |file: usize| json!({ "partnerTenantId": MSP, "file": file, "relationship": relationship("r1", &[EXCHANGE], json!({})) });
        for (dates, expected) in [([-3, -9], "b.json"), ([-9, -3], "a.json")] {
            let files =
                [("a.json", dates[0]), ("b.json", dates[1])].map(|(name, days)| json!({ "name": name, "dated": at(days).to_string() }));
            let case = customer_case(json!({ "declared": { "files": files, "relationships": [row(0), row(1)] } }));
            let file = case.with_ctx(|ctx| relationships(ctx)[0].draft(ctx).evidence[0].value.clone());
            assert_eq!(file, json!(expected));
        }
    }

    #[test]
    fn microsoft_support_is_no_partner() {
        let row = json!({ "partnerTenantId": MICROSOFT_SUPPORT_TENANT, "relationship": relationship("r1", &[EXCHANGE], json!({})) });
        // The ledger knows support by its sign-ins or by its settings.
        let case = customer_case(json!({
            "crossTenantPartners": [{ "tenantId": MICROSOFT_SUPPORT_TENANT, "isServiceProvider": true }], "declared": { "relationships": [row] }
        }));
        assert_eq!(case.with_ctx(|ctx| relationships(ctx).len()), 0);
    }
}
