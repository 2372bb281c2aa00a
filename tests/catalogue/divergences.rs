//! What every divergence must satisfy, at each choice of its settings; no entry is named here.

use anyhow::{Context, Result};
use candle_core::{DType, Device, Tensor, Var};
use serde_json::{Value, json};
use vimae_core::{Divergence, Error, Purpose, Streams, settings::Domain};
use vimae_objectives::divergence::DIVERGENCES;
use vimae_ops::{Adam, AdamConfig};
use vimae_tests::parts::{divergence_with, part_request};

/// Dimensions of the samples.
const SIZE: usize = 3;

/// Entry and settings: the defaults, and each choice of each setting. Networks are kept small.
fn variants() -> Vec<(&'static str, &'static str, Value)> {
    let mut all = Vec::new();
    for entry in DIVERGENCES.entries() {
        let mut settings = serde_json::Map::new();
        for key in entry.settings() {
            if matches!(key.domain, Domain::Integer(..)) && ["hidden", "layers"].contains(&key.name.as_str()) {
                settings.insert(key.name.clone(), json!(if key.name == "hidden" { 16 } else { 2 }));
            }
        }
        all.push((entry.name, entry.summary, Value::from(settings.clone())));
        for key in entry.settings() {
            let Domain::Choice(choices) = &key.domain else { continue };
            for choice in &choices[1..] {
                let mut settings = settings.clone();
                settings.insert(key.name.clone(), json!(choice));
                all.push((entry.name, entry.summary, Value::from(settings)));
            }
        }
    }
    all
}

fn build(name: &str, settings: &Value) -> Result<Box<dyn Divergence>> {
    divergence_with(name, settings.clone(), &part_request(SIZE, DType::F64))
}

fn sample(seed: u64, count: usize, shift: f64) -> Result<Tensor> {
    let values = Streams::new(seed).normal(Purpose::Evaluation, 0, count * SIZE);
    Ok((Tensor::from_vec(values, (count, SIZE), &Device::Cpu)?.to_dtype(DType::F64)? + shift)?)
}

fn number(tensor: &Tensor) -> Result<f64> {
    Ok(tensor.to_scalar()?)
}

/// Trains what the divergence has to train on samples whose q is shifted.
fn train(divergence: &dyn Divergence, shift: f64) -> Result<()> {
    let Some(parameters) = divergence.parameters() else { return Ok(()) };
    let mut adam = Adam::named(parameters.weights(), AdamConfig { learning_rate: 3e-3, beta1: 0.9, beta2: 0.999, epsilon: 1e-8 })?;
    for step in 0..400 {
        let (q, p) = (sample(1_000 + 2 * step, 100, shift)?, sample(1_001 + 2 * step, 100, 0.0)?);
        let loss = divergence.critic_loss(&q, &p)?.context("a critic has a loss")?;
        adam.step(&loss.backward()?)?;
    }
    Ok(())
}

/// Mean and standard error of the estimate over pairs of samples of `count` rows.
fn mean(divergence: &dyn Divergence, count: usize, shift: f64, repeats: u64) -> Result<(f64, f64)> {
    let values: Vec<f64> = (0..repeats)
        .map(|i| number(&divergence.estimate(&sample(50_000 + 2 * i, count, shift)?, &sample(50_001 + 2 * i, count, 0.0)?)?))
        .collect::<Result<_>>()?;
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    let variance = values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0);
    Ok((mean, (variance / n).sqrt()))
}

#[test]
fn equal_laws_are_near_and_a_shift_takes_them_apart() -> Result<()> {
    for (name, _, settings) in variants() {
        let at = |shift: f64| -> Result<f64> {
            let divergence = build(name, &settings)?;
            train(divergence.as_ref(), shift)?;
            Ok(mean(divergence.as_ref(), 200, shift, 10)?.0)
        };
        let [zero, half, one, two] = [at(0.0)?, at(0.5)?, at(1.0)?, at(2.0)?];
        assert!(half < one && one < two, "{name} {settings}: {half} {one} {two}");
        assert!(zero < 0.3 * one && zero.abs() < 0.1 * two, "{name} {settings}: {zero} at no shift, {one} and {two} at shifts");
    }
    Ok(())
}

