//! What judging costs on one core: every built-in rule over 10,000 relationships, 400 groups, 5,000 people and 200,000 sign-ins (partner view), and
//! over 200,000 sign-ins and 100,000 audit events (customer view). `cargo bench --bench policy`; it ends with 1 if a target is missed.
//!
//! It judges each view in a process of its own, held to one core by `taskset` where there is one, which reads its facts from a file: what it holds after
//! reading is the snapshot, what it holds at most while judging is beyond it. Targets are held against the processor time of that process, so
//! that what else runs on the machine decides nothing; the time on the wall stands beside it. What rules in Rego cost on the same facts:
//! `cargo bench --bench rego`.

#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

mod meter;
mod tenants;

use std::collections::BTreeMap;
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
/// A rule that takes less on the half is lost in the noise. It is held to what it may grow to from here.
const TOLD_FROM_MS: f64 = 1.0;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().collect();
    // `cargo test --benches` only wants to know that it runs.
    let scale = if arguments.iter().any(|argument| argument == "--bench") { 1 } else { 200 };
    let missed = match arguments.iter().position(|argument| argument == "--measure") {
        Some(at) => measure(Path::new(&arguments[at + 1]), &arguments[at + 2]),
        None => make_and_measure(Size::WHOLE.over(scale)),
    };
    if missed { ExitCode::FAILURE } else { ExitCode::SUCCESS }
}

/// Writes the tenants into files and measures each view in a process on one core. True if a target is missed.
fn make_and_measure(size: Size) -> bool {
    let folder = tempfile::tempdir().expect("a folder");
    let own = std::env::current_exe().expect("own path");
    let core = std::env::var("POLICY_BENCH_CORE").unwrap_or_else(|_| "0".into());
    println!("medians of {ROUNDS}; targets are held by processor time, growth by that of the quickest round");
    let mut missed = false;
    // `-- --partner` and `-- --customer` measure one view.
    let asked = |view: &str| std::env::args().any(|argument| argument == format!("--{view}"));
    let views = [("partner", partner as fn(Size) -> String), ("customer", customer)];
    let is_one = views.iter().any(|(view, _)| asked(view));
    for (view, make) in views.into_iter().filter(|(view, _)| !is_one || asked(view)) {
        for (name, size) in [("whole", size), ("half", size.over(2))] {
            std::fs::write(folder.path().join(format!("{view}-{name}.json")), make(size)).expect("a file");
        }
        let on_one = Command::new("taskset").args(["-c", &core]).arg(&own).arg("--measure").arg(folder.path()).arg(view).status();
        missed |= match on_one {
            Ok(status) => !status.success(),
            Err(error) => {
                println!("no taskset ({error}): measured on every core");
                measure(folder.path(), view)
            }
        };
    }
    println!("\n{}", if missed { "a target is missed" } else { "every target is hit" });
    missed
}

/// Measures one view. True if a target is missed.
fn measure(folder: &Path, view: &str) -> bool {
    println!("\n{:<43} {:>9} {:>9} {:>9} {:>7} {:>9}", format!("{view} view"), "cpu ms", "half", "wall ms", "growth", "findings");
    let whole = read(&folder.join(format!("{view}-whole.json")));
    // First of all, so that nothing that was let go of is there to be used again.
    let missed = memory(&whole);
    let half = read(&folder.join(format!("{view}-half.json")));
    let one_view = Measured { whole: Judge::new(&whole), half: Judge::new(&half) };
    missed + one_view.totals() + one_view.rules() > 0
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

    /// What each rule takes on facts that are joined already, and its findings, by code.
    fn rules(&self) -> BTreeMap<&'static str, (Cost, usize)> {
        let mut rows = BTreeMap::new();
        each_rule(self.snapshot, Some(&self.baseline), &Settings::default(), now(), &mut |meta: &'static RuleMeta, run| {
            rows.insert(meta.code, (median(run), run()));
        });
        rows
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
        let (whole, half) = (median(|| self.whole.all()), median(|| self.half.all()));
        let missed = told("all rules", whole, half, self.whole.all().findings.len(), Some(MOST_MS));
        let (whole, half) = (median(|| self.whole.all_against_baseline()), median(|| self.half.all_against_baseline()));
        let findings = self.whole.all_against_baseline().findings.len();
        missed + told("all rules against a baseline of the size", whole, half, findings, None)
    }

    /// Each rule alone. How many targets are missed.
    fn rules(&self) -> usize {
        let (whole, half) = (median(|| self.whole.nothing()), median(|| self.half.nothing()));
        let mut missed = told("without a rule: facts joined, report made", whole, half, 0, None);
        let half = self.half.rules();
        let mut rows: Vec<_> = self.whole.rules().into_iter().collect();
        rows.sort_by(|a, b| b.1.0.cpu_ms.total_cmp(&a.1.0.cpu_ms));
        for (code, (whole, findings)) in rows {
            missed += half.get(code).map_or(0, |(half, _)| told(code, whole, *half, findings, None));
        }
        missed
    }
}

/// One line: over all, over half, and how much that grew; 1 for each target that is missed.
fn told(what: &str, whole: Cost, half: Cost, findings: usize, most: Option<f64>) -> usize {
    let grew = whole.least_ms / half.least_ms;
    let is_told = half.least_ms >= TOLD_FROM_MS;
    let growth = if is_told { format!("{grew:>7.2}") } else { format!("{:>7}", "short") };
    let grows_too_much = whole.least_ms / half.least_ms.max(TOLD_FROM_MS) > MOST_GROWTH;
    let mut targets = String::new();
    if let Some(most) = most {
        targets += &target(whole.cpu_ms >= most, &format!("under {most:.0} ms"));
    }
    targets += &target(grows_too_much, &format!("at most {MOST_GROWTH}x"));
    println!("  {what:<41} {:>9.1} {:>9.1} {:>9.1} {growth} {findings:>9}{targets}", whole.cpu_ms, half.cpu_ms, whole.wall_ms);
    usize::from(grows_too_much) + usize::from(most.is_some_and(|most| whole.cpu_ms >= most))
}

/// What was to be reached, and whether it was.
fn target(is_missed: bool, what: &str) -> String {
    format!("  {what}: {}", if is_missed { "MISS" } else { "hit" })
}
