//! The InceptionV3 of December 2015 that every FID is measured with.
//!
//! The network of Heusel et al., "GANs Trained by a Two Time-Scale Update Rule Converge to a Local Nash Equilibrium",
//! 2017, in the variant of the `pytorch-fid` package: average pooling that leaves padding out of its count, and max
//! pooling in the last block. Weights come from a file in that package's names (see [`weights`]); their SHA-256 is
//! part of the network's name, as is the way images are brought to 299 x 299 ([`Resize`]). Values measured with
//! other weights or another resizing must not be compared.
//!
//! Batch norm is folded into the convolutions once. On the CPU each thread takes small groups of images through the
//! whole network by `vimae_ops::inference`; an image's features are the same bits in any batch. On other devices
//! the layers are candle's operations.

mod device;
mod graph;
mod host;
pub mod weights;

use std::collections::BTreeMap;

use candle_core::{Device, Tensor};
use rayon::prelude::*;
use vimae_core::{Error, ImageShape, Result};

use crate::{
    features::{FeatureNetwork, Outputs, Source},
    resize::{self, ImageView, Resize, SIDE},
};

/// Numbers of an image's features: the mean over pixels of the last block, `pool3`.
pub const FEATURES: usize = 2048;
/// Numbers of an image's logits.
pub const LOGITS: usize = 1008;
/// Images that one thread takes through the network together.
const GROUP: usize = 4;
/// The epsilon of every batch norm.
const EPSILON: f64 = 1e-3;

/// One convolution with its batch norm folded in.
#[derive(Debug, Clone)]
pub(crate) struct Folded {
    pub(crate) spec: graph::Spec,
    /// `[O, C, kh, kw]`
    pub(crate) weight: Tensor,
    pub(crate) bias: Vec<f32>,
}

enum Layers {
    Host(host::Layers),
    Device(device::Layers),
}

/// The network with its weights.
pub struct Inception {
    layers: Layers,
    /// `[1008, 2048]`
    classifier: Tensor,
    source: Source,
    resize: Resize,
    device: Device,
}

impl Inception {
    /// The network of `weights`, by `pytorch-fid`'s names (see [`weights::read`]), which have the SHA-256 `sha256`.
    ///
    /// # Errors
    /// [`Error::Parameter`] for a weight that is missing, not finite or of another shape, and for one that this
    /// network does not have.
    pub fn new(weights: &BTreeMap<String, Tensor>, sha256: &str, resize: Resize, device: &Device) -> Result<Self> {
        let known = shapes();
        if let Some(name) = weights.keys().find(|name| !known.contains_key(*name) && !name.ends_with(".bn.num_batches_tracked")) {
            return Err(Error::Parameter { name: name.clone(), problem: "is no weight of the FID InceptionV3".into() });
        }
        let specs = graph::specs();
        let folded = specs.into_iter().map(|spec| fold(spec, weights)).collect::<Result<Vec<_>>>()?;
        let classifier = weights::tensor(weights, "fc.weight", &[LOGITS, FEATURES])?.to_device(device)?;
        let layers = match device {
            Device::Cpu => Layers::Host(host::Layers::new(&folded)?),
            _ => Layers::Device(device::Layers::new(&folded, device)?),
        };
        let source = Source::new(format!("inception-2015-12-05.pool3.{}", resize.name()), sha256);
        Ok(Self { layers, classifier, source, resize, device: device.clone() })
    }

    /// The network of the file at `path`: see [`weights::read`].
    ///
    /// # Errors
    /// As [`weights::read`] and [`Inception::new`].
    pub fn open(path: &std::path::Path, resize: Resize, device: &Device) -> Result<Self> {
        let read = weights::read(path)?;
        Self::new(&read.tensors, &read.sha256, resize, device)
    }

    /// Features and logits of images in \[0, 1\], `[C, H, W]` each, that were never bytes; by the legacy resizing.
    ///
    /// # Errors
    /// Where an image has another shape, or the network resizes otherwise (the clean ways begin with bytes).
    pub fn run_floats(&self, images: &[Vec<f32>], shape: ImageShape) -> Result<Outputs> {
        if self.resize != Resize::Legacy {
            let what = format!("floating-point images resized by \"{}\"", self.resize.name());
            return Err(Error::Unsupported { what, reason: "only the legacy way takes them".into() });
        }
        if let Some(wrong) = images.iter().find(|p| p.len() != shape.len() || shape.is_empty() || !matches!(shape.channels, 1 | 3)) {
            return Err(Error::shape("image", format!("{shape} with 1 or 3 channels"), &[wrong.len()]));
        }
        self.outputs(&images.iter().map(|p| resize::legacy_input(p, shape)).collect::<Vec<_>>())
    }

