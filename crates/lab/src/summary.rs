//! Cells over their seeds.

use std::collections::{BTreeMap, BTreeSet};

use vimae_report::probability;
use vimae_spec::{Cell, CellKey, Doubt, Expectation, Kind, PaperClaim, SummaryRow};
use vimae_statistics::{student, verdict, wilson};

/// Leaves one value for each run and key: two experiments may contain the same run and stand for the same target.
pub(crate) fn once(cells: &mut Vec<Cell>) {
    let mut seen = BTreeSet::new();
    cells.retain(|cell| seen.insert((cell.spec_sha256.clone(), cell.key())));
}

/// One row for each target, data set, data set of the paper that it stands for, method, metric and protocol, in the order
/// of their first cell. A seed counts once.
pub(crate) fn over_seeds(cells: &[Cell]) -> Vec<SummaryRow> {
    let mut groups: BTreeMap<CellKey, (usize, Vec<&Cell>)> = BTreeMap::new();
    for (index, cell) in cells.iter().enumerate() {
        let (_, group) = groups.entry(cell.key()).or_insert_with(|| (index, Vec::new()));
        match group.iter_mut().find(|known| known.seed == cell.seed) {
            Some(known) if known.measurement.value.is_none() => *known = cell,
            Some(_) => {}
            None => group.push(cell),
        }
    }
    let mut groups: Vec<_> = groups.into_values().collect();
    groups.sort_by_key(|(first, _)| *first);
    groups.into_iter().filter_map(|(_, cells)| row(&cells)).collect()
}

/// Whether an entry says that something holds, 1 or 0 a seed, rather than how much of it there is.
pub(crate) fn decided(entry: &str) -> bool {
    entry == PaperClaim::ENTRY || entry == Expectation::ENTRY
}

fn row(cells: &[&Cell]) -> Option<SummaryRow> {
    let first = cells.first()?;
    let measurement = &first.measurement;
    let values: Vec<f64> = cells.iter().filter_map(|c| c.measurement.value).collect();
    // No p is averaged.
    let several_p = measurement.kind == Kind::PValue && values.len() > 1;
    let mean = (!values.is_empty() && !several_p).then(|| values.iter().sum::<f64>() / values.len() as f64);
    let interval = if decided(&measurement.entry) {
        let held = values.iter().filter(|v| **v == 1.0).count();
        wilson::interval(held, values.len()).filter(|_| values.len() > 1)
    } else {
        student::interval(&values).filter(|_| measurement.kind.compares())
    };
    let judged = interval.filter(|_| !first.stand_in);
    let stands = || Some(verdict(judged, first.paper?, first.tolerance?)).filter(|_| mean.is_some());
    let each = || values.iter().map(|p| probability(*p)).collect::<Vec<_>>().join(", ");
    let with_value = cells.iter().map(|cell| &cell.measurement).filter(|measurement| measurement.value.is_some());
    Some(SummaryRow {
        target: first.target.clone(),
        dataset: first.dataset.clone(),
        model: first.model.clone(),
        method: first.method.clone(),
        entry: measurement.entry.clone(),
        metric: measurement.metric.clone(),
        protocol: measurement.protocol.clone(),
        unit: measurement.unit.clone(),
        direction: measurement.direction,
        kind: measurement.kind,
        slice: measurement.slice.clone(),
        mean,
        interval,
        seeds: values.len(),
        paper_dataset: first.paper_dataset.clone(),
        stand_in: first.stand_in,
        paper: first.paper,
        paper_certainty: first.paper_certainty,
        difference: mean.zip(first.paper).map(|(mean, paper)| mean - paper),
        tolerance: first.tolerance,
        verdict: stands(),
        doubts: Doubt::of_mean(with_value.map(|measurement| measurement.doubts.as_slice())),
        note: if several_p { Some(format!("p on each seed, which are not averaged: {}", each())) } else { measurement.note.clone() },
    })
}

#[cfg(test)]
mod tests {
    use vimae_spec::Verdict;

    use super::*;
    use crate::{cells, cells::tests::record};

