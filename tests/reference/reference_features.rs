//! The network behind FID, and the distances of its features.

use std::collections::BTreeMap;

use anyhow::{Context, Result, ensure};
use candle_core::{Device, Tensor};
use sha2::{Digest, Sha256};
use vimae_core::ImageShape;
use vimae_metrics::{
    features::{Features, Source},
    fid,
    inception::{self, Inception, weights},
    kid,
    resize::Resize,
};
use vimae_tests::golden::{Case, case, folder, near};

fn splitmix64(x: u64) -> u64 {
    let mut z = x.wrapping_add(0x9e37_79b9_7f4a_7c15);
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// The weight of that name by the rule in the case's description.
fn ruled(seed: u64, name: &str, shape: &[usize]) -> Result<Tensor> {
    let digest = Sha256::digest(format!("{seed}:{name}"));
    let start = u64::from_le_bytes(digest.get(..8).context("a digest")?.try_into()?);
    let fan_in: usize = shape.iter().skip(1).product();
    let bound = (6.0 / fan_in as f64).sqrt();
    let value = |i: u64| {
        let u = (splitmix64(start.wrapping_add(i)) >> 40) as f64 / f64::from(1 << 24);
        match name {
            n if n.ends_with("running_var") => 0.5 + u,
            n if n.ends_with("running_mean") || n.ends_with(".bias") => 0.2 * (u - 0.5),
            n if n.contains(".bn.weight") => 0.75 + 0.5 * u,
            _ => (2.0 * u - 1.0) * bound,
        }
    };
    let values: Vec<f32> = (0..shape.iter().product::<usize>() as u64).map(|i| value(i) as f32).collect();
    Ok(Tensor::from_vec(values, shape, &Device::Cpu)?)
}

fn seed() -> Result<u64> {
    let manifest: serde_json::Value = serde_json::from_slice(&std::fs::read(folder().join("manifest.json"))?)?;
    manifest["seed"].as_u64().context("a seed")
}

fn network(case: &Case) -> Result<Inception> {
    let seed = seed()?;
    let shapes = inception::shapes();
    ensure!(shapes.len() == case.integer("tensor_count")?, "{} tensors", shapes.len());
    let tensors: BTreeMap<String, Tensor> =
        shapes.iter().map(|(name, shape)| Ok((name.clone(), ruled(seed, name, shape)?))).collect::<Result<_>>()?;
    for (name, expected) in case.value("example")?.as_object().context("a table")? {
        let got: Vec<f32> = tensors[name].flatten_all()?.narrow(0, 0, 3)?.to_vec1()?;
        let expected: Vec<f32> = expected.as_array().context("a list")?.iter().filter_map(|v| Some(v.as_f64()? as f32)).collect();
        ensure!(got == expected, "{name}: {got:?}, expected {expected:?}");
    }
    let sha256 = weights::digest(&tensors)?;
    Ok(Inception::new(&tensors, &sha256, Resize::Legacy, &Device::Cpu)?)
}

/// The case's images are floats in [0, 1], not bytes: they go in through the floating-point door.
#[test]
fn inception_features() -> Result<()> {
    let case = case("inception")?;
    let network = network(&case)?;
    let images = case.tensor("images")?;
    let (count, channels, height, width) = images.dims4()?;
    let shape = ImageShape { channels, height, width };
    let pixels: Vec<Vec<f32>> = (0..count).map(|i| Ok(images.get(i)?.flatten_all()?.to_vec1()?)).collect::<Result<_>>()?;
    let features = network.run_floats(&pixels, shape)?.features;
    case.check("pool3", &Tensor::from_vec(features, (count, inception::FEATURES), &Device::Cpu)?)
}

#[test]
fn frechet_and_kernel_distances() -> Result<()> {
    for name in ["fid_0", "fid_1", "fid_2"] {
        let case = case(name)?;
        let features = |key: &str| -> Result<Features> {
            let rows = case.tensor(key)?;
            let size = rows.dim(1)?;
            Ok(Features::new(Source::new("reference", "none"), key, size, rows.flatten_all()?.to_vec1()?, None)?)
        };
        let (x, y) = (features("x")?, features("y")?);
        let (rtol, atol) = (case.number("rtol")?, case.number("atol")?);
        for (a, b) in [(&x, &y), (&y, &x)] {
            near(&format!("{name} fid"), fid::fid(a, b)?.value, case.number("fid")?, rtol, atol)?;
            near(&format!("{name} kid"), kid::kid(a, b)?.value, case.number("kid")?, rtol, atol)?;
        }
    }
    Ok(())
}
