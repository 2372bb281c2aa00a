//! Convolutions of stride 1 by Winograd's minimal filtering (Winograd, "Arithmetic Complexity of Computations", 1980; Lavin and
//! Gray, "Fast Algorithms for Convolutional Neural Networks", 2015).
//!
//! | kernel | tile of results | products in place of |
//! |---|---|---|
//! | 3 x 3 | 4 x 4 | 36, 144 |
//! | 5 x 5 | 4 x 4 | 64, 400 |
//! | 1 x 3, 3 x 1 | 4 | 6, 12 |
//! | 1 x 7, 7 x 1 | 6 | 12, 42 |
//!
//! Tiles of pixels overlap by the taps but one; a few tiles' transforms and products stay in cache together. Results differ from
//! the plain sum by about 1e-5 of the largest.
#![expect(unsafe_code, reason = "the versions of a loop for each vector width are called where the processor has it")]

use super::axis::{Axis, LANES};
use super::map::Target;
use crate::geometry::Geometry;
use crate::panels::{Left, Out, PANEL, Right, product, whole_panels};
use crate::real::Real;
use crate::simd::vectorised;

/// Most pixels that a tile sees.
const MOST: usize = 64;
/// Transformed weights beyond this, in elements, cost more to read than the products they save.
const MANY_WEIGHTS: usize = 1 << 23;
/// Elements of the transforms of the tiles that are worked on together: half of a second-level cache.
const SCRATCH: usize = 1 << 18;

/// The transformed weights.
#[derive(Clone, Debug)]
pub(super) struct Winograd {
    /// For each position its panels, `[channels, 32]` each.
    panels: Vec<f32>,
    channels: usize,
    outputs: usize,
    down: Axis<f32>,
    across: Axis<f32>,
}

impl Winograd {
    /// The transform of weights OIHW, where these kernels take the shape.
    pub(super) fn new(weights: &[f32], outputs: usize, channels: usize, kernel: (usize, usize), stride: (usize, usize)) -> Option<Self> {
        let (down, across) = match kernel {
            (3, 3) | (5, 5) | (1, 3 | 7) | (3 | 7, 1) => (Axis::new(kernel.0)?, Axis::new(kernel.1)?),
            _ => return None,
        };
        let whole = channels.is_multiple_of(LANES) && outputs.is_multiple_of(LANES);
        let positions = down.points() * across.points();
        if stride != (1, 1) || !whole || positions * channels * outputs > MANY_WEIGHTS {
            return None;
        }
        let size = channels * whole_panels(outputs);
        let mut panels = vec![0.0; positions * size];
        let (rows, columns) = (down.weights(), across.weights());
        for (i, filter) in weights.chunks_exact(kernel.0 * kernel.1 * channels).enumerate() {
            for (channel, taps) in filter.chunks_exact(kernel.0 * kernel.1).enumerate() {
                for (y, gy) in rows.iter().enumerate() {
                    for (x, gx) in columns.iter().enumerate() {
                        let product = |(t, tap): (usize, &f32)| gy[t / kernel.1] * gx[t % kernel.1] * f64::from(*tap);
                        let sum: f64 = taps.iter().enumerate().map(product).sum();
                        panels[(y * columns.len() + x) * size + (i / PANEL * channels + channel) * PANEL + i % PANEL] = sum as f32;
                    }
                }
            }
        }
        Some(Self { panels, channels, outputs, down, across })
    }

    /// max(0, x * weight + bias) into `target`.
    pub(super) fn run(&self, g: &Geometry, x: &[f32], bias: &[f32], target: &mut Target<'_>) {
        let (c, o) = (self.channels, self.outputs);
        let (high, wide) = (self.down.points(), self.across.points());
        let (out_high, out_wide) = (self.down.results(), self.across.results());
        let positions = high * wide;
        let (down, across) = (g.oh.div_ceil(out_high), g.ow.div_ceil(out_wide));
        let tiles = g.n * down * across;
        let together = (SCRATCH / (positions * (c + o)) / 14 * 14).max(28);
        let nothing = vec![0.0; c];
        for start in (0..tiles).step_by(together) {
            let rows = together.min(tiles - start);
            let place = |tile: usize| (tile / (down * across), tile / across % down * out_high, tile % across * out_wide);
            f32::with_scratch(positions * rows * (c + o), |scratch| {
                let (v, m) = scratch.split_at_mut(positions * rows * c);
                for row in 0..rows {
                    let (image, oy, ox) = place(start + row);
                    let pixel = |i: usize| {
                        let y = (oy + i / wide).checked_sub(g.top).filter(|y| *y < g.h);
                        let at = (ox + i % wide).checked_sub(g.left).filter(|x| *x < g.w);
                        match (y, at) {
                            (Some(y), Some(at)) => &x[((image * g.h + y) * g.w + at) * c..][..c],
                            _ => &nothing,
                        }
                    };
                    let mut pixels = [nothing.as_slice(); MOST];
                    pixels.iter_mut().take(positions).enumerate().for_each(|(i, to)| *to = pixel(i));
                    self.spread(&pixels, v, row * c, rows * c);
                }
                let size = c * whole_panels(o);
                for position in 0..positions {
                    let left = Left::plain(&v[position * rows * c..], (rows, c), c, 1);
                    let data = &self.panels[position * size..][..size];
                    let right = Right { data, columns: o, panel_stride: c * PANEL, depth_stride: PANEL };
                    product(Out::rows(&mut m[position * rows * o..], o), left, right, false);
                }
                let mut results = vec![0.0; out_high * out_wide * o];
                for row in 0..rows {
                    let (image, oy, ox) = place(start + row);
                    self.gather(m, row * o, rows * o, bias, &mut results);
                    for (i, result) in results.chunks_exact(o).enumerate() {
                        let (y, at) = (oy + i / out_wide, ox + i % out_wide);
                        if y < g.oh && at < g.ow {
                            let to = ((image * g.oh + y) * g.ow + at) * target.wide + target.first;
                            target.data[to..to + o].copy_from_slice(result);
                        }
                    }
                }
            });
        }
    }

