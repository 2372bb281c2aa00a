//! What every likelihood must satisfy; no entry is named here but where one is asked about its own numbers.

use std::f64::consts::PI;

use anyhow::{Context, Result, ensure};
use candle_core::{DType, Device, Tensor, Var};
use serde_json::{Value, json};
use vimae_core::{
    Error, Likelihood, PartRequest, PixelRange, Purpose, Streams, Support, Values,
    likelihood::{check_images, check_values},
    settings::Domain,
};
use vimae_objectives::likelihood::LIKELIHOODS;
use vimae_tests::parts::{likelihood_with, part_request};

const RANGES: [PixelRange; 2] = [PixelRange::Unit, PixelRange::Symmetric];

/// An entry with what to call it and the range of its images.
type Named = (String, PixelRange, Box<dyn Likelihood>);

/// Every entry at its defaults and at each choice of its words, in both ranges.
fn all() -> Result<Vec<Named>> {
    let mut all = Vec::new();
    for entry in LIKELIHOODS.entries() {
        let mut settings = vec![json!({})];
        for setting in entry.settings() {
            if let Domain::Choice(words) = &setting.domain {
                settings.extend(words.iter().map(|word| json!({ (setting.name.clone()): word })));
            }
        }
        for (settings, range) in settings.iter().flat_map(|settings| RANGES.map(|range| (settings, range))) {
            let request = PartRequest { range, ..part_request(2, DType::F64) };
            all.push((format!("{} {settings} in {range}", entry.name), range, likelihood_with(entry.name, settings, &request)?));
        }
    }
    ensure!(all.len() >= 2 * LIKELIHOODS.names().count() && !all.is_empty());
    Ok(all)
}

fn uniform(count: usize, place: u64) -> Vec<f64> {
    Streams::new(3).fill(Purpose::Evaluation, place, count, rand::Rng::random::<f64>)
}

/// Images in \[0, 1\] that the support admits.
fn admitted(support: Support, count: usize) -> Vec<f64> {
    let round = |value: f64| match support {
        Support::Line | Support::Interval => value,
        Support::Binary => value.round(),
        Support::Levels => (255.0 * value).round() / 255.0,
    };
    uniform(count, 1).into_iter().map(round).collect()
}

fn of_unit(values: &[f64], range: PixelRange) -> Vec<f64> {
    values.iter().map(|v| if range == PixelRange::Unit { *v } else { 2.0 * v - 1.0 }).collect()
}

/// An output of `rows` images of one channel, `height` x 1, as a decoder gives it.
fn output(likelihood: &dyn Likelihood, range: PixelRange, rows: usize, height: usize, spread: f64) -> Result<Tensor> {
    let given = likelihood.output();
    let count = rows * given.per_value * height;
    let values: Vec<f64> = match given.squashed {
        true => of_unit(&uniform(count, 2), range),
        false => uniform(count, 2).iter().map(|v| spread * (2.0 * v - 1.0)).collect(),
    };
    Ok(Tensor::from_vec(values, (rows, given.per_value, height, 1), &Device::Cpu)?)
}

fn images(likelihood: &dyn Likelihood, range: PixelRange, rows: usize, height: usize) -> Result<Tensor> {
    Ok(Tensor::from_vec(of_unit(&admitted(likelihood.support(), rows * height), range), (rows, 1, height, 1), &Device::Cpu)?)
}

#[test]
fn probabilities_add_up_to_one() -> Result<()> {
    for (what, range, likelihood) in all()? {
        // A scale that is the best for a batch is no distribution of one value given the output alone.
        if !likelihood.has_scale() && likelihood.protocol().parameters.len() == 1 {
            continue;
        }
        let one = output(likelihood.as_ref(), range, 1, 1, 1.5)?;
        let (values, width): (Vec<f64>, f64) = match likelihood.support() {
            Support::Binary => (vec![0.0, 1.0], 1.0),
            Support::Levels => ((0..256).map(|level| f64::from(level) / 255.0).collect(), 1.0),
            Support::Interval => ((0..20_000).map(|i| (f64::from(i) + 0.5) / 20_000.0).collect(), 1.0 / 20_000.0),
            Support::Line => ((-400_000..400_000).map(|i| f64::from(i) * 1e-4).collect(), 1e-4),
        };
        let rows = values.len();
        let x = Tensor::from_vec(of_unit(&values, range), (rows, 1, 1, 1), &Device::Cpu)?;
        let found = likelihood.log_likelihood(&x, &one.repeat((rows, 1, 1, 1))?)?.exp()?.sum_all()?.to_scalar::<f64>()? * width;
        ensure!((found - 1.0).abs() < 1e-4, "{what}: {found}");
    }
    Ok(())
}

