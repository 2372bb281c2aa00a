//! Adam for all parameters in one launch.
#![expect(unsafe_code, reason = "launching a kernel on a table of pointers")]

use super::memory::Input;
use super::module::{Element, function, launch, too_large};
use crate::adam_step::{Factors, Step};
use crate::device::grid::{ADAM_PARAMETERS, Extent, THREADS, adam_blocks};
use crate::real::dispatch;
use candle_core::cuda_backend::cudarc::driver::{CudaView, DevicePtr, DeviceRepr, PushKernelArg};
use candle_core::{DType, Result, Tensor};

/// A parameter, its gradient and its moments: contiguous, of one size, on one device.
#[derive(Clone, Copy)]
pub(crate) struct Entry<'a> {
    pub(crate) parameter: &'a Tensor,
    pub(crate) gradient: &'a Tensor,
    pub(crate) m: &'a Tensor,
    pub(crate) v: &'a Tensor,
}

/// `Table` of `kernels.cu`.
#[repr(C)]
struct Table {
    parameter: [u64; ADAM_PARAMETERS],
    gradient: [u64; ADAM_PARAMETERS],
    m: [u64; ADAM_PARAMETERS],
    v: [u64; ADAM_PARAMETERS],
    size: [u64; ADAM_PARAMETERS],
    first_block: [u32; ADAM_PARAMETERS + 1],
    count: u32,
}

// `kernels.cu` says the same of its struct.
const _: () = assert!(size_of::<Table>() == 2824);
// SAFETY: plain numbers without padding, laid out as the kernel's struct.
unsafe impl DeviceRepr for Table {}

/// `Step` of `kernels.cu`.
#[repr(C)]
struct Scalars<T> {
    factors: Factors<T>,
    near_end: u32,
}

const _: () = assert!(size_of::<Scalars<f32>>() == 32 && size_of::<Scalars<f64>>() == 64);
// SAFETY: plain numbers, laid out as the kernel's struct for either dtype.
unsafe impl<T: Element> DeviceRepr for Scalars<T> {}

/// Moves every parameter once; those of one dtype go together, 64 a launch.
pub(crate) fn step(entries: &[Entry<'_>], step: &Step) -> Result<()> {
    for dtype in [DType::F32, DType::F64] {
        let alike: Vec<Entry<'_>> =
            entries.iter().filter(|e| e.parameter.dtype() == dtype && e.parameter.elem_count() > 0).copied().collect();
        for entries in alike.chunks(ADAM_PARAMETERS) {
            dispatch!(dtype, T => some::<T>(entries, step))?;
        }
    }
    Ok(())
}

fn some<T: Element>(entries: &[Entry<'_>], step: &Step) -> Result<()> {
    let inputs = entries
        .iter()
        .map(|e| Ok([Input::of(e.parameter)?, Input::of(e.gradient)?, Input::of(e.m)?, Input::of(e.v)?]))
        .collect::<Result<Vec<_>>>()?;
    let Some([first, ..]) = inputs.first() else { return Ok(()) };
    let device = first.device()?;
    let sizes: Vec<usize> = entries.iter().map(|e| e.parameter.elem_count()).collect();
    let views = inputs
        .iter()
        .zip(&sizes)
        .map(|([p, g, m, v], len)| Ok([p.view(device, *len)?, g.view(device, *len)?, m.view(device, *len)?, v.view(device, *len)?]))
        .collect::<Result<Vec<[CudaView<'_, T>; 4]>>>()?;
    let blocks = adam_blocks(&sizes).ok_or_else(too_large)?;
    let mut table = Table {
        parameter: [0; ADAM_PARAMETERS],
        gradient: [0; ADAM_PARAMETERS],
        m: [0; ADAM_PARAMETERS],
        v: [0; ADAM_PARAMETERS],
        size: [0; ADAM_PARAMETERS],
        first_block: [u32::MAX; ADAM_PARAMETERS + 1],
        count: sizes.len() as u32,
    };
    let stream = device.cuda_stream();
    let mut held = Vec::with_capacity(4 * views.len());
    for (i, ([p, g, m, v], size)) in views.iter().zip(&sizes).enumerate() {
        for (target, view) in [(&mut table.parameter, p), (&mut table.gradient, g), (&mut table.m, m), (&mut table.v, v)] {
            let (pointer, guard) = view.device_ptr(&stream);
            target[i] = pointer;
            held.push(guard);
        }
        table.size[i] = *size as u64;
    }
    table.first_block[..blocks.len()].copy_from_slice(&blocks);
    let scalars = Scalars { factors: Factors::<T>::of(step), near_end: u32::from(step.near_end()) };
    let extent = Extent { grid: (blocks.last().copied().unwrap_or(0), 1), block: (THREADS, 1) };
    let kernel = function::<T>(device, "adam")?;
    let mut arguments = kernel.builder();
    arguments.arg(&table).arg(&scalars);
    // SAFETY: every block finds the parameter whose blocks it is among and stays below its size, to
    // which the four memories were checked. Parameter and moments are written although held for
    // reading only: the memory is the device's, no reference of Rust points to it, later readers
    // are on the same stream, and the locks held keep the memories from being freed or replaced until
    // the launch is enqueued.
    unsafe { launch(&mut arguments, extent)? };
    drop(held);
    Ok(())
}
