//! A finished run measured again, or with more, beside what it holds.

use std::path::{Path, PathBuf};

use vimae_checkpoint::{RunLock, atomic};
use vimae_core::{Event, RunContext};
use vimae_hub::Config;
use vimae_metrics::METRICS;
use vimae_spec::{Evaluation, Reevaluation, sha256_hex};

use crate::{
    Error, Result, RunFolder, Shelf, changes,
    device::{device, device_name},
    kept::Kept,
    measure::measure_only,
    provenance::git_commit,
    record::{VERSION, read_record},
    resolve::{Parts, objective},
    runs::check_finished,
    samplers::metrics_of,
    stored::{read_sealed, sealed},
    unread::unread,
};

/// The form of file that this code writes.
const FORMAT: u32 = 1;

/// One more evaluation of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Reevaluated {
    /// What was found.
    pub result: Reevaluation,
    /// The file that holds it.
    pub path: PathBuf,
}

/// Measures a finished run as its own evaluation says, but for the metrics of these `names` and for `changes` (see [`Evaluation::changed`]),
/// and writes what is found to a file of its own; the run's record stays as it is. An evaluation that this version
/// made before is read.
///
/// # Errors
/// Where a file of the run is absent or damaged, its weights or data are not those of its record, a metric or setting
/// does not exist, or a metric fails.
pub fn reevaluate((names, changes): (&[String], &[String]), context: &RunContext<'_>, shelf: &mut Shelf) -> Result<Reevaluated> {
    let (folder, device) = (&RunFolder::at(context.directory), &device(context.device)?);
    // Taking the lock makes the folder, which an unknown run should not leave behind.
    check_finished(folder.path())?;
    let record = read_record(&folder.record())?;
    let _lock = RunLock::take(folder.path())?;
    let objective = objective(&record.spec)?;
    let (evaluation, metrics) = changes::made(changes, &|changes| {
        let evaluation = record.spec.evaluation.changed(names, changes).map_err(|error| of_metric(error, names))?;
        let metrics = metrics_of(&evaluation, objective.as_ref())?;
        check_asked(names, &evaluation)?;
        Ok((evaluation, metrics))
    })?;
    let head = Config::read(&folder.config()).ok().map(|config| config.network.head);
    for key in unread(&record.spec.evaluation.changed(names, &[])?, &evaluation, &metrics, head) {
        tracing::warn!("evaluation.{key} is set, and no metric that is measured reads it");
    }
    let sha256 = evaluation.sha256(&record.spec_sha256, &record.data_sha256, &record.weights_sha256);
    let path = folder.reevaluation(&sha256);
    if let Some(result) = earlier(&path, &sha256)? {
        context.progress.tell(Event::Found);
        return Ok(Reevaluated { result, path });
    }

    let (parts, weights_sha256) = Parts::trained(&record.spec, folder, shelf, device)?;
    for (what, recorded, found) in
        [("weights", &record.weights_sha256, weights_sha256.as_str()), ("data", &record.data_sha256, parts.dataset.sha256())]
    {
        if recorded != found {
            let problem = format!("the {what} of this run have digest {recorded}, those found have {found}");
            return Err(Error::Record { path: folder.record(), problem });
        }
    }
    let name = device_name(device);
    let measured_by = [&sha256, VERSION, &name].join(" ");
    let mut kept = Kept::open(&path.with_extension("part.json"), &sha256_hex(measured_by.as_bytes()));
    let measurements = measure_only(&parts, (&metrics, &evaluation), record.spec.seed, context, &mut kept)?.measurements;
    let result = Reevaluation {
        format: FORMAT,
        evaluation,
        sha256,
        spec_sha256: record.spec_sha256,
        data_sha256: record.data_sha256,
        weights_sha256: record.weights_sha256,
        git_commit: git_commit(context.root),
        version: VERSION.into(),
        device: name,
        seconds: kept.seconds(),
        measurements,
    };
    atomic::write(&path, &sealed(&result)?)?;
    kept.remove();
    Ok(Reevaluated { result, path })
}

