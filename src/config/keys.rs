//! Every key that a config file may hold, as data.

use super::units;
use super::{Trust, Value};

/// What a value must be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Any string but an empty one.
    Text,
    /// One of these strings.
    OneOf(&'static [&'static str]),
    /// A path.
    Path,
    /// An endpoint.
    Endpoint,
    /// `30d`.
    Days,
    /// `30m`.
    Duration,
    /// `500ms`, `10s`.
    RuleTime,
    /// A whole number between these.
    Int(i64, i64),
    /// `true` or `false`.
    Bool,
    /// A list of strings.
    List,
}

impl Kind {
    /// What is wrong with a value, if anything: the message and what to do.
    pub fn check(self, value: &Value) -> Result<(), (String, Option<String>)> {
        let plain = |result: Result<(), String>| result.map_err(|message| (message, None));
        match (self, value) {
            (Kind::OneOf(words), Value::Text(text)) => match words.contains(&text.as_str()) {
                true => Ok(()),
                false => Err((format!("`{text}` is not one of its values"), super::nearest::hint(text, words.iter().copied()))),
            },
            (Kind::Text | Kind::Path, Value::Text(text)) if text.trim().is_empty() => Err(("the value is empty".into(), None)),
            (Kind::Text | Kind::Path, Value::Text(_)) | (Kind::Bool, Value::Bool(_)) | (Kind::List, Value::List(_)) => Ok(()),
            (Kind::Endpoint, Value::Text(text)) => plain(units::endpoint(text).map(drop)),
            (Kind::Days, Value::Text(text)) => plain(units::days(text).map(drop)),
            (Kind::Duration, Value::Text(text)) => plain(units::duration(text).map(drop)),
            (Kind::RuleTime, Value::Text(text)) => plain(units::rule_time(text).map(drop)),
            (Kind::Int(least, greatest), Value::Int(number)) => match (least..=greatest).contains(number) {
                true => Ok(()),
                false => Err((format!("{number} is not between {least} and {greatest}"), None)),
            },
            (_, other) => Err((format!("expected {}, found {}", self.expected(), other.describe()), None)),
        }
    }

    fn expected(self) -> &'static str {
        match self {
            Kind::Text | Kind::OneOf(_) | Kind::Path | Kind::Endpoint => "a string",
            Kind::Days => "a string such as \"30d\"",
            Kind::Duration => "a string such as \"30m\"",
            Kind::RuleTime => "a string such as \"10s\"",
            Kind::Int(..) => "a whole number",
            Kind::Bool => "true or false",
            Kind::List => "a list of strings",
        }
    }
}

/// A key of the file. Its name is that of the flag.
#[derive(Debug, Clone, Copy)]
pub struct Key {
    /// Name.
    pub name: &'static str,
    /// What its value must be.
    pub kind: Kind,
    /// Whether a file that was only found may hold it.
    pub from: Trust,
}

/// The words of `cloud`.
pub const CLOUDS: &[&str] = &["global", "usgov", "usgov-dod", "china"];
/// The words of `credential`.
pub const CREDENTIALS: &[&str] = &["auto", "client-secret", "client-certificate", "azure-cli", "access-token"];
/// The words of `view`.
pub const VIEWS: &[&str] = &["auto", "partner", "customer", "both"];
/// The words of `conditional-access-all-users`.
pub const READINGS: &[&str] = &["technicians-too", "directory-only"];
/// The words of `fail-on`.
pub const FAIL_ON: &[&str] = &["critical", "high", "medium", "low", "info", "never"];
/// The words of `fail-on-new`.
pub const FAIL_ON_NEW: &[&str] = &["critical", "high", "medium", "low", "info"];
/// The words of `profile`.
pub const PROFILES: &[&str] = &["strict", "default", "hygiene"];
/// Greatest `max-records`.
pub const MAX_RECORDS: i64 = 50_000_000;
/// Least `rule-memory`, in MiB: what any rule takes.
pub const LEAST_RULE_MEMORY: i64 = 32;
/// Greatest `rule-memory`, in MiB.
pub const MAX_RULE_MEMORY: i64 = 65_536;
/// Greatest `concurrency`.
pub const MAX_CONCURRENCY: i64 = 64;

