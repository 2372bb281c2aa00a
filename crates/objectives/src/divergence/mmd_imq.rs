//! Maximum mean discrepancy with inverse multiquadric kernels of seven widths.
//!
//! `sum_s [ mean_{i != j} k_s(q_i, q_j) + mean_{i != j} k_s(p_i, p_j) - 2 mean_{i, j} k_s(q_i, p_j) ]`,
//! `k_s(x, y) = C_s / (C_s + |x - y|^2)`, `C_s = 2 d s` for a prior of unit variance, s in 0.1 ... 10:
//! the estimate of the WAE code (Tolstikhin et al. 2018, section 3). It may be negative.
//!
//! Value and gradient come from one pass over the pairs, in f64, on the CPU; elsewhere the same
//! formula is composed from tensor operations.

use std::sync::OnceLock;

use candle_core::{backend::BackendStorage, CpuStorage, CustomOp2, DType, Layout, Shape, Tensor, WithDType};
use rayon::prelude::*;
use vimae_core::{Divergence, Entry, Error, Result};

use super::BuildDivergence;

/// The catalogue entry.
pub const ENTRY: Entry<BuildDivergence> = Entry {
    name: "mmd_imq",
    summary: "Unbiased MMD summed over seven inverse multiquadric kernels",
    source: "Tolstikhin et al., Wasserstein Auto-Encoders, 2018; appendix of the VIMAE paper",
    keys: &[],
    build: |_, _| Ok(Box::new(MmdImq)),
};

/// The widths of the kernels, as multiples of `2 d`.
pub const SCALES: [f64; 7] = [0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0];

/// The multi-scale IMQ estimate.
#[derive(Debug, Clone, Copy)]
pub struct MmdImq;

impl Divergence for MmdImq {
    fn name(&self) -> &str {
        ENTRY.name
    }

    fn estimate(&self, q: &Tensor, p: &Tensor) -> Result<Tensor> {
        let (n, d) = q.dims2()?;
        let (m, e) = p.dims2()?;
        if d != e || n < 2 || m < 2 {
            return Err(Error::shape("sample of the prior", format!("[at least 2, {d}] beside at least 2 codes (got {n})"), p.dims()));
        }
        if q.device().is_cpu() {
            return Ok(q.contiguous()?.apply_op2(&p.contiguous()?, Fused::default())?);
        }
        composed(q, p)
    }
}

/// The estimate from tensor operations alone.
fn composed(q: &Tensor, p: &Tensor) -> Result<Tensor> {
    let (n, d) = q.dims2()?;
    let m = p.dim(0)?;
    let distances = |a: &Tensor, b: &Tensor| -> Result<Tensor> {
        let squares = |t: &Tensor| t.sqr()?.sum_keepdim(1);
        let products = (a.matmul(&b.t()?)? * 2.0)?;
        Ok(squares(a)?.broadcast_add(&squares(b)?.t()?)?.sub(&products)?.relu()?)
    };
    let (qq, pp, qp) = (distances(q, q)?, distances(p, p)?, distances(q, p)?);
    let mut total = Tensor::zeros((), q.dtype(), q.device())?;
    for scale in SCALES {
        let c = 2.0 * d as f64 * scale;
        let kernel_sum = |distances: &Tensor| -> Result<Tensor> { Ok(((distances + c)?.recip()?.sum_all()? * c)?) };
        // The diagonal of a self term is one each.
        let own = |sum: Tensor, n: usize| -> Result<Tensor> { Ok(((sum - n as f64)? / (n * (n - 1)) as f64)?) };
        let cross = (kernel_sum(&qp)? * (-2.0 / (n * m) as f64))?;
        total = (((total + own(kernel_sum(&qq)?, n)?)? + own(kernel_sum(&pp)?, m)?)? + cross)?;
    }
    Ok(total)
}

/// The estimate as one operation on the CPU; its gradients come with the value and wait here.
#[derive(Default)]
struct Fused {
    gradients: OnceLock<(Vec<f64>, Vec<f64>)>,
}

impl CustomOp2 for Fused {
    fn name(&self) -> &'static str {
        "mmd-imq"
    }

    fn cpu_fwd(&self, q: &CpuStorage, lq: &Layout, p: &CpuStorage, lp: &Layout) -> candle_core::Result<(CpuStorage, Shape)> {
        let d = lq.dims()[1];
        let (qs, ps) = (to_f64(q, lq)?, to_f64(p, lp)?);
        let Pairs { value, q: dq, p: dp } = pairs(&qs, &ps, d);
        // A fresh operation is applied once; were it applied again, the arguments would be the same.
        self.gradients.get_or_init(|| (dq, dp));
        let storage = match q.dtype() {
            DType::F64 => CpuStorage::F64(vec![value]),
            _ => CpuStorage::F32(vec![value as f32]),
        };
        Ok((storage, Shape::from(())))
    }

    fn bwd(&self, q: &Tensor, p: &Tensor, _: &Tensor, grad: &Tensor) -> candle_core::Result<(Option<Tensor>, Option<Tensor>)> {
        let (dq, dp) = self.gradients.get().ok_or_else(|| candle_core::Error::Msg("mmd-imq: no value before the gradient".into()))?;
        let tensor = |values: &[f64], like: &Tensor| Tensor::from_slice(values, like.shape(), like.device())?.to_dtype(like.dtype())?.broadcast_mul(grad);
        let gradient = |values: &[f64], like: &Tensor| like.track_op().then(|| tensor(values, like)).transpose();
        Ok((gradient(dq, q)?, gradient(dp, p)?))
    }
}

