//! partnerscope: who outside can administer a Microsoft 365 tenant, how far does it reach, what is new.
//!
//! The map, one line a module:
//!
//! | module | holds | may name |
//! |---|---|---|
//! | [`secret`] | what must not be shown | – |
//! | [`domain`] | facts, coverage, findings, report; no I/O, no clock | – |
//! | [`fixture`] | the fixture tenant, a server on loopback | – |
//! | [`http`] | transport, retry, limits, log; knows no Graph | secret |
//! | [`auth`] | one file a credential, the token cache, clouds | http, secret |
//! | [`graph`] | Graph on top of http and auth: paging, batches | auth, http |
//! | [`collect`] | Graph JSON to domain facts | graph, domain |
//! | [`policy`] | evaluate, rules and their pages | domain |
//! | [`history`] | snapshot files and their versions | domain |
//! | [`imports`] | files of an admin or a partner to facts | collect, domain, history |
//! | [`report`] | one file a format | domain |
//! | [`config`] | the file as written, layers, the validated result | domain, secret |
//! | [`cli`] | the command line: the only one that knows all others | all |
//!
//! `tests/it/architecture.rs` holds these arrows.

pub mod auth;
pub mod cli;
pub mod collect;
pub mod config;
pub mod domain;
#[cfg(feature = "fixture")]
pub mod fixture;
pub mod graph;
pub mod history;
pub mod http;
pub mod imports;
pub mod policy;
pub mod report;
pub mod secret;

/// Runs the program with the process's arguments and returns its exit status: 0, 1, 2 or 3.
pub fn run() -> std::process::ExitCode {
    cli::run()
}
