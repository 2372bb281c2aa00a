//! What every sampler must satisfy; no entry is named here.

use anyhow::{Context, Result, ensure};
use candle_core::{Device, Tensor};
use vimae_core::{Prior, Purpose, Streams};
use vimae_priors::sampler::{self, SAMPLERS};

const SIZE: usize = 2;

/// Codes that depend on each other and lie away from 0.
fn codes(count: usize) -> Vec<f64> {
    let normal = Streams::new(6).normal(Purpose::Evaluation, 0, SIZE * count);
    normal.chunks_exact(SIZE).flat_map(|e| [2.0 + 0.5 * f64::from(e[0]), -1.0 + 0.4 * f64::from(e[0]) + 0.3 * f64::from(e[1])]).collect()
}

/// Means and covariance of rows.
fn moments(rows: &[f64]) -> [f64; 5] {
    let n = (rows.len() / SIZE) as f64;
    let mean = |j: usize| rows.iter().skip(j).step_by(SIZE).sum::<f64>() / n;
    let means = [mean(0), mean(1)];
    let product = |i: usize, j: usize| rows.chunks_exact(SIZE).map(|row| (row[i] - means[i]) * (row[j] - means[j])).sum::<f64>() / n;
    [means[0], means[1], product(0, 0), product(0, 1), product(1, 1)]
}

/// What each sampler fits to `rows`, by name; none for those that take the prior.
fn fitted(rows: &[f64]) -> Result<Vec<(&'static str, Box<dyn Prior>)>> {
    let mut all = Vec::new();
    for name in SAMPLERS.names() {
        let sampler = SAMPLERS.build(name, &Default::default())?;
        ensure!(sampler.name() == name);
        let density = sampler.fit(rows, SIZE)?;
        ensure!(density.is_some() == sampler.protocol().is_some(), "{name} names a density in protocols where it has one");
        all.extend(density.map(|density| (name, density)));
    }
    Ok(all)
}

#[test]
fn a_fitted_density_has_the_moments_of_the_codes_and_is_a_function_of_them() -> Result<()> {
    let rows = codes(4_000);
    let expected = moments(&rows);
    for (name, density) in fitted(&rows)? {
        let drawn = density.draw(&Streams::new(1), Purpose::Evaluation, 0, 40_000, SIZE)?;
        let drawn: Vec<f64> = drawn.into_iter().map(f64::from).collect();
        for (found, expected) in moments(&drawn).iter().zip(expected) {
            ensure!((found - expected).abs() < 0.02, "{name}: {:?}, {expected:?}", moments(&drawn));
        }
        let (_, again) = fitted(&rows)?.into_iter().find(|(other, _)| *other == name).context("fitted again")?;
        ensure!(density.density()? == again.density()?, "{name}");
    }
    Ok(())
}

#[test]
fn what_is_kept_of_a_density_is_the_density() -> Result<()> {
    let rows = codes(500);
    let at = Tensor::from_slice(&rows[..40], (20, SIZE), &Device::Cpu)?;
    for (name, density) in fitted(&rows)? {
        let kept = sampler::fitted(density.density()?.with_context(|| format!("{name} has no numbers"))?)?;
        let gap = (density.log_density(&at)? - kept.log_density(&at)?)?.abs()?.max_all()?.to_scalar::<f64>()?;
        ensure!(gap == 0.0, "{name}: {gap}");
    }
    Ok(())
}

#[test]
fn too_few_codes_and_codes_that_are_no_numbers_are_refused() -> Result<()> {
    for name in SAMPLERS.names() {
        let sampler = SAMPLERS.build(name, &Default::default())?;
        if sampler.protocol().is_some() {
            ensure!(sampler.fit(&[0.0, 1.0], SIZE).is_err(), "{name} takes one code");
            ensure!(sampler.fit(&[f64::NAN; 200], SIZE).is_err(), "{name} takes what is no number");
        }
    }
    Ok(())
}
