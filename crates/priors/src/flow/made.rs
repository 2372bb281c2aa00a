//! One block of a flow: a network whose i-th outputs see the dimensions before i alone, made so by masks (Germain et al., MADE,
//! 2015; Papamakarios et al. 2017, section 3.1).
//!
//! Dimension i has the degree i, from 1 to d, and so have its shift and its log-scale; hidden units have degrees from 1 to d - 1 in
//! ascending order. A hidden unit sees what has a degree up to its own, an output what has a lower one.

use candle_core::{Device, Module, Tensor};
use vimae_core::{Error, Result, density::Layer};
use vimae_ops::nn::Linear;

/// The degrees of the layers of a block: those of the dimensions, of each hidden layer, and of the outputs.
pub(crate) fn degrees(size: usize, hidden: &[usize]) -> Vec<Vec<usize>> {
    let dimensions = || 1..=size;
    let unit = |width: usize| move |k: usize| 1 + k * size.saturating_sub(1).max(1) / width.max(1);
    let mut all = vec![dimensions().collect::<Vec<usize>>()];
    all.extend(hidden.iter().map(|width| (0..*width).map(unit(*width)).collect()));
    // Shifts, then log-scales.
    all.push(dimensions().chain(dimensions()).collect());
    all
}

/// Where a layer may have weights, `[O, I]` of 0 and 1, from the degrees of its inputs and outputs.
pub(crate) fn mask(inputs: &[usize], outputs: &[usize], last: bool) -> Vec<f64> {
    let sees = |to: usize, from: usize| if last { from < to } else { from <= to };
    outputs.iter().flat_map(|to| inputs.iter().map(move |from| f64::from(u8::from(sees(*to, *from))))).collect()
}

/// A block with its masks in its weights.
#[derive(Debug, Clone)]
pub(crate) struct Made {
    degrees: Vec<Vec<usize>>,
    layers: Vec<Layer>,
}

impl Made {
    /// The block of these layers.
    ///
    /// # Errors
    /// [`Error::Unsupported`] where they do not follow each other, or an output sees what it must not.
    pub(crate) fn new(size: usize, layers: Vec<Layer>) -> Result<Self> {
        let refused = |reason: &str| Error::Unsupported { what: "a block of a flow of these numbers".into(), reason: reason.into() };
        let Some((last, hidden)) = layers.split_last() else { return Err(refused("it has no layers")) };
        let widths: Vec<usize> = hidden.iter().map(|layer| layer.bias.len()).collect();
        let degrees = degrees(size, &widths);
        if last.bias.len() != 2 * size {
            return Err(refused("its last layer gives no shift and log-scale of each dimension"));
        }
        for (place, (layer, ends)) in layers.iter().zip(degrees.windows(2)).enumerate() {
            let [inputs, outputs] = ends else { return Err(refused("it has no layers")) };
            let mask = mask(inputs, outputs, place == hidden.len());
            if layer.weight.len() != mask.len() {
                return Err(refused("its layers do not follow each other"));
            }
            if !layer.weight.iter().chain(&layer.bias).all(|v| v.is_finite()) {
                return Err(refused("a weight is not finite"));
            }
            if layer.weight.iter().zip(&mask).any(|(weight, mask)| *mask == 0.0 && *weight != 0.0) {
                return Err(refused("an output sees dimensions that come after its own"));
            }
        }
        Ok(Self { degrees, layers })
    }

    /// The layers.
    pub(crate) fn layers(&self) -> &[Layer] {
        &self.layers
    }

    /// The layers as tensors like `like`.
    pub(crate) fn tensors(&self, like: &Tensor) -> Result<Vec<Linear>> {
        let tensor = |values: &[f64], shape: &[usize]| Tensor::from_slice(values, shape, &Device::Cpu)?.to_dtype(like.dtype());
        let layer = |(layer, inputs): (&Layer, &Vec<usize>)| -> candle_core::Result<Linear> {
            let weight = tensor(&layer.weight, &[layer.bias.len(), inputs.len()])?.to_device(like.device())?;
            Ok(Linear::new(weight, Some(tensor(&layer.bias, &[layer.bias.len()])?.to_device(like.device())?)))
        };
        Ok(self.layers.iter().zip(&self.degrees).map(layer).collect::<candle_core::Result<_>>()?)
    }

    /// The `x` of a row `u`, dimension after dimension. Each unit is computed once, as soon as all that it sees is known, so that
    /// the inverse costs no more than the network.
    pub(crate) fn invert(&self, u: &[f64]) -> Vec<f64> {
        let (size, before) = (u.len(), self.layers.len() - 1);
        let mut units: Vec<Vec<f64>> = self.degrees.iter().map(|degrees| Vec::with_capacity(degrees.len())).collect();
        for (i, u) in u.iter().enumerate() {
            let degree = i + 1;
            // All units of a lower degree than this dimension are there.
            let output = |row: usize| affine(&self.layers[before], row, &units[before], self.degrees[before].len());
            let (shift, log_scale) = (output(i), output(size + i));
            units[0].push(u * log_scale.exp() + shift);
            for place in 0..before {
                let degrees = &self.degrees[place + 1];
                let ready = degrees.partition_point(|d| *d <= degree);
                while units[place + 1].len() < ready {
                    let unit = affine(&self.layers[place], units[place + 1].len(), &units[place], self.degrees[place].len()).tanh();
                    units[place + 1].push(unit);
                }
            }
        }
        units.swap_remove(0)
    }
}

/// One output of a layer with `inputs` inputs, of which the first are known and the others have no weight.
fn affine(layer: &Layer, output: usize, known: &[f64], inputs: usize) -> f64 {
    let weights = layer.weight.get(output * inputs..(output + 1) * inputs).unwrap_or_default();
    layer.bias.get(output).copied().unwrap_or(f64::NAN) + weights.iter().zip(known).map(|(w, v)| w * v).sum::<f64>()
}

/// Shifts and log-scales `[N, d]` of rows `[N, d]`.
pub(crate) fn shift_and_log_scale(layers: &[Linear], x: &Tensor) -> Result<[Tensor; 2]> {
    let size = x.dim(1)?;
    let mut hidden = x.clone();
    for (place, layer) in layers.iter().enumerate() {
        hidden = layer.forward(&hidden)?;
        if place + 1 < layers.len() {
            hidden = vimae_ops::tanh(&hidden).map_err(candle_core::Error::from)?;
        }
    }
    Ok([hidden.narrow(1, 0, size)?, hidden.narrow(1, size, size)?])
}
