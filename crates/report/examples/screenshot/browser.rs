//! A headless Chromium, driven by its DevTools protocol over a pipe.

use std::{
    error::Error,
    io::{BufRead, BufReader, Write},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Command, Stdio},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use serde_json::{Value, json};
use tempfile::TempDir;

pub(crate) type Result<T> = std::result::Result<T, Box<dyn Error>>;

/// Names of the program, where the environment variable `CHROME` names none.
const NAMES: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];
/// The protocol's descriptors, 3 and 4, from the ones that the standard library sets up.
const PIPE: &str = "exec \"$0\" \"$@\" 3<&0 4>&1 < /dev/null > /dev/null 2>&1";

/// The installed Chromium.
pub(crate) fn find() -> Option<PathBuf> {
    if cfg!(not(unix)) {
        return None;
    }
    if let Some(named) = std::env::var_os("CHROME") {
        return Some(named.into());
    }
    let folders: Vec<PathBuf> = std::env::split_paths(&std::env::var_os("PATH")?).collect();
    NAMES.iter().flat_map(|name| folders.iter().map(move |folder| folder.join(name))).find(|path| path.is_file())
}

/// How a page is shown.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Screen {
    pub(crate) width: u32,
    pub(crate) height: u32,
    /// Screen pixels for one of the page's.
    pub(crate) scale: f64,
    pub(crate) dark: bool,
    /// With the manners of a phone.
    pub(crate) phone: bool,
}

/// A browser with one page.
pub(crate) struct Browser {
    child: Child,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
    session: Option<String>,
    sent: u64,
    /// What the browser told unasked.
    pub(crate) events: Vec<Value>,
    _profile: TempDir,
}

impl Browser {
    pub(crate) fn start(program: &Path) -> Result<Self> {
        let profile = tempfile::tempdir()?;
        let mut child = Command::new("sh")
            .args(["-c", PIPE])
            .arg(program)
            // The page is ours and has no secrets to keep from it; as root there is no sandbox at all.
            .args(["--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--no-first-run", "--remote-debugging-pipe"])
            .args(["--disable-background-networking", "--disable-component-update", "--disable-sync", "--hide-scrollbars"])
            .arg(format!("--user-data-dir={}", profile.path().display()))
            .arg("about:blank")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()?;
        let (input, output) = (child.stdin.take().ok_or("no pipe")?, child.stdout.take().ok_or("no pipe")?);
        let mut browser =
            Self { child, input, output: BufReader::new(output), session: None, sent: 0, events: Vec::new(), _profile: profile };
        let target = browser.call("Target.createTarget", json!({ "url": "about:blank" }))?;
        let session = browser.call("Target.attachToTarget", json!({ "targetId": target["targetId"], "flatten": true }))?;
        browser.session = session["sessionId"].as_str().map(Into::into);
        for domain in ["Page", "Runtime", "Network", "Log"] {
            browser.call(&format!("{domain}.enable"), json!({}))?;
        }
        Ok(browser)
    }

    /// Shows the page at `path`, and waits until it is loaded with its images and fonts.
    pub(crate) fn open(&mut self, path: &Path, anchor: &str, screen: Screen) -> Result<()> {
        let Screen { width, height, scale, dark, phone } = screen;
        self.call("Page.navigate", json!({ "url": "about:blank" }))?;
        let metrics = json!({ "width": width, "height": height, "deviceScaleFactor": scale, "mobile": phone });
        self.call("Emulation.setDeviceMetricsOverride", metrics)?;
        let scheme = json!({ "name": "prefers-color-scheme", "value": if dark { "dark" } else { "light" } });
        self.call("Emulation.setEmulatedMedia", json!({ "media": "", "features": [scheme] }))?;
        self.events.clear();
        let path = path.canonicalize()?;
        self.call("Page.navigate", json!({ "url": format!("file://{}{anchor}", path.display()) }))?;
        while !self.events.iter().any(|event| event["method"] == "Page.loadEventFired") {
            let message = self.read()?;
            self.events.push(message);
        }
        self.evaluate("Promise.all([document.fonts.ready, ...[...document.images].map((i) => i.decode().catch(() => 0))]).then(() => 0)")?;
        Ok(())
    }

    /// The value of an expression, or of what it promises.
    pub(crate) fn evaluate(&mut self, expression: &str) -> Result<Value> {
        let asked = json!({ "expression": expression, "returnByValue": true, "awaitPromise": true });
        let answer = self.call("Runtime.evaluate", asked)?;
        match answer.get("exceptionDetails") {
            Some(thrown) => Err(format!("{expression}: {thrown}").into()),
            None => Ok(answer["result"]["value"].clone()),
        }
    }

    /// A PNG of what the screen shows, or of the whole page.
    pub(crate) fn image(&mut self, whole: bool) -> Result<Vec<u8>> {
        let asked = if whole {
            let size = self.evaluate("[document.documentElement.clientWidth, document.documentElement.scrollHeight]")?;
            json!({ "captureBeyondViewport": true, "clip": { "x": 0, "y": 0, "width": size[0], "height": size[1], "scale": 1 } })
        } else {
            json!({})
        };
        self.data("Page.captureScreenshot", asked)
    }

    /// The page as it prints.
    pub(crate) fn print(&mut self) -> Result<Vec<u8>> {
        self.data("Page.printToPDF", json!({ "preferCSSPageSize": true, "printBackground": true }))
    }

    fn data(&mut self, method: &str, asked: Value) -> Result<Vec<u8>> {
        let answer = self.call(method, asked)?;
        Ok(BASE64_STANDARD.decode(answer["data"].as_str().ok_or("no data")?)?)
    }

    /// Calls a method of the protocol and waits for its answer, however long it takes.
    pub(crate) fn call(&mut self, method: &str, parameters: Value) -> Result<Value> {
        self.sent += 1;
        let mut message = json!({ "id": self.sent, "method": method, "params": parameters });
        if let Some(session) = &self.session {
            message["sessionId"] = json!(session);
        }
        let mut bytes = serde_json::to_vec(&message)?;
        bytes.push(0);
        self.input.write_all(&bytes)?;
        self.input.flush()?;
        loop {
            let mut answer = self.read()?;
            if answer["id"] != self.sent {
                self.events.push(answer);
            } else if answer["error"].is_null() {
                return Ok(answer["result"].take());
            } else {
                return Err(format!("{method}: {}", answer["error"]).into());
            }
        }
    }

    fn read(&mut self) -> Result<Value> {
        let mut bytes = Vec::new();
        self.output.read_until(0, &mut bytes)?;
        if bytes.pop() != Some(0) {
            return Err("Chromium ended".into());
        }
        Ok(serde_json::from_slice(&bytes)?)
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Closed in good order it ends its helpers too; one that does not answer is ended by its closed pipe.
        self.session = None;
        if self.call("Browser.close", json!({})).is_err() {
            self.child.kill().ok();
        }
        self.child.wait().ok();
    }
}
