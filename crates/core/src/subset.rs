//! A few of many rows, for what would take too long on all.
//!
//! Data sets may stand in the order of their classes: the first rows of such a set are of a few classes. Rows are therefore
//! drawn, once for all.

use candle_core::Tensor;
use rand::seq::SliceRandom;

use crate::{Purpose, Result, Streams};

/// `count` places of `len`, drawn without repetition and in rising order; all of them where there are no more. A function of
/// both numbers alone: the same in every run. Those of a smaller count are among those of a larger one.
pub fn drawn(len: usize, count: usize) -> Vec<usize> {
    let mut places: Vec<usize> = (0..len).collect();
    if count < len {
        places.shuffle(&mut Streams::new(0).fold_in("subset").at(Purpose::Evaluation, 0));
        places.truncate(count);
        places.sort_unstable();
    }
    places
}

/// The rows of `tensor` at [`drawn`] places: at most `count`.
///
/// # Errors
/// Where the tensor has no dimension.
pub fn drawn_rows(tensor: &Tensor, count: usize) -> Result<Tensor> {
    let len = tensor.dim(0)?;
    if count >= len {
        return Ok(tensor.clone());
    }
    rows(tensor, &drawn(len, count))
}

/// The rows of `tensor` at `places`.
///
/// # Errors
/// For a place beyond its rows.
pub fn rows(tensor: &Tensor, places: &[usize]) -> Result<Tensor> {
    let places: Vec<u32> = places.iter().map(|place| u32::try_from(*place).unwrap_or(u32::MAX)).collect();
    let count = places.len();
    Ok(tensor.index_select(&Tensor::from_vec(places, count, tensor.device())?, 0)?)
}

#[cfg(test)]
mod tests {
    use candle_core::Device;

    use super::*;

    #[test]
    fn a_few_of_a_sorted_set_are_of_all_classes_and_among_more() {
        let (few, more) = (drawn(2_000, 100), drawn(2_000, 1_000));
        assert_eq!((few.len(), more.len(), drawn(5, 9)), (100, 1_000, vec![0, 1, 2, 3, 4]));
        assert!(few.windows(2).all(|pair| pair[0] < pair[1]) && few.iter().all(|place| more.contains(place)));
        // Ten classes one after another, and ten in turn.
        for class in [|place: usize| place / 200, |place: usize| place % 10] {
            let of = |places: &[usize]| (0..10).map(|c| places.iter().filter(|place| class(**place) == c).count()).collect::<Vec<_>>();
            assert!(of(&more).iter().all(|count| (70..130).contains(count)), "{:?}", of(&more));
        }
    }

    #[test]
    fn rows_are_those_of_the_places() {
        let tensor = Tensor::arange(0_f32, 40.0, &Device::Cpu).unwrap().reshape((20, 2)).unwrap();
        let taken = drawn_rows(&tensor, 3).unwrap().to_vec2::<f32>().unwrap();
        assert_eq!(taken, drawn(20, 3).iter().map(|place| vec![2.0 * *place as f32, 2.0 * *place as f32 + 1.0]).collect::<Vec<_>>());
        assert_eq!(drawn_rows(&tensor, 20).unwrap().dims(), [20, 2]);
        assert!(rows(&tensor, &[20]).is_err());
    }
}
