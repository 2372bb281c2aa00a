//! Costs against counts by hand, and against times and memory that were measured.

use serde_json::json;
use vimae_datasets::Sources;
use vimae_spec::{Evaluation, Training};

use super::*;

fn spec(dataset: &str, width: usize, model: &str) -> RunSpec {
    let mut settings = serde_json::Map::new();
    settings.insert("width".into(), json!(width));
    if dataset == "celeba" {
        settings.extend([("kernel".to_owned(), json!(5)), ("doublings".to_owned(), json!(3))]);
    }
    RunSpec {
        method: "vae".into(),
        dataset: Component::named(dataset),
        model: Model { name: model.into(), code: 8, settings },
        objective: Component::named("vae"),
        prior: None,
        noise: None,
        divergence: None,
        stream: None,
        strategy: None,
        likelihood: None,
        sampler: None,
        training: Training { epochs: 6, ..Training::default() },
        evaluation: Evaluation { labels: 0, metrics: vec!["rate".into()], ..Evaluation::default() },
        seed: 0,
    }
}

fn shelf() -> Shelf {
    Shelf::new(Sources::default())
}

fn cost(spec: &RunSpec) -> Cost {
    Estimator::new(&Device::Cpu).cost(spec, &mut shelf()).unwrap()
}

#[test]
fn the_networks_work_is_counted_from_its_layers() {
    let mut estimator = Estimator::new(&Device::Cpu);
    let image = ImageShape { channels: 1, height: 28, width: 28 };
    let found = estimator.network(&spec("mnist", 16, "wae_conv").model, image, (Head::Gaussian, Output::IMAGES)).unwrap();
    // Each convolution: weights times places; 28 -> 14 -> 7 -> 4 -> 2 down, 7 -> 14 -> 28 up.
    let encode = 16 * 16 * 196 + 16 * 32 * 16 * 49 + 32 * 64 * 16 * 16 + 64 * 128 * 16 * 4 + 2 * 8 * 512;
    let decode = 8 * 128 * 49 + 128 * 64 * 16 * 49 + 64 * 32 * 16 * 196 + 32 * 16 * 784;
    assert_eq!((found.work.encode, found.work.decode), (encode, decode));
    let values = 16 * 196 + 32 * 49 + 64 * 16 + 128 * 4 + 16 + 128 * 49 + 64 * 196 + 32 * 784 + 784;
    assert_eq!((found.work.values, found.parameters), (values, 402_305));
}

#[test]
fn a_network_that_this_machine_cannot_train_is_refused_at_once() {
    if super::machine::memory().is_none() {
        return;
    }
    let mut large = spec("digits", 65_536, "mlp");
    large.model.code = 65_536;
    large.model.settings.insert("layers".into(), json!(16));
    let message = Estimator::new(&Device::Cpu).cost(&large, &mut shelf()).unwrap_err().to_string();
    assert!(message.starts_with("model \"mlp\": this network has ") && message.contains(" GiB or more to train; "), "{message}");
    // The count has ended: weights are drawn again.
    let weight = vimae_core::Parameters::new(0, DType::F32, &Device::Cpu).weight("w", &[4], vimae_core::Init::Normal(1.0));
    assert_ne!(weight.unwrap().to_vec1::<f32>().unwrap(), [0.0; 4]);
}

#[test]
fn steps_come_from_the_card_without_the_data() {
    // No source has MNIST, CelebA or Omniglot here; the cards know them.
    let steps = |dataset, model| cost(&spec(dataset, 4, model)).steps;
    assert_eq!((steps("mnist", "wae_conv"), steps("digits", "mlp")), (6 * 500, 6 * 80));
    assert_eq!((steps("celeba", "wae_conv"), steps("omniglot", "mlp")), (6 * 1627, 6 * 771));
    let mut fewer = spec("celeba", 4, "wae_conv");
    fewer.dataset.settings.insert("train_images".into(), json!(5_000));
    assert_eq!(cost(&fewer).steps, 6 * 50);
    let mut other = spec("mnist", 4, "mlp");
    other.dataset.name = "folder:/nowhere".into();
    assert!(Estimator::new(&Device::Cpu).cost(&other, &mut shelf()).is_err());
}

#[test]
fn more_work_costs_more() {
    let base = spec("digits", 16, "wae_conv");
    let few = cost(&base);
    let mut wide = base.clone();
    wide.model.settings.insert("width".into(), json!(32));
    let wide = cost(&wide);
    assert!(wide.training_seconds > 2.0 * few.training_seconds && wide.memory_bytes > few.memory_bytes && wide.steps == few.steps);
    let mut samples = base.clone();
    samples.objective = Component { name: "iwae".into(), settings: [("samples".to_owned(), json!(5))].into_iter().collect() };
    assert!(cost(&samples).training_seconds > 3.0 * few.training_seconds);
    let mut labelled = base.clone();
    labelled.evaluation = Evaluation { classifiers: vec!["tsvm".into()], ..Evaluation::default() };
    assert!(cost(&labelled).evaluation_seconds > few.evaluation_seconds + 1.0);
}

