//! The two kinds of product that give images, and their extents.

use super::plan::{Plan, Position};
use crate::geometry::{Direction, Geometry};
use crate::panels::{HALF, PANEL};

/// Which side a product gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Towards {
    /// M = V U: columns are o, the depth is [class, c].
    Small,
    /// V = Y U^T: columns are [class, c], the depth is o.
    Big,
}

impl Towards {
    /// What belongs to the big and to the small side, as what a product is made of and what it gives.
    pub(super) fn order<X>(self, big: X, small: X) -> (X, X) {
        match self {
            Self::Small => (big, small),
            Self::Big => (small, big),
        }
    }

    pub(super) fn depth(self, plan: &Plan, position: &Position) -> usize {
        match self {
            Self::Small => position.classes.len() * plan.g.c,
            Self::Big => plan.g.o,
        }
    }

    /// Columns that count, in whole halves of a panel.
    pub(super) fn columns(self, plan: &Plan, position: &Position) -> usize {
        match self {
            Self::Small => plan.small_columns(),
            Self::Big => (position.classes.len() * plan.g.c).next_multiple_of(HALF),
        }
    }

    pub(super) fn panels(self, plan: &Plan, position: &Position) -> usize {
        self.columns(plan, position).div_ceil(PANEL)
    }

    pub(super) fn elements(self, plan: &Plan, position: &Position) -> usize {
        self.panels(plan, position) * self.depth(plan, position) * PANEL
    }

    /// Elements of an image on the side that the product gives.
    pub(super) fn per_image(self, g: &Geometry) -> usize {
        let (h, w, c) = match self {
            Self::Small => g.result(Direction::Convolve),
            Self::Big => g.input(Direction::Convolve),
        };
        h * w * c
    }
}
