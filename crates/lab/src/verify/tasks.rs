//! The matrix of tasks as recorded beside what the weights after each task give now.

use std::collections::BTreeSet;

use vimae_spec::{Component, Lifelong, Measures, RunRecord, TaskRecord};

use super::check::{Check, measured, number, same, text};
use crate::{Result, RunFolder, course::Course, lifelong, resolve::Parts};

/// Everything that a record says of its tasks, beside what it is now, and the matrix as it is now; none where weights after
/// a task are not here. Seconds are not compared.
pub(super) fn checked(
    record: &RunRecord,
    course: Option<&Course>,
    parts: &Parts,
    folder: &RunFolder,
) -> Result<(Vec<Check>, Option<Lifelong>)> {
    let tasks = [record.lifelong.as_ref().map_or(0, |recorded| recorded.tasks.len()), course.map_or(0, |course| course.tasks.len())];
    let mut checks = vec![number("tasks", tasks[0] as u64, tasks[1] as u64)];
    let (Some(recorded), Some(course)) = (&record.lifelong, course) else { return Ok((checks, None)) };
    let lacking = lifelong::lacking(course, folder);
    if !lacking.is_empty() {
        checks.extend(lacking.iter().map(|path| text(&path.display().to_string(), "weights after a task", "not here")));
        return Ok((checks, None));
    }
    let now = lifelong::again(course, (&record.spec, parts), folder)?;
    checks.extend(compared(recorded, &now));
    Ok((checks, Some(now)))
}

/// Every value of two matrices, both ways.
fn compared(recorded: &Lifelong, now: &Lifelong) -> Vec<Check> {
    let word = |what: &str, recorded, now| text(what, &json(recorded), &json(now));
    let mut checks = vec![word("stream", &recorded.stream, &now.stream), word("strategy", &recorded.strategy, &now.strategy)];
    if recorded.judge.is_some() || now.judge.is_some() {
        checks.push(measured("", recorded.judge.as_ref(), now.judge.as_ref()));
    }
    for (place, (recorded, now)) in recorded.tasks.iter().zip(&now.tasks).enumerate() {
        let after = format!("after task {}", place + 1);
        checks.extend(of_training(&after, recorded, now));
        checks.extend(row(&format!("{after}, on all: "), Some(&recorded.seen), Some(&now.seen)));
        for column in 0..recorded.each.len().max(now.each.len()) {
            let on = format!("{after}, on task {}: ", column + 1);
            checks.extend(row(&on, recorded.each.get(column), now.each.get(column)));
        }
        let shares = |task: &TaskRecord| format!("{:?}", task.shares);
        let agrees = recorded.shares.len() == now.shares.len()
            && recorded.shares.iter().zip(&now.shares).all(|(recorded, now)| same(Some(*recorded), Some(*now)));
        checks.push(Check { agrees, ..text(&format!("{after}: shares of classes"), &shares(recorded), &shares(now)) });
    }
    checks
}

/// What is known of a task without a measurement.
fn of_training(after: &str, recorded: &TaskRecord, now: &TaskRecord) -> Vec<Check> {
    let count = |what: &str, of: fn(&TaskRecord) -> u64| number(&format!("{after}: {what}"), of(recorded), of(now));
    vec![
        text(&format!("{after}: name"), &recorded.name, &now.name),
        text(&format!("{after}: weights"), &recorded.weights_sha256, &now.weights_sha256),
        count("training images", |task| task.train_images as u64),
        count("test images", |task| task.test_images as u64),
        count("steps", |task| task.steps),
        count("images kept", |task| task.kept_images as u64),
        count("bytes kept", |task| task.kept_bytes),
    ]
}

/// The measures of one place of the matrix.
fn row(on: &str, recorded: Option<&Measures>, now: Option<&Measures>) -> Vec<Check> {
    let names: BTreeSet<&String> = recorded.into_iter().chain(now).flat_map(Measures::keys).collect();
    let check = |name: &String| measured(on, recorded.and_then(|all| all.get(name)), now.and_then(|all| all.get(name)));
    names.into_iter().map(check).collect()
}

fn json(component: &Component) -> String {
    serde_json::to_string(component).unwrap_or_default()
}