#[test]
fn finished_runs_correct_the_rates() {
    let folder = tempfile::tempdir().unwrap();
    let run = spec("digits", 16, "wae_conv");
    let plain = cost(&run);
    let record = vimae_spec::RunRecord {
        spec: run.clone(),
        steps: plain.steps,
        training_seconds: 3.0 * plain.training_seconds,
        evaluation_seconds: 0.5 * plain.evaluation_seconds,
        ..crate::cells::tests::record("vae", 0, "rate", 1.0)
    };
    for (name, factor, width) in [("a", 1.0, 16), ("b", 100.0, 8)] {
        let mut record = record.clone();
        record.training_seconds *= factor;
        record.spec.model.settings.insert("width".into(), json!(width));
        let run = folder.path().join("experiment").join(name);
        std::fs::create_dir_all(&run).unwrap();
        std::fs::write(run.join("record.json"), record.to_json().unwrap()).unwrap();
    }
    let mut estimator = Estimator::calibrated(&Device::Cpu, folder.path(), &mut shelf());
    assert_eq!(estimator.calibrated_on(), 2);
    // The run of the same network counts, the other does not.
    let now = estimator.cost(&run, &mut shelf()).unwrap();
    let near = |a: f64, b: f64| (a / b - 1.0).abs() < 1e-9;
    assert!(near(now.training_seconds, 3.0 * plain.training_seconds) && near(now.evaluation_seconds, 0.5 * plain.evaluation_seconds));
    assert_eq!((now.steps, now.memory_bytes), (plain.steps, plain.memory_bytes));
    // Nothing was learnt for another device.
    assert!(rates::records(folder.path(), &Device::Cpu).len() == 2 && Estimator::new(&Device::Cpu).calibrated_on() == 0);
}

#[test]
fn a_run_that_early_stopping_ended_tells_what_its_steps_took() {
    let folder = tempfile::tempdir().unwrap();
    let run = spec("digits", 16, "wae_conv");
    let plain = cost(&run);
    let record = vimae_spec::RunRecord {
        spec: run.clone(),
        steps: plain.steps / 4,
        training_seconds: 3.0 * plain.training_seconds / 4.0,
        ..crate::cells::tests::record("vae", 0, "rate", 1.0)
    };
    let path = folder.path().join("experiment/run");
    std::fs::create_dir_all(&path).unwrap();
    std::fs::write(path.join("record.json"), record.to_json().unwrap()).unwrap();
    let now = Estimator::calibrated(&Device::Cpu, folder.path(), &mut shelf()).cost(&run, &mut shelf()).unwrap();
    assert!((now.training_seconds / plain.training_seconds - 3.0).abs() < 1e-9, "{now:?} of {plain:?}");
}

#[test]
fn the_middle_of_what_is_there() {
    assert_eq!(median([3.0, 1.0, f64::NAN, 2.0].into_iter()), Some(2.0));
    assert_eq!(median([1.0, 2.0].into_iter()), Some(1.5));
    assert_eq!(median([0.0].into_iter()), None);
}

#[test]
fn a_timed_step_corrects_training_and_evaluation_alike() {
    let run = spec("digits", 16, "wae_conv");
    let default = cost(&run);
    // Such a step at the default rates, and one that took three times as long.
    let timed = |seconds| {
        let timed = TimedStep { width: 16, batch: 100, seconds };
        Estimator::new(&Device::Cpu).timed(&timed).unwrap().cost(&run, &mut shelf()).unwrap()
    };
    let one = timed(1.0);
    let (three, nothing) = (timed(3.0), timed(f64::NAN));
    assert!((three.training_seconds / one.training_seconds - 3.0).abs() < 1e-9);
    assert!((three.evaluation_seconds / one.evaluation_seconds - 3.0).abs() < 1e-9);
    assert_eq!((nothing, one.steps), (default, default.steps));
    // A run is its steps: a second each, whatever the machine.
    assert!((one.training_seconds / one.steps as f64 - 1.0).abs() < 0.02, "{one:?}");
}

