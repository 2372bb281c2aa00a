//! Values by hand, laws, and blocks against the whole matrix.

use candle_core::{Device, Tensor};
use vimae_core::{Purpose, Streams};

use super::*;

fn gaussian(seed: u64, count: usize, mean: f32, std: f32) -> Tensor {
    const SIZE: usize = 3;
    let values = Streams::new(seed).normal(Purpose::Evaluation, 0, count * SIZE).iter().map(|v| mean + std * v).collect();
    Tensor::from_vec(values, (count, SIZE), &Device::Cpu).unwrap()
}

const RBF: Rbf = Rbf { sigma_squared: 3.0 };

fn rbf(q: &Tensor, p: &Tensor) -> Estimate {
    estimate(q, p, &[&RBF]).unwrap()[0]
}

/// Sums over pairs as the definition has them.
fn by_definition(q: &Tensor, p: &Tensor, kernel: &dyn Kernel) -> (f64, f64) {
    let rows = |t: &Tensor| t.to_dtype(candle_core::DType::F64).unwrap().to_vec2::<f64>().unwrap();
    let (q, p) = (rows(q), rows(p));
    let at = |a: &[f64], b: &[f64]| {
        let mut value = [a.iter().zip(b).map(|(a, b)| (a - b).powi(2)).sum()];
        kernel.apply(&mut value);
        value[0]
    };
    let sum = |a: &[Vec<f64>], b: &[Vec<f64>]| a.iter().flat_map(|a| b.iter().map(move |b| at(a, b))).sum::<f64>();
    let (n, m) = (q.len() as f64, p.len() as f64);
    let (qq, pp, qp) = (sum(&q, &q), sum(&p, &p), sum(&q, &p) / (n * m));
    let zero = kernel.at_zero();
    ((qq - n * zero) / (n * (n - 1.0)) + (pp - m * zero) / (m * (m - 1.0)) - 2.0 * qp, qq / (n * n) + pp / (m * m) - 2.0 * qp)
}

#[test]
fn blocks_and_panels_sum_what_the_definition_says() {
    for (n, m) in [(2, 2), (7, 9), (256, 8), (300, 513)] {
        let (q, p) = (gaussian(1, n, 0.3, 0.7), gaussian(2, m, 0.0, 1.0));
        let imq = Imq::multiscale(6.0);
        let kernels: [&dyn Kernel; 2] = [&imq, &RBF];
        for (estimate, kernel) in estimate(&q, &p, &kernels).unwrap().iter().zip(kernels) {
            let (unbiased, biased) = by_definition(&q, &p, kernel);
            assert!((estimate.unbiased - unbiased).abs() < 1e-12, "{n}, {m}: {estimate:?}, expected {unbiased}");
            assert!((estimate.biased - biased).abs() < 1e-12, "{n}, {m}: {estimate:?}, expected {biased}");
        }
    }
}

#[test]
fn a_sample_is_at_distance_zero_from_itself_and_the_order_does_not_matter() {
    let (q, p) = (gaussian(1, 90, 0.5, 1.0), gaussian(2, 70, 0.0, 1.0));
    assert!(rbf(&q, &q).biased < 1e-14);
    assert!((rbf(&q, &p).unbiased - rbf(&p, &q).unbiased).abs() < 1e-14);
    assert!((rbf(&q, &p).standard_error - rbf(&p, &q).standard_error).abs() < 1e-14);
}

#[test]
fn gaussians_are_at_the_distance_of_the_closed_form() {
    let (mean, variance) = (0.6_f64, 0.25_f64);
    let term = |variances: f64, mean: f64| (3.0 / (3.0 + variances)).powf(1.5) * (-3.0 * mean * mean / (2.0 * (3.0 + variances))).exp();
    let exact = term(2.0 * variance, 0.0) + term(2.0, 0.0) - 2.0 * term(1.0 + variance, mean);
    let estimate = rbf(&gaussian(1, 3_000, mean as f32, 0.5), &gaussian(2, 3_000, 0.0, 1.0));
    assert!((estimate.unbiased - exact).abs() < 3.0 * estimate.standard_error, "{estimate:?}, expected {exact}");
    assert!(estimate.standard_error < 0.1 * exact);
}

#[test]
fn the_standard_error_is_the_spread_over_samples_for_alike_and_for_distant_ones() {
    for (mean, std) in [(0.0, 1.0), (0.15, 1.0), (0.8, 0.5)] {
        let runs: Vec<Estimate> =
            (0..300).map(|seed| rbf(&gaussian(2 * seed + 10, 60, mean, std), &gaussian(2 * seed + 11, 80, 0.0, 1.0))).collect();
        let spread = variance(&runs.iter().map(|e| e.unbiased).collect::<Vec<_>>()).sqrt();
        let stated = (runs.iter().map(|e| e.standard_error.powi(2)).sum::<f64>() / runs.len() as f64).sqrt();
        // At the null the first-order part is an estimate of zero, kept from going below: the error is overstated a little.
        assert!((0.85..1.3).contains(&(stated / spread)), "mean {mean}, std {std}: stated {stated}, spread {spread}");
    }
}

#[test]
fn the_number_of_threads_changes_no_bit() {
    let (q, p) = (gaussian(1, 1_000, 0.2, 0.9), gaussian(2, 900, 0.0, 1.0));
    let with = |threads| rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap().install(|| rbf(&q, &p));
    assert_eq!(with(1), with(3));
}

#[test]
fn samples_that_do_not_fit_are_refused() {
    let q = gaussian(1, 5, 0.0, 1.0);
    assert!(estimate(&q, &q.narrow(1, 0, 2).unwrap(), &[&RBF]).is_err());
    assert!(estimate(&q, &q.narrow(0, 0, 1).unwrap(), &[&RBF]).is_err());
    assert!(estimate(&q.unsqueeze(0).unwrap(), &q, &[&RBF]).is_err());
}

#[test]
fn a_code_that_is_not_finite_gives_a_note_and_no_number() {
    let (q, p) = (gaussian(1, 5, 0.0, 1.0), gaussian(2, 5, 0.0, 1.0));
    let broken = Tensor::cat(&[&q.narrow(0, 0, 4).unwrap(), &(q.narrow(0, 4, 1).unwrap() * f64::NAN).unwrap()], 0).unwrap();
    let imq = Imq::multiscale(6.0);
    for estimate in estimate(&broken, &p, &[&imq, &RBF]).unwrap() {
        for value in [estimate.unbiased, estimate.biased] {
            let reading = finite_or_noted(Measurement::new("mmd", "mmd", Protocol::new("mmd.rbf.u"), "1"), value, estimate.standard_error);
            assert_eq!((reading.value, reading.standard_error), (None, None));
            assert!(reading.note.is_some());
        }
    }
}

#[test]
fn the_codes_of_the_test_in_words_are_those_of_the_test() {
    let words = format!("two-sample test on {} {:03} codes", TESTED / 1_000, TESTED % 1_000);
    assert!(include_str!("../mmd.rs").contains(&words), "{words}");
}
