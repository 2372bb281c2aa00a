//! What a person takes out of a run: samples, codes, reconstructions, walks; and `config.json`, on which they stand.

use std::{fs, path::Path};

use anyhow::{Context, Result, ensure};
use serde_json::Value;
use vimae_tests::command::{Called, call, call_with};

use crate::tiny::{files, write};

/// Two methods, one with a density in the place of a prior.
const SPEC: &str = r#"
version = 1
[dataset]
name = "digits"
train_images = 200
[model]
name = "wae_conv"
width = 2
code = 4
[training]
epochs = 60
batch = 100
[evaluation]
labels = 0
metrics = ["reconstruction"]
prior_samples = 50
[methods.vae.objective]
name = "vae"
[methods.rae.objective]
name = "rae"
"#;

/// Images `[N, H, W, C]` or codes in an array.
fn array(path: &Path) -> Result<(Vec<usize>, Vec<f64>)> {
    let (name, _) = vimae_datasets::npz::names(path)?.into_iter().next().context("no array")?;
    let read = vimae_datasets::npz::read(path, &name, 1 << 20)?.context("no array")?;
    Ok((read.shape, read.values))
}

fn right(called: &Called) {
    assert!(called.success, "{}{}", called.stdout, called.stderr);
}

#[test]
fn samples_codes_reconstructions_and_walks_come_out_of_a_run() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let out = folder.path().join("out");
    let trained = call(&["train", write(folder.path(), SPEC)?.to_str().context("path")?, "--out", out.to_str().context("path")?])?;
    ensure!(trained.success, "{}", trained.stderr);
    let runs: Vec<_> = files(&out, "record.json")?.into_iter().filter_map(|(path, _)| path.parent().map(Path::to_owned)).collect();
    let [rae, vae] = runs.as_slice() else { anyhow::bail!("{} runs", runs.len()) };
    let text = |path: &Path| path.to_str().map(String::from).context("path");
    let (rae, vae) = (text(rae)?, text(vae)?);
    let at = |name: &str| folder.path().join(name);
    let name = |name: &str| text(&at(name));

    // Everything that a program without this code needs.
    let config: Value = serde_json::from_slice(&fs::read(Path::new(&vae).join("config.json"))?)?;
    assert_eq!(config["dataset"]["train_images"], 200);
    assert_eq!(config["network"]["head"], "gaussian");
    assert_eq!(config["prior"]["density"]["law"], "normal");
    assert_eq!(config["prior"]["settings"]["match"], "variance", "{config:#}");
    assert_eq!((&config["noise"]["name"], &config["objective"]["settings"]["beta"]), (&"gaussian_head".into(), &1.0.into()));
    let config: Value = serde_json::from_slice(&fs::read(Path::new(&rae).join("config.json"))?)?;
    assert_eq!((&config["prior"]["name"], &config["prior"]["density"]["file"]), (&"fitted_mixture".into(), &"prior.safetensors".into()));

    // Samples: a folder, an array, a grid; no data, the same seed the same images.
    let sample = |run: &str, seed: &str, out: &str| call(&["sample", run, "--count", "12", "--seed", seed, "--out", out]);
    right(&sample(&vae, "1", &name("samples")?)?);
    let names: Vec<String> =
        fs::read_dir(at("samples"))?.map(|e| Ok(e?.file_name().to_string_lossy().into_owned())).collect::<Result<_>>()?;
    assert!(names.len() == 12 && names.contains(&"00011.png".to_owned()), "{names:?}");
    let refused = sample(&vae, "1", &name("samples")?)?;
    assert!(!refused.success && refused.stderr.contains("samples exists already"), "{}", refused.stderr);
    for (run, seed, out) in [(&vae, "1", "a.npz"), (&vae, "1", "b.npy"), (&vae, "2", "c.npy"), (&rae, "1", "rae.npy")] {
        right(&sample(run, seed, &name(out)?)?);
    }
    let (shape, first) = array(&at("a.npz"))?;
    assert_eq!(shape, [12, 28, 28, 1]);
    assert!(first == array(&at("b.npy"))?.1 && first != array(&at("c.npy"))?.1);
    right(&sample(&vae, "1", &name("grid.png")?)?);
    // A published run gives the same; its density comes with it.
    right(&call(&["hub", "push", &rae, "me/rae", "--dry-run", &name("published")?])?);
    right(&sample(&name("published")?, "1", &name("published.npy")?)?);
    assert_eq!(array(&at("published.npy"))?.1, array(&at("rae.npy"))?.1);

    // Codes: of a folder by name, of a data set with labels.
    right(&call(&["encode", &vae, &name("samples")?, "--out", &name("codes.npy")?])?);
    assert_eq!(array(&at("codes.npy"))?.0, [12, 4]);
    let (mean, draw) = (array(&at("codes.npy"))?.1, array(&at("codes.draw.npy"))?.1);
    assert!(mean != draw && draw.len() == 48 && draw.iter().all(|v| v.is_finite()));
    assert!(fs::read_to_string(at("codes.images.csv"))?.starts_with("index,name\n0,00000.png\n1,00001.png\n"));
    let again = call(&["encode", &vae, &name("samples")?, "--out", &name("codes.npy")?])?;
    assert!(!again.success && again.stderr.contains("codes.npy exists already"), "{}", again.stderr);
    right(&call(&["encode", &vae, &name("a.npz")?, "--out", &name("codes.npy")?, "--overwrite"])?);
    assert_eq!(array(&at("codes.npy"))?.1, mean, "an array of the same images");
    right(&call(&["encode", &rae, "digits:test", "--count", "30", "--out", &name("codes.csv")?])?);
    let table = fs::read_to_string(at("codes.csv"))?;
    assert!(table.starts_with("index,name,label,mean_0,mean_1,mean_2,mean_3\n0,00000,") && table.lines().count() == 31, "{table}");
    right(&call(&["encode", &vae, "digits:test", "--count", "30", "--out", &name("codes.npz")?])?);
    let arrays: Vec<String> = vimae_datasets::npz::names(&at("codes.npz"))?.into_iter().map(|(name, _)| name).collect();
    assert_eq!(arrays, ["mean", "log_var", "draw", "name", "label"]);

    // Reconstructions under the images' own names; walks.
    right(&call(&["reconstruct", &vae, &name("samples")?, "--out", &name("reconstructed")?])?);
    assert!(at("reconstructed/00011.png").is_file());
    right(&call(&["reconstruct", &vae, "digits:test", "--count", "20", "--out", &name("pairs.png")?])?);
    right(&call(&["traverse", &vae, "digits:test", "--count", "50", "--image", "3", "--out", &name("traversals.png")?])?);
    right(&call(&["traverse", &rae, "--dimensions", "2,0", "--steps", "5", "--out", &name("traversals.npy")?])?);
    assert_eq!(array(&at("traversals.npy"))?.0, [10, 28, 28, 1]);
    right(&call(&["interpolate", &vae, "--pairs", "0,1,2,3", "--steps", "4", "--out", &name("lines.npy")?])?);
    assert_eq!(array(&at("lines.npy"))?.0, [8, 28, 28, 1]);

    for (arguments, expected) in [
        (vec!["sample", "no/such/run", "--out", "x.png"], "no/such/run"),
        (vec!["sample", &vae, "--out", "x.gif"], "FILE.npz"),
        (vec!["encode", &vae, "digits:test", "--out", "codes.txt"], ".npy, .npz or .csv"),
        (vec!["encode", &vae, "nowhere", "--out", "x.npy"], "nowhere: does not exist"),
        (vec!["traverse", &vae, "--dimensions", "4", "--out", "x.png"], "--dimensions 4: codes have 4 dimensions, counted from 0"),
        (vec!["interpolate", &vae, "--pairs", "1", "--out", "x.png"], "--pairs 1: lines are between pairs"),
    ] {
        let failed = call(&arguments)?;
        assert!(!failed.success && failed.stderr.contains(expected), "{arguments:?}: {}", failed.stderr);
    }
    // A name of the Hub is asked for there.
    let absent = call_with(&["sample", "me/absent", "--out", "x.png"], &[("HF_HUB_OFFLINE", "1")])?;
    assert!(!absent.success && absent.stderr.contains("me/absent"), "{}", absent.stderr);
    Ok(())
}
