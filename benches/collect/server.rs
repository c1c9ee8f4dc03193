//! The server process: wiremock on loopback, 20 ms a call, page sizes as Graph's, and, if wanted, Microsoft's limits.

use std::collections::VecDeque;
use std::io::Write as _;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use wiremock::{Mock, MockServer, Request, Respond, ResponseTemplate, matchers};

use super::customer::Customer;
use super::partner::Partner;
use super::work::Work;

const LATENCY: Duration = Duration::from_millis(20);

/// What the server plays.
pub(crate) trait Tenant: Send + Sync {
    /// The body that Graph would give; `None`: there is no such thing. `body`: what was sent, of a POST.
    fn answer(&self, path: &str, query: &str, body: &[u8]) -> Option<Vec<u8>>;
}

/// Serves until the parent ends it. `speed`: with limits, in time that runs so much faster; 0: without.
pub(crate) fn run(work: &str, speed: u32) {
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("runtime");
    runtime.block_on(async {
        let server = MockServer::builder().disable_request_recording().start().await;
        let tenant: Box<dyn Tenant> = match work {
            "customer" => Box::new(Customer::new(server.uri())),
            partner => Box::new(Partner::new(Work::named(partner), server.uri())),
        };
        Mock::given(matchers::any()).respond_with(Serving::new(tenant, speed)).mount(&server).await;
        let mut out = std::io::stdout();
        writeln!(out, "{}", server.uri()).expect("parent listens");
        out.flush().expect("parent listens");
        std::future::pending::<()>().await;
    });
}

/// Microsoft's limit: so many in any such period, by arrival.
struct Limit {
    count: usize,
    period: Duration,
    recent: Mutex<VecDeque<Instant>>,
}

impl Limit {
    fn new(count: usize, period: Duration) -> Self {
        Limit { count, period, recent: Mutex::new(VecDeque::new()) }
    }

    fn is_over(&self) -> bool {
        let mut recent = self.recent.lock().expect("not poisoned");
        let now = Instant::now();
        while recent.front().is_some_and(|first| now.duration_since(*first) >= self.period) {
            recent.pop_front();
        }
        let over = recent.len() >= self.count;
        if !over {
            recent.push_back(now);
        }
        over
    }
}

struct Serving {
    tenant: Box<dyn Tenant>,
    limits: Option<(Limit, Limit)>,
    calls: AtomicU64,
    reports: AtomicU64,
    throttled: AtomicU64,
    log: Mutex<Vec<(String, String, String)>>,
}

impl Serving {
    fn new(tenant: Box<dyn Tenant>, speed: u32) -> Self {
        let limits = || (Limit::new(5, Duration::from_secs(10) / speed), Limit::new(1, Duration::from_secs(1) / speed));
        Serving {
            tenant,
            limits: (speed > 0).then(limits),
            calls: AtomicU64::new(0),
            reports: AtomicU64::new(0),
            throttled: AtomicU64::new(0),
            log: Mutex::new(Vec::new()),
        }
    }

    fn batch(&self, body: &[u8]) -> Vec<u8> {
        let asked: serde_json::Value = serde_json::from_slice(body).expect("a batch");
        let mut answers = Vec::new();
        for item in asked["requests"].as_array().expect("requests") {
            let url = item["url"].as_str().expect("url");
            let (path, query) = url.split_once('?').unwrap_or((url, ""));
            let answer = self.tenant.answer(&format!("/v1.0{path}"), query, &[]).unwrap_or_else(|| panic!("unknown path {url}"));
            answers.push(format!(
                "{{\"id\":{},\"status\":200,\"headers\":{{\"Content-Type\":\"application/json\"}},\"body\":{}}}",
                item["id"],
                String::from_utf8(answer).expect("text")
            ));
        }
        format!("{{\"responses\":[{}]}}", answers.join(",")).into_bytes()
    }

    /// True if a limit that holds for the path is exceeded by this request.
    fn is_over(&self, path: &str, is_report: bool) -> bool {
        let Some((reports, conditional_access)) = &self.limits else { return false };
        is_report && reports.is_over() || path.contains("/conditionalAccess/") && conditional_access.is_over()
    }
}

impl Respond for Serving {
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
        let is_report = path.contains("/auditLogs/") || path.contains("/reports/");
        if is_report {
            self.reports.fetch_add(1, Ordering::Relaxed);
        }
        if self.is_over(path, is_report) {
            self.throttled.fetch_add(1, Ordering::Relaxed);
            return ResponseTemplate::new(429).insert_header("Retry-After", "10").set_delay(LATENCY);
        }
        let answer =
            if path.ends_with("/$batch") { Some(self.batch(&request.body)) } else { self.tenant.answer(path, query, &request.body) };
        match answer {
            Some(body) => ResponseTemplate::new(200).set_body_raw(body, "application/json").set_delay(LATENCY),
            None => ResponseTemplate::new(404)
                .set_body_raw("{\"error\":{\"code\":\"Request_ResourceNotFound\",\"message\":\"\"}}", "application/json"),
        }
    }
}

pub(crate) fn parameter<'a>(query: &'a str, name: &str) -> Option<&'a str> {
    query.split('&').find_map(|pair| pair.split_once('=').filter(|(key, _)| *key == name).map(|(_, value)| value))
}

/// Which page is asked for.
pub(crate) fn page_number(query: &str) -> usize {
    parameter(query, "page").and_then(|page| page.parse().ok()).unwrap_or(0)
}

/// A page of a list: items of one path, `size` a page.
pub(crate) fn page_of(uri: &str, path: &str, query: &str, count: usize, size: usize, item: impl Fn(usize) -> String) -> Vec<u8> {
    let page = page_number(query);
    let items: Vec<String> = (page * size..count.min((page + 1) * size)).map(item).collect();
    let next = ((page + 1) * size < count).then(|| format!("{uri}{path}?page={}", page + 1));
    envelope(&items, next)
}

/// All pages of a list, made at once. `link` gets a page number.
pub(crate) fn pages(count: usize, size: usize, link: &str, item: impl Fn(usize) -> String) -> Vec<Vec<u8>> {
    let total = count.div_ceil(size);
    let page = |page: usize| {
        let items: Vec<String> = (page * size..count.min((page + 1) * size)).map(&item).collect();
        envelope(&items, (page + 1 < total).then(|| format!("{link}&page={}", page + 1)))
    };
    (0..total).map(page).collect()
}

pub(crate) fn envelope(items: &[String], next: Option<String>) -> Vec<u8> {
    let next = next.map(|link| format!(",\"@odata.nextLink\":\"{link}\"")).unwrap_or_default();
    format!("{{\"@odata.context\":\"https://graph.microsoft.com/v1.0/$metadata\"{next},\"value\":[{}]}}", items.join(",")).into_bytes()
}
