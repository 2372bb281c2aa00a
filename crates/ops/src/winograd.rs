//! Convolutions of stride 2 and their adjoints by Winograd's minimal filtering.
//!
//! By the parity of its rows and columns a stride-2 convolution is four convolutions of stride 1
//! with half the taps each. Tiles of 4x4 small pixels then need 25 products in place of 64 (4x4
//! kernels) or 121 in place of 400 (5x5); see `points`. Three kinds of product serve both directions and both
//! gradients, position by position: with V the transform of the big side, Y that of the small side
//! and U the weights,
//! big to small V U, small to big Y U^T, weight gradient V^T Y.
//!
//! Narrow layers take a few images at a time, all in cache, and compute U once. In wide layers U would be far larger than the
//! weights: they take many images at a time, and compute each panel of U where it is read.

mod ahead;
mod backward;
mod batches;
mod forward;
mod places;
mod plan;
mod points;
mod products;
mod tiles;
mod towards;
mod weights;

pub(crate) use backward::{Wanted, backward};

use crate::geometry::Geometry;
use crate::real::Real;
use crate::source::Source;
use forward::run;
use plan::Plan;
use towards::Towards;

/// Whether these kernels take the geometry.
pub(crate) fn fits(g: &Geometry) -> bool {
    Plan::fits(g)
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
    use crate::direct;
    use crate::geometry::same_padding;
    use crate::source::Plain;

    fn values(len: usize, seed: usize) -> Vec<f64> {
        (0..len).map(|i| ((i * 37 + i / 7 + seed * 11) % 101) as f64 / 50.0 - 1.0).collect()
    }

    fn difference(a: &[f64], b: &[f64]) -> f64 {
        assert_eq!(a.len(), b.len());
        a.iter().zip(b).map(|(a, b)| (a - b).abs()).fold(0.0, |worst: f64, d| if d > worst || d.is_nan() { d } else { worst })
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
            let (top, left) = (same_padding(h, kh, 2).0, same_padding(w, kw, 2).0);
            let g = Geometry { n, h, w, c, oh, ow, o, kh, kw, sh: 2, sw: 2, top, left };
            assert!(fits(&g));
            let (big, small, weight) = (values(g.big_len(), 1), values(g.small_len(), 2), values(o * c * kh * kw, 3));
            let convolved = direct::convolve(&g, &big, &weight, None);
            assert!(difference(&convolve(&g, Plain(&big), &weight, nothing).0, &convolved) < 1e-10);
            let spread = direct::adjoint(&g, &small, &weight, None);
            assert!(difference(&adjoint(&g, Plain(&small), &weight, nothing).0, &spread) < 1e-10);
            let gradient = direct::weight_gradient(&g, &big, &small);
            for (wanted, expected) in [(Wanted::Nothing, &vec![]), (Wanted::Big, &spread), (Wanted::Small, &convolved)] {
                let (dw, out, _) = backward(&g, Plain(&big), Plain(&small), &weight, wanted, nothing);
                assert!(difference(&dw, &gradient) < 1e-10);
                assert!(difference(&out, expected) < 1e-10);
            }
        }
    }

    #[test]
    fn every_element_of_the_big_side_is_written() {
        // By SAME padding, and without padding at the end, which leaves lines that no tile has.
        for (h, oh, kernel, top) in
            [(14, 7, 4, 1), (13, 7, 5, 2), (4, 2, 4, 1), (18, 9, 6, 2), (11, 4, 4, 0), (12, 4, 5, 0), (27, 12, 4, 0)]
        {
            let g = Geometry { n: 2, h, w: h, c: 8, oh, ow: oh, o: 8, kh: kernel, kw: kernel, sh: 2, sw: 2, top, left: top };
            let plan = Plan::new(&g);
            let tiles = values(2 * plan.big_elements, 1);
            let (mut out, mut twice) = (vec![f64::NAN; g.big_len()], vec![f64::NAN; g.big_len()]);
            tiles::collect_big(&plan, &tiles, 2, &mut out);
            assert!(out.iter().all(|v| v.is_finite()), "{h} from {oh}");
            // Nothing of what was there before is left.
            twice.copy_from_slice(&out);
            tiles::collect_big(&plan, &tiles, 2, &mut twice);
            assert_eq!(out, twice);
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
