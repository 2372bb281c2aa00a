//! The transductive machine where the pool shows what the labels do not, and on awkward points.

use linfa::{
    DatasetBase,
    traits::{Fit, Predict},
};
use ndarray::{Array1, Array2, ArrayView2, s};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use vimae_svm::{Error, Kernel, Svm, TransductiveSvm};

const KERNELS: [Kernel; 2] = [Kernel::Rbf { gamma: 0.5 }, Kernel::Linear];

/// Two long bands one above the other; the first three points of each lie at its end, which misleads.
fn bands(seed: u64) -> (Array2<f64>, Vec<u32>) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut point = |label: u32, at_end: bool| -> (f64, f64) {
        let side = if label == 1 { 1.0 } else { -1.0 };
        loop {
            let (x, y): (f64, f64) = (1.2 * rng.sample::<f64, _>(StandardNormal), 0.35 * rng.sample::<f64, _>(StandardNormal) - 1.1 * side);
            if !at_end || x * side > 0.8 {
                return (x, y);
            }
        }
    };
    let labels: Vec<u32> = (0..606).map(|i| i % 2).collect();
    let points: Vec<(f64, f64)> = labels.iter().enumerate().map(|(i, label)| point(*label, i < 6)).collect();
    (Array2::from_shape_fn((606, 2), |(i, j)| if j == 0 { points[i].0 } else { points[i].1 }), labels)
}

fn accuracy(predicted: &[u32], truth: &[u32]) -> f64 {
    predicted.iter().zip(truth).filter(|(p, t)| p == t).count() as f64 / truth.len() as f64
}

fn split(features: &Array2<f64>) -> (ArrayView2<'_, f64>, ArrayView2<'_, f64>) {
    (features.slice(s![..6, ..]), features.slice(s![6.., ..]))
}

#[test]
fn the_boundary_finds_the_gap_that_labels_hide() {
    for seed in 1..=20 {
        let (features, labels) = bands(seed);
        let (known, pool) = split(&features);
        for kernel in KERNELS {
            let inductive = Svm::new(kernel).train(known, &labels[..6]).unwrap().classify(pool).unwrap();
            let found = TransductiveSvm::new(Svm::new(kernel)).train(known, &labels[..6], pool).unwrap();
            let (before, after) = (accuracy(&inductive, &labels[6..]), accuracy(&found.labels, &labels[6..]));
            assert!(after >= 0.97 && before < 0.93, "{kernel:?}, seed {seed}: {before} {after}");
            assert_eq!(found.machines.classify(pool).unwrap(), found.labels, "{kernel:?}, seed {seed}");
            assert!(found.switches > 0 && found.solutions > found.machines.classes().len());
        }
    }
}

#[test]
fn a_pool_without_weight_changes_nothing() {
    let (features, labels) = bands(1);
    let (known, pool) = split(&features);
    for kernel in KERNELS {
        let light = TransductiveSvm { pool_share: 1e-12, ..TransductiveSvm::new(Svm::new(kernel)) };
        let found = light.train(known, &labels[..6], pool).unwrap();
        let inductive = Svm::new(kernel).train(known, &labels[..6]).unwrap().scores(pool).unwrap();
        assert!(found.scores.iter().zip(&inductive).all(|(a, b)| (a - b).abs() < 5e-3), "{kernel:?}");
    }
}

#[test]
fn classes_keep_the_ratio_of_the_labels() {
    let (features, _) = bands(2);
    let labels = [0, 1, 1, 1];
    // One machine calls exactly its share of the pool positive; with two classes both agree.
    let found =
        TransductiveSvm::new(Svm::new(Kernel::Linear)).train(features.slice(s![..4, ..]), &labels, features.slice(s![6.., ..])).unwrap();
    let ones = found.labels.iter().filter(|l| **l == 1).count() as f64 / 600.0;
    assert!((ones - 0.75).abs() < 0.05, "{ones}");
}

#[test]
fn linfas_traits_take_points_without_labels() {
    let (features, labels) = bands(3);
    let targets = Array1::from_shape_fn(606, |i| (i < 6).then_some(labels[i]));
    let found = TransductiveSvm::new(Svm::new(Kernel::Linear)).fit(&DatasetBase::new(features.view(), targets)).unwrap();
    let direct = TransductiveSvm::new(Svm::new(Kernel::Linear)).train(split(&features).0, &labels[..6], split(&features).1).unwrap();
    assert_eq!(found, direct);
    let predicted: Array1<u32> = found.machines.predict(&features);
    assert!(accuracy(predicted.as_slice().unwrap(), &labels) > 0.97);
}

#[test]
fn the_same_bits_come_out_for_any_number_of_threads() {
    let (features, labels) = bands(4);
    let (known, pool) = split(&features);
    for kernel in KERNELS {
        let with = |threads| {
            let threads = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            threads.install(|| TransductiveSvm::new(Svm::new(kernel)).train(known, &labels[..6], pool).unwrap())
        };
        assert_eq!(with(1), with(3));
    }
}

#[test]
fn awkward_pools_give_answers_or_errors() {
    let (features, labels) = bands(5);
    let (known, pool) = split(&features);
    for kernel in KERNELS {
        let svm = TransductiveSvm::new(Svm::new(kernel));
        let none = svm.train(known, &labels[..6], pool.slice(s![..0, ..])).unwrap();
        assert!(none.labels.is_empty());
        assert_eq!(none.machines.classify(known).unwrap(), labels[..6]);
        // One label of a class among many of the other; the same points again as the pool.
        let lone = svm.train(known, &[3, 3, 3, 3, 3, 4], known).unwrap();
        assert_eq!(lone.labels.len(), 6);
        let mut broken = pool.to_owned();
        broken[(9, 1)] = f64::INFINITY;
        assert!(matches!(svm.train(known, &labels[..6], broken.view()), Err(Error::NotFinite { what: "pool", row: 9, column: 1, .. })));
        assert!(matches!(svm.train(known, &[3; 6], pool), Err(Error::Classes { classes: 1 })));
        assert!(matches!(svm.train(known, &labels[..6], pool.slice(s![.., ..1])), Err(Error::Columns { expected: 2, got: 1, .. })));
        for bad in [1.0, 0.5, f64::NAN] {
            let slow = TransductiveSvm { growth: bad, ..svm };
            assert!(matches!(slow.train(known, &labels[..6], pool), Err(Error::Setting { name: "growth", .. })));
        }
    }
    let many = Array2::zeros((50_000, 1));
    let error =
        TransductiveSvm::new(Svm::new(Kernel::Rbf { gamma: 1.0 })).train(known.slice(s![.., ..1]), &labels[..6], many.view()).unwrap_err();
    assert!(matches!(error, Error::TooLarge { points: 50_006, .. }), "{error}");
}
