//! The page of everything that can be chosen by name, with images of what each objective learns.

use std::path::{Path, PathBuf};

use serde_json::Map;
use vimae_checkpoint::atomic;
use vimae_core::{Entry, settings::Setting};
use vimae_report::{CatalogueEntry, CatalogueKind, CatalogueRuns, CatalogueSetting, catalogue_markdown, catalogue_page, written_mean};
use vimae_spec::{Experiment, FigureKind, RunRecord, RunSpec, State, Status, behind_number, shown_unit};
use vimae_statistics::student;

use crate::{Layout, Result, command::called, counted::counted, record::read_record, schedule::read_status};

const TITLE: &str = "What can be chosen by name";
const INTERVAL: &str = "A number behind ± is half of the 95 % interval over seeds.";
const CHOICE: &str = "An experiment file names one of each kind; what it leaves out is chosen by the objective.";

/// `experiment` with a method for every objective that it has none for.
pub fn every_objective(experiment: Experiment) -> Experiment {
    vimae_objectives::OBJECTIVES.names().fold(experiment, |experiment, name| experiment.with_objective(name))
}

/// Whether a component of that kind, `noise` for instance, is called so already; noises on images too, which no file alone names.
pub fn is_taken(kind: &str, name: &str) -> bool {
    macro_rules! taken {
        ($($catalogue:expr),*) => { [$($catalogue.kind == kind && $catalogue.find(name).is_ok()),*].contains(&true) };
    }
    taken!(
        vimae_objectives::OBJECTIVES,
        vimae_objectives::noise::NOISES,
        vimae_corruptions::CORRUPTIONS,
        vimae_objectives::divergence::DIVERGENCES,
        vimae_objectives::likelihood::LIKELIHOODS,
        vimae_priors::PRIORS,
        vimae_priors::sampler::SAMPLERS,
        vimae_models::MODELS,
        vimae_continual::STREAMS,
        vimae_continual::STRATEGIES,
        vimae_metrics::METRICS,
        vimae_metrics::accuracy::classifiers::CLASSIFIERS
    )
}

