//! The VampPrior: the mixture of the encoder's posteriors at pseudo-inputs that are trained with it.
//!
//! p(z) = 1/K sum_k q(z | u_k) (Tomczak & Welling, "VAE with a VampPrior", 2018, equation 9). The pseudo-inputs are
//! images `[K, C, H, W]` in the data's range, the hyperbolic tangent of free parameters: the paper clips them, which
//! stops the gradient of a pixel for good once it has left the range. They begin as standard normal noise before
//! the tangent. The encoder sees them in evaluation mode, so that they neither move its running statistics nor
//! meet others than the images of an evaluation do; the gradient reaches all of its weights.
//!
//! Rate: one draw in training, `log q(z|x) - log p(z)` at the step's own z, as in the paper; sixteen draws
//! elsewhere. A sample of the prior carries no gradient: under an objective that compares samples alone
//! the pseudo-inputs stay as they began.

use candle_core::{Tensor, Var};
use vimae_core::{
    Code, Encoder, Entry, Error, Init, Mode, Parameters, PartRequest, PixelRange, Prior, Purpose, Result, Streams, Univariate,
    settings::Schema,
};

use crate::{BuildPrior, mixture::Mixture};

pub(crate) const ENTRY: Entry<BuildPrior> = Entry {
    name: "vamp",
    summary: "the mixture of the encoder's posteriors at trained pseudo-inputs",
    source: "Tomczak & Welling, VAE with a VampPrior, 2018",
    settings: Schema::of::<PseudoInputs>,
    build: |settings, request| Ok(Box::new(Vamp::of(settings.read()?, request)?)),
};

vimae_core::settings! {
    /// How many pseudo-inputs there are.
    struct PseudoInputs {
        /// pseudo-inputs K; the paper takes 500 on MNIST
        components: usize = 50, from 1, to 5000;
    }
}

const NAME: &str = "vamp";

/// The pseudo-inputs; [`bind`](Prior::bind) makes the prior of a step from them.
#[derive(Debug)]
pub struct Vamp {
    parameters: Parameters,
    pseudo_inputs: Var,
    range: PixelRange,
}

impl Vamp {
    fn of(PseudoInputs { components }: PseudoInputs, request: &PartRequest) -> Result<Self> {
        let parameters = Parameters::new(request.seed, request.dtype, &request.device);
        let image = request.image;
        let shape = [components, image.channels, image.height, image.width];
        let pseudo_inputs = parameters.weight("prior.pseudo_inputs", &shape, Init::Normal(1.0))?;
        Ok(Self { parameters, pseudo_inputs, range: request.range })
    }

    /// The pseudo-inputs as images `[K, C, H, W]` in the data's range.
    ///
    /// # Errors
    /// Where the device fails.
    pub fn images(&self) -> Result<Tensor> {
        let symmetric = self.pseudo_inputs.tanh()?;
        Ok(match self.range {
            PixelRange::Unit => symmetric.affine(0.5, 0.5)?,
            PixelRange::Symmetric => symmetric,
        })
    }
}

fn unbound<T>(what: &str) -> Result<T> {
    Err(Error::Unsupported {
        what: format!("{what} of the prior \"{NAME}\""),
        reason: "it is made from an encoder and must be bound to one first".into(),
    })
}

impl Prior for Vamp {
    fn name(&self) -> &str {
        NAME
    }

    fn draw(&self, _: &Streams, _: Purpose, _: u64, _: usize, _: usize) -> Result<Vec<f32>> {
        unbound("a sample")
    }

    fn log_density(&self, _: &Tensor) -> Result<Tensor> {
        unbound("the density")
    }

    fn rate(&self, _: &Code) -> Result<Tensor> {
        unbound("the rate")
    }

    fn marginal(&self) -> Option<&dyn Univariate> {
        None
    }

    fn parameters(&self) -> Option<&Parameters> {
        Some(&self.parameters)
    }

    fn bind(&self, encoder: &dyn Encoder) -> Result<Option<Box<dyn Prior>>> {
        let code = encoder.encode(&self.images()?, Mode::Evaluate)?;
        let log_var = code.log_var.ok_or_else(|| Error::Unsupported {
            what: format!("the prior \"{NAME}\" with a deterministic encoder"),
            reason: "its components are posteriors of a Gaussian head; choose an objective that has one".into(),
        })?;
        Ok(Some(Box::new(Mixture::new(NAME, code.mean, log_var)?)))
    }
}
