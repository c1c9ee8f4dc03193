//! The child's side: reads rules and facts, runs one rule after the other on the same facts, and says what each found.

use std::collections::BTreeSet;
use std::io::{self, BufReader, Read, Write};
use std::num::NonZeroU32;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::mpsc::channel;
use std::time::Duration;

use regorus::utils::limits::ExecutionTimerConfig;
use regorus::value::Object;
use regorus::{Engine, LimitError, Value};
use serde::Deserialize;
use serde::de::DeserializeSeed;

use super::fields::Wanted;
use super::findings::{self, RawFinding};
use super::protocol::{Job, Outcome, Reply, Request, RuleText};
use super::source::{self, NAME};
use super::value::Reader;
use super::{fence, runner};
use crate::domain::View;

/// Rules run on a stack of this size: what nests too deep for it ends the child, and nothing else.
const STACK: usize = 32 * 1024 * 1024;
/// Steps of the engine between two looks at the time.
const STEPS: NonZeroU32 = NonZeroU32::MIN.saturating_add(63);
/// Largest answer to one job, in bytes.
const MAX_ANSWER: usize = 32 * 1024 * 1024;
/// Longest reason, in characters.
const MAX_REASON: usize = 300;

/// Why a child ended before its work was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum WorkerError {
    /// It took more memory than it may. The runner looks for these words.
    #[error("take more memory than a rule may")]
    Memory,
    /// What it was asked is not understood, or nobody listens any more.
    #[error("run custom rules for whoever started this: it is no command to use by hand")]
    Asked,
}

/// Serves the runner that started this process: standard input to standard output.
///
/// # Errors
///
/// Why it ended early.
pub fn serve() -> Result<(), WorkerError> {
    let (end, ended) = channel();
    let work = move || {
        let beyond = end.clone();
        let gone = end.clone();
        let raise = move |memory| {
            // Whoever holds the other end of standard input has gone when it closes: nobody waits for an answer then.
            std::thread::Builder::new().name("input".into()).spawn(move || {
                let _ = io::copy(&mut io::stdin(), &mut io::sink());
                let _ = gone.send(Err(WorkerError::Asked));
            })?;
            fence::raise(memory, move || {
                let _ = beyond.send(Err(WorkerError::Memory));
            })
        };
        let done = work(BufReader::with_capacity(256 * 1024, io::stdin()), io::stdout(), raise);
        let _ = end.send(done.map_err(|_| WorkerError::Asked));
    };
    let started = std::thread::Builder::new().name("rules".into()).stack_size(STACK).spawn(work);
    // The first end counts: this thread's return ends the process with all the others.
    started.map_err(|_| WorkerError::Asked).and_then(|_| ended.recv().unwrap_or(Err(WorkerError::Asked)))
}

/// Reads a request with its inputs and answers each job. `raise` bounds what the rules may take, once the facts are here.
fn work(input: impl Read, mut output: impl Write, raise: impl FnOnce(u64) -> io::Result<()>) -> io::Result<()> {
    let mut json = serde_json::Deserializer::from_reader(input);
    let request = Request::deserialize(&mut json)?;
    let mut reader = Reader::default();
    let inputs = (0..request.inputs).map(|_| reader.deserialize(&mut json)).collect::<Result<Vec<Value>, _>>()?;
    drop(reader);
    raise(request.memory)?;
    say(&mut output, &Reply::Ready)?;
    // Rules that went beyond their limits: one that does so on each of its examples would take days.
    let mut beyond = BTreeSet::new();
    for (number, job) in request.jobs.iter().enumerate() {
        say(&mut output, &Reply::Begun(number))?;
        let outcome = if beyond.contains(&job.rule) {
            Outcome::after_overrun()
        } else {
            let done = catch_unwind(AssertUnwindSafe(|| one(&request, job, &inputs)));
            done.unwrap_or_else(|_| Outcome::Failed("the engine stopped on a bug".into()))
        };
        if matches!(outcome, Outcome::Overran(_)) {
            beyond.insert(job.rule);
        }
        say(&mut output, &Reply::Ended(number, outcome))?;
    }
    say(&mut output, &Reply::Finished)
}

fn say(output: &mut impl Write, reply: &Reply) -> io::Result<()> {
    let mut line = serde_json::to_vec(reply)?;
    if let (Reply::Ended(number, _), true) = (reply, line.len() > MAX_ANSWER) {
        let reason = format!("what it found is larger than {} MiB", MAX_ANSWER / 1024 / 1024);
        line = serde_json::to_vec(&Reply::Ended(*number, Outcome::Failed(reason)))?;
    }
    line.push(b'\n');
    output.write_all(&line)?;
    output.flush()
}

fn one(request: &Request, job: &Job, inputs: &[Value]) -> Outcome {
    let Some(rule) = request.rules.get(job.rule) else { return Outcome::Failed("there is no such rule".into()) };
    match job.input {
        None => Outcome::Looked(source::look(&rule.source, rule.wanted.as_ref())),
        Some((input, view)) => match inputs.get(input) {
            Some(input) => judge(rule, input, view, Duration::from_millis(request.time_ms)).map_or_else(|why| why, Outcome::Found),
            None => Outcome::Failed("there are no such facts".into()),
        },
    }
}

