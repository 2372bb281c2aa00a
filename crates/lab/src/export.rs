//! The results of a reproduction in other forms.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
};

use vimae_core::catalogue::unknown_name;
use vimae_report::{Export, headline::headlines, plots_of};
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
    let shown = headlines(&summary).into_iter().map(|headline| headline.name);
    let metrics: BTreeSet<&str> = summary.iter().map(|row| row.metric.as_str()).chain(shown).collect();
    if let Some(metric) = request.metrics.iter().find(|metric| !metrics.contains(metric.as_str())) {
        return Err(unknown_name("metric", metric, metrics).into());
    }
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
    use crate::{cells::tests::record, run_comparison::tests::config, stored::json};

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
