//! Ctrl-C and SIGTERM end a run at once: the work is dropped, and with it its temporary files.

use std::future::Future;

use super::failure::Failure;

/// Runs the work on a new runtime until it is done or somebody ends it.
pub(super) fn run<T>(work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    let build = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = build.map_err(|source| Failure::System { what: "start the runtime", source })?;
    let result = runtime.block_on(async {
        tokio::select! {
            biased;
            () = ended() => Err(Failure::Interrupted),
            result = work => result,
        }
    });
    // What is still running in other threads must not hold the end up.
    runtime.shutdown_background();
    result
}

/// Waits until somebody wants the program to end.
pub(super) async fn ended() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut terminate) = signal(SignalKind::terminate()) {
            tokio::select! {
                result = tokio::signal::ctrl_c() => if result.is_err() { std::future::pending::<()>().await },
                _ = terminate.recv() => {}
            }
            return;
        }
    }
    if tokio::signal::ctrl_c().await.is_err() {
        std::future::pending::<()>().await;
    }
}

/// Work that fills a processor, beside the runtime, so that Ctrl-C is heard meanwhile.
pub(super) async fn compute<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> Result<T, Failure> {
    tokio::task::spawn_blocking(work).await.map_err(|_| Failure::Bug)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_ends_with_its_result_and_a_panic_in_it_is_a_bug() {
        assert_eq!(run(async { compute(|| 7).await }).unwrap(), 7);
        let panics = run(async { compute(|| -> u8 { std::panic::resume_unwind(Box::new(())) }).await });
        assert!(matches!(panics, Err(Failure::Bug)));
    }
}
