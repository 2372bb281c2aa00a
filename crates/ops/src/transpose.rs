//! Channels first to channels last and back.

use crate::real::{Real, unfilled};
use rayon::prelude::*;

/// [n, rows, columns] to [n, columns, rows], one image a task.
pub(crate) fn transpose_images<T: Real>(x: &[T], rows: usize, columns: usize) -> Vec<T> {
    if rows == 1 || columns == 1 {
        return x.to_vec();
    }
    let mut out = unfilled(x.len());
    let size = rows * columns;
    if size > 0 {
        out.par_chunks_mut(size).zip(x.par_chunks(size)).for_each(|(out, x)| transpose(x, out, rows, columns));
    }
    out
}

/// [rows, columns] to [columns, rows], in tiles whose two sides stay in the first cache.
pub(crate) fn transpose<T: Real>(x: &[T], out: &mut [T], rows: usize, columns: usize) {
    const TILE: usize = 16;
    for r0 in (0..rows).step_by(TILE) {
        let r1 = (r0 + TILE).min(rows);
        for c0 in (0..columns).step_by(TILE) {
            let c1 = (c0 + TILE).min(columns);
            for c in c0..c1 {
                let line = &mut out[c * rows + r0..c * rows + r1];
                for (o, r) in line.iter_mut().zip(r0..r1) {
                    *o = x[r * columns + c];
                }
            }
        }
    }
}
