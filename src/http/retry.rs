//! Whether to ask again, and when: a pure function, so its tests need neither a server nor a clock.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::transport::TransportErrorKind;

/// The caps on asking again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Tries in all, the first one included, of what passes by waiting: 429, 503, 504, 509, lost connections, cut bodies, time-outs.
    pub attempts: u32,
    /// Tries in all of what seldom passes by waiting: no connection, 500, 502.
    pub short_attempts: u32,
    /// Waiting in all, over every try of one request.
    pub total_wait: Duration,
    /// The first back-off; each further one is twice as long.
    pub base: Duration,
    /// The longest back-off. A longer Retry-After still counts.
    pub longest: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        RetryPolicy {
            attempts: 8,
            short_attempts: 3,
            total_wait: Duration::from_secs(300),
            base: Duration::from_millis(500),
            longest: Duration::from_secs(30),
        }
    }
}

/// How a try ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// An answer with this status.
    Status(u16),
    /// No answer, or not all of it.
    Failed(TransportErrorKind),
}

/// All that the decision rests on.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// A GET, or a batch that holds only GETs. Nothing else is ever sent twice.
    pub is_read: bool,
    /// How the last try ended.
    pub outcome: Outcome,
    /// The number of the last try, from 1.
    pub attempt: u32,
    /// `Retry-After` of the answer, as it came.
    pub retry_after: Option<&'a str>,
    /// The time of day, for a `Retry-After` that is a date.
    pub now: DateTime<Utc>,
    /// What this request has waited between its tries so far.
    pub waited: Duration,
    /// Anything that differs from request to request.
    pub seed: u64,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// Ask again after this long.
    Wait(Duration),
    /// Do not ask again.
    Stop(Stop),
}

/// Why not to ask again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stop {
    /// It would be no different, or it is no read.
    Final,
    /// The tries are used up.
    Attempts,
    /// The waiting is used up, or would be by the wait that the server asks for.
    Waited,
}

/// Decides whether a request is sent again. The wait is the longer one of `Retry-After` and a jittered exponential back-off;
/// a wait that does not fit into what is left of `total_wait` is not begun.
pub fn decide(policy: &RetryPolicy, situation: &Situation<'_>) -> Decision {
    let attempts = match patience(situation.outcome) {
        _ if !situation.is_read => return Decision::Stop(Stop::Final),
        Patience::None => return Decision::Stop(Stop::Final),
        Patience::Short => policy.short_attempts.min(policy.attempts),
        Patience::Full => policy.attempts,
    };
    if situation.attempt >= attempts {
        return Decision::Stop(Stop::Attempts);
    }
    let server = situation.retry_after.and_then(|value| retry_after(value, situation.now)).unwrap_or(Duration::ZERO);
    let wait = server.max(back_off(policy, situation.attempt, situation.seed));
    match situation.waited.checked_add(wait) {
        Some(total) if total <= policy.total_wait => Decision::Wait(wait),
        _ => Decision::Stop(Stop::Waited),
    }
}

/// Reads `Retry-After`: seconds, or an HTTP date (one that is past is no wait). More seconds than can be counted are still a wait. `None` if it is neither.
pub fn retry_after(value: &str, now: DateTime<Utc>) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse::<u64>() {
        return Some(Duration::from_secs(seconds));
    }
    if let Some(seconds) = value.parse::<f64>().ok().filter(|seconds| *seconds >= 0.0) {
        return Some(Duration::try_from_secs_f64(seconds).unwrap_or(Duration::MAX));
    }
    let at = DateTime::<Utc>::from(httpdate::parse_http_date(value).ok()?);
    Some((at - now).to_std().unwrap_or(Duration::ZERO))
}

enum Patience {
    None,
    Short,
    Full,
}

/// 500 and 502 are tried again too, but not for long: all that is sent here are reads, and a broken backend behind Graph is often
/// another one at the next call. A refused certificate stays refused.
fn patience(outcome: Outcome) -> Patience {
    use TransportErrorKind::{Connect, Other, Reset, Timeout, Tls, TruncatedBody};
    match outcome {
        Outcome::Status(408 | 429 | 503 | 504 | 509) | Outcome::Failed(Reset | Timeout | TruncatedBody) => Patience::Full,
        Outcome::Status(500 | 502) | Outcome::Failed(Connect) => Patience::Short,
        Outcome::Status(_) | Outcome::Failed(Tls | Other) => Patience::None,
    }
}

/// Between half and all of `base` x 2^(attempt - 1), at most `longest`.
fn back_off(policy: &RetryPolicy, attempt: u32, seed: u64) -> Duration {
    let factor = 2_u32.saturating_pow(attempt.saturating_sub(1));
    let whole = policy.base.saturating_mul(factor).min(policy.longest);
    let jitter = fastrand::Rng::with_seed(seed.wrapping_add(u64::from(attempt))).f64();
    whole / 2 + (whole / 2).mul_f64(jitter)
}

