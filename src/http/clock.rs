//! Where waiting happens: real time, or real time run faster for a fixture tenant.

use std::time::Duration;

use chrono::{DateTime, Utc};
use tokio::time::Instant;

/// A clock that limits, Retry-After and back-off wait on. `speed` 1,000 lets ten seconds pass in ten milliseconds.
#[derive(Debug, Clone)]
pub struct Clock {
    origin: Instant,
    speed: u32,
}

impl Clock {
    /// Real time.
    pub fn real() -> Self {
        Clock::faster(1)
    }

    /// Time that runs `speed` times as fast. 0 counts as 1.
    pub fn faster(speed: u32) -> Self {
        Clock { origin: Instant::now(), speed: speed.max(1) }
    }

    /// How much faster than real time it runs.
    pub fn speed(&self) -> u32 {
        self.speed
    }

    /// Time since the clock was made, in its own speed.
    pub fn elapsed(&self) -> Duration {
        self.origin.elapsed() * self.speed
    }

    /// Waits `how_long`, in its own speed.
    pub async fn sleep(&self, how_long: Duration) {
        tokio::time::sleep(how_long / self.speed).await;
    }

    /// The time of day, for Retry-After dates and token ends. Never used for judging.
    #[expect(clippy::disallowed_methods, reason = "this is where the client reads the time of day")]
    pub fn wall(&self) -> DateTime<Utc> {
        Utc::now()
    }
}
