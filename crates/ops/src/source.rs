//! What the transforms read: elements as they are, or computed on the way in.

use crate::real::Real;
use crate::simd::fetch;

/// Gives `N` neighbouring channels of one pixel.
pub(crate) trait Source<T: Real>: Copy + Sync {
    /// The elements from flat index `at` on, whose first belongs to `channel`.
    fn load<const N: usize>(&self, at: usize, channel: usize) -> [T; N];

    /// Asks the processor to fetch what `len` elements from flat index `at` on are made of.
    fn fetch(&self, at: usize, len: usize);

    /// Writes whole pixels of `c` channels from flat index `at` on.
    #[inline(always)]
    fn write(&self, at: usize, c: usize, out: &mut [T]) {
        for (row, out) in out.chunks_exact_mut(c).enumerate() {
            let at = at + row * c;
            let mut channel = 0;
            while channel < c {
                if channel + 16 <= c {
                    out[channel..channel + 16].copy_from_slice(&self.load::<16>(at + channel, channel));
                    channel += 16;
                } else {
                    out[channel..channel + 1].copy_from_slice(&self.load::<1>(at + channel, channel));
                    channel += 1;
                }
            }
        }
    }
}

/// The tensor itself.
#[derive(Clone, Copy)]
pub(crate) struct Plain<'a, T>(pub(crate) &'a [T]);

#[inline(always)]
fn run<T: Real, const N: usize>(x: &[T], at: usize) -> [T; N] {
    let mut out = [T::zero(); N];
    out.copy_from_slice(&x[at..at + N]);
    out
}

impl<T: Real> Source<T> for Plain<'_, T> {
    #[inline(always)]
    fn load<const N: usize>(&self, at: usize, _: usize) -> [T; N] {
        run(self.0, at)
    }

    #[inline(always)]
    fn fetch(&self, at: usize, len: usize) {
        fetch(self.0, at, len);
    }

    #[inline(always)]
    fn write(&self, at: usize, _: usize, out: &mut [T]) {
        out.copy_from_slice(&self.0[at..at + out.len()]);
    }
}

/// max(0, scale x + shift): batch norm and ReLU of a stored convolution.
#[derive(Clone, Copy)]
pub(crate) struct Normalised<'a, T> {
    pub(crate) x: &'a [T],
    pub(crate) scale: &'a [T],
    pub(crate) shift: &'a [T],
}

impl<T: Real> Source<T> for Normalised<'_, T> {
    #[inline(always)]
    fn load<const N: usize>(&self, at: usize, channel: usize) -> [T; N] {
        let (scale, shift) = (run::<T, N>(self.scale, channel), run::<T, N>(self.shift, channel));
        let mut out = run::<T, N>(self.x, at);
        for i in 0..N {
            let v = out[i] * scale[i] + shift[i];
            // Not max: a NaN must stay visible.
            out[i] = if v < T::zero() { T::zero() } else { v };
        }
        out
    }

    #[inline(always)]
    fn fetch(&self, at: usize, len: usize) {
        fetch(self.x, at, len);
    }
}

/// scale g + slope (x - mean) + offset: the gradient through batch statistics, from the gradient `g` of the
/// normalised elements (ReLU's mask applied) and the stored convolution `x`.
#[derive(Clone, Copy)]
pub(crate) struct Corrected<'a, T> {
    pub(crate) gradient: &'a [T],
    pub(crate) x: &'a [T],
    pub(crate) scale: &'a [T],
    pub(crate) mean: &'a [T],
    pub(crate) slope: &'a [T],
    pub(crate) offset: &'a [T],
}

impl<T: Real> Source<T> for Corrected<'_, T> {
    #[inline(always)]
    fn load<const N: usize>(&self, at: usize, channel: usize) -> [T; N] {
        let scale = run::<T, N>(self.scale, channel);
        let (slope, offset) = (run::<T, N>(self.slope, channel), run::<T, N>(self.offset, channel));
        let mean = run::<T, N>(self.mean, channel);
        let x = run::<T, N>(self.x, at);
        let mut out = run::<T, N>(self.gradient, at);
        for i in 0..N {
            out[i] = out[i] * scale[i] + ((x[i] - mean[i]) * slope[i] + offset[i]);
        }
        out
    }

    #[inline(always)]
    fn fetch(&self, at: usize, len: usize) {
        fetch(self.gradient, at, len);
        fetch(self.x, at, len);
    }
}
