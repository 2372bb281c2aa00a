//! What can be wrong with an argument, in fields a caller can match on.

use candle_core::{DType, Tensor};

/// The result of every operation of this crate.
pub type Result<T> = std::result::Result<T, Error>;

/// Why an operation refused its arguments, or what candle said.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A tensor of the wrong shape.
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
    /// A tensor whose numbers are of a kind that the operation does not compute with.
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
    /// A number outside the range in which the operation means something.
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
    /// A batch with too few values to take a variance over.
    #[error("{op}: batch statistics need at least two values per channel, got {got}")]
    TooFewValues {
        /// The public function.
        op: &'static str,
        /// Values per channel.
        got: usize,
    },
    /// The operation exists on another device only.
    #[error("{op}: {what} is not available on {device}")]
    Unsupported {
        /// The public function.
        op: &'static str,
        /// The missing part.
        what: &'static str,
        /// The device asked for.
        device: String,
    },
    /// The loss does not depend on a parameter that the optimiser was told to train.
    #[error("parameter {name} has no gradient: the loss does not depend on it")]
    MissingGradient {
        /// The parameter's name.
        name: String,
    },
    /// Two parameters under one name.
    #[error("parameter {name} is given twice")]
    DuplicateParameter {
        /// The name.
        name: String,
    },
    /// An optimiser state that lacks an entry.
    #[error("optimiser state has no entry {key}")]
    MissingState {
        /// The entry's key.
        key: String,
    },
    /// An optimiser state of another model.
    #[error("optimiser state {key}: expected {expected:?}, got {got:?}")]
    StateShape {
        /// The entry's key.
        key: String,
        /// The parameter's dimensions.
        expected: Vec<usize>,
        /// The entry's dimensions.
        got: Vec<usize>,
    },
    /// An optimiser state whose step count is no whole, non-negative number.
    #[error("optimiser state {key}: {value} is not a step count")]
    StateStep {
        /// The entry's key.
        key: String,
        /// What it holds.
        value: String,
    },
    /// candle's own error.
    #[error(transparent)]
    Tensor(#[from] candle_core::Error),
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

/// `x` must hold the same kind of numbers as the first argument.
pub(crate) fn check_dtype(op: &'static str, argument: &'static str, x: &Tensor, like: &Tensor) -> Result<()> {
    if x.dtype() == like.dtype() {
        return Ok(());
    }
    Err(Error::DType { op, argument, expected: format!("{:?} like the input", like.dtype()), got: x.dtype() })
}

/// `x` must be a vector of `len` numbers of the same kind as `like`.
pub(crate) fn check_vector(op: &'static str, argument: &'static str, x: &Tensor, len: usize, like: &Tensor) -> Result<()> {
    check_dtype(op, argument, x, like)?;
    if x.dims() != [len] {
        return Err(shape_error(op, argument, format!("[{len}]"), x));
    }
    Ok(())
}
