//! A model and a data set whose answers are known.

use candle_core::{DType, Device, Tensor};
use vimae_core::{
    AutoEncoder, Code, Dataset, Decoder, Encoder, Error, Head, ImageSet, ImageShape, Mode, Parameters, PixelRange, Purpose, Result, Split,
    Streams,
};

pub(crate) const SHAPE: ImageShape = ImageShape { channels: 1, height: 2, width: 2 };
pub(crate) const LOG_VAR: f64 = -2.0;

pub(crate) struct Toy {
    pub(crate) parameters: Parameters,
    pub(crate) head: Head,
}

impl Encoder for Toy {
    fn encode(&self, images: &Tensor, mode: Mode) -> Result<Code> {
        assert_eq!(mode, Mode::Evaluate);
        let mean = (images.flatten_from(1)?.narrow(1, 0, 2)? * 4.0)?;
        let log_var = (self.head == Head::Gaussian).then(|| mean.ones_like()? * LOG_VAR).transpose()?;
        Ok(Code { mean, log_var })
    }
}

impl Decoder for Toy {
    fn decode(&self, codes: &Tensor, mode: Mode) -> Result<Tensor> {
        assert_eq!(mode, Mode::Evaluate);
        let known = (codes / 4.0)?;
        Ok(Tensor::cat(&[&known, &known.zeros_like()?], 1)?.reshape(((), 1, 2, 2))?)
    }
}

impl AutoEncoder for Toy {
    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn code_size(&self) -> usize {
        2
    }

    fn image_shape(&self) -> ImageShape {
        SHAPE
    }

    fn head(&self) -> Head {
        self.head
    }
}

pub(crate) struct Corners {
    pub(crate) train: ImageSet,
    pub(crate) test: ImageSet,
    pub(crate) validation: Option<ImageSet>,
}

/// Three classes in three corners of the first two pixels; the last two pixels are 0 and 51 (0.2).
pub(crate) fn corners(seed: u64, count: usize) -> ImageSet {
    let bytes = Streams::new(seed).normal(Purpose::Shuffle, 0, 2 * count);
    let labels: Vec<u32> = (0..count).map(|i| (i % 3) as u32).collect();
    let pixel = |i: usize, side: usize, bright: bool| (bytes[2 * i + side] * 12.0 + if bright { 200.0 } else { 55.0 }) as u8;
    let pixels = (0..count).flat_map(|i| [pixel(i, 0, labels[i] == 1), pixel(i, 1, labels[i] == 2), 0, 51]).collect();
    ImageSet::new(SHAPE, pixels, labels).unwrap()
}

impl Dataset for Corners {
    fn name(&self) -> &str {
        "corners"
    }

    fn range(&self) -> PixelRange {
        PixelRange::Unit
    }

    fn classes(&self) -> usize {
        3
    }

    fn sha256(&self) -> &str {
        ""
    }

    fn split(&self, split: Split) -> Result<&ImageSet> {
        match (split, &self.validation) {
            (Split::Train, _) => Ok(&self.train),
            (Split::Test, _) => Ok(&self.test),
            (Split::Validation, Some(set)) => Ok(set),
            (Split::Validation, None) => Err(Error::Unsupported { what: "corners".into(), reason: "no validation split".into() }),
        }
    }
}

pub(crate) fn data() -> Corners {
    Corners { train: corners(1, 300), test: corners(2, 450), validation: None }
}

pub(crate) fn model(head: Head) -> Toy {
    Toy { parameters: Parameters::new(1, DType::F32, &Device::Cpu), head }
}
