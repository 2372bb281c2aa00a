//! Equal mixtures of diagonal Gaussians in d dimensions, with means and log-variances as tensors.
//!
//! p(z) = 1/K sum_k N(z; m_k, diag(s_k^2)). Density and rate are differentiable in the codes and in the means and
//! log-variances, which may come from a network. No rate in closed form: KL(q || p) = -H(q) - E_q log p(z) with the
//! expectation over sixteen draws in antithetic pairs from a stream of their own. Its error is that of a mean of
//! eight pairs for each row; over the rows of a batch it averages out.

use std::f64::consts::TAU;

use candle_core::{D, DType, Device, Tensor};
use rand::Rng;
use rand_distr::StandardNormal;
use vimae_core::{
    Code, Density, Error, Factors, Prior, Purpose, Result, Streams, Univariate, numerics::log_sum_exp_over, random::step_of_name,
};

use crate::mixture_density;

/// Antithetic pairs of draws of a rate.
const PAIRS: usize = 8;
/// Differences of codes and means that are in memory at once.
const AT_ONCE: usize = 1 << 22;

/// An equal mixture of K diagonal Gaussians.
#[derive(Debug, Clone)]
pub struct Mixture {
    name: &'static str,
    means: Tensor,
    log_vars: Tensor,
}

impl Mixture {
    /// The mixture of Gaussians with means `[K, d]` and log-variances `[K, d]`.
    ///
    /// # Errors
    /// Where the two shapes differ.
    pub fn new(name: &'static str, means: Tensor, log_vars: Tensor) -> Result<Self> {
        means.dims2()?;
        if means.dims() != log_vars.dims() {
            return Err(Error::shape("log-variances of the mixture", format!("{:?}", means.dims()), log_vars.dims()));
        }
        Ok(Self { name, means, log_vars })
    }

    /// Means and log-variances of the codes' type, where the codes are.
    fn like(&self, codes: &Tensor) -> Result<(Tensor, Tensor)> {
        let like = |t: &Tensor| t.to_dtype(codes.dtype())?.to_device(codes.device());
        Ok((like(&self.means)?, like(&self.log_vars)?))
    }

    fn expect(&self, what: &str, codes: &Tensor) -> Result<()> {
        let size = self.means.dim(1)?;
        match codes.dims() {
            [_, d] if *d == size => Ok(()),
            dims => Err(Error::shape(what, format!("[N, {size}]"), dims)),
        }
    }
}

impl Prior for Mixture {
    fn name(&self) -> &str {
        self.name
    }

    /// Draws are plain values: no gradient goes through them to means and log-variances.
    fn draw(&self, streams: &Streams, purpose: Purpose, step: u64, count: usize, size: usize) -> Result<Vec<f32>> {
        let values = |t: &Tensor| -> Result<Vec<Vec<f64>>> { Ok(t.to_device(&Device::Cpu)?.to_dtype(DType::F64)?.to_vec2()?) };
        let (means, log_vars) = (values(&self.means)?, values(&self.log_vars)?);
        if size != self.means.dim(1)? {
            return Err(Error::shape("codes of the mixture", format!("[N, {}]", self.means.dim(1)?), &[count, size]));
        }
        let rows = streams.fill(purpose, step, count, |rng| {
            let k = rng.random_range(0..means.len());
            let parts = means[k].iter().zip(&log_vars[k]);
            parts.map(|(mean, log_var)| (mean + (0.5 * log_var).exp() * rng.sample::<f64, _>(StandardNormal)) as f32).collect::<Vec<_>>()
        });
        Ok(rows.concat())
    }

    fn log_density(&self, codes: &Tensor) -> Result<Tensor> {
        self.expect("codes", codes)?;
        let (means, log_vars) = self.like(codes)?;
        if codes.device().is_cpu() { mixture_density::log_density(codes, &means, &log_vars) } else { composed(codes, &means, &log_vars) }
    }

