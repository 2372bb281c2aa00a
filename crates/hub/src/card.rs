//! The model card: what a person reads on the Hub, behind metadata in the form that the Hub documents.

use std::collections::BTreeSet;

use serde_json::{Map, Value};
use vimae_spec::{Direction, Doubt, FigureKind, Head, RunRecord, uncommitted};

use crate::{
    CardMetric, Description, OverSeeds, Part, RepoName,
    text::{cell, count, lowered, plain, rounded, short, titled},
    yaml,
};

/// What a card is made of.
#[derive(Debug, Clone, Copy)]
pub struct CardInput<'a> {
    /// Where it will be.
    pub repo: &'a RepoName,
    /// The licence of the weights, an identifier of the Hub.
    pub license: &'a str,
    /// The run.
    pub record: &'a RunRecord,
    /// The run in words, with the numbers of the card.
    pub description: &'a Description,
}

/// The task, as the Hub calls it.
const TASK: &str = "unconditional-image-generation";
/// Tags of every card.
const TAGS: [&str; 4] = ["vimae", "autoencoder", "candle", "safetensors"];
/// The tag of those whose codes are held to a prior while they train.
const VARIATIONAL: &str = "variational-autoencoder";
/// The paper that all of this is about.
const PAPER: &str = "
## Paper

