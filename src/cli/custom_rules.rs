//! The organisation's own rules: where they are, what they may take, and what they say of a snapshot.

use std::path::{Path, PathBuf};

use super::args::RulesDirArgs;
use super::failure::Failure;
use super::layered::{Given, beside};
use crate::config::{Config, Problem, Trust, units};
use crate::domain::{Snapshot, Timestamp};
use crate::policy::custom::load::{Loaded, RulesDir, load};
use crate::policy::custom::runner::Runner;
use crate::policy::custom::{self, Limits, Verdicts};
use crate::policy::settings::Settings;

/// What the organisation's own rules need to run.
#[derive(Debug)]
pub(super) struct CustomRules(Option<Runner>);

impl CustomRules {
    /// What the selected ones among them say of a snapshot.
    pub(super) fn judge(&self, snapshot: &Snapshot, settings: &Settings, now: Timestamp) -> Verdicts {
        let selected: Vec<_> = settings.custom.iter().copied().filter(|rule| settings.selects(rule.meta().id)).collect();
        self.0.as_ref().map(|runner| runner.judge(&selected, snapshot, now)).unwrap_or_default()
    }
}

/// The folders of rules of a run: those of the command line, else those of the file. A file that nobody named leads nowhere else.
fn folders(flags: Option<Vec<String>>, file: Option<&Config>) -> Vec<RulesDir> {
    if let Some(flags) = flags {
        return flags.into_iter().map(|path| RulesDir { path: path.into(), inside: None }).collect();
    }
    let Some(file) = file else { return Vec::new() };
    let name = Path::new(&file.name);
    let inside = (file.trust == Trust::Discovered).then(|| folder_of(name));
    let paths = file.get("rules-dir").and_then(|entry| entry.value.as_list()).unwrap_or_default();
    paths.iter().map(|path| RulesDir { path: beside(name, Path::new(path)), inside: inside.clone() }).collect()
}

fn folder_of(file: &Path) -> PathBuf {
    file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new(".")).to_owned()
}

/// Loads the rules into the settings and tells what is wrong with them. `given`: flags and layers, of a command that judges; `file`: the
/// config of one that does not.
pub(super) fn add(
    given: Option<(&Given<'_>, &RulesDirArgs)>,
    file: Option<&Config>,
    settings: &mut Settings,
) -> Result<(CustomRules, Vec<Problem>), Failure> {
    let flags = given.and_then(|(given, args)| given.above("rules_dir").map(|_| given.flags("rules-dir", &args.rules_dir)));
    let folders = folders(flags, file);
    if folders.is_empty() {
        return Ok((CustomRules(None), Vec::new()));
    }
    let limits = given.map(|(given, args)| limits(given, args)).transpose()?.unwrap_or_default();
    let runner = runner(limits)?;
    let loaded = load(&folders, &runner);
    settings.add_custom(&loaded.rules);
    Ok((CustomRules(Some(runner)), problems(loaded.refusals())))
}

/// Loads the rules of folders that were named, for a command that lists or tries them.
pub(super) fn of(folders: &[String], limits: Limits) -> Result<Loaded, Failure> {
    let folders: Vec<RulesDir> = folders.iter().map(|path| RulesDir { path: path.into(), inside: None }).collect();
    Ok(load(&folders, &runner(limits)?))
}

fn runner(limits: Limits) -> Result<Runner, Failure> {
    let program =
        std::env::current_exe().map_err(|source| Failure::System { what: "find this program, to run rules apart from it", source })?;
    Ok(Runner { program, limits })
}

fn limits(given: &Given<'_>, args: &RulesDirArgs) -> Result<Limits, Failure> {
    let time = given.text("rule-timeout", args.rule_timeout.as_ref()).map(|time| time.value);
    read_limits(time.as_deref(), given.int("rule-memory", args.rule_memory).map(|memory| memory.value))
}

/// Limits from what was given for them.
pub(super) fn read_limits(time: Option<&str>, mebibytes: Option<i64>) -> Result<Limits, Failure> {
    let mut limits = Limits::default();
    if let Some(text) = time {
        let wrong = |message| Failure::usage(format!("read --rule-timeout: {message}"), "such as 10s");
        limits.time = units::rule_time(text).map_err(wrong)?;
    }
    if let Some(memory) = mebibytes.and_then(|memory| u64::try_from(memory).ok()) {
        limits.memory = memory.saturating_mul(1024 * 1024);
    }
    Ok(limits)
}

/// Mistakes in rules are told as those of a config are.
pub(super) fn problems(problems: Vec<custom::Problem>) -> Vec<Problem> {
    problems
        .into_iter()
        .map(|custom::Problem { file, line, column, message, help }| Problem { file, line, column, message, help })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::from_text;

    #[test]
    fn folders_stand_beside_the_file_that_names_them() {
        let file = |trust| from_text("conf/partnerscope.toml", "rules-dir = [\"rules\", \"more\"]\n", trust);
        let paths = |folders: Vec<RulesDir>| folders.into_iter().map(|folder| (folder.path, folder.inside)).collect::<Vec<_>>();
        let found = |trust| paths(folders(None, Some(&file(trust))));
        assert_eq!(found(Trust::Named), [("conf/rules".into(), None), ("conf/more".into(), None)]);
        assert_eq!(found(Trust::Discovered)[0], ("conf/rules".into(), Some("conf".into())));
        assert_eq!(paths(folders(Some(vec!["x".into()]), Some(&file(Trust::Discovered)))), [("x".into(), None)]);
        assert_eq!(folder_of(Path::new("partnerscope.toml")), Path::new("."));
        assert!(folders(None, None).is_empty());
    }

    #[test]
    fn limits_of_the_command_line() {
        assert_eq!(read_limits(None, None).unwrap(), Limits::default());
        let limits = read_limits(Some("200ms"), Some(64)).unwrap();
        assert_eq!((limits.time.as_millis(), limits.memory), (200, 64 << 20));
        assert!(read_limits(Some("1d"), None).is_err());
    }
}
