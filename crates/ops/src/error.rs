//! The errors of this crate.

use candle_core::{DType, Tensor};

/// The result of a function of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// An error of an operation.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A tensor has the wrong shape.
    #[error("{op}: {argument} must be {expected}, got {got:?}")]
    Shape {
        /// The public function.
        op: &'static str,
        /// The argument's name.
        argument: &'static str,
        /// The shape it should have, with the dimensions known so far filled in.
        expected: String,
        /// The dimensions it has.
        got: Vec<usize>,
    },
    /// A tensor has a dtype that the operation does not take.
    #[error("{op}: {argument} must be {expected}, got {got:?}")]
    DType {
        /// The public function.
        op: &'static str,
        /// The argument's name.
        argument: &'static str,
        /// What it should be.
        expected: String,
        /// What it is.
        got: DType,
    },
    /// A parameter is out of range.
    #[error("{op}: {parameter} = {value}: {reason}")]
    Parameter {
        /// The public function.
        op: &'static str,
        /// The parameter's name.
        parameter: &'static str,
        /// Its value.
        value: String,
        /// The rule it breaks.
        reason: &'static str,
    },
    /// A batch has too few values for a variance.
    #[error("{op}: batch statistics need at least two values per channel, got {got}")]
    TooFewValues {
        /// The public function.
        op: &'static str,
        /// Values per channel.
        got: usize,
    },
    /// The operation does not exist on this device.
    #[error("{op}: {what} is not available on {device}")]
    Unsupported {
        /// The public function.
        op: &'static str,
        /// The missing part.
        what: &'static str,
        /// The device asked for.
        device: String,
    },
    /// The loss does not depend on a parameter of the optimiser.
    #[error("parameter {name} has no gradient: the loss does not depend on it")]
    MissingGradient {
        /// The parameter's name.
        name: String,
    },
    /// Two parameters have the same name.
    #[error("parameter {name} is given twice")]
    DuplicateParameter {
        /// The name.
        name: String,
    },
    /// An optimiser state lacks an entry.
    #[error("optimiser state has no entry {key}")]
    MissingState {
        /// The entry's key.
        key: String,
    },
    /// An optimiser state belongs to another model.
    #[error("optimiser state {key}: expected {expected:?}, got {got:?}")]
    StateShape {
        /// The entry's key.
        key: String,
        /// The parameter's dimensions.
        expected: Vec<usize>,
        /// The entry's dimensions.
        got: Vec<usize>,
    },
    /// The step count of an optimiser state is not a non-negative integer.
    #[error("optimiser state {key}: {value} is not a step count")]
    StateStep {
        /// The entry's key.
        key: String,
        /// What it holds.
        value: String,
    },
    /// An error of candle.
    #[error(transparent)]
    Tensor(#[from] candle_core::Error),
}

/// So that `?` works inside candle's `forward`.
impl From<Error> for candle_core::Error {
    fn from(error: Error) -> Self {
        match error {
            Error::Tensor(error) => error,
            other => Self::wrap(other),
        }
    }
}

pub(crate) fn shape_error(op: &'static str, argument: &'static str, expected: impl Into<String>, got: &Tensor) -> Error {
    Error::Shape { op, argument, expected: expected.into(), got: got.dims().to_vec() }
}

/// `x` must hold `f32` or `f64`.
pub(crate) fn check_float(op: &'static str, argument: &'static str, x: &Tensor) -> Result<()> {
    match x.dtype() {
        DType::F32 | DType::F64 => Ok(()),
        got => Err(Error::DType { op, argument, expected: "F32 or F64".to_owned(), got }),
    }
}

/// `x` must hold the same dtype as the first argument.
pub(crate) fn check_dtype(op: &'static str, argument: &'static str, x: &Tensor, like: &Tensor) -> Result<()> {
    if x.dtype() == like.dtype() {
        return Ok(());
    }
    Err(Error::DType { op, argument, expected: format!("{:?} like the input", like.dtype()), got: x.dtype() })
}

/// `x` must be a vector of `len` elements with the dtype of `like`.
pub(crate) fn check_vector(op: &'static str, argument: &'static str, x: &Tensor, len: usize, like: &Tensor) -> Result<()> {
    check_dtype(op, argument, x, like)?;
    if x.dims() != [len] {
        return Err(shape_error(op, argument, format!("[{len}]"), x));
    }
    Ok(())
}
