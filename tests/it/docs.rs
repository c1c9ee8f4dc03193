//! The documents say what is true: every path that they name exists.

use std::path::{Path, PathBuf};

fn markdown_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let name = path.file_name().unwrap().to_str().unwrap();
        if path.is_dir() {
            if !matches!(name, "target" | ".git") {
                found.extend(markdown_files(&path));
            }
        } else if name.ends_with(".md") {
            found.push(path);
        }
    }
    found.sort();
    found
}

#[test]
fn every_path_in_a_document_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let starts = ["src/", "tests/", "docs/", "fixtures/", "benches/", ".github/", ".ci/", ".cargo/"];
    let mut checked = 0;
    for file in markdown_files(root) {
        for quoted in std::fs::read_to_string(&file).unwrap().split('`').skip(1).step_by(2) {
            let is_path = starts.iter().any(|start| quoted.starts_with(start)) && !quoted.contains(['<', '*', ' ', '{', '…']);
            if is_path {
                checked += 1;
                assert!(root.join(quoted).exists(), "{} names {quoted}, which is not there", file.display());
            }
        }
    }
    assert!(checked > 10, "the check found only {checked} paths");
}

#[test]
fn every_command_that_is_named_exists() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let commands = ["audit", "collect", "evaluate", "diff", "explain", "rules", "fixture", "init", "config", "schema", "help"];
    let mut texts: Vec<(String, String)> =
        markdown_files(root).into_iter().map(|file| (file.display().to_string(), std::fs::read_to_string(&file).unwrap())).collect();
    for rule in partnerscope::policy::rules::ALL {
        texts.push((rule.meta.code.to_owned(), rule.meta.remediation.to_owned()));
    }
    let mut checked = 0;
    for (from, text) in texts {
        // In backticks, or at the start of a line of a fenced block; a sentence may begin with the name too.
        let quoted = text.split("`partnerscope ").skip(1);
        let fenced = text.split("```").skip(1).step_by(2).flat_map(|block| block.split("\npartnerscope ").skip(1));
        for rest in quoted.chain(fenced) {
            let word: String = rest.chars().take_while(char::is_ascii_lowercase).collect();
            checked += 1;
            assert!(word.is_empty() || commands.contains(&word.as_str()), "{from} names `partnerscope {word}`, which is no command");
        }
    }
    assert!(checked > 10, "{checked}");
}

#[test]
fn the_pages_of_rules_ask_for_the_permissions_that_collecting_needs() {
    let mut checked = 0;
    for rule in partnerscope::policy::rules::ALL {
        let (_, section) = rule.meta.page.split_once("## Permissions").unwrap();
        for row in section.lines().filter(|line| line.starts_with("| `")) {
            let dataset = row.split('`').nth(1).unwrap();
            let needs = partnerscope::collect::permissions().iter().find(|needs| needs.dataset.name() == dataset).unwrap();
            for permission in needs.application.split(" and ") {
                assert!(row.contains(permission), "{}: {row} does not name {permission}", rule.meta.id);
            }
            checked += 1;
        }
    }
    assert!(checked > 20, "{checked}");
}
