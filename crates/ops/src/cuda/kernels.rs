//! The launches of our own kernels.
#![expect(unsafe_code, reason = "launching kernels")]

use super::memory::{Input, storage, unfilled};
use super::module::{Element, count32, function, launch, optional, too_large};
use crate::device::grid::{self, Reduction};
use crate::device::launches::{Affine, COEFFICIENTS, CORRECTIONS, Function, Kernels, Passing};
use crate::device::plan::Window;
use crate::geometry::View;
use crate::real::dispatch;
use candle_core::cuda_backend::CudaDevice;
use candle_core::cuda_backend::cudarc::driver::{CudaSlice, CudaView, PushKernelArg};
use candle_core::{Result, Storage, Tensor};

/// The launches on NVIDIA GPUs.
#[derive(Clone, Copy)]
pub(crate) struct Cuda;

impl Kernels for Cuda {
    fn window(&self, x: &Tensor, w: &Window, bias: Option<&Tensor>, function: Function) -> Result<Storage> {
        dispatch!(x.dtype(), T => window::<T>(x, w, bias, function))
    }
    fn function_gradient(&self, y: &Tensor, grad: &Tensor, function: Function) -> Result<Storage> {
        dispatch!(y.dtype(), T => function_gradient::<T>(y, grad, function))
    }
    fn moments(&self, x: &Tensor, view: View, affine: Affine<'_>, eps: f64) -> Result<Storage> {
        dispatch!(x.dtype(), T => moments::<T>(x, view, affine, eps))
    }
    fn given(&self, mean: &Tensor, var: &Tensor, affine: Affine<'_>, eps: f64) -> Result<Storage> {
        dispatch!(mean.dtype(), T => given::<T>(mean, var, affine, eps))
    }
    fn normalise(&self, x: &Tensor, coefficients: &Tensor, view: View, relu: bool) -> Result<Storage> {
        dispatch!(x.dtype(), T => normalise::<T>(x, coefficients, view, relu))
    }
    fn corrections(&self, passing: Passing<'_>, batch: bool) -> Result<Storage> {
        dispatch!(passing.x.dtype(), T => corrections::<T>(passing, batch))
    }
    fn norm_gradient(&self, passing: Passing<'_>, corrections: &Tensor) -> Result<Storage> {
        dispatch!(passing.x.dtype(), T => norm_gradient::<T>(passing, corrections))
    }
    fn channel_sums(&self, x: &Tensor, view: View) -> Result<Storage> {
        dispatch!(x.dtype(), T => channel_sums::<T>(x, view))
    }
}

/// As `kernels.cu` numbers them.
fn code(function: Function) -> i32 {
    match function {
        Function::None => 0,
        Function::Relu => 1,
        Function::Sigmoid => 2,
        Function::Tanh => 3,
    }
}

fn elements(view: View) -> usize {
    view.outer * view.c * view.inner
}

fn window<T: Element>(x: &Tensor, w: &Window, bias: Option<&Tensor>, f: Function) -> Result<Storage> {
    let (x, bias) = (Input::of(x)?, bias.map(Input::of).transpose()?);
    let device = x.device()?;
    let row = w.c * w.to.0 * w.to.1;
    let source = x.view::<T>(device, w.n * w.c * w.from.0 * w.from.1)?;
    let bias = bias.as_ref().map(|bias| bias.view::<T>(device, w.c)).transpose()?;
    let mut y = unfilled::<T>(device, w.n * row)?;
    let extent = grid::rows(w.n, row).ok_or_else(too_large)?;
    let [n, c, from_h, from_w, to_h, to_w] = [w.n, w.c, w.from.0, w.from.1, w.to.0, w.to.1].map(count32);
    let shift = |by: isize| i32::try_from(by).map_err(|_| too_large());
    let (n, c, from_h, from_w, to_h, to_w) = (n?, c?, from_h?, from_w?, to_h?, to_w?);
    let (dy, dx, code) = (shift(w.dy)?, shift(w.dx)?, code(f));
    // The kernel adds the shift to a place in the target, both as 32-bit integers.
    let reach = [to_h, to_w].map(|size| i64::from(size) + i64::from(dy.abs().max(dx.abs())));
    if reach.into_iter().chain([i64::from(from_h), i64::from(from_w)]).any(|reach| reach > i64::from(i32::MAX)) {
        return Err(too_large());
    }
    let kernel = function::<T>(device, "window")?;
    let mut arguments = kernel.builder();
    arguments.arg(&source).arg(&mut y);
    optional(&mut arguments, bias.as_ref());
    arguments.arg(&n).arg(&c).arg(&from_h).arg(&from_w).arg(&to_h).arg(&to_w).arg(&dy).arg(&dx).arg(&code);
    // SAFETY: the kernel reads inside n c from_h from_w elements, or none, writes inside n c to_h to_w
    // elements and reads c of the bias: the lengths checked and allocated above.
    unsafe { launch(&mut arguments, extent)? };
    Ok(storage(device, y))
}

