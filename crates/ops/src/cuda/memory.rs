//! Tensors as device memory.
#![expect(unsafe_code, reason = "memory that a kernel is about to fill")]

use super::module::Element;
use candle_core::cuda_backend::cudarc::driver::{CudaSlice, CudaView};
use candle_core::cuda_backend::{CudaDevice, CudaStorage};
use candle_core::{Error, Result, Storage, StorageRef, Tensor};

/// A contiguous tensor, held for reading.
pub(super) struct Input<'a> {
    storage: StorageRef<'a>,
    start: usize,
    end: usize,
}

impl<'a> Input<'a> {
    pub(super) fn of(x: &'a Tensor) -> Result<Self> {
        let (storage, layout) = x.storage_and_layout();
        let (start, end) = layout.contiguous_offsets().ok_or(Error::RequiresContiguous { op: "vimae-ops CUDA kernel" })?;
        Ok(Self { storage, start, end })
    }

    fn storage(&self) -> Result<&CudaStorage> {
        match &*self.storage {
            Storage::Cuda(storage) => Ok(storage),
            _ => Err(Error::msg("vimae-ops: a tensor of an operation on CUDA is on another device")),
        }
    }

    pub(super) fn device(&self) -> Result<&CudaDevice> {
        Ok(&self.storage()?.device)
    }

    /// The elements, which must be on `device` and `len` in number.
    pub(super) fn view<T: Element>(&self, device: &CudaDevice, len: usize) -> Result<CudaView<'_, T>> {
        let storage = self.storage()?;
        if storage.device.id() != device.id() {
            return Err(Error::msg("vimae-ops: the tensors of an operation are on different CUDA devices"));
        }
        let got = self.end - self.start;
        if got != len {
            return Err(Error::msg(format!("vimae-ops: a CUDA kernel expected {len} elements, got {got}")));
        }
        let slice = storage.as_cuda_slice::<T>()?;
        slice.try_slice(self.start..self.end).ok_or_else(|| Error::msg("vimae-ops: a layout reaches outside its storage"))
    }
}

/// Memory for a kernel that writes all of it before anything reads it.
pub(super) fn unfilled<T: Element>(device: &CudaDevice, len: usize) -> Result<CudaSlice<T>> {
    // SAFETY: f32 and f64 have no invalid bit pattern, and every caller hands the memory to a kernel
    // that fills it, on the stream on which all later readers are.
    unsafe { device.alloc::<T>(len) }
}

/// The memory as a storage of candle's.
pub(super) fn storage<T: Element>(device: &CudaDevice, slice: CudaSlice<T>) -> Storage {
    Storage::Cuda(CudaStorage::wrap_cuda_slice(slice, device.clone()))
}
