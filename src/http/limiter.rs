//! Holding requests back: a window of at most N in any period, concurrency that grows and halves, and a pause for all.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::Notify;

use super::Observer;
use super::clock::Clock;

/// At most `count` requests in any `period`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Window {
    /// How many.
    pub count: usize,
    /// In any period of this length.
    pub period: Duration,
}

/// How an answer changes the concurrency.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Room for more.
    Good,
    /// Too many: half as many from now on.
    Throttled,
    /// Says nothing of the load.
    Other,
}

/// Holds back the requests of one scope, which is one of Microsoft's limits in one tenant.
///
/// **Window.** A request takes a slot from its start until `period` after the head of its answer came. Whatever the server counts by, arrival or completion,
/// and whether its window is fixed or sliding, that moment lies between the two, so it never sees more than `count` in a period.
///
/// **Concurrency** starts at 8 (or the maximum, if that is less) and grows by one with each good answer, as TCP starts; the first 429 halves it, and from then on it
/// grows by one a round. A 429 for a request that was sent before the last halving says nothing new.
pub struct Limiter {
    name: &'static str,
    window: Option<Window>,
    max: f64,
    clock: Clock,
    observer: Arc<dyn Observer>,
    /// Only its holder waits for a slot, so that requests go in the order in which they came.
    turn: tokio::sync::Mutex<()>,
    changed: Notify,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    /// Permits that are out.
    in_flight: usize,
    /// Permits that are out and have no answer: each takes a slot of the window.
    unanswered: usize,
    /// When the slots of answered requests come free, soonest first.
    taken_until: VecDeque<Duration>,
    paused_until: Duration,
    limit: f64,
    /// Before the first halving.
    doubling: bool,
    halved_at: Option<Duration>,
}

/// What stands in the way of the next request.
enum Obstacle {
    /// Time, for a reason.
    Until(Duration, Why),
    /// Another request.
    Busy,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Why {
    Window,
    Pause,
}

const START: usize = 8;

/// A timer may fire a moment early, and two clocks never agree to the last digit.
const MARGIN: Duration = Duration::from_millis(2);

impl std::fmt::Debug for Limiter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Limiter").field("name", &self.name).field("window", &self.window).finish_non_exhaustive()
    }
}

impl Limiter {
    /// A limiter. `name` is what progress calls the scope; `max` caps the concurrency (0 counts as 1).
    pub fn new(name: &'static str, window: Option<Window>, max: usize, clock: Clock, observer: Arc<dyn Observer>) -> Self {
        let max = max.clamp(1, 1024);
        Limiter {
            name,
            window,
            max: as_f64(max),
            clock,
            observer,
            turn: tokio::sync::Mutex::new(()),
            changed: Notify::new(),
            state: Mutex::new(State {
                in_flight: 0,
                unanswered: 0,
                taken_until: VecDeque::new(),
                paused_until: Duration::ZERO,
                limit: as_f64(max.min(START)),
                doubling: true,
                halved_at: None,
            }),
        }
    }

