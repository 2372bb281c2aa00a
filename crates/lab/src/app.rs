//! The command line, whole, for this project's own command and for programs with components of their own.

mod added;
mod bar;
mod cancel;
mod catalogue;
mod colours;
mod data;
mod data_dir;
mod eval;
mod export;
mod fid;
mod help;
mod home;
mod hub;
mod messages;
mod network;
mod number;
mod outputs;
mod place;
mod progress;
mod report;
mod reproduce;
mod runs;
mod spec;
mod standard_streams;
mod status;
mod stop;
mod time_left;
mod train;
mod transfer;
mod verify;
mod waiting;
mod worker;

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};
use vimae_continual::{BuildStrategy, BuildStream, STRATEGIES, STREAMS};
use vimae_core::Entry;
use vimae_corruptions::BuildCorruption;
use vimae_metrics::{
    BuildMetric, METRICS,
    accuracy::classifiers::{BuildClassifier, CLASSIFIERS},
};
use vimae_models::{BuildModel, MODELS};
use vimae_objectives::{
    BuildObjective, OBJECTIVES,
    divergence::{BuildDivergence, DIVERGENCES},
    likelihood::{BuildLikelihood, LIKELIHOODS},
    noise::{BuildNoise, NOISES},
};
use vimae_priors::{
    BuildPrior, PRIORS,
    sampler::{BuildSampler, SAMPLERS},
};

pub use data_dir::DataDir;
pub use network::WithNetwork;
pub use place::{Place, TimeStep};
pub use standard_streams::print;

use crate::command;
use added::Added;

/// The command line as a program: `App::new().run()` is all of `main`.
///
/// A program of your own adds its components to the catalogues, and then every command has them: experiments name them, runs
/// train, stop, resume, are evaluated and published, and workers of `--jobs` and Slurm are this program again.
///
/// ```no_run
/// use vimae_core::{Entry, NoSettings, settings::Schema};
/// use vimae_lab::App;
/// use vimae_models::{BuildModel, Modules};
/// use vimae_ops::nn::{linear, seq_t};
///
/// const ONE_LAYER: Entry<BuildModel> = Entry {
///     name: "one_layer",
///     summary: "one layer on either side of the code",
///     source: "made up",
///     settings: Schema::of::<NoSettings>,
///     build: |_, request| {
///         let (pixels, code) = (request.image.len(), request.code);
///         Ok(Box::new(Modules::new(
///             request,
///             |vb, outputs| Ok(seq_t().add_fn(|x| x.flatten_from(1)).add(linear(pixels, outputs, vb)?)),
///             |vb| Ok(seq_t().add(linear(code, request.outputs(), vb)?).add(request.last_activation())),
///         )?))
///     },
/// };
///
/// fn main() -> std::process::ExitCode {
///     App::new().model(ONE_LAYER).run()
/// }
/// ```
///
/// The version of a program's own code is not part of what names a run: after a change to a component, start over
/// with `--fresh`, or give the component another name.
#[derive(Default)]
#[must_use]
pub struct App {
    command: Option<String>,
    root: Option<PathBuf>,
    timed_step: Option<TimeStep>,
    with_network: Option<WithNetwork>,
    added: Added,
}

impl App {
    /// The command line with the components of this workspace. It is called as the program is, and works in the current directory.
    pub fn new() -> Self {
        Self::default()
    }

    /// What people type to call the program, for help and messages; the name of its file unless it is said.
    pub fn command(self, command: &str) -> Self {
        Self { command: Some(command.into()), ..self }
    }

    /// The directory with `experiments`, `runs` and the cache of data sets; the current one unless it is said.
    pub fn root(self, root: &Path) -> Self {
        Self { root: Some(root.into()), ..self }
    }

    /// How to time a training step, from which `spec expand` foretells times where no run has finished; those of a common
    /// machine unless it is said.
    pub fn timed_step(self, time: TimeStep) -> Self {
        Self { timed_step: Some(time), ..self }
    }

