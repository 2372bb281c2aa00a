//! Work shared out among rayon's threads.
//!
//! rayon compiles its splitting and stealing anew for every iterator and closure, which was two fifths of this crate's code.
//! Here that is compiled once, behind a function pointer; a piece of work is thousands of elements, so the call costs nothing.

use rayon::prelude::*;
use std::sync::{Mutex, PoisonError};

/// Calls `f` with every item, on any thread.
pub(crate) fn each<I: Send>(items: impl IntoIterator<Item = I>, f: impl Fn(I) + Sync) {
    let items: Vec<Mutex<Option<I>>> = items.into_iter().map(|item| Mutex::new(Some(item))).collect();
    every(items.len(), &|i| {
        if let Some(item) = lock(&items[i]).take() {
            f(item);
        }
    });
}

/// What `f` makes of every item, in order.
pub(crate) fn map<I: Send, R: Send>(items: impl IntoIterator<Item = I>, f: impl Fn(I) -> R + Sync) -> Vec<R> {
    let items: Vec<I> = items.into_iter().collect();
    let mut results: Vec<Option<R>> = items.iter().map(|_| None).collect();
    each(results.iter_mut().zip(items), |(result, item)| *result = Some(f(item)));
    results.into_iter().flatten().collect()
}

fn every(count: usize, task: &(dyn Fn(usize) + Sync)) {
    (0..count).into_par_iter().for_each(task);
}

/// No lock is poisoned: a panic ends the call for all threads.
fn lock<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_item_is_worked_on_once_and_results_keep_their_order() {
        let mut squares = vec![0; 1000];
        each(squares.iter_mut().enumerate(), |(i, square)| *square += i * i);
        assert!(squares.iter().enumerate().all(|(i, square)| *square == i * i));
        assert_eq!(map(0..1000, |i| i * i), squares);
        assert!(map(0..0, |i: usize| i).is_empty());
    }
}
