//! Convolutions of stride 2 and their adjoints by Winograd's minimal filtering.
//!
//! By the parity of its rows and columns a stride-2 convolution is four convolutions of stride 1
//! with half the taps each. Tiles of 4x4 small pixels then need 25 products in place of 64 (4x4
//! kernels) or 121 in place of 400 (5x5); see `points`. Three kinds of product serve both directions and both
//! gradients, position by position: with V the transform of the big side, Y that of the small side
//! and U the weights,
//! big to small V U, small to big Y U^T, weight gradient V^T Y.
//!
//! Narrow layers take a few images at a time, all in cache, with U made once. Of wide ones U would be far larger than
//! the weights: they take many images, and make each panel of U where it is read.

mod backward;
mod plan;
mod points;
mod products;
mod source;
mod tiles;
mod weights;

pub(crate) use backward::{Wanted, backward};
pub(crate) use source::{Corrected, Normalised, Plain, Source};

use crate::conv::Geometry;
use crate::{
    groups::by_groups,
    real::{Real, unfilled},
};
use plan::Plan;
use products::{multiply_all, multiply_groups, rooms};
use rayon::prelude::*;
use weights::{Towards, Weights};

/// Whether these kernels take the geometry.
pub(crate) fn fits(g: &Geometry) -> bool {
    Plan::fits(g)
}

/// Gives `f` room for both transforms of `count` images.
fn with_transforms<T: Real, R>(plan: &Plan, count: usize, f: impl FnOnce(usize, &mut [T], &mut [T]) -> R) -> R {
    T::with_scratch(plan.numbers() * count, |scratch| {
        let (v, y) = scratch.split_at_mut(plan.big_numbers * count);
        f(count, v, y)
    })
}

/// Pieces of a result, with the number of each one's first image.
type Pieces<'a, T> = Vec<(usize, &'a mut [T])>;

/// How a wide layer goes through its images: chunk by chunk, how many images each group has and where they go in `out`.
fn chunks<'a, T>(plan: &Plan, out: &'a mut [T], per_image: usize) -> Vec<(Vec<usize>, Pieces<'a, T>)> {
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
fn cut<'a, T>(mut out: &'a mut [T], mut first: usize, counts: &[usize], per_image: usize) -> Pieces<'a, T> {
    let mut pieces = Vec::with_capacity(counts.len());
    for count in counts {
        let (piece, rest) = std::mem::take(&mut out).split_at_mut(count * per_image);
        pieces.push((first, piece));
        out = rest;
        first += count;
    }
    pieces
}

/// One side's transforms to the other side's images.
fn run<T: Real, S: Source<T>, R: Send>(
    g: &Geometry,
    towards: Towards,
    from: S,
    weight: &[T],
    after: impl Fn(usize, &mut [T]) -> R + Sync,
) -> (Vec<T>, Vec<R>) {
    let plan = &Plan::new(g);
    let weights = Weights::new(plan, towards, weight);
    let per_image = per_image(g, towards);
    let transform = |first: usize, count: usize, to: &mut [T]| match towards {
        Towards::Small => tiles::transform_big(plan, from, first, count, to),
        Towards::Big => tiles::transform_small(plan, from, first, count, to),
    };
    if !plan.wide() {
        let fill = |first: usize, out: &mut [T]| {
            with_transforms(plan, out.len() / per_image, |count, v, y| {
                let (from, to) = towards.order(v, y);
                transform(first, count, from);
                multiply_all(plan, towards, count, from, &weights, to);
                collect(plan, towards, to, count, out);
            });
        };
        return by_groups((g.n, per_image, plan.group()), fill, after);
    }
    let (from_numbers, to_numbers) = towards.order(plan.big_numbers, plan.small_numbers);
    let mut out = unfilled(g.n * per_image);
    let mut results = Vec::new();
    for (counts, outs) in chunks(plan, &mut out, per_image) {
        let (mut froms, mut tos) = (rooms(&counts, from_numbers), rooms(&counts, to_numbers));
        froms.par_iter_mut().zip(&outs).zip(&counts).for_each(|((from, (first, _)), count)| transform(*first, *count, from));
        multiply_groups(plan, towards, &counts, &froms, &weights, &mut tos);
        let collected = outs.into_par_iter().zip(&tos).zip(&counts).map(|(((first, out), to), count)| {
            collect(plan, towards, to, *count, out);
            after(first, out)
        });
        results.par_extend(collected);
    }
    (out, results)
}

/// Numbers of an image on the side that a product gives.
fn per_image(g: &Geometry, towards: Towards) -> usize {
    match towards {
        Towards::Small => g.oh * g.ow * g.o,
        Towards::Big => g.h * g.w * g.c,
    }
}

