//! Bounds of ln p(x) under a decoder's own likelihood, around values that are known exactly: a linear model with Gaussian pixels,
//! and three binary pixels of a code of one dimension, whose eight images are summed over.

use anyhow::{Context, Result, ensure};
use candle_core::{DType, Device, Tensor};
use serde_json::json;
use vimae_core::{
    AutoEncoder, Code, Dataset, Decoder, Encoder, Head, ImageSet, ImageShape, Likelihood, MetricFiles, Mode, Output, Parameters,
    PartRequest, PixelRange, Prior, Purpose, Silent, Split, Streams, Values, WithLikelihood, subset::drawn,
};
use vimae_eval::{EvalContext, Outcome, Subject, evaluate};
use vimae_metrics::{
    Summary,
    ais::anneal::{Plan, Tuned},
    bridge::FromPrior,
    likelihood::DecoderLikelihood,
};
use vimae_spec::Evaluation;
use vimae_tests::parts::{likelihood_with, part_request, prior};

const PIXELS: usize = 3;
const SHAPE: ImageShape = ImageShape { channels: 1, height: 1, width: PIXELS };
const SIGMA: f64 = 0.15;
/// Slopes and intercepts of the pixels' logits.
const SLOPES: [f64; PIXELS] = [2.0, -1.0, 0.5];
const INTERCEPTS: [f64; PIXELS] = [-0.5, 0.3, 1.0];

/// Pixels, or logits, that are linear in a code of one dimension; an encoder with one Gaussian for all images.
struct Line {
    parameters: Parameters,
    scale: f64,
    log_var: f64,
}

impl Encoder for Line {
    fn encode(&self, images: &Tensor, _: Mode) -> vimae_core::Result<Code> {
        // Along the slopes, which is right in direction and wrong in size.
        let slopes = Tensor::new(&SLOPES, images.device())?.to_dtype(images.dtype())?.reshape((PIXELS, 1))?;
        let mean = ((images.flatten_from(1)? - 0.5)?.matmul(&slopes)? * 0.4)?;
        Ok(Code { log_var: Some((mean.ones_like()? * self.log_var)?), mean })
    }
}

impl Decoder for Line {
    fn decode(&self, codes: &Tensor, _: Mode) -> vimae_core::Result<Tensor> {
        let row = |values: [f64; PIXELS]| Tensor::new(&values, codes.device())?.to_dtype(codes.dtype())?.reshape((1, PIXELS));
        let linear = codes.broadcast_mul(&(row(SLOPES)? * self.scale)?)?.broadcast_add(&(row(INTERCEPTS)? * self.scale)?)?;
        Ok(linear.reshape((codes.dim(0)?, 1, 1, PIXELS))?)
    }
}

impl AutoEncoder for Line {
    fn parameters(&self) -> &Parameters {
        &self.parameters
    }

    fn code_size(&self) -> usize {
        1
    }

    fn image_shape(&self) -> ImageShape {
        SHAPE
    }

    fn head(&self) -> Head {
        Head::Gaussian
    }
}

fn request() -> PartRequest {
    PartRequest { image: SHAPE, ..part_request(1, DType::F64) }
}

fn gaussian() -> Result<WithLikelihood> {
    model(0.1, 1.0, likelihood_with("gaussian", &json!({ "sigma": SIGMA }), &request())?)
}

fn bernoulli() -> Result<WithLikelihood> {
    let likelihood = likelihood_with("bernoulli", &json!({}), &request())?;
    ensure!(likelihood.output() == Output { per_value: 1, squashed: false });
    model(1.0, -0.5, likelihood)
}

fn model(scale: f64, log_var: f64, likelihood: Box<dyn Likelihood>) -> Result<WithLikelihood> {
    let parameters = Parameters::new(1, DType::F64, &Device::Cpu);
    Ok(WithLikelihood::new(Box::new(Line { parameters, scale, log_var }), likelihood))
}

/// The eight binary images, again and again; also the pixels that the linear model is measured on.
struct Cube(ImageSet);

impl Cube {
    fn new() -> Result<Self> {
        let pixels = (0..48_u8).flat_map(|image| (0..PIXELS).map(move |pixel| if image >> pixel & 1 == 1 { 255 } else { 0 }));
        Ok(Self(ImageSet::new(SHAPE, pixels.collect(), vec![0; 48])?))
    }
}

