//! The files of a folder of rules.

use std::io::Read;
use std::path::{Path, PathBuf};

use super::problem::Problem;

/// Most entries of a folder that are looked at.
const MAX_ENTRIES: usize = 10_000;
/// Most rules of a folder.
const MAX_RULES: usize = 200;
const MAX_RULE: u64 = 256 * 1024;
const MAX_PAGE: u64 = 256 * 1024;
const MAX_EXAMPLE: u64 = 4 * 1024 * 1024;
/// Most examples of one rule.
const MAX_EXAMPLES: usize = 50;
/// Most that all files of a folder may take.
const MAX_FOLDER: u64 = 64 * 1024 * 1024;

/// A folder of rules.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RulesDir {
    /// As it was named, or beside the config that names it.
    pub path: PathBuf,
    /// The folder that it may not lead out of: that of a config which nobody named.
    pub inside: Option<PathBuf>,
}

/// A text file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TextFile {
    /// As it is named in messages.
    pub(super) name: String,
    pub(super) text: String,
}

/// What an example shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Shows {
    /// The rule finds nothing.
    Pass,
    /// It finds something.
    Fail,
}

/// The files of one rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct RuleFiles {
    /// The rule's file without `.rego`.
    pub(super) stem: String,
    pub(super) rule: TextFile,
    pub(super) page: Option<TextFile>,
    pub(super) examples: Vec<(Shows, TextFile)>,
}

/// The rules of a folder, by name. Mistakes join `problems`.
pub(super) fn read(folder: &RulesDir, problems: &mut Vec<Problem>) -> Vec<RuleFiles> {
    let shown = folder.path.display().to_string();
    let wrong =
        |message: String, help: Option<&str>| Problem { file: shown.clone(), line: 1, column: 1, message, help: help.map(str::to_owned) };
    let names = match names(folder) {
        Ok(names) => names,
        Err(message) => {
            problems.push(wrong(message, None));
            return Vec::new();
        }
    };
    let stems: Vec<&str> = names.iter().filter_map(|name| name.strip_suffix(".rego")).filter(|stem| !stem.ends_with("_test")).collect();
    if stems.is_empty() {
        problems.push(wrong(
            "the folder holds no rule".into(),
            Some("a rule is a file `<id>.rego`, with `<id>.md`, `<id>.pass.json` and `<id>.fail.json` beside it"),
        ));
    }
    if stems.len() > MAX_RULES {
        problems.push(wrong(format!("the folder holds more than {MAX_RULES} rules"), None));
        return Vec::new();
    }
    for name in names.iter().filter(|name| example_of(name).is_some_and(|(stem, _)| !stems.contains(&stem))) {
        let file = folder.path.join(name).display().to_string();
        problems.push(Problem {
            file,
            line: 1,
            column: 1,
            message: "this example has no rule".into(),
            help: Some("an example is called as its rule is: `<id>.pass.json`".into()),
        });
    }
    let mut room = Some(MAX_FOLDER);
    let mut open = |name: &str, most: u64| {
        let left = room?;
        match text(folder, name, most) {
            Ok(file) => {
                room = left.checked_sub(file.text.len() as u64);
                Some(file)
            }
            Err(problem) => {
                problems.push(problem);
                None
            }
        }
    };
    let mut rules = Vec::new();
    for stem in &stems {
        let page = names.iter().find(|name| name.strip_suffix(".md") == Some(stem)).and_then(|name| open(name, MAX_PAGE));
        let own = names.iter().filter_map(|name| example_of(name).filter(|(of, _)| of == stem).map(|(_, shows)| (shows, name)));
        let examples =
            own.take(MAX_EXAMPLES + 1).filter_map(|(shows, name)| open(name, MAX_EXAMPLE).map(|file| (shows, file))).collect::<Vec<_>>();
        if let Some(rule) = open(&format!("{stem}.rego"), MAX_RULE) {
            rules.push(RuleFiles { stem: (*stem).to_owned(), rule, page, examples });
        }
    }
    if room.is_none() {
        problems.push(wrong(format!("the files of the folder's rules take more than {} MiB", MAX_FOLDER / 1024 / 1024), None));
        return Vec::new();
    }
    for rule in rules.iter().filter(|rule| rule.examples.len() > MAX_EXAMPLES) {
        let message = format!("the rule has more than {MAX_EXAMPLES} examples");
        problems.push(Problem { file: rule.rule.name.clone(), line: 1, column: 1, message, help: None });
    }
    rules
}

