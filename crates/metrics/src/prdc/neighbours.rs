//! The nearest others of every row of a set.

use std::sync::{Mutex, PoisonError};

use rayon::prelude::*;

use crate::{
    bounds::{lower, within},
    distance,
    features::Features,
    inner::{self, BLOCK, Element, Products},
};

/// How many rows may be candidates for one row's nearest others before their distances are computed.
const CANDIDATES: usize = 64;

/// The squared distances of all rows to their `most` nearest others, in rising order: `[N, most]`. Each pair of blocks is multiplied
/// once, for both of them. `lengths` and `slacks` as of [`crate::bounds::Bounds`].
pub(super) fn nearest<T: Element>(features: &Features, lengths: &[T], slacks: &[f64], most: usize) -> Vec<f64> {
    let (size, blocks) = (features.size(), inner::blocks(features));
    let none = |block| {
        let empty =
            Row { nearest: vec![f64::INFINITY; most], highs: vec![f64::INFINITY; most], limit: T::INFINITY, candidates: Vec::new() };
        Mutex::new(Block { features, lengths, slacks, first: block * BLOCK, rows: vec![empty; inner::range(features, block).len()] })
    };
    let found: Vec<Mutex<Block<'_, T>>> = (0..blocks).map(none).collect();
    let pairs: Vec<(usize, usize)> = (0..blocks).flat_map(|one| (one..blocks).map(move |other| (one, other))).collect();
    // Which pair comes first changes nothing: the smallest of the same distances are kept.
    pairs.into_par_iter().for_each_init(Products::<T>::new, |products, (one, other)| {
        let (rows, columns) = (inner::block::<T>(features, one), inner::block::<T>(features, other));
        // Other threads see to the same block while products are computed.
        products.multiply(&rows, &columns, size);
        if one != other {
            let mut here = found[one].lock().unwrap_or_else(PoisonError::into_inner);
            products.across(|i, row| here.see(i, other * BLOCK, row));
        }
        let mut here = found[other].lock().unwrap_or_else(PoisonError::into_inner);
        products.each(|j, column| here.see(j, one * BLOCK, column));
    });
    let blocks = found.into_par_iter().map(|block| block.into_inner().unwrap_or_else(PoisonError::into_inner).distances());
    blocks.collect::<Vec<_>>().concat()
}

/// What is known of the nearest others of the rows of a block.
struct Block<'a, T> {
    features: &'a Features,
    lengths: &'a [T],
    slacks: &'a [f64],
    first: usize,
    rows: Vec<Row<T>>,
}

#[derive(Clone)]
struct Row<T> {
    /// Of the rows that are no candidates any more: squared distances, in rising order.
    nearest: Vec<f64>,
    /// Upper bounds of the distances to the nearest of all.
    highs: Vec<f64>,
    /// The largest of them: what is beyond is not among the nearest.
    limit: T,
    candidates: Vec<(usize, T)>,
}

impl<T: Element> Block<'_, T> {
    /// Takes the rows from `other` on into account, by their products with row `j` of this block.
    fn see(&mut self, j: usize, other: usize, products: &mut [T]) {
        let (me, row) = (self.first + j, &mut self.rows[j]);
        // Nothing is nearer than that many copies.
        if row.nearest.last() == Some(&0.0) {
            return;
        }
        let least = lower(products, self.lengths[me], &self.lengths[other..other + products.len()]);
        if least > row.limit {
            return;
        }
        within(products, row.limit, |i, low| {
            let i = other + i;
            if i != me && low <= row.limit {
                row.candidates.push((i, low));
                insert(&mut row.highs, low.into() + self.slacks[me] + self.slacks[i]);
                row.limit = row.highs.last().map_or(T::INFINITY, |high| T::above(*high));
                if row.candidates.len() == CANDIDATES.max(4 * row.highs.len()) {
                    row.settle(self.features, me);
                }
            }
        });
    }

    fn distances(mut self) -> Vec<f64> {
        self.rows.iter_mut().enumerate().for_each(|(j, row)| row.settle(self.features, self.first + j));
        self.rows.into_iter().flat_map(|row| row.nearest).collect()
    }
}

impl<T: Element> Row<T> {
    /// Computes the distances of the candidates.
    fn settle(&mut self, features: &Features, me: usize) {
        for (i, low) in self.candidates.drain(..) {
            if low <= self.limit {
                insert(&mut self.nearest, distance::between(features, i, features, me));
            }
        }
        self.highs.clone_from(&self.nearest);
        self.limit = self.highs.last().map_or(T::INFINITY, |high| T::above(*high));
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
