//! What the runner and its child say to one another: a request and the inputs in, one line of JSON for each event out.

use serde::{Deserialize, Serialize};

use super::fields::Wanted;
use super::findings::RawFinding;
use super::problem::Spot;
use crate::domain::View;

/// What a child is to do.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct Request {
    pub(super) rules: Vec<RuleText>,
    pub(super) jobs: Vec<Job>,
    /// How many inputs follow.
    pub(super) inputs: usize,
    pub(super) time_ms: u64,
    pub(super) memory: u64,
}

/// A rule as a child sees it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct RuleText {
    pub(super) source: String,
    /// The facts that it declares; `None`: its header does not say.
    pub(super) wanted: Option<Wanted>,
}

/// One thing to do with one rule.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Job {
    pub(super) rule: usize,
    /// Judge this input; `None`: look at the rule's text.
    pub(super) input: Option<(usize, View)>,
}

/// What a child says.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) enum Reply {
    /// All inputs are read.
    Ready,
    /// A job begins.
    Begun(usize),
    /// It ended so.
    Ended(usize, Outcome),
    /// All jobs are done.
    Finished,
}

impl Outcome {
    /// A job of a rule that went beyond its limits in an earlier one.
    pub(super) fn after_overrun() -> Outcome {
        Outcome::NotRun("the rule went beyond its limits before".into())
    }
}

/// How a job ended.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) enum Outcome {
    /// What is wrong with the rule's text.
    Looked(Vec<Spot>),
    /// What it found.
    Found(Vec<RawFinding>),
    /// It could not be judged, and why.
    Failed(String),
    /// It went beyond what a rule may take, and how. The rule does no further job of this run.
    Overran(String),
    /// It was not begun, or not waited for, and why.
    NotRun(String),
}
