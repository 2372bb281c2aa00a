//! How a convolution of stride 2 falls into tiles, phases and positions.

use crate::geometry::Geometry;
use crate::panels::{HALF, PANEL, whole_panels};

/// The most small positions of a tile, and the most points that one needs (three taps).
pub(super) const LARGEST: usize = 4;
pub(super) const POINTS: usize = LARGEST + 2;

/// One direction: taps j = 2 i + phase reach big position 2 (o + i) + phase - before.
#[derive(Clone, Debug)]
pub(super) struct Axis {
    /// Taps of either phase, 2 or 3.
    pub(super) taps: [usize; 2],
    pub(super) before: usize,
    /// First small position and length of every tile, the longest first.
    pub(super) tiles: Vec<(usize, usize)>,
}

impl Axis {
    /// As few tiles as there can be. Where both phases have as many taps, tiles may differ by one: the points of a
    /// shorter tile are the first of those of a longer one, so that all share their weights. Otherwise they are all
    /// of one length and the last may reach beyond the end.
    fn new(kernel: usize, before: usize, small: usize) -> Self {
        let count = small.div_ceil(LARGEST).max(1);
        let even = kernel.is_multiple_of(2) && small > 1;
        let tiles = (0..count)
            .scan(0, |start, i| {
                let length = if even { (small + count - 1 - i) / count } else { small.div_ceil(count).max(2) };
                let tile = (*start, length);
                *start += length;
                Some(tile)
            })
            .collect();
        Self { taps: [kernel.div_ceil(2), kernel / 2], before, tiles }
    }

    /// Points that a tile of `length` has for the taps of `phase`.
    pub(super) fn points(&self, length: usize, phase: usize) -> usize {
        length + self.taps[phase] - 1
    }

    /// Points of the longest tile.
    pub(super) fn positions(&self) -> usize {
        self.tiles.first().map_or(0, |(_, length)| self.points(*length, 0))
    }

    /// How many tiles have point `i`: the first ones.
    fn tiles_at(&self, i: usize) -> usize {
        self.tiles.iter().take_while(|(_, length)| i < self.points(*length, 0)).count()
    }

    /// Whether point `i` is one of `phase`'s.
    fn has(&self, phase: usize, i: usize) -> bool {
        self.tiles.first().is_some_and(|(_, length)| i < self.points(*length, phase))
    }

    /// Where datum 0 of a tile and phase sits on the big side.
    pub(super) fn first(&self, start: usize, phase: usize) -> isize {
        (2 * start + phase) as isize - self.before as isize
    }
}

/// A pair of points with the phases that meet there. Both transforms are kept as panels: 32 columns of all rows
/// (image, tile), then the next 32.
#[derive(Clone, Debug)]
pub(super) struct Position {
    /// Phases (vertical, horizontal), in the order of their blocks of channels.
    pub(super) classes: Vec<(usize, usize)>,
    /// Tiles of an image that have it, and how many stand beside one another.
    pub(super) rows: usize,
    pub(super) across: usize,
    /// Where the transforms of the big and of the small side start, for one image.
    pub(super) big: usize,
    pub(super) small: usize,
    /// Where this position's weights start, in units of [class, c].
    pub(super) weights: usize,
}

#[derive(Clone, Debug)]
pub(super) struct Plan {
    pub(super) g: Geometry,
    pub(super) y: Axis,
    pub(super) x: Axis,
    /// Row by row, `y.positions() * x.positions()` of them.
    pub(super) positions: Vec<Position>,
    /// Elements of the transform of one image, either side.
    pub(super) big_elements: usize,
    pub(super) small_elements: usize,
    /// Sum over positions of classes.
    pub(super) blocks: usize,
}

impl Plan {
    /// Where this arithmetic pays: stride 2, kernels of 4 to 6, channels enough for the products to
    /// outweigh the transforms.
    pub(crate) fn fits(g: &Geometry) -> bool {
        let kernel = 4..=6;
        (g.sh, g.sw) == (2, 2)
            && kernel.contains(&g.kh)
            && kernel.contains(&g.kw)
            && g.c >= 8
            && g.o >= 8
            && g.n > 0
            && 2 * g.oh <= g.h + 1
            && 2 * g.ow <= g.w + 1
    }

    pub(super) fn new(g: &Geometry) -> Self {
        let y = Axis::new(g.kh, g.top, g.oh);
        let x = Axis::new(g.kw, g.left, g.ow);
        let (mut big, mut small, mut weights) = (0, 0, 0);
        let positions: Vec<Position> = (0..y.positions() * x.positions())
            .map(|p| {
                let (i, j) = (p / x.positions(), p % x.positions());
                let classes: Vec<_> = [(0, 0), (0, 1), (1, 0), (1, 1)].into_iter().filter(|(a, b)| y.has(*a, i) && x.has(*b, j)).collect();
                let across = x.tiles_at(j);
                let position = Position { rows: y.tiles_at(i) * across, across, big, small, weights, classes };
                big += position.rows * whole_panels(position.classes.len() * g.c);
                small += position.rows * whole_panels(g.o);
                weights += position.classes.len();
                position
            })
            .collect();
        Self { g: *g, y, x, positions, big_elements: big, small_elements: small, blocks: weights }
    }

    /// Elements of both transforms of one image.
    pub(super) fn elements(&self) -> usize {
        self.big_elements + self.small_elements
    }

    /// Elements of the transformed weights, with o in whole panels.
    pub(super) fn weight_elements(&self) -> usize {
        self.blocks * self.g.c * whole_panels(self.g.o)
    }

    /// Columns of the small side that products compute.
    pub(super) fn small_columns(&self) -> usize {
        self.g.o.next_multiple_of(HALF)
    }

    /// The block of class (a, b) at point (i, j), if the class has that point.
    pub(super) fn block(&self, (a, b): (usize, usize), (i, j): (usize, usize)) -> Option<(&Position, usize)> {
        let position = &self.positions[i * self.x.positions() + j];
        position.classes.iter().position(|class| *class == (a, b)).map(|block| (position, block))
    }

    /// Images that one task takes at a time: what both transforms leave in a second-level cache.
    pub(super) fn group(&self) -> usize {
        const CACHE: usize = 3 << 17;
        (CACHE / self.elements().max(1)).clamp(1, self.g.n.div_ceil(8).max(1))
    }

    /// Whether the transformed weights are too many to be kept: each position's are then made where they are read.
    pub(super) fn wide(&self) -> bool {
        const KEPT: usize = 1 << 20;
        self.g.c.is_multiple_of(PANEL) && self.weight_elements() > KEPT
    }

    /// Whether the weight gradient's sums are too many for each share of a batch to have its own. Many images at a time
    /// need each class's channels in whole panels.
    pub(super) fn many_sums(&self) -> bool {
        const KEPT: usize = 1 << 19;
        self.g.c.is_multiple_of(PANEL) && self.weight_elements() > KEPT
    }

    /// Images whose transforms are kept at a time: as many as a pass over the weights is worth, within bounds.
    pub(super) fn chunk(&self) -> usize {
        const LEAST: usize = 6 << 20;
        const MOST: usize = 24 << 20;
        ((8 * self.weight_elements()).clamp(LEAST, MOST) / self.elements().max(1)).clamp(1, self.g.n.max(1))
    }
}

impl Position {
    /// Elements of one panel of `count` images.
    pub(super) fn panel(&self, count: usize) -> usize {
        self.rows * count * PANEL
    }
}