    /// Which program to call in place of this one where a command needs the network and this build has none: one without the
    /// feature `network`, which is built much sooner. Unless it is said, such a command fails with the word for it.
    pub fn with_network(self, program: WithNetwork) -> Self {
        Self { with_network: Some(program), ..self }
    }

    /// Reads the arguments of the process, does what they say, and gives the exit code.
    pub fn run(self) -> ExitCode {
        self.run_with(|nothing: Nothing, _| match nothing {})
    }

    /// As [`App::run`], with subcommands of the program's own. What they fail with is said on standard error.
    pub fn run_with<C: Subcommand>(
        self,
        more: impl FnOnce(C, &Place) -> std::result::Result<ExitCode, Box<dyn std::error::Error + Send + Sync>>,
    ) -> ExitCode {
        // Before any other thread has allocated.
        vimae_ops::keep_freed_memory();
        messages::begin();
        let Self { command, root, timed_step, with_network, added } = self;
        let place = Place {
            command: command.unwrap_or_else(program),
            root: root.unwrap_or_else(|| std::env::current_dir().unwrap_or_else(|_| PathBuf::from("."))),
            timed_step,
        };
        command::call(&place.command);
        let matches = home::known(number::answered(help::called(Cli::<C>::command(), &place.command))).get_matches();
        let cli = Cli::<C>::from_arg_matches(&matches).unwrap_or_else(|error| error.exit());
        let result = added.register().map_err(anyhow::Error::from).and_then(|()| match cli.command {
            Command::More(command) => more(command, &place).map_err(anyhow::Error::from_boxed),
            command => command.run(&place),
        });
        let result = result.or_else(|error| network::hand_on(error, with_network));
        standard_streams::code(result.unwrap_or_else(|error| {
            tracing::error!("{}", standard_streams::once(&error));
            ExitCode::FAILURE
        }))
    }
}

/// Components. A name that is taken ends the program with the word for it.
impl App {
    fn adding(mut self, add: impl FnOnce() -> vimae_core::Result<()> + 'static) -> Self {
        self.added.other(add);
        self
    }

    /// Adds a network.
    pub fn model(self, entry: Entry<BuildModel>) -> Self {
        self.adding(move || MODELS.add(entry))
    }

    /// Adds an objective.
    pub fn objective(self, entry: Entry<BuildObjective>) -> Self {
        self.adding(move || OBJECTIVES.add(entry))
    }

    /// Adds an encoder noise.
    pub fn noise(self, entry: Entry<BuildNoise>) -> Self {
        self.adding(move || NOISES.add(entry))
    }

    /// Adds a likelihood.
    pub fn likelihood(self, entry: Entry<BuildLikelihood>) -> Self {
        self.adding(move || LIKELIHOODS.add(entry))
    }

    /// Adds a sampler.
    pub fn sampler(self, entry: Entry<BuildSampler>) -> Self {
        self.adding(move || SAMPLERS.add(entry))
    }

    /// Adds a divergence.
    pub fn divergence(self, entry: Entry<BuildDivergence>) -> Self {
        self.adding(move || DIVERGENCES.add(entry))
    }

    /// Adds a prior.
    pub fn prior(self, entry: Entry<BuildPrior>) -> Self {
        self.adding(move || PRIORS.add(entry))
    }

    /// Adds a corruption of images, which is an encoder noise `pixel_NAME` as well.
    pub fn corruption(mut self, entry: Entry<BuildCorruption>) -> Self {
        self.added.corruption(entry);
        self
    }

    /// Adds a stream of tasks.
    pub fn stream(self, entry: Entry<BuildStream>) -> Self {
        self.adding(move || STREAMS.add(entry))
    }

    /// Adds a strategy against forgetting.
    pub fn strategy(self, entry: Entry<BuildStrategy>) -> Self {
        self.adding(move || STRATEGIES.add(entry))
    }

