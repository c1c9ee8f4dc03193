//! Holds the arrows between the modules: who may name whom.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use syn::visit::Visit;

/// A module, and the modules that it may name besides itself.
const ARROWS: &[(&str, &[&str])] = &[
    ("domain", &[]),
    ("secret", &[]),
    ("fixture", &[]),
    ("http", &["secret"]),
    ("auth", &["http", "secret"]),
    ("graph", &["auth", "http"]),
    ("collect", &["graph", "domain"]),
    ("policy", &["domain"]),
    ("history", &["domain"]),
    ("imports", &["collect", "domain", "history"]),
    ("report", &["domain"]),
    ("config", &["domain", "secret"]),
    ("cli", &["auth", "collect", "config", "domain", "fixture", "graph", "history", "http", "imports", "policy", "report", "secret"]),
];

/// Collects the first segment behind `crate::` of every path, those in `use` trees and in macro calls too.
#[derive(Default)]
struct Names(BTreeSet<String>);

impl Names {
    fn tokens(&mut self, tokens: impl std::fmt::Display) {
        let text = tokens.to_string().replace(' ', "");
        for part in text.split("crate::").skip(1) {
            let name: String = part.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
            self.0.insert(name);
        }
    }

    fn tree(&mut self, tree: &syn::UseTree) {
        match tree {
            syn::UseTree::Path(path) => drop(self.0.insert(path.ident.to_string())),
            syn::UseTree::Name(name) => drop(self.0.insert(name.ident.to_string())),
            syn::UseTree::Rename(rename) => drop(self.0.insert(rename.ident.to_string())),
            syn::UseTree::Group(group) => group.items.iter().for_each(|item| self.tree(item)),
            syn::UseTree::Glob(_) => {}
        }
    }
}

impl<'ast> Visit<'ast> for Names {
    fn visit_path(&mut self, path: &'ast syn::Path) {
        if path.segments.len() > 1 && path.segments[0].ident == "crate" {
            self.0.insert(path.segments[1].ident.to_string());
        }
        syn::visit::visit_path(self, path);
    }

    fn visit_item_use(&mut self, item: &'ast syn::ItemUse) {
        if let syn::UseTree::Path(path) = &item.tree
            && path.ident == "crate"
        {
            self.tree(&path.tree);
        }
    }

    fn visit_macro(&mut self, call: &'ast syn::Macro) {
        self.tokens(&call.tokens);
        syn::visit::visit_macro(self, call);
    }
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(rust_files(&path));
        } else if path.extension().is_some_and(|extension| extension == "rs") {
            found.push(path);
        }
    }
    found.sort();
    found
}

/// Everything that a source text names behind `crate::`.
fn named_by(source: &str) -> BTreeSet<String> {
    let mut names = Names::default();
    names.visit_file(&syn::parse_file(source).unwrap());
    names.0
}

#[test]
fn modules_name_only_what_they_may() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let modules: BTreeSet<&str> = ARROWS.iter().map(|(module, _)| *module).collect();
    let mut wrong = Vec::new();
    let mut seen = BTreeSet::new();
    for file in rust_files(&src) {
        let relative = file.strip_prefix(&src).unwrap();
        let first = relative.components().next().unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs").to_owned();
        if matches!(first.as_str(), "main" | "lib") {
            continue;
        }
        let Some((module, may)) = ARROWS.iter().find(|(module, _)| *module == first) else {
            panic!("src/{} belongs to no module of the map", relative.display());
        };
        seen.insert(*module);
        for name in named_by(&std::fs::read_to_string(&file).unwrap()) {
            if modules.contains(name.as_str()) && name != *module && !may.contains(&name.as_str()) {
                wrong.push(format!("src/{} may not name crate::{name}", relative.display()));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(seen, modules, "a module of the map has no file");
}

#[test]
fn two_files_start_children_and_no_other() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let starts = |file: &&PathBuf| {
        let text = std::fs::read_to_string(file).unwrap();
        text.contains("process::Command") || text.contains("process::{") && text.contains("Command::new(")
    };
    let files = rust_files(&src);
    let found: Vec<&Path> = files.iter().filter(starts).map(|file| file.strip_prefix(&src).unwrap()).collect();
    assert_eq!(found, [Path::new("auth/azure_cli.rs"), Path::new("policy/custom/runner.rs")]);
}

#[test]
fn the_check_sees_uses_paths_and_macros() {
    let named = named_by(
        "use crate::{policy::Rule, report}; fn f() { crate::cli::run(); println!(\"{}\", crate::auth::x()); }
         #[cfg(test)] mod tests { use crate::config::load; }",
    );
    let wanted: BTreeSet<String> = ["policy", "report", "cli", "auth", "config"].map(str::to_owned).into();
    assert_eq!(named, wanted);
}

#[test]
fn files_stay_small() {
    // 400 lines before the tests, as a rule; each exception has its reason here.
    const REASONS: &[(&str, &str)] = &[
        ("domain/facts.rs", "one plain type after the other: a split would only scatter the vocabulary"),
        ("domain/roles/table.rs", "generated"),
        ("policy/rules/unturned.rs", "one table, compiled in tests alone"),
    ];
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    for file in rust_files(&src) {
        let relative = file.strip_prefix(&src).unwrap().to_str().unwrap().to_owned();
        let only_tests = ["/tests/", "/tests.rs", "/testing.rs", "_test.rs", "/sample.rs"];
        if only_tests.iter().any(|part| relative.contains(part)) {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        let lines = text.lines().take_while(|line| !line.starts_with("#[cfg(test)]")).count();
        assert!(lines <= 400 || REASONS.iter().any(|(known, _)| *known == relative), "src/{relative} has {lines} lines before its tests");
    }
    let main = std::fs::read_to_string(src.join("main.rs")).unwrap();
    assert!(main.lines().count() <= 30, "main.rs parses, runs and exits");
}
