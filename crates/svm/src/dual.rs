//! One machine with a kernel: the dual problem by sequential minimal optimisation.
//!
//! Maximises sum_i y_i b_i - 1/2 sum_ij b_i b_j k(x_i, x_j) over b_i = y_i alpha_i with 0 <= alpha_i <= C_i and
//! sum_i b_i = 0, two variables at a time. The first is the most violating one, the second the one that promises the
//! largest gain by second-order information (Fan, Chen and Lin, "Working set selection using second order
//! information for training support vector machines", JMLR 2005). Each point has a cost of its own; costs and
//! targets may change between two solutions, and the second starts from the first.

use crate::{
    Error, Result,
    kernel::{Gram, LANES},
};

/// Points looked through before their best is compared with the best so far.
const BLOCK: usize = 8 * LANES;
/// Curvature below this is rounding: the points coincide.
const FLAT: f32 = 1e-12;
/// Iterations at most; LIBSVM's rule.
const MOST_ITERATIONS: usize = 10_000_000;

/// A machine under solution. All vectors are padded to the length of a row of the kernel matrix.
#[derive(Clone)]
pub(crate) struct Dual<'g> {
    gram: &'g Gram,
    target: Vec<f64>,
    cost: Vec<f64>,
    beta: Vec<f64>,
    /// sum_j k(x_i, x_j) b_j - y_i
    gradient: Vec<f64>,
    /// 0 where b_i may grow, infinity where not.
    up: Vec<f64>,
    /// 0 where b_i may shrink, minus infinity where not.
    down: Vec<f64>,
}

/// The variables that violate optimality most.
struct Extremes {
    least_up: (f64, usize),
    most_down: f64,
}

impl<'g> Dual<'g> {
    /// The machine with b = 0.
    pub(crate) fn new(gram: &'g Gram, target: &[f64], cost: &[f64]) -> Self {
        let padded = |values: &[f64]| values.iter().copied().chain(std::iter::repeat(0.0)).take(gram.stride()).collect::<Vec<f64>>();
        let (target, cost) = (padded(target), padded(cost));
        let gradient = target.iter().map(|y| -y).collect();
        let nothing = || vec![0.0; gram.stride()];
        Self { gram, target, cost, beta: nothing(), gradient, up: nothing(), down: nothing() }
    }

    /// The value of the machine at point `i`, without its bias.
    fn raw(&self, i: usize) -> f64 {
        self.gradient[i] + self.target[i]
    }

    /// b_i of the points.
    pub(crate) fn coefficients(&self) -> &[f64] {
        &self.beta[..self.gram.points()]
    }

    /// |w|^2 = sum_ij b_i b_j k(x_i, x_j)
    pub(crate) fn norm(&self) -> f64 {
        (0..self.gram.points()).map(|i| self.beta[i] * self.raw(i)).sum()
    }

    /// The values of the machine at all points.
    pub(crate) fn scores(&self) -> Vec<f64> {
        let bias = self.bias();
        (0..self.gram.points()).map(|i| self.raw(i) + bias).collect()
    }

    /// The mean over free points, which lie on the margin; the middle of what the others allow where none is free.
    pub(crate) fn bias(&self) -> f64 {
        let (mut sum, mut free) = (0.0, 0_u32);
        let (mut low, mut high) = (f64::NEG_INFINITY, f64::INFINITY);
        for i in 0..self.gram.points() {
            let (_, _, may_grow, may_shrink) = self.bounds(i);
            let value = -self.gradient[i];
            match (may_grow, may_shrink) {
                (true, true) => {
                    sum += value;
                    free += 1;
                }
                (true, false) => low = low.max(value),
                (false, true) => high = high.min(value),
                (false, false) => {}
            }
        }
        match (free, low.is_finite(), high.is_finite()) {
            (1.., ..) => sum / f64::from(free),
            (0, true, true) => (low + high) / 2.0,
            (0, true, false) => low,
            (0, false, true) => high,
            (0, false, false) => 0.0,
        }
    }

