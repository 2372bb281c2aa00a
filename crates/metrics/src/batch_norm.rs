//! A decoder's batch norm with statistics of codes from the prior.
//!
//! Running statistics follow the codes of training images. Codes from the prior are others where the aggregated
//! posterior is not the prior, and every layer then shifts and scales by statistics that are not its own. Here each layer
//! gets those of the prior's codes: over batches of `BATCH` codes, the mean of the batches' means, and the mean of their
//! variances plus the variance of their means (Wu and Johnson, "Rethinking `Batch` in BatchNorm", 2021, there called
//! precise batch norm). The statistics are in f64; weights stay as they are.

use candle_core::{DType, Tensor, Var};
use vimae_core::{AutoEncoder, Error, Mode, Result};

/// Codes that go through the decoder at once, as many as in a step of training.
const BATCH: usize = 100;
/// What the names of a decoder's parameters begin with.
const DECODER: &str = "decoder.";
/// How the two statistics of a layer are named.
const ENDS: [&str; 2] = [".running_mean", ".running_var"];

/// A layer's two running statistics.
type Layer = [Var; 2];

/// What `then` gives while the decoder's running statistics are those of `codes` `[N, d]`, rows beyond the last whole
/// batch left out; the old ones come back in any case. None where the decoder has no batch norm.
///
/// # Errors
/// [`Error::Shape`] for no codes; where the decoder does not follow statistics as batch norm does, the device fails, or
/// as `then`.
pub fn with_statistics_of<T>(model: &dyn AutoEncoder, codes: &Tensor, then: impl FnOnce() -> Result<T>) -> Result<Option<T>> {
    let layers = layers(model);
    if layers.is_empty() {
        return Ok(None);
    }
    let before: Vec<Tensor> = layers.iter().flatten().map(|var| var.as_detached_tensor().copy()).collect::<candle_core::Result<_>>()?;
    let outcome = estimate(model, &layers, codes).and_then(|()| then());
    for (var, tensor) in layers.iter().flatten().zip(&before) {
        var.set(tensor)?;
    }
    outcome.map(Some)
}

/// The statistics of every batch norm of the decoder.
fn layers(model: &dyn AutoEncoder) -> Vec<Layer> {
    let buffers = model.parameters().buffers();
    let find = |name: String| buffers.iter().find(|(n, _)| *n == name).map(|(_, var)| var.clone());
    let names = buffers.iter().filter(|(name, _)| name.starts_with(DECODER)).filter_map(|(name, _)| name.strip_suffix(ENDS[0]));
    names.filter_map(|name| Some([find(format!("{name}{}", ENDS[0]))?, find(format!("{name}{}", ENDS[1]))?])).collect()
}

/// Sets the statistics to those of `codes`.
fn estimate(model: &dyn AutoEncoder, layers: &[Layer], codes: &Tensor) -> Result<()> {
    let count = codes.dim(0)?;
    if count < 2 {
        return Err(Error::shape("codes from the prior", "[N, d] with N of 2 or more", codes.dims()));
    }
    let batches = (count / BATCH).max(1);
    let rows = BATCH.min(count);
    let share = share(model, layers, &codes.narrow(0, 0, rows)?)?;
    let mut sums: Vec<Sums> = layers.iter().map(|[mean, _]| Sums::new(mean.elem_count())).collect();
    for batch in 0..batches {
        fill(layers, 0.0)?;
        follow(model, &codes.narrow(0, batch * rows, rows)?)?;
        for ([mean, variance], sums) in layers.iter().zip(&mut sums) {
            sums.add(&numbers(mean)?, &numbers(variance)?, share);
        }
    }
    for ([mean, variance], sums) in layers.iter().zip(&sums) {
        let (means, variances) = sums.finish(batches);
        for (var, values) in [(mean, means), (variance, variances)] {
            var.set(&Tensor::from_vec(values, var.shape(), var.device())?.to_dtype(var.dtype())?)?;
        }
    }
    Ok(())
}

/// The share of a batch in the running statistics: they go from 0 to `share x`, and from 1 to `1 - share + share x`.
fn share(model: &dyn AutoEncoder, layers: &[Layer], codes: &Tensor) -> Result<f64> {
    let mut after = [0.0, 0.0];
    for (start, after) in [0.0, 1.0].into_iter().zip(&mut after) {
        fill(layers, start)?;
        follow(model, codes)?;
        *after = layers.first().map(|[mean, _]| numbers(mean)).transpose()?.and_then(|mean| mean.first().copied()).unwrap_or(f64::NAN);
    }
    let share = 1.0 - (after[1] - after[0]);
    if share > 1e-3 && share <= 1.0 + 1e-3 {
        return Ok(share);
    }
    Err(Error::Unsupported {
        what: "batch norm statistics of prior samples".into(),
        reason: format!("a training pass moves the running ones by a share of {share}, not by one between 0 and 1"),
    })
}

fn follow(model: &dyn AutoEncoder, codes: &Tensor) -> Result<()> {
    model.decode(&codes.to_device(model.parameters().device())?, Mode::Train).map(|_| ())
}

fn fill(layers: &[Layer], value: f64) -> Result<()> {
    for var in layers.iter().flatten() {
        var.set(&var.as_detached_tensor().zeros_like()?.affine(1.0, value)?)?;
    }
    Ok(())
}

fn numbers(var: &Var) -> Result<Vec<f64>> {
    Ok(var.as_detached_tensor().to_dtype(DType::F64)?.flatten_all()?.to_vec1()?)
}

/// Sums of a layer's batch statistics, by channel.
struct Sums {
    mean: Vec<f64>,
    square: Vec<f64>,
    variance: Vec<f64>,
}

impl Sums {
    fn new(channels: usize) -> Self {
        Self { mean: vec![0.0; channels], square: vec![0.0; channels], variance: vec![0.0; channels] }
    }

    fn add(&mut self, mean: &[f64], variance: &[f64], share: f64) {
        for (channel, (mean, variance)) in mean.iter().zip(variance).enumerate() {
            let (mean, variance) = (mean / share, variance / share);
            self.mean[channel] += mean;
            self.square[channel] += mean * mean;
            self.variance[channel] += variance;
        }
    }

    /// Mean and variance over all batches.
    fn finish(&self, batches: usize) -> (Vec<f64>, Vec<f64>) {
        let n = batches as f64;
        let mean: Vec<f64> = self.mean.iter().map(|sum| sum / n).collect();
        let between = self.square.iter().zip(&mean).map(|(square, mean)| (square / n - mean * mean).max(0.0));
        let variance = self.variance.iter().zip(between).map(|(within, between)| within / n + between).collect();
        (mean, variance)
    }
}
