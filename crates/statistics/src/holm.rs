//! One correction over several tests.

/// Holm's step-down correction of a family of p values ("A Simple Sequentially Rejective Multiple Test Procedure", 1979);
/// those that do not exist are no members.
pub fn holm(values: &[Option<f64>]) -> Vec<Option<f64>> {
    let mut order: Vec<(usize, f64)> = values.iter().enumerate().filter_map(|(i, p)| Some((i, (*p)?))).collect();
    order.sort_by(|a, b| a.1.total_cmp(&b.1));
    let (count, mut corrected, mut least) = (order.len(), vec![None; values.len()], 0.0_f64);
    for (rank, (index, p)) in order.into_iter().enumerate() {
        least = least.max((p * (count - rank) as f64).min(1.0));
        if let Some(place) = corrected.get_mut(index) {
            *place = Some(least);
        }
    }
    corrected
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absent_values_are_no_members_and_none_is_above_one() {
        // Sorted 0.005 x 4, 0.01 x 3, 0.03 x 2, and 0.04 may not fall below the one before it.
        let corrected = holm(&[Some(0.01), Some(0.04), None, Some(0.03), Some(0.005)]);
        let expected = [Some(0.03), Some(0.06), None, Some(0.06), Some(0.02)];
        for (found, expected) in corrected.iter().zip(expected) {
            assert_eq!(found.is_some(), expected.is_some());
            assert!(found.zip(expected).is_none_or(|(a, b): (f64, f64)| (a - b).abs() < 1e-12), "{corrected:?}");
        }
        assert_eq!(holm(&[Some(0.7), Some(0.9)]), [Some(1.0), Some(1.0)]);
        assert!(holm(&[]).is_empty());
    }
}
