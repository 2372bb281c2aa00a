//! This project's side of `experiments/conventions`: `conventions IN.safetensors OUT.safetensors` counts the features, logits, codes
//! and images of IN in every way that there is a setting for, prints one JSON row a number, and writes resized images to OUT.
#![expect(clippy::print_stdout, reason = "its output is its purpose")]

use std::{collections::HashMap, env, error::Error};

use candle_core::{DType, Device, Tensor, safetensors};
use serde_json::json;
use vimae_core::{Code, ImageShape, Purpose, Streams};
use vimae_metrics::{
    features::{Features, Logits, Source},
    fid::fid,
    inception_score::{Splits, inception_score},
    kid::{Subsets, by_subsets, kid},
    mmd::{Imq, estimate},
    nll::parzen::{Window, log_densities},
    prdc::{Balls, prdc},
    rate::rates,
    resize::{ImageView, Resize, SIDE},
};
use vimae_ops::conv2d_same;
use vimae_priors::normal;

type Outcome<T> = Result<T, Box<dyn Error>>;

/// What the file holds.
struct Given(HashMap<String, Tensor>);

impl Given {
    fn tensor(&self, name: &str) -> Outcome<&Tensor> {
        Ok(self.0.get(name).ok_or_else(|| format!("no tensor {name}"))?)
    }

    fn features(&self, name: &str) -> Outcome<Features> {
        let tensor = self.tensor(name)?;
        let values = tensor.flatten_all()?.to_vec1::<f32>()?;
        Ok(Features::new(Source::new("rule", "00"), name, tensor.dim(1)?, values, None)?)
    }
}

fn row(subject: &str, input: &str, setting: &str, value: f64, deviation: Option<f64>) {
    let mut row = json!({ "subject": subject, "input": input, "who": "vimae", "setting": setting, "value": value });
    if let (Some(row), Some(deviation)) = (row.as_object_mut(), deviation) {
        row.insert("deviation".into(), deviation.into());
    }
    println!("{row}");
}

fn main() -> Outcome<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [from, to] = arguments.as_slice() else { return Err("conventions IN.safetensors OUT.safetensors".into()) };
    let given = Given(safetensors::load(from, &Device::Cpu)?);
    features(&given)?;
    codes(&given)?;
    let mut resized = HashMap::new();
    for (name, image) in given.0.iter().filter(|(name, _)| name.starts_with("image.")) {
        let &[channels, height, width] = image.dims() else { return Err(format!("{name}: {:?}", image.dims()).into()) };
        let bytes = image.flatten_all()?.to_vec1::<u8>()?;
        let view = ImageView { shape: ImageShape { channels, height, width }, bytes: &bytes };
        for resize in Resize::ALL {
            let pixels = Tensor::from_vec(resize.input(&view), (SIDE, SIDE, 3), &Device::Cpu)?;
            resized.insert(format!("{name}.{}", resize.name()), pixels);
        }
    }
    networks(&given, &mut resized)?;
    Ok(safetensors::save(&resized, to)?)
}

/// Initial weights, and SAME convolutions.
fn networks(given: &Given, out: &mut HashMap<String, Tensor>) -> Outcome<()> {
    let draws = Streams::new(1).truncated_normal(Purpose::Evaluation, 0, 100_000, 2.0);
    let of_all = |f: fn(f64, f64) -> f64| draws.iter().fold(0.0, |a, v| f(a, f64::from(*v).abs()));
    let input = "100000 draws, standard deviation 0.01";
    row("truncated normal", input, "largest over 0.01", of_all(f64::max), None);
    row("truncated normal", input, "their standard deviation over 0.01", (of_all(|a, v| a + v * v) / draws.len() as f64).sqrt(), None);
    for (size, kernel) in [(7, 4), (7, 5), (8, 4), (32, 5)] {
        let name = format!("same.{size}.{kernel}");
        let (x, w) = (given.tensor(&format!("{name}.x"))?, given.tensor(&format!("{name}.w"))?);
        out.insert(name, conv2d_same(x, w, None, 2)?);
    }
    Ok(())
}

