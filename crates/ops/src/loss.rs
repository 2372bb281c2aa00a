//! The squared error.

use crate::error::{Error, Result, check_dtype, check_float, shape_error};
use crate::parallel::{each, map};
use crate::real::{Real, contiguous, dispatch, unfilled, with_slice};
use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp2, Device, Layout, Shape, Tensor};

/// The sum of squared differences per image. `a` and `b` `[N, ...]`; returns `[N]`. Differentiable in both.
///
/// # Errors
/// Returns an error if shapes or dtypes differ, or if the rank is 0.
pub fn squared_error_sum(a: &Tensor, b: &Tensor) -> Result<Tensor> {
    const OP: &str = "squared_error_sum";
    check_float(OP, "a", a)?;
    check_dtype(OP, "b", b, a)?;
    if a.dims() != b.dims() {
        return Err(shape_error(OP, "b", format!("{:?}", a.dims()), b));
    }
    let Some(&n) = a.dims().first() else {
        return Err(Error::Shape { op: OP, argument: "a", expected: "[N, ...]".to_owned(), got: Vec::new() });
    };
    if !matches!(a.device(), Device::Cpu) || a.elem_count() == 0 {
        return Ok((a - b)?.sqr()?.reshape((n, a.elem_count() / n.max(1)))?.sum(1)?);
    }
    let op = SquaredError { size: a.elem_count() / n };
    Ok(a.contiguous()?.apply_op2(&b.contiguous()?, op)?)
}

struct SquaredError {
    /// Elements per image.
    size: usize,
}

impl SquaredError {
    fn forward<T: Real>(&self, a: &[T], b: &[T]) -> Vec<T> {
        map(a.chunks(self.size).zip(b.chunks(self.size)), |(a, b)| {
            let mut total = 0.0;
            // Runs of f32 sums, few enough terms each, added up in f64.
            for (a, b) in a.chunks(256).zip(b.chunks(256)) {
                let mut lanes = [T::zero(); 16];
                for (a, b) in a.chunks(16).zip(b.chunks(16)) {
                    for (l, (a, b)) in lanes.iter_mut().zip(a.iter().zip(b)) {
                        *l += (*a - *b) * (*a - *b);
                    }
                }
                total += lanes.into_iter().sum::<T>().to_f64();
            }
            T::from_f64(total)
        })
    }

    /// 2 (a - b) times the gradient of the image's sum, or its negative.
    fn backward<T: Real>(&self, a: &[T], b: &[T], grad: &[T], sign: f64) -> Vec<T> {
        let mut out = unfilled(a.len());
        let images = out.chunks_mut(self.size).zip(a.chunks(self.size)).zip(b.chunks(self.size)).zip(grad);
        each(images, |(((out, a), b), grad)| {
            let factor = T::from_f64(2.0 * sign) * *grad;
            for (o, (a, b)) in out.iter_mut().zip(a.iter().zip(b)) {
                *o = factor * (*a - *b);
            }
        });
        out
    }
}

impl CustomOp2 for SquaredError {
    fn name(&self) -> &'static str {
        "squared_error_sum"
    }

    fn cpu_fwd(&self, a: &CpuStorage, la: &Layout, b: &CpuStorage, lb: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        dispatch!(a.dtype(), T => {
            let sums = self.forward::<T>(contiguous(a, la)?, contiguous(b, lb)?);
            let shape = Shape::from(sums.len());
            Ok((candle_core::WithDType::to_cpu_storage_owned(sums), shape))
        })
    }

    fn bwd(&self, a: &Tensor, b: &Tensor, _: &Tensor, grad: &Tensor) -> candle_core::Result<(Option<Tensor>, Option<Tensor>)> {
        dispatch!(a.dtype(), T => {
            let gradient = |wanted: &Tensor, sign| {
                if !wanted.track_op() {
                    return Ok(None);
                }
                let values = with_slice::<T, _>(a, |a| with_slice(b, |b| {
                    with_slice(grad, |grad| Ok(self.backward(a, b, grad, sign)))
                }))?;
                Tensor::from_vec(values, a.shape(), &Device::Cpu).map(Some)
            };
            Ok((gradient(a, 1.0)?, gradient(b, -1.0)?))
        })
    }
}
