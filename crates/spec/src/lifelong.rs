//! What a run that learnt one task after another leaves beside its other numbers: the matrix of tasks, and the numbers made
//! of it.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;
use vimae_statistics::transfer;

use crate::{Component, Direction, Measurement, Protocol};

/// Measurements by what the matrix calls them: `reconstruction`, `accuracy`, `share_kept` ...
pub type Measures = BTreeMap<String, Measurement>;

/// The tasks of a run, in order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Lifelong {
    /// The stream with all its settings.
    pub stream: Component,
    /// What was done against forgetting, with all its settings.
    pub strategy: Component,
    /// The classifier of the data set's own labels that judges samples, and its accuracy on test images in percent; absent
    /// where the data set has no classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub judge: Option<Measurement>,
    /// The tasks.
    pub tasks: Vec<TaskRecord>,
}

/// One task, and what was measured after it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskRecord {
    /// What it is of.
    pub name: String,
    /// Its training images.
    pub train_images: usize,
    /// Its test images.
    pub test_images: usize,
    /// Training steps.
    pub steps: u64,
    /// Seconds of its training.
    pub seconds: f64,
    /// Digest of the weights behind it.
    pub weights_sha256: String,
    /// Images that the strategy kept for it from earlier tasks.
    pub kept_images: usize,
    /// Bytes that the strategy kept for it, those of the images included.
    pub kept_bytes: u64,
    /// On the images of all tasks so far together.
    pub seen: Measures,
    /// On each task so far, in order.
    pub each: Vec<Measures>,
    /// The share of samples by class, in the order of classes; empty where there are none.
    pub shares: Vec<f64>,
}

impl Lifelong {
    /// The entry of the numbers made of the matrix, in the place of a metric's.
    pub const ENTRY: &str = "lifelong";

    /// The value of a measure after each task on each task so far: row k has k values.
    pub fn matrix(&self, measure: &str) -> Vec<Vec<Option<f64>>> {
        let value = |measures: &Measures| measures.get(measure).and_then(|m| m.value);
        self.tasks.iter().map(|task| task.each.iter().map(value).collect()).collect()
    }

    /// The names of the measures of the matrix.
    pub fn measures(&self) -> Vec<&str> {
        self.tasks.first().and_then(|task| task.each.first()).into_iter().flat_map(BTreeMap::keys).map(String::as_str).collect()
    }

    /// The numbers made of the matrix: `lifelong.average.X` over tasks after the last, `lifelong.forgetting.X` and
    /// `lifelong.backward_transfer.X` where X is better in one direction and there are two tasks or more,
    /// `lifelong.end.X` on all tasks together after the last, and the most bytes that the strategy kept.
    pub fn summary(&self) -> Vec<Measurement> {
        let mut all = Vec::new();
        for measure in self.measures() {
            let Some(like) = self.tasks.first().and_then(|task| task.each.first()?.get(measure)) else { continue };
            let matrix: Option<Vec<Vec<f64>>> = self.matrix(measure).into_iter().map(|row| row.into_iter().collect()).collect();
            let matrix = matrix.unwrap_or_default();
            let made = |what: &str, value: Option<f64>, direction: Direction| {
                let protocol = self.protocol(what).with("of", &like.protocol);
                let metric = format!("{}.{what}.{measure}", Self::ENTRY);
                Measurement::new(Self::ENTRY, metric, protocol, like.unit.clone())
                    .valued(value, None)
                    .sized(self.tasks.len())
                    .better(direction)
            };
            all.push(made("average", transfer::average(&matrix), like.direction));
            if let Some(higher) = like.direction.higher_is_better().filter(|_| self.tasks.len() > 1) {
                all.push(made("forgetting", transfer::forgetting(&matrix, higher), Direction::Lower));
                all.push(made("backward_transfer", transfer::backward(&matrix, higher), Direction::Higher));
            }
        }
        let Some(last) = self.tasks.last() else { return all };
        all.extend(last.seen.iter().map(|(measure, m)| Measurement {
            entry: Self::ENTRY.into(),
            metric: format!("{}.end.{measure}", Self::ENTRY),
            protocol: self.protocol("end").with("of", &m.protocol),
            ..m.clone()
        }));
        let bytes = self.tasks.iter().map(|task| task.kept_bytes).max().unwrap_or(0);
        let kept = Measurement::new(Self::ENTRY, format!("{}.kept", Self::ENTRY), self.protocol("kept"), "bytes");
        all.push(kept.valued(bytes as f64, None).sized(1).better(Direction::Lower));
        all
    }

