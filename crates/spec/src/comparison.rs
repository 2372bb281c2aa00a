//! Methods beside one another and beside the paper, over the seeds: `comparisons.json`.

use serde::{Deserialize, Serialize};

use crate::{Certainty, Decision, Direction, Protocol, Verdict};

/// What the seeds allow to say.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Comparisons {
    /// How the numbers below were made, in words.
    pub how: String,
    /// Bootstrap-t intervals of means over ten seeds or more.
    pub intervals: Vec<BootstrapInterval>,
    /// Methods in pairs, on the seeds that both have.
    pub pairs: Vec<PairedComparison>,
    /// Means beside the paper's values.
    pub verdicts: Vec<PaperVerdict>,
    /// What the paper claims of its numbers, decided by ours.
    #[serde(default)]
    pub claims: Vec<ClaimVerdict>,
}

/// A bootstrap interval of a mean over seeds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BootstrapInterval {
    /// As in [`crate::Cell`].
    pub target: String,
    /// As in [`crate::Cell`].
    pub dataset: String,
    /// As in [`crate::Cell`].
    #[serde(default)]
    pub paper_dataset: Option<String>,
    /// As in [`crate::Cell`].
    pub method: String,
    /// As in [`crate::Cell`].
    pub metric: String,
    /// As in [`crate::Cell`].
    pub protocol: Protocol,
    /// Seeds with a value.
    pub seeds: usize,
    /// Mean over them.
    pub mean: f64,
    /// The 95 % interval by bootstrap-t.
    pub interval: [f64; 2],
}

/// Two methods by one metric and protocol: the first minus the second, seed by seed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PairedComparison {
    /// As in [`crate::Cell`].
    pub target: String,
    /// As in [`crate::Cell`].
    pub dataset: String,
    /// As in [`crate::Cell`].
    #[serde(default)]
    pub paper_dataset: Option<String>,
    /// As in [`crate::Cell`].
    pub metric: String,
    /// As in [`crate::Cell`].
    pub protocol: Protocol,
    /// As in [`crate::Cell`].
    pub unit: String,
    /// As in [`crate::Cell`].
    #[serde(rename = "higher_is_better")]
    pub direction: Direction,
    /// The first method.
    pub method: String,
    /// The second method.
    pub other: String,
    /// Seeds that both have.
    pub n: usize,
    /// Mean difference.
    pub difference: f64,
    /// Its 95 % interval by Student's t; absent with one seed and where the difference is the same on all.
    pub interval: Option<[f64; 2]>,
    /// Student's t; absent with one seed and where the difference is the same on all.
    pub t: Option<f64>,
    /// Two-sided p of the paired t test.
    pub p_t: Option<f64>,
    /// The same by Holm's correction over the pairs of this metric and protocol.
    pub p_t_holm: Option<f64>,
    /// Two-sided p when the sign of each seed's difference may be either; absent with one seed.
    pub p_permutation: Option<f64>,
    /// The least that p of so many seeds can be: 0.0625 at five.
    pub p_permutation_floor: Option<f64>,
    /// The same by Holm's correction over the pairs of this metric and protocol; absent where so many seeds and pairs cannot
    /// bring it to 0.05.
    pub p_permutation_holm: Option<f64>,
    /// Whether all signs were gone through; else a fixed number was drawn.
    pub exact: bool,
}

/// A mean beside the paper's value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PaperVerdict {
    /// As in [`crate::Cell`].
    pub target: String,
    /// As in [`crate::Cell`].
    pub dataset: String,
    /// As in [`crate::Cell`].
    #[serde(default)]
    pub paper_dataset: Option<String>,
    /// As in [`crate::Cell`].
    pub method: String,
    /// As in [`crate::Cell`].
    pub metric: String,
    /// As in [`crate::Cell`].
    pub protocol: Protocol,
    /// Seeds with a value.
    pub seeds: usize,
    /// Our mean over them.
    pub mean: f64,
    /// The paper's value.
    pub paper: f64,
    /// How sure that reading of the paper is.
    pub paper_certainty: Option<Certainty>,
    /// Our mean minus the paper's value.
    pub difference: f64,
    /// The same as a share of the paper's value; absent where that is 0.
    pub relative: Option<f64>,
    /// How far ours may lie from it to agree, in the value's unit.
    pub tolerance: f64,
    /// How it stands.
    pub verdict: Verdict,
    /// The same in a sentence.
    pub words: String,
}

