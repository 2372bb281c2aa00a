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
//! An image on a ball's surface is inside, so that a set has precision, recall and coverage 1 with itself. Copies of an
//! image are at distance 0 of one another, and comparisons come out as exact arithmetic has them (`distance`): k + 1
//! copies of every image are balls of radius 0, and a set of them against itself has the density (k + 1) / k.

mod error;

use rayon::prelude::*;
use vimae_core::{Error, Result};

use crate::{
    distance,
    features::Features,
    inner::{self, BLOCK, Products},
};

pub use error::{PrdcErrors, errors};

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
pub fn prdc(real: &Features, generated: &Features, neighbours: &[usize]) -> Result<Vec<Prdc>> {
    real.check_comparable(generated)?;
    let Some(most) = neighbours.iter().copied().max() else { return Ok(Vec::new()) };
    if neighbours.contains(&0) {
        return Err(Error::Unsupported { what: "precision and recall at k = 0".into(), reason: "k must be 1 or more".into() });
    }
    real.check_count("precision and recall", most + 1)?;
    generated.check_count("precision and recall", most + 1)?;
    let (of_real, of_generated) = (Balls::of(real, most), Balls::of(generated, most));

    // For each k: generated images inside a real ball and how many such balls, real images inside a generated
    // ball, real balls that hold a generated image.
    let size = real.size();
    let slack = distance::slack(size);
    let parts: Vec<Vec<Counts>> = (0..inner::blocks(real))
        .into_par_iter()
        .map(|block| {
            let rows = inner::block(real, block);
            let first = block * BLOCK;
            let squares = &of_real.squares[inner::range(real, block)];
            let empty = Counts {
                inside: vec![0; generated.count()],
                recalled: vec![false; rows.len() / size],
                covered: vec![false; rows.len() / size],
            };
            let mut counts = vec![empty; neighbours.len()];
            let mut products = Products::new();
            for other in 0..inner::blocks(generated) {
                let columns = inner::block(generated, other);
                products.of(&rows, &columns, size, |j, column| {
                    let j = other * BLOCK + j;
                    let (square, reach) = (of_generated.squares[j], of_generated.radius(j, most));
                    for (i, (product, own)) in column.iter().zip(squares).enumerate() {
                        let low = distance::lower(own + square, *product, slack);
                        // Outside of the largest balls of both: almost every pair.
                        if low > reach.max(of_real.radius(first + i, most)) {
                            continue;
                        }
                        let high = distance::upper(low, own + square, slack);
                        let mut exact = None;
                        let mut within = |radius: f64| {
                            high <= radius
                                || (low <= radius
                                    && *exact.get_or_insert_with(|| distance::between(real, first + i, generated, j)) <= radius)
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
    Ok(neighbours.iter().enumerate().map(one).collect())
}

#[derive(Clone)]
struct Counts {
    inside: Vec<u32>,
    recalled: Vec<bool>,
    covered: Vec<bool>,
}

/// The balls around the images of a set.
struct Balls {
    /// Squared lengths of the features.
    squares: Vec<f64>,
    /// Squared distances of every image to its nearest others, in rising order: `[N, most]`.
    nearest: Vec<f64>,
    most: usize,
}

impl Balls {
    fn of(features: &Features, most: usize) -> Self {
        let squares = inner::squares(features);
        let nearest =
            (0..inner::blocks(features)).into_par_iter().map(|block| nearest(features, &squares, block, most)).collect::<Vec<_>>();
        Self { squares, nearest: nearest.concat(), most }
    }

    /// The squared radius of the ball around image `i` that reaches to its `k`-th nearest.
    fn radius(&self, i: usize, k: usize) -> f64 {
        self.nearest[i * self.most + k - 1]
    }
}

/// The squared distances of the images of a block to their `most` nearest others.
fn nearest(features: &Features, squares: &[f64], block: usize, most: usize) -> Vec<f64> {
    let size = features.size();
    let slack = distance::slack(size);
    // Images of the block are the columns of the products: all distances of one lie together.
    let columns = inner::block(features, block);
    let mut nearest = vec![f64::INFINITY; most * (columns.len() / size)];
    let mut lows = vec![f64::INFINITY; most];
    let mut products = Products::new();
    for other in 0..inner::blocks(features) {
        let rows = inner::block(features, other);
        let squares_of_rows = &squares[inner::range(features, other)];
        let longest = squares_of_rows.iter().copied().fold(0.0, f64::max);
        products.of(&rows, &columns, size, |j, column| {
            let me = block * BLOCK + j;
            let found = &mut nearest[j * most..(j + 1) * most];
            // Nothing is nearer than that many copies.
            if found[most - 1] == 0.0 {
                return;
            }
            column.iter_mut().zip(squares_of_rows).for_each(|(c, square)| *c = distance::lower(square + squares[me], *c, slack));
            if other == block {
                column[j] = f64::INFINITY;
            }
            // As many of this block as are wanted lie within `limit` for certain: what cannot is not looked at. At
            // most a few of each block are, in whatever order images come.
            let reach = distance::upper(0.0, longest + squares[me], slack);
            lows.fill(f64::INFINITY);
            let mut limit = found[most - 1];
            for low in column.iter() {
                if *low < limit {
                    insert(&mut lows, *low);
                    limit = limit.min(lows[most - 1] + reach);
                }
            }
            if lows[0] == f64::INFINITY {
                return;
            }
            for (i, low) in column.iter().enumerate() {
                if *low <= limit && *low < found[most - 1] {
                    let exact = distance::between(features, other * BLOCK + i, features, me);
                    if exact < found[most - 1] {
                        insert(found, exact);
                    }
                }
            }
        });
    }
    nearest
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
mod tests {
    use vimae_core::{Purpose, Streams};

    use super::*;
    use crate::features::Source;

    fn points(values: &[f32], size: usize) -> Features {
        Features::new(Source::new("net", "ab"), "images", size, values.to_vec(), None).unwrap()
    }

    fn cloud(seed: u64, count: usize, size: usize, scale: f32) -> Features {
        points(&Streams::new(seed).normal(Purpose::Evaluation, 0, count * size).iter().map(|v| v * scale).collect::<Vec<_>>(), size)
    }

    #[test]
    fn by_hand_on_a_line() {
        // Real at 0, 1, 3, 7 with balls (k = 1) of 1, 1, 2, 4; generated at 1.5, 2, 20 with balls of 0.5, 0.5, 18.
        let found = prdc(&points(&[0.0, 1.0, 3.0, 7.0], 1), &points(&[1.5, 2.0, 20.0], 1), &[1]).unwrap()[0];
        // 1.5 is in the balls of 1 and 3, 2 in those of 1 and 3, 20 in none.
        assert_eq!((found.precision, found.density), (2.0 / 3.0, 4.0 / 3.0));
        // 1 is in the ball of 1.5; 3 and 7 in that of 20; 0 in none. The balls of 1 and 3 hold a generated one.
        assert_eq!((found.recall, found.coverage), (0.75, 0.5));
    }

    #[test]
    fn a_set_covers_itself_and_a_far_one_covers_nothing() {
        let a = cloud(1, 600, 6, 1.0);
        for found in prdc(&a, &a, &[1, 3, 5]).unwrap() {
            assert_eq!((found.precision, found.recall, found.coverage), (1.0, 1.0, 1.0));
            assert!(found.density > 0.9);
        }
        let far = points(&a.values().iter().map(|v| v + 1_000.0).collect::<Vec<_>>(), 6);
        let found = prdc(&a, &far, &[3]).unwrap()[0];
        assert_eq!((found.precision, found.recall, found.density, found.coverage), (0.0, 0.0, 0.0, 0.0));
    }

    #[test]
    fn few_modes_are_precise_and_recall_little() {
        let (real, narrow) = (cloud(1, 500, 4, 1.0), cloud(2, 500, 4, 0.2));
        let found = prdc(&real, &narrow, &[3]).unwrap()[0];
        assert!(found.precision > 0.95 && found.recall < 0.2 && found.coverage < 0.5, "{found:?}");
        let back = prdc(&narrow, &real, &[3]).unwrap()[0];
        assert_eq!((back.precision, back.recall), (found.recall, found.precision));
    }

    #[test]
    fn neighbours_beyond_the_set_are_refused() {
        let a = cloud(1, 4, 2, 1.0);
        assert!(prdc(&a, &a, &[3]).is_ok());
        assert!(matches!(prdc(&a, &a, &[4]), Err(Error::Unsupported { .. })));
        assert!(prdc(&a, &a, &[0]).is_err());
    }

    /// The four shares as they are defined, every distance by differences.
    fn plain(real: &Features, generated: &Features, k: usize) -> Prdc {
        let radii = |set: &Features| -> Vec<f64> {
            let of = |i: usize| {
                let mut all: Vec<f64> = (0..set.count()).filter(|j| *j != i).map(|j| distance::between(set, i, set, j)).collect();
                all.sort_by(f64::total_cmp);
                all[k - 1]
            };
            (0..set.count()).map(of).collect()
        };
        let (of_real, of_generated) = (radii(real), radii(generated));
        let (n, m) = (generated.count(), real.count());
        let apart = |i: usize, j: usize| distance::between(real, i, generated, j);
        let share = |count: usize, of: usize| count as f64 / of as f64;
        let inside: Vec<usize> = (0..n).map(|j| (0..m).filter(|&i| apart(i, j) <= of_real[i]).count()).collect();
        Prdc {
            k,
            precision: share(inside.iter().filter(|c| **c > 0).count(), n),
            recall: share((0..m).filter(|&i| (0..n).any(|j| apart(i, j) <= of_generated[j])).count(), m),
            density: inside.iter().sum::<usize>() as f64 / (k * n) as f64,
            coverage: share((0..m).filter(|&i| (0..n).any(|j| apart(i, j) <= of_real[i])).count(), m),
        }
    }

    /// Every image of `set` so many times, one whole set after another.
    fn copies(set: &Features, times: usize) -> Features {
        points(&set.values().repeat(times), set.size())
    }

    #[test]
    fn copies_have_the_shares_of_exact_arithmetic() {
        // Long features far from the origin, where products round most; more images than a block holds.
        let base = points(&cloud(3, 110, 96, 0.3).values().iter().map(|v| v + 40.0).collect::<Vec<_>>(), 96);
        let six = copies(&base, 6);
        for (k, density) in [(3, 2.0), (5, 1.2)] {
            // Six copies of each: balls of radius 0 that hold the six.
            let found = prdc(&six, &six, &[k]).unwrap()[0];
            assert_eq!((found.precision, found.recall, found.coverage, found.density), (1.0, 1.0, 1.0, density));
            // The same where one side has each image once: no image is in a generated ball's surface by chance.
            let once = prdc(&six, &base, &[k]).unwrap()[0];
            assert_eq!((once.precision, once.recall, once.coverage, once.density), (1.0, 1.0, 1.0, density));
        }
        for times in [2, 3, 4] {
            let set = copies(&base, times);
            for k in [1, 3, 5] {
                assert_eq!(prdc(&set, &set, &[k]).unwrap()[0], plain(&set, &set, k));
            }
        }
    }

    #[test]
    fn points_on_a_lattice_lie_on_the_surfaces_of_balls() {
        // Whole numbers: many distances are equal, and exact in either way.
        let lattice = |seed: u64, count: usize| {
            points(
                &Streams::new(seed)
                    .normal(Purpose::Evaluation, 0, count * 6)
                    .iter()
                    .map(|v| 3_000.0 + (2.0 * v).round())
                    .collect::<Vec<_>>(),
                6,
            )
        };
        let (real, generated) = (lattice(1, 700), lattice(2, 530));
        for k in [1, 3, 5] {
            assert_eq!(prdc(&real, &generated, &[k]).unwrap()[0], plain(&real, &generated, k));
        }
        let both = prdc(&real, &generated, &[5, 1]).unwrap();
        assert_eq!(both, [plain(&real, &generated, 5), plain(&real, &generated, 1)]);
    }

    #[test]
    fn images_in_the_order_of_their_distance_are_no_trouble() {
        let line: Vec<f32> = (0..1_100).map(|i| 1_100.0 - i as f32 + 0.25 * (i % 3) as f32).collect();
        let (real, generated) = (points(&line, 1), points(&line.iter().map(|v| v * 0.5 + 3.0).collect::<Vec<_>>(), 1));
        assert_eq!(prdc(&real, &generated, &[3]).unwrap()[0], plain(&real, &generated, 3));
        assert!(prdc(&real, &generated, &[]).unwrap().is_empty());
    }
}
