//! The one-dimensional transforms F(m, r) of Winograd's minimal filtering (Lavin and Gray, arXiv:1509.09308), m = 2 to 4
//! outputs of r = 2 or 3 taps, on vectors of channels.
//!
//! With n = m + r - 1 points x_i the sums y_o = sum_k g_k d_(o+k) are A^T (G g * B^T d). The points are 0, infinity,
//! 1, -1, 2, -1/2, the first n of them. Finite rows of B^T are the coefficients of Lagrange's polynomials on the finite
//! points, the row of infinity those of the product of all (x - x_i); rows of A and G are powers of x_i, and at infinity
//! the last unit vector. A row of A or G so depends on its point alone: tiles of different lengths share their weights,
//! and phases of different taps meet at the same positions.

use super::plan::POINTS;
use crate::real::Real;

/// Points (or data, or taps, or outputs) of `N` channels each; unused ones are ignored.
pub(super) type Line<T, const N: usize> = [[T; N]; POINTS];

#[inline(always)]
pub(super) fn zero<T: Real, const N: usize>() -> Line<T, N> {
    [[T::zero(); N]; POINTS]
}

#[inline(always)]
pub(super) fn add<T: Real, const N: usize>(a: [T; N], b: [T; N]) -> [T; N] {
    std::array::from_fn(|i| a[i] + b[i])
}

#[inline(always)]
fn sub<T: Real, const N: usize>(a: [T; N], b: [T; N]) -> [T; N] {
    std::array::from_fn(|i| a[i] - b[i])
}

/// a + factor b
#[inline(always)]
fn plus<T: Real, const N: usize>(a: [T; N], factor: f64, b: [T; N]) -> [T; N] {
    let factor = T::from_f64(factor);
    std::array::from_fn(|i| a[i] + factor * b[i])
}

#[inline(always)]
fn times<T: Real, const N: usize>(factor: f64, a: [T; N]) -> [T; N] {
    let factor = T::from_f64(factor);
    a.map(|v| factor * v)
}

/// B^T for `P` points: data to points.
#[inline(always)]
pub(super) fn data<T: Real, const N: usize, const P: usize>(d: &Line<T, N>) -> Line<T, N> {
    let mut out = zero();
    if P == 3 {
        (out[0], out[1], out[2]) = (sub(d[0], d[1]), sub(d[2], d[1]), d[1]);
        return out;
    }
    let (half_sum, half_difference) = (times(0.5, add(d[1], d[2])), times(0.5, sub(d[2], d[1])));
    let (zero, b) = (sub(d[0], d[2]), sub(d[3], d[1]));
    if P == 4 {
        (out[0], out[1], out[2], out[3]) = (zero, b, half_sum, half_difference);
        return out;
    }
    let a = sub(d[4], d[2]);
    if P == 5 {
        out[0] = plus(zero, 0.5, b);
        out[1] = plus(a, -2.0, b);
        out[2] = plus(half_sum, -0.5, b);
        out[3] = plus(half_difference, -1.0 / 6.0, b);
        out[4] = times(1.0 / 6.0, b);
    } else {
        out[0] = plus(add(zero, a), -1.5, b);
        out[1] = plus(sub(sub(d[5], d[3]), b), -1.5, a);
        out[2] = plus(plus(half_sum, 1.0 / 6.0, b), -1.0 / 3.0, a);
        out[3] = plus(plus(half_difference, -5.0 / 6.0, b), 1.0 / 3.0, a);
        out[4] = plus(times(1.0 / 30.0, b), 1.0 / 15.0, a);
        out[5] = plus(times(32.0 / 15.0, b), -16.0 / 15.0, a);
    }
    out
}

/// B: the adjoint of [`data`].
#[inline(always)]
pub(super) fn data_adjoint<T: Real, const N: usize, const P: usize>(v: &Line<T, N>) -> Line<T, N> {
    let mut out = zero();
    if P == 3 {
        (out[0], out[1], out[2]) = (v[0], sub(sub(v[2], v[0]), v[1]), v[1]);
        return out;
    }
    let (half_sum, half_difference) = (times(0.5, add(v[2], v[3])), times(0.5, sub(v[2], v[3])));
    out[0] = v[0];
    if P == 4 {
        (out[1], out[2], out[3]) = (sub(half_difference, v[1]), sub(half_sum, v[0]), v[1]);
        return out;
    }
    if P == 5 {
        let b = plus(times(0.5, sub(v[0], v[2])), 1.0 / 6.0, sub(v[4], v[3]));
        let b = plus(b, -2.0, v[1]);
        out[1] = sub(half_difference, b);
        out[2] = sub(sub(half_sum, v[0]), v[1]);
        out[3] = b;
        out[4] = v[1];
    } else {
        let b = plus(plus(plus(times(-1.5, v[0]), 1.0 / 6.0, v[2]), -5.0 / 6.0, v[3]), 1.0 / 30.0, v[4]);
        let b = sub(plus(b, 32.0 / 15.0, v[5]), v[1]);
        let a = plus(plus(plus(v[0], -1.5, v[1]), 1.0 / 3.0, sub(v[3], v[2])), 1.0 / 15.0, v[4]);
        let a = plus(a, -16.0 / 15.0, v[5]);
        out[1] = sub(half_difference, b);
        out[2] = sub(sub(half_sum, v[0]), a);
        out[3] = sub(b, v[1]);
        out[4] = a;
        out[5] = v[1];
    }
    out
}

