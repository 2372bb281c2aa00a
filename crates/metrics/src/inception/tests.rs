//! The network with random weights: its two engines against one another, and what batches must not change.

use vimae_core::{Purpose, Streams};

use super::*;

fn untrained() -> BTreeMap<String, Tensor> {
    let streams = Streams::new(5);
    let tensor = |step: usize, name: &str, shape: &[usize]| {
        let fan_in: usize = shape.iter().skip(1).product();
        let scale = if name.contains(".bn.") { 0.1 } else { (2.0 / fan_in.max(1) as f32).sqrt() };
        let centre = if name.ends_with("running_var") || name.ends_with("bn.weight") { 1.0 } else { 0.0 };
        let values = streams.normal(Purpose::Initialisation, step as u64, shape.iter().product());
        // A variance is positive.
        let value = |v: &f32| centre + scale * if name.ends_with("running_var") { v.abs() } else { *v };
        Tensor::from_vec(values.iter().map(value).collect::<Vec<_>>(), shape, &Device::Cpu).unwrap()
    };
    shapes().into_iter().enumerate().map(|(step, (name, shape))| (name.clone(), tensor(step, &name, &shape))).collect()
}

fn images(count: usize, shape: ImageShape) -> Vec<Vec<u8>> {
    (0..count).map(|i| (0..shape.len()).map(|at| ((at * 37 + at / 11 * (i + 3) + i * 91) % 256) as u8).collect()).collect()
}

#[test]
fn the_engines_agree_and_batches_change_no_bit() {
    let weights = untrained();
    let network = Inception::new(&weights, &weights::digest(&weights).unwrap(), Resize::Clean, &Device::Cpu).unwrap();
    assert!(network.source().to_string().starts_with("inception-2015-12-05.pool3.clean@"));
    let shape = ImageShape { channels: 3, height: 40, width: 30 };
    let bytes = images(6, shape);
    let all: Vec<ImageView<'_>> = bytes.iter().map(|bytes| ImageView { shape, bytes }).collect();
    let outputs = network.run(&all).unwrap();
    let alone = network.run(&all[5..]).unwrap();
    assert_eq!(outputs.features[5 * FEATURES..], alone.features);
    let single = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    assert_eq!(single.install(|| network.run(&all)).unwrap(), outputs);

    // The GPU's engine, here on the CPU: direct sums in place of Winograd's.
    let folded: Vec<Folded> = graph::specs().into_iter().map(|spec| fold(spec, &weights).unwrap()).collect();
    let layers = device::Layers::new(&folded, &Device::Cpu).unwrap();
    let input = Tensor::from_vec(Resize::Clean.input(&all[5]), (1, SIDE, SIDE, 3), &Device::Cpu).unwrap();
    let direct: Vec<f32> = layers.features(&input).unwrap().flatten_all().unwrap().to_vec1().unwrap();
    let largest = direct.iter().fold(0.0_f32, |m, v| m.max(v.abs()));
    let worst = direct.iter().zip(&alone.features).map(|(a, b)| (a - b).abs()).fold(0.0, f32::max);
    assert!(largest > 1e-3 && worst < 1e-4 * largest, "off by {worst} of {largest}");
}

#[test]
fn wrong_weights_are_refused_by_name() {
    let mut weights = untrained();
    let make = |weights: &BTreeMap<String, Tensor>| match Inception::new(weights, "none", Resize::Legacy, &Device::Cpu) {
        Ok(_) => String::new(),
        Err(error) => error.to_string(),
    };
    weights.insert("Mixed_5b.branch1x1.bn.num_batches_tracked".into(), Tensor::new(0_i64, &Device::Cpu).unwrap());
    assert_eq!(make(&weights), "");
    let right = weights.insert("fc.weight".into(), Tensor::zeros((1000, FEATURES), candle_core::DType::F32, &Device::Cpu).unwrap());
    assert!(make(&weights).contains("\"fc.weight\": expected shape [1008, 2048], got [1000, 2048]"), "{}", make(&weights));
    weights.insert("fc.weight".into(), right.unwrap());
    let mut nan = vec![0.5_f32; 32];
    nan[7] = f32::NAN;
    let right = weights.insert("Conv2d_1a_3x3.bn.bias".into(), Tensor::from_vec(nan, 32, &Device::Cpu).unwrap());
    assert!(make(&weights).contains("\"Conv2d_1a_3x3.bn.bias\": holds a value that is not finite"), "{}", make(&weights));
    weights.insert("Conv2d_1a_3x3.bn.bias".into(), right.unwrap());
    weights.insert("AuxLogits.fc.bias".into(), Tensor::new(&[0.0_f32], &Device::Cpu).unwrap());
    assert!(make(&weights).contains("\"AuxLogits.fc.bias\": is no weight of the FID InceptionV3"));
    weights.remove("AuxLogits.fc.bias");
    weights.remove("Mixed_7c.branch_pool.conv.weight");
    assert!(make(&weights).contains("\"Mixed_7c.branch_pool.conv.weight\": missing"));
}
