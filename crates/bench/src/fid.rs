//! The parts of an FID, timed: the network, and the distances in 2048 dimensions.

use std::{collections::BTreeMap, time::Instant};

use candle_core::{Device, Tensor};
use serde::Serialize;
use vimae_core::{ImageShape, Purpose, Streams};
use vimae_metrics::{
    features::{FeatureNetwork, Features, ImageView, Source},
    fid,
    gaussian::Gaussian,
    inception::{self, Inception},
    kid::kid,
    prdc::{Balls, prdc},
    resize::Resize,
};

use vimae_lab::device_name;

use crate::Result;

/// What a timing gave. Seconds are of the fastest of `repeats`.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct FidTiming {
    /// Name and version of this code.
    pub system: String,
    /// Where.
    pub device: String,
    /// Threads of the CPU's products.
    pub threads: usize,
    /// Images timed, and rows and columns of each.
    pub images: usize,
    /// Rows and columns of each.
    pub size: usize,
    /// Images a second from bytes to features, resizing included.
    pub images_per_second: f64,
    /// One Frechet distance of two covariances in 2048 dimensions, of 2600 rows each.
    pub frechet_2048_seconds: f64,
    /// Mean and covariance of 2600 rows in 2048 dimensions.
    pub covariance_2048_seconds: f64,
    /// Rows of each set in the next two.
    pub rows: usize,
    /// KID by all pairs, in 2048 dimensions.
    pub kid_seconds: f64,
    /// Precision, recall, density and coverage at k = 3 and 5, in 2048 dimensions.
    pub prdc_seconds: f64,
}

/// Times the parts of an FID with untrained weights and made-up numbers.
///
/// # Errors
/// Where a part reports one.
pub fn bench_fid(images: usize, size: usize, rows: usize, repeats: usize, device: &Device) -> Result<FidTiming> {
    let streams = Streams::new(0);
    let network = untrained(&streams, device)?;
    let shape = ImageShape { channels: 3, height: size, width: size };
    let bytes: Vec<u8> = streams.fill(Purpose::Evaluation, 0, images * shape.len(), rand::Rng::random::<u8>);
    let views: Vec<ImageView<'_>> = bytes.chunks(shape.len()).map(|bytes| ImageView { shape, bytes }).collect();
    network.run(&views[..images.min(8)])?;
    let forward = fastest(repeats, || Ok(network.run(&views).map(|_| ())?))?;

    let features = |step: u64, count: usize| -> Result<Features> {
        let values = streams.normal(Purpose::Evaluation, step, count * inception::FEATURES);
        // Dimensions of unlike variance, as the peer's.
        let scaled = values.iter().enumerate().map(|(i, v)| v * (0.2 + 0.8 * (i % inception::FEATURES) as f32 / 2048.0)).collect();
        Ok(Features::new(Source::new("made up", "none"), &step.to_string(), inception::FEATURES, scaled, None)?)
    };
    let (a, b) = (features(1, 2_600)?, features(2, 2_600)?);
    let covariance = fastest(repeats, || Ok(Gaussian::of(&a).map(|_| ())?))?;
    let (first, second) = (Gaussian::of(&a)?, Gaussian::of(&b)?);
    let frechet = fastest(repeats, || Ok(fid::distance(&first, &second).map(|_| ())?))?;
    let (a, b) = (features(3, rows)?, features(4, rows)?);
    let kernel = fastest(1, || Ok(kid(&a, &b).map(|_| ())?))?;
    let neighbours = fastest(1, || Ok(prdc(&a, &b, &[3, 5], Balls::Closed).map(|_| ())?))?;
    Ok(FidTiming {
        system: concat!("vimae ", env!("CARGO_PKG_VERSION")).into(),
        device: device_name(device),
        threads: rayon::current_num_threads(),
        images,
        size,
        images_per_second: images as f64 / forward,
        frechet_2048_seconds: frechet,
        covariance_2048_seconds: covariance,
        rows,
        kid_seconds: kernel,
        prdc_seconds: neighbours,
    })
}

fn fastest(repeats: usize, mut work: impl FnMut() -> Result<()>) -> Result<f64> {
    let mut best = f64::INFINITY;
    for _ in 0..repeats.max(1) {
        let started = Instant::now();
        work()?;
        best = best.min(started.elapsed().as_secs_f64());
    }
    Ok(best)
}

/// The network with random weights that keep activations in range.
fn untrained(streams: &Streams, device: &Device) -> Result<Inception> {
    let mut tensors = BTreeMap::new();
    for (step, (name, shape)) in inception::shapes().into_iter().enumerate() {
        let fan_in: usize = shape.iter().skip(1).product();
        let scale = if name.contains(".bn.") { 0.0 } else { (2.0 / fan_in.max(1) as f32).sqrt() };
        let centre = if name.ends_with("running_var") || name.ends_with("bn.weight") { 1.0 } else { 0.0 };
        let count = shape.iter().product();
        let values = streams.normal(Purpose::Initialisation, step as u64, count).iter().map(|v| centre + scale * v).collect::<Vec<_>>();
        tensors.insert(name, Tensor::from_vec(values, shape, &Device::Cpu)?);
    }
    Ok(Inception::new(&tensors, "untrained", Resize::Legacy, device)?)
}
