//! Everything that ends a run with exit 2, and the only place where an error becomes advice.

mod advice;

use std::path::PathBuf;

use url::Url;

use self::advice::Advice;
use super::terminal::plain;
use crate::auth::AuthError;
use crate::config::{ConfigError, Problem};
use crate::domain::{Coverage, Dataset};
use crate::history::earlier::EarlierError;
use crate::history::snapshot_file::FormatError;
use crate::http::transport::TransportError;

/// Why a run ended with exit 2.
#[derive(Debug)]
pub(super) enum Failure {
    /// A wrong argument, or arguments that do not go together.
    Usage {
        /// A lowercase fragment that fits "failed to ...".
        message: String,
        /// What to do.
        help: Vec<String>,
    },
    /// Mistakes in a config file, all of them.
    Config(Vec<Problem>),
    /// A config file that cannot be read.
    ConfigFile(ConfigError),
    /// A name that does not exist.
    Unknown {
        /// `rule`, `format`, `dataset`, `fault`, `fixture tenant`.
        what: &'static str,
        /// As given.
        name: String,
        /// The name that was meant.
        nearest: Option<String>,
        /// A command or sentence that lists them.
        list: String,
    },
    /// No token.
    SignIn(Box<SignIn>),
    /// `--timeout` ended before there was a token.
    NoTime {
        /// The tenant.
        tenant: String,
    },
    /// Nothing to sign in with is complete.
    Credential {
        /// What is missing.
        message: String,
        /// What to do.
        help: Vec<String>,
    },
    /// Token, organization and `--tenant` are not one tenant.
    WrongTenant(Mismatch),
    /// Some of several tenants could not be read at all; the run went on with the others.
    Tenants(Vec<Failure>),
    /// Not one dataset could be read.
    NothingRead {
        /// Each tenant with how its datasets were read.
        tenants: Vec<(String, Vec<(Dataset, Coverage)>)>,
        /// Where they were asked for.
        graph: Box<Url>,
        /// Where to consent, if it is known.
        consent: Option<String>,
    },
    /// The transport cannot be set up.
    Transport(TransportError),
    /// The fixture tenant cannot be loaded or served.
    #[cfg(feature = "fixture")]
    Fixture(crate::fixture::FixtureError),
    /// A file that was named cannot be read.
    Input {
        /// Which.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A snapshot file that cannot be used.
    Snapshot {
        /// Which.
        path: PathBuf,
        /// Why.
        source: FormatError,
    },
    /// A file that should hold an earlier run.
    Earlier {
        /// Which.
        path: PathBuf,
        /// Why.
        source: EarlierError,
    },
    /// A file of declared facts or of a log that is not used.
    Import(crate::imports::ImportError),
    /// A question that a snapshot has no answer to.
    Ask(crate::domain::access::AskError),
    /// Snapshots that do not go together.
    Merge {
        /// Why.
        message: String,
    },
    /// An output cannot be written.
    Output {
        /// Which; `None`: standard output.
        path: Option<PathBuf>,
        /// Why.
        source: std::io::Error,
    },
    /// A report cannot be rendered.
    Render {
        /// Which format.
        format: &'static str,
        /// Why.
        source: crate::report::RenderError,
    },
    /// Ctrl-C.
    Interrupted,
    /// The machine does not give what every program needs.
    System {
        /// What was tried.
        what: &'static str,
        /// Why.
        source: std::io::Error,
    },
    /// A panic in another thread; the hook has said where.
    Bug,
}

/// A sign-in that failed, with what advice needs.
#[derive(Debug)]
pub(super) struct SignIn {
    /// The tenant as it was named; `None`: the credential's own.
    pub(super) tenant: Option<String>,
    /// The application.
    pub(super) client_id: Option<String>,
    /// The login endpoint.
    pub(super) login: Url,
    /// The error.
    pub(super) error: AuthError,
}

/// Tenants that should be one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Mismatch {
    /// What `--tenant` says, resolved to an id.
    pub(super) wanted: Option<String>,
    /// `tid` of the token.
    pub(super) token: Option<String>,
    /// Id of the organization that Graph shows.
    pub(super) organization: Option<String>,
}

impl Failure {
    /// True if it says nothing about the other tenants of a run.
    pub(super) fn is_of_one_tenant(&self) -> bool {
        matches!(self, Failure::SignIn(_) | Failure::NoTime { .. } | Failure::Credential { .. } | Failure::WrongTenant(_))
    }

    /// A wrong use of the command line.
    pub(super) fn usage(message: impl Into<String>, help: impl Into<String>) -> Failure {
        Failure::Usage { message: message.into(), help: vec![help.into()] }
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Failure {
        Failure::ConfigFile(error)
    }
}

#[cfg(feature = "fixture")]
impl From<crate::fixture::FixtureError> for Failure {
    fn from(error: crate::fixture::FixtureError) -> Failure {
        Failure::Fixture(error)
    }
}

pub(super) use advice::{consent_address, to_grant};

/// What is printed for a failure: each error in one line, followed by its help.
pub(super) fn text(failure: &Failure, color: bool) -> String {
    let mut shown = String::new();
    for advice in advice::of(failure) {
        shown.push_str(&lines(&advice, color));
    }
    shown
}

fn lines(advice: &Advice, color: bool) -> String {
    let (error, help, reset) = if color { ("\u{1b}[1;31m", "\u{1b}[1;36m", "\u{1b}[0m") } else { ("", "", "") };
    let mut shown = format!("{error}error:{reset} {}\n", plain(&advice.message));
    for line in &advice.help {
        shown.push_str(&format!("  {help}help:{reset} {}\n", plain(line)));
    }
    shown
}
