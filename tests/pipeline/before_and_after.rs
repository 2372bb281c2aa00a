//! What is known before a run, and what is made of its numbers after it: check, cost, comparisons, exports, one number
//! verified.

use std::process::Command;

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use vimae_tests::command::{call, xtask};

use crate::tiny::{TINY, files, may_expect_all, write};

const EXPECT: &str = "version = 1\nexpect = [\n\
    { metric = \"rate\", method = \"vae\", above = 0.0 },\n\
    { metric = \"reconstruction\", method = \"vae\", below = 0.0 },\n\
    { metric = \"rate\", method = \"vae\", protocol = \"none\", below = 30.0 },\n]";

#[test]
fn a_mistake_is_found_before_anything_runs() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let right = write(folder.path(), TINY)?;
    let checked = call(&["spec", "check", right.to_str().context("path")?])?;
    ensure!(checked.success && checked.stdout.trim_end().ends_with("tiny.toml: 2 runs"), "{checked:?}");
    for (from, to, expected) in [
        ("name = \"vimae_l\"", "name = \"vimea_l\"", "did you mean \"vimae_l\"?"),
        ("width = 2", "widht = 2", "widht"),
        ("name = \"digits\"", "name = \"arrays:nothing.npz\"", "nothing.npz: does not exist"),
        ("name = \"digits\"", "name = \"digits\"\ntrain_images = 90000", "there are 8000 images to train; leave the setting out"),
        ("epochs = 3", "epochs = 0", "training.epochs = 0 is not allowed"),
        ("\"figure6\"", "\"figure66\"", "unknown target \"figure66\""),
        ("width = 2", "width = 2\ndoublings = 3", "must be multiples of 8"),
        ("[methods.vae.objective]", "[methods.vae]\nsampler = \"flow\"\n[methods.vae.objective]", "unknown sampler \"flow\""),
        ("version = 1", "version = 1\nexpect = [{ metric = \"rate\" }]", "better_than"),
        ("version = 1", "version = 1\nexpect = [{ metric = \"rate\", method = \"x\", below = 1.0 }]", "no method \"x\""),
        ("version = 1", "version = 1\nexpect = [{ metric = \"fid\", below = 1.0 }]", "[evaluation.settings.fid] adds it"),
        ("version = 1", "version = 1\nexpect = [{ metric = \"raet\", below = 1.0 }]", "unknown metric \"raet\" (did you mean \"rate\"?)"),
    ] {
        let wrong = write(folder.path(), &TINY.replace(from, to))?;
        for command in ["check", "expand"] {
            let called = call(&["spec", command, wrong.to_str().context("path")?])?;
            ensure!(!called.success && called.stderr.contains(expected) && called.stderr.contains("tiny.toml"), "{expected}: {called:?}");
        }
    }
    Ok(())
}

