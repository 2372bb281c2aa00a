//! How much each weight matters to the loss of a task.

use std::collections::BTreeMap;

use candle_core::{Device, Tensor, Var};
use vimae_core::{Batches, Split, Streams};
use vimae_datasets::Loader;
use vimae_trainer::{Draws, Line, on_pool};

use crate::{Result, Task};

/// The importance of every weight of the network, by name: N times the mean over `steps` steps of the square of the
/// gradient of the loss of N images, without critic and without change to the network.
///
/// Where the images of a step are independent and the mean gradient is zero, as behind a training, this is the mean square
/// of the gradient of one image, the diagonal of the empirical Fisher information. It needs no gradients image by image,
/// and a divergence, which one code does not have, is part of it.
///
/// # Errors
/// Where the task has fewer than N images, or the device fails.
pub fn importance(
    line: Line<'_>,
    task: &Task,
    (batch, steps): (usize, u64),
    streams: Streams,
    device: &Device,
) -> Result<BTreeMap<String, Tensor>> {
    let streams = streams.fold_in("continual.importance");
    let mut batches = Loader::new(task.dataset.clone(), Split::Train, batch, streams, device)?;
    let parameters = line.model.parameters();
    // A step moves running statistics.
    let before: Vec<(Var, Tensor)> =
        parameters.buffers().into_iter().map(|(_, var)| Ok((var.clone(), var.as_tensor().copy()?))).collect::<Result<_>>()?;
    let mut sums: BTreeMap<String, Tensor> = BTreeMap::new();
    for step in 0..steps {
        let images = batches.batch(step)?.images;
        let gradients = on_pool(device, || -> vimae_core::Result<_> {
            let bound = line.bind()?;
            let line = line.under(bound.as_deref());
            let draws = Draws::at(&line, &images, &streams, step)?;
            Ok(line.step(&images, &draws)?.loss.total.backward()?)
        })?;
        for (name, var) in parameters.weights() {
            let square = match gradients.get(&var) {
                Some(gradient) => (gradient.detach().sqr()? * (batch as f64 / steps as f64))?,
                None => var.as_tensor().detach().zeros_like()?,
            };
            let sum = sums.get(&name).map_or(Ok(square.clone()), |sum| sum + &square)?;
            sums.insert(name, sum);
        }
    }
    for (var, value) in before {
        var.set(&value)?;
    }
    Ok(sums)
}
