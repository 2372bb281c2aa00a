//! The inductive machine beside linfa-svm's solver, on ordinary and on awkward points.

use linfa::{
    DatasetBase,
    traits::{Fit, Predict},
};
use ndarray::{Array1, Array2, ArrayView2, array, s};
use rand::{Rng, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rand_distr::StandardNormal;
use vimae_svm::{Error, Kernel, Svm, cross_validate};

/// Overlapping clusters, one a class.
fn clusters(seed: u64, count: usize, dimensions: usize, classes: u32) -> (Array2<f64>, Vec<u32>) {
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut normal = || -> f64 { rng.sample(StandardNormal) };
    let centres = Array2::from_shape_fn((classes as usize, dimensions), |_| 1.5 * normal());
    let labels: Vec<u32> = (0..count as u32).map(|i| i % classes).collect();
    (Array2::from_shape_fn((count, dimensions), |(i, j)| centres[(labels[i] as usize, j)] + normal()), labels)
}

/// Scores of linfa-svm's machine for `class`.
fn oracle(kernel: Kernel, features: ArrayView2<'_, f64>, labels: &[u32], class: u32, asked: ArrayView2<'_, f64>) -> Vec<f64> {
    let targets: Array1<bool> = labels.iter().map(|l| *l == class).collect();
    let params = linfa_svm::Svm::<f64, bool>::params().eps(1e-6).shrinking(false).pos_neg_weights(1.0, 1.0);
    let params = match kernel {
        Kernel::Linear => params.linear_kernel(),
        Kernel::Rbf { gamma } => params.gaussian_kernel(1.0 / gamma),
    };
    let machine = params.fit(&DatasetBase::new(features, targets.view())).unwrap();
    asked.outer_iter().map(|x| machine.weighted_sum(&x) - machine.rho).collect()
}

#[test]
fn scores_are_those_of_another_solver() {
    // The last has more dimensions than points, where the linear kernel goes through the dual too.
    for (count, dimensions) in [(150, 2), (201, 8), (30, 40)] {
        let (features, labels) = clusters(count as u64, count + 50, dimensions, 3);
        let (train, asked) = (features.slice(s![..count, ..]), features.slice(s![count.., ..]));
        for kernel in [Kernel::Rbf { gamma: 0.3 / dimensions as f64 }, Kernel::Linear] {
            let svm = Svm { tolerance: 1e-5, ..Svm::new(kernel) };
            let scores = svm.train(train, &labels[..count]).unwrap().scores(asked).unwrap();
            for class in 0..3 {
                let expected = oracle(kernel, train, &labels[..count], class, asked);
                let worst = scores.column(class as usize).iter().zip(&expected).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
                assert!(worst < 2e-3, "{kernel:?}, {count} x {dimensions}, class {class}: {worst}");
            }
        }
    }
}

#[test]
fn the_same_bits_come_out_for_any_number_of_threads() {
    let (features, labels) = clusters(1, 300, 5, 4);
    for kernel in [Kernel::Rbf { gamma: 0.2 }, Kernel::Linear] {
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| Svm::new(kernel).train(features.view(), &labels).unwrap().scores(features.view()).unwrap())
        };
        assert_eq!(with(1), with(3));
    }
}

#[test]
fn the_linear_machine_has_a_solution_at_every_cost_and_scale() {
    for seed in 0..60 {
        let (features, labels) = clusters(seed, 60, 2, 3);
        for (cost, scale) in [(1e-3, 1.0), (0.1, 1.0), (10.0, 1.0), (100.0, 1.0), (1000.0, 1.0), (100.0, 10.0), (100.0, 0.01)] {
            let features = &features * scale;
            let linear = Svm { cost, ..Svm::new(Kernel::Linear) };
            let scores = linear.train(features.view(), &labels).unwrap_or_else(|e| panic!("seed {seed}, cost {cost}, scale {scale}: {e}"));
            assert!(scores.scores(features.view()).unwrap().iter().all(|v| v.is_finite()));
        }
    }
}