    /// Lower and upper bound of b_i, and whether it may grow and shrink.
    #[inline(always)]
    fn bounds(&self, i: usize) -> (f64, f64, bool, bool) {
        let (low, high) = if self.target[i] > 0.0 { (0.0, self.cost[i]) } else { (-self.cost[i], 0.0) };
        (low, high, self.beta[i] < high, self.beta[i] > low)
    }

    #[inline(always)]
    fn mark(&mut self, i: usize) {
        let (_, _, may_grow, may_shrink) = self.bounds(i);
        self.up[i] = if may_grow { 0.0 } else { f64::INFINITY };
        self.down[i] = if may_shrink { 0.0 } else { f64::NEG_INFINITY };
    }

    /// Gives the points from `first` on another cost, not below the present one.
    pub(crate) fn raise_cost(&mut self, first: usize, cost: f64) {
        self.cost[first..self.gram.points()].fill(cost);
    }

    /// Gives a point whose b is 0 another target.
    pub(crate) fn set_target(&mut self, i: usize, target: f64) {
        self.gradient[i] += self.target[i] - target;
        self.target[i] = target;
    }

    /// Turns the target of `positive` to -1 and that of `negative` to +1, where both have the same cost. Both go to
    /// the bounds of their new sides where they `err` there too, else to nothing; the sum of all b stays as it is.
    pub(crate) fn switch(&mut self, positive: usize, negative: usize, err: bool) {
        let (before, cost) = ((self.beta[positive], self.beta[negative]), self.cost[positive]);
        let sum = before.0 + before.1;
        let after = match (err, sum >= 0.0) {
            (true, true) => (sum - cost, cost),
            (true, false) => (-cost, sum + cost),
            (false, true) => (0.0, sum),
            (false, false) => (sum, 0.0),
        };
        self.set_target(positive, -1.0);
        self.set_target(negative, 1.0);
        (self.beta[positive], self.beta[negative]) = after;
        let (first, second) = (after.0 - before.0, after.1 - before.1);
        let (a, b) = (self.gram.row(positive), self.gram.row(negative));
        for ((gradient, a), b) in self.gradient.iter_mut().zip(a).zip(b) {
            *gradient += first * f64::from(*a) + second * f64::from(*b);
        }
    }

    /// Goes on until no pair of points violates optimality by more than `tolerance`; gives the iterations made.
    pub(crate) fn solve(&mut self, tolerance: f64) -> Result<usize> {
        pulp::Arch::new().dispatch(Solve { dual: self, tolerance })
    }

    #[inline(always)]
    fn iterate(&mut self, tolerance: f64) -> Result<usize> {
        self.up.fill(f64::INFINITY);
        self.down.fill(f64::NEG_INFINITY);
        (0..self.gram.points()).for_each(|i| self.mark(i));
        let gram = self.gram;
        let mut extremes = self.advance(0, 0, 0.0);
        for iteration in 0..MOST_ITERATIONS {
            let (least, i) = extremes.least_up;
            if extremes.most_down - least < tolerance || !least.is_finite() {
                return Ok(iteration);
            }
            let Some(j) = self.partner(i, least) else { return Ok(iteration) };
            let curvature = (gram.diagonal()[i] + gram.diagonal()[j] - 2.0 * gram.row(i)[j]).max(FLAT);
            let (room_i, room_j) = (self.bounds(i).1 - self.beta[i], self.beta[j] - self.bounds(j).0);
            let wanted = (self.gradient[j] - least) / f64::from(curvature);
            let step = wanted.min(room_i).min(room_j);
            // A bound is met exactly, so that no point stays a rounding error away from it.
            self.beta[i] = if step == room_i { self.bounds(i).1 } else { self.beta[i] + step };
            self.beta[j] = if step == room_j { self.bounds(j).0 } else { self.beta[j] - step };
            self.mark(i);
            self.mark(j);
            extremes = self.advance(i, j, step);
        }
        Err(Error::NotConverged { iterations: MOST_ITERATIONS, tolerance })
    }

