//! What a matrix of tasks says of forgetting.
//!
//! Row k, counted from 1, has the values on tasks 1 to k behind task k: R(k, j). T is the number of tasks.
//!
//! - average: mean over j of R(T, j)
//! - forgetting: mean over j < T of how far R(T, j) is behind the best of R(j, j), .., R(T - 1, j) (Chaudhry et al.,
//!   "Riemannian Walk for Incremental Learning", 2018); higher is more forgotten, below 0 where a task got better
//! - backward transfer: mean over j < T of how much better R(T, j) is than R(j, j) (Lopez-Paz and Ranzato, "Gradient
//!   Episodic Memory for Continual Learning", 2017)

/// The mean of the last row; none for no tasks.
pub fn average(matrix: &[Vec<f64>]) -> Option<f64> {
    mean(matrix.last()?.iter().copied())
}

/// How far the last row is behind the best before it; `higher` where more is better. None for one task.
pub fn forgetting(matrix: &[Vec<f64>], higher: bool) -> Option<f64> {
    let (last, before) = matrix.split_last()?;
    let behind = |(task, end): (usize, &f64)| {
        let earlier = || before.iter().filter_map(|row| row.get(task).copied());
        // The greatest of several passes over what is no number.
        if earlier().any(f64::is_nan) {
            return f64::NAN;
        }
        let best = if higher { earlier().fold(f64::NEG_INFINITY, f64::max) } else { earlier().fold(f64::INFINITY, f64::min) };
        if higher { best - end } else { end - best }
    };
    mean(last.iter().take(before.len()).enumerate().map(behind))
}

/// How much better the last row is than the diagonal; `higher` where more is better. None for one task.
pub fn backward(matrix: &[Vec<f64>], higher: bool) -> Option<f64> {
    let (last, before) = matrix.split_last()?;
    let sign = if higher { 1.0 } else { -1.0 };
    mean(before.iter().zip(last).filter_map(|(row, end)| Some(sign * (end - row.last()?))))
}

/// The mean; none for no values, or where one is not finite.
fn mean(values: impl Iterator<Item = f64>) -> Option<f64> {
    let values: Vec<f64> = values.collect();
    (!values.is_empty() && values.iter().all(|v| v.is_finite())).then(|| values.iter().sum::<f64>() / values.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_tasks_by_hand() {
        let matrix = [vec![9.0], vec![10.0, 8.0], vec![4.0, 7.0, 6.0]];
        assert_eq!(average(&matrix), Some(17.0 / 3.0));
        assert_eq!(forgetting(&matrix, true), Some((6.0 + 1.0) / 2.0));
        assert_eq!(backward(&matrix, true), Some((-5.0 - 1.0) / 2.0));
        assert_eq!(forgetting(&matrix, false), Some((-5.0 - 1.0) / 2.0));
        assert_eq!(backward(&matrix, false), Some(3.0));
    }

    #[test]
    fn one_task_cannot_be_forgotten_and_a_missing_value_leaves_no_number() {
        assert_eq!((average(&[]), forgetting(&[], true)), (None, None));
        let one = [vec![3.0]];
        assert_eq!((average(&one), forgetting(&one, true), backward(&one, false)), (Some(3.0), None, None));
        assert_eq!(forgetting(&[vec![f64::NAN], vec![1.0, 2.0]], true), None);
        // Nor may a value beside it stand for it.
        let beside = [vec![1.0], vec![f64::NAN, 2.0], vec![1.0, 2.0, 3.0]];
        assert_eq!((forgetting(&beside, true), forgetting(&beside, false)), (None, None));
    }
}
