//! Against SciPy 1.17.1 and numbers by hand.
//!
//! `D5`, `D8` and `D20` are given to `scipy.stats.ttest_1samp(d, 0)` and to `scipy.stats.permutation_test((d,), mean,
//! permutation_type="samples")`, with `n_resamples=inf` for the first two and 200 000 for the last; intervals are those of
//! `scipy.stats.bootstrap((v,), numpy.mean, method="BCa", n_resamples=200000)`, the same for three seeds.

use super::*;
use crate::{cells, cells::tests::record, summary::over_seeds};

const D5: [f64; 5] = [1.2, -0.3, 2.5, 0.8, 1.1];
const D8: [f64; 8] = [0.5, -1.0, 2.0, 3.0, -0.25, 1.5, 0.75, -0.1];
const D20: [f64; 20] = [0.3, -0.2, 0.5, 0.1, 0.7, -0.4, 0.2, 0.6, -0.1, 0.4, 0.8, -0.3, 0.05, 0.35, -0.15, 0.25, 0.45, -0.05, 0.15, 0.55];

fn near(a: f64, b: f64, by: f64) -> bool {
    (a - b).abs() <= by
}

#[test]
fn paired_tests_are_scipys() {
    for (differences, t, p, permutation) in [
        (&D5[..], 2.366_684_687_652_264_7, 0.077_098_930_386_395_47, 0.125),
        (&D8, 1.727_118_407_687_773_2, 0.127_785_355_980_127_55, 0.140_625),
    ] {
        let found = paired::tests("x", differences);
        let (found_t, found_p) = found.t.unwrap();
        assert!(near(found_t, t, 1e-12) && near(found_p, p, 1e-9), "{found:?}");
        assert_eq!((found.permutation, found.exact), (Some(permutation), true));
        // The other way round t turns, both p stay.
        let turned = paired::tests("x", &differences.iter().map(|d| -d).collect::<Vec<_>>());
        assert!(near(turned.t.unwrap().0, -t, 1e-12) && turned.permutation == found.permutation);
    }
    let drawn = paired::tests("x", &D20);
    assert!(
        !drawn.exact && near(drawn.permutation.unwrap(), 0.014_06, 0.005) && near(drawn.t.unwrap().1, 0.012_429_393, 1e-8),
        "{drawn:?}"
    );
    assert_eq!(drawn, paired::tests("x", &D20));
}

#[test]
fn tests_that_do_not_exist_are_absent() {
    let one = paired::tests("x", &[1.0]);
    assert_eq!((one.t, one.permutation), (None, None));
    let same = paired::tests("x", &[2.0, 2.0, 2.0]);
    assert_eq!((same.t, same.permutation), (None, Some(0.25)));
    assert_eq!(paired::tests("x", &[0.0, 0.0]).permutation, Some(1.0));
}

#[test]
fn holms_correction_steps_down() {
    // Sorted 0.005 x 4, 0.01 x 3, 0.03 x 2, and 0.04 may not fall below the one before it.
    let corrected = paired::holm(&[Some(0.01), Some(0.04), None, Some(0.03), Some(0.005)]);
    let expected = [Some(0.03), Some(0.06), None, Some(0.06), Some(0.02)];
    for (found, expected) in corrected.iter().zip(expected) {
        assert_eq!(found.is_some(), expected.is_some());
        assert!(found.zip(expected).is_none_or(|(a, b)| near(a, b, 1e-12)), "{corrected:?}");
    }
    assert_eq!(paired::holm(&[Some(0.7), Some(0.9)]), [Some(1.0), Some(1.0)]);
}

#[test]
fn bootstrap_intervals_are_scipys() {
    // Means of five whole numbers lie 0.2 apart: one step of either end is the resamples' chance.
    let [low, high] = bootstrap::interval("x", &[1.0, 2.0, 4.0, 7.0, 11.0]).unwrap();
    assert!(near(low, 2.4, 0.21) && near(high, 8.8, 0.21), "{low} {high}");
    let [low, high] = bootstrap::interval("x", &[3.1, 2.7, 3.9, 3.3, 2.2, 5.8, 3.0, 2.9, 3.5, 4.1]).unwrap();
    assert!(near(low, 3.01, 0.03) && near(high, 4.26, 0.06), "{low} {high}");
    // Its skewness shows: it reaches further up than down from the mean of 3.45.
    assert!(high - 3.45 > 1.5 * (3.45 - low), "{low} {high}");
    assert_eq!(bootstrap::interval("x", &[2.0, 2.0]), Some([2.0, 2.0]));
    assert_eq!(bootstrap::interval("x", &[2.0]), None);
}

fn cells_of(values: &[(&str, u64, f64)]) -> Vec<Cell> {
    let cell = |(method, seed, value): &(&str, u64, f64)| {
        let record = record(method, *seed, "rate", *value);
        cells::bare("t", &record, &record.measurements[0])
    };
    values.iter().map(cell).collect()
}

#[test]
fn methods_meet_on_the_seeds_that_both_have() {
    let mut cells = cells_of(&[("a", 0, 5.0), ("a", 1, 6.0), ("a", 2, 9.0), ("b", 1, 5.5), ("b", 2, 7.0), ("c", 7, 1.0)]);
    // A claim is no value to compare.
    let claim = vimae_spec::Measurement { entry: "claim".into(), metric: "claim.best".into(), ..cells[0].measurement.clone() };
    cells.push(Cell { measurement: claim, ..cells[0].clone() });
    let found = of(&cells, &over_seeds(&cells));
    assert_eq!(found.pairs.len(), 1);
    let pair = &found.pairs[0];
    assert_eq!((pair.method.as_str(), pair.other.as_str(), pair.n, pair.difference), ("a", "b", 2, 1.25));
    // Differences 0.5 and 2.0: t = 1.25 / 0.75, interval 1.25 -+ 12.7062 x 0.75.
    let [low, high] = pair.interval.unwrap();
    assert!(near(low, -8.2797, 1e-3) && near(high, 10.7797, 1e-3) && near(pair.t.unwrap(), 5.0 / 3.0, 1e-12));
    assert_eq!((pair.p_permutation, pair.p_t_holm), (Some(0.5), pair.p_t));
    assert_eq!(found.intervals.iter().map(|i| i.method.as_str()).collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn many_methods_meet_the_first_alone() {
    let names = ["a", "b", "c", "d", "e", "f", "g"];
    let all = |n: usize| {
        let values: Vec<_> = names[..n].iter().enumerate().flat_map(|(i, m)| [(*m, 0, i as f64), (*m, 1, 2.5 * i as f64)]).collect();
        let cells = cells_of(&values);
        of(&cells, &over_seeds(&cells)).pairs
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
    let standing = |values: &[f64], paper: f64, tolerated: bool| {
        let mut cells = cells_of(&values.iter().enumerate().map(|(i, v)| ("a", i as u64, *v)).collect::<Vec<_>>());
        for cell in &mut cells {
            (cell.paper, cell.inside_tolerance) = (Some(paper), Some(tolerated));
        }
        of(&cells, &over_seeds(&cells)).verdicts.remove(0)
    };
    assert_eq!(standing(&[1.0, 2.0, 3.0], 2.5, false).standing, Standing::InsideInterval);
    assert_eq!(standing(&[1.0], 1.05, true).standing, Standing::InsideTolerance);
    let differs = standing(&[2.0], 4.0, false);
    assert_eq!((differs.standing, differs.difference, differs.relative), (Standing::Differs, -2.0, Some(-0.5)));
    assert_eq!(differs.words, "differs: 2.0000 over 1 seed beside 4, by -2.0000 (-50.0 %)");
}
