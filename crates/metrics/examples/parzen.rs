//! Times a Parzen window on images in two files of raw `f32`, and prints one JSON line.
//!
//! `parzen TEST SAMPLES VALUES SIGMA`: VALUES is the number of values of an image.

use std::{env, error::Error, fs, time::Instant};

use candle_core::{Device, Tensor};
use vimae_metrics::{
    Summary,
    nll::parzen::{Window, log_densities},
};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [test, samples, values, sigma] = arguments.as_slice() else {
        return Err("parzen TEST SAMPLES VALUES SIGMA".into());
    };
    let (values, sigma): (usize, f64) = (values.parse()?, sigma.parse()?);
    let load = |path: &str| -> Result<Tensor, Box<dyn Error>> {
        let floats: Vec<f32> = fs::read(path)?.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect();
        Ok(Tensor::from_vec(floats, ((), values), &Device::Cpu)?)
    };
    let (test, samples) = (load(test)?, load(samples)?);
    let window = Window { sigma, samples: samples.dim(0)? };
    let start = Instant::now();
    let densities = log_densities(&test, &samples, &[window])?;
    let seconds = start.elapsed().as_secs_f64();
    let losses: Vec<f64> = densities[0].iter().map(|d| -d).collect();
    let mean = Summary::of(&losses).ok_or("a density is not finite")?.mean;
    // The kernel's own count of the largest resident memory; absent where there is no such file.
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|l| l.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB")?.parse::<u64>().ok());
    let peak = peak.map_or("null".to_owned(), |kib| format!("{:.1}", kib as f64 / 1024.0));
    #[expect(clippy::print_stdout, reason = "the example's result")]
    {
        println!("{{\"seconds\": {seconds:.4}, \"nll\": {mean:.9}, \"peak_rss_mib\": {peak}}}");
    }
    Ok(())
}
