//! Metrics on request, on a linear model whose likelihood is known: the first two pixels are a quarter of the code.

use candle_core::{DType, Device, Tensor};
use vimae_core::{
    AutoEncoder, Code, Dataset, Decoder, Encoder, Error, Head, ImageSet, ImageShape, MetricFiles, Mode, Parameters, PartRequest,
    PixelRange, Prior, Purpose, Result, Silent, Split, Streams, subset::drawn,
};
use vimae_eval::{EvalContext, Outcome, Subject, evaluate};
use vimae_metrics::METRICS;
use vimae_priors::{PRIORS, normal};
use vimae_spec::{Evaluation, Measurement};

const SHAPE: ImageShape = ImageShape { channels: 1, height: 1, width: 4 };
const SIGMA: f64 = 0.1;

struct Quarter(Parameters, Head);

impl Encoder for Quarter {
    fn encode(&self, images: &Tensor, _: Mode) -> Result<Code> {
        // The posterior of x = z / 4 with noise: precision 1 + 1 / (16 sigma^2), mean x / (4 sigma^2) / precision.
        let precision = 1.0 + 1.0 / (16.0 * SIGMA * SIGMA);
        let mean = (images.flatten_from(1)?.narrow(1, 0, 2)? * (0.25 / (SIGMA * SIGMA) / precision))?;
        let log_var = (self.1 == Head::Gaussian).then(|| mean.ones_like()? * -precision.ln()).transpose()?;
        Ok(Code { mean, log_var })
    }
}

impl Decoder for Quarter {
    fn decode(&self, codes: &Tensor, _: Mode) -> Result<Tensor> {
        let known = (codes * 0.25)?;
        Ok(Tensor::cat(&[&known, &known.zeros_like()?], 1)?.reshape(((), 1, 1, 4))?)
    }
}

impl AutoEncoder for Quarter {
    fn parameters(&self) -> &Parameters {
        &self.0
    }

    fn code_size(&self) -> usize {
        2
    }

    fn image_shape(&self) -> ImageShape {
        SHAPE
    }

    fn head(&self) -> Head {
        self.1
    }
}

struct Draws(ImageSet);

impl Dataset for Draws {
    fn name(&self) -> &str {
        "draws"
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

    fn split(&self, _: Split) -> Result<&ImageSet> {
        Ok(&self.0)
    }
}

fn data() -> Draws {
    let pixels: Vec<u8> = Streams::new(4).fill(Purpose::Shuffle, 0, 4 * 60, |rng| (rand::Rng::random::<f32>(rng) * 80.0) as u8);
    Draws(ImageSet::new(SHAPE, pixels, vec![0; 60]).unwrap())
}

/// -ln p of an image: two pixels of variance 1/16 + sigma^2, two of sigma^2.
fn exact(pixels: &[u8]) -> f64 {
    let loss = |x: u8, variance: f64| 0.5 * ((f64::from(x) / 255.0).powi(2) / variance + (std::f64::consts::TAU * variance).ln());
    let noise = SIGMA * SIGMA;
    pixels.iter().zip([1.0 / 16.0 + noise, 1.0 / 16.0 + noise, noise, noise]).map(|(x, variance)| loss(*x, variance)).sum()
}

fn measure(head: Head, metrics: &[&str], settings: serde_json::Value) -> vimae_core::Result<Outcome> {
    measure_under(&normal::prior(), head, metrics, settings)
}

fn measure_under(prior: &dyn Prior, head: Head, metrics: &[&str], settings: serde_json::Value) -> vimae_core::Result<Outcome> {
    let model = Quarter(Parameters::new(1, DType::F32, &Device::Cpu), head);
    let dataset = data();
    let evaluation = Evaluation {
        metrics: metrics.iter().map(|m| (*m).to_owned()).collect(),
        settings: serde_json::from_value(settings).unwrap(),
        prior_samples: 50,
        labels: 0,
        ..Evaluation::default()
    };
    let files = MetricFiles::default();
    let subject = Subject { model: &model, prior, sampler: None, corruption: None, dataset: &dataset, files: &files };
    let outcome = evaluate(&EvalContext::new(subject, &evaluation, 3, &Silent)?)?;
    for found in &outcome.measurements {
        let reported = METRICS.build(&found.entry, &serde_json::Map::new())?.reports();
        assert!(reported.contains(&found.metric), "{} does not say that it reports {}", found.entry, found.metric);
    }
    Ok(outcome)
}

fn find<'a>(outcome: &'a Outcome, metric: &str, part: &str) -> &'a Measurement {
    let found = outcome.measurements.iter().find(|m| m.metric == metric && m.protocol.to_string().contains(part));
    found.unwrap_or_else(|| panic!("no {metric} {part} in {outcome:?}"))
}

#[test]
fn annealing_and_importance_sampling_find_the_likelihood() {
    let settings = serde_json::json!({ "ais": { "images": 20, "simulated": 6 }, "iwae": { "images": 20, "samples": 300 } });
    let outcome = measure(Head::Gaussian, &["reconstruction"], settings).unwrap();
    let chosen = drawn(60, 20);
    let expected = chosen.iter().map(|place| exact(&data().0.pixels()[4 * place..4 * place + 4])).sum::<f64>() / 20.0;
    for part in ["nll.ais(sigma=0.1,start=code,", "nll.iwae(300,sigma=0.1,N=20)"] {
        let found = find(&outcome, "nll", part);
        assert!((found.value.unwrap() - expected).abs() < 0.02 && found.n == 20, "{found:?}, expected {expected}");
        let bits = find(&outcome, "nll.bits_per_dimension", part).value.unwrap();
        assert!((bits - found.value.unwrap() / (4.0 * std::f64::consts::LN_2)).abs() < 1e-9);
    }
    let gap = find(&outcome, "ais.gap", "bdmc(sigma=0.1,start=code,");
    assert!(gap.value.unwrap().abs() < 0.05 && gap.n == 6, "{gap:?}");
    assert!(find(&outcome, "nll", "sigma=fit").note.as_ref().unwrap().contains("likeliest on 60 held-out images"));
    assert!(outcome.measurements.iter().all(|m| m.metric != "ais.rate"));
}

