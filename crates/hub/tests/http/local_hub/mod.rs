//! A Hub on this machine, over real HTTP: repositories with branches and commits, large files by xet, downloads by
//! redirect; and on request it misbehaves.

mod answer;
pub(crate) mod store;

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{TcpListener, TcpStream},
    path::Path,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

use store::State;

/// One request that arrived.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) authorization: Option<String>,
    pub(crate) range: Option<String>,
    pub(crate) body: Vec<u8>,
}

/// What the Hub does instead of what it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Trouble {
    /// Answers with this status, and sends the token back in its message as a careless proxy would.
    Status(u16),
    /// Closes the connection without an answer.
    Cut,
    /// Does what it is asked, then closes the connection without an answer.
    CutAfter,
    /// Says that large files go by this transfer.
    Transfer(&'static str),
    /// Announces the whole content, sends this many bytes, closes the connection.
    Part(usize),
    /// Sends other bytes of the same number; of a digest, another digest.
    Garbled,
}

/// A trouble, and the requests that meet it: those of the method whose path holds the fragment, so many times.
#[derive(Debug, Clone)]
pub(crate) struct Rule {
    pub(crate) method: &'static str,
    pub(crate) fragment: &'static str,
    pub(crate) times: usize,
    pub(crate) trouble: Trouble,
}

pub(crate) struct LocalHub {
    pub(crate) address: String,
    state: Arc<Mutex<State>>,
    _cas: tempfile::TempDir,
}

impl LocalHub {
    /// A Hub without repositories that lets in who has this token.
    pub(crate) fn start(token: &'static str) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let cas = tempfile::tempdir().unwrap();
        let state = Arc::new(Mutex::new(State::new(token, address.clone(), cas.path().join("cas"))));
        let shared = state.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let shared = shared.clone();
                thread::spawn(move || serve(stream, &shared));
            }
        });
        Self { address, state, _cas: cas }
    }

    /// The Hub's state, held until it is dropped.
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Requests to come meet this trouble.
    pub(crate) fn trouble(&self, method: &'static str, fragment: &'static str, times: usize, trouble: Trouble) {
        self.state().rules.push(Rule { method, fragment, times, trouble });
    }

    /// No more troubles.
    pub(crate) fn calm(&self) {
        self.state().rules.clear();
    }

    /// The bodies of all commits that were asked for.
    pub(crate) fn commit_bodies(&self) -> Vec<String> {
        let state = self.state();
        let commits = state.seen.iter().filter(|s| s.method == "POST" && s.path.contains("/commit/"));
        commits.map(|s| String::from_utf8_lossy(&s.body).into_owned()).collect()
    }
}

/// What goes back.
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn new(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    pub(crate) fn json(value: &serde_json::Value) -> Self {
        Self { body: value.to_string().into_bytes(), ..Self::new(200) }.header("Content-Type", "application/json")
    }

    pub(crate) fn header(mut self, name: &str, value: impl Into<String>) -> Self {
        self.headers.push((name.into(), value.into()));
        self
    }
}

fn serve(mut stream: TcpStream, shared: &Mutex<State>) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut line = String::new();
    if reader.read_line(&mut line).unwrap_or(0) == 0 {
        return;
    }
    let mut words = line.split(' ').map(str::to_owned);
    let (Some(method), Some(path)) = (words.next(), words.next()) else { return };
    let mut headers = Vec::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).unwrap_or(0) == 0 || line.trim().is_empty() {
            break;
        }
        if let Some((name, value)) = line.split_once(':') {
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }
    let header = |name: &str| headers.iter().find(|(n, _)| n == name).map(|(_, v)| v.clone());
    let length = header("content-length").and_then(|l| l.parse().ok()).unwrap_or(0);
    let mut body = vec![0; length];
    if reader.read_exact(&mut body).is_err() {
        return;
    }
    let seen = Seen { method, path, authorization: header("authorization"), range: header("range"), body };
    let (answer, part) = {
        let mut state = shared.lock().unwrap_or_else(PoisonError::into_inner);
        state.seen.push(seen.clone());
        match state.trouble(&seen) {
            Some(Trouble::Cut) => return,
            Some(Trouble::CutAfter) => {
                drop(answer::answer(&mut state, &seen, None));
                return;
            }
            Some(Trouble::Status(code)) => (answer::refusal(&state, code), None),
            Some(Trouble::Part(bytes)) => (answer::answer(&mut state, &seen, None), Some(bytes)),
            trouble => (answer::answer(&mut state, &seen, trouble), None),
        }
    };
    let mut text = format!("HTTP/1.1 {} X\r\nConnection: close\r\nContent-Length: {}\r\n", answer.status, answer.body.len());
    for (name, value) in &answer.headers {
        text += &format!("{name}: {value}\r\n");
    }
    text += "\r\n";
    let body = if seen.method == "HEAD" { &[] } else { answer.body.as_slice() };
    let body = part.map_or(body, |bytes| &body[..bytes.min(body.len())]);
    drop(stream.write_all(text.as_bytes()).and_then(|()| stream.write_all(body)));
}

/// Where large files are.
pub(crate) fn cas_url(cas: &Path) -> String {
    format!("local://{}", cas.display())
}
