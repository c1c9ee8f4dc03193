//! Folders of rules to rules that have shown that they tell a passing tenant from a failing one. Every mistake at once.

use std::collections::BTreeMap;

use crate::domain::{RuleMeta, Snapshot};
use crate::policy::examples;

use super::fields::Wanted;
use super::folder::{self, RuleFiles, TextFile};
pub use super::folder::{RulesDir, Shows};
use super::input::Input;
use super::problem::{Problem, Spot};
use super::protocol::{Job, Outcome, RuleText};
use super::runner::Runner;
use super::{CustomRule, header, meta};

/// Most folders of rules of a run: each may hold what a folder may, and a file that nobody named may list them.
const MAX_FOLDERS: usize = 20;

/// Rules that were read.
#[derive(Debug)]
pub struct Loaded {
    /// Those whose files are in order, by id.
    pub rules: Vec<&'static CustomRule>,
    /// What each example showed, by rule and file.
    pub tried: Vec<Tried>,
    /// Everything that is wrong with the files, in their order.
    pub problems: Vec<Problem>,
}

/// An example that was run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tried {
    /// The rule.
    pub rule_id: &'static str,
    /// The example's file.
    pub file: String,
    /// What it is to show.
    pub shows: Shows,
    /// What it showed.
    pub result: TriedResult,
}

/// What an example showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TriedResult {
    /// What it is to show.
    AsSaid,
    /// The passing example fails: what the rule finds; the failing one passes: nothing.
    Lies(Option<String>),
    /// The rule could not be judged on it.
    Unjudged(String),
    /// It was not run, and why: the rule had gone beyond its limits before, or the time for all examples was over.
    NotRun(String),
}

impl Loaded {
    /// Everything for which a run refuses these rules: what is wrong with the files, and examples that lie.
    pub fn refusals(&self) -> Vec<Problem> {
        let lies = self.tried.iter().filter_map(|tried| {
            let TriedResult::Lies(found) = &tried.result else { return None };
            let message = match found {
                None => format!("the failing example passes: {} finds nothing in it", tried.rule_id),
                Some(about) => format!("the passing example fails: {} finds {about}", tried.rule_id),
            };
            let help = "mend the rule or the example; `partnerscope rules test DIR` tries all of them".to_owned();
            Some(Problem { file: tried.file.clone(), line: 1, column: 1, message, help: Some(help) })
        });
        let mut all: Vec<Problem> = self.problems.iter().cloned().chain(lies).collect();
        all.sort();
        all
    }
}

/// A rule on its way in.
struct Candidate {
    files: RuleFiles,
    meta: Option<RuleMeta>,
    examples: Vec<Example>,
}

struct Example {
    shows: Shows,
    file: String,
    snapshot: Snapshot,
}

/// Reads the rules of all folders, looks at their texts and runs their examples.
pub fn load(folders: &[RulesDir], runner: &Runner) -> Loaded {
    let mut problems = Vec::new();
    if folders.len() > MAX_FOLDERS {
        let file = folders.get(MAX_FOLDERS).map(|folder| folder.path.display().to_string()).unwrap_or_default();
        let message = format!("these are more than {MAX_FOLDERS} folders of rules");
        problems.push(Problem { file, line: 1, column: 1, message, help: None });
        return Loaded { rules: Vec::new(), tried: Vec::new(), problems };
    }
    let files: Vec<RuleFiles> = folders.iter().flat_map(|folder| folder::read(folder, &mut problems)).collect();
    let candidates: Vec<Candidate> = files.into_iter().map(|files| candidate(files, &mut problems)).collect();
    let mut loaded = Loaded { rules: Vec::new(), tried: Vec::new(), problems };
    check_names(&candidates, &mut loaded.problems);
    try_all(candidates, runner, &mut loaded);
    loaded.rules.sort_by_key(|rule| rule.rule.meta.id);
    loaded.problems.sort();
    loaded.problems.dedup();
    loaded
}

