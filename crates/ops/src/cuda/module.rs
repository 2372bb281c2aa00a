//! Compiling and launching the kernels.
#![expect(unsafe_code, reason = "kernels take raw arguments")]

use crate::device::grid::Extent;
use crate::real::Real;
use candle_core::cuda_backend::cudarc::driver::{
    CudaFunction, CudaStream, CudaView, DeviceRepr, LaunchArgs, LaunchConfig, PushKernelArg, ValidAsZeroBits,
};
use candle_core::cuda_backend::cudarc::nvrtc::{CompileOptions, compile_ptx_with_opts};
use candle_core::cuda_backend::{CudaDType, CudaDevice, WrapErr};
use candle_core::{Error, Result};
use std::sync::{Arc, OnceLock};

const SOURCE: &str = include_str!("kernels.cu");

/// `f32` or `f64` on the device.
pub(super) trait Element: Real + CudaDType + DeviceRepr + ValidAsZeroBits {
    /// The type's name in C.
    const NAME: &'static str;
    /// The name under which candle keeps the compiled kernels.
    const MODULE: &'static str;
    /// Where their PTX is kept.
    fn ptx() -> &'static OnceLock<String>;
}

impl Element for f32 {
    const NAME: &'static str = "float";
    const MODULE: &'static str = "vimae_ops_f32";
    fn ptx() -> &'static OnceLock<String> {
        static PTX: OnceLock<String> = OnceLock::new();
        &PTX
    }
}

impl Element for f64 {
    const NAME: &'static str = "double";
    const MODULE: &'static str = "vimae_ops_f64";
    fn ptx() -> &'static OnceLock<String> {
        static PTX: OnceLock<String> = OnceLock::new();
        &PTX
    }
}

/// A kernel and the stream it is launched on.
pub(super) struct Kernel {
    function: CudaFunction,
    stream: Arc<CudaStream>,
}

impl Kernel {
    pub(super) fn builder(&self) -> LaunchArgs<'_> {
        self.stream.launch_builder(&self.function)
    }
}

/// A kernel, compiled at the first use of its dtype in this process.
pub(super) fn function<T: Element>(device: &CudaDevice, name: &str) -> Result<Kernel> {
    let ptx = match T::ptx().get() {
        Some(ptx) => ptx,
        None => {
            let options = vec!["--std=c++17".to_owned(), format!("--define-macro=REAL={}", T::NAME)];
            let compiled = compile_ptx_with_opts(SOURCE, CompileOptions { options, ..CompileOptions::default() });
            let ptx = compiled.map_err(|e| Error::msg(format!("vimae-ops: NVRTC refused the kernels for {}: {e}", T::NAME)))?;
            T::ptx().get_or_init(|| ptx.to_src())
        }
    };
    let function = device.get_or_load_custom_func(name, T::MODULE, ptx)?.into_cuda_function();
    Ok(Kernel { function, stream: device.cuda_stream() })
}

/// The argument of a pointer that is absent.
static NULL: u64 = 0;

/// Adds a pointer that may be null.
pub(super) fn optional<'a, 'b: 'a, T>(launch: &mut LaunchArgs<'a>, view: Option<&'b CudaView<'b, T>>) {
    match view {
        Some(view) => launch.arg(view),
        None => launch.arg(&NULL),
    };
}

/// Enqueues a kernel.
///
/// # Safety
/// The arguments are those of the kernel in kind and number, and the extent together with them keeps
/// every access inside the memory that they point to.
pub(super) unsafe fn launch(arguments: &mut LaunchArgs<'_>, extent: Extent) -> Result<()> {
    let Extent { grid: (x, y), block: (width, height) } = extent;
    let config = LaunchConfig { grid_dim: (x, y, 1), block_dim: (width, height, 1), shared_mem_bytes: 0 };
    // SAFETY: the caller's promise.
    unsafe { arguments.launch(config) }.w()?;
    Ok(())
}

/// A size as the kernels count.
pub(super) fn count32(value: usize) -> Result<u32> {
    u32::try_from(value).map_err(|_| too_large())
}

pub(super) fn too_large() -> Error {
    Error::msg("vimae-ops: more than 2^32 elements in a row, a channel or a dimension; take smaller batches")
}
