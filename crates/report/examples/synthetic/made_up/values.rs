//! Made-up values beside the paper's, and what is made of them.

use vimae_report::{ExperimentView, RunView};
use vimae_spec::{Cell, ClaimVerdict, Decision, Direction, Kind, Measurement, Paper, Slice, SummaryRow, Verdict};

use super::{Draws, METHODS};

/// Values near the paper's, and one value that does not exist.
pub(super) fn values(paper: &Paper, experiments: &[ExperimentView], seeds: u64) -> (Vec<Cell>, Vec<SummaryRow>) {
    let mut draws = Draws(1);
    let (mut cells, mut summary) = (Vec::new(), Vec::new());
    for (target, about) in &paper.0 {
        let Some(experiment) = experiments.iter().find(|e| e.targets.contains(target)) else { continue };
        for row in &about.rows {
            for (protocol, near) in [(row.protocols[0].as_str(), true), ("another protocol", false)] {
                for method in METHODS {
                    let printed = row.values.get(method).copied();
                    let missing =
                        (method == "vimae_l" && row.metric == "rate").then_some("a deterministic encoder without noise has no finite rate");
                    let center = printed.unwrap_or(0.1) * if near { 1.0 } else { 1.7 } * (1.0 + 0.08 * draws.normal());
                    let values: Vec<f64> = (0..seeds).map(|_| center * (1.0 + 0.02 * draws.normal())).collect();
                    let mean = values.iter().sum::<f64>() / seeds as f64;
                    let half = 0.04 * mean.abs();
                    let exists = missing.is_none();
                    let paper = printed.filter(|_| near);
                    let tolerance = paper.map(|p| row.tolerance * p.abs());
                    let verdict = paper.zip(tolerance).map(|(p, tolerance)| match (mean - p).abs() {
                        _ if seeds < 2 => Verdict::Undecided,
                        off if off + half <= tolerance => Verdict::Agrees,
                        off if off - half > tolerance => Verdict::Differs,
                        _ => Verdict::Undecided,
                    });
                    let unit = if row.metric.starts_with("accuracy") {
                        "%"
                    } else if row.metric == "rate" {
                        "nats"
                    } else {
                        ""
                    };
                    let better = match row.metric.as_str() {
                        "rate" => Direction::Neither,
                        metric if metric.starts_with("accuracy") => Direction::Higher,
                        _ => Direction::Lower,
                    };
                    let slice = corruption(&row.metric);
                    let measurement = Measurement::new("entry", row.metric.clone(), protocol.into(), unit)
                        .sized(2_000)
                        .better(better)
                        .of_slice(slice.clone())
                        .noted(missing.map(String::from));
                    summary.push(SummaryRow {
                        target: target.clone(),
                        dataset: "digits".into(),
                        model: "wae_conv, width 16, code 8".into(),
                        method: method.into(),
                        entry: "entry".into(),
                        metric: row.metric.clone(),
                        protocol: protocol.into(),
                        unit: unit.into(),
                        direction: better,
                        slice: slice.clone(),
                        mean: exists.then_some(mean),
                        interval: (exists && seeds > 1).then_some([mean - half, mean + half]),
                        seeds: if exists { seeds as usize } else { 0 },
                        paper_dataset: Some(row.dataset.clone().unwrap_or(about.dataset.clone())),
                        stand_in: false,
                        paper,
                        paper_certainty: paper.map(|_| about.certainty),
                        difference: paper.filter(|_| exists).map(|p| mean - p),
                        tolerance,
                        verdict: verdict.filter(|_| exists),
                        kind: Kind::Estimate,
                        doubts: Vec::new(),
                        note: missing.map(Into::into),
                    });
                    for (seed, value) in (0..seeds).zip(values) {
                        let run = experiment.runs.iter().find(|run| run.record.spec.method == method && run.record.spec.seed == seed);
                        let Some(RunView { record, .. }) = run else { continue };
                        cells.push(Cell {
                            target: target.clone(),
                            dataset: "digits".into(),
                            model: "wae_conv, width 16, code 8".into(),
                            method: method.into(),
                            seed,
                            measurement: measurement.clone().valued(exists.then_some(value), None),
                            paper_dataset: Some(row.dataset.clone().unwrap_or(about.dataset.clone())),
                            stand_in: false,
                            paper,
                            paper_certainty: paper.map(|_| about.certainty),
                            tolerance,
                            spec_sha256: record.spec_sha256.clone(),
                            data_sha256: record.data_sha256.clone(),
                            weights_sha256: record.weights_sha256.clone(),
                            git_commit: record.git_commit.clone(),
                            device: record.device.clone(),
                            seconds: record.training_seconds,
                        });
                    }
                }
            }
        }
    }
    derived(&mut cells, &mut summary);
    (cells, summary)
}

