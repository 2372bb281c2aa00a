//! What metrics read of a trained model, computed when it is first asked for and once.

use std::cell::OnceCell;

use candle_core::{Device, Tensor};
use vimae_core::{
    AutoEncoder, Code, Corruption, Dataset, Error, Evidence, Head, HeldOut, ImageSet, MetricFiles, Mode, NoiseScale, Prior, Progress,
    Purpose, Result, Split, Streams, subset::drawn,
};
use vimae_spec::{Evaluation, Protocol};

/// Images or codes that go through the network at once.
const BATCH: usize = 200;
/// Held-out images that metrics may choose their parameters with, at most.
pub(crate) const HELD_OUT: usize = 1_000;

/// A trained model and what it was trained on.
#[derive(Clone, Copy)]
pub struct Subject<'a> {
    /// The model.
    pub model: &'a dyn AutoEncoder,
    /// The prior of its codes, or the density fitted to them in its place.
    pub prior: &'a dyn Prior,
    /// That density's part of a protocol's name, where one is fitted.
    pub sampler: Option<&'a Protocol>,
    /// What its encoder's input was corrupted by in training.
    pub corruption: Option<&'a dyn Corruption>,
    /// The data.
    pub dataset: &'a dyn Dataset,
    /// Files beside the data that some metrics use.
    pub files: &'a MetricFiles,
}

/// A subject under one evaluation. Everything that it gives is a function of subject, evaluation and seed alone, whatever is
/// asked for first and whatever the number of threads.
pub struct EvalContext<'a> {
    pub(crate) subject: Subject<'a>,
    evaluation: &'a Evaluation,
    streams: Streams,
    progress: &'a dyn Progress,
    originals: OnceCell<Tensor>,
    code: OnceCell<Code>,
    z: OnceCell<Tensor>,
    reconstructions: OnceCell<Tensor>,
    sampled_reconstructions: OnceCell<Tensor>,
    noisy_codes: OnceCell<Option<Tensor>>,
    train_code: OnceCell<Code>,
    prior_sample: OnceCell<Tensor>,
    generated: OnceCell<Tensor>,
    held_out: OnceCell<HeldOut>,
    noise_scale: OnceCell<NoiseScale>,
}

impl<'a> EvalContext<'a> {
    /// A context in which nothing is computed yet; `progress` is told what is being done.
    ///
    /// # Errors
    /// [`Error::Data`] where there are no test images.
    pub fn new(subject: Subject<'a>, evaluation: &'a Evaluation, seed: u64, progress: &'a dyn Progress) -> Result<Self> {
        if subject.dataset.split(Split::Test)?.is_empty() {
            return Err(Error::Data(format!("{} has no test images", subject.dataset.name())));
        }
        Ok(Self {
            subject,
            evaluation,
            streams: Streams::new(seed),
            progress,
            originals: OnceCell::new(),
            code: OnceCell::new(),
            z: OnceCell::new(),
            reconstructions: OnceCell::new(),
            sampled_reconstructions: OnceCell::new(),
            noisy_codes: OnceCell::new(),
            train_code: OnceCell::new(),
            prior_sample: OnceCell::new(),
            generated: OnceCell::new(),
            held_out: OnceCell::new(),
            noise_scale: OnceCell::new(),
        })
    }

    fn all_codes(&self, split: Split, what: &str) -> Result<Code> {
        let set = self.images(split)?;
        let all: Vec<usize> = (0..set.len()).collect();
        self.batches(set, &all, what, &|images, _| Ok(images.clone()))
    }

    fn batches(&self, set: &ImageSet, indices: &[usize], what: &str, change: &dyn Fn(&Tensor, usize) -> Result<Tensor>) -> Result<Code> {
        let model = self.subject.model;
        let (mut means, mut log_vars) = (Vec::new(), Vec::new());
        for (batch, part) in indices.chunks(BATCH).enumerate() {
            let images = set.tensor(part, self.range(), model.parameters().device())?;
            let code = model.encode(&change(&images, batch * BATCH)?, Mode::Evaluate)?;
            means.push(detached(&code.mean)?);
            log_vars.extend(code.log_var.as_ref().map(detached).transpose()?);
            self.progress.working(what, batch * BATCH + part.len(), indices.len());
        }
        let log_var = if log_vars.is_empty() { None } else { Some(Tensor::cat(&log_vars, 0)?) };
        Ok(Code { mean: Tensor::cat(&means, 0)?, log_var })
    }

    pub(crate) fn decoded(&self, codes: &Tensor, what: &str) -> Result<Tensor> {
        let model = self.subject.model;
        let count = codes.dim(0)?;
        let mut images = Vec::new();
        for start in (0..count).step_by(BATCH) {
            let part = codes.narrow(0, start, BATCH.min(count - start))?.to_device(model.parameters().device())?;
            images.push(detached(&model.decode(&part, Mode::Evaluate)?)?);
            self.progress.working(what, start + part.dim(0)?, count);
        }
        Ok(Tensor::cat(&images, 0)?)
    }