#[test]
fn gradients_agree_with_finite_differences() -> Result<()> {
    for (what, range, likelihood) in all()? {
        let given = output(likelihood.as_ref(), range, 4, 3, 1.5)?;
        let x = images(likelihood.as_ref(), range, 2, 3)?;
        let var = Var::from_tensor(&given)?;
        let total = |output: &Tensor| -> Result<Tensor> { Ok(likelihood.distortion(&x, output)?.sqr()?.sum_all()?) };
        let gradient = total(&var)?.backward()?.get(&var).context("a gradient")?.flatten_all()?.to_vec1::<f64>()?;
        let values = given.flatten_all()?.to_vec1::<f64>()?;
        for at in 0..values.len() {
            let moved = |step: f64| -> Result<f64> {
                let mut values = values.clone();
                values[at] += step;
                Ok(total(&Tensor::from_vec(values, given.shape(), &Device::Cpu)?)?.to_scalar()?)
            };
            let difference = (moved(1e-6)? - moved(-1e-6)?) / 2e-6;
            let scale = difference.abs().max(gradient.iter().fold(0.0, |a, g: &f64| a.max(g.abs())));
            ensure!((difference - gradient[at]).abs() < 1e-5 * scale.max(1.0), "{what} at {at}: {}, {difference}", gradient[at]);
        }
    }
    Ok(())
}

#[test]
fn draws_are_images_of_the_support_with_the_stated_mean() -> Result<()> {
    const ROWS: usize = 20_000;
    for (what, range, likelihood) in all()? {
        let one = output(likelihood.as_ref(), range, 1, 3, 1.0)?;
        let many = one.repeat((ROWS, 1, 1, 1))?;
        let drawn = match likelihood.sample(&many, &Streams::new(7), Purpose::Evaluation, 0) {
            Err(Error::Unsupported { .. }) => {
                ensure!(!likelihood.has_scale(), "{what} gives no images");
                continue;
            }
            drawn => drawn?,
        };
        ensure!(likelihood.has_scale(), "{what} has no scale and gives images");
        check_images(likelihood.as_ref(), &drawn, range)?;
        let mean = likelihood.mean(&one)?.flatten_all()?.to_vec1::<f64>()?;
        let (scale, _) = range.affine();
        for (pixel, mean) in mean.into_iter().enumerate() {
            let values = drawn.narrow(2, pixel, 1)?.flatten_all()?.to_vec1::<f64>()?;
            let found = values.iter().sum::<f64>() / ROWS as f64;
            let variance = values.iter().map(|v| (v - found).powi(2)).sum::<f64>() / ROWS as f64;
            // The mean of levels is known to half a level.
            let known = if likelihood.support() == Support::Levels { 0.5 * f64::from(scale) } else { 0.0 };
            ensure!((found - mean).abs() < known + 4.0 * (variance / ROWS as f64).sqrt(), "{what}: {found}, {mean}");
        }
        let again = likelihood.sample(&many, &Streams::new(7), Purpose::Evaluation, 0)?;
        ensure!((again - &drawn)?.abs()?.max_all()?.to_scalar::<f64>()? == 0.0, "{what}: draws are no function of their stream");
    }
    Ok(())
}

#[test]
fn blocks_of_rows_are_those_of_the_images_one_by_one() -> Result<()> {
    for (what, range, likelihood) in all()? {
        if !likelihood.has_scale() {
            continue;
        }
        let (x, output) = (images(likelihood.as_ref(), range, 2, 3)?, output(likelihood.as_ref(), range, 6, 3, 1.5)?);
        let together = likelihood.log_likelihood(&x, &output)?.to_vec1::<f64>()?;
        for (row, together) in together.into_iter().enumerate() {
            let alone = likelihood.log_likelihood(&x.narrow(0, row % 2, 1)?, &output.narrow(0, row, 1)?)?.to_vec1::<f64>()?[0];
            ensure!((together - alone).abs() < 1e-9, "{what}, row {row}: {together}, {alone}");
        }
        let mean = likelihood.mean(&output)?;
        ensure!(mean.dims() == [6, 1, 3, 1], "{what}: {:?}", mean.dims());
    }
    Ok(())
}

#[test]
fn other_shapes_are_refused() -> Result<()> {
    for (what, range, likelihood) in all()? {
        let x = images(likelihood.as_ref(), range, 2, 3)?;
        let right = output(likelihood.as_ref(), range, 2, 3, 1.0)?;
        for wrong in [right.narrow(0, 0, 1)?, right.narrow(2, 0, 2)?, Tensor::cat(&[&right, &right], 1)?, right.flatten_all()?] {
            let found = likelihood.log_likelihood(&x, &wrong);
            ensure!(matches!(found, Err(Error::Shape { .. })), "{what} takes {:?}", wrong.dims());
        }
    }
    Ok(())
}

