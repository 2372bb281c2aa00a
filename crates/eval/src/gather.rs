//! Runs a model over images and codes in batches, in evaluation mode, and brings the results to the CPU.

use candle_core::{DType, Device, Tensor};
use ndarray::Array2;
use vimae_core::{Code, Head, ImageSet, Mode, PixelNoise, Purpose, Result, Streams};

use crate::Subject;

/// Images or codes that go through the network at once.
const BATCH: usize = 200;

/// Steps of [`Purpose::Evaluation`], one for each use of random numbers here.
const CODE_NOISE: u64 = 0;
const PRIOR_SAMPLE: u64 = 1;
const PIXEL_NOISE: u64 = 2 << 32;

/// Told what is being done, how much of it is done, and of how much.
pub(crate) type Progress<'p> = &'p mut dyn FnMut(&str, usize, usize);

/// A model under evaluation.
pub(crate) struct Gatherer<'a, 'p> {
    pub(crate) subject: &'a Subject<'a>,
    pub(crate) streams: Streams,
    pub(crate) progress: Progress<'p>,
}

impl Gatherer<'_, '_> {
    /// The codes of the images at `indices` of `set`; `change` is given the images of a batch and the place of
    /// the first among `indices`.
    pub(crate) fn encode(
        &mut self,
        what: &str,
        set: &ImageSet,
        indices: &[usize],
        change: impl Fn(&Tensor, usize) -> Result<Tensor>,
    ) -> Result<Code> {
        let model = self.subject.model;
        let (mut means, mut log_vars) = (Vec::new(), Vec::new());
        for (batch, part) in indices.chunks(BATCH).enumerate() {
            let images = set.tensor(part, self.subject.dataset.range(), model.parameters().device())?;
            let code = model.encode(&change(&images, batch * BATCH)?, Mode::Evaluate)?;
            means.push(detached(&code.mean)?);
            log_vars.extend(code.log_var.as_ref().map(detached).transpose()?);
            (self.progress)(what, batch * BATCH + part.len(), indices.len());
        }
        let log_var = if log_vars.is_empty() { None } else { Some(Tensor::cat(&log_vars, 0)?) };
        Ok(Code { mean: Tensor::cat(&means, 0)?, log_var })
    }

    /// The images decoded from codes `[N, d]`.
    pub(crate) fn decode(&mut self, what: &str, codes: &Tensor) -> Result<Tensor> {
        let model = self.subject.model;
        let count = codes.dim(0)?;
        let mut images = Vec::new();
        for start in (0..count).step_by(BATCH) {
            let part = codes.narrow(0, start, BATCH.min(count - start))?.to_device(model.parameters().device())?;
            images.push(detached(&model.decode(&part, Mode::Evaluate)?)?);
            (self.progress)(what, start + part.dim(0)?, count);
        }
        Ok(Tensor::cat(&images, 0)?)
    }

    /// A draw of codes: `[N, d]`.
    pub(crate) fn draw(&self, code: &Code) -> Result<Tensor> {
        self.draw_at(code, CODE_NOISE)
    }

    /// The draw at `step` of [`Purpose::Evaluation`].
    pub(crate) fn draw_at(&self, code: &Code, step: u64) -> Result<Tensor> {
        let noise = self.streams.normal(Purpose::Evaluation, step, code.mean.elem_count());
        code.sample(&Tensor::from_vec(noise, code.mean.shape(), &Device::Cpu)?.to_dtype(code.mean.dtype())?)
    }

    /// Draws from the prior: `[count, d]`.
    pub(crate) fn prior_sample(&self, count: usize) -> Result<Tensor> {
        let size = self.subject.model.code_size();
        let sample = self.subject.prior.sample(&self.streams, Purpose::Evaluation, PRIOR_SAMPLE, count, size)?;
        Ok(Tensor::from_vec(sample, (count, size), &Device::Cpu)?)
    }

    /// Codes of `passes` noisy copies of the first `count` images, `[count, passes, d]`, where the encoder is
    /// deterministic and was trained with noise.
    pub(crate) fn noisy_codes(&mut self, set: &ImageSet, count: usize, passes: usize) -> Result<Option<Tensor>> {
        let Subject { model, dataset, pixel_noise, .. } = *self.subject;
        if model.head() == Head::Gaussian || pixel_noise == PixelNoise::None {
            return Ok(None);
        }
        let count = count.min(set.len());
        let mut codes = Vec::with_capacity(count);
        for image in 0..count {
            let images = set.tensor(&vec![image; passes], dataset.range(), model.parameters().device())?;
            let noise = pixel_noise.draw(&images, &self.streams, Purpose::Evaluation, PIXEL_NOISE | image as u64)?;
            let noisy = noise.map_or_else(|| Ok(images.clone()), |noise| &images + noise)?;
            codes.push(detached(&model.encode(&noisy, Mode::Evaluate)?.mean)?);
            (self.progress)("noisy passes", image + 1, count);
        }
        Ok(Some(Tensor::stack(&codes, 0)?))
    }
}

/// Without the graph it came from, on the CPU.
fn detached(tensor: &Tensor) -> Result<Tensor> {
    Ok(tensor.detach().to_device(&Device::Cpu)?)
}

/// Codes `[N, d]` as a matrix in f64.
pub(crate) fn matrix(codes: &Tensor) -> Result<Array2<f64>> {
    let (count, size) = codes.dims2()?;
    let values = codes.to_dtype(DType::F64)?.flatten_all()?.to_vec1::<f64>()?;
    Array2::from_shape_vec((count, size), values).map_err(|_| vimae_core::Error::shape("codes", "[N, d]", codes.dims()))
}
