//! `init`: files to be filled in. Nothing is asked, and nothing that is there is lost.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;
use std::path::Path;

use crate::cli::args::{InitArgs, InitCommand};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::outputs::{PendingFile, print};
use crate::config::{CANDIDATES, FILE_NAME, POLICY_TEMPLATE, units};
use crate::domain::ledger::{self, Class, Entry};
use crate::domain::{Snapshot, TenantSnapshot, View, roles};
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

/// What a snapshot shows of whom an approval could be, commented out: somebody has to confirm each.
fn candidates(snapshot: &Snapshot) -> String {
    let mut text = String::new();
    for tenant in &snapshot.tenants {
        let found = match tenant.view {
            View::Customer => outside_tenants(tenant),
            View::Partner => customers(tenant),
        };
        for one in found {
            one.write(&mut text, &snapshot.collected_at.date());
        }
    }
    if text.is_empty() {
        text.push_str("\n# The snapshot shows nobody who could be approved: no outside tenant that administers it, and no customer.\n");
    }
    text.push('\n');
    text
}

/// A tenant that could be approved.
struct Candidate {
    tenant_id: String,
    name: String,
    roles: BTreeSet<String>,
}

/// Who can administer this tenant, or is let in to. Microsoft Support comes and goes by support cases; who has no tenant id, as the home of a guest
/// of whom only the mail domain is known, cannot be approved.
fn outside_tenants(tenant: &TenantSnapshot) -> Vec<Candidate> {
    let is_candidate = |entry: &Entry| {
        (entry.can_administer || entry.class == Class::ServiceProvider)
            && entry.class != Class::MicrosoftSupport
            && units::is_guid(&entry.tenant_id)
    };
    let entries = ledger::of_view(tenant, ledger::Reading::default()).entries.into_values().filter(is_candidate);
    let candidate = |entry: Entry| {
        let held = entry.roles.into_iter().map(|role| role.role_id);
        Candidate { roles: held.chain(entry.ceiling.into_iter().flatten()).collect(), tenant_id: entry.tenant_id, name: entry.name }
    };
    entries.map(candidate).collect()
}

/// The customers of live relationships, with the roles of these.
fn customers(tenant: &TenantSnapshot) -> Vec<Candidate> {
    let mut found: BTreeMap<String, Candidate> = BTreeMap::new();
    for relationship in tenant.partner.relationships.iter().filter(|relationship| relationship.status.is_live()) {
        let Some(customer) = relationship.customer.as_ref().filter(|customer| units::is_guid(&customer.tenant_id)) else { continue };
        let tenant_id = customer.tenant_id.to_ascii_lowercase();
        let fresh = || Candidate { tenant_id: tenant_id.clone(), name: String::new(), roles: BTreeSet::new() };
        let candidate = found.entry(tenant_id.clone()).or_insert_with(fresh);
        candidate.name = customer.display_name.clone().unwrap_or_default().max(std::mem::take(&mut candidate.name));
        candidate.roles.extend(relationship.roles.iter().cloned());
    }
    found.into_values().collect()
}

impl Candidate {
    fn write(&self, text: &mut String, date: &str) {
        // A role that is not known by name comes last, by its id.
        let known = |id: &String| roles::by_id(id).map_or((u8::MAX, id.to_ascii_lowercase()), |role| (role.tier, role.name.to_owned()));
        let mut known: Vec<(u8, String)> = self.roles.iter().filter(|id| units::is_guid(id)).map(known).collect();
        known.sort_unstable();
        known.dedup();
        let names: Vec<String> = known.iter().map(|(_, name)| quoted(name)).collect();
        let of = |wanted: u8| known.iter().filter(|(tier, _)| *tier == wanted).count();
        let warning = match (of(0), of(u8::MAX)) {
            (0, 0) => String::new(),
            (0, unknown) => format!(", {unknown} unknown: think twice"),
            (tier0, 0) => format!(", {tier0} of tier 0: think twice"),
            (tier0, unknown) => format!(", {tier0} of tier 0 and {unknown} unknown: think twice"),
        };
        let (count, noun) = (names.len(), if names.len() == 1 { "role" } else { "roles" });
        let _ =
            writeln!(text, "\n# To confirm: seen on {date} with {count} {noun}{warning}. It approves nothing while it is commented out.");
        let _ = writeln!(text, "# [[approved]]");
        let _ = writeln!(text, "# tenant = {}", quoted(&self.tenant_id));
        if !self.name.is_empty() && self.name != self.tenant_id {
            let _ = writeln!(text, "# name = {}", quoted(&self.name));
        }
        let hint = if names.is_empty() { "  # none was seen: name those that you approve, for an empty list is refused" } else { "" };
        let _ = writeln!(text, "# roles = [{}]{hint}", names.join(", "));
        let _ = writeln!(text, "# owner = \"\"  # who answers for it");
    }
}