    /// The metrics that [`summary`](Self::summary) may make of these measures.
    pub fn reports<'a>(measures: impl IntoIterator<Item = &'a str>) -> Vec<String> {
        let made_of =
            |measure: &str| ["average", "forgetting", "backward_transfer", "end"].map(|what| format!("{}.{what}.{measure}", Self::ENTRY));
        measures.into_iter().flat_map(made_of).chain([format!("{}.kept", Self::ENTRY)]).collect()
    }

    fn protocol(&self, what: &str) -> Protocol {
        let setting = |stream: Protocol, (name, value): (&String, &Value)| match value {
            Value::String(word) => stream.with(name, word),
            other => stream.with(name, other),
        };
        let stream = self.stream.settings.iter().fold(Protocol::new(&self.stream.name), setting);
        Protocol::new(format!("{}.{what}", Self::ENTRY)).with("stream", stream)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measures(value: f64) -> Measures {
        let accuracy = Measurement::new("accuracy", "accuracy.clean", Protocol::new("knn").with("k", 3), "percent");
        Measures::from([("accuracy".into(), accuracy.valued(value, None).better(Direction::Higher))])
    }

    fn task(each: &[f64]) -> TaskRecord {
        TaskRecord {
            name: "t".into(),
            train_images: 1,
            test_images: 1,
            steps: 1,
            seconds: 1.0,
            weights_sha256: String::new(),
            kept_images: 0,
            kept_bytes: each.len() as u64,
            seen: measures(50.0),
            each: each.iter().map(|value| measures(*value)).collect(),
            shares: Vec::new(),
        }
    }

    #[test]
    fn the_matrix_gives_average_forgetting_and_transfer_with_their_origin() {
        let tasks = vec![task(&[90.0]), task(&[70.0, 80.0])];
        let angles = serde_json::json!({ "angles": [0.0, 90.0] });
        let stream = Component { name: "rotated".into(), settings: angles.as_object().cloned().unwrap_or_default() };
        let run = Lifelong { stream, strategy: Component::named("fine_tune"), judge: None, tasks };
        let value = |metric: &str| run.summary().into_iter().find(|m| m.metric == metric).and_then(|m| m.value);
        assert_eq!(value("lifelong.average.accuracy"), Some(75.0));
        assert_eq!(value("lifelong.forgetting.accuracy"), Some(20.0));
        assert_eq!(value("lifelong.backward_transfer.accuracy"), Some(-20.0));
        assert_eq!((value("lifelong.end.accuracy"), value("lifelong.kept")), (Some(50.0), Some(2.0)));
        let reported = Lifelong::reports(["accuracy"]);
        assert!(run.summary().iter().all(|m| reported.contains(&m.metric)), "{reported:?}");
        let protocol = &run.summary()[0].protocol;
        assert_eq!(*protocol, "lifelong.average(stream=rotated(angles=[0.0,90.0]),of=knn(k=3))");
        assert_eq!(*protocol, Protocol::from(protocol.to_string().as_str()), "reads otherwise than it was written");
        let joint = Lifelong { tasks: vec![task(&[90.0])], ..run };
        assert!(!joint.summary().iter().any(|m| m.metric == "lifelong.forgetting.accuracy"));
    }
}
