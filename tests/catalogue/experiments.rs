//! Committed experiments measure what they say that they give cells for.

use std::{collections::BTreeSet, fs, path::Path};

use anyhow::Result;
use vimae_lab::{Profile, paper};
use vimae_metrics::METRICS;
use vimae_objectives::OBJECTIVES;
use vimae_spec::SummaryRow;

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

#[test]
fn the_note_below_table_1_says_what_the_kept_numbers_say() -> Result<()> {
    let experiments = Path::new(env!("CARGO_MANIFEST_DIR")).join("../experiments");
    let kept: Vec<SummaryRow> = serde_json::from_str(&fs::read_to_string(experiments.join("results/desk/summary.json"))?)?;
    let mut farther = BTreeSet::new();
    let mut compared = 0;
    for row in kept.iter().filter(|row| row.target == "table1" && row.protocol == "nll.parzen(sigma=0.1,N=10000)") {
        let narrow = kept.iter().find(|other| {
            other.protocol == "nll.parzen(sigma=0.08,N=10000)"
                && (&other.metric, &other.dataset, &other.method) == (&row.metric, &row.dataset, &row.method)
        });
        let (Some(wide), Some(narrow), Some(paper)) = (row.mean, narrow.and_then(|row| row.mean), row.paper) else { continue };
        compared += 1;
        if (narrow - paper).abs() > (wide - paper).abs() {
            farther.insert(row.method.as_str());
        }
    }
    assert_eq!((compared, farther), (10, BTreeSet::from(["beta_h_vae"])));

    let note = paper(&experiments)?.0["table1"].note.clone().unwrap_or_default();
    assert!(note.contains("on the desk profile 0.08 came nearer for every method but beta_h_vae"), "{note}");
    Ok(())
}

#[test]
fn a_note_promises_no_rows_that_a_profile_may_not_have() -> Result<()> {
    let paper = paper(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../experiments"))?;
    for (name, target) in &paper.0 {
        assert!(!target.note.as_ref().is_some_and(|note| note.contains("shown beside")), "{name}");
    }
    Ok(())
}

#[test]
fn the_default_that_the_page_of_readings_names_is_that_of_the_objectives() -> Result<()> {
    for name in ["vae", "beta_h_vae", "beta_a_vae"] {
        let settings = OBJECTIVES.find(name)?.settings();
        let weight = settings.iter().find(|setting| setting.name == "recon_weight").map(|setting| &setting.default);
        assert_eq!(weight, Some(&serde_json::Value::from(1.0)), "{name}");
    }
    Ok(())
}
