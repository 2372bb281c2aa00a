//! `cargo xtask reproduce`: the paper's tables and figures.

use std::{
    num::NonZero,
    path::{Path, PathBuf},
    process::ExitCode,
    thread::available_parallelism,
    time::Duration,
};

use crate::{Cluster, Launcher, Outcome, Profile, Reproduction, Request, RunContext, WithoutData};
use anyhow::{Result, bail};
use clap::Args;
use vimae_spec::{Expectation, Experiment};

use super::{
    data_dir::DataDir,
    number::{at_least, whole},
    place::Place,
    progress::Progress,
    standard_streams::{print, print_in_passing, width},
    stop::{self, Who},
    waiting::waiting,
};

/// Reproduce tables and figures of the paper, and write a page with our numbers beside the paper's.
///
/// Without arguments it runs the quick profile: real digits that ship with the code, narrow networks, about eight
/// minutes on two cores, no network access. Repeat the command to continue after any interruption: finished runs are
/// not trained again, and an unfinished run continues from its last checkpoint.
///
/// Ctrl-C saves the state first and exits with 75; a second Ctrl-C ends at once. The exit code is 0 if every run has
/// finished, and 1 if one failed or what was named was not measured because its data are not on this machine.
#[derive(Debug, Args)]
#[command(after_help = EXAMPLES)]
pub(crate) struct Arguments {
    /// Tables and figures to reproduce: table1 to table5, figure1 to figure7, or quick. By default, all that the profile
    /// covers.
    targets: Vec<String>,
    /// Experiments to run: a directory below experiments (quick, desk, paper, lifelong, readings, sweeps), or one experiment file. By
    /// default quick.
    #[arg(long, value_name = "quick|desk|paper|lifelong|FILE")]
    profile: Option<String>,
    #[command(flatten)]
    common: Common,
}

/// Who works on the runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Where {
    /// This machine.
    Local,
    /// A Slurm cluster that sees the same directories.
    Slurm,
}

/// Options of every command that trains.
#[derive(Debug, Args)]
pub(crate) struct Common {
    /// Device to compute on. auto is the first GPU if this build has CUDA and there is one, else the CPU.
    #[arg(long, default_value = "auto", value_name = "auto|cpu|cuda[:N]")]
    pub(crate) device: String,
    /// Let CUDA round f32 to TF32 on tensor cores: faster, with relative errors near 1e-3. Records say so.
    #[arg(long)]
    pub(crate) tf32: bool,
    /// Run each method with seeds 0 to N - 1. By default, as many seeds as the experiment says.
    #[arg(long, value_name = "N", value_parser = whole(1..=10_000_u64))]
    pub(crate) seeds: Option<u64>,
    /// Work on N runs at a time, each in a process of its own. GPUs are shared out among them. The results do not depend on
    /// N. By default 1, or one a core where `[resources]` of the experiments says `cpus = 1`; with Slurm, as many tasks as the
    /// cluster allows (also 0).
    #[arg(long, value_name = "N", value_parser = whole(0..=1_024_u64))]
    pub(crate) jobs: Option<u64>,
    /// Who works on the runs. With slurm, the section `[resources]` of an experiment says what each task gets.
    #[arg(long, value_name = "local|slurm", default_value = "local")]
    pub(crate) launcher: Where,
    /// With Slurm, look at the queue every so often.
    #[arg(long, value_name = "TIME", value_parser = duration, allow_hyphen_values = true, default_value = "30s")]
    pub(crate) interval: Duration,
    /// With Slurm, wait this long for a controller that does not answer. Submitted jobs stay in the queue after that.
    #[arg(long, value_name = "TIME", value_parser = duration, allow_hyphen_values = true, default_value = "30m")]
    pub(crate) patience: Duration,
    /// Try a failed run again up to N times if the failure may pass: its process died, or a file could not be written.
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = at_least(0_u64))]
    pub(crate) retries: u64,
    /// Run what fits into this time, such as 90s, 30m, 2h or 1d: the first seed of every method before the second seed of
    /// any, and the cheapest runs first.
    #[arg(long, value_name = "TIME", value_parser = duration, allow_hyphen_values = true)]
    pub(crate) budget: Option<Duration>,
    /// Choose C and gamma of the support vector machines by cross-validation on the labelled codes. The protocol's name
    /// says so. Otherwise C = 1 and gamma = 1 / dimensions.
    #[arg(long)]
    pub(crate) tune: bool,
    #[command(flatten)]
    pub(crate) data: DataDir,
    /// Directory for runs, results and the page. By default runs/PROFILE of the checkout; for train, runs/NAME of the experiment's file.
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Start over instead of continuing an earlier call.
    #[arg(long)]
    pub(crate) fresh: bool,
    /// Print all cells as one JSON document on standard output. Progress goes to standard error.
    #[arg(long)]
    pub(crate) json: bool,
}