/// A claim that holds on even seeds, and values that stand for no table of the paper.
fn derived(cells: &mut Vec<Cell>, summary: &mut Vec<SummaryRow>) {
    let claim = |target: &str, method: &str, metric: &str| (target, method, metric) == ("table3", "vimae_n", "accuracy.mask_0_5");
    let note = Some("The ELBO's codes lose more under masks than VIMAE-n's: undecided".to_owned());
    let (mut more, mut means) = (Vec::new(), Vec::new());
    for cell in cells.iter().filter(|cell| cell.paper.is_some() && claim(&cell.target, &cell.method, &cell.measurement.metric)) {
        let value = Some(1.0 - (cell.seed % 2) as f64);
        let measurement =
            Measurement { entry: "claim".into(), metric: "claim.mask".into(), value, note: note.clone(), ..cell.measurement.clone() };
        more.push(Cell { measurement, paper: None, tolerance: None, ..cell.clone() });
    }
    for row in summary.iter().filter(|row| row.paper.is_some() && claim(&row.target, &row.method, &row.metric)) {
        let mean = more.iter().filter_map(|cell| cell.measurement.value).sum::<f64>() / more.len().max(1) as f64;
        means.push(SummaryRow {
            entry: "claim".into(),
            metric: "claim.mask".into(),
            mean: Some(mean),
            interval: None,
            paper: None,
            verdict: None,
            note: note.clone(),
            ..row.clone()
        });
    }
    let own = |target: &str| target == "figure6";
    more.extend(cells.iter().filter(|cell| own(&cell.target)).map(|cell| Cell { target: "made_up".into(), paper: None, ..cell.clone() }));
    let row = |row: &SummaryRow| SummaryRow { target: "made_up".into(), paper: None, verdict: None, difference: None, ..row.clone() };
    means.extend(summary.iter().filter(|row| own(&row.target)).map(row));
    cells.extend(more);
    summary.extend(means);
}

/// What became of the claim that a row of the summary is of.
pub(super) fn claim(row: &SummaryRow) -> Option<ClaimVerdict> {
    (row.entry == "claim").then(|| ClaimVerdict {
        target: row.target.clone(),
        dataset: row.dataset.clone(),
        paper_dataset: row.paper_dataset.clone(),
        stand_in: false,
        claim: "mask".into(),
        text: "The ELBO's codes lose more under masks than VIMAE-n's".into(),
        quantity: "accuracy.mask_0_5".into(),
        unit: "percent".into(),
        protocol: row.protocol.clone(),
        method: row.method.clone(),
        rivals: Vec::new(),
        seeds: row.seeds,
        held: row.seeds.div_ceil(2),
        share: [0.1, 0.9],
        hardest: Some("beta_h_vae".into()),
        p: Some(0.3),
        p_holm: Some(0.3),
        p_against: Some(0.9),
        p_against_holm: Some(0.9),
        decision: Decision::Undecided,
        words: "undecided: better by 2.1 percentage points than beta_h_vae; fewer than 5 seeds decide nothing".into(),
    })
}

/// The corruption that the name of an accuracy in the paper's targets stands for.
fn corruption(metric: &str) -> Option<Slice> {
    let (name, strength) = metric.strip_prefix("accuracy.")?.split_once('_')?;
    Some(Slice::Corruption { name: name.into(), strength: strength.replace('_', ".").parse().ok()? })
}
