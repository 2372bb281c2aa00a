//! Results that nobody measured: five methods, several seeds, some of it missing.
//!
//! Tests take this file by its path, so that its modules are named by theirs.

#[path = "made_up/files.rs"]
mod files;
#[path = "made_up/values.rs"]
mod values;

use std::{error::Error, fs, path::Path};

use vimae_report::{ExperimentView, FailedRun, NotCovered, PageInput, RunView, grid_png, reconstruction_png};
use vimae_spec::{
    Cell, Comparisons, Component, Evaluation, Figure, FigureKind, Model, Paper, RunRecord, RunSpec, SummaryRow, Training, sha256_hex,
};

use files::{codes, confusion, digit, log};
use values::{claim, values};

const METHODS: [&str; 5] = ["vae", "beta_h_vae", "beta_a_vae", "vimae_n", "vimae_l"];
const PAPER: &str = r#"
[figure1]
title = "Two-dimensional codes and MMD, MLP"
dataset = "mnist"
note = "The paper names neither the kernel nor the number of codes."
rows = [{ label = "MMD", metric = "mmd", protocols = ["mmd.imq.u(n=2000)"], tolerance = 0.2, values = { vae = 0.70, beta_h_vae = 0.53, beta_a_vae = 0.76, vimae_n = 0.08 } }]

[figure6]
title = "Reconstruction and rate"
dataset = "mnist"
rows = [
    { label = "Reconstruction", metric = "reconstruction", protocols = ["0.05 x sum of squared errors"], tolerance = 0.1, values = { vae = 0.51, beta_h_vae = 0.62, beta_a_vae = 0.50, vimae_n = 0.47, vimae_l = 0.48 } },
    { label = "Rate", metric = "rate", protocols = ["rate.gaussian or rate.noise(K=64)"], tolerance = 0.1, values = { vae = 54.88, beta_h_vae = 25.92, beta_a_vae = 70.56, vimae_n = 101.02, vimae_l = 109.76 } },
]

[table3]
title = "Accuracy from 1000 labels under noise"
dataset = "mnist"
certainty = "recovered"
rows = [
    { label = "clean", metric = "accuracy.clean", protocols = ["inductive linear SVM, code mean"], tolerance = 0.05, values = { vae = 90, beta_h_vae = 92, beta_a_vae = 93, vimae_n = 93, vimae_l = 93 } },
    { label = "mask 0.5", metric = "accuracy.mask_0_5", protocols = ["inductive linear SVM, noise=test"], tolerance = 0.05, values = { vae = 52, beta_h_vae = 84, beta_a_vae = 65, vimae_n = 86, vimae_l = 87 } },
]

[[table3.claims]]
name = "mask"
text = "The ELBO's codes lose more under masks than VIMAE-n's"
metrics = ["accuracy.mask_0_5"]
protocols = ["inductive linear SVM, noise=test"]
best = "vimae_n"
than = ["vae", "beta_h_vae", "beta_a_vae"]

[table5]
title = "FID of 10 000 generated samples"
dataset = "celeba"
"#;

/// Everything that a page borrows.
pub(crate) struct MadeUp {
    pub(crate) commands: Vec<String>,
    pub(crate) experiments: Vec<ExperimentView>,
    pub(crate) cells: Vec<Cell>,
    pub(crate) summary: Vec<SummaryRow>,
    pub(crate) comparisons: Comparisons,
    pub(crate) paper: Paper,
    pub(crate) not_covered: Vec<NotCovered>,
}

impl MadeUp {
    pub(crate) fn input(&self) -> PageInput<'_> {
        PageInput {
            title: "The Variational InfoMax AutoEncoder, reproduced",
            profile: "quick",
            about: "These results are made up, to look at the page. A real quick profile trains narrow networks for few epochs on 8 000 digits: its numbers are not expected to equal the paper's, whose networks are wider and see 50 000 digits for 80 epochs.",
            commands: &self.commands,
            program: "cargo xtask",
            git_commit: "0123456789abcdef0123456789abcdef01234567",
            experiments: &self.experiments,
            cells: &self.cells,
            summary: &self.summary,
            paper: &self.paper,
            comparisons: Some(&self.comparisons),
            not_covered: &self.not_covered,
            left_out: &[],
            interval: |values| Some([values.iter().copied().reduce(f64::min)?, values.iter().copied().reduce(f64::max)?]),
        }
    }
}

/// Numbers that look random and are the same every time.
struct Draws(u64);

impl Draws {
    fn uniform(&mut self) -> f64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 11) as f64 / (1u64 << 53) as f64
    }

    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.uniform()).sum::<f64>() - 6.0
    }
}

