//! Reads every tenant of a run into one snapshot.

use url::Url;

use super::agreement::{Seen, agree};
use super::earlier::EarlierFile;
use super::failure::{Failure, consent_address, to_grant};
use super::imports;
use super::options::{Gathering, Target};
use super::progress::Progress;
use super::terminal::plain;
use super::wire::{self, Connection};
use crate::collect;
use crate::domain::coverage::denied_permissions;
use crate::domain::facts::Organization;
use crate::domain::snapshot::FORMAT_VERSION;
use crate::domain::{Coverage, Dataset, Snapshot, TenantSnapshot, Tool, View};
use crate::http::clock::Clock;

/// One tenant in one view, read.
struct Read {
    tenant: TenantSnapshot,
    label: String,
    graph: Url,
    consent: Option<String>,
}

/// Reads every tenant, one after the other: each has limits of its own, but they share this machine and its person.
///
/// A run of one tenant ends before it is read if the baseline holds nothing of it; of several, one may be held and another not.
pub(super) async fn gather(gathering: &Gathering, baseline: Option<&EarlierFile>, progress: &Progress) -> Result<Snapshot, Failure> {
    let result = match &gathering.stage {
        Some(stage) => {
            // The server lives as long as this binding.
            let (_server, target) = stage.start()?;
            all(gathering, std::slice::from_ref(&target), baseline, progress).await
        }
        None => all(gathering, &gathering.targets, baseline, progress).await,
    };
    progress.finish();
    let read = result?;
    anything_read(&read)?;
    if gathering.stage.is_none() {
        read.iter().filter_map(refused).for_each(|text| progress.note(&text));
    }
    let mut tenants: Vec<TenantSnapshot> = read.into_iter().map(|read| read.tenant).collect();
    tenants.sort_by(|a, b| (&a.tenant_id, a.view).cmp(&(&b.tenant_id, b.view)));
    tenants.dedup_by(|a, b| (&a.tenant_id, a.view) == (&b.tenant_id, b.view));
    imports::bring_in(&mut tenants, &gathering.imports, gathering.now, gathering.max_records)?;
    Ok(Snapshot {
        format_version: FORMAT_VERSION.into(),
        tool: Tool::this(),
        collected_at: gathering.now,
        lookback_days: gathering.lookback_days,
        only_customer: None,
        tenants,
    })
}

async fn all(gathering: &Gathering, targets: &[Target], baseline: Option<&EarlierFile>, progress: &Progress) -> Result<Vec<Read>, Failure> {
    let baseline = baseline.filter(|_| targets.len() == 1);
    let clock = Clock::faster(gathering.speed);
    let mut read = Vec::new();
    for target in targets {
        progress.start(&target.asked.label, gathering.speed);
        read.extend(Box::pin(one(gathering, target, &clock, baseline, progress)).await?);
    }
    Ok(read)
}

async fn one(
    gathering: &Gathering,
    target: &Target,
    clock: &Clock,
    baseline: Option<&EarlierFile>,
    progress: &Progress,
) -> Result<Vec<Read>, Failure> {
    let connection = in_time(target, clock, wire::connect(target, clock, progress)).await?;
    // A wrong tenant ends the run before anything of it is read, where the token tells.
    let known = agree(connection.seen()).map_err(Failure::WrongTenant)?;
    if gathering.stage.is_none() {
        progress.note(&signed_in(&connection, &target.asked.label));
    }
    let views = match gathering.views.as_slice() {
        [] => settle_view(&connection, progress).await,
        views => views.to_vec(),
    };
    if let Some((baseline, id)) = baseline.zip(known) {
        baseline.admits(&id, &views)?;
    }
    let mut read = Vec::new();
    for view in views {
        let mut tenant = wire::read(&connection.client, gathering, view, target.network.cloud.as_str(), progress).await;
        let organization = organization(&tenant).map(|organization| organization.id.as_str());
        let agreed = agree(Seen { organization, ..connection.seen() }).map_err(Failure::WrongTenant)?;
        if let Some(agreed) = agreed {
            tenant.tenant_id = agreed;
        }
        let id = Some(tenant.tenant_id.as_str()).filter(|id| !id.is_empty());
        let consent = consent_address(&target.network.login, id, connection.client_id.as_deref());
        read.push(Read { tenant, label: target.asked.label.clone(), graph: target.network.graph.clone(), consent });
    }
    if let Some(warning) = collect::clock_warning(&connection.client) {
        progress.note(&warning);
    }
    Ok(read)
}

/// The tenant itself, as the view read it.
fn organization(tenant: &TenantSnapshot) -> Option<&Organization> {
    match tenant.view {
        View::Partner => tenant.partner.organization.as_ref(),
        View::Customer => tenant.customer.organization.as_ref(),
    }
}

/// `--timeout` is for the whole run: signing in has retries and waits of its own, which no deadline of the client's ends.
async fn in_time(
    target: &Target,
    clock: &Clock,
    connecting: impl Future<Output = Result<Connection, Failure>>,
) -> Result<Connection, Failure> {
    let Some(timeout) = target.network.timeout else { return connecting.await };
    let rest = timeout.saturating_mul(clock.speed()).saturating_sub(clock.elapsed());
    tokio::select! {
        biased;
        connection = connecting => connection,
        () = clock.sleep(rest) => Err(Failure::NoTime { tenant: target.asked.label.clone() }),
    }
}

