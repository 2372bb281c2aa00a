//! 3 x 3 convolutions of stride 1 by Winograd's minimal filtering, F(4 x 4, 3 x 3): 36 products for 16 results in place
//! of 144 (Lavin and Gray, "Fast Algorithms for Convolutional Neural Networks", 2015).
//!
//! Tiles of 6 x 6 pixels overlap by two; a few tiles' transforms and products stay in cache together. Results differ from
//! the plain sum by about 1e-5 of the largest.
#![expect(unsafe_code, reason = "the versions of a loop for each vector width are called where the processor has it")]

use super::map::Target;
use crate::geometry::Geometry;
use crate::panels::{Left, Out, PANEL, Right, product, whole_panels};
use crate::real::Real;
use crate::simd::vectorised;

/// Rows and columns of results of a tile, and of pixels that it sees.
const OUT: usize = 4;
const IN: usize = 6;
const POSITIONS: usize = IN * IN;
/// Channels that a transform takes at once.
const LANES: usize = 16;
/// Transformed weights beyond this, in elements, cost more to read than the products they save.
const MANY_WEIGHTS: usize = 1 << 20;
/// Elements of the transforms of the tiles that are worked on together: half of a second-level cache.
const SCRATCH: usize = 1 << 18;

/// The weights' transform: rows for the three taps.
const G: [[f64; 3]; IN] = [
    [0.25, 0.0, 0.0],
    [-1.0 / 6.0, -1.0 / 6.0, -1.0 / 6.0],
    [-1.0 / 6.0, 1.0 / 6.0, -1.0 / 6.0],
    [1.0 / 24.0, 1.0 / 12.0, 1.0 / 6.0],
    [1.0 / 24.0, -1.0 / 12.0, 1.0 / 6.0],
    [0.0, 0.0, 1.0],
];

/// The transformed weights.
#[derive(Clone, Debug)]
pub(super) struct Winograd {
    /// For each position its panels, `[channels, 32]` each.
    panels: Vec<f32>,
    channels: usize,
    outputs: usize,
}

impl Winograd {
    /// The transform of weights OIHW, where these kernels take the shape.
    pub(super) fn new(weights: &[f32], outputs: usize, channels: usize, kernel: (usize, usize), stride: (usize, usize)) -> Option<Self> {
        let whole = channels.is_multiple_of(LANES) && outputs.is_multiple_of(LANES);
        let few = POSITIONS * channels * outputs <= MANY_WEIGHTS;
        if kernel != (3, 3) || stride != (1, 1) || !whole || !few {
            return None;
        }
        let size = channels * whole_panels(outputs);
        let mut panels = vec![0.0; POSITIONS * size];
        for (i, filter) in weights.chunks_exact(9 * channels).enumerate() {
            for (channel, taps) in filter.as_chunks::<9>().0.iter().enumerate() {
                for (y, gy) in G.iter().enumerate() {
                    for (x, gx) in G.iter().enumerate() {
                        let sum: f64 = (0..9).map(|t| gy[t / 3] * gx[t % 3] * f64::from(taps[t])).sum();
                        panels[(y * IN + x) * size + (i / PANEL * channels + channel) * PANEL + i % PANEL] = sum as f32;
                    }
                }
            }
        }
        Some(Self { panels, channels, outputs })
    }

    /// max(0, x * weight + bias) into `target`.
    pub(super) fn run(&self, g: &Geometry, x: &[f32], bias: &[f32], target: &mut Target<'_>) {
        let (c, o) = (self.channels, self.outputs);
        let (down, across) = (g.oh.div_ceil(OUT), g.ow.div_ceil(OUT));
        let tiles = g.n * down * across;
        let together = (SCRATCH / (POSITIONS * (c + o)) / 14 * 14).max(28);
        let nothing = vec![0.0; c];
        for start in (0..tiles).step_by(together) {
            let rows = together.min(tiles - start);
            let place = |tile: usize| (tile / (down * across), tile / across % down * OUT, tile % across * OUT);
            f32::with_scratch(POSITIONS * rows * (c + o), |scratch| {
                let (v, m) = scratch.split_at_mut(POSITIONS * rows * c);
                for row in 0..rows {
                    let (image, oy, ox) = place(start + row);
                    let pixels: [&[f32]; POSITIONS] = std::array::from_fn(|i| {
                        let y = (oy + i / IN).checked_sub(g.top).filter(|y| *y < g.h);
                        let at = (ox + i % IN).checked_sub(g.left).filter(|x| *x < g.w);
                        match (y, at) {
                            (Some(y), Some(at)) => &x[((image * g.h + y) * g.w + at) * c..][..c],
                            _ => &nothing,
                        }
                    });
                    spread::<f32>(&pixels, v, row * c, rows * c);
                }
                let size = c * whole_panels(o);
                for position in 0..POSITIONS {
                    let left = Left::plain(&v[position * rows * c..], (rows, c), c, 1);
                    let data = &self.panels[position * size..][..size];
                    let right = Right { data, columns: o, panel_stride: c * PANEL, depth_stride: PANEL };
                    product(Out::rows(&mut m[position * rows * o..], o), left, right, false);
                }
                let mut results = vec![0.0; OUT * OUT * o];
                for row in 0..rows {
                    let (image, oy, ox) = place(start + row);
                    gather::<f32>(m, row * o, rows * o, bias, &mut results);
                    for (i, result) in results.chunks_exact(o).enumerate() {
                        let (y, at) = (oy + i / OUT, ox + i % OUT);
                        if y < g.oh && at < g.ow {
                            let to = ((image * g.oh + y) * g.ow + at) * target.wide + target.first;
                            target.data[to..to + o].copy_from_slice(result);
                        }
                    }
                }
            });
        }
    }
}

