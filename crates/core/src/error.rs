//! What can go wrong between the crates of the line.

/// The result of a fallible operation on the line's traits and values.
pub type Result<T> = std::result::Result<T, Error>;

/// An error of the line's traits and values. Each names the value at fault and what would be right.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A name that no catalogue entry has.
    #[error("unknown {kind} \"{name}\"{}; there are: {}", suggestion(.nearest, .why), .available.join(", "))]
    UnknownName {
        /// What was looked up: objective, prior, dataset ...
        kind: &'static str,
        /// The name as given.
        name: String,
        /// The entry that is called so elsewhere, or the one with the most similar name, where one is similar.
        nearest: Option<String>,
        /// Which of several is meant elsewhere, and why; empty where there is nothing to say.
        why: &'static str,
        /// Every name that exists.
        available: Vec<String>,
    },
    /// An entry that a catalogue cannot take.
    #[error("{kind} \"{name}\": {problem}")]
    Entry {
        /// The kind of the entry.
        kind: &'static str,
        /// Its name.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A setting that the named entry does not have.
    #[error("{kind} \"{name}\" has no setting \"{key}\"{}; it has: {}", suggestion(.nearest, ""), list(.available))]
    UnknownKey {
        /// The kind of the entry.
        kind: &'static str,
        /// The entry.
        name: String,
        /// The setting as given.
        key: String,
        /// The setting with the most similar name, where one is similar.
        nearest: Option<String>,
        /// Every setting of the entry.
        available: Vec<String>,
    },
    /// A setting out of its range or of the wrong type.
    #[error("{kind} \"{name}\": {key} = {given} is not allowed; it must be {allowed}")]
    Setting {
        /// The kind of the entry.
        kind: &'static str,
        /// The entry.
        name: String,
        /// The setting.
        key: String,
        /// The value as given.
        given: String,
        /// What is allowed.
        allowed: String,
    },
    /// A tensor or buffer of the wrong shape.
    #[error("{what}: expected shape {expected}, got {got:?}")]
    Shape {
        /// The value whose shape is wrong.
        what: String,
        /// The shape that would be right.
        expected: String,
        /// The shape found.
        got: Vec<usize>,
    },
    /// A named tensor that a set of parameters lacks, or has beyond what it should.
    #[error("parameter \"{name}\": {problem}")]
    Parameter {
        /// The parameter.
        name: String,
        /// What is wrong with it.
        problem: String,
    },
    /// A combination of parts that has no meaning.
    #[error("{what}: {reason}")]
    Unsupported {
        /// The combination.
        what: String,
        /// Why it has none.
        reason: String,
    },
    /// A failure of a data source while batches are drawn.
    #[error("data: {0}")]
    Data(String),
    /// A failure of a tensor operation.
    #[error(transparent)]
    Tensor(#[from] candle_core::Error),
}

impl Error {
    /// A shape error; `expected` in words, for instance `[N, 8]`.
    pub fn shape(what: impl Into<String>, expected: impl Into<String>, got: &[usize]) -> Self {
        Self::Shape { what: what.into(), expected: expected.into(), got: got.to_vec() }
    }
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

fn suggestion(nearest: &Option<String>, why: &str) -> String {
    let why = if why.is_empty() { String::new() } else { format!(" {why}") };
    nearest.as_ref().map(|n| format!(" (did you mean \"{n}\"?{why})")).unwrap_or_default()
}

fn list(names: &[String]) -> String {
    if names.is_empty() { "none".into() } else { names.join(", ") }
}