#[test]
fn what_is_said_to_be_unbiased_is() -> Result<()> {
    let mut seen = 0;
    for (name, summary, settings) in variants() {
        if !summary.to_lowercase().contains("unbiased") {
            continue;
        }
        let divergence = build(name, &settings)?;
        let (zero, error) = mean(divergence.as_ref(), 12, 0.0, 1_500)?;
        assert!(zero.abs() < 4.0 * error, "{name} {settings}: {zero} +- {error} for equal laws");
        let ((few, few_error), (many, many_error)) =
            (mean(divergence.as_ref(), 12, 0.7, 1_500)?, mean(divergence.as_ref(), 120, 0.7, 150)?);
        // A width that follows the samples changes a little with their number.
        let within = 4.0 * few_error.hypot(many_error) + 0.01 * many;
        assert!((few - many).abs() < within, "{name} {settings}: {few} +- {few_error} of 12, {many} +- {many_error} of 120");
        seen += 1;
    }
    assert!(seen >= 5, "{seen}");
    Ok(())
}

#[test]
fn what_is_not_said_to_be_unbiased_falls_to_zero_with_the_size_of_equal_samples() -> Result<()> {
    for (name, summary, settings) in variants() {
        let divergence = build(name, &settings)?;
        if summary.to_lowercase().contains("unbiased") || divergence.parameters().is_some() {
            continue;
        }
        let ((few, error), (many, _)) = (mean(divergence.as_ref(), 20, 0.0, 100)?, mean(divergence.as_ref(), 400, 0.0, 20)?);
        assert!(few > 4.0 * error && many > 0.0, "{name} {settings}: {few} +- {error} of 20, {many} of 400");
        // The slowest rate is that of a distance, not squared: the root of 20.
        assert!(many < few / 3.5, "{name} {settings}: {few} of 20, {many} of 400");
    }
    Ok(())
}

#[test]
fn a_divergence_without_a_critic_is_symmetric_at_its_defaults() -> Result<()> {
    for entry in DIVERGENCES.entries() {
        let divergence = build(entry.name, &Value::Null)?;
        if divergence.parameters().is_some() {
            continue;
        }
        let (q, p) = (sample(1, 30, 0.4)?, sample(2, 23, 0.0)?);
        let (there, back) = (number(&divergence.estimate(&q, &p)?)?, number(&divergence.estimate(&p, &q)?)?);
        assert!((there - back).abs() < 1e-12, "{}: {there} and {back}", entry.name);
    }
    Ok(())
}

#[test]
fn the_order_of_codes_and_the_number_of_threads_do_not_matter() -> Result<()> {
    for (name, _, settings) in variants() {
        let divergence = build(name, &settings)?;
        let (q, p) = (sample(1, 40, 0.4)?, sample(2, 31, 0.0)?);
        let turned = Tensor::cat(&[&q.narrow(0, 17, 23)?, &q.narrow(0, 0, 17)?], 0)?;
        let (value, other) = (number(&divergence.estimate(&q, &p)?)?, number(&divergence.estimate(&turned, &p)?)?);
        assert!((value - other).abs() < 1e-12, "{name} {settings}: {value} and {other}");
        let with = |threads| -> Result<Vec<f64>> {
            let q = Var::from_tensor(&q)?;
            rayon_pool(threads)?.install(|| {
                let gradients = divergence.estimate(&q, &p)?.backward()?;
                Ok(gradients.get(&q).context("a gradient")?.flatten_all()?.to_vec1()?)
            })
        };
        assert_eq!(with(1)?, with(3)?, "{name} {settings}");
    }
    Ok(())
}

fn rayon_pool(threads: usize) -> Result<rayon::ThreadPool> {
    Ok(rayon::ThreadPoolBuilder::new().num_threads(threads).build()?)
}