    fn spread(&self, pixels: &[&[f32]; MOST], out: &mut [f32], first: usize, stride: usize) {
        match (self.down.points(), self.across.points()) {
            (6, 6) => spread_square::<f32, 6>(&self.down, pixels, out, first, stride),
            (8, 8) => spread_square::<f32, 8>(&self.down, pixels, out, first, stride),
            (1, 6) => spread_line::<f32, 6>(&self.across, pixels, out, first, stride),
            (6, 1) => spread_line::<f32, 6>(&self.down, pixels, out, first, stride),
            (1, 12) => spread_line::<f32, 12>(&self.across, pixels, out, first, stride),
            _ => spread_line::<f32, 12>(&self.down, pixels, out, first, stride),
        }
    }

    fn gather(&self, m: &[f32], first: usize, stride: usize, bias: &[f32], out: &mut [f32]) {
        match (self.down.points(), self.across.points()) {
            (6, 6) => gather_square::<f32, 6, 4>(&self.down, m, first, stride, bias, out),
            (8, 8) => gather_square::<f32, 8, 4>(&self.down, m, first, stride, bias, out),
            (1, 6) => gather_line::<f32, 6, 4>(&self.across, m, first, stride, bias, out),
            (6, 1) => gather_line::<f32, 6, 4>(&self.down, m, first, stride, bias, out),
            (1, 12) => gather_line::<f32, 12, 6>(&self.across, m, first, stride, bias, out),
            _ => gather_line::<f32, 12, 6>(&self.down, m, first, stride, bias, out),
        }
    }
}

#[inline(always)]
fn lanes<T: Real>(from: &[T], start: usize) -> [T; LANES] {
    let mut out = [T::zero(); LANES];
    out.copy_from_slice(&from[start..start + LANES]);
    out
}

/// max(0, values + bias); NaN stays NaN.
#[inline(always)]
fn finish<T: Real>(values: &[T; LANES], bias: &[T; LANES], to: &mut [T]) {
    for l in 0..LANES {
        let sum = values[l] + bias[l];
        to[l] = if sum < T::zero() { T::zero() } else { sum };
    }
}

vectorised! {
    /// B^T d B of one tile: position p goes to `out[p * stride + first..]`.
    fn spread_square<T: Real, const N: usize>(axis: &Axis<T>, pixels: &[&[T]; MOST], out: &mut [T], first: usize, stride: usize) {
        for start in (0..pixels[0].len()).step_by(LANES) {
            let mut half = [[[T::zero(); LANES]; N]; N];
            for (x, half) in half.iter_mut().enumerate() {
                *half = axis.forward::<N>(std::array::from_fn(|y| lanes::<T>(pixels[y * N + x], start)));
            }
            for y in 0..N {
                let row = axis.forward::<N>(std::array::from_fn(|x| half[x][y]));
                for (x, values) in row.iter().enumerate() {
                    out[(y * N + x) * stride + first + start..][..LANES].copy_from_slice(values);
                }
            }
        }
    }
}

vectorised! {
    /// B^T d of one tile that is a line.
    fn spread_line<T: Real, const N: usize>(axis: &Axis<T>, pixels: &[&[T]; MOST], out: &mut [T], first: usize, stride: usize) {
        for start in (0..pixels[0].len()).step_by(LANES) {
            let line = axis.forward::<N>(std::array::from_fn(|i| lanes::<T>(pixels[i], start)));
            for (i, values) in line.iter().enumerate() {
                out[i * stride + first + start..][..LANES].copy_from_slice(values);
            }
        }
    }
}

vectorised! {
    /// max(0, A^T m A + bias) of one tile, `[M, M, outputs]`.
    fn gather_square<T: Real, const N: usize, const M: usize>(axis: &Axis<T>, m: &[T], first: usize, stride: usize, bias: &[T], out: &mut [T]) {
        let outputs = bias.len();
        for start in (0..outputs).step_by(LANES) {
            let mut half = [[[T::zero(); LANES]; M]; N];
            for (x, half) in half.iter_mut().enumerate() {
                *half = axis.backward::<N, M>(std::array::from_fn(|y| lanes::<T>(m, (y * N + x) * stride + first + start)));
            }
            let bias = lanes::<T>(bias, start);
            for y in 0..M {
                let row = axis.backward::<N, M>(std::array::from_fn(|x| half[x][y]));
                for (x, values) in row.iter().enumerate() {
                    finish::<T>(values, &bias, &mut out[(y * M + x) * outputs + start..][..LANES]);
                }
            }
        }
    }
}

vectorised! {
    /// max(0, A^T m + bias) of one tile that is a line, `[M, outputs]`.
    fn gather_line<T: Real, const N: usize, const M: usize>(axis: &Axis<T>, m: &[T], first: usize, stride: usize, bias: &[T], out: &mut [T]) {
        let outputs = bias.len();
        for start in (0..outputs).step_by(LANES) {
            let line = axis.backward::<N, M>(std::array::from_fn(|i| lanes::<T>(m, i * stride + first + start)));
            let bias = lanes::<T>(bias, start);
            for (i, values) in line.iter().enumerate() {
                finish::<T>(values, &bias, &mut out[i * outputs + start..][..LANES]);
            }
        }
    }
}
