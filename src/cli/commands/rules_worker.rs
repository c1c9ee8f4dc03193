//! The hidden command that a run starts itself with: rules of the organisation run in it, apart from everything else.

use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::policy::custom::worker;

/// Runs it.
pub(in crate::cli) fn run() -> Result<Exit, Failure> {
    match worker::serve() {
        Ok(()) => Ok(Exit::Clean),
        Err(error) => Err(Failure::usage(error.to_string(), "`partnerscope rules test DIR` tries the rules of a folder")),
    }
}
