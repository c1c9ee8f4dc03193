//! `init`: files to be filled in. Nothing is asked, and nothing that is there is lost.

use std::fmt::Write as _;
use std::path::Path;

use crate::cli::args::{InitArgs, InitCommand};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::outputs::{PendingFile, print};
use crate::config::{CANDIDATES, FILE_NAME, POLICY_TEMPLATE};
use crate::domain::ledger::{self, Class, Entry, UNKNOWN_HOME};
use crate::domain::{Snapshot, View, roles};
use crate::history::snapshot_file;
use crate::imports::DECLARED_TEMPLATE;
use crate::report::escape;

/// Runs it.
pub(in crate::cli) fn run(args: &InitArgs) -> Result<Exit, Failure> {
    match &args.what {
        Some(InitCommand::Declared { output, force }) => write(output.as_deref(), *force, DECLARED_TEMPLATE)?,
        None => {
            let snapshot = args.from.as_deref().map(read).transpose()?;
            let text = POLICY_TEMPLATE.replace(CANDIDATES, &snapshot.as_ref().map(candidates).unwrap_or_else(|| "\n".to_owned()));
            write(Some(args.output.as_deref().unwrap_or(Path::new(FILE_NAME))), args.force, &text)?;
        }
    }
    Ok(Exit::Clean)
}

fn write(output: Option<&Path>, force: bool, text: &str) -> Result<(), Failure> {
    match output.filter(|path| *path != Path::new("-")) {
        None => print(text),
        // What somebody filled in is not lost by asking twice.
        Some(path) if force => PendingFile::open(path)?.commit(text.as_bytes()),
        Some(path) => PendingFile::open_new(path)?.commit(text.as_bytes()),
    }
}

fn read(path: &Path) -> Result<Snapshot, Failure> {
    let bytes = std::fs::read(path).map_err(|source| Failure::Input { path: path.to_owned(), source })?;
    snapshot_file::read(&bytes).map_err(|source| Failure::Snapshot { path: path.to_owned(), source })
}

/// The outside tenants of a snapshot, commented out: somebody has to confirm each.
fn candidates(snapshot: &Snapshot) -> String {
    let mut text = String::new();
    for tenant in snapshot.tenants.iter().filter(|tenant| tenant.view == View::Customer) {
        let ledger = ledger::of_view(tenant, ledger::Reading::default());
        for entry in ledger.entries.values().filter(|entry| is_candidate(entry)) {
            candidate(&mut text, entry, &snapshot.collected_at.date());
        }
    }
    if text.is_empty() {
        text.push_str("\n# The snapshot shows no outside tenant that could be approved: approvals are of the customer view.\n");
    }
    text.push('\n');
    text
}

/// Who can administer this tenant, or is let in to. Microsoft Support comes and goes by support cases.
fn is_candidate(entry: &Entry) -> bool {
    (entry.can_administer || entry.class == Class::ServiceProvider)
        && entry.class != Class::MicrosoftSupport
        && entry.tenant_id != UNKNOWN_HOME
}

fn candidate(text: &mut String, entry: &Entry, date: &str) {
    let ids = entry.roles.iter().map(|role| role.role_id.as_str()).chain(entry.ceiling.iter().flatten().map(String::as_str));
    let mut known: Vec<(u8, &str)> = ids.filter_map(roles::by_id).map(|role| (role.tier, role.name)).collect();
    known.sort_unstable();
    known.dedup();
    let names: Vec<&str> = known.iter().map(|(_, name)| *name).collect();
    let tier0 = known.iter().filter(|(tier, _)| *tier == 0).count();
    let warning = if tier0 > 0 { format!(", {tier0} of tier 0: think twice") } else { String::new() };
    let _ = writeln!(
        text,
        "\n# To confirm: seen on {date} with {} roles{warning}. It approves nothing while it is commented out.",
        names.len()
    );
    let _ = writeln!(text, "# [[approved]]");
    let _ = writeln!(text, "# tenant = {}", quoted(&entry.tenant_id));
    let _ = writeln!(text, "# name = {}", quoted(&entry.name));
    let _ = writeln!(text, "# roles = [{}]", names.iter().map(|name| quoted(name)).collect::<Vec<_>>().join(", "));
    let _ = writeln!(text, "# owner = \"\"  # who answers for it");
}

/// A TOML string on one line: what a tenant calls itself ends neither the string nor the comment.
fn quoted(text: &str) -> String {
    serde_json::Value::from(escape::terminal(text)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Trust, from_text};
    use crate::domain::{TenantSnapshot, Timestamp, Tool};

    fn snapshot(name: &str) -> Snapshot {
        let tenant: TenantSnapshot = serde_json::from_value(serde_json::json!({
            "tenantId": "11111111-1111-4111-8111-111111111111", "view": "customer",
            "customer": {
                "crossTenantPartners": [{ "tenantId": "22222222-2222-4222-8222-222222222222", "isServiceProvider": true }],
                "tenantNames": [{ "tenantId": "22222222-2222-4222-8222-222222222222", "displayName": name }],
                "providerConstraints": [{ "tenantId": "22222222-2222-4222-8222-222222222222", "allowedRoles": [
                    "f2ef992c-3afb-46b9-b7cf-a126ee74c451", "62e90394-69f5-4237-9190-012177145e10", "deadbeef-0000-4000-8000-000000000001"
                ] }]
            }
        }))
        .unwrap();
        Snapshot {
            format_version: "1.0".into(),
            tool: Tool::this(),
            collected_at: Timestamp::parse("2026-06-01T00:00:00Z").unwrap(),
            lookback_days: 30,
            only_customer: None,
            tenants: vec![tenant],
        }
    }

    #[test]
    fn a_candidate_approves_nothing_until_somebody_confirms_it() {
        let text = candidates(&snapshot("Fabrikam \"MSP\"\n[[approved]]\ntenant = 1"));
        assert_eq!(from_text("p.toml", &text, Trust::Discovered).approved, []);
        assert!(text.lines().all(|line| line.is_empty() || line.starts_with('#')), "{text}");
        assert!(text.contains("To confirm: seen on 2026-06-01 with 2 roles, 1 of tier 0"), "{text}");
        let open: String = text
            .lines()
            .filter_map(|line| line.strip_prefix("# "))
            .filter(|line| !line.starts_with("To confirm"))
            .map(|line| format!("{}\n", line.replace("owner = \"\"", "owner = \"it\"")))
            .collect();
        let config = from_text("p.toml", &open, Trust::Discovered);
        assert_eq!(config.problems, [], "{open}");
        assert_eq!(config.approved[0].roles.as_ref().map(Vec::len), Some(2), "a role that no catalog has cannot be approved");
        assert!(config.approved[0].name.contains("[[approved]]"));
    }

    #[test]
    fn a_snapshot_without_one_says_so() {
        let mut partner = snapshot("x");
        partner.tenants[0].view = View::Partner;
        assert!(candidates(&partner).contains("customer view"));
    }
}
