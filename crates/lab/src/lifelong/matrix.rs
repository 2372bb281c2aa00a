//! What is measured after each task on each task so far.

use std::{path::Path, sync::Arc};

use candle_core::Tensor;
use vimae_checkpoint::{atomic, load_weights};
use vimae_continual::{Learnt, Task, folder, in_one_order, together};
use vimae_core::{Dataset, Evidence, Metric, Progress, RunContext, Split};
use vimae_eval::{chosen, measure as measure_all};
use vimae_metrics::judge::{Judge, Samples};
use vimae_report::{grid_png, headline};
use vimae_spec::{Direction, Evaluation, Figure, FigureKind, Lifelong, Measurement, Measures, Protocol, Slice, TaskRecord, sha256_hex};

use crate::{
    Error, Result, RunFolder,
    course::Course,
    device::device_name,
    measure::{Sampler, Samplers, with_context},
    resolve::Parts,
    stored::{read_sealed, sealed},
};

/// The metrics of the matrix, where the evaluation asks for them.
const METRICS: [&str; 5] = ["accuracy", "information", "mmd", "rate", "reconstruction"];
/// The headlines among what they give.
const SHOWN: [&str; 6] = ["reconstruction", "mmd", "rate", "active_units", "accuracy", "accuracy_masked"];
/// What the matrix has beside them.
const BESIDE: [&str; 5] = ["class_fid", "class_fid_excess", "entropy", "share", "share_kept"];
/// Samples in the row of a task.
const ROW: usize = 12;

/// Measures after each task, and leaves the weights after the last in the parts. What an earlier call measured is read.
///
/// # Errors
/// [`Error::Stopped`] between two tasks, with those before it kept.
pub(crate) fn measure(
    course: &Course,
    parts: &Parts,
    learnt: &[Learnt],
    (evaluation, seed): (&Evaluation, u64),
    context: &RunContext<'_>,
) -> Result<Lifelong> {
    let judge = judge(&course.tasks)?;
    let matrix = Matrix::new((course, parts), judge.as_deref(), (evaluation, seed), context.progress);
    let mut tasks = Vec::with_capacity(learnt.len());
    for (place, learnt) in learnt.iter().enumerate() {
        if context.is_stopped() {
            return Err(Error::Stopped);
        }
        context.progress.working("tasks", place, course.tasks.len());
        tasks.push(matrix.kept(place, learnt, context.directory)?);
    }
    context.progress.working("tasks", learnt.len(), course.tasks.len());
    Ok(Lifelong {
        stream: course.chosen.stream.clone(),
        strategy: course.chosen.strategy.clone(),
        judge: judge.map(|judge| judge.accuracy()),
        tasks,
    })
}

/// The metrics of numbers made of the matrix.
pub(crate) fn reports() -> Vec<String> {
    Lifelong::reports(SHOWN.into_iter().chain(BESIDE))
}

