//! In what an experiment of an earlier plan was another than the one of its name is now.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use vimae_spec::RunSpec;

use crate::{
    Node, Plan,
    dotted::{dotted, word},
    sections,
};

/// Settings and methods that a title names; of more, how many there are.
const NAMED: usize = 4;

/// What stands behind the title of the earlier experiment at place `owner`: the settings that its methods had otherwise than they have
/// in this plan's experiment of its name, each with its value at that time and with the methods where it is not of all, and the
/// methods that this plan has no more. Empty where there are none, as where it had more seeds.
pub(crate) fn before(plan: &Plan, owner: usize) -> String {
    let Some(experiment) = plan.earlier_experiments.get(owner) else { return String::new() };
    let is_now = |node: &&Node| {
        let mut of = node.experiments.iter().filter_map(|place| plan.experiments.get(*place));
        of.any(|own| own.name == experiment.name)
    };
    let refused = plan.refused.iter().map(|(node, _)| node);
    let now: Vec<&RunSpec> = plan.nodes.iter().chain(&plan.left_out).chain(refused).filter(is_now).map(|node| &node.spec).collect();
    let mine: Vec<&RunSpec> = plan.earlier.iter().filter(|node| node.experiments.contains(&owner)).map(|node| &node.spec).collect();
    // Its runs that are as they were are among those of now, and their methods are known from its file.
    let of_file = experiment.runs(1);
    let (mut both, mut gone): (Vec<[&RunSpec; 2]>, Vec<&RunSpec>) = (Vec::new(), Vec::new());
    for then in mine.iter().copied().chain(&of_file) {
        if both.iter().map(|[known, _]| known).chain(&gone).any(|known| known.method == then.method) {
            continue;
        }
        match now.iter().copied().find(|now| now.method == then.method) {
            Some(now) => both.push([then, now]),
            None if mine.iter().any(|own| own.method == then.method) => gone.push(then),
            None => {}
        }
    }
    let mut otherwise: BTreeMap<(String, String), Vec<&str>> = BTreeMap::new();
    for [then, now] in &both {
        for setting in differing(then, now) {
            otherwise.entry(setting).or_default().push(&then.method);
        }
    }
    let of_methods = |((key, value), methods): (&(String, String), &Vec<&str>)| {
        let alike = gone.iter().filter(|then| setting(&settings(then), key).as_ref() == Some(value)).count();
        match methods.len() {
            of if of + alike == both.len() + gone.len() => format!("{key} = {value}"),
            of if of > NAMED => format!("{of} methods: {key} = {value}"),
            _ => format!("{}: {key} = {value}", methods.join(", ")),
        }
    };
    let mut said: Vec<String> = otherwise.iter().take(NAMED).map(of_methods).collect();
    if let (Some(last), more @ 1..) = (said.last_mut(), otherwise.len().saturating_sub(NAMED)) {
        *last += &format!(" and {more} more");
    }
    let names: Vec<&str> = gone.iter().map(|then| then.method.as_str()).collect();
    match names.as_slice() {
        [] => {}
        [one] => said.push(format!("with the method {one}")),
        all if all.len() > NAMED => said.push(format!("with {} more methods", all.len())),
        all => said.push(format!("with the methods {}", all.join(", "))),
    }
    if said.is_empty() { String::new() } else { format!(" ({})", said.join(", ")) }
}

/// The settings of a run whose values are not those of another, whatever their seeds, each with its value.
fn differing(then: &RunSpec, now: &RunSpec) -> Vec<(String, String)> {
    let (of_then, of_now) = (settings(then), settings(now));
    let keys: BTreeSet<&String> = of_then.keys().chain(of_now.keys()).collect();
    let other = keys.into_iter().filter_map(|key| {
        let value = setting(&of_then, key)?;
        (setting(&of_now, key).as_ref() != Some(&value)).then(|| (key.clone(), value))
    });
    other.collect()
}

