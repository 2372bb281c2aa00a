//! Convolutions by cuDNN.
#![expect(unsafe_code, reason = "cuDNN works on raw device memory")]

use super::kernels::Cuda;
use super::memory::{Input, storage, unfilled};
use super::module::Element;
use crate::device::choice::Choices;
use crate::device::launches::Convolutions;
use crate::device::plan::Plan;
use crate::precision::tf32_allowed;
use crate::real::dispatch;
use candle_core::cuda_backend::cudarc::cudnn::sys::{
    cudnnConvolutionBwdDataAlgo_t as DataAlgorithm, cudnnConvolutionBwdFilterAlgo_t as FilterAlgorithm,
    cudnnConvolutionFwdAlgo_t as ForwardAlgorithm,
    cudnnConvolutionMode_t::CUDNN_CROSS_CORRELATION,
    cudnnMathType_t::{CUDNN_DEFAULT_MATH, CUDNN_FMA_MATH},
    cudnnTensorFormat_t::CUDNN_TENSOR_NCHW,
};
use candle_core::cuda_backend::cudarc::cudnn::{
    ConvBackwardData, ConvBackwardFilter, ConvDescriptor, ConvForward, Cudnn, CudnnDataType, FilterDescriptor, TensorDescriptor,
};
use candle_core::cuda_backend::cudarc::driver::CudaSlice;
use candle_core::cuda_backend::{CudaDevice, DeviceId, WrapErr};
use candle_core::{Error, Result, Storage, Tensor};
use std::cell::RefCell;
use std::collections::HashMap;
use std::sync::Arc;

/// The algorithms that give the same bits every time, best guess first. All of cuDNN's forward
/// algorithms do; of the gradients 0 (and 3 of the weight's) add by atomics. Winograd's are left out
/// for their rounding: they would only ever be offered for the last layer, of few channels.
const FORWARD: [ForwardAlgorithm; 6] = [
    ForwardAlgorithm::CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_PRECOMP_GEMM,
    ForwardAlgorithm::CUDNN_CONVOLUTION_FWD_ALGO_IMPLICIT_GEMM,
    ForwardAlgorithm::CUDNN_CONVOLUTION_FWD_ALGO_GEMM,
    ForwardAlgorithm::CUDNN_CONVOLUTION_FWD_ALGO_DIRECT,
    ForwardAlgorithm::CUDNN_CONVOLUTION_FWD_ALGO_FFT,
    ForwardAlgorithm::CUDNN_CONVOLUTION_FWD_ALGO_FFT_TILING,
];
const DATA: [DataAlgorithm; 3] = [
    DataAlgorithm::CUDNN_CONVOLUTION_BWD_DATA_ALGO_1,
    DataAlgorithm::CUDNN_CONVOLUTION_BWD_DATA_ALGO_FFT,
    DataAlgorithm::CUDNN_CONVOLUTION_BWD_DATA_ALGO_FFT_TILING,
];
const FILTER: [FilterAlgorithm; 3] = [
    FilterAlgorithm::CUDNN_CONVOLUTION_BWD_FILTER_ALGO_1,
    FilterAlgorithm::CUDNN_CONVOLUTION_BWD_FILTER_ALGO_FFT,
    FilterAlgorithm::CUDNN_CONVOLUTION_BWD_FILTER_ALGO_FFT_TILING,
];

/// What an algorithm is chosen for: the shape, whether TF32 is allowed, the size of an element.
type Key = (Plan, bool, usize);

/// A device's handle, its workspace, which grows to the largest need and stays, and the algorithms
/// chosen so far.
struct State {
    cudnn: Arc<Cudnn>,
    workspace: Option<CudaSlice<u8>>,
    forward: Choices<Key, ForwardAlgorithm>,
    data: Choices<Key, DataAlgorithm>,
    filter: Choices<Key, FilterAlgorithm>,
}

thread_local! {
    // A handle of cuDNN belongs to one thread, as does candle's stream.
    static STATES: RefCell<HashMap<DeviceId, State>> = RefCell::new(HashMap::new());
}

