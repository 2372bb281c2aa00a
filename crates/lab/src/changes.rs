//! Which of several `--set KEY=VALUE` is at fault.

use crate::Result;

/// What `make` makes of `changes`. Where it fails for one of them, the error names that one: what stands before it can be made.
pub(crate) fn made<T>(changes: &[String], make: &dyn Fn(&[String]) -> Result<T>) -> Result<T> {
    make(changes).map_err(|error| {
        let first = |count: usize| changes.get(..count).unwrap_or_default();
        let Some(count) = (0..changes.len()).rev().find(|count| make(first(*count)).is_ok()) else { return error };
        // That of the whole may be about a later one.
        let error = make(first(count + 1)).err().unwrap_or(error);
        match changes.get(count) {
            Some(change) => error.of_change(change),
            None => error,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Error;

    #[test]
    fn the_first_change_that_is_wrong_is_named_and_no_other() {
        // Refuses every change that is no number, the last first, and a sum above ten.
        let make = |changes: &[String]| -> Result<i32> {
            let wrong = |problem: &str| Error::Spec(vimae_spec::Error::Form { path: "a file".into(), problem: problem.into() });
            let numbers: Vec<i32> =
                changes.iter().rev().map(|change| change.parse::<i32>().map_err(|_| wrong(change))).collect::<Result<_>>()?;
            let sum: i32 = numbers.iter().sum();
            if sum > 10 { Err(wrong("too much")) } else { Ok(sum) }
        };
        let of = |changes: &[&str]| {
            let changes: Vec<String> = changes.iter().map(|change| (*change).to_owned()).collect();
            made(&changes, &make).map_err(|error| error.to_string())
        };
        assert_eq!(of(&["1", "2"]), Ok(3));
        assert_eq!(of(&["1", "x", "2", "y"]), Err("--set x: x".to_owned()));
        assert_eq!(of(&["7", "3", "1"]), Err("--set 1: too much".to_owned()));
        // What a later change mends is not at fault.
        assert_eq!(of(&["20", "-15", "z"]), Err("--set z: z".to_owned()));
        // Wrong whatever is changed.
        let all = |_: &[String]| -> Result<i32> { Err(Error::Stopped) };
        assert!(matches!(made(&["1".to_owned()], &all), Err(Error::Stopped)));
    }
}