fn function_gradient<T: Element>(y: &Tensor, grad: &Tensor, f: Function) -> Result<Storage> {
    let len = y.elem_count();
    let (y, grad) = (Input::of(y)?, Input::of(grad)?);
    let device = y.device()?;
    let (y, grad) = (y.view::<T>(device, len)?, grad.view::<T>(device, len)?);
    let mut dx = unfilled::<T>(device, len)?;
    let (count, code) = (len as u64, code(f));
    let kernel = function::<T>(device, "function_gradient")?;
    let mut arguments = kernel.builder();
    arguments.arg(&y).arg(&grad).arg(&mut dx).arg(&count).arg(&code);
    // SAFETY: three memories of `count` elements each, all accesses below `count`.
    unsafe { launch(&mut arguments, grid::flat(len))? };
    Ok(storage(device, dx))
}

fn moments<T: Element>(x: &Tensor, view: View, affine: Affine<'_>, eps: f64) -> Result<Storage> {
    let x = Input::of(x)?;
    let device = x.device()?;
    let x = x.view::<T>(device, elements(view))?;
    let reduction = Reduction::of(view.c, view.outer * view.inner).ok_or_else(too_large)?;
    let Reduction { c, count, splits, per_split } = reduction;
    let inner = count32(view.inner)?;
    let mut pieces = unfilled::<f64>(device, view.c * splits as usize * 3)?;
    let kernel = function::<T>(device, "moments")?;
    let mut arguments = kernel.builder();
    arguments.arg(&x).arg(&mut pieces).arg(&c).arg(&inner).arg(&count).arg(&per_split);
    // SAFETY: element e < count of a channel lies inside the outer c inner elements of x; each of the
    // c splits blocks writes its three elements.
    unsafe { launch(&mut arguments, reduction.extent())? };

    let (gamma, beta, bias) = (Input::of(affine.gamma)?, Input::of(affine.beta)?, affine.bias.map(Input::of).transpose()?);
    let (gamma, beta) = (gamma.view::<T>(device, view.c)?, beta.view::<T>(device, view.c)?);
    let bias = bias.as_ref().map(|bias| bias.view::<T>(device, view.c)).transpose()?;
    let mut table = unfilled::<T>(device, COEFFICIENTS * view.c)?;
    let kernel = function::<T>(device, "batch_coefficients")?;
    let mut arguments = kernel.builder();
    arguments.arg(&pieces).arg(&splits).arg(&gamma).arg(&beta);
    optional(&mut arguments, bias.as_ref());
    arguments.arg(&mut table).arg(&c).arg(&eps);
    // SAFETY: threads below c read c splits pieces and vectors of c, and write six rows of c.
    unsafe { launch(&mut arguments, grid::channels(view.c).ok_or_else(too_large)?)? };
    Ok(storage(device, table))
}

fn given<T: Element>(mean: &Tensor, var: &Tensor, affine: Affine<'_>, eps: f64) -> Result<Storage> {
    let len = mean.elem_count();
    let (mean, var, gamma, beta) = (Input::of(mean)?, Input::of(var)?, Input::of(affine.gamma)?, Input::of(affine.beta)?);
    let device = mean.device()?;
    let [mean, var, gamma, beta] = [&mean, &var, &gamma, &beta].map(|v| v.view::<T>(device, len));
    let (mean, var, gamma, beta) = (mean?, var?, gamma?, beta?);
    let mut table = unfilled::<T>(device, COEFFICIENTS * len)?;
    let c = count32(len)?;
    let kernel = function::<T>(device, "given_coefficients")?;
    let mut arguments = kernel.builder();
    arguments.arg(&mean).arg(&var).arg(&gamma).arg(&beta).arg(&mut table).arg(&c).arg(&eps);
    // SAFETY: threads below c read vectors of c and write six rows of c.
    unsafe { launch(&mut arguments, grid::channels(len).ok_or_else(too_large)?)? };
    Ok(storage(device, table))
}

fn normalise<T: Element>(x: &Tensor, table: &Tensor, view: View, relu: bool) -> Result<Storage> {
    let (x, table) = (Input::of(x)?, Input::of(table)?);
    let device = x.device()?;
    let (x, table) = (x.view::<T>(device, elements(view))?, table.view::<T>(device, COEFFICIENTS * view.c)?);
    let mut y = unfilled::<T>(device, elements(view))?;
    let (outer, c, inner, relu) = (count32(view.outer)?, count32(view.c)?, count32(view.inner)?, i32::from(relu));
    let extent = grid::rows(view.outer, view.c * view.inner).ok_or_else(too_large)?;
    let kernel = function::<T>(device, "normalise")?;
    let mut arguments = kernel.builder();
    arguments.arg(&x).arg(&table).arg(&mut y).arg(&outer).arg(&c).arg(&inner).arg(&relu);
    // SAFETY: places below outer c inner in x and y, rows of c in the table.
    unsafe { launch(&mut arguments, extent)? };
    Ok(storage(device, y))
}

