//! Counts in texts for people.

use std::fmt::Display;

/// A count with its noun: `1 run`, `5 runs`.
pub(crate) fn counted<N: Display + PartialEq + From<u8>>(count: N, noun: &str) -> String {
    let end = if count == N::from(1) { "" } else { "s" };
    format!("{count} {noun}{end}")
}

#[cfg(test)]
mod tests {
    use super::counted;

    #[test]
    fn one_is_not_several() {
        assert_eq!([counted(0_usize, "run"), counted(1_usize, "run"), counted(2_u64, "step")], ["0 runs", "1 run", "2 steps"]);
    }
}