fn settings(spec: &RunSpec) -> BTreeMap<String, Value> {
    dotted("", &RunSpec { seed: 0, ..spec.clone() })
}

/// The value of a setting that a run names or leaves at its default; none where its component has no such setting.
fn setting(settings: &BTreeMap<String, Value>, key: &str) -> Option<String> {
    if let Some(value) = settings.get(key) {
        return Some(plain(value));
    }
    let of_component = key.split_once('.').and_then(|(section, setting)| {
        let name = settings.get(&format!("{section}.name"))?.as_str()?;
        Some((sections::settings(section, name)?, setting))
    });
    match of_component {
        Some((all, setting)) => all.iter().find(|known| known.name == setting).map(|known| plain(&known.default)),
        None => Some("its default".into()),
    }
}

/// A value as a file has it: 1, also where it stands as 1.0.
fn plain(value: &Value) -> String {
    value.as_f64().filter(|_| value.is_f64()).map_or_else(|| word(value), |number| number.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cells::tests::record,
        schedule::plan::tests::{experiment, node, plan},
    };

    fn spec(seed: u64, change: impl FnOnce(&mut RunSpec)) -> RunSpec {
        let mut spec = record("vae", seed, "rate", 1.0).spec;
        change(&mut spec);
        spec
    }

    /// What stands behind the title of an experiment that had these runs `then`, and has these `now`.
    fn title(then: &[RunSpec], now: &[RunSpec]) -> String {
        let of_first = |spec: &RunSpec| Node { experiments: vec![0], ..node(spec) };
        let nodes = |specs: &[RunSpec]| -> Vec<Node> { specs.iter().map(of_first).collect() };
        // What is as it was is a run of now.
        let earlier: Vec<RunSpec> = then.iter().filter(|spec| !now.contains(spec)).cloned().collect();
        let mut plan = plan(vec![experiment("x", now)], nodes(now));
        (plan.earlier_experiments, plan.earlier) = (vec![experiment("x", then)], nodes(&earlier));
        before(&plan, 0)
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
        // More seeds.
        assert_eq!(title(&[spec(1, |_| {})], &now), "");
    }

    #[test]
    fn what_is_of_some_methods_names_them_and_so_does_what_was_dropped() {
        let of = |method: &str, beta: Option<f64>, epochs: u64| {
            spec(0, |spec| {
                spec.method = method.into();
                spec.training.epochs = epochs;
                if let Some(beta) = beta {
                    spec.objective.settings.insert("beta".into(), beta.into());
                }
            })
        };
        let (vae, other) = (of("vae", None, 6), of("other", Some(2.0), 6));
        // A default has its value, and what is as it was is known from the file.
        assert_eq!(title(&[vae.clone(), other.clone()], &[of("vae", Some(4.0), 6), other.clone()]), " (vae: objective.beta = 1)");
        assert_eq!(title(std::slice::from_ref(&vae), &[of("vae", Some(4.0), 6)]), " (objective.beta = 1)");
        // What all had, one that was dropped among them, names none.
        let both = [vae.clone(), other];
        assert_eq!(title(&both, &[of("vae", None, 1), of("other", Some(2.0), 1)]), " (training.epochs = 6)");
        assert_eq!(title(&both, &[of("vae", None, 1)]), " (training.epochs = 6, with the method other)");
        assert_eq!(title(&both, std::slice::from_ref(&vae)), " (with the method other)");
        assert_eq!(title(&both, &[of("vae", Some(4.0), 6)]), " (vae: objective.beta = 1, with the method other)");
        assert_eq!(title(&both, &[of("rae", None, 6)]), " (with the methods vae, other)");
        // What its component did not have is not said.
        let rae = spec(0, |spec| spec.objective = vimae_spec::Component::named("rae"));
        assert_eq!(title(&[rae], &[of("vae", Some(4.0), 1)]).matches("beta").count(), 0);
    }
}
