//! One file over HTTP into a partial file: goes on where it stopped, waits when asked to, gives up in the end.

use std::{thread, time::Duration};

use reqwest::{
    StatusCode,
    blocking::{Client, Response},
    header::{ACCEPT, AUTHORIZATION, CONTENT_RANGE, CONTENT_TYPE, HeaderMap, HeaderValue, RANGE, RETRY_AFTER},
    redirect::Policy,
};

use super::{
    part::Part,
    words::{NO_HUB, without_queries},
};
use crate::{Error, Event, Options, Result};

/// The connection of one call.
pub(crate) struct Connection<'a> {
    options: &'a Options,
    following: Client,
    direct: Client,
    failures: u32,
}

/// Why a question was not answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unanswered {
    /// The answer's status, and how many seconds it asks to wait.
    Status(u16, Option<u64>),
    /// The connection broke.
    Broken(String),
}

/// What a server says of a file before it is transferred.
pub(crate) struct About {
    /// The content's name: the SHA-256 of large files on the Hub.
    pub(crate) etag: Option<String>,
    /// Bytes of the whole file.
    pub(crate) size: Option<u64>,
}

impl<'a> Connection<'a> {
    pub(crate) fn new(options: &'a Options) -> Result<Self> {
        let wrong = |e: reqwest::Error| Error::Protocol { url: options.endpoint.clone(), problem: without_queries(&e.to_string()) };
        // Of connecting and of each read, not of the whole transfer.
        let patience = Duration::from_secs(30);
        let builder = || Client::builder().user_agent(concat!("vimae/", env!("CARGO_PKG_VERSION"))).timeout(patience);
        let following = builder().build().map_err(wrong)?;
        let direct = builder().redirect(Policy::none()).build().map_err(wrong)?;
        Ok(Self { options, following, direct, failures: 0 })
    }

    /// Asks the Hub about a file. Its answer, often a redirect to another server, is not followed: only the Hub
    /// knows the content's name.
    ///
    /// # Errors
    /// As [`Connection::transfer`].
    pub(crate) fn about(&mut self, url: &str, tell: &mut dyn FnMut(Event)) -> Result<About> {
        loop {
            let mut request = self.direct.head(url);
            if let Some(token) = self.token(url) {
                request = request.header(AUTHORIZATION, token);
            }
            let response = match request.send() {
                Ok(response) if response.status().is_redirection() || response.status().is_success() => response,
                answer => {
                    self.failed(answer, url, 0, tell)?;
                    continue;
                }
            };
            if is_page(&response) && !response.headers().contains_key("x-linked-etag") {
                return Err(Error::Protocol { url: plain(url), problem: NO_HUB.into() });
            }
            let header = |name: &str| response.headers().get(name).and_then(|v| v.to_str().ok());
            let etag = header("x-linked-etag").or_else(|| header("etag"));
            let etag = etag.map(|e| e.trim_start_matches("W/").trim_matches('"').to_owned());
            let size = header("x-linked-size").or_else(|| header("content-length").filter(|_| response.status().is_success()));
            return Ok(About { etag: etag.filter(|e| !e.is_empty()), size: size.and_then(|s| s.parse().ok()) });
        }
    }

    /// Sends a small question to the Hub and gives its small answer; asks again where it may be better next time.
    ///
    /// # Errors
    /// The last refusal.
    pub(crate) fn ask(&mut self, url: &str, body: &str, kind: &'static str) -> std::result::Result<Vec<u8>, Unanswered> {
        let mut attempt = 1;
        loop {
            let mut request = self.direct.post(url).header(CONTENT_TYPE, kind).header(ACCEPT, kind).body(body.to_owned());
            if let Some(token) = self.token(url) {
                request = request.header(AUTHORIZATION, token);
            }
            let unanswered = match request.send() {
                Ok(response) if response.status().is_success() => match response.bytes() {
                    Ok(bytes) => return Ok(bytes.to_vec()),
                    Err(error) => Unanswered::Broken(without_queries(&describe(&error))),
                },
                Ok(response) => {
                    let wait = response.headers().get(RETRY_AFTER).and_then(|v| v.to_str().ok()?.trim().parse().ok());
                    Unanswered::Status(response.status().as_u16(), wait)
                }
                Err(error) => Unanswered::Broken(without_queries(&describe(&error))),
            };
            let doubled = self.options.first_wait.saturating_mul(1 << (attempt - 1).min(16)).min(Duration::from_secs(30));
            let wait = match &unanswered {
                Unanswered::Status(429 | 503, Some(seconds)) => Duration::from_secs(*seconds),
                Unanswered::Status(408 | 429 | 500.., _) | Unanswered::Broken(_) => doubled,
                Unanswered::Status(..) => return Err(unanswered),
            };
            if attempt >= self.options.attempts || wait > self.options.longest_wait {
                return Err(unanswered);
            }
            attempt += 1;
            thread::sleep(wait);
        }
    }

