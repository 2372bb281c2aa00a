//! Point-wise functions. The gradient is computed from the result alone.
#![expect(unsafe_code, reason = "the dispatch that `vectorised` writes")]

use crate::error::{Result, check_float};
use crate::parallel::each;
use crate::real::{Real, contiguous, dispatch, unfilled, with_slice};
use crate::simd::vectorised;
use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp1, Device, Layout, Shape, Tensor};

/// The sigmoid 1 / (1 + exp(-x)) of a tensor of any shape.
///
/// # Errors
/// Returns an error if the dtype is neither `F32` nor `F64`.
pub fn sigmoid(x: &Tensor) -> Result<Tensor> {
    apply("sigmoid", x, Function::Sigmoid)
}

/// The hyperbolic tangent of a tensor of any shape.
///
/// # Errors
/// Returns an error if the dtype is neither `F32` nor `F64`.
pub fn tanh(x: &Tensor) -> Result<Tensor> {
    apply("tanh", x, Function::Tanh)
}

/// ReLU, max(0, x), of a tensor of any shape. The gradient at 0 is 0, and NaN stays NaN.
///
/// # Errors
/// Returns an error if the dtype is neither `F32` nor `F64`.
pub fn relu(x: &Tensor) -> Result<Tensor> {
    apply("relu", x, Function::Relu)
}

fn apply(op: &'static str, x: &Tensor, function: Function) -> Result<Tensor> {
    check_float(op, "x", x)?;
    if matches!(x.device(), Device::Cpu) {
        return Ok(x.contiguous()?.apply_op1(function)?);
    }
    #[cfg(feature = "cuda")]
    if x.device().is_cuda() && x.elem_count() > 0 {
        use crate::device::launches::Function as Launched;
        let function = match function {
            Function::Sigmoid => Launched::Sigmoid,
            Function::Tanh => Launched::Tanh,
            Function::Relu => Launched::Relu,
        };
        return Ok(crate::device::pointwise(crate::cuda::Cuda, x, function)?);
    }
    composed(x, function)
}

/// The function from candle's own operations, for devices without a kernel of this crate.
fn composed(x: &Tensor, function: Function) -> Result<Tensor> {
    Ok(match function {
        Function::Sigmoid => (x.neg()?.exp()? + 1.0)?.recip()?,
        Function::Tanh => x.tanh()?,
        // candle's own makes 0 of NaN, and has the gradient 1 at 0.
        Function::Relu => {
            let zero = Tensor::zeros((), x.dtype(), x.device())?.broadcast_as(x.shape())?;
            x.le(&zero)?.where_cond(&zero, x)?
        }
    })
}

#[derive(Clone, Copy)]
enum Function {
    Sigmoid,
    Tanh,
    Relu,
}

vectorised! {
/// 1 / (1 + exp(-x)) of every element.
fn sigmoid_all<T: Real>(x: &mut [T]) {
    for v in x {
        *v = T::one() / (T::one() + (-*v).exp());
    }
}
}

vectorised! {
/// tanh of every element.
fn tanh_all<T: Real>(x: &mut [T]) {
    for v in x {
        *v = v.tanh();
    }
}
}

pub(crate) fn sigmoid_in_place<T: Real>(x: &mut [T]) {
    sigmoid_all(x);
}

pub(crate) fn tanh_in_place<T: Real>(x: &mut [T]) {
    tanh_all(x);
}

const PIECE: usize = 1 << 13;

fn map<T: Real>(x: &[T], f: impl Fn(T) -> T + Sync) -> Vec<T> {
    let mut out = unfilled(x.len());
    each(out.chunks_mut(PIECE).zip(x.chunks(PIECE)), |(out, x)| {
        for (o, v) in out.iter_mut().zip(x) {
            *o = f(*v);
        }
    });
    out
}

