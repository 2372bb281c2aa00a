//! Kernels of the squared distance.

/// A kernel that depends on the squared distance alone; positive definite, or so among weights that sum to zero.
pub trait Kernel: Sync {
    /// Replaces every squared distance by the kernel's value there.
    fn apply(&self, squared_distances: &mut [f64]);

    /// The value at distance zero.
    fn at_zero(&self) -> f64 {
        let mut value = [0.0];
        self.apply(&mut value);
        value[0]
    }
}

/// exp(-r^2 / (2 sigma^2)).
#[derive(Debug, Clone, Copy)]
pub struct Rbf {
    /// sigma^2
    pub sigma_squared: f64,
}

impl Kernel for Rbf {
    fn apply(&self, squared_distances: &mut [f64]) {
        let factor = -0.5 / self.sigma_squared;
        squared_distances.iter_mut().for_each(|v| *v = (*v * factor).exp());
    }
}

/// Inverse multiquadrics C / (C + r^2), summed over the scales C / unit = 0.1, 0.2, 0.5, 1, 2, 5, 10 of the WAE code.
///
/// With t = r^2 / unit the sum of s / (s + t) is one ratio of polynomials with positive coefficients: no
/// cancellation, and one division a pair instead of seven.
#[derive(Debug, Clone, Copy)]
pub struct Imq {
    unit: f64,
    numerator: [f64; COUNT],
    denominator: [f64; COUNT + 1],
}

const COUNT: usize = 7;
const SCALES: [f64; COUNT] = [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];
/// Farther than this, in units, the kernel is nothing and t^7 nears overflow.
const FAR: f64 = 1e40;

impl Imq {
    /// The kernel with C = unit * scale for each scale; the WAE code and the metric take unit = 2 d var(p).
    pub fn multiscale(unit: f64) -> Self {
        let mut numerator = [0.0; COUNT];
        for (i, scale) in SCALES.iter().enumerate() {
            let others = product(SCALES.iter().enumerate().filter(|(j, _)| *j != i).map(|(_, s)| *s));
            numerator.iter_mut().zip(others).for_each(|(n, o)| *n += scale * o);
        }
        Self { unit, numerator, denominator: product(SCALES) }
    }
}

/// Coefficients of the product of (root + t), lowest power first.
fn product(roots: impl IntoIterator<Item = f64>) -> [f64; COUNT + 1] {
    let mut coefficients = [0.0; COUNT + 1];
    coefficients[0] = 1.0;
    for root in roots {
        for power in (0..=COUNT).rev() {
            coefficients[power] = coefficients[power] * root + if power > 0 { coefficients[power - 1] } else { 0.0 };
        }
    }
    coefficients
}

impl Kernel for Imq {
    fn apply(&self, squared_distances: &mut [f64]) {
        let (numerator, denominator) = (self.numerator, self.denominator);
        let inverse = 1.0 / self.unit;
        for v in squared_distances {
            let t = *v * inverse;
            // Not `min`, which would hide a NaN.
            let t = if t > FAR { FAR } else { t };
            let at_t = |coefficients: &[f64]| coefficients.iter().rev().fold(0.0, |sum, c| sum * t + c);
            *v = at_t(&numerator) / at_t(&denominator);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ratio_is_the_sum_of_the_scales() {
        let kernel = Imq::multiscale(16.0);
        for squared in [0.0, 1e-9, 0.3, 8.0, 1e3, 1e9, 1e70] {
            let direct: f64 = SCALES.iter().map(|s| s * 16.0 / (s * 16.0 + squared)).sum();
            let mut value = [squared];
            kernel.apply(&mut value);
            assert!((value[0] - direct).abs() < 1e-14 * direct + 1e-35, "{squared}: {} against {direct}", value[0]);
        }
        assert!((kernel.at_zero() - 7.0).abs() < 1e-14);
    }

    #[test]
    fn the_gaussian_kernel_is_one_at_zero() {
        let kernel = Rbf { sigma_squared: 2.0 };
        let mut value = [4.0];
        kernel.apply(&mut value);
        assert_eq!((kernel.at_zero(), value[0]), (1.0, (-1.0_f64).exp()));
    }
}