    /// Brings the file at `url` into `part`, of `size` bytes where that is known.
    ///
    /// # Errors
    /// [`Error::Forbidden`], [`Error::NotFound`]; [`Error::Busy`] where the server asks for a longer wait than
    /// allowed; [`Error::Interrupted`] after too many failures in a row; [`Error::Protocol`].
    pub(crate) fn transfer(&mut self, url: &str, part: &mut Part, tell: &mut dyn FnMut(Event), size: Option<u64>) -> Result<()> {
        loop {
            let have = part.have();
            if size.is_some_and(|s| have > s) {
                part.clear()?;
                continue;
            }
            if size == Some(have) {
                return Ok(());
            }
            let mut request = self.following.get(url);
            if let Some(token) = self.token(url) {
                request = request.header(AUTHORIZATION, token);
            }
            if have > 0 {
                request = request.header(RANGE, format!("bytes={have}-"));
            }
            let response = match request.send() {
                Ok(response) if response.status() == StatusCode::RANGE_NOT_SATISFIABLE && have > 0 => {
                    part.clear()?;
                    self.again("the server has fewer bytes than are here".into(), url, 0, tell)?;
                    continue;
                }
                Ok(response) if response.status().is_success() => response,
                answer => {
                    self.failed(answer, url, have, tell)?;
                    continue;
                }
            };
            if response.status() == StatusCode::PARTIAL_CONTENT {
                if begin(response.headers()) != Some(have) {
                    return Err(Error::Protocol { url: plain(url), problem: "the server sent another range than was asked for".into() });
                }
            } else if have > 0 {
                // The whole file: the server does not know ranges, or has another edition by now.
                part.clear()?;
            }
            let total = size.or_else(|| response.content_length().map(|rest| part.have() + rest));
            let before = part.have();
            let result = part.append(response, &mut |done| tell(Event::Bytes { done, total }));
            if part.have() > before {
                self.failures = 0;
            }
            let problem = match result {
                Err(error) => format!("the connection broke: {}", without_queries(&error.to_string())),
                Ok(()) if total.is_some_and(|t| part.have() < t) => "the connection ended early".into(),
                Ok(()) => return Ok(()),
            };
            self.again(problem, url, part.have(), tell)?;
        }
    }

    /// The header that carries the token: to the Hub alone.
    fn token(&self, url: &str) -> Option<HeaderValue> {
        let token = self.options.token.as_ref().filter(|_| self.is_own(url))?;
        let mut value = HeaderValue::from_str(&format!("Bearer {}", token.secret())).ok()?;
        // Whoever logs requests leaves it out.
        value.set_sensitive(true);
        Some(value)
    }

    /// Whether the Hub itself is asked.
    fn is_own(&self, url: &str) -> bool {
        url.strip_prefix(self.options.endpoint.as_str()).is_some_and(|rest| rest.starts_with('/'))
    }

    /// Waits after an answer that may be better next time; fails for one that will not.
    fn failed(&mut self, answer: reqwest::Result<Response>, url: &str, have: u64, tell: &mut dyn FnMut(Event)) -> Result<()> {
        let response = match answer {
            Ok(response) => response,
            Err(error) => return self.again(without_queries(&describe(&error)), url, have, tell),
        };
        let status = response.status();
        match status {
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN | StatusCode::NOT_FOUND
                if is_page(&response) && self.is_own(url) && !response.headers().contains_key("x-error-code") =>
            {
                Err(Error::Protocol { url: plain(url), problem: NO_HUB.into() })
            }
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => Err(Error::Forbidden { url: plain(url), status: status.as_u16() }),
            StatusCode::NOT_FOUND | StatusCode::GONE => Err(Error::NotFound { url: plain(url) }),
            StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE | StatusCode::REQUEST_TIMEOUT => {
                let asked = response.headers().get(RETRY_AFTER).and_then(|v| v.to_str().ok()?.trim().parse().ok());
                let Some(seconds) = asked else { return self.again(format!("{status}"), url, have, tell) };
                let wait = Duration::from_secs(seconds);
                if wait > self.options.longest_wait {
                    return Err(Error::Busy { url: plain(url), seconds });
                }
                self.count(format!("{status}"), url, have)?;
                tell(Event::Waiting { wait, reason: format!("the server asks to ({status})") });
                thread::sleep(wait);
                Ok(())
            }
            _ if status.is_server_error() => self.again(format!("{status}"), url, have, tell),
            _ => Err(Error::Protocol { url: plain(url), problem: format!("unexpected answer {status}") }),
        }
    }

    fn again(&mut self, problem: String, url: &str, have: u64, tell: &mut dyn FnMut(Event)) -> Result<()> {
        self.count(problem.clone(), url, have)?;
        let wait = self.options.first_wait.saturating_mul(1 << (self.failures - 1).min(16)).min(Duration::from_secs(30));
        tell(Event::Waiting { wait, reason: problem });
        thread::sleep(wait);
        Ok(())
    }

    fn count(&mut self, problem: String, url: &str, have: u64) -> Result<()> {
        self.failures += 1;
        if self.failures >= self.options.attempts {
            return Err(Error::Interrupted { url: plain(url), problem, have });
        }
        Ok(())
    }
}

/// Whether an answer is a web page.
fn is_page(response: &Response) -> bool {
    response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).is_some_and(|value| value.starts_with("text/html"))
}

fn plain(url: &str) -> String {
    url.split('?').next().unwrap_or_default().into()
}

/// The first byte of a partial answer: `Content-Range: bytes 5-9/10`.
fn begin(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_RANGE)?.to_str().ok()?.strip_prefix("bytes ")?.split('-').next()?.trim().parse().ok()
}

/// An error with its causes: the outermost alone says only that sending failed.
fn describe(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(error.source(), |e| e.source());
    causes.fold(error.to_string(), |text, cause| format!("{text}: {cause}"))
}
