//! The server process: wiremock on loopback, 20 ms a call, page sizes as Graph's, and, if wanted, Microsoft's report limit.

use std::collections::VecDeque;
use std::io::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate, matchers};

use super::work::{PARTNER, Work};

const LATENCY: Duration = Duration::from_millis(20);

/// Serves until the parent ends it.
pub(crate) fn run(work: Work, limits: bool) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("runtime");
    runtime.block_on(async {
        let server = MockServer::builder().disable_request_recording().start().await;
        Mock::given(matchers::any()).respond_with(Partner::new(work, limits, server.uri())).mount(&server).await;
        let mut out = std::io::stdout();
        writeln!(out, "{}", server.uri()).expect("parent listens");
        out.flush().expect("parent listens");
        std::future::pending::<()>().await;
    });
}

struct Partner {
    work: Work,
    uri: String,
    interactive: Vec<Vec<u8>>,
    background: Vec<Vec<u8>>,
    limit: Option<Mutex<VecDeque<Instant>>>,
    calls: AtomicU64,
    reports: AtomicU64,
    throttled: AtomicU64,
    log: Mutex<Vec<(String, String, String)>>,
}

impl Partner {
    fn new(work: Work, limits: bool, uri: String) -> Self {
        let part = work.sign_ins * 3 / 10;
        let pages = |count: usize, interactive: bool| -> Vec<Vec<u8>> {
            let total = count.div_ceil(1_000);
            let filter = if interactive { "i" } else { "n" };
            (0..total)
                .map(|page| {
                    let items: Vec<String> =
                        (page * 1_000..count.min((page + 1) * 1_000)).map(|number| work.sign_in(number, interactive)).collect();
                    let next = (page + 1 < total).then(|| format!("{uri}/beta/auditLogs/signIns?kind={filter}&page={}", page + 1));
                    envelope(&items, next)
                })
                .collect()
        };
        Partner {
            interactive: pages(part, true),
            background: pages(work.sign_ins - part, false),
            limit: limits.then(|| Mutex::new(VecDeque::new())),
            calls: AtomicU64::new(0),
            reports: AtomicU64::new(0),
            throttled: AtomicU64::new(0),
            log: Mutex::new(Vec::new()),
            work,
            uri,
        }
    }

    /// Microsoft's limit for reports: five in any ten seconds, by arrival.
    fn over_limit(&self) -> bool {
        let Some(limit) = &self.limit else { return false };
        let mut recent = limit.lock().expect("not poisoned");
        let now = Instant::now();
        while recent.front().is_some_and(|first| now.duration_since(*first) >= Duration::from_secs(10)) {
            recent.pop_front();
        }
        let over = recent.len() >= 5;
        if !over {
            recent.push_back(now);
        }
        over
    }

    /// A page of a list: items of one path, `size` a page.
    fn page(&self, path: &str, query: &str, count: usize, size: usize, item: impl Fn(usize) -> String) -> Vec<u8> {
        let page: usize = parameter(query, "page").and_then(|page| page.parse().ok()).unwrap_or(0);
        let items: Vec<String> = (page * size..count.min((page + 1) * size)).map(item).collect();
        let next = ((page + 1) * size < count).then(|| format!("{}{path}?page={}", self.uri, page + 1));
        envelope(&items, next)
    }

    fn answer(&self, path: &str, query: &str) -> Option<Vec<u8>> {
        let work = &self.work;
        let segments: Vec<&str> = path.trim_matches('/').split('/').skip(1).collect();
        let number = |id: &str| usize::from_str_radix(id.get(24..36)?, 16).ok();
        Some(match segments[..] {
            ["organization"] => envelope(&[format!("{{\"id\":\"{PARTNER}\",\"displayName\":\"Northwind\",\"partnerTenantType\":\"breadthPartner\",\"verifiedDomains\":[]}}")], None),
            ["subscribedSkus"] => envelope(&["{\"id\":\"a\",\"capabilityStatus\":\"Enabled\",\"skuPartNumber\":\"SPE_E5\",\"servicePlans\":[{\"servicePlanName\":\"AAD_PREMIUM\",\"provisioningStatus\":\"Success\"},{\"servicePlanName\":\"AAD_PREMIUM_P2\",\"provisioningStatus\":\"Success\"}]}".to_owned()], None),
            ["contracts"] => self.page(path, query, work.relationships, 999, Work::contract),
            ["tenantRelationships", "delegatedAdminRelationships"] => self.page(path, query, work.relationships, 300, |number| work.relationship(number)),
            ["tenantRelationships", "delegatedAdminCustomers"] => self.page(path, query, work.relationships, 300, Work::customer),
            ["tenantRelationships", "delegatedAdminRelationships", id, "accessAssignments"] => envelope(&[work.assignments(number(id)?)], None),
            ["tenantRelationships", "delegatedAdminRelationships", _, "requests"] => envelope(&[], None),
            ["groups", id] => format!("{{\"id\":\"{id}\",\"displayName\":\"GDAP {id}\",\"isAssignableToRole\":true,\"securityEnabled\":true,\"mailEnabled\":false,\"groupTypes\":[]}}").into_bytes(),
            ["groups", _, "owners"] => envelope(&[Work::user(0)], None),
            ["groups", id, "transitiveMembers"] => {
                let each = work.members / work.groups;
                let first = number(id)? * each;
                envelope(&(first..first + each).map(Work::user).collect::<Vec<_>>(), None)
            }
            ["identityGovernance", ..] => envelope(&[], None),
            ["reports", "authenticationMethods", "userRegistrationDetails"] => self.page(path, query, work.users, 999, Work::registration),
            ["users"] => self.page(path, query, work.users, 500, Work::user),
            ["auditLogs", "signIns"] => self.sign_ins(query),
            _ => return None,
        })
    }

