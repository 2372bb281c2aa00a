//! In which settings an experiment of an earlier plan was another than the one of its name is now.

use std::collections::BTreeSet;

use vimae_spec::RunSpec;

use crate::{
    Node, Plan,
    dotted::{dotted, word},
};

/// Settings that a title names; of more, how many there are.
const NAMED: usize = 4;

/// What stands behind the title of the earlier experiment at place `owner`: the settings that its runs had otherwise than runs of the
/// same method have in this plan's experiment of its name, each with its value at that time. Empty where there are none, as where it
/// had more seeds.
pub(crate) fn before(plan: &Plan, owner: usize) -> String {
    let Some(experiment) = plan.earlier_experiments.get(owner) else { return String::new() };
    let is_now = |node: &&Node| {
        let mut of = node.experiments.iter().filter_map(|place| plan.experiments.get(*place));
        of.any(|own| own.name == experiment.name)
    };
    let refused = plan.refused.iter().map(|(node, _)| node);
    let now: Vec<&RunSpec> = plan.nodes.iter().chain(&plan.left_out).chain(refused).filter(is_now).map(|node| &node.spec).collect();
    let earlier = plan.earlier.iter().filter(|node| node.experiments.contains(&owner));
    let otherwise: BTreeSet<String> = earlier
        .filter_map(|node| Some((&node.spec, now.iter().find(|now| now.method == node.spec.method)?)))
        .flat_map(|(then, now)| differing(then, now))
        .collect();
    let named: Vec<&str> = otherwise.iter().take(NAMED).map(String::as_str).collect();
    match otherwise.len() {
        0 => String::new(),
        all if all > NAMED => format!(" ({} and {} more)", named.join(", "), all - NAMED),
        _ => format!(" ({})", named.join(", ")),
    }
}

/// `KEY = VALUE` of the settings of a run that are not those of another, whatever their seeds.
fn differing(then: &RunSpec, now: &RunSpec) -> Vec<String> {
    let settings = |spec: &RunSpec| dotted("", &RunSpec { seed: 0, ..spec.clone() });
    let (then, now) = (settings(then), settings(now));
    let keys: BTreeSet<&String> = then.keys().chain(now.keys()).collect();
    let other = keys.into_iter().filter(|key| then.get(*key) != now.get(*key));
    other.map(|key| format!("{key} = {}", then.get(key).map_or_else(|| "its default".into(), word))).collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cells::tests::record;

    fn spec(seed: u64, change: impl FnOnce(&mut RunSpec)) -> RunSpec {
        let mut spec = record("vae", seed, "rate", 1.0).spec;
        change(&mut spec);
        spec
    }

    /// What stands behind the title of an experiment that had these runs `then`, and has these `now`.
    fn title(then: &[RunSpec], now: &[RunSpec]) -> String {
        let nodes = |specs: &[RunSpec]| -> Vec<serde_json::Value> {
            let node = |spec: &RunSpec| {
                let mut node = json!({ "data_sha256": "", "experiments": [0], "folder": "run", "found": true, "command": "c" });
                node["spec"] = json!(spec);
                node
            };
            specs.iter().map(node).collect()
        };
        let experiment = json!({
            "path": "", "name": "x", "title": "", "about": "", "targets": [], "paper_dataset": null, "optional": false, "seeds": 1,
            "resources": {}, "expect": [], "runs": [],
        });
        let plan = json!({
            "format": 4, "profile": "p", "command": "c", "experiments": [&experiment], "nodes": nodes(now), "left_out": [], "refused": [],
            "without_data": [], "earlier_experiments": [&experiment], "earlier": nodes(then), "fresh": null, "data_dir": null,
            "tf32": false,
        });
        before(&serde_json::from_value(plan).unwrap(), 0)
    }

    #[test]
    fn what_was_otherwise_is_named_with_its_value_at_that_time() {
        let now = [spec(0, |_| {})];
        let few = |spec: &mut RunSpec| spec.evaluation.labels = 10;
        assert_eq!(title(&[spec(0, few), spec(1, few)], &now), " (evaluation.labels = 10)");
        let narrow = |spec: &mut RunSpec| {
            spec.model.settings.insert("width".into(), 4.into());
            spec.training.epochs = 3;
        };
        assert_eq!(title(&[spec(0, narrow)], &now), " (model.width = 4, training.epochs = 3)");
        // What is set now was not named then.
        let clipped = |spec: &mut RunSpec| spec.evaluation.clip = true;
        assert_eq!(title(&now, &[spec(0, clipped)]), " (evaluation.clip = its default)");
        let many = |spec: &mut RunSpec| {
            narrow(spec);
            (spec.training.batch, spec.training.beta1, spec.evaluation.labels, spec.evaluation.pool) = (7, 0.25, 1, 2);
        };
        let first = " (evaluation.labels = 1, evaluation.pool = 2, model.width = 4, training.batch = 7 and 2 more)";
        assert_eq!(title(&[spec(0, many)], &now), first);
        // More seeds, and another method.
        assert_eq!(title(&[spec(1, |_| {})], &now), "");
        assert_eq!(title(&[spec(0, |spec| spec.method = "rae".into())], &now), "");
    }
}
