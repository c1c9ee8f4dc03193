//! What judging costs on one core: every built-in rule over 10,000 relationships, 400 groups, 5,000 people, 200,000 sign-ins (partner view), and
//! over 200,000 sign-ins and 100,000 audit events (customer view). `cargo bench --bench policy`.
//!
//! The table shows each rule over all and over half of it: what grows no faster than n log n takes at most 2.3 times as long on twice as much.
//! It measures in a process of its own, held to one core by `taskset`, which reads its facts from a file: what it holds after reading is the
//! snapshot, what it holds at most while judging is beyond it.

#![expect(clippy::print_stdout, reason = "a bench prints what it measured")]

mod tenants;

use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use partnerscope::domain::{Coverage, Dataset, Report, Snapshot, Timestamp};
use partnerscope::policy::settings::Settings;
use partnerscope::policy::{baseline_of, evaluate, rules};
use tenants::{Size, customer, partner};

/// Each time is the median of so many.
const ROUNDS: usize = 5;
/// A rule that takes less is lost in what every run costs: its growth cannot be told.
const TOLD_FROM: Duration = Duration::from_millis(4);
/// What is to be held.
const MOST: (Duration, u64, f64) = (Duration::from_millis(1_500), 40, 2.3);

fn main() {
    let arguments: Vec<String> = std::env::args().collect();
    match arguments.iter().position(|argument| argument == "--measure") {
        Some(at) => measure(Path::new(&arguments[at + 1])),
        None => make_and_measure(),
    }
}

/// Writes the tenants into files and measures them in a process on one core.
fn make_and_measure() {
    let folder = tempfile::tempdir().expect("a folder");
    for (view, make) in [("partner", partner as fn(Size) -> String), ("customer", customer)] {
        for (name, size) in [("whole", Size::WHOLE), ("half", Size::WHOLE.half())] {
            std::fs::write(folder.path().join(format!("{view}-{name}.json")), make(size)).expect("a file");
        }
    }
    let own = std::env::current_exe().expect("own path");
    let core = std::env::var("POLICY_BENCH_CORE").unwrap_or_else(|_| "0".into());
    let on_one = Command::new("taskset").args(["-c", &core]).arg(&own).arg("--measure").arg(folder.path()).status();
    match on_one {
        Ok(status) => assert!(status.success(), "{status}"),
        Err(error) => {
            println!("no taskset ({error}): measured on every core");
            measure(folder.path());
        }
    }
}

fn measure(folder: &Path) {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    println!("on {cores} core(s), medians of {ROUNDS}");
    for view in ["partner", "customer"] {
        let whole = read(&folder.join(format!("{view}-whole.json")));
        let half = read(&folder.join(format!("{view}-half.json")));
        let one_view = Measured { whole: &whole, half: &half };
        println!("\n{view} view");
        one_view.totals();
        one_view.rules();
    }
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

struct Measured<'a> {
    whole: &'a Snapshot,
    half: &'a Snapshot,
}

impl Measured<'_> {
    /// All rules together, without and with a baseline of the same size, and what they hold beyond the snapshot.
    fn totals(&self) {
        let settings = Settings::default();
        let (report, held) = beyond(|| evaluate(self.whole, None, &settings, now()));
        let counts = report.tenants[0].counts.clone();
        println!(
            "  {} relationships, {} sign-ins, {} audit events, {} findings",
            counts.relationships,
            counts.sign_ins,
            counts.audit_events,
            report.findings.len()
        );
        drop(report);
        let whole = median(|| evaluate(self.whole, None, &settings, now()));
        let half = median(|| evaluate(self.half, None, &settings, now()));
        told("all rules", whole, half);
        println!("  {:<40} {held:>8} MiB{}", "beyond the snapshot", if held < MOST.1 { "" } else { "  OVER" });
        let baseline = baseline_of(self.whole, &settings);
        let baseline_half = baseline_of(self.half, &settings);
        let whole = median(|| evaluate(self.whole, Some(&baseline), &settings, now()));
        let half = median(|| evaluate(self.half, Some(&baseline_half), &settings, now()));
        told("all rules against a baseline of the size", whole, half);
    }

    /// Each rule alone, less what a run without any costs.
    fn rules(&self) {
        let view = self.whole.tenants[0].view;
        let none = Settings { only: Some([].into()), ..Settings::default() };
        let empty = (median(|| evaluate(self.whole, None, &none, now())), median(|| evaluate(self.half, None, &none, now())));
        told("joining facts, without a rule", empty.0, empty.1);
        let mut rows: Vec<(&str, Duration, Duration)> = rules::ALL
            .iter()
            .filter(|rule| rule.meta.answers(view) && !rule.meta.judges_change())
            .map(|rule| {
                let only = Settings { only: Some([rule.meta.id].into()), ..Settings::default() };
                let cost = |snapshot: &Snapshot, empty: Duration| median(|| evaluate(snapshot, None, &only, now())).saturating_sub(empty);
                (rule.meta.code, cost(self.whole, empty.0), cost(self.half, empty.1))
            })
            .collect();
        rows.sort_by_key(|(_, whole, _)| std::cmp::Reverse(*whole));
        for (code, whole, half) in rows {
            told(code, whole, half);
        }
    }
}

/// One line: over all, over half, and how much that grew.
fn told(what: &str, whole: Duration, half: Duration) {
    let ms = |time: Duration| time.as_secs_f64() * 1_000.0;
    let growth = if half >= TOLD_FROM { format!("{:>5.2}", ms(whole) / ms(half)) } else { "    –".to_owned() };
    let is_over = (half >= TOLD_FROM && ms(whole) / ms(half) > MOST.2) || (what.starts_with("all rules") && whole > MOST.0);
    println!("  {what:<40} {:>8.1} ms {:>8.1} ms {growth}{}", ms(whole), ms(half), if is_over { "  OVER" } else { "" });
}

fn median(run: impl Fn() -> Report) -> Duration {
    let mut times: Vec<Duration> = (0..ROUNDS)
        .map(|_| {
            let begun = Instant::now();
            let report = run();
            let took = begun.elapsed();
            drop(std::hint::black_box(report));
            took
        })
        .collect();
    times.sort_unstable();
    times[ROUNDS / 2]
}

/// What a run gives, and how many MiB it held at most beyond what was there before.
fn beyond(run: impl FnOnce() -> Report) -> (Report, u64) {
    // Linux: 5 sets the peak back to what is held now.
    let is_reset = std::fs::write("/proc/self/clear_refs", "5").is_ok();
    let before = held("VmRSS:");
    let report = run();
    let most = if is_reset { held("VmHWM:") } else { 0 };
    (report, most.saturating_sub(before) / 1_024)
}

/// A line of `/proc/self/status`, in KiB; 0 where there is none.
fn held(field: &str) -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with(field));
    line.and_then(|line| line.split_whitespace().nth(1)).and_then(|number| number.parse().ok()).unwrap_or_default()
}
