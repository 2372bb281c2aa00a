//! Readers that go and disks that are full: a command that prints ends quietly, and a training goes on.

use std::{
    fs::{File, OpenOptions},
    io::Read,
    process::{Command, Output, Stdio},
};

use anyhow::{Context, Result};
use vimae_tests::command::xtask;

use crate::tiny::{contents, short, write};

fn full() -> Result<File> {
    OpenOptions::new().write(true).open("/dev/full").context("/dev/full")
}

fn said(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[test]
fn a_reader_that_goes_ends_a_command_quietly_and_a_full_disk_is_said_once() -> Result<()> {
    let mut child = Command::new(xtask()?).args(["spec", "schema"]).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn()?;
    // One byte of it is read, and the pipe closed.
    child.stdout.take().context("pipe")?.read_exact(&mut [0])?;
    let output = child.wait_with_output()?;
    assert!(output.status.success() && said(&output).is_empty(), "{output:?}");
    let output = Command::new(xtask()?).args(["spec", "schema"]).stdout(full()?).output()?;
    assert_eq!((output.status.code(), said(&output).matches("No space left").count()), (Some(1), 1), "{output:?}");
    Ok(())
}

#[test]
fn a_training_whose_messages_cannot_be_written_goes_on_to_its_end() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let spec = write(folder.path(), &short())?;
    let out = folder.path().join("out");
    let status = Command::new(xtask()?).arg("train").arg(&spec).arg("--out").arg(&out).stdout(full()?).stderr(full()?).status()?;
    assert!(status.success(), "{status}");
    assert_eq!(contents(&out, "record.json")?.len(), 2);
    Ok(())
}
