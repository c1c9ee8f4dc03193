//! Graph's own JSON of relationships and of their assignments.

use std::collections::BTreeMap;

use serde::Deserialize;

use super::super::Context;
use super::super::error::ImportError;
use super::super::json::{self, Row};
use super::super::text::Text;
use super::super::time;
use super::{Found, partner_of};
use crate::collect::records;
use crate::domain::declared::DeclaredRelationship;
use crate::domain::facts::Assignment;

/// What tells an assignment from a relationship, and whose it is where a script noted it down.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Head {
    #[serde(rename = "accessContainer")]
    access_container: Option<serde::de::IgnoredAny>,
    #[serde(rename = "relationshipId", alias = "delegatedAdminRelationshipId")]
    relationship_id: Option<String>,
}

/// An assignment that waits for its relationship, which may stand further down.
struct Waiting<'a> {
    row: Row<'a>,
    relationship_id: String,
    assignment: Assignment,
}

pub(super) fn read(text: &Text<'_>, context: &Context<'_>) -> Result<Found, ImportError> {
    let mut found = Found::new("graph", text.file);
    // Every relationship of the file, by id, with the place among those that were kept.
    let mut known: BTreeMap<String, Option<usize>> = BTreeMap::new();
    let mut waiting = Vec::new();
    let pages = json::pages(text)?;
    if json::is_cut(&pages) {
        found.doubts.push("it names a next page that is not here".to_owned());
    }
    for page in pages {
        let of_page = page.context.as_deref().and_then(relationship_of);
        for row in page.rows {
            found.tally.row(text, row.at);
            match context.bounded(row.json).and_then(|json| head(json).map(|head| (json, head))) {
                Err(why) => found.tally.broken(text, row.at, why),
                Ok((json, head)) if head.access_container.is_some() => {
                    let id = head.relationship_id.or_else(|| of_page.clone());
                    match assignment(json, id) {
                        Ok((relationship_id, assignment)) => waiting.push(Waiting { row, relationship_id, assignment }),
                        Err(why) => found.tally.broken(text, row.at, why),
                    }
                }
                Ok((json, _)) => relationship(&mut found, &mut known, text, row.at, json, context)?,
            }
        }
    }
    for wait in waiting {
        join(&mut found, &known, text, wait);
    }
    Ok(found)
}

fn head(json: &str) -> Result<Head, String> {
    serde_json::from_str(json).map_err(|_| "it is neither a relationship nor an assignment".to_owned())
}

/// The relationship that the context of a page of assignments names.
fn relationship_of(context: &str) -> Option<String> {
    let (_, rest) = context.split_once("delegatedAdminRelationships('")?;
    let (id, rest) = rest.split_once('\'')?;
    rest.contains("accessAssignments").then(|| id.to_owned())
}

fn assignment(json: &str, relationship_id: Option<String>) -> Result<(String, Assignment), String> {
    let id = relationship_id.ok_or("the assignment does not say of which relationship it is")?;
    match records::assignment(json, &id) {
        Ok(Some(assignment)) => Ok((id, assignment)),
        Ok(None) => Err("the assignment names no group or no roles".into()),
        Err(_) => Err("it is no assignment".into()),
    }
}

fn relationship(
    found: &mut Found,
    known: &mut BTreeMap<String, Option<usize>>,
    text: &Text<'_>,
    at: usize,
    json: &str,
    context: &Context<'_>,
) -> Result<(), ImportError> {
    let record = match records::relationship(json) {
        Ok(Some(record)) => record,
        Ok(None) => {
            found.tally.broken(text, at, "the relationship has no id");
            return Ok(());
        }
        Err(_) => {
            found.tally.broken(text, at, "it is no relationship");
            return Ok(());
        }
    };
    let relationship = record.relationship;
    let id = relationship.id.clone();
    if known.contains_key(&id) {
        found.tally.double(text, at);
        return Ok(());
    }
    let customer = relationship.customer_id().unwrap_or("an offer to anybody");
    if !customer.eq_ignore_ascii_case(context.tenant) {
        found.tally.other(text, at, customer);
        known.insert(id, None);
        return Ok(());
    }
    if let Some(made) = relationship.created_date_time.filter(|made| time::is_future(*made, context.now)) {
        return Err(context.future(text, at, made));
    }
    let partner = partner_of(&id).filter(|partner| partner != context.tenant);
    let Some(partner_tenant_id) = partner else {
        found.tally.broken(text, at, "its id does not end with a partner's tenant id");
        return Ok(());
    };
    if !record.says_its_roles {
        found.doubts.push(format!("the relationship at line {} came without its roles", text.place(at).0));
    }
    found.tally.own += 1;
    known.insert(id, Some(found.relationships.len()));
    found.relationships.push(DeclaredRelationship { partner_tenant_id, relationship, assignments: record.assignments, file: 0 });
    Ok(())
}

/// Puts an assignment to its relationship.
fn join(found: &mut Found, known: &BTreeMap<String, Option<usize>>, text: &Text<'_>, wait: Waiting<'_>) {
    let Waiting { row, relationship_id, assignment } = wait;
    match known.get(&relationship_id) {
        None => found.tally.broken(text, row.at, "the relationship of the assignment is not in the file"),
        Some(None) => found.tally.other(text, row.at, "another customer"),
        Some(Some(place)) => {
            let Some(declared) = found.relationships.get_mut(*place) else { return };
            found.tally.own += 1;
            if declared.assignments.iter().any(|twin| twin.id == assignment.id) {
                found.tally.double(text, row.at);
            } else {
                declared.assignments.push(assignment);
                declared.assignments.sort();
            }
        }
    }
}
