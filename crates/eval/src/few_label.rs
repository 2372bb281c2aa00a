//! Few-label accuracy: how well codes tell classes apart when few training pictures have labels.
//!
//! `labels` class-balanced training codes carry labels. All codes are standardised with the mean and deviation of
//! the labelled codes and the unlabelled, clean test codes; one-vs-rest support vector machines are fitted to the
//! labelled ones and classify every test code under every condition. Mean and standard error over `draws` choices
//! of the labelled pictures. Codes are means, `[N, d]`.

use std::collections::BTreeMap;

use ndarray::{Array1, Array2, ArrayView2, Axis};
use rand::seq::index;
use rayon::prelude::*;
use vimae_core::{Purpose, Streams};

use crate::{
    Error, Result,
    svm::{Kernel, OneVsRest},
};

/// The kernel of the machines, in the scale of standardised codes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KernelChoice {
    /// Gaussian with gamma = 1 / d.
    Rbf,
    /// Linear. Not part of an evaluation by default: linfa's solver takes 0.4 s a draw for 1 000 codes of 8
    /// dimensions, but 25 s for 2 000 of 64.
    Linear,
}

/// The inductive protocol: machines see labelled codes alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FewLabel {
    /// Labelled training codes.
    pub labels: usize,
    /// Draws of them.
    pub draws: u64,
    /// The machines' kernel.
    pub kernel: KernelChoice,
}

impl FewLabel {
    /// The protocol's name in records.
    pub fn protocol(&self) -> String {
        let kernel = match self.kernel {
            KernelChoice::Rbf => "rbf",
            KernelChoice::Linear => "linear",
        };
        format!("svm.inductive(kernel={kernel},labels={},noise=test,code=mean)", self.labels)
    }

    /// The training pictures that carry labels in a draw: as many of every class as possible, the classes that
    /// come first taking one more where the number does not divide; all of a class that has fewer.
    pub fn draw(&self, labels: &[u32], streams: &Streams, draw: u64) -> Vec<usize> {
        let mut by_class: BTreeMap<u32, Vec<usize>> = BTreeMap::new();
        for (picture, label) in labels.iter().enumerate() {
            by_class.entry(*label).or_default().push(picture);
        }
        let mut rng = streams.at(Purpose::LabelDraw, draw);
        let (each, rest) = (self.labels / by_class.len().max(1), self.labels % by_class.len().max(1));
        let mut chosen = Vec::with_capacity(self.labels);
        for (class, pictures) in by_class.values().enumerate() {
            let amount = (each + usize::from(class < rest)).min(pictures.len());
            chosen.extend(index::sample(&mut rng, pictures.len(), amount).into_iter().map(|i| pictures[i]));
        }
        chosen.sort_unstable();
        chosen
    }

    /// Percent of test codes that are classified rightly, for one draw: one value for each set in `conditions`, the
    /// codes `[T, d]` of the same test pictures under each condition; the first is of clean pictures.
    ///
    /// # Errors
    /// [`Error::Labels`] without conditions; as [`OneVsRest::fit`].
    pub fn accuracies(&self, codes: &ArrayView2<'_, f64>, labels: &[u32], conditions: &[Array2<f64>], truth: &[u32]) -> Result<Vec<f64>> {
        let clean = conditions.first().ok_or_else(|| Error::Labels("no test codes".into()))?.view();
        let scale = Standardiser::fit(codes, &clean);
        let kernel = match self.kernel {
            KernelChoice::Rbf => Kernel::Rbf { gamma: 1.0 / clean.ncols() as f64 },
            KernelChoice::Linear => Kernel::Linear,
        };
        let machines = OneVsRest::fit(kernel, scale.apply(codes).view(), labels)?;
        Ok(conditions.iter().map(|codes| percent_right(&machines.predict(scale.apply(&codes.view()).view()), truth)).collect())
    }

    /// [`FewLabel::accuracies`] of all draws, in order; `codes` and `labels` are of the pictures at `indices`, which
    /// hold those of every draw. Draws run in parallel, with the same bits for any number of threads.
    ///
    /// # Errors
    /// As [`FewLabel::accuracies`].
    pub fn run(&self, draws: &[Vec<usize>], known: &Known<'_>, conditions: &[Array2<f64>], truth: &[u32]) -> Result<Vec<Vec<f64>>> {
        draws
            .par_iter()
            .map(|draw| {
                let rows: Vec<usize> = draw.iter().filter_map(|picture| known.indices.binary_search(picture).ok()).collect();
                let labels: Vec<u32> = rows.iter().map(|row| known.labels[*row]).collect();
                self.accuracies(&known.codes.select(Axis(0), &rows).view(), &labels, conditions, truth)
            })
            .collect()
    }
}

