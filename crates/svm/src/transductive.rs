//! The transductive machine, which learns from labelled points and from the points to be labelled.
//!
//! Joachims, "Transductive inference for text classification using support vector machines", ICML 1999, algorithm 1:
//! the pool is labelled by the inductive machine, as many points positive as the class ratio says; then its weight
//! grows from little to full, and at each weight pairs of pool points with opposite labels change them as long as
//! that lowers the objective, |w|^2 / 2 + C sum_labelled hinge + C* sum_pool hinge. Changed against the paper: all
//! pairs that lower it for the present w change at once before w is solved for again (Sindhwani and Keerthi, "Large
//! scale semi-supervised linear SVMs", SIGIR 2006); both sides of the pool weigh the same from the start; and since the
//! search ends in a local minimum, it starts a second time, from the pool's labels by single linkage at full weight, and
//! the machine with the lower objective is taken.

use ndarray::{Array2, ArrayView2, Axis, concatenate};
use rayon::prelude::*;

use crate::{
    Error, Machines, Result, Svm, check,
    dual::Dual,
    kernel::{Gram, Points},
    machines::{columns, winners},
    nearest::spread,
    primal::{Primal, with_ones},
};

/// Rounds of changed labels at one weight at most; a few are usual.
const MOST_ROUNDS: usize = 200;
/// Looser by this factor is the tolerance at weights on the way.
const ON_THE_WAY: f64 = 10.0;

/// Transductive support vector machines, one class against the rest. The class ratio of the pool is that of the
/// labelled points; probability-free and deterministic.
///
/// Memory with a Gaussian kernel: 4 (n + m)^2 bytes for n labelled points and a pool of m, 484 MB for 11 000.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct TransductiveSvm {
    /// The kernel, the weight C of labelled points and the tolerance.
    pub svm: Svm,
    /// The final weight of a pool point as a share of C, above 0.
    pub pool_share: f64,
    /// The first weight of a pool point as a share of C, above 0.
    pub first_share: f64,
    /// The factor by which this weight grows, above 1.
    pub growth: f64,
    /// Whether to search a second time, from labels by single linkage.
    pub second_start: bool,
}

/// The result of a transduction.
#[derive(Debug, Clone, PartialEq)]
pub struct Transduced {
    /// The machines, which also classify other points.
    pub machines: Machines,
    /// The score of each machine for each point of the pool, `[m, classes]`.
    pub scores: Array2<f64>,
    /// The class of each point of the pool.
    pub labels: Vec<u32>,
    /// How often a pair of labels was exchanged, over all machines.
    pub switches: usize,
    /// How many inductive problems were solved, over all machines.
    pub solutions: usize,
}

/// A solver whose costs and targets may change.
trait Solver: Clone {
    fn solve(&mut self, tolerance: f64) -> Result<usize>;
    /// Values of the machine at all points.
    fn values(&self) -> Vec<f64>;
    /// |w|^2
    fn norm(&self) -> f64;
    fn raise_cost(&mut self, first: usize, cost: f64);
    fn set_target(&mut self, i: usize, target: f64);
    /// Exchanges the targets of a positive and a negative point; `err` tells that both are within the new margin.
    fn switch(&mut self, positive: usize, negative: usize, err: bool);
}

impl Solver for Dual<'_> {
    fn solve(&mut self, tolerance: f64) -> Result<usize> {
        Dual::solve(self, tolerance)
    }

    fn values(&self) -> Vec<f64> {
        self.scores()
    }

    fn norm(&self) -> f64 {
        Dual::norm(self)
    }

    fn raise_cost(&mut self, first: usize, cost: f64) {
        Dual::raise_cost(self, first, cost);
    }

    fn set_target(&mut self, i: usize, target: f64) {
        Dual::set_target(self, i, target);
    }

    fn switch(&mut self, positive: usize, negative: usize, err: bool) {
        Dual::switch(self, positive, negative, err);
    }
}

impl Solver for Primal<'_> {
    fn solve(&mut self, tolerance: f64) -> Result<usize> {
        let near = self.weights().iter().any(|w| *w != 0.0);
        Primal::solve(self, tolerance, near)
    }

    fn values(&self) -> Vec<f64> {
        self.scores().to_vec()
    }

    fn norm(&self) -> f64 {
        self.weights().iter().rev().skip(1).map(|w| w * w).sum()
    }

    fn raise_cost(&mut self, first: usize, cost: f64) {
        Primal::raise_cost(self, first, cost);
    }

    fn set_target(&mut self, i: usize, target: f64) {
        Primal::set_target(self, i, target);
    }

    fn switch(&mut self, positive: usize, negative: usize, _: bool) {
        Primal::set_target(self, positive, -1.0);
        Primal::set_target(self, negative, 1.0);
    }
}

