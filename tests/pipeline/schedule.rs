//! Several workers, one plan: the same results, no work done twice, and anyone can see how far it is.

use std::{fs, path::Path, process::Command};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use vimae_lab::{Reproduction, RunContext};
use vimae_tests::command::{call, xtask};

use crate::{
    shared::{Undisturbed, undisturbed},
    tiny::{contents, files, here, short, train, write},
};

/// All cells without what differs from one clock or folder to the next.
pub(crate) fn cells(out: &Path) -> Result<Vec<Value>> {
    let mut cells: Vec<Value> = serde_json::from_slice(&fs::read(out.join("results.json"))?)?;
    ensure!(!cells.is_empty(), "no cells");
    for cell in &mut cells {
        cell.as_object_mut().context("a cell is an object")?.remove("seconds").context("a cell has seconds")?;
    }
    Ok(cells)
}

#[test]
fn two_workers_give_the_cells_of_one_and_status_and_report_see_them() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let Undisturbed { spec, out: one } = undisturbed()?;
    let two = folder.path().join("two");
    ensure!(train(spec, &two, &["--jobs", "2"])?.success);
    assert_eq!(cells(one)?, cells(&two)?);

    let status = call(&["status", two.to_str().context("path")?, "--json"])?;
    let runs: Vec<Value> = serde_json::from_str(&status.stdout)?;
    assert_eq!(runs.len(), 2, "{}", status.stdout);
    for run in &runs {
        assert_eq!(run["status"]["state"], "finished", "{run}");
    }
    assert_ne!(runs[0]["status"]["process"], runs[1]["status"]["process"], "one process did both runs");
    assert!(call(&["status", two.to_str().context("path")?])?.stdout.starts_with("2 runs: 2 finished\n"));

    // The page comes back from what is there.
    let page = fs::read(two.join("index.html"))?;
    fs::remove_file(two.join("index.html"))?;
    ensure!(call(&["report", two.to_str().context("path")?])?.success);
    assert!(fs::read(two.join("index.html"))?.len() * 10 > page.len() * 9);

    // Nothing is left to do, whoever asks.
    let before = contents(&two, "status.json")?;
    ensure!(train(spec, &two, &["--jobs", "2"])?.success);
    assert_eq!(contents(&two, "status.json")?, before, "a finished run was begun again");
    Ok(())
}

#[test]
fn a_second_call_on_the_same_folder_is_refused_with_its_owner() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let spec = write(folder.path(), &short().replacen("epochs = 3", "epochs = 10000", 1))?;
    let out = folder.path().join("out");
    let mut first = Command::new(xtask()?).arg("train").arg(&spec).arg("--out").arg(&out).stderr(std::process::Stdio::null()).spawn()?;
    while !out.join("plan.json").exists() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let second = train(&spec, &out, &[])?;
    let owner = format!("process {} on ", first.id());
    let cancelled = call(&["cancel", out.to_str().context("path")?])?;
    let ended = first.wait()?;
    assert!(!second.success && second.stderr.contains(&owner), "{}", second.stderr);
    assert!(cancelled.success && cancelled.stdout.contains(&first.id().to_string()), "{cancelled:?}");
    assert_eq!(ended.code(), Some(75), "a reproduction that was told to stop says so");
    let nobody = call(&["cancel", out.to_str().context("path")?])?;
    assert!(!nobody.success && nobody.stderr.contains("nothing works on it"), "{}", nobody.stderr);
    // What it did not come to stands on its page.
    assert!(fs::read_to_string(out.join("index.html"))?.contains("the same command"), "the page says nothing of what is left");
    Ok(())
}

#[test]
fn a_budget_takes_what_fits_and_says_what_it_left_out() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let spec = write(folder.path(), &short())?;
    let out = folder.path().join("out");
    let called = train(&spec, &out, &["--budget", "0.001s", "--seeds", "2"])?;
    assert!(!called.success && called.stderr.contains("did not fit into the time allowed"), "{}", called.stderr);
    assert!(contents(&out, "model.safetensors")?.is_empty());
    assert!(train(&spec, &out, &["--budget", "1h"])?.success);
    assert_eq!(contents(&out, "record.json")?.len(), 2);
    let called = train(&spec, &out, &["--budget", "soon"])?;
    assert!(called.stderr.contains("such as 2h"), "{}", called.stderr);
    Ok(())
}

#[test]
fn an_optional_experiment_without_its_data_is_left_out_with_the_command_that_brings_it() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let text = short()
        .replacen("paper_dataset = \"mnist\"", "optional = true", 1)
        .replacen("[dataset]\nname = \"digits\"", "[dataset]\nname = \"omniglot\"", 1)
        .replacen("\"figure6\", \"table3\"", "\"table4\"", 1);
    let out = folder.path().join("out");
    let empty = folder.path().join("nothing here");
    fs::create_dir(&empty)?;
    let called = train(&write(folder.path(), &text)?, &out, &["--data-dir", empty.to_str().context("path")?])?;
    // Nothing of what was asked for is there.
    ensure!(!called.success && called.stderr.contains("nothing was measured of "), "{}", called.stderr);
    let command = "cargo xtask data fetch omniglot";
    assert!(called.stderr.contains("(table4) not measured") && called.stderr.contains(command), "{}", called.stderr);
    let page = fs::read_to_string(out.join("index.html"))?;
    assert!(
        page.contains("Not measured here") && page.contains("omniglot is not on this machine") && page.contains(command),
        "the page does not say so"
    );
    assert_eq!(serde_json::from_slice::<Vec<Value>>(&fs::read(out.join("results.json"))?)?, Vec::<Value>::new());
    // An experiment that has to run says what is missing.
    let text = text.replacen("optional = true\n", "", 1);
    let called = train(&write(folder.path(), &text)?, &out, &["--data-dir", empty.to_str().context("path")?])?;
    assert!(!called.success && called.stderr.contains("omniglot"), "{}", called.stderr);
    Ok(())
}

#[test]
fn runs_that_the_repository_keeps_are_taken_over_unless_they_were_changed() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let request = here(&write(folder.path(), &short())?)?;
    let root = folder.path().join("checkout");
    let reproduced = |name: &str| -> Result<(usize, Value)> {
        let out = folder.path().join(name);
        let context = RunContext { root: &root, ..RunContext::new(&out) };
        let reproduction = Reproduction::plan(&request, &context)?;
        let found = reproduction.runs().nodes.iter().filter(|node| node.found).count();
        let outcome = reproduction.run(&context)?;
        ensure!(outcome.failed.is_empty(), "{:?}", outcome.failed);
        let cells = outcome.cells.iter().map(|cell| (&cell.method, &cell.measurement)).collect::<Vec<_>>();
        Ok((found, serde_json::to_value(cells)?))
    };
    let (found, first) = reproduced("first")?;
    assert_eq!(found, 0);
    let kept = root.join("experiments/results/tiny/runs/tiny");
    for (record, _) in files(&folder.path().join("first"), "record.json")? {
        let run = record.parent().context("a run")?;
        let to = kept.join(run.file_name().context("a name")?);
        fs::create_dir_all(&to)?;
        for name in ["record.json", "spec.json", "log.jsonl"] {
            fs::copy(run.join(name), to.join(name))?;
        }
    }
    assert_eq!(reproduced("second")?, (2, first.clone()));
    let (log, mut bytes) = files(&kept, "log.jsonl")?.swap_remove(0);
    bytes.push(b' ');
    fs::write(log, bytes)?;
    assert_eq!(reproduced("third")?, (1, first));
    Ok(())
}
