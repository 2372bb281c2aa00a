//! Fully connected layers. Bias and ReLU are part of the same pass.
#![expect(unsafe_code, reason = "the dispatch that `vectorised` writes")]

use crate::activation::relu_gradient;
use crate::bias::{add_bias, column_sums};
use crate::error::{Result, check_dtype, check_float, check_vector, shape_error};
use crate::gradients::hand_over;
use crate::parallel::{each, map};
use crate::product::{Matrix, multiply};
use crate::real::{Real, contiguous, dispatch, unfilled, with_slice};
use crate::simd::vectorised;
use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp2, CustomOp3, Device, Layout, Shape, Tensor};

/// A linear layer, x w^T + b. `x` `[N, I]`, `w` `[O, I]`, `b` `[O]`; returns `[N, O]`. Differentiable in all three.
///
/// # Errors
/// Returns an error if shapes or dtypes do not match.
pub fn linear(x: &Tensor, w: &Tensor, b: Option<&Tensor>) -> Result<Tensor> {
    apply("linear", x, w, b, false)
}

/// [`linear`], then ReLU.
///
/// # Errors
/// Returns an error if shapes or dtypes do not match.
pub fn linear_relu(x: &Tensor, w: &Tensor, b: Option<&Tensor>) -> Result<Tensor> {
    apply("linear_relu", x, w, b, true)
}

fn apply(op: &'static str, x: &Tensor, w: &Tensor, b: Option<&Tensor>, relu: bool) -> Result<Tensor> {
    check_float(op, "x", x)?;
    let &[n, i] = x.dims() else {
        return Err(shape_error(op, "x", "[N, I]", x));
    };
    check_dtype(op, "w", w, x)?;
    let &[o, wi] = w.dims() else {
        return Err(shape_error(op, "w", format!("[O, {i}]"), w));
    };
    if wi != i {
        return Err(shape_error(op, "w", format!("[O, {i}]"), w));
    }
    if let Some(b) = b {
        check_vector(op, "b", b, o, x)?;
    }
    if !matches!(x.device(), Device::Cpu) {
        return composed(x, w, b, relu);
    }
    let op = LinearOp { n, i, o, relu };
    let (x, w) = (x.contiguous()?, w.contiguous()?);
    Ok(match b {
        Some(b) => x.apply_op3(&w, &b.contiguous()?, op)?,
        None => x.apply_op2(&w, op)?,
    })
}

/// The layer from candle's own operations, for devices without a kernel of this crate.
fn composed(x: &Tensor, w: &Tensor, b: Option<&Tensor>, relu: bool) -> Result<Tensor> {
    let y = x.matmul(&w.t()?)?;
    let y = match b {
        Some(b) => y.broadcast_add(b)?,
        None => y,
    };
    if relu { crate::relu(&y) } else { Ok(y) }
}

struct LinearOp {
    n: usize,
    i: usize,
    o: usize,
    relu: bool,
}

/// `a b` with the columns of the result shared among tasks; both given as functions of a range of
/// columns, because a matrix of few rows and many columns cannot be split by rows. `task` writes all of its columns.
fn product_by_columns<T: Real>(
    (rows, depth, columns): (usize, usize, usize),
    task: impl Fn(&mut [T], std::ops::Range<usize>) + Sync,
) -> Vec<T> {
    const COLUMNS: usize = 1024;
    // A product of no depth may leave its result as it is.
    let room = |columns: usize| if depth == 0 { vec![T::zero(); rows * columns] } else { unfilled(rows * columns) };
    if columns <= COLUMNS {
        let mut out = room(columns);
        task(&mut out, 0..columns);
        return out;
    }
    let blocks: Vec<Vec<T>> = map(0..columns.div_ceil(COLUMNS), |block| {
        let range = block * COLUMNS..((block + 1) * COLUMNS).min(columns);
        let mut out = room(range.len());
        task(&mut out, range);
        out
    });
    let mut out = unfilled(rows * columns);
    each(out.chunks_mut(columns).enumerate(), |(row, out)| {
        for (block, out) in blocks.iter().zip(out.chunks_mut(COLUMNS)) {
            out.copy_from_slice(&block[row * out.len()..][..out.len()]);
        }
    });
    out
}

vectorised! {
/// ReLU; NaN stays NaN.
fn cut_off<T: Real>(x: &mut [T]) {
    for v in x {
        *v = if *v < T::zero() { T::zero() } else { *v };
    }
}
}

