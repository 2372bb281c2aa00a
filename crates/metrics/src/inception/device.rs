//! The network on a GPU: candle's operations, channels first.

use std::collections::BTreeMap;

use candle_core::{D, Device, Tensor};
use vimae_core::{Error, Result};
use vimae_ops::inference::Window;

use super::{Folded, graph};
use crate::training::operation;

struct Layer {
    weight: Tensor,
    /// `[1, O, 1, 1]`
    bias: Tensor,
    stride: usize,
    padding: (usize, usize),
}

/// The convolutions' weights on the device.
pub(super) struct Layers {
    layers: BTreeMap<String, Layer>,
}

impl Layers {
    pub(super) fn new(folded: &[Folded], device: &Device) -> Result<Self> {
        let layers = folded.iter().map(|f| {
            let bias = Tensor::new(f.bias.as_slice(), device)?.reshape((1, (), 1, 1))?;
            let layer = Layer { weight: f.weight.to_device(device)?, bias, stride: f.spec.stride, padding: f.spec.padding };
            Ok((f.spec.name.clone(), layer))
        });
        Ok(Self { layers: layers.collect::<Result<_>>()? })
    }

    /// Features `[N, 2048]` of scaled images `[N, 299, 299, 3]`.
    pub(super) fn features(&self, images: &Tensor) -> Result<Tensor> {
        let channels_first = images.permute((0, 3, 1, 2))?.contiguous()?;
        Ok(graph::run(self, &channels_first)?.mean(D::Minus1)?.mean(D::Minus1)?)
    }
}

impl graph::Engine for Layers {
    type Map = Tensor;
    type Joint = Vec<Tensor>;

    fn joint(&self, _: &Tensor, _: usize, _: usize) -> Vec<Tensor> {
        Vec::new()
    }

    fn join(&self, joint: Vec<Tensor>) -> Result<Tensor> {
        Ok(Tensor::cat(&joint, 1)?)
    }

    fn conv(&self, name: &str, x: &Tensor) -> Result<Tensor> {
        let layer = self.layers.get(name).ok_or_else(|| Error::Parameter { name: name.into(), problem: "missing".into() })?;
        let (rows, columns) = layer.padding;
        // candle pads both sides alike.
        let padded = x.pad_with_zeros(2, rows, rows)?.pad_with_zeros(3, columns, columns)?;
        let x = padded.conv2d(&layer.weight, 0, layer.stride, 1, 1)?.broadcast_add(&layer.bias)?;
        vimae_ops::relu(&x).map_err(operation)
    }

    fn conv_into(&self, name: &str, x: &Tensor, joint: &mut Vec<Tensor>) -> Result<()> {
        joint.push(self.conv(name, x)?);
        Ok(())
    }

    fn max_pool(&self, x: &Tensor, window: Window) -> Result<Tensor> {
        // Every map here is a ReLU's: zeros at the edge are never the only largest.
        let padded = x.pad_with_zeros(2, window.padding, window.padding)?.pad_with_zeros(3, window.padding, window.padding)?;
        Ok(padded.max_pool2d_with_stride(window.kernel, window.stride)?)
    }

    fn max_pool_into(&self, x: &Tensor, window: Window, joint: &mut Vec<Tensor>) -> Result<()> {
        joint.push(self.max_pool(x, window)?);
        Ok(())
    }

    fn average_pool(&self, x: &Tensor, window: Window) -> Result<Tensor> {
        let mean = |x: &Tensor| -> Result<Tensor> {
            let padded = x.pad_with_zeros(2, window.padding, window.padding)?.pad_with_zeros(3, window.padding, window.padding)?;
            Ok(padded.avg_pool2d_with_stride(window.kernel, window.stride)?)
        };
        // Over the share of the window that is not padding.
        let share = mean(&x.narrow(0, 0, 1)?.narrow(1, 0, 1)?.ones_like()?)?;
        Ok(mean(x)?.broadcast_div(&share)?)
    }
}