impl Dataset for Cube {
    fn name(&self) -> &str {
        "cube"
    }

    fn range(&self) -> PixelRange {
        PixelRange::Unit
    }

    fn classes(&self) -> usize {
        1
    }

    fn sha256(&self) -> &str {
        ""
    }

    fn split(&self, _: Split) -> vimae_core::Result<&ImageSet> {
        Ok(&self.0)
    }
}

/// ln P(x) of the Bernoulli model, by a fine sum over the code.
fn exact_bernoulli(image: &[f64]) -> f64 {
    const STEP: f64 = 1e-3;
    let term = |z: f64| {
        let log_p: f64 = (0..PIXELS)
            .map(|j| {
                let logit = SLOPES[j] * z + INTERCEPTS[j];
                image[j] * logit - vimae_core::numerics::softplus(logit)
            })
            .sum();
        (log_p - 0.5 * z * z).exp()
    };
    ((-12_000..12_000).map(|i| term(STEP * (f64::from(i) + 0.5))).sum::<f64>() * STEP / std::f64::consts::TAU.sqrt()).ln()
}

/// ln p(x) of the linear model: N(b, s^2 I + w w^T), with one direction of another variance.
fn exact_gaussian(image: &[f64]) -> f64 {
    let (noise, scale) = (SIGMA * SIGMA, 0.1);
    let centred: Vec<f64> = image.iter().zip(INTERCEPTS).map(|(x, b)| x - scale * b).collect();
    let squares: f64 = SLOPES.iter().map(|w| (scale * w).powi(2)).sum();
    let along: f64 = centred.iter().zip(SLOPES).map(|(x, w)| x * scale * w).sum();
    let quadratic = (centred.iter().map(|x| x * x).sum::<f64>() - along * along / (noise + squares)) / noise;
    -0.5 * (quadratic + PIXELS as f64 * (std::f64::consts::TAU * noise).ln() + (1.0 + squares / noise).ln())
}

fn measured(model: &WithLikelihood, settings: serde_json::Value) -> Result<Outcome> {
    let (dataset, files, prior) = (Cube::new()?, MetricFiles::default(), prior_of_one()?);
    let evaluation = Evaluation {
        metrics: vec!["nll".into()],
        settings: serde_json::from_value(settings)?,
        prior_samples: 20,
        labels: 0,
        ..Evaluation::default()
    };
    let subject = Subject { model, prior: prior.as_ref(), sampler: None, corruption: None, dataset: &dataset, files: &files };
    Ok(evaluate(&EvalContext::new(subject, &evaluation, 3, &Silent)?)?)
}

fn prior_of_one() -> Result<Box<dyn Prior>> {
    prior("normal")
}

fn value(outcome: &Outcome, metric: &str, protocol: &str) -> Result<f64> {
    let found = outcome.measurements.iter().find(|m| m.metric == metric && m.protocol.to_string().starts_with(protocol));
    found.and_then(|m| m.value).with_context(|| format!("no {metric} {protocol} in {:?}", outcome.measurements))
}

/// -ln p of `count` of the 48 images, as they are drawn for a measurement, on average.
fn expected(exact: fn(&[f64]) -> f64, count: usize) -> f64 {
    let image = |image: usize| (0..PIXELS).map(move |pixel| f64::from(u8::from(image >> pixel & 1 == 1))).collect::<Vec<_>>();
    -drawn(48, count).into_iter().map(|i| exact(&image(i))).sum::<f64>() / count as f64
}

#[test]
fn the_probabilities_of_the_eight_images_add_up_to_one() {
    let all: f64 = (0..8_u8).map(|i| exact_bernoulli(&[0, 1, 2].map(|pixel| f64::from(i >> pixel & 1))).exp()).sum();
    assert!((all - 1.0).abs() < 1e-9, "{all}");
    assert_eq!(Cube::new().unwrap().values().unwrap(), Values::Binary);
}