/// The sums of every piece of every channel: of what passes, and with a table of it times (x - mean).
fn sums<T: Element>(
    device: &CudaDevice,
    x: Option<&CudaView<'_, T>>,
    grad: &CudaView<'_, T>,
    table: Option<&CudaView<'_, T>>,
    view: View,
    relu: bool,
) -> Result<(CudaSlice<f64>, Reduction)> {
    let reduction = Reduction::of(view.c, view.outer * view.inner).ok_or_else(too_large)?;
    let Reduction { c, count, splits, per_split } = reduction;
    let (inner, relu) = (count32(view.inner)?, i32::from(relu));
    let mut pieces = unfilled::<f64>(device, view.c * splits as usize * 2)?;
    let kernel = function::<T>(device, "sums")?;
    let mut arguments = kernel.builder();
    optional(&mut arguments, x);
    arguments.arg(grad);
    optional(&mut arguments, table);
    arguments.arg(&mut pieces).arg(&c).arg(&inner).arg(&count).arg(&per_split).arg(&relu);
    // SAFETY: element e < count of a channel lies inside the outer c inner elements of grad and, which is
    // read with a table only, of x; each of the c splits blocks writes its two elements.
    unsafe { launch(&mut arguments, reduction.extent())? };
    Ok((pieces, reduction))
}

fn corrections<T: Element>(passing: Passing<'_>, batch: bool) -> Result<Storage> {
    let Passing { view, relu, .. } = passing;
    let (x, grad, table) = (Input::of(passing.x)?, Input::of(passing.grad)?, Input::of(passing.coefficients)?);
    let device = x.device()?;
    let (x, grad) = (x.view::<T>(device, elements(view))?, grad.view::<T>(device, elements(view))?);
    let table = table.view::<T>(device, COEFFICIENTS * view.c)?;
    let (pieces, Reduction { c, splits, .. }) = sums(device, Some(&x), &grad, Some(&table), view, relu)?;
    let mut out = unfilled::<T>(device, CORRECTIONS * view.c)?;
    let (count, batch) = ((view.outer * view.inner) as f64, i32::from(batch));
    let kernel = function::<T>(device, "corrections")?;
    let mut arguments = kernel.builder();
    arguments.arg(&pieces).arg(&splits).arg(&table).arg(&mut out).arg(&c).arg(&count).arg(&batch);
    // SAFETY: threads below c read c splits pieces and rows of c, and write four rows of c.
    unsafe { launch(&mut arguments, grid::channels(view.c).ok_or_else(too_large)?)? };
    Ok(storage(device, out))
}

fn norm_gradient<T: Element>(passing: Passing<'_>, corrections: &Tensor) -> Result<Storage> {
    let Passing { view, relu, .. } = passing;
    let (x, grad, table) = (Input::of(passing.x)?, Input::of(passing.grad)?, Input::of(passing.coefficients)?);
    let more = Input::of(corrections)?;
    let device = x.device()?;
    let (x, grad) = (x.view::<T>(device, elements(view))?, grad.view::<T>(device, elements(view))?);
    let (table, more) = (table.view::<T>(device, COEFFICIENTS * view.c)?, more.view::<T>(device, CORRECTIONS * view.c)?);
    let mut dx = unfilled::<T>(device, elements(view))?;
    let (outer, c, inner, relu) = (count32(view.outer)?, count32(view.c)?, count32(view.inner)?, i32::from(relu));
    let extent = grid::rows(view.outer, view.c * view.inner).ok_or_else(too_large)?;
    let kernel = function::<T>(device, "norm_gradient")?;
    let mut arguments = kernel.builder();
    arguments.arg(&x).arg(&grad).arg(&table).arg(&more).arg(&mut dx).arg(&outer).arg(&c).arg(&inner).arg(&relu);
    // SAFETY: places below outer c inner in x, grad and dx, rows of c in the tables.
    unsafe { launch(&mut arguments, extent)? };
    Ok(storage(device, dx))
}

fn channel_sums<T: Element>(x: &Tensor, view: View) -> Result<Storage> {
    let x = Input::of(x)?;
    let device = x.device()?;
    let (pieces, Reduction { c, splits, .. }) = sums(device, None, &x.view::<T>(device, elements(view))?, None, view, false)?;
    let mut out = unfilled::<T>(device, view.c)?;
    let kernel = function::<T>(device, "totals")?;
    let mut arguments = kernel.builder();
    arguments.arg(&pieces).arg(&splits).arg(&mut out).arg(&c);
    // SAFETY: threads below c read c splits pieces and write c elements.
    unsafe { launch(&mut arguments, grid::channels(view.c).ok_or_else(too_large)?)? };
    Ok(storage(device, out))
}
