//! The whole line, for one run: data set, network, code and prior, objective, trainer, checkpoint,
//! evaluation, record.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use candle_core::Device;
use vimae_checkpoint::{RunLock, atomic};
use vimae_core::{Event, RunContext, Split, Streams};
use vimae_datasets::Loader;
use vimae_ops::AdamConfig;
use vimae_spec::{RunRecord, RunSpec, Training, sha256_hex};
use vimae_trainer::{Plan, train};

use crate::{
    Result, RunFolder, Shelf,
    device::device,
    figures,
    measure::measure,
    provenance::git_commit,
    resolve::Parts,
    stored::{json, read_versioned},
};

/// What runs were made with; another version may give other numbers.
const VERSION: &str = env!("CARGO_PKG_VERSION");

/// How long to wait for a process that still works on the run: one whose parent was killed saves its state first.
const PATIENCE: Duration = Duration::from_secs(20);

/// Trains and evaluates one run, or takes up what an earlier call left: a finished run is read, trained
/// weights are not trained again, an unfinished run goes on from its last checkpoint. The context's directory is the run's.
///
/// # Errors
/// Whatever a part of the line reports; what was finished before stays.
pub fn run(spec: &RunSpec, context: &RunContext<'_>, shelf: &mut Shelf) -> Result<RunRecord> {
    let folder = &RunFolder::at(context.directory);
    let device = &device(context.device)?;
    let _lock = RunLock::take_within(folder.path(), PATIENCE)?;
    if let Some(record) = finished(spec, shelf.open(&spec.dataset)?.sha256(), folder)? {
        context.progress.tell(Event::Found);
        return Ok(record);
    }
    atomic::write(&folder.spec(), &json(spec)?)?;

    let parts = Parts::of(spec, shelf, device)?;
    let line = parts.line()?;
    let mut batches = Loader::new(parts.dataset.clone(), Split::Train, spec.training.batch, Streams::new(spec.seed), device)?;
    let determined_by = [&spec.training_sha256(), parts.dataset.sha256(), VERSION].join(" ");
    let trained = train(line, &mut batches, &plan(&spec.training, spec.seed, &determined_by), context)?;

    let started = Instant::now();
    let outcome = measure(&parts, &spec.evaluation, spec.seed, context.progress)?;

    let record = RunRecord {
        format: RunRecord::FORMAT,
        spec: spec.clone(),
        spec_sha256: spec.sha256(),
        training_sha256: spec.training_sha256(),
        data_sha256: parts.dataset.sha256().into(),
        broken_images: shelf.broken_images(&spec.dataset),
        weights_sha256: trained.weights_sha256,
        git_commit: git_commit(context.root),
        version: VERSION.into(),
        device: device_name(device),
        parameters: line.model.parameters().trainable_count(),
        steps: trained.steps,
        rollbacks: trained.rollbacks,
        training_seconds: trained.seconds,
        evaluation_seconds: started.elapsed().as_secs_f64(),
        measurements: outcome.measurements,
        figures: figures::write(folder, &outcome.figures, &outcome.confusions, parts.objective.ex_post().is_some())?,
        log: "log.jsonl".into(),
    };
    atomic::write(&folder.record(), &json(&record)?)?;
    Ok(record)
}

/// The record of a run that was finished earlier with the same specification, data and version of the code.
pub(crate) fn finished(spec: &RunSpec, data_sha256: &str, folder: &RunFolder) -> Result<Option<RunRecord>> {
    if !folder.record().exists() {
        return Ok(None);
    }
    let record = read_record(&folder.record())?;
    let same = record.spec_sha256 == spec.sha256() && record.data_sha256 == data_sha256 && record.version == VERSION;
    Ok((record.format == RunRecord::FORMAT && same).then_some(record))
}

/// Reads a run's record.
pub(crate) fn read_record(path: &Path) -> Result<RunRecord> {
    read_versioned(path, RunRecord::FORMAT)
}

fn plan(training: &Training, seed: u64, determined_by: &str) -> Plan {
    let &Training { epochs, checkpoint_epochs, rollbacks, learning_rate, beta1, beta2, epsilon, critic_learning_rate, .. } = training;
    Plan {
        epochs,
        checkpoint_epochs,
        rollbacks,
        critic_learning_rate,
        adam: AdamConfig { learning_rate, beta1, beta2, epsilon },
        seed,
        training_sha256: sha256_hex(determined_by.as_bytes()),
    }
}

/// The kind of a device in records: `cpu (x86_64)`, the name of a GPU.
pub fn device_name(device: &Device) -> String {
    match device {
        Device::Cpu => format!("cpu ({})", std::env::consts::ARCH),
        Device::Cuda(_) => crate::device::cuda_name(device),
        Device::Metal(_) => "metal".into(),
    }
}
