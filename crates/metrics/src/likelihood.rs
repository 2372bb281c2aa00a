//! The likelihood that a decoder stands for: its own, or p(x|z) = N(x; g(z), sigma^2 I) once its noise is given.
//!
//! The decoders of the paper have no noise scale, so a likelihood of theirs names its sigma. Pixels are taken in
//! \[0, 1\] whatever the range of the data, as in [`crate::nll`]: densities of one data set compare, and sigma
//! means the same everywhere. Samplers see [`LogLikelihood`] alone, a function of rows of codes with its gradient.

use candle_core::{DType, Device, Tensor, Var};
use vimae_core::{Decoder, Error, Likelihood, Mode, PixelRange, Purpose, Result, Streams, likelihood::check_images};

use crate::summary::values;

/// ln p(x|z) of fixed observations, several codes each, with its gradient.
pub trait LogLikelihood {
    /// Dimensions of a code.
    fn size(&self) -> usize;

    /// Observations.
    fn observations(&self) -> usize;

    /// ln p(x|z) in nats and its gradient at every row of `codes`: `observations * copies` rows of `size` values,
    /// the copies of one observation beside one another.
    ///
    /// # Errors
    /// Where `codes` is not a whole number of copies, or the model or device fails.
    fn evaluate(&self, codes: &[f64]) -> Result<Evaluated>;
}

/// A function's values at rows of codes, and its gradients there.
#[derive(Debug, Clone, PartialEq)]
pub struct Evaluated {
    /// One a row.
    pub values: Vec<f64>,
    /// `size` a row.
    pub gradients: Vec<f64>,
}

impl Evaluated {
    pub(crate) fn with_capacity(elements: usize, size: usize) -> Self {
        Self { values: Vec::with_capacity(elements / size.max(1)), gradients: Vec::with_capacity(elements) }
    }
}

/// Images under a decoder: with Gaussian noise, or under the decoder's own likelihood.
#[derive(Clone)]
pub struct DecoderLikelihood<'a> {
    decoder: &'a dyn Decoder,
    images: Tensor,
    size: usize,
    unit: f64,
    law: Law<'a>,
}

#[derive(Clone)]
enum Law<'a> {
    Gaussian {
        sigma: f64,
    },
    /// With the shape of an image, `[C, H, W]`.
    Own(&'a dyn Likelihood, Vec<usize>),
}

/// Codes that go through the decoder at once.
const BATCH: usize = 256;

impl<'a> DecoderLikelihood<'a> {
    /// Images `[N, ...]` in `range` under `decoder`, whose codes have `size` dimensions and which is on `device`;
    /// noise of standard deviation `sigma`, in units of the \[0, 1\] interval.
    ///
    /// # Errors
    /// Where there are no images or `sigma` is not above 0.
    pub fn new(decoder: &'a dyn Decoder, size: usize, images: &Tensor, range: PixelRange, sigma: f64, device: &Device) -> Result<Self> {
        if images.rank() < 2 || images.dim(0)? == 0 {
            return Err(Error::shape("images", "[N, C, H, W] with N of 1 or more", images.dims()));
        }
        if sigma.is_nan() || sigma <= 0.0 {
            return Err(Error::Unsupported { what: format!("decoder noise of {sigma}"), reason: "it must be above 0".into() });
        }
        Ok(Self { decoder, images: images.flatten_from(1)?.to_device(device)?, size, unit: unit_of(range), law: Law::Gaussian { sigma } })
    }

