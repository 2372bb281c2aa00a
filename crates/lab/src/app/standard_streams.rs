//! Standard output and standard error, whose readers may go and whose disks may be full.

use std::{
    fmt::Display,
    io::{self, ErrorKind, IsTerminal, Stderr, Write},
    process::ExitCode,
    sync::Mutex,
};

/// What went wrong with standard output first; nothing is written after that.
static BROKEN: Mutex<Option<io::Error>> = Mutex::new(None);

/// Prints a result to standard output, where nothing else goes.
pub fn print(text: impl Display) {
    let mut broken = BROKEN.lock().unwrap_or_else(|poisoned| poisoned.into_inner());
    if broken.is_none() {
        let mut out = io::stdout().lock();
        *broken = writeln!(out, "{text}").and_then(|()| out.flush()).err();
    }
}

/// Prints what is good to know, but on disk as well: a command that lost it has done its work.
pub(crate) fn print_in_passing(text: impl Display) {
    print(text);
    if let Ok(mut broken) = BROKEN.lock()
        && let Some(error) = broken.take_if(|error| error.kind() != ErrorKind::BrokenPipe)
    {
        tracing::warn!("standard output: {error}");
    }
}

/// Characters of a line of standard output: as many as its terminal has. A file or a pipe may have longer lines than a terminal that
/// does not say how wide it is.
pub(crate) fn width() -> usize {
    let out = io::stdout();
    columns(out.is_terminal(), terminal_size::terminal_size_of(&out).map(|(width, _)| width.0.into()))
}

fn columns(is_terminal: bool, told: Option<usize>) -> usize {
    told.unwrap_or(if is_terminal { 80 } else { 100 })
}

/// Whether nobody reads any more.
pub(crate) fn is_broken() -> bool {
    BROKEN.lock().is_ok_and(|broken| broken.is_some())
}

/// The exit code of a command. A reader that has gone had what it wanted; what a full disk lost is said once.
pub(crate) fn code(otherwise: ExitCode) -> ExitCode {
    let broken = BROKEN.lock().ok().and_then(|mut broken| broken.take());
    match broken.filter(|error| error.kind() != ErrorKind::BrokenPipe) {
        Some(error) => {
            tracing::error!("standard output: {error}");
            ExitCode::FAILURE
        }
        None => otherwise,
    }
}

/// Standard error for messages: what cannot be written is dropped, since no message is worth the work that it is about.
pub(crate) struct Messages(pub(crate) Stderr);

impl Write for Messages {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let _ = self.0.write_all(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        let _ = self.0.flush();
        Ok(())
    }
}

/// An error with those of its causes that it does not repeat itself.
pub(crate) fn once(error: &anyhow::Error) -> String {
    error.chain().fold(String::new(), |text, cause| {
        let cause = cause.to_string();
        match text.is_empty() {
            true => cause,
            false if text.contains(&cause) => text,
            false if cause.contains(&text) => cause,
            false => format!("{text}: {cause}"),
        }
    })
}

#[cfg(test)]
mod tests {
    use anyhow::anyhow;

    use super::*;

    #[test]
    fn lines_are_as_wide_as_the_terminal() {
        assert_eq!([columns(true, Some(72)), columns(true, None), columns(false, None)], [72, 80, 100]);
    }

    #[test]
    fn a_cause_that_was_said_is_not_said_again() {
        assert_eq!(once(&anyhow!("No such file").context("a.toml: No such file")), "a.toml: No such file");
        assert_eq!(once(&anyhow!("No such file").context("a.toml")), "a.toml: No such file");
        assert_eq!(once(&anyhow!("a.toml: No such file").context("a.toml")), "a.toml: No such file");
        assert_eq!(once(&anyhow!("c").context("x: b").context("y")), "y: x: b: c");
    }
}