/// Coefficients and bias of a machine; its values at all points, and what it took.
type Solved = ((Vec<f64>, f64), (Vec<f64>, Work));

/// Counts of a transduction.
#[derive(Clone, Copy, Default)]
struct Work {
    switches: usize,
    solutions: usize,
}

impl TransductiveSvm {
    /// Settings with which a pool point starts at a thousandth of the weight of a labelled one, and doubles it until both
    /// weigh the same.
    pub fn new(svm: Svm) -> Self {
        Self { svm, pool_share: 1.0, first_share: 1e-3, growth: 2.0, second_start: true }
    }

    /// Fits machines to the labelled rows of `features` `[n, d]` and the rows of `pool` `[m, d]`, and labels the pool.
    ///
    /// # Errors
    /// As [`Svm::train`]. Also returns [`Error::Columns`] if the pool has another width, and [`Error::Setting`].
    pub fn train(&self, features: ArrayView2<'_, f64>, labels: &[u32], pool: ArrayView2<'_, f64>) -> Result<Transduced> {
        self.check()?;
        let classes = check::classes(features, labels)?;
        if pool.ncols() != features.ncols() {
            return Err(Error::Columns { what: "the pool's points", expected: features.ncols(), got: pool.ncols() });
        }
        check::finite("pool", pool)?;
        let all = concatenate(Axis(0), &[features.view(), pool.view()]).map_err(linfa::Error::from)?;
        let known = labels.len();
        // The pool's targets are set when the first machine has scored it; it weighs nothing before.
        let side = |class: u32| move |label: &u32| if *label == class { 1.0 } else { -1.0 };
        let targets = |class: u32| labels.iter().map(side(class)).chain(vec![-1.0; pool.nrows()]).collect::<Vec<f64>>();
        let cost: Vec<f64> = [vec![self.svm.cost; known], vec![0.0; pool.nrows()]].concat();
        if !self.svm.in_primal(features) {
            Gram::fits(all.nrows())?;
        }
        let guess = self.second_start.then(|| spread(features, labels, pool));
        let ask = |class: u32| Ask {
            known: labels.iter().map(|label| *label == class).collect(),
            guess: guess.as_ref().map(|guess| guess.iter().map(|label| *label == class).collect()),
        };
        let (machines, values, work) = if self.svm.in_primal(features) {
            let points = with_ones(all.view());
            let fit = |class: &u32| {
                let (solver, work) = self.search(Primal::new(&points, &targets(*class), &cost), &ask(*class))?;
                Ok((solver.weights().to_vec(), solver.values(), work))
            };
            let solved: Vec<(Vec<f64>, Vec<f64>, Work)> = classes.par_iter().map(fit).collect::<Result<_>>()?;
            let weights: Vec<_> = solved.iter().map(|(w, ..)| w.clone()).collect();
            let (values, work): (Vec<_>, Vec<_>) = solved.into_iter().map(|(_, v, work)| (v, work)).unzip();
            (Machines::linear(classes, &weights), values, work)
        } else {
            let points = Points::new(self.svm.kernel, all.view());
            let gram = Gram::new(&points)?;
            let fit = |class: &u32| {
                let (solver, work) = self.search(Dual::new(&gram, &targets(*class), &cost), &ask(*class))?;
                Ok(((solver.coefficients().to_vec(), solver.bias()), (solver.values(), work)))
            };
            let solved: Vec<Solved> = classes.par_iter().map(fit).collect::<Result<_>>()?;
            let (solved, rest): (Vec<_>, Vec<_>) = solved.into_iter().unzip();
            let (values, work): (Vec<_>, Vec<_>) = rest.into_iter().unzip();
            (Machines::kernel(classes, points, &solved), values, work)
        };
        let scores = columns(pool.nrows(), values.iter().map(|v| &v[known..]));
        let labels = winners(machines.classes(), &scores);
        let sum = |of: fn(&Work) -> usize| work.iter().map(of).sum();
        Ok(Transduced { machines, scores, labels, switches: sum(|w| w.switches), solutions: sum(|w| w.solutions) })
    }

    fn check(&self) -> Result<()> {
        self.svm.check()?;
        check::positive("pool_share", self.pool_share)?;
        check::positive("first_share", self.first_share)?;
        let growing = self.growth > 1.0 && self.growth.is_finite();
        if growing { Ok(()) } else { Err(Error::Setting { name: "growth", value: self.growth, allowed: "above 1" }) }
    }

