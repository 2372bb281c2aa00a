//! What stands beside an output until it is whole, and who clears it away where its process is ended.

use std::{
    fs,
    path::{Path, PathBuf},
    sync::{Mutex, MutexGuard, PoisonError},
};

/// Held while something is put into a folder that is not whole.
static WRITING: Mutex<()> = Mutex::new(());

pub(super) fn writing() -> MutexGuard<'static, ()> {
    WRITING.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Where an output is written until it is whole.
pub(super) fn beside(path: &Path) -> PathBuf {
    let (folder, prefix) = place(path);
    folder.join(format!("{prefix}{}.part", std::process::id()))
}

/// Removes what processes that were killed left of an output. This process has not begun it: what bears its number is of an earlier one.
pub(super) fn sweep(path: &Path) {
    parts(path).filter(|(_, process)| *process == std::process::id() || !runs(*process)).for_each(|(part, _)| remove(&part));
}

/// Removes what this process has written of an output that is not whole, before it ends. While the guard is held, no folder grows.
pub(crate) fn abandon(path: &Path) -> MutexGuard<'static, ()> {
    let held = writing();
    parts(path).filter(|(_, process)| *process == std::process::id()).for_each(|(part, _)| remove(&part));
    held
}

/// The folder of an output, and what names of its parts begin with.
fn place(path: &Path) -> (&Path, String) {
    let folder = path.parent().filter(|p| !p.as_os_str().is_empty()).unwrap_or(Path::new("."));
    (folder, format!(".{}.", path.file_name().unwrap_or_default().to_string_lossy()))
}

/// The parts of an output, each with the process that writes it or did.
fn parts(path: &Path) -> impl Iterator<Item = (PathBuf, u32)> {
    let (folder, prefix) = place(path);
    fs::read_dir(folder).into_iter().flatten().flatten().filter_map(move |entry| {
        let process = entry.file_name().to_str()?.strip_prefix(&prefix)?.strip_suffix(".part")?.parse().ok()?;
        Some((entry.path(), process))
    })
}

fn remove(part: &Path) {
    let _ = if part.is_dir() { fs::remove_dir_all(part) } else { fs::remove_file(part) };
}

#[cfg(unix)]
fn runs(process: u32) -> bool {
    use rustix::{
        io::Errno,
        process::{Pid, test_kill_process},
    };
    // One of somebody else's runs, too: it may only not be signalled.
    i32::try_from(process).ok().and_then(Pid::from_raw).is_some_and(|pid| test_kill_process(pid) != Err(Errno::SRCH))
}

/// Nothing tells.
#[cfg(not(unix))]
fn runs(_: u32) -> bool {
    true
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use super::*;

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<String> = fs::read_dir(folder).unwrap().map(|e| e.unwrap().file_name().into_string().unwrap()).collect();
        names.sort();
        names
    }

    #[test]
    fn parts_of_processes_that_were_killed_are_cleared_away_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let at = |name: &str| folder.path().join(name);
        let own = std::process::id();
        // The first process runs always; no process has the last number.
        let stay = [".other.npz.4294967295.part", ".x.npz.1.part", ".x.npz.part", "x.npz", "x.npz.4294967295.part"];
        let gone = [".x.npz.4294967295.part".to_owned(), format!(".x.npz.{own}.part")];
        for name in stay.into_iter().chain(gone.iter().map(String::as_str)) {
            fs::write(at(name), "").unwrap();
        }
        sweep(&at("x.npz"));
        assert_eq!(names(folder.path()), stay);
        // A folder, whatever is in it.
        fs::create_dir_all(at(".images.4294967295.part/a")).unwrap();
        fs::write(at(".images.4294967295.part/a/0.png"), "").unwrap();
        sweep(&at("images"));
        assert_eq!(names(folder.path()), stay);
        sweep(&at("absent/images"));
    }

    #[test]
    fn a_process_that_ends_takes_its_own_parts_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let [array, images] = ["x.npy", "images"].map(|name| folder.path().join(name));
        fs::write(beside(&array), "").unwrap();
        fs::create_dir_all(beside(&images).join("a")).unwrap();
        fs::write(folder.path().join(".x.npy.4294967295.part"), "").unwrap();
        [array, images].iter().for_each(|path| drop(abandon(path)));
        assert_eq!(names(folder.path()), [".x.npy.4294967295.part"]);
    }
}
