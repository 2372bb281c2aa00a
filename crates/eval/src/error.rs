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
    /// Codes and labels that give no classifier.
    #[error("support vector machines: {0}")]
    Svm(#[from] vimae_svm::Error),
}

impl From<candle_core::Error> for Error {
    fn from(error: candle_core::Error) -> Self {
        Self::Core(error.into())
    }
}
