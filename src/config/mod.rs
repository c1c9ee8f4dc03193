//! The config file as written, checked, and the layers that settle each value: flag, environment, file, default.
//!
//! `[rules.<id>]` stays a raw table in here: `policy` knows the rules and checks it, and hands back problems that
//! [`Config::problem_at`] gives a place. So every mistake of a file is told at once, wherever it is found.

pub mod approved;
pub mod discover;
pub mod file;
pub mod gaps;
pub mod keys;
pub mod layers;
pub mod nearest;
pub mod problem;
pub mod role_sets;
pub mod tenants;
pub mod units;
pub mod waivers;

use std::io::Read;
use std::path::{Path, PathBuf};

pub use approved::ApprovedEntry;
pub use file::{Config, Entry, Value};
pub use gaps::GapEntry;
pub use layers::{Layered, Layers, Source};
pub use problem::Problem;
pub use role_sets::RoleSetEntry;
pub use tenants::{TenantEntry, TenantField};
pub use waivers::WaiverEntry;

/// The lowest layer, and the reference of every key.
pub const DEFAULTS: &str = include_str!("default.toml");

/// What `init` writes: every table of a discovered file, commented out. [`CANDIDATES`] marks where candidates go.
pub const POLICY_TEMPLATE: &str = include_str!("policy-template.toml");

/// The line of [`POLICY_TEMPLATE`] that candidates take the place of.
pub const CANDIDATES: &str = "# @candidates\n";

/// The name that is looked for.
pub const FILE_NAME: &str = "partnerscope.toml";

/// A config file above this size is no config file.
const MAX_BYTES: u64 = 8 * 1024 * 1024;

/// Who chose a file, and so what it may say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trust {
    /// Named by whoever runs the program: it may hold every key.
    Named,
    /// Found on the way up from the working folder, or shipped with a fixture tenant: it may only tune rules and accept gaps.
    Discovered,
}

/// Why there is no config.
#[derive(Debug, thiserror::Error)]
pub enum ConfigError {
    /// The file cannot be read.
    #[error("read config {path}: {source}")]
    Read {
        /// Which file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// The file is too large to be one.
    #[error("read config {path}: it is larger than 8 MiB")]
    TooLarge {
        /// Which file.
        path: PathBuf,
    },
}

/// Reads one file. Mistakes in it are in [`Config::problems`]; only a file that cannot be read at all is an error.
pub fn load(path: &Path, trust: Trust) -> Result<Config, ConfigError> {
    let read = |source| ConfigError::Read { path: path.to_owned(), source };
    // A pipe that nobody writes to would be waited for. Who names one means it.
    if trust == Trust::Discovered && !std::fs::metadata(path).map_err(read)?.is_file() {
        return Err(read(std::io::Error::new(std::io::ErrorKind::InvalidInput, "it is no file")));
    }
    let file = std::fs::File::open(path).map_err(read)?;
    let mut bytes = Vec::new();
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(read)?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(ConfigError::TooLarge { path: path.to_owned() });
    }
    let name = path.display().to_string();
    Ok(match String::from_utf8(bytes) {
        Ok(text) => file::parse(&name, &text, trust),
        Err(error) => file::not_utf8(&name, error),
    })
}

/// Reads the text of a config that is no file on disk: that of a fixture tenant.
pub fn from_text(name: &str, text: &str, trust: Trust) -> Config {
    file::parse(name, text, trust)
}

/// The embedded defaults.
pub fn defaults() -> Config {
    file::parse("default", DEFAULTS, Trust::Named)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_absent_large_or_binary() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join(FILE_NAME);
        assert!(matches!(load(&path, Trust::Named), Err(ConfigError::Read { .. })));
        std::fs::write(&path, vec![b'#'; usize::try_from(MAX_BYTES).unwrap() + 1]).unwrap();
        assert!(matches!(load(&path, Trust::Named), Err(ConfigError::TooLarge { .. })));
        let in_place_of_one = folder.path().join("folder");
        std::fs::create_dir(&in_place_of_one).unwrap();
        assert!(matches!(load(&in_place_of_one, Trust::Discovered), Err(ConfigError::Read { .. })));
        std::fs::write(&path, b"lookback = \"30d\"\nx = \"\xff\"\n").unwrap();
        let config = load(&path, Trust::Named).unwrap();
        let problem = &config.problems[0];
        assert_eq!((problem.line, problem.column, problem.message.as_str()), (2, 6, "the file is not UTF-8 here"));
    }

    #[test]
    fn the_template_changes_nothing_and_each_of_its_parts_is_read() {
        let text = POLICY_TEMPLATE.replace(CANDIDATES, "");
        assert_ne!(text, POLICY_TEMPLATE);
        let config = from_text(FILE_NAME, &text, Trust::Discovered);
        assert!(config.problems.is_empty() && config.approved.is_empty() && config.waivers.is_empty() && config.accepted_gaps.is_empty());
        // Each line that holds a key or a table, without its mark.
        let is_code = |line: &&str| line.starts_with("[") || line.split(' ').nth(1) == Some("=");
        let open: String =
            text.lines().filter_map(|line| line.strip_prefix("# ")).filter(is_code).map(|line| format!("{line}\n")).collect();
        let config = from_text(FILE_NAME, &open, Trust::Discovered);
        assert_eq!(config.problems, []);
        let counts = [config.approved.len(), config.waivers.len(), config.accepted_gaps.len(), config.role_sets.len()];
        assert_eq!((counts, config.with_rules(|rules| rules.len())), ([1, 1, 1, 1], Some(1)));
    }

    #[test]
    fn the_defaults_are_free_of_mistakes_and_name_every_key() {
        assert_eq!(defaults().problems, []);
        for key in keys::ALL {
            let (set, shown) = (format!("{} =", key.name), format!("# {} =", key.name));
            assert!(DEFAULTS.lines().any(|line| line.starts_with(&set) || line.starts_with(&shown)), "{} is not in default.toml", key.name);
        }
    }
}