fn candidate(files: RuleFiles, problems: &mut Vec<Problem>) -> Candidate {
    let mut spots = Vec::new();
    let page = files.page.as_ref().map(|page| page.text.as_str()).filter(|text| !text.trim().is_empty());
    if page.is_none() {
        let help = format!("write why it matters and what to do into `{}.md` beside it: `rules show` prints it", files.stem);
        spots.push(Spot::new((1, 1), "the rule has no page").help(help));
    }
    let header = header::read(&files.rule.text, &mut spots);
    if header.is_none() {
        let help = "it stands in front of the package as `# METADATA`; docs/custom-rules/README.md shows one";
        spots.push(Spot::new((1, 1), "the rule has no header").help(help));
    }
    let meta = header.and_then(|header| meta::read(&header, &files.stem, page.unwrap_or_default(), &mut spots));
    for (shows, word) in [(Shows::Pass, "pass"), (Shows::Fail, "fail")] {
        if !files.examples.iter().any(|(own, _)| *own == shows) {
            let help = format!("put a snapshot into `{}.{word}.json` beside it, as far as it matters", files.stem);
            spots.push(Spot::new((1, 1), format!("the rule has no {word}ing example")).help(help));
        }
    }
    problems.extend(spots.into_iter().map(|spot| spot.into_problem(&files.rule.name)));
    let examples = files.examples.iter().filter_map(|(shows, file)| example(*shows, file, meta.as_ref(), problems)).collect();
    Candidate { files, meta, examples }
}

fn example(shows: Shows, file: &TextFile, meta: Option<&RuleMeta>, problems: &mut Vec<Problem>) -> Option<Example> {
    let mut wrong = |message: String| {
        // serde_json ends its message with the place.
        let place = message.rsplit_once(" at line ").and_then(|(said, place)| {
            let (line, column) = place.split_once(" column ")?;
            Some((said.to_owned(), line.parse().ok()?, column.parse::<usize>().ok()?.max(1)))
        });
        let (message, line, column) = place.unwrap_or((message, 1, 1));
        problems.push(Problem { file: file.name.clone(), line, column, message, help: None });
        None
    };
    match examples::load(&file.text) {
        Err(message) => wrong(format!("the example is no snapshot: {message}")),
        Ok(snapshot) => match meta {
            Some(meta) if !snapshot.tenants.iter().any(|tenant| meta.views.contains(&tenant.view)) => {
                wrong("the example has no tenant in a view of its rule".into())
            }
            _ => Some(Example { shows, file: file.name.clone(), snapshot }),
        },
    }
}

/// Two rules with one id or code cannot be told apart in a report, and a built-in rule is not replaced.
fn check_names(candidates: &[Candidate], problems: &mut Vec<Problem>) {
    let mut taken: BTreeMap<String, &str> = BTreeMap::new();
    for candidate in candidates {
        let file = candidate.files.rule.name.as_str();
        let mut wrong = |message: String| problems.push(Problem { file: file.to_owned(), line: 1, column: 1, message, help: None });
        let id = candidate.meta.as_ref().map_or(candidate.files.stem.as_str(), |meta| meta.id);
        let code = candidate.meta.as_ref().map_or(id, |meta| meta.code);
        // `acme-01` with the code `ACME-01` is one name.
        let names: BTreeMap<String, &str> = [(id.to_ascii_lowercase(), id), (code.to_ascii_lowercase(), code)].into();
        for (key, name) in names {
            if crate::policy::find(name).is_ok() {
                wrong(format!("`{name}` is a built-in rule"));
            }
            if let Some(other) = taken.insert(key, file) {
                wrong(format!("`{name}` is the rule in {other} too"));
            }
        }
    }
}

