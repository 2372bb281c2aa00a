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

use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;
use vimae_core::{Error, Result};

use crate::{
    distance::{self, Bounds},
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
    let (of_real, of_generated) = (Radii::of::<T>(real, of_real, most), Radii::of::<T>(generated, of_generated, most));

    // For each k: generated images inside a real ball and how many such balls, real images inside a generated
    // ball, real balls that hold a generated image.
    let size = real.size();
    let bounds = Bounds::of::<T>(size);
    let parts: Vec<Vec<Counts>> = (0..inner::blocks(real))
        .into_par_iter()
        .map(|block| {
            let rows = inner::block::<T>(real, block);
            let first = block * BLOCK;
            let squares = &of_real.squares[inner::range(real, block)];
            let empty = Counts {
                inside: vec![0; generated.count()],
                recalled: vec![false; rows.len() / size],
                covered: vec![false; rows.len() / size],
            };
            let mut counts = vec![empty; neighbours.len()];
            let reaches: Vec<f64> = (0..squares.len()).map(|i| of_real.radius(first + i, most)).collect();
            let mut products = Products::new();
            for other in 0..inner::blocks(generated) {
                let columns = inner::block::<T>(generated, other);
                products.of(&rows, &columns, size, |j, column| {
                    let j = other * BLOCK + j;
                    let (square, reach) = (of_generated.squares[j], of_generated.radius(j, most));
                    for (i, ((product, own), own_reach)) in column.iter().zip(squares).zip(&reaches).enumerate() {
                        let low = bounds.lower(own + square, (*product).into());
                        // Outside of the largest balls of both: almost every pair.
                        if low > reach.max(*own_reach) {
                            continue;
                        }
                        let high = bounds.upper(low, own + square);
                        let mut exact = None;
                        let mut within = |radius: f64| {
                            balls
                                .holds(radius, low, high, || *exact.get_or_insert_with(|| distance::between(real, first + i, generated, j)))
                        };
                        for (k, counts) in neighbours.iter().zip(&mut counts) {
                            if within(of_real.radius(first + i, *k)) {
                                counts.inside[j] += 1;
                                counts.covered[i] = true;
                            }
                            counts.recalled[i] |= within(of_generated.radius(j, *k));
                        }
                    }
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

/// The balls around the images of a set.
struct Radii {
    /// Squared lengths of the features.
    squares: Vec<f64>,
    /// Squared distances of every image to its nearest others, in rising order: `[N, most]`.
    nearest: Vec<f64>,
    most: usize,
}

impl Radii {
    fn of<T: Element>(features: &Features, squares: Vec<f64>, most: usize) -> Self {
        let nearest = nearest::<T>(features, &squares, most);
        Self { squares, nearest, most }
    }

    /// The squared radius of the ball around image `i` that reaches to its `k`-th nearest.
    fn radius(&self, i: usize, k: usize) -> f64 {
        self.nearest[i * self.most + k - 1]
    }
}

/// The squared distances of all images to their `most` nearest others. Each pair of blocks is multiplied once, for both of them.
fn nearest<T: Element>(features: &Features, squares: &[f64], most: usize) -> Vec<f64> {
    let (size, blocks) = (features.size(), inner::blocks(features));
    let longest = |block| squares[inner::range(features, block)].iter().copied().fold(0.0, f64::max);
    let longest: Vec<f64> = (0..blocks).map(longest).collect();
    let bounds = Bounds::of::<T>(size);
    let none = |block| {
        let distances = vec![f64::INFINITY; most * inner::range(features, block).len()];
        let (lows, smallest) = (Vec::with_capacity(BLOCK), vec![f64::INFINITY; most]);
        Mutex::new(Nearest { features, squares, longest: &longest, block, most, bounds, distances, lows, smallest })
    };
    let found: Vec<Mutex<Nearest<'_>>> = (0..blocks).map(none).collect();
    let pairs: Vec<(usize, usize)> = (0..blocks).flat_map(|one| (one..blocks).map(move |other| (one, other))).collect();
    // Which pair comes first changes nothing: the smallest of the same distances are kept.
    pairs.into_par_iter().for_each_init(
        || (Products::<T>::new(), vec![0.0; BLOCK * BLOCK]),
        |(products, across), (one, other)| {
            let (rows, columns) = (inner::block::<T>(features, one), inner::block::<T>(features, other));
            let count = rows.len() / size;
            let mut here = found[other].lock().unwrap_or_else(PoisonError::into_inner);
            products.of(&rows, &columns, size, |j, column| {
                for (i, product) in column.iter().enumerate() {
                    across[i * BLOCK + j] = (*product).into();
                }
                here.see(j, one, column.iter().map(|product| (*product).into()));
            });
            drop(here);
            if one != other {
                let mut here = found[one].lock().unwrap_or_else(PoisonError::into_inner);
                for (i, row) in across.chunks_exact(BLOCK).take(count).enumerate() {
                    here.see(i, other, row.iter().copied().take(columns.len() / size));
                }
            }
        },
    );
    found.into_iter().flat_map(|found| found.into_inner().unwrap_or_else(PoisonError::into_inner).distances).collect()
}

/// What is known of the nearest others of the images of a block.
struct Nearest<'a> {
    features: &'a Features,
    squares: &'a [f64],
    /// The largest of them in each block.
    longest: &'a [f64],
    block: usize,
    most: usize,
    bounds: Bounds,
    /// Squared distances in rising order: `[images, most]`.
    distances: Vec<f64>,
    lows: Vec<f64>,
    smallest: Vec<f64>,
}

impl Nearest<'_> {
    /// Takes the images of the block `other` into account, by their products with image `j` of this one.
    fn see(&mut self, j: usize, other: usize, products: impl Iterator<Item = f64>) {
        let (me, most, bounds) = (self.block * BLOCK + j, self.most, self.bounds);
        let found = &mut self.distances[j * most..(j + 1) * most];
        // Nothing is nearer than that many copies.
        if found[most - 1] == 0.0 {
            return;
        }
        let (mine, of_other) = (self.squares[me], &self.squares[inner::range(self.features, other)]);
        self.lows.clear();
        self.lows.extend(products.zip(of_other).map(|(product, square)| bounds.lower(square + mine, product)));
        if other == self.block {
            self.lows[j] = f64::INFINITY;
        }
        // As many of this block as are wanted lie within `limit` for certain: what cannot is not looked at. At
        // most a few of each block are, in whatever order images come.
        let reach = bounds.width(self.longest[other] + mine);
        self.smallest.fill(f64::INFINITY);
        let mut limit = found[most - 1];
        for low in &self.lows {
            if *low < limit {
                insert(&mut self.smallest, *low);
                limit = limit.min(self.smallest[most - 1] + reach);
            }
        }
        if self.smallest[0] == f64::INFINITY {
            return;
        }
        for (i, low) in self.lows.iter().enumerate() {
            if *low <= limit && *low < found[most - 1] {
                let exact = distance::between(self.features, other * BLOCK + i, self.features, me);
                if exact < found[most - 1] {
                    insert(found, exact);
                }
            }
        }
    }
}

/// Puts a distance among the smallest, in order; the largest of them goes, which may be itself.
fn insert(nearest: &mut [f64], distance: f64) {
    let at = nearest.partition_point(|d| *d <= distance);
    let Some(rest) = nearest.get_mut(at..) else { return };
    if let [.., _] = rest {
        rest.rotate_right(1);
    }
    if let Some(first) = rest.first_mut() {
        *first = distance;
    }
}

#[cfg(test)]
mod tests;