    fn outputs(&self, inputs: &[Vec<f32>]) -> Result<Outputs> {
        let features = self.forward(inputs)?;
        // Without the bias, as the reference implementation of the Inception Score takes them.
        let logits = features.matmul(&self.classifier.t()?)?;
        let host = |t: &Tensor| -> Result<Vec<f32>> { Ok(t.to_device(&Device::Cpu)?.flatten_all()?.to_vec1()?) };
        Ok(Outputs { features: host(&features)?, logits: Some((LOGITS, host(&logits)?)) })
    }

    /// Features `[N, 2048]` of images that were resized and scaled already, `[299, 299, 3]` each.
    fn forward(&self, inputs: &[Vec<f32>]) -> Result<Tensor> {
        match &self.layers {
            Layers::Host(layers) => {
                let groups: Vec<Vec<f32>> =
                    inputs.par_chunks(GROUP).map(|group| layers.features(group)).collect::<Result<Vec<Vec<f32>>>>()?;
                Ok(Tensor::from_vec(groups.concat(), (inputs.len(), FEATURES), &Device::Cpu)?)
            }
            Layers::Device(layers) => {
                let flat = inputs.concat();
                let input = Tensor::from_vec(flat, (inputs.len(), SIDE, SIDE, 3), &self.device)?;
                layers.features(&input)
            }
        }
    }
}

impl FeatureNetwork for Inception {
    fn source(&self) -> &Source {
        &self.source
    }

    fn size(&self) -> usize {
        FEATURES
    }

    fn run(&self, images: &[ImageView<'_>]) -> Result<Outputs> {
        let inputs: Vec<Vec<f32>> = images.par_iter().map(|p| self.resize.input(p)).collect();
        self.outputs(&inputs)
    }
}

/// Name and shape of every weight that the network has, as [`Inception::new`] wants them.
pub fn shapes() -> BTreeMap<String, Vec<usize>> {
    let mut shapes = BTreeMap::from([("fc.weight".to_owned(), vec![LOGITS, FEATURES]), ("fc.bias".to_owned(), vec![LOGITS])]);
    for spec in graph::specs() {
        shapes.insert(format!("{}.conv.weight", spec.name), vec![spec.outputs, spec.channels, spec.kernel.0, spec.kernel.1]);
        for end in ["weight", "bias", "running_mean", "running_var"] {
            shapes.insert(format!("{}.bn.{end}", spec.name), vec![spec.outputs]);
        }
    }
    shapes
}

/// Weight and bias of convolution and batch norm in evaluation mode together: w g / s and b - m g / s with
/// s = sqrt(variance + epsilon), formed in f64.
fn fold(spec: graph::Spec, weights: &BTreeMap<String, Tensor>) -> Result<Folded> {
    let (kh, kw) = spec.kernel;
    let name = |end: &str| format!("{}.{end}", spec.name);
    let weight = weights::tensor(weights, &name("conv.weight"), &[spec.outputs, spec.channels, kh, kw])?;
    let vector = |end: &str| -> Result<Vec<f32>> { Ok(weights::tensor(weights, &name(end), &[spec.outputs])?.to_vec1()?) };
    let (gain, shift, mean, variance) = (vector("bn.weight")?, vector("bn.bias")?, vector("bn.running_mean")?, vector("bn.running_var")?);
    let mut values: Vec<f32> = weight.flatten_all()?.to_vec1()?;
    let mut bias = Vec::with_capacity(spec.outputs);
    let filters = values.chunks_exact_mut((spec.channels * kh * kw).max(1));
    for ((((filter, gain), shift), mean), variance) in filters.zip(gain).zip(shift).zip(mean).zip(variance) {
        if variance < 0.0 {
            return Err(Error::Parameter { name: name("bn.running_var"), problem: "holds a negative variance".into() });
        }
        let factor = f64::from(gain) / (f64::from(variance) + EPSILON).sqrt();
        filter.iter_mut().for_each(|v| *v = (f64::from(*v) * factor) as f32);
        bias.push((f64::from(shift) - f64::from(mean) * factor) as f32);
    }
    let weight = Tensor::from_vec(values, (spec.outputs, spec.channels, kh, kw), &Device::Cpu)?;
    Ok(Folded { spec, weight, bias })
}

#[cfg(test)]
mod tests;
