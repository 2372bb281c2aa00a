//! The requests of a push.

use std::{
    sync::mpsc::{self, RecvTimeoutError, Sender},
    thread,
    time::Duration,
};

use hf_hub::{
    HFError,
    progress::{ProgressEvent, ProgressHandler, UploadEvent},
    repository::{CommitOperation, RepoTypeModel},
};
use vimae_spec::FigureKind;

use super::{
    remote::{Head, Refusal, Remote},
    transfer::Connection,
};
use crate::{
    Error, Event, Left, Options, Package, Publish, Pushed, Result,
    config::CONFIG,
    is_pickle_name,
    package::{CARD, Content},
    run_files::{MODEL, weights_after},
};

/// What this push made before the commit, to be unmade if it fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Made {
    Nothing,
    Repository,
    Branch,
}

/// A failure at a step.
struct Failure {
    step: &'static str,
    refusal: Refusal,
}

/// Publishes a package that may be published, as [`push`](crate::push()) says.
///
/// # Errors
/// [`Error::Visibility`], [`Error::Pickle`], [`Error::Push`].
pub(crate) fn publish(package: &Package, how: &Publish, options: &Options, tell: &mut dyn FnMut(Event)) -> Result<Pushed> {
    let repo = package.repo();
    let revision = how.revision.as_deref();
    let remote = Remote::new(repo, options)?;
    let failed = |failure: Failure, left| Error::Push {
        repo: repo.to_string(),
        step: failure.step,
        status: failure.refusal.status,
        problem: failure.refusal.problem,
        left,
    };

    tell(Event::Step { what: "looking at the repository" });
    let at = |step| move |refusal| Failure { step, refusal };
    let found = remote.head(None).map_err(|r| failed(at("looking at the repository")(r), Left::Unchanged))?;
    let (mut made, main) = match found {
        Some(head) => {
            check_existing(&remote, how, &head)?;
            (Made::Nothing, head)
        }
        None => {
            tell(Event::Step { what: "making the repository" });
            create(&remote, how.private.unwrap_or(true)).map_err(|(failure, left)| failed(failure, left))?
        }
    };

    let outcome = (|| {
        let parent = match revision {
            None => main.clone(),
            Some(name) => match remote.head(Some(name)).map_err(at("looking at the branch"))? {
                Some(head) => head,
                None => {
                    let repository = remote.model();
                    repository.create_branch().branch(name).send().map_err(|e| at("making the branch")(remote.refusal(&e)))?;
                    if made == Made::Nothing {
                        made = Made::Branch;
                    }
                    let head = remote.head(Some(name)).map_err(at("looking at the branch"))?;
                    head.ok_or_else(|| at("making the branch")(Refusal { status: None, problem: "it is not there afterwards".into() }))?
                }
            },
        };
        tell(Event::Step { what: "asking for the transfer" });
        transfer_is_known(&remote, package, revision.unwrap_or("main"))?;
        let removed = stale(package, &parent);
        let commit = commit(&remote, package, how, &parent, &removed, tell)?;
        Ok((commit, removed))
    })();
    let (commit, removed) = match outcome {
        Ok(done) => done,
        Err(failure) => return Err(failed(failure, undo(&remote, made, revision, &main))),
    };
    tell(Event::Step { what: "checking what the Hub holds" });
    check_content(&remote, package, &commit).map_err(|(problem, left)| {
        let refusal = Refusal { status: None, problem: remote.hide(&problem) };
        failed(Failure { step: "checking what the Hub holds", refusal }, left)
    })?;
    let url = format!("{}/{repo}", options.endpoint);
    Ok(Pushed { url, commit, created: made == Made::Repository, private: main.private, removed })
}

/// Refuses a repository of another visibility than was asked for, and one that a pull would refuse.
fn check_existing(remote: &Remote<'_>, how: &Publish, head: &Head) -> Result<()> {
    let repo = remote.repo.to_string();
    if how.private.is_some_and(|private| private != head.private) {
        return Err(Error::Visibility { repo, private: head.private });
    }
    match head.files.iter().find(|file| is_pickle_name(file)) {
        Some(file) => Err(Error::Pickle { place: repo, file: file.clone() }),
        None => Ok(()),
    }
}