#[test]
fn importance_weighting_and_annealing_come_to_the_exact_likelihood_from_the_right_side() -> Result<()> {
    let models = [("bernoulli", bernoulli()?), ("gaussian(scale=0.15)", gaussian()?)];
    for ((name, model), exact_of) in models.into_iter().zip([exact_bernoulli as fn(&[f64]) -> f64, exact_gaussian]) {
        let exact = expected(exact_of, 48);
        let settings = |samples: usize| json!({ "iwae": { "images": 48, "samples": samples } });
        let bound = |samples: usize| -> Result<f64> {
            value(&measured(&model, settings(samples))?, "nll", &format!("nll.iwae({samples},likelihood={name},"))
        };
        let (one, few, many) = (bound(1)?, bound(8)?, bound(4_000)?);
        ensure!(one > few && few > many - 0.01 && few > exact, "{name}: {one}, {few}, {many}, exact {exact}");
        ensure!((many - exact).abs() < 0.02, "{name}: {many}, exact {exact}");
        for start in ["code", "prior"] {
            let ais = json!({ "ais": { "images": 8, "simulated": 40, "temperatures": 150, "chains": 24, "start": start } });
            let outcome = measured(&model, ais)?;
            let found = value(&outcome, "nll", &format!("nll.ais(likelihood={name},start={start},"))?;
            let gap = value(&outcome, "ais.gap", "bdmc(")?;
            let exact = expected(exact_of, 8);
            ensure!((found - exact).abs() < 0.05, "{name} from the {start}: {found}, exact {exact}");
            ensure!((-0.05..0.1).contains(&gap), "{name} from the {start}: gap {gap}");
            let bits = value(&outcome, "nll.bits_per_dimension", "nll.ais(")?;
            ensure!((bits - found / (PIXELS as f64 * std::f64::consts::LN_2)).abs() < 1e-12);
        }
    }
    Ok(())
}

#[test]
fn probabilities_have_bits_of_their_own_and_no_windows() -> Result<()> {
    let outcome = measured(&bernoulli()?, json!({ "iwae": { "images": 8, "samples": 5 } }))?;
    let unit = |protocol: &str| {
        let found =
            outcome.measurements.iter().find(|m| m.metric == "nll.bits_per_dimension" && m.protocol.to_string().starts_with(protocol));
        found.map(|m| (m.unit.clone(), m.value.is_some()))
    };
    ensure!(unit("nll.iwae") == Some(("bits".into(), true)), "{:?}", unit("nll.iwae"));
    let windows = outcome.measurements.iter().find(|m| m.protocol.name == "nll.parzen").context("windows")?;
    ensure!(windows.value.is_none() && windows.note.as_ref().is_some_and(|note| note.contains("do not compare")), "{windows:?}");
    Ok(())
}

#[test]
fn simulated_images_are_bracketed() -> Result<()> {
    let (model, prior, streams) = (bernoulli()?, prior_of_one()?, Streams::new(2));
    let likelihood = model.likelihood().context("a likelihood")?;
    let codes: Vec<f64> = streams.normal(Purpose::PriorSample, 0, 60).into_iter().map(f64::from).collect();
    let any = Tensor::zeros((1, 1, 1, PIXELS), DType::F64, &Device::Cpu)?;
    let own = |images: &Tensor| DecoderLikelihood::own(&model, 1, images, (PixelRange::Unit, likelihood), &Device::Cpu);
    let images = own(&any)?.simulate(&codes, &streams, 7)?.reshape((60, 1, 1, PIXELS))?;
    let on_images = own(&images)?;
    let way = FromPrior { prior: prior.as_ref(), likelihood: &on_images };
    let tuned = Tuned::by_pilot(&way, Plan { chains: 16, temperatures: 40, leapfrog: 3 }, &streams.fold_in("pilot"))?;
    let lower = tuned.forward(&way, &[], &streams.fold_in("forward"))?.log_likelihood;
    let upper = tuned.reverse(&way, &codes, &streams.fold_in("reverse"))?;
    let exact: Vec<f64> = images.flatten_from(1)?.to_vec2::<f64>()?.iter().map(|image| exact_bernoulli(image)).collect();
    let mean = |values: &[f64]| Summary::of(values).map(|s| s.mean).context("finite values");
    let (lower, exact, upper) = (mean(&lower)?, mean(&exact)?, mean(&upper)?);
    ensure!(lower < exact + 0.02 && exact < upper + 0.02 && upper - lower < 0.1, "{lower}, {exact}, {upper}");
    ensure!(own(&(images * 0.5)?).is_err(), "gray images under bernoulli");
    Ok(())
}
