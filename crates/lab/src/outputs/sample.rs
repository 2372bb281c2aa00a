//! New images, decoded from draws of what the run's codes are drawn from.

use super::{input::BATCH, place::Out, sink::Sink};
use crate::{Model, Progress, Result};

/// Which images to draw.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SampleRequest {
    /// How many.
    pub count: usize,
    /// Of the draws: the same seed gives the same images.
    pub seed: u64,
    /// Images in a row of one PNG.
    pub columns: usize,
}

/// Writes new images: into a folder as PNG files, into one array (`.npz`, `.npy`, `[N, H, W, C]` in bytes) or one PNG with all of
/// them.
///
/// # Errors
/// [`Error::Exists`](crate::Error::Exists) and [`Error::Output`](crate::Error::Output) for the place; where the device fails.
pub fn sample(model: &Model, request: &SampleRequest, out: Out<'_>, progress: &dyn Progress) -> Result<()> {
    let &SampleRequest { count, seed, columns } = request;
    let codes = model.sample_codes(seed, count)?;
    let mut sink = Sink::create(out, model.network().image_shape(), count, columns)?;
    let digits = count.to_string().len().max(5);
    for start in (0..count).step_by(BATCH) {
        let batch = codes.narrow(0, start, BATCH.min(count - start))?;
        for (place, bytes) in (start..).zip(model.bytes(&model.decode(&batch)?)?) {
            sink.add(place, &format!("{place:0digits$}"), bytes)?;
        }
        progress.working("samples", (start + BATCH).min(count), count);
    }
    sink.finish()
}
