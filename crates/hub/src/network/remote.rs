//! A repository on the Hub: what it holds, and what its refusals mean.

use std::time::Duration;

use hf_hub::{
    HFClient, HFClientSync, HFError, HFRepositorySync, HFResult,
    repository::{CommitInfo, RepoSibling, RepoTypeModel},
};

use super::{
    transfer::Unanswered,
    words::{NO_HUB, without_queries},
};
use crate::{Error, Options, RepoName, Result, name::is_commit};

/// The longest silence of a server while it works on a request.
const PATIENCE: Duration = Duration::from_secs(120);

/// A repository, whether it exists or not: of a model, but for [`Remote::dataset`].
pub(crate) struct Remote<'a> {
    pub(crate) repo: &'a RepoName,
    pub(crate) options: &'a Options,
    pub(crate) client: HFClientSync,
}

/// What a revision holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Head {
    pub(crate) commit: String,
    pub(crate) private: bool,
    pub(crate) files: Vec<String>,
}

impl Head {
    /// Reads what the Hub says of a repository.
    fn of(sha: Option<String>, private: Option<bool>, siblings: Option<Vec<RepoSibling>>) -> std::result::Result<Self, Refusal> {
        let commit = sha.filter(|sha| is_commit(sha));
        let commit = commit.ok_or_else(|| Refusal { status: None, problem: "the Hub names no commit".into() })?;
        let files = siblings.unwrap_or_default().into_iter().map(|sibling| sibling.rfilename).collect();
        Ok(Self { commit, private: private.unwrap_or(false), files })
    }
}

/// Why a request failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The status of the answer; none where the connection broke.
    pub(crate) status: Option<u16>,
    /// What is wrong, and what would be right.
    pub(crate) problem: String,
}

impl<'a> Remote<'a> {
    pub(crate) fn new(repo: &'a RepoName, options: &'a Options) -> Result<Self> {
        let wrong = |problem: String| Error::Hub { file: options.endpoint.clone(), problem: without_queries(&problem) };
        let agent = concat!("vimae/", env!("CARGO_PKG_VERSION"));
        let http = reqwest::Client::builder().user_agent(agent).connect_timeout(Duration::from_secs(30)).read_timeout(PATIENCE);
        let http = http.build().map_err(|e| wrong(e.to_string()))?;
        let mut client = HFClient::builder().endpoint(&options.endpoint).cache_dir(&options.cache).client(http);
        // Waits double from the base delay on.
        client = client.retry_max_attempts(options.attempts.saturating_sub(1) as usize).retry_base_delay(options.first_wait / 4);
        if let Some(token) = &options.token {
            client = client.token(token.secret());
        }
        Ok(Self { repo, options, client: client.build_sync().map_err(|e| wrong(e.to_string()))? })
    }

    pub(crate) fn model(&self) -> HFRepositorySync<RepoTypeModel> {
        self.client.model(self.repo.owner(), self.repo.name())
    }

    /// What the revision holds, the main branch where there is none; nothing where there is no such repository or revision.
    pub(crate) fn head(&self, revision: Option<&str>) -> std::result::Result<Option<Head>, Refusal> {
        let repository = self.model();
        let Some(info) = self.found(repository.info().maybe_revision(revision).send())? else { return Ok(None) };
        Head::of(info.sha, info.private, info.siblings).map(Some)
    }

    /// What the revision of the data set of this name holds; nothing where there is no such repository or revision.
    pub(crate) fn dataset(&self, revision: &str) -> std::result::Result<Option<Head>, Refusal> {
        let repository = self.client.dataset(self.repo.owner(), self.repo.name());
        let Some(info) = self.found(repository.info().revision(revision).send())? else { return Ok(None) };
        // The Hub answers for a repository that was renamed with the new one.
        if info.id != self.repo.to_string() {
            let now = if info.id.parse::<RepoName>().is_ok() { info.id.as_str() } else { "something else" };
            return Err(Refusal { status: None, problem: format!("the repository is called {now} now; give that name") });
        }
        Head::of(info.sha, info.private, info.siblings).map(Some)
    }

    /// What an answer holds; nothing where it is that there is no such repository or revision.
    fn found<T>(&self, answer: HFResult<T>) -> std::result::Result<Option<T>, Refusal> {
        match answer {
            Ok(info) => Ok(Some(info)),
            Err(
                HFError::RepoNotFound { context, .. } | HFError::RevisionNotFound { context, .. } | HFError::EntryNotFound { context, .. },
            ) => {
                let page = context.is_some_and(|context| is_page(&context.body));
                if page { Err(Refusal { status: None, problem: NO_HUB.into() }) } else { Ok(None) }
            }
            Err(error) => Err(self.refusal(&error)),
        }
    }