/// The profile that is taken where none is named.
const QUICK: &str = "quick";
/// The longest time that may be given; clocks end somewhere beyond it.
const LONGEST: Duration = Duration::from_secs(36_500 * 86_400);

const EXAMPLES: &str = "\
Examples:
  cargo xtask reproduce                          the quick profile, into runs/quick
  cargo xtask reproduce table3 figure1           only these
  cargo xtask reproduce --seeds 5 --jobs 4       intervals over five seeds, four runs at a time
  cargo xtask reproduce --budget 2h              what fits into two hours
  cargo xtask reproduce --profile paper --launcher slurm

See docs/clusters.md for jobs, Slurm and budgets.";

pub(crate) fn run(arguments: &Arguments, place: &Place) -> Result<ExitCode> {
    let Arguments { targets, profile, common } = arguments;
    let (profile, targets) = chosen(profile.as_deref(), targets)?;
    let mut command = format!("{} reproduce {}", place.command, targets.join(" ")).trim_end().to_owned();
    if profile != QUICK {
        command += &format!(" --profile {}", quoted(profile));
    }
    let profile = Profile::load(&place.experiments(), profile)?.only(&targets, &place.paper()?)?;
    execute(profile, &targets, common, command, place)
}

/// The profile and its targets: `quick` is a profile, and as a target all of it.
fn chosen<'a>(profile: Option<&'a str>, targets: &[String]) -> Result<(&'a str, Vec<String>)> {
    let (quick, targets): (Vec<String>, Vec<String>) = targets.iter().cloned().partition(|target| target == QUICK);
    match profile {
        Some(other) if other != QUICK && !quick.is_empty() => bail!("quick is a profile too: leave it out, or --profile {other}"),
        profile => Ok((profile.unwrap_or(QUICK), targets)),
    }
}

/// The command with the options that change what comes out.
fn repeated(mut command: String, common: &Common) -> String {
    if let Some(seeds) = common.seeds {
        command += &format!(" --seeds {seeds}");
    }
    if let Some(budget) = common.budget {
        command += &format!(" --budget {}s", budget.as_secs_f64());
    }
    if common.device != "auto" {
        command += &format!(" --device {}", quoted(&common.device));
    }
    if let Some(directory) = &common.data.data_dir {
        command += &format!(" --data-dir {}", quoted(&directory.display().to_string()));
    }
    for (given, option) in [(common.tf32, " --tf32"), (common.tune, " --tune")] {
        command += if given { option } else { "" };
    }
    command
}

/// A word as a shell takes it for one.
pub(crate) fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-:=+,@%".contains(c);
    if !word.is_empty() && word.chars().all(plain) { word.to_owned() } else { format!("'{}'", word.replace('\'', "'\\''")) }
}

/// Runs a profile, of which these `targets` were named, and prints where its page is.
pub(crate) fn execute(profile: Profile, targets: &[String], common: &Common, command: String, place: &Place) -> Result<ExitCode> {
    crate::allow_tf32(common.tf32);
    profile.experiments.iter().flat_map(|experiment| &experiment.notes).for_each(|note| tracing::info!("{note}"));
    let out = common.out.clone().unwrap_or_else(|| place.root.join("runs").join(&profile.name));
    let launcher = launcher(common, &profile)?;
    let request = Request {
        profile,
        paper: place.paper()?,
        seeds: common.seeds,
        tune: common.tune,
        fresh: common.fresh,
        sources: common.data.sources(place)?,
        launcher,
        retries: common.retries,
        budget: common.budget.map(|budget| budget.as_secs_f64()),
        command: repeated(command, common),
    };
    let outcome = reproduced(&request, &out, &common.device, place)?;
    summarise(&outcome);
    let missing = without_runs(targets, &request.profile.experiments, &outcome.without_data);
    if !missing.is_empty() {
        tracing::error!("nothing was measured of {}", missing.join(", "));
    }
    if common.json {
        print(serde_json::to_string(&crate::cells::written(&outcome.cells))?);
    } else {
        show(&outcome, &place.command);
    }
    Ok(if missing.is_empty() { code(&outcome) } else { ExitCode::FAILURE })
}

/// What was asked for by name and has no run, since the data of all its experiments are `absent`: some of `targets`. Where none is
/// named, all experiments, but only if none of them has a run: a profile does without what is optional.
fn without_runs<'a>(targets: &'a [String], experiments: &'a [Experiment], absent: &[WithoutData]) -> Vec<&'a str> {
    let is_absent = |experiment: &Experiment| absent.iter().any(|absent| absent.experiment.name == experiment.name);
    if !targets.is_empty() {
        let has_none = |target: &&String| experiments.iter().filter(|experiment| experiment.targets.contains(target)).all(is_absent);
        return targets.iter().filter(has_none).map(String::as_str).collect();
    }
    if experiments.iter().all(is_absent) { experiments.iter().map(|experiment| experiment.name.as_str()).collect() } else { Vec::new() }
}

