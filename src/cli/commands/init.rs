//! `init`: files to be filled in.

use std::path::Path;

use crate::cli::args::InitCommand;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::outputs::{PendingFile, print};
use crate::imports::DECLARED_TEMPLATE;

/// Runs it.
pub(in crate::cli) fn run(command: &InitCommand) -> Result<Exit, Failure> {
    let InitCommand::Declared { output, force } = command;
    match output.as_deref().filter(|path| *path != Path::new("-")) {
        None => print(DECLARED_TEMPLATE)?,
        // What somebody filled in is not lost by asking twice.
        Some(path) if *force => PendingFile::open(path)?.commit(DECLARED_TEMPLATE.as_bytes())?,
        Some(path) => PendingFile::open_new(path)?.commit(DECLARED_TEMPLATE.as_bytes())?,
    }
    Ok(Exit::Clean)
}
