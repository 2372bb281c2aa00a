//! Logistic distributions on the 256 levels of a byte, alone and mixed, in units of \[-1, 1\].

use candle_core::Tensor;
use vimae_core::{
    Error, Likelihood, Output, Purpose, Result, Streams, Support,
    likelihood::Protocol,
    numerics::{log_mean_decay_each, log_sum_exp_over, softplus_each, softplus_of_negated_each},
};

use super::pixels::{Pixels, Source, kinds, total, uniform};
use crate::distortion::for_each;

/// Half the distance of two levels.
const HALF: f64 = 1.0 / 255.0;
/// The logarithm of a scale beyond which a mean is that of a flat law.
const FLAT: f64 = 4.0;

/// A mixture of logistic laws for each value. The numbers of a value are the logits of the components' weights, where there are
/// several, then their locations, then the logarithms of their scales.
#[derive(Debug, Clone)]
pub(super) struct Logistics {
    pub(super) name: &'static str,
    pub(super) components: usize,
    pub(super) pixels: Pixels,
}

/// The numbers of one component for every value.
struct Component {
    logit: Option<Tensor>,
    location: Tensor,
    log_scale: Tensor,
}

impl Logistics {
    fn components(&self, output: &Tensor) -> Result<Vec<Component>> {
        let count = self.components;
        let logits = if count > 1 { count } else { 0 };
        let kinds = kinds(output, self.output().per_value)?;
        let get = |place: usize| {
            kinds.get(place).cloned().ok_or_else(|| Error::shape("the decoder's output", "one map for each number", output.dims()))
        };
        let one = |k: usize| {
            let logit = if logits > 0 { Some(get(k)?) } else { None };
            Ok(Component { logit, location: get(logits + k)?, log_scale: get(logits + count + k)? })
        };
        (0..count).map(one).collect()
    }

    /// The sum over components of `values`, each times its weight.
    fn mixed(components: &[Component], values: Vec<Tensor>) -> Result<Tensor> {
        let logits: Option<Vec<&Tensor>> = components.iter().map(|component| component.logit.as_ref()).collect();
        let values = Tensor::stack(&values, 0)?;
        Ok(match logits {
            None => values.squeeze(0)?,
            Some(logits) => (shares(&Tensor::stack(&logits, 0)?)? * values)?.sum(0)?,
        })
    }
}

/// Shares of the first dimension.
fn shares(logits: &Tensor) -> Result<Tensor> {
    Ok(logits.broadcast_sub(&log_sum_exp_over(logits, 0)?.unsqueeze(0)?)?.exp()?)
}

impl Likelihood for Logistics {
    fn name(&self) -> &str {
        self.name
    }

    fn protocol(&self) -> Protocol {
        let own = Protocol::new(self.name);
        if self.components > 1 { own.with("components", self.components) } else { own }
    }

    fn output(&self) -> Output {
        Output { per_value: if self.components > 1 { 3 * self.components } else { 2 }, squashed: false }
    }

    fn support(&self) -> Support {
        Support::Levels
    }

    fn log_likelihood(&self, images: &Tensor, output: &Tensor) -> Result<Tensor> {
        let x = self.pixels.to_unit(&for_each(images, output, self.output().per_value)?)?.affine(2.0, -1.0)?;
        let components = self.components(output)?;
        let each = components.iter().map(|c| log_probability(&x, &c.location, &c.log_scale)).collect::<Result<Vec<_>>>()?;
        let logits: Option<Vec<Tensor>> = components.iter().map(|component| component.logit.clone()).collect();
        let each = Tensor::stack(&each, 0)?;
        total(&match logits {
            None => each.squeeze(0)?,
            Some(logits) => {
                let logits = Tensor::stack(&logits, 0)?;
                (log_sum_exp_over(&(each + &logits)?, 0)? - log_sum_exp_over(&logits, 0)?)?
            }
        })
    }

