//! How the local Hub answers each request.

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use super::{
    Answer, Seen, Trouble, cas_url,
    store::{DATASETS, Repository, State, Stored, dataset, from_cas, git_sha1, sha256},
};

/// The secret of the content-addressed store.
pub(crate) const CAS_TOKEN: &str = "xet_secret_of_the_store";

/// A refusal that says more than it should.
pub(crate) fn refusal(state: &State, status: u16) -> Answer {
    let sent = state.seen.last().and_then(|seen| seen.authorization.as_deref()).unwrap_or("nobody");
    let message = format!("no, {sent} may not (status {status})");
    let answer = Answer::json(&json!({ "error": message })).header("X-Error-Message", message).header("X-Request-Id", "req-1");
    let answer = if status == 429 { answer.header("Retry-After", "7") } else { answer };
    Answer { status, ..answer }
}

fn not_found(what: &str) -> Answer {
    Answer::new(404).header("X-Error-Code", what)
}

pub(crate) fn answer(state: &mut State, seen: &Seen, trouble: Option<Trouble>) -> Answer {
    let path = seen.path.split('?').next().unwrap_or_default().replace("%2F", "/");
    let known = seen.authorization.as_deref() == Some(&format!("Bearer {}", state.token));
    if let Some(oid) = path.strip_prefix("/store/") {
        return stored(state, seen, oid, trouble);
    }
    let parts: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let write = seen.method == "POST" || seen.method == "DELETE";
    if write && !known {
        return refusal(state, 401);
    }
    let body: Value = serde_json::from_slice(&seen.body).unwrap_or_default();
    match (seen.method.as_str(), parts.as_slice()) {
        ("POST", ["api", "repos", "create"]) => create(state, &body),
        ("DELETE", ["api", "repos", "delete"]) => match state.repositories.remove(&named(&body)) {
            Some(_) => Answer::json(&json!({})),
            None => not_found("RepoNotFound"),
        },
        ("GET", ["api", "models", owner, name, rest @ ..]) => match (rest, state.repositories.get(&format!("{owner}/{name}"))) {
            (_, None) => not_found("RepoNotFound"),
            (_, Some(repository)) if repository.private && !known => not_found("RepoNotFound"),
            ([], _) => info(state, &format!("{owner}/{name}"), "main"),
            (["revision", revision @ ..], _) => info(state, &format!("{owner}/{name}"), &revision.join("/")),
            (["xet-write-token", ..], _) => {
                Answer::json(&json!({ "accessToken": CAS_TOKEN, "exp": 4_000_000_000_u64, "casUrl": cas_url(&state.cas) }))
            }
            _ => Answer::new(404),
        },
        ("GET", ["api", "datasets", owner, name, "revision", revision @ ..]) => {
            let repo = dataset(owner, name);
            match state.repositories.get(&repo) {
                Some(repository) if known || !repository.private => info(state, &repo, &revision.join("/")),
                // Whether there is one is told to those whom the Hub knows.
                _ if known => not_found("RepoNotFound"),
                _ => refusal(state, 401),
            }
        }
        ("POST", ["api", "models", owner, name, rest @ ..]) => {
            let repo = format!("{owner}/{name}");
            if !state.repositories.contains_key(&repo) {
                return not_found("RepoNotFound");
            }
            match rest {
                ["preupload", ..] => preupload(&body),
                ["branch", branch @ ..] => branch_from_main(state, &repo, &branch.join("/")),
                ["commit", revision @ ..] => commit(state, &repo, &revision.join("/"), &seen.body),
                _ => Answer::new(404),
            }
        }
        ("DELETE", ["api", "models", owner, name, "branch", branch @ ..]) => {
            let repository = state.repositories.get_mut(&format!("{owner}/{name}"));
            match repository.and_then(|r| r.branches.remove(&branch.join("/"))) {
                Some(_) => Answer::json(&json!({})),
                None => not_found("RevisionNotFound"),
            }
        }
        ("POST", [_, git, "info", "lfs", "objects", "batch"]) if git.ends_with(".git") => {
            let transfer = if let Some(Trouble::Transfer(other)) = trouble { other } else { "xet" };
            Answer::json(&json!({ "transfer": transfer, "objects": body["objects"] }))
        }
        (_, ["datasets", owner, name, "resolve", revision, file @ ..]) => {
            resolve(state, seen, &dataset(owner, name), (revision, &file.join("/")), known, trouble)
        }
        (_, [owner, name, "resolve", revision, file @ ..]) => {
            resolve(state, seen, &format!("{owner}/{name}"), (revision, &file.join("/")), known, trouble)
        }
        _ => Answer::new(404),
    }
}

fn named(body: &Value) -> String {
    format!("{}/{}", body["organization"].as_str().unwrap_or("me"), body["name"].as_str().unwrap_or_default())
}

fn create(state: &mut State, body: &Value) -> Answer {
    let repo = named(body);
    if state.repositories.contains_key(&repo) {
        return refusal(state, 409);
    }
    let private = body["private"].as_bool().unwrap_or(false);
    state.repositories.insert(repo.clone(), Repository { private, branches: Default::default() });
    let attributes = Stored::Inline(b"*.safetensors filter=lfs diff=lfs merge=lfs -text\n".to_vec());
    state.put(&repo, "main", "initial commit", [(".gitattributes".to_owned(), attributes)].into());
    Answer::json(&json!({ "url": format!("{}/{repo}", state.address) }))
}

