//! A run from training to the Hub and back, as users do it, and the same network in PyTorch.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context, Result, ensure};
use candle_core::{Device, Tensor};
use vimae_hub::{Pretrained, read_weights};
use vimae_lab::Model;
use vimae_testing::{need, python};
use vimae_tests::{
    command::{call, call_with},
    root,
};

use crate::{
    local_hub::LocalHub,
    tiny::{TINY, files, write},
};

const TOKEN: &str = "hf_do_not_show_this";

/// Trains one method with two seeds, and gives the folder of the first.
fn trained(folder: &Path, model: &str) -> Result<PathBuf> {
    let text =
        TINY.replace("epochs = 3", "epochs = 1").replace("labels = 100", "labels = 0").replace("name = \"wae_conv\"\nwidth = 2", model);
    let text = text.split("[methods.vimae_l").next().context("one method")?;
    let spec = write(folder, text)?;
    let out = folder.join("out");
    let trained = call(&["train", spec.to_str().context("path")?, "--seeds", "2", "--out", out.to_str().context("path")?])?;
    ensure!(trained.success, "{}", trained.stderr);
    let records = files(&out, "record.json")?;
    ensure!(records.len() == 2, "{} records", records.len());
    Ok(records[0].0.parent().context("a folder")?.to_owned())
}

#[test]
fn a_run_goes_to_the_hub_and_back() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let run = trained(folder.path(), "name = \"wae_conv\"\nwidth = 2")?;
    let run = run.to_str().context("path")?;
    let hub = LocalHub::start(TOKEN);
    let home = folder.path().join("home");
    fs::create_dir(&home)?;
    fs::write(home.join("token"), format!("{TOKEN}\n"))?;
    let pulled = folder.path().join("pulled");
    let (home, out) = (home.to_str().context("path")?, pulled.to_str().context("path")?);
    // Everything that any library has to say.
    let loud = [("HF_ENDPOINT", hub.address.as_str()), ("HF_HOME", home), ("RUST_LOG", "trace"), ("HF_HUB_DISABLE_TELEMETRY", "1")];
    let mut all = String::new();
    let mut called = |arguments: &[&str], more: &[(&str, &str)]| -> Result<vimae_tests::command::Called> {
        let variables: Vec<_> = loud.iter().chain(more).copied().collect();
        let called = call_with(arguments, &variables)?;
        all += &called.stdout;
        all += &called.stderr;
        Ok(called)
    };

    let pushed = called(&["hub", "push", run, "me/tiny-vae", "--message", "first"], &[])?;
    assert!(pushed.success && pushed.stdout.contains("/me/tiny-vae (private, new), commit "), "{}{}", pushed.stdout, pushed.stderr);
    let again = called(&["hub", "push", run, "me/tiny-vae", "--revision", "next", "--private"], &[("HF_TOKEN", TOKEN)])?;
    assert!(again.success && again.stdout.contains("(private), commit "), "{}{}", again.stdout, again.stderr);
    let brought = called(&["hub", "pull", "me/tiny-vae", "--out", out], &[])?;
    assert!(brought.success && brought.stdout.starts_with(out), "{}{}", brought.stdout, brought.stderr);
    for name in ["model.safetensors", "record.json", "spec.json", "log.jsonl", "samples.png", "reconstructions.png"] {
        assert_eq!(fs::read(pulled.join(name))?, fs::read(Path::new(run).join(name))?, "{name}");
    }
    let card = fs::read_to_string(pulled.join("README.md"))?;
    assert!(card.contains("mean_over_seeds: ") && card.contains("seeds: 2") && card.contains("ylecun/mnist"), "{card}");
    // What was pulled is a run for every other command.
    let verified = called(&["verify", out], &[])?;
    assert!(verified.success, "{}{}", verified.stdout, verified.stderr);
    let measured = called(&["eval", out, "--metric", "reconstruction"], &[])?;
    assert!(measured.success && measured.stdout.contains("reconstruction"), "{}", measured.stderr);

    for (arguments, more, expected) in [
        (vec!["hub", "push", run, "tiny"], vec![], "has no owner"),
        (vec!["hub", "push", run, "me/tiny", "--license", "mine"], vec![], "none of the Hub's identifiers"),
        (vec!["hub", "push", run, "me/tiny", "--revision", "a b"], vec![], "revision \"a b\""),
        (vec!["hub", "push", "no/such/run", "me/tiny"], vec![], "no/such/run"),
        (vec!["hub", "push", run, "me/tiny-vae", "--public"], vec![], "is private, public was asked for"),
        (vec!["hub", "push", run, "me/other"], vec![("HF_TOKEN", "hf_another_secret")], "HF_TOKEN"),
        (vec!["hub", "push", run, "me/other"], vec![("HF_HUB_DISABLE_IMPLICIT_TOKEN", "1")], "needs a token"),
        (vec!["hub", "pull", "me/tiny-vae", "--out", out], vec![], "exists already"),
        (vec!["hub", "pull", "me/absent"], vec![], "no model repository"),
        (vec!["hub", "pull", "me/tiny-vae", "--revision", "v9"], vec![], "v9"),
    ] {
        let failed = called(&arguments, &more)?;
        assert!(!failed.success && failed.stderr.contains(expected), "{arguments:?}: {}", failed.stderr);
    }
    assert_eq!(hub.state().repositories.keys().collect::<Vec<_>>(), ["me/tiny-vae"]);
    for secret in [TOKEN, "hf_another_secret", "xet_secret"] {
        let shown = all.lines().find(|line| line.contains(secret)).map(|line| line.replace(secret, "(secret)"));
        assert_eq!(shown, None);
        assert!(!holds(&pulled, secret)?, "{secret} was written");
    }
    Ok(())
}

