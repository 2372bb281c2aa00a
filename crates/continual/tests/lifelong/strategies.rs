//! Laws over every strategy: stops change no bit, one task is ordinary training, and what is kept is bounded.

use std::{
    cell::{Cell, RefCell},
    path::Path,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use candle_core::{DType, Device, Tensor};
use serde_json::{Map, Value, json};
use vimae_continual::{Error, Learner, Learnt, Result, STRATEGIES, STREAMS, Strategy, Task, Teacher, folder, train};
use vimae_core::{
    AutoEncoder, Batches, Dataset, Decoder, Encoder, Event, Loss, Mode, Objective, PartRequest, Pass, Prior, RunContext, Split, Streams,
    WithNoise,
};
use vimae_datasets::{Loader, Sources};
use vimae_ops::AdamConfig;
use vimae_trainer::{Line, Plan, Sights};

/// Every strategy, with settings that let it take part.
fn strategies() -> Vec<(&'static str, Value)> {
    vec![
        ("elastic", json!({ "strength": 10.0, "estimate_steps": 3 })),
        ("fine_tune", json!({})),
        ("generative_replay", json!({})),
        ("generative_replay", json!({ "consistency": 1.0 })),
        ("replay", json!({ "buffer": 30 })),
        ("replay", json!({ "buffer": 30, "policy": "balanced" })),
    ]
}

fn digits() -> Arc<dyn Dataset> {
    let few = json!({ "train_images": 600, "test_images": 100 });
    Arc::from(vimae_datasets::open("digits", few.as_object().unwrap(), &Sources::default()).unwrap())
}

fn stream(name: &str, settings: Value) -> Vec<Task> {
    STREAMS.build(name, settings.as_object().unwrap()).unwrap().tasks(&digits()).unwrap()
}

fn strategy(name: &str, settings: &Value) -> Box<dyn Strategy> {
    STRATEGIES.build(name, settings.as_object().unwrap()).unwrap()
}

fn objective(name: &str) -> Box<dyn Objective> {
    vimae_objectives::OBJECTIVES.build(name, &Map::new()).unwrap()
}

/// A network and its prior, as a run with this seed makes them.
fn parts(objective: &dyn Objective, seed: u64) -> (WithNoise, Box<dyn Prior>) {
    let (image, range) = (digits().shape().unwrap(), digits().range());
    let request = PartRequest { code: 3, image, range, seed, dtype: DType::F32, device: Device::Cpu };
    let noise = vimae_objectives::default_noise(objective).unwrap();
    let head = noise.network_head();
    let output = vimae_core::Output::IMAGES;
    let model = vimae_models::Request { image, range, code: 3, head, output, seed, dtype: DType::F32, device: Device::Cpu };
    let settings = json!({ "width": 8, "layers": 1 });
    let network = vimae_models::MODELS.build("mlp", settings.as_object().unwrap(), &model).unwrap();
    let prior = vimae_priors::PRIORS.build(objective.default_prior(), &Map::new(), &request).unwrap();
    (WithNoise::new(network, noise).unwrap(), prior)
}

fn plan(epochs: u64, seed: u64) -> Plan {
    Plan {
        epochs,
        checkpoint_epochs: 1,
        rollbacks: 0,
        adam: AdamConfig { learning_rate: 1e-3, beta1: 0.5, beta2: 0.999, epsilon: 1e-8 },
        critic_learning_rate: None,
        course: Default::default(),
        seed,
        training_sha256: "test".into(),
    }
}

/// Learns `tasks` in `directory`; stops before step `until` of the run, as one that is killed there.
fn learn(directory: &Path, tasks: &[Task], strategy: &dyn Strategy, name: &str, until: u64) -> Result<Vec<Learnt>> {
    learn_for((2, 3), directory, tasks, strategy, name, until)
}

/// As [`learn`], for so many epochs with that seed.
fn learn_for(
    (epochs, seed): (u64, u64),
    directory: &Path,
    tasks: &[Task],
    strategy: &dyn Strategy,
    name: &str,
    until: u64,
) -> Result<Vec<Learnt>> {
    let objective = objective(name);
    let (network, prior) = parts(objective.as_ref(), seed);
    let second = |weights: &std::collections::BTreeMap<String, Tensor>| -> Result<Teacher> {
        let (network, prior) = parts(objective.as_ref(), seed);
        network.parameters().load(weights)?;
        Ok(Teacher { model: Box::new(network), prior, bytes: 0 })
    };
    let plan = plan(epochs, seed);
    let learner = Learner {
        line: Line::new(&network, objective.as_ref(), prior.as_ref()),
        tasks,
        strategy,
        plan: &plan,
        batch: 50,
        device: &Device::Cpu,
        second: &second,
    };
    let step = Cell::new(0);
    let hear = |event: Event<'_>| {
        if let Event::Stepped { step: now, .. } = event {
            step.set(now);
        }
    };
    let power = |step: u64| {
        // What is seen at a checkpoint is the one place where a test can end a training in its middle.
        if step >= until { Err(vimae_trainer::Error::Stopped { step }) } else { Ok(Sights::default()) }
    };
    let mut watch = |_| power(step.get());
    train(&learner, &RunContext { progress: &hear, ..RunContext::new(directory) }, &mut watch)
}

