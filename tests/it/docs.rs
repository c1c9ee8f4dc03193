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
