//! `schema`: JSON Schemas of what is written and read, for programs and editors.

use crate::cli::args::SchemaName;
use crate::cli::config_schema;
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::outputs::print;
use crate::domain::Snapshot;
use crate::report;

/// Runs it.
pub(in crate::cli) fn run(name: SchemaName) -> Result<Exit, Failure> {
    let schema = match name {
        SchemaName::Report => report::json::schema(),
        SchemaName::Diff => report::json::diff::schema(),
        SchemaName::Config => config_schema::schema(),
        SchemaName::Rules => report::json::rules::schema(),
        SchemaName::Explain => report::json::explain::schema(),
        SchemaName::Snapshot => schemars::schema_for!(Snapshot).to_value(),
    };
    print(&format!("{schema:#}\n"))?;
    Ok(Exit::Clean)
}
