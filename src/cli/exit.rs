//! Exit statuses: the only place that maps an outcome to a number.

use std::process::ExitCode;

/// How a run ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: nothing at or above `--fail-on`.
    Clean,
    /// 1: findings at or above it.
    Findings,
    /// 2: could not run.
    Failed,
    /// 3: ran without such findings, but a required dataset was not read, or a rule of the organisation's own was not judged.
    Incomplete,
}

impl Exit {
    /// From the exit status that a report settled.
    pub fn of_report(code: u8) -> Exit {
        match code {
            0 => Exit::Clean,
            1 => Exit::Findings,
            3 => Exit::Incomplete,
            _ => Exit::Failed,
        }
    }

    /// `--exit-zero`: 1 and 3 become 0, 2 never.
    #[must_use]
    pub fn or_zero(self, exit_zero: bool) -> Exit {
        match self {
            Exit::Findings | Exit::Incomplete if exit_zero => Exit::Clean,
            other => other,
        }
    }

    /// The number.
    pub fn code(self) -> u8 {
        match self {
            Exit::Clean => 0,
            Exit::Findings => 1,
            Exit::Failed => 2,
            Exit::Incomplete => 3,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exit_zero_never_hides_a_failure() {
        let all = [Exit::Clean, Exit::Findings, Exit::Failed, Exit::Incomplete];
        assert_eq!(all.map(Exit::code), [0, 1, 2, 3]);
        assert_eq!(all.map(|exit| exit.or_zero(true).code()), [0, 0, 2, 0]);
        assert_eq!(all.map(|exit| exit.or_zero(false)), all);
        assert_eq!([0, 1, 2, 3, 9].map(|code| Exit::of_report(code).code()), [0, 1, 2, 3, 2]);
    }
}