fn to_f64(storage: &CpuStorage, layout: &Layout) -> candle_core::Result<Vec<f64>> {
    fn cast<T: WithDType>(values: &[T], layout: &Layout) -> candle_core::Result<Vec<f64>> {
        let (from, to) = layout.contiguous_offsets().ok_or_else(|| candle_core::Error::Msg("mmd-imq: input is not contiguous".into()))?;
        Ok(values[from..to].iter().map(|v| v.to_f64()).collect())
    }
    match storage {
        CpuStorage::F32(values) => cast(values, layout),
        CpuStorage::F64(values) => cast(values, layout),
        other => Err(candle_core::Error::UnsupportedDTypeForOp(other.dtype(), "mmd-imq")),
    }
}

/// The estimate with its gradients.
struct Pairs {
    value: f64,
    q: Vec<f64>,
    p: Vec<f64>,
}

/// Sums over all pairs; each row is one task, and rows are added in order, so that the number of
/// threads changes nothing.
fn pairs(q: &[f64], p: &[f64], d: usize) -> Pairs {
    let (n, m) = (q.len() / d, p.len() / d);
    let own = |k: usize| 1.0 / (k * (k - 1)) as f64;
    let cross = -2.0 / (n * m) as f64;
    let side = |a: &[f64], b: &[f64], own_weight: f64| -> Vec<(f64, f64, Vec<f64>)> {
        a.par_chunks(d)
            .enumerate()
            .map(|(i, x)| {
                let mut gradient = vec![0.0; d];
                let (mut own_sum, mut cross_sum) = (0.0, 0.0);
                for (j, y) in a.chunks_exact(d).enumerate() {
                    if i != j {
                        // Each ordered pair of a self term meets x twice, as first and as second.
                        own_sum += accumulate(x, y, 2.0 * own_weight, &mut gradient);
                    }
                }
                for y in b.chunks_exact(d) {
                    cross_sum += accumulate(x, y, cross, &mut gradient);
                }
                (own_sum, cross_sum, gradient)
            })
            .collect()
    };
    let (q_rows, p_rows) = (side(q, p, own(n)), side(p, q, own(m)));
    let value = q_rows.iter().map(|r| r.0 * own(n) + r.1 * cross).sum::<f64>() + p_rows.iter().map(|r| r.0 * own(m)).sum::<f64>();
    let gradient = |rows: Vec<(f64, f64, Vec<f64>)>| rows.into_iter().flat_map(|r| r.2).collect();
    Pairs { value, q: gradient(q_rows), p: gradient(p_rows) }
}

/// `sum_s k_s(x, y)`, with `weight` times its gradient by `x` added to `gradient`.
fn accumulate(x: &[f64], y: &[f64], weight: f64, gradient: &mut [f64]) -> f64 {
    let distance: f64 = x.iter().zip(y).map(|(a, b)| (a - b) * (a - b)).sum();
    let (mut value, mut slope) = (0.0, 0.0);
    for scale in SCALES {
        let c = 2.0 * x.len() as f64 * scale;
        let k = c / (c + distance);
        value += k;
        slope -= k * k / c;
    }
    let factor = 2.0 * weight * slope;
    for ((g, a), b) in gradient.iter_mut().zip(x).zip(y) {
        *g += factor * (a - b);
    }
    value
}

#[cfg(test)]
mod tests {
    use candle_core::{Device, Var};
    use vimae_core::{Purpose, Streams};

    use super::*;

    fn sample(step: u64, n: usize, d: usize) -> Tensor {
        let values = Streams::new(1).normal(Purpose::PriorSample, step, n * d);
        Tensor::from_vec(values, (n, d), &Device::Cpu).unwrap().to_dtype(DType::F64).unwrap()
    }

    #[test]
    fn fused_and_composed_agree_in_value_and_gradient() {
        let q = Var::from_tensor(&(sample(0, 20, 3) * 0.7).unwrap()).unwrap();
        let p = Var::from_tensor(&sample(1, 15, 3)).unwrap();
        let (fused, plain) = (MmdImq.estimate(&q, &p).unwrap(), composed(&q, &p).unwrap());
        assert!((fused.to_scalar::<f64>().unwrap() - plain.to_scalar::<f64>().unwrap()).abs() < 1e-12);
        let (fused, plain) = ((fused * 3.0).unwrap().backward().unwrap(), (plain * 3.0).unwrap().backward().unwrap());
        for var in [&q, &p] {
            let difference = (fused.get(var).unwrap() - plain.get(var).unwrap()).unwrap().abs().unwrap().max_all().unwrap();
            assert!(difference.to_scalar::<f64>().unwrap() < 1e-12);
        }
    }

    #[test]
    fn a_shifted_sample_is_further_away() {
        let (q, p) = (sample(0, 100, 4), sample(1, 100, 4));
        let near = MmdImq.estimate(&q, &p).unwrap().to_scalar::<f64>().unwrap();
        let far = MmdImq.estimate(&(q + 2.0).unwrap(), &p).unwrap().to_scalar::<f64>().unwrap();
        assert!(near.abs() < 0.1 && far > 0.5, "{near} {far}");
    }

    #[test]
    fn samples_of_other_dimension_or_of_one_are_refused() {
        assert!(MmdImq.estimate(&sample(0, 4, 3), &sample(1, 4, 2)).is_err());
        assert!(MmdImq.estimate(&sample(0, 1, 3), &sample(1, 4, 3)).is_err());
    }
}
