//! A run that is told to stop while it is evaluated ends soon, says so, and goes on metric by metric.

use std::{
    path::Path,
    process::{Child, Command, Stdio},
    thread::sleep,
    time::Duration,
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use vimae_tests::command::{call, xtask};

use crate::{
    interruption::results,
    tiny::{TINY, contents, files, short, train, write},
};

fn begin(spec: &Path, out: &Path, jobs: usize) -> Result<Child> {
    let mut command = Command::new(xtask()?);
    command.arg("train").arg(spec).arg("--out").arg(out).args(["--jobs", &jobs.to_string()]).env("RAYON_NUM_THREADS", "1");
    Ok(command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?)
}

#[test]
fn a_catalogue_that_is_stopped_goes_on_later_and_reports_no_error() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let mut command = Command::new(xtask()?);
    command.args(["catalogue", "--train", "--device", "cpu", "--out"]).arg(folder.path()).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn()?;
    while contents(folder.path(), "status.json").unwrap_or_default().is_empty() {
        ensure!(child.try_wait()?.is_none(), "it ended before it trained");
        sleep(Duration::from_millis(2));
    }
    ensure!(Command::new("kill").args(["-INT", &child.id().to_string()]).status()?.success());
    let output = child.wait_with_output()?;
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert_eq!(output.status.code(), Some(75), "{said}");
    assert!(!said.contains("ERROR"), "{said}");
    Ok(())
}

/// Whether a run of `out` is evaluated now.
fn evaluates(out: &Path) -> Result<bool> {
    for text in contents(out, "status.json").unwrap_or_default() {
        let status: Value = serde_json::from_slice(&text)?;
        if status["state"] == "running" && !matches!(status["doing"].as_str(), Some("starting" | "training")) {
            return Ok(true);
        }
    }
    Ok(false)
}

#[test]
fn an_evaluation_that_is_stopped_goes_on_to_the_same_numbers() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let spec = write(folder.path(), TINY)?;
    let whole = folder.path().join("whole");
    ensure!(begin(&spec, &whole, 1)?.wait()?.success());
    for (jobs, name) in [(1, "INT"), (2, "TERM"), (1, "HUP")] {
        let out = folder.path().join(name);
        let mut child = begin(&spec, &out, jobs)?;
        while !evaluates(&out)? {
            ensure!(child.try_wait()?.is_none(), "{name}: ended before it was evaluated");
            sleep(Duration::from_millis(2));
        }
        ensure!(Command::new("kill").args([&format!("-{name}"), &child.id().to_string()]).status()?.success());
        let output = child.wait_with_output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(75), "{name}: {said}");
        assert!(!said.contains("its process ended"), "{name}: {said}");
        let states: Vec<Value> =
            contents(&out, "status.json")?.iter().map(|text| serde_json::from_slice(text)).collect::<serde_json::Result<_>>()?;
        assert!(states.iter().any(|status| status["state"] == "stopped"), "{name}: {states:?}");
        assert!(states.iter().all(|status| status["state"] != "failed"), "{name}: {states:?}");
        ensure!(begin(&spec, &out, jobs)?.wait()?.success());
        assert!(results(&out)? == results(&whole)?, "{name}: stopped, the runs gave other numbers");
        assert!(files(&out, "measured.json")?.is_empty(), "what was kept on the way is left");
    }
    Ok(())
}

#[test]
fn a_finished_run_stays_whole_while_it_is_measured_again() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (spec, out) = (write(folder.path(), &short())?, folder.path().join("out"));
    ensure!(train(&spec, &out, &["--seeds", "1"])?.success);
    let run = files(&out, "record.json")?.into_iter().find_map(|(path, _)| path.parent()?.to_str().map(str::to_owned)).context("no run")?;
    let before = contents(&out, "record.json")?;
    let mut command = Command::new(xtask()?);
    let again = ["--set", "evaluation.metrics=[\"rate\", \"ais\"]", "--set", "evaluation.settings.ais.temperatures=100000"];
    command.arg("train").arg(&spec).arg("--out").arg(&out).args(["--seeds", "1"]).args(again);
    let mut child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
    while !evaluates(&out)? {
        ensure!(child.try_wait()?.is_none(), "it ended before it was evaluated");
        sleep(Duration::from_millis(2));
    }
    ensure!(Command::new("kill").args(["-INT", &child.id().to_string()]).status()?.success());
    assert_eq!(child.wait()?.code(), Some(75));
    assert!(contents(&out, "record.json")? == before);
    let verified = call(&["verify", &run])?;
    assert!(verified.success, "{}{}", verified.stdout, verified.stderr);
    Ok(())
}

