//! Against SciPy: `golden/make.py` makes `golden/golden.json`, from made-up values and from kept results.
#![expect(clippy::unwrap_used, reason = "what fails here fails the test")]

use rand::SeedableRng;
use rand_chacha::ChaCha8Rng;
use serde_json::Value;
use vimae_statistics::{bootstrap, holm, sign_flip, student, wilson};

const GOLDEN: &str = include_str!("golden/golden.json");

fn cases(of: &str) -> Vec<Value> {
    let all: Value = serde_json::from_str(GOLDEN).unwrap();
    let cases = all[of].as_array().unwrap().clone();
    assert!(cases.len() > 2, "{of}");
    cases
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(|v| v.as_f64().unwrap()).collect()
}

/// To 1e-12 of the larger size.
#[track_caller]
fn near(found: f64, expected: f64, case: &Value) {
    assert!((found - expected).abs() <= 1e-12 * expected.abs().max(1.0), "{found} for {expected}: {case}");
}

#[test]
fn student_is_scipys() {
    for case in cases("student") {
        let values = numbers(&case["values"]);
        let (test, interval) = (student::test(&values).unwrap(), student::interval(&values).unwrap());
        for (found, expected) in interval.into_iter().zip(numbers(&case["interval"])) {
            near(found, expected, &case);
        }
        for (found, name) in [(test.t, "t"), (test.two_sided(), "p"), (test.above, "above"), (test.below, "below")] {
            near(found, case[name].as_f64().unwrap(), &case);
        }
    }
}

#[test]
fn paired_tests_are_scipys() {
    for case in cases("paired") {
        let pairs: Vec<[f64; 2]> = numbers(&case["a"]).into_iter().zip(numbers(&case["b"])).map(|(a, b)| [a, b]).collect();
        let test = student::paired_test(&pairs).unwrap();
        near(test.t, case["t"].as_f64().unwrap(), &case);
        near(test.two_sided(), case["p"].as_f64().unwrap(), &case);
    }
}

#[test]
fn wilson_is_scipys() {
    for case in cases("wilson") {
        let of = |name: &str| case[name].as_u64().unwrap() as usize;
        let found = wilson::interval(of("count"), of("of")).unwrap();
        for (found, expected) in found.into_iter().zip(numbers(&case["interval"])) {
            near(found, expected, &case);
        }
    }
}

#[test]
fn sign_flips_are_scipys() {
    for case in cases("sign_flip") {
        let found = sign_flip::test(&numbers(&case["values"]), &mut ChaCha8Rng::seed_from_u64(0)).unwrap();
        assert!(found.exact);
        near(found.p, case["p"].as_f64().unwrap(), &case);
    }
}

#[test]
fn holm_is_as_written_out() {
    for case in cases("holm") {
        let p: Vec<Option<f64>> = numbers(&case["p"]).into_iter().map(Some).collect();
        for (found, expected) in holm(&p).into_iter().zip(numbers(&case["corrected"])) {
            near(found.unwrap(), expected, &case);
        }
    }
}

/// Every way to draw `n` values from `n`, in the order of `itertools.product`.
fn every(n: usize) -> impl Iterator<Item = Vec<usize>> {
    (0..n.pow(n as u32)).map(move |index| (0..n).rev().map(|place| index / n.pow(place as u32) % n).collect())
}

/// The generator of `make.py`.
fn drawn(count: usize, n: usize) -> impl Iterator<Item = Vec<usize>> {
    let mut state = 12_345_u32;
    let mut place = move || {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (state >> 16) as usize % n
    };
    (0..count).map(move |_| (0..n).map(|_| place()).collect())
}

#[test]
fn the_bootstrap_is_as_written_out() {
    for case in cases("bootstrap_t") {
        let values = numbers(&case["values"]);
        let found = match case["every"].as_bool().unwrap() {
            true => bootstrap::of_resamples(&values, every(values.len())),
            false => bootstrap::of_resamples(&values, drawn(2_000, values.len())),
        };
        for (found, expected) in found.unwrap().into_iter().zip(numbers(&case["interval"])) {
            near(found, expected, &case);
        }
    }
}
