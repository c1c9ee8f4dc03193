//! In the place of the fixture tenants in a build without them.

use super::args::NetworkArgs;
use super::failure::Failure;
use super::layered::{Given, InPlace};
use super::options::Target;
use crate::domain::{Timestamp, View};
use crate::imports::Import;

/// There is none in this build.
#[derive(Debug)]
pub(super) enum Stage {}

impl Stage {
    /// Always an error.
    pub(super) fn load(_name: &str, _faults: &[String]) -> Result<Stage, Failure> {
        Err(Failure::usage("use a fixture tenant: this build has none", "build with `--features fixture`"))
    }

    /// Never called.
    pub(super) fn config(&self) -> InPlace {
        match *self {}
    }

    /// Never called.
    pub(super) fn views(&self) -> Vec<View> {
        match *self {}
    }

    /// Never called.
    pub(super) fn now(&self) -> Timestamp {
        match *self {}
    }

    /// Never called.
    pub(super) fn imports(&self) -> Vec<Import> {
        match *self {}
    }

    /// Never called.
    pub(super) fn lookback_days(&self) -> u32 {
        match *self {}
    }

    /// Never called.
    pub(super) fn with_network(self, _given: &Given<'_>, _args: &NetworkArgs) -> Result<Stage, Failure> {
        match self {}
    }

    /// Never called.
    pub(super) fn start(&self) -> Result<((), Target), Failure> {
        match *self {}
    }
}
