//! Disks that are full, folders that cannot be written, files that are damaged: a clear word, and nothing is lost.

use std::{
    fs,
    io::{ErrorKind, Write},
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};
use vimae_testing::need;

use crate::{
    interruption::results,
    shared::{Undisturbed, undisturbed},
    tiny::{files, train},
};

/// A disk that is full or read-only stays so for a second attempt.
const ONCE: &[&str] = &["--retries", "0"];

/// A file system in memory that goes when it is dropped.
pub(crate) struct Small(pub(crate) PathBuf);

/// What takes all room.
const FILLER: &str = "filler";

impl Small {
    /// One of `bytes`, or why this machine lets nobody mount one.
    pub(crate) fn mount(path: PathBuf, bytes: u64) -> Result<Self, String> {
        fs::create_dir_all(&path).map_err(|error| error.to_string())?;
        match Command::new("mount").args(["-t", "tmpfs", "-o", &format!("size={bytes}"), "tmpfs"]).arg(&path).output() {
            Ok(output) if output.status.success() => Ok(Self(path)),
            Ok(output) => {
                let path = path.display().to_string();
                let problem = String::from_utf8_lossy(&output.stderr).replace(&path, "a directory");
                Err(format!("cannot mount a small file system: {}", problem.trim()))
            }
            Err(error) => Err(format!("mount cannot be started: {error}")),
        }
    }

    pub(crate) fn remount(&self, options: &str) -> Result<()> {
        ensure!(Command::new("mount").args(["-o", &format!("remount,{options}")]).arg(&self.0).status()?.success(), "remount");
        Ok(())
    }

    /// Leaves no room: a smaller size would be refused while another process writes.
    pub(crate) fn fill(&self) -> Result<()> {
        let mut file = fs::File::create(self.0.join(FILLER))?;
        while file.write_all(&[0; 4096]).is_ok() {}
        Ok(())
    }

    /// Gives the room back.
    pub(crate) fn free(&self) -> Result<()> {
        match fs::remove_file(self.0.join(FILLER)) {
            Err(error) if error.kind() != ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        }
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg(&self.0).status();
    }
}

pub(crate) fn size(folder: &Path) -> Result<u64> {
    let mut sum = 0;
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        sum += if path.is_dir() { size(&path)? } else { fs::metadata(&path)?.len() };
    }
    Ok(sum)
}

#[test]
fn a_full_or_read_only_disk_is_named_and_the_run_goes_on_to_the_same_bits_when_there_is_room() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let Undisturbed { spec, out } = undisturbed()?;
    let (expected, whole) = (results(out)?, size(out)?);
    for share in [0.2, 0.5, 0.8] {
        let disk = need!(Small::mount(folder.path().join("disk"), (whole as f64 * share) as u64));
        let full = train(spec, &disk.0, ONCE)?;
        assert!(!full.success && full.stderr.contains("No space left on device"), "{share}: {}", full.stderr);
        assert!(full.stderr.contains(disk.0.to_str().context("path")?) && !full.stderr.contains("panicked"), "{}", full.stderr);
        disk.remount("ro")?;
        let fixed = train(spec, &disk.0, ONCE)?;
        assert!(!fixed.success && fixed.stderr.contains("Read-only file system"), "{}", fixed.stderr);
        disk.remount(&format!("rw,size={}", whole * 3))?;
        let again = train(spec, &disk.0, ONCE)?;
        ensure!(again.success, "{}", again.stderr);
        assert!(results(&disk.0)? == expected, "a disk that was full at {share} gave other bits");
    }
    Ok(())
}

/// An unfinished copy of a finished reproduction, changed by `change`, must be refused with all of `words`, and left as it is.
fn refused(finished: &Path, spec: &Path, name: &str, change: impl Fn(&mut Vec<u8>), words: &[&str]) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let out = folder.path().join("out");
    copy(finished, &out)?;
    if name != "record.json" {
        for (path, _) in files(&out, "record.json")? {
            fs::remove_file(path)?;
        }
    }
    let (path, mut bytes) = files(&out, name)?.into_iter().next().context("no such file")?;
    change(&mut bytes);
    fs::write(&path, &bytes)?;
    let called = train(spec, &out, ONCE)?;
    assert!(!called.success && !called.stderr.contains("panicked"), "{name}: {}", called.stderr);
    for word in words.iter().chain([&name]) {
        assert!(called.stderr.contains(word), "{name}: no {word:?} in: {}", called.stderr);
    }
    assert!(fs::read(&path)? == bytes, "{name} was overwritten");
    Ok(())
}

fn copy(from: &Path, to: &Path) -> Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let to = to.join(entry.file_name());
        if entry.path().is_dir() { copy(&entry.path(), &to)? } else { _ = fs::copy(entry.path(), to)? }
    }
    Ok(())
}

#[test]
fn damaged_foreign_and_newer_files_are_refused_by_name_and_kept() -> Result<()> {
    let Undisturbed { spec, out } = undisturbed()?;

    refused(out, spec, "checkpoint.safetensors", |bytes| bytes.truncate(bytes.len() / 2), &["is damaged", "remove it"])?;
    refused(out, spec, "checkpoint.safetensors", |bytes| *bytes.last_mut().unwrap_or(&mut 0) ^= 1, &["digest"])?;
    let set = |from: &'static str, to: &'static str| move |bytes: &mut Vec<u8>| replace(bytes, from, to);
    refused(out, spec, "checkpoint.safetensors", set(r#"\"format\":1"#, r#"\"format\":9"#), &["format 9 is newer than 1"])?;
    refused(out, spec, "record.json", set(r#""format": 3"#, r#""format": 7"#), &["format 7 is newer than 3"])?;
    refused(out, spec, "record.json", set(r#""format": 3"#, r#""format": 2"#), &["format 2 is older than 3"])?;
    refused(out, spec, "record.json", |bytes| bytes.truncate(100), &["EOF"])?;

    // A checkpoint that lies in the folder of another run.
    let all = files(out, "checkpoint.safetensors")?;
    let other = all.get(1).context("two runs")?.1.clone();
    refused(out, spec, "checkpoint.safetensors", |bytes| bytes.clone_from(&other), &["belongs to another spec", "--fresh"])
}

fn replace(bytes: &mut [u8], from: &str, to: &str) {
    if let Some(at) = bytes.windows(from.len()).position(|window| window == from.as_bytes()) {
        bytes[at..at + to.len()].copy_from_slice(to.as_bytes());
    }
}
