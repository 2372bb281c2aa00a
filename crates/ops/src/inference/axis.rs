//! One axis of Winograd's minimal filtering: the points at which polynomials are multiplied, and the transforms to them and back.
//!
//! The points are 0, infinity and pairs a and -a. What belongs to even powers of a is shared within a pair, which halves the work.

use crate::real::Real;

/// Channels that a transform takes at once.
pub(super) const LANES: usize = 16;
/// Most pairs of points.
const MOST: usize = 5;
/// Where polynomials are evaluated, by the number of pairs: of those tried, the least rounding error (1e-6 of the results' root mean
/// square with up to three pairs, 6e-6 with five).
const PAIRS: [f64; MOST] = [1.0, 2.0, 0.5, 1.5, 1.0 / 3.0];

/// One axis of a kernel and its tile.
#[derive(Clone, Debug)]
pub(super) struct Axis<T> {
    taps: usize,
    pairs: usize,
    /// Coefficients of the product of all x^2 - a^2, in powers of x^2.
    all: [T; MOST + 1],
    /// For each pair, those of the product over the others.
    others: [[T; MOST]; MOST],
    /// The powers 0, 1, ... of each a.
    powers: [[T; MOST + 1]; MOST],
}

impl<T: Real> Axis<T> {
    /// The axis of `taps` taps, where there is one: a single tap is left as it is.
    pub(super) fn new(taps: usize) -> Option<Self> {
        let pairs = match taps {
            1 => 0,
            3 => 2,
            5 => 3,
            7 => 5,
            _ => return None,
        };
        let zero = T::zero();
        let mut axis = Self { taps, pairs, all: [zero; MOST + 1], others: [[zero; MOST]; MOST], powers: [[zero; MOST + 1]; MOST] };
        let points = &PAIRS[..pairs];
        let fill = |to: &mut [T], from: &[f64]| to.iter_mut().zip(from).for_each(|(to, from)| *to = T::from_f64(*from));
        fill(&mut axis.all, &coefficients(points.iter().copied()));
        for (k, a) in points.iter().enumerate() {
            fill(&mut axis.others[k], &coefficients(points.iter().copied().filter(|other| other != a)));
            fill(&mut axis.powers[k], &std::array::from_fn::<_, { MOST + 1 }, _>(|j| a.powi(j as i32)));
        }
        Some(axis)
    }

    /// Points, and pixels of a tile.
    pub(super) fn points(&self) -> usize {
        if self.taps == 1 { 1 } else { 2 * self.pairs + 2 }
    }

    /// Results of a tile.
    pub(super) fn results(&self) -> usize {
        self.points() + 1 - self.taps
    }

    /// The weights' transform G, a row of taps for each point: the powers of a over the product of its differences from the others.
    pub(super) fn weights(&self) -> Vec<Vec<f64>> {
        if self.taps == 1 {
            return vec![vec![1.0]];
        }
        let finite: Vec<f64> = std::iter::once(0.0).chain(PAIRS[..self.pairs].iter().flat_map(|a| [*a, -a])).collect();
        let row = |a: &f64| {
            let scale: f64 = finite.iter().filter(|other| *other != a).map(|other| a - other).product();
            (0..self.taps).map(|j| a.powi(j as i32) / scale).collect()
        };
        let infinity = (0..self.taps).map(|j| if j + 1 == self.taps { 1.0 } else { 0.0 }).collect();
        finite.iter().map(row).chain([infinity]).collect()
    }

    /// B^T d of `N` elements a lane, which is [`Axis::points`].
    #[inline(always)]
    pub(super) fn forward<const N: usize>(&self, d: [[T; LANES]; N]) -> [[T; LANES]; N] {
        let pairs = N / 2 - 1;
        let mut out = [[T::zero(); LANES]; N];
        // The highest coefficient of each polynomial is 1.
        (out[0], out[N - 1]) = (d[2 * pairs], d[2 * pairs + 1]);
        for i in 0..pairs {
            for l in 0..LANES {
                out[0][l] += self.all[i] * d[2 * i][l];
                out[N - 1][l] += self.all[i] * d[2 * i + 1][l];
            }
        }
        for k in 0..pairs {
            let (mut even, mut odd) = (d[2 * pairs], d[2 * pairs - 1]);
            for i in 0..pairs - 1 {
                for l in 0..LANES {
                    even[l] += self.others[k][i] * d[2 * i + 2][l];
                    odd[l] += self.others[k][i] * d[2 * i + 1][l];
                }
            }
            for l in 0..LANES {
                let odd = self.powers[k][1] * odd[l];
                out[2 * k + 1][l] = even[l] + odd;
                out[2 * k + 2][l] = even[l] - odd;
            }
        }
        out
    }

    /// A^T m of `N` elements a lane, with `M` results, which is [`Axis::results`].
    #[inline(always)]
    pub(super) fn backward<const N: usize, const M: usize>(&self, m: [[T; LANES]; N]) -> [[T; LANES]; M] {
        let mut out = [[T::zero(); LANES]; M];
        out[0] = m[0];
        out[M - 1] = m[N - 1];
        for k in 0..N / 2 - 1 {
            for (j, out) in out.iter_mut().enumerate() {
                for l in 0..LANES {
                    let (plus, minus) = (m[2 * k + 1][l], m[2 * k + 2][l]);
                    out[l] += self.powers[k][j] * if j % 2 == 0 { plus + minus } else { plus - minus };
                }
            }
        }
        out
    }
}

/// The coefficients of the product of all y - a^2, in powers of y.
fn coefficients(points: impl Iterator<Item = f64>) -> Vec<f64> {
    points.fold(vec![1.0], |product, a| {
        let by_y = std::iter::once(0.0).chain(product.iter().copied());
        let by_a = product.iter().map(|c| a * a * c).chain([0.0]);
        by_y.zip(by_a).map(|(y, a)| y - a).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check<const N: usize, const M: usize>(taps: usize, tolerance: f64) {
        let axis = Axis::<f64>::new(taps).unwrap();
        assert_eq!((axis.points(), axis.results()), (N, M));
        let d: [f64; N] = std::array::from_fn(|i| ((i * 37 + 11) % 19) as f64 / 7.0 - 1.0);
        let w: Vec<f64> = (0..taps).map(|i| ((i * 23 + 5) % 17) as f64 / 5.0 - 1.5).collect();
        let spread = axis.forward::<N>(d.map(|v| [v; LANES]));
        let weights = axis.weights();
        let products = std::array::from_fn(|i| spread[i].map(|v| v * weights[i].iter().zip(&w).map(|(g, w)| g * w).sum::<f64>()));
        let results = axis.backward::<N, M>(products);
        for (j, result) in results.iter().enumerate() {
            let plain: f64 = w.iter().enumerate().map(|(t, w)| w * d[j + t]).sum();
            assert!(result.iter().all(|v| (v - plain).abs() < tolerance), "{taps} taps, result {j}: {} {plain}", result[0]);
        }
    }

    #[test]
    fn every_axis_gives_the_plain_sum() {
        check::<6, 4>(3, 1e-13);
        check::<8, 4>(5, 1e-13);
        check::<12, 6>(7, 1e-12);
    }
}