#[test]
fn numbers_far_out_give_finite_values_and_gradients_in_f32() -> Result<()> {
    for (what, range, likelihood) in all()? {
        let x = images(likelihood.as_ref(), range, 2, 3)?.to_dtype(DType::F32)?;
        let likelihoods = [-20.0, 0.0, 20.0].map(|far| -> Result<f32> {
            let given = output(likelihood.as_ref(), range, 2, 3, 0.0)?;
            let given = if likelihood.output().squashed { given } else { (given + far)? };
            let var = Var::from_tensor(&given.to_dtype(DType::F32)?)?;
            let found = likelihood.log_likelihood(&x, &var)?.sum_all()?;
            let gradient = found.backward()?.get(&var).context("a gradient")?.flatten_all()?.to_vec1::<f32>()?;
            ensure!(gradient.iter().all(|g| g.is_finite()), "{what} at {far}: {gradient:?}");
            Ok(found.to_scalar()?)
        });
        for found in likelihoods {
            ensure!(found?.is_finite(), "{what}");
        }
    }
    Ok(())
}

#[test]
fn images_outside_the_support_are_refused_and_those_inside_taken() -> Result<()> {
    for (what, range, likelihood) in all()? {
        let refused = |value: f64| -> Result<bool> {
            let image = Tensor::new(of_unit(&[value], range), &Device::Cpu)?.reshape((1, 1, 1, 1))?;
            match check_images(likelihood.as_ref(), &image, range) {
                Err(Error::Unsupported { .. }) => Ok(true),
                other => Ok(other.map(|()| false)?),
            }
        };
        let expected: [(f64, &[Support]); 6] = [
            (f64::NAN, &[]),
            (-0.01, &[Support::Line]),
            (1.2, &[Support::Line]),
            (0.5, &[Support::Line, Support::Interval]),
            (100.0 / 255.0, &[Support::Line, Support::Interval, Support::Levels]),
            (1.0, &[Support::Line, Support::Interval, Support::Levels, Support::Binary]),
        ];
        for (value, takers) in expected {
            ensure!(refused(value)? != takers.contains(&likelihood.support()), "{what}: {value}");
        }
    }
    Ok(())
}

#[test]
fn data_on_which_a_likelihood_makes_no_sense_is_refused_with_the_reason() -> Result<()> {
    let request = part_request(2, DType::F64);
    let reason = |name: &str, settings: Value, values: Values| -> Result<Option<String>> {
        match check_values(likelihood_with(name, &settings, &request)?.as_ref(), values) {
            Err(Error::Unsupported { reason, .. }) => Ok(Some(reason)),
            other => Ok(other.map(|()| None)?),
        }
    };
    for (name, settings, values, word) in [
        ("bernoulli", json!({}), Values::Bytes, "continuous_bernoulli"),
        ("bernoulli", json!({}), Values::Continuous, "0 and 1 alone"),
        ("continuous_bernoulli", json!({}), Values::Binary, "bernoulli"),
        ("discretised_logistic", json!({}), Values::Binary, "bernoulli"),
        ("discretised_logistic_mixture", json!({}), Values::Continuous, "between them"),
        ("gaussian", json!({ "scale": "learned" }), Values::Binary, "without end"),
        ("gaussian", json!({ "scale": "optimal" }), Values::Binary, "without end"),
        ("laplace", json!({ "scale": "learned" }), Values::Binary, "without end"),
    ] {
        let found = reason(name, settings, values)?.with_context(|| format!("{name} takes {values:?}"))?;
        ensure!(found.contains(word), "{name}: {found}");
    }
    for (name, values) in [
        ("squared_error", Values::Binary),
        ("squared_error", Values::Bytes),
        ("gaussian", Values::Binary),
        ("bernoulli", Values::Binary),
        ("continuous_bernoulli", Values::Bytes),
        ("continuous_bernoulli", Values::Continuous),
        ("discretised_logistic", Values::Bytes),
    ] {
        ensure!(reason(name, json!({}), values)?.is_none(), "{name} refuses {values:?}");
    }
    Ok(())
}

#[test]
fn the_squared_error_is_a_gaussian_whose_variance_its_weight_says() -> Result<()> {
    let request = part_request(2, DType::F64);
    let weight = 8.0;
    let [squared, gaussian] = [("squared_error", json!({ "weight": weight })), ("gaussian", json!({ "sigma": 0.25 }))]
        .map(|(name, settings)| likelihood_with(name, &settings, &request));
    let (squared, gaussian) = (squared?, gaussian?);
    let (x, y) = (images(squared.as_ref(), PixelRange::Unit, 2, 3)?, output(squared.as_ref(), PixelRange::Unit, 2, 3, 1.0)?);
    let [one, other] = [&squared, &gaussian].map(|l| l.log_likelihood(&x, &y));
    ensure!((one? - other?)?.abs()?.max_all()?.to_scalar::<f64>()? < 1e-12);
    let constant = (squared.log_likelihood(&x, &y)? + squared.distortion(&x, &y)?)?.to_vec1::<f64>()?;
    ensure!(constant.iter().all(|c| (c - 1.5 * (weight / PI).ln()).abs() < 1e-12), "{constant:?}");
    Ok(())
}