    /// As [`new`](Self::new), under a likelihood with a scale of its own of the decoder's output.
    ///
    /// # Errors
    /// Where there are no images, or images that the likelihood gives no probability.
    pub fn own(
        decoder: &'a dyn Decoder,
        size: usize,
        images: &Tensor,
        (range, likelihood): (PixelRange, &'a dyn Likelihood),
        device: &Device,
    ) -> Result<Self> {
        check_images(likelihood, images, range)?;
        let law = Law::Own(likelihood, images.dims().get(1..).unwrap_or_default().to_vec());
        Ok(Self { law, ..Self::new(decoder, size, images, range, 1.0, device)? })
    }

    /// Values of one image.
    pub fn dimensions(&self) -> usize {
        self.images.dims().get(1).copied().unwrap_or_default()
    }

    /// The same images under Gaussian noise of another scale.
    #[must_use]
    pub fn with_sigma(&self, sigma: f64) -> Self {
        Self { law: Law::Gaussian { sigma }, ..self.clone() }
    }

    /// The squared error of an image that has this log-likelihood under Gaussian noise, in the range of the data; none under a
    /// likelihood of the decoder's own.
    pub fn squared_error(&self, log_likelihood: f64) -> Option<f64> {
        match self.law {
            Law::Gaussian { sigma } => Some(-2.0 * (sigma / self.unit).powi(2) * (log_likelihood + self.constant(sigma))),
            Law::Own(..) => None,
        }
    }

    /// ln p(x|z) of a squared error in the range of the data, summed over the image, under Gaussian noise of that scale.
    pub fn of_squared_error(&self, squared_error: f64, sigma: f64) -> f64 {
        -0.5 * (self.unit / sigma).powi(2) * squared_error - self.constant(sigma)
    }

    fn constant(&self, sigma: f64) -> f64 {
        0.5 * self.dimensions() as f64 * (std::f64::consts::TAU * sigma * sigma).ln()
    }

    /// ln p(x|z) of all images at `codes` `[N * copies, d]`, in nats; no gradient is kept.
    ///
    /// # Errors
    /// Where the shapes do not fit.
    pub fn log_likelihoods(&self, codes: &[f64]) -> Result<Vec<f64>> {
        let (likelihood, shape) = match &self.law {
            Law::Own(likelihood, shape) => (*likelihood, shape),
            &Law::Gaussian { sigma } => {
                return Ok(self.squared_errors(codes)?.into_iter().map(|error| self.of_squared_error(error, sigma)).collect());
            }
        };
        let mut found = Vec::with_capacity(codes.len() / self.size.max(1));
        self.batches(codes, |codes, images, copies| {
            found.extend(values(&self.own_values((likelihood, shape), &codes, &images, copies)?.detach())?);
            Ok(())
        })?;
        Ok(found)
    }

    /// ln p(x|z) of rows of codes, in f64: `[images * copies]`.
    fn own_values(
        &self,
        (likelihood, shape): (&dyn Likelihood, &[usize]),
        codes: &Tensor,
        images: &Tensor,
        copies: usize,
    ) -> Result<Tensor> {
        let output = self.decoder.decode_output(codes, Mode::Evaluate)?.to_dtype(DType::F64)?;
        let count = images.dim(0)?;
        let images = images.unsqueeze(1)?.broadcast_as((count, copies, self.dimensions()))?.to_dtype(DType::F64)?;
        let shape: Vec<usize> = std::iter::once(count * copies).chain(shape.iter().copied()).collect();
        likelihood.log_likelihood(&images.reshape(shape)?, &output)
    }

    /// The squared errors of all images at `codes` `[N * copies, d]`, summed over each image, in the range of
    /// the data; no gradient is kept.
    ///
    /// # Errors
    /// Where the shapes do not fit.
    pub fn squared_errors(&self, codes: &[f64]) -> Result<Vec<f64>> {
        let mut errors = Vec::with_capacity(codes.len() / self.size.max(1));
        self.batches(codes, |codes, images, copies| {
            errors.extend(values(&self.residuals(&codes, &images, copies)?.detach().sqr()?.to_dtype(DType::F64)?.sum(1)?)?);
            Ok(())
        })?;
        Ok(errors)
    }

    /// One of the images.
    ///
    /// # Errors
    /// Where there is none of that number.
    pub fn only(&self, image: usize) -> Result<Self> {
        Ok(Self { images: self.images.narrow(0, image, 1)?.contiguous()?, ..self.clone() })
    }

    /// The information of the first image about its code, `[d, d]` at `code`. Under Gaussian noise it is Fisher's, J^T J / sigma^2
    /// with the decoder's Jacobian J by central differences of `distance`; under a likelihood of the decoder's own the observed
    /// one, minus the second derivatives of ln p(x|z), by differences of the gradient.
    ///
    /// # Errors
    /// Where the shapes do not fit.
    pub fn fisher(&self, code: &[f64], distance: f64) -> Result<Vec<f64>> {
        let size = self.size;
        let moved = |sign: f64| (0..size).flat_map(move |i| (0..size).map(move |j| code[j] + if i == j { sign * distance } else { 0.0 }));
        let around: Vec<f64> = moved(1.0).chain(moved(-1.0)).collect();
        let Law::Gaussian { sigma } = self.law else {
            let gradients = self.only(0)?.evaluate(&around)?.gradients;
            let slope = |i: usize, j: usize| (gradients[(size + i) * size + j] - gradients[i * size + j]) / (2.0 * distance);
            return Ok((0..size * size).map(|at| 0.5 * (slope(at / size, at % size) + slope(at % size, at / size))).collect());
        };
        let decoded = self.decode(&around)?.to_dtype(DType::F64)?.to_device(&Device::Cpu)?;
        let jacobian = ((decoded.narrow(0, 0, size)? - decoded.narrow(0, size, size)?)? * (0.5 * self.unit / (distance * sigma)))?;
        values(&jacobian.matmul(&jacobian.t()?)?)
    }

    fn decode(&self, codes: &[f64]) -> Result<Tensor> {
        let mut parts = Vec::new();
        for codes in codes.chunks(BATCH * self.size) {
            let codes = self.tensor(codes)?;
            parts.push(match self.law {
                Law::Gaussian { .. } => self.decoder.decode(&codes, Mode::Evaluate)?.detach().flatten_from(1)?,
                Law::Own(..) => self.decoder.decode_output(&codes, Mode::Evaluate)?.detach(),
            });
        }
        Ok(Tensor::cat(&parts, 0)?)
    }

    /// Images drawn from p(x|z) at `codes` `[K, d]`: `[K, D]`, with noise from `place` of [`Purpose::Evaluation`].
    ///
    /// # Errors
    /// Where the shapes do not fit.
    pub fn simulate(&self, codes: &[f64], streams: &Streams, place: u64) -> Result<Tensor> {
        let means = self.decode(codes)?;
        let sigma = match &self.law {
            Law::Own(likelihood, _) => return Ok(likelihood.sample(&means, streams, Purpose::Evaluation, place)?.flatten_from(1)?),
            Law::Gaussian { sigma } => sigma,
        };
        let noise = streams.normal(Purpose::Evaluation, place, means.elem_count());
        let noise = Tensor::from_vec(noise, means.shape(), means.device())?.to_dtype(means.dtype())?;
        Ok((means + (noise * (sigma / self.unit))?)?)
    }

    /// Calls `work` with the codes of some images, these images and the copies of each.
    fn batches(&self, codes: &[f64], mut work: impl FnMut(Tensor, Tensor, usize) -> Result<()>) -> Result<()> {
        let images = self.images.dim(0)?;
        let copies = codes.len() / (images * self.size).max(1);
        if copies == 0 || codes.len() != copies * images * self.size {
            return Err(Error::shape("codes", format!("[{images} x copies, {}]", self.size), &[codes.len()]));
        }
        // Many copies of one image are cut as well, so that memory has a bound.
        let (together, part) = ((BATCH / copies).max(1), copies.min(BATCH));
        for first in (0..images).step_by(together) {
            let count = together.min(images - first);
            let rows = self.images.narrow(0, first, count)?;
            let codes = &codes[first * copies * self.size..(first + count) * copies * self.size];
            if count > 1 || part == copies {
                work(self.tensor(codes)?, rows, copies)?;
            } else {
                for codes in codes.chunks(part * self.size) {
                    work(self.tensor(codes)?, rows.clone(), codes.len() / self.size)?;
                }
            }
        }
        Ok(())
    }

    fn tensor(&self, codes: &[f64]) -> Result<Tensor> {
        let rows = Tensor::from_slice(codes, (codes.len() / self.size, self.size), &Device::Cpu)?;
        Ok(rows.to_dtype(self.images.dtype())?.to_device(self.images.device())?)
    }

    /// g(z) - x, `[images * copies, D]`.
    fn residuals(&self, codes: &Tensor, images: &Tensor, copies: usize) -> Result<Tensor> {
        let (count, dimensions) = images.dims2()?;
        let decoded = self.decoder.decode(codes, Mode::Evaluate)?.flatten_from(1)?;
        if decoded.dims() != [count * copies, dimensions] {
            return Err(Error::shape("decoded images", format!("[{}, {dimensions}]", count * copies), decoded.dims()));
        }
        let decoded = decoded.reshape((count, copies, dimensions))?;
        Ok(decoded.broadcast_sub(&images.unsqueeze(1)?)?.reshape((count * copies, dimensions))?)
    }
}

/// What one unit of the range's pixels is of the \[0, 1\] interval.
fn unit_of(range: PixelRange) -> f64 {
    match range {
        PixelRange::Unit => 1.0,
        PixelRange::Symmetric => 0.5,
    }
}

impl LogLikelihood for DecoderLikelihood<'_> {
    fn size(&self) -> usize {
        self.size
    }

