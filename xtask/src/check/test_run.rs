//! All tests of the workspace, with one closing line that adds them up and the reasons of those that were skipped.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs,
    io::{self, BufRead, BufReader, Lines},
    path::Path,
    process::{Child, ChildStdout, ExitCode, Stdio},
    thread,
};

use anyhow::{Context, Result, anyhow};

use super::{cargo, step, target, timed};
use vimae_lab::print;

use crate::root;

/// Builds and runs all tests, and closes with one line that adds up every test binary's.
pub(super) fn run() -> Result<ExitCode> {
    // Without the crates' examples, which nothing runs: the lints compile them, and linking them would test nothing more.
    step("test executables", &mut cargo(&["test", "--workspace", "--tests", "--no-run"]))?;
    timed("tests", run_built)
}

/// Runs what is built, and beside it the examples of the documentation: rustdoc compiles them crate after crate, on one core.
fn run_built() -> Result<ExitCode> {
    let file = target().join("skipped-tests");
    if file.exists() {
        fs::remove_file(&file).with_context(|| file.display().to_string())?;
    }
    let (mut tests, mut examples) = (begin("--tests", &file)?, begin("--doc", &file)?);
    let said = lines(&mut examples)?;
    let said = thread::spawn(move || said.collect::<io::Result<Vec<String>>>());
    let mut tally = Tally::default();
    let mut tell = |line: String| {
        print(&line);
        tally.add(&line);
    };
    for line in lines(&mut tests)? {
        tell(line?);
    }
    let said = said.join().map_err(|_| anyhow!("the examples' output could not be read"))?;
    for line in said? {
        tell(line);
    }
    let success = [tests.wait()?, examples.wait()?].iter().all(|ended| ended.success());
    let skipped = if file.exists() { fs::read_to_string(&file).with_context(|| file.display().to_string())? } else { String::new() };
    tally.skip(&skipped);
    print(&tally);
    Ok(if success && tally.failed == 0 && tally.passed() > 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}

/// Begins the tests that this option of cargo's selects; those that are skipped stand in the file `skipped`.
fn begin(which: &str, skipped: &Path) -> Result<Child> {
    // Tests run beside each other, so that each keeps to one thread of its own.
    cargo(&["test", "--workspace", "--no-fail-fast", which])
        .env("RAYON_NUM_THREADS", std::env::var("RAYON_NUM_THREADS").unwrap_or_else(|_| "1".into()))
        .env("VIMAE_SKIPS", skipped)
        .current_dir(root())
        .stdout(Stdio::piped())
        .spawn()
        .context("cannot start cargo test")
}

fn lines(child: &mut Child) -> Result<Lines<BufReader<ChildStdout>>> {
    Ok(BufReader::new(child.stdout.take().context("no output of cargo test")?).lines())
}

/// What became of the tests.
#[derive(Debug, Default)]
struct Tally {
    /// Those that ended well, as libtest counts: the skipped ones among them.
    ended: usize,
    failed: usize,
    /// Those that libtest did not run.
    ignored: usize,
    /// Tests that were skipped, by the reason that they gave.
    skipped: BTreeMap<String, BTreeSet<String>>,
}

impl Tally {
    /// Adds what a line of output says.
    fn add(&mut self, line: &str) {
        let Some(result) = line.strip_prefix("test result: ") else { return };
        self.ended += count(result, "passed");
        self.failed += count(result, "failed");
        self.ignored += count(result, "ignored");
    }

    /// Adds the tests that said that they were skipped, one a line: the name, a tab, the reason.
    fn skip(&mut self, lines: &str) {
        for (name, reason) in lines.lines().filter_map(|line| line.split_once('\t')) {
            self.skipped.entry(reason.to_owned()).or_default().insert(name.to_owned());
        }
    }

    fn skipped(&self) -> usize {
        self.skipped.values().flatten().collect::<BTreeSet<_>>().len()
    }

    fn passed(&self) -> usize {
        self.ended.saturating_sub(self.skipped())
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (reason, names) in &self.skipped {
            writeln!(f, "{} skipped: {reason}", names.len())?;
            names.iter().try_for_each(|name| writeln!(f, "    {name}"))?;
        }
        if self.ignored > 0 {
            writeln!(f, "{} skipped: marked to be ignored", self.ignored)?;
        }
        write!(f, "{} passed, {} failed, {} skipped", self.passed(), self.failed, self.skipped() + self.ignored)
    }
}

/// The number before `word` in a line like `ok. 3 passed; 0 failed; ...`.
fn count(result: &str, word: &str) -> usize {
    let before = result.split_once(word).map_or("", |(before, _)| before);
    before.split_whitespace().last().and_then(|n| n.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_skipped_test_counts_once_and_not_as_passed() {
        let mut tally = Tally::default();
        for line in [
            "running 3 tests",
            "test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s",
            "test result: FAILED. 10 passed; 1 failed; 2 ignored; 0 measured; 5 filtered out; finished in 0.00s",
        ] {
            tally.add(line);
        }
        tally.skip("a real one\tno data\na real two\tno data\nb one\tno browser\na real one\tno data\n");
        let text = tally.to_string();
        assert!(text.ends_with("\n10 passed, 1 failed, 5 skipped"), "{text}");
        assert!(text.contains("2 skipped: no data\n    a real one\n    a real two\n"), "{text}");
        assert!(text.contains("1 skipped: no browser\n    b one\n"), "{text}");
    }

    #[test]
    fn without_skips_the_closing_line_stands_alone() {
        let mut tally = Tally::default();
        tally.add("test result: ok. 3 passed; 0 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.00s");
        tally.skip("");
        assert_eq!(tally.to_string(), "3 passed, 0 failed, 0 skipped");
    }
}
