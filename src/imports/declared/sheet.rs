//! The rows that a person fills in, in TOML or in CSV: the same words, the same checks.

use std::collections::BTreeMap;

use super::super::time;
use super::is_guid;
use crate::domain::declared::DeclaredPartner;
use crate::domain::facts::{Customer, Relationship, RelationshipStatus};
use crate::domain::{IsoDuration, Timestamp, fingerprint, roles};

/// Longest text of a field, in characters.
const TEXT_CHARS: usize = 1_024;

/// Keys of a partner.
pub(super) const PARTNER: [&str; 6] = ["tenant-id", "name", "kind", "roles", "start", "end"];
/// Keys of a relationship.
pub(super) const RELATIONSHIP: [&str; 9] = ["id", "name", "status", "roles", "created", "start", "end", "duration", "auto-extend"];

/// The values of a row by key; each as a list, of which only `roles` may have more than one.
#[derive(Debug, Default)]
pub(super) struct Fields(BTreeMap<&'static str, Vec<String>>);

impl Fields {
    /// Sets a value; blanks are nothing.
    pub(super) fn set(&mut self, key: &'static str, values: Vec<String>) -> Result<(), String> {
        let values: Vec<String> = values.into_iter().map(|value| value.trim().to_owned()).filter(|value| !value.is_empty()).collect();
        if values.iter().any(|value| value.chars().nth(TEXT_CHARS).is_some()) {
            return Err(format!("`{key}` is longer than {TEXT_CHARS} characters"));
        }
        if !values.is_empty() {
            self.0.insert(key, values);
        }
        Ok(())
    }

    /// True if nothing is filled in.
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.0.get(key).and_then(|values| values.first()).map(String::as_str)
    }

    fn time(&self, key: &str) -> Result<Option<Timestamp>, String> {
        let read = |text: &str| time::read(text).ok_or_else(|| format!("`{key}`: {text:?} is not a date such as 2026-01-31"));
        self.text(key).map(read).transpose()
    }

    /// Template ids where the catalog knows the name, else as written; sorted, each once.
    fn roles(&self) -> Vec<String> {
        let known = |text: &String| {
            let role = roles::by_id(text).or_else(|| roles::by_name(text));
            role.map_or_else(|| if is_guid(text) { text.to_ascii_lowercase() } else { text.clone() }, |role| role.id.to_owned())
        };
        let mut found: Vec<String> = self.0.get("roles").into_iter().flatten().map(known).collect();
        found.sort();
        found.dedup();
        found
    }
}

/// Roles of a row that are neither the name nor the id of one, each as a doubt: nobody can say what they allow.
pub(super) fn doubts(roles: &[String], line: usize) -> Vec<String> {
    /// How like a name must be to be worth naming, from 0 to 1.
    const LIKENESS: f64 = 0.85;
    let meant = |text: &str| {
        let likeness = |name: &str| strsim::jaro_winkler(&text.to_lowercase(), &name.to_lowercase());
        let scored = roles::all().iter().map(|role| (likeness(role.name), role.name)).filter(|(score, _)| *score >= LIKENESS);
        scored.max_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, name)| format!(" (did you mean {name:?}?)")).unwrap_or_default()
    };
    let unknown = roles.iter().filter(|role| !is_guid(role));
    unknown.map(|role| format!("the role {role:?} at line {line} is none that is known{}", meant(role))).collect()
}

/// Checks a tenant id; lower case.
pub(super) fn tenant_id(text: &str) -> Result<String, String> {
    let id = text.trim().to_ascii_lowercase();
    if is_guid(&id) { Ok(id) } else { Err(format!("{:?} is not a tenant id", text.trim())) }
}

/// A row of the page as a fact. `own`: the tenant that is audited.
pub(super) fn partner(fields: &Fields, own: &str) -> Result<DeclaredPartner, String> {
    let partner_tenant_id = tenant_id(fields.text("tenant-id").ok_or("the partner's `tenant-id` is missing")?)?;
    if partner_tenant_id == own {
        return Err("`tenant-id` is this tenant, not a partner".into());
    }
    let (start, end) = span(fields)?;
    Ok(DeclaredPartner {
        partner_tenant_id,
        name: fields.text("name").map(str::to_owned),
        kind: fields.text("kind").map(str::to_owned),
        roles: fields.roles(),
        start,
        end,
        file: 0,
    })
}

fn span(fields: &Fields) -> Result<(Option<Timestamp>, Option<Timestamp>), String> {
    let (start, end) = (fields.time("start")?, fields.time("end")?);
    match (start, end) {
        (Some(start), Some(end)) if end < start => Err("`end` is before `start`".into()),
        span => Ok(span),
    }
}

/// A relationship as a fact.
pub(super) fn relationship(fields: &Fields, partner: &str, own: &str) -> Result<Relationship, String> {
    let (activated_date_time, end_date_time) = span(fields)?;
    let name = fields.text("name").unwrap_or_default();
    // The page does not show Graph's id: then it is made of what stays the same.
    let made_up = || format!("declared-{}", fingerprint::of_row([partner, &name.to_lowercase(), fields.text("start").unwrap_or_default()]));
    // "Approval pending" on the page is `approvalPending` in Graph.
    let status: String = fields.text("status").unwrap_or_default().chars().filter(|c| c.is_alphanumeric()).collect();
    Ok(Relationship {
        id: fields.text("id").map_or_else(made_up, str::to_owned),
        display_name: name.to_owned(),
        status: RelationshipStatus::parse(if status.eq_ignore_ascii_case("pending") { "approvalPending" } else { &status }),
        customer: Some(Customer { tenant_id: own.to_owned(), display_name: None }),
        roles: fields.roles(),
        duration: fields.text("duration").map(|text| duration("duration", text)).transpose()?,
        auto_extend_duration: fields.text("auto-extend").map(|text| duration("auto-extend", text)).transpose()?,
        created_date_time: fields.time("created")?,
        last_modified_date_time: None,
        activated_date_time,
        end_date_time,
        reseller: None,
    })
}