/// Runs one rule, with an engine of its own, over facts that all rules share: what it found, or how else the job ended.
fn judge(rule: &RuleText, input: &Value, view: View, limit: Duration) -> Result<Vec<RawFinding>, Outcome> {
    let reason = |error: anyhow::Error| match error.downcast_ref::<LimitError>() {
        Some(LimitError::TimeLimitExceeded { .. }) => Outcome::Overran(runner::too_long(limit)),
        _ => {
            let spot = source::spot_of(&error, "");
            Outcome::Failed(short(&format!("it failed in line {}: {}", spot.line, spot.message)))
        }
    };
    source::guard(&rule.source).map_err(reason)?;
    let wanted = rule.wanted.clone().unwrap_or_default();
    let input = visible(input, view, &wanted);
    let mut engine = Engine::new();
    engine.set_gather_prints(true);
    engine.set_execution_timer_config(ExecutionTimerConfig { limit, check_interval: STEPS });
    without_clock(&mut engine).map_err(reason)?;
    let package = engine.add_policy(NAME.into(), rule.source.clone()).map_err(reason)?;
    engine.set_input(input.clone());
    let said = engine.eval_rule(format!("{package}.findings")).map_err(reason)?;
    findings::read(&said, &input, view, &wanted).map_err(|reason| Outcome::Failed(short(&reason)))
}

/// A reason may quote what the rule said and the facts hold.
fn short(reason: &str) -> String {
    reason.chars().filter(|c| !c.is_control()).take(MAX_REASON).collect()
}

/// A rule is refused for these where it is loaded; nothing that it does may bring them back.
fn without_clock(engine: &mut Engine) -> anyhow::Result<()> {
    for (name, arguments) in [("time.now_ns", 0), ("rand.intn", 2)] {
        engine.add_extension(name.into(), arguments, Box::new(move |_: Vec<Value>| anyhow::bail!("a rule may not call {name}")))?;
    }
    Ok(())
}

/// The facts with those alone that the rule declares; all of them shared.
fn visible(input: &Value, view: View, wanted: &Wanted) -> Value {
    let (tenants, own) = (Value::from("tenants"), Value::from(view.as_str()));
    let declared = wanted.in_view(view);
    let cut_facts = |facts: &Value| match facts {
        Value::Object(map) => only(map, |name| name.as_string().is_ok_and(|name| declared.contains(&**name)), |_, fact| fact.clone()),
        other => other.clone(),
    };
    let cut_tenant = |tenant: &Value| match tenant {
        Value::Object(map) => only(map, |_| true, |name, part| if *name == own { cut_facts(part) } else { part.clone() }),
        other => other.clone(),
    };
    let cut_tenants = |list: &Value| match list {
        Value::Array(list) => Value::from(list.iter().map(cut_tenant).collect::<Vec<Value>>()),
        other => other.clone(),
    };
    match input {
        Value::Object(map) => only(map, |_| true, |name, part| if *name == tenants { cut_tenants(part) } else { part.clone() }),
        other => other.clone(),
    }
}

