//! An operation of candle's graph whose result is already computed.
//!
//! candle calls a custom operation with the storages of its inputs, but these layers need the tensors. They compute the
//! result first and hand it over when candle asks for it.

use candle_core::{CpuStorage, CudaStorage, CustomOp1, CustomOp2, CustomOp3, Error, Layout, Result, Shape, Storage, Tensor};
use std::sync::{Mutex, PoisonError};

/// The gradients of up to three inputs.
pub(super) type Gradients = [Option<Tensor>; 3];

/// The backward pass of an operation.
pub(super) trait Backward: Send + Sync + 'static {
    fn name(&self) -> &'static str;
    /// Computes the gradients to `inputs` that are needed. `grad` is contiguous.
    fn gradients(&self, inputs: &[&Tensor], result: &Tensor, grad: &Tensor) -> Result<Gradients>;
}

struct Node<B> {
    result: Mutex<Option<Storage>>,
    shape: Shape,
    backward: B,
}

/// Puts `result`, computed from one to three `inputs`, into the graph.
pub(super) fn apply<B: Backward>(inputs: &[&Tensor], result: Storage, shape: impl Into<Shape>, backward: B) -> Result<Tensor> {
    let node = Node { result: Mutex::new(Some(result)), shape: shape.into(), backward };
    match *inputs {
        [a] => a.apply_op1(node),
        [a, b] => a.apply_op2(b, node),
        [a, b, c] => a.apply_op3(b, c, node),
        _ => Err(Error::msg("vimae-ops: candle's operations have one to three inputs")),
    }
}

impl<B: Backward> Node<B> {
    fn take(&self) -> Result<Storage> {
        let mut result = self.result.lock().unwrap_or_else(PoisonError::into_inner);
        result.take().ok_or_else(|| Error::msg(format!("{}: applied twice", self.backward.name())))
    }

    fn cpu(&self) -> Result<(CpuStorage, Shape)> {
        match self.take()? {
            Storage::Cpu(storage) => Ok((storage, self.shape.clone())),
            _ => Err(Error::msg(format!("{}: inputs and result are on different devices", self.backward.name()))),
        }
    }

    fn cuda(&self) -> Result<(CudaStorage, Shape)> {
        match self.take()? {
            Storage::Cuda(storage) => Ok((storage, self.shape.clone())),
            _ => Err(Error::msg(format!("{}: inputs and result are on different devices", self.backward.name()))),
        }
    }

    fn back(&self, inputs: &[&Tensor], result: &Tensor, grad: &Tensor) -> Result<Gradients> {
        self.backward.gradients(inputs, result, &grad.contiguous()?)
    }
}

impl<B: Backward> CustomOp1 for Node<B> {
    fn name(&self) -> &'static str {
        self.backward.name()
    }
    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        self.cpu()
    }
    fn cuda_fwd(&self, _: &CudaStorage, _: &Layout) -> Result<(CudaStorage, Shape)> {
        self.cuda()
    }
    fn bwd(&self, a: &Tensor, result: &Tensor, grad: &Tensor) -> Result<Option<Tensor>> {
        let [a, ..] = self.back(&[a], result, grad)?;
        Ok(a)
    }
}

impl<B: Backward> CustomOp2 for Node<B> {
    fn name(&self) -> &'static str {
        self.backward.name()
    }
    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        self.cpu()
    }
    fn cuda_fwd(&self, _: &CudaStorage, _: &Layout, _: &CudaStorage, _: &Layout) -> Result<(CudaStorage, Shape)> {
        self.cuda()
    }
    fn bwd(&self, a: &Tensor, b: &Tensor, result: &Tensor, grad: &Tensor) -> Result<(Option<Tensor>, Option<Tensor>)> {
        let [a, b, _] = self.back(&[a, b], result, grad)?;
        Ok((a, b))
    }
}

impl<B: Backward> CustomOp3 for Node<B> {
    fn name(&self) -> &'static str {
        self.backward.name()
    }
    fn cpu_fwd(&self, _: &CpuStorage, _: &Layout, _: &CpuStorage, _: &Layout, _: &CpuStorage, _: &Layout) -> Result<(CpuStorage, Shape)> {
        self.cpu()
    }
    fn cuda_fwd(
        &self,
        _: &CudaStorage,
        _: &Layout,
        _: &CudaStorage,
        _: &Layout,
        _: &CudaStorage,
        _: &Layout,
    ) -> Result<(CudaStorage, Shape)> {
        self.cuda()
    }
    fn bwd(
        &self,
        a: &Tensor,
        b: &Tensor,
        c: &Tensor,
        result: &Tensor,
        grad: &Tensor,
    ) -> Result<(Option<Tensor>, Option<Tensor>, Option<Tensor>)> {
        let [a, b, c] = self.back(&[a, b, c], result, grad)?;
        Ok((a, b, c))
    }
}
