//! Ctrl-C, SIGTERM and SIGHUP: the run under way saves its state and ends.

use std::{
    path::Path,
    process::{ExitCode, exit},
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use anyhow::{Context, Result};

use crate::{kept, outputs::abandon};

/// What a command exits with that was asked to stop and can go on: the usual code of a failure that may pass.
pub(crate) const STOPPED: u8 = 75;
/// What the shell makes of a command that Ctrl-C ended.
const AT_ONCE: i32 = 130;
/// A terminal that is closed signals more than once. A person is slower.
const SLOWER: Duration = Duration::from_millis(250);

static STOP: AtomicBool = AtomicBool::new(false);
static FIRST: Mutex<Option<Instant>> = Mutex::new(None);

/// Who works.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Who {
    /// A command that a person sees, whose runs save their state.
    Command,
    /// A command that a person sees, and that keeps what it measures metric by metric.
    Evaluation,
    /// A worker, which such a command waits for.
    Worker,
    /// A task of a cluster, which warns well before it ends one.
    Task,
}

impl Who {
    /// How long a run has to come to a place to stop at. What it has saved by then is all that stays.
    fn grace(self) -> Duration {
        Duration::from_millis(match self {
            Self::Command | Self::Evaluation => 2_500,
            Self::Worker => 2_000,
            Self::Task => 20_000,
        })
    }

    /// Whether a person sees what it says.
    fn is_seen(self) -> bool {
        matches!(self, Self::Command | Self::Evaluation)
    }

    /// What it says where it has not come to a place to stop at by then; nothing where nobody sees it.
    fn last_words(self) -> Option<String> {
        match self {
            Self::Command => Some("stopped before the step under way was done; the same command goes on from what is saved".into()),
            Self::Evaluation => Some(kept::stopped()),
            Self::Worker | Self::Task => None,
        }
    }
}

/// Becomes true with the first signal; the process ends soon after that, wherever it is. For a command that a person sees, a second
/// signal ends it at once.
pub(crate) fn on_signal(who: Who) -> Result<&'static AtomicBool> {
    ctrlc::set_handler(move || {
        let first = *FIRST.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(Instant::now);
        if !STOP.swap(true, Ordering::Relaxed) {
            thread::spawn(move || {
                thread::sleep(who.grace());
                crate::leave_runs();
                if let Some(words) = who.last_words() {
                    tracing::info!("{words}");
                }
                exit(STOPPED.into());
            });
            if who.is_seen() {
                tracing::warn!("stopping; once more to stop at once");
            }
        } else if who.is_seen() && first.elapsed() > SLOWER {
            exit(AT_ONCE);
        }
    })
    .context("cannot wait for signals")?;
    Ok(&STOP)
}

/// Ends a command that writes `output` whole or not at all with the first signal, and leaves nothing of it that is not whole.
pub(crate) fn on_signal_without(output: &Path) -> Result<()> {
    let output = output.to_owned();
    let ended = ctrlc::set_handler(move || {
        let _nothing_more = abandon(&output);
        tracing::warn!("stopped before the output was whole; nothing of it is kept, and the same command begins again");
        exit(STOPPED.into());
    });
    ended.context("cannot wait for signals")
}

/// The exit code of a command of which something is `left` to do; `failed`: whether something else went wrong.
pub(crate) fn code(left: bool, failed: bool) -> ExitCode {
    match (left, failed) {
        (true, false) => ExitCode::from(STOPPED),
        (true, true) if STOP.load(Ordering::Relaxed) => ExitCode::from(STOPPED),
        (false, false) => ExitCode::SUCCESS,
        _ => ExitCode::FAILURE,
    }
}
