//! All runs of a profile, then the tables, the summary and the page.

use std::{path::PathBuf, time::Instant};

use candle_core::Device;
use vimae_checkpoint::atomic;
use vimae_datasets::Sources;
use vimae_report::{ExperimentView, FailedRun, NotCovered, PageInput, RunView};
use vimae_spec::{Cell, Comparisons, Experiment, Paper, RunRecord, RunSpec, SummaryRow};

use crate::{
    Error, Layout, Profile, Result, Shelf, cells, claims, comparisons, expectations,
    provenance::git_commit,
    resolve,
    run::{Event, finished, json, run},
    summary::over_seeds,
};

/// What to reproduce, and where.
#[derive(Debug, Clone)]
pub struct Request {
    /// The experiments.
    pub profile: Profile,
    /// The paper's numbers.
    pub paper: Paper,
    /// Seeds of each run; the experiments' own where absent.
    pub seeds: Option<u64>,
    /// Choose the machines' C and gamma by cross-validation on labelled codes, whatever the experiments say.
    pub tune: bool,
    /// Where results go.
    pub out: PathBuf,
    /// Forget what earlier calls left there for these runs.
    pub fresh: bool,
    /// Where data is looked for.
    pub sources: Sources,
    /// The checkout that the code was built from.
    pub root: PathBuf,
    /// Where to compute.
    pub device: Device,
    /// The command that repeats this, for the page.
    pub command: String,
}

/// What a reproduction gave.
#[derive(Debug)]
pub struct Outcome {
    /// Every cell.
    pub cells: Vec<Cell>,
    /// Cells over their seeds.
    pub summary: Vec<SummaryRow>,
    /// Runs that gave no cells.
    pub failed: Vec<Failure>,
    /// The page.
    pub page: PathBuf,
}

/// A run that did not finish.
#[derive(Debug)]
pub struct Failure {
    /// Its experiment.
    pub experiment: String,
    /// Its method.
    pub method: String,
    /// Its seed.
    pub seed: u64,
    /// Why.
    pub error: Error,
}

/// One run among all of a reproduction.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// Counted from 0.
    pub index: usize,
    /// The run.
    pub spec: &'a RunSpec,
    /// Its experiment.
    pub experiment: &'a Experiment,
    /// All runs, in order.
    pub all: &'a [(usize, RunSpec)],
}

