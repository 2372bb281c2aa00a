//! Training of the encoder alone, before the first step of a run: its codes come to have the prior's mean and covariance.
//!
//! That of the WAE code (Tolstikhin et al. 2018): Adam at the run's learning rate, on [`PRETRAINING_IMAGES`] images and as many draws
//! of the prior in each step, lowers the mean squared difference of the means plus that of the covariances,
//! `mean_j (m_q - m_p)_j^2 + mean_jk (S_q - S_p)_jk^2`, until it is below 0.1. Images are those of the run's first batches, all draws
//! are of streams of its own. What is left of it are weights and running statistics: a run that is killed before its first
//! checkpoint takes the same steps again.

use candle_core::{DType, Tensor};
use vimae_core::{Batches, Mode, RunContext, Streams};
use vimae_ops::{Adam, AdamConfig};

use crate::{Draws, Error, Line, Result, on_pool};

/// What a run is said to do meanwhile.
pub const PRETRAINING: &str = "pretraining the encoder";
/// Images of a step, in whole batches: at least as many, where an epoch has them.
pub const PRETRAINING_IMAGES: usize = 1_000;
/// The loss below which the encoder is near enough.
const NEAR: f64 = 0.1;

/// Takes at most `steps` steps.
///
/// # Errors
/// Returns [`Error::Diverged`] if the loss is not finite, [`Error::Stopped`] if the context is stopped, and the errors of the parts.
pub(crate) fn pretrain(
    line: &Line<'_>,
    batches: &mut dyn Batches,
    (steps, adam): (u64, AdamConfig),
    streams: &Streams,
    context: &RunContext<'_>,
) -> Result<()> {
    if steps == 0 {
        return Ok(());
    }
    let streams = streams.fold_in("pretraining");
    let batch = batches.batch(0)?.images.dim(0)?.max(1);
    let together = (PRETRAINING_IMAGES.div_ceil(batch) as u64).min(batches.per_epoch()).max(1);
    let mut optimiser = None;
    for step in 0..steps {
        if context.is_stopped() {
            return Err(Error::Stopped { step: 0 });
        }
        let parts = (0..together).map(|part| -> Result<Tensor> { Ok(batches.batch(step * together + part)?.images) });
        let images = Tensor::cat(&parts.collect::<Result<Vec<_>>>()?, 0)?;
        let value = on_pool(images.device(), || -> Result<f64> {
            let loss = loss(line, &images, &streams, step)?;
            let gradients = vimae_ops::backward(&loss)?;
            if optimiser.is_none() {
                // Codes depend on no weight of the decoder.
                let reached = line.weights().into_iter().filter(|(_, var)| gradients.get(var).is_some()).collect();
                optimiser = Some(Adam::named(reached, adam)?);
            }
            if let Some(adam) = &mut optimiser {
                adam.step(&gradients)?;
            }
            Ok(loss.to_dtype(DType::F64)?.to_scalar()?)
        })?;
        if !value.is_finite() {
            return Err(Error::Diverged { step: 0, term: "pretraining".into(), value, kept: 0 });
        }
        context.progress.working(PRETRAINING, step as usize + 1, steps as usize);
        if value < NEAR {
            break;
        }
    }
    Ok(())
}

/// How far the codes of images `[N, C, H, W]`, as training makes them, are from as many draws of the prior.
fn loss(line: &Line<'_>, images: &Tensor, streams: &Streams, step: u64) -> Result<Tensor> {
    let bound = line.bind()?;
    let line = line.under(bound.as_deref());
    let draws = Draws::at(&line, images, streams, step)?;
    let code = line.model.encode(draws.corrupted.as_ref().unwrap_or(images), Mode::Train)?;
    let z = match &draws.code {
        // One draw for each image, however many the objective takes.
        Some(noise) => code.sample(&noise.narrow(0, 0, images.dim(0)?)?)?,
        None => code.mean,
    };
    apart(&z, &draws.prior)
}

/// The mean squared difference of the means of two samples `[N, d]` plus that of their covariances, which divide by N - 1.
fn apart(q: &Tensor, p: &Tensor) -> Result<Tensor> {
    let ((q_mean, q_covariance), (p_mean, p_covariance)) = (moments(q)?, moments(p)?);
    let means = (q_mean - p_mean)?.sqr()?.mean_all()?;
    let covariances = (q_covariance - p_covariance)?.sqr()?.mean_all()?;
    Ok((means + covariances)?)
}