fn with_state<R>(device: &CudaDevice, f: impl FnOnce(&mut State) -> Result<R>) -> Result<R> {
    STATES.with_borrow_mut(|states| {
        let state = match states.entry(device.id()) {
            std::collections::hash_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::hash_map::Entry::Vacant(entry) => entry.insert(State {
                cudnn: Cudnn::new(device.cuda_stream())?,
                workspace: None,
                forward: Choices::default(),
                data: Choices::default(),
                filter: Choices::default(),
            }),
        };
        f(state)
    })
}

/// A workspace of at least `bytes`; `None` for none.
fn room<'a>(workspace: &'a mut Option<CudaSlice<u8>>, device: &CudaDevice, bytes: usize) -> Result<Option<&'a mut CudaSlice<u8>>> {
    if bytes == 0 {
        return Ok(None);
    }
    if workspace.as_ref().is_none_or(|w| w.len() < bytes) {
        // Freed first: there may not be room for both.
        *workspace = None;
        // SAFETY: cuDNN writes what it reads of its workspace.
        *workspace = Some(unsafe { device.cuda_stream().alloc::<u8>(bytes) }.w()?);
    }
    Ok(workspace.as_mut())
}

/// The shapes as cuDNN takes them.
struct Described<T> {
    conv: ConvDescriptor<T>,
    big: TensorDescriptor<T>,
    weight: FilterDescriptor<T>,
    small: TensorDescriptor<T>,
}

fn describe<T: Element + CudnnDataType>(cudnn: &Arc<Cudnn>, plan: &Plan) -> Result<Described<T>> {
    let size = |v: usize| i32::try_from(v).map_err(|_| Error::msg(format!("vimae-ops: cuDNN takes sizes below 2^31, got {v} in {plan:?}")));
    let pair = |(a, b): (usize, usize)| Ok::<_, Error>([size(a)?, size(b)?]);
    let four = |[a, b, c, d]: [usize; 4]| Ok::<_, Error>([size(a)?, size(b)?, size(c)?, size(d)?]);
    // Strides inside cuDNN are 32-bit numbers, too.
    for dims in [plan.big_dims(), plan.small_dims()] {
        size(dims.iter().product())?;
    }
    let mut conv = cudnn.create_conv2d::<T>(pair(plan.padding)?, pair(plan.stride)?, [1, 1], CUDNN_CROSS_CORRELATION)?;
    // The default lets tensor cores round f32 to TF32; FMA does not.
    conv.set_math_type(if tf32_allowed() { CUDNN_DEFAULT_MATH } else { CUDNN_FMA_MATH })?;
    Ok(Described {
        conv,
        big: cudnn.create_4d_tensor::<T>(CUDNN_TENSOR_NCHW, four(plan.big_dims())?)?,
        weight: cudnn.create_4d_filter::<T>(CUDNN_TENSOR_NCHW, four(plan.weight_dims())?)?,
        small: cudnn.create_4d_tensor::<T>(CUDNN_TENSOR_NCHW, four(plan.small_dims())?)?,
    })
}

fn no_algorithm(plan: &Plan) -> Error {
    Error::msg(format!("vimae-ops: cuDNN has no deterministic algorithm for {plan:?}"))
}

fn len(dims: [usize; 4]) -> usize {
    dims.iter().product()
}

impl Convolutions for Cuda {
    fn convolve(&self, plan: &Plan, big: &Tensor, weight: &Tensor) -> Result<Storage> {
        dispatch!(big.dtype(), T => convolve::<T>(plan, big, weight))
    }
    fn adjoint(&self, plan: &Plan, small: &Tensor, weight: &Tensor) -> Result<Storage> {
        dispatch!(small.dtype(), T => adjoint::<T>(plan, small, weight))
    }
    fn weight_gradient(&self, plan: &Plan, big: &Tensor, small: &Tensor) -> Result<Storage> {
        dispatch!(big.dtype(), T => weight_gradient::<T>(plan, big, small))
    }
}

