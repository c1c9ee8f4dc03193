//! `explain`: who can do what where, and why, from a snapshot.

use clap::ArgMatches;

use super::{Look, evaluate};
use crate::cli::args::{CommonArgs, ExplainArgs};
use crate::cli::exit::Exit;
use crate::cli::failure::Failure;
use crate::cli::interrupt::{self, compute};
use crate::cli::options;
use crate::cli::outputs::Outputs;
use crate::cli::wire;
use crate::domain::Timestamp;
use crate::domain::access::{self, Limits, OwnSet, Question, Span};
use crate::report::RenderOptions;

/// Runs it.
pub(in crate::cli) fn run(common: &CommonArgs, args: &ExplainArgs, matches: &ArgMatches) -> Result<Exit, Failure> {
    let (output, own_sets) = options::explain(common, args, matches)?;
    let asked = Asked::read(args, own_sets, output.full)?;
    let look = Look::new(common.color, &output);
    let outputs = Outputs::open(output.formats)?;
    let formats: Vec<(&'static str, RenderOptions)> = outputs.specs().map(|spec| (spec.name, look.of(spec.path.is_some()))).collect();
    let path = args.snapshot.clone();
    interrupt::run(async {
        let work = move || {
            let snapshot = evaluate::read(&path)?;
            let question = asked.at(snapshot.collected_at)?;
            let explanation = access::explain(&snapshot, &question).map_err(Failure::Ask)?;
            let rendered: Result<Vec<String>, Failure> =
                formats.iter().map(|(name, options)| wire::render_explanation(&explanation, name, options)).collect();
            rendered.map(|rendered| (rendered, explanation.is_unknown()))
        };
        let (rendered, is_unknown) = compute(work).await??;
        outputs.write(rendered)?;
        Ok(if is_unknown { Exit::Incomplete } else { Exit::Clean })
    })
}

/// The question as far as it can be read before the snapshot is.
struct Asked {
    question: Question,
    until: Option<Timestamp>,
}

impl Asked {
    fn read(args: &ExplainArgs, own_sets: Vec<OwnSet>, full: bool) -> Result<Asked, Failure> {
        let word = |word: &Option<String>| word.as_ref().filter(|word| !word.trim().is_empty()).cloned();
        let split = |list: &[String]| -> Vec<String> {
            let parts = list.iter().flat_map(|part| part.split(',')).map(|part| part.trim().to_owned());
            parts.filter(|part| !part.is_empty()).collect()
        };
        let ends =
            split(&args.ends).iter().map(|text| day(text, "--ends").map(|(from, to)| Span { from, to })).collect::<Result<Vec<_>, _>>()?;
        Ok(Asked {
            question: Question {
                user: word(&args.user),
                customer: word(&args.customer),
                partner: word(&args.partner),
                role: word(&args.role),
                ends,
                tasks: split(&args.task),
                own_sets,
                limits: if full { Limits::FULL } else { Limits::default() },
            },
            until: args.until.as_deref().map(|text| moment(text, "--until")).transpose()?,
        })
    }

    /// The question at the snapshot's time.
    fn at(mut self, collected_at: Timestamp) -> Result<Question, Failure> {
        if let Some(to) = self.until {
            if to <= collected_at {
                let message = format!("look ahead to {to}: the snapshot was made at {collected_at}");
                return Err(Failure::usage(message, "give a later day, or ask for one day with `--ends DATE`"));
            }
            self.question.ends.insert(0, Span { from: collected_at, to });
        }
        Ok(self.question)
    }
}

/// The last second before a day, and its last second.
fn day(text: &str, option: &str) -> Result<(Timestamp, Timestamp), Failure> {
    let start = Timestamp::parse(&format!("{}T00:00:00Z", text.trim())).filter(|_| text.trim().len() == "2027-03-12".len());
    let second = chrono::TimeDelta::seconds(1);
    let before = |at: Timestamp| at.utc().checked_sub_signed(second).map(Timestamp::new);
    start
        .and_then(|start| Some((before(start)?, before(start.plus_days(1))?)))
        .ok_or_else(|| Failure::usage(format!("read {option}: {text:?} is not a day"), "write it as 2027-03-12"))
}

/// The last second of a day, or a time of its own.
fn moment(text: &str, option: &str) -> Result<Timestamp, Failure> {
    match Timestamp::parse(text) {
        Some(at) => Ok(at),
        None => day(text, option).map(|(_, to)| to),
    }
}
