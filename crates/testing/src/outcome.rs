//! A skipped test leaves a line behind.

use std::{any::type_name_of_val, fs::OpenOptions, io::Write, path::Path, thread};

/// What a test function may give.
pub trait Outcome {
    /// The value of a test that has nothing to complain about.
    fn done() -> Self;
}

impl Outcome for () {
    fn done() -> Self {}
}

impl<E> Outcome for Result<(), E> {
    fn done() -> Self {
        Ok(())
    }
}

/// Says that the running test of the binary `binary` is skipped, and why; [`need!`](crate::need) calls it with a function
/// `here` defined in the test. The line is `skipped: BINARY TEST: REASON` on standard output, and `BINARY TEST<tab>REASON`
/// in the file that `VIMAE_SKIPS` names.
///
/// # Panics
/// Where that file cannot be written: the test would count as passed.
#[expect(clippy::print_stdout, clippy::panic, reason = "a skipped test says so, or fails")]
pub fn skip<H, O: Outcome>(binary: &str, here: &H, reason: &str) -> O {
    let test = test_name(thread::current().name(), type_name_of_val(here));
    let reason = reason.split_whitespace().collect::<Vec<_>>().join(" ");
    println!("skipped: {binary} {test}: {reason}");
    if let Some(file) = std::env::var_os("VIMAE_SKIPS")
        && let Err(error) = append(Path::new(&file), &format!("{binary} {test}\t{reason}\n"))
    {
        panic!("{}: {error}", file.display());
    }
    O::done()
}

/// One write in append mode, so that tests beside each other leave whole lines.
fn append(file: &Path, line: &str) -> std::io::Result<()> {
    OpenOptions::new().create(true).append(true).open(file)?.write_all(line.as_bytes())
}

/// The test's path in its crate: libtest names each test's thread so, unless it runs them one by one on the main thread.
fn test_name(thread: Option<&str>, here: &str) -> String {
    let path = here.strip_suffix("::here").unwrap_or(here);
    let inside = path.split_once("::").map_or(path, |(_, inside)| inside);
    thread.filter(|name| *name != "main").unwrap_or(inside).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_is_named_alike_on_a_thread_of_its_own_and_on_the_main_one() {
        assert_eq!(test_name(Some("outcome::tests::one"), "vimae_testing::outcome::tests::one::here"), "outcome::tests::one");
        assert_eq!(test_name(Some("main"), "vimae_testing::outcome::tests::one::here"), "outcome::tests::one");
        assert_eq!(test_name(None, "kernels::one::here"), "one");
    }

    #[test]
    fn a_need_that_is_met_is_a_value() {
        let met: Result<u8, String> = Ok(3);
        let value = crate::need!(met);
        assert_eq!(value, 3);
    }

    #[test]
    fn lines_are_kept_whole_and_in_order() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("skips");
        append(&file, "a one\tno reason\n").unwrap();
        append(&file, "a two\tno reason\n").unwrap();
        assert_eq!(std::fs::read_to_string(&file).unwrap(), "a one\tno reason\na two\tno reason\n");
        assert!(append(directory.path(), "a directory").is_err());
    }
}