/// An objective whose loss is not a number at one of its calls; never where that is 0.
struct Breaks {
    inner: Box<dyn Objective>,
    at: u64,
    calls: AtomicU64,
}

impl Objective for Breaks {
    fn name(&self) -> &str {
        "breaks"
    }

    fn equation(&self) -> &'static str {
        self.inner.equation()
    }

    fn default_noise(&self) -> &'static str {
        self.inner.default_noise()
    }

    fn loss(&self, pass: &Pass<'_>) -> vimae_core::Result<Loss> {
        let mut loss = self.inner.loss(pass)?;
        if self.calls.fetch_add(1, Ordering::Relaxed) + 1 == self.at {
            loss.total = (&loss.total * f64::NAN)?;
        }
        Ok(loss)
    }
}

/// What was learnt, and the rollbacks that were told: the step, and the one behind it that training went back to.
type Told = (Vec<Learnt>, Vec<(u64, u64)>);

/// Learns `tasks` with a loss that breaks at a step of the run.
fn broken(directory: &Path, tasks: &[Task], at: u64, rollbacks: u64) -> Result<Told> {
    let objective = Breaks { inner: objective("vae"), at, calls: AtomicU64::new(0) };
    let (network, prior) = parts(&objective, 3);
    let second = |_: &std::collections::BTreeMap<String, Tensor>| -> Result<Teacher> { panic!("nothing asks for a teacher") };
    let plan = Plan { rollbacks, ..plan(2, 3) };
    let strategy = strategy("fine_tune", &json!({}));
    let learner = Learner {
        line: Line::new(&network, &objective, prior.as_ref()),
        tasks,
        strategy: strategy.as_ref(),
        plan: &plan,
        batch: 50,
        device: &Device::Cpu,
        second: &second,
    };
    let told = RefCell::new(Vec::new());
    let hear = |event: Event<'_>| {
        if let Event::RolledBack(rollback) = event {
            told.borrow_mut().push((rollback.step, rollback.back_to));
        }
    };
    let learnt = train(&learner, &RunContext { progress: &hear, ..RunContext::new(directory) }, &mut |_| Ok(Sights::default()))?;
    let told = told.borrow().clone();
    Ok((learnt, told))
}

#[test]
fn a_divergence_in_a_later_task_is_told_by_the_steps_of_the_run() {
    let tasks = stream("split_classes", json!({ "tasks": 2 }));
    let [whole, back, ended] = [(); 3].map(|()| tempfile::tempdir().unwrap());
    let (learnt, _) = broken(whole.path(), &tasks, 0, 0).unwrap();
    // The first step behind the first of two epochs of the second task.
    let kept = learnt[0].trained.steps + learnt[1].trained.steps / 2;
    let at = kept + 1;
    let (learnt, told) = broken(back.path(), &tasks, at, 1).unwrap();
    let recorded: Vec<(u64, u64)> = learnt[1].trained.rollbacks.iter().map(|back| (back.step, back.back_to)).collect();
    assert_eq!((told, recorded), (vec![(at, kept)], vec![(at, kept)]));
    match broken(ended.path(), &tasks, at, 0) {
        Err(Error::Training(vimae_trainer::Error::Diverged { step, kept: last, .. })) => assert_eq!((step, last), (at, kept)),
        other => panic!("{other:?}"),
    }
}

