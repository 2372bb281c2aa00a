//! The convolution with bias and ReLU.
//!
//! Weights are laid out once, in panels that the product kernels read in place. A wide map is taken line by line:
//! the pixels under one row of taps lie side by side already, so that nothing is copied but lines that need padding.
//! On a small map, or where the weights are too many to be read again for every line, patches are gathered in
//! cache-sized tiles over several images. Kernels of stride 1 with 3, 5 or 7 taps a side go by Winograd's filtering.

use super::map::{Map, Target};
use super::rows::finish;
use super::winograd::Winograd;
use crate::direct::gather_patches;
use crate::error::{Error, Result, shape_error};
use crate::geometry::{Geometry, check_positive, output_size};
use crate::panels::{HALF, Left, Out, PANEL, Right, product, whole_panels};
use crate::real::Real;
use candle_core::{DType, Tensor};

/// Lines shorter than this are gathered.
const SHORT_LINE: usize = 16;
/// Weights beyond this, in elements, are not read again for every line: half of a second-level cache.
const MANY_WEIGHTS: usize = 1 << 18;
/// Elements of the patches of one tile.
const TILE_ELEMENTS: usize = 1 << 17;

/// A convolution (cross-correlation) with bias and ReLU.
#[derive(Clone, Debug)]
pub struct Conv {
    /// One panel of 32 outputs after another: `[taps and channels, 32]` each. Empty beside Winograd's.
    panels: Vec<f32>,
    winograd: Option<Winograd>,
    bias: Vec<f32>,
    channels: usize,
    kernel: (usize, usize),
    stride: (usize, usize),
    padding: (usize, usize),
}

impl Conv {
    /// Creates a convolution from `weight` `[O, C, kh, kw]` and `bias` `[O]`. `padding` counts the rows above and below, and
    /// the columns at the left and right.
    ///
    /// # Errors
    /// Returns an error if shapes do not match or a stride is 0.
    pub fn new(weight: &Tensor, bias: &[f32], stride: (usize, usize), padding: (usize, usize)) -> Result<Self> {
        let op = "inference::Conv::new";
        let &[o, c, kh, kw] = weight.dims() else { return Err(shape_error(op, "weight", "[O, C, kh, kw]", weight)) };
        check_positive(op, &[("outputs", o), ("channels", c), ("kernel", kh.min(kw)), ("stride", stride.0.min(stride.1))])?;
        if bias.len() != o {
            return Err(Error::Shape { op, argument: "bias", expected: format!("[{o}]"), got: vec![bias.len()] });
        }
        let values: Vec<f32> = weight.to_dtype(DType::F32)?.flatten_all()?.to_vec1()?;
        let winograd = Winograd::new(&values, o, c, (kh, kw), stride);
        let panels = if winograd.is_some() { Vec::new() } else { in_panels(&values, o, c, kh * kw) };
        Ok(Self { panels, winograd, bias: bias.to_vec(), channels: c, kernel: (kh, kw), stride, padding })
    }

    /// The number of output channels.
    pub fn outputs(&self) -> usize {
        self.bias.len()
    }

    /// Returns the height and width of the output for an input of `height` and `width`.
    ///
    /// # Errors
    /// Returns an error if the kernel is larger than the padded input.
    pub fn output_size(&self, height: usize, width: usize) -> Result<(usize, usize)> {
        let op = "inference::Conv";
        let ((kh, kw), (sh, sw), (ph, pw)) = (self.kernel, self.stride, self.padding);
        Ok((output_size(op, "kernel height", height, (ph, ph), kh, sh)?, output_size(op, "kernel width", width, (pw, pw), kw, sw)?))
    }

    /// Returns max(0, x * weight + bias).
    ///
    /// # Errors
    /// Returns an error if `x` has another number of channels or is smaller than the kernel.
    pub fn relu(&self, x: &Map) -> Result<Map> {
        let (oh, ow) = self.output_size(x.height(), x.width())?;
        let mut out = Map::unfilled(x.len(), oh, ow, self.outputs());
        self.relu_into(x, &mut out, 0)?;
        Ok(out)
    }

