//! Images in groups, a task each.

use crate::parallel::map;
use crate::real::{Real, unfilled};

/// Fills `images` times `per_image` elements, `group` images at a time: `fill` and then `after` see the number of a group's
/// first image and the group's elements, which `fill` must all write. What `after` returns comes back in order.
pub(crate) fn by_groups<T: Real, R: Send>(
    (images, per_image, group): (usize, usize, usize),
    fill: impl Fn(usize, &mut [T]) + Sync,
    after: impl Fn(usize, &mut [T]) -> R + Sync,
) -> (Vec<T>, Vec<R>) {
    let mut out = unfilled(images * per_image);
    let results = map(out.chunks_mut(group * per_image).enumerate(), |(i, out)| {
        fill(i * group, out);
        after(i * group, out)
    });
    (out, results)
}
