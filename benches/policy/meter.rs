//! Takes time and memory.

use std::hint::black_box;
use std::time::Instant;

use partnerscope::domain::Report;
use rustix::time::{ClockId, clock_gettime};

/// Each time is the median of so many.
pub(crate) const ROUNDS: usize = 7;

/// What something took.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    /// Of this process's processor time, all threads together.
    pub(crate) cpu_ms: f64,
    /// The same of the round that was least disturbed: what else runs on the machine takes caches away and never gives time back, so growth is
    /// told from these.
    pub(crate) least_ms: f64,
    /// On the wall.
    pub(crate) wall_ms: f64,
}

/// What judging takes, without what it takes to drop the report.
pub(crate) fn median<T>(run: impl Fn() -> T) -> Cost {
    let (mut cpu, mut wall): (Vec<f64>, Vec<f64>) = (0..ROUNDS)
        .map(|_| {
            let (begun, used) = (Instant::now(), processor_ms());
            let report = run();
            let took = (processor_ms() - used, begun.elapsed().as_secs_f64() * 1_000.0);
            drop(black_box(report));
            took
        })
        .unzip();
    let middle = |times: &mut Vec<f64>| {
        times.sort_by(f64::total_cmp);
        times[ROUNDS / 2]
    };
    Cost { cpu_ms: middle(&mut cpu), least_ms: cpu.iter().copied().fold(f64::INFINITY, f64::min), wall_ms: middle(&mut wall) }
}

fn processor_ms() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 * 1_000.0 + time.tv_nsec as f64 / 1_000_000.0
}

/// What a run gives, and how many MiB it held at most beyond what was there before.
pub(crate) fn beyond(run: impl FnOnce() -> Report) -> (Report, u64) {
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
