//! Files that are made from the code: checked in, and held to what the code makes now.
//!
//! `UPDATE_GENERATED=1 cargo test generated` writes them; without it a difference fails.

use std::fmt::Write as _;
use std::path::Path;

use partnerscope::policy::rules;

/// A generated file: its path, and its text now.
struct Made {
    path: String,
    text: String,
}

fn made(path: impl Into<String>, text: String) -> Made {
    Made { path: path.into(), text }
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// `src/domain/roles/table.rs` from `roles.tsv`.
fn role_table() -> Made {
    let tsv = std::fs::read_to_string(root().join("src/domain/roles/roles.tsv")).unwrap();
    let mut rows: Vec<Vec<&str>> = tsv.lines().skip(1).map(|line| line.split('\t').collect()).collect();
    rows.sort();
    let mut text = String::from(
        "//! Generated from `roles.tsv` by `UPDATE_GENERATED=1 cargo test generated`: do not edit.\n\n\
         use super::{GdapSupport, Role};\n\n\
         /// Every built-in role, sorted by id.\n#[rustfmt::skip]\npub(super) static ROLES: &[Role] = &[\n",
    );
    for row in rows {
        let [id, name, privileged, tier, read_only, gdap] = row[..] else { panic!("{row:?}") };
        let gdap = match gdap {
            "yes" => "Yes",
            "unknown" => "Unknown",
            "no" => "No",
            other => panic!("{other}"),
        };
        writeln!(
            text,
            "    Role {{ id: {:?}, name: {name:?}, privileged: {}, tier: {tier}, read_only: {}, gdap: GdapSupport::{gdap} }},",
            id.to_ascii_lowercase(),
            privileged == "yes",
            read_only == "yes",
        )
        .unwrap();
    }
    text.push_str("];\n");
    made("src/domain/roles/table.rs", text)
}

/// A page for each rule, and the list of them.
fn rule_pages() -> Vec<Made> {
    let mut list = String::from(
        "# Rules\n\nGenerated from the rules themselves. `partnerscope rules show ID` prints the same pages.\n\n\
         | code | id | severity | view | reads |\n|---|---|---|---|---|\n",
    );
    let mut pages = Vec::new();
    for rule in rules::ALL {
        let meta = &rule.meta;
        let views: Vec<&str> = meta.views.iter().map(|view| view.as_str()).collect();
        let uses: Vec<String> =
            meta.uses.iter().map(|uses| format!("{} ({})", uses.dataset, format!("{:?}", uses.need).to_lowercase())).collect();
        let uses = if uses.is_empty() { "coverage itself".to_owned() } else { uses.join(", ") };
        writeln!(list, "| {} | [{}]({}.md) | {} | {} | {uses} |", meta.code, meta.id, meta.id, meta.severity, views.join(", ")).unwrap();
        pages.push(made(
            format!("docs/rules/{}.md", meta.id),
            format!("<!-- Generated from src/policy/rules: do not edit. -->\n\n{}", meta.page),
        ));
    }
    pages.push(made("docs/rules/README.md", list));
    pages
}

fn everything() -> Vec<Made> {
    let mut all = vec![role_table()];
    all.extend(rule_pages());
    all
}

#[test]
fn generated_files_are_up_to_date() {
    let update = std::env::var_os("UPDATE_GENERATED").is_some();
    let mut stale = Vec::new();
    for Made { path, text } in everything() {
        let file = root().join(&path);
        if std::fs::read_to_string(&file).is_ok_and(|old| old == text) {
            continue;
        }
        if update {
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(&file, &text).unwrap();
        } else {
            stale.push(path);
        }
    }
    assert!(stale.is_empty(), "run `UPDATE_GENERATED=1 cargo test generated` and commit: {}", stale.join(", "));
}

#[test]
fn no_generated_page_is_left_over() {
    let known: Vec<String> = everything().into_iter().map(|made| made.path).collect();
    for entry in std::fs::read_dir(root().join("docs/rules")).unwrap() {
        let path = format!("docs/rules/{}", entry.unwrap().file_name().to_str().unwrap());
        assert!(known.contains(&path), "{path} belongs to no rule");
    }
}
