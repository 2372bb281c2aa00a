//! The arithmetic of the moments kernel, in Rust: a thread's running mean (Welford 1962), pieces merged
//! by Chan, Golub and LeVeque's formula.

#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Piece {
    pub(super) count: f64,
    pub(super) mean: f64,
    pub(super) squares: f64,
}

/// Mean and squares about it of one thread's elements.
pub(super) fn piece_moments(values: impl Iterator<Item = f64>) -> Piece {
    values.fold(Piece::default(), |p, v| {
        let count = p.count + 1.;
        let delta = v - p.mean;
        let mean = p.mean + delta / count;
        Piece { count, mean, squares: p.squares + delta * (v - mean) }
    })
}

/// Pieces in order; empty ones change nothing.
pub(super) fn merge(pieces: impl Iterator<Item = Piece>) -> Piece {
    pieces.fold(Piece::default(), |a, b| {
        let count = a.count + b.count;
        if b.count == 0. {
            return a;
        }
        let delta = b.mean - a.mean;
        Piece { count, mean: a.mean + delta * b.count / count, squares: a.squares + b.squares + delta * delta * a.count * b.count / count }
    })
}

#[test]
fn pieces_merge_to_the_whole() {
    let values: Vec<f64> = (0..1000).map(|i| 1e6 + f64::from(i * 37 % 101)).collect();
    let whole = piece_moments(values.iter().copied());
    let merged = merge(values.chunks(77).map(|v| piece_moments(v.iter().copied())).chain([Piece::default()]));
    let mean = values.iter().sum::<f64>() / 1000.;
    let squares = values.iter().map(|v| (v - mean) * (v - mean)).sum::<f64>();
    for p in [whole, merged] {
        assert!(p.count == 1000. && (p.mean - mean).abs() < 1e-6 && (p.squares / squares - 1.).abs() < 1e-9, "{p:?}");
    }
}
