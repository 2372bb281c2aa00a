//! How a layer goes through its images: which ones together, and where their results go.

use super::plan::Plan;
use crate::real::{Real, unfilled};

/// Gives `f` room for both transforms of `count` images.
pub(super) fn with_transforms<T: Real, R>(plan: &Plan, count: usize, f: impl FnOnce(usize, &mut [T], &mut [T]) -> R) -> R {
    T::with_scratch(plan.elements() * count, |scratch| {
        let (v, y) = scratch.split_at_mut(plan.big_elements * count);
        f(count, v, y)
    })
}

/// Pieces of a result, with the number of each one's first image.
pub(super) type Pieces<'a, T> = Vec<(usize, &'a mut [T])>;

/// How a wide layer goes through its images: chunk by chunk, how many images each group has and where they go in `out`.
pub(super) fn chunks<'a, T>(plan: &Plan, out: &'a mut [T], per_image: usize) -> Vec<(Vec<usize>, Pieces<'a, T>)> {
    const GROUPS: usize = 4;
    let n = plan.g.n;
    let chunk = n.div_ceil(n.div_ceil(plan.chunk()).max(1)).max(1);
    let images: Vec<usize> = (0..n).step_by(chunk).map(|first| chunk.min(n - first)).collect();
    let groups = |((first, out), count): ((usize, &'a mut [T]), usize)| {
        let groups = GROUPS.min(count);
        let counts: Vec<usize> = (0..groups).map(|i| (i + 1) * count / groups - i * count / groups).collect();
        let outs = cut(out, first, &counts, per_image);
        (counts, outs)
    };
    cut(out, 0, &images, per_image).into_iter().zip(images).map(groups).collect()
}

/// `out` cut into pieces of so many images, the first of which is number `first`.
pub(super) fn cut<'a, T>(mut out: &'a mut [T], mut first: usize, counts: &[usize], per_image: usize) -> Pieces<'a, T> {
    let mut pieces = Vec::with_capacity(counts.len());
    for count in counts {
        let (piece, rest) = std::mem::take(&mut out).split_at_mut(count * per_image);
        pieces.push((first, piece));
        out = rest;
        first += count;
    }
    pieces
}

/// Room for the transforms of groups of images.
pub(super) fn rooms<T: Real>(counts: &[usize], elements: usize) -> Vec<Vec<T>> {
    counts.iter().map(|count| unfilled(count * elements)).collect()
}