/// Whether a file below `folder` holds `word`.
fn holds(folder: &Path, word: &str) -> Result<bool> {
    for entry in fs::read_dir(folder)? {
        let path = entry?.path();
        let found = if path.is_dir() { holds(&path, word)? } else { fs::read(&path)?.windows(word.len()).any(|w| w == word.as_bytes()) };
        if found {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Writes `[N, C, H, W]` as `.npy`.
fn save(path: &Path, tensor: &Tensor) -> Result<()> {
    let shape: Vec<String> = tensor.dims().iter().map(ToString::to_string).collect();
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({}), }}", shape.join(", "));
    header += &" ".repeat(63 - (10 + header.len()) % 64);
    header.push('\n');
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend(u16::try_from(header.len())?.to_le_bytes());
    bytes.extend(header.as_bytes());
    bytes.extend(tensor.flatten_all()?.to_vec1::<f32>()?.iter().flat_map(|v| v.to_le_bytes()));
    Ok(fs::write(path, bytes)?)
}

/// The values of an `.npy` of `f4`.
fn values(path: &Path) -> Result<Vec<f32>> {
    let bytes = fs::read(path)?;
    let header = usize::from(u16::from_le_bytes([bytes[8], bytes[9]]));
    ensure!(String::from_utf8_lossy(&bytes[10..10 + header]).contains("'<f4'"), "no 32-bit numbers");
    Ok(bytes[10 + header..].chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
}

/// The largest difference; a value that is no number differs by more than any.
fn difference(ours: &Tensor, theirs: &[f32]) -> Result<f32> {
    let ours = ours.flatten_all()?.to_vec1::<f32>()?;
    ensure!(ours.len() == theirs.len(), "{} and {} values", ours.len(), theirs.len());
    let gaps = ours.iter().zip(theirs).map(|(a, b)| (a - b).abs());
    Ok(gaps.fold(0.0, |most, gap| if gap.is_nan() { f32::INFINITY } else { most.max(gap) }))
}

/// What the example in Python needs.
const MODULES: [&str; 3] = ["numpy", "safetensors", "torch"];

fn same_in_pytorch(python: &str, model: &str) -> Result<()> {
    let folder = tempfile::tempdir()?;
    let run = trained(folder.path(), model)?;
    let at = |name: &str| folder.path().join(name);
    let package = at("package");
    let (run, out) = (run.to_str().context("path")?, package.to_str().context("path")?);
    let written = call(&["hub", "push", run, "me/tiny", "--dry-run", out])?;
    assert!(written.success && written.stdout.contains("config.json"), "{}{}", written.stdout, written.stderr);
    let network = Model::of(&Pretrained::open(&package)?, &Device::Cpu)?;
    let pixels: Vec<f32> = (0..20 * 784_u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 8) as f32 / 16_777_216.0).collect();
    let images = Tensor::from_vec(pixels, (20, 1, 28, 28), &Device::Cpu)?;
    save(&at("images.npy"), &images)?;
    let example = |more: &[&str]| -> Result<Vec<f32>> {
        let mut command = Command::new(python);
        command.arg(root().join("examples/load_in_python.py")).arg(&package).arg("--images").arg(at("images.npy"));
        let output = command.arg("--out").arg(at("out.npy")).args(more).output()?;
        ensure!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        values(&at("out.npy"))
    };
    // Ours in PyTorch.
    let gap = difference(&network.reconstruct(&images)?, &example(&[])?)?;
    println!("{model:?}: ours in PyTorch differ by {gap:e} at most");
    assert!(gap <= 1e-5, "{gap}");
    // PyTorch's here.
    let saved = at("theirs.safetensors");
    let theirs = example(&["--initialise", "7", "--save", saved.to_str().context("path")?])?;
    assert!(difference(&network.reconstruct(&images)?, &theirs)? > 1e-3, "other weights give other images");
    network.load(&read_weights(&saved)?.0)?;
    let gap = difference(&network.reconstruct(&images)?, &theirs)?;
    println!("{model:?}: PyTorch's here differ by {gap:e} at most");
    assert!(gap <= 1e-5, "{gap}");
    assert_eq!(network.sample(3, 5)?.dims(), [5, 1, 28, 28]);
    Ok(())
}

#[test]
fn convolutions_are_the_same_in_pytorch() -> Result<()> {
    same_in_pytorch(&need!(python(&MODULES)), "name = \"wae_conv\"\nwidth = 3\nkernel = 5")
}

#[test]
fn linear_layers_are_the_same_in_pytorch() -> Result<()> {
    same_in_pytorch(&need!(python(&MODULES)), "name = \"mlp\"\nwidth = 20\nlayers = 2")
}
