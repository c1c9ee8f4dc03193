//! Flags and environment on top of the config: which layer set a value, and what it is.

use std::path::{Path, PathBuf};

use clap::ArgMatches;
use clap::parser::ValueSource;

use super::args::CommonArgs;
use super::failure::Failure;
use crate::config::{self, Config, ConfigError, Layered, Layers, Source, Trust, Value, keys};

/// The layers of one run.
pub(super) struct Given<'a> {
    matches: &'a ArgMatches,
    pub(super) layers: Layers,
}

impl<'a> Given<'a> {
    /// The subcommand's matches over the layers below.
    pub(super) fn new(matches: &'a ArgMatches, layers: Layers) -> Self {
        Given { matches, layers }
    }

    /// Where a flag or its variable set the argument `id`, if one did.
    pub(super) fn above(&self, id: &str) -> Option<Source> {
        let long = id.replace('_', "-");
        match self.matches.value_source(id)? {
            ValueSource::CommandLine => Some(Source::Flag(format!("--{long}"))),
            ValueSource::EnvVariable => Some(Source::Variable(format!("PARTNERSCOPE_{}", id.to_uppercase()))),
            _ => None,
        }
    }

    fn flag<T>(&self, key: &str, value: Option<T>) -> Option<Layered<T>> {
        let source = self.above(&key.replace('-', "_"))?;
        value.map(|value| Layered::new(value, source))
    }

    /// A text that the layer below may hold too.
    pub(super) fn text(&self, key: &str, value: Option<&String>) -> Option<Layered<String>> {
        self.layers.pick(self.flag(key, value.cloned()), key, |value| value.as_text().map(str::to_owned))
    }

    /// A path. One in a file is relative to that file's folder, one on the command line to the working folder.
    pub(super) fn path(&self, key: &str, value: Option<&PathBuf>) -> Option<Layered<PathBuf>> {
        let found = self.layers.pick(self.flag(key, value.cloned()), key, |value| value.as_text().map(PathBuf::from))?;
        let folder_of = match &found.source {
            Source::File { file, .. } => Some(PathBuf::from(file)),
            _ => None,
        };
        Some(match folder_of {
            Some(file) => found.map(|path| beside(&file, &path)),
            None => found,
        })
    }

    /// A whole number.
    pub(super) fn int(&self, key: &str, value: Option<i64>) -> Option<Layered<i64>> {
        self.layers.pick(self.flag(key, value), key, Value::as_int)
    }

    /// A switch; off where no layer has it.
    pub(super) fn switch(&self, key: &str, value: bool) -> bool {
        self.layers.pick(self.flag(key, Some(value)), key, Value::as_bool).is_some_and(|switch| switch.value)
    }

    /// A list; a variable holds it with commas in between. A higher layer takes the place of a lower one.
    pub(super) fn list(&self, key: &str, values: &[String]) -> Layered<Vec<String>> {
        let above = self.flag(key, Some(values.to_vec())).map(split_variable);
        let found = self.layers.pick(above, key, |value| value.as_list().map(<[String]>::to_vec));
        found.unwrap_or_else(|| Layered::new(Vec::new(), Source::Default))
    }

    /// Whatever a key of the config holds, with where it was set.
    pub(super) fn any(&self, key: &keys::Key) -> Option<Layered<Value>> {
        let id = key.name.replace('-', "_");
        let above = self.above(&id).and_then(|source| {
            let raw = self.matches.get_raw(&id).into_iter().flatten().map(|value| value.to_string_lossy().into_owned()).collect();
            let raw: Layered<Vec<String>> = Layered::new(raw, source);
            let value = match key.kind {
                keys::Kind::List => Value::List(split_variable(raw.clone()).value),
                keys::Kind::Bool => Value::Bool(self.matches.get_flag(&id)),
                keys::Kind::Int(..) => Value::Int(raw.value.first()?.parse().ok()?),
                _ => Value::Text(raw.value.first()?.clone()),
            };
            Some(Layered::new(value, raw.source))
        });
        self.layers.pick(above, key.name, |value| Some(value.clone()))
    }

    /// A list that no file holds.
    pub(super) fn flags(&self, key: &str, values: &[String]) -> Vec<String> {
        self.flag(key, Some(values.to_vec())).map(split_variable).map(|list| list.value).unwrap_or_default()
    }
}

/// Splits what a variable holds at commas.
fn split_variable(list: Layered<Vec<String>>) -> Layered<Vec<String>> {
    match list.source {
        Source::Variable(_) => list.map(|values| {
            values.iter().flat_map(|value| value.split(',')).map(str::trim).filter(|value| !value.is_empty()).map(str::to_owned).collect()
        }),
        _ => list,
    }
}

/// A path of a file, relative to its folder.
pub(super) fn beside(file: &Path, path: &Path) -> PathBuf {
    file.parent().map_or_else(|| path.to_owned(), |folder| folder.join(path))
}

/// A config in place of a discovered one: that of a fixture tenant, which may have none.
#[derive(Debug, Clone)]
pub(super) struct InPlace {
    /// How to call it in messages.
    pub(super) name: String,
    /// Its text.
    pub(super) text: Option<String>,
}

