//! The powers of the likelihood on the way from the prior to the posterior.

/// How far the sigmoid reaches to both sides: 4 puts most temperatures at both ends, where the distribution changes
/// fastest (Wu et al. 2017).
const REACH: f64 = 4.0;

/// `steps + 1` powers from 0 to 1, spaced as a sigmoid: (s(r (2 t/T - 1)) - s(-r)) / (s(r) - s(-r)) with r = 4.
pub fn sigmoid(steps: usize) -> Vec<f64> {
    let s = |x: f64| 1.0 / (1.0 + (-x).exp());
    let (low, high) = (s(-REACH), s(REACH));
    let at = |t: usize| (s(REACH * (2.0 * t as f64 / steps as f64 - 1.0)) - low) / (high - low);
    // The ends are set, not computed: a last power of 1 - 1e-16 would be another distribution.
    let inner = (1..steps).map(at);
    std::iter::once(0.0).chain(inner).chain(std::iter::once(1.0)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn powers_rise_from_nothing_to_one() {
        for steps in [1, 2, 50, 1_000] {
            let powers = sigmoid(steps);
            assert_eq!((powers.len(), powers[0], powers[steps]), (steps + 1, 0.0, 1.0));
            assert!(powers.windows(2).all(|pair| pair[0] < pair[1]));
        }
        assert!((sigmoid(2)[1] - 0.5).abs() < 1e-15);
    }
}
