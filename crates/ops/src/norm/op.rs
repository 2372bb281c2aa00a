//! Batch norm as a candle operation on the CPU.

use super::kernel::{Affine, Backward, Moments, affine};
use crate::geometry::View;
use crate::real::{Real, contiguous, dispatch, with_slice};
use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp3, Device, Layout, Result, Shape, Tensor};

pub(crate) struct NormOp {
    pub(crate) view: View,
    pub(crate) moments: Vec<Moments>,
    pub(crate) eps: f64,
    pub(crate) relu: bool,
    /// Whether the moments are those of this very batch, so that the gradient flows through them.
    pub(crate) batch: bool,
}

impl NormOp {
    fn inverse_deviations(&self) -> impl Iterator<Item = f64> {
        self.moments.iter().map(|m| (m.var + self.eps).sqrt().recip())
    }

    fn map<T: Real>(&self, gamma: &[T], beta: &[T]) -> Affine<T> {
        let (scale, shift) = gamma
            .iter()
            .zip(beta)
            .zip(self.moments.iter().zip(self.inverse_deviations()))
            .map(|((gamma, beta), (m, inverse))| {
                let scale = gamma.to_f64() * inverse;
                (T::from_f64(scale), T::from_f64(beta.to_f64() - m.mean * scale))
            })
            .unzip();
        Affine { scale, shift }
    }

    fn forward<T: Real>(&self, x: &[T], gamma: &[T], beta: &[T]) -> CpuStorage {
        T::to_cpu_storage_owned(affine(self.view, x, &self.map(gamma, beta), self.relu))
    }

    fn backward<T: Real>(&self, (x, gamma, beta): (&[T], &[T], &[T]), grad: &[T], wants_x: bool) -> (Option<Vec<T>>, Vec<T>, Vec<T>) {
        let map = self.map(gamma, beta);
        let means: Vec<T> = self.moments.iter().map(|m| T::from_f64(m.mean)).collect();
        let passes = Backward { view: self.view, x, grad, map: &map, means: &means, relu: self.relu };
        let sums = passes.sums();
        let count = (self.view.outer * self.view.inner) as f64;
        let gamma_gradient: Vec<f64> = sums.iter().zip(self.inverse_deviations()).map(|(s, inverse)| s.1 * inverse).collect();
        let x_gradient = wants_x.then(|| {
            let batch = if self.batch { -1.0 / count } else { 0.0 };
            let (scale, shift) = sums
                .iter()
                .zip(&gamma_gradient)
                .zip(gamma.iter().zip(self.inverse_deviations()))
                .map(|((s, dgamma), (gamma, inverse))| {
                    let scale = gamma.to_f64() * inverse * batch;
                    (T::from_f64(scale * dgamma * inverse), T::from_f64(scale * s.0))
                })
                .unzip();
            let corrections = Affine { scale, shift };
            passes.input_gradient(&corrections)
        });
        (x_gradient, gamma_gradient.into_iter().map(T::from_f64).collect(), sums.into_iter().map(|s| T::from_f64(s.0)).collect())
    }
}

impl CustomOp3 for NormOp {
    fn name(&self) -> &'static str {
        "batch_norm"
    }

    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        lx: &Layout,
        gamma: &CpuStorage,
        lg: &Layout,
        beta: &CpuStorage,
        lb: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        let y = dispatch!(x.dtype(), T => Ok(self.forward::<T>(
            contiguous(x, lx)?,
            contiguous(gamma, lg)?,
            contiguous(beta, lb)?,
        )))?;
        Ok((y, lx.shape().clone()))
    }

    fn bwd(
        &self,
        x: &Tensor,
        gamma: &Tensor,
        beta: &Tensor,
        _: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        dispatch!(x.dtype(), T => {
            let (dx, dgamma, dbeta) = with_slice::<T, _>(x, |xs| {
                with_slice(gamma, |gammas| with_slice(beta, |betas| with_slice(grad, |grads| {
                    Ok(self.backward::<T>((xs, gammas, betas), grads, x.track_op()))
                })))
            })?;
            let cpu = &Device::Cpu;
            let dx = dx.map(|dx| Tensor::from_vec(dx, x.shape(), cpu)).transpose()?;
            let dgamma = Tensor::from_vec(dgamma, gamma.shape(), cpu)?;
            let dbeta = Tensor::from_vec(dbeta, beta.shape(), cpu)?;
            Ok((dx, Some(dgamma), Some(dbeta)))
        })
    }
}
