//! Expresses TensorFlow's padding to a library that pads both ends alike.
//!
//! If the total padding is odd, SAME puts the extra line at the bottom and right. The library pads when padding both ends
//! by the lines of the top and left gives the right number of outputs. Otherwise the image is first copied into a frame of
//! zeros that holds exactly what the outputs see, and the library pads nothing; the adjoint removes the frame. The copy
//! reads and writes the big side once. The alternatives cost more: padding a 5x5 kernel with a line of zeros multiplies the
//! work by 36 / 25, and a result with an extra line must be copied as well.

use crate::geometry::Geometry;

/// A convolution from `[n, c, h, w]` to `[n, o, oh, ow]` with the same padding at both ends; also the
/// key under which an algorithm is remembered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Plan {
    pub(crate) n: usize,
    pub(crate) c: usize,
    pub(crate) h: usize,
    pub(crate) w: usize,
    pub(crate) o: usize,
    pub(crate) oh: usize,
    pub(crate) ow: usize,
    pub(crate) kernel: (usize, usize),
    pub(crate) stride: (usize, usize),
    pub(crate) padding: (usize, usize),
    /// Whether `h` and `w` are those of a frame around the image.
    pub(crate) framed: bool,
}

impl Plan {
    pub(crate) fn of(g: &Geometry) -> Self {
        let alike = |size: usize, before: usize, kernel: usize, stride: usize, out: usize| {
            let padded = size + 2 * before;
            // Libraries want less padding than kernel: no output that sees nothing but zeros.
            before < kernel && padded >= kernel && (padded - kernel) / stride + 1 == out
        };
        let framed = !(alike(g.h, g.top, g.kh, g.sh, g.oh) && alike(g.w, g.left, g.kw, g.sw, g.ow));
        let (h, w, padding) =
            if framed { ((g.oh - 1) * g.sh + g.kh, (g.ow - 1) * g.sw + g.kw, (0, 0)) } else { (g.h, g.w, (g.top, g.left)) };
        let &Geometry { n, c, o, oh, ow, kh, kw, sh, sw, .. } = g;
        Self { n, c, h, w, o, oh, ow, kernel: (kh, kw), stride: (sh, sw), padding, framed }
    }

    pub(crate) fn big_dims(&self) -> [usize; 4] {
        [self.n, self.c, self.h, self.w]
    }

    pub(crate) fn small_dims(&self) -> [usize; 4] {
        [self.n, self.o, self.oh, self.ow]
    }

    pub(crate) fn weight_dims(&self) -> [usize; 4] {
        [self.o, self.c, self.kernel.0, self.kernel.1]
    }
}

/// A copy of every plane of `[n, c, h, w]`: target pixel (y, x) takes source pixel (y + dy, x + dx), or
/// zero where there is none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) n: usize,
    pub(crate) c: usize,
    pub(crate) from: (usize, usize),
    pub(crate) to: (usize, usize),
    pub(crate) dy: isize,
    pub(crate) dx: isize,
}

impl Window {
    /// The same planes.
    pub(crate) fn whole(n: usize, c: usize, size: (usize, usize)) -> Self {
        Self { n, c, from: size, to: size, dy: 0, dx: 0 }
    }

    /// The image into its frame.
    pub(crate) fn into_frame(g: &Geometry, plan: &Plan) -> Self {
        Self { n: g.n, c: g.c, from: (g.h, g.w), to: (plan.h, plan.w), dy: -(g.top as isize), dx: -(g.left as isize) }
    }

    /// The image out of its frame; zero where no output looks.
    pub(crate) fn out_of_frame(g: &Geometry, plan: &Plan) -> Self {
        Self { n: g.n, c: g.c, from: (plan.h, plan.w), to: (g.h, g.w), dy: g.top as isize, dx: g.left as isize }
    }

    pub(crate) fn dims(&self) -> [usize; 4] {
        [self.n, self.c, self.to.0, self.to.1]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::geometry::same_padding;

    fn same(size: usize, kernel: usize, stride: usize) -> Geometry {
        let (out, before) = (size.div_ceil(stride), same_padding(size, kernel, stride).0);
        let (k, s) = (kernel, stride);
        Geometry { n: 2, h: size, w: size, c: 3, oh: out, ow: out, o: 4, kh: k, kw: k, sh: s, sw: s, top: before, left: before }
    }

    #[test]
    fn the_papers_layers() {
        // Images of MNIST and kernels of 4: only 7x7 to 4x4 and the last layer have an odd total.
        let framed = |size, kernel, stride| Plan::of(&same(size, kernel, stride)).framed;
        assert_eq!([28, 14, 7, 4].map(|size| framed(size, 4, 2)), [false, false, true, false]);
        assert!(framed(28, 4, 1));
        // Kernels of 5 and stride 2 always do, the last layer does not.
        assert_eq!([64, 32, 16, 8].map(|size| framed(size, 5, 2)), [true; 4]);
        assert!(!framed(64, 5, 1));
        let plan = Plan::of(&same(64, 5, 2));
        assert_eq!((plan.h, plan.w, plan.padding), (67, 67, (0, 0)));
    }

    /// Whatever the shape, output pixel and tap meet the same big pixel as in the definition.
    #[test]
    fn every_tap_meets_its_pixel() {
        for size in 1..12 {
            for kernel in 1..7 {
                for stride in 1..5 {
                    let g = same(size, kernel, stride);
                    let plan = Plan::of(&g);
                    // The library's own formula.
                    assert_eq!((plan.h + 2 * plan.padding.0 - kernel) / stride + 1, g.oh, "{g:?}");
                    for oy in 0..g.oh {
                        for ky in 0..kernel {
                            let wanted = (oy * stride + ky) as isize - g.top as isize;
                            let inside = |y: isize, size: usize| (0..size as isize).contains(&y);
                            let seen = (oy * stride + ky) as isize - plan.padding.0 as isize;
                            let frame = Window::into_frame(&g, &plan);
                            let met = if plan.framed && inside(seen, plan.h) { seen + frame.dy } else { seen };
                            assert!(!plan.framed || inside(seen, plan.h), "the frame holds all that is seen");
                            assert_eq!(met, wanted);
                        }
                    }
                    let (into, out) = (Window::into_frame(&g, &plan), Window::out_of_frame(&g, &plan));
                    assert_eq!((into.dy + out.dy, into.dx + out.dx), (0, 0));
                    assert_eq!((into.from, into.to), (out.to, out.from));
                }
            }
        }
    }
}
