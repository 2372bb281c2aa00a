//! Where to compute.

use candle_core::Device;

use crate::{
    Error, Result,
    command::{WRITTEN, called},
};

/// The device named `auto`, `cpu`, `cuda` or `cuda:N`.
///
/// # Errors
/// For another name, and for CUDA in a build or on a machine without it.
pub fn device(name: &str) -> Result<Device> {
    let fail = |problem: String| Error::Device { name: name.into(), problem };
    let ordinal = match name {
        "cpu" => return Ok(Device::Cpu),
        // A build with CUDA may run where there is no GPU; records name what was taken.
        "auto" if candle_core::utils::cuda_is_available() => return Ok(Device::new_cuda(0).unwrap_or(Device::Cpu)),
        "auto" => return Ok(Device::Cpu),
        "cuda" => 0,
        _ => name.strip_prefix("cuda:").and_then(|n| n.parse().ok()).ok_or_else(|| fail("there are auto, cpu, cuda and cuda:N".into()))?,
    };
    if !candle_core::utils::cuda_is_available() {
        let cure = match called() {
            WRITTEN => format!("use {WRITTEN}-cuda in place of {WRITTEN}"),
            own => format!("build {own} with the feature cudnn of vimae-lab"),
        };
        return Err(fail(format!("this build has no CUDA; {cure}")));
    }
    Device::new_cuda(ordinal).map_err(|e| fail(e.to_string()))
}

/// The devices that workers share, by name: for `cuda`, and for `auto` where there is a GPU, every GPU of this machine.
///
/// # Errors
/// As [`device`].
pub(crate) fn names(name: &str) -> Result<Vec<String>> {
    let all = |count: usize| (0..count).map(|ordinal| format!("cuda:{ordinal}")).collect::<Vec<_>>();
    match (name, cards()) {
        ("auto", 0) => Ok(vec!["cpu".into()]),
        ("auto" | "cuda", count @ 1..) => Ok(all(count)),
        _ => device(name).map(|_| vec![name.into()]),
    }
}

#[cfg(feature = "cuda")]
fn cards() -> usize {
    let count = candle_core::cuda_backend::cudarc::driver::CudaContext::device_count();
    count.ok().and_then(|count| usize::try_from(count).ok()).unwrap_or(0)
}

#[cfg(not(feature = "cuda"))]
fn cards() -> usize {
    0
}

/// The card's name and whether TF32 is allowed, for records.
pub(crate) fn cuda_name(device: &Device) -> String {
    let tf32 = if vimae_ops::tf32_allowed() { ", TF32" } else { "" };
    match card(device) {
        Some(card) => format!("cuda ({card}{tf32})"),
        None => format!("cuda{tf32}"),
    }
}

#[cfg(feature = "cuda")]
fn card(device: &Device) -> Option<String> {
    device.as_cuda_device().ok()?.cuda_stream().context().name().ok()
}

#[cfg(not(feature = "cuda"))]
fn card(_: &Device) -> Option<String> {
    None
}

/// The kind of a device in records: `cpu (x86_64)`, the name of a GPU.
pub fn device_name(device: &Device) -> String {
    match device {
        Device::Cpu => format!("cpu ({})", std::env::consts::ARCH),
        Device::Cuda(_) => cuda_name(device),
        Device::Metal(_) => "metal".into(),
    }
}
