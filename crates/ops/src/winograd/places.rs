//! Where the transforms keep the points of tiles.

use super::plan::{POINTS, Plan};
use crate::panels::PANEL;

/// Channels that are taken at a time, as many as divide all of them: none crosses a panel's edge.
pub(super) fn lanes(channels: usize) -> usize {
    match channels {
        _ if channels.is_multiple_of(16) => 16,
        _ if channels.is_multiple_of(8) => 8,
        _ => 1,
    }
}

/// An index of each point.
pub(super) type Indices = [[usize; POINTS]; POINTS];

/// Where the elements of the points are, on the big side for one class or on the small side.
pub(super) struct Places {
    /// For every vector of channels, those of the first image's first tile.
    first: Vec<Indices>,
    /// From image to image.
    image: Indices,
    /// Behind the last element of all images, tiles and channels.
    pub(super) end: usize,
}

impl Places {
    pub(super) fn new(plan: &Plan, class: Option<(usize, usize)>, count: usize) -> Self {
        let channels = if class.is_some() { plan.g.c } else { plan.g.o };
        let lanes = lanes(channels);
        let (mut first, mut image, mut end) = (vec![Indices::default(); channels / lanes], Indices::default(), 0);
        for i in 0..plan.y.positions() {
            for j in 0..plan.x.positions() {
                let position = &plan.positions[i * plan.x.positions() + j];
                let (start, block) = match class {
                    None => (position.small, Some(0)),
                    Some(class) => (position.big, plan.block(class, (i, j)).map(|(_, block)| block)),
                };
                let Some(block) = block else { continue };
                image[i][j] = position.panel(1);
                for (k, first) in first.iter_mut().enumerate() {
                    let column = block * plan.g.c + k * lanes;
                    first[i][j] = start * count + column / PANEL * position.panel(count) + column % PANEL;
                    end = end.max(first[i][j] + (position.rows * count).saturating_sub(1) * PANEL + lanes);
                }
            }
        }
        Self { first, image, end }
    }

    /// Where a vector of channels of each point goes, for an image's first tile.
    #[inline(always)]
    pub(super) fn at(&self, image: usize, vector: usize) -> Indices {
        let mut out = self.first[vector];
        for (line, steps) in out.iter_mut().zip(&self.image) {
            for (at, step) in line.iter_mut().zip(steps) {
                *at += image * step;
            }
        }
        out
    }
}
