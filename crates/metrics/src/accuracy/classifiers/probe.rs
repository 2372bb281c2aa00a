//! The linear probe: multinomial logistic regression.

use ndarray::{Array1, Array2, ArrayView2, Axis};

use vimae_core::{Entry, NoSettings, Result, settings::Schema};
use vimae_spec::Protocol;

use super::{BuildClassifier, Classifier, Fitted};

/// The catalogue entry.
pub const ENTRY: Entry<BuildClassifier> = Entry {
    name: "probe",
    summary: "multinomial logistic regression on the labelled codes, the linear probe",
    source: "Alain and Bengio, Understanding intermediate layers using linear classifier probes, 2017",
    settings: Schema::of::<NoSettings>,
    build: |_| vec![Box::new(LinearProbe)],
};

struct LinearProbe;

impl Classifier for LinearProbe {
    fn protocol(&self) -> Protocol {
        Protocol::new("probe.logistic")
    }

    fn fit(&self, known: ArrayView2<'_, f64>, labels: &[u32], _: Option<ArrayView2<'_, f64>>) -> Result<Box<dyn Fitted>> {
        Ok(Box::new(Probe::fit(known, labels)))
    }
}

impl Fitted for Probe {
    fn classify(&self, codes: ArrayView2<'_, f64>) -> Result<Vec<u32>> {
        Ok(Self::classify(self, codes))
    }
}

/// Steps at most; some hundreds are usual for standardised points.
const MOST_STEPS: usize = 1_000;
/// The largest derivative of the mean loss at which the fit ends.
const TOLERANCE: f64 = 1e-5;

/// A fitted probe: class probabilities are softmax(W x + b).
#[derive(Debug, Clone, PartialEq)]
pub struct Probe {
    classes: Vec<u32>,
    /// `[d + 1, classes]`, the biases last.
    weights: Array2<f64>,
}

impl Probe {
    /// Minimises the sum of the cross-entropies of `points` `[n, d]`, plus |W|^2 / 2, by Nesterov's accelerated gradient
    /// with the step that the loss's largest curvature allows.
    pub fn fit(points: ArrayView2<'_, f64>, labels: &[u32]) -> Self {
        let mut classes = labels.to_vec();
        classes.sort_unstable();
        classes.dedup();
        let (n, d) = (points.nrows(), points.ncols());
        let x = with_ones(points);
        let truth = Array2::from_shape_fn((n, classes.len()), |(i, k)| if classes[k] == labels[i] { 1.0 } else { 0.0 });
        let step = 1.0 / (0.5 * largest_curvature(&x) + 1.0);
        let mut weights: Array2<f64> = Array2::zeros((d + 1, classes.len()));
        let mut ahead = weights.clone();
        let mut momentum = 1.0_f64;
        for _ in 0..MOST_STEPS {
            let mut gradient = x.t().dot(&(softmax(x.dot(&ahead)) - &truth));
            let mut penalised = ahead.clone();
            penalised.row_mut(d).fill(0.0);
            gradient += &penalised;
            let next = &ahead - &(&gradient * step);
            let following = (1.0 + (1.0 + 4.0 * momentum * momentum).sqrt()) / 2.0;
            ahead = &next + &((&next - &weights) * ((momentum - 1.0) / following));
            (weights, momentum) = (next, following);
            if gradient.iter().all(|g| g.abs() <= TOLERANCE * n as f64) {
                break;
            }
        }
        Self { classes, weights }
    }

    /// The most probable class of each row.
    pub fn classify(&self, rows: ArrayView2<'_, f64>) -> Vec<u32> {
        let scores = with_ones(rows).dot(&self.weights);
        let best = |row: ndarray::ArrayView1<'_, f64>| {
            let first = |best: (usize, f64), (k, v): (usize, &f64)| if *v > best.1 { (k, *v) } else { best };
            row.iter().enumerate().fold((0, f64::NEG_INFINITY), first).0
        };
        scores.outer_iter().map(|row| self.classes.get(best(row)).copied().unwrap_or_default()).collect()
    }
}

fn with_ones(points: ArrayView2<'_, f64>) -> Array2<f64> {
    let d = points.ncols();
    Array2::from_shape_fn((points.nrows(), d + 1), |(i, j)| if j < d { points[(i, j)] } else { 1.0 })
}

fn softmax(mut scores: Array2<f64>) -> Array2<f64> {
    for mut row in scores.axis_iter_mut(Axis(0)) {
        let most = row.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        row.mapv_inplace(|v| (v - most).exp());
        let sum = row.sum();
        row /= sum;
    }
    scores
}

/// The largest eigenvalue of X^T X, from above by a hundredth, by power iteration.
fn largest_curvature(x: &Array2<f64>) -> f64 {
    let squares = x.t().dot(x);
    let mut direction = Array1::from_elem(squares.nrows(), 1.0);
    let mut size = 0.0;
    for _ in 0..100 {
        let next = squares.dot(&direction);
        size = next.dot(&next).sqrt();
        if size == 0.0 {
            return 0.0;
        }
        direction = next / size;
    }
    1.01 * size
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn the_gradient_vanishes_at_the_fit() {
        let points = array![[0.0, 1.0], [0.2, -1.0], [2.0, 0.3], [2.1, -0.4], [1.0, 3.0], [0.9, 2.5], [0.1, 2.0]];
        let labels = [5, 5, 6, 6, 7, 7, 5];
        let probe = Probe::fit(points.view(), &labels);
        assert_eq!(probe.classify(points.slice(ndarray::s![..6, ..])), labels[..6]);
        let x = with_ones(points.view());
        let truth = Array2::from_shape_fn((7, 3), |(i, k)| f64::from(u8::from(labels[i] == 5 + k as u32)));
        let mut gradient = x.t().dot(&(softmax(x.dot(&probe.weights)) - truth));
        for j in 0..2 {
            for k in 0..3 {
                gradient[(j, k)] += probe.weights[(j, k)];
            }
        }
        assert!(gradient.iter().all(|g| g.abs() < 1e-3), "{gradient}");
    }
}
