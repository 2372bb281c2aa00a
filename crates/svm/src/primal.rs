//! One linear machine: the primal problem by Newton's method.
//!
//! Minimises |w|^2 / 2 + sum_i C_i l(y_i (w . x_i + b)) with a bias b that costs nothing. The hinge l(t) = max(0, 1 - t)
//! has no second derivative; it is replaced by a parabola on 1 - d < t < 1 whose d shrinks from solution to solution
//! down to the tolerance (Chapelle, "Training a support vector machine in the primal", Neural Computation 2007). At
//! d = tolerance the multipliers C_i (1 - t_i) / d, cut to 0..C_i, violate the conditions of the hinge by no more than
//! the tolerance, as those of a dual solver do. A step costs O(n d + m d^2) for the m points on the parabola.

use ndarray::{Array1, Array2, ArrayView2, linalg::general_mat_mul};

use crate::{Error, Result};

/// Widths of the parabola, before the tolerance itself.
const WIDTHS: [f64; 6] = [1.0, 0.3, 0.1, 0.03, 0.01, 0.003];
/// The widest that is needed near a solution.
const NEAR: f64 = 0.1;
/// Newton steps at one width at most; some tens are usual.
const MOST_STEPS: usize = 500;
/// Points of a line that are tried at most.
const MOST_ROUNDS: usize = 200;
/// A step that promises less than this share of the objective is none.
const NOTHING: f64 = 1e-8;
/// The same at widths on the way.
const LITTLE: f64 = 1e-4;
/// Curvature given to the bias, so that the system has a solution where no point is on the parabola.
const BIAS_CURVATURE: f64 = 1e-9;

/// A machine under solution.
#[derive(Clone)]
pub(crate) struct Primal<'x> {
    /// The points with a column of ones, `[n, d + 1]`.
    points: &'x [f64],
    target: Vec<f64>,
    cost: Vec<f64>,
    /// w and b.
    weights: Array1<f64>,
    scores: Vec<f64>,
}

/// The points with a column of ones for the bias, row by row.
pub(crate) fn with_ones(features: ArrayView2<'_, f64>) -> Vec<f64> {
    features.outer_iter().flat_map(|row| row.to_vec().into_iter().chain([1.0])).collect()
}

impl<'x> Primal<'x> {
    /// The machine with w = 0 and b = 0.
    pub(crate) fn new(points: &'x [f64], target: &[f64], cost: &[f64]) -> Self {
        let weights = Array1::zeros(points.len() / target.len().max(1));
        Self { points, target: target.to_vec(), cost: cost.to_vec(), weights, scores: vec![0.0; target.len()] }
    }

    /// w and b.
    pub(crate) fn weights(&self) -> &Array1<f64> {
        &self.weights
    }

    /// The values of the machine at all points.
    pub(crate) fn scores(&self) -> &[f64] {
        &self.scores
    }

    /// Gives the points from `first` on another cost.
    pub(crate) fn raise_cost(&mut self, first: usize, cost: f64) {
        self.cost[first..].fill(cost);
    }

    /// Gives a point another target.
    pub(crate) fn set_target(&mut self, i: usize, target: f64) {
        self.target[i] = target;
    }

    /// Goes on from the present weights to the solution, which is `near` where little has changed since the last one.
    pub(crate) fn solve(&mut self, tolerance: f64, near: bool) -> Result<usize> {
        let mut steps = 0;
        let widest = if near { NEAR } else { f64::INFINITY };
        for width in WIDTHS.into_iter().filter(|w| *w > tolerance && *w <= widest).chain([tolerance]) {
            let here = self.minimise(width, if width > tolerance { LITTLE } else { NOTHING })?;
            steps += here.ok_or(Error::NotConverged { iterations: MOST_STEPS, tolerance })?;
        }
        Ok(steps)
    }

    /// Newton's method at one width of the parabola. Returns `None` if it does not converge.
    fn minimise(&mut self, width: f64, enough: f64) -> Result<Option<usize>> {
        let size = self.weights.len();
        for step in 0..MOST_STEPS {
            let (gradient, curved) = self.gradient(width);
            let mut hessian = Array2::zeros((size, size));
            if !curved.is_empty() {
                let scaled = |i: &usize| {
                    let scale = (self.cost[*i] / width).sqrt();
                    self.points[i * size..(i + 1) * size].iter().map(move |v| v * scale)
                };
                let rows =
                    Array2::from_shape_vec((curved.len(), size), curved.iter().flat_map(scaled).collect()).map_err(linfa::Error::from)?;
                general_mat_mul(1.0, &rows.t(), &rows, 0.0, &mut hessian);
            }
            for j in 0..size {
                hessian[(j, j)] += if j + 1 < size { 1.0 } else { BIAS_CURVATURE };
            }
            let direction = match solve_positive(hessian, &gradient) {
                Some(solution) => -solution,
                None => return Ok(None),
            };
            let slope = gradient.dot(&direction);
            if -slope <= enough * self.objective(width) {
                return Ok(Some(step));
            }
            let along = product(self.points, direction.as_slice().unwrap_or_default());
            let length = self.search(&direction, &along, width);
            self.weights.scaled_add(length, &direction);
            for (score, along) in self.scores.iter_mut().zip(&along) {
                *score += length * along;
            }
            if length == 0.0 {
                return Ok(Some(step));
            }
        }
        Ok(None)
    }