    fn noisy_passes(&self, corruption: &dyn Corruption) -> Result<Tensor> {
        let (model, set) = (self.subject.model, self.images(Split::Test)?);
        let chosen = drawn(set.len(), self.evaluation.noise_images);
        let streams = self.streams.fold_in("noisy_codes");
        let mut codes = Vec::with_capacity(chosen.len());
        for (done, &image) in chosen.iter().enumerate() {
            let images = set.tensor(&vec![image; self.evaluation.noise_passes], self.range(), model.parameters().device())?;
            let noisy = corruption.apply(&images, &streams, Purpose::Evaluation, image as u64)?;
            codes.push(detached(&model.encode(&noisy, Mode::Evaluate)?.mean)?);
            self.progress.working("noisy passes", done + 1, chosen.len());
        }
        Ok(Tensor::stack(&codes, 0)?)
    }
}

impl Evidence for EvalContext<'_> {
    fn model(&self) -> &dyn AutoEncoder {
        self.subject.model
    }

    fn dataset(&self) -> &dyn Dataset {
        self.subject.dataset
    }

    fn prior(&self) -> &dyn Prior {
        self.subject.prior
    }

    fn sampler(&self) -> Option<&Protocol> {
        self.subject.sampler
    }

    fn evaluation(&self) -> &Evaluation {
        self.evaluation
    }

    fn streams(&self) -> Streams {
        self.streams
    }

    fn files(&self) -> &MetricFiles {
        self.subject.files
    }

    fn originals(&self) -> Result<&Tensor> {
        once(&self.originals, || {
            let set = self.images(Split::Test)?;
            set.tensor(&(0..set.len()).collect::<Vec<_>>(), self.range(), &Device::Cpu)
        })
    }

    fn code(&self) -> Result<&Code> {
        once(&self.code, || self.all_codes(Split::Test, "encoding test images"))
    }

    fn z(&self) -> Result<&Tensor> {
        once(&self.z, || {
            let code = self.code()?;
            let noise = self.streams.fold_in("z").normal(Purpose::Evaluation, 0, code.mean.elem_count());
            code.sample(&Tensor::from_vec(noise, code.mean.shape(), &Device::Cpu)?.to_dtype(code.mean.dtype())?)
        })
    }

    fn reconstructions(&self) -> Result<&Tensor> {
        once(&self.reconstructions, || self.decoded(&self.code()?.mean, "reconstructing from means"))
    }

    fn sampled_reconstructions(&self) -> Result<&Tensor> {
        match self.code()?.log_var {
            Some(_) => once(&self.sampled_reconstructions, || self.decoded(self.z()?, "reconstructing from draws")),
            None => self.reconstructions(),
        }
    }

    fn noisy_codes(&self) -> Result<Option<&Tensor>> {
        let deterministic = self.subject.model.head() == Head::Deterministic;
        let passes = || self.subject.corruption.filter(|_| deterministic).map(|corruption| self.noisy_passes(corruption)).transpose();
        Ok(once(&self.noisy_codes, passes)?.as_ref())
    }

    fn train_code(&self) -> Result<&Code> {
        once(&self.train_code, || self.all_codes(Split::Train, "encoding training images"))
    }

    fn prior_sample(&self) -> Result<&Tensor> {
        once(&self.prior_sample, || {
            let (count, size) = (self.evaluation.prior_samples, self.subject.model.code_size());
            let sample = self.subject.prior.draw(&self.streams.fold_in("prior_sample"), Purpose::Evaluation, 0, count, size)?;
            Ok(Tensor::from_vec(sample, (count, size), &Device::Cpu)?)
        })
    }

    fn generated(&self) -> Result<&Tensor> {
        once(&self.generated, || self.decoded(self.prior_sample()?, "decoding prior samples"))
    }

    fn held_out(&self) -> Result<&HeldOut> {
        once(&self.held_out, || {
            let (set, most, borrowed) = match self.images(Split::Validation) {
                Ok(set) => (set, HELD_OUT, false),
                Err(Error::Unsupported { .. }) => {
                    let train = self.images(Split::Train)?;
                    (train, HELD_OUT.min(train.len() / 10), true)
                }
                Err(error) => return Err(error),
            };
            let indices = drawn(set.len(), most);
            Ok(HeldOut { images: set.tensor(&indices, self.range(), &Device::Cpu)?, borrowed })
        })
    }

    fn noise_scale(&self) -> Result<&NoiseScale> {
        once(&self.noise_scale, || vimae_metrics::noise_scale::fit(self))
    }

    fn encode(&self, set: &ImageSet, indices: &[usize], change: &dyn Fn(&Tensor, usize) -> Result<Tensor>) -> Result<Code> {
        self.batches(set, indices, "encoding", change)
    }

    fn decode(&self, codes: &Tensor) -> Result<Tensor> {
        self.decoded(codes, "decoding")
    }

    fn progress(&self) -> &dyn Progress {
        self.progress
    }
}

/// The value of `cell`, made where it is not there yet; an error is not kept.
fn once<T>(cell: &OnceCell<T>, make: impl FnOnce() -> Result<T>) -> Result<&T> {
    if let Some(value) = cell.get() {
        return Ok(value);
    }
    let value = make()?;
    Ok(cell.get_or_init(|| value))
}

/// Without the graph it came from, on the CPU.
fn detached(tensor: &Tensor) -> Result<Tensor> {
    Ok(tensor.detach().to_device(&Device::Cpu)?)
}
