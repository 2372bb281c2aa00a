//! Whether a mean agrees with a number printed elsewhere.

use serde::{Deserialize, Serialize};

/// How a mean stands beside a number and its tolerance.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// The whole interval lies within the tolerance of the number.
    Agrees,
    /// No part of it does.
    Differs,
    /// A part of it does, or there is no interval.
    Undecided,
}

/// Holds the 95 % `interval` of a mean against `expected` +- `tolerance`.
///
/// Agreement is an equivalence test by interval inclusion (Schuirmann, "A Comparison of the Two One-Sided Tests Procedure
/// and the Power Approach", 1987), disagreement its opposite. Noise makes intervals wide and verdicts undecided; it never
/// makes them agree. Each of the two is wrong in at most 2.5 % of cases.
pub fn verdict(interval: Option<[f64; 2]>, expected: f64, tolerance: f64) -> Verdict {
    let Some([low, high]) = interval else { return Verdict::Undecided };
    let (least, most) = (expected - tolerance, expected + tolerance);
    if low >= least && high <= most {
        Verdict::Agrees
    } else if low > most || high < least {
        Verdict::Differs
    } else {
        // Also where an end is not a number.
        Verdict::Undecided
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_inside_agrees_one_outside_differs_and_any_other_says_nothing() {
        for (interval, expected) in [
            ([9.5, 10.5], Verdict::Agrees),
            ([9.0, 11.0], Verdict::Agrees),
            ([11.1, 12.0], Verdict::Differs),
            ([3.0, 8.9], Verdict::Differs),
            ([10.5, 11.5], Verdict::Undecided),
            ([0.0, 20.0], Verdict::Undecided),
            ([f64::NAN, f64::NAN], Verdict::Undecided),
        ] {
            assert_eq!(verdict(Some(interval), 10.0, 1.0), expected, "{interval:?}");
        }
        assert_eq!(verdict(None, 10.0, 1.0), Verdict::Undecided);
    }
}