    fn of(values: &[f64], with: impl Fn(&mut Cell)) -> SummaryRow {
        let cell = |(seed, value): (usize, &f64)| {
            let record = record("a", seed as u64, "rate", *value);
            let mut cell = cells::bare("t", &record, &record.measurements[0]);
            with(&mut cell);
            cell
        };
        over_seeds(&values.iter().enumerate().map(cell).collect::<Vec<_>>()).remove(0)
    }

    #[test]
    fn a_mean_agrees_differs_or_says_nothing() {
        let beside = |values: &[f64]| of(values, |cell| (cell.paper, cell.tolerance) = (Some(10.0), Some(0.5))).verdict;
        assert_eq!(beside(&[10.1, 9.9, 10.0, 10.2, 9.8]), Some(Verdict::Agrees));
        assert_eq!(beside(&[12.1, 11.9, 12.0]), Some(Verdict::Differs));
        // Noise does not help, and one seed is no interval, however near.
        assert_eq!(beside(&[2.0, 18.0]), Some(Verdict::Undecided));
        assert_eq!(beside(&[10.0]), Some(Verdict::Undecided));
        let stand_in =
            of(&[10.1, 9.9, 10.0, 10.2, 9.8], |cell| (cell.paper, cell.tolerance, cell.stand_in) = (Some(10.0), Some(0.5), true));
        assert_eq!((stand_in.verdict, stand_in.stand_in, stand_in.interval.is_some()), (Some(Verdict::Undecided), true, true));
        assert_eq!(of(&[10.0, 11.0], |_| {}).verdict, None);
    }

    #[test]
    fn shares_of_seeds_have_wilsons_interval_and_never_a_verdict() {
        let row = of(&[1.0, 1.0, 0.0, 1.0, 0.0], |cell| cell.measurement.entry = PaperClaim::ENTRY.into());
        let [low, high] = row.interval.unwrap();
        assert!((low - 0.2307).abs() < 1e-3 && (high - 0.8824).abs() < 1e-3, "{low} {high}");
        assert_eq!((row.mean, row.verdict), (Some(0.6), None));
        for entry in [PaperClaim::ENTRY, Expectation::ENTRY] {
            let one = of(&[1.0], |cell| cell.measurement.entry = entry.into());
            assert_eq!((one.mean, one.interval, one.seeds), (Some(1.0), None, 1), "{entry}");
        }
    }

    #[test]
    fn a_seed_counts_once_however_many_experiments_have_it() {
        let values = [1.0, 2.0, 4.0];
        let alone = of(&values, |_| {});
        assert_eq!(of(&[values, values].concat(), |cell| cell.seed %= 3), alone);
        // A value in the place of none.
        let one = |value| {
            let record = record("a", 0, "rate", 1.0);
            let mut cell = cells::bare("t", &record, &record.measurements[0]);
            cell.measurement.value = value;
            cell
        };
        let rows = over_seeds(&[one(None), one(Some(3.0)), one(Some(5.0))]);
        assert_eq!((rows.len(), rows[0].mean, rows[0].seeds), (1, Some(3.0), 1));

        let mut all = vec![one(Some(3.0)), one(Some(3.0)), Cell { target: "u".into(), ..one(Some(3.0)) }];
        all.push(Cell { spec_sha256: "other".into(), ..one(Some(4.0)) });
        once(&mut all);
        let left: Vec<_> = all.iter().map(|cell| (cell.target.as_str(), cell.measurement.value)).collect();
        assert_eq!(left, [("t", Some(3.0)), ("u", Some(3.0)), ("t", Some(4.0))]);
    }

    #[test]
    fn constants_have_no_interval_and_p_values_no_mean() {
        let constant = of(&[5.5, 5.5], |_| {});
        assert_eq!((constant.mean, constant.interval), (Some(5.5), None));
        let p = of(&[0.5, 0.000_4], |cell| cell.measurement.kind = Kind::PValue);
        assert_eq!((p.mean, p.interval, p.seeds), (None, None, 2));
        assert_eq!(p.note.as_deref(), Some("p on each seed, which are not averaged: 0.500, < 0.001"));
        assert_eq!(of(&[0.5], |cell| cell.measurement.kind = Kind::PValue).mean, Some(0.5));
    }
}
