//! What judging costs on one core: every built-in rule over 10,000 relationships, 400 groups, 5,000 people and 200,000 sign-ins (partner view), and
//! over 200,000 sign-ins and 100,000 audit events (customer view). `cargo bench --bench policy`; it ends with 1 if a target is missed.
//!
//! Each view is judged in two processes, held to one core by `taskset` where there is one: one for all rules together, one for each rule alone. They read
//! their facts from a file: what is held after reading is the snapshot, what is held at most while judging is beyond it. Targets are held against
//! processor time, so that what else runs on the machine decides little; the time on the wall stands beside it. What rules in Rego cost on the same facts:
//! `cargo bench --bench rego`.

#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

mod meter;
mod tenants;

use std::ffi::OsStr;
use std::path::Path;
use std::process::{Command, ExitCode};

use meter::{Cost, ROUNDS, beyond, median};
use partnerscope::domain::diff::Baseline;
use partnerscope::domain::{Coverage, Dataset, Report, RuleMeta, Snapshot, Timestamp};
use partnerscope::policy::alone::each_rule;
use partnerscope::policy::settings::Settings;
use partnerscope::policy::{baseline_of, evaluate};
use tenants::{Size, customer, partner};

/// Milliseconds of one core in which all rules judge.
const MOST_MS: f64 = 1_500.0;
/// MiB that judging holds beyond the snapshot.
const MOST_MIB: u64 = 40;
/// How many times as long twice the records may take: n log n of these sizes is 2.2.
const MOST_GROWTH: f64 = 2.3;
/// Bytes that the allocator keeps: all that a rule ever holds.
const KEPT: &str = "1073741824";
/// A rule that takes less on the half is lost in the noise. It is held to what it may grow to from here.
const TOLD_FROM_MS: f64 = 1.0;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    // `cargo test --benches` only wants to know that it runs.
    let scale = if arguments.iter().any(|argument| argument == "--bench") { 1 } else { 200 };
    let missed = match arguments.iter().position(|argument| argument == "--measure") {
        Some(at) => measure(Path::new(&arguments[at + 1]), &arguments[at + 2], &arguments[at + 3]),
        None => make_and_measure(Size::WHOLE.over(scale)),
    };
    if missed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Writes the tenants into files and measures each view in a process on one core. True if a target is missed.
fn make_and_measure(size: Size) -> bool {
    let folder = tempfile::tempdir().expect("a folder");
    let core = std::env::var("POLICY_BENCH_CORE").unwrap_or_else(|_| "0".into());
    println!("medians of {ROUNDS}; targets are held by processor time; growth is the median of pairs, all beside half");
    let mut missed = false;
    // `-- --partner` and `-- --customer` measure one view.
    let asked = |view: &str| std::env::args().any(|argument| argument == format!("--{view}"));
    let views = [("partner", partner as fn(Size) -> String), ("customer", customer)];
    let is_one = views.iter().any(|(view, _)| asked(view));
    for (view, make) in views.into_iter().filter(|(view, _)| !is_one || asked(view)) {
        for (name, size) in [("whole", size), ("half", size.over(2))] {
            std::fs::write(folder.path().join(format!("{view}-{name}.json")), make(size)).expect("a file");
        }
        for part in Part::BOTH {
            missed |= in_own_process(part, &core, &[folder.path().as_os_str(), view.as_ref()]);
        }
    }
    println!("\n{}", if missed { "a target is missed" } else { "every target is hit" });
    missed
}

/// What is measured in a process of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Part {
    /// What judging takes and holds as a user runs it.
    Run,
    /// Each rule alone. Here the allocator keeps what it was given back: whether it hands a rule's lists to the kernel after each round depends on
    /// their size, so that half of the records would be measured without, and all of them with, the kernel's time for clearing those pages again.
    Rules,
}

impl Part {
    const BOTH: [Part; 2] = [Part::Run, Part::Rules];

    fn argument(self) -> &'static str {
        match self {
            Part::Run => "--run",
            Part::Rules => "--rules",
        }
    }

    /// glibc's settings; other allocators do not know them.
    fn environment(self) -> &'static [(&'static str, &'static str)] {
        match self {
            Part::Run => &[],
            Part::Rules => &[("MALLOC_TRIM_THRESHOLD_", KEPT), ("MALLOC_MMAP_THRESHOLD_", KEPT)],
        }
    }
}

/// Measures a part of a view in a process on one core. True if a target is missed.
fn in_own_process(part: Part, core: &str, what: &[&OsStr]) -> bool {
    let own = std::env::current_exe().expect("own path");
    let measured =
        |mut command: Command| command.arg("--measure").args(what).arg(part.argument()).envs(part.environment().iter().copied()).status();
    let mut on_one = Command::new("taskset");
    on_one.args(["-c", core]).arg(&own);
    let status = measured(on_one).or_else(|error| {
        println!("no taskset ({error}): measured on every core");
        measured(Command::new(own))
    });
    !status.expect("own program").success()
}

/// Measures one view. True if a target is missed.
fn measure(folder: &Path, view: &str, part: &str) -> bool {
    let whole = read(&folder.join(format!("{view}-whole.json")));
    if part == Part::Rules.argument() {
        let half = read(&folder.join(format!("{view}-half.json")));
        return Measured { whole: Judge::new(&whole), half: Judge::new(&half) }.rules() > 0;
    }
    println!("\n{:<43} {:>9} {:>9} {:>9} {:>7} {:>9}", format!("{view} view"), "cpu ms", "half", "wall ms", "growth", "findings");
    // First of all, so that nothing that was let go of is there to be used again.
    let missed = memory(&whole);
    let half = read(&folder.join(format!("{view}-half.json")));
    missed + Measured { whole: Judge::new(&whole), half: Judge::new(&half) }.totals() > 0
}

