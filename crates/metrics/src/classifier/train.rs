//! The classifier's training: cross entropy, Adam, a fixed number of steps.

use std::collections::BTreeMap;

use candle_core::{DType, Device, Tensor, Var};
use rand::seq::SliceRandom;
use vimae_core::{Dataset, Error, ImageSet, Init, Parameters, PixelRange, Progress, Purpose, Result, Split, Streams};

use super::forward;
use crate::training::minimise;

const FILTERS: [usize; 2] = [16, 32];
const KERNEL: usize = 4;
const FEATURES: usize = 64;
const BATCH: usize = 100;
/// At most; eight epochs of fewer images than that.
const STEPS: usize = 300;
const EPOCHS: usize = 8;
const LEARNING_RATE: f64 = 1e-3;
/// One network for a data set, whatever run asks: the seed is no setting.
const SEED: u64 = 0;

/// Weights trained on the labels of the training split.
pub(super) fn train(dataset: &dyn Dataset, progress: &dyn Progress) -> Result<BTreeMap<String, Tensor>> {
    let (set, classes, shape) = (dataset.split(Split::Train)?, dataset.classes(), dataset.shape()?);
    let refuse = |reason: &str| Err(Error::Unsupported { what: format!("a classifier of {}", dataset.name()), reason: reason.into() });
    if classes < 2 {
        return refuse("its images have no labels to tell apart");
    }
    if shape.height < 4 || shape.width < 4 {
        return refuse("its images are smaller than 4 x 4");
    }
    if set.is_empty() {
        return refuse("it has no images to train on");
    }
    let parameters = Parameters::new(SEED, DType::F32, &Device::Cpu);
    let side = |size: usize| size.div_ceil(2).div_ceil(2);
    let layer = |name: &str, dims: &[usize]| -> Result<()> {
        let fan_in: usize = dims.iter().skip(1).product();
        let bound = (6.0 / fan_in as f64).sqrt();
        parameters.weight(&format!("{name}.weight"), dims, Init::Uniform(-bound, bound))?;
        parameters.weight(&format!("{name}.bias"), &dims[..1], Init::Constant(0.0))?;
        Ok(())
    };
    let [first, second] = FILTERS;
    layer("conv0", &[first, shape.channels, KERNEL, KERNEL])?;
    layer("conv1", &[second, first, KERNEL, KERNEL])?;
    layer("feature", &[FEATURES, second * side(shape.height) * side(shape.width)])?;
    layer("class", &[classes, FEATURES])?;

    let weights: BTreeMap<String, Var> = parameters.weights().into_iter().collect();
    let by_name = weights.iter().map(|(n, v)| (n.clone(), Shared(v.clone()))).collect::<BTreeMap<_, _>>();
    let streams = Streams::new(SEED);
    let batch = BATCH.min(set.len());
    let per_epoch = set.len() / batch;
    let steps = STEPS.min(EPOCHS * per_epoch);
    let mut order: Vec<usize> = Vec::new();
    let batch_loss = |step: usize| -> Result<Tensor> {
        progress.working("training the classifier", step, steps);
        if step.is_multiple_of(per_epoch) {
            order = (0..set.len()).collect();
            order.shuffle(&mut streams.at(Purpose::Shuffle, (step / per_epoch) as u64));
        }
        let chosen = &order[step % per_epoch * batch..][..batch];
        loss(&by_name, set, chosen, classes)
    };
    minimise(&parameters, steps, |_| LEARNING_RATE, batch_loss)?;
    progress.working("training the classifier", steps, steps);
    let trained: Result<BTreeMap<String, Tensor>> =
        weights.into_iter().map(|(name, var)| Ok((name, var.as_detached_tensor().copy()?))).collect();
    unit_features(trained?, set)
}

/// Images that the scale of the features is taken from.
const SCALED_ON: usize = 1_000;

/// The same classifier with features of mean square 1: a training leaves their scale to chance, and KID's kernel has
/// a scale of its own.
fn unit_features(mut weights: BTreeMap<String, Tensor>, set: &ImageSet) -> Result<BTreeMap<String, Tensor>> {
    let (mut squares, mut count) = (0.0, 0);
    let indices: Vec<usize> = (0..set.len().min(SCALED_ON)).collect();
    for part in indices.chunks(BATCH) {
        let (features, _) = forward(&weights, &set.tensor(part, PixelRange::Unit, &Device::Cpu)?)?;
        squares += features.to_dtype(DType::F64)?.sqr()?.sum_all()?.to_scalar::<f64>()?;
        count += features.elem_count();
    }
    if squares > 0.0 {
        let scale = (squares / count as f64).sqrt();
        for (name, by) in [("feature.weight", 1.0 / scale), ("feature.bias", 1.0 / scale), ("class.weight", scale)] {
            if let Some(weight) = weights.get_mut(name) {
                *weight = weight.affine(by, 0.0)?;
            }
        }
    }
    Ok(weights)
}

/// A variable that is looked at as a tensor.
struct Shared(Var);

impl AsRef<Tensor> for Shared {
    fn as_ref(&self) -> &Tensor {
        self.0.as_tensor()
    }
}

/// Mean cross entropy of a batch.
fn loss(weights: &BTreeMap<String, Shared>, set: &ImageSet, chosen: &[usize], classes: usize) -> Result<Tensor> {
    let x = set.tensor(chosen, PixelRange::Unit, &Device::Cpu)?;
    let (_, logits) = forward(weights, &x)?;
    let mut targets = vec![0.0_f32; chosen.len() * classes];
    for (row, at) in chosen.iter().enumerate() {
        let label = set.labels().get(*at).map_or(usize::MAX, |l| *l as usize);
        let target = targets.get_mut(row * classes + label).filter(|_| label < classes);
        *target.ok_or_else(|| Error::Data(format!("label {label} among {classes} classes")))? = 1.0;
    }
    let targets = Tensor::from_vec(targets, logits.shape(), &Device::Cpu)?;
    // Written out: candle's own softmax along the last dimension gives no gradient.
    let shifted = logits.broadcast_sub(&logits.max_keepdim(1)?.detach())?;
    let log_sum = shifted.exp()?.sum_keepdim(1)?.log()?;
    let log_likelihood = (shifted.broadcast_sub(&log_sum)? * targets)?.sum_all()?;
    Ok((log_likelihood * (-1.0 / chosen.len() as f64))?)
}