impl LinearOp {
    fn forward<T: Real>(&self, x: &[T], w: &[T], b: Option<&[T]>) -> Vec<T> {
        let &Self { n, i, o, relu } = self;
        product_by_columns((n, i, o), |out, range| {
            let width = range.len();
            let w = Matrix::new(&w[range.start * i..], width, i);
            multiply(out, width, Matrix::new(x, n, i), w.transposed(), false);
            if let Some(b) = b {
                add_bias(out, &b[range]);
            }
            if relu {
                cut_off(out);
            }
        })
    }

    fn backward<T: Real>(
        &self,
        x: &Tensor,
        w: &Tensor,
        b: Option<&Tensor>,
        y: &Tensor,
        grad: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let &Self { n, i, o, relu } = self;
        let grad = if relu {
            with_slice::<T, _>(grad, |grad| with_slice::<T, _>(y, |y| Tensor::from_vec(relu_gradient(y, grad), (n, o), &Device::Cpu)))?
        } else {
            grad.clone()
        };
        with_slice::<T, _>(&grad, |grad| {
            let matrix = Matrix::new(grad, n, o);
            let mut gradients = (None, None, None);
            if x.track_op() {
                let dx = with_slice::<T, _>(w, |w| {
                    Ok(product_by_columns((n, o, i), |out, range| {
                        let w = w.get(range.start..).unwrap_or_default();
                        let w = Matrix::strided(w, o, range.len(), i);
                        multiply(out, range.len(), matrix, w, false);
                    }))
                })?;
                gradients.0 = Some(Tensor::from_vec(dx, (n, i), &Device::Cpu)?);
            }
            if w.track_op() {
                let dw = with_slice::<T, _>(x, |x| {
                    let mut dw = vec![T::zero(); o * i];
                    let rows = o.div_ceil(8).max(1);
                    each(dw.chunks_mut(rows * i.max(1)).enumerate(), |(task, dw)| {
                        let first = task * rows;
                        let count = rows.min(o - first);
                        let part = Matrix::strided(&grad[first.min(grad.len())..], n, count, o);
                        multiply(dw, i, part.transposed(), Matrix::new(x, n, i), false);
                    });
                    Ok(dw)
                })?;
                gradients.1 = hand_over(y, w, Tensor::from_vec(dw, (o, i), &Device::Cpu)?);
            }
            if let Some(b) = b.filter(|b| b.track_op()) {
                gradients.2 = hand_over(y, b, Tensor::from_vec(column_sums(grad, o), b.shape(), &Device::Cpu)?);
            }
            Ok(gradients)
        })
    }
}

impl CustomOp2 for LinearOp {
    fn name(&self) -> &'static str {
        "linear"
    }
    fn cpu_fwd(&self, x: &CpuStorage, lx: &Layout, w: &CpuStorage, lw: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        let y = dispatch!(x.dtype(), T => {
            let y = self.forward::<T>(contiguous(x, lx)?, contiguous(w, lw)?, None);
            Ok(candle_core::WithDType::to_cpu_storage_owned(y))
        })?;
        Ok((y, Shape::from((self.n, self.o))))
    }
    fn bwd(&self, x: &Tensor, w: &Tensor, y: &Tensor, grad: &Tensor) -> candle_core::Result<(Option<Tensor>, Option<Tensor>)> {
        let (dx, dw, _) = dispatch!(x.dtype(), T => self.backward::<T>(x, w, None, y, grad))?;
        Ok((dx, dw))
    }
}

impl CustomOp3 for LinearOp {
    fn name(&self) -> &'static str {
        "linear"
    }
    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        lx: &Layout,
        w: &CpuStorage,
        lw: &Layout,
        b: &CpuStorage,
        lb: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let y = dispatch!(x.dtype(), T => {
            let b = contiguous(b, lb)?;
            let y = self.forward::<T>(contiguous(x, lx)?, contiguous(w, lw)?, Some(b));
            Ok(candle_core::WithDType::to_cpu_storage_owned(y))
        })?;
        Ok((y, Shape::from((self.n, self.o))))
    }
    fn bwd(
        &self,
        x: &Tensor,
        w: &Tensor,
        b: &Tensor,
        y: &Tensor,
        grad: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        dispatch!(x.dtype(), T => self.backward::<T>(x, w, Some(b), y, grad))
    }
}