    /// The gradient, and the points on the parabola.
    fn gradient(&self, width: f64) -> (Array1<f64>, Vec<usize>) {
        let last = self.weights.len() - 1;
        let mut gradient = self.weights.to_vec();
        gradient[last] = 0.0;
        let mut curved = Vec::new();
        pulp::Arch::new().dispatch(
            #[inline(always)]
            || {
                for (i, row) in self.points.chunks_exact(last + 1).enumerate() {
                    let pull = (1.0 - self.target[i] * self.scores[i]) / width;
                    if pull > 0.0 && self.cost[i] > 0.0 {
                        if pull < 1.0 {
                            curved.push(i);
                        }
                        let factor = self.cost[i] * self.target[i] * pull.min(1.0);
                        gradient.iter_mut().zip(row).for_each(|(g, v)| *g -= factor * v);
                    }
                }
            },
        );
        (Array1::from_vec(gradient), curved)
    }

    fn objective(&self, width: f64) -> f64 {
        let last = self.weights.len() - 1;
        let norm: f64 = self.weights.iter().take(last).map(|w| w * w).sum();
        let loss = |i: usize| {
            let short = 1.0 - self.target[i] * self.scores[i];
            let hinge = if short >= width { short - width / 2.0 } else { short.max(0.0).powi(2) / (2.0 * width) };
            self.cost[i] * hinge
        };
        norm / 2.0 + (0..self.scores.len()).map(loss).sum::<f64>()
    }

    /// The step along a direction of descent at which the objective is smallest: the zero of its derivative, a rising
    /// function with straight pieces, by Newton's method between bounds.
    fn search(&self, direction: &Array1<f64>, along: &[f64], width: f64) -> f64 {
        let last = direction.len() - 1;
        let norm: f64 = direction.iter().take(last).map(|p| p * p).sum();
        let dot: f64 = direction.iter().zip(&self.weights).take(last).map(|(p, w)| p * w).sum();
        let slope = |t: f64| {
            pulp::Arch::new().dispatch(
                #[inline(always)]
                || {
                    let (mut first, mut second) = (dot + t * norm, norm);
                    for (i, along) in along.iter().enumerate() {
                        let pull = (1.0 - self.target[i] * (self.scores[i] + t * along)) / width;
                        let inside = pull > 0.0 && pull < 1.0;
                        first -= self.cost[i] * self.target[i] * along * pull.clamp(0.0, 1.0);
                        second += if inside { self.cost[i] * along * along / width } else { 0.0 };
                    }
                    (first, second)
                },
            )
        };
        let (mut low, mut high) = (0.0, f64::INFINITY);
        let mut t = 1.0;
        let start = slope(0.0).0.abs();
        for round in 0..MOST_ROUNDS {
            let (first, second) = slope(t);
            if first.abs() <= 1e-3 * start {
                return t;
            }
            if first < 0.0 {
                low = t
            } else {
                high = t
            }
            let newton = t - first / second;
            // Newton's steps may creep along a bend; halving now and then does not.
            t = match (newton > low && newton < high && round % 4 != 3, high.is_finite()) {
                (true, _) => newton,
                (false, true) => (low + high) / 2.0,
                (false, false) => 2.0 * t,
            };
        }
        // The derivative is not above 0 here, so that this step does not climb.
        low
    }
}

/// The products of all rows of `points` with a vector, in eight partial sums.
fn product(points: &[f64], vector: &[f64]) -> Vec<f64> {
    const LANES: usize = 8;
    let whole = vector.len() / LANES * LANES;
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || {
            let dot = |row: &[f64]| {
                let mut sums = [0.0; LANES];
                for (row, vector) in row[..whole].chunks_exact(LANES).zip(vector[..whole].chunks_exact(LANES)) {
                    for lane in 0..LANES {
                        sums[lane] += row[lane] * vector[lane];
                    }
                }
                let rest: f64 = row[whole..].iter().zip(&vector[whole..]).map(|(a, b)| a * b).sum();
                sums.iter().sum::<f64>() + rest
            };
            points.chunks_exact(vector.len()).map(dot).collect()
        },
    )
}

/// Solves A x = b by a Cholesky factorisation. Returns `None` if A is not positive definite.
fn solve_positive(mut a: Array2<f64>, b: &Array1<f64>) -> Option<Array1<f64>> {
    let size = b.len();
    let mut x = b.to_vec();
    let flat = a.as_slice_mut()?;
    pulp::Arch::new().dispatch(
        #[inline(always)]
        || {
            // Row by row of the upper factor: what is below a pivot's row loses that row's part, whole rows at a time.
            for j in 0..size {
                let (above, below) = flat.split_at_mut((j + 1) * size);
                let row = &mut above[j * size..];
                let pivot = row[j];
                if pivot.is_nan() || pivot <= 0.0 {
                    return None;
                }
                let scale = 1.0 / pivot.sqrt();
                row[j..].iter_mut().for_each(|v| *v *= scale);
                for (i, lower) in below.chunks_exact_mut(size).enumerate() {
                    let factor = row[j + 1 + i];
                    lower[j + 1..].iter_mut().zip(&row[j + 1..]).for_each(|(v, r)| *v -= factor * r);
                }
            }
            for i in 0..size {
                let (row, value) = (&flat[i * size..(i + 1) * size], x[i] / flat[i * size + i]);
                x[i] = value;
                x[i + 1..].iter_mut().zip(&row[i + 1..]).for_each(|(v, r)| *v -= value * r);
            }
            for i in (0..size).rev() {
                let row = &flat[i * size..(i + 1) * size];
                let known: f64 = row[i + 1..].iter().zip(&x[i + 1..]).map(|(r, v)| r * v).sum();
                x[i] = (x[i] - known) / row[i];
            }
            Some(Array1::from_vec(x))
        },
    )
}
