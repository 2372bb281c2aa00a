//! Whether a directory may take what a reproduction writes.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use vimae_checkpoint::{RunLock, atomic};
use vimae_datasets::parted;
use vimae_spec::{Cell, Experiment};

use crate::{Error, Layout, Plan, Result, command::called, counted::counted, runs::find_runs, stored::read};

/// The file that says whose directory it is.
const MARKER: &str = ".vimae";

/// Refuses a directory whose own files would be written over: one that holds a page, tables or a plan of somebody else. What
/// else is in it stays as it is.
///
/// # Errors
/// [`Error::Output`], with the file.
pub(crate) fn check(to: &Path) -> Result<()> {
    let layout = Layout::new(to);
    let written = [layout.page(), layout.results(), layout.summary(), layout.comparisons(), layout.plan()];
    match written.into_iter().find(|path| path.exists()) {
        Some(path) if !is_ours(to) => {
            let problem = "would be written over, and no command here made it; give another --out, or move it away".into();
            Err(Error::Output { path, problem })
        }
        _ => Ok(()),
    }
}

/// Refuses a directory with a reproduction of its own, whose tables those of the one in `out`, with `plan`, would replace.
///
/// # Errors
/// [`Error::Output`], with what the directory holds.
pub(crate) fn check_other(plan: &Plan, out: &Path, to: &Path) -> Result<()> {
    if resolved(out) == resolved(to) {
        return Ok(());
    }
    let Some(held) = held_beside(plan, to) else { return Ok(()) };
    let problem =
        format!("holds {held}, and the tables of {} would be written over its own; give another --out, or move it away", out.display());
    Err(Error::Output { path: to.into(), problem })
}

/// The reproduction in this directory, in words: one with a plan, or tables of runs that lie there and are not of `plan`. One that the
/// repository keeps has no plan.
fn held_beside(plan: &Plan, to: &Path) -> Option<String> {
    let layout = Layout::new(to);
    if layout.plan().exists() {
        let own = Plan::load(to).ok();
        let what = own.map(|own| format!(" ({} of profile {})", counted(own.nodes.len() + own.earlier.len(), "run"), own.profile));
        return Some(format!("another reproduction{}", what.unwrap_or_default()));
    }
    let ours: BTreeSet<String> = plan.nodes.iter().chain(&plan.earlier).map(|node| node.spec.sha256()).collect();
    let cells: Vec<Cell> = read(&layout.results()).unwrap_or_default();
    let others: BTreeSet<&str> = cells.iter().map(|cell| cell.spec_sha256.as_str()).filter(|sha256| !ours.contains(*sha256)).collect();
    if others.is_empty() {
        return None;
    }
    let records = find_runs(to).into_iter().flatten().filter_map(|run| run.record);
    let there = records.filter(|record| others.contains(record.spec_sha256.as_str())).count();
    (there > 0).then(|| format!("another reproduction ({})", counted(there, "run")))
}

/// Says in `to` that what is written there is ours.
///
/// # Errors
/// Where it cannot be written.
pub(crate) fn mark(to: &Path) -> Result<()> {
    Ok(atomic::write(&to.join(MARKER), format!("results of {}\n", called()).as_bytes())?)
}

/// Directories that are made for a reproduction.
pub(crate) struct Made(Vec<PathBuf>);

impl Made {
    /// Those that are not there yet: `to`, and those above it that it needs.
    pub(crate) fn before(to: &Path) -> Self {
        let absent = to.ancestors().take_while(|path| !path.as_os_str().is_empty() && !path.exists());
        Self(absent.map(PathBuf::from).collect())
    }

    /// Removes them again, where nothing came into them but the lock and the marker.
    pub(crate) fn undo(&self, lock: RunLock) {
        const OURS: [&str; 2] = [MARKER, RunLock::FILE];
        let Some(to) = self.0.first() else { return };
        let other = |entry: fs::DirEntry| !OURS.iter().any(|name| entry.file_name() == *name);
        if fs::read_dir(to).into_iter().flatten().flatten().any(other) {
            return;
        }
        drop(lock);
        // Somebody may have waited for it.
        if RunLock::is_held(to) {
            return;
        }
        OURS.iter().for_each(|name| _ = fs::remove_file(to.join(name)));
        // One that holds something else stays, and so do those above it.
        let _ = self.0.iter().try_for_each(fs::remove_dir);
    }
}

/// Refuses a directory inside the data of one of the experiments: the next call would read what this one wrote.
///
/// # Errors
/// [`Error::Output`], with the data.
pub(crate) fn check_beside_data(to: &Path, experiments: &[Experiment]) -> Result<()> {
    let out = resolved(to);
    for spec in experiments.iter().flat_map(|experiment| experiment.runs(1)) {
        let (_, Some(data)) = parted(&spec.dataset.name) else { continue };
        let data = Path::new(data);
        if data.is_dir() && out.starts_with(resolved(data)) {
            let problem = format!(
                "lies in the data of {}, where the next call would read what this one writes; give an --out outside of it",
                spec.dataset.name
            );
            return Err(Error::Output { path: to.into(), problem });
        }
    }
    Ok(())
}

/// Whether a reproduction or a report was written to this directory. One that was copied may lack the marker, and so does one that
/// is kept in the repository, which has no plan either.
fn is_ours(to: &Path) -> bool {
    let has_cells = || read::<Vec<Cell>>(&Layout::new(to).results()).is_ok_and(|cells| !cells.is_empty());
    to.join(MARKER).is_file() || Plan::load(to).is_ok() || has_cells()
}

/// The path without links, also where its end is not there yet.
fn resolved(path: &Path) -> PathBuf {
    let path = std::path::absolute(path).unwrap_or_else(|_| path.into());
    let there = |folder: &Path| Some(folder.canonicalize().ok()?.join(path.strip_prefix(folder).ok()?));
    path.ancestors().find_map(there).unwrap_or_else(|| path.clone())
}