#[test]
fn one_class_counts_and_values_that_are_no_numbers_are_refused() {
    let (features, labels) = clusters(2, 20, 3, 2);
    let svm = Svm::new(Kernel::Linear);
    assert!(matches!(svm.train(features.view(), &[7; 20]), Err(Error::Classes { classes: 1 })));
    assert!(matches!(svm.train(features.slice(s![..0, ..]), &[]), Err(Error::Classes { classes: 0 })));
    assert!(matches!(svm.train(features.view(), &labels[1..]), Err(Error::Count { points: 20, labels: 19 })));
    let mut broken = features.clone();
    broken[(4, 2)] = f64::NAN;
    assert!(matches!(svm.train(broken.view(), &labels), Err(Error::NotFinite { row: 4, column: 2, .. })));
    let machines = svm.train(features.view(), &labels).unwrap();
    assert!(matches!(machines.classify(broken.view()), Err(Error::NotFinite { .. })));
    assert!(matches!(machines.classify(features.slice(s![.., ..2])), Err(Error::Columns { expected: 3, got: 2, .. })));
    // Fewer points than dimensions are solved by their kernels, which single precision holds.
    let far = array![[0.0, 1.0, 0.0], [1e20, 0.0, 1.0]];
    assert!(matches!(svm.train(far.view(), &[0, 1]), Err(Error::NotFinite { row: 1, column: 1, .. })));
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(Svm { cost: bad, ..svm }.train(features.view(), &labels), Err(Error::Setting { name: "cost", .. })));
        let rbf = Svm::new(Kernel::Rbf { gamma: bad });
        assert!(matches!(rbf.train(features.view(), &labels), Err(Error::Setting { name: "gamma", .. })));
    }
}

#[test]
fn linfas_predict_gives_a_point_that_is_no_number_a_class_that_there_is() {
    let (features, _) = clusters(6, 20, 2, 2);
    let labels: Vec<u32> = (0..20).map(|i| 7 + i % 2).collect();
    let machines = Svm::new(Kernel::Linear).train(features.view(), &labels).unwrap();
    let predicted: Array1<u32> = machines.predict(&array![[f64::NAN, 0.0]]);
    assert_eq!(predicted, array![7_u32]);
}

#[test]
fn a_class_with_one_label_and_features_that_never_move_are_no_obstacle() {
    let (mut features, mut labels) = clusters(3, 60, 3, 2);
    features.column_mut(1).fill(5.0);
    features.row_mut(0).assign(&array![50.0, 5.0, 50.0]);
    labels[0] = 9;
    for kernel in [Kernel::Rbf { gamma: 0.5 }, Kernel::Linear] {
        let machines = Svm { cost: 10.0, ..Svm::new(kernel) }.train(features.view(), &labels).unwrap();
        assert_eq!(machines.classes(), [0, 1, 9]);
        assert_eq!(machines.classify(array![[48.0, 5.0, 51.0]].view()).unwrap().len(), 1);
        assert_eq!(machines.classify(features.slice(s![..1, ..])).unwrap(), [9], "{kernel:?}");
    }
}

#[test]
fn duplicated_points_weigh_as_often_as_they_come_even_against_each_other() {
    let (features, labels) = clusters(4, 40, 2, 2);
    for kernel in [Kernel::Rbf { gamma: 0.5 }, Kernel::Linear] {
        let twice = ndarray::concatenate![ndarray::Axis(0), features, features];
        let doubled = Svm { cost: 1.0, tolerance: 1e-6, kernel }.train(twice.view(), &[labels.clone(), labels.clone()].concat()).unwrap();
        let costly = Svm { cost: 2.0, tolerance: 1e-6, kernel }.train(features.view(), &labels).unwrap();
        let (a, b) = (doubled.scores(features.view()).unwrap(), costly.scores(features.view()).unwrap());
        assert!(a.iter().zip(&b).all(|(a, b)| (a - b).abs() < 1e-3), "{kernel:?}");
        // All points in one place with different labels: nothing to learn but which is more frequent.
        let same = Array2::from_elem((9, 2), 0.5);
        let machines = Svm::new(kernel).train(same.view(), &[1, 1, 1, 2, 2, 2, 2, 2, 2]).unwrap();
        assert_eq!(machines.classify(same.view()).unwrap(), [2; 9], "{kernel:?}");
    }
}

#[test]
fn cross_validation_leaves_settings_that_fail_on_rings() {
    let labels: Vec<u32> = (0..120).map(|i| i % 3).collect();
    let ring = |i: usize| (1.0 + f64::from(labels[i]), i as f64 * 0.7);
    let features = Array2::from_shape_fn((120, 2), |(i, j)| if j == 0 { ring(i).0 * ring(i).1.cos() } else { ring(i).0 * ring(i).1.sin() });
    let grid = Svm::grid(Kernel::Rbf { gamma: 1.0 }, 2);
    assert_eq!(grid.len(), 12);
    let tuned = cross_validate(features.view(), &labels, 5, &grid).unwrap();
    let alone = cross_validate(features.view(), &labels, 5, &grid[..1]).unwrap();
    assert!(tuned.accuracy > 0.95 && alone.accuracy < 0.9 && tuned.svm != alone.svm, "{tuned:?} {alone:?}");
    assert!(matches!(cross_validate(features.view(), &labels, 41, &grid), Err(Error::Folds { folds: 41, fewest: 40 })));
    assert!(matches!(cross_validate(features.view(), &labels, 5, &[]), Err(Error::Setting { .. })));
}
