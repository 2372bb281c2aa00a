//! The errors of this crate.

/// The result of a function of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// An error of a fit.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The numbers of labels and points differ.
    #[error("{labels} labels for {points} points; one each is needed")]
    Count {
        /// Rows of the features.
        points: usize,
        /// Labels given.
        labels: usize,
    },
    /// Two sets of features have different numbers of columns.
    #[error("{what} have {got} columns, expected {expected}")]
    Columns {
        /// Which points.
        what: &'static str,
        /// Columns of the points fitted to.
        expected: usize,
        /// Columns given.
        got: usize,
    },
    /// There are fewer than two classes.
    #[error("the labels are of {classes} class(es); at least two are needed")]
    Classes {
        /// Different labels.
        classes: usize,
    },
    /// A feature is NaN or infinite, or its kernels are.
    #[error("{what}: the value in row {row}, column {column} is {value}, not a finite number")]
    NotFinite {
        /// Which points.
        what: &'static str,
        /// Its row.
        row: usize,
        /// Its column.
        column: usize,
        /// The value.
        value: f64,
    },
    /// A setting is out of range.
    #[error("{name} = {value} must be {allowed}")]
    Setting {
        /// Its name.
        name: &'static str,
        /// The value given.
        value: f64,
        /// What is allowed.
        allowed: &'static str,
    },
    /// There are too many points for the kernel matrix.
    #[error(
        "{points} points need a kernel matrix of {mib} MiB, at most {limit_mib} MiB are allowed; take fewer points or the linear kernel"
    )]
    TooLarge {
        /// Points asked for.
        points: usize,
        /// What they need.
        mib: usize,
        /// What is allowed.
        limit_mib: usize,
    },
    /// The solver did not reach its tolerance.
    #[error("no solution to a tolerance of {tolerance} after {iterations} iterations; a smaller cost or standardised features help")]
    NotConverged {
        /// Iterations made.
        iterations: usize,
        /// The tolerance asked for.
        tolerance: f64,
    },
    /// A class has too few labels for cross-validation.
    #[error("{folds} folds need at least {folds} labels of each class, one class has {fewest}")]
    Folds {
        /// Folds asked for.
        folds: usize,
        /// Labels of the rarest class.
        fewest: usize,
    },
    /// An error of linfa.
    #[error(transparent)]
    Linfa(#[from] linfa::Error),
}