fn file(directory: &Path, name: &str) -> Vec<u8> {
    std::fs::read(directory.join(name)).unwrap()
}

#[test]
fn stopped_in_any_task_a_run_ends_in_the_same_bits() {
    let tasks = stream("split_classes", json!({ "tasks": 3 }));
    for (name, settings) in strategies() {
        let strategy = strategy(name, &settings);
        let (whole, stopped) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let expected = learn(whole.path(), &tasks, strategy.as_ref(), "vimae_n", u64::MAX).unwrap();
        let steps: Vec<u64> = expected.iter().map(|task| task.trained.steps).collect();
        // In the first task, at its end, in the second and in the third.
        for until in [1, steps[0], steps[0] + 1, steps[0] + steps[1] + 1] {
            let ended = learn(stopped.path(), &tasks, strategy.as_ref(), "vimae_n", until);
            assert!(matches!(ended, Err(Error::Training(vimae_trainer::Error::Stopped { .. }))), "{name} {settings}: went on to its end");
        }
        let found = learn(stopped.path(), &tasks, strategy.as_ref(), "vimae_n", u64::MAX).unwrap();
        for (a, b) in expected.iter().zip(&found) {
            assert_eq!((&a.trained.weights_sha256, a.kept), (&b.trained.weights_sha256, b.kept), "{name} {settings}");
        }
        for name in ["model.safetensors", "log.jsonl"] {
            assert!(file(whole.path(), name) == file(stopped.path(), name), "{name} differs");
        }
        let last = folder(whole.path(), 3).join("model.safetensors");
        assert!(std::fs::read(last).unwrap() == file(whole.path(), "model.safetensors"));
    }
}

#[test]
fn one_task_of_all_images_is_ordinary_training_bit_for_bit() {
    let tasks = stream("joint", json!({}));
    let ordinary = tempfile::tempdir().unwrap();
    let objective = objective("vae");
    let (network, prior) = parts(objective.as_ref(), 3);
    let line = Line { population: Some(600), ..Line::new(&network, objective.as_ref(), prior.as_ref()) };
    let mut batches = Loader::new(digits(), Split::Train, 50, Streams::new(3), &Device::Cpu).unwrap();
    let expected = vimae_trainer::train(line, &mut batches, &plan(2, 3), &RunContext::new(ordinary.path())).unwrap();
    assert_eq!(expected.steps, 2 * batches.per_epoch());
    for (name, settings) in strategies() {
        let through = tempfile::tempdir().unwrap();
        learn(through.path(), &tasks, strategy(name, &settings).as_ref(), "vae", u64::MAX).unwrap();
        for name in ["model.safetensors", "log.jsonl"] {
            assert!(file(ordinary.path(), name) == file(through.path(), name), "{name} differs");
        }
    }
}

#[test]
fn what_a_strategy_keeps_is_bounded_by_its_buffer_or_its_networks_however_many_tasks_there_are() {
    let tasks = stream("split_classes", json!({ "tasks": 5 }));
    let (network, _) = parts(objective("vae").as_ref(), 3);
    let network: u64 = network.parameters().all().values().map(|var| 4 * var.elem_count() as u64).sum();
    for (name, settings) in strategies() {
        let directory = tempfile::tempdir().unwrap();
        let learnt = learn(directory.path(), &tasks, strategy(name, &settings).as_ref(), "vae", u64::MAX).unwrap();
        assert_eq!((learnt[0].kept.bytes, learnt[0].kept.images), (0, 0), "nothing is before the first task");
        for task in &learnt[1..] {
            match task.kept.images {
                // The networks that it keeps: a teacher; weights with their importances.
                0 => assert!(task.kept.bytes <= 2 * network && task.kept == learnt[1].kept, "{name}: {:?}", task.kept),
                images => assert_eq!((images, task.kept.bytes), (30, 30 * 28 * 28), "{name}"),
            }
        }
        let networks = learnt[1].kept.bytes / network;
        let expected = match name {
            "fine_tune" => 0,
            "generative_replay" => 1,
            _ => 2,
        };
        assert!(learnt[1].kept.images > 0 || networks <= expected, "{name} keeps {networks} networks");
    }
}