[The Variational InfoMax AutoEncoder](https://arxiv.org/abs/1905.10549)

```bibtex
@article{crescimanna2019vimae,
  title   = {The Variational InfoMax AutoEncoder},
  author  = {Crescimanna, Vincenzo and Graham, Bruce},
  journal = {arXiv preprint arXiv:1905.10549},
  year    = {2019}
}
```
";

/// The whole card: `README.md`.
pub fn card(input: &CardInput<'_>) -> String {
    format!("---\n{}---\n\n{}", metadata(input), body(input))
}

fn metadata(input: &CardInput<'_>) -> String {
    let CardInput { repo, license, record, description } = input;
    let data = &description.dataset;
    let mut lines = vec![format!("license: {license}"), "library_name: vimae".into(), format!("pipeline_tag: {TASK}"), "tags:".into()];
    let method = record.spec.objective.name.replace('_', "-");
    let variational = description.network.head == Head::Gaussian || description.parts.iter().any(|part| part.kind == "divergence");
    let tags = TAGS.into_iter().chain(variational.then_some(VARIATIONAL)).chain([method.as_str(), data.name.as_str()]);
    lines.extend(tags.map(|tag| format!("- {}", yaml::string(tag))));
    if let Some(hub) = data.hub.as_ref().or(data.part_of.as_ref()) {
        lines.extend(["datasets:".into(), format!("- {}", yaml::string(hub))]);
    }
    let shown: Vec<(&CardMetric, f64)> = valued(&description.headlines).collect();
    if shown.is_empty() {
        return lines.join("\n") + "\n";
    }
    lines.extend([
        "model-index:".into(),
        format!("- name: {}", yaml::string(repo.name())),
        "  results:".into(),
        "  - task:".into(),
        format!("      type: {TASK}"),
        "    dataset:".into(),
        format!("      type: {}", yaml::string(data.hub.as_deref().unwrap_or(&data.name))),
        format!("      name: {}", yaml::string(&data.title)),
        "      split: test".into(),
        "    metrics:".into(),
    ]);
    for (metric, value) in shown {
        // The Hub shows them without the marks of the table.
        let doubt = if metric.published.measurement.doubts.is_empty() { "" } else { " (doubtful)" };
        lines.extend([
            format!("    - type: {}", yaml::string(&metric.kind)),
            format!("      name: {}", yaml::string(&format!("{}{doubt}", metric.title))),
            format!("      value: {}", yaml::number(rounded(value))),
        ]);
    }
    lines.join("\n") + "\n"
}

/// The numbers of the card that exist.
fn valued(metrics: &[CardMetric]) -> impl Iterator<Item = (&CardMetric, f64)> {
    metrics.iter().filter_map(|metric| Some((metric, metric.published.measurement.value?)))
}

fn body(input: &CardInput<'_>) -> String {
    let CardInput { record, description, .. } = input;
    let data = &description.dataset;
    // A title must not promise more data than the model has seen.
    let whole = !data.incomplete && data.train_images >= data.all_train_images;
    let images = if whole { String::new() } else { format!("{} images of ", count(data.train_images)) };
    let mut text = format!("# {}, trained on {images}{}\n\n", plain(&description.title), plain(&titled(&data.title, &data.name)));
    if let Some(warning) = &description.warning {
        text += &format!("> **Warning.** {}\n\n", plain(warning));
    }
    text += &what_it_is(input);
    for image in &record.figures {
        if matches!(image.kind, FigureKind::Samples | FigureKind::Reconstructions) {
            text += &format!("\n![{0}]({1})\n\n*{0}.*\n", plain(&image.caption), image.file);
        }
    }
    text += &results(description);
    text += &use_it(input);
    text += &limits(record, description);
    text += PAPER;
    text + &origin(input)
}

/// A sentence each on the method, the data and the network.
fn what_it_is(input: &CardInput<'_>) -> String {
    let CardInput { record, description, .. } = input;
    let (network, data) = (&description.network, &description.dataset);
    let colour = if network.channels == 1 { "grayscale" } else { "colour" };
    let mut text = format!("An autoencoder of {colour} images of {} x {}", network.height, network.width);
    let replacing: Vec<String> =
        description.parts.iter().filter(|part| part.replaces).map(|part| format!("the {} {}", part.kind, said(part))).collect();
    if let Some(objective) = description.parts.iter().find(|part| part.kind == "objective") {
        let source = plain(&objective.source);
        // The name in full and the summary speak of the parts that the objective has by itself.
        text += &if replacing.is_empty() {
            let in_full = description.in_full.as_ref().map_or_else(|| "with ".into(), |name| format!("as a {}, ", plain(name)));
            format!(", trained {in_full}{} ({source})", said(objective))
        } else {
            format!(", trained with the objective `{}`{} ({source})", objective.name, settings(&objective.settings))
        };
    }
    text += ".\n";
    if !replacing.is_empty() {
        text += &format!("In place of the objective's own it has {}.\n", replacing.join("; "));
    }
    let all = data.all_train_images;
    let of = if data.train_images < all { format!("of {} training ", count(all)) } else { String::new() };
    let copy = if data.incomplete { "an incomplete copy of " } else { "" };
    text += &format!(
        "It was trained on {} {of}images of {copy}`{}` ({}; licence: {}) for {}, with seed {}.\n",
        count(data.train_images),
        data.name,
        plain(&titled(&data.title, &data.name)),
        plain(&data.licence),
        length(record),
        record.spec.seed,
    );
    if let Some(images) = data.test_images {
        text += &format!("It was measured on {} test images.\n", count(images));
    }
    if let Some(pixels) = &data.pixels {
        text += &format!("The images were {}.\n", plain(pixels));
    }
    text += &format!(
        "The network is `{}`{} with {} parameters and codes of {} dimensions.\n",
        network.architecture,
        settings(&record.spec.model.settings),
        count(record.parameters),
        network.code,
    );
    text += &tasks(input);
    for back in &record.rollbacks {
        text += &format!("Step {} diverged ({}); training went on from step {}.\n", back.step, plain(&back.term), back.back_to);
    }
    if let Some(early) = &record.early_stopping {
        text += &format!(
            "Early stopping ended training behind epoch {}; the weights are those of epoch {}.\n",
            early.stopped_epoch, early.kept_epoch
        );
    }
    text
}

/// What came one after another and what was done against forgetting it; nothing for a run that learnt all at once.
fn tasks(input: &CardInput<'_>) -> String {
    let CardInput { record, description, .. } = input;
    let part = |kind: &str| description.parts.iter().find(|part| part.kind == kind);
    let (Some(lifelong), Some(stream), Some(strategy)) = (&record.lifelong, part("stream"), part("strategy")) else { return String::new() };
    let names: Vec<&str> = lifelong.tasks.iter().map(|task| task.name.as_str()).collect();
    format!(
        "It learnt one task after another ({}; {}), each for these epochs. Against forgetting: {}.\n",
        said(stream),
        plain(&names.join("; ")),
        said(strategy)
    )
}

/// A part with its settings and what it is.
fn said(part: &Part) -> String {
    format!("`{}`{}: {}", part.name, settings(&part.settings), plain(&lowered(&part.summary)))
}

/// How long it was trained.
fn length(record: &RunRecord) -> String {
    let (training, steps) = (&record.spec.training, usize::try_from(record.steps).unwrap_or(usize::MAX));
    let epochs = record.trained_epochs();
    format!("{epochs} {} ({} steps of {} images)", if epochs == 1 { "epoch" } else { "epochs" }, count(steps), training.batch)
}

/// The settings that were given, in brackets.
fn settings(given: &Map<String, Value>) -> String {
    let given: Vec<String> = given.iter().map(|(key, value)| format!("{key} {value}")).collect();
    if given.is_empty() { String::new() } else { plain(&format!(" ({})", given.join(", "))) }
}

fn results(description: &Description) -> String {
    let headlines = &description.headlines;
    let shown: Vec<(&CardMetric, f64)> = valued(headlines).collect();
    if shown.is_empty() {
        return String::new();
    }
    let seeds = seeds(headlines);
    let mut text = String::from("\n## Results on test images\n\n| metric | this model |");
    let over_seeds = |metric: &CardMetric| metric.published.over_seeds.clone();
    let intervals = if has_intervals(headlines) { ", 95 % interval" } else { "" };
    text += &seeds.map_or_else(|| "\n|---|---|\n".into(), |n| format!(" mean of {n} seeds{intervals} |\n|---|---|---|\n"));
    for (metric, value) in shown {
        let arrow = match metric.published.measurement.direction {
            Direction::Higher => " \u{2191}",
            Direction::Lower => " \u{2193}",
            Direction::Neither => "",
        };
        text += &format!("| **{}**{arrow}: {} | {} |", cell(&metric.title), cell(&metric.about), in_table(metric, value));
        if seeds.is_some() {
            // A seed may have no value of one metric.
            let of = |o: &OverSeeds| if Some(o.seeds) == seeds { String::new() } else { format!(", of {} seeds", o.seeds) };
            let over = over_seeds(metric).map(|o| mean(metric, &o) + mark(&o.doubts) + &of(&o));
            text += &format!(" {} |", over.unwrap_or_else(|| "\u{2013}".into()));
        }
        text.push('\n');
    }
    text += &of_doubts(headlines);
    if let Some(sampler) = description.parts.iter().find(|part| part.kind == "sampler") {
        text += &format!(
            "\nWhat is measured of samples or of the distribution of codes, such as FID, NLL and MMD, is under the sampler {}.\n",
            said(sampler)
        );
    }
    text + "\n`results.json` has every value with its protocol and its error. Two values compare only where their protocols are the same.\n"
}

/// A value, a count with the most that it can be.
fn in_table(metric: &CardMetric, value: f64) -> String {
    metric.out_of.map_or_else(|| short(value), |most| format!("{value} of {most}")) + mark(&metric.published.measurement.doubts)
}

/// A mean over seeds with its interval, a count with the most that it can be.
fn mean(metric: &CardMetric, over: &OverSeeds) -> String {
    let show = |number: f64| match metric.out_of {
        Some(_) if over.interval.is_none() && over.mean.fract() == 0.0 => format!("{number}"),
        Some(_) => format!("{number:.1}"),
        None => short(number),
    };
    let interval = over.interval.map_or_else(String::new, |[low, high]| format!(" ({} to {})", show(low), show(high)));
    let most = metric.out_of.map_or_else(String::new, |most| format!(" of {most}"));
    show(over.mean) + &interval + &most
}

/// What stands behind a number that should not be relied on.
fn mark(doubts: &[Doubt]) -> &'static str {
    if doubts.is_empty() { "" } else { " ?" }
}