#[cfg(test)]
mod tests {
    use chrono::TimeZone;
    use proptest::prelude::*;

    use super::*;

    fn noon() -> DateTime<Utc> {
        Utc.with_ymd_and_hms(2026, 11, 24, 12, 0, 0).unwrap()
    }

    fn situation(outcome: Outcome, retry_after: Option<&str>) -> Situation<'_> {
        Situation { is_read: true, outcome, attempt: 1, retry_after, now: noon(), waited: Duration::ZERO, seed: 7 }
    }

    fn wait(decision: Decision) -> Option<Duration> {
        match decision {
            Decision::Wait(wait) => Some(wait),
            Decision::Stop(_) => None,
        }
    }

    #[test]
    fn what_is_asked_again() {
        use TransportErrorKind::*;
        let policy = RetryPolicy::default();
        let tries = |outcome| {
            (1..20)
                .find(|&attempt| matches!(decide(&policy, &Situation { attempt, ..situation(outcome, None) }), Decision::Stop(_)))
                .unwrap()
        };
        for (outcome, expected) in [
            (Outcome::Status(429), 8),
            (Outcome::Status(503), 8),
            (Outcome::Status(504), 8),
            (Outcome::Status(509), 8),
            (Outcome::Failed(Reset), 8),
            (Outcome::Failed(Timeout), 8),
            (Outcome::Failed(TruncatedBody), 8),
            (Outcome::Status(500), 3),
            (Outcome::Status(502), 3),
            (Outcome::Failed(Connect), 3),
            (Outcome::Failed(Tls), 1),
            (Outcome::Failed(Other), 1),
            (Outcome::Status(200), 1),
            (Outcome::Status(302), 1),
            (Outcome::Status(400), 1),
            (Outcome::Status(401), 1),
            (Outcome::Status(403), 1),
            (Outcome::Status(404), 1),
            (Outcome::Status(501), 1),
        ] {
            assert_eq!(tries(outcome), expected, "{outcome:?}");
        }
    }

    #[test]
    fn only_reads_are_asked_again() {
        let write = Situation { is_read: false, ..situation(Outcome::Status(429), Some("1")) };
        assert_eq!(decide(&RetryPolicy::default(), &write), Decision::Stop(Stop::Final));
    }

    #[test]
    fn retry_after_in_both_forms() {
        let second = Duration::from_secs(1);
        for (value, expected) in [
            ("7", Some(7 * second)),
            (" 0 ", Some(Duration::ZERO)),
            ("1.5", Some(second * 3 / 2)),
            ("Tue, 24 Nov 2026 12:00:30 GMT", Some(30 * second)),
            ("Tue, 24 Nov 2026 11:59:30 GMT", Some(Duration::ZERO)),
            ("-5", None),
            ("soon", None),
            ("", None),
            ("NaN", None),
            ("-1.5", None),
            ("99999999999999999999999", Some(Duration::MAX)),
            ("1e300", Some(Duration::MAX)),
        ] {
            assert_eq!(retry_after(value, noon()), expected, "{value}");
        }
    }

    #[test]
    fn the_longer_wait_counts() {
        let policy = RetryPolicy::default();
        assert_eq!(wait(decide(&policy, &situation(Outcome::Status(429), Some("17")))), Some(Duration::from_secs(17)));
        let own = wait(decide(&policy, &situation(Outcome::Status(429), Some("0")))).unwrap();
        assert!(own >= policy.base / 2 && own <= policy.base, "{own:?}");
        for long in ["301", "18446744073709551615", "99999999999999999999999", "Fri, 31 Dec 9999 23:59:59 GMT"] {
            assert_eq!(decide(&policy, &situation(Outcome::Status(503), Some(long))), Decision::Stop(Stop::Waited), "{long}");
        }
    }

    proptest! {
        #[test]
        fn never_over_the_caps_and_never_before_the_server_says(
            status in prop_oneof![Just(429_u16), Just(503), Just(504), Just(509), Just(500), 200_u16..600],
            server in proptest::option::of(0_u64..400),
            seed: u64,
        ) {
            let policy = RetryPolicy::default();
            let text = server.map(|seconds| seconds.to_string());
            let mut waited = Duration::ZERO;
            let mut attempt = 1;
            loop {
                let now = Situation { attempt, waited, seed, ..situation(Outcome::Status(status), text.as_deref()) };
                match decide(&policy, &now) {
                    Decision::Stop(_) => break,
                    Decision::Wait(wait) => {
                        prop_assert!(wait >= Duration::from_secs(server.unwrap_or(0)));
                        prop_assert!(wait >= policy.base / 2);
                        waited += wait;
                        attempt += 1;
                    }
                }
                prop_assert!(waited <= policy.total_wait);
                prop_assert!(attempt <= policy.attempts);
            }
        }
    }
}
