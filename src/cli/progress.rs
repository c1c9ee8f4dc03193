//! What a person at a terminal sees while facts are read: which dataset, how many records, and when it waits for a limit and how long.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::IsTerminal;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressState, ProgressStyle};

use super::terminal::{plain, say};
use crate::collect::Watch;
use crate::domain::Dataset;
use crate::graph::Observer;

/// Waits shorter than this are not worth a word.
const WORTH_A_WORD: Duration = Duration::from_millis(800);
/// How often the line is drawn.
const TICK: Duration = Duration::from_millis(150);

/// The line of progress, or nothing where nobody sees it.
#[derive(Debug, Clone)]
pub(super) struct Progress {
    screen: MultiProgress,
    bar: Option<ProgressBar>,
    state: Arc<Mutex<State>>,
    quiet: bool,
}

#[derive(Debug, Default)]
struct State {
    tenant: String,
    speed: u32,
    reading: BTreeMap<Dataset, u64>,
    records: BTreeMap<Dataset, u64>,
    wait: Option<Wait>,
}

#[derive(Debug)]
struct Wait {
    why: String,
    until: Instant,
}

impl Progress {
    /// A line on standard error if that is a terminal and nobody said otherwise.
    pub(super) fn new(hidden: bool, quiet: bool) -> Self {
        let seen = !hidden && !quiet && std::io::stderr().is_terminal() && std::env::var("TERM").as_deref() != Ok("dumb");
        let screen = MultiProgress::with_draw_target(if seen { ProgressDrawTarget::stderr() } else { ProgressDrawTarget::hidden() });
        let state = Arc::new(Mutex::new(State::default()));
        let bar = seen.then(|| screen.add(ProgressBar::no_length()));
        Progress { screen, bar, state, quiet }
    }

    /// Starts showing one tenant, whose waits run `speed` times as fast as they are told.
    pub(super) fn start(&self, tenant: &str, speed: u32) {
        *lock(&self.state) = State { tenant: plain(tenant), speed, ..State::default() };
        let Some(bar) = &self.bar else { return };
        let state = Arc::clone(&self.state);
        let line = move |_: &ProgressState, out: &mut dyn std::fmt::Write| {
            let width = terminal_size::terminal_size_of(std::io::stderr()).map_or(80, |(width, _)| usize::from(width.0));
            let _ = out.write_str(&shorten(&lock(&state).line(Instant::now()), width.saturating_sub(3)));
        };
        if let Ok(style) = ProgressStyle::with_template("{spinner} {line}") {
            bar.set_style(style.with_key("line", line));
        }
        bar.enable_steady_tick(TICK);
    }

    /// Takes the line away.
    pub(super) fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    /// Says one line above the progress, unless `--quiet`.
    pub(super) fn note(&self, text: &str) {
        if !self.quiet {
            self.screen.suspend(|| say(&format!("{}\n", plain(text))));
        }
    }

    /// Writes log lines without the line of progress in between.
    pub(super) fn suspended<R>(&self, write: impl FnOnce() -> R) -> R {
        self.screen.suspend(write)
    }
}

fn lock(state: &Mutex<State>) -> MutexGuard<'_, State> {
    state.lock().unwrap_or_else(PoisonError::into_inner)
}

impl State {
    fn line(&self, now: Instant) -> String {
        let mut line = self.tenant.clone();
        if self.reading.is_empty() && self.records.is_empty() {
            line.push_str(": signing in");
        }
        for (n, (dataset, records)) in self.reading.iter().enumerate() {
            let _ = write!(line, "{} {dataset} {records}", if n == 0 { ": reading" } else { "," });
        }
        if self.reading.is_empty() && !self.records.is_empty() {
            let _ = write!(line, ": {} datasets read", self.records.len());
        }
        if let Some(wait) = self.wait.as_ref().filter(|wait| wait.until > now) {
            let seconds = (wait.until - now).as_secs_f64().ceil();
            let _ = write!(line, " | waiting {seconds:.0} s: {}", wait.why);
        }
        line
    }

    fn progress(&mut self, dataset: Dataset, records: u64, done: bool) {
        if done {
            self.reading.remove(&dataset);
            self.records.insert(dataset, records);
        } else {
            self.reading.insert(dataset, records);
        }
    }

    /// The wait that ends last is the one to show.
    fn waiting(&mut self, why: &str, how_long: Duration, now: Instant) {
        let how_long = how_long / self.speed.max(1);
        let Some(until) = now.checked_add(how_long) else { return };
        if how_long >= WORTH_A_WORD && self.wait.as_ref().is_none_or(|wait| wait.until < until) {
            self.wait = Some(Wait { why: plain(why), until });
        }
    }
}

/// Cuts a line to a width; what is cut shows as `…`. Letters count as one column: datasets and reasons are ASCII.
fn shorten(line: &str, width: usize) -> String {
    if line.chars().count() <= width {
        return line.to_owned();
    }
    line.chars().take(width.saturating_sub(1)).chain(['…']).collect()
}

impl Observer for Progress {
    fn waiting(&self, why: &str, how_long: Duration) {
        lock(&self.state).waiting(why, how_long, Instant::now());
    }
}

impl Watch for Progress {
    fn progress(&self, dataset: Dataset, records: u64, done: bool) {
        lock(&self.state).progress(dataset, records, done);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_line_says_what_is_read_and_how_long_it_waits() {
        let now = Instant::now();
        let mut state = State { tenant: "contoso".into(), ..State::default() };
        assert_eq!(state.line(now), "contoso: signing in");
        state.progress(Dataset::Relationships, 300, false);
        state.progress(Dataset::SignIns, 20, false);
        assert_eq!(state.line(now), "contoso: reading relationships 300, sign-ins 20");
        state.waiting("limit of reports", Duration::from_secs(8), now);
        state.waiting("back-off", Duration::from_secs(2), now);
        assert_eq!(state.line(now), "contoso: reading relationships 300, sign-ins 20 | waiting 8 s: limit of reports");
        let mut fast = State { speed: 1_000, ..State::default() };
        fast.waiting("limit of reports", Duration::from_secs(30), now);
        assert!(fast.wait.is_none(), "a fixture's half minute is no wait");
        let later = now + Duration::from_secs(9);
        state.progress(Dataset::Relationships, 310, true);
        state.progress(Dataset::SignIns, 40, true);
        assert_eq!(state.line(later), "contoso: 2 datasets read");
        assert_eq!(shorten("contoso: reading", 8), "contoso…");
    }
}
