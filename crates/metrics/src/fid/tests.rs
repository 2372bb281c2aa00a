//! Closed forms and properties of the Frechet distance.

use vimae_core::Silent;

use super::*;
use crate::features::Source;

fn features(seed: u64, count: usize, size: usize, scale: f32, shift: f32) -> Features {
    let values = Streams::new(seed).normal(Purpose::Evaluation, 0, count * size).iter().map(|v| v * scale + shift).collect();
    Features::new(Source::new("net", "ab"), "images", size, values, None).unwrap()
}

#[test]
fn a_set_is_at_no_distance_from_itself_and_distances_are_symmetric() {
    let (a, b) = (features(1, 400, 24, 1.0, 0.0), features(2, 300, 24, 1.3, 0.2));
    let same = fid(&a, &a).unwrap();
    assert!(same.value == 0.0 && same.value.is_sign_positive() && same.covariance_term == 0.0, "{same:?}");
    // One image of 400 differs in one number's last digit: no distance below 0.
    let mut values = a.values().to_vec();
    values[100] = values[100].next_up();
    let almost = Features::new(a.source().clone(), "d", 24, values, None).unwrap();
    assert!((0.0..1e-9).contains(&fid(&a, &almost).unwrap().value));
    let (there, back) = (fid(&a, &b).unwrap().value, fid(&b, &a).unwrap().value);
    assert!(there > 0.1 && (there - back).abs() < 1e-9 * there, "{there} {back}");
}

#[test]
fn the_distance_grows_with_shift_and_noise() {
    let base = features(1, 500, 8, 1.0, 0.0);
    let by_shift: Vec<f64> = [0.0, 0.5, 1.0, 2.0].map(|s| fid(&base, &features(2, 500, 8, 1.0, s)).unwrap().value).to_vec();
    let by_scale: Vec<f64> = [1.0, 1.5, 2.0, 3.0].map(|s| fid(&base, &features(2, 500, 8, s, 0.0)).unwrap().value).to_vec();
    for values in [by_shift, by_scale] {
        assert!(values.is_sorted() && values[0] < 0.2, "{values:?}");
    }
}

#[test]
fn gaussians_that_commute_have_a_closed_form() {
    // Diagonal covariances: the sum of (sqrt a - sqrt b)^2 and of (m1 - m2)^2.
    let gaussian = |mean: [f64; 3], variances: [f64; 3]| {
        let covariance: Vec<f64> = (0..9).map(|i| if i % 4 == 0 { variances[i / 4] } else { 0.0 }).collect();
        Gaussian::new(9, mean.to_vec(), &covariance).unwrap()
    };
    let full = gaussian([1.0, 0.0, -2.0], [4.0, 9.0, 1.0]);
    for (variances, expected) in [([1.0, 1.0, 1.0], 1.0 + 4.0), ([0.0, 9.0, 0.0], 4.0 + 1.0), ([0.0; 3], 14.0)] {
        let other = gaussian([1.0, 3.0, 0.0], variances);
        for (a, b) in [(&full, &other), (&other, &full)] {
            let found = distance(a, b).unwrap();
            assert!((found.value - expected - 13.0).abs() < 1e-12, "{found:?}");
            assert!((found.mean_term - 13.0).abs() < 1e-12);
        }
    }
}

#[test]
fn one_dimension_by_hand_and_correlated_ones() {
    let one = |m: f64, s: f64| Gaussian::new(2, vec![m], &[s * s]).unwrap();
    assert!((distance(&one(1.0, 2.0), &one(4.0, 0.5)).unwrap().value - (9.0 + 2.25)).abs() < 1e-12);
    // tr (S1 S2)^(1/2) = sqrt(tr S1 S2 + 2 sqrt det S1 S2) for 2 x 2.
    let (a, b) = ([2.0, 0.5, 0.5, 1.0], [1.0, -0.3, -0.3, 3.0]);
    let gaussian = |c: &[f64; 4]| Gaussian::new(2, vec![0.0; 2], c).unwrap();
    let determinant = |c: &[f64; 4]| c[0] * c[3] - c[1] * c[2];
    let trace = a[0] * b[0] + 2.0 * a[1] * b[1] + a[3] * b[3];
    let root = (trace + 2.0 * (determinant(&a) * determinant(&b)).sqrt()).sqrt();
    assert!((distance(&gaussian(&a), &gaussian(&b)).unwrap().value - (7.0 - 2.0 * root)).abs() < 1e-12);
}

