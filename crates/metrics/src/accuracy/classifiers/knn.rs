//! The class of a point by a vote of its nearest labelled points.

use ndarray::{Array2, ArrayView2, Axis};
use rayon::prelude::*;

use vimae_core::{Entry, NoSettings, Result, settings::Schema};
use vimae_spec::Protocol;

use super::{BuildClassifier, Classifier, Fitted};

/// The catalogue entry.
pub const ENTRY: Entry<BuildClassifier> = Entry {
    name: "knn",
    summary: "a vote of the nearest labelled codes",
    source: "Cover and Hart, Nearest neighbor pattern classification, 1967",
    settings: Schema::of::<NoSettings>,
    build: |_| vec![Box::new(Knn)],
};

/// Voters.
const VOTERS: usize = 10;

struct Knn;

impl Classifier for Knn {
    fn protocol(&self) -> Protocol {
        Protocol::new("knn").with("k", VOTERS)
    }

    fn fit(&self, known: ArrayView2<'_, f64>, labels: &[u32], _: Option<ArrayView2<'_, f64>>) -> Result<Box<dyn Fitted>> {
        Ok(Box::new(Neighbours::new(VOTERS, known, labels)))
    }
}

impl Fitted for Neighbours {
    fn classify(&self, codes: ArrayView2<'_, f64>) -> Result<Vec<u32>> {
        Ok(Self::classify(self, codes))
    }
}

/// Points whose distances are in memory at once.
const ROWS: usize = 64;

/// Labelled points that vote.
#[derive(Debug, Clone, PartialEq)]
pub struct Neighbours {
    /// Voters a point.
    pub k: usize,
    points: Array2<f64>,
    labels: Vec<u32>,
}

impl Neighbours {
    /// `points` `[n, d]` with as many labels; `k` of them vote, at least one.
    pub fn new(k: usize, points: ArrayView2<'_, f64>, labels: &[u32]) -> Self {
        Self { k: k.clamp(1, labels.len().max(1)), points: points.to_owned(), labels: labels.to_vec() }
    }

    /// The class of each row: that of most of its `k` nearest points by Euclidean distance; of classes with as many
    /// votes, the one with the nearest voter. Points at the same distance vote in their order.
    pub fn classify(&self, rows: ArrayView2<'_, f64>) -> Vec<u32> {
        let norms: Vec<f64> = self.points.outer_iter().map(|p| p.dot(&p)).collect();
        let blocks: Vec<ArrayView2<'_, f64>> = rows.axis_chunks_iter(Axis(0), ROWS).collect();
        let classify = |block: &ArrayView2<'_, f64>| -> Vec<u32> {
            let products = block.dot(&self.points.t());
            products.outer_iter().map(|row| self.vote(&row.iter().zip(&norms).map(|(p, n)| n - 2.0 * p).collect::<Vec<f64>>())).collect()
        };
        blocks.par_iter().flat_map_iter(classify).collect()
    }

    /// The winner where `distances` are squared distances less a constant.
    fn vote(&self, distances: &[f64]) -> u32 {
        let mut order: Vec<usize> = (0..distances.len()).collect();
        let by = |a: &usize, b: &usize| distances[*a].total_cmp(&distances[*b]).then(a.cmp(b));
        if self.k < order.len() {
            order.select_nth_unstable_by(self.k - 1, by);
            order.truncate(self.k);
        }
        order.sort_unstable_by(by);
        let mut votes: Vec<(u32, usize)> = Vec::new();
        for voter in order {
            match votes.iter_mut().find(|(label, _)| *label == self.labels[voter]) {
                Some((_, count)) => *count += 1,
                None => votes.push((self.labels[voter], 1)),
            }
        }
        // The first of equals is the one with the nearest voter.
        votes.into_iter().reduce(|best, next| if next.1 > best.1 { next } else { best }).map_or(0, |(label, _)| label)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::array;

    use super::*;

    #[test]
    fn most_votes_win_and_the_nearest_decides_between_equals() {
        let points = array![[0.0], [1.0], [1.1], [5.0], [5.1]];
        let voters = |k| Neighbours::new(k, points.view(), &[7, 8, 8, 9, 9]);
        assert_eq!(voters(1).classify(array![[0.2], [0.9], [4.0]].view()), [7, 8, 9]);
        assert_eq!(voters(3).classify(array![[0.2]].view()), [8]);
        assert_eq!(voters(2).classify(array![[0.2]].view()), [7]);
        assert_eq!(voters(100).classify(array![[0.2], [9.0]].view()), [8, 9]);
    }
}