/// Runs everything that is not finished yet, then writes `results.json`, `summary.json` and `index.html`.
/// A run that fails does not stop the others; it stands in [`Outcome::failed`].
///
/// # Errors
/// Before anything runs: for a part that does not exist or a folder that cannot be written. After: where
/// results cannot be written.
pub fn reproduce(request: &Request, observe: &mut dyn FnMut(Place<'_>, Event)) -> Result<Outcome> {
    let started = Instant::now();
    let Request { profile, paper, sources, root, device, .. } = request;
    let layout = Layout::new(&request.out);
    let mut shelf = Shelf::new(sources.clone());
    let mut runs = Vec::new();
    for (index, experiment) in profile.experiments.iter().enumerate() {
        for target in &experiment.targets {
            if !paper.0.contains_key(target) {
                let source = vimae_core::catalogue::unknown_name("target", target, paper.0.keys().map(String::as_str));
                return Err(Error::Part { place: experiment.path.display().to_string(), source });
            }
        }
        for mut spec in experiment.runs(request.seeds.unwrap_or(experiment.seeds)) {
            spec.evaluation.tune |= request.tune;
            if request.fresh || finished(&spec, &layout.run(&experiment.name, &spec))?.is_none() {
                resolve::check(&spec, &format!("{}, method {}", experiment.path.display(), spec.method), &mut shelf)?;
            }
            runs.push((index, spec));
        }
    }
    // An unwritable folder should be known now, not after the first run.
    let probe = request.out.join(".vimae");
    atomic::write(&probe, b"results of cargo xtask reproduce\n")?;

    let (mut records, mut failed) = (Vec::new(), Vec::new());
    for (index, (owner, spec)) in runs.iter().enumerate() {
        let Some(experiment) = profile.experiments.get(*owner) else { continue };
        let folder = layout.run(&experiment.name, spec);
        if request.fresh && folder.path().exists() {
            let path = folder.path();
            std::fs::remove_dir_all(path).map_err(|e| Error::Record { path: path.into(), problem: e.to_string() })?;
        }
        let place = Place { index, spec, experiment, all: &runs };
        match run(spec, &folder, &mut shelf, root, device, &mut |event| observe(place, event)) {
            Ok(record) => records.push((*owner, record)),
            Err(error) => {
                failed.push(Failure { experiment: experiment.name.clone(), method: spec.method.clone(), seed: spec.seed, error });
            }
        }
    }

    let mut cells: Vec<Cell> = records
        .iter()
        .filter_map(|(owner, record)| Some((profile.experiments.get(*owner)?, record)))
        .flat_map(|(experiment, record)| cells::of_run(experiment, record, paper))
        .collect();
    cells.extend(claims::of(&cells, paper));
    for (index, experiment) in profile.experiments.iter().enumerate() {
        let own: Vec<&RunRecord> = records.iter().filter(|(owner, _)| *owner == index).map(|(_, record)| record).collect();
        cells.extend(expectations::of(experiment, &own));
    }
    let summary = over_seeds(&cells);
    let comparisons = comparisons::of(&cells, &summary);
    atomic::write(&layout.comparisons(), &json(&comparisons)?)?;
    atomic::write(&layout.results(), &json(&cells)?)?;
    atomic::write(&layout.summary(), &json(&summary)?)?;
    let page = page(request, &layout, &records, &failed, (&cells, &summary, &comparisons), started.elapsed().as_secs_f64())?;
    atomic::write(&layout.page(), page.as_bytes())?;
    Ok(Outcome { cells, summary, failed, page: layout.page() })
}

fn page(
    request: &Request,
    layout: &Layout,
    records: &[(usize, RunRecord)],
    failed: &[Failure],
    (cells, summary, comparisons): (&[Cell], &[SummaryRow], &Comparisons),
    seconds: f64,
) -> Result<String> {
    let view = |(index, experiment): (usize, &Experiment)| ExperimentView {
        title: experiment.title.clone(),
        about: experiment.about.clone(),
        targets: experiment.targets.clone(),
        runs: records
            .iter()
            .filter(|(owner, _)| *owner == index)
            .map(|(_, record)| {
                let folder = layout.run(&experiment.name, &record.spec).path().to_path_buf();
                RunView { record: record.clone(), command: request.command.clone(), folder }
            })
            .collect(),
        failed: failed
            .iter()
            .filter(|failure| failure.experiment == experiment.name)
            .map(|Failure { method, seed, error, .. }| FailedRun { method: method.clone(), seed: *seed, problem: error.to_string() })
            .collect(),
    };
    let experiments: Vec<_> = request.profile.experiments.iter().enumerate().map(view).collect();
    let covered = request.profile.covered();
    let reason = format!("profile {} has no experiment for it", request.profile.name);
    let left_out = request.paper.0.keys().filter(|target| !covered.contains(target));
    let not_covered: Vec<_> = left_out.map(|target| NotCovered { target: target.clone(), reason: reason.clone() }).collect();
    let input = PageInput {
        title: "The Variational InfoMax AutoEncoder, reproduced",
        profile: &request.profile.name,
        about: about(&request.profile.name),
        command: &request.command,
        seconds,
        git_commit: &git_commit(&request.root),
        experiments: &experiments,
        cells,
        summary,
        comparisons: Some(comparisons),
        paper: &request.paper,
        not_covered: &not_covered,
    };
    Ok(vimae_report::page(&input)?)
}

/// What a profile is and is not, for readers of the page.
fn about(profile: &str) -> &'static str {
    match profile {
        "quick" => {
            "The quick profile trains narrow networks on 8 000 of the 10 000 MNIST digits that ship with the code, for a few \
             epochs, so that the whole line can be seen in minutes. The paper trained networks eight times as wide on 50 000 \
             digits for 80 epochs: orderings may already show, its values are not expected."
        }
        "paper" => "The paper profile trains the paper's networks at full width, on its data sets, for its number of epochs.",
        _ => "",
    }
}
