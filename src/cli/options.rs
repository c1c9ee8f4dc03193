//! The options of a run, resolved over all layers and checked, before anything is read or written.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::ArgMatches;

use super::args::{
    AuditArgs, CollectArgs, CommonArgs, DiffArgs, EvaluateArgs, ExplainArgs, ImportArgs, JudgingArgs, NetworkArgs, OutputArgs, ReadingArgs,
    SignInArgs, TargetArgs, read_customer,
};
use super::credentials::{self, Plan};
use super::custom_rules::{self, CustomRules};
use super::earlier::{self, EarlierFile};
use super::failure::Failure;
use super::imports;
use super::judging::{apply_exit, apply_file, apply_judging, check_lists, known_dataset};
use super::layered::{Given, find_config, one_of};
use super::outputs::{FormatSpec, read_formats, split};
use super::target::{self, Asked, Network};
use super::terminal::process_env;
use super::wire::{self, Stage};
use crate::config::{Layered, Layers, Source, units};
use crate::domain::access::OwnSet;
use crate::domain::{Dataset, Timestamp, View};
use crate::imports::Import;
use crate::policy::profiles;
use crate::policy::settings::Settings;

/// One tenant to read.
#[derive(Debug)]
pub(super) struct Target {
    pub(super) asked: Asked,
    pub(super) network: Network,
    pub(super) credential: Plan,
}

/// What to read, and from where.
#[derive(Debug)]
pub(super) struct Gathering {
    pub(super) targets: Vec<Target>,
    /// The fixture tenant that takes the place of the network.
    pub(super) stage: Option<Stage>,
    /// The views to read; empty: auto.
    pub(super) views: Vec<View>,
    pub(super) now: Timestamp,
    pub(super) lookback_days: u32,
    pub(super) max_records: u64,
    /// How much faster than real time waiting runs.
    pub(super) speed: u32,
    /// Datasets that are not read, with the reason.
    pub(super) skip: BTreeMap<Dataset, (Option<View>, String)>,
    /// Files with facts for the customer view, read but not understood yet.
    pub(super) imports: Vec<Import>,
}

/// Options of `audit`.
#[derive(Debug)]
pub(super) struct Audit {
    pub(super) gathering: Gathering,
    pub(super) settings: Settings,
    pub(super) custom: CustomRules,
    /// The earlier run that this one is judged against.
    pub(super) baseline: Option<EarlierFile>,
    pub(super) exit_zero: bool,
    pub(super) output: Output,
}

/// Options of `collect`.
#[derive(Debug)]
pub(super) struct Collect {
    pub(super) gathering: Gathering,
    pub(super) settings: Settings,
    pub(super) exit_zero: bool,
    pub(super) file: PathBuf,
    pub(super) customer: Option<String>,
}

/// Options of `evaluate`.
#[derive(Debug)]
pub(super) struct Evaluate {
    pub(super) files: Vec<PathBuf>,
    /// Files with facts for the customer view.
    pub(super) imports: Vec<Import>,
    /// Events of an imported log that are kept.
    pub(super) max_records: u64,
    pub(super) now: Option<Timestamp>,
    pub(super) settings: Settings,
    pub(super) custom: CustomRules,
    /// The earlier run that these are judged against.
    pub(super) baseline: Option<EarlierFile>,
    pub(super) exit_zero: bool,
    pub(super) output: Output,
}

/// Options of `diff`.
#[derive(Debug)]
pub(super) struct DiffOptions {
    pub(super) old: PathBuf,
    pub(super) new: PathBuf,
    pub(super) settings: Settings,
    pub(super) exit_zero: bool,
    pub(super) output: Output,
}

/// Where reports go and how long they may be.
#[derive(Debug)]
pub(super) struct Output {
    pub(super) formats: Vec<FormatSpec>,
    pub(super) full: bool,
}

/// Resolves the options of `audit`.
pub(super) fn audit(common: &CommonArgs, args: &AuditArgs, matches: &ArgMatches) -> Result<Audit, Failure> {
    let stage = stage(&args.target)?;
    let (given, mut settings, custom) = layers(common, matches, stage.as_ref(), Some(&args.judging))?;
    apply_judging(&given, &args.judging, &mut settings)?;
    let exit_zero = apply_exit(&given, &args.exit, &mut settings)?;
    let output = output(&given, &args.output)?;
    let gathering = gathering(&given, &args.target, &args.sign_in, &args.network, (&args.reading, &args.imports), args.now.now, stage)?;
    let baseline = baseline(&given, args.judging.baseline.as_ref(), &settings)?;
    Ok(Audit { gathering, settings, custom, baseline, exit_zero, output })
}