/// Makes the repository. One that appeared meanwhile is taken as found.
fn create(remote: &Remote<'_>, private: bool) -> std::result::Result<(Made, Head), (Failure, Left)> {
    let step = "making the repository";
    let name = remote.repo.to_string();
    let made = match remote.client.create_repository().repo_id(&name).repo_type(RepoTypeModel).private(private).send() {
        Ok(_) => Made::Repository,
        // An answer that was lost: the second attempt finds what the first has made. Nothing is deleted later, since this
        // cannot be told from another's.
        Err(HFError::Conflict { .. }) if remote.head(None).is_ok_and(|head| head.is_some()) => Made::Nothing,
        Err(error) => {
            let refusal = remote.refusal(&error);
            let left = match (refusal.status, remote.head(None)) {
                (Some(_), _) | (None, Ok(None)) => Left::Unchanged,
                (None, Ok(Some(_))) => Left::Empty,
                (None, Err(_)) => Left::Unknown,
            };
            return Err((Failure { step, refusal }, left));
        }
    };
    let empty = Head { commit: String::new(), private, files: Vec::new() };
    let failed = |refusal| {
        let left = undo(remote, made, None, &empty);
        (Failure { step, refusal }, left)
    };
    match remote.head(None) {
        Ok(Some(head)) => Ok((made, head)),
        Ok(None) => Err(failed(Refusal { status: None, problem: "it is not there afterwards".into() })),
        Err(refusal) => Err(failed(refusal)),
    }
}

/// Deletes what a failed push has made, as long as nothing else was put there.
fn undo(remote: &Remote<'_>, made: Made, revision: Option<&str>, main: &Head) -> Left {
    let deleted = match (made, revision) {
        (Made::Nothing, _) | (Made::Branch, None) => return Left::Unchanged,
        (Made::Branch, Some(branch)) => remote.model().delete_branch().branch(branch).send(),
        (Made::Repository, _) => match remote.head(None) {
            Ok(Some(now)) if now.files.iter().any(|file| file != ".gitattributes" && !main.files.contains(file)) => return Left::Unchanged,
            Err(_) => return Left::Unknown,
            Ok(_) => {
                let name = remote.repo.to_string();
                remote.client.delete_repository().repo_id(&name).repo_type(RepoTypeModel).missing_ok(true).send()
            }
        },
    };
    if deleted.is_ok() { Left::Nothing } else { Left::Empty }
}

/// Asks how the Hub takes the weights: the Hub's library puts large files into the commit itself, in base64, where the
/// answer is none that it knows.
fn transfer_is_known(remote: &Remote<'_>, package: &Package, revision: &str) -> std::result::Result<(), Failure> {
    let step = "asking for the transfer";
    let Some(model) = package.config().files.get(MODEL) else { return Ok(()) };
    let url = format!("{}/{}.git/info/lfs/objects/batch", remote.options.endpoint, remote.repo);
    let body = serde_json::json!({
        "operation": "upload",
        "transfers": ["basic", "multipart", "xet"],
        "hash_algo": "sha256",
        "ref": { "name": revision },
        "objects": [{ "oid": model.sha256, "size": model.bytes }],
    });
    let mut connection =
        Connection::new(remote.options).map_err(|e| Failure { step, refusal: Refusal { status: None, problem: e.to_string() } })?;
    let answer = connection.ask(&url, &body.to_string(), "application/vnd.git-lfs+json");
    let answer = answer.map_err(|why| Failure { step, refusal: remote.unanswered(&why) })?;
    let answer: serde_json::Value = serde_json::from_slice(&answer).unwrap_or_default();
    match answer.get("transfer").and_then(serde_json::Value::as_str) {
        Some("xet") => Ok(()),
        other => {
            let offered = other.map_or("names no transfer".into(), |other| format!("offers the transfer \"{other}\""));
            let problem = format!("the server {offered} for large files; vimae sends them by xet, as the Hub itself takes them");
            Err(Failure { step, refusal: Refusal { status: None, problem } })
        }
    }
}

/// Files of an earlier push that this one does not have. What people put beside them stays.
fn stale(package: &Package, parent: &Head) -> Vec<String> {
    let after_task = |file: &str| (1..=parent.files.len()).any(|number| weights_after(number) == file);
    let ours = |file: &str| FigureKind::ALL.iter().any(|kind| kind.file() == file) || after_task(file);
    let gone = |file: &&String| ours(file) && !package.files.contains_key(*file);
    parent.files.iter().filter(gone).cloned().collect()
}