    fn sign_ins(&self, query: &str) -> Vec<u8> {
        let page: usize = parameter(query, "page").and_then(|page| page.parse().ok()).unwrap_or(0);
        let background = query.contains("nonInteractiveUser") || parameter(query, "kind") == Some("n");
        let pages = if background { &self.background } else { &self.interactive };
        if parameter(query, "%24top").or(parameter(query, "$top")) == Some("1") {
            return envelope(&[self.work.sign_in(0, true)], None);
        }
        pages.get(page).cloned().unwrap_or_else(|| envelope(&[], None))
    }

    fn batch(&self, body: &[u8]) -> Vec<u8> {
        let asked: serde_json::Value = serde_json::from_slice(body).expect("a batch");
        let mut answers = Vec::new();
        for item in asked["requests"].as_array().expect("requests") {
            let url = item["url"].as_str().expect("url");
            let (path, query) = url.split_once('?').unwrap_or((url, ""));
            let answer = self.answer(&format!("/v1.0{path}"), query).expect("known path");
            answers.push(format!(
                "{{\"id\":{},\"status\":200,\"headers\":{{\"Content-Type\":\"application/json\"}},\"body\":{}}}",
                item["id"],
                String::from_utf8(answer).expect("text")
            ));
        }
        format!("{{\"responses\":[{}]}}", answers.join(",")).into_bytes()
    }
}

impl Respond for Partner {
    fn respond(&self, request: &Request) -> ResponseTemplate {
        let path = request.url.path();
        let query = request.url.query().unwrap_or_default();
        if path == "/stats" {
            let [calls, reports, throttled] = [&self.calls, &self.reports, &self.throttled].map(|count| count.load(Ordering::Relaxed));
            let log = std::mem::take(&mut *self.log.lock().expect("not poisoned"));
            return ResponseTemplate::new(200)
                .set_body_json(serde_json::json!({ "calls": calls, "reports": reports, "throttled": throttled, "log": log }));
        }
        self.calls.fetch_add(1, Ordering::Relaxed);
        let body = String::from_utf8_lossy(&request.body).into_owned();
        self.log.lock().expect("not poisoned").push((request.method.to_string(), request.url.to_string(), body));
        if path.contains("/auditLogs/") || path.contains("/reports/") {
            self.reports.fetch_add(1, Ordering::Relaxed);
            if self.over_limit() {
                self.throttled.fetch_add(1, Ordering::Relaxed);
                return ResponseTemplate::new(429).insert_header("Retry-After", "10").set_delay(LATENCY);
            }
        }
        let answer = if path.ends_with("/$batch") { Some(self.batch(&request.body)) } else { self.answer(path, query) };
        match answer {
            Some(body) => ResponseTemplate::new(200).set_body_raw(body, "application/json").set_delay(LATENCY),
            None => ResponseTemplate::new(404)
                .set_body_raw("{\"error\":{\"code\":\"Request_ResourceNotFound\",\"message\":\"\"}}", "application/json"),
        }
    }
}

fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query.split('&').find_map(|pair| pair.split_once('=').filter(|(key, _)| *key == name).map(|(_, value)| value))
}

fn envelope(items: &[String], next: Option<String>) -> Vec<u8> {
    let next = next.map(|link| format!(",\"@odata.nextLink\":\"{link}\"")).unwrap_or_default();
    format!("{{\"@odata.context\":\"https://graph.microsoft.com/v1.0/$metadata\"{next},\"value\":[{}]}}", items.join(",")).into_bytes()
}
