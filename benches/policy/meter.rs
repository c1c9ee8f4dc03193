//! Takes time and memory.

use std::hint::black_box;
use std::time::Instant;

use partnerscope::domain::Report;
use rustix::time::{ClockId, clock_gettime};

/// Each time is the median of so many rounds.
pub(crate) const ROUNDS: usize = 11;

/// Bytes that no cache holds beside anything else.
const SWEPT: usize = 64 * 1024 * 1024;

/// What something took over all records, and over half of them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Cost {
    /// Of this process's processor time, all threads together.
    pub(crate) cpu_ms: f64,
    /// The same over half of the records.
    pub(crate) half_ms: f64,
    /// How many times as long all took as half of it.
    pub(crate) growth: f64,
    /// On the wall.
    pub(crate) wall_ms: f64,
}

/// What judging takes, without what it takes to drop the report: medians. All and half take turns, and growth is the median of what each pair
/// tells: what else the machine does in a while disturbs both.
pub(crate) fn median<T>(whole: impl Fn() -> T, half: impl Fn() -> T) -> Cost {
    let mut swept = vec![0_u8; SWEPT];
    let (mut cpu, mut halves, mut growth, mut wall) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        let (half, _) = once(&mut swept, &half);
        let (whole, on_wall) = once(&mut swept, &whole);
        cpu.push(whole);
        halves.push(half);
        growth.push(whole / half);
        wall.push(on_wall);
    }
    Cost { cpu_ms: middle(cpu), half_ms: middle(halves), growth: middle(growth), wall_ms: middle(wall) }
}

/// Milliseconds of processor time, and on the wall. The processor's caches are swept first, for in a run each rule meets its facts once: were they
/// warm, what fits into them would seem to cost less than half of what does not.
fn once<T>(swept: &mut [u8], run: impl Fn() -> T) -> (f64, f64) {
    swept.iter_mut().step_by(64).for_each(|line| *line = line.wrapping_add(1));
    black_box(&*swept);
    let (begun, used) = (Instant::now(), processor_ms());
    let report = run();
    let took = (processor_ms() - used, begun.elapsed().as_secs_f64() * 1_000.0);
    drop(black_box(report));
    took
}

fn middle(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[ROUNDS / 2]
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
