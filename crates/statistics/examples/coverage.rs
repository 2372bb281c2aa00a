//! How often intervals and verdicts are right, by simulation of the crate's own functions: rows of comma-separated values.
//!
//! `experiments/statistics/coverage.sh` keeps them.

use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use vimae_statistics::{Decision, Verdict, bootstrap, claim, holm, student, verdict, wilson};

/// Made-up sets of each row.
const SETS: usize = 2_000;

#[expect(clippy::print_stdout, reason = "an example that writes a table")]
fn row(what: &str, law: &str, n: usize, sets: usize, count: usize) {
    println!("{what},{law},{n},{sets},{:.4}", count as f64 / sets as f64);
}

#[expect(clippy::print_stdout, reason = "an example that writes a table")]
fn main() {
    println!("what,of,n,sets,share");
    let mut rng = ChaCha8Rng::seed_from_u64(20_261_128);
    intervals(&mut rng);
    shares(&mut rng);
    claims(&mut rng);
    verdicts(&mut rng);
}

fn normal(rng: &mut ChaCha8Rng, n: usize) -> Vec<f64> {
    (0..n).map(|_| rng.sample(StandardNormal)).collect()
}

/// The share of 95 % intervals that hold the true mean of 0.
fn intervals(rng: &mut ChaCha8Rng) {
    type Law = (&'static str, fn(f64) -> f64);
    // The exponential of a normal value has the mean sqrt(e), and is as skewed as results over seeds ever are.
    let laws: [Law; 2] = [("normal", |v| v), ("log-normal", |v| v.exp() - 0.5_f64.exp())];
    let holds = |interval: Option<[f64; 2]>| interval.is_some_and(|[low, high]| low <= 0.0 && 0.0 <= high);
    for (name, law) in laws {
        for n in [2, 3, 5, 10, 20] {
            let (mut by_student, mut by_bootstrap, mut by_percentiles) = (0, 0, 0);
            for _ in 0..SETS {
                let values: Vec<f64> = normal(rng, n).into_iter().map(law).collect();
                by_student += usize::from(holds(student::interval(&values)));
                by_bootstrap += usize::from(holds(bootstrap::interval(&values, rng)));
                by_percentiles += usize::from(holds(percentiles(&values, rng)));
            }
            row("interval: Student", name, n, SETS, by_student);
            if n >= bootstrap::FEWEST {
                row("interval: bootstrap-t", name, n, SETS, by_bootstrap);
            }
            row("interval: percentile bootstrap (not used)", name, n, SETS, by_percentiles);
        }
    }
}

/// What this project used before: quantiles of resampled means.
fn percentiles(values: &[f64], rng: &mut ChaCha8Rng) -> Option<[f64; 2]> {
    let n = values.len();
    let mut means: Vec<f64> = (0..999).map(|_| (0..n).filter_map(|_| values.get(rng.random_range(0..n))).sum::<f64>() / n as f64).collect();
    means.sort_by(f64::total_cmp);
    Some([*means.get(24)?, *means.get(974)?])
}

/// The share of Wilson's intervals that hold the true share.
fn shares(rng: &mut ChaCha8Rng) {
    for n in [5, 10, 100] {
        for share in [0.1, 0.5, 0.8, 0.95] {
            let held = (0..SETS).filter(|_| {
                let count = (0..n).filter(|_| rng.random::<f64>() < share).count();
                wilson::interval(count, n).is_some_and(|[low, high]| low <= share && share <= high)
            });
            let held = held.count();
            row("interval: Wilson", &format!("share {share}"), n, SETS, held);
        }
    }
}

/// The share of claims that are decided, alone and among the three claims of a table. Rivals share the seed's part of the
/// noise with the method, as runs of one seed do.
fn claims(rng: &mut ChaCha8Rng) {
    let test = |rng: &mut ChaCha8Rng, seeds: usize, better: &[f64]| {
        let shared = normal(rng, seeds);
        let own: Vec<f64> = normal(rng, seeds).iter().zip(&shared).map(|(a, b)| a + b).collect();
        let mut rival = |by: f64| normal(rng, seeds).iter().zip(&shared).zip(&own).map(|((a, b), own)| [own + by, a + b]).collect();
        let pairs: Vec<Vec<[f64; 2]>> = better.iter().map(|by| rival(*by)).collect();
        claim::test(&pairs)
    };
    for (what, better) in [
        ("false: four rivals as good", vec![0.0; 4]),
        ("false: one rival as good and three far behind", vec![0.0, 50.0, 50.0, 50.0]),
        ("false: one rival better by 1", vec![-1.0, 50.0, 50.0, 50.0]),
        ("true: four rivals behind by 3", vec![3.0; 4]),
    ] {
        for seeds in [3, 5, 10] {
            let (mut holds, mut fails, mut of_table) = (0, 0, 0);
            for _ in 0..SETS {
                let tests: Vec<_> = (0..3).filter_map(|_| test(rng, seeds, &better)).collect();
                let (p, against) =
                    (holm(&tests.iter().map(|t| t.p).collect::<Vec<_>>()), holm(&tests.iter().map(|t| t.p_against).collect::<Vec<_>>()));
                let alone = tests.first().map(|t| claim::decide(seeds, t.p, t.p_against));
                holds += usize::from(alone == Some(Decision::Holds));
                fails += usize::from(alone == Some(Decision::Fails));
                let decided = p.iter().zip(&against).map(|(p, against)| claim::decide(seeds, *p, *against));
                of_table += usize::from(decided.into_iter().any(|decision| decision == Decision::Holds));
            }
            row("claim holds", what, seeds, SETS, holds);
            row("claim fails", what, seeds, SETS, fails);
            row("any of a table's three claims holds", what, seeds, SETS, of_table);
        }
    }
}

/// The share of verdicts on values with deviation 1 beside a number and a tolerance of 2.
fn verdicts(rng: &mut ChaCha8Rng) {
    for (what, off) in [("equal", 0.0), ("off by the tolerance", 2.0), ("off by twice the tolerance", 4.0)] {
        for seeds in [1, 3, 5, 10] {
            let mut counts = [0; 3];
            for _ in 0..SETS {
                let values: Vec<f64> = normal(rng, seeds).into_iter().map(|v| v + off).collect();
                let place = match verdict(student::interval(&values), 0.0, 2.0) {
                    Verdict::Agrees => 0,
                    Verdict::Differs => 1,
                    Verdict::Undecided => 2,
                };
                if let Some(count) = counts.get_mut(place) {
                    *count += 1;
                }
            }
            for (name, count) in ["agrees", "differs", "undecided"].iter().zip(counts) {
                row(&format!("verdict {name}"), what, seeds, SETS, count);
            }
        }
    }
}