#[test]
fn an_eval_that_is_stopped_says_what_is_kept_of_it() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (spec, out) = (write(folder.path(), &short())?, folder.path().join("out"));
    ensure!(train(&spec, &out, &["--seeds", "1"])?.success);
    let records = files(&out, "record.json")?;
    let run = records.first().and_then(|(path, _)| path.parent()).context("no run")?;
    // A metric that takes long, alone and behind a short one.
    for (metrics, expected) in [(&["ais"][..], "nothing is kept"), (&["accuracy", "ais"], "stopped with 1 metric measured and kept")] {
        let mut command = Command::new(xtask()?);
        command.arg("eval").arg(run).args(["--set", "ais.temperatures=100000"]);
        metrics.iter().for_each(|metric| _ = command.args(["--metric", metric]));
        let mut child = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?;
        let begun = format!("process {} ", child.id());
        let kept = || {
            let mut entries = std::fs::read_dir(run.join("evaluations")).into_iter().flatten().flatten();
            entries.any(|entry| entry.file_name().to_string_lossy().ends_with(".part.json"))
        };
        while !(std::fs::read_to_string(run.join(".lock"))?.contains(&begun) && (metrics.len() == 1 || kept())) {
            ensure!(child.try_wait()?.is_none(), "it ended before it measured");
            sleep(Duration::from_millis(2));
        }
        ensure!(Command::new("kill").args(["-INT", &child.id().to_string()]).status()?.success());
        let output = child.wait_with_output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        assert_eq!(output.status.code(), Some(75), "{said}");
        assert!(said.contains(expected) && !said.contains("goes on from"), "{said}");
        assert_eq!(kept(), metrics.len() > 1);
    }
    Ok(())
}

#[test]
fn an_output_that_is_stopped_leaves_nothing_and_what_a_killed_one_left_is_cleared_away() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (spec, out) = (write(folder.path(), &short())?, folder.path().join("out"));
    ensure!(train(&spec, &out, &["--seeds", "1"])?.success);
    let records = files(&out, "record.json")?;
    let run = records.first().and_then(|(path, _)| path.parent()).context("no run")?;
    let outputs = folder.path().join("outputs");
    std::fs::create_dir(&outputs)?;
    let left = || -> Result<Vec<String>> {
        std::fs::read_dir(&outputs)?.map(|entry| Ok(entry?.file_name().to_string_lossy().into_owned())).collect()
    };
    let sample = |name: &str, count: &str| -> Result<Child> {
        let mut command = Command::new(xtask()?);
        command.arg("sample").arg(run).args(["--count", count, "--out"]).arg(outputs.join(name));
        Ok(command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn()?)
    };
    for (name, signal) in [("x.npz", "TERM"), ("images", "INT"), ("images", "TERM"), ("x.npz", "KILL"), ("images", "KILL")] {
        let mut child = sample(name, "500000")?;
        while left()?.is_empty() {
            ensure!(child.try_wait()?.is_none(), "{name}: it ended before it wrote");
            sleep(Duration::from_millis(2));
        }
        ensure!(Command::new("kill").args([&format!("-{signal}"), &child.id().to_string()]).status()?.success());
        let output = child.wait_with_output()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned();
        if signal == "KILL" {
            ensure!(left()?.len() == 1, "{name}: {:?}", left()?);
            ensure!(sample(name, "3")?.wait()?.success());
            assert_eq!(left()?, [name]);
            let whole = outputs.join(name);
            if whole.is_dir() { std::fs::remove_dir_all(whole)? } else { std::fs::remove_file(whole)? }
        } else {
            assert_eq!(output.status.code(), Some(75), "{name}: {said}");
            assert!(said.contains("nothing of it is kept") && !said.contains("ERROR"), "{name}: {said}");
            assert_eq!(left()?, [""; 0], "{name}");
        }
    }
    Ok(())
}