/// `<id>.pass.json`, `<id>.fail-2.json`.
fn example_of(name: &str) -> Option<(&str, Shows)> {
    let (stem, rest) = name.strip_suffix(".json")?.split_once('.')?;
    match rest {
        _ if rest.starts_with("pass") => Some((stem, Shows::Pass)),
        _ if rest.starts_with("fail") => Some((stem, Shows::Fail)),
        _ => None,
    }
}

fn names(folder: &RulesDir) -> Result<Vec<String>, String> {
    stays_inside(folder, &folder.path)?;
    let entries = std::fs::read_dir(&folder.path).map_err(|error| format!("the folder cannot be read: {error}"))?;
    let mut names = Vec::new();
    for entry in entries.take(MAX_ENTRIES + 1) {
        let entry = entry.map_err(|error| format!("the folder cannot be read: {error}"))?;
        match entry.file_name().into_string() {
            Ok(name) => names.push(name),
            // A rule that is passed over in silence would look as if it had found nothing.
            Err(name) if Path::new(&name).extension().is_some_and(|ending| ending == "rego") => {
                return Err(format!("the name of the rule {:?} is not UTF-8", name.to_string_lossy()));
            }
            Err(_) => {}
        }
    }
    if names.len() > MAX_ENTRIES {
        return Err(format!("the folder holds more than {MAX_ENTRIES} files"));
    }
    names.sort_unstable();
    Ok(names)
}

/// A config that nobody named reads nothing outside of its own folder, whatever links there are.
fn stays_inside(folder: &RulesDir, path: &Path) -> Result<(), String> {
    let Some(inside) = &folder.inside else { return Ok(()) };
    let real = |path: &Path| path.canonicalize().map_err(|error| format!("it cannot be read: {error}"));
    match real(path)?.starts_with(real(inside)?) {
        true => Ok(()),
        false => Err("it leads out of the folder of a config that was not named: use `--rules-dir` or `--config`".into()),
    }
}