fn convolve<T: Element + CudnnDataType>(plan: &Plan, big: &Tensor, weight: &Tensor) -> Result<Storage> {
    let (big, weight) = (Input::of(big)?, Input::of(weight)?);
    let device = big.device()?;
    let (x, w) = (big.view::<T>(device, len(plan.big_dims()))?, weight.view::<T>(device, len(plan.weight_dims()))?);
    let mut y = unfilled::<T>(device, len(plan.small_dims()))?;
    with_state(device, |State { cudnn, workspace, forward, .. }| {
        let d = describe::<T>(cudnn, plan)?;
        let op = ConvForward { conv: &d.conv, x: &d.big, w: &d.weight, y: &d.small };
        let choice = forward.get(
            (*plan, tf32_allowed(), size_of::<T>()),
            &FORWARD,
            || Ok(op.pick_algorithm()?),
            |algorithm| Ok(op.get_workspace_size(algorithm)?),
            || no_algorithm(plan),
        )?;
        let workspace = room(workspace, device, choice.workspace)?;
        // SAFETY: the descriptors are those of the memories, whose lengths were checked against the
        // plan; the workspace holds what the algorithm asked for and is on the same stream.
        unsafe { op.launch(choice.algorithm, workspace, (T::one(), T::zero()), &x, &w, &mut y)? };
        Ok(())
    })?;
    Ok(storage(device, y))
}

fn adjoint<T: Element + CudnnDataType>(plan: &Plan, small: &Tensor, weight: &Tensor) -> Result<Storage> {
    let (small, weight) = (Input::of(small)?, Input::of(weight)?);
    let device = small.device()?;
    let (dy, w) = (small.view::<T>(device, len(plan.small_dims()))?, weight.view::<T>(device, len(plan.weight_dims()))?);
    let mut dx = unfilled::<T>(device, len(plan.big_dims()))?;
    with_state(device, |State { cudnn, workspace, data, .. }| {
        let d = describe::<T>(cudnn, plan)?;
        let op = ConvBackwardData { conv: &d.conv, dx: &d.big, w: &d.weight, dy: &d.small };
        let choice = data.get(
            (*plan, tf32_allowed(), size_of::<T>()),
            &DATA,
            || Ok(op.pick_algorithm()?),
            |algorithm| Ok(op.get_workspace_size(algorithm)?),
            || no_algorithm(plan),
        )?;
        let workspace = room(workspace, device, choice.workspace)?;
        // SAFETY: as in `convolve`.
        unsafe { op.launch(choice.algorithm, workspace, (T::one(), T::zero()), &mut dx, &w, &dy)? };
        Ok(())
    })?;
    Ok(storage(device, dx))
}

fn weight_gradient<T: Element + CudnnDataType>(plan: &Plan, big: &Tensor, small: &Tensor) -> Result<Storage> {
    let (big, small) = (Input::of(big)?, Input::of(small)?);
    let device = big.device()?;
    let (x, dy) = (big.view::<T>(device, len(plan.big_dims()))?, small.view::<T>(device, len(plan.small_dims()))?);
    let mut dw = unfilled::<T>(device, len(plan.weight_dims()))?;
    with_state(device, |State { cudnn, workspace, filter, .. }| {
        let d = describe::<T>(cudnn, plan)?;
        let op = ConvBackwardFilter { conv: &d.conv, x: &d.big, dw: &d.weight, dy: &d.small };
        let choice = filter.get(
            (*plan, tf32_allowed(), size_of::<T>()),
            &FILTER,
            || Ok(op.pick_algorithm()?),
            |algorithm| Ok(op.get_workspace_size(algorithm)?),
            || no_algorithm(plan),
        )?;
        let workspace = room(workspace, device, choice.workspace)?;
        // SAFETY: as in `convolve`.
        unsafe { op.launch(choice.algorithm, workspace, (T::one(), T::zero()), &x, &mut dw, &dy)? };
        Ok(())
    })?;
    Ok(storage(device, dw))
}
