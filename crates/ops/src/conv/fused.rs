//! The choice of kernel for a shape, for callers that compute their input on the way in and work on
//! the result while it is in cache.

use super::geometry::Geometry;
use super::op::Direction;
use crate::real::Real;
use crate::thin;
use crate::winograd::{self, Source, Wanted};

/// Whether [`forward`] has a kernel for the shape.
pub(crate) fn fits_forward(g: &Geometry, direction: Direction) -> bool {
    winograd::fits(g)
        || match direction {
            Direction::Convolve => thin::fits(g),
            Direction::Transpose => thin::fits_adjoint(g),
        }
}

/// Whether [`backward`] has one; `wanted` asks for the gradient to the input.
pub(crate) fn fits_backward(g: &Geometry, direction: Direction, wanted: bool) -> bool {
    winograd::fits(g) || (thin::fits(g) && !(wanted && direction == Direction::Convolve))
}

/// The layer without bias; `after` sees every group of finished images with the number of the first.
pub(crate) fn forward<T: Real, R: Send>(
    g: &Geometry,
    direction: Direction,
    x: impl Source<T>,
    weight: &[T],
    after: impl Fn(usize, &mut [T]) -> R + Sync,
) -> (Vec<T>, Vec<R>) {
    match (direction, winograd::fits(g)) {
        (Direction::Convolve, true) => winograd::convolve(g, x, weight, after),
        (Direction::Transpose, true) => winograd::adjoint(g, x, weight, after),
        (Direction::Convolve, false) => thin::convolve(g, x, weight, after),
        (Direction::Transpose, false) => thin::adjoint(g, x, weight, after),
    }
}

/// The gradients to the weight (OIHW or IOHW) and, where wanted, to the input.
pub(crate) fn backward<T: Real, R: Send>(
    g: &Geometry,
    direction: Direction,
    (x, dy): (impl Source<T>, impl Source<T>),
    weight: &[T],
    wanted: bool,
    after: impl Fn(usize, &mut [T]) -> R + Sync,
) -> (Vec<T>, Vec<T>, Vec<R>) {
    let want = |side| if wanted { side } else { Wanted::Nothing };
    match (direction, winograd::fits(g)) {
        (Direction::Convolve, true) => winograd::backward(g, x, dy, weight, want(Wanted::Big), after),
        (Direction::Transpose, true) => winograd::backward(g, dy, x, weight, want(Wanted::Small), after),
        (Direction::Convolve, false) => thin::backward(g, x, dy, weight, false, after),
        (Direction::Transpose, false) => thin::backward(g, dy, x, weight, wanted, after),
    }
}