    /// Adds a metric.
    pub fn metric(self, entry: Entry<BuildMetric>) -> Self {
        self.adding(move || METRICS.add(entry))
    }

    /// Adds a classifier of codes.
    pub fn classifier(self, entry: Entry<BuildClassifier>) -> Self {
        self.adding(move || CLASSIFIERS.add(entry))
    }
}

/// Train, compare, measure and publish autoencoders, and reproduce The Variational InfoMax AutoEncoder.
///
/// Results go to standard output, progress and messages to standard error. RUST_LOG=debug shows more of the latter.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, after_help = EXAMPLES)]
struct Cli<C: Subcommand> {
    #[command(subcommand)]
    command: Command<C>,
}

#[derive(Debug, Subcommand)]
enum Command<C: Subcommand> {
    Reproduce(reproduce::Arguments),
    Train(train::Arguments),
    Status(status::Arguments),
    Report(report::Arguments),
    Cancel(cancel::Arguments),
    Eval(eval::Arguments),
    Verify(verify::Arguments),
    Spec(spec::Arguments),
    Runs(runs::Arguments),
    Sample(outputs::Sample),
    Encode(outputs::Encode),
    Reconstruct(outputs::Reconstruct),
    Traverse(outputs::Traverse),
    Interpolate(outputs::Interpolate),
    Export(export::Arguments),
    Data(data::Arguments),
    Fid(fid::Arguments),
    Hub(hub::Arguments),
    Catalogue(catalogue::Arguments),
    #[command(hide = true)]
    Worker(worker::Arguments),
    #[command(flatten)]
    More(C),
}

const EXAMPLES: &str = "\
Begin with:
  cargo xtask reproduce                   the paper in small, about eight minutes on two cores
  cargo xtask train mine.toml             an experiment of your own
  cargo xtask catalogue                   a page of everything that an experiment can choose
  cargo xtask COMMAND --help              options and examples of a command

Documents: README.md, and in docs: experiments.md, models.md, publishing.md, clusters.md,
lifelong.md, protocols.md, statistics.md, conventions.md, coming-from-pythae.md";

impl<C: Subcommand> Command<C> {
    fn run(&self, place: &Place) -> anyhow::Result<ExitCode> {
        match self {
            Self::Reproduce(arguments) => reproduce::run(arguments, place),
            Self::Train(arguments) => train::run(arguments, place),
            Self::Status(arguments) => status::run(arguments, place),
            Self::Report(arguments) => report::run(arguments, place),
            Self::Cancel(arguments) => cancel::run(arguments, place),
            Self::Eval(arguments) => eval::run(arguments, place),
            Self::Verify(arguments) => verify::run(arguments, place),
            Self::Spec(arguments) => spec::run(arguments, place),
            Self::Runs(arguments) => runs::run(arguments, place),
            Self::Sample(arguments) => outputs::sample(arguments),
            Self::Encode(arguments) => outputs::encode(arguments, place),
            Self::Reconstruct(arguments) => outputs::reconstruct(arguments, place),
            Self::Traverse(arguments) => outputs::traverse(arguments, place),
            Self::Interpolate(arguments) => outputs::interpolate(arguments, place),
            Self::Export(arguments) => export::run(arguments, place),
            Self::Data(arguments) => data::run(arguments, place),
            Self::Fid(arguments) => fid::run(arguments, place),
            Self::Hub(arguments) => hub::run(arguments, place),
            Self::Catalogue(arguments) => catalogue::run(arguments, place),
            Self::Worker(arguments) => worker::run(arguments, place),
            Self::More(_) => Ok(ExitCode::SUCCESS),
        }
    }
}

/// No subcommands beyond these.
#[derive(Debug, Subcommand)]
enum Nothing {}

/// The name of the program's file.
fn program() -> String {
    let path = std::env::args_os().next().map(PathBuf::from);
    path.and_then(|path| Some(path.file_stem()?.to_string_lossy().into_owned())).unwrap_or_else(|| "vimae".into())
}
