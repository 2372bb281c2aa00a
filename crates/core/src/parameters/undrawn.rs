//! Parameters that are counted and not drawn: [`undrawn`].

use std::cell::Cell;

use crate::{Error, Result};

/// What this thread counts.
#[derive(Clone, Copy)]
struct Counted {
    /// Values of the parameters asked for so far.
    values: usize,
    /// How many there may be.
    most: usize,
}

thread_local! {
    static COUNTED: Cell<Option<Counted>> = const { Cell::new(None) };
}

/// Ends the count, also where what was counted panics: later parameters must be drawn.
struct Counting(Option<Counted>);

impl Drop for Counting {
    fn drop(&mut self) {
        COUNTED.set(self.0);
    }
}

/// What `make` gives where the parameters that it makes on this thread are zero, and how many values they have. Nothing is drawn, so
/// that a network is known by its shapes at once.
///
/// The parameter with which there are more than `most` is refused before there is memory for it; it counts.
pub fn undrawn<T>(most: usize, make: impl FnOnce() -> T) -> (T, usize) {
    let counting = Counting(COUNTED.replace(Some(Counted { values: 0, most })));
    let made = make();
    let values = COUNTED.get().map_or(0, |counted| counted.values);
    drop(counting);
    (made, values)
}

/// Counts a parameter that is about to be made, and says whether it is to be zero.
///
/// # Errors
/// [`Error::Parameter`] where there are too many values with it.
pub(super) fn counts(name: &str, shape: &[usize]) -> Result<bool> {
    let Some(Counted { values, most }) = COUNTED.get() else { return Ok(false) };
    let values = shape.iter().fold(1, |count: usize, size| count.saturating_mul(*size)).saturating_add(values);
    COUNTED.set(Some(Counted { values, most }));
    if values > most {
        return Err(Error::Parameter { name: name.into(), problem: format!("{values} values with it, and {most} may be") });
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use candle_core::{DType, Device};

    use super::*;
    use crate::{Init, Parameters};

    fn made(shape: &[usize]) -> Result<Vec<f32>> {
        let weight = Parameters::new(1, DType::F32, &Device::Cpu).weight("w", shape, Init::Normal(1.0))?;
        Ok(weight.flatten_all()?.to_vec1()?)
    }

    #[test]
    fn parameters_are_zero_while_they_are_counted_and_drawn_before_and_after() {
        let drawn = made(&[2, 3]).unwrap();
        let (zero, count) = undrawn(6, || made(&[2, 3]));
        assert_eq!((zero.unwrap(), count), (vec![0.0; 6], 6));
        assert_eq!(made(&[2, 3]).unwrap(), drawn);
        // A range that no value can be drawn from is a mistake all the same.
        let reversed = || Parameters::new(1, DType::F32, &Device::Cpu).weight("w", &[2], Init::Uniform(1.0, -1.0));
        assert!(matches!(undrawn(6, reversed).0, Err(Error::Parameter { .. })));
    }

    #[test]
    fn what_is_too_large_is_refused_before_there_is_memory_for_it() {
        for (shape, values) in [([1 << 20, 1 << 30], 1 << 50), ([usize::MAX, 2], usize::MAX)] {
            let (refused, count) = undrawn(100, || made(&shape));
            assert!(matches!(refused, Err(Error::Parameter { .. })) && count == values, "{count}");
        }
    }
}
