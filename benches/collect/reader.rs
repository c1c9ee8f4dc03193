//! The reader process: the real client and collectors, or the bare calls in a row.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use partnerscope::auth::TokenCache;
use partnerscope::auth::access_token::AccessToken;
use partnerscope::collect::{self, Plan};
use partnerscope::domain::snapshot::FORMAT_VERSION;
use partnerscope::domain::{Dataset, Snapshot, Timestamp, Tool};
use partnerscope::graph::{Client, ClientOptions};
use partnerscope::http::Silent;
use partnerscope::http::clock::Clock;
use partnerscope::http::transport::{HttpTransport, TransportOptions};
use partnerscope::policy::{evaluate, settings::Settings};
use partnerscope::secret::Secret;
use url::Url;

use super::customer_work::CUSTOMER;
use super::work::PARTNER;
use super::{CUSTOMER_SPEED, Figures};

struct Deaf;

impl collect::Watch for Deaf {
    fn progress(&self, _: Dataset, _: u64, _: bool) {}
}

/// Reads everything once and prints the figures as JSON.
#[expect(clippy::print_stdout, reason = "the parent reads them there")]
pub(crate) fn run(scenario: &str, endpoint: &str) {
    rustls::crypto::ring::default_provider().install_default().ok();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("runtime");
    let figures = runtime.block_on(async {
        let (wall, records, peak_rss_mib, judging) = collect_once(scenario, endpoint).await;
        let stats = stats(endpoint).await;
        let wall = if scenario == "bare" { replay(endpoint, &stats).await } else { wall };
        let chain = if scenario == "customer" { longest_chain(endpoint, &stats).await } else { Duration::ZERO };
        let count = |name: &str| stats[name].as_u64().expect("a count");
        Figures {
            wall_seconds: wall.as_secs_f64(),
            calls: count("calls"),
            throttled: count("throttled"),
            report_calls: count("reports"),
            peak_rss_mib,
            records,
            judging_seconds: judging.as_secs_f64(),
            chain_seconds: chain.as_secs_f64(),
        }
    });
    println!("{}", serde_json::to_string(&figures).expect("plain figures"));
}

async fn collect_once(scenario: &str, endpoint: &str) -> (Duration, u64, f64, Duration) {
    let slow = scenario == "slow";
    let is_customer = scenario.starts_with("customer");
    let limits = matches!(scenario, "limits" | "customer-limits");
    let clock = if is_customer { Clock::faster(CUSTOMER_SPEED) } else { Clock::real() };
    let transport = HttpTransport::new(&TransportOptions {
        ca_file: None,
        loopback_only: true,
        user_agent: "bench".into(),
        connect_timeout: Duration::from_secs(5),
    })
    .expect("transport");
    let client = Client::new(ClientOptions {
        transport: Arc::new(transport),
        endpoint: Url::parse(endpoint).expect("endpoint"),
        tokens: Arc::new(TokenCache::new(Arc::new(AccessToken::new(token(if is_customer { CUSTOMER } else { PARTNER }))), clock.clone())),
        clock,
        observer: Arc::new(Silent),
        concurrency: if slow { 1 } else { 16 },
        batch: !slow,
        deadline: None,
        limits,
    });
    let options = collect::Options {
        now: Timestamp::parse("2026-11-20T00:00:00Z").expect("a time"),
        lookback_days: 30,
        max_records: 1_000_000,
        datasets: Dataset::ALL.iter().map(|dataset| (*dataset, Plan::Read)).collect::<BTreeMap<_, _>>(),
        cloud: "global".into(),
    };
    let start = Instant::now();
    let snapshot = match is_customer {
        true => collect::customer(&client, &options, &Deaf).await,
        false => collect::partner(&client, &options, &Deaf).await,
    };
    let wall = start.elapsed();
    let peak = peak_rss_mib();
    let is_file = |dataset: Dataset| matches!(dataset, Dataset::Declared | Dataset::Purview);
    for (dataset, coverage) in snapshot.coverage.iter().filter(|(dataset, _)| !is_file(**dataset)) {
        assert_eq!(coverage.status.as_str(), "complete", "{dataset}: {:?}", coverage.reason);
    }
    let records = snapshot.coverage.values().map(|coverage| coverage.records).sum();
    let whole = Snapshot {
        format_version: FORMAT_VERSION.into(),
        tool: Tool::this(),
        collected_at: options.now,
        lookback_days: options.lookback_days,
        only_customer: None,
        tenants: vec![snapshot],
    };
    let settings = Settings::default();
    let start = Instant::now();
    let report = evaluate(&whole, None, &settings, options.now);
    let judging = start.elapsed();
    assert_eq!(report.tenants.len(), 1);
    (wall, records, peak, judging)
}