#[test]
fn the_terms_of_strategies_are_in_the_log_and_pull_the_way_they_should() {
    let tasks = stream("split_classes", json!({ "tasks": 2 }));
    let last = |name: &str, settings: Value, term: &str| -> f64 {
        let directory = tempfile::tempdir().unwrap();
        learn(directory.path(), &tasks, strategy(name, &settings).as_ref(), "vae", u64::MAX).unwrap();
        let log = String::from_utf8(file(directory.path(), "log.jsonl")).unwrap();
        let line: Value = serde_json::from_str(log.lines().last().unwrap()).unwrap();
        assert_eq!(line["step"], log.lines().count(), "steps are counted on from task to task");
        line[term].as_f64().unwrap()
    };
    // Divided by its weight, a term is smaller the more it weighs.
    let elastic = |strength: f64| last("elastic", json!({ "strength": strength }), "elastic") / strength;
    assert!(elastic(100.0) < 0.5 * elastic(1e-3));
    let consistency = |weight: f64| last("generative_replay", json!({ "consistency": weight }), "consistency") / weight;
    assert!(consistency(100.0) < 0.5 * consistency(1e-3));
}

#[test]
fn a_strategy_without_what_it_needs_is_refused_with_the_reason() {
    let tasks = stream("split_classes", json!({ "tasks": 5 }));
    let refused = |name: &str, settings: Value, objective: &str| {
        let directory = tempfile::tempdir().unwrap();
        match learn(directory.path(), &tasks, strategy(name, &settings).as_ref(), objective, u64::MAX) {
            Err(Error::Lacks { strategy, reason }) if strategy == name => reason,
            other => panic!("{other:?}"),
        }
    };
    assert!(refused("generative_replay", json!({}), "rae").contains("prior"));
    assert!(refused("replay", json!({ "buffer": 7, "policy": "balanced" }), "vae").contains("8 classes"));
}

/// The mean squared error of a test pixel under the weights in `directory`.
fn error(directory: &Path, name: &str) -> f64 {
    let (network, _) = parts(objective(name).as_ref(), 0);
    network.parameters().load(&vimae_checkpoint::load_weights(&directory.join("model.safetensors")).unwrap().0).unwrap();
    let (digits, all) = (digits(), (0..100).collect::<Vec<_>>());
    let images = digits.split(Split::Test).unwrap().tensor(&all, digits.range(), &Device::Cpu).unwrap();
    let decoded = network.decode(&network.encode(&images, Mode::Evaluate).unwrap().mean, Mode::Evaluate).unwrap();
    f64::from((decoded - images).unwrap().sqr().unwrap().mean_all().unwrap().to_scalar::<f32>().unwrap())
}

#[test]
fn a_buffer_as_large_as_the_data_reaches_joint_training_and_no_buffer_does_not() {
    let ends = |epochs: u64, tasks: &[Task], (name, settings): (&str, Value)| -> Vec<f64> {
        let strategy = strategy(name, &settings);
        let one = |seed| {
            let directory = tempfile::tempdir().unwrap();
            learn_for((epochs, seed), directory.path(), tasks, strategy.as_ref(), "vimae_n", u64::MAX).unwrap();
            error(directory.path(), "vimae_n")
        };
        (0..4).map(one).collect()
    };
    // With as many steps altogether, and enough of them that the order in which images first come no longer matters.
    let (joint, split) = (stream("joint", json!({})), stream("split_classes", json!({ "tasks": 3 })));
    let joint = ends(75, &joint, ("fine_tune", json!({})));
    let [_, high] = vimae_statistics::student::interval(&joint).unwrap();
    let mean = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    // Whatever the policy, such a buffer holds every image.
    let whole = ends(75, &split, ("replay", json!({ "buffer": 600 })));
    assert!(mean(&whole) < high, "{whole:?}, joint {joint:?} to {high}");
    let nothing = ends(75, &split, ("fine_tune", json!({})));
    assert!(nothing.iter().zip(&whole).all(|(nothing, whole)| nothing > whole), "{nothing:?}, with a buffer {whole:?}, joint {joint:?}");
}