/// Resolves the options of `audit` as far as the config goes, and signs in nowhere.
pub(super) fn config<'a>(common: &CommonArgs, args: &AuditArgs, matches: &'a ArgMatches) -> Result<(Given<'a>, Settings), Failure> {
    let stage = stage(&args.target)?;
    let (given, mut settings, _) = layers(common, matches, stage.as_ref(), Some(&args.judging))?;
    apply_judging(&given, &args.judging, &mut settings)?;
    apply_exit(&given, &args.exit, &mut settings)?;
    Ok((given, settings))
}

/// Resolves the options of `collect`.
pub(super) fn collect(common: &CommonArgs, args: &CollectArgs, matches: &ArgMatches) -> Result<Collect, Failure> {
    let stage = stage(&args.target)?;
    let (given, mut settings, _) = layers(common, matches, stage.as_ref(), None)?;
    let exit_zero = apply_exit(&given, &args.exit, &mut settings)?;
    if args.output == Path::new("-") {
        return Err(Failure::usage("write a snapshot to `-`", "a snapshot goes into a file: `-o FILE`"));
    }
    let customer = args.customer.as_deref().map(read_customer).transpose();
    let customer = customer.map_err(|message| Failure::usage(format!("read --customer: {message}"), "give the customer's tenant id"))?;
    let gathering = gathering(&given, &args.target, &args.sign_in, &args.network, (&args.reading, &args.imports), args.now.now, stage)?;
    Ok(Collect { gathering, settings, exit_zero, file: args.output.clone(), customer })
}

/// Resolves the options of `evaluate`.
pub(super) fn evaluate(common: &CommonArgs, args: &EvaluateArgs, matches: &ArgMatches) -> Result<Evaluate, Failure> {
    let (given, mut settings, custom) = layers(common, matches, None, Some(&args.judging))?;
    apply_judging(&given, &args.judging, &mut settings)?;
    let exit_zero = apply_exit(&given, &args.exit, &mut settings)?;
    let output = output(&given, &args.output)?;
    let imports = imports::read(&given, &args.imports, None)?;
    let baseline = baseline(&given, args.judging.baseline.as_ref(), &settings)?;
    Ok(Evaluate {
        baseline,
        files: args.files.clone(),
        imports,
        max_records: max_records(&given, args.max_records),
        now: args.now.now,
        settings,
        custom,
        exit_zero,
        output,
    })
}

/// Resolves the options of `diff`.
pub(super) fn diff(common: &CommonArgs, args: &DiffArgs, matches: &ArgMatches) -> Result<DiffOptions, Failure> {
    let (given, settings, _) = layers(common, matches, None, None)?;
    // A file's formats are those of its reports: a diff must not take their place.
    let mut formats = given.flags("format", &args.output.format);
    if formats.is_empty() {
        formats.push("table".to_owned());
    }
    let output = Output { formats: read_formats(&formats, &wire::diff_format_name)?, full: given.switch("full", args.output.full) };
    Ok(DiffOptions { old: args.old.clone(), new: args.new.clone(), settings, exit_zero: given.switch("exit-zero", args.exit_zero), output })
}

/// What `explain` takes from the layers: where the answer goes, and the sets of roles that the file names.
pub(super) fn explain(common: &CommonArgs, args: &ExplainArgs, matches: &ArgMatches) -> Result<(Output, Vec<OwnSet>), Failure> {
    let (given, _, _) = layers(common, matches, None, None)?;
    let mut formats = given.flags("format", &args.output.format);
    if formats.is_empty() {
        formats.push("table".to_owned());
    }
    let output = Output { formats: read_formats(&formats, &wire::explain_format_name)?, full: given.switch("full", args.output.full) };
    let sets = given.layers.file().into_iter().flat_map(|file| &file.role_sets);
    Ok((output, sets.map(|set| OwnSet { name: set.name.clone(), roles: set.roles.clone() }).collect()))
}

