//! Guests and external members who hold roles: by themselves, or through groups of this tenant. Never a list of all guests. The same groups
//! may hold applications.

use std::collections::{BTreeMap, BTreeSet};

use super::holders::{Holders, ObjectWire, Standing};
use crate::collect::coverage::{Subjects, without_subjects};
use crate::collect::reader::{Read, Reader, read_of};
use crate::domain::customer::ExternalUser;
use crate::domain::{Coverage, Dataset};
use crate::graph::{End, Get};

/// What is asked of each: Graph leaves type and state out unless they are named.
const FIELDS: &str = "id,displayName,userPrincipalName,mail,userType,accountEnabled,createdDateTime";

/// Groups of this tenant that hold roles, by the applications in them: object ids, whoever owns the application.
pub(super) type AppGroups = BTreeMap<String, BTreeSet<String>>;

/// Reads them, and which applications are in the same groups. `roles`: how well it is known who holds roles.
pub(super) async fn users(reader: Reader<'_>, roles: &Coverage, holders: &Holders) -> (Read<Vec<ExternalUser>>, AppGroups) {
    let dataset = Dataset::ExternalUsers;
    if let Some(coverage) = reader.skipped(dataset).or_else(|| without_subjects(Dataset::RoleAssignments, roles)) {
        return (Read::none(coverage), AppGroups::new());
    }
    let progress = reader.progress(dataset);
    let mut people = People { users: holders.users.clone(), apps: AppGroups::new(), subjects: Subjects::default() };
    people.read_groups(reader, &holders.ids(&[Standing::OwnGroup])).await;
    people.read_details(reader).await;
    people.users.values().for_each(|_| progress.one());
    let facts: Vec<ExternalUser> = people.users.into_values().collect();
    let coverage = reader.judge(dataset, None).subjects(&people.subjects, "users and groups", facts.len() as u64);
    (Read { facts, coverage }, people.apps)
}

struct People {
    users: BTreeMap<String, ExternalUser>,
    apps: AppGroups,
    subjects: Subjects,
}

impl People {
    /// Who from outside is in groups that hold roles.
    async fn read_groups(&mut self, reader: Reader<'_>, groups: &BTreeSet<String>) {
        let items = groups
            .iter()
            .map(|id| {
                let get = Get::v1("/groups/{}/transitiveMembers", &[id]).query("$select", FIELDS).query("$top", "999");
                (id.clone(), read_of(Dataset::ExternalUsers, get))
            })
            .collect();
        let mut members: Vec<(String, ObjectWire)> = Vec::new();
        let mut holed = BTreeSet::new();
        let mut apps: Vec<(Option<String>, String)> = Vec::new();
        let ends = reader
            .client
            .batch_list(items, &mut |group: &str, wire: ObjectWire| match wire.standing(None, None) {
                Standing::External => members.push((group.to_owned(), wire)),
                // A user of whom nothing but the id is shown may be a guest.
                Standing::User => drop(holed.insert(group.to_owned())),
                Standing::Application => apps.push((wire.id.id(), group.to_owned())),
                _ => {}
            })
            .await;
        for (group, listing) in ends {
            match listing.end {
                // Deleted between the two reads, as Graph says itself: nobody holds anything through it.
                End::Broken(error) if error.is_gone() => self.subjects.answered(&group),
                _ => self.subjects.listed(&group, listing),
            }
        }
        holed.iter().for_each(|group| self.subjects.holed(group, "members came without type and name"));
        for (app, group) in apps {
            match app {
                Some(app) => drop(self.apps.entry(app).or_default().insert(group)),
                None => self.subjects.holed(&group, "a member came without an id"),
            }
        }
        for (group, wire) in members {
            self.join(group, wire);
        }
    }

    fn join(&mut self, group: String, wire: ObjectWire) {
        let Some(user) = wire.into_user() else {
            self.subjects.holed(&group, "a member came without an id");
            return;
        };
        let user = self.users.entry(user.id.clone()).or_insert(user);
        if let Err(place) = user.through_groups.binary_search(&group) {
            user.through_groups.insert(place, group);
        }
    }