/// Codes and labels of some training pictures.
#[derive(Debug)]
pub struct Known<'a> {
    /// The pictures, in rising order.
    pub indices: &'a [usize],
    /// Their codes, `[n, d]`.
    pub codes: Array2<f64>,
    /// Their labels.
    pub labels: Vec<u32>,
}

/// Mean 0 and deviation 1 in every dimension of the codes it was fitted to.
struct Standardiser {
    mean: Array1<f64>,
    deviation: Array1<f64>,
}

impl Standardiser {
    fn fit(labelled: &ArrayView2<'_, f64>, unlabelled: &ArrayView2<'_, f64>) -> Self {
        let count = (labelled.nrows() + unlabelled.nrows()) as f64;
        let mean = (labelled.sum_axis(Axis(0)) + unlabelled.sum_axis(Axis(0))) / count;
        let squares = |codes: &ArrayView2<'_, f64>| (codes - &mean).mapv(|v| v * v).sum_axis(Axis(0));
        let variance = (squares(labelled) + squares(unlabelled)) / count;
        // A dimension that never moves says nothing and stays at zero.
        let deviation = variance.mapv(|v| if v > 0.0 { v.sqrt() } else { 1.0 });
        Self { mean, deviation }
    }

    fn apply(&self, codes: &ArrayView2<'_, f64>) -> Array2<f64> {
        (codes - &self.mean) / &self.deviation
    }
}

fn percent_right(predicted: &[u32], truth: &[u32]) -> f64 {
    let right = predicted.iter().zip(truth).filter(|(p, t)| p == t).count();
    100.0 * right as f64 / truth.len() as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    const PROTOCOL: FewLabel = FewLabel { labels: 30, draws: 4, kernel: KernelChoice::Rbf };

    /// Three clusters in two dimensions, a third dimension that never moves.
    fn clusters(seed: u64, count: usize) -> (Array2<f64>, Vec<u32>) {
        let noise = Streams::new(seed).normal(Purpose::Evaluation, 0, 2 * count);
        let labels: Vec<u32> = (0..count).map(|i| (i % 3) as u32).collect();
        let codes = Array2::from_shape_fn((count, 3), |(i, j)| match j {
            2 => 7.0,
            _ => f64::from(noise[2 * i + j]) + if j == 0 { 300.0 * f64::from(labels[i]) } else { 0.0 },
        });
        (codes, labels)
    }

    #[test]
    fn draws_are_balanced_repeatable_and_differ() {
        let labels: Vec<u32> = (0..100).map(|i| if i < 3 { 9 } else { i % 3 }).collect();
        let draw = |number| PROTOCOL.draw(&labels, &Streams::new(1), number);
        let counts = |draw: &[usize]| [0, 1, 2, 9].map(|c| draw.iter().filter(|i| labels[**i] == c).count());
        assert_eq!(counts(&draw(0)), [8, 8, 7, 3]);
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
        assert!(draw(1).windows(2).all(|w| w[0] < w[1]));
    }

    #[test]
    fn clusters_are_found_from_few_labels_and_lost_when_codes_move_away() {
        let (train, train_labels) = clusters(1, 300);
        let (test, truth) = clusters(2, 90);
        let draws: Vec<Vec<usize>> = (0..4).map(|d| PROTOCOL.draw(&train_labels, &Streams::new(1), d)).collect();
        let indices: Vec<usize> = (0..300).collect();
        let known = Known { indices: &indices, codes: train, labels: train_labels };
        let moved = &test + 300.0;
        let sets = [test, moved];
        let run = |threads| {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
            pool.install(|| PROTOCOL.run(&draws, &known, &sets, &truth)).unwrap()
        };
        for accuracies in run(1) {
            assert!(accuracies[0] > 95.0, "{accuracies:?}");
            assert!(accuracies[1] < 40.0, "{accuracies:?}");
        }
        assert_eq!(run(1), run(3));
    }
}
