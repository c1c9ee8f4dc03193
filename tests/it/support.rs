//! The program as its user runs it: a scrubbed environment, an empty folder, its output and exit status.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

/// One run.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// The program in a folder of its own, with nothing of the machine's environment.
pub(crate) struct Program {
    pub(crate) folder: tempfile::TempDir,
    env: Vec<(String, String)>,
}

impl Program {
    pub(crate) fn new() -> Self {
        Program { folder: tempfile::tempdir().unwrap(), env: Vec::new() }
    }

    pub(crate) fn env(mut self, name: &str, value: &str) -> Self {
        self.env.push((name.into(), value.into()));
        self
    }

    pub(crate) fn path(&self, name: &str) -> std::path::PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    pub(crate) fn run(&self, args: &[&str]) -> Run {
        let output = Command::new(env!("CARGO_BIN_EXE_partnerscope"))
            .args(args)
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path())
            .envs(self.env.iter().map(|(name, value)| (name.as_str(), value.as_str())))
            .current_dir(self.folder.path())
            .stdin(std::process::Stdio::null())
            .output()
            .unwrap();
        let run = Run {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        };
        assert!(!run.stderr.contains("panicked"), "a panic is a bug: {}", run.stderr);
        run
    }

    /// A run with `--format json`, its report held against the schema.
    pub(crate) fn report(&self, args: &[&str]) -> (i32, Value) {
        let run = self.run(&[args, &["--format", "json"]].concat());
        assert!(!run.stdout.is_empty(), "no report (exit {}): {}", run.code, run.stderr);
        let report: Value = serde_json::from_str(&run.stdout).unwrap();
        assert_valid(&report);
        assert_eq!(report["summary"]["exitCode"], run.code, "the report and the process agree");
        (run.code, report)
    }
}

/// Runs `audit --fixture NAME` with more arguments and returns exit status and report.
pub(crate) fn audit(fixture: &str, more: &[&str]) -> (i32, Value) {
    Program::new().report(&[&["audit", "--fixture", fixture], more].concat())
}

/// Holds a report against the generated schema.
pub(crate) fn assert_valid(report: &Value) {
    use std::sync::LazyLock;
    static SCHEMA: LazyLock<jsonschema::Validator> =
        LazyLock::new(|| jsonschema::validator_for(&partnerscope::report::json::schema()).unwrap());
    let errors: Vec<String> = SCHEMA.iter_errors(report).map(|error| format!("{}: {error}", error.instance_path())).take(5).collect();
    assert!(errors.is_empty(), "{}", errors.join("\n"));
}

/// Rule codes with subject ids of a report's findings, sorted.
pub(crate) fn findings(report: &Value) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut found: Vec<(String, String)> =
        report["findings"].as_array().unwrap().iter().map(|finding| (text(&finding["code"]), text(&finding["subject"]["id"]))).collect();
    found.sort();
    found
}

/// The coverage row of a dataset of the first tenant.
pub(crate) fn coverage<'a>(report: &'a Value, dataset: &str) -> &'a Value {
    let rows = report["tenants"][0]["coverage"].as_array().unwrap();
    rows.iter().find(|row| row["dataset"] == dataset).unwrap_or_else(|| panic!("no coverage of {dataset}"))
}

/// The `notEvaluated` entry of a rule.
pub(crate) fn not_evaluated<'a>(report: &'a Value, rule: &str) -> Option<&'a Value> {
    report["notEvaluated"].as_array().unwrap().iter().find(|entry| entry["ruleId"] == rule)
}

/// Where the fixture tenants stand in the repository.
pub(crate) fn fixtures() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/tenants")
}
