//! How fast a device is: defaults, and finished runs to correct them by.
//!
//! The defaults for the CPU are of two cores with AVX-512, measured with `cargo xtask bench step` (see
//! `experiments/results/bench`), and shared out over the threads there are. Those for a GPU are a guess at a current
//! data centre card. A timed training step corrects either, until a run has finished.

use std::path::Path;

use candle_core::Device;
use vimae_spec::RunRecord;

use crate::record::read_record;

/// Threads that the CPU's defaults were measured with.
const MEASURED_THREADS: f64 = 2.0;

/// Seconds for each kind of work on one device.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rates {
    /// Seconds for 10^9 floating-point operations of a network's layers, two for each multiply-add.
    pub gflop: f64,
    /// Seconds of a training step beside them.
    pub step: f64,
    /// Seconds of Adam for each parameter.
    pub parameter: f64,
    /// Seconds of the Inception network for an image.
    pub inception: f64,
    /// What the CPU's work on an evaluation takes, as a share of that with two threads.
    pub threads: f64,
}

impl Rates {
    /// The default rates of `device`.
    pub fn of(device: &Device) -> Self {
        Self::of_kind(device.is_cpu())
    }

    /// The default rates of a CPU, or of a GPU.
    pub(super) fn of_kind(cpu: bool) -> Self {
        let threads = MEASURED_THREADS / rayon::current_num_threads().max(1) as f64;
        if cpu {
            Self { gflop: 4.7e-3 * threads, step: 1e-3, parameter: 5e-9 * threads, inception: 0.043 * threads, threads }
        } else {
            Self { gflop: 1e-4, step: 5e-3, parameter: 1e-10, inception: 1e-3, threads }
        }
    }

    /// The rates of a device on which everything takes `factor` times as long.
    pub(super) fn times(self, factor: f64) -> Self {
        let Self { gflop, step, parameter, inception, threads } = self;
        Self {
            gflop: gflop * factor,
            step: step * factor,
            parameter: parameter * factor,
            inception: inception * factor,
            threads: threads * factor,
        }
    }

    /// Seconds of one training step of so many multiply-adds.
    pub(super) fn step(&self, products: u64, parameters: u64) -> f64 {
        self.step + self.products(products as f64) + parameters as f64 * self.parameter
    }

    /// Seconds of so many multiply-adds of layers.
    pub(super) fn products(&self, products: f64) -> f64 {
        2e-9 * products * self.gflop
    }
}

/// The finished runs in a reproduction's folder that were made on the same kind of device, in the order of their paths.
pub(super) fn records(out: &Path, device: &Device) -> Vec<RunRecord> {
    let kind = if device.is_cpu() { "cpu" } else { "cuda" };
    let mut found = Vec::new();
    for experiment in folders(out) {
        for run in folders(&experiment) {
            found.extend(read_record(&run.join("record.json")).ok().filter(|record| record.device.starts_with(kind)));
        }
    }
    found
}

fn folders(of: &Path) -> Vec<std::path::PathBuf> {
    let mut found: Vec<_> = std::fs::read_dir(of).into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path())).collect();
    found.retain(|path| path.is_dir());
    found.sort();
    found
}