/// An unsigned token of an invented tenant.
fn token(tenant: &str) -> Secret {
    let part = |json: String| base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(json);
    let payload = format!("{{\"tid\":\"{tenant}\",\"idtyp\":\"app\",\"roles\":[],\"exp\":4102444800}}");
    Secret::new(format!("{}.{}.c2ln", part("{\"alg\":\"none\"}".into()), part(payload)))
}

async fn stats(endpoint: &str) -> serde_json::Value {
    let text = reqwest::get(format!("{endpoint}/stats")).await.expect("stats").text().await.expect("stats");
    serde_json::from_str(&text).expect("stats")
}

/// The same calls by a bare reqwest loop, one after the other, bodies read and thrown away.
async fn replay(endpoint: &str, stats: &serde_json::Value) -> Duration {
    let http = reqwest::Client::builder().no_proxy().build().expect("client");
    let base = Url::parse(endpoint).expect("endpoint");
    let start = Instant::now();
    for call in stats["log"].as_array().expect("calls") {
        let mut url = Url::parse(call[1].as_str().expect("url")).expect("url");
        url.set_port(base.port()).expect("a port");
        let request = match call[0].as_str() {
            Some("POST") => http.post(url).header("Content-Type", "application/json").body(call[2].as_str().expect("body").to_owned()),
            _ => http.get(url),
        };
        let mut response = request.send().await.expect("answer");
        while response.chunk().await.expect("body").is_some() {}
    }
    start.elapsed()
}

/// The longest of all chains of pages, each followed alone from its first call: bodies read, searched for the next link and thrown away.
async fn longest_chain(endpoint: &str, stats: &serde_json::Value) -> Duration {
    let http = reqwest::Client::builder().no_proxy().build().expect("client");
    let base = Url::parse(endpoint).expect("endpoint");
    let mut longest = Duration::ZERO;
    for call in stats["log"].as_array().expect("calls").iter().filter(|call| call[0] == "GET") {
        let mut url = Url::parse(call[1].as_str().expect("url")).expect("url");
        if url.query_pairs().any(|(name, _)| name == "page") {
            continue;
        }
        url.set_port(base.port()).expect("a port");
        let start = Instant::now();
        let mut next = Some(url.to_string());
        while let Some(link) = next {
            let mut response = http.get(link).send().await.expect("answer");
            // The server puts the link before the records.
            let first = response.chunk().await.expect("body").unwrap_or_default();
            next = link_in(&String::from_utf8_lossy(&first));
            while response.chunk().await.expect("body").is_some() {}
        }
        longest = longest.max(start.elapsed());
    }
    longest
}

fn link_in(text: &str) -> Option<String> {
    let (_, rest) = text.split_once("\"@odata.nextLink\":\"")?;
    rest.split('"').next().map(str::to_owned)
}

/// `VmHWM` of this process, in MiB; 0 where there is no `/proc`.
fn peak_rss_mib() -> f64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    line.and_then(|line| line.split_whitespace().nth(1)).and_then(|kib| kib.parse::<f64>().ok()).map_or(0.0, |kib| kib / 1024.0)
}