/// Writes `catalogue.html` and `catalogue.md` into `out`, with what the runs of `experiment` under `out` show: the methods
/// that bear an objective's name, with seeds `0..seeds`. Where none of them was begun, the page says which command trains them; where
/// some failed, why.
/// `root` is the checkout, whose files say what an entry is. Gives the page's path.
///
/// # Errors
/// Where the pages cannot be written, or a record there is damaged.
pub fn catalogue(root: &Path, experiment: &Experiment, seeds: u64, out: &Path) -> Result<PathBuf> {
    let layout = Layout::new(out);
    let asked = experiment.runs(seeds);
    let all = asked.len();
    let runs: Vec<Run> = asked.into_iter().filter_map(|spec| Run::of(spec, experiment, &layout).transpose()).collect::<Result<_>>()?;
    let mut objectives = Vec::new();
    for entry in vimae_objectives::OBJECTIVES.entries() {
        let mut described = describe(root, "crates/objectives/src", entry);
        let objective = vimae_objectives::OBJECTIVES.build(entry.name, &Map::new())?;
        described.equation = Some(objective.equation().into());
        described.parts = vec![("noise", objective.default_noise().into())];
        if objective.ex_post().is_none() {
            described.parts.push(("prior", objective.default_prior().into()));
        }
        described.parts.extend(objective.default_divergence().map(|name| ("divergence", name.to_owned())));
        if runs.iter().any(|run| run.spec.method == entry.name) {
            described.trained = Some(trained(experiment, entry.name, seeds, &runs));
        }
        objectives.push(described);
    }
    let mut kinds = vec![CatalogueKind { kind: "objective".into(), entries: objectives }];
    macro_rules! kinds {
        ($($folder:literal: $catalogue:expr),*) => {
            $(kinds.push(CatalogueKind {
                kind: $catalogue.kind.into(),
                entries: $catalogue.entries().into_iter().map(|entry| describe(root, $folder, entry)).collect(),
            });)*
        };
    }
    kinds!(
        "crates/objectives/src/noise": vimae_objectives::noise::CODE_NOISES,
        "crates/corruptions/src": vimae_corruptions::CORRUPTIONS,
        "crates/objectives/src/divergence": vimae_objectives::divergence::DIVERGENCES,
        "crates/objectives/src/likelihood": vimae_objectives::likelihood::LIKELIHOODS,
        "crates/priors/src": vimae_priors::PRIORS,
        "crates/priors/src/sampler": vimae_priors::sampler::SAMPLERS,
        "crates/models/src": vimae_models::MODELS,
        "crates/continual/src/stream": vimae_continual::STREAMS,
        "crates/continual/src/strategy": vimae_continual::STRATEGIES,
        "crates/metrics/src": vimae_metrics::METRICS,
        "crates/metrics/src/accuracy/classifiers": vimae_metrics::accuracy::classifiers::CLASSIFIERS
    );
    let datasets = vimae_datasets::DATASETS.entries().into_iter().map(|entry| describe(root, "crates/datasets/src", entry)).collect();
    kinds.push(CatalogueKind { kind: "data set".into(), entries: datasets });
    let about = match runs.as_slice() {
        [] => format!("{CHOICE} `{} catalogue --train` adds samples of each objective.", called()),
        runs if runs.iter().any(|run| run.record.is_some()) => {
            let left = match all.saturating_sub(runs.len()) {
                0 => String::new(),
                left => format!(" Not trained yet: {}; `{} catalogue --train` goes on.", counted(left, "run"), called()),
            };
            format!("{} {CHOICE} {INTERVAL}{left}", experiment.about)
        }
        runs if runs.len() < all => {
            format!("{CHOICE} No run of `{} catalogue --train` has finished yet; those that failed say why.", called())
        }
        _ => format!("{CHOICE} No run of `{} catalogue --train` finished; each objective says why.", called()),
    };
    let page = out.join("catalogue.html");
    atomic::write(&page, catalogue_page(TITLE, &about, &kinds).as_bytes())?;
    atomic::write(&out.join("catalogue.md"), catalogue_markdown(TITLE, &about, &kinds).as_bytes())?;
    Ok(page)
}

fn describe<B>(root: &Path, folder: &str, entry: &Entry<B>) -> CatalogueEntry {
    CatalogueEntry {
        name: entry.name.into(),
        summary: entry.summary.into(),
        equation: None,
        about: opening(&root.join(folder).join(format!("{}.rs", entry.name))),
        source: entry.source.into(),
        parts: Vec::new(),
        settings: entry.settings().into_iter().map(setting).collect(),
        trained: None,
    }
}

fn setting(setting: Setting) -> CatalogueSetting {
    let Setting { name, about, default, domain } = setting;
    let default = default.as_str().map_or_else(|| default.to_string(), String::from);
    CatalogueSetting { name, default, allowed: domain.allowed(), about }
}

/// The paragraphs of a source file's opening comment; none where there is no such file.
fn opening(path: &Path) -> Vec<String> {
    let text = std::fs::read_to_string(path).unwrap_or_default();
    let lines: Vec<&str> = text.lines().map_while(|line| line.strip_prefix("//!")).map(str::trim).collect();
    // What is escaped for rustdoc needs no escape here.
    let paragraph = |lines: &[&str]| lines.join(" ").replace("\\[", "[").replace("\\]", "]");
    lines.split(|line| line.is_empty()).filter(|lines| !lines.is_empty()).map(paragraph).collect()
}

/// A run that was begun and has ended.
struct Run {
    spec: RunSpec,
    /// Its record and its folder, where it finished.
    record: Option<(Box<RunRecord>, PathBuf)>,
    /// Why it failed, where it did; beside a record, when it was measured again.
    failed: Option<String>,
}

impl Run {
    /// The run of `spec`; none where nobody has begun it, or where it goes on.
    fn of(spec: RunSpec, experiment: &Experiment, layout: &Layout) -> Result<Option<Self>> {
        let folder = layout.run(&experiment.name, &spec);
        let record = folder.record().exists().then(|| read_record(&folder.record())).transpose()?;
        let record = record.map(|record| (Box::new(record), folder.path().to_path_buf()));
        let why = |status: Status| status.problem.unwrap_or_else(|| "for no reason that it could say".into());
        let failed = read_status(&folder).filter(|status| status.state == State::Failed).map(why);
        Ok((record.is_some() || failed.is_some()).then_some(Self { spec, record, failed }))
    }
}

