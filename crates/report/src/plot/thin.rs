//! Fewer points, with the share of each class as it was.

/// The places of at most `most` points, in their order: evenly spaced within each class, since labels may follow one another in
/// turn, and every second point would then be of every second class.
pub(super) fn thinned(classes: &[usize], most: usize) -> Vec<usize> {
    let step = classes.len().div_ceil(most).max(1);
    let mut places: Vec<usize> = (0..classes.len()).collect();
    places.sort_by_key(|place| classes[*place]);
    let mut kept: Vec<usize> = places.into_iter().step_by(step).collect();
    kept.sort_unstable();
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_class_keeps_its_share() {
        let in_turn: Vec<usize> = (0..2_000).map(|i| i % 10).collect();
        let kept = thinned(&in_turn, 1_000);
        for class in 0..10 {
            assert_eq!(kept.iter().filter(|place| in_turn[**place] == class).count(), 100, "{class}");
        }
        assert!(kept.is_sorted());
        let uneven: Vec<usize> = (0..3_000).map(|i| usize::from(i != 7)).collect();
        assert_eq!(thinned(&uneven, 1_000).len(), 1_000);
        assert_eq!(thinned(&uneven, 3_000), (0..3_000).collect::<Vec<_>>());
        assert!(thinned(&[], 5).is_empty());
    }
}
