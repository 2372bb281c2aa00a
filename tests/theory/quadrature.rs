//! Codes of one dimension: integrals over z by fine sums, against the rates that training takes.
#![expect(clippy::print_stdout, reason = "priors that have no rate, and so are not checked, are named")]

use anyhow::{Result, ensure};
use candle_core::{Device, Tensor};
use vimae_core::{Code, Error};
use vimae_priors::PRIORS;
use vimae_tests::parts::prior;

/// Half the width of the sums, far beyond every code's reach, and their step.
const REACH: f64 = 40.0;
const STEP: f64 = 1e-3;
/// Rates by quadrature state their error below this, in nats.
const TOLERANCE: f64 = 1e-3;

/// Means and log-variances of four images' codes.
const CODES: [(f64, f64); 4] = [(-1.5, -2.0), (0.2, -1.0), (0.4, -3.0), (1.7, -1.5)];

fn log_normal(z: f64, (mean, log_var): (f64, f64)) -> f64 {
    -0.5 * (std::f64::consts::TAU.ln() + log_var + (z - mean).powi(2) / log_var.exp())
}

#[test]
fn section_2_3_holds_for_gaussian_heads_under_every_prior_with_a_rate() -> Result<()> {
    let column = |values: Vec<f64>| Tensor::from_vec(values, (CODES.len(), 1), &Device::Cpu);
    let code = Code { mean: column(CODES.map(|c| c.0).to_vec())?, log_var: Some(column(CODES.map(|c| c.1).to_vec())?) };
    let mut tried = 0;
    for name in PRIORS.names() {
        let prior = prior(name)?;
        let Some(law) = prior.marginal() else {
            println!("{name} has no law of one dimension");
            continue;
        };
        let rate = match prior.rate(&code) {
            Ok(rate) => rate.mean_all()?.to_scalar::<f64>()?,
            Err(Error::Unsupported { reason, .. }) => {
                println!("{name} has no rate: {reason}");
                continue;
            }
            Err(error) => return Err(error.into()),
        };
        let (mut information, mut apart) = (0.0, 0.0);
        let points = (2.0 * REACH / STEP) as usize;
        for z in (0..=points).map(|i| -REACH + i as f64 * STEP) {
            let logs = CODES.map(|code| log_normal(z, code));
            let mixed = logs.iter().map(|log| log.exp()).sum::<f64>() / CODES.len() as f64;
            if mixed > 0.0 {
                let shares = logs.iter().filter(|log| log.exp() > 0.0).map(|log| log.exp() * (log - mixed.ln()));
                information += STEP * shares.sum::<f64>() / CODES.len() as f64;
                apart += STEP * mixed * (mixed.ln() - law.log_density(z));
            }
        }
        ensure!(information > 0.5 && information < (CODES.len() as f64).ln(), "the codes say {information} nats of their images");
        ensure!((rate - information - apart).abs() < TOLERANCE, "{name}: rate {rate}, I_q {information}, KL(q(z) || p) {apart}");
        tried += 1;
    }
    ensure!(tried >= 2, "only {tried} priors have a rate");
    Ok(())
}

#[test]
fn section_3_2_the_logistic_prior_has_less_entropy_than_the_normal_of_its_variance() -> Result<()> {
    let (normal, logistic) = (prior("normal")?, prior("logistic")?);
    let (Some(normal), Some(logistic)) = (normal.marginal(), logistic.marginal()) else { anyhow::bail!("no marginals") };
    ensure!((normal.variance() - logistic.variance()).abs() < 1e-12);
    let by_sum = |law: &dyn vimae_core::Univariate| -> f64 {
        let points = (2.0 * REACH / STEP) as usize;
        let terms = (0..=points).map(|i| law.log_density(-REACH + i as f64 * STEP)).map(|log| -log.exp() * log);
        terms.filter(|v| v.is_finite()).sum::<f64>() * STEP
    };
    ensure!((by_sum(normal) - normal.entropy()).abs() < 1e-6 && (by_sum(logistic) - logistic.entropy()).abs() < 1e-6);
    ensure!(normal.entropy() - logistic.entropy() > 0.01);
    Ok(())
}