    /// Waits until a request may be sent. Hold the permit for the whole exchange, body included.
    pub async fn acquire(&self) -> Permit<'_> {
        let _turn = self.turn.lock().await;
        loop {
            match self.try_acquire() {
                Ok(permit) => return permit,
                Err(Obstacle::Busy) => self.changed.notified().await,
                Err(Obstacle::Until(at, why)) => {
                    let wait = at.saturating_sub(self.clock.elapsed()) + MARGIN;
                    self.tell(why, wait);
                    self.clock.sleep(wait).await;
                }
            }
        }
    }

    /// Holds back every request of this scope for `how_long` from now.
    pub fn pause_for(&self, how_long: Duration) {
        let until = self.clock.elapsed().saturating_add(how_long);
        let mut state = self.state();
        state.paused_until = state.paused_until.max(until);
    }

    /// An answer inside an answer (an item of a batch) was throttled: the concurrency halves as for a whole request sent at `since`.
    pub fn throttled_within(&self, since: Duration) {
        let now = self.clock.elapsed();
        self.state().halve(since, now);
    }

    fn try_acquire(&self) -> Result<Permit<'_>, Obstacle> {
        let now = self.clock.elapsed();
        let mut state = self.state();
        if state.paused_until > now {
            return Err(Obstacle::Until(state.paused_until, Why::Pause));
        }
        if as_f64(state.in_flight) + 1.0 > state.limit {
            return Err(Obstacle::Busy);
        }
        if let Some(window) = self.window {
            while state.taken_until.front().is_some_and(|until| *until < now) {
                state.taken_until.pop_front();
            }
            if state.unanswered + state.taken_until.len() >= window.count.max(1) {
                return Err(state.taken_until.front().map_or(Obstacle::Busy, |until| Obstacle::Until(*until, Why::Window)));
            }
        }
        state.in_flight += 1;
        state.unanswered += 1;
        Ok(Permit { limiter: self, since: now, answered: false })
    }

    fn tell(&self, why: Why, wait: Duration) {
        match (why, self.window) {
            (Why::Window, Some(Window { count, period })) => {
                self.observer.waiting(&format!("{}: at most {count} calls in {} s", self.name, period.as_secs()), wait);
            }
            _ => self.observer.waiting(&format!("{}: throttled", self.name), wait),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        // No code path can panic while it holds the lock in the middle of a change.
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn answer(&self, since: Duration, verdict: Verdict) {
        let now = self.clock.elapsed();
        let mut state = self.state();
        state.unanswered -= 1;
        if let Some(window) = self.window {
            let until = now.saturating_add(window.period);
            let place = state.taken_until.partition_point(|other| *other <= until);
            state.taken_until.insert(place, until);
        }
        match verdict {
            Verdict::Good => state.grow(self.max),
            Verdict::Throttled => state.halve(since, now),
            Verdict::Other => {}
        }
        drop(state);
        self.changed.notify_one();
    }
}

impl State {
    fn grow(&mut self, max: f64) {
        let step = if self.doubling { 1.0 } else { 1.0 / self.limit };
        self.limit = (self.limit + step).min(max);
    }

    fn halve(&mut self, since: Duration, now: Duration) {
        if self.halved_at.is_none_or(|at| since > at) {
            self.limit = (self.limit / 2.0).max(1.0);
            self.doubling = false;
            self.halved_at = Some(now);
        }
    }
}

#[expect(clippy::cast_precision_loss, reason = "at most 1,024")]
fn as_f64(count: usize) -> f64 {
    count as f64
}

/// The right to send one request. Dropped unanswered (the request broke, or was given up), it counts as answered at that moment: the server may have seen it.
#[derive(Debug)]
pub struct Permit<'a> {
    limiter: &'a Limiter,
    since: Duration,
    answered: bool,
}

