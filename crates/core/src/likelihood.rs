//! Distributions of images given what a decoder computes.

use candle_core::{DType, Tensor};
pub use vimae_spec::{Parameter, Protocol};

use crate::{Error, ImageShape, PixelRange, Purpose, Result, Streams, Values};

/// What a decoder's last layer gives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Output {
    /// Numbers for each value of an image. The output has `per_value * C` channels: the first number of every channel, then
    /// the second of every channel, and so on.
    pub per_value: usize,
    /// Whether a last activation maps the numbers into the images' range; otherwise they are any real numbers.
    pub squashed: bool,
}

impl Output {
    /// Images in their range.
    pub const IMAGES: Self = Self { per_value: 1, squashed: true };

    /// The shape of the output for one image.
    pub fn shape(self, image: ImageShape) -> ImageShape {
        ImageShape { channels: image.channels * self.per_value, ..image }
    }
}

/// Where a likelihood has its mass, in units of the \[0, 1\] interval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Support {
    /// A density on the real line.
    Line,
    /// A density on \[0, 1\].
    Interval,
    /// Probabilities of 0 and 1.
    Binary,
    /// Probabilities of the 256 multiples of 1/255.
    Levels,
}

impl Support {
    /// Whether values have densities, whose logarithm is no code length.
    pub fn is_density(self) -> bool {
        matches!(self, Self::Line | Self::Interval)
    }

    /// The unit of bits per dimension: those of a density depend on the unit of the pixels.
    pub fn bits(self) -> &'static str {
        if self.is_density() { "bits, differential, in [0, 1]" } else { "bits" }
    }
}

/// The distribution p(x|z) of images given the output of a decoder.
///
/// Densities are those of pixels in \[0, 1\], and scales are in their units, whatever the range of the data: values of one data
/// set compare. Images are `[N, C, H, W]` in the data's range, outputs `[K N, P C, H, W]` with [`Output::per_value`] `P`; row
/// `k N + i` belongs to image `i`.
pub trait Likelihood: Send + Sync {
    /// The name in the catalogue.
    fn name(&self) -> &str;

    /// The name with the settings on which values depend, as protocols have it: `gaussian(scale=0.1)`.
    fn protocol(&self) -> Protocol;

    /// What the decoder's last layer has to give.
    fn output(&self) -> Output;

    /// Where it has its mass.
    fn support(&self) -> Support;

    /// Whether its scale is its own. Without one it is a Gaussian whose standard deviation an evaluation has to choose.
    fn has_scale(&self) -> bool {
        true
    }

    /// Why it makes no sense for images of such values, where it makes none.
    fn refuses(&self, values: Values) -> Option<String> {
        let reason = match (self.support(), values) {
            (Support::Binary, Values::Bytes | Values::Continuous) => {
                "it gives probabilities to 0 and 1 alone, so that it is no likelihood of gray pixels; set dataset.binarise, or take \
                 continuous_bernoulli or gaussian"
            }
            (Support::Levels, Values::Binary) => "it gives probabilities to 256 levels, and the images have two; take bernoulli",
            (Support::Levels, Values::Continuous) => {
                "it gives probabilities to 256 levels, and the images lie between them; leave dataset.dequantise out, or take gaussian"
            }
            (Support::Interval, Values::Binary) => "it is a density on [0, 1], and the images are 0 and 1 alone; take bernoulli",
            _ => return None,
        };
        Some(reason.into())
    }

    /// ln p(x|z) in nats of each row, with its exact normaliser: `[K N]`, differentiable in the output. The images are taken to
    /// be ones that it admits ([`check_images`]).
    ///
    /// # Errors
    /// Where the shapes do not fit.
    fn log_likelihood(&self, images: &Tensor, output: &Tensor) -> Result<Tensor>;

    /// What objectives weigh as the distortion D of each row: `[K N]`, differentiable in the output; `-ln p(x|z)` unless it says so.
    ///
    /// # Errors
    /// As [`log_likelihood`](Self::log_likelihood).
    fn distortion(&self, images: &Tensor, output: &Tensor) -> Result<Tensor> {
        Ok(self.log_likelihood(images, output)?.neg()?)
    }

    /// The mean image of each row of an output, in the data's range: `[N, C, H, W]`.
    ///
    /// # Errors
    /// Where the shapes do not fit.
    fn mean(&self, output: &Tensor) -> Result<Tensor>;

    /// An image drawn for each row of an output, in the data's range: `[N, C, H, W]`, a function of output, streams and step.
    ///
    /// # Errors
    /// Where the shapes do not fit.
    fn sample(&self, output: &Tensor, streams: &Streams, purpose: Purpose, step: u64) -> Result<Tensor>;
}

/// Distance from a value of its support within which a value of an image counts as that: images are f32, levels 1/255 apart.
const NEAR: f64 = 1e-4;

/// Refuses images `[N, C, H, W]` in `range` that a likelihood gives no probability.
///
/// # Errors
/// [`Error::Unsupported`] with the first value at fault.
pub fn check_images(likelihood: &dyn Likelihood, images: &Tensor, range: PixelRange) -> Result<()> {
    let (scale, offset) = range.affine();
    let unit = |value: f64| (value - f64::from(offset)) / (255.0 * f64::from(scale));
    let admits = |value: f64| match likelihood.support() {
        Support::Line => value.is_finite(),
        Support::Interval => (-NEAR..=1.0 + NEAR).contains(&value),
        Support::Binary => value.abs().min((value - 1.0).abs()) < NEAR,
        Support::Levels => (-NEAR..=1.0 + NEAR).contains(&value) && (255.0 * value - (255.0 * value).round()).abs() < 255.0 * NEAR,
    };
    let wrong = images.to_dtype(DType::F64)?.flatten_all()?.to_vec1::<f64>()?.into_iter().map(unit).find(|value| !admits(*value));
    let place = match likelihood.support() {
        Support::Line => "numbers that are finite",
        Support::Interval => "[0, 1]",
        Support::Binary => "0 and 1 alone",
        Support::Levels => "the multiples of 1/255 from 0 to 1",
    };
    wrong.map_or(Ok(()), |value| {
        Err(Error::Unsupported {
            what: format!("likelihood \"{}\" of a pixel of {value} (in units of [0, 1])", likelihood.name()),
            reason: format!("it is a distribution on {place}"),
        })
    })
}

/// Refuses a likelihood that makes no sense for images of such values, with the reason.
///
/// # Errors
/// [`Error::Unsupported`] naming both.
pub fn check_values(likelihood: &dyn Likelihood, values: Values) -> Result<()> {
    likelihood.refuses(values).map_or(Ok(()), |reason| {
        let images = match values {
            Values::Bytes => "images of 256 levels",
            Values::Binary => "binary images",
            Values::Continuous => "dequantised images",
        };
        Err(Error::Unsupported { what: format!("likelihood \"{}\" on {images}", likelihood.name()), reason })
    })
}
