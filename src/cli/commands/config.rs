//! `config show`: what holds, with where each value was set. What it prints is a config file again.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::ops::Range;

use clap::ArgMatches;

use crate::cli::args::{CommonArgs, ConfigCommand};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::layered::Given;
use crate::cli::options;
use crate::cli::outputs::print;
use crate::config::{Config, Value, keys};
use crate::domain::{Timestamp, roles};
use crate::policy::settings::{RuleSettings, Settings, Value as Setting};
use crate::report::escape;

/// Runs it.
pub(in crate::cli) fn run(command: &ConfigCommand, common: &CommonArgs, matches: &ArgMatches) -> Result<Exit, Failure> {
    let ConfigCommand::Show(args) = command;
    let own = matches.subcommand_matches("show").unwrap_or(matches);
    let (given, settings) = options::config(common, args, own)?;
    print(&show(&given, &settings))?;
    Ok(Exit::Clean)
}

fn show(given: &Given<'_>, settings: &Settings) -> String {
    let file = given.layers.file();
    let mut text = match file {
        Some(file) => format!("# The file is {}.\n", escape::terminal(&file.name)),
        None => "# There is no file.\n".to_owned(),
    };
    for key in keys::ALL {
        match given.any(key) {
            Some(found) => line(&mut text, key.name, &literal(&found.value), &found.source.to_string()),
            None => {
                let _ = writeln!(text, "# {} is not set", key.name);
            }
        }
    }
    if let Some(file) = file {
        tables(&mut text, file);
    }
    let profile = keys::find("profile").and_then(|key| given.any(key)).and_then(|found| found.value.as_text().map(str::to_owned));
    rules(&mut text, file, settings, &profile.unwrap_or_default());
    text
}

fn line(text: &mut String, name: &str, value: &str, source: &str) {
    let _ = writeln!(text, "{:<40} # {}", format!("{name} = {value}"), escape::terminal(source));
}

fn literal(value: &Value) -> String {
    match value {
        Value::Text(text) => quoted(text),
        Value::Int(number) => number.to_string(),
        Value::Bool(switch) => switch.to_string(),
        Value::List(items) => list(items),
        // No key takes one, so no value that was checked is one.
        Value::Other(what) => quoted(what),
    }
}

fn list<T: AsRef<str>>(items: &[T]) -> String {
    format!("[{}]", items.iter().map(|item| quoted(item.as_ref())).collect::<Vec<_>>().join(", "))
}

fn quoted(text: &str) -> String {
    serde_json::Value::from(escape::terminal(text)).to_string()
}

/// The tables of the file, as they were understood.
fn tables(text: &mut String, file: &Config) {
    let role_names = |ids: &[String]| list(&ids.iter().map(|id| roles::name(id)).collect::<Vec<_>>());
    let mut table = |head: &str, rows: Vec<(&str, Option<String>)>| {
        let _ = writeln!(text, "\n[[{head}]]  # {}", escape::terminal(&file.name));
        for (name, value) in rows {
            if let Some(value) = value {
                let _ = writeln!(text, "{name} = {value}");
            }
        }
    };
    let string = |text: &str| Some(text).filter(|text| !text.is_empty()).map(quoted);
    let time = |at: Option<Timestamp>| at.map(|at| at.to_string());
    for set in &file.role_sets {
        table("role-set", vec![("name", string(&set.name)), ("roles", Some(role_names(&set.roles)))]);
    }
    for one in &file.approved {
        let days = one.hours.as_ref().map(|hours| hours.day_names()).filter(|days| !days.is_empty());
        table(
            "approved",
            vec![
                ("tenant", string(&one.tenant_id)),
                ("name", string(&one.name)),
                ("roles", one.roles.as_deref().map(role_names)),
                ("groups", one.groups.as_deref().map(list)),
                ("countries", one.countries.as_deref().map(list)),
                ("networks", one.networks.as_ref().map(|ranges| list(&ranges.iter().map(ToString::to_string).collect::<Vec<_>>()))),
                ("hours", one.hours.as_ref().map(|hours| quoted(&hours.span()))),
                ("days", days.map(|days| list(&days))),
                ("utc-offset", one.hours.as_ref().map(|hours| quoted(&hours.clock()))),
                ("until", time(one.until)),
                ("owner", string(&one.owner)),
                ("ticket", one.ticket.as_deref().and_then(string)),
            ],
        );
    }
    for one in &file.waivers {
        table(
            "waiver",
            vec![
                ("rule", string(&one.rule)),
                ("subject", string(&one.subject)),
                ("partner", one.partner.as_deref().and_then(string)),
                ("customer", one.customer.as_deref().and_then(string)),
                ("reason", string(&one.reason)),
                ("owner", string(&one.owner)),
                ("until", time(Some(one.until))),
            ],
        );
    }
    for one in &file.accepted_gaps {
        table(
            "accepted-gap",
            vec![
                ("dataset", Some(quoted(one.dataset.name()))),
                ("status", one.status.map(|status| quoted(status.as_str()))),
                ("reason", string(&one.reason)),
                ("owner", string(&one.owner)),
                ("until", time(Some(one.until))),
            ],
        );
    }
}

/// Every rule with its settings.
fn rules(text: &mut String, file: Option<&Config>, settings: &Settings, profile: &str) {
    let written = file.map(places).unwrap_or_default();
    for rule in settings.all_rules() {
        let meta = &rule.meta;
        let Some(own) = settings.rules.get(meta.id) else { continue };
        let defaults = RuleSettings::defaults(meta);
        let source = |name: &str, is_default: bool| match (written.get(&(meta.id.to_owned(), name.to_owned())), file) {
            (Some(span), Some(file)) => format!("{}:{}", file.name, file.line_at(span)),
            _ if is_default => "the default".to_owned(),
            _ => format!("profile {profile}"),
        };
        let _ = writeln!(text, "\n[rules.{}]  # {}", meta.id, meta.code);
        line(text, "enabled", &own.enabled.to_string(), &source("enabled", own.enabled == defaults.enabled));
        if let Some((severity, reason)) = &own.severity {
            line(text, "severity", &quoted(severity.as_str()), &source("severity", false));
            line(text, "severity-reason", &quoted(reason), &source("severity-reason", false));
        }
        for ((name, value), (_, default)) in own.values().zip(defaults.values()) {
            let shown = match value {
                Setting::Int(number) => number.to_string(),
                Setting::List(items) => list(items),
            };
            line(text, name, &shown, &source(name, value == default));
        }
    }
}

/// Where the file sets what of which rule.
fn places(file: &Config) -> BTreeMap<(String, String), Range<usize>> {
    let mut found = BTreeMap::new();
    file.with_rules(|rules| {
        for (id, table) in rules {
            for (name, value) in table.get_ref().as_table().into_iter().flatten() {
                found.insert((id.get_ref().to_string(), name.get_ref().to_string()), value.span());
            }
        }
    });
    found
}
