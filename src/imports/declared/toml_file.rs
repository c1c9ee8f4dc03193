//! The TOML that an admin fills in: `partnerscope init declared` writes it.

use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::super::Context;
use super::super::error::ImportError;
use super::super::text::Text;
use super::Found;
use super::sheet::{self, Fields};
use crate::domain::declared::DeclaredRelationship;

type Value<'a> = Spanned<DeValue<'a>>;

/// True if the text starts with a TOML table's header, not with a JSON array.
pub(super) fn is_table_header(start: &str) -> bool {
    let line = start.lines().next().unwrap_or_default().trim_end();
    let name = line.strip_prefix('[').and_then(|rest| rest.strip_suffix(']'));
    name.is_some_and(|name| {
        name.starts_with(|c: char| c.is_ascii_alphabetic()) && name.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c))
    })
}

pub(super) fn read(text: &Text<'_>, context: &Context<'_>) -> Result<Found, ImportError> {
    let source: &str = &text.text;
    let root = DeTable::parse(source).map_err(|error| {
        let at = error.span().map_or(0, |span: Range<usize>| span.start);
        text.broken(at, format!("broken TOML: {}", error.message()))
    })?;
    let mut found = Found::new("toml", text.file);
    let root = root.get_ref();
    if let Some((key, _)) = root.iter().find(|(key, _)| !["tenant", "as-of", "partner"].contains(&key.get_ref().as_ref())) {
        return Err(text.broken(key.span().start, format!("unknown key {:?}; there are: tenant, as-of, [[partner]]", key.get_ref())));
    }
    let Some(tenant) = root.get("tenant") else {
        return Err(text.broken(0, "`tenant` is missing: the id of the tenant that the page is of"));
    };
    let id = scalar(tenant.get_ref()).ok_or_else(|| "`tenant` is no text".to_owned()).and_then(|text| sheet::tenant_id(&text));
    let id = id.map_err(|why| text.broken(tenant.span().start, format!("`tenant`: {why}")))?;
    if let Some(as_of) = root.get("as-of") {
        let written = scalar(as_of.get_ref()).unwrap_or_default();
        found.date(text, as_of.span().start, &written, context)?;
    }
    for value in rows(root, "partner", text)? {
        let at = row_at(value);
        found.tally.row(text, at);
        if id != context.tenant {
            found.tally.other(text, at, &id);
        } else if let Err(why) = partner(&mut found, text, value, context) {
            found.tally.broken(text, at, why);
        }
    }
    Ok(found)
}

/// The rows of an array of tables.
fn rows<'v, 'a>(table: &'v DeTable<'a>, key: &str, text: &Text<'_>) -> Result<Vec<&'v Value<'a>>, ImportError> {
    match table.get(key) {
        None => Ok(Vec::new()),
        Some(value) => match value.get_ref() {
            DeValue::Array(items) => Ok(items.iter().collect()),
            _ => Err(text.broken(value.span().start, format!("write [[{key}]] for each {key}"))),
        },
    }
}

fn row_at(value: &Value<'_>) -> usize {
    value.span().start
}

fn partner(found: &mut Found, text: &Text<'_>, value: &Value<'_>, context: &Context<'_>) -> Result<(), String> {
    let table = value.get_ref().as_table().ok_or("it is no table")?;
    let fields = fields(table, &sheet::PARTNER, &["relationship"])?;
    let partner = sheet::partner(&fields, context.tenant)?;
    found.tally.own += 1;
    let id = partner.partner_tenant_id.clone();
    found.doubts.extend(sheet::doubts(&partner.roles, text.place(row_at(value)).0));
    if found.partners.contains(&partner) {
        found.tally.double(text, row_at(value));
    } else {
        found.partners.push(partner);
    }
    let Some(value) = table.get("relationship") else { return Ok(()) };
    let DeValue::Array(items) = value.get_ref() else { return Err("write [[partner.relationship]] for each relationship".into()) };
    for item in items.iter() {
        found.tally.row(text, row_at(item));
        match relationship(item, &id, context) {
            Ok(declared) => {
                found.tally.own += 1;
                found.doubts.extend(sheet::doubts(&declared.relationship.roles, text.place(row_at(item)).0));
                if found.relationships.iter().any(|twin| twin.relationship.id == declared.relationship.id) {
                    found.tally.double(text, row_at(item));
                } else {
                    found.relationships.push(declared);
                }
            }
            Err(why) => found.tally.broken(text, row_at(item), why),
        }
    }
    Ok(())
}

fn relationship(item: &Value<'_>, partner: &str, context: &Context<'_>) -> Result<DeclaredRelationship, String> {
    let table = item.get_ref().as_table().ok_or("it is no table")?;
    let fields = fields(table, &sheet::RELATIONSHIP, &[])?;
    if fields.is_empty() {
        return Err("the relationship is empty".into());
    }
    let relationship = sheet::relationship(&fields, partner, context.tenant)?;
    Ok(DeclaredRelationship { partner_tenant_id: partner.to_owned(), relationship, assignments: Vec::new(), file: 0 })
}

/// The values of a table, every key one of `known`; those of `besides` are read elsewhere.
fn fields(table: &DeTable<'_>, known: &[&'static str], besides: &[&str]) -> Result<Fields, String> {
    let mut fields = Fields::default();
    for (key, value) in table {
        let name: &str = key.get_ref();
        let Some(known) = known.iter().find(|known| **known == name) else {
            if besides.contains(&name) {
                continue;
            }
            return Err(format!("unknown key {name:?}; there are: {}", known.join(", ")));
        };
        let values = match value.get_ref() {
            DeValue::Array(items) if *known == "roles" => items.iter().map(|item| scalar(item.get_ref())).collect::<Option<Vec<String>>>(),
            value => scalar(value).map(|text| vec![text]),
        };
        fields.set(known, values.ok_or_else(|| format!("`{known}` has a value of another kind"))?)?;
    }
    Ok(fields)
}

/// A value that is one word as text.
fn scalar(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.clone().into_owned()),
        DeValue::Integer(number) => Some(number.as_str().to_owned()),
        DeValue::Boolean(switch) => Some(switch.to_string()),
        DeValue::Datetime(at) => Some(at.to_string()),
        _ => None,
    }
}
