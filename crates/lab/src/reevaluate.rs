//! A finished run measured again, or with more, beside what it holds.

use std::path::{Path, PathBuf};

use vimae_checkpoint::{RunLock, atomic};
use vimae_core::{Event, RunContext};
use vimae_eval::chosen;
use vimae_spec::{Evaluation, Reevaluation, sha256_hex};

use crate::{
    Error, Result, RunFolder, Shelf,
    device::{device, device_name},
    kept::Kept,
    measure::measure_only,
    provenance::git_commit,
    record::read_record,
    resolve::Parts,
    stored::{read_sealed, sealed},
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
/// and writes what is found to a file of its own; the run's record stays as it is. An evaluation that was made
/// before is read.
///
/// # Errors
/// Where a file of the run is absent or damaged, its weights or data are not those of its record, a metric or setting
/// does not exist, or a metric fails.
pub fn reevaluate((names, changes): (&[String], &[String]), context: &RunContext<'_>, shelf: &mut Shelf) -> Result<Reevaluated> {
    let (folder, device) = (&RunFolder::at(context.directory), &device(context.device)?);
    // Taking the lock makes the folder, which an unknown run should not leave behind.
    let record = read_record(&folder.record())?;
    let _lock = RunLock::take(folder.path())?;
    let evaluation: Evaluation = record.spec.evaluation.changed(names, changes)?;
    let metrics = chosen(&evaluation)?;
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
    let measured_by = [&sha256, env!("CARGO_PKG_VERSION"), &name].join(" ");
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
        version: env!("CARGO_PKG_VERSION").into(),
        device: name,
        seconds: kept.seconds(),
        measurements,
    };
    atomic::write(&path, &sealed(&result)?)?;
    kept.remove();
    Ok(Reevaluated { result, path })
}

/// The same evaluation, where it was made before.
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
    if found.sha256 == sha256 {
        return Ok(Some(found));
    }
    let problem = format!("holds an evaluation with digest {}, where {sha256} is expected; move it away", found.sha256);
    Err(Error::Record { path: path.into(), problem })
}