/// B^T d of six elements a lane.
#[inline(always)]
fn forward<T: Real>(d: [[T; LANES]; IN]) -> [[T; LANES]; IN] {
    let (two, four, five) = (T::from_f64(2.0), T::from_f64(4.0), T::from_f64(5.0));
    let mut out = [[T::zero(); LANES]; IN];
    for l in 0..LANES {
        let (a, b) = (d[4][l] - four * d[2][l], d[3][l] - four * d[1][l]);
        let (e, f) = (d[4][l] - d[2][l], two * (d[3][l] - d[1][l]));
        out[0][l] = four * d[0][l] - five * d[2][l] + d[4][l];
        out[1][l] = a + b;
        out[2][l] = a - b;
        out[3][l] = e + f;
        out[4][l] = e - f;
        out[5][l] = four * d[1][l] - five * d[3][l] + d[5][l];
    }
    out
}

/// A^T m of six elements a lane.
#[inline(always)]
fn backward<T: Real>(m: [[T; LANES]; IN]) -> [[T; LANES]; OUT] {
    let (two, four, eight) = (T::from_f64(2.0), T::from_f64(4.0), T::from_f64(8.0));
    let mut out = [[T::zero(); LANES]; OUT];
    for l in 0..LANES {
        let (s, d) = (m[1][l] + m[2][l], m[1][l] - m[2][l]);
        let (t, e) = (m[3][l] + m[4][l], m[3][l] - m[4][l]);
        out[0][l] = m[0][l] + s + t;
        out[1][l] = d + two * e;
        out[2][l] = s + four * t;
        out[3][l] = d + eight * e + m[5][l];
    }
    out
}

#[inline(always)]
fn lanes<T: Real>(from: &[T], start: usize) -> [T; LANES] {
    let mut out = [T::zero(); LANES];
    out.copy_from_slice(&from[start..start + LANES]);
    out
}

vectorised! {
    /// B^T d B of one tile: position p goes to `out[p * stride + first..]`.
    fn spread<T: Real>(pixels: &[&[T]; POSITIONS], out: &mut [T], first: usize, stride: usize) {
        for start in (0..pixels[0].len()).step_by(LANES) {
            let mut half = [[[T::zero(); LANES]; IN]; IN];
            for (x, half) in half.iter_mut().enumerate() {
                *half = forward::<T>(std::array::from_fn(|y| lanes::<T>(pixels[y * IN + x], start)));
            }
            for y in 0..IN {
                let row = forward::<T>(std::array::from_fn(|x| half[x][y]));
                for (x, values) in row.iter().enumerate() {
                    out[(y * IN + x) * stride + first + start..][..LANES].copy_from_slice(values);
                }
            }
        }
    }
}

vectorised! {
    /// max(0, A^T m A + bias) of one tile, `[4, 4, outputs]`.
    fn gather<T: Real>(m: &[T], first: usize, stride: usize, bias: &[T], out: &mut [T]) {
        let outputs = bias.len();
        for start in (0..outputs).step_by(LANES) {
            let mut half = [[[T::zero(); LANES]; OUT]; IN];
            for (x, half) in half.iter_mut().enumerate() {
                *half = backward::<T>(std::array::from_fn(|y| lanes::<T>(m, (y * IN + x) * stride + first + start)));
            }
            let bias = lanes::<T>(bias, start);
            for y in 0..OUT {
                let row = backward::<T>(std::array::from_fn(|x| half[x][y]));
                for (x, values) in row.iter().enumerate() {
                    let to = &mut out[(y * OUT + x) * outputs + start..][..LANES];
                    for l in 0..LANES {
                        let sum = values[l] + bias[l];
                        to[l] = if sum < T::zero() { T::zero() } else { sum };
                    }
                }
            }
        }
    }
}
