//! The few-label accuracy of a model under every condition, as measurements.

use std::collections::BTreeSet;

use vimae_core::{Code, ImageSet, Split};
use vimae_metrics::Summary;
use vimae_spec::Measurement;

use crate::{
    FewLabel, Result,
    condition::{CONDITIONS, Condition},
    few_label::Known,
    gather::{Gatherer, matrix},
};

/// Measures `protocol` on the codes of `test`, of which `clean` are those without corruption.
pub(crate) fn measure(gatherer: &mut Gatherer<'_, '_>, protocol: &FewLabel, test: &ImageSet, clean: &Code) -> Result<Vec<Measurement>> {
    let train = gatherer.subject.dataset.split(Split::Train)?;
    if let Some(reason) = impossible(protocol, train, test) {
        return Ok(readings(protocol, test.len(), |_| (None, Some(reason.clone()))));
    }

    let draws: Vec<Vec<usize>> = (0..protocol.draws).map(|draw| protocol.draw(train.labels(), &gatherer.streams, draw)).collect();
    let indices: Vec<usize> = draws.iter().flatten().copied().collect::<BTreeSet<_>>().into_iter().collect();
    let codes = matrix(&gatherer.encode("encoding labelled pictures", train, &indices, |pictures, _| Ok(pictures.clone()))?.mean)?;
    let known = Known { indices: &indices, codes, labels: indices.iter().map(|i| train.labels()[*i]).collect() };

    let range = gatherer.subject.dataset.range();
    let all: Vec<usize> = (0..test.len()).collect();
    let mut conditions = Vec::with_capacity(CONDITIONS.len());
    for (name, condition) in CONDITIONS {
        conditions.push(match condition {
            Condition::Clean => matrix(&clean.mean)?,
            _ => {
                let streams = gatherer.streams;
                let corrupted = gatherer.encode(name, test, &all, |pictures, first| condition.apply(pictures, range, &streams, first))?;
                matrix(&corrupted.mean)?
            }
        });
    }
    if known.codes.iter().chain(conditions.iter().flatten()).any(|v| !v.is_finite()) {
        return Ok(readings(protocol, test.len(), |_| (None, Some("the codes are not all finite".into()))));
    }

    (gatherer.progress)("few-label accuracy", 0, draws.len());
    let accuracies = protocol.run(&draws, &known, &conditions, test.labels())?;
    (gatherer.progress)("few-label accuracy", draws.len(), draws.len());
    let note = format!("{} draws of the labelled pictures", draws.len());
    Ok(readings(protocol, test.len(), |condition| {
        let over_draws: Vec<f64> = accuracies.iter().map(|draw| draw[condition]).collect();
        (Summary::of(&over_draws), Some(note.clone()))
    }))
}

/// Why the protocol has no meaning on these pictures, if so.
fn impossible(protocol: &FewLabel, train: &ImageSet, test: &ImageSet) -> Option<String> {
    let classes = |set: &ImageSet| set.labels().iter().copied().collect::<BTreeSet<_>>();
    let (known, asked) = (classes(train), classes(test));
    if !asked.is_subset(&known) {
        let unseen = asked.difference(&known).count();
        return Some(format!("{unseen} of {} test classes have no training pictures", asked.len()));
    }
    if known.len() < 2 || protocol.labels < known.len() {
        return Some(format!("{} labels for {} classes", protocol.labels, known.len()));
    }
    None
}

fn readings(protocol: &FewLabel, n: usize, value: impl Fn(usize) -> (Option<Summary>, Option<String>)) -> Vec<Measurement> {
    let one = |(condition, (metric, _)): (usize, &(&str, Condition))| {
        let (summary, note) = value(condition);
        Measurement {
            metric: (*metric).into(),
            protocol: protocol.protocol(),
            value: summary.map(|s| s.mean),
            standard_error: summary.and_then(|s| s.standard_error),
            unit: "percent".into(),
            n,
            higher_is_better: Some(true),
            note,
        }
    };
    CONDITIONS.iter().enumerate().map(one).collect()
}
