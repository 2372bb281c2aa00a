//! Convolution and adjoint as candle operations on the CPU.

use crate::bias::column_sums;
use crate::choice::{input_gradient, layer, weight_gradient};
use crate::geometry::{Direction, Geometry, Side};
use crate::layout::Channels;
use crate::real::{Real, contiguous, dispatch, with_slice};
use candle_core::backend::BackendStorage;
use candle_core::{CpuStorage, CustomOp2, CustomOp3, Device, Layout, Result, Shape, Tensor};

pub(crate) struct ConvOp {
    pub(crate) geometry: Geometry,
    pub(crate) direction: Direction,
    pub(crate) channels: Channels,
}

impl ConvOp {
    /// The side that comes in and the one that goes out.
    fn sides(&self) -> (Side, Side) {
        (self.geometry.input(self.direction), self.geometry.result(self.direction))
    }

    fn shape(&self, (h, w, c): Side) -> Shape {
        let n = self.geometry.n;
        match self.channels {
            Channels::First => Shape::from((n, c, h, w)),
            Channels::Last => Shape::from((n, h, w, c)),
        }
    }

    fn forward<T: Real>(
        &self,
        (x, x_layout): (&CpuStorage, &Layout),
        (w, w_layout): (&CpuStorage, &Layout),
        bias: Option<(&CpuStorage, &Layout)>,
    ) -> Result<(CpuStorage, Shape)> {
        let (from, to) = self.sides();
        let x = self.channels.inward(contiguous::<T>(x, x_layout)?, from);
        let w = contiguous::<T>(w, w_layout)?;
        let bias = bias.map(|(b, layout)| contiguous::<T>(b, layout)).transpose()?;
        let y = layer(&self.geometry, self.direction, &x, w, bias);
        Ok((T::to_cpu_storage_owned(self.channels.outward(y, to)), self.shape(to)))
    }

    /// The gradients to input, weight and bias, each only where something asks for it.
    fn backward<T: Real>(
        &self,
        x: &Tensor,
        w: &Tensor,
        bias: Option<&Tensor>,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let g = &self.geometry;
        let (from, to) = self.sides();
        with_slice::<T, _>(grad, |grad| {
            let grad = self.channels.inward(grad, to);
            let mut gradients = (None, None, None);
            if x.track_op() {
                let values = with_slice::<T, _>(w, |w| Ok(input_gradient(g, self.direction, &grad, w)))?;
                let values = self.channels.outward(values, from);
                gradients.0 = Some(Tensor::from_vec(values, self.shape(from), &Device::Cpu)?);
            }
            if w.track_op() {
                let values = with_slice::<T, _>(x, |x| {
                    let x = self.channels.inward(x, from);
                    Ok(weight_gradient(g, self.direction, &x, &grad))
                })?;
                gradients.1 = Some(Tensor::from_vec(values, w.shape(), &Device::Cpu)?);
            }
            if let Some(bias) = bias.filter(|b| b.track_op()) {
                let sums = column_sums(&grad, to.2);
                gradients.2 = Some(Tensor::from_vec(sums, bias.shape(), &Device::Cpu)?);
            }
            Ok(gradients)
        })
    }

    fn label(&self) -> &'static str {
        match self.direction {
            Direction::Convolve => "conv2d",
            Direction::Transpose => "conv_transpose2d",
        }
    }
}

impl CustomOp2 for ConvOp {
    fn name(&self) -> &'static str {
        self.label()
    }
    fn cpu_fwd(&self, x: &CpuStorage, lx: &Layout, w: &CpuStorage, lw: &Layout) -> Result<(CpuStorage, Shape)> {
        dispatch!(x.dtype(), T => self.forward::<T>((x, lx), (w, lw), None))
    }
    fn bwd(&self, x: &Tensor, w: &Tensor, _: &Tensor, grad: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let (gx, gw, _) = dispatch!(x.dtype(), T => self.backward::<T>(x, w, None, grad))?;
        Ok((gx, gw))
    }
}

impl CustomOp3 for ConvOp {
    fn name(&self) -> &'static str {
        self.label()
    }
    fn cpu_fwd(
        &self,
        x: &CpuStorage,
        lx: &Layout,
        w: &CpuStorage,
        lw: &Layout,
        b: &CpuStorage,
        lb: &Layout,
    ) -> Result<(CpuStorage, Shape)> {
        dispatch!(x.dtype(), T => self.forward::<T>((x, lx), (w, lw), Some((b, lb))))
    }
    fn bwd(
        &self,
        x: &Tensor,
        w: &Tensor,
        b: &Tensor,
        _: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        dispatch!(x.dtype(), T => self.backward::<T>(x, w, Some(b), grad))
    }
}
