//! The log: standard error, this crate's own events and nobody else's (a library's might hold a header).

use std::io::Write;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::fmt::MakeWriter;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{Layer, fmt};

use super::args::{CommonArgs, LogFormat};
use super::progress::Progress;

/// Sets the log up. A second call changes nothing.
pub(super) fn init(common: &CommonArgs, color: bool, progress: &Progress) {
    let only_us = Targets::new().with_target(env!("CARGO_CRATE_NAME"), level(common.quiet, common.verbose));
    let writer = AboveProgress(progress.clone());
    let layer = fmt::layer().with_writer(writer).with_ansi(color).with_target(false);
    let layer = match common.log_format {
        LogFormat::Text => layer.boxed(),
        LogFormat::Json => layer.json().boxed(),
    };
    let _ = tracing_subscriber::registry().with(layer.with_filter(only_us)).try_init();
}

fn level(quiet: bool, verbose: u8) -> LevelFilter {
    match (quiet, verbose) {
        (true, _) => LevelFilter::ERROR,
        (false, 0) => LevelFilter::WARN,
        (false, 1) => LevelFilter::INFO,
        (false, 2) => LevelFilter::DEBUG,
        (false, _) => LevelFilter::TRACE,
    }
}

/// Writes lines so that the line of progress does not run into them.
struct AboveProgress(Progress);

impl<'a> MakeWriter<'a> for AboveProgress {
    type Writer = Line<'a>;

    fn make_writer(&'a self) -> Line<'a> {
        Line(&self.0)
    }
}

struct Line<'a>(&'a Progress);

impl Write for Line<'_> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.suspended(|| std::io::stderr().lock().write_all(bytes))?;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        std::io::stderr().lock().flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn levels() {
        assert_eq!(level(true, 3), LevelFilter::ERROR);
        assert_eq!(
            [0, 1, 2, 3, 9].map(|verbose| level(false, verbose)),
            [LevelFilter::WARN, LevelFilter::INFO, LevelFilter::DEBUG, LevelFilter::TRACE, LevelFilter::TRACE]
        );
    }
}
