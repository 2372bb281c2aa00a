//! Runs that learn one task after another: the same bits after kills and on any number of threads, ordinary training where
//! there is one task, and the matrix in the record.

use std::{path::Path, time::Duration};

use anyhow::{Context, Result, ensure};
use serde_json::{Value, json};
use vimae_lab::{RunFolder, Shelf, Sources, verify};
use vimae_tests::command::call;

use crate::{
    interruption::{command, killed_once_it_wrote},
    tiny::{contents, files, may_expect_all, short, write},
};

/// The tiny experiment with one method and sections of its own.
fn with(more: &str) -> String {
    let text = short().replacen("targets = [\"figure6\", \"table3\"]\npaper_dataset = \"mnist\"\n", "", 1);
    let text = text.replacen("[methods.vae.objective]\nname = \"vae\"\n", "", 1);
    // Fully connected: what is tested does not depend on the network.
    let text = text.replacen("name = \"wae_conv\"\nwidth = 2", "name = \"mlp\"\nwidth = 8\nlayers = 1", 1);
    format!("{text}\n{more}")
}

const REPLAY: &str = "[stream]\nname = \"split_classes\"\ntasks = 3\n[strategy]\nname = \"generative_replay\"\nconsistency = 0.1\n";

/// Weights and logs of the run and its tasks, and what was measured, without the time it took.
fn results(out: &Path) -> Result<Vec<Vec<u8>>> {
    let mut all = contents(out, "model.safetensors")?;
    all.extend(contents(out, "log.jsonl")?);
    for mut record in records(out)? {
        for task in record["lifelong"]["tasks"].as_array_mut().into_iter().flatten() {
            task.as_object_mut().map(|task| task.remove("seconds"));
        }
        all.push(format!("{}{}", record["measurements"], record["lifelong"]).into_bytes());
    }
    Ok(all)
}

fn records(out: &Path) -> Result<Vec<Value>> {
    contents(out, "record.json")?.iter().map(|record| Ok(serde_json::from_slice(record)?)).collect()
}

#[test]
fn a_run_killed_in_any_task_goes_on_to_the_same_bits_on_any_number_of_threads() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let spec = write(folder.path(), &with(REPLAY))?;
    let undisturbed = folder.path().join("undisturbed");
    ensure!(command(&spec, &undisturbed, 1)?.status()?.success());
    let expected = results(&undisturbed)?;
    ensure!(expected.len() == 4 + 4 + 1, "a run of three tasks has nine results, found {}", expected.len());

    let threads = folder.path().join("threads");
    ensure!(command(&spec, &threads, 2)?.status()?.success());
    ensure!(expected == results(&threads)?, "two threads gave other bits than one");

    // A little after each of the first checkpoints: three epochs of three tasks.
    let killed = folder.path().join("killed");
    let mut kills = 0;
    for pause in [0, 5, 0, 30, 60] {
        kills += usize::from(killed_once_it_wrote(command(&spec, &killed, 1)?, &killed, Duration::from_millis(pause))?);
    }
    ensure!(kills >= 3, "only {kills} of the runs lived long enough to be killed");
    ensure!(command(&spec, &killed, 1)?.status()?.success());
    ensure!(expected == results(&killed)?, "killed {kills} times, the run gave other bits");

    let record = &records(&undisturbed)?[0];
    let tasks = record["lifelong"]["tasks"].as_array().context("no tasks")?;
    let rows: Vec<usize> = tasks.iter().map(|task| task["each"].as_array().map_or(0, Vec::len)).collect();
    ensure!(rows == [1, 2, 3], "the matrix has rows of {rows:?}");
    let measured = |metric: &str| record["measurements"].as_array().into_iter().flatten().any(|m| m["metric"] == metric);
    for metric in ["lifelong.forgetting.reconstruction", "lifelong.backward_transfer.share_kept", "lifelong.end.class_fid", "rate"] {
        ensure!(measured(metric), "{metric} was not measured");
    }
    may_expect_all(&with(REPLAY), record)?;
    let run = files(&undisturbed, "record.json")?[0].0.parent().context("a directory")?.to_owned();
    ensure!(run.join("tasks.png").exists(), "no samples after each task");
    names_its_stream_and_strategy(&run, record)?;
    is_verified_from_the_weights_after_each_task(&run)
}

/// With all their settings, in every place where a reader looks.
fn names_its_stream_and_strategy(run: &Path, record: &Value) -> Result<()> {
    let config: Value = serde_json::from_slice(&std::fs::read(run.join("config.json"))?)?;
    ensure!(config["stream"] == json!({ "name": "split_classes", "settings": { "tasks": 3 } }), "{config}");
    ensure!(config["strategy"] == json!({ "name": "generative_replay", "settings": { "consistency": 0.1 } }), "{config}");
    ensure!(record["lifelong"]["stream"] == json!({ "name": "split_classes", "tasks": 3 }), "{}", record["lifelong"]["stream"]);
    let shown = call(&["runs", "show", run.to_str().context("path")?])?.stdout;
    for setting in ["evaluation.labels ", "stream ", "stream.tasks ", "strategy ", "strategy.consistency "] {
        ensure!(shown.lines().any(|line| line.starts_with(setting)), "no {setting}in {shown}");
    }
    Ok(())
}

