//! The number of blocks and threads of a launch. They depend on shapes alone, so that sums are added in the same order
//! every time.

/// Threads of a block. The reductions need a power of two.
pub(crate) const THREADS: u32 = 256;
/// The largest second and third extent of a grid that CUDA takes.
const MOST_BLOCKS_Y: usize = 65_535;
/// Blocks that fill a large GPU several times over. More blocks only cost their start.
const ENOUGH_BLOCKS: usize = 4_096;

/// The extent of a launch: blocks and threads of a block.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Extent {
    pub(crate) grid: (u32, u32),
    pub(crate) block: (u32, u32),
}

/// A launch over `outer` rows of `row` elements. A thread keeps its place in the row, and with it its
/// channel, and goes through rows; narrow rows share a block.
pub(crate) fn rows(outer: usize, row: usize) -> Option<Extent> {
    let row = u32::try_from(row).ok().filter(|row| *row <= u32::MAX - THREADS)?;
    // The loop over rows steps past the last by up to all rows of a grid.
    if outer > u32::MAX as usize - MOST_BLOCKS_Y * THREADS as usize {
        return None;
    }
    let width = row.clamp(1, THREADS).next_power_of_two();
    let height = THREADS / width;
    let across = row.div_ceil(width).max(1);
    let wanted = outer.div_ceil(height as usize).max(1);
    let down = wanted.min((ENOUGH_BLOCKS / across as usize).max(1)).min(MOST_BLOCKS_Y);
    Some(Extent { grid: (across, u32::try_from(down).ok()?), block: (width, height) })
}

/// A launch of one thread for each of `c` channels.
pub(crate) fn channels(c: usize) -> Option<Extent> {
    let blocks = u32::try_from(c.div_ceil(THREADS as usize)).ok()?;
    Some(Extent { grid: (blocks.max(1), 1), block: (THREADS, 1) })
}

/// A launch over `count` elements, whose threads stride over what is left.
pub(crate) fn flat(count: usize) -> Extent {
    let blocks = count.div_ceil(THREADS as usize).clamp(1, ENOUGH_BLOCKS);
    Extent { grid: (blocks as u32, 1), block: (THREADS, 1) }
}

/// A sum over the `count` elements of each of `c` channels, cut into `splits` pieces of `per_split`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Reduction {
    pub(crate) c: u32,
    pub(crate) count: u32,
    pub(crate) splits: u32,
    pub(crate) per_split: u32,
}

impl Reduction {
    /// `None` for more elements than 32 bits count.
    pub(crate) fn of(c: usize, count: usize) -> Option<Self> {
        /// Pieces that one thread adds up in the end.
        const MOST_SPLITS: usize = 32;
        /// Elements that a thread should have to itself.
        const LEAST_EACH: usize = 8;
        let fill = (ENOUGH_BLOCKS / 4).div_ceil(c.max(1));
        let worth = count.div_ceil(THREADS as usize * LEAST_EACH).max(1);
        let splits = fill.min(worth).clamp(1, MOST_SPLITS);
        let per_split = count.div_ceil(splits).max(1);
        // A piece's loop steps past its end by up to a block.
        let count = u32::try_from(count).ok().filter(|count| *count <= u32::MAX - 2 * THREADS)?;
        let splits = (count as usize).div_ceil(per_split).max(1);
        Some(Self { c: u32::try_from(c).ok()?, count, splits: u32::try_from(splits).ok()?, per_split: u32::try_from(per_split).ok()? })
    }

    pub(crate) fn extent(&self) -> Extent {
        Extent { grid: (self.c, self.splits), block: (THREADS, 1) }
    }
}

/// Elements of a parameter that one block of the optimiser takes.
pub(crate) const ADAM_PIECE: usize = 4 * THREADS as usize;
/// Parameters in one launch of the optimiser: their table has to fit into 4 KiB of arguments.
pub(crate) const ADAM_PARAMETERS: usize = 64;

/// The first block of each parameter and, at the end, the number of blocks; `None` for more than a
/// grid takes.
pub(crate) fn adam_blocks(sizes: &[usize]) -> Option<Vec<u32>> {
    let mut blocks = vec![0_u32];
    let mut total = 0_usize;
    for size in sizes {
        total = total.checked_add(size.div_ceil(ADAM_PIECE))?;
        blocks.push(u32::try_from(total).ok().filter(|n| *n <= i32::MAX as u32)?);
    }
    Some(blocks)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_covered_once() {
        for (outer, row) in [(1, 1), (100, 784), (3, 5), (70_000, 16), (100, 128 * 64 * 64), (0, 7), (1000, 300)] {
            let Extent { grid, block } = rows(outer, row).expect("fits");
            assert_eq!(block.0 * block.1, THREADS);
            assert!(grid.1 as usize <= MOST_BLOCKS_Y);
            // What the kernels do: x = place in the row, y strides over the rows.
            let places = grid.0 * block.0;
            assert!(places as usize >= row && ((places - block.0) as usize) < row.max(1));
            let step = grid.1 * block.1;
            let mut seen = vec![0_u8; outer];
            for first in 0..step {
                for n in (first as usize..outer).step_by(step as usize) {
                    seen[n] += 1;
                }
            }
            assert!(seen.iter().all(|times| *times == 1));
        }
        assert_eq!(rows(1, 1 << 33), None);
        assert_eq!(rows(u32::MAX as usize, 1), None);
    }

    #[test]
    fn reductions_cover_every_element() {
        for (c, count) in [(128, 409_600), (1, 78_400), (1024, 1_600), (16, 1), (3, 0), (7, 12_345)] {
            let r = Reduction::of(c, count).expect("fits");
            assert!(r.splits as usize * r.per_split as usize >= count, "{r:?}");
            assert!(count == 0 || (((r.splits - 1) * r.per_split) as usize) < count, "no piece is empty: {r:?}");
            assert!((1..=32).contains(&r.splits));
        }
        assert_eq!(Reduction::of(1, usize::MAX), None);
        assert_eq!(Reduction::of(1, u32::MAX as usize), None);
    }

    #[test]
    fn blocks_of_parameters_follow_each_other() {
        assert_eq!(adam_blocks(&[1, ADAM_PIECE, ADAM_PIECE + 1, 0, 5]), Some(vec![0, 1, 2, 4, 4, 5]));
        assert_eq!(adam_blocks(&[]), Some(vec![0]));
        assert_eq!(adam_blocks(&[usize::MAX, usize::MAX]), None);
    }

    #[test]
    fn flat_never_launches_nothing() {
        assert_eq!(flat(0).grid, (1, 1));
        assert_eq!(flat(257).grid, (2, 1));
        assert_eq!(flat(usize::MAX).grid.0 as usize, ENOUGH_BLOCKS);
        // A channel has one thread, however many there are.
        assert_eq!(channels(3_000_000).map(|e| e.grid.0), Some(3_000_000_u32.div_ceil(THREADS)));
        assert_eq!(channels(0).map(|e| e.grid.0), Some(1));
    }
}