/// The exit code of a command that worked on runs.
pub(crate) fn code(outcome: &Outcome) -> ExitCode {
    let left = outcome.failed.iter().any(|failure| failure.left);
    stop::code(left, outcome.failed.iter().any(|failure| !failure.left))
}

/// Plans and runs what is asked for, with its progress on standard error.
pub(crate) fn reproduced(request: &Request, directory: &Path, device: &str, place: &Place) -> Result<Outcome> {
    let context = RunContext { root: &place.root, device, stop: stop::on_signal(Who::Command)?, ..RunContext::new(directory) };
    let reproduction = Reproduction::plan(request, &context)?;
    let progress = Progress::of(reproduction.runs().clone(), directory, &reproduction.costs(), request.retries);
    let outcome = reproduction.run(&RunContext { progress: &progress, ..context });
    progress.finish();
    Ok(outcome?)
}

fn launcher(common: &Common, profile: &Profile) -> Result<Launcher> {
    let mut jobs = common.jobs.map(usize::try_from).transpose()?;
    let on_gpu = common.device.starts_with("cuda") || (cfg!(feature = "cuda") && common.device == "auto");
    if jobs.is_none() && common.launcher == Where::Local && !on_gpu {
        jobs = Some(by_themselves(profile, available_parallelism().map_or(1, NonZero::get), common.seeds));
    }
    Ok(match (common.launcher, jobs) {
        (Where::Local, Some(0)) => bail!("--jobs 0: at least one run must be worked on; give 1 or more"),
        (Where::Local, None | Some(1)) => Launcher::Here,
        (Where::Local, Some(jobs)) => Launcher::Processes { program: std::env::current_exe()?, jobs },
        (Where::Slurm, jobs) => Launcher::Slurm(Cluster {
            program: std::env::current_exe()?,
            jobs: jobs.unwrap_or(0),
            interval: common.interval,
            patience: common.patience,
        }),
    })
}

/// Runs at a time where nobody says how many: one a core where all say that they use one, else one that uses all.
fn by_themselves(profile: &Profile, cores: usize, seeds: Option<u64>) -> usize {
    let of_one_core = profile.experiments.iter().all(|experiment| experiment.resources.cpus == 1);
    let runs: usize = profile.experiments.iter().map(|experiment| experiment.runs(seeds.unwrap_or(experiment.seeds)).len()).sum();
    if of_one_core { cores.min(runs).max(1) } else { 1 }
}

/// A time such as `90s`, `30m`, `2h` or `1.5d`.
fn duration(text: &str) -> Result<Duration, String> {
    let units = [("s", 1.0), ("m", 60.0), ("h", 3600.0), ("d", 86_400.0)];
    let parsed = units.iter().find_map(|(unit, seconds)| Some(text.strip_suffix(unit)?.parse::<f64>().ok()? * seconds));
    let seconds = parsed.filter(|seconds| *seconds > 0.0).ok_or("a number above 0 with s, m, h or d, such as 2h")?;
    let time = Duration::try_from_secs_f64(seconds).ok().filter(|time| *time <= LONGEST);
    time.ok_or_else(|| "no more than 36500d, a hundred years".into())
}

/// Runs whose directories are named, each; of more, the command that lists them.
const NAMED: usize = 6;

/// Prints the table of each experiment, where runs and page are, and what can be done next.
pub(crate) fn show(outcome: &Outcome, command: &str) {
    let tables = outcome.tables.iter().map(|(title, table)| (title, crate::headline_text(table, width())));
    for (title, text) in tables.filter(|(_, text)| !text.is_empty()) {
        print_in_passing(format_args!("{title}\n\n{text}"));
    }
    match outcome.runs.as_slice() {
        [] => {}
        runs if runs.len() <= NAMED => runs.iter().for_each(|run| print_in_passing(format_args!("run: {}", run.display()))),
        runs => {
            let all = outcome.page.parent().unwrap_or(&outcome.page);
            print_in_passing(format_args!("runs: {} finished; {command} runs list {} names them", runs.len(), all.display()));
        }
    }
    if !outcome.runs.is_empty() {
        print_in_passing(format_args!("next: {command} sample RUN --out samples.png, {command} hub push RUN me/NAME"));
    }
    print_in_passing(format_args!("page: {}", outcome.page.display()));
}