    /// Writes the result of [`Conv::relu`] into the channels of `out` from `first` on.
    ///
    /// # Errors
    /// As [`Conv::relu`]. Also returns an error if `out` has another size or too few channels.
    pub fn relu_into(&self, x: &Map, out: &mut Map, first: usize) -> Result<()> {
        let op = "inference::Conv";
        if x.channels() != self.channels {
            let expected = format!("[N, H, W, {}]", self.channels);
            return Err(Error::Shape { op, argument: "x", expected, got: vec![x.len(), x.height(), x.width(), x.channels()] });
        }
        let (oh, ow) = self.output_size(x.height(), x.width())?;
        out.check_target(op, x.len(), oh, ow, first, self.outputs())?;
        let geometry = Geometry {
            n: x.len(),
            h: x.height(),
            w: x.width(),
            c: self.channels,
            oh,
            ow,
            o: self.outputs(),
            kh: self.kernel.0,
            kw: self.kernel.1,
            sh: self.stride.0,
            sw: self.stride.1,
            top: self.padding.0,
            left: self.padding.1,
        };
        geometry.check(op)?;
        let wide = out.channels();
        let mut target = Target { data: out.data_mut(), wide, first };
        let point = self.kernel == (1, 1) && self.stride == (1, 1) && self.padding == (0, 0);
        if let Some(winograd) = &self.winograd {
            winograd.run(&geometry, x.data(), &self.bias, &mut target);
        } else if point {
            let rows = geometry.small_pixels();
            // As many pixels as stay in cache while all weights meet them.
            let tile = (TILE_ELEMENTS / self.channels).max(56);
            for start in (0..rows).step_by(tile.max(1)) {
                let count = tile.min(rows - start);
                let left = Left::plain(&x.data()[start * self.channels..], (count, self.channels), self.channels, 1);
                self.rows(start, count, &mut target, |out, stride, columns| {
                    product(Out::rows(out, stride), left, self.right(0, columns), false)
                });
            }
        } else if ow >= SHORT_LINE && self.panels.len() <= MANY_WEIGHTS {
            self.by_lines(&geometry, x.data(), &mut target);
        } else {
            self.by_patches(&geometry, x.data(), &mut target);
        }
        Ok(())
    }

    /// The weights from row `first` of each panel on.
    fn right(&self, first: usize, columns: usize) -> Right<'_, f32> {
        let depth = self.channels * self.kernel.0 * self.kernel.1;
        Right { data: &self.panels[first * PANEL..], columns, panel_stride: depth * PANEL, depth_stride: PANEL }
    }

    /// Lets `multiply` fill `count` rows from row `start` on, given where, the stride of rows and the columns in
    /// halves of a panel; then adds bias and takes ReLU.
    fn rows(&self, start: usize, count: usize, target: &mut Target<'_>, multiply: impl FnOnce(&mut [f32], usize, usize)) {
        let outputs = self.outputs();
        let columns = outputs.div_ceil(HALF) * HALF;
        let Target { data, wide, first } = target;
        let out = &mut data[start * *wide + *first..];
        if columns == outputs {
            multiply(out, *wide, columns);
            for row in out.chunks_mut(*wide).take(count) {
                finish(&mut row[..outputs], &self.bias);
            }
        } else {
            let mut rows = vec![0.0; count * columns];
            multiply(&mut rows, columns, columns);
            for (row, out) in rows.chunks_exact(columns).zip(out.chunks_mut(*wide)) {
                let out = &mut out[..outputs];
                out.copy_from_slice(&row[..outputs]);
                finish(out, &self.bias);
            }
        }
    }

    fn by_lines(&self, g: &Geometry, x: &[f32], target: &mut Target<'_>) {
        let padded = g.w + 2 * g.left;
        let line_elements = padded * g.c;
        // Lines with padding, each where its number says; an input line is copied once.
        let slots = if g.left > 0 { g.kh } else { 0 };
        let mut lines = vec![0.0; slots * line_elements];
        for image in 0..g.n {
            let mut held = vec![usize::MAX; slots];
            for oy in 0..g.oh {
                let taps = (0..g.kh).filter_map(|ky| Some((ky, (oy * g.sh + ky).checked_sub(g.top).filter(|y| *y < g.h)?)));
                let line = |y: usize| &x[(image * g.h + y) * g.w * g.c..][..g.w * g.c];
                for (_, y) in taps.clone().filter(|_| slots > 0) {
                    if held[y % g.kh] != y {
                        held[y % g.kh] = y;
                        lines[y % g.kh * line_elements + g.left * g.c..][..g.w * g.c].copy_from_slice(line(y));
                    }
                }
                self.rows((image * g.oh + oy) * g.ow, g.ow, target, |out, stride, columns| {
                    for (i, (ky, y)) in taps.enumerate() {
                        let data = if slots > 0 { &lines[y % g.kh * line_elements..][..line_elements] } else { line(y) };
                        let left = Left::plain(data, (g.ow, g.kw * g.c), g.sw * g.c, 1);
                        product(Out::rows(out, stride), left, self.right(ky * g.kw * g.c, columns), i > 0);
                    }
                });
            }
        }
    }

    fn by_patches(&self, g: &Geometry, x: &[f32], target: &mut Target<'_>) {
        let (depth, rows) = (g.patch(), g.small_pixels());
        let tile = (TILE_ELEMENTS / depth).next_multiple_of(14).max(56);
        for start in (0..rows).step_by(tile) {
            let count = tile.min(rows - start);
            f32::with_scratch(count * depth, |patches| {
                gather_patches(g, x, start, count, patches);
                let left = Left::plain(patches, (count, depth), depth, 1);
                self.rows(start, count, target, |out, stride, columns| {
                    product(Out::rows(out, stride), left, self.right(0, columns), false)
                });
            });
        }
    }
}

