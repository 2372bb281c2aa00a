//! The results of a reproduction in other forms.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use vimae_core::catalogue::unknown_name;
use vimae_metrics::METRICS;
use vimae_report::{
    Export,
    headline::{self, Headline, headlines},
    plots_of,
};
use vimae_spec::{Cell, Paper, SummaryRow};
use vimae_statistics::student;

pub use vimae_report::Format;

use crate::{
    Error, Layout, Out, Plan, Result, RunFolder, command::called, find_runs, outputs::WholeFolder, stored::read, unsettled::unsettled,
    versions::versions,
};

/// What to export.
#[derive(Debug, Clone)]
pub struct ExportRequest {
    /// The folder of a reproduction.
    pub folder: PathBuf,
    /// The paper's numbers.
    pub paper: Paper,
    /// Tables, figures or experiments; all where empty.
    pub targets: Vec<String>,
    /// The form.
    pub format: Format,
    /// Only these metrics, by their names in the records or among the headlines.
    pub metrics: Vec<String>,
    /// Every metric and protocol; in CSV every cell, seed by seed.
    pub all: bool,
}

/// The tables that `results.json` and `summary.json` of a reproduction hold.
///
/// # Errors
/// Where these are absent or damaged, and for a target or metric without values.
pub fn export(request: &ExportRequest) -> Result<String> {
    let layout = Layout::new(&request.folder);
    if !layout.results().exists() {
        let problem = format!("is not there; give the directory of a reproduction, or make its tables with `{} report`", called());
        return Err(Error::Record { path: layout.results(), problem });
    }
    let cells: Vec<Cell> = read(&layout.results())?;
    let summary: Vec<SummaryRow> = read(&layout.summary())?;
    // Tables that were written elsewhere, and those that the repository keeps, have no plan beside them.
    let plan = layout.plan().exists().then(|| Plan::load(&request.folder)).transpose().unwrap_or_else(|error| {
        tracing::warn!("{error}; an experiment and what it was before share one table, and counts have no most");
        None
    });
    let versions = plan.as_ref().map(|plan| versions(plan, &cells, &summary)).unwrap_or_default();
    let nodes = plan.iter().flat_map(|plan| plan.nodes.iter().chain(&plan.earlier));
    let codes: BTreeMap<String, usize> = nodes.map(|node| (node.spec.sha256(), node.spec.model.code)).collect();
    let unsettled = unsettled_runs(&request.folder)?;
    let targets: BTreeSet<&str> = summary.iter().map(|row| row.target.as_str()).collect();
    if let Some(target) = request.targets.iter().find(|target| !targets.contains(target.as_str())) {
        return Err(unknown_name("target", target, targets).into());
    }
    check_metrics(&request.metrics, &summary)?;
    let export = Export {
        cells: &cells,
        summary: &summary,
        versions: &versions,
        codes: &codes,
        unsettled: &unsettled,
        paper: &request.paper,
        targets: &request.targets,
        metrics: &request.metrics,
        all: request.all,
        interval: student::interval,
    };
    Ok(export.to(request.format))
}

/// That something has been measured of each metric that is asked for.
fn check_metrics(asked: &[String], summary: &[SummaryRow]) -> vimae_core::Result<()> {
    let shown: Vec<&str> = headlines(summary).into_iter().map(|headline| headline.name).collect();
    let metrics: BTreeSet<&str> = summary.iter().map(|row| row.metric.as_str()).chain(shown.iter().copied()).collect();
    let Some(metric) = asked.iter().find(|metric| !metrics.contains(metric.as_str())) else { return Ok(()) };
    let headline = headline::all().find(|headline| headline.name == metric).and_then(Headline::measured_by);
    let Some(entry) = headline.or_else(|| METRICS.find(metric).ok().map(|entry| entry.name)) else {
        return Err(unknown_name("metric", metric, metrics));
    };
    let there = if shown.is_empty() { String::new() } else { format!(", which have {}", shown.join(", ")) };
    Err(vimae_core::Error::Unsupported {
        what: format!("metric \"{metric}\""),
        reason: format!(
            "nothing was measured of it in these runs{there}; `{} eval RUN --metric {entry}` measures it of one, and evaluation.metrics of \
             an experiment of all",
            called()
        ),
    })
}

