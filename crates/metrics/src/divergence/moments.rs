//! |mean q - mean p|^2 + |cov q - cov p|^2 (Frobenius), covariances with N - 1.

use vimae_statistics::jackknife;

use super::Pair;

/// The value with its standard error.
pub(super) fn estimate(sample: &Pair) -> (f64, Option<f64>) {
    let groups = jackknife::groups(sample.count());
    jackknife::estimate(sample.count(), |left_out| {
        let of = |rows: &[f64]| moments(rows, sample.size, |row| Some(groups[row]) != left_out);
        let (q, p) = (of(&sample.q), of(&sample.p));
        q.iter().zip(&p).map(|(a, b)| (a - b).powi(2)).sum()
    })
}

/// Means, then covariances, of the rows that are kept.
fn moments(rows: &[f64], size: usize, is_kept: impl Fn(usize) -> bool) -> Vec<f64> {
    let kept = || rows.chunks_exact(size).enumerate().filter(|(i, _)| is_kept(*i)).map(|(_, row)| row);
    let count = kept().count() as f64;
    let mut moments = vec![0.0; size + size * size];
    let (means, covariances) = moments.split_at_mut(size);
    for row in kept() {
        means.iter_mut().zip(row).for_each(|(m, v)| *m += v / count);
    }
    for row in kept() {
        for (line, (a, mean)) in covariances.chunks_exact_mut(size).zip(row.iter().zip(&*means)) {
            let scaled = (a - mean) / (count - 1.0);
            line.iter_mut().zip(row.iter().zip(&*means)).for_each(|(c, (b, mean))| *c += scaled * (b - mean));
        }
    }
    moments
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn means_and_covariances_by_hand() {
        assert_eq!(moments(&[0.0, 0.0, 2.0, 4.0], 2, |_| true), [1.0, 2.0, 2.0, 4.0, 4.0, 8.0]);
        let sample = Pair { q: vec![0.0, 2.0], p: vec![3.0, 3.0], size: 1 };
        // (1 - 3)^2 + (2 - 0)^2
        assert_eq!(estimate(&sample).0, 8.0);
    }
}