/// The error for a key that evaluations do not have, with the metrics of these `names`, or of all, that have a setting of that name.
fn of_metric(error: vimae_spec::Error, names: &[String]) -> vimae_spec::Error {
    match error {
        vimae_spec::Error::UnknownKey { place, key, nearest, why } => {
            let setting = key.strip_prefix("evaluation.").unwrap_or(&key);
            let entries = METRICS.entries().into_iter().filter(|entry| names.is_empty() || names.iter().any(|name| name == entry.name));
            let with_it = entries.filter(|entry| entry.settings().iter().any(|one| one.name == setting));
            let meant: Vec<String> = with_it.map(|entry| format!("{}.{setting}", entry.name)).collect();
            let (nearest, why) = if meant.is_empty() { (nearest, why) } else { (Some(meant.join(" or ")), "") };
            vimae_spec::Error::UnknownKey { place, key, nearest, why }
        }
        other => other,
    }
}

/// Checks that no metric has settings that is not asked for, where some are: it would be measured all the same.
fn check_asked(names: &[String], evaluation: &Evaluation) -> vimae_core::Result<()> {
    let mut others = evaluation.settings.keys().filter(|name| !evaluation.metrics.contains(name));
    match others.next().filter(|_| !names.is_empty()) {
        None => Ok(()),
        Some(other) => Err(vimae_core::Error::Unsupported {
            what: format!("settings of the metric {other}"),
            reason: format!("it is not asked for: add --metric {other}, or leave them out"),
        }),
    }
}

/// The same evaluation, where this version made it before. One of another version is moved beside its place.
fn earlier(path: &Path, sha256: &str) -> Result<Option<Reevaluation>> {
    if !path.exists() {
        return Ok(None);
    }
    let found: Reevaluation = match read_sealed(path) {
        Ok(found) => found,
        Err(error) => {
            tracing::warn!("{error}; measured again");
            return Ok(None);
        }
    };
    let fail = |problem: String| Error::Record { path: path.into(), problem };
    if found.sha256 != sha256 {
        return Err(fail(format!("holds an evaluation with digest {}, where {sha256} is expected; move it away", found.sha256)));
    }
    if found.version == VERSION {
        return Ok(Some(found));
    }
    let beside = path.with_extension(format!("{}.json", found.version));
    std::fs::rename(path, &beside).map_err(|error| fail(error.to_string()))?;
    tracing::info!("version {} measured it before, and this is {VERSION}: measured again", found.version);
    tracing::info!("the numbers of version {} are in {}", found.version, beside.display());
    Ok(None)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_of_a_metric_that_is_not_asked_for_are_refused() {
        let check = |names: &[&str]| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            let evaluation = Evaluation::default().changed(&names, &["iwae.images=5".to_owned()]).unwrap();
            check_asked(&names, &evaluation)
        };
        let message = check(&["rate"]).unwrap_err().to_string();
        assert_eq!(message, "settings of the metric iwae: it is not asked for: add --metric iwae, or leave them out");
        check(&["rate", "iwae"]).unwrap();
        // Beside all metrics, settings ask for one more.
        check(&[]).unwrap();
    }

    #[test]
    fn a_setting_of_a_metric_without_its_name_is_answered_with_both() {
        let message = |names: &[&str], change: &str| {
            let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
            let error = Evaluation::default().changed(&names, &[change.to_owned()]).unwrap_err();
            of_metric(error, &names).to_string()
        };
        assert_eq!(message(&["ais"], "sigma=0"), "--set sigma=0: there is no evaluation.sigma; did you mean ais.sigma?");
        assert!(message(&[], "sigma=0").ends_with("did you mean ais.sigma or iwae.sigma?"));
        assert!(message(&["rate"], "sigma=0").ends_with("docs/experiments.md has every key"));
        assert!(message(&["ais"], "prior_sample=9").ends_with("did you mean evaluation.prior_samples?"));
    }

    #[test]
    fn an_evaluation_of_another_version_does_not_count_and_stays() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("abc.json");
        let by = |version: &str| Reevaluation {
            format: FORMAT,
            evaluation: Evaluation::default(),
            sha256: "abc".into(),
            spec_sha256: String::new(),
            data_sha256: String::new(),
            weights_sha256: String::new(),
            git_commit: String::new(),
            version: version.into(),
            device: "cpu".into(),
            seconds: 1.5,
            measurements: Vec::new(),
        };
        let found = |version: &str| {
            std::fs::write(&path, sealed(&by(version)).unwrap()).unwrap();
            earlier(&path, "abc").unwrap()
        };
        assert_eq!(found(VERSION), Some(by(VERSION)));
        assert_eq!(found("0.0.1"), None);
        assert!(!path.exists());
        assert_eq!(read_sealed::<Reevaluation>(&folder.path().join("abc.0.0.1.json")).unwrap(), by("0.0.1"));
    }
}
