//! How a run is published, and what was.

/// How a run is published.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Publish {
    /// Whether a repository that is made is private; private where this says nothing. Where it says something, a repository
    /// that exists must agree.
    pub private: Option<bool>,
    /// The branch, made where it does not exist; the main branch where this says nothing.
    pub revision: Option<String>,
    /// The commit's message.
    pub message: Option<String>,
}

/// What was published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pushed {
    /// The page of the repository.
    pub url: String,
    /// The commit.
    pub commit: String,
    /// Whether the repository was made.
    pub created: bool,
    /// Whether it is private.
    pub private: bool,
    /// Files of an earlier push that this one removed.
    pub removed: Vec<String>,
}