/// The runs that failed, those of one reason together: `seeds 0, 1: the reason`.
fn failures(runs: &[&Run]) -> Vec<String> {
    let mut of: Vec<(&str, Vec<String>)> = Vec::new();
    for run in runs {
        let Some(why) = &run.failed else { continue };
        let seed = run.spec.seed.to_string();
        match of.iter_mut().find(|(known, _)| *known == why.as_str()) {
            Some((_, seeds)) => seeds.push(seed),
            None => of.push((why.as_str(), vec![seed])),
        }
    }
    of.into_iter().map(|(why, seeds)| format!("seed{} {}: {why}", if seeds.len() == 1 { "" } else { "s" }, seeds.join(", "))).collect()
}

/// What the runs of the method `name` came to.
fn trained(experiment: &Experiment, name: &str, seeds: u64, runs: &[Run]) -> CatalogueRuns {
    let runs: Vec<&Run> = runs.iter().filter(|run| run.spec.method == name).collect();
    let recorded = runs.iter().filter_map(|run| run.record.as_ref());
    let records: Vec<(&RunRecord, &Path)> = recorded.map(|(record, folder)| (record.as_ref(), folder.as_path())).collect();
    let value = |metric: &str| -> Option<(String, String)> {
        let of = |record: &RunRecord| {
            let found = record.measurements.iter().find(|m| m.metric == metric)?;
            Some((found.value?, behind_number(shown_unit(&found.protocol, &found.unit))))
        };
        let values: Vec<(f64, String)> = records.iter().filter_map(|(record, _)| of(record)).collect();
        let unit = values.first()?.1.clone();
        let values: Vec<f64> = values.into_iter().map(|v| v.0).collect();
        let mean = values.iter().sum::<f64>() / values.len() as f64;
        let half = student::interval(&values).map(|[low, high]| (high - low) / 2.0);
        Some((metric.into(), written_mean(mean, half) + &unit))
    };
    let image = records.first().and_then(|(record, folder)| {
        let samples = record.figures.iter().find(|image| image.kind == FigureKind::Samples)?;
        Some((folder.to_path_buf(), samples.file.clone()))
    });
    let given = records.first().map(|(record, _)| &record.spec.objective.settings).into_iter().flatten();
    let given: Vec<String> = given.map(|(key, value)| format!("{key} = {value}")).collect();
    let given = if given.is_empty() { String::new() } else { format!(" with {}", given.join(", ")) };
    let left = match seeds.saturating_sub(runs.len() as u64) {
        0 => String::new(),
        left => format!("; {} not trained yet", counted(left, "seed")),
    };
    CatalogueRuns {
        outcome: format!(
            "{} of {} on {} trained{given} without a value that is not finite{left}",
            records.len(),
            counted(runs.len(), "seed"),
            experiment.runs(1).first().map_or("", |run| &run.dataset.name)
        ),
        values: ["reconstruction", "rate"].into_iter().filter_map(value).collect(),
        image,
        failed: failures(&runs),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::{Profile, RunFolder, record::write_record};

    fn experiment(root: &Path) -> Experiment {
        let profile = Profile::of_file(&root.join("experiments/catalogue/digits.toml"), &[]).unwrap();
        every_objective(profile.experiments[0].clone())
    }

    fn root() -> PathBuf {
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
    }

    /// Writes that the run failed.
    fn fail(folder: &RunFolder, problem: &str) {
        let status = json!({
            "state": "failed", "doing": "training", "done": 3, "of": 9, "loss": null, "from": null, "attempt": 1, "problem": problem,
            "again": false, "notes": [], "process": 1, "host": "here", "device": "cpu", "began": 1, "updated": 2,
        });
        atomic::write(&folder.status(), status.to_string().as_bytes()).unwrap();
    }

    #[test]
    fn while_runs_go_on_only_those_that_failed_say_why_and_a_record_stays_beside_a_later_failure() {
        let (root, out) = (root(), tempfile::tempdir().unwrap());
        let (experiment, layout) = (experiment(&root), Layout::new(out.path()));
        let spec = experiment.runs(2).into_iter().find(|spec| spec.method == "vae").unwrap();
        let folder = layout.run(&experiment.name, &spec);
        fail(&folder, "the disk is full");
        let made = || {
            let page = std::fs::read_to_string(catalogue(&root, &experiment, 2, out.path()).unwrap()).unwrap();
            (page, std::fs::read_to_string(out.path().join("catalogue.md")).unwrap())
        };
        let (page, text) = made();
        let none = format!("No run of <code>{} catalogue --train</code> has finished yet; those that failed say why.", called());
        assert!(page.contains(&none) && !page.contains("each objective says why"), "a page that takes runs for ended");
        let outcome = "0 of 1 seed on digits trained without a value that is not finite; 1 seed not trained yet.";
        assert_eq!(text.matches(outcome).count(), 1, "{text}");
        // It was measured again, and failed.
        let record = crate::cells::tests::record("vae", 0, "rate", 5.0);
        write_record(&folder, &RunRecord { spec_sha256: spec.sha256(), spec, ..record }).unwrap();
        let (_, text) = made();
        assert!(text.contains("1 of 1 seed on digits trained") && text.contains("; 1 seed not trained yet; rate 5.000 nats."), "{text}");
        let left = format!("Not trained yet: {} runs; `{} catalogue --train` goes on.", experiment.runs(2).len() - 1, called());
        assert!(text.contains(&left) && text.contains(INTERVAL), "{text}");
        assert!(text.contains("\nFailed: seed 0: the disk is full\n"), "{text}");
    }

    #[test]
    fn a_page_without_runs_names_the_command_that_trains_them_and_tells_of_no_outcome() {
        let (root, out) = (root(), tempfile::tempdir().unwrap());
        let experiment = experiment(&root);
        let page = std::fs::read_to_string(catalogue(&root, &experiment, 5, out.path()).unwrap()).unwrap();
        assert!(page.contains(&format!("<code>{} catalogue --train</code> adds samples", called())));
        for absent in [experiment.about.as_str(), "seeds on digits", "No run of"] {
            assert!(!page.contains(absent), "{absent}");
        }
        let kinds = ["<h2>Objectives</h2>", "<h2>Strategies</h2>", "<h2>Data sets</h2>"];
        assert!(kinds.iter().all(|kind| page.contains(kind)));
        let text = std::fs::read_to_string(out.path().join("catalogue.md")).unwrap();
        assert!(!text.contains("seeds on digits") && text.contains("\n## Data sets\n"));
    }

    #[test]
    fn runs_that_all_failed_are_no_page_without_runs_and_say_why() {
        let (root, out) = (root(), tempfile::tempdir().unwrap());
        let (experiment, layout) = (experiment(&root), Layout::new(out.path()));
        for spec in experiment.runs(3) {
            fail(&layout.run(&experiment.name, &spec), if spec.seed < 2 { "the disk is full" } else { "the loss is NaN" });
        }
        let page = std::fs::read_to_string(catalogue(&root, &experiment, 3, out.path()).unwrap()).unwrap();
        let none = format!("No run of <code>{} catalogue --train</code> finished; each objective says why.", called());
        assert!(page.contains(&none) && !page.contains("adds samples"), "a page that asks for what was done");
        let text = std::fs::read_to_string(out.path().join("catalogue.md")).unwrap();
        let said = "0 of 3 seeds on digits trained without a value that is not finite.\n\nFailed: seeds 0, 1: the disk is full\n\nFailed: \
                    seed 2: the loss is NaN\n";
        let objectives = vimae_objectives::OBJECTIVES.names().count();
        assert_eq!(text.matches(said).count(), objectives, "{text}");
        assert_eq!(page.matches("<li>Failed: seeds 0, 1: the disk is full</li>").count(), objectives);
    }
}
