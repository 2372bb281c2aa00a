//! What makes an encoder random: noise on its input, a Gaussian head, noise of fixed size on its codes.

use candle_core::Tensor;

use crate::{Code, Corruption, Head, Result};

/// A kind of encoder noise, chosen by name beside the objective.
pub trait EncoderNoise: Send + Sync {
    /// The name in the catalogue.
    fn name(&self) -> &str;

    /// What the network must end in.
    fn network_head(&self) -> Head {
        Head::Deterministic
    }

    /// Whether a code has a distribution, and with it a rate; the network's head unless it says so.
    fn code_head(&self) -> Head {
        self.network_head()
    }

    /// The corruption of the encoder's input while training, none by default. The distortion is taken against the clean image.
    fn pixels(&self) -> Option<&dyn Corruption> {
        None
    }

    /// The code that the network's output stands for, in training and evaluation alike.
    ///
    /// # Errors
    /// Where the device fails.
    fn shape(&self, code: Code) -> Result<Code> {
        Ok(code)
    }

    /// A scalar that training adds to the loss, where there is one.
    ///
    /// # Errors
    /// Where the device fails.
    fn penalty(&self, code: &Code) -> Result<Option<Tensor>> {
        let _ = code;
        Ok(None)
    }
}
