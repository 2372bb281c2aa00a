//! Codes on the two directions in which they vary most: principal component analysis.

use candle_core::{DType, Tensor};
use ndarray::{Array1, Array2, ArrayView2, Axis};
use vimae_core::{Error, Result};

/// Steps of the power iteration for a direction at most.
const MOST_STEPS: usize = 1_000;

/// Codes `[n, d]` on their first two principal components, and the shares of the variance that these hold. The sign of
/// a component is that its largest weight is positive. None for fewer than two points or dimensions, and for codes that
/// are not finite.
pub(crate) fn principal(codes: ArrayView2<'_, f64>) -> Option<(Vec<[f32; 2]>, [f64; 2])> {
    let (n, d) = codes.dim();
    if n < 2 || d < 2 || codes.iter().any(|v| !v.is_finite()) {
        return None;
    }
    let centred = &codes - &codes.mean_axis(Axis(0))?;
    let mut covariance = centred.t().dot(&centred) / (n - 1) as f64;
    let total = covariance.diag().sum();
    if total <= 0.0 {
        return None;
    }
    let mut components = Vec::new();
    for _ in 0..2 {
        let (direction, variance) = leading(&covariance);
        let outer = direction.view().insert_axis(Axis(1)).dot(&direction.view().insert_axis(Axis(0)));
        covariance.scaled_add(-variance, &outer);
        components.push((direction, variance / total));
    }
    let along: Vec<Array1<f64>> = components.iter().map(|(direction, _)| centred.dot(direction)).collect();
    let points = along[0].iter().zip(&along[1]).map(|(x, y)| [*x as f32, *y as f32]).collect();
    Some((points, [components[0].1, components[1].1]))
}

/// The eigenvector of the largest eigenvalue, and that.
fn leading(covariance: &Array2<f64>) -> (Array1<f64>, f64) {
    // The largest column is never orthogonal to it but by accident.
    let norm = |v: &Array1<f64>| v.dot(v).sqrt();
    let start = covariance.columns().into_iter().map(|c| c.to_owned()).max_by(|a, b| norm(a).total_cmp(&norm(b)));
    let mut direction = start.unwrap_or_else(|| Array1::zeros(covariance.nrows()));
    let mut value = 0.0;
    for _ in 0..MOST_STEPS {
        let next = covariance.dot(&direction);
        let size = norm(&next);
        if size <= 0.0 {
            break;
        }
        let next = next / size;
        let moved = norm(&(&next - &direction));
        (direction, value) = (next, size);
        if moved < 1e-12 {
            break;
        }
    }
    let largest = direction.iter().copied().fold(0.0_f64, |best, v| if v.abs() > best.abs() { v } else { best });
    if largest < 0.0 {
        direction = -direction;
    }
    (direction, value)
}

/// Codes `[N, d]` as a matrix in f64.
pub(crate) fn matrix(codes: &Tensor) -> Result<Array2<f64>> {
    let (count, size) = codes.dims2()?;
    let values = codes.to_dtype(DType::F64)?.flatten_all()?.to_vec1::<f64>()?;
    Array2::from_shape_vec((count, size), values).map_err(|_| Error::shape("codes", "[N, d]", codes.dims()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_widest_directions_come_first() {
        // Along (0, 1, 1) with size 10, along (1, 0, 0) with size 3, along (0, 1, -1) with size 1; all independent.
        let sides = |i: usize| [i & 1, i >> 1 & 1, i >> 2 & 1].map(|b| if b == 1 { 1.0 } else { -1.0 });
        let codes = Array2::from_shape_fn((8, 3), |(i, j)| {
            let [a, b, c] = sides(i);
            [3.0 * b, 10.0 * a + c, 10.0 * a - c][j] + 5.0
        });
        let (points, shares) = principal(codes.view()).unwrap();
        for (i, point) in points.iter().enumerate() {
            let [a, b, _] = sides(i);
            assert!((f64::from(point[0]) - 200_f64.sqrt() * a).abs() < 1e-4 && (f64::from(point[1]) - 3.0 * b).abs() < 1e-4, "{point:?}");
        }
        assert!((shares[0] - 200.0 / 211.0).abs() < 1e-9 && (shares[1] - 9.0 / 211.0).abs() < 1e-9, "{shares:?}");
        assert!(principal(Array2::from_elem((5, 3), 2.0).view()).is_none());
        assert!(principal(Array2::from_elem((5, 3), f64::NAN).view()).is_none());
    }
}