    /// Moves the gradient by `step` along i and against j, and finds the extremes of the new one.
    #[inline(always)]
    fn advance(&mut self, i: usize, j: usize, step: f64) -> Extremes {
        let (row_i, row_j) = (self.gram.row(i), self.gram.row(j));
        let (mut least, mut at, mut most) = (f64::INFINITY, 0, f64::NEG_INFINITY);
        let parts = self.gradient.chunks_mut(BLOCK).zip(row_i.chunks(BLOCK)).zip(row_j.chunks(BLOCK));
        let parts = parts.zip(self.up.chunks(BLOCK)).zip(self.down.chunks(BLOCK));
        for (block, ((((gradient, row_i), row_j), up), down)) in parts.enumerate() {
            let (mut low, mut high) = ([f64::INFINITY; LANES], [f64::NEG_INFINITY; LANES]);
            let lanes = gradient.chunks_exact_mut(LANES).zip(row_i.chunks_exact(LANES)).zip(row_j.chunks_exact(LANES));
            let lanes = lanes.zip(up.chunks_exact(LANES)).zip(down.chunks_exact(LANES));
            for ((((gradient, row_i), row_j), up), down) in lanes {
                for lane in 0..LANES {
                    let moved = gradient[lane] + step * f64::from(row_i[lane] - row_j[lane]);
                    gradient[lane] = moved;
                    let (above, below) = (moved + up[lane], moved + down[lane]);
                    low[lane] = if above < low[lane] { above } else { low[lane] };
                    high[lane] = if below > high[lane] { below } else { high[lane] };
                }
            }
            let low = low.into_iter().fold(f64::INFINITY, f64::min);
            most = high.into_iter().fold(most, f64::max);
            if low < least {
                (least, at) = (low, block);
            }
        }
        let first = at * BLOCK;
        let end = (first + BLOCK).min(self.gradient.len());
        let index = (first..end).find(|i| self.gradient[*i] + self.up[*i] == least).unwrap_or(first);
        Extremes { least_up: (least, index), most_down: most }
    }

    /// The point that gains most beside `i`, whose gradient is `least`; none where no point may move against it.
    #[inline(always)]
    fn partner(&self, i: usize, least: f64) -> Option<usize> {
        let (row, diagonal) = (self.gram.row(i), self.gram.diagonal());
        let own = diagonal[i];
        let (mut best, mut at) = (0.0_f32, 0);
        let parts = self.gradient.chunks(BLOCK).zip(self.down.chunks(BLOCK)).zip(row.chunks(BLOCK)).zip(diagonal.chunks(BLOCK));
        for (block, (((gradient, down), row), diagonal)) in parts.enumerate() {
            let mut most = [0.0_f32; LANES];
            let lanes = gradient.chunks_exact(LANES).zip(down.chunks_exact(LANES)).zip(row.chunks_exact(LANES));
            for (((gradient, down), row), diagonal) in lanes.zip(diagonal.chunks_exact(LANES)) {
                for lane in 0..LANES {
                    let gain = gain(gradient[lane] + down[lane] - least, own + diagonal[lane] - 2.0 * row[lane]);
                    most[lane] = if gain > most[lane] { gain } else { most[lane] };
                }
            }
            let most = most.into_iter().fold(0.0, f32::max);
            if most > best {
                (best, at) = (most, block);
            }
        }
        let first = at * BLOCK;
        let end = (first + BLOCK).min(self.gradient.len());
        let of = |t: usize| gain(self.gradient[t] + self.down[t] - least, own + diagonal[t] - 2.0 * row[t]);
        (first..end).find(|t| best > 0.0 && of(*t) == best)
    }
}

/// [`Dual::iterate`] for the widest vectors of this processor. A closure would not do: its `call_once` is a function of its own, which
/// the compiler leaves out of line where the body is long, and so builds it for the narrowest ones.
struct Solve<'d, 'g> {
    dual: &'d mut Dual<'g>,
    tolerance: f64,
}

impl pulp::NullaryFnOnce for Solve<'_, '_> {
    type Output = Result<usize>;

    #[inline(always)]
    fn call(self) -> Self::Output {
        self.dual.iterate(self.tolerance)
    }
}

/// Twice what the dual gains when two points whose gradients differ by `violation` move together.
#[inline(always)]
fn gain(violation: f64, curvature: f32) -> f32 {
    let violation = violation as f32;
    let violation = if violation > 0.0 { violation } else { 0.0 };
    violation * violation / if curvature > FLAT { curvature } else { FLAT }
}
