//! Both gradients of a convolution or its adjoint, from transforms that they share.

use super::batches::{chunks, cut, rooms, with_transforms};
use super::forward::collect;
use super::plan::Plan;
use super::products::{WIDTH, add_taps, add_weights, multiply_all, multiply_groups};
use super::tiles;
use super::towards::Towards;
use super::weights::{Weights, gradient, unmix};
use crate::geometry::Geometry;
use crate::parallel::{each, map};
use crate::real::{Real, unfilled};
use crate::source::Source;

/// Which side's gradient is wanted beside the weight's, and where it goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted {
    Nothing,
    /// The gradient to the big side: `small` is the gradient of a convolution's result.
    Big,
    /// The gradient to the small side: `big` is the gradient of an adjoint's result.
    Small,
}

/// The weight gradient (OIHW), and the gradient to one side, from the elements of both sides.
pub(crate) fn backward<T: Real, B: Source<T>, S: Source<T>, R: Send>(
    g: &Geometry,
    big: B,
    small: S,
    weight: &[T],
    wanted: Wanted,
    after: impl Fn(usize, &mut [T]) -> R + Sync,
) -> (Vec<T>, Vec<T>, Vec<R>) {
    let plan = &Plan::new(g);
    let towards = match wanted {
        Wanted::Nothing => None,
        Wanted::Big => Some(Towards::Big),
        Wanted::Small => Some(Towards::Small),
    };
    let other = towards.map(|towards| (towards, Weights::new(plan, towards, weight)));
    if plan.many_sums() { by_chunks(plan, big, small, other.as_ref(), after) } else { by_shares(plan, big, small, other.as_ref(), after) }
}

type Other<'a, T> = Option<&'a (Towards, Weights<'a, T>)>;

/// A share of the batch has its own weight gradient, and goes through its images a few at a time.
fn by_shares<T: Real, B: Source<T>, S: Source<T>, R: Send>(
    plan: &Plan,
    big: B,
    small: S,
    other: Other<'_, T>,
    after: impl Fn(usize, &mut [T]) -> R + Sync,
) -> (Vec<T>, Vec<T>, Vec<R>) {
    /// Shares at most, and elements of the gradients that they may hold together.
    const SHARES: usize = 4;
    const ELEMENTS: usize = 12 << 20;
    let n = plan.g.n;
    let per_image = other.map_or(0, |(towards, _)| towards.per_image(&plan.g));
    let len = plan.weight_elements();
    let share = n.div_ceil((ELEMENTS / len).clamp(1, SHARES));
    let mut out: Vec<T> = unfilled(n * per_image);
    // Each share's first product writes all of it.
    let mut sums = unfilled(n.div_ceil(share) * len);
    let counts: Vec<usize> = (0..n).step_by(share).map(|first| share.min(n - first)).collect();
    let shares = sums.chunks_mut(len).zip(cut(&mut out, 0, &counts, per_image)).zip(&counts);
    let parts: Vec<Vec<R>> = map(shares, |((sum, (first, out)), images)| {
        let group = plan.group().min(share);
        let groups: Vec<usize> = (0..*images).step_by(group).map(|start| group.min(images - start)).collect();
        let one = |((start, out), count): ((usize, &mut [T]), &usize)| {
            with_transforms(plan, *count, |count, v, y| {
                tiles::transform_big(plan, big, start, count, v);
                tiles::transform_small(plan, small, start, count, y);
                add_weights(plan, count, v, y, sum, start > first);
                if let Some((towards, weights)) = other {
                    let (from, to) = towards.order(v, y);
                    multiply_all(plan, *towards, count, from, weights, to);
                    collect(plan, *towards, to, count, out);
                }
                after(start, out)
            })
        };
        cut(out, first, &groups, per_image).into_iter().zip(&groups).map(one).collect()
    });
    let (total, others) = sums.split_at_mut(len);
    each(total.chunks_mut(1 << 14).enumerate(), |(i, total)| {
        for other in others.chunks_exact(len) {
            for (t, v) in total.iter_mut().zip(&other[i << 14..]) {
                *t += *v;
            }
        }
    });
    (gradient(plan, total), out, parts.into_iter().flatten().collect())
}

/// Many images at a time, so that neither transformed weights nor their gradients need be kept.
fn by_chunks<T: Real, B: Source<T>, S: Source<T>, R: Send>(
    plan: &Plan,
    big: B,
    small: S,
    other: Other<'_, T>,
    after: impl Fn(usize, &mut [T]) -> R + Sync,
) -> (Vec<T>, Vec<T>, Vec<R>) {
    let per_image = other.map_or(0, |(towards, _)| towards.per_image(&plan.g));
    let mut out: Vec<T> = unfilled(plan.g.n * per_image);
    let mut mixed: Vec<T> = unfilled(plan.g.o * plan.g.c * plan.g.kh * plan.g.kw);
    let mut results = Vec::new();
    for (chunk, (counts, outs)) in chunks(plan, &mut out, per_image).into_iter().enumerate() {
        let (mut v, mut y) = (rooms(&counts, plan.big_elements), rooms(&counts, plan.small_elements));
        each(v.iter_mut().zip(&mut y).zip(&outs).zip(&counts), |(((v, y), (first, _)), count)| {
            tiles::transform_big(plan, big, *first, *count, v);
            tiles::transform_small(plan, small, *first, *count, y);
        });
        add_taps(plan, &counts, &v, &y, &mut mixed, chunk > 0);
        if let Some((towards, weights)) = other {
            // The weight gradient has read both: the products take the place of what they are not made of.
            let (from, to) = towards.order(&mut v, &mut y);
            multiply_groups(plan, *towards, &counts, from, weights, to);
        }
        results.extend(map(outs.into_iter().zip(&v).zip(&y).zip(&counts), |((((first, out), v), y), count)| {
            if let Some((towards, _)) = other {
                let (_, products) = towards.order(v, y);
                collect(plan, *towards, products, *count, out);
            }
            after(first, out)
        }));
    }
    (unmix(plan, &mixed, WIDTH), out, results)
}