#[test]
fn rate_and_distortion_come_with_a_start_at_the_prior() {
    let settings = serde_json::json!({ "ais": { "start": "prior", "images": 10, "simulated": 2, "chains": 16, "sigma": 0 } });
    let outcome = measure(Head::Deterministic, &["ais"], settings).unwrap();
    let values =
        |metric: &str| -> Vec<f64> { outcome.measurements.iter().filter(|m| m.metric == metric).map(|m| m.value.unwrap()).collect() };
    let (rates, distortions) = (values("ais.rate"), values("ais.distortion"));
    assert!(rates.len() > 5 && rates.len() == distortions.len());
    assert!(rates.windows(2).all(|r| r[0] < r[1] + 0.1) && distortions.windows(2).all(|d| d[0] + 1e-3 > d[1]));
    assert!(outcome.measurements.iter().all(|m| m.protocol.to_string().contains("sigma=fit,start=prior")));
    // No likelihood without its gap.
    assert!(outcome.measurements.iter().any(|m| m.metric == "ais.gap"));
}

#[test]
fn what_is_on_request_is_measured_only_where_it_is_named() {
    let all = measure(Head::Gaussian, &[], serde_json::json!({})).unwrap();
    let has = |outcome: &Outcome, part: &str| outcome.measurements.iter().any(|m| m.protocol.to_string().contains(part));
    assert!(has(&all, "infonce") && has(&all, "nll.parzen") && !has(&all, "nll.ais") && !has(&all, "nll.iwae"));
    let more = measure(Head::Gaussian, &[], serde_json::json!({ "iwae": { "samples": 10 } })).unwrap();
    assert!(has(&more, "infonce") && has(&more, "nll.iwae(10,") && !has(&more, "nll.ais"));
    let refused = |settings| measure(Head::Gaussian, &[], settings).unwrap_err();
    let error = refused(serde_json::json!({ "iwea": {} }));
    assert!(matches!(&error, Error::UnknownName { kind: "metric", nearest: Some(near), .. } if near == "iwae"), "{error}");
    let error = refused(serde_json::json!({ "ais": { "chain": 3 } }));
    assert!(matches!(&error, Error::UnknownKey { nearest: Some(near), .. } if near == "chains"), "{error}");
    let error = refused(serde_json::json!({ "ais": { "chains": 0 } }));
    assert!(matches!(&error, Error::Setting { key, .. } if key == "chains"), "{error}");
}

#[test]
fn without_a_distribution_of_codes_there_is_a_note_and_no_number() {
    let outcome = measure(Head::Deterministic, &["information", "iwae"], serde_json::json!({})).unwrap();
    for metric in ["information.lower", "information.upper", "nll"] {
        let found = find(&outcome, metric, "");
        assert!(found.value.is_none() && found.note.as_ref().unwrap().contains("infinite"), "{found:?}");
    }
    // Entropy and active units need no distribution.
    assert!(find(&outcome, "information.entropy", "q(z)").value.is_some());
    assert_eq!(find(&outcome, "information.active_units", "").value, Some(2.0));
}

#[test]
fn the_ledger_adds_up() {
    let outcome = measure(Head::Gaussian, &["information", "rate"], serde_json::json!({})).unwrap();
    let value = |metric: &str, part: &str| find(&outcome, metric, part).value.unwrap();
    let rate = value("rate", "rate.gaussian");
    let dimensions = value("rate.dimension", "dimension=0") + value("rate.dimension", "dimension=1");
    assert!((rate - dimensions).abs() < 1e-5, "{rate} {dimensions}");
    let (lower, upper) = (value("information.lower", "infonce"), value("information.upper", "leave_one_out"));
    assert!(lower < upper && lower <= value("information.ceiling", "ln(N=60)"));
    assert!((value("information.marginal_kl.upper", "rate-infonce") - (rate - lower)).abs() < 1e-5);
    assert!((value("information.entropy", "exact(prior)") - (1.0 + std::f64::consts::TAU.ln())).abs() < 1e-12);
}

#[test]
fn a_prior_on_an_interval_has_no_rate_and_all_else() {
    let image = SHAPE;
    let request = PartRequest { code: 2, image, range: PixelRange::Unit, seed: 0, dtype: DType::F32, device: Device::Cpu };
    let prior = PRIORS.build("uniform", &serde_json::Map::new(), &request).unwrap();
    // Every metric that an evaluation measures unasked.
    let outcome = measure_under(prior.as_ref(), Head::Gaussian, &[], serde_json::json!({})).unwrap();
    for (metric, part) in [("rate", "rate.gaussian"), ("information.marginal_kl.upper", "rate-infonce"), ("rate.dimension", "dimension=1")]
    {
        let found = find(&outcome, metric, part);
        assert!(found.value.is_none() && found.note.as_ref().is_some_and(|note| note.contains("infinite")), "{found:?}");
    }
    for (metric, part) in [("information.lower", "infonce"), ("adversarial", "adversarial.js"), ("mmd", "mmd.imq.u")] {
        assert!(find(&outcome, metric, part).value.is_some(), "{metric}");
    }
}