/// Yes, no, days, or an ISO duration.
fn duration(key: &str, text: &str) -> Result<IsoDuration, String> {
    let text = text.trim();
    let found = match text.to_ascii_lowercase().as_str() {
        // The one length that Graph has for it.
        "true" | "yes" | "on" if key == "auto-extend" => IsoDuration("P180D".into()),
        "false" | "no" | "off" if key == "auto-extend" => IsoDuration("PT0S".into()),
        days if days.bytes().all(|byte| byte.is_ascii_digit()) => IsoDuration(format!("P{days}D")),
        _ => IsoDuration(text.to_owned()),
    };
    match found.days() {
        Some(_) => Ok(found),
        None if key == "auto-extend" => Err(format!("`{key}`: {text:?} is not yes, no, a length such as P180D or a number of days")),
        None => Err(format!("`{key}`: {text:?} is not a length such as P730D or a number of days")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OWN: &str = "5b7d9e02-1c64-4f3a-9a8e-6d20c41f7b35";
    const PARTNER_ID: &str = "FA000000-0000-4000-8000-000000000001";

    fn fields(pairs: &[(&'static str, &str)]) -> Fields {
        let mut fields = Fields::default();
        for (key, value) in pairs {
            fields.set(key, value.split(';').map(str::to_owned).collect()).unwrap();
        }
        fields
    }

    #[test]
    fn a_partner() {
        let row = fields(&[
            ("tenant-id", PARTNER_ID),
            ("roles", "global reader; 62E90394-69f5-4237-9190-012177145e10; Our own; Global Reader"),
            ("end", "2027-01-31"),
        ]);
        let partner = partner(&row, OWN).unwrap();
        assert_eq!(partner.partner_tenant_id, PARTNER_ID.to_ascii_lowercase());
        assert_eq!(partner.roles, ["62e90394-69f5-4237-9190-012177145e10", "Our own", "f2ef992c-3afb-46b9-b7cf-a126ee74c451"]);
        assert!(partner.administers());
    }

    #[test]
    fn what_is_wrong_is_named() {
        let says = |pairs: &[(&'static str, &str)]| partner(&fields(pairs), OWN).unwrap_err();
        assert_eq!(says(&[]), "the partner's `tenant-id` is missing");
        assert_eq!(says(&[("tenant-id", "Fabrikam")]), "\"Fabrikam\" is not a tenant id");
        assert_eq!(says(&[("tenant-id", OWN)]), "`tenant-id` is this tenant, not a partner");
        assert_eq!(says(&[("tenant-id", PARTNER_ID), ("start", "1/2/2026")]), "`start`: \"1/2/2026\" is not a date such as 2026-01-31");
        assert_eq!(says(&[("tenant-id", PARTNER_ID), ("start", "2026-02-01"), ("end", "2026-01-01")]), "`end` is before `start`");
        assert!(Fields::default().set("name", vec!["x".repeat(1_025)]).is_err());
    }

    #[test]
    fn a_misspelt_role_is_told_with_what_was_meant() {
        let row = relationship(
            &fields(&[("roles", "Global Administator; Global Reader; deadbeef-0000-4000-8000-000000000001; Zebra")]),
            "p",
            OWN,
        );
        assert_eq!(
            doubts(&row.unwrap().roles, 7),
            [
                "the role \"Global Administator\" at line 7 is none that is known (did you mean \"Global Administrator\"?)",
                "the role \"Zebra\" at line 7 is none that is known",
            ]
        );
    }

    #[test]
    fn a_relationship() {
        let of = |pairs: &[(&'static str, &str)]| relationship(&fields(pairs), "p", OWN);
        let row = of(&[("name", "Care"), ("status", "Approval pending"), ("auto-extend", "yes"), ("duration", "730")]).unwrap();
        assert_eq!(
            (&row.status, row.auto_extends(), row.duration.and_then(|length| length.days())),
            (&RelationshipStatus::ApprovalPending, true, Some(730))
        );
        assert_eq!(row.id, of(&[("name", "CARE"), ("status", "active")]).unwrap().id, "its id does not depend on what changes");
        assert_ne!(row.id, of(&[("name", "Other")]).unwrap().id);
        assert!(!of(&[("auto-extend", "No")]).unwrap().auto_extends());
        assert!(of(&[]).unwrap().status.is_live(), "a status that is not said counts as live");
        let says = |key, text| of(&[(key, text)]).unwrap_err();
        assert_eq!(says("auto-extend", "maybe"), "`auto-extend`: \"maybe\" is not yes, no, a length such as P180D or a number of days");
        assert_eq!(says("duration", "maybe"), "`duration`: \"maybe\" is not a length such as P730D or a number of days");
        assert!(of(&[("duration", "soon")]).is_err() && of(&[("duration", "yes")]).is_err());
    }
}