/// What judging holds beyond the snapshot. How many targets are missed.
fn memory(snapshot: &Snapshot) -> usize {
    let (report, held) = beyond(|| evaluate(snapshot, None, &Settings::default(), now()));
    let counts = &report.tenants[0].counts;
    println!("  {} relationships, {} sign-ins, {} audit events", counts.relationships, counts.sign_ins, counts.audit_events);
    let is_missed = held >= MOST_MIB;
    println!("  {:<41} {held:>5} MiB{:>35}", "held beyond the snapshot", target(is_missed, &format!("under {MOST_MIB} MiB")));
    usize::from(is_missed)
}

/// Every dataset was read to the end.
fn read(path: &Path) -> Snapshot {
    let bytes = std::fs::read(path).expect("the facts");
    let mut snapshot: Snapshot = serde_json::from_slice(&bytes).expect("a snapshot");
    let coverage = |dataset: Dataset| Coverage {
        from: Some(at("2026-10-21T18:00:00Z")),
        to: Some(now()),
        ..Coverage::complete(u64::from(dataset != Dataset::Declared))
    };
    snapshot.tenants[0].coverage = Dataset::ALL.iter().map(|dataset| (*dataset, coverage(*dataset))).collect();
    snapshot
}

fn at(text: &str) -> Timestamp {
    Timestamp::parse(text).expect("a time")
}

fn now() -> Timestamp {
    at("2026-11-20T18:00:00Z")
}

/// One snapshot and what judges it.
struct Judge<'a> {
    snapshot: &'a Snapshot,
    baseline: Baseline,
}

impl<'a> Judge<'a> {
    fn new(snapshot: &'a Snapshot) -> Self {
        Judge { snapshot, baseline: baseline_of(snapshot, &Settings::default()) }
    }

    fn all(&self) -> Report {
        evaluate(self.snapshot, None, &Settings::default(), now())
    }

    fn all_against_baseline(&self) -> Report {
        evaluate(self.snapshot, Some(&self.baseline), &Settings::default(), now())
    }

    /// A run without any rule: joining the facts, and the report.
    fn nothing(&self) -> Report {
        let none = Settings { only: Some([].into()), ..Settings::default() };
        evaluate(self.snapshot, None, &none, now())
    }

    /// Hands each rule over, on facts that are joined already: what it is called, and what runs it and counts its findings.
    fn each(&self, with: &mut dyn FnMut(&'static str, &dyn Fn() -> usize)) {
        each_rule(self.snapshot, Some(&self.baseline), &Settings::default(), now(), &mut |meta: &'static RuleMeta, run| {
            with(meta.code, run)
        });
    }
}

/// A view, over all and over half of it.
struct Measured<'a> {
    whole: Judge<'a>,
    half: Judge<'a>,
}

impl Measured<'_> {
    /// All rules together, without and with a baseline of the same size. How many targets are missed.
    fn totals(&self) -> usize {
        let Measured { whole, half } = self;
        let mut missed = told("all rules", median(|| whole.all(), || half.all()), whole.all().findings.len(), Some(MOST_MS));
        let cost = median(|| whole.all_against_baseline(), || half.all_against_baseline());
        missed += told("all rules against a baseline of the size", cost, whole.all_against_baseline().findings.len(), None);
        missed + told("without a rule: facts joined, report made", median(|| whole.nothing(), || half.nothing()), 0, None)
    }

    /// Each rule alone, the dearest first. How many targets are missed.
    fn rules(&self) -> usize {
        let mut rows = Vec::new();
        self.whole.each(&mut |code, whole| {
            self.half.each(&mut |other, half| {
                if code == other {
                    rows.push((code, median(whole, half), whole()));
                }
            });
        });
        rows.sort_by(|(_, a, _), (_, b, _)| b.cpu_ms.total_cmp(&a.cpu_ms));
        rows.into_iter().map(|(code, cost, findings)| told(code, cost, findings, None)).sum()
    }
}

/// One line: over all, over half, and how much that grew. How many targets are missed.
fn told(what: &str, cost: Cost, findings: usize, most: Option<f64>) -> usize {
    let is_told = cost.half_ms >= TOLD_FROM_MS;
    let growth = if is_told { format!("{:>7.2}", cost.growth) } else { format!("{:>7}", "short") };
    let grows_too_much = if is_told { cost.growth > MOST_GROWTH } else { cost.cpu_ms > MOST_GROWTH * TOLD_FROM_MS };
    let is_slow = most.is_some_and(|most| cost.cpu_ms >= most);
    let mut targets = String::new();
    if let Some(most) = most {
        targets += &target(is_slow, &format!("under {most:.0} ms"));
    }
    targets += &target(grows_too_much, &format!("at most {MOST_GROWTH}x"));
    println!("  {what:<41} {:>9.1} {:>9.1} {:>9.1} {growth} {findings:>9}{targets}", cost.cpu_ms, cost.half_ms, cost.wall_ms);
    usize::from(grows_too_much) + usize::from(is_slow)
}

/// What was to be reached, and whether it was.
fn target(is_missed: bool, what: &str) -> String {
    format!("  {what}: {}", if is_missed { "MISS" } else { "hit" })
}
