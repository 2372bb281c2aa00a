//! Committed experiments measure what they say that they give cells for.

use std::path::Path;

use anyhow::Result;
use vimae_lab::{Profile, paper};
use vimae_metrics::METRICS;

#[test]
fn an_experiment_measures_the_rows_of_its_tables_and_figures() -> Result<()> {
    let experiments = Path::new(env!("CARGO_MANIFEST_DIR")).join("../experiments");
    let paper = paper(&experiments)?;
    let mut looked_at = 0;
    for profile in ["quick", "desk", "paper"] {
        for experiment in Profile::load(&experiments, profile)?.experiments {
            let own = experiment.paper_dataset.clone().or_else(|| Some(experiment.runs(1).first()?.dataset.name.clone()));
            for target in experiment.targets.iter().filter_map(|name| paper.0.get(name)) {
                for row in &target.rows {
                    let of = row.dataset.as_ref().unwrap_or(&target.dataset);
                    let entry = row.metric.split('.').next().unwrap_or_default();
                    if own.as_ref() != Some(of) || METRICS.find(entry).is_err() {
                        continue;
                    }
                    for run in experiment.runs(1) {
                        let metrics = &run.evaluation.metrics;
                        // `fid` by a classifier's features gives the same values as `fid_classifier`.
                        let gives = |name: &String| name == entry || entry.strip_prefix(name.as_str()) == Some("_classifier");
                        let measured = metrics.is_empty() || metrics.iter().any(gives);
                        assert!(measured, "{}: {} of {} needs the metric {entry}", experiment.path.display(), row.label, target.title);
                        looked_at += 1;
                    }
                }
            }
        }
    }
    assert!(looked_at > 100, "{looked_at} rows");
    Ok(())
}