    /// Type and state of those that were seen beside a role, where most fields are left out.
    async fn read_details(&mut self, reader: Reader<'_>) {
        let bare = self.users.values().filter(|user| user.account_enabled.is_none() || user.user_type.is_none());
        let items = bare
            .map(|user| {
                let get = Get::v1("/users/{}", &[&user.id]).query("$select", FIELDS);
                (user.id.clone(), read_of(Dataset::ExternalUsers, get))
            })
            .collect();
        for (id, answer) in reader.client.batch_get::<ObjectWire>(items).await {
            match answer.map(ObjectWire::into_user) {
                Ok(Some(user)) => {
                    self.subjects.answered(&id);
                    self.complete(&id, user);
                }
                Ok(None) => self.subjects.holed(&id, "the user came without an id"),
                // Deleted meanwhile: the role is held by nobody.
                Err(error) if error.is_gone() => {
                    self.subjects.answered(&id);
                    self.users.remove(&id);
                }
                Err(error) => self.subjects.failed(&id, error),
            }
        }
    }

    fn complete(&mut self, id: &str, read: ExternalUser) {
        let Some(user) = self.users.get_mut(id) else { return };
        user.display_name = read.display_name.or_else(|| user.display_name.take());
        user.user_principal_name = read.user_principal_name.or_else(|| user.user_principal_name.take());
        user.mail = read.mail.or_else(|| user.mail.take());
        user.user_type = read.user_type.or_else(|| user.user_type.take());
        user.account_enabled = read.account_enabled.or(user.account_enabled);
        user.created_date_time = read.created_date_time.or(user.created_date_time);
    }
}

/// The mail domain of a guest, lower case: that of the address, or the one in a sign-in name of the form `name_domain#EXT#@tenant`.
pub(super) fn mail_domain(user: &ExternalUser) -> Option<String> {
    let invited = |name: &str| {
        let end = name.to_ascii_lowercase().find("#ext#")?;
        name.get(..end)?.rsplit_once('_').map(|(_, domain)| domain.to_ascii_lowercase())
    };
    let of_mail = user.mail.as_deref().and_then(|mail| mail.rsplit_once('@')).map(|(_, domain)| domain.trim().to_ascii_lowercase());
    of_mail.or_else(|| user.user_principal_name.as_deref().and_then(invited)).filter(|domain| is_domain(domain))
}

/// True if it can stand in a path: letters, digits, dots and hyphens.
fn is_domain(text: &str) -> bool {
    text.len() <= 253 && text.contains('.') && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-'))
}

#[cfg(test)]
mod tests {
    use super::super::holders::tests::object;
    use super::*;

    fn guest(mail: Option<&str>, name: Option<&str>) -> ExternalUser {
        ExternalUser { id: "u".into(), mail: mail.map(Into::into), user_principal_name: name.map(Into::into), ..ExternalUser::default() }
    }

    #[test]
    fn the_domain_of_a_guest() {
        assert_eq!(mail_domain(&guest(Some("Ada@Fabrikam.example"), None)).as_deref(), Some("fabrikam.example"));
        let name = "ada_l_fabrikam.example#EXT#@contoso.example";
        assert_eq!(mail_domain(&guest(None, Some(name))).as_deref(), Some("fabrikam.example"));
        assert_eq!(mail_domain(&guest(None, Some("ada@contoso.example"))), None, "no guest's name");
        for hostile in ["a@x.example/../y", "a@x.example')", "a@localhost", "a@", "a@x.example?y"] {
            assert_eq!(mail_domain(&guest(Some(hostile), None)), None, "{hostile}");
        }
    }

    #[test]
    fn a_guest_in_two_groups_is_one_guest() {
        let mut people = People { users: BTreeMap::new(), apps: AppGroups::new(), subjects: Subjects::default() };
        for group in ["g2", "g1", "g2"] {
            people.join(group.into(), object(serde_json::json!({ "id": "U1", "userType": "Guest" })));
        }
        assert_eq!(people.users["u1"].through_groups, ["g1", "g2"]);
        people.complete("u1", guest(Some("a@x.example"), None));
        assert_eq!((people.users["u1"].mail.as_deref(), people.users["u1"].user_type.as_deref()), (Some("a@x.example"), Some("Guest")));
    }
}
