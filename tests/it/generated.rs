//! Files that are made from the code: checked in, and held to what the code makes now.
//!
//! `UPDATE_GENERATED=1 cargo test generated` writes them; without it a difference fails.

use std::fmt::Write as _;
use std::path::Path;

use partnerscope::collect;
use partnerscope::domain::{Need, RuleMeta, View};
use partnerscope::policy::rules;
use partnerscope::report::rules::markdown;

use crate::attack_page;
use crate::support::Program;

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
    let metas: Vec<&RuleMeta> = rules::ALL.iter().map(|rule| &rule.meta).collect();
    let page = |meta: &RuleMeta| {
        let text = format!("<!-- Generated from src/policy/rules: do not edit. -->\n\n{}", meta.page);
        made(format!("docs/rules/{}.md", meta.id), text)
    };
    let mut pages: Vec<Made> = metas.iter().map(|meta| page(meta)).collect();
    let list = markdown(&metas, true);
    let list = format!("# Rules\n\nGenerated from the rules themselves. `partnerscope rules show ID` prints the same pages.\n\n{list}");
    pages.push(made("docs/rules/README.md", list));
    pages
}

/// The built-in role sets, with their sources.
fn role_sets() -> Made {
    use partnerscope::domain::roles::{self, sets};
    let mut text = String::from(
        "# Role sets\n\nGenerated from `src/domain/roles/sets.rs`. Where `roles` stands in `partnerscope.toml`, the name of a set stands for its \
         roles; `[[role-set]]` adds own ones.\n\n| set | for | roles | from |\n|---|---|---|---|\n",
    );
    for set in sets::SETS {
        writeln!(text, "| `{}` | {} | {} | {} |", set.name, set.purpose, set.roles.join(", "), set.source).unwrap();
    }
    text.push_str("\n## Roles that must not be held together\n\n| pair | roles | why | from |\n|---|---|---|---|\n");
    for pair in sets::TOXIC {
        writeln!(text, "| `{}` | {} | {} | {} |", pair.name, pair.roles.map(roles::name).join(", "), pair.why, pair.source).unwrap();
    }
    made("docs/role-sets.md", text)
}

/// Which permission each dataset needs, by view.
fn permissions() -> Made {
    let mut text = String::from(
        "# Permissions\n\nGenerated from the collectors. Every one is a read permission; what is not granted becomes coverage, and the run goes on.\n",
    );
    for view in [View::Partner, View::Customer] {
        write!(
            text,
            "\n## The {view} view\n\n| dataset | needed | read from | application permission | delegated: one of these roles too | licence | for |\n\
             |---|---|---|---|---|---|---|\n"
        )
        .unwrap();
        for row in collect::permissions() {
            let need = match row.dataset.need(view) {
                Some(Need::Required) => "required",
                Some(Need::Helps) => "helps",
                Some(Need::Import) => "import",
                None => continue,
            };
            let (roles, licence) = (row.delegated_roles.join(", "), row.licence.unwrap_or("–"));
            writeln!(text, "| {} | {need} | `{}` | {} | {roles} | {licence} | {} |", row.dataset, row.endpoint, row.application, row.why)
                .unwrap();
        }
    }
    made("docs/permissions.md", text)
}

/// The JSON Schemas of what the program writes.
fn schemas() -> Vec<Made> {
    let program = Program::new();
    let schema = |name: &str| {
        let run = program.run(&["schema", name]);
        assert_eq!(run.code, 0, "{}", run.stderr);
        made(format!("docs/schemas/{name}.schema.json"), run.stdout)
    };
    vec![schema("report"), schema("snapshot"), schema("diff"), schema("config"), schema("explain"), schema("rules")]
}

