//! Accuracy from few labels: how well codes tell classes apart, of clean and of corrupted images.
//!
//! An evaluation says which images carry labels (`labels`, `label_draws`), what learns from them (`classifiers`, `kernels`, `pool`,
//! `tune`), from which codes (`codes`), and under which corruptions (`noise`, `masks`, `clip`).

use std::collections::BTreeSet;

use ndarray::{Array2, Axis};
use rayon::prelude::*;
use vimae_core::{
    Code, Entry, Error, EvalCost, Evidence, Findings, ImageSet, Input, Metric, NoSettings, PixelRange, Purpose, Result, Split, Streams,
    Workload, settings::Schema,
};
use vimae_spec::{CodeName, Evaluation, MaskFill, NoiseOn, Protocol};

use crate::BuildMetric;

pub mod classifiers;
pub mod conditions;
mod confusion;
mod draws;
mod few_label;
mod over_draws;

use conditions::{CLEAN, Condition, conditions, conditions_of, fills};
pub use draws::{Draw, Draws};
pub use few_label::{FewLabel, Sets};
use over_draws::OverDraws;

pub(crate) const ENTRY: Entry<BuildMetric> = Entry {
    name: "accuracy",
    summary: "accuracy of classifiers of codes from few labels, on clean and on corrupted images",
    source: "Kingma et al., Semi-supervised Learning with Deep Generative Models, 2014",
    settings: Schema::of::<NoSettings>,
    build: |_| Ok(Box::new(Accuracy)),
};

/// Labelled and classified codes of a draw of classes that were not trained on.
const UNSEEN: (usize, usize) = (300, 100);

/// The accuracy.
#[derive(Debug, Clone, Copy)]
pub struct Accuracy;

impl Metric for Accuracy {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn reports(&self) -> Vec<String> {
        // Neither the range of the pixels nor what a mask leaves is in a name.
        let conditions = conditions(MaskFill::Black, PixelRange::Unit).unwrap_or_default();
        conditions.into_iter().map(|condition| condition.metric).chain([format!("{CLEAN}.class_*")]).collect()
    }

    fn uses(&self) -> &'static [Input] {
        &[Input::Codes]
    }

    fn reads(&self) -> &'static [&'static str] {
        &["classifiers", "clip", "codes", "kernels", "label_draws", "labels", "masks", "noise", "pool", "tune"]
    }

    fn cost(&self, workload: &Workload<'_>) -> EvalCost {
        let Workload { evaluation, classes, test, gaussian, .. } = *workload;
        if evaluation.labels == 0 {
            return EvalCost::default();
        }
        // With less than five labels a class the draws are of a few classes of the test split.
        let (labels, asked) = if classes * 5 > evaluation.labels { UNSEEN } else { (evaluation.labels, test) };
        let draws = evaluation.label_draws as usize;
        let of_fill = |fill: &MaskFill| conditions_of(evaluation, *fill, PixelRange::Unit).map_or(1, |all| all.len());
        let corruptions: usize = fills(evaluation).iter().map(of_fill).sum();
        // The labelled images of each draw, clean and perhaps corrupted; the others once for each corruption.
        let forms = if evaluation.noise.contains(&NoiseOn::Both) { corruptions } else { 1 };
        let asked_for = if asked < test { asked * draws } else { asked };
        let mut cost = EvalCost { encoded: (forms * labels * draws + corruptions * asked_for) as f64, ..EvalCost::default() };
        let mut matrix = 0.0_f64;
        for protocol in FewLabel::all(evaluation, labels, None, gaussian).unwrap_or_default() {
            let one = protocol.classifier.cost(labels, asked);
            matrix = matrix.max(one.memory_bytes);
            let runs = (of_fill(&protocol.fill) * draws) as f64;
            cost += EvalCost { cpu_seconds: runs * one.cpu_seconds, ..EvalCost::default() };
        }
        cost.memory_bytes = matrix;
        cost
    }

    fn measure(&self, evidence: &dyn Evidence) -> Result<Findings> {
        let evaluation = evidence.evaluation();
        // An unknown classifier is an error, whatever the labels.
        let sampled = evidence.model().head() == vimae_core::Head::Gaussian;
        let all = FewLabel::all(evaluation, evaluation.labels, None, sampled)?;
        if evaluation.labels == 0 {
            return Ok(Findings::default());
        }
        let (train, test) = (evidence.images(Split::Train)?, evidence.images(Split::Test)?);
        let streams = evidence.streams();
        match Draws::new(evaluation.labels, evaluation.label_draws, train.labels(), test.labels(), &streams) {
            Ok(draws) => Measuring { evidence, evaluation, train, test, draws }.all(sampled),
            Err(reason) => nothing(evaluation, &all, evidence.range(), (test.len(), reason.as_str())),
        }
    }
}