/// Says on standard error what came out, in a few lines.
pub(crate) fn summarise(outcome: &Outcome) {
    for failure in outcome.failed.iter().filter(|failure| !failure.waits) {
        tracing::error!("{} {} seed {}: {}", failure.experiment, failure.method, failure.seed, failure.problem);
    }
    waiting(&outcome.failed).iter().for_each(|line| tracing::info!("{line}"));
    for absent in &outcome.without_data {
        tracing::warn!("{}", absent.sentence());
    }
    for row in outcome.summary.iter().filter(|row| row.entry == Expectation::ENTRY) {
        match row.mean {
            Some(1.0) => tracing::info!("{}", row.note.as_deref().unwrap_or(&row.metric)),
            _ => tracing::warn!("{}", row.note.as_deref().unwrap_or(&row.metric)),
        }
    }
    if outcome.summary.iter().any(|row| row.verdict.is_some()) {
        tracing::info!("{} cells; {}", outcome.cells.len(), outcome.tally());
    }
}

#[cfg(test)]
mod tests {
    use std::{path::Path, time::Duration};

    use super::{by_themselves, chosen, duration, quoted, without_runs};
    use crate::{Profile, WithoutData};

    #[test]
    fn quick_is_a_profile_however_it_is_named_and_no_other_stands_beside_it() {
        let own = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        for (profile, targets, expected) in [
            (None, own(&[]), ("quick", own(&[]))),
            (None, own(&["quick", "table3"]), ("quick", own(&["table3"]))),
            (Some("quick"), own(&["quick"]), ("quick", own(&[]))),
            (Some("desk"), own(&["table3"]), ("desk", own(&["table3"]))),
        ] {
            assert_eq!(chosen(profile, &targets).unwrap(), expected);
        }
        let message = chosen(Some("desk"), &own(&["quick"])).unwrap_err().to_string();
        assert_eq!(message, "quick is a profile too: leave it out, or --profile desk");
    }

    #[test]
    fn a_time_has_a_unit_and_an_end() {
        let seconds = ["90s", "30m", "2h", "1.5d", "36500d"].map(|text| duration(text).unwrap().as_secs_f64());
        assert_eq!(seconds, [90.0, 1800.0, 7200.0, 129_600.0, 36_500.0 * 86_400.0]);
        assert_eq!(duration("0.001s"), Ok(Duration::from_millis(1)));
        for text in ["1e20d", "36501d", "infs"] {
            assert_eq!(duration(text), Err("no more than 36500d, a hundred years".into()), "{text}");
        }
        for text in ["soon", "2", "0s", "-1h", "nans"] {
            assert_eq!(duration(text), Err("a number above 0 with s, m, h or d, such as 2h".into()), "{text}");
        }
    }

    #[test]
    fn runs_of_one_core_each_are_worked_on_beside_each_other() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("mine.toml");
        let jobs = |resources: &str, cores, seeds| {
            let text = format!(
                "version = 1\ntitle = \"Mine\"\nseeds = 3\n[dataset]\nname = \"digits\"\n[model]\nname = \"mlp\"\n{resources}[methods.vae]\nobjective = \"vae\"\n"
            );
            std::fs::write(&file, text).unwrap();
            by_themselves(&Profile::of_file(&file, &[]).unwrap(), cores, seeds)
        };
        assert_eq!(jobs("", 8, None), 1);
        let one = "[resources]\ncpus = 1\n";
        assert_eq!([jobs(one, 2, None), jobs(one, 8, None), jobs(one, 8, Some(5)), jobs(one, 1, None)], [2, 3, 5, 1]);
        assert_eq!(jobs("[resources]\ncpus = 2\n", 8, None), 1);
    }

    #[test]
    fn what_was_named_and_has_no_data_is_missing_and_what_is_optional_is_not() {
        let quick = Profile::load(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments"), "quick").unwrap().experiments;
        let optional = quick.iter().filter(|experiment| experiment.optional);
        let absent: Vec<_> = optional.map(|one| WithoutData { experiment: one.clone(), dataset: one.name.clone() }).collect();
        let missing = |targets: &[&str]| {
            let targets: Vec<String> = targets.iter().map(|target| (*target).to_owned()).collect();
            without_runs(&targets, &quick, &absent).into_iter().map(String::from).collect::<Vec<_>>()
        };
        assert_eq!(missing(&[]), [""; 0]);
        // Table 1 has a row of the digits.
        assert_eq!(missing(&["table1", "table2", "table3", "table5"]), ["table2", "table5"]);
        let of = |name: &str| absent.iter().find(|one| one.dataset == name).unwrap().experiment.clone();
        assert_eq!(without_runs(&[], &[of("omniglot")], &absent), ["omniglot"]);
    }

    #[test]
    fn a_word_of_the_command_stays_one_word() {
        let found = ["mine.toml", "my file.toml", "it's", "", "a$b"].map(quoted);
        assert_eq!(found, ["mine.toml", "'my file.toml'", "'it'\\''s'", "''", "'a$b'"]);
    }
}
