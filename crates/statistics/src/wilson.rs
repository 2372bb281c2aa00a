//! The interval of a share: k of n (Wilson, "Probable Inference, the Law of Succession, and Statistical Inference", 1927).

use statrs::distribution::{ContinuousCDF, Normal};

use crate::LEVEL;

/// The 95 % score interval of a share of which `count` of `of` were seen; none of nothing, and for more than there are.
///
/// Its ends lie in \[0, 1\], and it is never of width 0: five of five leave room down to 0.57.
pub fn interval(count: usize, of: usize) -> Option<[f64; 2]> {
    if of == 0 || count > of {
        return None;
    }
    let z = Normal::new(0.0, 1.0).ok()?.inverse_cdf(1.0 - LEVEL / 2.0);
    let (n, share) = (of as f64, count as f64 / of as f64);
    let centre = share + z * z / (2.0 * n);
    let reach = z * (share * (1.0 - share) / n + z * z / (4.0 * n * n)).sqrt();
    let scale = 1.0 + z * z / n;
    Some([((centre - reach) / scale).max(0.0), ((centre + reach) / scale).min(1.0)])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_holds_its_share_and_stays_between_none_and_all() {
        for of in 1..40 {
            for count in 0..=of {
                let [low, high] = interval(count, of).unwrap();
                let share = count as f64 / of as f64;
                assert!(0.0 <= low && low <= share + 1e-15 && share <= high + 1e-15 && high <= 1.0 && low < high, "{count} of {of}");
            }
        }
        assert_eq!((interval(0, 0), interval(3, 2)), (None, None));
    }
}
