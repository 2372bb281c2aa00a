//! A convolution or its adjoint.

use super::batches::{chunks, rooms, with_transforms};
use super::plan::Plan;
use super::products::{multiply_all, multiply_groups};
use super::tiles;
use super::towards::Towards;
use super::weights::Weights;
use crate::geometry::Geometry;
use crate::groups::by_groups;
use crate::parallel::{each, map};
use crate::real::{Real, unfilled};
use crate::source::Source;

/// One side's transforms to the other side's images.
pub(super) fn run<T: Real, S: Source<T>, R: Send>(
    g: &Geometry,
    towards: Towards,
    from: S,
    weight: &[T],
    after: impl Fn(usize, &mut [T]) -> R + Sync,
) -> (Vec<T>, Vec<R>) {
    let plan = &Plan::new(g);
    let weights = Weights::new(plan, towards, weight);
    let per_image = towards.per_image(g);
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
    let (from_elements, to_elements) = towards.order(plan.big_elements, plan.small_elements);
    let mut out = unfilled(g.n * per_image);
    let mut results = Vec::new();
    for (counts, outs) in chunks(plan, &mut out, per_image) {
        let (mut froms, mut tos) = (rooms(&counts, from_elements), rooms(&counts, to_elements));
        each(froms.iter_mut().zip(&outs).zip(&counts), |((from, (first, _)), count)| transform(*first, *count, from));
        multiply_groups(plan, towards, &counts, &froms, &weights, &mut tos);
        results.extend(map(outs.into_iter().zip(&tos).zip(&counts), |(((first, out), to), count)| {
            collect(plan, towards, to, *count, out);
            after(first, out)
        }));
    }
    (out, results)
}

/// Products of the positions to images.
pub(super) fn collect<T: Real>(plan: &Plan, towards: Towards, products: &[T], count: usize, out: &mut [T]) {
    match towards {
        Towards::Small => tiles::collect_small(plan, products, count, out),
        Towards::Big => tiles::collect_big(plan, products, count, out),
    }
}
