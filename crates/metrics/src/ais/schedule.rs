//! The powers on the way from f_0 to the posterior.

/// How far the sigmoid reaches to both sides (Wu et al. 2017).
const REACH: f64 = 4.0;
/// The share of the way that follows the sigmoid whatever the pilot run measured: where it happened to see no change,
/// temperatures must not be missing.
const SIGMOID_SHARE: f64 = 0.2;

/// `steps + 1` powers from 0 to 1, spaced as a sigmoid: (s(r (2 t/T - 1)) - s(-r)) / (s(r) - s(-r)) with r = 4.
pub fn sigmoid(steps: usize) -> Vec<f64> {
    let s = |x: f64| 1.0 / (1.0 + (-x).exp());
    let (low, high) = (s(-REACH), s(REACH));
    let at = |t: usize| (s(REACH * (2.0 * t as f64 / steps as f64 - 1.0)) - low) / (high - low);
    // The ends are set, not computed: a last power of 1 - 1e-16 would be another distribution.
    let inner = (1..steps).map(at);
    std::iter::once(0.0).chain(inner).chain(std::iter::once(1.0)).collect()
}

/// `betas.len()` powers from 0 to 1 so spaced that the logarithm of the weights changes about as much from each to the
/// next, where `speeds` are its standard deviations for a unit of beta, measured at `betas`: equal parts of the
/// thermodynamic length (Grosse, Maddison and Salakhutdinov, "Annealing between distributions by averaging moments",
/// 2013).
pub fn equalised(betas: &[f64], speeds: &[f64]) -> Vec<f64> {
    let parts = betas.len().saturating_sub(1);
    let lengths: Vec<f64> = betas.windows(2).zip(speeds.windows(2)).map(|(b, s)| (b[1] - b[0]) * 0.5 * (s[0] + s[1])).collect();
    let total: f64 = lengths.iter().sum();
    if parts == 0 || !total.is_finite() || total <= 0.0 {
        return betas.to_vec();
    }
    let mut reached = 0.0;
    let progress: Vec<f64> = lengths
        .iter()
        .map(|length| {
            reached += (1.0 - SIGMOID_SHARE) * length / total + SIGMOID_SHARE / parts as f64;
            reached
        })
        .collect();
    let at = |t: usize| {
        let wanted = t as f64 / parts as f64;
        let k = progress.partition_point(|p| *p < wanted).min(parts - 1);
        let before = if k == 0 { 0.0 } else { progress[k - 1] };
        betas[k] + (betas[k + 1] - betas[k]) * ((wanted - before) / (progress[k] - before)).clamp(0.0, 1.0)
    };
    std::iter::once(0.0).chain((1..parts).map(at)).chain(std::iter::once(1.0)).collect()
}

/// The place of `beta` among rising `betas`: the index before it and the share of the way to the next.
pub(crate) fn between(betas: &[f64], beta: f64) -> (usize, f64) {
    let k = betas.partition_point(|b| *b <= beta).saturating_sub(1).min(betas.len().saturating_sub(2));
    (k, (beta - betas[k]) / (betas[k + 1] - betas[k]))
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

    #[test]
    fn more_powers_stand_where_weights_change_faster() {
        let betas = sigmoid(100);
        let speeds: Vec<f64> = betas.iter().map(|beta| 1.0 / (beta + 0.01)).collect();
        let powers = equalised(&betas, &speeds);
        assert_eq!((powers.len(), powers[0], powers[100]), (101, 0.0, 1.0));
        assert!(powers.windows(2).all(|pair| pair[0] < pair[1]));
        // Half of ln(1.01 / 0.01) is passed at 0.09; the sigmoid's share moves the middle towards 0.5.
        assert!((0.05..0.25).contains(&powers[50]), "{}", powers[50]);
        for nothing in [0.0, f64::NAN, f64::INFINITY] {
            assert_eq!(equalised(&betas, &vec![nothing; 101]), betas);
        }
    }

    #[test]
    fn a_power_is_found_between_its_neighbours() {
        let betas = [0.0, 0.25, 1.0];
        assert_eq!([0.0, 0.125, 0.25, 1.0].map(|b| between(&betas, b)), [(0, 0.0), (0, 0.5), (1, 0.0), (1, 1.0)]);
    }
}
