//! Keeps one token: one call at a time, renewed before it ends, tried again where that helps.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use chrono::{DateTime, Utc};

use super::{AuthError, AuthErrorKind, Credential, Token};
use crate::http::clock::Clock;

/// How long before its end a token is renewed; for a short-lived one, half of its life.
const EARLY: chrono::Duration = chrono::Duration::minutes(5);
/// How long a failure is handed out instead of another call, on the clock.
const REMEMBERED: Duration = Duration::from_secs(30);
/// A server that asks for a longer wait is taken at its word: the sign-in fails and says so.
const LONGEST_WAIT: Duration = Duration::from_secs(60);

/// Keeps the token of one credential: one call at a time, renewed before it ends.
///
/// Many callers may ask at once; one of them signs in, the others wait and share its token or its error. A failure is handed out for 30
/// seconds without another call, so a wrong secret is not tried by every read. While the old token is still good, a renewal that is under
/// way or failed keeps nobody waiting.
pub struct TokenCache {
    credential: Arc<dyn Credential>,
    clock: Clock,
    state: Mutex<State>,
    /// Held by the one caller that signs in.
    flight: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    held: Option<Held>,
    failure: Option<Failure>,
    /// Sign-ins that have ended, well or not.
    ended: u64,
    /// A token that cannot be renewed was refused.
    spent: bool,
}

struct Held {
    token: Token,
    renew_at: Option<DateTime<Utc>>,
}

struct Failure {
    error: AuthError,
    /// On [`Clock::elapsed`].
    until: Duration,
}

/// What the state offers a caller.
enum Look {
    Token(Token),
    Failed(AuthError),
    /// A sign-in is due; the old token may still be used if someone else is at it.
    Due(Option<Token>),
}

impl TokenCache {
    /// An empty cache. Back-off runs on `clock`; token ends are compared with the time of day.
    pub fn new(credential: Arc<dyn Credential>, clock: Clock) -> Self {
        TokenCache { credential, clock, state: Mutex::default(), flight: tokio::sync::Mutex::new(()) }
    }