/// Products of the positions to images.
fn collect<T: Real>(plan: &Plan, towards: Towards, products: &[T], count: usize, out: &mut [T]) {
    match towards {
        Towards::Small => tiles::collect_small(plan, products, count, out),
        Towards::Big => {
            out.fill(T::zero());
            tiles::add_big(plan, products, count, out);
        }
    }
}

/// [n, h, w, c] to [n, oh, ow, o], `weight` OIHW; `after` sees every group of finished images (the
/// number of the first beside them), and what it returns comes back in order.
pub(crate) fn convolve<T: Real, S: Source<T>, R: Send>(
    g: &Geometry,
    big: S,
    weight: &[T],
    after: impl Fn(usize, &mut [T]) -> R + Sync,
) -> (Vec<T>, Vec<R>) {
    run(g, Towards::Small, big, weight, after)
}

/// [n, oh, ow, o] to [n, h, w, c]: the adjoint of [`convolve`].
pub(crate) fn adjoint<T: Real, S: Source<T>, R: Send>(
    g: &Geometry,
    small: S,
    weight: &[T],
    after: impl Fn(usize, &mut [T]) -> R + Sync,
) -> (Vec<T>, Vec<R>) {
    run(g, Towards::Big, small, weight, after)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::conv::{direct_adjoint, direct_convolve, direct_weight_gradient};

    fn numbers(len: usize, seed: usize) -> Vec<f64> {
        (0..len).map(|i| ((i * 37 + i / 7 + seed * 11) % 101) as f64 / 50.0 - 1.0).collect()
    }

    fn difference(a: &[f64], b: &[f64]) -> f64 {
        assert_eq!(a.len(), b.len());
        a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max)
    }

    #[test]
    fn agrees_with_the_direct_kernels() {
        let nothing = |_: usize, _: &mut [f64]| ();
        for (n, h, w, kh, kw, c, o) in [
            (3, 7, 7, 4, 4, 8, 9),
            (2, 8, 6, 5, 5, 17, 8),
            (9, 4, 5, 4, 5, 16, 33),
            (1, 2, 2, 6, 4, 8, 16),
            (2, 1, 3, 5, 4, 9, 8),
            (3, 14, 28, 4, 4, 16, 24),
            (2, 18, 10, 6, 5, 24, 40),
            (5, 9, 12, 5, 5, 32, 32),
            // Channels that are no whole panels.
            (3, 5, 4, 4, 4, 120, 200),
            // Sums too many for shares, weights kept; then weights made where they are read.
            (3, 7, 8, 4, 4, 64, 128),
            (9, 2, 3, 4, 4, 128, 352),
            (7, 14, 11, 4, 5, 96, 300),
        ] {
            let (oh, ow) = (usize::div_ceil(h, 2), usize::div_ceil(w, 2));
            let (top, left) = (crate::conv::same_padding(h, kh, 2).0, crate::conv::same_padding(w, kw, 2).0);
            let g = Geometry { n, h, w, c, oh, ow, o, kh, kw, sh: 2, sw: 2, top, left };
            assert!(fits(&g));
            let (big, small, weight) = (numbers(g.big_len(), 1), numbers(g.small_len(), 2), numbers(o * c * kh * kw, 3));
            let convolved = direct_convolve(&g, &big, &weight, None);
            assert!(difference(&convolve(&g, Plain(&big), &weight, nothing).0, &convolved) < 1e-10);
            let spread = direct_adjoint(&g, &small, &weight, None);
            assert!(difference(&adjoint(&g, Plain(&small), &weight, nothing).0, &spread) < 1e-10);
            let gradient = direct_weight_gradient(&g, &big, &small);
            for (wanted, expected) in [(Wanted::Nothing, &vec![]), (Wanted::Big, &spread), (Wanted::Small, &convolved)] {
                let (dw, out, _) = backward(&g, Plain(&big), Plain(&small), &weight, wanted, nothing);
                assert!(difference(&dw, &gradient) < 1e-10);
                assert!(difference(&out, expected) < 1e-10);
            }
        }
    }

    #[test]
    fn these_shapes_go_every_way() {
        let plan = |size, c, o| {
            let (h, small) = (2 * size, size);
            Plan::new(&Geometry { n: 3, h, w: h, c, oh: small, ow: small, o, kh: 4, kw: 4, sh: 2, sw: 2, top: 1, left: 1 })
        };
        let ways = |plan: Plan| (plan.many_sums(), plan.wide());
        assert_eq!(ways(plan(4, 16, 33)), (false, false));
        assert_eq!(ways(plan(4, 120, 200)), (false, false));
        assert_eq!(ways(plan(4, 64, 128)), (true, false));
        assert_eq!(ways(plan(2, 128, 352)), (true, true));
    }
}