/// Mean `[1, d]` and covariance `[d, d]`.
fn moments(sample: &Tensor) -> Result<(Tensor, Tensor)> {
    let mean = sample.mean_keepdim(0)?;
    let centred = sample.broadcast_sub(&mean)?;
    let covariance = (centred.t()?.matmul(&centred)? / (sample.dim(0)? as f64 - 1.0))?;
    Ok((mean, covariance))
}

#[cfg(test)]
mod tests {
    use std::{
        sync::Arc,
        sync::atomic::{AtomicBool, Ordering},
    };

    use candle_core::Device;
    use vimae_core::{Dataset, Head, Output, PartRequest, Split};
    use vimae_datasets::{Loader, Sources};

    use super::*;

    #[test]
    fn means_and_covariances_by_hand() {
        let q = Tensor::new(&[[0.0_f64, 0.0], [2.0, 4.0]], &Device::Cpu).unwrap();
        let p = Tensor::new(&[[1.0_f64, 0.0], [1.0, 0.0]], &Device::Cpu).unwrap();
        // Means (1, 2) and (1, 0); covariance ((2, 4), (4, 8)) beside none.
        assert_eq!(apart(&q, &p).unwrap().to_scalar::<f64>().unwrap(), 2.0 + 25.0);
    }

    #[test]
    fn the_encoder_comes_nearer_to_the_prior_and_the_decoder_stays() {
        let settings = [("train_images".to_owned(), 1_000.into())].into_iter().collect();
        let dataset: Arc<dyn Dataset> = Arc::from(vimae_datasets::open("digits", &settings, &Sources::default()).unwrap());
        let (image, range, dtype, device) = (dataset.shape().unwrap(), dataset.range(), DType::F32, Device::Cpu);
        let (head, output) = (Head::Deterministic, Output::IMAGES);
        let request = vimae_models::Request { image, range, code: 2, head, output, seed: 1, dtype, device: device.clone() };
        let size = [("width".to_owned(), 16.into()), ("layers".to_owned(), 1.into())].into_iter().collect();
        let network = vimae_models::MODELS.build("mlp", &size, &request).unwrap();
        let objective = vimae_objectives::OBJECTIVES.build("vimae_n", &Default::default()).unwrap();
        let part = PartRequest { code: 2, image, range, seed: 1, dtype, device: device.clone() };
        let prior = vimae_priors::PRIORS.build("laplace", &Default::default(), &part).unwrap();
        let line = Line::new(network.as_ref(), objective.as_ref(), prior.as_ref());
        let mut batches = Loader::new(dataset, Split::Train, 100, Streams::new(3), &device).unwrap();
        let images = batches.batch(0).unwrap().images;
        let distance = || loss(&line, &images, &Streams::new(9), 0).unwrap().to_scalar::<f32>().unwrap();
        let weights = |side: &str| -> Vec<Vec<f32>> {
            let of_side = network.parameters().weights().into_iter().filter(|(name, _)| name.starts_with(side));
            of_side.map(|(_, var)| var.as_tensor().flatten_all().unwrap().to_vec1().unwrap()).collect()
        };
        let (before, encoder, decoder) = (distance(), weights("encoder."), weights("decoder."));
        let adam = AdamConfig { learning_rate: 2e-3, ..AdamConfig::default() };
        let folder = tempfile::tempdir().unwrap();

        let stop = AtomicBool::new(true);
        let stopped = RunContext { stop: &stop, ..RunContext::new(folder.path()) };
        let mut run = |steps, context: &RunContext<'_>| pretrain(&line, &mut batches, (steps, adam), &Streams::new(3), context);
        assert!(matches!(run(200, &stopped), Err(Error::Stopped { step: 0 })));
        stop.store(false, Ordering::Relaxed);
        run(0, &stopped).unwrap();
        assert_eq!(weights("encoder."), encoder);

        run(200, &stopped).unwrap();
        let after = distance();
        assert!(after < 0.8 * before, "{before} and {after}");
        assert!(weights("encoder.") != encoder && weights("decoder.") == decoder);
    }
}
