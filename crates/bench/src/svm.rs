//! Support vector machines, timed.

use std::{path::Path, time::Instant};

use candle_core::{DType, Device};
use ndarray::{Array2, ArrayView2, Axis};
use serde::Serialize;
use vimae_core::{Purpose, Streams};
use vimae_svm::{Kernel, Svm, TransductiveSvm};

use crate::{Error, Result};

/// Classes of made-up codes.
const CLASSES: usize = 10;
/// Deviation of the middles of their classes, in units of the deviation within each, times sqrt(8 / d).
const APART: f64 = 1.0;

/// What to time.
#[derive(Debug, Clone, Copy)]
pub struct SvmBench<'a> {
    /// A safetensors file with `codes` `[n, d]` and `labels` `[n]`; made-up codes where absent.
    pub codes: Option<&'a Path>,
    /// Labelled codes, the first rows.
    pub labelled: usize,
    /// Codes to classify, and the pool of the transductive machines, the rows after those.
    pub pool: usize,
    /// Dimensions of made-up codes.
    pub dimensions: usize,
    /// Whether the kernel is linear; else Gaussian with gamma = 1 / d.
    pub linear: bool,
    /// Whether to time the transductive machines.
    pub transductive: bool,
    /// Repetitions.
    pub repeats: usize,
}

/// What a timing gave.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct SvmTiming {
    /// Name and version of this code.
    pub system: String,
    /// `rbf` or `linear`.
    pub kernel: &'static str,
    /// `inductive` or `transductive`.
    pub machine: &'static str,
    /// Labelled codes.
    pub labelled: usize,
    /// Codes classified, and the pool.
    pub pool: usize,
    /// Dimensions.
    pub dimensions: usize,
    /// Classes, one machine each.
    pub classes: usize,
    /// Threads.
    pub threads: usize,
    /// Seconds of each fit, prediction not counted; a transductive fit labels the pool.
    pub seconds: Vec<f64>,
    /// The fastest.
    pub min_seconds: f64,
    /// Their median, the lower of two.
    pub median_seconds: f64,
    /// Share of the codes to classify that are classified rightly.
    pub accuracy: f64,
    /// Largest resident memory of the process, in MiB; absent where the system does not say.
    pub peak_rss_mib: Option<u64>,
}

/// Times fits of ten or so machines, one class against the rest, C = 1, tolerance 1e-3.
///
/// # Errors
/// Where the file cannot be read or has too few rows, and where a fit fails.
pub fn bench_svm(bench: &SvmBench<'_>) -> Result<SvmTiming> {
    let (codes, labels) = match bench.codes {
        Some(path) => read(path)?,
        None => made_up(bench.labelled + bench.pool, bench.dimensions),
    };
    let needed = bench.labelled + bench.pool;
    if codes.nrows() < needed || bench.labelled == 0 || bench.pool == 0 || bench.repeats == 0 {
        let problem = format!("{} codes for {} labelled ones and {} others, each at least one", codes.nrows(), bench.labelled, bench.pool);
        return Err(Error::Record { path: bench.codes.unwrap_or(Path::new("made-up codes")).into(), problem });
    }
    let part = |from: usize, count: usize| codes.select(Axis(0), &(from..from + count).collect::<Vec<_>>());
    let (known, asked) = (part(0, bench.labelled), part(bench.labelled, bench.pool));
    let (labels, truth) = (&labels[..bench.labelled], &labels[bench.labelled..needed]);
    let kernel = if bench.linear { Kernel::Linear } else { Kernel::Rbf { gamma: 1.0 / codes.ncols() as f64 } };
    let mut seconds = Vec::with_capacity(bench.repeats);
    let mut accuracy = 0.0;
    let mut classes = 0;
    for _ in 0..bench.repeats {
        let started = Instant::now();
        let (machines, predicted) = fit(bench, kernel, known.view(), labels, asked.view())?;
        seconds.push(started.elapsed().as_secs_f64());
        let predicted = predicted.map_or_else(|| machines.classify(asked.view()), Ok)?;
        accuracy = predicted.iter().zip(truth).filter(|(p, t)| p == t).count() as f64 / truth.len() as f64;
        classes = machines.classes().len();
    }
    let mut sorted = seconds.clone();
    sorted.sort_by(f64::total_cmp);
    let at = |index: usize| sorted.get(index).copied().unwrap_or(f64::NAN);
    Ok(SvmTiming {
        system: concat!("vimae ", env!("CARGO_PKG_VERSION")).into(),
        kernel: if bench.linear { "linear" } else { "rbf" },
        machine: if bench.transductive { "transductive" } else { "inductive" },
        labelled: bench.labelled,
        pool: bench.pool,
        dimensions: codes.ncols(),
        classes,
        threads: rayon::current_num_threads(),
        min_seconds: at(0),
        median_seconds: at((seconds.len() - 1) / 2),
        seconds,
        accuracy,
        peak_rss_mib: crate::step::peak_rss_mib(),
    })
}

type Fitted = (vimae_svm::Machines, Option<Vec<u32>>);

fn fit(bench: &SvmBench<'_>, kernel: Kernel, known: ArrayView2<'_, f64>, labels: &[u32], pool: ArrayView2<'_, f64>) -> Result<Fitted> {
    let fitted = match bench.transductive {
        true => TransductiveSvm::new(Svm::new(kernel)).train(known, labels, pool).map(|found| (found.machines, Some(found.labels))),
        false => Svm::new(kernel).train(known, labels).map(|machines| (machines, None)),
    };
    Ok(fitted?)
}

fn read(path: &Path) -> Result<(Array2<f64>, Vec<u32>)> {
    let broken = |problem: String| Error::Record { path: path.into(), problem };
    let mut file = candle_core::safetensors::load(path, &Device::Cpu).map_err(|e| broken(e.to_string()))?;
    let mut take = |name: &str| file.remove(name).ok_or_else(|| broken(format!("has no tensor {name}")));
    let (codes, labels) = (take("codes")?, take("labels")?);
    let values = |tensor: &candle_core::Tensor| tensor.to_dtype(DType::F64)?.flatten_all()?.to_vec1::<f64>();
    let size = codes.dims2().map_err(|e| broken(e.to_string()))?;
    let labels: Vec<u32> = values(&labels).map_err(|e| broken(e.to_string()))?.into_iter().map(|l| l as u32).collect();
    if labels.len() != size.0 {
        return Err(broken(format!("has {} labels for {} codes", labels.len(), size.0)));
    }
    let codes = values(&codes).map_err(|e| broken(e.to_string()))?;
    Ok((Array2::from_shape_vec(size, codes).map_err(|e| broken(e.to_string()))?, labels))
}

/// Overlapping classes of unit variance.
fn made_up(count: usize, dimensions: usize) -> (Array2<f64>, Vec<u32>) {
    let streams = Streams::new(1);
    let centres = streams.normal(Purpose::Evaluation, 0, CLASSES * dimensions);
    let noise = streams.normal(Purpose::Evaluation, 1, count * dimensions);
    let scale = APART * (8.0 / dimensions.max(1) as f64).sqrt();
    let code = |(i, j): (usize, usize)| scale * f64::from(centres[i % CLASSES * dimensions + j]) + f64::from(noise[i * dimensions + j]);
    (Array2::from_shape_fn((count, dimensions), code), (0..count).map(|i| (i % CLASSES) as u32).collect())
}
