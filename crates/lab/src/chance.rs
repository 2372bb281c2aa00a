//! How often a guess tells the class of an image.

use std::collections::BTreeSet;

/// Classes that have an image, from the labels of all. Labels may leave numbers out: there are three of 1 to 3, as of 0, 100 and 200.
pub(crate) fn classes(labels: &[u32]) -> usize {
    labels.iter().collect::<BTreeSet<_>>().len()
}

/// The percentage of images whose class a guess among so many tells, in words; none where there is nothing to guess.
pub(crate) fn chance(classes: usize) -> Option<String> {
    let percent = 100.0 / classes as f64;
    (classes > 1).then(|| format!("chance is {percent:.*} %", if percent < 1.0 { 2 } else { 0 }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guess_is_among_classes_that_have_images() {
        let of = |labels: &[u32]| chance(classes(labels));
        assert_eq!([of(&[1, 2, 3, 3]), of(&[0, 100, 200])].map(Option::unwrap), ["chance is 33 %"; 2]);
        assert_eq!(of(&(0..200).collect::<Vec<u32>>()).unwrap(), "chance is 0.50 %");
        assert_eq!([of(&[]), of(&[7, 7])], [None, None]);
    }
}