fn only(map: &Object, keep: impl Fn(&Value) -> bool, change: impl Fn(&Value, &Value) -> Value) -> Value {
    let kept: Object = map.iter().filter(|(name, _)| keep(name)).map(|(name, value)| (name.clone(), change(name, value))).collect();
    Value::Object(Arc::new(kept))
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: &str = "package acme\nfindings contains {\"subject\": {\"kind\": \"relationship\", \"id\": r.id}, \"evidence\": [{\"field\": \"relationships.status\", \"value\": r.status}]} if {\n\tsome r in input.tenants[_].partner.relationships\n\tr.status == \"active\"\n}\n";

    const SLOW: &str = "package acme\nfindings contains x if {\n\tsome a in numbers.range(1, 3000)\n\tsome b in numbers.range(1, 3000)\n\tx := a * b\n\tx < 0\n}\n";

    fn input() -> Value {
        Value::from(serde_json::json!({ "now": "2026-06-01T00:00:00Z", "tenants": [{ "tenantId": "t", "partner": {
            "relationships": [{ "id": "r1", "status": "active" }, { "id": "r2", "status": "expired" }], "assignments": [{ "id": "a" }] } }] }))
    }

    fn rule(source: &str) -> RuleText {
        RuleText { source: source.into(), wanted: Some(Wanted { partner: ["relationships".to_owned()].into(), ..Wanted::default() }) }
    }

    fn said(source: &str) -> Result<usize, String> {
        let judged = judge(&rule(source), &input(), View::Partner, Duration::from_secs(20));
        judged.map(|found| found.len()).map_err(|why| match why {
            Outcome::Failed(reason) => reason,
            other => format!("{other:?}"),
        })
    }

    #[test]
    fn a_rule_sees_what_it_declares_and_nothing_else() {
        assert_eq!(said(RULE), Ok(1));
        let blind = RULE.replace("r.status == \"active\"", "count(input.tenants[0].partner.assignments) > 0");
        assert_eq!(said(&blind), Ok(0));
        assert_eq!(visible(&input(), View::Partner, &Wanted::default())["tenants"][0_usize]["partner"], Value::new_object());
    }

    #[test]
    fn errors_are_reasons_with_their_line() {
        assert_eq!(
            said("package acme\nfindings contains x if {\n\tx := json.unmarshal(\"{\")\n}\n").unwrap_err().split(':').next(),
            Some("it failed in line 3")
        );
        assert_eq!(said("package acme\nfindings := 1\n"), Err("`findings` is neither a set nor a list".into()));
        assert_eq!(
            said("package acme\nfindings := x if {\n\tx := input.nothing\n}\n"),
            Err("`findings` is undefined: it is a set, empty where nothing is found".into())
        );
        let now = said("package acme\nfindings contains x if {\n\tx := time.now_ns()\n}\n").unwrap_err();
        assert!(now.contains("a rule may not call time.now_ns"), "{now}");
    }

    #[test]
    fn a_reason_is_short_whatever_a_rule_says() {
        let long = "package acme\nfindings contains {\"subject\": {\"kind\": \"relationship\", \"id\": \"r\"}, \"evidence\": [{\"field\": \"relationships.status\", \
                    \"value\": concat(\"x\", [sprintf(\"%d\", [n]) | some n in numbers.range(1, 200)])}]}\n";
        let reason = said(long).unwrap_err();
        assert!(reason.starts_with("its evidence is not in the facts") && reason.chars().count() == MAX_REASON, "{reason}");
    }

    #[test]
    fn a_rule_that_takes_too_long_is_ended() {
        let said = judge(&rule(SLOW), &input(), View::Partner, Duration::from_millis(20));
        assert_eq!(said, Err(Outcome::Overran("it took longer than 20 ms".into())));
    }

    #[test]
    fn a_rule_that_went_beyond_its_limit_does_no_further_job_and_the_next_rule_does() {
        let on_facts = |rule| Job { rule, input: Some((0, View::Partner)) };
        let request = Request {
            rules: vec![rule(SLOW), rule(RULE)],
            jobs: vec![on_facts(0), on_facts(0), on_facts(1), on_facts(0), on_facts(1)],
            inputs: 1,
            time_ms: 20,
            memory: 1 << 30,
        };
        let ended = answers(&request);
        assert_eq!(ended[0], Outcome::Overran("it took longer than 20 ms".into()));
        assert_eq!((&ended[1], &ended[3]), (&Outcome::after_overrun(), &Outcome::after_overrun()));
        assert!(
            matches!((&ended[2], &ended[4]), (Outcome::Found(one), Outcome::Found(other)) if one == other && one.len() == 1),
            "{ended:?}"
        );
    }

    fn answers(request: &Request) -> Vec<Outcome> {
        let asked = format!("{}{}", serde_json::to_string(request).unwrap(), serde_json::to_string(&input()).unwrap());
        let mut answer = Vec::new();
        work(asked.as_bytes(), &mut answer, |_| Ok(())).unwrap();
        let replies = String::from_utf8(answer).unwrap();
        let ended = |line: &str| if let Ok(Reply::Ended(_, outcome)) = serde_json::from_str(line) { Some(outcome) } else { None };
        replies.lines().filter_map(ended).collect()
    }

    #[test]
    fn every_job_is_answered_in_order() {
        let request = Request {
            rules: vec![rule(RULE), rule("package")],
            jobs: vec![
                Job { rule: 0, input: None },
                Job { rule: 1, input: None },
                Job { rule: 0, input: Some((0, View::Partner)) },
                Job { rule: 9, input: None },
            ],
            inputs: 1,
            time_ms: 20_000,
            memory: 1 << 30,
        };
        let asked = format!("{}{}", serde_json::to_string(&request).unwrap(), serde_json::to_string(&input()).unwrap());
        let mut answer = Vec::new();
        let raised = std::cell::Cell::new(0);
        work(asked.as_bytes(), &mut answer, |memory| {
            raised.set(memory);
            Ok(())
        })
        .unwrap();
        assert_eq!(raised.get(), 1 << 30);
        let lines: Vec<Reply> = String::from_utf8(answer).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
        let ended: Vec<Outcome> =
            lines.iter().filter_map(|reply| if let Reply::Ended(_, outcome) = reply { Some(outcome.clone()) } else { None }).collect();
        assert_eq!((lines.len(), &ended[0]), (10, &Outcome::Looked(Vec::new())));
        assert!(
            matches!(&ended[1..], [Outcome::Looked(spots), Outcome::Found(found), Outcome::Failed(_)] if spots.len() == 1 && found.len() == 1),
            "{ended:?}"
        );
        assert!(work("nonsense".as_bytes(), io::sink(), |_| Ok(())).is_err());
    }
}
