//! A finished run is measured again, or with more, beside what it holds.

use anyhow::{Context, Result};
use serde_json::Value;
use vimae_tests::command::call;

use crate::tiny::{TINY, contents, files, write};

#[test]
fn a_run_is_measured_again_without_being_changed() -> Result<()> {
    let folder = tempfile::tempdir()?;
    let text = TINY.replace("epochs = 3", "epochs = 1").replace("labels = 100", "labels = 0");
    let text = text.split("[methods.vimae_l").next().context("one method")?;
    let spec = write(folder.path(), text)?;
    let out = folder.path().join("out");
    let trained = call(&["train", spec.to_str().context("path")?, "--out", out.to_str().context("path")?])?;
    assert!(trained.success, "{}", trained.stderr);
    let record = files(&out, "record.json")?;
    let run = record[0].0.parent().and_then(|p| p.to_str()).context("path")?;

    // As it was measured: the same numbers.
    let again = call(&["eval", run, "--json"])?;
    assert!(again.success, "{}", again.stderr);
    let again: Value = serde_json::from_str(&again.stdout)?;
    let recorded: Value = serde_json::from_slice(&record[0].1)?;
    assert_eq!(again["measurements"], recorded["measurements"]);
    assert_eq!(again["weights_sha256"], recorded["weights_sha256"]);

    // With more.
    let ais = ["ais.images=2", "ais.simulated=2", "ais.chains=2", "ais.temperatures=5", "prior_samples=10"];
    let mut arguments = vec!["eval", run, "--metric", "ais"];
    arguments.extend(ais.iter().flat_map(|change| ["--set", change]));
    let first = call(&arguments)?;
    assert!(first.success && first.stdout.contains("nll.ais(sigma=0.1,start=code,chains=2,"), "{}{}", first.stdout, first.stderr);
    assert!(first.stderr.contains("evaluation.prior_samples is set, and no metric that is measured reads it"), "{}", first.stderr);
    let second = call(&arguments)?;
    assert!(second.success && second.stderr.contains("measured earlier"), "{}", second.stderr);
    assert_eq!(first.stdout, second.stdout);

    assert!(files(&out, "record.json")? == record, "the run's record was written again");
    let evaluations = std::fs::read_dir(std::path::Path::new(run).join("evaluations"))?.count();
    assert_eq!(evaluations, 2);
    let verified = call(&["verify", run])?;
    assert!(verified.success, "{}{}", verified.stdout, verified.stderr);
    assert_eq!(contents(&out, "model.safetensors")?.len(), 1);

    for (arguments, expected) in [
        (["eval", run, "--metric", "aiss"], "unknown metric \"aiss\""),
        (["eval", run, "--set", "ais.chain=3"], "--set ais.chain=3: metric \"ais\" has no setting \"chain\""),
        (["eval", run, "--set", "prior_samples=0"], "--set prior_samples=0: evaluation.prior_samples = 0 is not allowed"),
        (["eval", run, "--set", "prior_sample=9"], "--set prior_sample=9: there is no evaluation.prior_sample; did you mean evaluation."),
        (["eval", run, "--set", "sigma=0"], "--set sigma=0: there is no evaluation.sigma; did you mean ais.sigma or iwae.sigma?"),
        (["eval", run, "--set", "samplers=['prio']"], "--set samplers=['prio']: unknown sampler \"prio\""),
        (["eval", "no/such/run", "--metric", "ais"], "no/such/run"),
    ] {
        let failed = call(&arguments)?;
        assert!(!failed.success && failed.stderr.contains(expected), "{}", failed.stderr);
    }
    assert!(!std::path::Path::new("no/such/run").exists());
    Ok(())
}