fn try_all(candidates: Vec<Candidate>, runner: &Runner, loaded: &mut Loaded) {
    let rules: Vec<RuleText> = candidates
        .iter()
        .map(|candidate| RuleText { source: candidate.files.rule.text.clone(), wanted: candidate.meta.as_ref().map(Wanted::of) })
        .collect();
    let wanted: Vec<Wanted> = rules.iter().map(|rule| rule.wanted.clone().unwrap_or_default()).collect();
    let mut inputs = Vec::new();
    let mut jobs: Vec<Job> = (0..candidates.len()).map(|rule| Job { rule, input: None }).collect();
    // Which example of which rule each further job is.
    let mut of = Vec::new();
    for (rule, (candidate, wanted)) in candidates.iter().zip(&wanted).enumerate() {
        let Some(meta) = &candidate.meta else { continue };
        for (number, example) in candidate.examples.iter().enumerate() {
            for tenant in example.snapshot.tenants.iter().filter(|tenant| meta.views.contains(&tenant.view)) {
                jobs.push(Job { rule, input: Some((inputs.len(), tenant.view)) });
                of.push((rule, number));
                inputs.push(Input { snapshot: &example.snapshot, tenant, now: example.snapshot.collected_at, wanted });
            }
        }
    }
    let mut outcomes = runner.run(&rules, &inputs, &jobs, Some(runner.limits.examples));
    let on_examples = outcomes.split_off(candidates.len().min(outcomes.len()));
    let mut results: BTreeMap<(usize, usize), Vec<Outcome>> = BTreeMap::new();
    for (key, outcome) in of.into_iter().zip(on_examples) {
        results.entry(key).or_default().push(outcome);
    }
    for (rule, (candidate, looked)) in candidates.into_iter().zip(outcomes).enumerate() {
        settle(candidate, looked, &|example| results.get(&(rule, example)).map(Vec::as_slice).unwrap_or_default(), loaded);
    }
}

/// One rule: what is wrong with its text, what its examples showed, and whether it runs.
fn settle<'a>(candidate: Candidate, looked: Outcome, results: &dyn Fn(usize) -> &'a [Outcome], loaded: &mut Loaded) {
    let Candidate { files, meta, examples } = candidate;
    let mut broken = match looked {
        Outcome::Looked(spots) => {
            let is_whole = spots.is_empty();
            loaded.problems.extend(spots.into_iter().map(|spot| spot.into_problem(&files.rule.name)));
            if !is_whole {
                return;
            }
            None
        }
        Outcome::Failed(reason) | Outcome::Overran(reason) | Outcome::NotRun(reason) => {
            Some(format!("its text could not be looked at: {reason}"))
        }
        Outcome::Found(_) => Some("its text could not be looked at".to_owned()),
    };
    let Some(meta) = meta else { return };
    for (number, example) in examples.iter().enumerate() {
        let result = result(example.shows, results(number));
        let name = || std::path::Path::new(&example.file).file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        match &result {
            TriedResult::Unjudged(reason) => {
                broken.get_or_insert_with(|| format!("it could not be judged on its own example {}: {reason}", name()));
            }
            TriedResult::NotRun(reason) => {
                broken.get_or_insert_with(|| format!("its own example {} was not run: {reason}", name()));
            }
            TriedResult::AsSaid | TriedResult::Lies(_) => {}
        }
        loaded.tried.push(Tried { rule_id: meta.id, file: example.file.clone(), shows: example.shows, result });
    }
    loaded.rules.push(CustomRule::new(meta, files.rule.name, files.rule.text, broken));
}

fn result(shows: Shows, outcomes: &[Outcome]) -> TriedResult {
    let failed = outcomes.iter().find_map(|outcome| match outcome {
        Outcome::Found(_) => None,
        Outcome::Failed(reason) | Outcome::Overran(reason) => Some(TriedResult::Unjudged(reason.clone())),
        Outcome::NotRun(reason) => Some(TriedResult::NotRun(reason.clone())),
        Outcome::Looked(_) => Some(TriedResult::NotRun("it was not asked for".to_owned())),
    });
    let found = outcomes.iter().find_map(|outcome| match outcome {
        Outcome::Found(findings) => findings.first().map(|finding| finding.about()),
        _ => None,
    });
    match (failed, shows, found) {
        (Some(unsettled), ..) => unsettled,
        (None, Shows::Pass, Some(about)) => TriedResult::Lies(Some(about)),
        (None, Shows::Fail, None) => TriedResult::Lies(None),
        _ => TriedResult::AsSaid,
    }
}
