//! The split of the WAE code, which pools the images of MNIST and of CIFAR-10 before it cuts them.

use vimae_core::Split;

use crate::{Result, numpy, stack::Stack};

vimae_core::settings! {
    pub(crate) enum Way { Paper, Wae }
}

/// All images in the order of NumPy's seed 123, the last `count` to test.
///
/// # Errors
/// As [`Stack::select`].
pub(crate) fn wae(train: Stack, test: Stack, count: usize) -> Result<Vec<(Split, Stack)>> {
    let pooled = train.join(&test);
    drop(test);
    let (train, test) = pooled.select(&numpy::shuffled(123, pooled.len()))?.cut(pooled.len().saturating_sub(count));
    Ok(vec![(Split::Train, train), (Split::Test, test)])
}