    fn observations(&self) -> usize {
        self.images.dims().first().copied().unwrap_or_default()
    }

    fn evaluate(&self, codes: &[f64]) -> Result<Evaluated> {
        let rows = codes.len() / self.size.max(1);
        let (mut log_likelihoods, mut gradients) = (Vec::with_capacity(rows), Vec::with_capacity(codes.len()));
        self.batches(codes, |codes, images, copies| {
            let codes = Var::from_tensor(&codes)?;
            let total = match &self.law {
                &Law::Gaussian { sigma } => {
                    let squares = self.residuals(&codes, &images, copies)?.sqr()?;
                    let errors = values(&squares.detach().to_dtype(DType::F64)?.sum(1)?)?;
                    log_likelihoods.extend(errors.into_iter().map(|error| self.of_squared_error(error, sigma)));
                    (squares.sum_all()? * (-0.5 * (self.unit / sigma).powi(2)))?
                }
                Law::Own(likelihood, shape) => {
                    let found = self.own_values((*likelihood, shape), &codes, &images, copies)?;
                    log_likelihoods.extend(values(&found.detach())?);
                    found.sum_all()?
                }
            };
            let gradient = total.backward()?;
            let gradient = gradient.get(&codes).ok_or_else(|| Error::Unsupported {
                what: "the likelihood's gradient".into(),
                reason: "the decoder keeps no track of its codes".into(),
            })?;
            gradients.extend(values(gradient)?);
            Ok(())
        })?;
        Ok(Evaluated { values: log_likelihoods, gradients })
    }
}

/// The noise that makes given squared errors likeliest, sigma^2 = E |x - g(z)|^2 / D in \[0, 1\] units: the maximum
/// of the expected ln p(x|z) over sigma (Rybkin et al., "Simple and Effective VAE Training with Calibrated
/// Decoders", 2021); with codes drawn from q(z|x), that of the evidence lower bound.
pub fn likeliest_sigma(squared_errors: &[f64], dimensions: usize, range: PixelRange) -> Option<f64> {
    let mean = squared_errors.iter().sum::<f64>() / squared_errors.len() as f64;
    let sigma = unit_of(range) * (mean / dimensions as f64).sqrt();
    (sigma.is_finite() && sigma > 0.0).then_some(sigma)
}

/// Nats per image as bits for each of its values: nats / (D ln 2).
pub fn bits_per_dimension(nats: f64, dimensions: usize) -> f64 {
    nats / (dimensions as f64 * std::f64::consts::LN_2)
}
