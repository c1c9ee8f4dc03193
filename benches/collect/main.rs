//! What reading a large partner costs: calls, wall, memory, 429s, of the reader alone.
//!
//! `cargo bench --bench collect` starts a server as a child process (20 ms a call, page sizes as Graph's), then one reader process for
//! each scenario, so that peak memory is the reader's own. `-- --quick` leaves out what waits for real limits.

mod reader;
mod server;
mod work;

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

use work::Work;

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
}

fn main() {
    let args: Vec<String> = std::env::args().collect();
    let value = |name: &str| args.iter().position(|arg| arg == name).and_then(|at| args.get(at + 1)).cloned();
    match value("--role").as_deref() {
        Some("server") => server::run(Work::named(&value("--work").expect("--work")), args.iter().any(|arg| arg == "--limits")),
        Some("reader") => reader::run(&value("--scenario").expect("--scenario"), &value("--endpoint").expect("--endpoint")),
        _ => compare(args.iter().any(|arg| arg == "--quick")),
    }
}

/// A server process that ends with this value.
struct Server(Child, String);

impl Server {
    fn start(work: &str, limits: bool) -> Server {
        let mut command = Command::new(std::env::current_exe().expect("own path"));
        command.args(["--role", "server", "--work", work]).stdin(Stdio::piped()).stdout(Stdio::piped());
        if limits {
            command.arg("--limits");
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

/// Runs a scenario `runs` times and returns the figures of the run with the median wall.
fn measure(scenario: &str, work: &str, limits: bool, runs: usize) -> Figures {
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
    all[all.len() / 2].clone()
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
fn compare(quick: bool) {
    println!("medians of 5 runs (slow ones: 1); the server takes 20 ms a call; memory is VmHWM of the reader process\n");
    let plain = measure("default", "once", false, 5);
    row("default", &plain, None);
    row("bare reqwest, same calls in a row", &measure("bare", "once", false, 3), Some(&plain));
    row("--concurrency 1 --no-batch", &measure("slow", "once", false, 1), Some(&plain));
    let tenfold = measure("default", "tenfold", false, 1);
    row("ten times the work", &tenfold, Some(&plain));
    println!("judging ten times the work, 10,000 relationships: {:.3} s (under 0.3 s)", tenfold.judging_seconds);
    println!("\ncalls: {} (at most 100); ten times the work: {:.2} x the calls", plain.calls, tenfold.calls as f64 / plain.calls as f64);
    if quick {
        return;
    }
    let limited = measure("limits", "once", true, 1);
    row("limits on", &limited, Some(&plain));
    let floor = (limited.report_calls.div_ceil(5) - 1) as f64 * 10.0;
    println!(
        "\nlimits on: {} report reads, floor {floor} s, {:.3} x the floor (at most 1.05); 429s {:.1} % of the answers (under 2 %)",
        limited.report_calls,
        limited.wall_seconds / floor,
        100.0 * limited.throttled as f64 / limited.calls as f64
    );
}
