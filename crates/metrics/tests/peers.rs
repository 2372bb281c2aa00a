//! What other tools count by their own conventions, by the settings here that name these: `golden/peers.py` ran the tools.
#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "a test may fail where it stands")]

use serde_json::Value;
use vimae_metrics::{
    features::{Features, Logits, Source},
    inception_score::{Splits, inception_score},
    kid::{Subsets, by_subsets},
    prdc::{Balls, prdc},
};

fn answers() -> Value {
    serde_json::from_str(include_str!("golden/peers.json")).unwrap()
}

/// The numbers of a table, and how many a row has.
fn table(value: &Value) -> (Vec<f32>, usize) {
    let rows: Vec<Vec<f32>> =
        value.as_array().unwrap().iter().map(|row| row.as_array().unwrap().iter().map(|v| v.as_f64().unwrap() as f32).collect()).collect();
    (rows.concat(), rows[0].len())
}

fn features(answers: &Value, name: &str) -> Features {
    let (values, size) = table(&answers[name]);
    Features::new(Source::new("rule", "00"), name, size, values, None).unwrap()
}

fn whole(value: &Value) -> usize {
    usize::try_from(value.as_u64().unwrap()).unwrap()
}

#[test]
fn open_balls_are_those_of_prdc_and_closed_ones_those_of_torch_fidelity() {
    let answers = answers();
    let real = features(&answers, "real");
    let cases = answers["shares"].as_array().unwrap();
    assert_eq!(cases.len(), 8);
    for case in cases {
        let balls = if case["balls"] == "open" { Balls::Open } else { Balls::Closed };
        assert_eq!(balls.name(), (balls == Balls::Open).then_some("open"));
        let of = features(&answers, case["of"].as_str().unwrap());
        let found = prdc(&real, &of, &[whole(&case["k"])], balls).unwrap()[0];
        let shares = [("precision", found.precision), ("recall", found.recall), ("density", found.density), ("coverage", found.coverage)];
        for (share, ours) in shares {
            if let Some(theirs) = case[share].as_f64() {
                assert!((ours - theirs).abs() < 1e-7, "{share}: {ours}, not {case}");
            }
        }
    }
    // A set with itself: every ball holds its image and k others where closed, one less where open.
    let density = |balls| prdc(&real, &real, &[5], balls).unwrap()[0].density;
    assert!(density(Balls::Closed) >= 1.2 && density(Balls::Open) <= 1.0, "ties add to closed balls and take from open ones");
}

#[test]
fn kid_over_subsets_is_that_of_clean_fid_and_torch_fidelity() {
    let answers = answers();
    let (real, generated) = (features(&answers, "real"), features(&answers, "generated"));
    let cases = answers["kid"].as_array().unwrap();
    assert_eq!(cases.len(), 4);
    for case in cases {
        let subsets = Subsets { count: whole(&case["count"]), size: whole(&case["size"]) };
        let (mean, deviation) = by_subsets(&real, &generated, subsets, 0).unwrap();
        let theirs = case["value"].as_f64().unwrap();
        // Each tool draws its own subsets; of all images there is one alone.
        let within = if subsets.size == real.count() { 1e-12 } else { 4.0 * deviation * (2.0 / subsets.count as f64).sqrt() };
        assert!((mean - theirs).abs() < within, "{mean}, not {case}: more than {within} apart");
        if let (Some(theirs), true) = (case["deviation"].as_f64(), subsets.count > 1) {
            assert!((deviation / theirs - 1.0).abs() < 0.15, "{deviation}, not {case}");
        }
    }
}

#[test]
fn the_inception_score_has_the_splits_and_deviation_of_torch_fidelity_and_torchmetrics() {
    let answers = answers();
    let (values, classes) = table(&answers["logits"]);
    let logits = Logits { classes, values };
    let cases = answers["scores"].as_array().unwrap();
    assert_eq!(cases.len(), 6);
    for case in cases {
        let found = inception_score(&logits, Splits { count: whole(&case["splits"]), ddof: whole(&case["ddof"]) }).unwrap();
        assert!((found.value - case["value"].as_f64().unwrap()).abs() < 1e-9, "{found:?}, not {case}");
        match (found.deviation, case["deviation"].as_f64()) {
            (Some(ours), Some(theirs)) => assert!((ours - theirs).abs() < 1e-9, "{ours}, not {case}"),
            (ours, theirs) => assert_eq!(ours, theirs),
        }
    }
}
