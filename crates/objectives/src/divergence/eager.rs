//! A number computed from two samples on the CPU together with its gradients.
//!
//! What is made of sorting or of all pairs has a gradient that falls out beside the value; as a chain of tensor
//! operations it would cost many times the memory.

use std::sync::OnceLock;

use candle_core::{CpuStorage, CustomOp2, DType, Layout, Shape, Tensor, WithDType, backend::BackendStorage};
use vimae_core::Result;

/// A value and its gradients by every entry of both samples.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Gradients {
    pub(super) value: f64,
    pub(super) q: Vec<f64>,
    pub(super) p: Vec<f64>,
}

/// The scalar that `compute` makes of samples `[N, d]` and `[M, d]` on the CPU, row by row, and of d; differentiable
/// once.
pub(super) fn apply(
    name: &'static str,
    q: &Tensor,
    p: &Tensor,
    compute: impl Fn(&[f64], &[f64], usize) -> Gradients + Send + Sync + 'static,
) -> Result<Tensor> {
    Ok(q.contiguous()?.apply_op2(&p.contiguous()?, Eager { name, compute, gradients: OnceLock::new() })?)
}

/// The operation; its gradients come with the value and wait here.
struct Eager<F> {
    name: &'static str,
    compute: F,
    gradients: OnceLock<(Vec<f64>, Vec<f64>)>,
}

impl<F: Fn(&[f64], &[f64], usize) -> Gradients + Send + Sync> CustomOp2 for Eager<F> {
    fn name(&self) -> &'static str {
        self.name
    }

    fn cpu_fwd(&self, q: &CpuStorage, lq: &Layout, p: &CpuStorage, lp: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        let (qs, ps) = (to_f64(self.name, q, lq)?, to_f64(self.name, p, lp)?);
        let (_, d) = lq.shape().dims2()?;
        let Gradients { value, q: dq, p: dp } = (self.compute)(&qs, &ps, d);
        // A fresh operation is applied once; were it applied again, the arguments would be the same.
        self.gradients.get_or_init(|| (dq, dp));
        let storage = match q.dtype() {
            DType::F64 => CpuStorage::F64(vec![value]),
            _ => CpuStorage::F32(vec![value as f32]),
        };
        Ok((storage, Shape::from(())))
    }

    fn bwd(&self, q: &Tensor, p: &Tensor, _: &Tensor, grad: &Tensor) -> candle_core::Result<(Option<Tensor>, Option<Tensor>)> {
        let missing = || candle_core::Error::Msg(format!("{}: no value before the gradient", self.name));
        let (dq, dp) = self.gradients.get().ok_or_else(missing)?;
        let tensor = |values: &[f64], like: &Tensor| {
            Tensor::from_slice(values, like.shape(), like.device())?.to_dtype(like.dtype())?.broadcast_mul(grad)
        };
        let gradient = |values: &[f64], like: &Tensor| like.track_op().then(|| tensor(values, like)).transpose();
        Ok((gradient(dq, q)?, gradient(dp, p)?))
    }
}

fn to_f64(name: &'static str, storage: &CpuStorage, layout: &Layout) -> candle_core::Result<Vec<f64>> {
    fn cast<T: WithDType>(values: &[T], range: (usize, usize)) -> Vec<f64> {
        values[range.0..range.1].iter().map(|v| v.to_f64()).collect()
    }
    let range = layout.contiguous_offsets().ok_or_else(|| candle_core::Error::Msg(format!("{name}: input is not contiguous")))?;
    match storage {
        CpuStorage::F32(values) => Ok(cast(values, range)),
        CpuStorage::F64(values) => Ok(cast(values, range)),
        other => Err(candle_core::Error::UnsupportedDTypeForOp(other.dtype(), name)),
    }
}
