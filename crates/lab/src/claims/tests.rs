//! Claims on made-up seeds: which hold, which do not, and which seeds cannot decide.

use std::path::Path;

use super::*;

fn cell(method: &str, seed: u64, metric: &str, protocol: &str, value: f64) -> Cell {
    Cell {
        target: "table3".into(),
        model: String::new(),
        dataset: "mnist".into(),
        method: method.into(),
        seed,
        measurement: Measurement::new("accuracy", metric, protocol.into(), "percent")
            .valued(value, None)
            .sized(10)
            .better(Direction::Higher),
        paper_dataset: Some("mnist".into()),
        stand_in: false,
        paper: None,
        paper_certainty: None,
        tolerance: None,
        spec_sha256: format!("{method}{seed}"),
        data_sha256: String::new(),
        weights_sha256: String::new(),
        git_commit: String::new(),
        device: String::new(),
        seconds: 0.0,
    }
}

fn paper(quantity: &str) -> Paper {
    let text = format!(
        r#"
        [table3]
        title = "t"
        dataset = "mnist"
        [[table3.claims]]
        name = "robust"
        text = "l is the most robust"
        quantity = {quantity}
        metrics = ["a", "b"]
        protocols = ["near", "far"]
        best = "l"
        than = ["vae", "n"]
    "#
    );
    Paper::parse(&text, Path::new("targets.toml")).unwrap()
}

/// Cells of l, vae and n whose mean of both metrics is the value given for each seed.
fn cells(values: &[[f64; 3]]) -> Vec<Cell> {
    let mut cells = Vec::new();
    for (seed, values) in (0..).zip(values) {
        for (method, value) in ["l", "vae", "n"].into_iter().zip(values) {
            cells.push(cell(method, seed, "a", "far", value - 1.0));
            cells.push(cell(method, seed, "b", "far", value + 1.0));
            cells.push(cell(method, seed, "clean", "far", 20.0 - value));
        }
    }
    cells
}

const CLEAR: [[f64; 3]; 5] = [[9.0, 3.0, 4.0], [9.5, 2.0, 4.0], [9.0, 3.0, 4.4], [9.2, 2.5, 4.1], [9.1, 2.8, 3.8]];

#[test]
fn a_claim_holds_on_seeds_and_is_decided_over_them() {
    let mut cells = cells(&CLEAR);
    // A protocol that comes first, but not for all methods.
    cells.push(cell("l", 1, "a", "near", 0.0));
    let found = of(&cells, &paper("\"mean\""));
    let verdict = &found.verdicts[0];
    assert_eq!((verdict.decision, verdict.held, verdict.seeds, verdict.hardest.as_deref()), (Decision::Holds, 5, 5, Some("vae")));
    assert_eq!((verdict.protocol.to_string().as_str(), verdict.paper_dataset.as_deref()), ("far", Some("mnist")));
    // The rival with the larger difference is the harder one, for its noise; one claim alone needs no correction.
    assert!(verdict.rivals[0].better_by > verdict.rivals[1].better_by);
    assert_eq!((verdict.p, verdict.p_holm), (verdict.rivals[0].p, verdict.p));
    assert!(found.cells.iter().all(|c| c.measurement.metric == "claim.robust" && c.measurement.value == Some(1.0)));
    assert!(found.cells.iter().all(|c| c.method == "l" && c.paper_dataset.as_deref() == Some("mnist") && c.paper.is_none()));
    assert_eq!(found.cells[1].spec_sha256, "l1");
    let words = "holds: on 5 of 5 seeds (95 % interval 57 to 100 %); by mean of a and b, better by 6.50 percentage points than vae, the rival with the largest p: < 0.001, one-sided, < 0.001 by Holm over 1 claim";
    assert_eq!(verdict.words, words);
}

