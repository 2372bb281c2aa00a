//! How a convolution of stride 2 falls into tiles, phases and positions.

use crate::conv::Geometry;
use crate::panels::whole_panels;

/// One direction: taps j = 2 i + phase reach big position 2 (o + i) + phase - before.
#[derive(Clone, Copy, Debug)]
pub(super) struct Axis {
    /// Taps of either phase, 2 or 3.
    pub(super) taps: [usize; 2],
    pub(super) before: usize,
    /// Pairs of small positions.
    pub(super) tiles: usize,
}

impl Axis {
    fn new(kernel: usize, before: usize, small: usize) -> Self {
        Self { taps: [kernel.div_ceil(2), kernel / 2], before, tiles: small.div_ceil(2) }
    }

    /// Positions in use: four where a phase has three taps.
    pub(super) fn positions(&self) -> usize {
        self.taps[0] + 1
    }

    /// Where datum 0 of a tile and phase sits on the big side.
    pub(super) fn first(&self, tile: usize, phase: usize) -> isize {
        (4 * tile + phase) as isize - self.before as isize
    }
}

/// A pair of positions with the phases that meet there.
#[derive(Clone, Debug)]
pub(super) struct Position {
    /// Phases (vertical, horizontal), in the order of their blocks of channels.
    pub(super) classes: Vec<(usize, usize)>,
    /// Numbers of a row of the big side's transform, with room for whole panels; the extra ones keep
    /// rows off the same cache sets.
    pub(super) stride: usize,
    /// The sum of the strides before.
    pub(super) start: usize,
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
    /// Numbers of a row of the small side's transform.
    pub(super) small_stride: usize,
    /// Numbers of all big-side rows of one tile.
    pub(super) big_numbers: usize,
    /// Sum over positions of classes.
    pub(super) blocks: usize,
}

const EXTRA: usize = 16;

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
        let (mut start, mut weights) = (0, 0);
        let positions: Vec<Position> = (0..y.positions() * x.positions())
            .map(|p| {
                let (i, j) = (p / x.positions(), p % x.positions());
                let classes: Vec<_> =
                    [(0, 0), (0, 1), (1, 0), (1, 1)].into_iter().filter(|(a, b)| i <= y.taps[*a] && j <= x.taps[*b]).collect();
                let stride = whole_panels(classes.len() * g.c) + EXTRA;
                let position = Position { start, stride, weights, classes };
                start += stride;
                weights += position.classes.len();
                position
            })
            .collect();
        Self { g: *g, y, x, positions, small_stride: whole_panels(g.o) + EXTRA, big_numbers: start, blocks: weights }
    }

    /// Tiles of one image.
    pub(super) fn tiles(&self) -> usize {
        self.y.tiles * self.x.tiles
    }

    /// Numbers of both transforms of one image.
    pub(super) fn numbers(&self) -> usize {
        self.tiles() * (self.big_numbers + self.positions.len() * self.small_stride)
    }

    /// Numbers of the transformed weights, without padding.
    pub(super) fn weight_numbers(&self) -> usize {
        self.blocks * self.g.c * whole_panels(self.g.o)
    }

    /// The block of class (a, b) at position (i, j), if the class has that position.
    pub(super) fn block(&self, (a, b): (usize, usize), (i, j): (usize, usize)) -> Option<(&Position, usize)> {
        let position = &self.positions[i * self.x.positions() + j];
        position.classes.iter().position(|class| *class == (a, b)).map(|block| (position, block))
    }

    /// Images that one task takes at a time: what both transforms leave in a second-level cache, more
    /// where the weights are larger than that; few enough to share among threads.
    pub(super) fn group(&self) -> usize {
        const CACHE: usize = 3 << 17;
        let numbers = CACHE.max(self.weight_numbers());
        (numbers / self.numbers().max(1)).clamp(1, self.g.n.div_ceil(8).max(1)).max(self.least_group()).min(self.g.n.max(1))
    }

    /// Images whose tiles are rows enough for a product to be worth reading weights that no cache holds.
    pub(super) fn least_group(&self) -> usize {
        const ROWS: usize = 28;
        if self.weight_numbers() < 1 << 20 { 1 } else { ROWS.div_ceil(self.tiles().max(1)) }
    }
}