#[cfg(test)]
mod tests {
    use vimae_spec::RunRecord;

    use super::*;
    use crate::{
        Profile, RunFolder,
        cells::{bare, tests::record, written},
        record::write_record,
        schedule::plan::tests as plans,
        stored::json as bytes,
    };

    #[test]
    fn directories_that_were_made_for_nothing_are_removed_and_others_stay() {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path().join("runs/mine");
        let begun = || {
            let made = Made::before(&to);
            let lock = RunLock::take(&to).unwrap();
            mark(&to).unwrap();
            (made, lock)
        };
        let (made, lock) = begun();
        made.undo(lock);
        assert!(folder.path().exists() && !folder.path().join("runs").exists());
        // What was there before, and what has come into it.
        fs::create_dir(folder.path().join("runs")).unwrap();
        let (made, lock) = begun();
        made.undo(lock);
        assert!(folder.path().join("runs").exists() && !to.exists());
        let (made, lock) = begun();
        fs::write(to.join("run"), "").unwrap();
        made.undo(lock);
        assert!(to.join("run").exists() && to.join(MARKER).exists());
        fs::remove_file(to.join("run")).unwrap();
        let (made, lock) = begun();
        made.undo(lock);
        assert!(to.join(MARKER).exists());
    }

    #[test]
    fn files_of_somebody_else_are_not_written_over_and_our_own_are() {
        let folder = tempfile::tempdir().unwrap();
        let to = folder.path();
        check(&to.join("nowhere")).unwrap();
        check(to).unwrap();
        fs::write(to.join("notes.txt"), "").unwrap();
        check(to).unwrap();
        for name in ["index.html", "results.json", "summary.json", "comparisons.json", "plan.json"] {
            fs::write(to.join(name), "{\"mine\": 1}").unwrap();
            let error = check(to).unwrap_err();
            assert!(matches!(error, Error::Output { ref path, .. } if *path == to.join(name)), "{error}");
            fs::remove_file(to.join(name)).unwrap();
        }
        fs::write(to.join("results.json"), "[]").unwrap();
        check(to).unwrap_err();
        mark(to).unwrap();
        check(to).unwrap();
    }

    /// A plan with one run.
    fn plan(record: &RunRecord) -> Plan {
        let mut plan = plans::plan(Vec::new(), vec![plans::node(&record.spec)]);
        plan.profile = "desk".into();
        plan
    }

    #[test]
    fn the_tables_of_one_reproduction_do_not_replace_those_of_another() {
        let folder = tempfile::tempdir().unwrap();
        let (out, to) = (folder.path().join("out"), folder.path().join("to"));
        fs::create_dir_all(to.join("x/run")).unwrap();
        fs::create_dir(&out).unwrap();
        let finished = |seed: u64| {
            let record = record("vae", seed, "rate", 1.0);
            RunRecord { spec_sha256: record.spec.sha256(), ..record }
        };
        let (ours, theirs) = (finished(0), finished(1));
        let refused = || {
            let error = check_other(&plan(&ours), &out, &to).unwrap_err();
            assert!(matches!(error, Error::Output { ref path, .. } if *path == to), "{error}");
            error.to_string()
        };
        check_other(&plan(&ours), &out, &to).unwrap();
        plan(&theirs).save(&to).unwrap();
        let said = refused();
        assert!(said.contains("another reproduction (1 run of profile desk)") && said.contains("give another --out"), "{said}");
        // Its own tables are written, however the directory is named.
        check_other(&plan(&theirs), &to, &out.join("../to")).unwrap();

        // One that was copied may lack its plan; a report alone has no runs, and is replaced.
        fs::remove_file(to.join("plan.json")).unwrap();
        let tables = |record: &RunRecord| {
            let cells = [bare("x", record, &record.measurements[0])];
            fs::write(to.join("results.json"), bytes(&written(&cells)).unwrap()).unwrap();
        };
        tables(&theirs);
        check_other(&plan(&ours), &out, &to).unwrap();
        write_record(&RunFolder::at(to.join("x/run")), &theirs).unwrap();
        assert!(refused().contains("another reproduction (1 run),"));
        tables(&ours);
        check_other(&plan(&ours), &out, &to).unwrap();
    }

    #[test]
    fn tables_that_the_repository_keeps_are_our_own() {
        let kept = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../experiments/results/quick");
        assert!(!kept.join(MARKER).exists() && kept.join("results.json").exists());
        check(&kept).unwrap();
    }

    #[test]
    fn a_directory_inside_the_data_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("own.toml");
        fs::create_dir(folder.path().join("photos")).unwrap();
        fs::write(folder.path().join("set.npz"), "").unwrap();
        let at = |data: &str, out: &str| {
            let text = format!("version = 1\ndataset = \"{data}\"\nmodel = \"mlp\"\n[methods.vae]\nobjective = \"vae\"\n");
            fs::write(&file, text).unwrap();
            check_beside_data(&folder.path().join(out), &Profile::of_file(&file, &[]).unwrap().experiments)
        };
        for entry in ["folder", "table", "arrays"] {
            for out in ["photos", "photos/runs/a", "photos/../photos/runs"] {
                let error = at(&format!("{entry}:photos"), out).unwrap_err();
                assert!(matches!(error, Error::Output { .. }) && error.to_string().contains("photos"), "{error}");
            }
            at(&format!("{entry}:photos"), "photos2").unwrap();
            at(&format!("{entry}:photos"), "runs/photos").unwrap();
        }
        for data in ["arrays:set.npz", "folder:nowhere", "digits"] {
            at(data, "runs").unwrap();
        }
    }
}
