//! The choice of kernel for a convolution: [`winograd`] and [`thin`] where they fit the shape, [`direct`] elsewhere.
//!
//! [`forward`], [`to_images`] and [`backward`] compute their input on the way in and work on the result while it is in cache; they
//! take the shapes that `fits_forward`, `fits_images` and `fits_backward` name. The other functions take every shape.

use crate::bias::add_bias;
use crate::direct;
use crate::geometry::{Direction, Geometry};
use crate::layout::Channels;
use crate::real::Real;
use crate::source::{Plain, Source};
use crate::thin;
use crate::winograd::{self, Wanted};

/// The layer. `x` and the result are channels last, `w` is OIHW, or IOHW for a transposed convolution.
pub(crate) fn layer<T: Real>(g: &Geometry, direction: Direction, x: &[T], w: &[T], bias: Option<&[T]>) -> Vec<T> {
    if fits_forward(g, direction) {
        let add = |_: usize, out: &mut [T]| bias.into_iter().for_each(|bias| add_bias(out, bias));
        return forward(g, direction, Plain(x), w, add).0;
    }
    match direction {
        Direction::Convolve => direct::convolve(g, x, w, bias),
        Direction::Transpose => direct::adjoint(g, x, w, bias),
    }
}

/// Its gradient to the input.
pub(crate) fn input_gradient<T: Real>(g: &Geometry, direction: Direction, dy: &[T], w: &[T]) -> Vec<T> {
    layer(g, direction.reversed(), dy, w, None)
}

/// Its gradient to the weight.
pub(crate) fn weight_gradient<T: Real>(g: &Geometry, direction: Direction, x: &[T], dy: &[T]) -> Vec<T> {
    if fits_backward(g, direction, false) {
        return backward(g, direction, (Plain(x), Plain(dy)), &[], false, |_, _| ()).0;
    }
    match direction {
        Direction::Convolve => direct::weight_gradient(g, x, dy),
        Direction::Transpose => direct::weight_gradient(g, dy, x),
    }
}

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
        (Direction::Transpose, false) => thin::adjoint(g, x, weight, Channels::Last, after),
    }
}

/// Whether [`to_images`] has a kernel for the shape.
pub(crate) fn fits_images(g: &Geometry, direction: Direction) -> bool {
    direction == Direction::Transpose && !winograd::fits(g) && thin::fits_adjoint(g)
}

/// As [`forward`], channels first at once; `after` sees one image at a time.
pub(crate) fn to_images<T: Real>(g: &Geometry, x: impl Source<T>, weight: &[T], after: impl Fn(&mut [T]) + Sync) -> Vec<T> {
    thin::adjoint(g, x, weight, Channels::First, |_, image| after(image)).0
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
