//! Names of outside tenants, by their ids and by the mail domains of guests. Asked for once each, in batches, when everybody is known.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;

use super::external_users::mail_domain;
use crate::collect::coverage::Subjects;
use crate::collect::reader::{Read, Reader, read_of};
use crate::collect::wire::Text;
use crate::domain::customer::{ExternalUser, TenantName};
use crate::domain::{Coverage, Dataset, Status};
use crate::graph::{Get, GraphErrorKind};

const BY_ID: &str = "/tenantRelationships/findTenantInformationByTenantId(tenantId='{}')";
const BY_DOMAIN: &str = "/tenantRelationships/findTenantInformationByDomainName(domainName='{}')";

/// How many mail domains are looked up at most. Guests of the others stand under their domain.
const MOST_DOMAINS: usize = 100;

/// Graph: `tenantInformation`.
#[derive(Debug, Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct InformationWire {
    tenant_id: Text,
    display_name: Text,
    default_domain_name: Text,
}

impl InformationWire {
    fn into_fact(self) -> Option<TenantName> {
        Some(TenantName {
            tenant_id: self.tenant_id.id()?,
            display_name: self.display_name.take(),
            default_domain: self.default_domain_name.take(),
        })
    }
}

/// Names as they become known.
pub(super) struct Names<'a> {
    reader: Reader<'a>,
    known: BTreeMap<String, TenantName>,
    /// Ids that were asked for, with or without an answer: once is enough.
    asked: BTreeSet<String>,
    subjects: Subjects,
    /// Mail domains beyond [`MOST_DOMAINS`].
    left_out: usize,
}

impl<'a> Names<'a> {
    pub(super) fn new(reader: Reader<'a>) -> Self {
        Names { reader, known: BTreeMap::new(), asked: BTreeSet::new(), subjects: Subjects::default(), left_out: 0 }
    }

    /// Why none is asked for: left out, or no cloud but the global one answers.
    fn unasked(&self) -> Option<Coverage> {
        let elsewhere = self.reader.options.cloud != "global";
        let unavailable = || Coverage::new(Status::Unavailable).because("only the global cloud tells names of tenants");
        self.reader.skipped(Dataset::TenantNames).or_else(|| elsewhere.then(unavailable))
    }

    /// Finds the home tenants of guests by their mail domains, and notes them in `users`.
    pub(super) async fn homes(&mut self, users: &mut [ExternalUser]) {
        if self.unasked().is_some() {
            return;
        }
        let domains: BTreeSet<String> = users.iter().filter(|user| user.home_tenant_id.is_none()).filter_map(mail_domain).collect();
        self.left_out = domains.len().saturating_sub(MOST_DOMAINS);
        let items = domains.into_iter().take(MOST_DOMAINS).map(|domain| self.item(BY_DOMAIN, domain)).collect();
        let mut homes = BTreeMap::new();
        for (domain, name) in self.ask(items).await {
            homes.insert(domain, name.tenant_id.clone());
            self.known.insert(name.tenant_id.clone(), name);
        }
        for user in users.iter_mut().filter(|user| user.home_tenant_id.is_none()) {
            user.home_tenant_id = mail_domain(user).and_then(|domain| homes.get(&domain).cloned());
        }
    }

    /// Finds the names of those that were not asked for yet.
    pub(super) async fn of(&mut self, tenants: BTreeSet<String>) {
        if self.unasked().is_some() {
            return;
        }
        let new: Vec<String> = tenants.into_iter().filter(|id| !self.known.contains_key(id) && self.asked.insert(id.clone())).collect();
        let items = new.into_iter().map(|id| self.item(BY_ID, id)).collect();
        for (id, name) in self.ask(items).await {
            self.known.insert(id, name);
        }
    }

    /// All names, when no more are wanted.
    pub(super) fn finish(self) -> Read<Vec<TenantName>> {
        if let Some(coverage) = self.unasked() {
            return Read::none(coverage);
        }
        let progress = self.reader.progress(Dataset::TenantNames);
        self.known.values().for_each(|_| progress.one());
        let facts: Vec<TenantName> = self.known.into_values().collect();
        let mut coverage = self.reader.judge(Dataset::TenantNames, None).subjects(&self.subjects, "tenants", facts.len() as u64);
        if self.left_out > 0 && coverage.status == Status::Complete {
            coverage.status = Status::Partial;
            coverage.reason = Some(format!("{} mail domains of guests were not looked up: {MOST_DOMAINS} are", self.left_out));
        }
        Read { facts, coverage }
    }

    fn item(&self, template: &'static str, key: String) -> (String, Get) {
        let get = read_of(Dataset::TenantNames, Get::v1(template, &[&key]));
        (key, get)
    }

    async fn ask(&mut self, items: Vec<(String, Get)>) -> Vec<(String, TenantName)> {
        let mut found = Vec::new();
        for (key, answer) in self.reader.client.batch_get::<InformationWire>(items).await {
            match answer.map(InformationWire::into_fact) {
                Ok(Some(name)) => {
                    self.subjects.answered(&key);
                    found.push((key, name));
                }
                Ok(None) => self.subjects.holed(&key, "the answer names no tenant"),
                // A fact: no tenant of that id or domain, or one that lets nobody see its name.
                Err(error) if error.kind == GraphErrorKind::NotFound => self.subjects.answered(&key),
                Err(error) => self.subjects.failed(&key, error),
            }
        }
        found
    }
}
