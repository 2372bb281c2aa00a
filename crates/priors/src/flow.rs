//! A masked autoregressive flow fitted to codes: a density that is exact, of any shape that its blocks can bend a Gaussian to
//! (Papamakarios et al., Masked Autoregressive Flow for Density Estimation, 2017).
//!
//! `ln p(z) = ln N(u; 0, I) - sum of all log-scales - ln det L`, where u is what the blocks make of L^-1 (z - mean); see
//! [`vimae_core::Flow`]. Blocks begin as the identity, where the density is the Gaussian with the codes' mean and covariance, and
//! training only leaves it for what is likelier on codes that were held out. The paper's batch norm between the blocks, which brings
//! their inputs to one scale, is not needed behind L.

pub(crate) mod made;

use candle_core::{D, Tensor};
use rand::Rng;
use rand_distr::StandardNormal;
use vimae_core::{Code, Density, Error, Flow, Prior, Purpose, Result, Streams, Univariate, numerics::Cholesky};

use made::{Made, shift_and_log_scale};
use vimae_ops::nn::Linear;

/// A flow with its numbers.
#[derive(Debug, Clone)]
pub struct FittedFlow {
    mean: Vec<f64>,
    root: Cholesky,
    blocks: Vec<Made>,
}

impl FittedFlow {
    /// The flow that [`density`](Prior::density) gave: every number is the one it was.
    ///
    /// # Errors
    /// [`Error::Unsupported`] for numbers that do not belong together.
    pub fn of(flow: Flow) -> Result<Self> {
        let refused = |reason: &str| Error::Unsupported { what: "a fitted flow of these numbers".into(), reason: reason.into() };
        let Flow { size, mean, factor, blocks } = flow;
        if size == 0 || mean.len() != size || !mean.iter().all(|v| v.is_finite()) {
            return Err(refused("the mean is not one of codes of this size"));
        }
        let root = Cholesky::from_factor(factor, size).ok_or_else(|| refused("the covariance is not positive definite"))?;
        let blocks = blocks.into_iter().map(|layers| Made::new(size, layers)).collect::<Result<_>>()?;
        Ok(Self { mean, root, blocks })
    }

    pub(crate) fn size(&self) -> usize {
        self.mean.len()
    }

    pub(crate) fn numbers(&self) -> Flow {
        let blocks = self.blocks.iter().map(|block| block.layers().to_vec()).collect();
        Flow { size: self.size(), mean: self.mean.clone(), factor: self.root.factor().to_vec(), blocks }
    }

    /// L^-1 (z - mean) of rows of codes.
    pub(crate) fn standardised(&self, rows: &[f64]) -> Vec<f64> {
        let one = |row: &[f64]| {
            let mut apart: Vec<f64> = row.iter().zip(&self.mean).map(|(z, mean)| z - mean).collect();
            self.root.solve_lower(&mut apart);
            apart
        };
        rows.chunks_exact(self.size()).flat_map(one).collect()
    }

    /// The code of a row of noise.
    fn code(&self, noise: Vec<f64>) -> Vec<f64> {
        let x = self.blocks.iter().rev().fold(noise, |mut u, block| {
            u.reverse();
            block.invert(&u)
        });
        self.mean.iter().zip(self.root.lower_times(&x)).map(|(mean, moved)| mean + moved).collect()
    }
}

/// The noise `[N, d]` that the blocks make of rows `x` `[N, d]`, and the sum of their log-scales, `[N]`.
pub(crate) fn noise(blocks: &[Vec<Linear>], x: &Tensor) -> Result<(Tensor, Tensor)> {
    let mut x = x.clone();
    let mut sum = x.zeros_like()?.sum(D::Minus1)?;
    for block in blocks {
        let [shift, log_scale] = shift_and_log_scale(block, &x)?;
        x = ((x - shift)? * log_scale.neg()?.exp()?)?.flip(&[1])?;
        sum = (sum + log_scale.sum(D::Minus1)?)?;
    }
    Ok((x, sum))
}

/// ln N(u; 0, I) of rows `[N, d]`, less a sum `[N]`: `[N]`.
pub(crate) fn log_density(noise: &Tensor, less: &Tensor) -> Result<Tensor> {
    let constant = -0.5 * noise.dim(1)? as f64 * std::f64::consts::TAU.ln();
    Ok((noise.sqr()?.sum(D::Minus1)?.affine(-0.5, constant)? - less)?)
}

impl Prior for FittedFlow {
    fn name(&self) -> &str {
        "fitted_flow"
    }

    fn draw(&self, streams: &Streams, purpose: Purpose, step: u64, count: usize, size: usize) -> Result<Vec<f32>> {
        if size != self.size() {
            return Err(Error::shape("codes of the fitted flow", format!("[N, {}]", self.size()), &[count, size]));
        }
        let rows = streams.fill(purpose, step, count, |rng| {
            let noise: Vec<f64> = (0..size).map(|_| rng.sample(StandardNormal)).collect();
            self.code(noise).into_iter().map(|v| v as f32).collect::<Vec<f32>>()
        });
        Ok(rows.concat())
    }

    fn log_density(&self, codes: &Tensor) -> Result<Tensor> {
        let size = self.size();
        match *codes.dims() {
            [_, d] if d == size => {}
            _ => return Err(Error::shape("codes", format!("[N, {size}]"), codes.dims())),
        }
        let tensor = |values: Vec<f64>, shape: (usize, usize)| Tensor::from_vec(values, shape, codes.device())?.to_dtype(codes.dtype());
        let apart = codes.broadcast_sub(&tensor(self.mean.clone(), (1, size))?)?;
        let x = apart.matmul(&tensor(self.root.inverse(), (size, size))?.t()?)?;
        let blocks = self.blocks.iter().map(|block| block.tensors(codes)).collect::<Result<Vec<_>>>()?;
        let (noise, log_scales) = noise(&blocks, &x)?;
        log_density(&noise, &(log_scales + self.root.log_determinant())?)
    }

    fn rate(&self, _: &Code) -> Result<Tensor> {
        Err(Error::Unsupported {
            what: "rate under a fitted flow".into(),
            reason: "it is fitted to draws of codes after training, and has no closed form".into(),
        })
    }

    fn marginal(&self) -> Option<&dyn Univariate> {
        None
    }

    fn density(&self) -> Result<Option<Density>> {
        Ok(Some(Density::Flow(self.numbers())))
    }
}

#[cfg(test)]
mod tests;
