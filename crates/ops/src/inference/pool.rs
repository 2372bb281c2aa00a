//! Max pooling and average pooling.

use super::map::Map;
use super::rows::{add, larger};
use crate::error::{Error, Result};
use crate::geometry::output_size;

/// A square window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    /// Its side in pixels.
    pub kernel: usize,
    /// The step between windows.
    pub stride: usize,
    /// Rows and columns added on each side, fewer than the kernel has.
    pub padding: usize,
}

/// Writes the largest element of each window into `out` from channel `first` on. Padding does not count.
///
/// # Errors
/// Returns an error if `out` has another size or the window does not fit.
pub fn max_pool(x: &Map, window: Window, out: &mut Map, first: usize) -> Result<()> {
    pool("inference::max_pool", x, window, out, first, larger, |_, _| ())
}

/// Writes the mean of each window into `out` from channel `first` on. Padding counts neither in the sum nor in the number of
/// elements, as in TensorFlow's SAME pooling.
///
/// # Errors
/// Returns an error if `out` has another size or the window does not fit.
pub fn average_pool(x: &Map, window: Window, out: &mut Map, first: usize) -> Result<()> {
    pool("inference::average_pool", x, window, out, first, add, |row, count| scale(row, 1.0 / count as f32))
}

fn pool(
    op: &'static str,
    x: &Map,
    Window { kernel, stride, padding }: Window,
    out: &mut Map,
    first: usize,
    fold: impl Fn(&mut [f32], &[f32]),
    finish: impl Fn(&mut [f32], usize),
) -> Result<()> {
    if stride == 0 || kernel == 0 || padding >= kernel {
        let value = format!("kernel {kernel}, stride {stride}, padding {padding}");
        return Err(Error::Parameter {
            op,
            parameter: "window",
            value,
            reason: "kernel and stride must be at least 1, padding less than the kernel",
        });
    }
    let (h, w, c) = (x.height(), x.width(), x.channels());
    let oh = output_size(op, "kernel", h, (padding, padding), kernel, stride)?;
    let ow = output_size(op, "kernel", w, (padding, padding), kernel, stride)?;
    out.check_target(op, x.len(), oh, ow, first, c)?;
    let wide = out.channels();
    let inside = |o: usize, size: usize| {
        let start = (o * stride).saturating_sub(padding);
        start..(o * stride + kernel).saturating_sub(padding).min(size)
    };
    let rows = out.data_mut().chunks_exact_mut((ow * wide).max(1));
    for (i, row) in rows.enumerate() {
        let (image, oy) = (i / oh, i % oh);
        for (ox, out) in row.chunks_exact_mut(wide).enumerate() {
            let out = &mut out[first..first + c];
            let (ys, xs) = (inside(oy, h), inside(ox, w));
            let count = ys.len() * xs.len();
            let mut fresh = true;
            for y in ys {
                for at in xs.clone() {
                    let line = &x.data()[((image * h + y) * w + at) * c..][..c];
                    if fresh {
                        out.copy_from_slice(line);
                        fresh = false;
                    } else {
                        fold(out, line);
                    }
                }
            }
            finish(out, count);
        }
    }
    Ok(())
}

fn scale(row: &mut [f32], by: f32) {
    row.iter_mut().for_each(|v| *v *= by);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plane(values: &[f32], side: usize) -> Map {
        Map::new(1, side, side, 1, values.to_vec()).unwrap()
    }

    #[test]
    fn windows_at_the_edge_see_no_padding() {
        let x = plane(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, -9.0], 3);
        let same = Window { kernel: 3, stride: 1, padding: 1 };
        let mut out = Map::zeros(1, 3, 3, 1);
        average_pool(&x, same, &mut out, 0).unwrap();
        assert_eq!(out.data()[..2], [3.0, 3.5]);
        assert_eq!(out.data()[4], 3.0);
        max_pool(&plane(&[-1.0; 9], 3), same, &mut out, 0).unwrap();
        assert_eq!(out.data(), [-1.0; 9]);
        let mut one = Map::zeros(1, 1, 1, 1);
        max_pool(&x, Window { kernel: 3, stride: 2, padding: 0 }, &mut one, 0).unwrap();
        assert_eq!(one.data(), [8.0]);
    }

    #[test]
    fn windows_that_do_not_fit_are_refused() {
        let x = plane(&[0.0; 4], 2);
        let mut out = Map::zeros(1, 1, 1, 1);
        assert!(max_pool(&x, Window { kernel: 3, stride: 1, padding: 0 }, &mut out, 0).is_err());
        assert!(max_pool(&x, Window { kernel: 2, stride: 0, padding: 0 }, &mut out, 0).is_err());
        assert!(max_pool(&x, Window { kernel: 2, stride: 1, padding: 2 }, &mut out, 0).is_err());
        assert!(max_pool(&x, Window { kernel: 2, stride: 1, padding: 0 }, &mut out, 1).is_err());
    }
}