/// The config file of this run: the one that is named, else none if that is wanted, else the fixture's own, else a discovered one.
pub(super) fn find_config(common: &CommonArgs, in_place: Option<&InPlace>, folder: &Path) -> Result<Option<Config>, ConfigError> {
    if let Some(path) = &common.config {
        return config::load(path, Trust::Named).map(Some);
    }
    if common.no_config {
        return Ok(None);
    }
    if let Some(InPlace { name, text }) = in_place {
        return Ok(text.as_ref().map(|text| config::from_text(name, text, Trust::Discovered)));
    }
    config::discover::discover(folder).map(|path| config::load(&path, Trust::Discovered)).transpose()
}

/// Checks a word of a flag or a variable against those of its key, which a file's value has been through already.
pub(super) fn one_of(key: &str, word: Option<&Layered<String>>) -> Result<(), Failure> {
    let (Some(word), Some(kind)) = (word, keys::find(key).map(|key| key.kind)) else { return Ok(()) };
    kind.check(&Value::Text(word.value.clone())).map_err(|(message, help)| {
        let later = is_later(key, &word.value).then(|| "it is not in this version yet".to_owned());
        Failure::Usage { message: format!("read {}: {message}", word.source), help: later.or(help).into_iter().collect() }
    })
}

/// Words that a later version takes.
fn is_later(key: &str, word: &str) -> bool {
    let words: &[&str] = match key {
        "credential" => &[
            "workload-identity",
            "github-actions",
            "azure-pipelines",
            "managed-identity",
            "device-code",
            "browser",
            "partner-refresh-token",
        ],
        _ => &[],
    };
    words.contains(&word)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::args;

    fn with<R>(line: &[&str], file: &str, check: impl FnOnce(&Given<'_>) -> R) -> R {
        let matches = args::command().try_get_matches_from([&["partnerscope", "audit"], line].concat()).unwrap();
        let file = config::from_text("conf/p.toml", file, Trust::Named);
        assert_eq!(file.problems, []);
        check(&Given::new(matches.subcommand_matches("audit").unwrap(), Layers::new(Some(file))))
    }

    #[test]
    fn flag_over_file_over_default_with_their_sources() {
        let value = |given: &Given<'_>, flag: Option<&str>| {
            let found = given.text("cloud", flag.map(str::to_owned).as_ref()).unwrap();
            format!("{} from {}", found.value, found.source)
        };
        assert_eq!(with(&["--cloud", "usgov"], "cloud = \"china\"\n", |given| value(given, Some("usgov"))), "usgov from --cloud");
        assert_eq!(with(&[], "cloud = \"china\"\n", |given| value(given, None)), "china from conf/p.toml:1");
        assert_eq!(with(&[], "", |given| value(given, None)), "global from the default");
        with(&["--exit-zero"], "no-batch = true\nca-file = \"ca.pem\"\n", |given| {
            assert!(given.switch("exit-zero", true) && given.switch("no-batch", false) && !given.switch("full", false));
            assert_eq!(given.path("ca-file", None).unwrap().value, Path::new("conf/ca.pem"));
        });
    }

    #[test]
    fn variables_hold_lists_with_commas_flags_do_not() {
        let variable = Layered::new(vec!["json=a, table".to_owned()], Source::Variable("PARTNERSCOPE_FORMAT".into()));
        assert_eq!(split_variable(variable).value, ["json=a", "table"]);
        let flag = Layered::new(vec!["json=a,b".to_owned()], Source::Flag("--format".into()));
        assert_eq!(split_variable(flag).value, ["json=a,b"]);
    }

    #[test]
    fn words_of_later_versions_say_so() {
        let word = |word: &str| Layered::new(word.to_owned(), Source::Flag("--view".into()));
        assert!(["partner", "customer", "both", "auto"].iter().all(|view| one_of("view", Some(&word(view))).is_ok()));
        for (given, says) in [("custmer", "did you mean `customer`?"), ("partnr", "did you mean `partner`?")] {
            let Err(Failure::Usage { help, .. }) = one_of("view", Some(&word(given))) else { panic!("{given}") };
            assert_eq!(help, [says]);
        }
    }

    #[test]
    fn a_fixture_takes_no_discovered_config() {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join(config::FILE_NAME), "lookback = \"7d\"\n").unwrap();
        let common = |line: &[&str]| {
            let matches = args::command().try_get_matches_from([&["partnerscope", "rules", "list"], line].concat()).unwrap();
            <args::Cli as clap::FromArgMatches>::from_arg_matches(&matches).unwrap().common
        };
        let find = |line: &[&str], in_place: Option<&InPlace>| {
            find_config(&common(line), in_place, folder.path()).unwrap().map(|config| config.trust)
        };
        assert_eq!(find(&[], None), Some(Trust::Discovered));
        assert_eq!(find(&["--no-config"], None), None);
        assert_eq!(find(&[], Some(&InPlace { name: "f".into(), text: None })), None);
        let own = InPlace { name: "f".into(), text: Some(String::new()) };
        assert_eq!(find(&[], Some(&own)), Some(Trust::Discovered));
        let named = folder.path().join(config::FILE_NAME).display().to_string();
        assert_eq!(find(&["--config", &named], Some(&own)), Some(Trust::Named));
    }
}