/// A claim of the paper, decided on one data set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ClaimVerdict {
    /// As in [`crate::Cell`].
    pub target: String,
    /// As in [`crate::Cell`].
    pub dataset: String,
    /// As in [`crate::Cell`].
    pub paper_dataset: Option<String>,
    /// As in [`crate::Cell`].
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stand_in: bool,
    /// The claim's name in the target.
    pub claim: String,
    /// The claim in words.
    pub text: String,
    /// What is compared between methods, in words.
    pub quantity: String,
    /// Its unit.
    pub unit: String,
    /// The protocol that it was measured by.
    pub protocol: Protocol,
    /// The method that is claimed to be the best.
    pub method: String,
    /// Each method that it is claimed to be better than.
    pub rivals: Vec<RivalTest>,
    /// Seeds that have all methods.
    pub seeds: usize,
    /// Seeds on which it is better than each.
    pub held: usize,
    /// The 95 % interval of the share of seeds on which it is (Wilson's).
    pub share: [f64; 2],
    /// The rival with the largest p.
    pub hardest: Option<String>,
    /// That p, one-sided; absent where a rival cannot be tested.
    pub p: Option<f64>,
    /// The same by Holm's correction over the claims of the target.
    pub p_holm: Option<f64>,
    /// One-sided p that some rival is better, times the number of rivals.
    pub p_against: Option<f64>,
    /// The same by Holm's correction over the claims of the target.
    pub p_against_holm: Option<f64>,
    /// What follows from both corrected p, each at 2.5 %.
    pub decision: Decision,
    /// The same in a sentence.
    pub words: String,
}

impl ClaimVerdict {
    /// How its words begin: the decision, and on how many seeds the claim is true.
    pub fn start(&self) -> String {
        let decision = match self.decision {
            Decision::Holds => "holds",
            Decision::Fails => "does not hold",
            Decision::Undecided => "undecided",
        };
        let seeds = if self.seeds == 1 { "seed" } else { "seeds" };
        let share = self.share_in_words().map_or_else(String::new, |share| format!(" ({share})"));
        format!("{decision}: on {} of {} {seeds}{share}", self.held, self.seeds)
    }

    /// The interval of the share of seeds; none of one seed, which has no interval.
    pub fn share_in_words(&self) -> Option<String> {
        let [low, high] = self.share.map(|share| 100.0 * share);
        (self.seeds > 1).then(|| format!("95 % interval {low:.0} to {high:.0} %"))
    }

    /// Its words without their [`Self::start`], for where that stands beside them.
    pub fn reasons(&self) -> &str {
        self.words.strip_prefix(&self.start()).map_or(self.words.as_str(), |rest| rest.trim_start_matches("; "))
    }
}

/// One rival of a claim.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RivalTest {
    /// Its method.
    pub method: String,
    /// By how much the claim's method is better than it on average over seeds.
    pub better_by: f64,
    /// The 95 % interval of that by Student's t; absent with one seed and where it is the same on all.
    pub interval: Option<[f64; 2]>,
    /// One-sided p of the paired t test; absent as the interval is.
    pub p: Option<f64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reasons_are_the_words_without_what_stands_in_columns() {
        let verdict = |words: &str, seeds: usize| ClaimVerdict {
            target: "table3".into(),
            dataset: "mnist".into(),
            paper_dataset: None,
            stand_in: false,
            claim: "mask".into(),
            text: "t".into(),
            quantity: "q".into(),
            unit: "1".into(),
            protocol: "p".into(),
            method: "a".into(),
            rivals: Vec::new(),
            seeds,
            held: 0,
            share: [0.0, 0.4345],
            hardest: None,
            p: None,
            p_holm: None,
            p_against: None,
            p_against_holm: None,
            decision: Decision::Fails,
            words: words.into(),
        };
        let five = verdict("does not hold: on 0 of 5 seeds (95 % interval 0 to 43 %); by q, worse by 1 than b; p", 5);
        assert_eq!(
            (five.start().as_str(), five.reasons()),
            ("does not hold: on 0 of 5 seeds (95 % interval 0 to 43 %)", "by q, worse by 1 than b; p")
        );
        assert_eq!(verdict("does not hold: on 0 of 1 seed; by q", 1).reasons(), "by q");
        // What says something else stands whole.
        assert_eq!(verdict("by another release", 5).reasons(), "by another release");
    }
}