fn info(state: &State, repo: &str, revision: &str) -> Answer {
    let Some(commit) = state.commit(repo, revision) else { return not_found("RevisionNotFound") };
    let siblings: Vec<Value> = commit.files.keys().map(|file| json!({ "rfilename": file })).collect();
    let (private, id) = (state.repositories[repo].private, repo.strip_prefix(DATASETS).unwrap_or(repo));
    Answer::json(&json!({ "_id": "1", "id": id, "sha": commit.oid, "private": private, "siblings": siblings }))
}

fn preupload(body: &Value) -> Answer {
    let mode = |file: &Value| {
        let path = file["path"].as_str().unwrap_or_default();
        let large = path.ends_with(".safetensors") || path.ends_with(".png") || file["size"].as_u64() > Some(10 << 20);
        json!({ "path": path, "uploadMode": if large { "lfs" } else { "regular" }, "shouldIgnore": false })
    };
    let files: Vec<Value> = body["files"].as_array().into_iter().flatten().map(mode).collect();
    Answer::json(&json!({ "files": files }))
}

fn branch_from_main(state: &mut State, repo: &str, branch: &str) -> Answer {
    let Some(files) = state.commit(repo, "main").map(|commit| commit.files.clone()) else { return not_found("RevisionNotFound") };
    state.put(repo, branch, "branch", files);
    Answer::json(&json!({}))
}

fn commit(state: &mut State, repo: &str, revision: &str, body: &[u8]) -> Answer {
    let Some(head) = state.commit(repo, revision) else { return not_found("RevisionNotFound") };
    let (mut files, parent, mut title) = (head.files.clone(), head.oid.clone(), String::new());
    for line in body.split(|b| *b == b'\n').filter(|line| !line.is_empty()) {
        let Ok(line) = serde_json::from_slice::<Value>(line) else { return refusal(state, 400) };
        let (value, path) = (&line["value"], line["value"]["path"].as_str().unwrap_or_default().to_owned());
        match line["key"].as_str() {
            Some("header") => {
                title = value["summary"].as_str().unwrap_or_default().to_owned();
                if value["parentCommit"].as_str().is_some_and(|p| p != parent) {
                    return refusal(state, 412);
                }
            }
            Some("file") => {
                let Ok(content) = STANDARD.decode(value["content"].as_str().unwrap_or_default()) else { return refusal(state, 400) };
                files.insert(path, Stored::Inline(content));
            }
            Some("lfsFile") => {
                let oid = value["oid"].as_str().unwrap_or_default().to_owned();
                let Some(content) = from_cas(&state.cas, &oid) else { return refusal(state, 422) };
                files.insert(path, Stored::Large { oid, content });
            }
            Some("deletedFile") => drop(files.remove(&path)),
            _ => return refusal(state, 400),
        }
    }
    let oid = state.put(repo, revision, &title, files);
    Answer::json(&json!({ "success": true, "commitOid": oid, "commitUrl": format!("{}/{repo}/commit/{oid}", state.address) }))
}

fn resolve(state: &State, seen: &Seen, repo: &str, (revision, file): (&str, &str), known: bool, trouble: Option<Trouble>) -> Answer {
    if state.repositories.get(repo).is_none_or(|r| r.private && !known) {
        return refusal(state, 401);
    }
    let Some(commit) = state.commit(repo, revision) else { return not_found("RevisionNotFound") };
    let Some(stored) = commit.files.get(file) else { return not_found("EntryNotFound") };
    let content = stored.content();
    let garbled = trouble == Some(Trouble::Garbled);
    let answer = Answer::new(200).header("X-Repo-Commit", &commit.oid);
    match stored {
        Stored::Large { oid, .. } => {
            let oid = if garbled { sha256(oid.as_bytes()) } else { oid.clone() };
            let answer = Answer { status: 302, ..answer };
            answer
                .header("X-Linked-Etag", format!("\"{oid}\""))
                .header("X-Linked-Size", content.len().to_string())
                .header("Location", format!("{}/store/{oid}?Signature=secret", state.address))
        }
        Stored::Inline(_) => {
            let answer = answer.header("ETag", format!("\"{}\"", git_sha1(content)));
            send(answer, seen, content, garbled)
        }
    }
}

fn stored(state: &State, seen: &Seen, oid: &str, trouble: Option<Trouble>) -> Answer {
    let all = state.repositories.values().flat_map(|r| r.branches.values().flatten()).flat_map(|c| c.files.values());
    let found = all.filter_map(|file| match file {
        Stored::Large { oid: other, content } if other == oid => Some(content),
        _ => None,
    });
    match found.into_iter().next() {
        Some(content) => send(Answer::new(200), seen, content, trouble == Some(Trouble::Garbled)),
        None => Answer::new(404),
    }
}

fn send(answer: Answer, seen: &Seen, content: &[u8], garbled: bool) -> Answer {
    let begin = seen.range.as_deref().and_then(|r| r.strip_prefix("bytes=")?.split('-').next()?.parse::<usize>().ok());
    let begin = begin.unwrap_or(0).min(content.len());
    let body = content[begin..].iter().map(|b| if garbled { !b } else { *b }).collect();
    let answer = Answer { body, ..answer };
    if begin == 0 {
        return answer;
    }
    let range = format!("bytes {begin}-{}/{}", content.len() - 1, content.len());
    Answer { status: 206, ..answer.header("Content-Range", range) }
}