/// One measurement under way.
struct Measuring<'a> {
    evidence: &'a dyn Evidence,
    evaluation: &'a Evaluation,
    train: &'a ImageSet,
    test: &'a ImageSet,
    draws: Draws,
}

/// Codes in the forms that are asked for.
type Forms = Vec<(CodeName, Array2<f64>)>;

/// The labelled images and those to classify.
#[derive(Debug, Clone, Copy)]
enum Side {
    Labelled,
    Asked,
}

impl Measuring<'_> {
    fn all(&self, sampled: bool) -> Result<Findings> {
        let Self { evidence, evaluation, draws, test, .. } = self;
        let protocols = FewLabel::all(evaluation, draws.labels, draws.unseen, sampled)?;
        let size = draws.draws.first().map_or(0, |draw| draw.asked.len());
        let truth: Vec<Vec<u32>> = draws.draws.iter().map(|draw| draw.asked.iter().map(|i| test.labels()[*i]).collect()).collect();
        let mut found = Findings::default();
        for fill in fills(evaluation) {
            let mut conditions = conditions_of(evaluation, fill, evidence.range())?;
            if evaluation.clip {
                conditions = conditions.into_iter().map(|condition| condition.clipped_to(evidence.range())).collect();
            }
            // Clean codes are the same whatever a mask leaves: they are reported once.
            let reported = &conditions[usize::from(fill != MaskFill::Black)..];
            let codes = self.codes(&conditions)?;
            let protocols: Vec<&FewLabel> = protocols.iter().filter(|protocol| protocol.fill == fill).collect();
            if codes.iter().flatten().flatten().any(|(_, codes)| codes.iter().any(|v| !v.is_finite())) {
                for protocol in protocols {
                    found.measurements.extend(over_draws::none(&protocol.protocol(size), reported, size, "the codes are not all finite"));
                }
                continue;
            }
            for (done, protocol) in protocols.iter().enumerate() {
                let name = protocol.protocol(size);
                evidence.progress().working(&name.to_string(), done, protocols.len());
                let predicted = match self.predicted(protocol, &codes) {
                    Ok(predicted) => predicted,
                    // Too few labels to tune with, for instance: a number that does not exist, not a failed run.
                    Err(Error::Unsupported { what, reason }) => {
                        found.measurements.extend(over_draws::none(&name, reported, size, &format!("{what}: {reason}")));
                        continue;
                    }
                    Err(error) => return Err(error),
                };
                let known = draws.draws.first().map_or(0, |draw| draw.known.len());
                let over = OverDraws {
                    protocol: &name,
                    conditions: &conditions,
                    known,
                    same_images: draws.unseen.is_none(),
                    truth: &truth,
                    predicted: &predicted,
                };
                found.measurements.extend(over.accuracies().into_iter().skip(conditions.len() - reported.len()));
                if draws.unseen.is_none() && fill == MaskFill::Black {
                    if done == 0 {
                        found.measurements.extend(over.classes());
                    }
                    found.confusions.extend(confusion::of(&name, &conditions, &truth, &predicted));
                }
            }
            evidence.progress().working("few-label accuracy", protocols.len(), protocols.len());
        }
        Ok(found)
    }

    /// Codes of the labelled images and of those to classify, by condition.
    fn codes(&self, conditions: &[Condition]) -> Result<[Vec<Forms>; 2]> {
        let both = self.evaluation.noise.contains(&NoiseOn::Both);
        let (known, asked) = (self.draws.known(), self.draws.asked());
        let labelled = if self.draws.split == Split::Train { self.train } else { self.test };
        let mut codes = [Vec::new(), Vec::new()];
        for condition in conditions {
            if both || condition.is_clean() {
                let code = self.encoded(labelled, &known, condition, Side::Labelled)?;
                codes[0].push(self.forms(&code, condition, Side::Labelled)?);
            }
            let code = match condition.is_clean() && asked.len() == self.test.len() {
                true => self.evidence.code()?.clone(),
                false => self.encoded(self.test, &asked, condition, Side::Asked)?,
            };
            codes[1].push(self.forms(&code, condition, Side::Asked)?);
        }
        Ok(codes)
    }

    /// Codes of the images at `rows` under a condition. Labelled images share no noise with test images.
    fn encoded(&self, set: &ImageSet, rows: &[usize], condition: &Condition, side: Side) -> Result<Code> {
        let streams = self.streams(side);
        self.evidence.encode(set, rows, &|images, place| condition.apply(images, &streams, place))
    }

    fn forms(&self, code: &Code, condition: &Condition, side: Side) -> Result<Forms> {
        let mut forms = Vec::new();
        for &name in &self.evaluation.codes {
            let form = match (name, &code.log_var) {
                (CodeName::Mean, _) => code.mean.clone(),
                (CodeName::Sample, Some(_)) => {
                    let streams = self.streams(side).fold_in("codes").fold_in(&condition.metric);
                    let noise = streams.normal(Purpose::Evaluation, 0, code.mean.elem_count());
                    let noise = candle_core::Tensor::from_vec(noise, code.mean.shape(), code.mean.device())?;
                    code.sample(&noise.to_dtype(code.mean.dtype())?)?
                }
                (CodeName::Sample, None) => continue,
            };
            let (count, size) = form.dims2()?;
            let rows = Array2::from_shape_vec((count, size), crate::summary::values(&form)?);
            forms.push((name, rows.map_err(|_| Error::shape("codes", "[N, d]", form.dims()))?));
        }
        Ok(forms)
    }

    fn streams(&self, side: Side) -> Streams {
        let streams = self.evidence.streams().fold_in("accuracy");
        match side {
            Side::Labelled => streams.fold_in("labelled"),
            Side::Asked => streams.fold_in("asked"),
        }
    }

    /// The predicted classes by draw and condition.
    fn predicted(&self, protocol: &FewLabel, [known_codes, asked_codes]: &[Vec<Forms>; 2]) -> Result<Vec<Vec<Vec<u32>>>> {
        let labelled = if self.draws.split == Split::Train { self.train } else { self.test };
        let (known_rows, asked_rows) = (self.draws.known(), self.draws.asked());
        let one = |draw: &Draw| {
            let known_at: Vec<usize> = draw.known.iter().filter_map(|i| known_rows.binary_search(i).ok()).collect();
            let asked_at: Vec<usize> = draw.asked.iter().filter_map(|i| asked_rows.binary_search(i).ok()).collect();
            let of = |all: &[Forms], rows: &[usize]| -> Vec<Array2<f64>> {
                all.iter().flatten().filter(|(code, _)| *code == protocol.code).map(|(_, codes)| codes.select(Axis(0), rows)).collect()
            };
            let labels = draw.known.iter().map(|i| labelled.labels()[*i]).collect();
            protocol.classify(&Sets { known: of(known_codes, &known_at), labels, asked: of(asked_codes, &asked_at) })
        };
        match protocol.classifier.pool() {
            Some(_) => self.draws.draws.iter().map(one).collect(),
            None => self.draws.draws.par_iter().map(one).collect(),
        }
    }
}

/// Measurements that say why there are none.
fn nothing(evaluation: &Evaluation, protocols: &[FewLabel], range: PixelRange, (size, reason): (usize, &str)) -> Result<Findings> {
    let mut seen: BTreeSet<Protocol> = BTreeSet::new();
    let mut found = Findings::default();
    for protocol in protocols {
        let name = protocol.protocol(size);
        if seen.insert(name.clone()) {
            let conditions = conditions_of(evaluation, protocol.fill, range)?;
            let reported = &conditions[usize::from(protocol.fill != MaskFill::Black)..];
            found.measurements.extend(over_draws::none(&name, reported, size, reason));
        }
    }
    Ok(found)
}
