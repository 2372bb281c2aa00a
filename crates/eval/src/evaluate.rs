//! Everything that is measured on a trained model.

use vimae_core::{Evidence, Findings, Metric};
use vimae_metrics::METRICS;
use vimae_spec::{Confusion, Evaluation, Measurement};

use crate::{EvalContext, Figures, Result};

/// What an evaluation found.
#[derive(Debug, Clone, PartialEq)]
pub struct Outcome {
    /// The values.
    pub measurements: Vec<Measurement>,
    /// What a reader sees of the model.
    pub figures: Figures,
    /// Which class was taken for which by classifiers from few labels.
    pub confusions: Vec<Confusion>,
}

/// Measures what the evaluation of `context` names, and makes the figures.
///
/// # Errors
/// [`vimae_core::Error::UnknownName`] for a metric that does not exist, before anything is computed; whatever the model,
/// the data or a metric reports.
pub fn evaluate(context: &EvalContext<'_>) -> Result<Outcome> {
    let Findings { measurements, confusions } = measure(context, &chosen(context.evaluation())?)?;
    Ok(Outcome { measurements, figures: Figures::of(context)?, confusions })
}

/// Measures `metrics`, in their order. What none of them uses is not computed.
///
/// # Errors
/// Whatever the model, the data or a metric reports.
pub fn measure(context: &EvalContext<'_>, metrics: &[Box<dyn Metric>]) -> Result<Findings> {
    let mut all = Findings::default();
    for (done, metric) in metrics.iter().enumerate() {
        context.progress().working(metric.name(), done, metrics.len());
        let found = metric.measure(context)?;
        all.measurements.extend(found.measurements);
        all.confusions.extend(found.confusions);
    }
    context.progress().working("metrics", metrics.len(), metrics.len());
    Ok(all)
}

/// The metrics that are named, or all but those on request; and those that are given settings.
///
/// # Errors
/// For a name or a setting that does not exist.
pub fn chosen(evaluation: &Evaluation) -> vimae_core::Result<Vec<Box<dyn Metric>>> {
    let given = &evaluation.settings;
    for name in evaluation.metrics.iter().chain(given.keys()) {
        METRICS.find(name)?;
    }
    for name in &evaluation.classifiers {
        vimae_metrics::accuracy::classifiers::CLASSIFIERS.find(name)?;
    }
    let named = |name: &str| evaluation.metrics.iter().any(|n| n == name) || given.contains_key(name);
    let mut chosen = Vec::new();
    for entry in METRICS.entries() {
        let settings = given.get(entry.name).cloned().unwrap_or_default();
        let metric = METRICS.build(entry.name, &settings)?;
        if named(entry.name) || (evaluation.metrics.is_empty() && !metric.on_request()) {
            chosen.push(metric);
        }
    }
    Ok(chosen)
}