#[test]
fn gradients_agree_with_finite_differences() -> Result<()> {
    for (name, _, settings) in variants() {
        let divergence = build(name, &settings)?;
        let (q, p) = (Var::from_tensor(&sample(1, 9, 0.4)?)?, Var::from_tensor(&sample(2, 7, 0.0)?)?);
        let estimate = || -> Result<Tensor> { Ok(divergence.estimate(&q, &p)?) };
        let loss = || -> Result<Tensor> { divergence.critic_loss(&q, &p)?.context("a critic has a loss") };

        let gradients = estimate()?.backward()?;
        // A median is without gradient, and follows the two rows that it lies between: theirs may differ.
        let most = if settings.to_string().contains("median") { 2 * SIZE } else { 0 };
        let by_q = gradients.get(&q).context("no gradient reaches q")?;
        let wrong = finite_differences(&q, by_q, &estimate)?;
        assert!(wrong.len() <= most, "{name} {settings} by q: {wrong:?}");
        // Directions that follow the sample of the prior are constants to the gradient.
        if settings.as_object().is_some_and(|s| s.keys().all(|k| ["hidden", "layers"].contains(&k.as_str())))
            && let Some(by_p) = gradients.get(&p)
        {
            assert_eq!(finite_differences(&p, by_p, &estimate)?, [], "{name} by p");
        }
        let Some(parameters) = divergence.parameters() else { continue };
        let critic = loss()?.backward()?;
        assert!(critic.get(&q).is_none() && critic.get(&p).is_none(), "{name}: the critic's loss moves the codes");
        for (weight, var) in parameters.weights() {
            assert!(weight.starts_with("divergence."), "{name}: {weight}");
            assert!(gradients.get(&var).is_none(), "{name}: the estimate moves {weight}");
            let gradient = critic.get(&var).with_context(|| format!("{name}: no gradient reaches {weight}"))?;
            assert_eq!(finite_differences(&var, gradient, &loss)?, [], "{name} {weight}");
        }
    }
    Ok(())
}

/// Entries of `var`, with their gradients, that are not what differences of `f` say; some are tried, of every row.
fn finite_differences(var: &Var, gradient: &Tensor, f: &dyn Fn() -> Result<Tensor>) -> Result<Vec<(usize, f64)>> {
    let (values, gradient) = (var.flatten_all()?.to_vec1::<f64>()?, gradient.flatten_all()?.to_vec1::<f64>()?);
    let mut wrong = Vec::new();
    for entry in (0..values.len()).step_by((values.len() / 25).max(1)) {
        let at = |offset: f64| -> Result<f64> {
            let mut moved = values.clone();
            moved[entry] += offset;
            var.set(&Tensor::from_vec(moved, var.shape(), &Device::Cpu)?)?;
            number(&f()?)
        };
        // A kink may lie inside the step; a much smaller step is beside it.
        let agrees = |step: f64| -> Result<bool> {
            let difference = (at(step)? - at(-step)?) / (2.0 * step);
            Ok((gradient[entry] - difference).abs() <= 1e-6 * difference.abs().max(1e-2))
        };
        if !agrees(1e-5)? && !agrees(3e-7)? {
            wrong.push((entry, gradient[entry]));
        }
        var.set(&Tensor::from_vec(values.clone(), var.shape(), &Device::Cpu)?)?;
    }
    Ok(wrong)
}

#[test]
fn samples_that_do_not_fit_are_refused() -> Result<()> {
    for (name, _, settings) in variants() {
        let divergence = build(name, &settings)?;
        let q = sample(1, 5, 0.0)?;
        for (q, p) in [(&q, &q.narrow(1, 0, 2)?), (&q.narrow(0, 0, 1)?, &q), (&q, &q.narrow(0, 0, 1)?)] {
            let error =
                divergence.estimate(q, p).err().with_context(|| format!("{name}: {:?} beside {:?} is taken", q.dims(), p.dims()))?;
            assert!(matches!(error, Error::Shape { .. }), "{name}: {error}");
        }
        assert!(divergence.estimate(&q.unsqueeze(0)?, &q).is_err());
    }
    Ok(())
}