/// The earlier run of `--baseline`, read before anything else is: an hour of collecting is not lost on a file that is none.
fn baseline(given: &Given<'_>, flag: Option<&PathBuf>, settings: &Settings) -> Result<Option<EarlierFile>, Failure> {
    let path = given.path("baseline", flag);
    if path.is_none() && settings.fail_on_new.is_some() {
        return Err(Failure::usage("use --fail-on-new without a baseline", "add `--baseline FILE`: an earlier snapshot or JSON report"));
    }
    path.map(|path| earlier::read(&path.value)).transpose()
}

/// The config with everything that can be wrong in it told at once, and the settings it makes.
/// A command that does not judge knows the rules of a file all the same: other keys of the file may name them.
fn layers<'a>(
    common: &CommonArgs,
    matches: &'a ArgMatches,
    stage: Option<&Stage>,
    judging: Option<&JudgingArgs>,
) -> Result<(Given<'a>, Settings, CustomRules), Failure> {
    let folder = std::env::current_dir().unwrap_or_default();
    let mut file = find_config(common, stage.map(Stage::config).as_ref(), &folder)?;
    let mut settings = Settings::default();
    // What the file says of a rule stands above the profile. A word that is none is told with the other flags.
    let written = file.as_ref().and_then(|file| file.get("profile")).and_then(|entry| entry.value.as_text());
    let profile = judging.and_then(|judging| judging.profile.as_deref());
    profiles::apply(profile.or(written).unwrap_or("default"), &mut settings);
    let below = Given::new(matches, Layers::new(file.clone()));
    let (custom, mut problems) = custom_rules::add(judging.map(|judging| (&below, &judging.rules_dir)), file.as_ref(), &mut settings)?;
    if let Some(file) = &mut file {
        apply_file(file, &mut settings);
        check_lists(file, &settings, &|text| {
            let name = split(text).0;
            let message =
                |nearest: Option<&str>| (format!("there is no format {name:?}"), nearest.map(|near| format!("did you mean `{near}`?")));
            wire::format_name(name).map(drop).map_err(message)
        });
        problems.splice(..0, std::mem::take(&mut file.problems));
        tracing::info!(file = %file.name, "config");
    }
    if !problems.is_empty() {
        return Err(Failure::Config(problems));
    }
    Ok((Given::new(matches, Layers::new(file)), settings, custom))
}

fn output(given: &Given<'_>, args: &OutputArgs) -> Result<Output, Failure> {
    let formats = read_formats(&given.list("format", &args.format).value, &wire::format_name)?;
    Ok(Output { formats, full: given.switch("full", args.full) })
}

/// The fixture tenant of `--fixture`, with its faults.
fn stage(args: &TargetArgs) -> Result<Option<Stage>, Failure> {
    let faults: Vec<String> = args.fault.iter().flat_map(|fault| fault.split(',')).map(|fault| fault.trim().to_owned()).collect();
    match &args.fixture {
        Some(name) => Stage::load(name, &faults).map(Some),
        None if faults.is_empty() => Ok(None),
        None => Err(Failure::usage(
            "use --fault without --fixture",
            "a fault is played by a fixture tenant: `--fixture northwind-msp --fault NAME`",
        )),
    }
}

/// Flags that make no sense beside a fixture. Their variables are passed over: they belong to the shell, not to this run.
const NOT_WITH_FIXTURE: &[&str] = &[
    "tenant",
    "cloud",
    "graph_endpoint",
    "login_endpoint",
    "ca_file",
    "credential",
    "client_id",
    "client_secret_file",
    "client_certificate",
    "access_token_file",
];