    /// The content of a small file at a commit.
    pub(crate) fn bytes(&self, file: &str, commit: &str) -> HFResult<Vec<u8>> {
        let repository = self.model();
        Ok(repository.download_file_to_bytes().filename(file).revision(commit).send()?.to_vec())
    }

    /// The commit that an answer names.
    pub(crate) fn commit_of(&self, info: &CommitInfo) -> Option<String> {
        info.commit_oid.clone().filter(|oid| is_commit(oid))
    }

    /// What an error of the Hub's library means. Its own words may hold addresses, and a server's words anything.
    pub(crate) fn refusal(&self, error: &HFError) -> Refusal {
        let (status, wait, context) = match error {
            HFError::AuthRequired { context } => (401, None, Some(context)),
            HFError::Forbidden { context } => (403, None, Some(context)),
            HFError::Conflict { context } => (409, None, Some(context)),
            HFError::RateLimited { retry_after, context } => (429, retry_after.map(|wait| wait.as_secs()), Some(context)),
            HFError::RepoNotFound { context, .. } | HFError::RevisionNotFound { context, .. } => (404, None, context.as_ref()),
            HFError::Http { context } => (context.status.as_u16(), None, Some(context)),
            HFError::Json(_) => return Refusal { status: None, problem: NO_HUB.into() },
            HFError::Request { source, .. } if source.is_decode() => return Refusal { status: None, problem: NO_HUB.into() },
            HFError::Request { source, .. } => return self.broken(&causes(source)),
            HFError::Xet { source, .. } => {
                let problem = format!("the transfer of large files failed: {}", causes(source.as_ref()));
                return Refusal { status: None, problem: self.hide(&problem) };
            }
            other => return Refusal { status: None, problem: self.hide(&other.to_string()) },
        };
        // Servers in front of the Hub answer with pages as well when they fail.
        if context.is_some_and(|c| is_page(&c.body)) && !(status == 429 || status >= 500) {
            return Refusal { status: Some(status), problem: format!("{status}: {NO_HUB}") };
        }
        let said = context.and_then(|c| c.server_message.as_deref()).filter(|m| !m.is_empty());
        let said = said.map(|m| format!(" (the server says: {})", m.chars().take(300).collect::<String>())).unwrap_or_default();
        let Refusal { status, problem } = self.refused(status, wait);
        Refusal { status, problem: self.hide(&format!("{problem}{said}")) }
    }

    /// What a question that was not answered means.
    pub(crate) fn unanswered(&self, why: &Unanswered) -> Refusal {
        match why {
            Unanswered::Status(status, wait) => self.refused(*status, *wait),
            Unanswered::Broken(problem) => self.broken(problem),
        }
    }

    fn broken(&self, problem: &str) -> Refusal {
        Refusal { status: None, problem: self.hide(&format!("the connection broke: {problem}")) }
    }

    /// What a status means, and what would be right.
    fn refused(&self, status: u16, wait: Option<u64>) -> Refusal {
        let owner = self.repo.owner();
        let meaning = match status {
            401 => "the Hub does not accept the token; log in again with `hf auth login`, or set HF_TOKEN".to_owned(),
            403 => format!("the token may not do this; use one with write access to {owner}'s repositories"),
            404 => "there is no such repository, or the token may not see it".to_owned(),
            409 | 412 => {
                "somebody else changed the repository meanwhile, or has the name; look at it, and run the command again".to_owned()
            }
            413 => "the request is larger than the Hub takes".to_owned(),
            429 => {
                let wait = wait.map_or("a while".into(), |seconds| format!("{seconds} s"));
                format!("the Hub asks to wait {wait}; run the command again after that")
            }
            500.. => "the Hub failed; run the command again later".to_owned(),
            _ => "the Hub refuses".to_owned(),
        };
        Refusal { status: Some(status), problem: format!("{status}: {meaning}") }
    }

    /// `text` without the token, which a server may have sent back, and without the queries of addresses.
    pub(crate) fn hide(&self, text: &str) -> String {
        let text = without_queries(text);
        match &self.options.token {
            Some(token) => text.replace(token.secret(), "(token)"),
            None => text,
        }
    }
}

/// Whether the body of an answer is a web page.
fn is_page(body: &str) -> bool {
    body.trim_start().starts_with('<')
}

/// An error with its causes.
fn causes(error: &dyn std::error::Error) -> String {
    let below = std::iter::successors(error.source(), |e| e.source());
    below.fold(error.to_string(), |text, cause| {
        let cause = cause.to_string();
        if text.contains(&cause) { text } else { format!("{text}: {cause}") }
    })
}
