//! The one-dimensional transforms F(2, r) of Winograd's minimal filtering (Lavin and Gray,
//! arXiv:1509.09308), r = 2 or 3 taps, on vectors of channels.
//!
//! Positions stand for the points 0, 1, infinity, -1 in this order; two taps do without -1. The
//! vector of a point in `spread` and `collect` does not depend on r, so that phases of different
//! lengths meet at the same positions.

use crate::real::Real;

/// Four positions (or data, or taps) of `N` channels each; unused ones are ignored.
pub(super) type Line<T, const N: usize> = [[T; N]; 4];

#[inline(always)]
pub(super) fn add<T: Real, const N: usize>(a: [T; N], b: [T; N]) -> [T; N] {
    let mut out = a;
    for (o, b) in out.iter_mut().zip(b) {
        *o += b;
    }
    out
}

#[inline(always)]
fn sub<T: Real, const N: usize>(a: [T; N], b: [T; N]) -> [T; N] {
    let mut out = a;
    for (o, b) in out.iter_mut().zip(b) {
        *o -= b;
    }
    out
}

/// B^T: r + 1 data to their positions.
#[inline(always)]
pub(super) fn data<T: Real, const N: usize, const R: usize>(d: Line<T, N>) -> Line<T, N> {
    if R == 2 {
        [sub(d[0], d[1]), d[1], sub(d[2], d[1]), d[3]]
    } else {
        [sub(d[0], d[2]), add(d[1], d[2]), sub(d[3], d[1]), sub(d[2], d[1])]
    }
}

/// B: the adjoint of [`data`].
#[inline(always)]
pub(super) fn data_adjoint<T: Real, const N: usize, const R: usize>(v: Line<T, N>) -> Line<T, N> {
    if R == 2 {
        [v[0], sub(sub(v[1], v[0]), v[2]), v[2], v[3]]
    } else {
        let (plus, minus) = (add(v[1], v[3]), sub(v[1], v[3]));
        [v[0], sub(minus, v[2]), sub(plus, v[0]), v[2]]
    }
}

/// A: two outputs' gradients to the positions.
#[inline(always)]
pub(super) fn spread<T: Real, const N: usize>(y: [[T; N]; 2]) -> Line<T, N> {
    [y[0], add(y[0], y[1]), y[1], sub(y[0], y[1])]
}

/// A^T: the positions to two outputs, over three positions or four.
#[inline(always)]
pub(super) fn collect<T: Real, const N: usize>(m: Line<T, N>, four: bool) -> [[T; N]; 2] {
    let (first, second) = (add(m[0], m[1]), add(m[1], m[2]));
    if four { [add(first, m[3]), sub(second, m[3])] } else { [first, second] }
}

/// G: how much of tap `tap` of `r` is in the weight at a position.
pub(super) fn share(r: usize, position: usize, tap: usize) -> f64 {
    match (r, position) {
        (_, 0) => f64::from(tap == 0),
        (_, 2) => f64::from(tap + 1 == r),
        (2, _) => 1.0,
        (_, 3) if tap == 1 => -0.5,
        _ => 0.5,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter<const R: usize>() {
        let d: Line<f64, 1> = [[3.0], [-1.0], [2.0], [5.0]];
        let g: Line<f64, 1> = [[0.5], [4.0], [-3.0], [0.0]];
        let v = data::<_, 1, R>(d);
        let mut m = [[0.0]; 4];
        for i in 0..R + 1 {
            let u: f64 = (0..R).map(|tap| share(R, i, tap) * g[tap][0]).sum();
            m[i][0] = v[i][0] * u;
        }
        let y = collect(m, R == 3);
        for (o, y) in y.iter().enumerate() {
            let direct: f64 = (0..R).map(|i| g[i][0] * d[o + i][0]).sum();
            assert!((y[0] - direct).abs() < 1e-12);
        }
    }

    #[test]
    fn two_outputs_from_three_or_four_products() {
        filter::<2>();
        filter::<3>();
    }

    /// <f(x), y> = <x, f*(y)> on every pair of unit vectors.
    fn adjoint(f: impl Fn(Line<f64, 1>) -> Line<f64, 1>, g: impl Fn(Line<f64, 1>) -> Line<f64, 1>, n: usize, m: usize) {
        let unit = |i: usize| -> Line<f64, 1> { std::array::from_fn(|j| [f64::from(i == j)]) };
        for i in 0..n {
            for j in 0..m {
                assert_eq!(f(unit(i))[j][0], g(unit(j))[i][0], "{i} {j}");
            }
        }
    }

    #[test]
    fn adjoints_are_adjoint() {
        adjoint(data::<_, 1, 2>, data_adjoint::<_, 1, 2>, 3, 3);
        adjoint(data::<_, 1, 3>, data_adjoint::<_, 1, 3>, 4, 4);
    }
}
