//! Chooses an algorithm of a library for a convolution, once per shape. Only deterministic algorithms are considered; the
//! library's own pick comes first if it is one.

use std::collections::HashMap;
use std::hash::Hash;

/// An algorithm and the bytes of workspace that it needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Choice<A> {
    pub(crate) algorithm: A,
    pub(crate) workspace: usize,
}

/// What was chosen for each shape.
#[derive(Debug)]
pub(crate) struct Choices<K, A>(HashMap<K, Choice<A>>);

impl<K, A> Default for Choices<K, A> {
    fn default() -> Self {
        Self(HashMap::new())
    }
}

impl<K: Eq + Hash, A: Copy + PartialEq> Choices<K, A> {
    /// The choice for `key`: the pick of the library if it is one of `deterministic`, else the first of
    /// those that the library supports, which it says by a size of workspace.
    pub(crate) fn get<E>(
        &mut self,
        key: K,
        deterministic: &[A],
        pick: impl FnOnce() -> Result<A, E>,
        workspace: impl Fn(A) -> Result<usize, E>,
        none: impl FnOnce() -> E,
    ) -> Result<Choice<A>, E> {
        if let Some(choice) = self.0.get(&key) {
            return Ok(*choice);
        }
        let pick = pick().ok().filter(|pick| deterministic.contains(pick));
        let candidates = pick.into_iter().chain(deterministic.iter().copied());
        let mut refused = None;
        for algorithm in candidates {
            match workspace(algorithm) {
                Ok(workspace) => {
                    let choice = Choice { algorithm, workspace };
                    self.0.insert(key, choice);
                    return Ok(choice);
                }
                Err(error) => refused = Some(error),
            }
        }
        Err(refused.unwrap_or_else(none))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn the_pick_counts_where_it_is_deterministic() {
        let size = |algorithm: u8| Ok::<_, String>(usize::from(algorithm) * 10);
        let none = || "none".to_owned();
        let mut choices = Choices::default();
        assert_eq!(choices.get("a", &[1, 2], || Ok(2), size, none), Ok(Choice { algorithm: 2, workspace: 20 }));
        assert_eq!(choices.get("b", &[1, 2], || Ok(7), size, none), Ok(Choice { algorithm: 1, workspace: 10 }));
        assert_eq!(choices.get("c", &[1, 2], || Err("no pick".to_owned()), size, none).map(|c| c.algorithm), Ok(1));
    }

    #[test]
    fn what_is_not_supported_is_passed_over() {
        let size = |algorithm: u8| if algorithm == 3 { Ok(5) } else { Err(format!("{algorithm} is not supported")) };
        let mut choices = Choices::default();
        assert_eq!(choices.get((), &[1, 2, 3], || Ok(2), size, String::new).map(|c| c.algorithm), Ok(3));
        let mut choices = Choices::default();
        assert_eq!(choices.get((), &[1, 2], || Ok(2), size, String::new), Err("2 is not supported".to_owned()));
        assert_eq!(choices.get((), &[], || Ok(2), size, || "none".to_owned()), Err("none".to_owned()));
    }

    #[test]
    fn a_shape_is_asked_for_once() {
        let asked = Cell::new(0);
        let mut choices = Choices::default();
        for _ in 0..3 {
            let pick = || {
                asked.set(asked.get() + 1);
                Ok::<_, String>(1)
            };
            let choice = choices.get((8, 16), &[1], pick, |_| Ok(4), String::new);
            assert_eq!(choice, Ok(Choice { algorithm: 1, workspace: 4 }));
        }
        assert_eq!(asked.get(), 1);
    }
}
