//! Images of one shape while they are still being put in order.

use vimae_core::{ImageSet, ImageShape};

use crate::{Error, Result};

/// Bytes `[N, C, H, W]` with a label each: an [`ImageSet`] in the making.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Stack {
    pub(crate) shape: ImageShape,
    pub(crate) pixels: Vec<u8>,
    pub(crate) labels: Vec<u32>,
}

impl Stack {
    /// How many images there are.
    pub(crate) fn len(&self) -> usize {
        self.labels.len()
    }

    /// The images as a set.
    ///
    /// # Errors
    /// As [`ImageSet::new`].
    pub(crate) fn into_set(self) -> Result<ImageSet> {
        Ok(ImageSet::new(self.shape, self.pixels, self.labels)?)
    }

    /// The images at `indices`, in that order.
    ///
    /// # Errors
    /// [`Error::Damaged`] for an index beyond the last.
    pub(crate) fn select(&self, indices: &[usize]) -> Result<Self> {
        let size = self.shape.len();
        let mut pixels = Vec::with_capacity(indices.len() * size);
        let mut labels = Vec::with_capacity(indices.len());
        for &index in indices {
            let (Some(bytes), Some(&label)) = (self.pixels.get(index * size..(index + 1) * size), self.labels.get(index)) else {
                return Err(Error::damaged("images", format!("number {index} asked for, {} there", self.len())));
            };
            pixels.extend_from_slice(bytes);
            labels.push(label);
        }
        Ok(Self { shape: self.shape, pixels, labels })
    }

    /// The first `count` images, and the rest.
    pub(crate) fn cut(mut self, count: usize) -> (Self, Self) {
        let count = count.min(self.len());
        let pixels = self.pixels.split_off(count * self.shape.len());
        let rest = Self { shape: self.shape, pixels, labels: self.labels.split_off(count) };
        self.pixels.shrink_to_fit();
        (self, rest)
    }

    /// These images, then those of `second`.
    pub(crate) fn join(mut self, second: &Self) -> Self {
        self.pixels.reserve_exact(second.pixels.len());
        self.pixels.extend_from_slice(&second.pixels);
        self.labels.extend_from_slice(&second.labels);
        self
    }

    /// The images in the order of their labels, moved where they are: a copy would take as much memory again.
    pub(crate) fn sort_by_label(mut self) -> Self {
        let size = self.shape.len();
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.sort_by_key(|&i| self.labels.get(i));
        self.labels.sort_unstable();
        // Place `i` takes the image of place `order[i]`: each cycle of the permutation is walked once.
        for start in 0..order.len() {
            let mut at = start;
            while let Some(from) = order.get(at).copied().filter(|&from| from != at) {
                if let Some(slot) = order.get_mut(at) {
                    *slot = at;
                }
                if from == start {
                    break;
                }
                let (low, high) = (at.min(from), at.max(from));
                let (head, tail) = self.pixels.split_at_mut(high * size);
                if let (Some(a), Some(b)) = (head.get_mut(low * size..(low + 1) * size), tail.get_mut(..size)) {
                    a.swap_with_slice(b);
                }
                at = from;
            }
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stack(labels: &[u32]) -> Stack {
        let shape = ImageShape { channels: 1, height: 1, width: 2 };
        Stack { shape, pixels: labels.iter().flat_map(|&l| [l as u8, l as u8 + 1]).collect(), labels: labels.to_vec() }
    }

    #[test]
    fn sorting_moves_images_with_their_labels() {
        for labels in [vec![], vec![3], vec![2, 1], vec![5, 3, 9, 1, 7, 3, 0], (0..50).map(|i| i * 37 % 50).collect()] {
            let mut sorted = labels.clone();
            sorted.sort_unstable();
            assert_eq!(stack(&labels).sort_by_label(), stack(&sorted));
        }
    }

    #[test]
    fn what_is_cut_and_joined_is_what_was() {
        let (first, rest) = stack(&[4, 5, 6]).cut(2);
        assert_eq!((&first, &rest), (&stack(&[4, 5]), &stack(&[6])));
        assert_eq!(first.join(&rest), stack(&[4, 5, 6]));
        assert_eq!(stack(&[4, 5, 6]).select(&[2, 0, 2]).unwrap(), stack(&[6, 4, 6]));
        assert!(stack(&[4]).select(&[1]).is_err());
    }
}
