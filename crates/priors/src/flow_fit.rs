//! Fitting a flow: Adam on the mean log density of codes, until it no longer grows on codes that were held out.

use std::collections::BTreeMap;

use candle_core::{DType, Device, Tensor, Var};
use rand::Rng;
use vimae_core::{Density, Error, Factors, Flow, Init, Parameters, Prior, Purpose, Result, Streams, density::Layer};
use vimae_ops::{Adam, AdamConfig, nn::Linear};

use crate::{
    FittedFlow, FittedMixture,
    flow::{
        log_density,
        made::{degrees, mask},
        noise,
    },
};

/// Codes that the fit looks at, at most; evenly spaced among all.
const CODES: usize = 20_000;
/// One code of so many is held out.
const HELD_OUT: usize = 10;
/// Codes of a step.
const BATCH: usize = 200;
/// Passes over the codes, at most.
const EPOCHS: u64 = 200;
/// Passes without a gain on the held-out codes that end the fit.
const PATIENCE: u64 = 10;
/// The fewest codes from which any can be held out.
const FEWEST: usize = 2 * HELD_OUT;

/// Fits `blocks` blocks with hidden layers of these widths to codes of `size` dimensions, row by row: the flow that is likeliest on
/// held-out codes of all that training comes by, the Gaussian of its begin among them.
///
/// # Errors
/// [`Error::Unsupported`] where there are too few codes, or a code is not finite; where the device fails.
pub(crate) fn fit(codes: &[f64], size: usize, blocks: usize, hidden: &[usize]) -> Result<FittedFlow> {
    let rows: Vec<&[f64]> = codes.chunks_exact(size.max(1)).collect();
    if rows.len() < FEWEST {
        let reason = format!("there are {} codes, {FEWEST} are needed to hold one of {HELD_OUT} out", rows.len());
        return Err(Error::Unsupported { what: "fit of a flow to codes".into(), reason });
    }
    let rows: Vec<&[f64]> = rows.iter().step_by(rows.len().div_ceil(CODES)).copied().collect();
    let (held_out, rows): (Vec<_>, Vec<_>) = rows.into_iter().enumerate().partition(|(at, _)| at % HELD_OUT == HELD_OUT - 1);
    let [held_out, rows] = [held_out, rows].map(|part| part.into_iter().flat_map(|(_, row)| row.iter().copied()).collect::<Vec<f64>>());

    // One Gaussian, with its mean and the root of its covariance.
    let gaussian = FittedMixture::fit(&rows, size, 1)?;
    let Some(Density::Mixture { means: mean, factors: Factors::Lower(factor), .. }) = gaussian.density()? else {
        return Err(Error::Unsupported { what: "fit of a flow to codes".into(), reason: "their Gaussian has no numbers".into() });
    };
    let plain = FittedFlow::of(Flow { size, mean, factor, blocks: Vec::new() })?;
    let training = Training::new(size, blocks, hidden)?;
    training.run(&plain.standardised(&rows), &plain.standardised(&held_out))?;
    FittedFlow::of(Flow { blocks: training.layers()?, ..plain.numbers() })
}

/// The blocks while they train.
struct Training {
    size: usize,
    parameters: Parameters,
    /// Weight, bias and mask of each layer of each block.
    blocks: Vec<Vec<(Var, Var, Tensor)>>,
}

impl Training {
    /// Blocks that are the identity: their last layers are zero.
    fn new(size: usize, blocks: usize, hidden: &[usize]) -> Result<Self> {
        let parameters = Parameters::new(0, DType::F64, &Device::Cpu);
        let degrees = degrees(size, hidden);
        let layer = |block: usize, place: usize, ends: &[Vec<usize>]| -> Result<(Var, Var, Tensor)> {
            let (inputs, outputs) = (&ends[0], &ends[1]);
            let last = place == hidden.len();
            let bound = (6.0 / (inputs.len() + outputs.len()) as f64).sqrt();
            let init = if last { Init::Constant(0.0) } else { Init::Uniform(-bound, bound) };
            let shape = [outputs.len(), inputs.len()];
            let weight = parameters.weight(&format!("{block}.{place}.weight"), &shape, init)?;
            let bias = parameters.weight(&format!("{block}.{place}.bias"), &shape[..1], Init::Constant(0.0))?;
            Ok((weight, bias, Tensor::from_vec(mask(inputs, outputs, last), &shape, &Device::Cpu)?))
        };
        let block = |block: usize| degrees.windows(2).enumerate().map(|(place, ends)| layer(block, place, ends)).collect();
        Ok(Self { size, blocks: (0..blocks).map(block).collect::<Result<_>>()?, parameters })
    }

    /// The blocks with their masks in their weights.
    fn masked(&self) -> Result<Vec<Vec<Linear>>> {
        let layer = |(weight, bias, mask): &(Var, Var, Tensor)| -> Result<Linear> {
            Ok(Linear::new((weight.as_tensor() * mask)?, Some(bias.as_tensor().clone())))
        };
        self.blocks.iter().map(|block| block.iter().map(layer).collect::<Result<_>>()).collect()
    }

    /// Minus the mean log density of rows, without constants.
    fn loss(&self, rows: &Tensor) -> Result<Tensor> {
        let (noise, log_scales) = noise(&self.masked()?, rows)?;
        Ok(log_density(&noise, &log_scales)?.mean_all()?.neg()?)
    }

    /// Trains on rows, and ends with the weights of the least loss on `held_out`.
    fn run(&self, rows: &[f64], held_out: &[f64]) -> Result<()> {
        let tensor = |rows: &[f64]| Tensor::from_slice(rows, (rows.len() / self.size, self.size), &Device::Cpu);
        let held_out = tensor(held_out)?;
        let streams = Streams::new(0).fold_in("masked_autoregressive_flow");
        let mut adam = Adam::named(self.parameters.weights(), AdamConfig::default()).map_err(candle_core::Error::from)?;
        let weights = || -> Result<BTreeMap<String, Tensor>> {
            self.parameters.all().into_iter().map(|(name, var)| Ok((name, var.as_tensor().copy()?))).collect()
        };
        let held_out_loss = || -> Result<f64> { Ok(self.loss(&held_out)?.to_scalar()?) };
        let mut best = (held_out_loss()?, 0, weights()?);
        let mut order: Vec<usize> = (0..rows.len() / self.size).collect();
        for epoch in 1..=EPOCHS {
            let mut rng = streams.at(Purpose::Shuffle, epoch);
            (1..order.len()).rev().for_each(|last| order.swap(last, rng.random_range(0..=last)));
            for chosen in order.chunks(BATCH) {
                let batch: Vec<f64> = chosen.iter().flat_map(|row| &rows[row * self.size..(row + 1) * self.size]).copied().collect();
                adam.step(&self.loss(&tensor(&batch)?)?.backward()?).map_err(candle_core::Error::from)?;
            }
            let loss = held_out_loss()?;
            if loss < best.0 {
                best = (loss, epoch, weights()?);
            } else if epoch - best.1 >= PATIENCE {
                break;
            }
        }
        self.parameters.load(&best.2)
    }

    /// The numbers of the blocks.
    fn layers(&self) -> Result<Vec<Vec<Layer>>> {
        let values = |tensor: &Tensor| tensor.detach().flatten_all()?.to_vec1::<f64>();
        let layer = |(weight, bias, mask): &(Var, Var, Tensor)| -> Result<Layer> {
            Ok(Layer { weight: values(&(weight.as_tensor() * mask)?)?, bias: values(bias.as_tensor())? })
        };
        self.blocks.iter().map(|block| block.iter().map(layer).collect::<Result<_>>()).collect()
    }
}
