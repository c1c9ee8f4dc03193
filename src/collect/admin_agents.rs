//! Whether an empty list of relationships proves that there are none.
//!
//! Graph answers 200 with an empty list to a caller who has no right to see any relationship. Only a signed-in user who is a member of
//! AdminAgents is known to see all of them. That group has no fixed id: its display name is the only handle there is, and anyone may make
//! another group of that name.

use serde::Deserialize;

use super::coverage::describe;
use super::reader::{Reader, read_of};
use super::wire::Text;
use crate::domain::{Coverage, Dataset, Status};
use crate::graph::{Claims, End, Get, GraphError, Wire};

const ADMIN_AGENTS: &str = "AdminAgents";

#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct GroupOfCaller {
    #[serde(rename = "@odata.type")]
    odata_type: Text,
    id: Text,
    display_name: Text,
}

impl Wire for GroupOfCaller {
    fn key(&self) -> Option<&str> {
        self.id.get()
    }
}

impl GroupOfCaller {
    /// The list holds directory roles and administrative units too, and these can bear any name.
    fn is_admin_agents(&self) -> bool {
        let is_group = self.odata_type.get().is_none_or(|kind| kind.eq_ignore_ascii_case("#microsoft.graph.group"));
        is_group && self.display_name.get().is_some_and(|name| name.eq_ignore_ascii_case(ADMIN_AGENTS))
    }
}

/// Settles the coverage of an empty list of relationships. Asks for the caller's groups only where the answer could settle it.
pub(super) async fn settle_empty(reader: Reader<'_>) -> Coverage {
    if reader.claims.is_some_and(|claims| claims.app_only) {
        return verdict(reader.claims, Ok(0));
    }
    let get = Get::v1("/me/transitiveMemberOf", &[]).query("$select", "id,displayName").query("$top", "999");
    let mut hits = 0_u64;
    let listing = reader
        .client
        .list(&read_of(Dataset::Relationships, get).permission("GroupMember.Read.All"), None, &mut |group: GroupOfCaller| {
            hits += u64::from(group.is_admin_agents());
        })
        .await;
    match listing.end {
        End::Broken(error) if hits == 0 => verdict(reader.claims, Err(error)),
        _ => verdict(reader.claims, Ok(hits)),
    }
}

/// `hits`: groups named AdminAgents among the caller's, or why they could not be read.
fn verdict(claims: Option<&Claims>, hits: Result<u64, GraphError>) -> Coverage {
    let settle = "sign in as a user who is a member of AdminAgents to settle it";
    let reason = match (claims, hits) {
        (_, Ok(1)) => return Coverage::complete(0),
        (_, Ok(hits)) if hits > 1 => {
            return Coverage::complete(0).because(format!("{hits} groups are named {ADMIN_AGENTS}; membership was judged by name"));
        }
        (Some(claims), _) if claims.app_only => {
            format!("an empty list was returned, and an application is told the same where it may see none; {settle}")
        }
        (_, Ok(_)) => {
            format!(
                "an empty list was returned, and the signed-in user, not a member of AdminAgents, is told the same where it may see none; {settle}"
            )
        }
        (_, Err(error)) => {
            format!(
                "an empty list was returned, and whether the caller is a member of AdminAgents could not be read: {}; {settle}",
                describe(&error)
            )
        }
    };
    let mut coverage = Coverage::new(Status::Partial).because(reason);
    coverage.truncated = true;
    coverage
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::collect::coverage::tests::denied;

    #[test]
    fn only_a_group_is_admin_agents() {
        let hit = |json: &str| serde_json::from_str::<GroupOfCaller>(json).unwrap().is_admin_agents();
        assert!(hit(r##"{"@odata.type":"#microsoft.graph.group","id":"g","displayName":"adminagents"}"##));
        assert!(hit(r#"{"id":"g","displayName":"AdminAgents"}"#));
        assert!(!hit(r##"{"@odata.type":"#microsoft.graph.administrativeUnit","id":"u","displayName":"AdminAgents"}"##));
        assert!(!hit(r##"{"@odata.type":"#microsoft.graph.group","id":"g","displayName":"AdminAgents 2"}"##));
    }

    #[test]
    fn only_a_member_of_admin_agents_proves_that_there_are_none() {
        let user = Claims { decoded: true, ..Claims::default() };
        let app = Claims { decoded: true, app_only: true, ..Claims::default() };
        assert_eq!(verdict(Some(&user), Ok(1)), Coverage::complete(0));
        let several = verdict(Some(&user), Ok(2));
        assert_eq!(several.status, Status::Complete);
        assert!(several.reason.unwrap().starts_with("2 groups are named AdminAgents"));
        for (claims, hits, words) in [
            (Some(&user), Ok(0), "not a member of AdminAgents"),
            (Some(&user), Err(denied()), "could not be read: access denied"),
            (Some(&app), Ok(0), "an application is told the same"),
            (None, Err(denied()), "could not be read"),
        ] {
            let coverage = verdict(claims, hits);
            let reason = coverage.reason.as_deref().unwrap();
            assert_eq!((coverage.status, coverage.truncated), (Status::Partial, true));
            assert!(reason.contains(words), "{reason}");
            assert!(reason.contains("sign in as a user who is a member of AdminAgents"), "{reason}");
        }
    }
}
