//! Bounds, spread and repeatability of every corruption.

use candle_core::{DType, Device, Tensor};
use serde_json::{Value, json};
use vimae_core::{Corruption, Purpose, Streams, corruption::each};

use super::*;

fn made(name: &str, settings: Value) -> Box<dyn Corruption> {
    CORRUPTIONS.build(name, settings.as_object().unwrap()).unwrap()
}

fn gray(n: usize) -> Tensor {
    Tensor::full(0.5_f32, (n, 3, 32, 32), &Device::Cpu).unwrap()
}

fn values(t: &Tensor) -> Vec<f32> {
    t.flatten_all().unwrap().to_vec1().unwrap()
}

fn added(name: &str, settings: Value) -> Vec<f32> {
    let noisy = made(name, settings).apply(&gray(20), &Streams::new(1), Purpose::PixelNoise, 0).unwrap();
    values(&noisy).into_iter().map(|v| v - 0.5).collect()
}

#[test]
fn each_kind_of_noise_keeps_its_bounds_and_spread() {
    assert!(added("truncated", json!({ "std": 0.01 })).iter().all(|v| v.abs() <= 0.02 + 1e-6));
    assert!(added("clipped", json!({ "std": 0.01 })).iter().all(|v| v.abs() <= 0.01 + 1e-6));
    let gaussian = added("gaussian", json!({ "std": 0.3 }));
    let variance = gaussian.iter().map(|v| f64::from(v * v)).sum::<f64>() / gaussian.len() as f64;
    assert!((variance - 0.09).abs() < 0.002 && gaussian.iter().any(|v| v.abs() > 0.9), "{variance}");
}

#[test]
fn masks_hide_whole_pixels_with_the_probability_asked_for() {
    let masked = made("mask", json!({ "p": 0.2 })).apply(&gray(20), &Streams::new(1), Purpose::Corruption, 0).unwrap();
    let share = values(&masked).iter().filter(|&&v| v == 0.0).count() as f64 / (20 * 3 * 32 * 32) as f64;
    assert!((share - 0.2).abs() < 0.01, "{share}");
    let (red, blue) = (masked.narrow(1, 0, 1).unwrap(), masked.narrow(1, 2, 1).unwrap());
    assert_eq!(values(&red), values(&blue));
    let all = |p: f64| {
        let mask = made("mask", json!({ "p": p })).filled_with(-1.0).unwrap();
        values(&mask.apply(&gray(1), &Streams::new(1), Purpose::Corruption, 0).unwrap())
    };
    assert_eq!((all(1.0), all(0.0)), (vec![-1.0; 3 * 32 * 32], vec![0.5; 3 * 32 * 32]));
}

#[test]
fn the_size_of_batches_changes_nothing_and_strengths_scale_one_draw() {
    let streams = Streams::new(4);
    for entry in CORRUPTIONS.entries() {
        let corruption = CORRUPTIONS.build(entry.name, &Default::default()).unwrap();
        let whole = each(corruption.as_ref(), &gray(6), &streams, 10).unwrap();
        let parts = [(2, 10), (4, 12)].map(|(n, first)| each(corruption.as_ref(), &gray(n), &streams, first).unwrap());
        assert_eq!(values(&whole), values(&Tensor::cat(&parts, 0).unwrap()), "{}", entry.name);
        assert_ne!(values(&whole), values(&each(corruption.as_ref(), &gray(6), &Streams::new(5), 10).unwrap()), "{}", entry.name);
    }
    let at = |std| values(&each(made("gaussian", json!({})).at(std).as_ref(), &gray(1), &streams, 0).unwrap());
    for (weak, strong) in at(0.2).iter().zip(at(0.4)) {
        assert!((2.0 * (weak - 0.5) - (strong - 0.5)).abs() < 1e-6);
    }
}

#[test]
fn settings_without_meaning_and_images_of_another_rank_are_refused() {
    for (name, settings) in [("gaussian", json!({ "std": -0.1 })), ("mask", json!({ "p": 1.5 })), ("fog", json!({}))] {
        assert!(CORRUPTIONS.build(name, settings.as_object().unwrap()).is_err(), "{name}");
    }
    let flat = Tensor::zeros((4, 4), DType::F32, &Device::Cpu).unwrap();
    assert!(made("mask", json!({})).apply(&flat, &Streams::new(1), Purpose::Corruption, 0).is_err());
}
