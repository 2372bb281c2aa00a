//! log p(z) of an equal mixture of K diagonal Gaussians, as one operation on the CPU.
//!
//! log p(z) = log sum_k N(z; m_k, diag(s_k^2)) - ln K. With r_k the component's share of the density at z,
//! d/dz = sum_k r_k (m_k - z) / s_k^2, d/dm_k = r_k (z - m_k) / s_k^2, d/d log s_k^2 = r_k ((z - m_k)^2 / s_k^2 - 1) / 2.
//! Differences `[N, K, d]`, which a chain of tensor operations would keep several times, are never in memory; all sums
//! are in f64.

use std::{f64::consts::TAU, sync::OnceLock};

use candle_core::{CpuStorage, CustomOp3, DType, Layout, Shape, Tensor, WithDType, backend::BackendStorage};
use rayon::prelude::*;
use vimae_core::Result;

/// Log density in nats of codes `[N, d]` under the mixture with means and log-variances `[K, d]`, all of one type on the
/// CPU: `[N]`, differentiable once in all three.
pub(crate) fn log_density(codes: &Tensor, means: &Tensor, log_vars: &Tensor) -> Result<Tensor> {
    Ok(codes.contiguous()?.apply_op3(&means.contiguous()?, &log_vars.contiguous()?, Density::default())?)
}

/// The operation; what its gradient needs waits here.
#[derive(Default)]
struct Density {
    kept: OnceLock<Kept>,
}

/// The arguments, and each component's share of the density at each code, `[N, K]`.
struct Kept {
    codes: Vec<f64>,
    means: Vec<f64>,
    log_vars: Vec<f64>,
    shares: Vec<f64>,
    size: usize,
}

impl CustomOp3 for Density {
    fn name(&self) -> &'static str {
        "mixture-log-density"
    }

    fn cpu_fwd(
        &self,
        codes: &CpuStorage,
        codes_layout: &Layout,
        means: &CpuStorage,
        means_layout: &Layout,
        log_vars: &CpuStorage,
        log_vars_layout: &Layout,
    ) -> candle_core::Result<(CpuStorage, Shape)> {
        let (count, size) = codes_layout.shape().dims2()?;
        let dtype = codes.dtype();
        let (codes, means) = (to_f64(codes, codes_layout)?, to_f64(means, means_layout)?);
        let log_vars = to_f64(log_vars, log_vars_layout)?;
        let components = means.len() / size;
        let precisions: Vec<f64> = log_vars.iter().map(|v| (-v).exp()).collect();
        let constants: Vec<f64> = log_vars.chunks_exact(size).map(|v| -0.5 * (v.iter().sum::<f64>() + size as f64 * TAU.ln())).collect();

        let mut shares = vec![0.0; count * components];
        let density = |(z, shares): (&[f64], &mut [f64])| {
            let parts = means.chunks_exact(size).zip(precisions.chunks_exact(size)).zip(&constants);
            for (share, ((mean, precision), constant)) in shares.iter_mut().zip(parts) {
                // The square of a difference, not the difference of squares: a narrow component far out would lose all digits.
                *share = constant - 0.5 * weighted_squares(z, mean, precision);
            }
            let largest = shares.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            shares.iter_mut().for_each(|s| *s = (*s - largest).exp());
            let total: f64 = shares.iter().sum();
            shares.iter_mut().for_each(|s| *s /= total);
            largest + (total / components as f64).ln()
        };
        let values: Vec<f64> = codes.par_chunks_exact(size).zip(shares.par_chunks_exact_mut(components)).map(density).collect();
        // A fresh operation is applied once; were it applied again, the arguments would be the same.
        self.kept.get_or_init(|| Kept { codes, means, log_vars, shares, size });
        let storage = match dtype {
            DType::F64 => CpuStorage::F64(values),
            _ => CpuStorage::F32(values.into_iter().map(|v| v as f32).collect()),
        };
        Ok((storage, Shape::from(count)))
    }

    fn bwd(
        &self,
        codes: &Tensor,
        means: &Tensor,
        log_vars: &Tensor,
        _: &Tensor,
        grad: &Tensor,
    ) -> candle_core::Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let missing = || candle_core::Error::Msg("mixture-log-density: no value before the gradient".into());
        let kept = self.kept.get().ok_or_else(missing)?;
        let grad = grad.to_dtype(DType::F64)?.to_vec1::<f64>()?;
        let tensor = |values: Vec<f64>, like: &Tensor| Tensor::from_vec(values, like.shape(), like.device())?.to_dtype(like.dtype());
        let by_codes = codes.track_op().then(|| tensor(kept.by_codes(&grad), codes)).transpose()?;
        let (by_means, by_log_vars) = if means.track_op() || log_vars.track_op() {
            let (by_means, by_log_vars) = kept.by_components(&grad);
            (Some(tensor(by_means, means)?), Some(tensor(by_log_vars, log_vars)?))
        } else {
            (None, None)
        };
        Ok((by_codes, by_means, by_log_vars))
    }
}