fn signed_in(connection: &Connection, label: &str) -> String {
    // A given token is not checked by anybody before Graph is asked.
    let verb = if connection.credential == "access-token" { "uses a token for" } else { "signed in to" };
    let identity = connection.claims.identity.as_deref().or(connection.client_id.as_deref());
    let whom = identity.map(|identity| format!(" as {}", plain(identity))).unwrap_or_default();
    format!("{verb} {}{whom} with {}", plain(label), connection.credential)
}

/// `--view auto`: says which view it takes, and why.
async fn settle_view(connection: &Connection, progress: &Progress) -> Vec<View> {
    let (views, why) = views_by(&collect::signs_of_partner(&connection.client).await);
    let names: Vec<&str> = views.iter().map(|view| view.as_str()).collect();
    progress.note(&format!("view {}: {why}", names.join(" and ")));
    views
}

/// Which views `auto` takes, and why. A refusal is no sign; where nothing tells, both sides are looked at.
fn views_by(signs: &collect::Signs) -> (Vec<View>, String) {
    if let Some(sign) = signs.first() {
        return (vec![View::Partner], sign);
    }
    match signs.is_organization_read() {
        true => (vec![View::Customer], "nothing that could be read shows that the tenant is a partner".to_owned()),
        false => (vec![View::Partner, View::Customer], "whether the tenant is a partner cannot be read".to_owned()),
    }
}

/// What to grant, and where, for a tenant of which something was refused; the address of a fixture leads nowhere.
fn refused(read: &Read) -> Option<String> {
    let permissions = denied_permissions(read.tenant.coverage.values());
    let consent = read.consent.as_deref().filter(|_| !permissions.is_empty())?;
    Some(format!("some of {} was refused: {}; {consent}", plain(&read.label), to_grant(permissions)))
}

/// A run that read nothing at all says nothing about the tenant: it could not run.
fn anything_read(read: &[Read]) -> Result<(), Failure> {
    let any = |tenant: &TenantSnapshot| tenant.coverage.values().any(|coverage| coverage.status.has_records());
    let Some(first) = read.first().filter(|_| !read.iter().any(|read| any(&read.tenant))) else { return Ok(()) };
    let rows = |tenant: &TenantSnapshot| -> Vec<(Dataset, Coverage)> {
        tenant.coverage.iter().map(|(dataset, coverage)| (*dataset, coverage.clone())).collect()
    };
    Err(Failure::NothingRead {
        tenants: read.iter().map(|read| (read.label.clone(), rows(&read.tenant))).collect(),
        graph: Box::new(first.graph.clone()),
        consent: read.iter().find_map(|read| read.consent.clone()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::Status;

    fn read(statuses: &[(Dataset, Status)]) -> Read {
        let coverage = statuses.iter().map(|(dataset, status)| (*dataset, Coverage::new(*status))).collect();
        let tenant = TenantSnapshot {
            tenant_id: "t".into(),
            display_name: String::new(),
            view: View::Partner,
            cloud: "global".into(),
            coverage,
            partner: Default::default(),
            customer: Default::default(),
        };
        Read { tenant, label: "t".into(), graph: "https://graph.microsoft.com".parse().unwrap(), consent: None }
    }

    #[test]
    fn the_view_of_auto() {
        let signs = |found: &[Dataset], unreadable: &[Dataset]| collect::Signs {
            partner_tenant_type: None,
            found: found.to_vec(),
            unreadable: unreadable.to_vec(),
        };
        assert_eq!(views_by(&signs(&[Dataset::Contracts], &[])).0, [View::Partner]);
        assert_eq!(views_by(&signs(&[], &[Dataset::Organization])).0, [View::Partner, View::Customer], "not known is not no");
        assert_eq!(views_by(&signs(&[], &[Dataset::Relationships])).0, [View::Customer], "a refusal is no sign");
    }

    #[test]
    fn what_was_refused_is_told_with_where_to_consent() {
        let mut some = read(&[(Dataset::Groups, Status::Denied), (Dataset::Organization, Status::Complete)]);
        assert_eq!(refused(&some), None);
        some.consent = Some("an administrator consents at https://x/".into());
        some.tenant.coverage.get_mut(&Dataset::Groups).unwrap().permission = Some("B.Read.All and A.Read.All".into());
        let told = "some of t was refused: grant the application these permissions of Microsoft Graph: A.Read.All, B.Read.All; an administrator consents at https://x/";
        assert_eq!(refused(&some).as_deref(), Some(told));
    }

    #[test]
    fn one_dataset_is_enough_to_have_run() {
        let nothing = read(&[(Dataset::Groups, Status::Denied), (Dataset::SignIns, Status::Skipped)]);
        assert!(matches!(anything_read(&[nothing]), Err(Failure::NothingRead { .. })));
        let nothing = read(&[(Dataset::Groups, Status::Denied)]);
        assert!(anything_read(&[nothing, read(&[(Dataset::Organization, Status::Complete)])]).is_ok());
    }
}