const fn named(name: &'static str, kind: Kind) -> Key {
    Key { name, kind, from: Trust::Named }
}

/// Every key that holds one value. `[[tenant]]`, `[[accepted-gap]]` and `[rules.<id>]` come besides.
pub const ALL: &[Key] = &[
    named("view", Kind::OneOf(VIEWS)),
    named("cloud", Kind::OneOf(CLOUDS)),
    named("graph-endpoint", Kind::Endpoint),
    named("login-endpoint", Kind::Endpoint),
    named("ca-file", Kind::Path),
    named("timeout", Kind::Duration),
    named("concurrency", Kind::Int(1, MAX_CONCURRENCY)),
    named("no-batch", Kind::Bool),
    named("credential", Kind::OneOf(CREDENTIALS)),
    named("client-id", Kind::Text),
    named("client-secret-file", Kind::Path),
    named("client-certificate", Kind::Path),
    named("access-token-file", Kind::Path),
    Key { name: "lookback", kind: Kind::Days, from: Trust::Discovered },
    named("conditional-access-all-users", Kind::OneOf(READINGS)),
    named("max-records", Kind::Int(1, MAX_RECORDS)),
    named("skip-dataset", Kind::List),
    named("declared", Kind::List),
    named("import", Kind::List),
    named("profile", Kind::OneOf(PROFILES)),
    named("fail-on", Kind::OneOf(FAIL_ON)),
    named("fail-on-new", Kind::OneOf(FAIL_ON_NEW)),
    named("baseline", Kind::Path),
    named("rule", Kind::List),
    named("skip-rule", Kind::List),
    Key { name: "rules-dir", kind: Kind::List, from: Trust::Discovered },
    named("rule-timeout", Kind::RuleTime),
    named("rule-memory", Kind::Int(LEAST_RULE_MEMORY, MAX_RULE_MEMORY)),
    named("require", Kind::List),
    named("exit-zero", Kind::Bool),
    named("format", Kind::List),
    named("full", Kind::Bool),
];

/// Tables of the file: the name, and whether a file that was only found may hold it.
pub const TABLES: &[(&str, Trust)] = &[
    ("tenant", Trust::Named),
    ("accepted-gap", Trust::Discovered),
    ("waiver", Trust::Discovered),
    ("role-set", Trust::Discovered),
    ("approved", Trust::Discovered),
    ("rules", Trust::Discovered),
];

/// Keys of later versions: refused, so that nobody believes that they work.
pub const LATER: &[&str] = &["history", "all-tenants", "notification"];

/// Keys that people try for a secret, and what holds it instead.
pub const SECRETS: &[(&str, &str)] = &[
    ("client-secret", "set AZURE_CLIENT_SECRET, or name a file with `client-secret-file`"),
    ("secret", "set AZURE_CLIENT_SECRET, or name a file with `client-secret-file`"),
    ("password", "set AZURE_CLIENT_CERTIFICATE_PASSWORD"),
    ("certificate-password", "set AZURE_CLIENT_CERTIFICATE_PASSWORD"),
    ("client-certificate-password", "set AZURE_CLIENT_CERTIFICATE_PASSWORD"),
    ("token", "set PARTNERSCOPE_ACCESS_TOKEN, or name a file with `access-token-file`"),
    ("access-token", "set PARTNERSCOPE_ACCESS_TOKEN, or name a file with `access-token-file`"),
    ("refresh-token", "set PARTNERSCOPE_ACCESS_TOKEN, or name a file with `access-token-file`"),
];

/// The key of a name.
pub fn find(name: &str) -> Option<&'static Key> {
    ALL.iter().find(|key| key.name == name)
}

/// Names of all keys and tables, for the nearest one.
pub fn names() -> impl Iterator<Item = &'static str> + Clone {
    ALL.iter().map(|key| key.name).chain(TABLES.iter().map(|(name, _)| *name))
}
