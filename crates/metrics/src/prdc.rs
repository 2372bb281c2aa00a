//! Precision, recall, density and coverage by nearest neighbours in feature space.
//!
//! Around each image lies a ball that reaches to its k-th nearest neighbour in its own set. All four are shares; higher
//! is better; the value depends on k, on the number of images in each set and on the features: compare only where
//! all of these agree.
//!
//! - precision: generated images inside some real image's ball; recall: real images inside some generated
//!   image's ball (Kynkaanniemi et al., "Improved Precision and Recall Metric for Assessing Generative Models",
//!   2019, k = 3). One outlier's large ball can raise either.
//! - density: real balls around a generated image, counted and divided by k (may exceed 1); coverage: real images
//!   whose ball holds a generated one (Naeem et al., "Reliable Fidelity and Diversity Metrics for Generative Models",
//!   2020, k = 5).
//!
//! An image on a ball's surface is inside where balls are closed ([`Balls::Closed`], the definition of both papers), so
//! that a set has precision, recall and coverage 1 with itself and the density (k + 1) / k. With open balls, as in the
//! package `prdc`, it is outside, and a set has the density 1 with itself. Copies of an image are at distance 0 of one
//! another, and comparisons come out as exact arithmetic has them (`distance`): k + 1 copies of every image are balls of
//! radius 0, which hold the copies where closed and nothing where open.

mod error;
mod neighbours;

use rayon::prelude::*;
use vimae_core::{Error, Result};

use crate::{
    bounds::{Bounds, lower, within_each},
    distance,
    features::Features,
    inner::{self, BLOCK, Element, Products},
};

pub use error::{PrdcErrors, errors};

vimae_core::settings! {
    /// Whether the image that a ball reaches to is inside.
    pub enum Balls {
        /// it is: a distance equal to the radius counts, as in the definitions of the papers and in torch-fidelity
        Closed,
        /// it is not, as in the package prdc
        Open,
    }
}

impl Balls {
    /// The name in protocols; none for closed balls, which are not mentioned.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Self::Closed => None,
            Self::Open => Some("open"),
        }
    }

    /// Whether a squared distance that lies within `low` and `high` is inside; `exact` computes it where those leave it open.
    fn holds(self, radius: f64, low: f64, high: f64, exact: impl FnOnce() -> f64) -> bool {
        match self {
            Self::Closed => high <= radius || (low <= radius && exact() <= radius),
            Self::Open => high < radius || (low < radius && exact() < radius),
        }
    }
}

/// The four shares at one k.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Prdc {
    /// The neighbour that balls reach to.
    pub k: usize,
    /// Share of generated images that look real.
    pub precision: f64,
    /// Share of real images that could be generated.
    pub recall: f64,
    /// Real balls around a generated image, over k.
    pub density: f64,
    /// Share of real images near a generated one.
    pub coverage: f64,
}

/// The four shares at each k of `neighbours`.
///
/// # Errors
/// [`Error::Unsupported`] for features of different networks, k = 0, and sets of k images or fewer.
pub fn prdc(real: &Features, generated: &Features, neighbours: &[usize], balls: Balls) -> Result<Vec<Prdc>> {
    real.check_comparable(generated)?;
    let Some(most) = neighbours.iter().copied().max() else { return Ok(Vec::new()) };
    if neighbours.contains(&0) {
        return Err(Error::Unsupported { what: "precision and recall at k = 0".into(), reason: "k must be 1 or more".into() });
    }
    real.check_count("precision and recall", most + 1)?;
    generated.check_count("precision and recall", most + 1)?;
    let squares = [real, generated].map(|set| inner::squares(set.values(), set.size()));
    // What is decided is the same in either.
    let single = [real, generated].iter().zip(&squares).all(|(set, squares)| distance::single(set.values(), set.size(), squares));
    Ok(if single {
        shares::<f32>(real, generated, squares, neighbours, balls)
    } else {
        shares::<f64>(real, generated, squares, neighbours, balls)
    })
}