/// A: the gradients of `M` outputs to `P` points.
#[inline(always)]
pub(super) fn spread<T: Real, const N: usize, const M: usize, const P: usize>(y: &Line<T, N>) -> Line<T, N> {
    let mut out = zero();
    let even = if M > 2 { add(y[0], y[2]) } else { y[0] };
    let odd = if M > 3 { add(y[1], y[3]) } else { y[1] };
    (out[0], out[1], out[2]) = (y[0], y[M - 1], add(even, odd));
    if P > 3 {
        out[3] = sub(even, odd);
    }
    if P > 4 {
        let even = plus(y[0], 4.0, y[2]);
        let odd = if M > 3 { plus(y[1], 4.0, y[3]) } else { y[1] };
        out[4] = plus(even, 2.0, odd);
    }
    if P > 5 {
        out[5] = plus(plus(y[0], 0.25, y[2]), -0.5, plus(y[1], 0.25, y[3]));
    }
    out
}

/// A^T: `P` points to `M` outputs.
#[inline(always)]
pub(super) fn collect<T: Real, const N: usize, const M: usize, const P: usize>(m: &Line<T, N>) -> Line<T, N> {
    let mut out = zero();
    let (even, odd) = if P > 3 { (add(m[2], m[3]), sub(m[2], m[3])) } else { (m[2], m[2]) };
    out[0] = add(m[0], even);
    out[1] = odd;
    if M > 2 {
        out[2] = even;
    }
    if M > 3 {
        out[3] = odd;
    }
    if P > 4 {
        out[0] = add(out[0], m[4]);
        out[1] = plus(out[1], 2.0, m[4]);
        out[2] = plus(out[2], 4.0, m[4]);
        if M > 3 {
            out[3] = plus(out[3], 8.0, m[4]);
        }
    }
    if P > 5 {
        out[0] = add(out[0], m[5]);
        out[1] = plus(out[1], -0.5, m[5]);
        out[2] = plus(out[2], 0.25, m[5]);
        out[3] = plus(out[3], -0.125, m[5]);
    }
    out[M - 1] = add(out[M - 1], m[1]);
    out
}

/// G: how much of tap `tap` of `r` is in the weight at a point.
pub(super) fn share(r: usize, point: usize, tap: usize) -> f64 {
    const FINITE: [f64; POINTS] = [0.0, 0.0, 1.0, -1.0, 2.0, -0.5];
    if point == 1 { f64::from(tap + 1 == r) } else { FINITE[point].powi(tap as i32) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter<const M: usize, const R: usize, const P: usize>() {
        let d: Line<f64, 1> = [[3.0], [-1.0], [2.0], [5.0], [-4.0], [0.75]];
        let g = [0.5, 4.0, -3.0];
        let mut m = data::<_, 1, P>(&d);
        for (i, m) in m.iter_mut().enumerate() {
            m[0] *= (0..R).map(|tap| share(R, i, tap) * g[tap]).sum::<f64>();
        }
        let y = collect::<_, 1, M, P>(&m);
        for (o, y) in y.iter().enumerate().take(M) {
            let direct: f64 = (0..R).map(|i| g[i] * d[o + i][0]).sum();
            assert!((y[0] - direct).abs() < 1e-12, "F({M}, {R}) output {o}: {} and {direct}", y[0]);
        }
    }

    #[test]
    fn outputs_from_as_many_products_as_points() {
        filter::<2, 2, 3>();
        filter::<3, 2, 4>();
        filter::<4, 2, 5>();
        filter::<2, 3, 4>();
        filter::<3, 3, 5>();
        filter::<4, 3, 6>();
    }

    /// <f(x), y> = <x, f*(y)> on every pair of unit vectors.
    fn adjoint(f: impl Fn(&Line<f64, 1>) -> Line<f64, 1>, g: impl Fn(&Line<f64, 1>) -> Line<f64, 1>, n: usize, m: usize) {
        let unit = |i: usize| -> Line<f64, 1> { std::array::from_fn(|j| [f64::from(i == j)]) };
        for i in 0..n {
            for j in 0..m {
                assert!((f(&unit(i))[j][0] - g(&unit(j))[i][0]).abs() < 1e-15, "{i} {j}");
            }
        }
    }

    #[test]
    fn adjoints_are_adjoint() {
        adjoint(data::<_, 1, 3>, data_adjoint::<_, 1, 3>, 3, 3);
        adjoint(data::<_, 1, 4>, data_adjoint::<_, 1, 4>, 4, 4);
        adjoint(data::<_, 1, 5>, data_adjoint::<_, 1, 5>, 5, 5);
        adjoint(data::<_, 1, 6>, data_adjoint::<_, 1, 6>, 6, 6);
        adjoint(spread::<_, 1, 2, 3>, collect::<_, 1, 2, 3>, 2, 3);
        adjoint(spread::<_, 1, 2, 4>, collect::<_, 1, 2, 4>, 2, 4);
        adjoint(spread::<_, 1, 3, 4>, collect::<_, 1, 3, 4>, 3, 4);
        adjoint(spread::<_, 1, 3, 5>, collect::<_, 1, 3, 5>, 3, 5);
        adjoint(spread::<_, 1, 4, 5>, collect::<_, 1, 4, 5>, 4, 5);
        adjoint(spread::<_, 1, 4, 6>, collect::<_, 1, 4, 6>, 4, 6);
    }
}
