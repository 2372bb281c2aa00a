//! What claims and values beside the paper's come to in all, in the same words wherever it is said.

use vimae_statistics::FEWEST_SEEDS;

use crate::{ClaimVerdict, Decision, SummaryRow, Verdict};

/// What decides nothing however many seeds there are.
pub const STAND_INS: &str = "other images than the paper's, or a part of them,";

/// Claims of the paper by what became of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClaimTally {
    /// Those that hold.
    pub hold: usize,
    /// Those that do not.
    pub fail: usize,
    /// Those that are undecided.
    pub undecided: usize,
    /// The seeds of the one that has most.
    pub seeds: usize,
    /// Whether the data of each are not the paper's.
    pub stand_ins: bool,
}

impl ClaimTally {
    /// The tally of `claims`.
    pub fn of<'a>(claims: impl IntoIterator<Item = &'a ClaimVerdict>) -> Self {
        let mut tally = Self { stand_ins: true, ..Self::default() };
        for claim in claims {
            tally.stand_ins &= claim.stand_in;
            match claim.decision {
                Decision::Holds => tally.hold += 1,
                Decision::Fails => tally.fail += 1,
                Decision::Undecided => tally.undecided += 1,
            }
            tally.seeds = tally.seeds.max(claim.seeds);
        }
        tally
    }

    /// Claims.
    pub fn all(&self) -> usize {
        self.decided() + self.undecided
    }

    /// Claims that hold or do not.
    pub fn decided(&self) -> usize {
        self.hold + self.fail
    }

    /// What became of them: `1 holds, 0 do not hold, 2 are undecided`; where nothing is decided, why: an undecided claim did not fail.
    pub fn words(&self) -> String {
        match self.seeds {
            1 if self.none_is_decided() => format!("one seed decides none (it takes {FEWEST_SEEDS} or more)"),
            seeds if self.none_is_decided() && seeds < FEWEST_SEEDS => {
                format!("{seeds} seeds decide none (it takes {FEWEST_SEEDS} or more)")
            }
            _ if self.none_is_decided() && self.stand_ins => format!("{STAND_INS} decide none"),
            _ if self.none_is_decided() => "the tests over their seeds leave all open".into(),
            _ => [
                of(self.hold, "holds", "hold"),
                of(self.fail, "does not hold", "do not hold"),
                of(self.undecided, "is undecided", "are undecided"),
            ]
            .join(", "),
        }
    }

    fn none_is_decided(&self) -> bool {
        self.undecided > 0 && self.decided() == 0
    }
}

/// Values that the paper prints as well, by how ours stand beside them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ValueTally {
    /// Those that agree.
    pub agree: usize,
    /// Those that differ.
    pub differ: usize,
    /// Those that are undecided.
    pub undecided: usize,
    /// The seeds of the one that has most.
    pub seeds: usize,
    /// Whether the data of each are not the paper's.
    pub stand_ins: bool,
}

impl ValueTally {
    /// The tally of those of `rows` that have a verdict.
    pub fn of<'a>(rows: impl IntoIterator<Item = &'a SummaryRow>) -> Self {
        let mut tally = Self { stand_ins: true, ..Self::default() };
        for (verdict, row) in rows.into_iter().filter_map(|row| Some((row.verdict?, row))) {
            match verdict {
                Verdict::Agrees => tally.agree += 1,
                Verdict::Differs => tally.differ += 1,
                Verdict::Undecided => tally.undecided += 1,
            }
            tally.seeds = tally.seeds.max(row.seeds);
            tally.stand_ins &= row.stand_in;
        }
        tally
    }

    /// Values.
    pub fn all(&self) -> usize {
        self.agree + self.differ + self.undecided
    }

    /// Whether there are values and each is undecided.
    pub fn none_is_judged(&self) -> bool {
        self.undecided > 0 && self.undecided == self.all()
    }

    /// How they stand: `2 agree, 1 differs, 0 are undecided`; where none is judged, why: an undecided value does not differ.
    pub fn words(&self) -> String {
        match self.seeds {
            0 | 1 if self.none_is_judged() => "one seed has no interval to judge by".into(),
            _ if self.none_is_judged() && self.stand_ins => format!("{STAND_INS} judge none"),
            _ if self.none_is_judged() => "their intervals over seeds leave all open".into(),
            _ => [
                of(self.agree, "agrees", "agree"),
                of(self.differ, "differs", "differ"),
                of(self.undecided, "is undecided", "are undecided"),
            ]
            .join(", "),
        }
    }
}

fn of(count: usize, one: &str, several: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { several })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn claims_that_nothing_decides_do_not_read_as_claims_that_fail() {
        let words = |hold, fail, undecided, seeds| ClaimTally { hold, fail, undecided, seeds, stand_ins: false }.words();
        assert_eq!(words(0, 0, 3, 1), "one seed decides none (it takes 5 or more)");
        assert_eq!(words(0, 0, 3, 4), "4 seeds decide none (it takes 5 or more)");
        assert_eq!(words(0, 0, 3, 5), "the tests over their seeds leave all open");
        assert_eq!(words(1, 0, 2, 5), "1 holds, 0 do not hold, 2 are undecided");
        assert_eq!(words(0, 1, 1, 5), "0 hold, 1 does not hold, 1 is undecided");
        let stand_ins = |seeds| ClaimTally { undecided: 2, seeds, stand_ins: true, ..ClaimTally::default() }.words();
        assert_eq!(stand_ins(5), "other images than the paper's, or a part of them, decide none");
        assert_eq!(stand_ins(1), words(0, 0, 2, 1));
    }

    #[test]
    fn values_that_nothing_judges_do_not_read_as_values_that_differ() {
        let words = |agree, differ, undecided, seeds| ValueTally { agree, differ, undecided, seeds, stand_ins: false }.words();
        assert_eq!(words(0, 0, 44, 1), "one seed has no interval to judge by");
        assert_eq!(words(0, 0, 2, 3), "their intervals over seeds leave all open");
        assert_eq!(words(2, 1, 6, 5), "2 agree, 1 differs, 6 are undecided");
        assert_eq!(words(0, 0, 0, 0), "0 agree, 0 differ, 0 are undecided");
        let stand_ins = ValueTally { undecided: 2, seeds: 3, stand_ins: true, ..ValueTally::default() };
        assert_eq!(stand_ins.words(), "other images than the paper's, or a part of them, judge none");
    }
}