fn text(folder: &RulesDir, name: &str, most: u64) -> Result<TextFile, Problem> {
    let path = folder.path.join(name);
    let shown = path.display().to_string();
    let wrong = |message: String| Problem { file: shown.clone(), line: 1, column: 1, message, help: None };
    stays_inside(folder, &path).map_err(wrong)?;
    // A pipe or a device would never end, and is no rule.
    let is_file = std::fs::metadata(&path).map(|data| data.is_file()).map_err(|error| wrong(format!("it cannot be read: {error}")))?;
    if !is_file {
        return Err(wrong("it is no file".into()));
    }
    let mut bytes = Vec::new();
    let opened = std::fs::File::open(&path).and_then(|file| file.take(most + 1).read_to_end(&mut bytes));
    opened.map_err(|error| wrong(format!("it cannot be read: {error}")))?;
    if bytes.len() as u64 > most {
        return Err(wrong(format!("it is larger than {} KiB", most / 1024)));
    }
    match String::from_utf8(bytes) {
        Ok(text) => Ok(TextFile { name: shown, text }),
        Err(error) => {
            let valid = error.utf8_error().valid_up_to();
            let before = String::from_utf8_lossy(error.as_bytes().get(..valid).unwrap_or_default()).into_owned();
            let column = before.rsplit('\n').next().unwrap_or_default().chars().count() + 1;
            Err(Problem { line: before.matches('\n').count() + 1, column, ..wrong("the file is not UTF-8 here".into()) })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn folder(path: &Path) -> RulesDir {
        RulesDir { path: path.to_owned(), inside: None }
    }

    fn messages(problems: &[Problem]) -> Vec<&str> {
        problems.iter().map(|problem| problem.message.as_str()).collect()
    }

    #[test]
    fn the_files_of_each_rule_are_gathered_by_name() {
        let root = tempfile::tempdir().unwrap();
        for name in [
            "b.rego",
            "b.pass.json",
            "b.fail-2.json",
            "b.fail.json",
            "a.rego",
            "a.md",
            "a_test.rego",
            "README.md",
            "c.pass.json",
            "b.data.json",
        ] {
            std::fs::write(root.path().join(name), name).unwrap();
        }
        std::fs::write(root.path().join("a.pass.json"), [0xff]).unwrap();
        std::fs::write(root.path().join("b.pass.json"), "x".repeat(5 << 20)).unwrap();
        let mut problems = Vec::new();
        let rules = read(&folder(root.path()), &mut problems);
        let names: Vec<_> = rules.iter().map(|rule| (rule.stem.as_str(), rule.page.is_some(), rule.examples.len())).collect();
        assert_eq!(names, [("a", true, 0), ("b", false, 2)]);
        assert_eq!(messages(&problems), ["this example has no rule", "the file is not UTF-8 here", "it is larger than 4096 KiB"]);
    }

    #[test]
    fn a_folder_without_rules_is_a_mistake() {
        let root = tempfile::tempdir().unwrap();
        let mut problems = Vec::new();
        read(&folder(root.path()), &mut problems);
        read(&folder(&root.path().join("none")), &mut problems);
        assert_eq!(problems[0].message, "the folder holds no rule");
        assert!(problems[1].message.starts_with("the folder cannot be read"));
    }

    #[test]
    fn all_files_together_have_a_bound() {
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("a.rego"), "a").unwrap();
        for number in 0..17 {
            std::fs::write(root.path().join(format!("a.pass-{number}.json")), " ".repeat(4 << 20)).unwrap();
        }
        let mut problems = Vec::new();
        assert!(read(&folder(root.path()), &mut problems).is_empty());
        assert_eq!(messages(&problems), ["the files of the folder's rules take more than 64 MiB"]);
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_rule_whose_name_is_no_text_is_not_passed_over() {
        use std::os::unix::ffi::OsStrExt;
        let root = tempfile::tempdir().unwrap();
        std::fs::write(root.path().join("a.rego"), "a").unwrap();
        let write = |name: &[u8]| std::fs::write(root.path().join(std::ffi::OsStr::from_bytes(name)), "x").unwrap();
        write(b"\xff.txt");
        assert_eq!(read(&folder(root.path()), &mut Vec::new()).len(), 1, "it is none of a rule");
        write(b"\xff.rego");
        let mut problems = Vec::new();
        assert!(read(&folder(root.path()), &mut problems).is_empty());
        assert!(problems[0].message.contains("is not UTF-8"), "{problems:?}");
    }

    #[cfg(unix)]
    #[test]
    fn a_config_that_nobody_named_leads_nowhere_else() {
        use std::os::unix::fs::symlink;
        let root = tempfile::tempdir().unwrap();
        let (own, other) = (root.path().join("own"), root.path().join("other"));
        std::fs::create_dir_all(own.join("rules")).unwrap();
        std::fs::create_dir(&other).unwrap();
        std::fs::write(other.join("a.rego"), "secret").unwrap();
        symlink(other.join("a.rego"), own.join("rules/a.rego")).unwrap();
        symlink(&other, own.join("link")).unwrap();
        for path in ["rules", "link", "../other"] {
            let mut problems = Vec::new();
            let rules = read(&RulesDir { path: own.join(path), inside: Some(own.clone()) }, &mut problems);
            assert_eq!((rules.len(), problems.len()), (0, 1), "{path}");
            assert!(problems[0].message.contains("leads out of the folder"), "{path}");
            assert_eq!(read(&folder(&own.join(path)), &mut Vec::new()).len(), 1, "a folder that was named may");
        }
    }
}
