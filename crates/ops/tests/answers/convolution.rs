//! Convolutions of random shapes against the definition, and the adjoint identity.

use candle_core::{Device, Tensor, Var};
use proptest::prelude::*;
use vimae_ops::{ConvParams, ConvTransposeParams, channels_last, conv_transpose2d, conv2d};

#[derive(Clone, Debug)]
struct Shape {
    n: usize,
    c: usize,
    o: usize,
    size: (usize, usize),
    kernel: (usize, usize),
    stride: (usize, usize),
    padding: [usize; 4],
}

fn shapes() -> impl Strategy<Value = Shape> {
    let pair = |r: std::ops::Range<usize>| (r.clone(), r);
    (1..4usize, 1..12usize, 1..10usize, pair(1..9), pair(1..6), pair(1..4), prop::array::uniform4(0..4usize))
        .prop_map(|(n, c, o, size, kernel, stride, padding)| Shape { n, c, o, size, kernel, stride, padding })
        .prop_filter("the kernel fits", |s| {
            s.size.0 + s.padding[0] + s.padding[1] >= s.kernel.0 && s.size.1 + s.padding[2] + s.padding[3] >= s.kernel.1
        })
}

fn values(shape: &[usize], seed: u64) -> Result<Tensor, candle_core::Error> {
    let mut state = seed;
    let mut next = || {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as f64 / f64::from(1u32 << 30) - 1.0
    };
    let data: Vec<f64> = (0..shape.iter().product::<usize>()).map(|_| next()).collect();
    Tensor::from_vec(data, shape, &Device::Cpu)
}

/// The definition, one element at a time.
fn naive(s: &Shape, x: &[f64], w: &[f64], b: &[f64], oh: usize, ow: usize) -> Vec<f64> {
    let ((h, wd), (kh, kw), (sh, sw)) = (s.size, s.kernel, s.stride);
    let mut out = Vec::new();
    for n in 0..s.n {
        for o in 0..s.o {
            for oy in 0..oh {
                for ox in 0..ow {
                    let mut sum = b[o];
                    for c in 0..s.c {
                        for ky in 0..kh {
                            for kx in 0..kw {
                                let y = (oy * sh + ky).wrapping_sub(s.padding[0]);
                                let x_ = (ox * sw + kx).wrapping_sub(s.padding[2]);
                                if y < h && x_ < wd {
                                    sum += x[((n * s.c + c) * h + y) * wd + x_] * w[((o * s.c + c) * kh + ky) * kw + kx];
                                }
                            }
                        }
                    }
                    out.push(sum);
                }
            }
        }
    }
    out
}

fn largest_difference(a: &Tensor, b: &Tensor) -> Result<f64, candle_core::Error> {
    assert_eq!(a.dims(), b.dims());
    (a - b)?.abs()?.max_all()?.to_scalar::<f64>()
}

fn run(s: &Shape) -> Result<(), Box<dyn std::error::Error>> {
    let x = Var::from_tensor(&values(&[s.n, s.c, s.size.0, s.size.1], 1)?)?;
    let w = Var::from_tensor(&values(&[s.o, s.c, s.kernel.0, s.kernel.1], 2)?)?;
    let b = Var::from_tensor(&values(&[s.o], 3)?)?;
    let params = ConvParams { stride: s.stride, padding: s.padding };
    let y = conv2d(&x, &w, Some(&b), params)?;
    let (_, _, oh, ow) = y.dims4()?;
    let flat = |t: &Tensor| t.flatten_all()?.to_vec1::<f64>();
    let expected = naive(s, &flat(&x)?, &flat(&w)?, &flat(&b)?, oh, ow);
    let expected = Tensor::from_vec(expected, y.shape(), &Device::Cpu)?;
    assert!(largest_difference(&y, &expected)? < 1e-10);

    // The convolution is linear in x and in w: <g, conv(x, w)> = <x, dx> = <w, dw>.
    let g = values(y.dims(), 4)?;
    let inner = |a: &Tensor, b: &Tensor| (a * b)?.sum_all()?.to_scalar::<f64>();
    let gradients = (&y * &g)?.sum_all()?.backward()?;
    let plain = conv2d(&x, &w, None, params)?.detach();
    let total = inner(&plain, &g)?;
    let [dx, dw, db] = [&x, &w, &b].map(|v| gradients.get(v).ok_or("no gradient"));
    let (dx, dw, db) = (dx?, dw?, db?);
    assert!((inner(&x, dx)? - total).abs() < 1e-9);
    assert!((inner(&w, dw)? - total).abs() < 1e-9);
    assert!(largest_difference(db, &g.sum((0, 2, 3))?)? < 1e-10);

    // The transposed convolution is the gradient, and its own gradients are those of the other.
    let extra = |size: usize, before: usize, after: usize, kernel: usize, stride: usize| (size + before + after - kernel) % stride;
    let [t, d, l, r] = s.padding;
    let transposed = ConvTransposeParams {
        stride: s.stride,
        padding: s.padding,
        output_padding: (extra(s.size.0, t, d, s.kernel.0, s.stride.0), extra(s.size.1, l, r, s.kernel.1, s.stride.1)),
    };
    let gv = Var::from_tensor(&g)?;
    let back = conv_transpose2d(&gv, &w, None, transposed)?;
    assert!(largest_difference(&back, dx)? < 1e-10);
    let gradients = (&back * x.as_tensor())?.sum_all()?.backward()?;
    assert!(largest_difference(gradients.get(&gv).ok_or("no gradient")?, &plain)? < 1e-10);
    assert!(largest_difference(gradients.get(&w).ok_or("no gradient")?, dw)? < 1e-10);

    let last = channels_last::conv2d(&x.permute((0, 2, 3, 1))?, &w, Some(&b), params)?;
    assert!(largest_difference(&last.permute((0, 3, 1, 2))?, &expected)? < 1e-10);
    let last = channels_last::conv_transpose2d(&g.permute((0, 2, 3, 1))?, &w, None, transposed)?;
    assert!(largest_difference(&last.permute((0, 3, 1, 2))?, dx)? < 1e-10);
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]
    #[test]
    fn any_shape_gives_the_definition(s in shapes()) {
        if let Err(error) = run(&s) {
            return Err(TestCaseError::fail(error.to_string()));
        }
    }
}

/// The weight gradient has a second path for large weights, the gather more than one tile.
#[test]
fn large_layers() -> Result<(), Box<dyn std::error::Error>> {
    let base = Shape { n: 2, c: 130, o: 140, size: (6, 5), kernel: (4, 4), stride: (2, 2), padding: [1, 1, 1, 2] };
    run(&base)?;
    run(&Shape { n: 30, c: 40, o: 12, size: (16, 16), ..base.clone() })?;
    run(&Shape { n: 9, c: 1, o: 40, size: (28, 28), stride: (1, 1), padding: [1, 2, 1, 2], ..base })
}
