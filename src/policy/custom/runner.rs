//! Starts the child in which rules run, and ends it when a rule goes beyond its limits. One child runs all rules over the same facts; a rule
//! that ends it is not evaluated, and another child goes on with the next. Time is measured here to end children, and for nothing that a
//! verdict rests on.

use std::collections::VecDeque;
use std::io::{self, BufRead, BufReader, BufWriter, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use serde::Serialize;

use super::fields::Wanted;
use super::input::Input;
use super::protocol::{Job, Outcome, Reply, Request, RuleText};
use super::worker::WorkerError;
use super::{CustomRule, Limits, Verdicts};
use crate::domain::{Snapshot, TenantSnapshot, Timestamp};

/// The hidden command that serves a runner.
pub const COMMAND: &str = "run-custom-rules";

/// How long a child may take to read the facts.
const TO_READ: Duration = Duration::from_secs(600);
/// How long a child may take beyond a rule's own limit, which the engine itself holds between its steps, before it is killed.
const GRACE: Duration = Duration::from_millis(500);
/// Longest line that is taken from a child.
const MAX_LINE: u64 = 64 * 1024 * 1024;
/// What is kept of what a child says on standard error.
const MAX_STDERR: u64 = 8 * 1024;

/// Runs rules in children of a program.
#[derive(Debug, Clone)]
pub struct Runner {
    /// The program; [`COMMAND`] makes it serve.
    pub program: PathBuf,
    /// What each rule may take.
    pub limits: Limits,
}

/// `it took longer than …`.
pub(super) fn too_long(limit: Duration) -> String {
    format!("it took longer than {}", in_words(limit))
}

fn in_words(time: Duration) -> String {
    match time.as_millis() {
        whole if whole % 1_000 == 0 => format!("{} s", time.as_secs()),
        millis => format!("{millis} ms"),
    }
}

impl Runner {
    /// Judges a snapshot by these rules, each tenant alone. A rule whose views do not hold a tenant says nothing of it.
    pub fn judge(&self, rules: &[&'static CustomRule], snapshot: &Snapshot, now: Timestamp) -> Verdicts {
        let mut verdicts = Verdicts::default();
        for tenant in &snapshot.tenants {
            let of_view: Vec<&'static CustomRule> = rules.iter().copied().filter(|rule| rule.meta().views.contains(&tenant.view)).collect();
            let (whole, broken): (Vec<_>, Vec<_>) = of_view.into_iter().partition(|rule| rule.broken.is_none());
            for rule in broken {
                verdicts.insert(rule.rule.meta.id, tenant, Err(rule.broken.clone().unwrap_or_default()));
            }
            if !whole.is_empty() {
                self.judge_tenant(&whole, snapshot, tenant, now, &mut verdicts);
            }
        }
        verdicts
    }

    fn judge_tenant(
        &self,
        rules: &[&'static CustomRule],
        snapshot: &Snapshot,
        tenant: &TenantSnapshot,
        now: Timestamp,
        verdicts: &mut Verdicts,
    ) {
        let texts: Vec<RuleText> =
            rules.iter().map(|rule| RuleText { source: rule.source.clone(), wanted: Some(Wanted::of(rule.meta())) }).collect();
        let mut wanted = Wanted::default();
        texts.iter().filter_map(|text| text.wanted.as_ref()).for_each(|own| wanted.join(own));
        let jobs: Vec<Job> = (0..rules.len()).map(|rule| Job { rule, input: Some((0, tenant.view)) }).collect();
        let outcomes = self.run(&texts, &[Input { snapshot, tenant, now, wanted: &wanted }], &jobs, None);
        for (rule, outcome) in rules.iter().zip(outcomes) {
            let meta = &rule.rule.meta;
            let said = match outcome {
                Outcome::Found(found) => Ok(found.into_iter().map(|finding| finding.into_draft(meta, tenant.view)).collect()),
                Outcome::Failed(reason) | Outcome::Overran(reason) => Err(reason),
                Outcome::NotRun(reason) => Err(format!("it was not run: {reason}")),
                Outcome::Looked(_) => Err("it was not run".into()),
            };
            verdicts.insert(meta.id, tenant, said);
        }
    }

    /// Does all jobs, in as many children as it takes: the outcomes in the order of the jobs. A rule that goes beyond its limits does none of
    /// its further jobs; what is not done within `together` is not done.
    pub(super) fn run<T: Serialize + Sync>(
        &self,
        rules: &[RuleText],
        inputs: &[T],
        jobs: &[Job],
        together: Option<Duration>,
    ) -> Vec<Outcome> {
        let last = together.and_then(|time| Instant::now().checked_add(time));
        let mut work = Work::new(jobs);
        while !work.open.is_empty() {
            let request = Request {
                rules: rules.to_vec(),
                jobs: work.open.iter().map(|(_, job)| *job).collect(),
                inputs: inputs.len(),
                time_ms: u64::try_from(self.limits.time.as_millis()).unwrap_or(u64::MAX),
                memory: self.limits.memory,
            };
            let (done, stop) = self.one_child(&request, inputs, last);
            for outcome in done {
                work.settle_next(outcome);
            }
            match stop {
                End::Done => break,
                // The next child goes on behind the job that ended this one, with the other rules.
                End::InJob(reason) => {
                    let rule = work.settle_next(Outcome::Overran(reason));
                    work.settle_all(|job| Some(job.rule) == rule, &Outcome::after_overrun());
                }
                End::Before(reason) => work.settle_all(|_| true, &Outcome::Failed(reason)),
                End::Spent => {
                    let reason =
                        format!("all rules and their examples took longer than {} together", in_words(together.unwrap_or_default()));
                    work.settle_all(|_| true, &Outcome::NotRun(reason));
                }
            }
        }
        work.outcomes
    }

    fn one_child<T: Serialize + Sync>(&self, request: &Request, inputs: &[T], last: Option<Instant>) -> (Vec<Outcome>, End) {
        if left(last).is_some_and(|left| left.is_zero()) {
            return (Vec::new(), End::Spent);
        }
        let mut child = match self.command().spawn() {
            Ok(child) => child,
            Err(error) => return (Vec::new(), End::Before(format!("the process for it could not be started ({})", error.kind()))),
        };
        let (Some(stdin), Some(stdout), Some(stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take()) else {
            end(&mut child);
            return (Vec::new(), End::Before("the process for it has no pipes".into()));
        };
        std::thread::scope(|scope| {
            let (replies, heard) = sync_channel(16);
            let writer = scope.spawn(move || ask(stdin, request, inputs));
            scope.spawn(move || listen(stdout, &replies));
            let complaints = scope.spawn(move || complaint(stderr));
            let (done, stop) = self.hear(&heard, last);
            // Whatever it still does, nobody waits for it: its pipes close, and the threads above end with them.
            end(&mut child);
            drop(heard);
            let _ = writer.join();
            let complaint = complaints.join().unwrap_or_default();
            let stop = match stop {
                Stop::Done => End::Done,
                Stop::Late => End::InJob(too_long(self.limits.time)),
                Stop::Spent => End::Spent,
                Stop::LateToRead => End::Before("the facts could not be handed to it in time".into()),
                Stop::Gone { begun: true } => End::InJob(self.cause(&complaint)),
                Stop::Gone { begun: false } => End::Before(format!("the facts could not be handed to it: {}", self.cause(&complaint))),
            };
            (done, stop)
        })
    }

    /// The child gets nothing of the environment: what a rule cannot see it cannot give away.
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.arg(COMMAND).env_clear().stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        // glibc sets 64 MiB of address space aside for the heap of each thread: whichever thread came first would take what the rule may.
        command.env("MALLOC_ARENA_MAX", "1");
        if let Some(root) = std::env::var_os("SystemRoot").filter(|_| cfg!(windows)) {
            command.env("SystemRoot", root);
        }
        command
    }

    fn hear(&self, heard: &Receiver<Reply>, last: Option<Instant>) -> (Vec<Outcome>, Stop) {
        let mut done = Vec::new();
        let (mut begun, mut patience) = (false, TO_READ);
        loop {
            let left = left(last);
            match heard.recv_timeout(left.map_or(patience, |left| left.min(patience))) {
                Ok(Reply::Ready) => {}
                Ok(Reply::Begun(_)) => {
                    begun = true;
                    patience = self.limits.time.saturating_mul(2).saturating_add(GRACE);
                }
                Ok(Reply::Ended(_, outcome)) => {
                    begun = false;
                    patience = TO_READ;
                    done.push(outcome);
                }
                Ok(Reply::Finished) => return (done, Stop::Done),
                Err(RecvTimeoutError::Timeout) if left.is_some_and(|left| left <= patience) => return (done, Stop::Spent),
                Err(RecvTimeoutError::Timeout) if begun => return (done, Stop::Late),
                Err(RecvTimeoutError::Timeout) => return (done, Stop::LateToRead),
                Err(RecvTimeoutError::Disconnected) => return (done, Stop::Gone { begun }),
            }
        }
    }

    /// Why a child ended by itself, from what it said last.
    fn cause(&self, complaint: &str) -> String {
        let memory = WorkerError::Memory.to_string();
        if complaint.contains("memory allocation of") || complaint.contains(&memory) {
            return format!("it took more than {} MiB of memory", self.limits.memory / 1024 / 1024);
        }
        if complaint.contains("overflowed its stack") {
            return "it nests too deep".into();
        }
        "its process ended".into()
    }
}

/// Jobs that are still to do, and how the others ended.
struct Work {
    open: VecDeque<(usize, Job)>,
    outcomes: Vec<Outcome>,
}

impl Work {
    fn new(jobs: &[Job]) -> Self {
        let unknown = Outcome::NotRun("nobody answered for it".into());
        Work { open: jobs.iter().copied().enumerate().collect(), outcomes: vec![unknown; jobs.len()] }
    }

    /// The job in front ended so. The rule that it was of.
    fn settle_next(&mut self, outcome: Outcome) -> Option<usize> {
        let (number, job) = self.open.pop_front()?;
        *self.outcomes.get_mut(number)? = outcome;
        Some(job.rule)
    }

    /// These jobs are done with.
    fn settle_all(&mut self, which: impl Fn(&Job) -> bool, outcome: &Outcome) {
        let outcomes = &mut self.outcomes;
        self.open.retain(|(number, job)| {
            let is_settled = which(job);
            if let Some(place) = outcomes.get_mut(*number).filter(|_| is_settled) {
                place.clone_from(outcome);
            }
            !is_settled
        });
    }
}

/// How a child ended.
enum End {
    Done,
    InJob(String),
    Before(String),
    Spent,
}

enum Stop {
    Done,
    Late,
    LateToRead,
    Spent,
    Gone { begun: bool },
}

/// What is left until then.
fn left(last: Option<Instant>) -> Option<Duration> {
    last.map(|last| last.saturating_duration_since(Instant::now()))
}

fn end(child: &mut Child) {
    let _ = child.kill();
    let _ = child.wait();
}

/// Writes the request and the inputs; the pipe stays open until nobody listens any more, for a child that sees it close ends.
fn ask<T: Serialize>(stdin: ChildStdin, request: &Request, inputs: &[T]) -> Option<ChildStdin> {
    let mut pipe = BufWriter::with_capacity(256 * 1024, stdin);
    let write = |pipe: &mut BufWriter<ChildStdin>| -> io::Result<()> {
        serde_json::to_writer(&mut *pipe, request)?;
        for input in inputs {
            serde_json::to_writer(&mut *pipe, input)?;
        }
        pipe.flush()
    };
    write(&mut pipe).ok().and_then(|()| pipe.into_inner().ok())
}

/// Reads replies until the pipe closes or says something that is none.
fn listen(stdout: ChildStdout, replies: &SyncSender<Reply>) {
    let mut lines = BufReader::with_capacity(64 * 1024, stdout);
    loop {
        let mut line = Vec::new();
        let read = (&mut lines).take(MAX_LINE).read_until(b'\n', &mut line);
        let Ok(reply) = serde_json::from_slice::<Reply>(&line) else { return };
        if read.is_err() || replies.send(reply).is_err() {
            return;
        }
    }
}

/// The beginning of what a child says on standard error. It is looked through, and never shown: it may hold what the facts hold.
fn complaint(mut stderr: ChildStderr) -> String {
    let mut kept = Vec::new();
    let _ = (&mut stderr).take(MAX_STDERR).read_to_end(&mut kept);
    let _ = io::copy(&mut stderr, &mut io::sink());
    String::from_utf8_lossy(&kept).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_not_there_or_serves_nobody_judges_nothing() {
        let job = Job { rule: 0, input: None };
        let rule = RuleText { source: String::new(), wanted: None };
        for (program, says) in [("/nowhere/at/all", "could not be started"), ("/bin/true", "could not be handed to it: its process ended")]
        {
            let runner = Runner { program: program.into(), limits: Limits::default() };
            let outcomes = runner.run::<u8>(std::slice::from_ref(&rule), &[], &[job, job], None);
            let [Outcome::Failed(first), Outcome::Failed(second)] = &outcomes[..] else { panic!("{outcomes:?}") };
            assert!(cfg!(windows) || first.contains(says) && first == second, "{program}: {first}");
        }
    }

    #[test]
    fn limits_in_words() {
        assert_eq!(too_long(Duration::from_secs(10)), "it took longer than 10 s");
        assert_eq!(too_long(Duration::from_millis(200)), "it took longer than 200 ms");
    }
}
