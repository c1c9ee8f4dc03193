//! Parse, run, exit: everything else is in the library.

fn main() -> std::process::ExitCode {
    partnerscope::run()
}