fn gathering(
    given: &Given<'_>,
    target: &TargetArgs,
    sign_in: &SignInArgs,
    network: &NetworkArgs,
    (reading, files): (&ReadingArgs, &ImportArgs),
    now: Option<Timestamp>,
    stage: Option<Stage>,
) -> Result<Gathering, Failure> {
    let view = given.text("view", target.view.as_ref());
    one_of("view", view.as_ref())?;
    let views = match view.as_ref().map(|view| view.value.as_str()) {
        Some("partner") => vec![View::Partner],
        Some("customer") => vec![View::Customer],
        Some("both") => vec![View::Partner, View::Customer],
        _ => stage.as_ref().map(Stage::views).unwrap_or_default(),
    };
    let is_customer = views.is_empty() || views.contains(&View::Customer);
    let imports = imports::read(given, files, stage.as_ref().filter(|_| is_customer))?;
    let lookback = read_lookback(given, reading, stage.as_ref())?;
    let mut skip = BTreeMap::new();
    let skipped = given.list("skip-dataset", &reading.skip_dataset);
    for name in &skipped.value {
        let (view, dataset) = known_dataset(name)?;
        skip.insert(dataset, (view, format!("left out by {}", skipped_by(&skipped.source))));
    }
    let targets = match &stage {
        Some(_) => {
            no_flag_beside_fixture(given)?;
            Vec::new()
        }
        None => targets(given, target, sign_in, network)?,
    };
    Ok(Gathering {
        speed: speed(network, stage.is_some(), &targets)?,
        targets,
        views,
        now: now.or_else(|| stage.as_ref().map(Stage::now)).unwrap_or_else(clock),
        lookback_days: lookback,
        max_records: max_records(given, reading.max_records),
        skip,
        imports,
        stage: stage.map(|stage| stage.with_network(given, network)).transpose()?,
    })
}

fn max_records(given: &Given<'_>, flag: Option<i64>) -> u64 {
    given.int("max-records", flag).and_then(|number| u64::try_from(number.value).ok()).unwrap_or(1)
}

/// A clock that runs faster would break Microsoft's limits: only a server of one's own may be asked with one.
fn speed(network: &NetworkArgs, on_stage: bool, targets: &[Target]) -> Result<u32, Failure> {
    match network.clock_speed {
        None if on_stage => Ok(wire::SPEED),
        None => Ok(1),
        Some(speed) if on_stage || targets.iter().all(|target| target.network.is_loopback_only()) => Ok(speed),
        Some(_) => Err(Failure::usage(
            "use --clock-speed with a host that is not on loopback",
            "leave it out: Microsoft's limits are in real time",
        )),
    }
}

/// The same words wherever it was set, so that a reason in a report does not depend on a path.
fn skipped_by(source: &Source) -> &'static str {
    match source {
        Source::File { .. } => "skip-dataset in the config",
        _ => "--skip-dataset",
    }
}

fn no_flag_beside_fixture(given: &Given<'_>) -> Result<(), Failure> {
    let flag = NOT_WITH_FIXTURE.iter().find_map(|id| match given.above(id) {
        Some(Source::Flag(flag)) => Some(flag),
        _ => None,
    });
    match flag {
        None => Ok(()),
        Some(flag) => {
            Err(Failure::usage(format!("use {flag} with a fixture tenant"), "a fixture tenant brings its own; leave one of the two out"))
        }
    }
}

fn targets(given: &Given<'_>, target: &TargetArgs, sign_in: &SignInArgs, network: &NetworkArgs) -> Result<Vec<Target>, Failure> {
    target::asked(given, &target.tenant, &process_env)?
        .into_iter()
        .map(|asked| {
            let network = target::network(given, network, asked.entry.as_ref(), &process_env)?;
            let credential = credentials::plan(given, sign_in, asked.entry.as_ref(), &process_env)?;
            Ok(Target { asked, network, credential })
        })
        .collect()
}

/// Flag, environment and file stand above the fixture's own look-back, the default below it.
fn read_lookback(given: &Given<'_>, reading: &ReadingArgs, stage: Option<&Stage>) -> Result<u32, Failure> {
    let found = given.text("lookback", reading.lookback.as_ref());
    let found = match (found, stage) {
        (found, Some(stage)) if !found.as_ref().is_some_and(|found| found.source.is_explicit()) => {
            let own_file = found.filter(|found| matches!(found.source, Source::File { .. }));
            own_file.unwrap_or_else(|| Layered::new(format!("{}d", stage.lookback_days()), Source::Fixture))
        }
        (Some(found), _) => found,
        (None, _) => Layered::new("30d".to_owned(), Source::Default),
    };
    units::days(&found.value).map_err(|message| Failure::Usage { message: format!("read {}: {message}", found.source), help: Vec::new() })
}

/// The time of day: only where neither a flag nor a fixture says another.
#[expect(clippy::disallowed_methods, reason = "the run's time is read here, once, and passed on")]
fn clock() -> Timestamp {
    Timestamp::new(chrono::Utc::now())
}