    fn rate(&self, code: &Code) -> Result<Tensor> {
        let log_var = code.log_variance("rate")?;
        self.expect("codes", &code.mean)?;
        let std = (log_var * 0.5)?.exp()?;
        let streams = Streams::new(step_of_name(self.name));
        let mut sum = code.mean.zeros_like()?.sum(1)?;
        for pair in 0..PAIRS {
            let noise = streams.normal(Purpose::Evaluation, pair as u64, code.mean.elem_count());
            let noise = Tensor::from_vec(noise, code.mean.shape(), code.mean.device())?.to_dtype(code.mean.dtype())?;
            let offset = (&std * noise)?;
            for z in [(&code.mean + &offset)?, (&code.mean - &offset)?] {
                sum = (sum + self.log_density(&z)?)?;
            }
        }
        let negative_entropy = (log_var + (1.0 + TAU.ln()))?.sum(1)?.affine(-0.5, 0.0)?;
        Ok((negative_entropy - (sum / (2 * PAIRS) as f64)?)?)
    }

    fn rate_at(&self, code: &Code, z: &Tensor) -> Result<Tensor> {
        let log_var = code.log_variance("rate")?;
        let scaled = (z - &code.mean)?.sqr()?.mul(&log_var.neg()?.exp()?)?;
        let log_q = ((scaled + log_var)? + TAU.ln())?.sum(1)?.affine(-0.5, 0.0)?;
        Ok((log_q - self.log_density(z)?)?)
    }

    fn marginal(&self) -> Option<&dyn Univariate> {
        None
    }

    fn density(&self) -> Result<Option<Density>> {
        let values = |t: &Tensor| -> Result<Vec<f64>> { Ok(t.to_device(&Device::Cpu)?.to_dtype(DType::F64)?.flatten_all()?.to_vec1()?) };
        let (components, size) = self.means.dims2()?;
        let factors = values(&self.log_vars)?.into_iter().map(|log_var| (0.5 * log_var).exp()).collect();
        let log_weights = vec![-(components as f64).ln(); components];
        Ok(Some(Density::Mixture { size, log_weights, means: values(&self.means)?, factors: Factors::Diagonal(factors) }))
    }
}

/// The log density from tensor operations alone, a few rows at a time.
fn composed(codes: &Tensor, means: &Tensor, log_vars: &Tensor) -> Result<Tensor> {
    let (count, (components, size)) = (codes.dim(0)?, means.dims2()?);
    let precisions = log_vars.neg()?.exp()?.unsqueeze(0)?;
    let constants = (log_vars.sum(D::Minus1)? + size as f64 * TAU.ln())?.unsqueeze(0)?;
    let rows = (AT_ONCE / (components * size)).max(1);
    let mut parts = Vec::with_capacity(count.div_ceil(rows));
    for start in (0..count).step_by(rows) {
        let codes = codes.narrow(0, start, rows.min(count - start))?;
        let squares = codes.unsqueeze(1)?.broadcast_sub(&means.unsqueeze(0)?)?.sqr()?.broadcast_mul(&precisions)?.sum(D::Minus1)?;
        let each = (squares.broadcast_add(&constants)? * -0.5)?;
        parts.push((log_sum_exp_over(&each, 1)? - (components as f64).ln())?);
    }
    Ok(Tensor::cat(&parts, 0)?)
}

#[cfg(test)]
mod tests {
    use candle_core::Var;

    use super::*;
    use crate::normal;

    fn tensor<const N: usize>(rows: &[[f64; 2]; N]) -> Tensor {
        Tensor::new(rows, &Device::Cpu).unwrap()
    }

    fn values(tensor: Tensor) -> Vec<f64> {
        tensor.to_vec1().unwrap()
    }

    #[test]
    fn components_that_are_all_standard_are_the_standard_normal() {
        let mixture = Mixture::new("test", tensor(&[[0.0; 2]; 3]), tensor(&[[0.0; 2]; 3])).unwrap();
        let codes = tensor(&[[0.3, -1.0], [40.0, 3.0], [0.0, 0.0]]);
        for (got, expected) in values(mixture.log_density(&codes).unwrap()).iter().zip(values(normal::prior().log_density(&codes).unwrap()))
        {
            assert!((got - expected).abs() < 1e-10);
        }
        let code = Code {
            mean: tensor(&[[0.4, -0.2]]).repeat((4000, 1)).unwrap(),
            log_var: Some(tensor(&[[-3.0, 0.2]]).repeat((4000, 1)).unwrap()),
        };
        let mean = |t: Tensor| t.mean_all().unwrap().to_scalar::<f64>().unwrap();
        let exact = mean(normal::prior().rate(&code).unwrap());
        assert!((mean(mixture.rate(&code).unwrap()) - exact).abs() < 0.02);
        let noise = Streams::new(5).normal(Purpose::Evaluation, 0, 8000);
        let z = code.sample(&Tensor::from_vec(noise, (4000, 2), &Device::Cpu).unwrap().to_dtype(DType::F64).unwrap()).unwrap();
        assert!((mean(mixture.rate_at(&code, &z).unwrap()) - exact).abs() < 0.1);
    }

