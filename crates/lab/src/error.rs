//! What can stop the line.

use std::path::PathBuf;

/// The result of running experiments.
pub type Result<T> = std::result::Result<T, Error>;

/// An error of the line: most come from one of its parts, with the file or run they belong to.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A part that the specification asks for and that does not exist or cannot be built.
    #[error("{place}: {source}")]
    Part {
        /// The file, run or option that asks for it.
        place: String,
        /// What is wrong.
        source: vimae_core::Error,
    },
    /// A target that the profile does not cover.
    #[error("profile {profile} has nothing for {target}; it covers: {}", .covered.join(", "))]
    NotCovered {
        /// The table or figure asked for.
        target: String,
        /// The profile.
        profile: String,
        /// What it covers.
        covered: Vec<String>,
    },
    /// A profile that is neither a folder of experiments nor a file.
    #[error("profile {name}: no experiments in {}; give quick, desk, paper, lifelong, readings, sweeps or the path of an experiment file", folder.display())]
    NoProfile {
        /// The name as given.
        name: String,
        /// Where experiments were looked for.
        folder: PathBuf,
    },
    /// Terms that must be accepted before a data set is brought.
    #[error("data set {name} has terms to accept first: {terms}; repeat with --accept-licence if you do")]
    Licence {
        /// The data set.
        name: String,
        /// Its terms.
        terms: String,
    },
    /// A directory of data sets that is none.
    #[error("{given} {}: there is no such directory; give one that holds data sets, or leave it out", path.display())]
    NoDataDir {
        /// How it was given: the option, or the variable of the environment.
        given: &'static str,
        /// The directory.
        path: PathBuf,
    },
    /// A data set without a file to bring.
    #[error("nothing to fetch for {name}: {reason}")]
    NothingToFetch {
        /// The data set.
        name: String,
        /// Why, and what to do.
        reason: String,
    },
    /// A device that this build or this machine does not have.
    #[error("device {name}: {problem}")]
    Device {
        /// The device as given.
        name: String,
        /// Why there is none, and what to do.
        problem: String,
    },
    /// Images, or a network to compare them with, that cannot be had.
    #[error("{place}: {problem}")]
    Images {
        /// The folder, archive, run, data set or file.
        place: String,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// A file or folder that would be written over.
    #[error("{} exists already; {}", path.display(), cure(.replaceable))]
    Exists {
        /// The file or folder.
        path: PathBuf,
        /// Whether `--overwrite` of the command would replace it.
        replaceable: bool,
    },
    /// An output that cannot be written.
    #[error("{}: {problem}", path.display())]
    Output {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// A record that cannot be read.
    #[error("{}: {problem}", path.display())]
    Record {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: String,
    },
    /// Processes that cannot be started or spoken to.
    #[error("{}: {problem}", path.display())]
    Launch {
        /// The program or folder.
        path: PathBuf,
        /// What is wrong, and what would be right.
        problem: String,
    },
    /// The work was told to stop between two parts of it. What was done is kept.
    #[error("stopped; the same command goes on from there")]
    Stopped,
    /// An error of a part of the line.
    #[error(transparent)]
    Core(#[from] vimae_core::Error),
    /// A failure of a device.
    #[error(transparent)]
    Tensor(#[from] candle_core::Error),
    /// An error of a specification.
    #[error(transparent)]
    Spec(#[from] vimae_spec::Error),
    /// An error of a data set.
    #[error(transparent)]
    Data(#[from] vimae_datasets::Error),
    /// Data that a run asks for and that cannot be read.
    #[error("{place}: {source}")]
    Unreadable {
        /// The file and method that ask for it.
        place: String,
        /// What is wrong with it, and where it is.
        source: vimae_datasets::Error,
    },
    /// An image file among others that cannot be decoded.
    #[error("{0}; --skip-broken leaves such images out and names them")]
    BrokenImage(vimae_datasets::Error),
    /// A transfer that failed.
    #[error(transparent)]
    Hub(#[from] vimae_hub::Error),
    /// A file that is not here, in a build without the feature `network`.
    #[error("{file}: {problem}")]
    NoNetwork {
        /// The file.
        file: String,
        /// Why it is not to be had, and what to do.
        problem: String,
    },
    /// An error of training.
    #[error(transparent)]
    Training(#[from] vimae_trainer::Error),
    /// Tasks or a strategy that make no sense.
    #[error(transparent)]
    Continual(vimae_continual::Error),
    /// Tasks of a run, or its strategy, that make no sense.
    #[error("{place}: {source}")]
    Tasks {
        /// The file and method that ask for them.
        place: String,
        /// What is wrong with them.
        source: vimae_continual::Error,
    },
    /// An error of a file that must not be lost.
    #[error(transparent)]
    Checkpoint(#[from] vimae_checkpoint::Error),
    /// Codes and labels that give no support vector machine.
    #[error(transparent)]
    Svm(#[from] vimae_svm::Error),
    /// An error of the page.
    #[error(transparent)]
    Report(#[from] vimae_report::Error),
}

/// What to do about something that would be written over.
fn cure(replaceable: &bool) -> &'static str {
    if *replaceable { "give another place, remove it, or replace it with --overwrite" } else { "give another place, or remove it" }
}

/// What a part of the line reports through the stream is that part's error.
impl From<vimae_continual::Error> for Error {
    fn from(error: vimae_continual::Error) -> Self {
        use vimae_continual::Error as Continual;
        match error {
            Continual::Core(error) => Self::Core(error),
            Continual::Training(error) => Self::Training(error),
            Continual::Checkpoint(error) => Self::Checkpoint(error),
            Continual::Tensor(error) => Self::Tensor(error),
            other => Self::Continual(other),
        }
    }
}

impl Error {
    /// The error with the file and method whose parts or data it is about.
    pub(crate) fn of_run(self, place: &str) -> Self {
        let place = || place.to_owned();
        match self {
            Self::Core(source) => Self::Part { place: place(), source },
            Self::Data(vimae_datasets::Error::Core(source)) => Self::Part { place: place(), source: *source },
            Self::Data(source) => Self::Unreadable { place: place(), source },
            Self::Continual(source) => Self::Tasks { place: place(), source },
            other => other,
        }
    }

    /// The error with the change of the command line, `KEY=VALUE`, that it is about.
    pub(crate) fn of_change(self, change: &str) -> Self {
        let place = format!("--set {change}");
        match self {
            Self::Spec(error) => Self::Spec(error.at(&place)),
            Self::Part { source, .. } | Self::Core(source) => Self::Part { place, source },
            other => other,
        }
    }

    /// Whether the same run may succeed when it is tried again: a full disk or a device that failed may, a wrong
    /// setting or a loss that is not finite will not.
    pub(crate) fn may_pass(&self) -> bool {
        use vimae_checkpoint::Error as Kept;
        let file = |error: &Kept| matches!(error, Kept::File { .. });
        match self {
            Self::Tensor(_) | Self::Training(vimae_trainer::Error::Log { .. } | vimae_trainer::Error::Tensor(_)) => true,
            Self::Checkpoint(error) | Self::Training(vimae_trainer::Error::Checkpoint(error)) => file(error),
            _ => false,
        }
    }
}
