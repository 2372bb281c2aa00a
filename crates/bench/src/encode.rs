//! Images to codes, timed as a user meets it: a set is opened, looked at, encoded, and its codes are written.

use std::time::Instant;

use candle_core::Device;
use serde::Serialize;
use vimae_lab::{EncodeRequest, Error, HubOptions, Images, Model, Out, Shelf, Silent, Sources, device_name};

use crate::Result;

/// What a timing gave.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct EncodeTiming {
    /// Name and version of this code.
    pub system: String,
    /// Where.
    pub device: String,
    /// Threads of the CPU.
    pub threads: usize,
    /// Images of a pass.
    pub images: usize,
    /// Seconds of each pass, from the place of the images to the file of their codes.
    pub seconds: Vec<f64>,
    /// Images a second of the median pass.
    pub images_per_second: f64,
}

/// Encodes the images at `place` with the model of `run`, `passes` times after one to warm up.
///
/// # Errors
/// As [`vimae_lab::encode`].
pub fn bench_encode(run: &str, place: &str, passes: usize, sources: Sources, device: &Device) -> Result<EncodeTiming> {
    let model = Model::open(run, device, &HubOptions::from_env(), &mut |_| ())?;
    let folder = tempfile::tempdir().map_err(|e| Error::Output { path: std::env::temp_dir(), problem: e.to_string() })?;
    let path = folder.path().join("codes.npy");
    let request = EncodeRequest { images: Images { place: place.into(), count: None, skip_broken: false }, seed: 0 };
    let mut shelf = Shelf::new(sources);
    let (mut seconds, mut images) = (Vec::with_capacity(passes), 0);
    for pass in 0..=passes {
        let started = Instant::now();
        images = vimae_lab::encode(&model, &request, Out { path: &path, overwrite: true }, &mut shelf, &Silent)?.count;
        if pass > 0 {
            seconds.push(started.elapsed().as_secs_f64());
        }
    }
    let mut sorted = seconds.clone();
    sorted.sort_by(f64::total_cmp);
    let median = sorted.get(sorted.len() / 2).copied().unwrap_or(f64::NAN);
    Ok(EncodeTiming {
        system: concat!("vimae ", env!("CARGO_PKG_VERSION")).into(),
        device: device_name(device),
        threads: rayon::current_num_threads(),
        images,
        seconds,
        images_per_second: images as f64 / median,
    })
}