    /// The better of the searches for the machine of one class.
    fn search<S: Solver>(&self, mut solver: S, ask: &Ask) -> Result<(S, Work)> {
        solver.solve(self.svm.tolerance)?;
        let (values, first) = (solver.values(), ask.known.len());
        let mut work = Work { switches: 0, solutions: 1 };
        let mut from = |guess: Option<&Vec<bool>>| {
            let mut solver = solver.clone();
            let positive = first_labels(&values, ask, guess);
            (first..values.len()).filter(|i| positive[*i]).for_each(|i| solver.set_target(i, 1.0));
            // Little weight would let go of the guess.
            let least = if guess.is_some() { 1.0 } else { self.first_share };
            let objective = self.anneal(&mut solver, positive, (first, least), &mut work)?;
            Ok::<_, Error>((solver, objective))
        };
        let inductive = from(None)?;
        let second = ask.guess.as_ref().map(|guess| from(Some(guess))).transpose()?;
        let best = match second {
            Some(second) if second.1 < inductive.1 => second.0,
            _ => inductive.0,
        };
        Ok((best, work))
    }

    /// Lets the weight of the pool, which are the points from `first` on, grow, and its labels follow; the objective
    /// at the end.
    fn anneal(&self, solver: &mut impl Solver, mut positive: Vec<bool>, (first, least): (usize, f64), work: &mut Work) -> Result<f64> {
        let full = self.svm.cost * self.pool_share;
        let mut cost = (self.svm.cost * least).min(full);
        loop {
            solver.raise_cost(first, cost);
            // What is found on the way is only where the next weight starts.
            let tolerance = self.svm.tolerance * if cost < full { ON_THE_WAY } else { 1.0 };
            for _ in 0..MOST_ROUNDS {
                solver.solve(tolerance)?;
                work.solutions += 1;
                let pairs = wrong_pairs(&solver.values(), &positive, first, tolerance);
                for (a, b, err) in &pairs {
                    (positive[*a], positive[*b]) = (false, true);
                    solver.switch(*a, *b, *err);
                }
                work.switches += pairs.len();
                if pairs.is_empty() {
                    break;
                }
            }
            if cost >= full {
                let values = solver.values();
                let hinge = |i: usize| (1.0 - if positive[i] { values[i] } else { -values[i] }).max(0.0);
                let pool: f64 = (first..values.len()).map(hinge).sum();
                let known: f64 = (0..first).map(hinge).sum();
                return Ok(solver.norm() / 2.0 + self.svm.cost * known + full * pool);
            }
            cost = (cost * self.growth).min(full);
        }
    }
}

/// What is known when the search for the machine of a class begins.
struct Ask {
    /// Which labelled points are of the class; the pool's points come after them.
    known: Vec<bool>,
    /// Which points of the pool are of the class by another guess.
    guess: Option<Vec<bool>>,
}

/// Whether each point is of the class: known for the labelled ones, of the pool the same share, those
/// guessed to be first, then by their values.
fn first_labels(values: &[f64], ask: &Ask, guess: Option<&Vec<bool>>) -> Vec<bool> {
    let first = ask.known.len();
    let mut ranked: Vec<usize> = (first..values.len()).collect();
    let guessed = |i: usize| guess.is_some_and(|guess| guess[i - first]);
    ranked.sort_by(|a, b| guessed(*b).cmp(&guessed(*a)).then(values[*b].total_cmp(&values[*a])).then(a.cmp(b)));
    let share = ask.known.iter().filter(|known| **known).count() as f64 / first as f64;
    let positives = (share * ranked.len() as f64).round() as usize;
    let mut positive = ask.known.clone();
    positive.resize(values.len(), false);
    ranked.into_iter().take(positives).for_each(|i| positive[i] = true);
    positive
}

/// Pairs of a positive and a negative pool point that err by more than 2 together, the worst first, each point in one
/// pair at most; and whether both would still err on the other side.
fn wrong_pairs(values: &[f64], positive: &[bool], first: usize, tolerance: f64) -> Vec<(usize, usize, bool)> {
    let slack = |i: usize| 1.0 - if positive[i] { values[i] } else { -values[i] };
    let worst = |side: bool| {
        let mut found: Vec<(usize, f64)> =
            (first..values.len()).filter(|i| positive[*i] == side).map(|i| (i, slack(i))).filter(|(_, slack)| *slack > 0.0).collect();
        found.sort_by(|a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        found
    };
    // What the solver left open must not look like an error.
    let enough = 2.0 + 4.0 * tolerance;
    let pairs = worst(true).into_iter().zip(worst(false)).take_while(|(a, b)| a.1 + b.1 > enough);
    pairs.map(|(a, b)| (a.0, b.0, a.1 < 2.0 && b.1 < 2.0)).collect()
}