fn in_place<T: Real>(x: &[T], f: impl Fn(&mut [T]) + Sync) -> Vec<T> {
    let mut out = unfilled(x.len());
    each(out.chunks_mut(PIECE).zip(x.chunks(PIECE)), |(out, x)| {
        out.copy_from_slice(x);
        f(out);
    });
    out
}

/// The gradient to ReLU's input from its result.
pub(crate) fn relu_gradient<T: Real>(y: &[T], grad: &[T]) -> Vec<T> {
    map2(y, grad, |y, g| if y <= T::zero() { T::zero() } else { g })
}

fn map2<T: Real>(x: &[T], y: &[T], f: impl Fn(T, T) -> T + Sync) -> Vec<T> {
    let mut out = unfilled(x.len());
    each(out.chunks_mut(PIECE).zip(x.chunks(PIECE)).zip(y.chunks(PIECE)), |((out, x), y)| {
        for ((o, x), y) in out.iter_mut().zip(x).zip(y) {
            *o = f(*x, *y);
        }
    });
    out
}

impl Function {
    fn forward<T: Real>(self, x: &[T]) -> Vec<T> {
        match self {
            Self::Sigmoid => in_place(x, sigmoid_all),
            Self::Tanh => in_place(x, tanh_all),
            Self::Relu => map(x, |v| if v < T::zero() { T::zero() } else { v }),
        }
    }

    fn backward<T: Real>(self, y: &[T], grad: &[T]) -> Vec<T> {
        match self {
            Self::Sigmoid => map2(y, grad, |y, g| g * y * (T::one() - y)),
            Self::Tanh => map2(y, grad, |y, g| g * (T::one() - y * y)),
            Self::Relu => relu_gradient(y, grad),
        }
    }
}

impl CustomOp1 for Function {
    fn name(&self) -> &'static str {
        match self {
            Self::Sigmoid => "sigmoid",
            Self::Tanh => "tanh",
            Self::Relu => "relu",
        }
    }

    fn cpu_fwd(&self, x: &CpuStorage, layout: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        let y = dispatch!(x.dtype(), T => {
            let y = self.forward::<T>(contiguous(x, layout)?);
            Ok(candle_core::WithDType::to_cpu_storage_owned(y))
        })?;
        Ok((y, layout.shape().clone()))
    }

    fn bwd(&self, _: &Tensor, y: &Tensor, grad: &Tensor) -> candle_core::Result<Option<Tensor>> {
        let dx = dispatch!(y.dtype(), T => with_slice::<T, _>(y, |ys| {
            let dx = with_slice(grad, |grad| Ok(self.backward(ys, grad)))?;
            Tensor::from_vec(dx, y.shape(), &Device::Cpu)
        }))?;
        Ok(Some(dx))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::Var;

    use super::*;

    /// What devices without a kernel compute is what the kernel does, at 0, at infinities and for NaN too.
    #[test]
    fn the_composed_relu_is_the_kernels() -> Result<()> {
        let x = Var::new(&[f32::NAN, f32::NEG_INFINITY, -1.0, -0.0, 0.0, 2.0, f32::INFINITY], &Device::Cpu)?;
        let bits = |t: &Tensor| -> Result<Vec<bool>> { Ok(t.to_vec1::<f32>()?.iter().map(|v| v.is_nan()).collect()) };
        let (kernel, plain) = (relu(&x)?, composed(&x, Function::Relu)?);
        assert_eq!(bits(&kernel)?, [true, false, false, false, false, false, false]);
        assert_eq!(bits(&plain)?, bits(&kernel)?);
        assert_eq!(plain.to_vec1::<f32>()?[1..], kernel.to_vec1::<f32>()?[1..]);
        let slope = |y: Tensor| -> Result<Vec<f32>> { Ok(y.sum_all()?.backward()?.get(&x).expect("a gradient").to_vec1()?) };
        assert_eq!(slope(plain)?, slope(kernel)?);
        Ok(())
    }
}