    #[test]
    fn a_component_s_own_code_costs_the_choice_of_the_component() {
        // Four components far apart: the rate of one of them is ln 4, whatever its width.
        let means = tensor(&[[9.0, 9.0], [9.0, -9.0], [-9.0, 9.0], [-9.0, -9.0]]);
        let mixture = Mixture::new("test", means.clone(), tensor(&[[-8.0, -9.0]; 4])).unwrap();
        let code = Code { mean: means, log_var: Some(tensor(&[[-8.0, -9.0]; 4])) };
        for rate in values(mixture.rate_at(&code, &code.mean).unwrap()) {
            assert!((rate - 4f64.ln()).abs() < 1e-10, "{rate}");
        }
        let mean = mixture.rate(&code).unwrap().mean_all().unwrap().to_scalar::<f64>().unwrap();
        assert!((mean - 4f64.ln()).abs() < 0.5, "{mean}");
    }

    #[test]
    fn fused_and_composed_agree_in_value_and_gradient() {
        let draw = |step, n| {
            let values = Streams::new(3).normal(Purpose::Evaluation, step, n * 2);
            Var::from_tensor(&Tensor::from_vec(values, (n, 2), &Device::Cpu).unwrap().to_dtype(DType::F64).unwrap()).unwrap()
        };
        let (codes, means, log_vars) = (draw(0, 11), draw(1, 5), draw(2, 5));
        let weights = draw(4, 11).narrow(1, 0, 1).unwrap().squeeze(1).unwrap();
        let [fused, plain] = [mixture_density::log_density, composed].map(|f| f(&codes, &means, &log_vars).unwrap());
        for (a, b) in values(fused.clone()).iter().zip(values(plain.clone())) {
            assert!((a - b).abs() < 1e-12);
        }
        let [fused, plain] = [fused, plain].map(|t| (t * &weights).unwrap().sum_all().unwrap().backward().unwrap());
        for var in [&codes, &means, &log_vars] {
            let difference = (fused.get(var).unwrap() - plain.get(var).unwrap()).unwrap().abs().unwrap().max_all().unwrap();
            assert!(difference.to_scalar::<f64>().unwrap() < 1e-12);
        }
    }

    #[test]
    fn rows_in_memory_do_not_matter_and_wrong_sizes_are_refused() {
        let wide = Mixture::new(
            "test",
            Tensor::zeros((AT_ONCE / 4, 2), DType::F64, &Device::Cpu).unwrap(),
            Tensor::zeros((AT_ONCE / 4, 2), DType::F64, &Device::Cpu).unwrap(),
        )
        .unwrap();
        let codes = tensor(&[[0.1, 0.2], [1.0, 2.0], [-0.5, 0.7]]);
        for (got, expected) in
            values(composed(&codes, &wide.means, &wide.log_vars).unwrap()).iter().zip(values(normal::prior().log_density(&codes).unwrap()))
        {
            assert!((got - expected).abs() < 1e-6);
        }
        let row = Tensor::new(&[[0.0_f64]], &Device::Cpu).unwrap();
        assert!(matches!(wide.log_density(&row), Err(Error::Shape { expected, .. }) if expected == "[N, 2]"));
        assert!(
            matches!(wide.draw(&Streams::new(1), Purpose::PriorSample, 0, 1, 3), Err(Error::Shape { expected, .. }) if expected == "[N, 2]")
        );
        assert!(matches!(wide.rate(&Code { mean: codes, log_var: None }), Err(Error::Unsupported { .. })));
    }
}
