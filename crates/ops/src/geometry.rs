//! Shapes without tensors: a convolution's sizes, which way it goes, and a tensor seen by channels.

use crate::error::{Error, Result};

/// The direction of a convolution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// The convolution.
    Convolve,
    /// Its adjoint, the transposed convolution.
    Transpose,
}

impl Direction {
    /// The direction of the gradient to the input.
    pub(crate) fn reversed(self) -> Self {
        match self {
            Self::Convolve => Self::Transpose,
            Self::Transpose => Self::Convolve,
        }
    }
}

/// (height, width, channels) of one side of a convolution.
pub(crate) type Side = (usize, usize, usize);

/// A convolution takes the "big" side [n, h, w, c] to the "small" side [n, oh, ow, o]; its
/// adjoint goes the other way. Tap (ky, kx) of small pixel (oy, ox) sits on big pixel
/// (oy * sh + ky - top, ox * sw + kx - left), if there is one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Geometry {
    pub(crate) n: usize,
    pub(crate) h: usize,
    pub(crate) w: usize,
    pub(crate) c: usize,
    pub(crate) oh: usize,
    pub(crate) ow: usize,
    pub(crate) o: usize,
    pub(crate) kh: usize,
    pub(crate) kw: usize,
    pub(crate) sh: usize,
    pub(crate) sw: usize,
    pub(crate) top: usize,
    pub(crate) left: usize,
}

impl Geometry {
    /// Refuses what no memory could hold: every number of both sides, and of all patches of an image,
    /// has an address.
    pub(crate) fn check(&self, op: &'static str) -> Result<()> {
        let product = |values: &[usize]| values.iter().try_fold(8_usize, |a, b| a.checked_mul((*b).max(1)));
        let sides = [
            product(&[self.n, self.h, self.w, self.c]),
            product(&[self.n, self.oh, self.ow, self.o]),
            product(&[self.kh, self.kw, self.c, self.o]),
            product(&[self.oh, self.ow, self.kh, self.kw, self.c]),
        ];
        let reach = |out: usize, stride: usize, kernel: usize| out.checked_mul(stride)?.checked_add(kernel);
        let reaches = [reach(self.oh, self.sh, self.kh), reach(self.ow, self.sw, self.kw)];
        let within = |v: Option<usize>| v.is_some_and(|v| v <= isize::MAX as usize);
        if sides.into_iter().chain(reaches).all(within) { Ok(()) } else { Err(too_large(op, "the output's size")) }
    }

    /// Elements that one small pixel sees: taps times big channels.
    pub(crate) fn patch(&self) -> usize {
        self.kh * self.kw * self.c
    }
    pub(crate) fn small_pixels(&self) -> usize {
        self.n * self.oh * self.ow
    }
    pub(crate) fn small_len(&self) -> usize {
        self.small_pixels() * self.o
    }
    pub(crate) fn big_len(&self) -> usize {
        self.n * self.h * self.w * self.c
    }

    /// The side that the layer reads.
    pub(crate) fn input(&self, direction: Direction) -> Side {
        self.result(direction.reversed())
    }

    /// The side that the layer gives.
    pub(crate) fn result(&self, direction: Direction) -> Side {
        match direction {
            Direction::Convolve => (self.oh, self.ow, self.o),
            Direction::Transpose => (self.h, self.w, self.c),
        }
    }
}

/// A tensor seen as [outer, c, inner].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct View {
    pub(crate) outer: usize,
    pub(crate) c: usize,
    pub(crate) inner: usize,
}

impl View {
    /// Elements of the piece that one thread takes at a time: whole rows [c, inner].
    pub(crate) fn piece(&self) -> usize {
        const ELEMENTS: usize = 1 << 15;
        let row = (self.c * self.inner).max(1);
        (ELEMENTS / row).max(1) * row
    }
}

/// TensorFlow's SAME padding of one side: (before, after); an odd total puts the extra one after.
pub(crate) fn same_padding(size: usize, kernel: usize, stride: usize) -> (usize, usize) {
    let out = size.div_ceil(stride);
    let total = out.saturating_sub(1).saturating_mul(stride).saturating_add(kernel).saturating_sub(size);
    (total / 2, total - total / 2)
}

/// `floor((size + padding - kernel) / stride) + 1`, or why there is no output.
pub(crate) fn output_size(
    op: &'static str,
    parameter: &'static str,
    size: usize,
    padding: (usize, usize),
    kernel: usize,
    stride: usize,
) -> Result<usize> {
    let padded = size.checked_add(padding.0).and_then(|s| s.checked_add(padding.1));
    match padded.ok_or_else(|| too_large(op, parameter))?.checked_sub(kernel) {
        Some(room) => Ok(room / stride + 1),
        None => Err(Error::Parameter {
            op,
            parameter,
            value: format!("{kernel} over {size} + {} + {}", padding.0, padding.1),
            reason: "the kernel must fit into the padded input",
        }),
    }
}

pub(crate) fn too_large(op: &'static str, parameter: &'static str) -> Error {
    Error::Parameter {
        op,
        parameter,
        value: "more than memory".to_owned(),
        reason: "sizes, strides and padding must give a tensor that can be addressed",
    }
}

/// The sizes, strides and kernels that a convolution cannot do without.
pub(crate) fn check_positive(op: &'static str, values: &[(&'static str, usize)]) -> Result<()> {
    match values.iter().find(|(_, value)| *value == 0) {
        None => Ok(()),
        Some((parameter, value)) => Err(Error::Parameter { op, parameter, value: value.to_string(), reason: "must be at least 1" }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn same_padding_puts_the_odd_one_after() {
        assert_eq!(same_padding(28, 4, 2), (1, 1));
        assert_eq!(same_padding(7, 4, 2), (1, 2));
        assert_eq!(same_padding(32, 5, 2), (1, 2));
        assert_eq!(same_padding(9, 4, 1), (1, 2));
        assert_eq!(same_padding(4, 1, 3), (0, 0));
    }
}
