//! Claims that one method is better than each of several others.

use serde::{Deserialize, Serialize};

use crate::{FEWEST_SEEDS, LEVEL, student};

/// What became of a claim.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// The method is better than each of the others.
    Holds,
    /// At least one of the others is better.
    Fails,
    /// Too few seeds, or a difference that does not stand out from its noise.
    Undecided,
}

/// The tests of a claim.
#[derive(Debug, Clone, PartialEq)]
pub struct ClaimTest {
    /// Seeds.
    pub seeds: usize,
    /// Seeds on which the method is better than each of the others.
    pub held: usize,
    /// The rival with the largest p, which is the claim's; none where no rival can be tested.
    pub hardest: Option<usize>,
    /// One-sided p of each rival: of as large a mean difference where there is none; none where there is no test.
    pub rivals: Vec<Option<f64>>,
    /// The largest of them (intersection-union test: Berger, "Multiparameter Hypothesis Testing and Acceptance Sampling",
    /// 1982): for a false claim below 0.025 in at most 2.5 % of cases, whichever rival is as good. None where a rival
    /// has none.
    pub p: Option<f64>,
    /// That some rival is better: the least opposite p times the number of rivals, at most 1 (Bonferroni).
    pub p_against: Option<f64>,
}

/// Tests a claim by `pairs`: for each rival, on each seed the value of the method and that of the rival, of which more is
/// better. None without rivals or seeds, and where rivals differ in their number of seeds.
pub fn test(pairs: &[Vec<[f64; 2]>]) -> Option<ClaimTest> {
    let seeds = pairs.first().map(Vec::len).filter(|seeds| *seeds > 0)?;
    if pairs.iter().any(|rival| rival.len() != seeds) {
        return None;
    }
    let held = (0..seeds).filter(|seed| pairs.iter().all(|rival| rival.get(*seed).is_some_and(|[own, other]| own > other))).count();
    let tests: Vec<Option<student::Test>> = pairs.iter().map(|rival| student::paired_test(rival)).collect();
    let rivals: Vec<Option<f64>> = tests.iter().map(|test| test.map(|test| test.above)).collect();
    let known = rivals.iter().enumerate().filter_map(|(i, p)| Some((i, (*p)?)));
    let hardest = known.max_by(|a, b| a.1.total_cmp(&b.1));
    let complete = rivals.iter().all(Option::is_some);
    let opposite = tests.iter().flatten().map(|test| test.below).min_by(f64::total_cmp);
    Some(ClaimTest {
        seeds,
        held,
        hardest: hardest.map(|(rival, _)| rival),
        p: hardest.map(|(_, p)| p).filter(|_| complete),
        p_against: opposite.map(|p| (p * pairs.len() as f64).min(1.0)),
        rivals,
    })
}

/// Decides a claim by both p after one correction over the claims of its table, each way at 2.5 %, so that a wrong decision
/// of either kind is made in at most 5 % of cases. Undecided below [`FEWEST_SEEDS`] seeds.
pub fn decide(seeds: usize, p: Option<f64>, p_against: Option<f64>) -> Decision {
    let small = |p: Option<f64>| seeds >= FEWEST_SEEDS && p.is_some_and(|p| p <= LEVEL / 2.0);
    match (small(p), small(p_against)) {
        (true, false) => Decision::Holds,
        (false, true) => Decision::Fails,
        _ => Decision::Undecided,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FAR: [f64; 5] = [5.0, 5.5, 4.5, 5.2, 4.8];
    const NEAR: [f64; 5] = [0.2, -0.3, 0.4, 0.1, -0.1];

    /// Of a rival that the method is better than by these.
    fn pairs(better_by: &[f64]) -> Vec<[f64; 2]> {
        better_by.iter().map(|by| [*by, 0.0]).collect()
    }

    #[test]
    fn the_hardest_rival_has_the_largest_p_not_the_least_difference() {
        // Less difference on average and less noise: the first is beaten for sure, the second is not.
        let found = test(&[pairs(&[0.10, 0.11, 0.09, 0.10, 0.10]), pairs(&[9.0, -7.0, 8.0, -3.0, 4.0])]).unwrap();
        assert_eq!((found.hardest, found.held, found.seeds), (Some(1), 3, 5));
        assert_eq!(found.p, found.rivals[1]);
    }

    #[test]
    fn a_claim_is_held_refuted_or_open() {
        let decided = |rivals: &[&[f64]]| {
            let found = test(&rivals.iter().map(|better_by| pairs(better_by)).collect::<Vec<_>>()).unwrap();
            decide(found.seeds, found.p, found.p_against)
        };
        let turned = FAR.map(|v| -v);
        assert_eq!(decided(&[&FAR, &FAR]), Decision::Holds);
        assert_eq!(decided(&[&FAR, &NEAR]), Decision::Undecided);
        assert_eq!(decided(&[&FAR, &turned]), Decision::Fails);
        // Four seeds decide nothing, however clear.
        assert_eq!(decided(&[&FAR[..4]]), Decision::Undecided);
    }

    #[test]
    fn what_cannot_be_tested_is_not_decided() {
        let same = test(&[pairs(&[1.0; 5]), pairs(&FAR)]).unwrap();
        assert_eq!((same.p, same.rivals[0], same.held), (None, None, 5));
        assert_eq!(decide(5, same.p, same.p_against), Decision::Undecided);
        // Better by 0.1 on every seed, but for the rounding of the values.
        let rounded = test(&[vec![[97.3, 97.2], [96.8, 96.7], [95.9, 95.8], [97.7, 97.6], [96.2, 96.1]]]).unwrap();
        assert_eq!((rounded.p, rounded.p_against, rounded.held), (None, None, 5));
        assert_eq!((test(&[]), test(&[vec![]]), test(&[pairs(&[1.0]), pairs(&[1.0, 2.0])])), (None, None, None));
    }
}
