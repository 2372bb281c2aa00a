//! What training minimises.

use candle_core::Tensor;

use crate::{Code, Divergence, EncoderNoise, Error, Head, Likelihood, Parameters, Prior, Result};

/// Everything one training step computed, for an objective to weigh.
///
/// An objective that asks for `K` [`samples`](Objective::samples) per image finds `K` blocks of `N` rows in code, z and
/// output: row `k N + i` belongs to image `i`.
pub struct Pass<'a> {
    /// Clean images, `[N, C, H, W]`.
    pub images: &'a Tensor,
    /// The decoder's output for each row of `z`, `[K N, P C, H, W]`: reconstructions, or what the likelihood reads.
    pub output: &'a Tensor,
    /// The distribution that the output stands for; the squared error where there is none.
    pub likelihood: Option<&'a dyn Likelihood>,
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
    /// How the rate enters the loss beside its own weight.
    pub rate_rule: RateRule,
}

/// How the rate enters a loss beside its own weight: warm-up (Bowman et al. 2016; Sonderby et al. 2016) and free bits (Kingma et al.
/// 2016, equation 15).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RateRule {
    /// What multiplies it.
    pub weight: f64,
    /// Nats of each dimension, averaged over the batch, that it does not fall below; 0 for none.
    pub free_nats: f64,
}

impl Default for RateRule {
    fn default() -> Self {
        Self { weight: 1.0, free_nats: 0.0 }
    }
}

impl RateRule {
    /// Whether it changes nothing.
    pub fn is_plain(self) -> bool {
        self == Self::default()
    }
}

impl Pass<'_> {
    /// The rate in nats, averaged over the batch, and what a loss weighs in its place under the pass's [`RateRule`].
    ///
    /// # Errors
    /// As [`Prior::rate_at`].
    pub fn rates(&self) -> Result<[Tensor; 2]> {
        let rate = self.prior.rate_at(self.code, self.z)?.mean_all()?;
        let RateRule { weight, free_nats } = self.rate_rule;
        let mut counted = rate.clone();
        if free_nats > 0.0 {
            let size = self.z.dim(1)?;
            let part = |tensor: &Tensor, j: usize| tensor.narrow(1, j, 1)?.contiguous();
            let one = |j: usize| -> Result<Tensor> {
                let rate = self.prior.rate_at(&self.code.map(|tensor| part(tensor, j))?, &part(self.z, j)?)?;
                Ok(rate.mean_all()?.maximum(free_nats)?)
            };
            counted = Tensor::stack(&(0..size).map(one).collect::<Result<Vec<_>>>()?, 0)?.sum_all()?;
        }
        // The bits of a run without a warm-up are those of one that knows none.
        Ok([rate, if weight == 1.0 { counted } else { (counted * weight)? }])
    }
}

/// A loss and the terms it was made from.
#[derive(Debug, Clone)]
pub struct Loss {
    /// The scalar to minimise.
    pub total: Tensor,
    /// Named scalars to log; `distortion` (the likelihood's, per image, mean over the batch), `rate` (nats), `mmd` ...
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

    /// Whether its loss weighs the rate by [`Pass::rates`], so that warm-up and free bits reach it.
    fn takes_rate_rule(&self) -> bool {
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

/// Refuses a rule of the rate that an objective or a prior cannot follow, with the reason.
///
/// # Errors
/// [`Error::Unsupported`] naming the setting.
pub fn check_rate_rule(objective: &dyn Objective, prior: &dyn Prior, (warmup_epochs, free_nats): (u64, f64)) -> Result<()> {
    let refused = |what: String, reason: &str| Err(Error::Unsupported { what, reason: reason.into() });
    if (warmup_epochs > 0 || free_nats > 0.0) && !objective.takes_rate_rule() {
        let what = format!("training.rate_warmup_epochs or free_nats with objective \"{}\"", objective.name());
        return refused(what, "its loss does not weigh the rate; take vae, beta_h_vae, beta_a_vae or info_vae with an alpha");
    }
    if free_nats > 0.0 && prior.marginal().is_none() {
        let what = format!("training.free_nats with prior \"{}\"", prior.name());
        return refused(what, "its dimensions have no rates of their own; take a prior of independent dimensions");
    }
    Ok(())
}

/// Scales from zero at which a law with bounds has none of its density left.
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
    let bounded = prior.marginal().is_some_and(|law| law.log_density(FAR * law.squared_scale().sqrt()) == f64::NEG_INFINITY);
    let reason = (bounded && objective.needs_rate()).then(|| {
        "a Gaussian code may lie outside the prior's bounds: its rate is infinite; take an objective with a divergence alone".into()
    });
    refused("prior", prior.name(), reason)?;
    let Some(divergence) = divergence else { return Ok(()) };
    refused("divergence", divergence.name(), objective.refuses_divergence(divergence))?;
    divergence.refuses(prior).map_or(Ok(()), |reason| {
        Err(Error::Unsupported { what: format!("divergence \"{}\" with prior \"{}\"", divergence.name(), prior.name()), reason })
    })
}