#[test]
fn singular_covariances_of_few_images_are_no_trouble() {
    let (a, b) = (features(1, 20, 64, 1.0, 0.0), features(2, 30, 64, 1.0, 0.0));
    let (there, back) = (fid(&a, &b).unwrap(), fid(&b, &a).unwrap());
    assert!((there.value - back.value).abs() < 1e-5 && there.lowest_eigenvalue > -1e-10, "{there:?} {back:?}");
    // A dimension that never changes.
    let constant = Features::new(a.source().clone(), "d", 64, vec![0.5; 64 * 9], None).unwrap();
    let trace: f64 = (0..64).map(|i| Gaussian::of(&a).unwrap().covariance(i, i)).sum();
    let found = fid(&constant, &a).unwrap();
    assert!((found.covariance_term - trace).abs() < 1e-9, "{found:?}");
}

#[test]
fn eigenvalues_below_zero_are_counted_where_rounding_does_not_explain_them() {
    let diagonal = |variances: [f64; 2]| Gaussian::new(9, vec![0.0; 2], &[variances[0], 0.0, 0.0, variances[1]]).unwrap();
    let below = |variance: f64| {
        let found = distance(&diagonal([1.0, 1.0]), &diagonal([2.0, variance])).unwrap();
        // What is below zero is taken as zero in any case.
        let expected = 2.0 + 2.0 + variance - 2.0 * (2.0_f64.sqrt() + variance.max(0.0).sqrt());
        assert!((found.value - expected).abs() < 1e-12, "{found:?}");
        (found.negative_eigenvalues, found.lowest_eigenvalue)
    };
    assert_eq!([-2.9e-18, 0.0, 0.5].map(below), [(0, 0.0); 3]);
    let (count, lowest) = below(-0.5);
    assert!(count == 1 && (lowest + 0.5).abs() < 1e-12, "{count} {lowest}");
    // Forty-odd directions of 64 have no variance, and come out on either side of zero.
    let (a, b) = (features(1, 20, 64, 1.0, 0.0), features(2, 30, 64, 1.0, 0.0));
    assert_eq!(fid(&a, &b).unwrap().negative_eigenvalues, 0);
}

#[test]
fn other_features_and_too_few_images_are_refused() {
    let a = features(1, 10, 4, 1.0, 0.0);
    let other = Features::new(Source::new("net", "cd"), "d", 4, a.values().to_vec(), None).unwrap();
    assert!(matches!(fid(&a, &other), Err(vimae_core::Error::Unsupported { .. })));
    assert!(matches!(fid(&features(1, 1, 4, 1.0, 0.0), &a), Err(vimae_core::Error::Unsupported { .. })));
    let reference = Reference::new(Gaussian::of(&a).unwrap()).unwrap();
    assert!(matches!(extrapolate(&reference, &a, 0, &Silent), Err(vimae_core::Error::Unsupported { .. })));
    assert!(reference.distance(&Gaussian::of(&features(1, 10, 5, 1.0, 0.0)).unwrap()).is_err());
}

#[test]
fn extrapolation_takes_the_bias_of_the_sample_size_away() {
    let (real, generated) = (features(1, 20_000, 16, 1.0, 0.0), features(2, 1_000, 16, 1.0, 0.0));
    let reference = Reference::new(Gaussian::of(&real).unwrap()).unwrap();
    let plain = reference.distance(&Gaussian::of(&generated).unwrap()).unwrap().value;
    let found = extrapolate(&reference, &generated, 7, &Silent).unwrap();
    assert!(found.value.abs() < 0.4 * plain && found.slope > 0.0, "{plain} {found:?}");
    assert_eq!((found.points[0].0, found.points[POINTS - 1].0), (100, 1_000));
    assert!((found.points[POINTS - 1].1 - plain).abs() < 1e-12);
    assert_eq!(found, extrapolate(&reference, &generated, 7, &Silent).unwrap());
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let (a, b) = (features(1, 700, 150, 1.0, 0.0), features(2, 600, 150, 1.3, 0.2));
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            (fid(&a, &b).unwrap(), crate::kid::kid(&a, &b).unwrap(), crate::prdc::prdc(&a, &b, &[3], crate::prdc::Balls::Closed).unwrap())
        })
    };
    assert_eq!(with(1), with(2));
    assert_eq!(with(1), with(5));
}