/// The judge of the labels of all tasks; none where there is nothing to tell apart.
pub(super) fn judge(tasks: &[Task]) -> Result<Option<Arc<Judge>>> {
    match Judge::of(in_one_order(together(tasks)?.as_ref())?.as_ref()) {
        Ok(judge) => Ok(Some(judge)),
        Err(vimae_core::Error::Unsupported { .. }) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// The evaluation of the metrics of the matrix; its list of metrics is empty where it asks for none of them.
fn narrowed(evaluation: &Evaluation) -> Evaluation {
    let asked = |name: &&str| {
        let named = |known: &String| known == name;
        evaluation.metrics.is_empty() || evaluation.metrics.iter().any(named) || evaluation.settings.keys().any(named)
    };
    let metrics: Vec<String> = METRICS.iter().filter(|name| asked(name)).map(|name| (*name).to_owned()).collect();
    let settings = evaluation.settings.iter().filter(|(name, _)| metrics.contains(name)).map(|(n, s)| (n.clone(), s.clone())).collect();
    Evaluation { metrics, settings, ..evaluation.clone() }
}

/// The metrics of a narrowed evaluation: an empty list is none of them, and not all.
fn metrics(narrowed: &Evaluation) -> vimae_core::Result<Vec<Box<dyn Metric>>> {
    if narrowed.metrics.is_empty() { Ok(Vec::new()) } else { chosen(narrowed) }
}

pub(super) struct Matrix<'a> {
    course: &'a Course,
    parts: &'a Parts,
    judge: Option<&'a Judge>,
    evaluation: Evaluation,
    seed: u64,
    progress: &'a dyn Progress,
}

/// What a finished measurement of a task leaves beside its weights.
#[derive(serde::Serialize, serde::Deserialize)]
struct Stored {
    /// Of what determines it.
    sha256: String,
    task: TaskRecord,
    /// The first samples, in bytes.
    samples: Vec<u8>,
}

const STORED: &str = "measured.json";

impl<'a> Matrix<'a> {
    /// What is measured of these parts under the judge.
    pub(super) fn new(
        (course, parts): (&'a Course, &'a Parts),
        judge: Option<&'a Judge>,
        (evaluation, seed): (&Evaluation, u64),
        progress: &'a dyn Progress,
    ) -> Self {
        Self { course, parts, judge, evaluation: narrowed(evaluation), seed, progress }
    }

    /// The digest of what determines the record of a task behind which there are these weights.
    fn sha256(&self, weights_sha256: &str) -> String {
        let data = self.course.tasks.iter().map(|task| task.dataset.sha256()).collect::<Vec<_>>().join(" ");
        let evaluation = serde_json::to_string(&self.evaluation).unwrap_or_default();
        // Its protocol has its settings.
        let sampler = self.parts.sampler.as_ref();
        let (name, fitted) = (sampler.name(), sampler.protocol().map_or_else(String::new, |protocol| protocol.to_string()));
        let version = env!("CARGO_PKG_VERSION");
        let device = device_name(self.parts.model.parameters().device());
        let by = format!("{weights_sha256} {data} {evaluation} {name} {fitted} {} {version} {device}", self.seed);
        sha256_hex(by.as_bytes())
    }

    /// The task's record, read where it was made before.
    fn kept(&self, place: usize, learnt: &Learnt, run: &Path) -> Result<TaskRecord> {
        let (directory, sha256) = (folder(run, place + 1), self.sha256(&learnt.trained.weights_sha256));
        let path = directory.join(STORED);
        let mut stored = match read_sealed::<Stored>(&path) {
            Ok(stored) if stored.sha256 == sha256 => stored,
            _ => {
                let (weights, _) = load_weights(&RunFolder::at(&directory).model())?;
                self.parts.line()?.load(&weights)?;
                let (task, samples) = self.behind(place)?;
                let stored = Stored { sha256, task, samples };
                atomic::write(&path, &sealed(&stored)?)?;
                stored
            }
        };
        let Learnt { trained, kept } = learnt;
        stored.task = TaskRecord {
            steps: trained.steps,
            seconds: trained.seconds,
            weights_sha256: trained.weights_sha256.clone(),
            kept_images: kept.images,
            kept_bytes: kept.bytes,
            ..stored.task
        };
        Ok(stored.task)
    }

    /// What the weights in the parts, those after the task at `place`, give on the tasks so far, without what is known of the
    /// training alone.
    pub(super) fn behind(&self, place: usize) -> Result<(TaskRecord, Vec<u8>)> {
        let so_far = self.course.tasks.get(..=place).unwrap_or_default();
        let all = together(so_far)?;
        let sampler = Samplers::on(self.parts, all.as_ref()).own()?;
        let (seen, judged, samples) = self
            .on(&sampler, all.as_ref(), |context, measures| {
                let generated = context.generated()?;
                let judged = self.judge.map(|judge| judge.samples(generated, self.parts.dataset.range())).transpose()?;
                if let Some(judged) = &judged {
                    measures.insert("class_fid".into(), judged.distance(all.split(Split::Test)?)?);
                }
                let first = generated.narrow(0, 0, ROW.min(generated.dim(0)?))?;
                Ok((judged, bytes(&first, self.parts)?))
            })
            .map(|(measures, (judged, samples))| (measures, judged, samples))?;
        let mut each = Vec::with_capacity(so_far.len());
        for task in so_far {
            let (mut measures, ()) = self.on(&sampler, task.dataset.as_ref(), |_, _| Ok(()))?;
            if let (Some(judge), Some(judged)) = (self.judge, &judged) {
                measures.extend(of_samples(judge, judged, task.dataset.as_ref(), all.as_ref())?);
            }
            each.push(measures);
        }
        let this = so_far.last().map(|task| (task.name.clone(), task.dataset.clone()));
        let (name, dataset) = this.ok_or_else(|| vimae_core::Error::Data("no task".into()))?;
        let record = TaskRecord {
            name,
            train_images: dataset.split(Split::Train)?.len(),
            test_images: dataset.split(Split::Test)?.len(),
            steps: 0,
            seconds: 0.0,
            weights_sha256: String::new(),
            kept_images: 0,
            kept_bytes: 0,
            seen,
            each,
            shares: judged.map(|judged| judged.shares).unwrap_or_default(),
        };
        Ok((record, samples))
    }

    /// The metrics on one data set, and what `more` reads of the same context.
    fn on<T>(
        &self,
        sampler: &Sampler,
        dataset: &dyn Dataset,
        more: impl FnOnce(&vimae_eval::EvalContext<'_>, &mut Measures) -> Result<T>,
    ) -> Result<(Measures, T)> {
        with_context((self.parts, dataset), sampler, (&self.evaluation, self.seed), self.progress, |context| {
            let found = measure_all(context, &metrics(&self.evaluation)?)?.measurements;
            let mut measures = shown(&found);
            let more = more(context, &mut measures)?;
            Ok((measures, more))
        })
    }
}

/// The measures of the matrix among all that was measured.
fn shown(found: &[Measurement]) -> Measures {
    let headlines = headline::all().filter(|headline| SHOWN.contains(&headline.name));
    let mut measures: Measures =
        headlines.filter_map(|headline| Some((headline.name.to_owned(), headline.among(found)?.clone()))).collect();
    // Of the entropies that are estimated the one that has a better direction is that of the codes.
    let entropy = found.iter().find(|m| m.metric == "information.entropy" && m.direction == Direction::Higher);
    measures.extend(entropy.map(|entropy| ("entropy".to_owned(), entropy.clone())));
    for measure in measures.values_mut() {
        // The rate says how much a code holds, neither good nor bad; which part of images it is of the name says.
        measure.slice = measure.slice.take().filter(Slice::is_detail);
    }
    measures
}

/// What samples say of one task: `class_fid` from its images, `class_fid_excess` beyond what real images of all tasks have,
/// `share` of samples of its classes, `share_kept` of the share that is due to it. A task that has every class has no shares: they
/// would be 100 whatever is drawn.
fn of_samples(judge: &Judge, judged: &Samples<'_>, task: &dyn Dataset, all: &dyn Dataset) -> Result<Measures> {
    let (own, seen) = (task.split(Split::Test)?, all.split(Split::Test)?);
    let distance = judged.distance(own)?;
    let floor = judge.between(own, seen)?;
    let excess = Measurement {
        metric: "class_fid_excess".into(),
        value: distance.value.map(|value| value - floor),
        note: Some(format!("real images of all tasks so far are at {floor:.4}")),
        ..distance.clone()
    };
    let mut measures = Measures::from([("class_fid".to_owned(), distance), ("class_fid_excess".to_owned(), excess)]);
    let is_own = |class: usize| own.labels().iter().any(|label| *label as usize == class);
    if (0..judged.shares.len()).all(is_own) {
        return Ok(measures);
    }
    let due = seen.labels().iter().filter(|label| is_own(**label as usize)).count() as f64 / seen.len().max(1) as f64;
    let share = judged.share(is_own);
    let kept = share.value.map(|share| (share / due).min(100.0));
    let kept = Measurement::new("judge", "share_kept", Protocol::new("share_kept").with("of", &share.protocol), "percent")
        .valued(kept, None)
        .sized(share.n)
        .better(Direction::Higher)
        .noted(format!("due are {:.1} percent of the samples", 100.0 * due));
    measures.extend([("share".to_owned(), share), ("share_kept".to_owned(), kept)]);
    Ok(measures)
}

fn bytes(images: &Tensor, parts: &Parts) -> Result<Vec<u8>> {
    let values = images.flatten_all()?.to_vec1::<f32>()?;
    Ok(values.into_iter().map(|value| parts.dataset.range().byte(value)).collect())
}

/// Writes the samples after each task, one row a task.
pub(crate) fn strip(course: &Course, parts: &Parts, folder_of_run: &RunFolder) -> Result<Figure> {
    let kind = FigureKind::Tasks;
    let mut rows = Vec::new();
    for place in 0..course.tasks.len() {
        rows.extend(read_sealed::<Stored>(&folder(folder_of_run.path(), place + 1).join(STORED))?.samples);
    }
    let shape = parts.dataset.shape()?;
    let scale = if shape.height <= 32 { 2 } else { 1 };
    let columns = (rows.len() / shape.len().max(1) / course.tasks.len().max(1)).max(1);
    let png = grid_png(&rows, (shape.channels, shape.height, shape.width), columns, scale, scale)?;
    atomic::write(&folder_of_run.path().join(kind.file()), &png)?;
    let names: Vec<&str> = course.tasks.iter().map(|task| task.name.as_str()).collect();
    Ok(Figure { kind, file: kind.file().into(), caption: format!("Decoded draws after each task, from the top: {}", names.join("; ")) })
}

#[cfg(test)]
mod tests {
    use candle_core::Device;
    use serde_json::json;
    use vimae_core::Silent;
    use vimae_datasets::Sources;
    use vimae_spec::{Component, RunSpec};

    use super::*;
    use crate::{Shelf, cells::tests::record};

    #[test]
    fn only_what_is_asked_for_of_the_matrix_is_measured() {
        let asked = |names: &[&str], settings: &[&str]| {
            let evaluation = Evaluation {
                metrics: names.iter().map(|name| (*name).to_owned()).collect(),
                settings: settings.iter().map(|name| ((*name).to_owned(), serde_json::Map::new())).collect(),
                ..Evaluation::default()
            };
            metrics(&narrowed(&evaluation)).unwrap().iter().map(|metric| metric.name().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(asked(&[], &[]), METRICS);
        assert_eq!(asked(&["nll", "rate"], &[]), ["rate"]);
        assert_eq!(asked(&["nll"], &["mmd", "ais"]), ["mmd"]);
        assert!(asked(&["nll"], &[]).is_empty());
    }

    #[test]
    fn another_sampler_makes_another_record_of_a_task() {
        let spec = |sampler: Option<serde_json::Value>| RunSpec {
            stream: Some(Component::named("split_classes")),
            sampler: sampler.map(|sampler| serde_json::from_value(sampler).unwrap()),
            ..record("vae", 0, "rate", 1.0).spec
        };
        let mut shelf = Shelf::new(Sources::default());
        let mut digest = |spec: RunSpec| {
            let parts = Parts::of(&spec, &mut shelf, &Device::Cpu).unwrap();
            let course = Course::of(&spec, &parts.dataset).unwrap().unwrap();
            Matrix::new((&course, &parts), None, (&spec.evaluation, spec.seed), &Silent).sha256("weights")
        };
        let prior = digest(spec(None));
        assert_eq!(digest(spec(Some(json!({ "name": "prior" })))), prior);
        let mixture = |components: u64| Some(json!({ "name": "gaussian_mixture", "components": components }));
        let (two, three) = (digest(spec(mixture(2))), digest(spec(mixture(3))));
        assert!(prior != two && two != three, "{prior} {two} {three}");
        assert_eq!(digest(spec(mixture(2))), two);
    }
}