/// Commits, and gives the commit. Where the answer is lost, the repository is asked whether the commit is there.
fn commit(
    remote: &Remote<'_>,
    package: &Package,
    how: &Publish,
    parent: &Head,
    removed: &[String],
    tell: &mut dyn FnMut(Event),
) -> std::result::Result<String, Failure> {
    let add = package.files.iter().map(|(name, content)| match content {
        Content::Bytes(bytes) => CommitOperation::add_bytes(name, bytes.clone()),
        Content::File(path) => CommitOperation::add_file(name, path),
    });
    let operations: Vec<_> = add.chain(removed.iter().map(CommitOperation::delete)).collect();
    let config = package.config();
    let default =
        || format!("{} on {}, weights {}", config.method, config.dataset.name, config.weights_sha256.get(..8).unwrap_or_default());
    let message = how.message.clone().unwrap_or_else(default);
    let repository = remote.model();
    let result = watched(tell, |watch| {
        let request = repository.create_commit().operations(operations).commit_message(message).parent_commit(&parent.commit);
        request.maybe_revision(how.revision.as_deref()).progress(watch).send()
    });
    let refusal = match result {
        Ok(info) => match remote.commit_of(&info) {
            Some(commit) => return Ok(commit),
            None => Refusal { status: None, problem: "the Hub names no commit".into() },
        },
        Err(error) => remote.refusal(&error),
    };
    if let Ok(Some(now)) = remote.head(how.revision.as_deref()) {
        let same = |name: &str| match package.files.get(name) {
            Some(Content::Bytes(ours)) => remote.bytes(name, &now.commit).is_ok_and(|theirs| theirs == *ours),
            _ => false,
        };
        if now.commit != parent.commit && same(CONFIG) && same(CARD) {
            return Ok(now.commit);
        }
    }
    Err(Failure { step: "sending the commit", refusal })
}

/// Passes the library's progress, which comes from its own threads, on to `tell` on this one.
fn watched<T: Send>(tell: &mut dyn FnMut(Event), work: impl FnOnce(Watch) -> T + Send) -> T {
    let (events, heard) = mpsc::channel();
    thread::scope(|scope| {
        let worker = scope.spawn(move || work(Watch(events)));
        loop {
            match heard.recv_timeout(Duration::from_millis(100)) {
                Ok(event) => tell(event),
                Err(RecvTimeoutError::Timeout) if !worker.is_finished() => {}
                Err(_) => break,
            }
        }
        worker.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Hears of the library's progress.
struct Watch(Sender<Event>);

impl ProgressHandler for Watch {
    fn on_progress(&self, event: &ProgressEvent) {
        let event = match event {
            ProgressEvent::Upload(UploadEvent::Start { .. }) => Event::Step { what: "sending" },
            ProgressEvent::Upload(UploadEvent::Progress { bytes_completed, total_bytes, .. }) => {
                Event::Bytes { done: *bytes_completed, total: Some(*total_bytes) }
            }
            ProgressEvent::Upload(UploadEvent::Committing) => Event::Step { what: "committing" },
            _ => return,
        };
        // Nobody listens any more where the push is over.
        drop(self.0.send(event));
    }
}

/// Compares the digest that the Hub has for the weights with theirs.
fn check_content(remote: &Remote<'_>, package: &Package, commit: &str) -> std::result::Result<(), (String, Left)> {
    let Some(model) = package.config().files.get(MODEL) else { return Ok(()) };
    let url = format!("{}/{}/resolve/{commit}/{MODEL}", remote.options.endpoint, remote.repo);
    let about = Connection::new(remote.options).and_then(|mut c| c.about(&url, &mut |_| ()));
    let about = about.map_err(|e| (format!("the commit is {commit}, but {e}"), Left::Unknown))?;
    let found = about.etag.unwrap_or_default();
    // The Hub names large files by their SHA-256, and small ones by git's digest.
    let wrong = (found.len() == 64 && found != model.sha256) || about.size.is_some_and(|size| size != model.bytes);
    if wrong {
        let size = about.size.map_or("unknown".into(), |s| s.to_string());
        let problem = format!(
            "wrong digest of {MODEL} at commit {commit}: sent sha256 {} ({} bytes), the Hub holds {found} ({size} bytes)",
            model.sha256, model.bytes
        );
        return Err((problem, Left::WrongContent));
    }
    Ok(())
}