/// Writes images and logs below `folder` and makes records, cells and a summary that fit them.
pub(crate) fn results(folder: &Path, seeds: u64) -> Result<MadeUp, Box<dyn Error>> {
    let mut experiments = vec![
        ExperimentView {
            title: "Digits, narrow convolutions".into(),
            about: "The network of the appendix at an eighth of its width.".into(),
            targets: vec!["figure6".into(), "table3".into()],
            runs: Vec::new(),
            failed: vec![FailedRun {
                spec_sha256: sha256_hex(b"wae_gan"),
                waits: false,
                method: "wae_gan".into(),
                seed: 1,
                problem: "training stopped at step 812: the discriminator's loss is NaN".into(),
            }],
        },
        ExperimentView {
            title: "Two-dimensional codes".into(),
            about: String::new(),
            targets: vec!["figure1".into()],
            runs: Vec::new(),
            failed: Vec::new(),
        },
    ];
    for (i, method) in METHODS.iter().enumerate() {
        for seed in 0..seeds {
            for (e, code) in [(0, 8), (1, 2)] {
                let run = folder.join(format!("made-up/{e}-{method}-{seed}"));
                fs::create_dir_all(&run)?;
                let record = record(&run, method, i, seed, code)?;
                let command = format!("cargo xtask train {method}.toml --seed {seed}");
                experiments[e].runs.push(RunView {
                    record,
                    folder: run,
                    has_weights: true,
                    command,
                    train_images: Some(8_000),
                    unsettled: None,
                });
            }
        }
    }
    let paper = Paper::parse(PAPER, Path::new("targets.toml"))?;
    let (cells, summary) = values(&paper, &experiments, seeds);
    let reason = "needs a data set that is not in the repository; run the profile `paper`".to_owned();
    let not_covered = ["table5", "table1"].map(|target| NotCovered { target: target.into(), reason: reason.clone(), command: None }).into();
    let comparisons = Comparisons { claims: summary.iter().filter_map(claim).collect(), ..Comparisons::default() };
    let commands = vec!["cargo xtask reproduce --profile quick".to_owned()];
    Ok(MadeUp { commands, experiments, cells, summary, comparisons, paper, not_covered })
}

fn record(folder: &Path, method: &str, index: usize, seed: u64, code: usize) -> Result<RunRecord, Box<dyn Error>> {
    let mut draws = Draws(seed * 31 + index as u64 * 7 + code as u64);
    let spec = RunSpec {
        method: method.into(),
        dataset: Component::named("digits"),
        model: Model {
            name: if code == 2 { "mlp" } else { "wae_conv" }.into(),
            code,
            settings: [("width".to_owned(), (if code == 2 { 256 } else { 16 }).into())].into_iter().collect(),
        },
        objective: Component::named(method),
        prior: None,
        noise: None,
        divergence: None,
        stream: None,
        strategy: None,
        likelihood: None,
        sampler: None,
        training: Training { epochs: 12, ..Training::default() },
        evaluation: Evaluation::default(),
        seed,
    };
    let mut images = Vec::new();
    let mut add = |kind, file: &str, caption: &str| images.push(Figure { kind, file: file.into(), caption: caption.into() });
    if code == 2 {
        fs::write(folder.join("codes.json"), codes(&mut draws, index))?;
        add(FigureKind::Codes, "codes.json", "2 000 test images by class");
    } else {
        let shape = (1, 28, 28);
        let originals: Vec<u8> = (0..24).flat_map(|i| digit(i % 10, 0.0, &mut draws)).collect();
        let blurred: Vec<u8> = (0..24).flat_map(|i| digit(i % 10, 0.6 + 0.25 * index as f64, &mut draws)).collect();
        fs::write(folder.join("reconstructions.png"), reconstruction_png(&originals, &blurred, shape, 12, 2)?)?;
        add(FigureKind::Reconstructions, "reconstructions.png", "24 test images");
        let samples: Vec<u8> = (0..60).flat_map(|i| digit(i * 7 % 10, 1.2, &mut draws)).collect();
        // The last method's samples are missing, as after a disk error.
        if index < 4 {
            fs::write(folder.join("samples.png"), grid_png(&samples, shape, 12, 2, 2)?)?;
        }
        add(FigureKind::Samples, "samples.png", "60 draws");
        let moved: Vec<u8> = (0..88).flat_map(|i| digit(i / 11, 0.2 * (i % 11) as f64, &mut draws)).collect();
        fs::write(folder.join("traversals.png"), grid_png(&moved, shape, 11, 2, 1)?)?;
        add(
            FigureKind::Traversals,
            "traversals.png",
            &format!("One code dimension a row; from the top: 3 (2.{index} nats), 0, 1, 2, 4, 5, 6, 7 and not one more"),
        );
        fs::write(folder.join("interpolations.png"), grid_png(&moved[..5 * 11 * 784], shape, 11, 2, 1)?)?;
        add(FigureKind::Interpolations, "interpolations.png", "Decoded codes on a line");
        fs::write(folder.join("projection.json"), codes(&mut draws, index))?;
        add(FigureKind::Projection, "projection.json", &format!("Two principal components, 3{index} and 15 % of the variance"));
        fs::write(folder.join("confusion.json"), confusion(index))?;
        add(FigureKind::Confusion, "confusion.json", "Which class was taken for which");
    }
    fs::write(folder.join("log.jsonl"), log(&mut draws, index))?;
    let spec_sha256 = spec.sha256();
    Ok(RunRecord {
        format: 1,
        training_sha256: spec.training_sha256(),
        data_sha256: sha256_hex(b"data"),
        broken_images: None,
        weights_sha256: sha256_hex(spec_sha256.as_bytes()),
        spec_sha256,
        spec,
        git_commit: "0123456789abcdef0123456789abcdef01234567".into(),
        version: "0.1.0".into(),
        device: "cpu".into(),
        parameters: if code == 2 { 679_946 } else { 412_345 },
        steps: 960,
        rollbacks: Vec::new(),
        early_stopping: None,
        training_seconds: 8.0 + draws.uniform(),
        evaluation_seconds: 2.0 + draws.uniform(),
        measurements: Vec::new(),
        lifelong: None,
        figures: images,
        log: "log.jsonl".into(),
        files: std::collections::BTreeMap::new(),
    })
}