/// Where it was trained and as it is published; weights that were changed or are missing are found.
fn is_verified_from_the_weights_after_each_task(run: &Path) -> Result<()> {
    let wrong = |folder: &Path| -> Result<(usize, Vec<String>)> {
        let checks = verify(&RunFolder::at(folder), None, &mut Shelf::new(Sources::default()))?;
        Ok((checks.len(), checks.into_iter().filter(|check| !check.agrees).map(|check| format!("{check:?}")).collect()))
    };
    let (checked, differing) = wrong(run)?;
    // Six places of the matrix and three rows over all tasks, beside everything else.
    ensure!(differing.is_empty() && checked > 150, "{checked}: {differing:?}");

    let published = run.with_file_name("published");
    let [from, to] = [run, &published].map(|path| path.to_str().context("path"));
    let pushed = call(&["hub", "push", from?, "me/tiny", "--dry-run", to?])?;
    ensure!(pushed.success, "{}", pushed.stderr);
    let card = std::fs::read_to_string(published.join("README.md"))?;
    ensure!(card.contains("`split_classes` (tasks 3)") && card.contains("`generative_replay` (consistency 0.1)"), "{card}");
    let (again, differing) = wrong(&published)?;
    // Beside them the digests of the files that the record does not name.
    ensure!(again > checked && differing.is_empty(), "{again}: {differing:?}");

    std::fs::copy(published.join("task2.safetensors"), published.join("task1.safetensors"))?;
    let (_, differing) = wrong(&published)?;
    ensure!(differing.iter().any(|check| check.contains("after task 1: weights")), "{differing:?}");
    ensure!(differing.iter().any(|check| check.contains("after task 1, on task 1: reconstruction")), "{differing:?}");
    ensure!(!differing.iter().any(|check| check.contains("after task 2")), "{differing:?}");
    std::fs::remove_file(published.join("task1.safetensors"))?;
    let (_, differing) = wrong(&published)?;
    ensure!(differing.iter().any(|check| check.contains("task1.safetensors") && check.contains("not here")), "{differing:?}");
    Ok(())
}

#[test]
fn one_task_of_everything_is_the_run_without_a_stream_bit_for_bit() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let (plain, joint) = (folder.path().join("plain"), folder.path().join("joint"));
    ensure!(command(&write(folder.path(), &with(""))?, &plain, 2)?.status()?.success());
    let text = with("[stream]\nname = \"joint\"\n[strategy]\nname = \"replay\"\n");
    ensure!(command(&write(folder.path(), &text)?, &joint, 2)?.status()?.success());
    for name in ["model.safetensors", "log.jsonl"] {
        let expected = contents(&plain, name)?;
        // That of the run, and that of its task.
        ensure!(expected.len() == 1 && contents(&joint, name)? == [expected[0].clone(), expected[0].clone()], "{name} differs");
    }
    let measurements = |out: &Path| -> Result<Vec<Value>> { Ok(records(out)?[0]["measurements"].as_array().cloned().unwrap_or_default()) };
    let (plain, joint) = (measurements(&plain)?, measurements(&joint)?);
    ensure!(!plain.is_empty() && joint[..plain.len()] == plain[..], "the same weights measure otherwise");
    Ok(())
}

#[test]
fn what_makes_no_sense_is_refused_before_anything_trains() -> Result<()> {
    let folder = tempfile::tempdir()?;
    for (more, reason) in [
        ("[strategy]\nname = \"replay\"\n", "without a stream"),
        ("[stream]\nname = \"split_classes\"\ntasks = 11\n", "11 tasks of 10 classes"),
        ("[stream]\nname = \"split_clases\"\n", "did you mean \"split_classes\""),
        ("[stream]\nname = \"alphabets\"\n", "which of its classes belong together"),
        (
            "[stream]\nname = \"split_classes\"\n[strategy]\nname = \"generative_replay\"\n[methods.rae]\nobjective = \"rae\"\n",
            "it draws from the prior",
        ),
        (
            "[stream]\nname = \"split_classes\"\n[methods.begun]\nobjective = \"vae\"\ntraining = { pretraining_steps = 5 }\n",
            "training.pretraining_steps with stream",
        ),
    ] {
        let spec = write(folder.path(), &with(more))?;
        let out = command(&spec, &folder.path().join("out"), 1)?.stderr(std::process::Stdio::piped()).output()?;
        let said = String::from_utf8_lossy(&out.stderr);
        ensure!(!out.status.success() && said.contains(reason), "{more}: {said}");
        ensure!(files(folder.path(), "checkpoint.safetensors")?.is_empty(), "{more}: something trained");
    }
    Ok(())
}

#[test]
fn tasks_that_a_turn_made_gray_are_refused_under_a_likelihood_of_binary_images() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let head = format!("{:117}\n", "{'descr': '|u1', 'fortran_order': False, 'shape': (40, 8, 8), }");
    let pixels: Vec<u8> = (0..40 * 64_u32).map(|i| if i.wrapping_mul(2_654_435_761) >> 31 == 0 { 0 } else { 255 }).collect();
    let array = folder.path().join("binary.npy");
    std::fs::write(&array, [&b"\x93NUMPY\x01\x00\x76\x00"[..], head.as_bytes(), pixels.as_slice()].concat())?;
    let text = "version = 1\ndataset = \"arrays:ARRAY\"\nmodel = { name = \"mlp\", width = 8, layers = 1, code = 2 }\n\
                training = { epochs = 1, batch = 4 }\nevaluation = { metrics = [\"reconstruction\"], labels = 0 }\n\
                likelihood = \"bernoulli\"\n[stream]\nname = \"rotated\"\n[methods.vae]\nobjective = \"vae\"\n";
    let text = text.replace("ARRAY", array.to_str().context("path")?);
    let out = command(&write(folder.path(), &text)?, &folder.path().join("out"), 1)?.stderr(std::process::Stdio::piped()).output()?;
    let said = String::from_utf8_lossy(&out.stderr);
    ensure!(!out.status.success() && said.contains("likelihood \"bernoulli\" on images of 256 levels"), "{said}");
    ensure!(files(folder.path(), "checkpoint.safetensors")?.is_empty(), "something trained");
    Ok(())
}