impl Permit<'_> {
    /// When it was given, on the limiter's clock.
    pub fn since(&self) -> Duration {
        self.since
    }

    /// The head of the answer came. Only the first call counts.
    pub fn answered(&mut self, verdict: Verdict) {
        if !std::mem::replace(&mut self.answered, true) {
            self.limiter.answer(self.since, verdict);
        }
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.answered(Verdict::Other);
        self.limiter.state().in_flight -= 1;
        self.limiter.changed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use futures_util::future::join_all;
    use proptest::prelude::*;

    use super::*;
    use crate::http::Silent;

    const REPORTS: Window = Window { count: 5, period: Duration::from_secs(10) };

    fn limiter(window: Option<Window>, max: usize) -> Limiter {
        Limiter::new("test", window, max, Clock::real(), Arc::new(Silent))
    }

    /// Runs `latencies.len()` requests at once and tells when each started and was answered.
    async fn run(limiter: &Limiter, latencies: &[u64]) -> Vec<(Duration, Duration)> {
        join_all(latencies.iter().map(|latency| async {
            let mut permit = limiter.acquire().await;
            let start = limiter.clock.elapsed();
            tokio::time::sleep(Duration::from_millis(*latency)).await;
            permit.answered(Verdict::Good);
            (start, limiter.clock.elapsed())
        }))
        .await
    }

    /// The most events in any window of `period`.
    fn most_in(mut events: Vec<Duration>, period: Duration) -> usize {
        events.sort();
        (0..events.len()).map(|first| events[first..].iter().take_while(|at| **at < events[first] + period).count()).max().unwrap_or(0)
    }

    fn paused() -> tokio::runtime::Runtime {
        tokio::runtime::Builder::new_current_thread().enable_time().start_paused(true).build().unwrap()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(64))]
        #[test]
        fn no_window_holds_more_than_its_count(latencies in proptest::collection::vec(0_u64..15_000, 1..40)) {
            let spans = paused().block_on(async { run(&limiter(Some(REPORTS), 16), &latencies).await });
            prop_assert!(most_in(spans.iter().map(|span| span.0).collect(), REPORTS.period) <= 5, "by arrival");
            prop_assert!(most_in(spans.iter().map(|span| span.1).collect(), REPORTS.period) <= 5, "by completion");
        }
    }

    #[tokio::test(start_paused = true)]
    async fn twenty_quick_calls_take_three_periods() {
        let limiter = limiter(Some(REPORTS), 16);
        let spans = run(&limiter, &[20; 20]).await;
        let last = spans.iter().map(|span| span.1).max().unwrap();
        assert!(last >= Duration::from_secs(30) && last < Duration::from_millis(30_500), "{last:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_breaks_still_takes_its_slot() {
        let limiter = limiter(Some(Window { count: 1, period: Duration::from_secs(1) }), 16);
        drop(limiter.acquire().await);
        let before = limiter.clock.elapsed();
        drop(limiter.acquire().await);
        assert!(limiter.clock.elapsed() - before >= Duration::from_secs(1));
    }

    #[tokio::test(start_paused = true)]
    async fn a_pause_holds_for_all() {
        let limiter = limiter(None, 16);
        limiter.pause_for(Duration::from_secs(7));
        limiter.pause_for(Duration::from_secs(3));
        let spans = run(&limiter, &[1; 6]).await;
        assert!(spans.iter().all(|span| span.0 >= Duration::from_secs(7)), "{spans:?}");
    }

    #[tokio::test(start_paused = true)]
    async fn concurrency_grows_and_halves() {
        let limiter = limiter(None, 32);
        assert_eq!(limiter.state().limit, 8.0);
        run(&limiter, &[10; 100]).await;
        assert_eq!(limiter.state().limit, 32.0);

        let (mut first, mut second) = (limiter.acquire().await, limiter.acquire().await);
        tokio::time::sleep(Duration::from_millis(5)).await;
        first.answered(Verdict::Throttled);
        assert_eq!(limiter.state().limit, 16.0);
        second.answered(Verdict::Throttled);
        assert_eq!(limiter.state().limit, 16.0, "sent before the halving");
        tokio::time::sleep(Duration::from_millis(5)).await;
        let mut third = limiter.acquire().await;
        third.answered(Verdict::Good);
        assert_eq!(limiter.state().limit, 16.0 + 1.0 / 16.0);
        limiter.throttled_within(third.since());
        assert!(limiter.state().limit < 9.0);
        drop((first, second, third));
        assert_eq!(limiter.state().in_flight, 0);
    }

    #[tokio::test(start_paused = true)]
    async fn never_more_at_once_than_the_maximum() {
        let limiter = limiter(None, 3);
        let (now, peak) = (std::sync::atomic::AtomicUsize::new(0), std::sync::atomic::AtomicUsize::new(0));
        join_all((0..50).map(|_| async {
            use std::sync::atomic::Ordering::SeqCst;
            let _permit = limiter.acquire().await;
            peak.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
            tokio::time::sleep(Duration::from_millis(1)).await;
            now.fetch_sub(1, SeqCst);
        }))
        .await;
        assert_eq!(peak.into_inner(), 3);
    }

    #[tokio::test]
    async fn waits_run_on_the_clock() {
        let limiter = Limiter::new("test", Some(REPORTS), 16, Clock::faster(1000), Arc::new(Silent));
        let start = std::time::Instant::now();
        for _ in 0..11 {
            limiter.acquire().await.answered(Verdict::Good);
        }
        assert!(start.elapsed() < Duration::from_millis(500));
        assert!(limiter.clock.elapsed() > Duration::from_secs(20));
    }
}