#[test]
fn the_cost_is_told_before_and_the_numbers_can_be_taken_on_after() -> Result<()> {
    let folder = tempfile::tempdir()?;
    // As many labels as in the paper, for which the transductive machine, of which nothing is asked here, takes long.
    let text =
        TINY.replacen("version = 1", EXPECT, 1).replacen("labels = 100", "labels = 1000", 1).replacen("\"svm\", \"tsvm\"", "\"svm\"", 1);
    let spec = write(folder.path(), &text)?;
    let (spec, out) = (spec.to_str().context("path")?, folder.path().join("out"));
    let to = out.to_str().context("path")?;

    let expanded = call(&["spec", "expand", spec, "--seeds", "2", "--json", "--out", to])?;
    let runs: Vec<Value> = serde_json::from_str(&expanded.stdout).context(expanded.stderr)?;
    ensure!(runs.len() == 4 && !out.exists(), "{runs:?}");
    for run in &runs {
        let cost = &run["cost"];
        ensure!(cost["steps"] == 60 && cost["memory_bytes"].as_u64() > Some(1 << 20), "{cost}");
        ensure!(cost["training_seconds"].as_f64() > Some(0.0) && cost["evaluation_seconds"].as_f64() > Some(0.0), "{cost}");
    }

    let trained = call(&["train", spec, "--seeds", "2", "--out", to])?;
    ensure!(trained.success, "{}", trained.stderr);
    for expected in [
        "expected rate of vae above 0; got",
        "met on 2 of 2 seeds",
        "expected reconstruction of vae below 0; got",
        "met on 0 of 2 seeds",
        "expected rate of vae by none below 30; nothing was measured",
    ] {
        ensure!(trained.stderr.contains(expected), "{expected}: {}", trained.stderr);
    }
    let records = files(&out, "record.json")?;
    let record: Value = serde_json::from_slice(&records[0].1)?;
    ensure!(record["steps"] == 60, "{}", record["steps"]);
    may_expect_all(TINY, &record)?;
    let run = records[0].0.parent().context("folder")?;
    let events =
        std::fs::read_dir(run)?.filter(|e| e.as_ref().is_ok_and(|e| e.file_name().to_string_lossy().contains(".tfevents."))).count();
    // One of training, one with the settings and the final metrics.
    ensure!(events == 2, "{events} event files");

    let comparisons: Value = serde_json::from_slice(&std::fs::read(out.join("comparisons.json"))?)?;
    let pairs = comparisons["pairs"].as_array().context("pairs")?;
    let pair = pairs.iter().find(|pair| pair["metric"] == "reconstruction").context("reconstruction")?;
    ensure!(pair["n"] == 2 && pair["method"] == "vae" && pair["other"] == "vimae_l" && pair["p_permutation"].is_number(), "{pair}");
    let verdicts = comparisons["verdicts"].as_array().context("verdicts")?;
    ensure!(verdicts.iter().any(|verdict| verdict["target"] == "figure6" && verdict["paper"].is_number()), "{verdicts:?}");
    ensure!(std::fs::read_to_string(out.join("index.html"))?.contains("Methods in pairs"));

    let csv = call(&["export", to, "--format", "csv", "--all", "--target", "figure6"])?;
    ensure!(
        csv.success
            && csv.stdout.starts_with("target,dataset,model,method,seed,entry,metric,protocol,value,")
            && !csv.stdout.contains("table3")
    );
    let file = folder.path().join("table.tex");
    let latex = call(&["export", to, "--format", "latex", "--target", "table3", "--out", file.to_str().context("path")?])?;
    let text = std::fs::read_to_string(&file)?;
    ensure!(latex.success && text.contains("\\toprule") && text.contains("\\pm") && text.matches("\\begin{table}").count() == 1, "{text}");
    // A file that is there stays, whatever the format, but for one who says so.
    std::fs::write(&file, "mine")?;
    let again = |more: &[&str]| {
        let arguments = ["export", to, "--format", "markdown", "--target", "table3", "--out", file.to_str().unwrap_or_default()];
        call(&[&arguments[..], more].concat())
    };
    let refused = again(&[])?;
    ensure!(!refused.success && refused.stderr.contains("exists already") && refused.stderr.contains("--overwrite"), "{refused:?}");
    ensure!(std::fs::read_to_string(&file)? == "mine");
    let replaced = again(&["--overwrite"])?;
    ensure!(replaced.success && std::fs::read_to_string(&file)?.starts_with("### "), "{replaced:?}");
    // As the page of an experiment of one's own advises, in its directory.
    let beside = Command::new(xtask()?).args(["export", ".", "--format", "latex"]).current_dir(&out).output()?;
    ensure!(beside.status.success() && String::from_utf8_lossy(&beside.stdout).contains("\\toprule"), "{beside:?}");
    let figures = folder.path().join("figures");
    let plots = call(&["export", to, "--format", "svg", "--out", figures.to_str().context("path")?])?;
    ensure!(plots.success && std::fs::read_dir(&figures)?.count() == plots.stdout.lines().count(), "{plots:?}");
    let first = std::fs::read_to_string(plots.stdout.lines().next().context("a plot")?)?;
    ensure!(first.starts_with("<svg width=") && !first.contains("currentColor"), "{first}");
    for (more, expected) in [(vec!["--out", to], "exists already"), (vec![], "--out"), (vec!["--target", "table3"], "leave --target")] {
        let mut arguments = vec!["export", to, "--format", "svg"];
        arguments.extend(more);
        let refused = call(&arguments)?;
        // A directory is never replaced.
        ensure!(!refused.success && refused.stderr.contains(expected) && !refused.stderr.contains("--overwrite"), "{refused:?}");
    }
    let nothing = call(&["export", to, "--format", "markdown", "--target", "table9"])?;
    ensure!(!nothing.success && nothing.stderr.contains("table3"), "{nothing:?}");

    let run = run.to_str().context("path")?;
    let cell = call(&["verify", run, "reconstruction"])?;
    // The last line counts digests, files and values: "17 of 17 the same".
    let all_the_same = |stdout: &str| {
        let words: Vec<&str> = stdout.lines().last().unwrap_or_default().split(' ').collect();
        matches!(words.as_slice(), [found, "of", all, "the", "same"] if found == all && found.parse::<usize>().is_ok_and(|n| n > 4))
    };
    ensure!(cell.success && all_the_same(&cell.stdout) && !cell.stdout.contains("nll"), "{cell:?}");
    ensure!(cell.stdout.contains(" reconstruction(code=mean,scale=0.05): recorded "), "{cell:?}");
    let accuracy = call(&["verify", run, "accuracy.clean/svm.inductive(kernel=rbf,labels=1000,noise=test,code=mean)"])?;
    ensure!(accuracy.success && all_the_same(&accuracy.stdout), "{accuracy:?}");
    let unknown = call(&["verify", run, "reconstrution"])?;
    ensure!(!unknown.success && unknown.stderr.contains("did you mean \"reconstruction\"?"), "{unknown:?}");
    Ok(())
}
