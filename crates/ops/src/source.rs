//! What the transforms read: elements as they are, or computed on the way in.
#![expect(unsafe_code, reason = "elements that a pass over images has checked to be there are read without asking again")]

use crate::real::Real;
use crate::simd::fetch;

/// Gives `N` neighbouring channels of one pixel.
///
/// # Safety
/// Every index before `len()` is there.
pub(crate) unsafe trait Source<T: Real>: Copy + Sync {
    /// What all pixels have in common in `N` channels: read once, it stays in registers.
    type Common<const N: usize>: Copy;

    /// That of the channels from `channel` on.
    fn common<const N: usize>(&self, channel: usize) -> Self::Common<N>;

    /// How many elements there are.
    fn len(&self) -> usize;

    /// The elements from flat index `at` on, whose first belongs to the first channel of `common`.
    ///
    /// # Safety
    /// `at + N` is at most `len()`.
    unsafe fn load<const N: usize>(&self, at: usize, common: &Self::Common<N>) -> [T; N];

    /// Asks the processor to fetch what `len` elements from flat index `at` on are made of.
    fn fetch(&self, at: usize, len: usize);

    /// Writes whole pixels of `c` channels from flat index `at` on.
    #[inline(always)]
    fn write(&self, at: usize, c: usize, out: &mut [T]) {
        assert!(at + out.len() <= self.len());
        let mut channel = 0;
        while channel + 16 <= c {
            // SAFETY: the assertion above.
            unsafe { self.write_channels::<16>(at, c, channel, out) };
            channel += 16;
        }
        while channel < c {
            // SAFETY: as above.
            unsafe { self.write_channels::<1>(at, c, channel, out) };
            channel += 1;
        }
    }

    /// Of each pixel `N` channels.
    ///
    /// # Safety
    /// `at + out.len()` is at most `len()`, and `channel + N` at most `c`.
    #[inline(always)]
    unsafe fn write_channels<const N: usize>(&self, at: usize, c: usize, channel: usize, out: &mut [T]) {
        let common = self.common::<N>(channel);
        for (row, out) in out.chunks_exact_mut(c).enumerate() {
            // SAFETY: a whole pixel, so the caller's promise covers it.
            out[channel..channel + N].copy_from_slice(&unsafe { self.load::<N>(at + row * c + channel, &common) });
        }
    }
}

/// The tensor itself.
#[derive(Clone, Copy)]
pub(crate) struct Plain<'a, T>(pub(crate) &'a [T]);

/// `N` elements from `at` on, without a check.
///
/// # Safety
/// `at + N` is at most the length.
#[inline(always)]
pub(crate) unsafe fn load<T: Real, const N: usize>(x: &[T], at: usize) -> [T; N] {
    debug_assert!(at + N <= x.len());
    // SAFETY: the caller's promise; an array has no alignment but its elements'.
    unsafe { x.as_ptr().add(at).cast::<[T; N]>().read() }
}

/// Of the channels, `N` from `channel` on.
#[inline(always)]
fn channels<T: Real, const N: usize>(x: &[T], channel: usize) -> [T; N] {
    let mut out = [T::zero(); N];
    out.copy_from_slice(&x[channel..channel + N]);
    out
}

// SAFETY: `len` is that of the slices.
unsafe impl<T: Real> Source<T> for Plain<'_, T> {
    type Common<const N: usize> = ();

    #[inline(always)]
    fn common<const N: usize>(&self, _: usize) {}

    #[inline(always)]
    fn len(&self) -> usize {
        self.0.len()
    }

    #[inline(always)]
    unsafe fn load<const N: usize>(&self, at: usize, (): &()) -> [T; N] {
        // SAFETY: the caller's promise.
        unsafe { load(self.0, at) }
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

// SAFETY: `len` is that of the slices.
unsafe impl<T: Real> Source<T> for Normalised<'_, T> {
    /// Scale and shift.
    type Common<const N: usize> = [[T; N]; 2];

    #[inline(always)]
    fn common<const N: usize>(&self, channel: usize) -> [[T; N]; 2] {
        [channels(self.scale, channel), channels(self.shift, channel)]
    }

    #[inline(always)]
    fn len(&self) -> usize {
        self.x.len()
    }

    #[inline(always)]
    unsafe fn load<const N: usize>(&self, at: usize, [scale, shift]: &[[T; N]; 2]) -> [T; N] {
        // SAFETY: the caller's promise.
        let mut out = unsafe { load::<T, N>(self.x, at) };
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

// SAFETY: `len` is that of the slices.
unsafe impl<T: Real> Source<T> for Corrected<'_, T> {
    /// Scale, mean, slope and offset.
    type Common<const N: usize> = [[T; N]; 4];

    #[inline(always)]
    fn common<const N: usize>(&self, channel: usize) -> [[T; N]; 4] {
        [self.scale, self.mean, self.slope, self.offset].map(|of| channels(of, channel))
    }

    #[inline(always)]
    fn len(&self) -> usize {
        self.gradient.len().min(self.x.len())
    }

    #[inline(always)]
    unsafe fn load<const N: usize>(&self, at: usize, [scale, mean, slope, offset]: &[[T; N]; 4]) -> [T; N] {
        // SAFETY: the caller's promise.
        let (x, mut out) = unsafe { (load::<T, N>(self.x, at), load::<T, N>(self.gradient, at)) };
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
