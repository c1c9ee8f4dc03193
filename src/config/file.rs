//! The file as written: read with the place of every value, and all its mistakes at once.

use std::collections::BTreeMap;
use std::ops::Range;

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::Trust;
use super::approved::{self, ApprovedEntry};
use super::gaps::{self, GapEntry};
use super::keys::{self, Key};
use super::nearest::hint;
use super::problem::{Problem, Spot, position};
use super::role_sets::{self, RoleSetEntry};
use super::tenants::{self, TenantEntry};
use super::waivers::{self, WaiverEntry};

/// A value of one key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A string.
    Text(String),
    /// A whole number.
    Int(i64),
    /// A switch.
    Bool(bool),
    /// A list of strings.
    List(Vec<String>),
    /// Something that no key takes; its TOML type.
    Other(&'static str),
}

impl Value {
    /// Takes a value out of the tree.
    pub fn of(value: &DeValue<'_>) -> Value {
        match value {
            DeValue::String(text) => Value::Text(text.clone().into_owned()),
            DeValue::Boolean(switch) => Value::Bool(*switch),
            DeValue::Integer(number) => {
                i64::from_str_radix(number.as_str(), number.radix()).map_or(Value::Other("a number that is too large"), Value::Int)
            }
            DeValue::Array(items) => items
                .iter()
                .map(|item| item.get_ref().as_str().map(str::to_owned))
                .collect::<Option<Vec<String>>>()
                .map_or(Value::Other("a list of other things"), Value::List),
            DeValue::Float(_) => Value::Other("a number with a fraction"),
            DeValue::Datetime(_) => Value::Other("a date"),
            DeValue::Table(_) => Value::Other("a table"),
        }
    }

    /// In words, for messages. Never the value itself: it may be a secret in the wrong place.
    pub fn describe(&self) -> &'static str {
        match self {
            Value::Text(_) => "a string",
            Value::Int(_) => "a number",
            Value::Bool(_) => "true or false",
            Value::List(_) => "a list",
            Value::Other(what) => what,
        }
    }

    /// A string.
    pub fn as_text(&self) -> Option<&str> {
        match self {
            Value::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A number.
    pub fn as_int(&self) -> Option<i64> {
        match self {
            Value::Int(number) => Some(*number),
            _ => None,
        }
    }

    /// A switch.
    pub fn as_bool(&self) -> Option<bool> {
        match self {
            Value::Bool(switch) => Some(*switch),
            _ => None,
        }
    }

    /// A list of strings.
    pub fn as_list(&self) -> Option<&[String]> {
        match self {
            Value::List(items) => Some(items),
            _ => None,
        }
    }
}

/// A value with its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// The value, checked against the key's kind.
    pub value: Value,
    /// Bytes of the file.
    pub span: Range<usize>,
}

/// A file, read. Only values without a mistake are kept; the mistakes are in `problems`.
#[derive(Debug, Clone)]
pub struct Config {
    /// The file as it was named.
    pub name: String,
    /// What it may say.
    pub trust: Trust,
    /// `[[accepted-gap]]`.
    pub accepted_gaps: Vec<GapEntry>,
    /// `[[waiver]]`.
    pub waivers: Vec<WaiverEntry>,
    /// The rules of all waivers, those with a mistake too, with their places: not looked up yet.
    pub waived_rules: Vec<(String, Range<usize>)>,
    /// `[[role-set]]`.
    pub role_sets: Vec<RoleSetEntry>,
    /// `[[approved]]`.
    pub approved: Vec<ApprovedEntry>,
    /// `[[tenant]]`.
    pub tenants: Vec<TenantEntry>,
    /// Every mistake, in the order of the file.
    pub problems: Vec<Problem>,
    values: BTreeMap<&'static str, Entry>,
    text: String,
}

impl Config {
    /// The value of a key.
    pub fn get(&self, key: &str) -> Option<&Entry> {
        self.values.get(key)
    }

    /// The line of an entry, from 1.
    pub fn line_of(&self, entry: &Entry) -> usize {
        position(&self.text, entry.span.start).0
    }

    /// The line of a place, from 1.
    pub fn line_at(&self, span: &Range<usize>) -> usize {
        position(&self.text, span.start).0
    }

