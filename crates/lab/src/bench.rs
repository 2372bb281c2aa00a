//! The training step, timed.

use std::time::Instant;

use candle_core::{DType, Device, Tensor};
use serde::Serialize;
use serde_json::{Map, json};
use vimae_core::{ImageShape, PartRequest, PixelRange, Purpose, Settings, Streams, WithNoise};
use vimae_models::Request;
use vimae_ops::{Adam, AdamConfig};
use vimae_trainer::{Draws, Line};

use crate::{Result, run::device_name};

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
    /// Pictures in a step.
    pub batch: usize,
    /// Steps timed.
    pub steps: usize,
    /// Where.
    pub device: String,
    /// Threads of the CPU's products.
    pub threads: usize,
    /// Median of the steps, in milliseconds.
    pub median_ms: f64,
    /// Fastest step, in milliseconds.
    pub min_ms: f64,
    /// Largest resident memory of the process, in MiB; absent where the system does not say.
    pub peak_rss_mib: Option<u64>,
}

/// Times whole VIMAE-n training steps on made-up pictures: random draws, encoder, decoder, distortion and
/// MMD, backward, Adam.
///
/// # Errors
/// Where a part reports one.
pub fn bench_step(dataset: &str, width: usize, batch: usize, steps: usize, device: &Device) -> Result<StepTiming> {
    // Channels, side, kernel, doublings, code, weight of the MMD.
    let (channels, side, kernel, doublings, code, lambda) = match dataset {
        "cifar10" => (3, 32, 5, 3, 64, 100.0),
        "celeba" => (3, 64, 5, 3, 64, 100.0),
        _ => (1, 28, 4, 2, 8, 10.0),
    };
    let range = if channels == 1 { PixelRange::Unit } else { PixelRange::Symmetric };
    let image = ImageShape { channels, height: side, width: side };
    let settings = |value: serde_json::Value| value.as_object().cloned().unwrap_or_default();
    let objective = vimae_objectives::build("vimae_n", &settings(json!({ "lambda": lambda })))?;
    let prior = vimae_priors::PRIORS.find("normal")?;
    let part = PartRequest { code, image, range, seed: 0, dtype: DType::F32, device: device.clone() };
    let prior = (prior.build)(&Settings::check("prior", prior.name, prior.keys, &Map::new())?, &part)?;
    let noise = vimae_objectives::default_noise(objective.as_ref())?;
    let request = Request { image, range, code, head: noise.network_head(), seed: 0, dtype: DType::F32, device };
    let model = vimae_models::build("wae_conv", &settings(json!({ "width": width, "kernel": kernel, "doublings": doublings })), &request)?;
    let model = WithNoise::new(model, noise)?;
    let line = Line::new(&model, objective.as_ref(), prior.as_ref());
    let config = AdamConfig { learning_rate: 1e-3, beta1: 0.5, beta2: 0.999, epsilon: 1e-8 };
    let mut adam = Adam::new(line.weights(), config).map_err(vimae_trainer::Error::from)?;
    let streams = Streams::new(0);
    let pixels = streams.fill(Purpose::Evaluation, 0, batch * image.len(), rand::Rng::random::<f32>);
    let images = Tensor::from_vec(pixels, (batch, channels, side, side), device).map_err(vimae_core::Error::from)?;

    let mut times = Vec::with_capacity(steps);
    for step in 0..WARM_UP + steps {
        let started = Instant::now();
        let loss = line.loss(&images, &Draws::at(&line, &images, &streams, step as u64)?)?;
        let gradients = loss.total.backward().map_err(vimae_core::Error::from)?;
        adam.step(&gradients).map_err(vimae_trainer::Error::from)?;
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
        threads: rayon::current_num_threads(),
        median_ms: (at((steps - 1) / 2) + at(steps / 2)) / 2.0,
        min_ms: at(0),
        peak_rss_mib: peak_rss_mib(),
    })
}

/// The kernel's record of this process's largest resident memory.
fn peak_rss_mib() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let kib: u64 = status.lines().find_map(|l| l.strip_prefix("VmHWM:"))?.trim().strip_suffix("kB")?.trim().parse().ok()?;
    Some(kib / 1024)
}