/// A TOML string on one line: what a tenant calls itself ends neither the string nor the comment.
fn quoted(text: &str) -> String {
    serde_json::Value::from(escape::terminal(text)).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Trust, from_text};
    use crate::domain::{Timestamp, Tool};

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
        assert!(text.contains("To confirm: seen on 2026-06-01 with 3 roles, 1 of tier 0 and 1 unknown: think twice"), "{text}");
        let open: String = text
            .lines()
            .filter_map(|line| line.strip_prefix("# "))
            .filter(|line| !line.starts_with("To confirm"))
            .map(|line| format!("{}\n", line.replace("owner = \"\"", "owner = \"it\"")))
            .collect();
        let config = from_text("p.toml", &open, Trust::Discovered);
        assert_eq!(config.problems, [], "{open}");
        assert_eq!(config.approved[0].roles.as_ref().map(Vec::len), Some(3), "a role that no catalog has is named by its id");
        assert!(config.approved[0].name.contains("[[approved]]"));
    }

    #[test]
    fn a_candidate_without_roles_says_what_is_to_be_named() {
        let mut bare = snapshot("x");
        bare.tenants[0].customer.provider_constraints.clear();
        assert!(candidates(&bare).contains("# roles = []  # none was seen"));
    }

    #[test]
    fn a_snapshot_without_one_says_so() {
        let mut partner = snapshot("x");
        partner.tenants[0].view = View::Partner;
        assert!(candidates(&partner).contains("nobody who could be approved"));
    }

    #[test]
    fn the_customers_of_a_partner_are_candidates_with_the_roles_of_all_that_is_live() {
        let mut partner = snapshot("x");
        partner.tenants[0].view = View::Partner;
        let relationship = |id: &str, status: &str, role: &str| {
            serde_json::json!({ "id": id, "displayName": id, "status": status, "roles": [role], "duration": "P90D",
                "customer": { "tenantId": "33333333-3333-4333-8333-333333333333", "displayName": "Alpine" } })
        };
        let rows = serde_json::json!([
            relationship("a", "active", "f2ef992c-3afb-46b9-b7cf-a126ee74c451"),
            relationship("b", "expiring", "29232cdf-9323-42fd-ade2-1d097af3e4de"),
            relationship("c", "terminated", "62e90394-69f5-4237-9190-012177145e10"),
        ]);
        partner.tenants[0].partner.relationships = serde_json::from_value(rows).unwrap();
        let text = candidates(&partner);
        assert!(text.contains("# name = \"Alpine\"\n# roles = [\"Exchange Administrator\", \"Global Reader\"]\n"), "{text}");
        assert_eq!(text.matches("[[approved]]").count(), 1);
    }

    #[test]
    fn who_has_no_tenant_id_is_no_candidate_and_who_has_no_name_is_not_named_by_the_id() {
        let mut nameless = snapshot("x");
        nameless.tenants[0].customer.tenant_names.clear();
        let text = candidates(&nameless);
        assert!(text.contains("# tenant = \"22222222") && !text.contains("# name"), "{text}");
        nameless.tenants[0].customer.cross_tenant_partners[0].tenant_id = "freelance.example".into();
        nameless.tenants[0].customer.provider_constraints.clear();
        assert!(!candidates(&nameless).contains("freelance"));
    }
}