    /// Name of the credential.
    pub fn credential_name(&self) -> &'static str {
        self.credential.name()
    }

    /// A token that is good for at least a few minutes, from the cache or new.
    pub async fn token(&self) -> Result<Token, AuthError> {
        let arrived = self.state().ended;
        let old = match self.look(None) {
            Look::Token(token) => return Ok(token),
            Look::Failed(error) => return Err(error),
            Look::Due(old) => old,
        };
        let _flight = match (self.flight.try_lock(), old) {
            (Ok(flight), _) => flight,
            (Err(_), Some(old)) => return Ok(old),
            (Err(_), None) => self.flight.lock().await,
        };
        // Whoever held the flight has left a result, or was dropped on the way and left none.
        match self.look(Some(arrived)) {
            Look::Token(token) => Ok(token),
            Look::Failed(error) => Err(error),
            Look::Due(old) => self.sign_in(old).await,
        }
    }

    /// Forgets a token that was refused, unless a newer one is already here.
    pub fn discard(&self, refused: &Token) {
        let mut state = self.state();
        if state.held.as_ref().is_some_and(|held| held.token.secret == refused.secret) {
            state.held = None;
            // The failure, if any, was of a renewal; what comes next is asked for anew.
            state.failure = None;
            state.spent = !self.credential.renews();
        }
    }

    /// `arrived`: how many sign-ins had ended when the caller came; a failure that came after that is the caller's own.
    fn look(&self, arrived: Option<u64>) -> Look {
        let now = self.clock.wall();
        let state = self.state();
        let failure = state
            .failure
            .as_ref()
            .filter(|failure| failure.until > self.clock.elapsed() || arrived.is_some_and(|arrived| state.ended > arrived));
        match (&state.held, failure) {
            (Some(held), _) if held.renew_at.is_none_or(|at| now < at) => Look::Token(held.token.clone()),
            (Some(held), Some(_)) if good(&held.token, now) => Look::Token(held.token.clone()),
            (_, Some(failure)) => Look::Failed(failure.error.clone()),
            (held, None) => Look::Due(held.as_ref().map(|held| &held.token).filter(|token| good(token, now)).cloned()),
        }
    }

    async fn sign_in(&self, old: Option<Token>) -> Result<Token, AuthError> {
        let result = if self.state().spent { Err(self.spent().await) } else { with_retries(&self.clock, || self.credential.token()).await };
        let now = self.clock.wall();
        let mut state = self.state();
        state.ended += 1;
        match result {
            Ok(token) => {
                state.failure = None;
                state.held = Some(Held { renew_at: renew_at(&token, now, self.credential.renews()), token: token.clone() });
                Ok(token)
            }
            Err(error) => {
                state.failure = Some(Failure { error: error.clone(), until: self.clock.elapsed() + REMEMBERED });
                old.filter(|token| good(token, now)).ok_or(error)
            }
        }
    }

    /// Why there is no token after the only one was refused: it has ended, or Graph does not take it.
    async fn spent(&self) -> AuthError {
        match self.credential.token().await {
            Err(error) => error,
            Ok(_) => AuthError::new(
                self.credential.name(),
                AuthErrorKind::TokenRefused,
                "the given token was refused and there is no way to another one",
            ),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for TokenCache {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TokenCache").field("credential", &self.credential.name()).finish_non_exhaustive()
    }
}

fn good(token: &Token, now: DateTime<Utc>) -> bool {
    token.expires_at.is_none_or(|end| now < end)
}

/// `None`: never. What cannot be renewed is used up to its end.
fn renew_at(token: &Token, now: DateTime<Utc>, renews: bool) -> Option<DateTime<Utc>> {
    let end = token.expires_at?;
    Some(if renews { end - EARLY.min((end - now) / 2) } else { end })
}

/// Calls until it works, the error is final, or the tries are used up; waits on the clock in between.
pub(super) async fn with_retries<T, F>(clock: &Clock, mut call: impl FnMut() -> F) -> Result<T, AuthError>
where
    F: Future<Output = Result<T, AuthError>>,
{
    let mut failed = 0;
    loop {
        let error = match call().await {
            Ok(value) => return Ok(value),
            Err(error) => error,
        };
        failed += 1;
        match wait_before_next(failed, &error, fastrand::f64()) {
            Some(wait) => clock.sleep(wait).await,
            None => return Err(error),
        }
    }
}

/// How long to wait after the `failed`-th failure; `None`: give up. `jitter` is from 0 to 1.
///
/// 700027 (the certificate is not known) is tried twice more, slowly: just after a rotation it is right only in some of Entra's machines.
/// For a certificate that was never uploaded that costs a few seconds.
fn wait_before_next(failed: u32, error: &AuthError, jitter: f64) -> Option<Duration> {
    let (tries, base) = if error.transient {
        (4, Duration::from_millis(500))
    } else if error.codes.contains(&700027) {
        (3, Duration::from_secs(2))
    } else {
        return None;
    };
    let asked = error.asked_to_wait();
    if failed >= tries || asked > LONGEST_WAIT {
        return None;
    }
    let backoff = base * 2u32.pow(failed - 1);
    Some(backoff.mul_f64(0.75 + 0.5 * jitter.clamp(0.0, 1.0)).max(asked))
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU16;

    use futures_util::future::{BoxFuture, join_all};

    use super::*;
    use crate::secret::Secret;

    type Answer = Result<(&'static str, Option<i64>), AuthError>;

    /// Gives the answers in turn, the last one for ever; each takes a moment.
    #[derive(Debug)]
    struct Fake {
        answers: Mutex<Vec<Answer>>,
        calls: Mutex<usize>,
        renews: bool,
    }

    impl Fake {
        fn new(mut answers: Vec<Answer>) -> Arc<Self> {
            answers.reverse();
            Arc::new(Fake { answers: Mutex::new(answers), calls: Mutex::new(0), renews: true })
        }

        fn calls(&self) -> usize {
            *self.calls.lock().unwrap()
        }
    }

    impl Credential for Fake {
        fn name(&self) -> &'static str {
            "fake"
        }

        fn token(&self) -> BoxFuture<'_, Result<Token, AuthError>> {
            *self.calls.lock().unwrap() += 1;
            let answer = {
                let mut answers = self.answers.lock().unwrap();
                if answers.len() > 1 { answers.pop().unwrap() } else { answers[0].clone() }
            };
            Box::pin(async move {
                tokio::time::sleep(Duration::from_millis(100)).await;
                answer.map(|(text, life)| token(text, life))
            })
        }

        fn renews(&self) -> bool {
            self.renews
        }
    }

    fn token(text: &str, life: Option<i64>) -> Token {
        let expires_at = life.map(|seconds| Clock::real().wall() + chrono::Duration::seconds(seconds));
        Token { secret: Secret::new(text.into()), expires_at, claims: Default::default() }
    }

    fn failure(transient: bool) -> AuthError {
        AuthError { transient, ..AuthError::new("fake", AuthErrorKind::Refused, "no") }
    }

    fn cache(fake: &Arc<Fake>) -> TokenCache {
        TokenCache::new(fake.clone(), Clock::real())
    }

    async fn text(cache: &TokenCache) -> Result<String, AuthErrorKind> {
        cache.token().await.map(|token| token.secret.expose().to_owned()).map_err(|error| error.kind)
    }

    #[tokio::test(start_paused = true)]
    async fn many_callers_make_one_call() {
        let fake = Fake::new(vec![Ok(("a", Some(3600)))]);
        let cache = cache(&fake);
        let got = join_all((0..50).map(|_| text(&cache))).await;
        assert!(got.iter().all(|one| one.as_deref() == Ok("a")));
        assert_eq!(text(&cache).await.as_deref(), Ok("a"));
        assert_eq!(fake.calls(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn many_callers_share_one_failure() {
        let fake = Fake::new(vec![Err(failure(false))]);
        let cache = cache(&fake);
        let got = join_all((0..20).map(|_| text(&cache))).await;
        assert!(got.iter().all(|one| *one == Err(AuthErrorKind::Refused)));
        assert_eq!(fake.calls(), 1);
        assert!(text(&cache).await.is_err());
        assert_eq!(fake.calls(), 1);
        tokio::time::sleep(REMEMBERED).await;
        assert!(text(&cache).await.is_err());
        assert_eq!(fake.calls(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn waiters_share_a_failure_even_if_the_clock_has_run_past_it() {
        let fake = Fake::new(vec![Err(failure(false))]);
        let cache = TokenCache::new(fake.clone(), Clock::faster(1_000_000));
        let waiters = join_all((0..20).map(|_| async {
            let got = text(&cache).await;
            tokio::time::sleep(Duration::from_millis(50)).await;
            got
        }));
        assert!(waiters.await.iter().all(Result::is_err));
        assert_eq!(fake.calls(), 1);
    }

    #[tokio::test(start_paused = true)]
    async fn a_caller_that_gives_up_leaves_the_flight_to_the_next() {
        let fake = Fake::new(vec![Ok(("a", Some(3600)))]);
        let cache = Arc::new(cache(&fake));
        let first = tokio::spawn({
            let cache = cache.clone();
            async move { cache.token().await }
        });
        tokio::time::sleep(Duration::from_millis(10)).await;
        let second = tokio::spawn({
            let cache = cache.clone();
            async move { text(&cache).await }
        });
        tokio::time::sleep(Duration::from_millis(10)).await;
        first.abort();
        assert_eq!(second.await.unwrap().as_deref(), Ok("a"));
        assert_eq!(fake.calls(), 2);
    }

    #[tokio::test(start_paused = true)]
    async fn renews_before_the_end() {
        let fake = Fake::new(vec![Ok(("a", Some(3600))), Ok(("b", Some(3600)))]);
        let cache = cache(&fake);
        assert_eq!(text(&cache).await.as_deref(), Ok("a"));
        let soon = Clock::real().wall() + chrono::Duration::minutes(4);
        {
            let mut state = cache.state();
            let held = state.held.as_mut().unwrap();
            held.token.expires_at = Some(soon);
            held.renew_at = Some(soon - EARLY);
        }
        // One renews; the others are not kept waiting.
        let got = join_all((0..3).map(|_| text(&cache))).await;
        assert_eq!(got, [Ok("b".into()), Ok("a".into()), Ok("a".into())]);
        assert_eq!((text(&cache).await.as_deref(), fake.calls()), (Ok("b"), 2));
    }

    #[test]
    fn renewal_is_five_minutes_early_or_at_half_life() {
        let now = Clock::real().wall();
        let at = |life: i64, renews| {
            let token = Token { expires_at: Some(now + chrono::Duration::seconds(life)), ..token("a", None) };
            (renew_at(&token, now, renews).unwrap() - now).num_seconds()
        };
        assert_eq!((at(3600, true), at(240, true), at(3600, false)), (3300, 120, 3600));
        assert_eq!(renew_at(&token("a", None), now, true), None);
    }

    #[tokio::test(start_paused = true)]
    async fn a_failed_renewal_keeps_the_old_token_while_it_is_good() {
        let fake = Fake::new(vec![Ok(("a", Some(1))), Err(failure(false)), Ok(("b", Some(3600)))]);
        let cache = cache(&fake);
        assert_eq!(text(&cache).await.as_deref(), Ok("a"));
        let state = |end: i64| {
            let now = cache.clock.wall();
            let mut state = cache.state();
            let held = state.held.as_mut().unwrap();
            held.renew_at = Some(now);
            held.token.expires_at = Some(now + chrono::Duration::seconds(end));
        };
        state(60);
        for _ in 0..5 {
            assert_eq!(text(&cache).await.as_deref(), Ok("a"));
        }
        assert_eq!(fake.calls(), 2);
        state(-1);
        assert_eq!(text(&cache).await, Err(AuthErrorKind::Refused));
        tokio::time::sleep(REMEMBERED).await;
        assert_eq!(text(&cache).await.as_deref(), Ok("b"));
    }

    #[tokio::test(start_paused = true)]
    async fn discard_forgets_only_the_refused_token() {
        let fake = Fake::new(vec![Ok(("a", Some(3600))), Ok(("b", Some(3600)))]);
        let cache = cache(&fake);
        let first = cache.token().await.unwrap();
        cache.discard(&first);
        assert_eq!(text(&cache).await.as_deref(), Ok("b"));
        // A slow read comes back with a refusal of the first: the second stays.
        cache.discard(&first);
        assert_eq!((text(&cache).await.as_deref(), fake.calls()), (Ok("b"), 2));
    }

    #[tokio::test(start_paused = true)]
    async fn a_given_token_is_used_to_its_end_and_not_again_once_refused() {
        let given = Arc::new(Fake { renews: false, ..Arc::try_unwrap(Fake::new(vec![Ok(("a", Some(60)))])).unwrap() });
        let cache = cache(&given);
        for _ in 0..3 {
            assert_eq!(text(&cache).await.as_deref(), Ok("a"));
        }
        assert_eq!(given.calls(), 1);
        cache.discard(&token("a", None));
        assert_eq!(text(&cache).await, Err(AuthErrorKind::TokenRefused));
    }

    #[tokio::test(start_paused = true)]
    async fn transient_failures_are_tried_again() {
        let fake = Fake::new(vec![Err(failure(true)), Err(failure(true)), Ok(("a", None))]);
        assert_eq!(text(&cache(&fake)).await.as_deref(), Ok("a"));
        assert_eq!(fake.calls(), 3);
        let fake = Fake::new(vec![Err(failure(true))]);
        assert!(text(&cache(&fake)).await.is_err());
        assert_eq!(fake.calls(), 4);
    }

    #[test]
    fn waits_grow_and_honour_the_server() {
        let wait = |failed, error: &AuthError| wait_before_next(failed, error, 0.5).map(|wait| wait.as_millis());
        let error = failure(true);
        assert_eq!([1, 2, 3, 4].map(|failed| wait(failed, &error)), [Some(500), Some(1000), Some(2000), None]);
        let asked = |seconds| AuthError { retry_after: NonZeroU16::new(seconds), ..failure(true) };
        assert_eq!((wait(1, &asked(7)), wait(1, &asked(60)), wait(1, &asked(61))), (Some(7000), Some(60_000), None));
        let rotated = AuthError { codes: vec![700027], ..failure(false) };
        assert_eq!([1, 2, 3].map(|failed| wait(failed, &rotated)), [Some(2000), Some(4000), None]);
        assert_eq!(wait(1, &failure(false)), None);
        assert!(wait_before_next(1, &error, 0.0).unwrap() < wait_before_next(1, &error, 1.0).unwrap());
    }
}
