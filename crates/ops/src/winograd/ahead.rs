//! Fetching images ahead.

use crate::real::Real;
use crate::source::Source;

/// The next image of a group, which the processor fetches a piece at a time while the one at hand is transformed: images come
/// from memory, and the transforms read them in an order that it does not foresee.
pub(super) struct Ahead<S> {
    source: S,
    next: usize,
    end: usize,
    piece: usize,
}

impl<S> Ahead<S> {
    /// Fetches image `at + 1` in `pieces` steps if there are `more`; images have `len` elements.
    #[inline(always)]
    pub(super) fn new(source: S, at: usize, len: usize, pieces: usize, more: bool) -> Self {
        let next = (at + 1) * len;
        Self { source, next, end: if more { next + len } else { next }, piece: len.div_ceil(pieces.max(1)) }
    }

    #[inline(always)]
    pub(super) fn step<T: Real>(&mut self)
    where
        S: Source<T>,
    {
        let len = self.piece.min(self.end - self.next);
        self.source.fetch(self.next, len);
        self.next += len;
    }
}
