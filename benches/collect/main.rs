//! What reading a large partner costs: calls, wall, memory, 429s, of the reader alone.
//!
//! `cargo bench --bench collect` starts a server as a child process (20 ms a call, page sizes as Graph's), then one reader process for
//! each scenario, so that peak memory is the reader's own. `-- --quick` leaves out what waits for limits; `-- --partner` and `-- --customer`
//! measure one side.

mod customer;
mod customer_policies;
mod customer_work;
mod partner;
mod reader;
mod server;
mod work;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// With the customer's limits on, time runs so much faster.
const CUSTOMER_SPEED: u32 = 10;

/// One scenario's figures, as the reader printed them.
#[derive(Debug, Clone, serde::Serialize, serde::Deserialize)]
struct Figures {
    wall_seconds: f64,
    calls: u64,
    throttled: u64,
    report_calls: u64,
    peak_rss_mib: f64,
    records: u64,
    judging_seconds: f64,
    /// The longest chain of pages, taken alone by a bare reader; 0 where it was not measured.
    chain_seconds: f64,
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let value = |name: &str| args.iter().position(|arg| arg == name).and_then(|at| args.get(at + 1)).cloned();
    match value("--role").as_deref() {
        Some("server") => {
            server::run(&value("--work").expect("--work"), value("--limits").map_or(0, |speed| speed.parse().expect("a speed")))
        }
        Some("reader") => reader::run(&value("--scenario").expect("--scenario"), &value("--endpoint").expect("--endpoint")),
        _ => {
            let quick = args.iter().any(|arg| arg == "--quick");
            if !args.iter().any(|arg| arg == "--customer") {
                partner_side(quick);
            }
            if !args.iter().any(|arg| arg == "--partner") {
                customer_side(quick);
            }
        }
    }
}

/// A server process that ends with this value.
struct Server(Child, String);

impl Server {
    /// `limits`: in time that runs so much faster.
    fn start(work: &str, limits: Option<u32>) -> Server {
        let mut command = Command::new(std::env::current_exe().expect("own path"));
        command.args(["--role", "server", "--work", work]).stdin(Stdio::piped()).stdout(Stdio::piped());
        if let Some(speed) = limits {
            command.args(["--limits", &speed.to_string()]);
        }
        let mut child = command.spawn().expect("server starts");
        let mut line = String::new();
        BufReader::new(child.stdout.take().expect("piped")).read_line(&mut line).expect("server says where it listens");
        Server(child, line.trim().to_owned())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs a scenario `runs` times and returns the figures of each run, the quickest first.
fn measure_all(scenario: &str, work: &str, limits: Option<u32>, runs: usize) -> Vec<Figures> {
    let mut all: Vec<Figures> = (0..runs)
        .map(|_| {
            let server = Server::start(work, limits);
            let output = Command::new(std::env::current_exe().expect("own path"))
                .args(["--role", "reader", "--scenario", scenario, "--endpoint", &server.1])
                .stderr(Stdio::inherit())
                .output()
                .expect("reader runs");
            assert!(output.status.success(), "reader failed: {scenario}");
            serde_json::from_slice(&output.stdout).expect("reader prints its figures")
        })
        .collect();
    all.sort_by(|a, b| a.wall_seconds.total_cmp(&b.wall_seconds));
    all
}

/// The figures of the run with the median wall.
fn measure(scenario: &str, work: &str, limits: Option<u32>, runs: usize) -> Figures {
    let all = measure_all(scenario, work, limits, runs);
    all[all.len() / 2].clone()
}

fn median(all: &[Figures], figure: impl Fn(&Figures) -> f64) -> f64 {
    let mut values: Vec<f64> = all.iter().map(figure).collect();
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// The least time that so many report reads take.
fn floor(report_calls: u64) -> f64 {
    (report_calls.div_ceil(5) - 1) as f64 * 10.0
}

#[expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
fn row(name: &str, figures: &Figures, base: Option<&Figures>) {
    let ratio = base.map(|base| format!("{:5.2} x", figures.wall_seconds / base.wall_seconds)).unwrap_or_default();
    println!(
        "{name:<34} {:>7.3} s {ratio:>8}  {:>5} calls  {:>3} x 429  {:>6.1} MiB  {:>7} records",
        figures.wall_seconds, figures.calls, figures.throttled, figures.peak_rss_mib, figures.records
    );
}

#[expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
fn partner_side(quick: bool) {
    println!("medians of 5 runs (slow ones: 1); the server takes 20 ms a call; memory is VmHWM of the reader process\n");
    let plain = measure("default", "once", None, 5);
    row("default", &plain, None);
    row("bare reqwest, same calls in a row", &measure("bare", "once", None, 3), Some(&plain));
    row("--concurrency 1 --no-batch", &measure("slow", "once", None, 1), Some(&plain));
    let tenfold = measure("default", "tenfold", None, 1);
    row("ten times the work", &tenfold, Some(&plain));
    println!("judging ten times the work, 10,000 relationships: {:.3} s (under 0.3 s)", tenfold.judging_seconds);
    println!("\ncalls: {} (at most 100); ten times the work: {:.2} x the calls", plain.calls, tenfold.calls as f64 / plain.calls as f64);
    if quick {
        return;
    }
    let limited = measure("limits", "once", Some(1), 1);
    row("limits on", &limited, Some(&plain));
    let floor = floor(limited.report_calls);
    println!(
        "\nlimits on: {} report reads, floor {floor} s, {:.3} x the floor (at most 1.05); 429s {:.1} % of the answers (under 2 %)",
        limited.report_calls,
        limited.wall_seconds / floor,
        100.0 * limited.throttled as f64 / limited.calls as f64
    );
}

#[expect(clippy::print_stdout, reason = "a benchmark prints its figures")]
fn customer_side(quick: bool) {
    println!(
        "\na customer: 40 outside tenants, 20,000 role assignments, 300 policies, 50,000 sign-ins, 20,000 audit events; medians of 5 runs"
    );
    let all = measure_all("customer", "customer", None, 5);
    row("customer", &all[all.len() / 2], None);
    println!("calls: {} (at most 220)", median(&all, |run| run.calls as f64));
    let chain = median(&all, |run| run.chain_seconds);
    let ratio = median(&all, |run| run.wall_seconds / run.chain_seconds);
    println!("wall: {ratio:.2} x the longest chain of pages taken alone, {chain:.3} s (at most 1.3)");
    println!("peak memory of the reader: {:.1} MiB (under 80)", median(&all, |run| run.peak_rss_mib));
    println!("judging it: {:.3} s (under 0.5 s)", median(&all, |run| run.judging_seconds));
    if quick {
        return;
    }
    let limited = measure("customer-limits", "customer", Some(CUSTOMER_SPEED), 3);
    row("customer, limits on, ten times as fast", &limited, None);
    let floor = floor(limited.report_calls) / f64::from(CUSTOMER_SPEED);
    println!(
        "limits on: {} report reads, floor {floor} s, {:.3} x the floor (at most 1.05); {} x 429 (0)",
        limited.report_calls,
        limited.wall_seconds / floor,
        limited.throttled
    );
}
