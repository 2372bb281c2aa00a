//! The whole line, for one run: data set, network, code and prior, objective, trainer, checkpoint,
//! evaluation, record.

use std::{collections::BTreeMap, time::Duration};

use vimae_checkpoint::{RunLock, atomic};
use vimae_core::{Event, RunContext, Split, Streams};
use vimae_datasets::Loader;
use vimae_spec::{Lifelong, RunRecord, RunSpec, sha256_hex};
use vimae_trainer::train_watched;

use crate::{
    Error, Result, RunFolder, Shelf, config,
    course::Course,
    device::{device, device_name},
    figures::{self, Origin, deviation},
    kept::Kept,
    lifelong,
    measure::{Samplers, measure},
    provenance::git_commit,
    record::{Found, LOG, VERSION, other_images, side_files, write_record},
    resolve::Parts,
    stored::json,
    training_plan::training_plan,
    watch,
};

/// How long to wait for a process that still works on the run: one whose parent was killed saves its state first.
const PATIENCE: Duration = Duration::from_secs(20);

/// Trains and evaluates one run, or takes up what an earlier call left: a finished run is read, trained
/// weights are not trained again, an unfinished run goes on from its last checkpoint. The context's directory is the run's.
///
/// # Errors
/// Whatever a part of the line reports; [`Error::Record`] for a run that was trained on other images. What was finished before
/// stays.
pub fn run(spec: &RunSpec, context: &RunContext<'_>, shelf: &mut Shelf) -> Result<RunRecord> {
    let folder = &RunFolder::at(context.directory);
    let device = &device(context.device)?;
    let _lock = RunLock::take_within(folder.path(), PATIENCE)?;
    // Of the code that begins: a commit that is made while it trains made none of the weights.
    let commit = git_commit(context.root);
    atomic::sweep(folder.path());
    let data_sha256 = shelf.open(&spec.dataset)?.sha256().to_owned();
    let earlier = match Found::of(spec, &data_sha256, folder) {
        // Weights that are gone come back from the last checkpoint.
        Found::Same(record) if !folder.lacks_weights() => {
            context.progress.tell(Event::Found);
            return Ok(*record);
        }
        // A record may hold what cannot be made again: whoever changed it decides.
        Found::Damaged(error) => return Err(error),
        // Its checkpoint is of the images that were there, and no other images go on from it.
        Found::Other(earlier, _) if earlier.data_sha256 != data_sha256 && folder.has_checkpoint() => {
            return Err(Error::Record { path: folder.record(), problem: other_images(&spec.dataset.name) });
        }
        Found::Other(earlier, _) => {
            keep_earlier(folder, &earlier)?;
            true
        }
        Found::Same(_) => true,
        Found::Nothing => false,
    };
    if !earlier {
        atomic::write(&folder.spec(), &json(spec)?)?;
    }
    shelf.leave(folder)?;

    let parts = Parts::of(spec, shelf, device)?;
    let line = parts.line()?;
    let mut batches = Loader::new(parts.dataset.clone(), Split::Train, spec.training.batch, Streams::new(spec.seed), device)?;
    let determined_by = [&spec.training_sha256(), parts.dataset.sha256(), VERSION].join(" ");
    let plan = training_plan(&spec.training, spec.seed, &determined_by);
    let course = Course::of(spec, &parts.dataset)?;
    let mut watch = |_| watch::at_checkpoint(spec, &parts, line).map_err(vimae_trainer::Error::from);
    let (trained, learnt) = match &course {
        Some(course) => lifelong::train(course, (spec, &parts), &plan, context, &mut watch)?,
        None => (train_watched(line, &mut batches, &plan, context, &mut watch)?, Vec::new()),
    };

    let name = device_name(device);
    let measured_by = [&spec.sha256(), parts.dataset.sha256(), &trained.weights_sha256, VERSION, &name].join(" ");
    let mut kept = Kept::open(&folder.measured(), &sha256_hex(measured_by.as_bytes()));
    let samplers = Samplers::on(&parts, parts.dataset.as_ref());
    let sampler = samplers.own()?;
    // Of all tasks, before what is measured of the last weights alone.
    let evaluated = (&spec.evaluation, spec.seed);
    let lifelong = course.as_ref().map(|course| lifelong::measure(course, &parts, &learnt, evaluated, context)).transpose()?;
    let mut outcome = measure(&samplers, &sampler, (&spec.evaluation, spec.seed), context, &mut kept)?;

    outcome.measurements.extend(lifelong.iter().flat_map(Lifelong::summary));
    if context.is_stopped() {
        return Err(Error::Stopped);
    }
    // What lies beside the record changes with it: until here, an earlier one and its files belong together.
    if earlier {
        atomic::write(&folder.spec(), &json(spec)?)?;
    }
    config::write(spec, &parts, &sampler, &trained.weights_sha256, folder)?;
    let classes = parts.dataset.class_names();
    let origin = if sampler.is_fitted() { Origin::Fitted } else { Origin::Prior { deviation: deviation(parts.prior.as_ref()) } };
    let mut figures = figures::write(folder, &outcome.figures, outcome.confusions, classes, origin)?;
    figures.extend(course.as_ref().map(|course| lifelong::strip(course, &parts, folder)).transpose()?);

    let record = RunRecord {
        format: RunRecord::FORMAT,
        spec: spec.clone(),
        spec_sha256: spec.sha256(),
        training_sha256: spec.training_sha256(),
        data_sha256: parts.dataset.sha256().into(),
        broken_images: shelf.broken_images(&spec.dataset),
        weights_sha256: trained.weights_sha256,
        git_commit: commit,
        version: VERSION.into(),
        device: name,
        parameters: line.model.parameters().trainable_count(),
        steps: trained.steps,
        rollbacks: trained.rollbacks,
        early_stopping: trained.early_stopping,
        training_seconds: trained.seconds,
        evaluation_seconds: kept.seconds(),
        measurements: outcome.measurements,
        lifelong,
        figures,
        log: LOG.into(),
        files: BTreeMap::new(),
    };
    let record = RunRecord { files: side_files(folder, &record)?, ..record };
    // Once told to stop, a process says that something is left: no record may appear behind its back.
    if context.is_stopped() {
        return Err(Error::Stopped);
    }
    write_record(folder, &record)?;
    watch::at_end(folder, &record)?;
    kept.remove();
    Ok(record)
}

/// Another evaluation of these weights, or one of another version, stays beside the one that takes its place.
fn keep_earlier(folder: &RunFolder, earlier: &RunRecord) -> Result<()> {
    let bytes = earlier.to_json().map_err(|e| Error::Record { path: folder.record(), problem: e.to_string() })?;
    Ok(atomic::write(&folder.earlier_record(earlier), &bytes)?)
}