/// sum_j (z_j - mean_j)^2 precision_j, in four sums that do not wait for one another.
fn weighted_squares(z: &[f64], mean: &[f64], precision: &[f64]) -> f64 {
    let mut sums = [0.0; 4];
    for (index, ((z, mean), precision)) in z.iter().zip(mean).zip(precision).enumerate() {
        sums[index % 4] += (z - mean) * (z - mean) * precision;
    }
    (sums[0] + sums[1]) + (sums[2] + sums[3])
}

impl Kept {
    fn precisions(&self) -> Vec<f64> {
        self.log_vars.iter().map(|v| (-v).exp()).collect()
    }

    fn by_codes(&self, grad: &[f64]) -> Vec<f64> {
        let (size, precisions) = (self.size, self.precisions());
        let components = self.means.len() / size;
        let mut out = vec![0.0; self.codes.len()];
        let rows = out.par_chunks_exact_mut(size).zip(self.codes.par_chunks_exact(size)).zip(self.shares.par_chunks_exact(components));
        rows.zip(grad).for_each(|(((out, z), shares), grad)| {
            let parts = self.means.chunks_exact(size).zip(precisions.chunks_exact(size));
            for (share, (mean, precision)) in shares.iter().zip(parts).filter(|(share, _)| **share > 0.0) {
                let scale = grad * share;
                for (((out, z), mean), precision) in out.iter_mut().zip(z).zip(mean).zip(precision) {
                    *out += scale * (mean - z) * precision;
                }
            }
        });
        out
    }

    /// By means and by log-variances; each component is one task, and codes are added in order.
    fn by_components(&self, grad: &[f64]) -> (Vec<f64>, Vec<f64>) {
        let (size, precisions) = (self.size, self.precisions());
        let components = self.means.len() / size;
        let (mut by_means, mut by_log_vars) = (vec![0.0; self.means.len()], vec![0.0; self.means.len()]);
        let outs = by_means.par_chunks_exact_mut(size).zip(by_log_vars.par_chunks_exact_mut(size));
        let parts = self.means.par_chunks_exact(size).zip(precisions.par_chunks_exact(size));
        outs.zip(parts).enumerate().for_each(|(k, ((by_mean, by_log_var), (mean, precision)))| {
            for (row, (z, grad)) in self.codes.chunks_exact(size).zip(grad).enumerate() {
                let scale = grad * self.shares[row * components + k];
                if scale == 0.0 {
                    continue;
                }
                for j in 0..size {
                    let apart = (z[j] - mean[j]) * precision[j];
                    by_mean[j] += scale * apart;
                    by_log_var[j] += 0.5 * scale * (apart * (z[j] - mean[j]) - 1.0);
                }
            }
        });
        (by_means, by_log_vars)
    }
}

fn to_f64(storage: &CpuStorage, layout: &Layout) -> candle_core::Result<Vec<f64>> {
    fn cast<T: WithDType>(values: &[T], range: (usize, usize)) -> Vec<f64> {
        values[range.0..range.1].iter().map(|v| v.to_f64()).collect()
    }
    let contiguous = layout.contiguous_offsets();
    let range = contiguous.ok_or_else(|| candle_core::Error::Msg("mixture-log-density: input is not contiguous".into()))?;
    match storage {
        CpuStorage::F32(values) => Ok(cast(values, range)),
        CpuStorage::F64(values) => Ok(cast(values, range)),
        other => Err(candle_core::Error::UnsupportedDTypeForOp(other.dtype(), "mixture-log-density")),
    }
}