/// The four shares at each k, from products in `T`.
fn shares<T: Element>(
    real: &Features,
    generated: &Features,
    [of_real, of_generated]: [Vec<f64>; 2],
    neighbours: &[usize],
    balls: Balls,
) -> Vec<Prdc> {
    let most = neighbours.iter().copied().max().unwrap_or(0);
    let size = real.size();
    let bounds = Bounds::of::<T>(size);
    let (of_real, of_generated) = (Balled::<T>::of(real, &of_real, bounds, most), Balled::<T>::of(generated, &of_generated, bounds, most));
    let reach_of_real: Vec<T> = (0..real.count()).map(|i| T::above(of_real.radius(i, most))).collect();

    // For each k: generated images inside a real ball and how many such balls, real images inside a generated
    // ball, real balls that hold a generated image.
    let parts: Vec<Vec<Counts>> = (0..inner::blocks(real))
        .into_par_iter()
        .map(|block| {
            let rows = inner::block::<T>(real, block);
            let range = inner::range(real, block);
            let (first, lengths, reaches) = (range.start, &of_real.lengths[range.clone()], &reach_of_real[range.clone()]);
            let empty =
                Counts { inside: vec![0; generated.count()], recalled: vec![false; range.len()], covered: vec![false; range.len()] };
            let mut counts = vec![empty; neighbours.len()];
            let mut products = Products::new();
            for other in 0..inner::blocks(generated) {
                let columns = inner::block::<T>(generated, other);
                products.of(&rows, &columns, size, |j, column| {
                    let j = other * BLOCK + j;
                    lower(column, of_generated.lengths[j], lengths);
                    let reach = T::above(of_generated.radius(j, most));
                    // Outside of the largest balls of both: almost every pair.
                    within_each(column, reaches, reach, |i, low| {
                        let low = low.into();
                        let high = low + of_real.slacks[first + i] + of_generated.slacks[j];
                        let mut exact = None;
                        let mut holds = |radius: f64| {
                            balls
                                .holds(radius, low, high, || *exact.get_or_insert_with(|| distance::between(real, first + i, generated, j)))
                        };
                        for (k, counts) in neighbours.iter().zip(&mut counts) {
                            if holds(of_real.radius(first + i, *k)) {
                                counts.inside[j] += 1;
                                counts.covered[i] = true;
                            }
                            counts.recalled[i] |= holds(of_generated.radius(j, *k));
                        }
                    });
                });
            }
            counts
        })
        .collect();

    let share = |count: usize, of: &Features| count as f64 / of.count() as f64;
    let one = |(at, k): (usize, &usize)| {
        let mut inside = vec![0_u32; generated.count()];
        let (mut recalled, mut covered) = (0, 0);
        for part in parts.iter().filter_map(|p| p.get(at)) {
            inside.iter_mut().zip(&part.inside).for_each(|(t, c)| *t += c);
            recalled += part.recalled.iter().filter(|v| **v).count();
            covered += part.covered.iter().filter(|v| **v).count();
        }
        Prdc {
            k: *k,
            precision: share(inside.iter().filter(|c| **c > 0).count(), generated),
            recall: share(recalled, real),
            density: inside.iter().map(|c| f64::from(*c)).sum::<f64>() / (*k as f64 * generated.count() as f64),
            coverage: share(covered, real),
        }
    };
    neighbours.iter().enumerate().map(one).collect()
}

#[derive(Clone)]
struct Counts {
    inside: Vec<u32>,
    recalled: Vec<bool>,
    covered: Vec<bool>,
}

/// A set with the balls around its images.
struct Balled<T> {
    lengths: Vec<T>,
    slacks: Vec<f64>,
    /// Squared distances of every image to its nearest others, in rising order: `[N, most]`.
    nearest: Vec<f64>,
    most: usize,
}

impl<T: Element> Balled<T> {
    fn of(features: &Features, squares: &[f64], bounds: Bounds, most: usize) -> Self {
        let (lengths, slacks) = (bounds.lengths(squares), bounds.slacks(squares));
        let nearest = neighbours::nearest(features, &lengths, &slacks, most);
        Self { lengths, slacks, nearest, most }
    }

    /// The squared radius of the ball around image `i` that reaches to its `k`-th nearest.
    fn radius(&self, i: usize, k: usize) -> f64 {
        self.nearest[i * self.most + k - 1]
    }
}

#[cfg(test)]
mod tests;
