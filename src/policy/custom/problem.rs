//! One mistake in a folder of rules, with its place.

use serde::{Deserialize, Serialize};

/// One mistake.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// The file as it was named.
    pub file: String,
    /// Line, from 1.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// What is wrong: a lowercase fragment.
    pub message: String,
    /// What was meant, or what to do.
    pub help: Option<String>,
}

/// A mistake in a text that is at hand.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub(super) struct Spot {
    pub(super) line: usize,
    pub(super) column: usize,
    pub(super) message: String,
    pub(super) help: Option<String>,
}

impl Spot {
    pub(super) fn new((line, column): (usize, usize), message: impl Into<String>) -> Self {
        Spot { line, column, message: message.into(), help: None }
    }

    #[must_use]
    pub(super) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    pub(super) fn maybe(mut self, help: Option<String>) -> Self {
        self.help = help;
        self
    }

    pub(super) fn into_problem(self, file: &str) -> Problem {
        Problem { file: file.to_owned(), line: self.line, column: self.column, message: self.message, help: self.help }
    }
}

/// `did you mean …`, if a name is near enough.
pub(super) fn nearest<'a>(name: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    const ALIKE: f64 = 0.8;
    let scored = candidates.into_iter().map(|candidate| (strsim::jaro_winkler(&name.to_lowercase(), &candidate.to_lowercase()), candidate));
    let best = scored.filter(|(score, _)| *score >= ALIKE).reduce(|best, next| if next.0 > best.0 { next } else { best });
    best.map(|(_, candidate)| format!("did you mean `{candidate}`?"))
}
