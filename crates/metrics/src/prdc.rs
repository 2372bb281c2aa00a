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
//! A image on a ball's surface is inside, so that a set has precision, recall and coverage 1 with itself.

use rayon::prelude::*;
use vimae_core::{Error, Result};

use crate::{
    features::Features,
    inner::{self, BLOCK, Products},
};

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
    let most = neighbours.iter().copied().max().unwrap_or(0);
    if neighbours.contains(&0) {
        return Err(Error::Unsupported { what: "precision and recall at k = 0".into(), reason: "k must be 1 or more".into() });
    }
    real.check_count("precision and recall", most + 1)?;
    generated.check_count("precision and recall", most + 1)?;
    let (real_squares, generated_squares) = (inner::squares(real), inner::squares(generated));
    let real_radii = radii(real, &real_squares, neighbours, most);
    let generated_radii = radii(generated, &generated_squares, neighbours, most);

    // For each k: generated images inside a real ball and how many such balls, real images inside a generated
    // ball, real balls that hold a generated image.
    let size = real.size();
    let parts: Vec<Vec<Counts>> = (0..inner::blocks(real))
        .into_par_iter()
        .map(|block| {
            let rows = inner::block(real, block);
            let first = block * BLOCK;
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
                    for (i, product) in column.iter().enumerate() {
                        let distance = squared(real_squares[first + i], generated_squares[j], *product);
                        for (k, counts) in counts.iter_mut().enumerate() {
                            if distance <= real_radii[k][first + i] {
                                counts.inside[j] += 1;
                                counts.covered[i] = true;
                            }
                            counts.recalled[i] |= distance <= generated_radii[k][j];
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

/// |a - b|^2; rounding may not make it negative.
fn squared(a: f64, b: f64, product: f64) -> f64 {
    (a + b - 2.0 * product).max(0.0)
}

/// For each k the squared distance of every image to its k-th nearest other.
fn radii(features: &Features, squares: &[f64], neighbours: &[usize], most: usize) -> Vec<Vec<f64>> {
    let size = features.size();
    let nearest: Vec<Vec<Vec<f64>>> = (0..inner::blocks(features))
        .into_par_iter()
        .map(|block| {
            // Images of the block are the columns of the products: all distances of one lie together.
            let columns = inner::block(features, block);
            let mut nearest = vec![vec![f64::INFINITY; most]; columns.len() / size];
            let mut products = Products::new();
            for other in 0..inner::blocks(features) {
                let rows = inner::block(features, other);
                products.of(&rows, &columns, size, |j, column| {
                    let me = block * BLOCK + j;
                    for (i, product) in column.iter().enumerate() {
                        let distance = squared(squares[other * BLOCK + i], squares[me], *product);
                        if other * BLOCK + i != me && distance < nearest[j][most - 1] {
                            insert(&mut nearest[j], distance);
                        }
                    }
                });
            }
            nearest
        })
        .collect();
    let nearest: Vec<Vec<f64>> = nearest.into_iter().flatten().collect();
    neighbours.iter().map(|k| nearest.iter().map(|n| n[k - 1]).collect()).collect()
}

/// Puts a distance among the smallest, in order; the largest of them goes.
fn insert(nearest: &mut [f64], distance: f64) {
    let at = nearest.partition_point(|d| *d <= distance);
    if let Some(rest) = nearest.get_mut(at..) {
        rest.rotate_right(1);
        if let Some(first) = rest.first_mut() {
            *first = distance;
        }
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
}