/// What that mark is, with the reasons; nothing where no number has it.
fn of_doubts(headlines: &[CardMetric]) -> String {
    let all = || valued(headlines).map(|(metric, _)| &metric.published);
    let of_means: BTreeSet<Doubt> = all().filter_map(|one| one.over_seeds.as_ref()).flat_map(|over| &over.doubts).copied().collect();
    let doubts: BTreeSet<Doubt> = all().flat_map(|one| &one.measurement.doubts).copied().chain(of_means.iter().copied()).collect();
    if doubts.is_empty() {
        return String::new();
    }
    let seeds = if of_means.is_empty() { "" } else { "; a mean is marked where one of its seeds is" };
    let reasons: Vec<String> = doubts.iter().map(ToString::to_string).collect();
    format!("\n?: do not rely on this value{seeds} ({}).\n", plain(&reasons.join("; ")))
}

/// The most seeds behind a number.
fn seeds(headlines: &[CardMetric]) -> Option<usize> {
    headlines.iter().filter_map(|metric| Some(metric.published.over_seeds.as_ref()?.seeds)).max()
}

/// Whether some number of the card has an interval over seeds.
fn has_intervals(headlines: &[CardMetric]) -> bool {
    valued(headlines).any(|(metric, _)| metric.published.over_seeds.as_ref().is_some_and(|over| over.interval.is_some()))
}