    /// Hands `[rules.<id>]` over, raw: `policy` checks it. `None` if there is none. Parsed again here, for a tree borrows its text.
    pub fn with_rules<R>(&self, read: impl FnOnce(&DeTable<'_>) -> R) -> Option<R> {
        let (root, _) = DeTable::parse_recoverable(&self.text);
        root.get_ref().get("rules").and_then(|rules| rules.get_ref().as_table()).map(read)
    }

    /// Gives a mistake that was found elsewhere its place in this file.
    pub fn problem_at(&self, span: &Range<usize>, message: impl Into<String>, help: Option<String>) -> Problem {
        let (line, column) = position(&self.text, span.start);
        Problem { file: self.name.clone(), line, column, message: message.into(), help }
    }

    /// Adds mistakes and keeps the order of the file.
    pub fn add(&mut self, problems: impl IntoIterator<Item = Problem>) {
        self.problems.extend(problems);
        self.problems.sort();
        self.problems.dedup();
    }

    fn empty(name: &str, text: &str, trust: Trust) -> Config {
        Config {
            name: name.to_owned(),
            trust,
            accepted_gaps: Vec::new(),
            waivers: Vec::new(),
            waived_rules: Vec::new(),
            role_sets: Vec::new(),
            approved: Vec::new(),
            tenants: Vec::new(),
            problems: Vec::new(),
            values: BTreeMap::new(),
            text: text.to_owned(),
        }
    }
}

/// Reads a text.
pub fn parse(name: &str, text: &str, trust: Trust) -> Config {
    let mut config = Config::empty(name, text, trust);
    let (root, errors) = DeTable::parse_recoverable(text);
    let mut spots = Vec::new();
    // Sets first: whatever names one may stand above it.
    let is_set = |key: &str| key == "role-set";
    let (first, then): (Vec<_>, Vec<_>) = root.get_ref().iter().partition(|(key, _)| is_set(key.get_ref()));
    for (key, value) in first.into_iter().chain(then) {
        read_entry(&mut config, key, value, &mut spots);
    }
    // A line that is no TOML was read by guess: what else would be said of it is noise.
    let line = |span: &Range<usize>| position(text, span.start).0;
    let syntax: Vec<Spot> =
        errors.iter().map(|error| Spot::new(error.span().unwrap_or_default(), error.message().replace('\n', ", "))).collect();
    spots.retain(|spot| !syntax.iter().any(|error| line(&error.span) == line(&spot.span)));
    spots.extend(syntax);
    let problems: Vec<Problem> = spots.into_iter().map(|spot| config.problem_at(&spot.span, spot.message, spot.help)).collect();
    config.add(problems);
    config
}

/// A file whose bytes are no text.
pub fn not_utf8(name: &str, error: std::string::FromUtf8Error) -> Config {
    let valid = error.utf8_error().valid_up_to();
    let text = String::from_utf8_lossy(&error.as_bytes()[..valid]).into_owned();
    let mut config = Config::empty(name, &text, Trust::Named);
    let problem = config.problem_at(&(valid..valid), "the file is not UTF-8 here", None);
    config.add([problem]);
    config
}

fn read_entry(config: &mut Config, key: &Spanned<std::borrow::Cow<'_, str>>, value: &Spanned<DeValue<'_>>, spots: &mut Vec<Spot>) {
    let name: &str = key.get_ref();
    if let Some(spot) = refuse(name, key.span(), config.trust) {
        spots.push(spot);
        return;
    }
    match name {
        "rules" if !value.get_ref().is_table() => spots.push(Spot::new(value.span(), "rules are tables").help("write `[rules.<id>]`")),
        "accepted-gap" => gaps::read(value, &mut config.accepted_gaps, spots),
        "role-set" => role_sets::read(value, &mut config.role_sets, spots),
        "waiver" => waivers::read(value, &mut config.waivers, &mut config.waived_rules, spots),
        "approved" => approved::read(value, &config.role_sets, &mut config.approved, spots),
        "tenant" => tenants::read(value, &mut config.tenants, spots),
        _ => {
            if let Some(key) = keys::find(name) {
                read_value(config, key, value, spots);
            }
        }
    }
}

fn read_value(config: &mut Config, key: &Key, value: &Spanned<DeValue<'_>>, spots: &mut Vec<Spot>) {
    let read = Value::of(value.get_ref());
    match key.kind.check(&read) {
        Ok(()) => {
            config.values.insert(key.name, Entry { value: read, span: value.span() });
        }
        Err((message, help)) => spots.push(Spot { span: value.span(), message: format!("`{}`: {message}", key.name), help }),
    }
}

/// Why a top-level key may not stand here, if it may not.
fn refuse(name: &str, span: Range<usize>, trust: Trust) -> Option<Spot> {
    let known =
        keys::find(name).map(|key| key.from).or_else(|| keys::TABLES.iter().find(|(table, _)| *table == name).map(|(_, from)| *from));
    if let Some(from) = known {
        return (from == Trust::Named && trust == Trust::Discovered).then(|| {
            Spot::new(span, format!("`{name}` may not stand in a file that was not named"))
                .help("a discovered file only tunes rules and accepts gaps; put it into another file and use `--config FILE`")
        });
    }
    if let Some((_, instead)) = keys::SECRETS.iter().find(|(secret, _)| *secret == name) {
        return Some(Spot::new(span, format!("`{name}`: no secret may stand in a config file")).help(*instead));
    }
    if keys::LATER.contains(&name) {
        return Some(Spot::new(span, format!("`{name}` is not in this version yet")));
    }
    Some(unknown(name, span, keys::names()))
}

/// An unknown key, with the one that was meant.
pub fn unknown<'a>(name: &str, span: Range<usize>, names: impl IntoIterator<Item = &'a str> + Clone) -> Spot {
    Spot { span, message: format!("unknown key {name:?}"), help: hint(name, names) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(config: &Config) -> Vec<String> {
        config.problems.iter().map(|problem| format!("{problem} ({})", problem.help.as_deref().unwrap_or("-"))).collect()
    }

    #[test]
    fn five_mistakes_make_five_messages_in_the_order_of_the_file() {
        let text = "lokback = \"30d\"\nfail-on = \"hihg\"\nmax-records = 0\nclient-secret = \"hunter2\"\n\n[[accepted-gap]]\ndataset = \"sign-inz\"\nreason = \"x\"\n";
        let config = parse("p.toml", text, Trust::Named);
        assert_eq!(
            shown(&config),
            [
                "p.toml:1:1: unknown key \"lokback\" (did you mean `lookback`?)",
                "p.toml:2:11: `fail-on`: `hihg` is not one of its values (did you mean `high`?)",
                "p.toml:3:15: `max-records`: 0 is not between 1 and 50000000 (-)",
                "p.toml:4:1: `client-secret`: no secret may stand in a config file (set AZURE_CLIENT_SECRET, or name a file with `client-secret-file`)",
                "p.toml:7:11: `dataset`: there is no dataset \"sign-inz\" (did you mean `sign-ins`?)",
            ]
        );
        assert!(!format!("{:?}", config.problems).contains("hunter2"));
    }

    #[test]
    fn a_discovered_file_sets_no_endpoint_no_credential_and_no_exit_status() {
        let text = "graph-endpoint = \"https://evil.example\"\nlogin-endpoint = \"https://evil.example\"\ncloud = \"china\"\ncredential = \"azure-cli\"\n\
                    client-secret-file = \"x\"\nca-file = \"x\"\nfail-on = \"never\"\nexit-zero = true\nformat = [\"json=/etc/passwd\"]\nskip-rule = [\"x\"]\n\
                    skip-dataset = [\"sign-ins\"]\nlookback = \"7d\"\n[[tenant]]\nname = \"a\"\nid = \"a.example\"\n[[accepted-gap]]\nreason = \"known\"\n[rules.x]\nenabled = false\n";
        let config = parse("p.toml", text, Trust::Discovered);
        assert_eq!(config.problems.len(), 12);
        assert!(config.problems.iter().all(|problem| problem.help.as_deref().is_some_and(|help| help.contains("--config"))));
        assert_eq!(config.values.keys().copied().collect::<Vec<_>>(), ["lookback"]);
        assert!(config.tenants.is_empty());
        assert_eq!((config.accepted_gaps.len(), config.with_rules(|rules| rules.len())), (1, Some(1)));
        assert_eq!(parse("p.toml", text, Trust::Named).problems, []);
    }

    #[test]
    fn broken_toml_is_told_with_the_other_mistakes() {
        let config = parse("p.toml", "fail-on = \nview = \"customr\"\nwaiver = 1\nfull = \"yes\"\n", Trust::Named);
        let lines: Vec<usize> = config.problems.iter().map(|problem| problem.line).collect();
        assert_eq!(lines, [1, 2, 3, 4], "{:#?}", config.problems);
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,60}|([a-z\\-]{1,12} ?= ?[\\[\\]\"0-9a-z]{0,9}\n){0,6}") {
            let config = parse("p.toml", &text, Trust::Named);
            proptest::prop_assert!(config.problems.windows(2).all(|pair| pair[0] <= pair[1]));
        }
    }
}
