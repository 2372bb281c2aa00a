//! The sign-flip permutation test of paired differences (Fisher, "The Design of Experiments", 1935, 21).
//!
//! Where two methods do not differ, each seed's difference is as likely with the other sign. With n seeds there are 2^n
//! signs, so that no two-sided p is below 2 / 2^n: 0.0625 at five.

use rand::Rng;

/// Most differences for which all signs are gone through.
pub const EXACT: usize = 16;
/// Signs that are drawn for more.
pub const DRAWN: usize = 9_999;

/// A two-sided p.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct SignFlip {
    /// Share of signs whose sum is as far from zero as the one seen.
    pub p: f64,
    /// The least p that so many differences can give.
    pub floor: f64,
    /// Whether all signs were gone through.
    pub exact: bool,
}

/// Tests a true mean of zero; none for fewer than two differences or where one is not finite. `rng` draws signs for more
/// than [`EXACT`].
pub fn test(differences: &[f64], rng: &mut impl Rng) -> Option<SignFlip> {
    if differences.len() < 2 || differences.iter().any(|d| !d.is_finite()) {
        return None;
    }
    let exact = differences.len() <= EXACT;
    let floor = if exact { 2.0 * 0.5_f64.powi(differences.len() as i32) } else { 1.0 / (DRAWN + 1) as f64 };
    let p = if exact { all_signs(differences) } else { drawn_signs(differences, rng) };
    Some(SignFlip { p, floor, exact })
}

fn all_signs(differences: &[f64]) -> f64 {
    let observed = reach(differences);
    let all = 1_u32 << differences.len();
    let as_far = (0..all).filter(|signs| signed(differences, |i| signs >> i & 1 == 1).abs() >= observed).count();
    as_far as f64 / f64::from(all)
}

/// The same over drawn signs; those seen count among them.
fn drawn_signs(differences: &[f64], rng: &mut impl Rng) -> f64 {
    let observed = reach(differences);
    let mut as_far = 1;
    for _ in 0..DRAWN {
        let sum: f64 = differences.iter().map(|d| if rng.random::<bool>() { -d } else { *d }).sum();
        as_far += usize::from(sum.abs() >= observed);
    }
    as_far as f64 / (DRAWN + 1) as f64
}

/// The distance of the sum from zero, less what rounding may take from an equal one.
fn reach(differences: &[f64]) -> f64 {
    let size: f64 = differences.iter().map(|d| d.abs()).sum();
    differences.iter().sum::<f64>().abs() - 1e-12 * size
}

fn signed(differences: &[f64], flipped: impl Fn(usize) -> bool) -> f64 {
    differences.iter().enumerate().map(|(i, d)| if flipped(i) { -d } else { *d }).sum()
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng;
    use rand_chacha::ChaCha8Rng;

    use super::*;

    fn of(differences: &[f64]) -> Option<SignFlip> {
        test(differences, &mut ChaCha8Rng::seed_from_u64(1))
    }

    #[test]
    fn no_p_is_below_its_floor_and_differences_of_one_sign_reach_it() {
        for n in 2..=EXACT {
            let found = of(&(0..n).map(|i| 1.0 + i as f64).collect::<Vec<_>>()).unwrap();
            assert_eq!((found.p, found.exact), (found.floor, true));
        }
        assert_eq!(of(&[1.0; 5]).unwrap().floor, 0.0625);
        assert_eq!(of(&[0.0, 0.0]).unwrap().p, 1.0);
        assert_eq!((of(&[1.0]), of(&[1.0, f64::NAN])), (None, None));
    }

    #[test]
    fn drawn_signs_come_near_the_exact_p() {
        // scipy.stats.permutation_test of these gives 0.01406 with 200 000 resamples.
        let many = [0.3, -0.2, 0.5, 0.1, 0.7, -0.4, 0.2, 0.6, -0.1, 0.4, 0.8, -0.3, 0.05, 0.35, -0.15, 0.25, 0.45, -0.05, 0.15, 0.55];
        let found = of(&many).unwrap();
        assert!(!found.exact && (found.p - 0.014_06).abs() < 0.005, "{found:?}");
        assert_eq!(of(&many), of(&many));
    }
}
