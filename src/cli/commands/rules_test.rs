//! `rules test`: runs the examples of a folder of rules.

use std::fmt::Write as _;

use crate::cli::args::RulesTestArgs;
use crate::cli::custom_rules::{of, problems, read_limits};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::outputs::print;
use crate::policy::custom::load::{Loaded, Tried, TriedResult};
use crate::report::escape;

/// Runs it: exit 0 if every example shows what it is to show, 1 if one does not, 2 if something is wrong with the files.
pub(in crate::cli) fn run(args: &RulesTestArgs) -> Result<Exit, Failure> {
    let loaded = of(&args.dirs, read_limits(args.rule_timeout.as_deref(), args.rule_memory)?)?;
    print(&table(&loaded))?;
    if !loaded.problems.is_empty() {
        return Err(Failure::Config(problems(loaded.problems)));
    }
    let is_whole =
        loaded.tried.iter().all(|tried| tried.result == TriedResult::AsSaid) && loaded.rules.iter().all(|rule| rule.broken.is_none());
    Ok(if is_whole { Exit::Clean } else { Exit::Findings })
}

/// One line an example, and what there was of them.
fn table(loaded: &Loaded) -> String {
    let rows: Vec<(&str, String, String)> =
        loaded.tried.iter().map(|tried| (word(tried), escape::terminal(&tried.file).into_owned(), said(tried))).collect();
    let width = rows.iter().map(|(_, file, _)| file.chars().count()).max().unwrap_or_default();
    let mut text = String::new();
    for (word, file, said) in &rows {
        let _ = writeln!(text, "{word:<7} {}", format!("{file:<width$}  {said}").trim_end());
    }
    for rule in &loaded.rules {
        let is_told = loaded.tried.iter().any(|tried| tried.rule_id == rule.meta().id && matches!(tried.result, TriedResult::Unjudged(_)));
        if let Some(reason) = rule.broken.as_ref().filter(|_| !is_told) {
            let _ = writeln!(text, "error   {}  {}", escape::terminal(&rule.file), escape::terminal(reason));
        }
    }
    let not_run = loaded.tried.iter().filter(|tried| matches!(tried.result, TriedResult::NotRun(_))).count();
    let wrong = loaded.tried.iter().filter(|tried| tried.result != TriedResult::AsSaid).count() - not_run;
    let _ = write!(text, "{} rules, {} examples, {wrong} not as they say", loaded.rules.len(), rows.len());
    let _ = if not_run == 0 { writeln!(text) } else { writeln!(text, ", {not_run} not run") };
    text
}

fn word(tried: &Tried) -> &'static str {
    match tried.result {
        TriedResult::AsSaid => "ok",
        TriedResult::Lies(_) => "wrong",
        TriedResult::Unjudged(_) => "error",
        TriedResult::NotRun(_) => "not run",
    }
}

fn said(tried: &Tried) -> String {
    match (&tried.result, tried.shows) {
        (TriedResult::AsSaid, _) => String::new(),
        (TriedResult::Lies(Some(about)), _) => format!("it is to pass, and {} finds {}", tried.rule_id, escape::terminal(about)),
        (TriedResult::Lies(None), _) => format!("it is to fail, and {} finds nothing", tried.rule_id),
        (TriedResult::Unjudged(reason) | TriedResult::NotRun(reason), _) => escape::terminal(reason).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::policy::custom::load::Shows;

    #[test]
    fn each_example_has_its_line() {
        let tried = |file: &str, shows, result| Tried { rule_id: "acme-x", file: file.into(), shows, result };
        let loaded = Loaded {
            rules: Vec::new(),
            tried: vec![
                tried("r/acme-x.pass.json", Shows::Pass, TriedResult::AsSaid),
                tried("r/acme-x.pass-2.json", Shows::Pass, TriedResult::Lies(Some("group \u{1b}[2Jg".into()))),
                tried("r/acme-x.fail.json", Shows::Fail, TriedResult::Lies(None)),
                tried("r/acme-x.fail-2.json", Shows::Fail, TriedResult::Unjudged("it took longer than 10 s".into())),
                tried("r/acme-x.fail-3.json", Shows::Fail, TriedResult::NotRun("it went beyond".into())),
            ],
            problems: Vec::new(),
        };
        let text = table(&loaded);
        assert!(!text.contains('\u{1b}'), "{text}");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "ok      r/acme-x.pass.json");
        assert!(lines[1].starts_with("wrong   r/acme-x.pass-2.json  it is to pass, and acme-x finds group "), "{text}");
        assert_eq!(lines[2], "wrong   r/acme-x.fail.json    it is to fail, and acme-x finds nothing");
        assert_eq!(lines[3], "error   r/acme-x.fail-2.json  it took longer than 10 s");
        assert_eq!(lines[4], "not run r/acme-x.fail-3.json  it went beyond");
        assert_eq!(lines[5], "0 rules, 5 examples, 3 not as they say, 1 not run");
    }
}
