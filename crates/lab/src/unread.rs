//! Keys of an evaluation that were changed and that nothing reads.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use vimae_core::{Head, Input, Metric};
use vimae_spec::Evaluation;

/// Keys that say how much of an input there is.
const OF_INPUTS: [(&str, Input); 4] = [
    ("noise_images", Input::NoisyCodes),
    ("noise_passes", Input::NoisyCodes),
    ("prior_samples", Input::PriorSample),
    ("samplers", Input::Generated),
];
/// Keys that say what is measured.
const OF_ALL: [&str; 2] = ["metrics", "settings"];

/// The keys in which `after` differs from `before` and that none of `metrics` reads, of an encoder that ends in this head where it is known.
pub(crate) fn unread(before: &Evaluation, after: &Evaluation, metrics: &[Box<dyn Metric>], head: Option<Head>) -> Vec<String> {
    let (before, after) = (keys(before), keys(after));
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let changed = |name: &String| before.get(name) != after.get(name) && !OF_ALL.contains(&name.as_str());
    let is_read = |name: &String| metrics.iter().any(|metric| reads(metric.as_ref(), name, head));
    names.into_iter().filter(|name| changed(name) && !is_read(name)).cloned().collect()
}

fn keys(evaluation: &Evaluation) -> Map<String, Value> {
    match serde_json::to_value(evaluation) {
        Ok(Value::Object(keys)) => keys,
        _ => Map::new(),
    }
}

fn reads(metric: &dyn Metric, key: &str, head: Option<Head>) -> bool {
    let uses = |wanted: Input| metric.uses().iter().any(|input| *input == wanted || input.needs().contains(&wanted));
    // A Gaussian head says itself what noisy passes tell of others.
    let made = |input: Input| uses(input) && (input != Input::NoisyCodes || head != Some(Head::Gaussian));
    metric.reads().contains(&key) || OF_INPUTS.iter().any(|(name, input)| *name == key && made(*input))
}

#[cfg(test)]
mod tests {
    use vimae_eval::chosen;

    use super::*;

    fn of(metric: &str, changes: &[&str], head: Head) -> Vec<String> {
        let changes: Vec<String> = changes.iter().map(|change| (*change).to_owned()).collect();
        let before = Evaluation::default().changed(&[metric.to_owned()], &[]).unwrap();
        let after = before.changed(&[], &changes).unwrap();
        unread(&before, &after, &chosen(&after).unwrap(), Some(head))
    }

    #[test]
    fn a_key_that_no_metric_reads_is_named() {
        assert_eq!(of("rate", &["label_draws=3", "clip=true"], Head::Gaussian), ["clip", "label_draws"]);
        assert!(of("accuracy", &["label_draws=3", "clip=true"], Head::Gaussian).is_empty());
        // Of a Gaussian head nothing goes through noisy passes.
        assert_eq!(of("rate", &["noise_passes=2"], Head::Gaussian), ["noise_passes"]);
        assert!(of("rate", &["noise_passes=2"], Head::Deterministic).is_empty());
        assert!(of("information", &["noise_images=20"], Head::Gaussian).is_empty());
        // Images are made of draws from the prior.
        assert!(of("nll", &["prior_samples=20", "samplers=['standardised']"], Head::Gaussian).is_empty());
        assert_eq!(of("mmd", &["prior_samples=20", "samplers=['standardised']"], Head::Gaussian), ["samplers"]);
        // What stays as it was changes nothing.
        assert!(of("rate", &["label_draws=10", "settings.rate={}"], Head::Gaussian).is_empty());
    }

    #[test]
    fn every_key_has_a_metric_that_reads_it() {
        let all = ["masks=['grey']", "clip=true", "samplers=['standardised']", "settings.ais={}"].map(String::from);
        let evaluation = Evaluation::default().changed(&["accuracy", "information", "nll", "rate"].map(String::from), &all).unwrap();
        let metrics = chosen(&evaluation).unwrap();
        let unread: Vec<String> = keys(&evaluation)
            .into_iter()
            .map(|(key, _)| key)
            .filter(|key| !OF_ALL.contains(&key.as_str()))
            .filter(|key| !metrics.iter().any(|metric| reads(metric.as_ref(), key, None)))
            .collect();
        assert!(unread.is_empty(), "{unread:?}");
    }
}