    fn mean(&self, output: &Tensor) -> Result<Tensor> {
        let components = self.components(output)?;
        let means = components.iter().map(|c| mean(&c.location, &c.log_scale)).collect::<Result<Vec<_>>>()?;
        self.pixels.of_unit(&Self::mixed(&components, means)?.affine(0.5, 0.5)?)
    }

    fn sample(&self, output: &Tensor, streams: &Streams, purpose: Purpose, step: u64) -> Result<Tensor> {
        let count = self.components;
        let value = |numbers: &[f64], uniforms: &[f64]| {
            let (logits, rest) = numbers.split_at(if count > 1 { count } else { 0 });
            let (locations, log_scales) = rest.split_at(count);
            let chosen = choose(logits, uniforms.first().copied().unwrap_or(f64::NAN));
            match (locations.get(chosen), log_scales.get(chosen), uniforms.get(1)) {
                (Some(location), Some(log_scale), Some(uniform)) => 0.5 * (draw(*location, *log_scale, *uniform) + 1.0),
                _ => f64::NAN,
            }
        };
        let drawn = Source { streams, purpose, step }.image(output, (self.output().per_value, 2), uniform, value)?;
        self.pixels.of_unit(&drawn)
    }
}

/// The component whose share of the unit interval a uniform draw falls into; the first where there are no logits.
fn choose(logits: &[f64], uniform: f64) -> usize {
    let total = vimae_core::numerics::log_sum_exp(logits);
    let mut below = 0.0;
    let found = logits.iter().position(|logit| {
        below += (logit - total).exp();
        uniform < below
    });
    found.unwrap_or(logits.len().saturating_sub(1))
}

/// ln P(x) of levels x in \[-1, 1\], of a logistic law of this location and logarithm of scale: the mass between the levels halfway to
/// the neighbours, and beyond at 0 and 255 (Salimans et al. 2017, equation 2). All of one shape.
///
/// With `b` and `a` the standardised ends, `sigma(b) - sigma(a) = sigma(b) sigma(-a) (1 - e^(a - b))`, which cancels nowhere.
fn log_probability(x: &Tensor, location: &Tensor, log_scale: &Tensor) -> Result<Tensor> {
    let centred = (x - location)?;
    let inverse = log_scale.neg()?.exp()?;
    let below = softplus_each(&((&centred + HALF)? * &inverse)?.neg()?)?.neg()?;
    let above = softplus_each(&((&centred - HALF)? * &inverse)?)?.neg()?;
    let width = (&inverse * (2.0 * HALF))?;
    let inside = ((log_mean_decay_each(&width)? - log_scale)? + (2.0 * HALF).ln())?;
    let interior = ((&below + &above)? + inside)?;
    let (lowest, highest) = (x.lt(HALF - 1.0)?, x.gt(1.0 - HALF)?);
    Ok(lowest.where_cond(&below, &highest.where_cond(&above, &interior)?)?)
}

/// The mean of a logistic law that is held within \[-1, 1\], which is within half a level of that of the levels:
/// `-1 + s (ln(1 + e^((m + 1) / s)) - ln(1 + e^((m - 1) / s)))`.
fn mean(location: &Tensor, log_scale: &Tensor) -> Result<Tensor> {
    let scale = log_scale.minimum(FLAT)?.exp()?;
    let rounded = |x: &Tensor| -> Result<Tensor> { Ok((x.relu()? + (&scale * softplus_of_negated_each(&(x.abs()? / &scale)?)?)?)?) };
    Ok(((rounded(&(location + 1.0)?)? - rounded(&(location - 1.0)?)?)? - 1.0)?)
}

/// The level of a draw, by a uniform one.
fn draw(location: f64, log_scale: f64, uniform: f64) -> f64 {
    let drawn = location + log_scale.exp() * (uniform.ln() - (-uniform).ln_1p());
    (127.5 * (drawn.clamp(-1.0, 1.0) + 1.0)).round() / 127.5 - 1.0
}