/// What `--help` says of every command.
fn help() -> Made {
    let program = Program::new();
    let mut text = String::from("# Command line\n\nGenerated from `--help`.\n");
    for command in [
        "",
        "audit",
        "collect",
        "evaluate",
        "diff",
        "explain",
        "rules",
        "rules list",
        "rules show",
        "rules test",
        "fixture",
        "fixture list",
        "fixture serve",
        "init",
        "init declared",
        "config",
        "config show",
        "schema",
    ] {
        let mut args: Vec<&str> = command.split_whitespace().collect();
        args.push("--help");
        let run = program.run(&args);
        assert_eq!(run.code, 0, "{}", run.stderr);
        let lines: Vec<&str> = run.stdout.lines().map(str::trim_end).collect();
        write!(text, "\n## `partnerscope {command}`\n\n```text\n{}\n```\n", lines.join("\n").trim_end()).unwrap();
    }
    made("docs/command-line.md", text.replace("`partnerscope `", "`partnerscope`"))
}

/// The README, with the real output of its first command between the markers.
fn readme() -> Made {
    const START: &str = "<!-- output of the first command: generated -->\n";
    const END: &str = "<!-- end of output -->";
    let old = std::fs::read_to_string(root().join("README.md")).unwrap();
    let (before, rest) = old.split_once(START).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let run = Program::new().run(&["audit", "--fixture", "northwind-msp"]);
    assert_eq!(run.code, 1);
    let lines: Vec<&str> = run.stdout.lines().map(str::trim_end).collect();
    let text = format!("{before}{START}```text\n{}\n```\n{END}{after}", lines.join("\n"));
    made("README.md", with_ledger(&text))
}

/// The guide to `explain`, with the real answer to one of its questions.
fn explain_guide() -> Made {
    const PATH: &str = "docs/guide/explain.md";
    const START: &str = "<!-- output of explain: generated -->\n";
    const END: &str = "<!-- end of output -->";
    let old = std::fs::read_to_string(root().join(PATH)).unwrap();
    let (before, rest) = old.split_once(START).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let program = Program::new();
    program.run(&["collect", "--fixture", "northwind-msp", "-o", "s.json"]);
    let run = program.run(&["explain", "s.json", "--user", "isaiah.langer@northwindmsp.example"]);
    assert_eq!(run.code, 0, "{}", run.stderr);
    let lines: Vec<&str> = run.stdout.lines().map(str::trim_end).collect();
    made(PATH, format!("{before}{START}```text\n{}\n```\n{END}{after}", lines.join("\n")))
}

/// The README's second output: the verdict and the ledger of a customer, without the findings between them.
fn with_ledger(readme: &str) -> String {
    const START: &str = "<!-- ledger of contoso: generated -->\n";
    const END: &str = "<!-- end of ledger -->";
    let (before, rest) = readme.split_once(START).unwrap();
    let (_, after) = rest.split_once(END).unwrap();
    let run = Program::new().run(&["audit", "--fixture", "contoso"]);
    assert_eq!(run.code, 1);
    let part = |start: &str| {
        let lines = run.stdout.lines().skip_while(|line| !line.starts_with(start)).take_while(|line| !line.trim().is_empty());
        lines.map(str::trim_end).collect::<Vec<_>>().join("\n")
    };
    let first = run.stdout.lines().next().unwrap();
    format!("{before}{START}```text\n{}\n\n{}\n```\n{END}{after}", part(first), part("Outside tenants"))
}

fn everything() -> Vec<Made> {
    let mut all = vec![role_table(), role_sets(), permissions(), help(), readme(), explain_guide()];
    all.push(made("docs/attack-t1199.md", attack_page::page()));
    all.extend(rule_pages());
    all.extend(schemas());
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
    let known: Vec<String> = rule_pages().into_iter().map(|made| made.path).collect();
    for entry in std::fs::read_dir(root().join("docs/rules")).unwrap() {
        let path = format!("docs/rules/{}", entry.unwrap().file_name().to_str().unwrap());
        assert!(known.contains(&path), "{path} belongs to no rule");
    }
}
