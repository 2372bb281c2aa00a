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

/// Tests a claim by `better_by`: for each rival, by how much the method is better on each seed. None without rivals or
/// seeds, and where rivals differ in their number of seeds.
pub fn test(better_by: &[Vec<f64>]) -> Option<ClaimTest> {
    let seeds = better_by.first().map(Vec::len).filter(|seeds| *seeds > 0)?;
    if better_by.iter().any(|rival| rival.len() != seeds) {
        return None;
    }
    let held = (0..seeds).filter(|seed| better_by.iter().all(|rival| rival.get(*seed).is_some_and(|d| *d > 0.0))).count();
    let tests: Vec<Option<student::Test>> = better_by.iter().map(|rival| student::test(rival)).collect();
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
        p_against: opposite.map(|p| (p * better_by.len() as f64).min(1.0)),
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

    #[test]
    fn the_hardest_rival_has_the_largest_p_not_the_least_difference() {
        // Less difference on average and less noise: the first is beaten for sure, the second is not.
        let better_by = [vec![0.10, 0.11, 0.09, 0.10, 0.10], vec![9.0, -7.0, 8.0, -3.0, 4.0]];
        let found = test(&better_by).unwrap();
        assert_eq!((found.hardest, found.held, found.seeds), (Some(1), 3, 5));
        assert_eq!(found.p, found.rivals[1]);
    }

    #[test]
    fn a_claim_is_held_refuted_or_open() {
        let decided = |better_by: &[Vec<f64>]| {
            let found = test(better_by).unwrap();
            decide(found.seeds, found.p, found.p_against)
        };
        let turned = |values: &[f64]| values.iter().map(|v| -v).collect::<Vec<_>>();
        assert_eq!(decided(&[FAR.to_vec(), FAR.to_vec()]), Decision::Holds);
        assert_eq!(decided(&[FAR.to_vec(), NEAR.to_vec()]), Decision::Undecided);
        assert_eq!(decided(&[FAR.to_vec(), turned(&FAR)]), Decision::Fails);
        // Four seeds decide nothing, however clear.
        assert_eq!(decided(&[FAR[..4].to_vec()]), Decision::Undecided);
    }

    #[test]
    fn what_cannot_be_tested_is_not_decided() {
        let same = test(&[vec![1.0; 6], FAR.iter().copied().chain([5.0]).collect()]).unwrap();
        assert_eq!((same.p, same.rivals[0], same.held), (None, None, 6));
        assert_eq!(decide(6, same.p, same.p_against), Decision::Undecided);
        assert_eq!((test(&[]), test(&[vec![]]), test(&[vec![1.0], vec![1.0, 2.0]])), (None, None, None));
    }
}