fn features(given: &Given) -> Outcome<()> {
    let pairs = [
        ("1000 and 1000 images, 48 features", "real", "generated"),
        ("30 and 30 images, 48 features", "few_real", "few_generated"),
        ("200 images with themselves", "self", "self"),
    ];
    for (input, real, generated) in pairs {
        row("fid", input, "always", fid(&given.features(real)?, &given.features(generated)?)?.value, None);
    }
    let (real, generated) = (given.features("real")?, given.features("generated")?);
    let all = kid(&real, &generated)?;
    row("kid", "all pairs of 1000 images", "default", all.value, None);
    for (count, size) in [(1, 1000), (100, 100)] {
        let (mean, deviation) = by_subsets(&real, &generated, Subsets { count, size }, 0)?;
        let setting = format!("--kid-subsets {count}x{size}");
        row("kid", &format!("{count} subsets of {size} of 1000 images"), &setting, mean, Some(deviation));
    }
    let logits = given.tensor("logits")?;
    let logits = Logits { classes: logits.dim(1)?, values: logits.flatten_all()?.to_vec1()? };
    for (count, ddof) in [1, 10, 100].into_iter().flat_map(|count| [(count, 0), (count, 1)]) {
        let found = inception_score(&logits, Splits { count, ddof })?;
        let setting = format!("--splits {count} --ddof {ddof}, in order");
        row("inception score", &format!("1005 images, 20 classes, splits={count}"), &setting, found.value, found.deviation);
    }
    let sets = [
        ("1000 and 1000 images", "real", "generated"),
        ("200 images with themselves", "self", "self"),
        ("six copies of 50 images with themselves", "copies", "copies"),
    ];
    for (input, real, generated) in sets {
        let (real, generated) = (given.features(real)?, given.features(generated)?);
        for (setting, balls) in [("--balls closed (default)", Balls::Closed), ("--balls open", Balls::Open)] {
            for found in prdc(&real, &generated, &[3, 5], balls)? {
                let input = format!("{input}, k={}", found.k);
                let shares =
                    [("precision", found.precision), ("recall", found.recall), ("density", found.density), ("coverage", found.coverage)];
                shares.iter().for_each(|(share, value)| row(share, &input, setting, *value, None));
            }
        }
    }
    Ok(())
}

fn codes(given: &Given) -> Outcome<()> {
    let (codes, prior) = (given.tensor("codes")?, given.tensor("prior")?);
    let imq = Imq::multiscale(2.0 * codes.dim(1)? as f64);
    let found = estimate(codes, prior, &[&imq])?.into_iter().next().ok_or("no estimate")?;
    row("mmd", "200 codes and 200 draws, 8 dimensions", "mmd.imq.u", found.unbiased, None);
    let code = Code { mean: given.tensor("mean")?.clone(), log_var: Some(given.tensor("log_var")?.clone()) };
    let all = rates(&normal::prior(), &code)?;
    row("rate", "200 Gaussian codes, 8 dimensions", "rate.gaussian", all.iter().sum::<f64>() / all.len() as f64, None);
    for dimensions in [2, 64, 784] {
        let images = |name: &str| given.tensor(&format!("{name}.{dimensions}"))?.to_dtype(DType::F32).map_err(Box::<dyn Error>::from);
        let (test, samples) = (images("test")?, images("samples")?);
        let window = Window { sigma: 0.2, samples: samples.dim(0)? };
        let densities = log_densities(&test, &samples, &[window])?.concat();
        let mean = densities.iter().sum::<f64>() / densities.len() as f64;
        row("parzen", &format!("100 images on 500 samples, {dimensions} dimensions, sigma=0.2"), "nll.parzen", mean, None);
    }
    Ok(())
}