/// The release of candle that vimae is built on: tensors of another are of another type.
const CANDLE: &str = "=0.11.1";

/// How to load it, in a few lines of either language.
fn use_it(input: &CardInput<'_>) -> String {
    let CardInput { repo, description: Description { network, own, code, .. }, .. } = input;
    if !own.is_empty() {
        let own: Vec<String> = own.iter().map(|name| format!("`{name}`")).collect();
        return format!(
            "\n## Use\n\nIt needs components that are not in vimae: {}. Load it in the program that adds them to vimae's catalogues, with \
             `vimae_lab::Model::open(\"{repo}\", ..)`.\n",
            own.join(", ")
        );
    }
    let shape = format!("[16, {}, {}, {}]", network.channels, network.height, network.width);
    let code = code.as_ref().map_or_else(|| "vimae".to_owned(), |code| format!("[vimae]({code})"));
    format!(
        "\n## Use\n\n\
         In Rust, after `cargo add candle-core@{CANDLE}` and `cargo add vimae-lab --path CHECKOUT/crates/lab`, where CHECKOUT is a \
         checkout of {code}:\n\n\
         ```rust\n\
         use candle_core::Device;\n\
         use vimae_lab::{{HubOptions, Model}};\n\n\
         let model = Model::open(\"{repo}\", &Device::Cpu, &HubOptions::from_env(), &mut |_| ())?;\n\
         let images = model.sample(0, 16)?; // seed 0, 16 images: {shape}\n\
         ```\n\n\
         In Python, after `pip install \"./python[hub]\"` in a checkout:\n\n\
         ```python\n\
         from vimae import from_pretrained\n\n\
         model = from_pretrained(\"{repo}\")\n\
         images = model.sample(16, seed=0)  # {shape}\n\
         ```\n\n\
         Images are `[N, {}, {}, {}]` with values in {}. `encode`, `decode` and `reconstruct` are methods of both.\n",
        network.channels, network.height, network.width, network.range
    )
}

/// Steps below which a training is short for any network here.
const FEW_STEPS: u64 = 1000;

fn limits(record: &RunRecord, description: &Description) -> String {
    let of_seeds = match seeds(&description.headlines) {
        Some(n) if has_intervals(&description.headlines) => {
            format!("The table says how far {n} seeds differ; the weights here are those of one of them.")
        }
        Some(n) => format!("{n} seeds are too few to say how far seeds differ; the weights here are those of one of them."),
        None => "The numbers are those of one seed; how far other seeds differ was not measured.".into(),
    };
    let steps =
        if record.steps < FEW_STEPS { format!("- It was trained for {} steps, which is short.\n", record.steps) } else { String::new() };
    let blur = if description.squared_error { "A squared error blurs reconstructions and samples. " } else { "" };
    format!(
        "\n## Intended use and limitations\n\n\
         For research: comparing objectives, priors and networks, looking at codes, drawing samples. Not for production, and not \
         for decisions about people.\n\n\
         - It has seen {} images of one data set. Images of another kind are encoded without a warning, and badly.\n\
         {steps}- {blur}Reconstructions and samples inherit the bias of the data.\n\
         - {of_seeds}\n",
        count(description.dataset.train_images)
    )
}

fn origin(input: &CardInput<'_>) -> String {
    let CardInput { record, description, license, repo } = input;
    let place = description.code.as_ref().map_or_else(String::new, |code| format!(" of <{code}>"));
    let commit = match uncommitted(&record.git_commit) {
        Some(commit) => format!("commit `{}`{place} with uncommitted changes, so that it cannot be rebuilt exactly", cell(commit)),
        None => format!("commit `{}`{place}", cell(&record.git_commit)),
    };
    let (option, from) = match description.dataset.own_files {
        true => (
            " --data-dir DIR",
            " from the publisher's images, which are not published, where DIR holds them under their name in `spec.json`",
        ),
        false => ("", ""),
    };
    format!(
        "\n## Origin\n\n\
         Code: {commit}; version {}. Weights: SHA-256 `{}`, under {license}. `cargo xtask hub pull {repo} --out {name}`, then \
         `cargo xtask verify {name}{option}`, recomputes every number{from}; `spec.json` is the whole specification. The data are not part of this \
         repository: {}.\n",
        record.version,
        record.weights_sha256,
        plain(&description.dataset.source),
        name = repo.name(),
    )
}