/// Steps of the runs in `folder` that had too few for their batch norm, by the digest of the specification. Values do not tell, and
/// tables that were written elsewhere have no runs beside them.
fn unsettled_runs(folder: &Path) -> Result<BTreeMap<String, u64>> {
    let found = find_runs(folder)?.into_iter().filter_map(|run| {
        let record = run.record?;
        let steps = unsettled(&record, &RunFolder::at(run.folder))?;
        Some((record.spec_sha256, steps))
    });
    Ok(found.collect())
}

/// Writes every plot on the page of the reproduction in `folder` into `out`, a new or empty folder, as an SVG file for a paper, and gives
/// the files.
///
/// # Errors
/// Where there is no page or no plot on it; [`Error::Exists`]; [`Error::Output`].
pub fn export_plots(folder: &Path, out: &Path) -> Result<Vec<PathBuf>> {
    let page = Layout::new(folder).page();
    let wrong = |problem: String| Error::Record { path: page.clone(), problem };
    let advice = || format!("give the directory of a reproduction, or make its page with `{} report`", called());
    let text = std::fs::read_to_string(&page).map_err(|e| wrong(format!("{e}; {}", advice())))?;
    let plots = plots_of(&text);
    if plots.is_empty() {
        return Err(wrong(format!("has no plot; {}", advice())));
    }
    let place = Out { path: out, overwrite: false };
    // The command replaces nothing.
    place.check().map_err(|error| match error {
        Error::Exists { path, .. } => Error::Exists { path, replaceable: false },
        other => other,
    })?;
    let (whole, mut files) = (WholeFolder::create(&place)?, Vec::new());
    for plot in plots {
        let name = format!("{}.svg", plot.name);
        whole.write(&name, plot.svg.as_bytes())?;
        files.push(out.join(name));
    }
    whole.finish()?;
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        cells::{bare, tests::record},
        run_comparison::tests::config,
        stored::json,
        summary::over_seeds,
    };

    #[test]
    fn a_metric_of_which_nothing_was_measured_is_told_from_one_that_there_is_not() {
        let mut record = record("vae", 0, "rate", 4.0);
        record.measurements[0].entry = "rate".into();
        let summary = over_seeds(&[bare("mine", &record, &record.measurements[0])]);
        let check = |metric: &str| check_metrics(&[metric.to_owned()], &summary).map_err(|error| error.to_string());
        assert_eq!(check("rate"), Ok(()));
        for (metric, entry) in [("fid", "fid"), ("nll_iwae", "iwae"), ("fid_classifier", "fid_classifier"), ("ais", "ais")] {
            let message = check(metric).unwrap_err();
            assert!(
                message.starts_with(&format!("metric \"{metric}\": nothing was measured of it in these runs, which have rate; ")),
                "{message}"
            );
            assert!(message.contains(&format!(" eval RUN --metric {entry}` measures it of one")), "{message}");
        }
        assert!(check("rat").unwrap_err().contains("unknown metric \"rat\""));
    }

    #[test]
    fn runs_too_short_for_batch_norm_are_known_by_their_specification() {
        let out = tempfile::tempdir().unwrap();
        for (name, architecture, steps) in [("short", "wae_conv", 15), ("long", "wae_conv", 50), ("perceptron", "mlp", 15)] {
            let folder = RunFolder::at(out.path().join("mine").join(name));
            std::fs::create_dir_all(folder.path()).unwrap();
            let (mut record, mut config) = (record("vae", 0, "rate", 0.01), config());
            (record.steps, record.spec_sha256) = (steps, name.to_owned());
            config.network.architecture = architecture.into();
            std::fs::write(folder.record(), record.to_json().unwrap()).unwrap();
            std::fs::write(folder.config(), json(&config).unwrap()).unwrap();
        }
        assert_eq!(unsettled_runs(out.path()).unwrap(), BTreeMap::from([("short".to_owned(), 15)]));
    }
}
