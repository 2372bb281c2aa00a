//! Quantiles of laws that have none in closed form: the root of a monotone cdf.

/// The x with `cdf(x) = p`: the bracket `around +- width` is widened until it holds the root, then halved until it
/// is two neighbouring numbers or `cdf` meets `p`.
///
/// Plain halving, since a heavy tail or a gap between modes sends Newton's method astray; a quantile is asked for
/// a few thousand times at most.
pub(crate) fn invert(p: f64, around: f64, width: f64, cdf: impl Fn(f64) -> f64) -> f64 {
    let (mut low, mut high) = (around - width, around + width);
    let mut reach = width;
    while cdf(low) > p && low.is_finite() {
        reach *= 2.0;
        low -= reach;
    }
    reach = width;
    while cdf(high) < p && high.is_finite() {
        reach *= 2.0;
        high += reach;
    }
    // 1100 halvings exhaust the exponents of f64, where the root is next to zero.
    for _ in 0..1100 {
        let middle = 0.5 * (low + high);
        if middle <= low || middle >= high {
            break;
        }
        if cdf(middle) < p { low = middle } else { high = middle }
    }
    0.5 * (low + high)
}

/// The quantile of a law that is symmetric about zero, from the lower half of its cdf, where no digits are lost to
/// the one that `p` is close to.
pub(crate) fn symmetric(p: f64, width: f64, cdf: impl Fn(f64) -> f64) -> f64 {
    if p > 0.5 {
        return -symmetric(1.0 - p, width, cdf);
    }
    if p == 0.5 { 0.0 } else { invert(p, -width, width, cdf).min(0.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn roots_far_out_and_in_flat_places_are_found() {
        let logistic = |x: f64| 1.0 / (1.0 + (-x).exp());
        for p in [1e-300, 1e-9, 0.2, 0.5, 0.9] {
            assert!((logistic(invert(p, 0.0, 1.0, logistic)) / p - 1.0).abs() < 1e-12, "{p}");
        }
        // Two steps with nothing between them.
        let steps = |x: f64| {
            if x < -5.0 {
                0.0
            } else if x < 5.0 {
                0.5
            } else {
                1.0
            }
        };
        assert!((invert(0.4, 0.0, 1.0, steps) + 5.0).abs() < 1e-9);
        assert!((symmetric(0.9, 1.0, logistic) - 9f64.ln()).abs() < 1e-9);
    }
}
