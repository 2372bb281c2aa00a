//! Any encoder and decoder of candle modules as a network of the catalogue.

use candle_core::{ModuleT, Tensor};
use candle_nn::VarBuilder;
use vimae_core::{AutoEncoder, Code, Decoder, Encoder, Error, Head, ImageShape, Mode, Parameters, Result, Work};

use crate::{
    Request,
    layers::{check_codes, check_images},
};

/// A network of two modules.
///
/// The encoder maps images `[N, C, H, W]` to `[N, d]`, or with a Gaussian head to `[N, 2 d]`: means, then log-variances. The
/// decoder maps codes `[N, d]` to images in the data's range, `[N, C, H, W]` or `[N, C H W]`, or to what [`Request::output`] asks
/// for: [`Request::outputs`] numbers, with [`Request::last_activation`] behind them. Both take their parameters from a
/// builder, so that they begin by seed and name, and are saved, resumed and published as those of any network here.
///
/// Batch norm has to be in a `ModuleT`, such as `vimae_ops::nn::seq_t`: a `Module` is the same in training and evaluation. What
/// draws from candle's own generator (`candle_nn::Dropout`) is not repeatable.
///
/// ```
/// use candle_core::{DType, Device};
/// use candle_nn::linear;
/// use vimae_core::{Decoder, Encoder, Head, ImageShape, Mode, Output, PixelRange};
/// use vimae_models::{Modules, Request};
/// use vimae_ops::nn::seq_t;
///
/// # let image = ImageShape { channels: 1, height: 8, width: 8 };
/// # let (range, head, device) = (PixelRange::Unit, Head::Gaussian, Device::Cpu);
/// let request = Request { image, range, code: 2, head, output: Output::IMAGES, seed: 0, dtype: DType::F32, device };
/// let network = Modules::new(
///     &request,
///     |vb, outputs| Ok(seq_t().add_fn(|x| x.flatten_from(1)).add(linear(64, outputs, vb)?)),
///     |vb| Ok(seq_t().add(linear(2, request.outputs(), vb)?).add(request.last_activation())),
/// )?;
/// let images = candle_core::Tensor::zeros((3, 1, 8, 8), DType::F32, &Device::Cpu)?;
/// let code = network.encode(&images, Mode::Train)?;
/// assert_eq!(network.decode(&code.mean, Mode::Train)?.dims(), [3, 1, 8, 8]);
/// # Ok::<(), vimae_core::Error>(())
/// ```
pub struct Modules {
    parameters: Parameters,
    image: ImageShape,
    output: ImageShape,
    code: usize,
    head: Head,
    encoder: Box<dyn ModuleT + Send + Sync>,
    decoder: Box<dyn ModuleT + Send + Sync>,
    work: Option<Work>,
}