#[test]
fn few_seeds_decide_nothing_and_noise_as_little() {
    let four = of(&cells(&CLEAR[..4]), &paper("\"mean\"")).verdicts.remove(0);
    assert_eq!((four.decision, four.held), (Decision::Undecided, 4));
    assert!(four.words.ends_with("fewer than 5 seeds decide nothing"), "{}", four.words);
    // Nor do other images, however many seeds.
    let other = cells(&CLEAR).into_iter().map(|cell| Cell { stand_in: true, ..cell });
    let other = of(&other.collect::<Vec<_>>(), &paper("\"mean\"")).verdicts.remove(0);
    assert_eq!((other.decision, other.held, other.stand_in), (Decision::Undecided, 5, true));
    assert!(other.words.ends_with("than vae; other images than the paper's, or a part of them, decide nothing"), "{}", other.words);
    let noisy = [[5.0, 3.0, 4.0], [6.0, 2.0, 9.0], [4.0, 3.0, 1.0], [8.0, 3.0, 9.0], [5.0, 1.0, 4.0]];
    let noisy = of(&cells(&noisy), &paper("\"mean\"")).verdicts.remove(0);
    assert_eq!((noisy.decision, noisy.held), (Decision::Undecided, 3));
    // One seed of five against it makes 60 %, and that of nothing near a certainty.
    assert!(noisy.share[0] < 0.25 && noisy.share[1] > 0.85);
    let worse: Vec<[f64; 3]> = CLEAR.iter().map(|[l, vae, n]| [*n, *vae, *l]).collect();
    let worse = of(&cells(&worse), &paper("\"mean\"")).verdicts.remove(0);
    assert_eq!((worse.decision, worse.held), (Decision::Fails, 0));
    let against = "the p that some rival is better: < 0.001 by Bonferroni over rivals and Holm over 1 claim";
    assert!(worse.words.ends_with(against), "{}", worse.words);
}

#[test]
fn a_difference_that_is_the_same_but_for_rounding_has_no_test() {
    // Better than vae by 0.1 on every seed.
    let printed = [[97.3, 97.2, 50.0], [96.8, 96.7, 51.0], [95.9, 95.8, 49.5], [97.7, 97.6, 50.2], [96.2, 96.1, 49.9]];
    let found = of(&cells(&printed), &paper("\"mean\"")).verdicts.remove(0);
    assert_eq!((found.decision, found.held, found.p), (Decision::Undecided, 5, None));
    assert_eq!((found.rivals[0].interval, found.rivals[0].p), (None, None));
    assert!(found.rivals[1].interval.is_some() && found.rivals[1].p.is_some());
    assert!(found.words.ends_with("a difference is the same on all seeds, and has no test"), "{}", found.words);
}

#[test]
fn a_claim_tests_the_quantity_that_it_states() {
    // l is the worst after the noise, and loses least: before it l has 1, vae 9 and n 8.
    let mut cells = cells(&CLEAR.map(|[l, vae, n]| [vae, n, l]));
    for cell in &mut cells {
        if cell.measurement.metric == "clean" {
            cell.measurement.value = Some(match cell.method.as_str() {
                "l" => 4.0,
                "vae" => 14.0,
                _ => 19.0,
            });
        }
    }
    let decision = |quantity: &str| of(&cells, &paper(quantity)).verdicts[0].decision;
    assert_eq!(decision("\"mean\""), Decision::Fails);
    assert_eq!(decision("{ loss = { from = \"clean\" } }"), Decision::Holds);
    assert_eq!(decision("{ kept = { from = \"clean\" } }"), Decision::Holds);
    let loss = of(&cells, &paper("{ loss = { from = \"clean\" } }")).verdicts.remove(0);
    assert_eq!(loss.quantity, "difference between clean and the mean of a and b");
    assert!(of(&cells, &paper("{ loss = { from = \"unknown\" } }")).verdicts.is_empty());
}

#[test]
fn claims_of_one_table_are_corrected_together_and_data_sets_stay_apart() {
    let mut all = cells(&CLEAR);
    all.extend(cells(&CLEAR).into_iter().map(|cell| Cell {
        paper_dataset: Some("omniglot".into()),
        spec_sha256: format!("omniglot{}", cell.spec_sha256),
        ..cell
    }));
    let found = of(&all, &paper("\"mean\"")).verdicts;
    assert_eq!(found.iter().map(|v| v.paper_dataset.as_deref().unwrap()).collect::<Vec<_>>(), ["mnist", "omniglot"]);
    assert!(found.iter().all(|v| (v.p_holm.unwrap() / v.p.unwrap() - 2.0).abs() < 1e-9));
}

#[test]
fn a_claim_without_all_its_methods_stays_open() {
    let cells = [cell("l", 1, "a", "far", 1.0), cell("l", 1, "b", "far", 1.0), cell("vae", 1, "a", "far", 1.0)];
    assert_eq!(of(&cells, &paper("\"mean\"")), Claims::default());
}