#[test]
fn a_likelihood_that_training_would_refuse_is_refused_without_the_data() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.toml");
    let checked = |dataset: &str, likelihood: &str| {
        let text =
            format!("dataset = {{ {dataset} }}\nmodel = \"mlp\"\nlikelihood = \"{likelihood}\"\n[methods.vae]\nobjective = \"vae\"\n");
        std::fs::write(&path, format!("version = 1\n{text}")).unwrap();
        crate::check_experiment(&path, &vimae_spec::Paper::default(), &mut Estimator::new(&Device::Cpu), &mut shelf())
    };
    let (plain, binary, between) = ("name = \"mnist\"", "name = \"mnist\", binarise = \"fixed\"", "name = \"mnist\", dequantise = true");
    for (dataset, likelihood) in [(plain, "continuous_bernoulli"), (plain, "squared_error"), (binary, "bernoulli"), (between, "gaussian")] {
        checked(dataset, likelihood).unwrap();
    }
    for (dataset, likelihood, images) in [
        (plain, "bernoulli", "images of 256 levels"),
        ("name = \"omniglot\"", "bernoulli", "images of 256 levels"),
        ("name = \"digits\"", "bernoulli", "images of 256 levels"),
        (between, "bernoulli", "dequantised images"),
        (between, "discretised_logistic", "dequantised images"),
        (binary, "continuous_bernoulli", "binary images"),
    ] {
        let message = checked(dataset, likelihood).unwrap_err().to_string();
        assert!(message.contains(&format!("x.toml, method vae: likelihood \"{likelihood}\" on {images}: ")), "{message}");
    }
    let message = checked(plain, "bernoulli").unwrap_err().to_string();
    assert!(message.ends_with("set dataset.binarise, or take continuous_bernoulli or gaussian"), "{message}");
    // What is taken for known of published data is so where the data is at hand.
    let digits = Component::named("digits");
    assert_eq!(opened(&digits, &mut shelf()).unwrap().values, made(&digits));
}

#[test]
fn a_batch_of_more_images_than_there_are_is_refused_in_the_words_of_training() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.toml");
    let checked = |dataset: &str, batch: usize| {
        let text = format!("dataset = {{ {dataset} }}\nmodel = \"mlp\"\n[training]\nbatch = {batch}\n[methods.vae]\nobjective = \"vae\"\n");
        std::fs::write(&path, format!("version = 1\n{text}")).unwrap();
        crate::check_experiment(&path, &vimae_spec::Paper::default(), &mut Estimator::new(&Device::Cpu), &mut shelf())
    };
    for (dataset, there) in [("name = \"digits\"", 8_000), ("name = \"digits\", train_images = 400", 400)] {
        checked(dataset, there).unwrap();
        let message = checked(dataset, there + 1).unwrap_err().to_string();
        let expected = format!("\"digits\" has {there} images to train; set training.batch to {there} or fewer");
        assert!(message.ends_with(&format!("x.toml, method vae: batches of {}: {expected}", there + 1)), "{message}");
    }
}

#[test]
fn tasks_that_training_would_refuse_are_refused_in_its_words() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("x.toml");
    let checked = |top: &str, training: &str, objective: &str| {
        let text = format!("model = \"mlp\"\n{top}\n[training]\n{training}\n[methods.m]\nobjective = \"{objective}\"\n");
        std::fs::write(&path, format!("version = 1\n{text}")).unwrap();
        crate::check_experiment(&path, &vimae_spec::Paper::default(), &mut Estimator::new(&Device::Cpu), &mut shelf())
    };
    let of = |dataset: &str| format!("dataset = {{ {dataset} }}\nstream = \"split_classes\"");
    let texts = [of("name = \"mnist\""), of("name = \"digits\""), of("name = \"mnist\", binarise = \"fixed\"")];
    let [mnist, digits, binary] = [&texts[0], &texts[1], &texts[2]].map(String::as_str);
    let replay = format!("{mnist}\nstrategy = \"generative_replay\"");
    let replay = replay.as_str();
    for (top, training, objective, said) in [
        (mnist, "early_stopping_epochs = 3", "vae", "training.early_stopping_epochs with stream \"split_classes\": "),
        (mnist, "pretraining_steps = 10", "vae", "training.pretraining_steps with stream \"split_classes\": "),
        (binary, "", "vae", "stream \"split_classes\" of binary or dequantised images: "),
        (replay, "", "rae", "strategy \"generative_replay\": it draws from the prior"),
        // What follows from the images is told where they are.
        (digits, "batch = 7000", "vae", "batches of 7000: \"digits\" has "),
        ("dataset = \"digits\"\nstream = { name = \"split_classes\", tasks = 30 }", "", "vae", "30 tasks of 10 classes"),
        ("dataset = \"digits\"\nstream = \"alphabets\"", "", "vae", "stream \"alphabets\" has no tasks"),
        ("dataset = \"digits\"", "early_stopping_epochs = 3", "vae", "training.early_stopping_epochs on data set \"digits\": "),
    ] {
        let message = checked(top, training, objective).unwrap_err().to_string();
        assert!(message.contains(&format!("x.toml, method m: {said}")), "{message}");
    }
    for top in [mnist, digits, replay] {
        checked(top, "", "vae").unwrap();
    }
}