impl Modules {
    /// Makes the encoder from a builder and the numbers it has to give for an image, and the decoder from a builder.
    ///
    /// # Errors
    /// Those of the two functions.
    pub fn new<E, D>(
        request: &Request,
        encoder: impl FnOnce(VarBuilder<'static>, usize) -> candle_core::Result<E>,
        decoder: impl FnOnce(VarBuilder<'static>) -> candle_core::Result<D>,
    ) -> Result<Self>
    where
        E: ModuleT + Send + Sync + 'static,
        D: ModuleT + Send + Sync + 'static,
    {
        let Request { image, output, code, head, seed, dtype, ref device, .. } = *request;
        let parameters = Parameters::new(seed, dtype, device);
        let encoder = Box::new(encoder(parameters.builder().pp("encoder"), outputs(code, head))?);
        let decoder = Box::new(decoder(parameters.builder().pp("decoder"))?);
        Ok(Self { parameters, image, output: output.shape(image), code, head, encoder, decoder, work: None })
    }

    /// The same network with what one image costs. Unless it is said, only fully connected layers count, and forecasts of time and
    /// memory are too low for a network of convolutions.
    #[must_use]
    pub fn with_work(self, work: Work) -> Self {
        Self { work: Some(work), ..self }
    }
}

/// Numbers that an encoder gives for an image.
fn outputs(code: usize, head: Head) -> usize {
    match head {
        Head::Deterministic => code,
        Head::Gaussian => 2 * code,
    }
}

impl Encoder for Modules {
    fn encode(&self, images: &Tensor, mode: Mode) -> Result<Code> {
        check_images(images, self.image)?;
        let out = self.encoder.forward_t(images, mode == Mode::Train)?;
        let expected = [images.dim(0)?, outputs(self.code, self.head)];
        if out.dims() != expected {
            return Err(Error::shape("the encoder's output", format!("{expected:?}"), out.dims()));
        }
        let part = |first| out.narrow(1, first, self.code)?.contiguous();
        Ok(match self.head {
            Head::Deterministic => Code { mean: out, log_var: None },
            Head::Gaussian => Code { mean: part(0)?, log_var: Some(part(self.code)?) },
        })
    }
}

impl Decoder for Modules {
    fn decode(&self, codes: &Tensor, mode: Mode) -> Result<Tensor> {
        check_codes(codes, self.code)?;
        let out = self.decoder.forward_t(codes, mode == Mode::Train)?;
        let (count, ImageShape { channels, height, width }) = (codes.dim(0)?, self.output);
        let image = [count, channels, height, width];
        if out.dims() != image && out.dims() != [count, self.output.len()] {
            return Err(Error::shape("the decoder's output", format!("{image:?}"), out.dims()));
        }
        Ok(out.reshape(&image)?)
    }
}

impl AutoEncoder for Modules {
    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn code_size(&self) -> usize {
        self.code
    }

    fn image_shape(&self) -> ImageShape {
        self.image
    }

    fn head(&self) -> Head {
        self.head
    }

    fn work(&self) -> Work {
        self.work.unwrap_or_else(|| Work::of_linear(&self.parameters))
    }
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};
    use candle_nn::linear;
    use vimae_core::{Output, PixelRange};
    use vimae_ops::nn::seq_t;

    use super::*;

    fn network(head: Head, encoder_outputs: Option<usize>, decoder_outputs: usize) -> Modules {
        let image = ImageShape { channels: 1, height: 2, width: 3 };
        let output = Output::IMAGES;
        let request = Request { image, range: PixelRange::Unit, code: 2, head, output, seed: 1, dtype: DType::F32, device: Device::Cpu };
        Modules::new(
            &request,
            |vb, outputs| Ok(seq_t().add_fn(|x| x.flatten_from(1)).add(linear(6, encoder_outputs.unwrap_or(outputs), vb.pp("fc"))?)),
            |vb| linear(2, decoder_outputs, vb.pp("fc")),
        )
        .unwrap()
    }

    fn images() -> Tensor {
        Tensor::ones((4, 1, 2, 3), DType::F32, &Device::Cpu).unwrap()
    }

    #[test]
    fn a_pair_of_modules_is_a_network() {
        for (head, log_var) in [(Head::Gaussian, true), (Head::Deterministic, false)] {
            let network = network(head, None, 6);
            let code = network.encode(&images(), Mode::Evaluate).unwrap();
            assert_eq!((code.mean.dims(), code.log_var.is_some()), (&[4, 2][..], log_var));
            assert_eq!(network.decode(&code.mean, Mode::Evaluate).unwrap().dims(), [4, 1, 2, 3]);
            let names: Vec<String> = network.parameters().weights().into_iter().map(|(name, _)| name).collect();
            assert_eq!(names, ["decoder.fc.bias", "decoder.fc.weight", "encoder.fc.bias", "encoder.fc.weight"]);
        }
    }

    #[test]
    fn modules_of_other_shapes_are_refused_by_name() {
        let shape = |result: Result<String>| result.unwrap_err().to_string();
        let wrong = network(Head::Gaussian, Some(3), 6).encode(&images(), Mode::Train).map(|_| String::new());
        assert!(shape(wrong).starts_with("the encoder's output: expected shape [4, 4], got [4, 3]"));
        let network = network(Head::Deterministic, None, 5);
        let codes = network.encode(&images(), Mode::Train).unwrap().mean;
        let wrong = network.decode(&codes, Mode::Train).map(|_| String::new());
        assert!(shape(wrong).starts_with("the decoder's output: expected shape [4, 1, 2, 3], got [4, 5]"));
    }
}
