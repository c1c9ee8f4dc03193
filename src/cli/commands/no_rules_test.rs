//! In the place of `rules test` in a build without Rego.

use crate::cli::args::RulesTestArgs;
use crate::cli::custom_rules::refused;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;

/// Always an error.
pub(in crate::cli) fn run(_args: &RulesTestArgs) -> Result<Exit, Failure> {
    Err(refused())
}
