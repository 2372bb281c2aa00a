//! The few-label accuracy of a model under every condition, as measurements.

use std::collections::BTreeSet;

use ndarray::{Array2, Axis};
use rayon::prelude::*;
use vimae_core::{Code, ImageSet, Split};
use vimae_spec::{Classifier, CodeName, Evaluation, MaskFill, Measurement, NoiseOn};

use crate::{
    FewLabel, Result,
    condition::{CONDITIONS, Condition, conditions},
    confusion::{self, Confusion},
    draws::{Draw, Draws},
    few_label::Sets,
    gather::{Gatherer, matrix},
    over_draws::OverDraws,
};

/// Noise on labelled images begins here, so that none of them shares it with a test image.
const LABELLED_NOISE: usize = 1 << 40;
/// Draws of codes of labelled and of test images begin at these steps.
const KNOWN_CODES: u64 = 1 << 8;
const ASKED_CODES: u64 = 2 << 8;

/// What the protocols found.
pub(crate) struct Found {
    pub(crate) measurements: Vec<Measurement>,
    pub(crate) confusions: Vec<Confusion>,
}

/// Measures what `evaluation` asks for on the codes of `test`, of which `clean` are those without corruption.
pub(crate) fn measure(gatherer: &mut Gatherer<'_, '_>, evaluation: &Evaluation, test: &ImageSet, clean: &Code) -> Result<Found> {
    let train = gatherer.subject.dataset.split(Split::Train)?;
    let sampled = clean.log_var.is_some();
    let draws = match Draws::new(evaluation.labels, evaluation.label_draws, train.labels(), test.labels(), &gatherer.streams) {
        Ok(draws) => draws,
        Err(reason) => return Ok(nothing(&FewLabel::all(evaluation, evaluation.labels, None, sampled), test.len(), &reason)),
    };
    let protocols = FewLabel::all(evaluation, draws.labels, draws.unseen, sampled);
    let size = draws.draws.first().map_or(0, |draw| draw.asked.len());
    let known = if draws.split == Split::Train { train } else { test };
    let (known_rows, asked_rows) = (draws.known(), draws.asked());

    let mut found = Found { measurements: Vec::new(), confusions: Vec::new() };
    for &fill in &evaluation.masks {
        let conditions = conditions(fill);
        let both = evaluation.noise.contains(&NoiseOn::Both);
        let mut codes = (Vec::new(), Vec::new());
        for (condition, (name, change)) in conditions.iter().enumerate() {
            if both || condition == 0 {
                let code = corrupted(gatherer, &format!("{name}, labelled images"), known, &known_rows, *change, LABELLED_NOISE)?;
                codes.0.push(forms(gatherer, &code, evaluation, KNOWN_CODES + place(name))?);
            }
            let code = match change {
                Condition::Clean if asked_rows.len() == test.len() => clean.clone(),
                _ => corrupted(gatherer, name, test, &asked_rows, *change, 0)?,
            };
            codes.1.push(forms(gatherer, &code, evaluation, ASKED_CODES + place(name))?);
        }
        let protocols: Vec<FewLabel> = protocols.iter().filter(|protocol| protocol.fill == fill).copied().collect();
        if codes.0.iter().chain(&codes.1).flatten().any(|(_, codes)| codes.iter().any(|v| !v.is_finite())) {
            found.measurements.extend(nothing(&protocols, size, "the codes are not all finite").measurements);
            continue;
        }
        for (done, protocol) in protocols.iter().enumerate() {
            let name = protocol.protocol(size);
            (gatherer.progress)(&name, done, protocols.len());
            let one = |draw: &Draw| {
                let known_at: Vec<usize> = draw.known.iter().filter_map(|i| known_rows.binary_search(i).ok()).collect();
                let asked_at: Vec<usize> = draw.asked.iter().filter_map(|i| asked_rows.binary_search(i).ok()).collect();
                let of = |all: &[Forms], rows: &[usize]| -> Vec<Array2<f64>> {
                    all.iter().flatten().filter(|(code, _)| *code == protocol.code).map(|(_, codes)| codes.select(Axis(0), rows)).collect()
                };
                let labels = draw.known.iter().map(|i| known.labels()[*i]).collect();
                protocol.classify(&Sets { known: of(&codes.0, &known_at), labels, asked: of(&codes.1, &asked_at) })
            };
            // A transductive machine runs its classes in parallel and holds a large matrix.
            let predicted: Result<Vec<_>> = match protocol.classifier {
                Classifier::Tsvm => draws.draws.iter().map(one).collect(),
                _ => draws.draws.par_iter().map(one).collect(),
            };
            let predicted = match predicted {
                Ok(predicted) => predicted,
                // Too few labels to tune with, for instance: a number that does not exist, not a failed run.
                Err(crate::Error::Svm(error)) => {
                    found.measurements.extend(nothing(std::slice::from_ref(protocol), size, &error.to_string()).measurements);
                    continue;
                }
                Err(error) => return Err(error),
            };
            let truth: Vec<Vec<u32>> = draws.draws.iter().map(|draw| draw.asked.iter().map(|i| test.labels()[*i]).collect()).collect();
            let known = draws.draws.first().map_or(0, |draw| draw.known.len());
            let over = OverDraws { protocol: &name, fill, truth: &truth, predicted: &predicted, known };
            found.measurements.extend(over.accuracies());
            // Clean codes are the same whatever a mask leaves.
            if draws.unseen.is_none() && fill == MaskFill::Black {
                if done == 0 {
                    found.measurements.extend(over.classes());
                }
                found.confusions.extend(confusion::of(&name, &truth, &predicted));
            }
        }
        (gatherer.progress)("few-label accuracy", protocols.len(), protocols.len());
    }
    Ok(found)
}

/// The place of a condition's random draws, the same whatever other conditions there are.
fn place(name: &str) -> u64 {
    CONDITIONS.iter().position(|(n, _)| *n == name).unwrap_or(CONDITIONS.len()) as u64
}

/// The forms of code that are asked for.
type Forms = Vec<(CodeName, Array2<f64>)>;

fn forms(gatherer: &Gatherer<'_, '_>, code: &Code, evaluation: &Evaluation, step: u64) -> Result<Forms> {
    let mut forms = Vec::new();
    for &name in &evaluation.codes {
        match name {
            CodeName::Mean => forms.push((name, matrix(&code.mean)?)),
            CodeName::Sample if code.log_var.is_some() => forms.push((name, matrix(&gatherer.draw_at(code, step)?)?)),
            CodeName::Sample => {}
        }
    }
    Ok(forms)
}

/// Codes of the images at `rows` under a condition.
fn corrupted(
    gatherer: &mut Gatherer<'_, '_>,
    what: &str,
    set: &ImageSet,
    rows: &[usize],
    condition: Condition,
    first: usize,
) -> Result<Code> {
    let (streams, range) = (gatherer.streams, gatherer.subject.dataset.range());
    Ok(gatherer.encode(what, set, rows, |images, place| condition.apply(images, range, &streams, first + place))?)
}

/// Measurements that say why there are none.
fn nothing(protocols: &[FewLabel], size: usize, reason: &str) -> Found {
    let mut seen = BTreeSet::new();
    let names = protocols.iter().map(|p| (p.protocol(size), p.fill)).filter(|(name, _)| seen.insert(name.clone()));
    let measurements = names.flat_map(|(name, fill)| OverDraws::none(&name, fill, size, reason)).collect();
    Found { measurements, confusions: Vec::new() }
}
