//! What can go wrong in an evaluation.

/// The result of an evaluation.
pub type Result<T> = std::result::Result<T, Error>;

/// An error of an evaluation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// An error of the model, the data or a metric.
    #[error(transparent)]
    Core(#[from] vimae_core::Error),
    /// A support vector machine that could not be fitted.
    #[error("support vector machine for class {class}: {source}")]
    Svm {
        /// The class against the rest.
        class: u32,
        /// What the solver says.
        source: linfa_svm::SvmError,
    },
    /// Training data that give no classifier.
    #[error("support vector machines: {0}")]
    Labels(String),
}

impl From<candle_core::Error> for Error {
    fn from(error: candle_core::Error) -> Self {
        Self::Core(error.into())
    }
}