/// Weights OIHW in panels.
fn in_panels(weights: &[f32], outputs: usize, channels: usize, taps: usize) -> Vec<f32> {
    let depth = channels * taps;
    let mut panels = vec![0.0; whole_panels(outputs) * depth];
    for (i, filter) in weights.chunks_exact(depth).enumerate() {
        for (channel, values) in filter.chunks_exact(taps).enumerate() {
            for (tap, value) in values.iter().enumerate() {
                panels[(i / PANEL * depth + tap * channels + channel) * PANEL + i % PANEL] = *value;
            }
        }
    }
    panels
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    fn values(len: usize, seed: usize) -> Vec<f32> {
        (0..len).map(|i| ((i * 37 + i / 7 + seed * 11) % 101) as f32 / 50.0 - 1.0).collect()
    }

    /// The sum as it is written in books.
    fn plain(x: &Map, weight: &[f32], bias: &[f32], kernel: (usize, usize), stride: (usize, usize), padding: (usize, usize)) -> Map {
        let (h, w, c, o) = (x.height(), x.width(), x.channels(), bias.len());
        let size = |size: usize, k: usize, s: usize, p: usize| (size + 2 * p - k) / s + 1;
        let (oh, ow) = (size(h, kernel.0, stride.0, padding.0), size(w, kernel.1, stride.1, padding.1));
        let mut out = Vec::new();
        for n in 0..x.len() {
            for (oy, ox) in (0..oh).flat_map(|y| (0..ow).map(move |x| (y, x))) {
                for (i, bias) in bias.iter().enumerate() {
                    let mut sum = f64::from(*bias);
                    for (ky, kx) in (0..kernel.0).flat_map(|y| (0..kernel.1).map(move |x| (y, x))) {
                        let y = (oy * stride.0 + ky).checked_sub(padding.0).filter(|y| *y < h);
                        let at = (ox * stride.1 + kx).checked_sub(padding.1).filter(|x| *x < w);
                        if let (Some(y), Some(at)) = (y, at) {
                            for channel in 0..c {
                                let v = x.data()[((n * h + y) * w + at) * c + channel];
                                sum += f64::from(v * weight[((i * c + channel) * kernel.0 + ky) * kernel.1 + kx]);
                            }
                        }
                    }
                    out.push(sum.max(0.0) as f32);
                }
            }
        }
        Map::new(x.len(), oh, ow, o, out).unwrap()
    }

    #[test]
    fn every_way_through_gives_the_plain_sum() {
        for (n, h, w, c, o, kernel, stride, padding) in [
            (2, 35, 35, 8, 48, (3, 3), (1, 1), (1, 1)),
            (1, 33, 21, 3, 32, (3, 3), (2, 2), (0, 0)),
            (2, 19, 22, 32, 48, (3, 3), (1, 1), (1, 1)),
            (3, 7, 9, 16, 16, (3, 3), (1, 1), (0, 0)),
            (1, 17, 17, 9, 33, (1, 7), (1, 1), (0, 3)),
            (2, 17, 17, 16, 16, (7, 1), (1, 1), (3, 0)),
            (3, 8, 8, 12, 20, (3, 3), (1, 1), (1, 1)),
            (2, 17, 17, 130, 256, (3, 3), (2, 2), (0, 0)),
            (2, 5, 6, 7, 16, (1, 1), (1, 1), (0, 0)),
            (1, 1, 1, 1, 1, (5, 5), (1, 1), (2, 2)),
            (1, 40, 40, 4, 16, (5, 5), (3, 2), (2, 2)),
            (2, 17, 17, 32, 48, (1, 7), (1, 1), (0, 3)),
            (1, 9, 20, 16, 32, (5, 5), (1, 1), (2, 2)),
            (2, 8, 9, 16, 32, (1, 3), (1, 1), (0, 1)),
            (1, 7, 8, 32, 16, (3, 1), (1, 1), (1, 0)),
        ] {
            let x = Map::new(n, h, w, c, values(n * h * w * c, 1)).unwrap();
            let (weight, bias) = (values(o * c * kernel.0 * kernel.1, 2), values(o, 3));
            let tensor = Tensor::from_slice(&weight, (o, c, kernel.0, kernel.1), &Device::Cpu).unwrap();
            let conv = Conv::new(&tensor, &bias, stride, padding).unwrap();
            let wanted = plain(&x, &weight, &bias, kernel, stride, padding);
            let got = conv.relu(&x).unwrap();
            let worst = got
                .data()
                .iter()
                .zip(wanted.data())
                .map(|(a, b)| (a - b).abs())
                .fold(0.0, |worst: f32, d| if d > worst || d.is_nan() { d } else { worst });
            assert_eq!((got.height(), got.width()), (wanted.height(), wanted.width()));
            let largest = wanted.data().iter().fold(0.0_f32, |largest, v| largest.max(*v));
            assert!(worst <= 2e-5 * largest, "{worst} of {largest} for {n} {h} {w} {c} {o} {kernel:?}");
            let mut wide = Map::zeros(n, got.height(), got.width(), o + 5);
            conv.relu_into(&x, &mut wide, 2).unwrap();
            for (row, wide) in got.data().chunks(o).zip(wide.data().chunks(o + 5)) {
                assert_eq!(row, &wide[2..o + 2]);
                assert_eq!((&wide[..2], &wide[o + 2..]), (&[0.0; 2][..], &[0.0; 3][..]));
            }
        }
    }

    #[test]
    fn an_image_has_the_same_bits_in_any_group() {
        let weight = Tensor::from_slice(&values(64 * 40 * 9, 2), (64, 40, 3, 3), &Device::Cpu).unwrap();
        for side in [9, 20] {
            let conv = Conv::new(&weight, &values(64, 3), (1, 1), (1, 1)).unwrap();
            let data = values(5 * side * side * 40, 1);
            let all = conv.relu(&Map::new(5, side, side, 40, data.clone()).unwrap()).unwrap();
            let one = data.len() / 5;
            let last = conv.relu(&Map::new(1, side, side, 40, data[4 * one..].to_vec()).unwrap()).unwrap();
            assert_eq!(all.data()[4 * last.data().len()..], *last.data());
        }
    }

    #[test]
    fn shapes_that_do_not_fit_are_refused() {
        let weight = Tensor::zeros((4, 3, 3, 3), DType::F32, &Device::Cpu).unwrap();
        assert!(Conv::new(&weight, &[0.0; 3], (1, 1), (0, 0)).is_err());
        assert!(Conv::new(&weight, &[0.0; 4], (0, 1), (0, 0)).is_err());
        let conv = Conv::new(&weight, &[0.0; 4], (1, 1), (0, 0)).unwrap();
        assert!(conv.relu(&Map::zeros(1, 2, 5, 3)).is_err());
        assert!(conv.relu(&Map::zeros(1, 5, 5, 4)).is_err());
        assert!(conv.relu(&Map::zeros(0, 5, 5, 3)).unwrap().is_empty());
    }
}
