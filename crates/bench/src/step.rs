//! The training step, timed.

use std::time::Instant;

use candle_core::{DType, Device, Tensor};
use serde::Serialize;
use serde_json::{Map, json};
use vimae_core::{ImageShape, Objective, Output, PartRequest, PixelRange, Prior, Purpose, Streams, WithNoise};
use vimae_models::Request;
use vimae_ops::{Adam, AdamConfig};
use vimae_trainer::{Draws, Line, on_pool};

use vimae_lab::device_name;

use crate::Result;

/// Steps that warm up memory and threads.
const WARM_UP: usize = 2;

/// What a timing gave.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StepTiming {
    /// Name and version of this code.
    pub system: String,
    /// The network's shape.
    pub dataset: String,
    /// Filters of the first convolution.
    pub width: usize,
    /// Images per step.
    pub batch: usize,
    /// Steps timed.
    pub steps: usize,
    /// Where.
    pub device: String,
    /// Whether TF32 was allowed; the CPU knows none.
    pub tf32: bool,
    /// Threads of the CPU's products.
    pub threads: usize,
    /// Median of the steps, in milliseconds.
    pub median_ms: f64,
    /// Fastest step, in milliseconds.
    pub min_ms: f64,
    /// Largest resident memory of the process, in MiB; absent where the system does not say.
    pub peak_rss_mib: Option<u64>,
}

/// The paper's network for VIMAE-n, with its objective and prior.
pub(crate) struct Network {
    image: ImageShape,
    model: WithNoise,
    objective: Box<dyn Objective>,
    prior: Box<dyn Prior>,
}

impl Network {
    pub(crate) fn new(dataset: &str, width: usize, dtype: DType, device: &Device) -> Result<Self> {
        // Channels, side, kernel, doublings, code, weight of the MMD.
        let (channels, side, kernel, doublings, code, lambda) = match dataset {
            "cifar10" => (3, 32, 5, 3, 64, 100.0),
            "celeba" => (3, 64, 5, 3, 64, 100.0),
            _ => (1, 28, 4, 2, 8, 10.0),
        };
        let range = if channels == 1 { PixelRange::Unit } else { PixelRange::Symmetric };
        let image = ImageShape { channels, height: side, width: side };
        let settings = |value: serde_json::Value| value.as_object().cloned().unwrap_or_default();
        let objective = vimae_objectives::OBJECTIVES.build("vimae_n", &settings(json!({ "lambda": lambda })))?;
        let part = PartRequest { code, image, range, seed: 0, dtype, device: device.clone() };
        let prior = vimae_priors::PRIORS.build("normal", &Map::new(), &part)?;
        let noise = vimae_objectives::default_noise(objective.as_ref())?;
        let request =
            Request { image, range, code, head: noise.network_head(), output: Output::IMAGES, seed: 0, dtype, device: device.clone() };
        let given = settings(json!({ "width": width, "kernel": kernel, "doublings": doublings }));
        let model = WithNoise::new(vimae_models::MODELS.build("wae_conv", &given, &request)?, noise)?;
        Ok(Self { image, model, objective, prior })
    }

    pub(crate) fn line(&self) -> Line<'_> {
        Line::new(&self.model, self.objective.as_ref(), self.prior.as_ref())
    }

    /// Made-up images `[batch, C, H, W]` in [0, 1).
    pub(crate) fn images(&self, batch: usize, streams: &Streams, device: &Device) -> Result<Tensor> {
        let ImageShape { channels, height, width } = self.image;
        let pixels = streams.fill(Purpose::Evaluation, 0, batch * self.image.len(), rand::Rng::random::<f32>);
        Ok(Tensor::from_vec(pixels, (batch, channels, height, width), device)?)
    }
}

/// Times whole VIMAE-n training steps on made-up images: random draws, encoder, decoder, distortion and
/// MMD, backward, Adam. No steps count as one.
///
/// # Errors
/// Where a part reports one.
pub fn bench_step(dataset: &str, width: usize, batch: usize, steps: usize, device: &Device) -> Result<StepTiming> {
    let steps = steps.max(1);
    let network = Network::new(dataset, width, DType::F32, device)?;
    let line = network.line();
    let config = AdamConfig { learning_rate: 1e-3, beta1: 0.5, beta2: 0.999, epsilon: 1e-8 };
    let mut adam = Adam::named(line.weights(), config).map_err(vimae_trainer::Error::from)?;
    let streams = Streams::new(0);
    let images = network.images(batch, &streams, device)?;

    let mut times = Vec::with_capacity(steps);
    for step in 0..WARM_UP + steps {
        let started = Instant::now();
        on_pool(device, || -> Result<()> {
            let loss = line.loss(&images, &Draws::at(&line, &images, &streams, step as u64)?)?;
            let gradients = vimae_ops::backward(&loss.total).map_err(vimae_core::Error::from)?;
            Ok(adam.step(&gradients).map_err(vimae_trainer::Error::from)?)
        })?;
        device.synchronize().map_err(vimae_core::Error::from)?;
        if step >= WARM_UP {
            times.push(started.elapsed().as_secs_f64() * 1e3);
        }
    }
    times.sort_by(f64::total_cmp);
    let at = |index: usize| times.get(index).copied().unwrap_or(f64::NAN);
    Ok(StepTiming {
        system: concat!("vimae ", env!("CARGO_PKG_VERSION")).into(),
        dataset: dataset.into(),
        width,
        batch,
        steps,
        device: device_name(device),
        tf32: vimae_ops::tf32_allowed() && !device.is_cpu(),
        threads: rayon::current_num_threads(),
        median_ms: (at((steps - 1) / 2) + at(steps / 2)) / 2.0,
        min_ms: at(0),
        peak_rss_mib: peak_rss_mib(),
    })
}

/// The kernel's record of this process's largest resident memory.
pub(crate) fn peak_rss_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let kib: u64 = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_steps_are_one() -> Result<()> {
        let timing = bench_step("mnist", 2, 4, 0, &Device::Cpu)?;
        assert!(timing.steps == 1 && timing.median_ms > 0.0 && timing.median_ms == timing.min_ms, "{timing:?}");
        Ok(())
    }
}
