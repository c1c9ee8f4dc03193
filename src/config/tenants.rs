//! `[[tenant]]`: names for tenants, with what belongs to each.

use std::collections::{BTreeMap, BTreeSet};

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::file::{Value, unknown};
use super::gaps::tables;
use super::keys::{CLOUDS, CREDENTIALS, Kind, SECRETS};
use super::problem::Spot;
use super::units;

/// What may be said of one tenant.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum TenantField {
    /// `cloud`.
    Cloud,
    /// `credential`.
    Credential,
    /// `client-id`.
    ClientId,
    /// `client-certificate`: a path.
    ClientCertificate,
    /// `certificate-password-env`: a variable's name.
    CertificatePasswordEnv,
    /// `client-secret-file`: a path.
    ClientSecretFile,
    /// `client-secret-env`: a variable's name.
    ClientSecretEnv,
    /// `access-token-file`: a path.
    AccessTokenFile,
    /// `access-token-env`: a variable's name.
    AccessTokenEnv,
}

const FIELDS: &[(&str, TenantField, Kind)] = &[
    ("cloud", TenantField::Cloud, Kind::OneOf(CLOUDS)),
    ("credential", TenantField::Credential, Kind::OneOf(CREDENTIALS)),
    ("client-id", TenantField::ClientId, Kind::Text),
    ("client-certificate", TenantField::ClientCertificate, Kind::Path),
    ("certificate-password-env", TenantField::CertificatePasswordEnv, Kind::Text),
    ("client-secret-file", TenantField::ClientSecretFile, Kind::Path),
    ("client-secret-env", TenantField::ClientSecretEnv, Kind::Text),
    ("access-token-file", TenantField::AccessTokenFile, Kind::Path),
    ("access-token-env", TenantField::AccessTokenEnv, Kind::Text),
];

/// One tenant of the file.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct TenantEntry {
    /// What `--tenant` calls it.
    pub name: String,
    /// Tenant id or domain, checked.
    pub id: String,
    /// The rest.
    pub fields: BTreeMap<TenantField, String>,
}

impl TenantEntry {
    /// One field.
    pub fn get(&self, field: TenantField) -> Option<&str> {
        self.fields.get(&field).map(String::as_str)
    }
}

/// Reads the list.
pub fn read(value: &Spanned<DeValue<'_>>, tenants: &mut Vec<TenantEntry>, spots: &mut Vec<Spot>) {
    let mut names = BTreeSet::new();
    for (span, table) in tables(value, "tenant", spots) {
        let Some(entry) = read_one(span.clone(), table, spots) else { continue };
        if names.insert(entry.name.to_lowercase()) {
            tenants.push(entry);
        } else {
            spots.push(Spot::new(span, format!("there are two tenants named {:?}", entry.name)));
        }
    }
}

fn read_one(span: std::ops::Range<usize>, table: &DeTable<'_>, spots: &mut Vec<Spot>) -> Option<TenantEntry> {
    let before = spots.len();
    let mut entry = TenantEntry::default();
    for (key, value) in table {
        let (name, at, value) = (key.get_ref().as_ref(), value.span(), Value::of(value.get_ref()));
        let field = FIELDS.iter().find(|(field, _, _)| *field == name);
        let kind = field.map_or(Kind::Text, |(_, _, kind)| *kind);
        if field.is_none() && !matches!(name, "name" | "id") {
            spots.push(unknown_field(name, key.span()));
            continue;
        }
        if let Err((message, help)) = kind.check(&value) {
            spots.push(Spot { span: at, message: format!("`{name}`: {message}"), help });
            continue;
        }
        let text = value.as_text().unwrap_or_default().trim().to_owned();
        match (field, name) {
            (Some((_, field, _)), _) => {
                entry.fields.insert(*field, text);
            }
            (None, "id") => match units::tenant(&text) {
                Ok(id) => entry.id = id,
                Err(message) => spots.push(Spot::new(at, format!("`id`: {message}"))),
            },
            (None, _) => entry.name = text,
        }
    }
    for (name, value) in [("name", &entry.name), ("id", &entry.id)] {
        if value.is_empty() && !table.contains_key(name) {
            spots.push(Spot::new(span.clone(), format!("a tenant has a `{name}`")));
        }
    }
    (spots.len() == before).then_some(entry)
}

fn unknown_field(name: &str, span: std::ops::Range<usize>) -> Spot {
    let instead = match name {
        _ if !SECRETS.iter().any(|(secret, _)| *secret == name) => None,
        _ if name.contains("token") => Some("name a file with `access-token-file`, or a variable with `access-token-env`"),
        _ if name.contains("password") => Some("name a variable with `certificate-password-env`"),
        _ => Some("name a file with `client-secret-file`, or a variable with `client-secret-env`"),
    };
    match instead {
        Some(instead) => Spot::new(span, format!("`{name}`: no secret may stand in a config file")).help(instead),
        None => unknown(name, span, ["name", "id"].into_iter().chain(FIELDS.iter().map(|(field, _, _)| *field))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Trust, from_text};

    #[test]
    fn tenants_with_their_own_credentials() {
        let text = "[[tenant]]\nname = \"a\"\nid = \"A.example\"\ncloud = \"china\"\nclient-secret-env = \"A_SECRET\"\n";
        let config = from_text("p.toml", text, Trust::Named);
        assert_eq!(config.problems, []);
        let entry = &config.tenants[0];
        assert_eq!(
            (entry.id.as_str(), entry.get(TenantField::ClientSecretEnv), entry.get(TenantField::Cloud)),
            ("a.example", Some("A_SECRET"), Some("china"))
        );
    }

    #[test]
    fn every_mistake_of_a_tenant() {
        let text = "[[tenant]]\nname = \"a\"\nid = \"../x\"\nclient-secret = \"s3cret\"\ncluod = \"x\"\ncloud = \"mars\"\n[[tenant]]\nid = \"a.example\"\n\
                    [[tenant]]\nname = \"b\"\nid = \"b.example\"\n[[tenant]]\nname = \"B\"\nid = \"b.example\"\n";
        let config = from_text("p.toml", text, Trust::Named);
        let lines: Vec<usize> = config.problems.iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [3, 4, 5, 6, 7, 12], "{:#?}", config.problems);
        assert!(!format!("{:?}", config.problems).contains("s3cret"));
        assert_eq!(config.tenants.len(), 1);
    }
}
