//! Comparisons of made-up cells: pairs, intervals, verdicts beside the paper.

use super::*;
use crate::{cells, cells::tests::record, summary::over_seeds};

fn near(a: f64, b: f64, by: f64) -> bool {
    (a - b).abs() <= by
}

fn cells_of(values: &[(&str, u64, f64)]) -> Vec<Cell> {
    let cell = |(method, seed, value): &(&str, u64, f64)| {
        let record = record(method, *seed, "rate", *value);
        cells::bare("t", &record, &record.measurements[0])
    };
    values.iter().map(cell).collect()
}

fn compared(cells: &[Cell]) -> Comparisons {
    of(cells, &over_seeds(cells), Vec::new())
}

#[test]
fn methods_meet_on_the_seeds_that_both_have() {
    let mut cells = cells_of(&[("a", 0, 5.0), ("a", 1, 6.0), ("a", 2, 9.0), ("b", 1, 5.5), ("b", 2, 7.0), ("c", 7, 1.0)]);
    // A claim is no value to compare, and neither is a p.
    let claim = Measurement { entry: "claim".into(), metric: "claim.best".into(), ..cells[0].measurement.clone() };
    let p = Measurement { metric: "p".into(), kind: vimae_spec::Kind::PValue, ..cells[0].measurement.clone() };
    for measurement in [claim, p] {
        cells.extend([0, 3].map(|of| Cell { measurement: measurement.clone(), ..cells[of].clone() }));
    }
    let found = compared(&cells);
    assert_eq!(found.pairs.len(), 1);
    let pair = &found.pairs[0];
    assert_eq!((pair.method.as_str(), pair.other.as_str(), pair.n, pair.difference), ("a", "b", 2, 1.25));
    // Differences 0.5 and 2.0: t = 1.25 / 0.75, interval 1.25 -+ 12.7062 x 0.75.
    let [low, high] = pair.interval.unwrap();
    assert!(near(low, -8.2797, 1e-3) && near(high, 10.7797, 1e-3) && near(pair.t.unwrap(), 5.0 / 3.0, 1e-12));
    assert_eq!((pair.p_permutation, pair.p_permutation_floor, pair.p_t_holm), (Some(0.5), Some(0.5), pair.p_t));
    // Two seeds cannot bring the permutation p to 0.05.
    assert_eq!((pair.p_permutation_holm, found.intervals.len()), (None, 0));
}

#[test]
fn cells_that_stand_for_different_data_sets_of_the_paper_do_not_replace_one_another() {
    let stand_for = |name: &str, by: f64| -> Vec<Cell> {
        let cells = cells_of(&[("a", 0, 5.0 + by), ("b", 0, 6.0)]);
        cells.into_iter().map(|cell| Cell { paper_dataset: Some(name.into()), paper: Some(1.0), tolerance: Some(0.1), ..cell }).collect()
    };
    let found = compared(&[stand_for("mnist", 0.0), stand_for("omniglot", 1.0)].concat());
    let pairs: Vec<_> = found.pairs.iter().map(|p| (p.paper_dataset.as_deref().unwrap(), p.difference)).collect();
    assert_eq!(pairs, [("mnist", -1.0), ("omniglot", 0.0)]);
    assert_eq!(
        found.verdicts.iter().map(|v| v.paper_dataset.as_deref().unwrap()).collect::<Vec<_>>(),
        ["mnist", "mnist", "omniglot", "omniglot"]
    );
}

#[test]
fn methods_that_saw_other_images_of_a_data_set_are_no_pair() {
    let mut cells = cells_of(&[("a", 0, 5.0), ("b", 0, 6.0), ("c", 0, 7.0)]);
    cells[2].data_sha256 = "binary".into();
    let found = compared(&cells);
    assert_eq!(found.pairs.iter().map(|pair| (pair.method.as_str(), pair.other.as_str())).collect::<Vec<_>>(), [("a", "b")]);
}

#[test]
fn methods_that_differ_by_the_same_on_every_seed_have_no_t_test() {
    let printed = [(97.3, 97.2), (96.8, 96.7), (95.9, 95.8), (97.7, 97.6), (96.2, 96.1)];
    let values: Vec<_> = (0..).zip(printed).flat_map(|(seed, (a, b))| [("a", seed, a), ("b", seed, b)]).collect();
    let found = compared(&cells_of(&values));
    let pair = &found.pairs[0];
    assert_eq!((pair.n, pair.interval, pair.t, pair.p_t, pair.p_t_holm), (5, None, None, None, None));
    assert!(near(pair.difference, 0.1, 1e-9));
}

#[test]
fn ten_seeds_have_a_bootstrap_and_a_permutation_p_that_can_say_something() {
    let values: Vec<_> =
        (0..10).flat_map(|seed| [("a", seed, 3.0 + (seed % 4) as f64), ("b", seed, 2.0 + (seed % 3) as f64 / 4.0)]).collect();
    let found = compared(&cells_of(&values));
    assert_eq!(found.intervals.iter().map(|i| i.method.as_str()).collect::<Vec<_>>(), ["a", "b"]);
    assert!(found.intervals.iter().all(|i| i.interval[0] < i.mean && i.mean < i.interval[1]));
    assert_eq!(found.pairs[0].p_permutation_holm, found.pairs[0].p_permutation);
    assert_eq!(found, compared(&cells_of(&values)));
}

#[test]
fn many_methods_meet_the_first_alone() {
    let names = ["a", "b", "c", "d", "e", "f", "g"];
    let all = |n: usize| {
        let values: Vec<_> = names[..n].iter().enumerate().flat_map(|(i, m)| [(*m, 0, i as f64), (*m, 1, 2.5 * i as f64)]).collect();
        compared(&cells_of(&values)).pairs
    };
    assert_eq!((all(6).len(), all(7).len()), (15, 6));
    assert!(all(7).iter().all(|pair| pair.method == "a"));
    // Six pairs are corrected together.
    let pairs = all(7);
    let least = pairs.iter().filter_map(|p| p.p_t).fold(f64::INFINITY, f64::min);
    assert!(pairs.iter().any(|p| near(p.p_t_holm.unwrap(), (6.0 * least).min(1.0), 1e-12)));
}

#[test]
fn a_verdict_says_how_a_mean_stands_beside_the_paper() {
    let beside = |values: &[f64], paper: f64| {
        let mut cells = cells_of(&values.iter().enumerate().map(|(i, v)| ("a", i as u64, *v)).collect::<Vec<_>>());
        for cell in &mut cells {
            (cell.paper, cell.tolerance) = (Some(paper), Some(1.0));
        }
        compared(&cells).verdicts.remove(0)
    };
    assert_eq!(beside(&[2.0, 2.1, 1.9], 2.5).verdict, Verdict::Agrees);
    let alone = beside(&[2.0], 4.0);
    assert_eq!((alone.verdict, alone.difference, alone.relative), (Verdict::Undecided, -2.0, Some(-0.5)));
    assert_eq!(alone.words, "undecided: 2.0000 over 1 seed, no interval, beside 4 ± 1, by -2.0000 (-50.0 %)");
}
