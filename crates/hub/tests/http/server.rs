//! A server on this machine that speaks the Hub's protocol as far as downloads need it, and misbehaves on request.

use std::{
    io::{BufRead, BufReader, Write},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

use sha2::{Digest, Sha256};

/// One request that arrived.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) range: Option<String>,
    pub(crate) authorization: Option<String>,
}

/// What the server does instead of answering the next request for the content.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Trouble {
    /// Sends so many bytes of what it announced, then closes the connection.
    Cut(usize),
    /// Answers with a status, and perhaps with `Retry-After`.
    Status(u16, Option<u64>),
    /// Sends the whole file although a range was asked for.
    NoRange,
    /// Sends other bytes of the same number.
    Garbled,
    /// Sends the last byte only, whatever range was asked for.
    WrongRange,
}

pub(crate) struct Server {
    pub(crate) address: String,
    seen: Arc<Mutex<Vec<Seen>>>,
    trouble: Arc<Mutex<Vec<Trouble>>>,
}

pub(crate) const COMMIT: &str = "0123456789abcdef0123456789abcdef01234567";

impl Server {
    /// Serves `content` as `o/n`'s `data/file.bin`, through a redirect to itself as the Hub redirects to its store,
    /// and plainly as `/plain.bin`. With `token`, only to whom sends it.
    pub(crate) fn start(content: Vec<u8>, token: Option<&'static str>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = format!("http://{}", listener.local_addr().unwrap());
        let (seen, trouble) = (Arc::new(Mutex::new(Vec::new())), Arc::new(Mutex::new(Vec::new())));
        let server = Self { address: address.clone(), seen: seen.clone(), trouble: trouble.clone() };
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (content, seen, trouble, address) = (content.clone(), seen.clone(), trouble.clone(), address.clone());
                thread::spawn(move || answer(stream, &content, token, &seen, &trouble, &address));
            }
        });
        server
    }

    /// The next requests for the content meet these troubles, the first first.
    pub(crate) fn trouble(&self, troubles: &[Trouble]) {
        self.trouble.lock().unwrap().extend(troubles.iter().rev());
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The ranges of all requests for the content.
    pub(crate) fn ranges(&self) -> Vec<Option<String>> {
        let content = |s: &Seen| s.method == "GET" && (s.path.starts_with("/store") || s.path == "/plain.bin");
        self.seen().into_iter().filter(content).map(|s| s.range).collect()
    }
}

fn answer(stream: TcpStream, content: &[u8], token: Option<&str>, seen: &Mutex<Vec<Seen>>, trouble: &Mutex<Vec<Trouble>>, address: &str) {
    let mut lines = BufReader::new(stream.try_clone().unwrap()).lines().map_while(Result::ok);
    let Some(first) = lines.next() else { return };
    let headers: Vec<String> = lines.take_while(|l| !l.is_empty()).collect();
    let header = |name: &str| {
        let pairs = headers.iter().filter_map(|h| h.split_once(':'));
        pairs.filter(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| v.trim().to_owned()).next()
    };
    let mut words = first.split(' ').map(str::to_owned);
    let (method, path) = (words.next().unwrap(), words.next().unwrap());
    let request = Seen { method: method.clone(), path: path.clone(), range: header("range"), authorization: header("authorization") };
    seen.lock().unwrap().push(request.clone());
    let etag: String = Sha256::digest(content).iter().map(|b| format!("{b:02x}")).collect();
    let head = method == "HEAD";
    let hub = format!(
        "X-Repo-Commit: {COMMIT}\r\nX-Linked-Etag: \"{etag}\"\r\nX-Linked-Size: {}\r\nETag: \"{etag}\"\r\nLocation: {address}/store/{etag}?Signature=secret\r\n",
        content.len()
    );
    let plain = |status: &str, more: &str, body: &[u8], stream: &mut TcpStream| {
        let text = format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n{more}\r\n", body.len());
        drop(stream.write_all(text.as_bytes()).and_then(|()| if head { Ok(()) } else { stream.write_all(body) }));
    };
    let mut stream = stream;
    if path.contains("/resolve/") {
        if token.is_some_and(|t| request.authorization.as_deref() != Some(&format!("Bearer {t}"))) {
            return plain("401 Unauthorized", "X-Error-Message: who are you\r\n", b"", &mut stream);
        }
        if path != "/datasets/o/n/resolve/main/data/file.bin" {
            return plain("404 Not Found", "X-Error-Code: EntryNotFound\r\n", b"", &mut stream);
        }
        return plain("302 Found", &hub, b"", &mut stream);
    }
    if !path.starts_with("/store") && path != "/plain.bin" {
        return plain("404 Not Found", "", b"", &mut stream);
    }
    let trouble = trouble.lock().unwrap().pop();
    let begin = request.range.as_ref().and_then(|r| r.strip_prefix("bytes=")?.strip_suffix('-')?.parse::<usize>().ok());
    let begin = begin.filter(|_| !matches!(trouble, Some(Trouble::NoRange)));
    if begin.is_some_and(|b| b >= content.len()) {
        return plain("416 Range Not Satisfiable", "", b"", &mut stream);
    }
    let body = &content[begin.unwrap_or(0)..];
    let range = begin.map(|b| format!("Content-Range: bytes {b}-{}/{}\r\n", content.len() - 1, content.len())).unwrap_or_default();
    let status = if begin.is_some() { "206 Partial Content" } else { "200 OK" };
    match trouble {
        Some(Trouble::Status(code, wait)) => {
            let wait = wait.map(|w| format!("Retry-After: {w}\r\n")).unwrap_or_default();
            plain(&format!("{code} Trouble"), &wait, b"", &mut stream);
        }
        Some(Trouble::Cut(bytes)) => {
            let text = format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: {}\r\n{range}\r\n", body.len());
            drop(stream.write_all(text.as_bytes()).and_then(|()| stream.write_all(&body[..bytes.min(body.len())])));
        }
        Some(Trouble::Garbled) => plain(status, &range, &body.iter().map(|b| !b).collect::<Vec<_>>(), &mut stream),
        Some(Trouble::WrongRange) => {
            let last = content.len() - 1;
            plain(
                "206 Partial Content",
                &format!("Content-Range: bytes {last}-{last}/{}\r\n", content.len()),
                &content[last..],
                &mut stream,
            );
        }
        Some(Trouble::NoRange) | None => plain(status, &range, body, &mut stream),
    }
}
