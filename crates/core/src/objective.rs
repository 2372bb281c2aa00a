//! What training minimises.

use candle_core::Tensor;

use crate::{Code, Divergence, EncoderNoise, Error, Head, Parameters, Prior, Result};

/// Everything one training step computed, for an objective to weigh.
///
/// An objective that asks for `K` [`samples`](Objective::samples) per image finds `K` blocks of `N` rows in code, z and
/// output: row `k N + i` belongs to image `i`.
pub struct Pass<'a> {
    /// Clean images, `[N, C, H, W]`.
    pub images: &'a Tensor,
    /// Their reconstructions, `[K N, C, H, W]`.
    pub output: &'a Tensor,
    /// The encoder's output for each row of `z`.
    pub code: &'a Code,
    /// The codes that were decoded, `[K N, d]`.
    pub z: &'a Tensor,
    /// The prior on codes.
    pub prior: &'a dyn Prior,
    /// Draws from it, `[N, d]`.
    pub prior_sample: &'a Tensor,
    /// The divergence of codes from the prior, for an objective that takes one.
    pub divergence: Option<&'a dyn Divergence>,
    /// The network's parameters.
    pub parameters: &'a Parameters,
    /// Images that the batch was drawn from; the batch itself where unknown.
    pub population: usize,
}

/// A loss and the terms it was made from.
#[derive(Debug, Clone)]
pub struct Loss {
    /// The scalar to minimise.
    pub total: Tensor,
    /// Named scalars to log; `distortion` (sum of squared errors per image, mean over the batch),
    /// `rate` (nats), `mmd` ...
    pub terms: Vec<(&'static str, Tensor)>,
}

/// A training objective.
pub trait Objective: Send + Sync {
    /// The name in the catalogue.
    fn name(&self) -> &str;

    /// What is minimised, in one line of plain text: `a D + beta KL(q(z|x) || p(z))`.
    fn equation(&self) -> &'static str;

    /// The encoder noise it takes where the experiment names none.
    fn default_noise(&self) -> &'static str;

    /// Whether its loss holds the log density of the code, and with it learns the prior's parameters.
    fn needs_rate(&self) -> bool {
        false
    }

    /// Why it makes no sense with this encoder noise, where it makes none. Unless it says more, an objective that
    /// needs the rate refuses noise that gives the code no density.
    fn refuses(&self, noise: &dyn EncoderNoise) -> Option<String> {
        (self.needs_rate() && noise.code_head() == Head::Deterministic).then(|| {
            "its rate is infinite for a code without a Gaussian head; take gaussian_head, gaussian_head_bounded or gaussian_fixed".into()
        })
    }

    /// The prior it takes where the experiment names none; the standard normal unless it says so.
    fn default_prior(&self) -> &'static str {
        "normal"
    }

    /// The divergence it takes where the experiment names none; `None` for an objective that has no such term.
    fn default_divergence(&self) -> Option<&'static str> {
        None
    }

    /// Why it makes no sense with this divergence, where it makes none; an objective with a default takes all unless it
    /// says so.
    fn refuses_divergence(&self, divergence: &dyn Divergence) -> Option<String> {
        let _ = divergence;
        self.default_divergence().is_none().then(|| "its loss has no divergence term; info_vae, vimae_n and others have one".into())
    }

    /// Draws of the code of each image that are decoded in a step; one unless it says so.
    fn samples(&self) -> usize {
        1
    }

    /// Components of the Gaussian mixture that is fitted to the codes after training and takes the prior's place in
    /// generation; `None` for an objective that generates from its prior.
    fn ex_post(&self) -> Option<usize> {
        None
    }

    /// The loss of one step.
    ///
    /// # Errors
    /// Where the shapes do not fit or the pass lacks what the objective needs.
    fn loss(&self, pass: &Pass<'_>) -> Result<Loss>;
}

/// Standard deviations from zero at which a law with bounds has none of its density left.
const FAR: f64 = 10.0;

/// Refuses parts that make no sense under an objective, with the reason.
///
/// # Errors
/// [`Error::Unsupported`] naming both.
pub fn check_parts(
    objective: &dyn Objective,
    noise: &dyn EncoderNoise,
    prior: &dyn Prior,
    divergence: Option<&dyn Divergence>,
) -> Result<()> {
    let refused = |part: &str, name: &str, reason: Option<String>| match reason {
        Some(reason) => Err(Error::Unsupported { what: format!("objective \"{}\" with {part} \"{name}\"", objective.name()), reason }),
        None => Ok(()),
    };
    refused("encoder noise", noise.name(), objective.refuses(noise))?;
    // Only a density in the loss reaches the parameters of a prior: draws are constants to the gradient.
    let unlearnt = prior.parameters().is_some_and(|p| p.trainable_count() > 0) && !objective.needs_rate();
    let reason =
        unlearnt.then(|| "the prior learns, and this loss does not hold its density; take vae or another objective with a rate".into());
    refused("prior", prior.name(), reason)?;
    let bounded = prior.marginal().is_some_and(|law| law.log_density(FAR * law.variance().sqrt()) == f64::NEG_INFINITY);
    let reason = (bounded && objective.needs_rate()).then(|| {
        "a Gaussian code may lie outside the prior's bounds: its rate is infinite; take an objective with a divergence alone".into()
    });
    refused("prior", prior.name(), reason)?;
    divergence.map_or(Ok(()), |divergence| refused("divergence", divergence.name(), objective.refuses_divergence(divergence)))
}
