//! Nothing good is overwritten by less: results that cannot be made again stay, and the report says why.

use std::{
    collections::BTreeSet,
    fs,
    path::{Path, PathBuf},
};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use vimae_spec::RunRecord;
use vimae_tests::command::call;

use crate::tiny::{files, short, train, write};

/// One method, few metrics.
fn one() -> String {
    short().replacen("[methods.vimae_l.objective]\nname = \"vimae_l\"\n", "", 1)
}

fn cells(out: &Path) -> Result<Vec<Value>> {
    Ok(serde_json::from_slice(&fs::read(out.join("results.json"))?)?)
}

fn record(out: &Path) -> Result<PathBuf> {
    Ok(files(out, "record.json")?.into_iter().next().context("no record")?.0)
}

/// Calls `report`, which must say all of `words` and keep every cell.
fn reported(out: &Path, words: &[&str]) -> Result<()> {
    let before = cells(out)?;
    let called = call(&["report", out.to_str().context("path")?])?;
    for word in words {
        assert!(called.stderr.contains(word), "no {word:?} in: {}", called.stderr);
    }
    assert!(!called.stderr.contains("panicked"), "{}", called.stderr);
    assert_eq!(cells(out)?.len(), before.len(), "{}", called.stderr);
    Ok(())
}

#[test]
fn what_cannot_be_made_again_stays_in_the_results_with_its_reason() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let spec = write(folder.path(), &one())?;
    let out = folder.path().join("out");
    ensure!(train(&spec, &out, &[])?.success);
    let (path, whole) = (record(&out)?, fs::read(record(&out)?)?);
    let text = String::from_utf8(whole.clone())?;

    // A digit of a value.
    let at = text.find("\"value\": ").context("value")? + "\"value\": ".len();
    let digit = text[at..].find(|c: char| ('1'..='9').contains(&c)).context("digit")? + at;
    let mut changed = whole.clone();
    changed[digit] = if changed[digit] == b'9' { b'1' } else { b'9' };
    fs::write(&path, &changed)?;
    reported(&out, &["record.json: was changed", "stay in the results"])?;
    let run = path.parent().context("folder")?.to_str().context("path")?.to_owned();
    for command in [&["verify", run.as_str()][..], &["hub", "push", run.as_str(), "me/x", "--dry-run", "never"]] {
        let called = call(command)?;
        assert!(!called.success && called.stderr.contains("record.json: was changed"), "{command:?}: {}", called.stderr);
    }

    // A record that is gone, and one of other data than the plan says.
    fs::remove_file(&path)?;
    reported(&out, &["stay in the results"])?;
    fs::write(&path, &whole)?;
    let plan = out.join("plan.json");
    let planned = fs::read_to_string(&plan)?;
    let mut other: Value = serde_json::from_str(&planned)?;
    other["nodes"][0]["data_sha256"] = "0".repeat(64).into();
    fs::write(&plan, serde_json::to_vec(&other)?)?;
    reported(&out, &["is of other data", "plan.json", "stay in the results"])?;
    fs::write(&plan, planned)?;

    // Another version of the code, whose record is whole: its values are shown, and say so.
    let record = RunRecord::from_json(&whole)?;
    fs::write(&path, RunRecord { version: "0.0.9".into(), ..record }.to_json()?)?;
    reported(&out, &["was made by version 0.0.9"])?;
    assert!(cells(&out)?.iter().any(|cell| cell["note"].as_str().is_some_and(|note| note.contains("version 0.0.9"))));

    // A damaged image is named; the numbers stand.
    fs::write(&path, &whole)?;
    fs::write(path.with_file_name("samples.png"), "")?;
    reported(&out, &["samples.png: is not as it was when the run finished"])?;
    let called = call(&["verify", &run])?;
    assert!(!called.success && called.stdout.contains("DIFFERS  samples.png"), "{}", called.stdout);
    Ok(())
}

#[test]
fn an_experiment_that_was_changed_keeps_its_earlier_runs_under_their_name() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let out = folder.path().join("out");
    ensure!(train(&write(folder.path(), &one())?, &out, &[])?.success);
    let before = cells(&out)?.len();
    let changed = one().replacen("epochs = 3", "epochs = 2", 1);
    let called = train(&write(folder.path(), &changed)?, &out, &["--seeds", "1"])?;
    ensure!(called.success, "{}", called.stderr);
    // The page names both calls, and as many runs are counted as it shows.
    let page = fs::read_to_string(out.join("index.html"))?;
    assert!(page.contains("as it was before (training.epochs = 3)"), "the page does not say what was changed");
    let commands = page.split("<pre><code>").nth(1).and_then(|rest| rest.split("</code>").next()).context("commands")?;
    let [first, second] = commands.lines().collect::<Vec<_>>()[..] else { anyhow::bail!("{commands}") };
    assert!(first.starts_with("cargo xtask train ") && second == format!("{first} --seeds 1"), "{commands}");
    assert!(page.contains("<summary>2 runs</summary>") && called.stdout.matches("run: ").count() == 2, "{}", called.stdout);
    let methods: BTreeSet<String> = cells(&out)?.iter().filter_map(|cell| cell["method"].as_str().map(str::to_owned)).collect();
    assert!(methods.len() == 2 && methods.contains("vae"), "{methods:?}");
    assert!(cells(&out)?.len() >= 2 * before, "{} cells after, {before} before", cells(&out)?.len());
    // Starting over forgets them.
    ensure!(train(&write(folder.path(), &changed)?, &out, &["--fresh"])?.success);
    assert!(cells(&out)?.iter().all(|cell| cell["method"] == "vae"));
    Ok(())
}

#[test]
fn the_report_of_a_directory_that_stays_as_it_is_goes_elsewhere() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (out, to) = (folder.path().join("out"), folder.path().join("to"));
    ensure!(train(&write(folder.path(), &one())?, &out, &[])?.success);
    fs::remove_file(out.join("index.html"))?;
    let text = |path: &Path| path.to_str().map(str::to_owned).context("path");
    let called = call(&["report", &text(&out)?, "--out", &text(&to)?])?;
    ensure!(called.success, "{}", called.stderr);
    assert!(to.join("index.html").exists() && to.join("results.json").exists() && !out.join("index.html").exists());
    // A second call replaces what the first one wrote, and neither what somebody else did.
    ensure!(call(&["report", &text(&out)?, "--out", &text(&to)?])?.success);
    let other = folder.path().join("other");
    fs::create_dir(&other)?;
    fs::copy(out.join("plan.json"), other.join("plan.json"))?;
    fs::write(other.join("index.html"), "its own")?;
    let called = call(&["report", &text(&out)?, "--out", &text(&other)?])?;
    assert!(!called.success && called.stderr.contains("other: holds another reproduction (1 run of profile tiny)"), "{}", called.stderr);
    assert!(fs::read(other.join("index.html"))? == b"its own" && fs::read_dir(&other)?.count() == 2);
    let site = folder.path().join("site");
    fs::create_dir(&site)?;
    fs::write(site.join("index.html"), "mine")?;
    let called = call(&["report", &text(&out)?, "--out", &text(&site)?])?;
    assert!(!called.success && called.stderr.contains("index.html: would be written over"), "{}", called.stderr);
    assert!(fs::read(site.join("index.html"))? == b"mine" && fs::read_dir(&site)?.count() == 1);
    Ok(())
}
