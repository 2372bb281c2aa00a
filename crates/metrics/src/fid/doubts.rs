//! When a distance or a share by features should not be relied on: the same for a run's record and for the command `fid`.

use vimae_spec::{Doubt, Measurement};

/// Images of the smaller set from which on precision, recall and coverage are not doubted.
///
/// Their balls reach to the k-th nearest image of the same set, and so depend on how many there are: the expected coverage of two equal
/// distributions does by a closed form (Naeem et al., 2020), and published values are of 10 000 to 50 000 images (Kynkaanniemi et al.,
/// 2019). The expected density of equal distributions is 1 for any number.
const FEWEST_NEIGHBOURS: usize = 1_000;

/// Whether sets, the smaller of `fewest` images, leave directions of so many features without variance.
pub fn is_undetermined(fewest: usize, features: usize) -> bool {
    fewest <= features
}

/// The Frechet distance between sets, the smaller of `fewest` images, doubted where these do not determine a covariance of `features`
/// features, with the notes.
pub fn told(distance: Measurement, fewest: usize, features: usize, notes: impl IntoIterator<Item = String>) -> Measurement {
    let undetermined = is_undetermined(fewest, features);
    let why = format!("{fewest} images do not determine a covariance of {features} features: the distance is far too high");
    let notes: Vec<String> = undetermined.then_some(why).into_iter().chain(notes).collect();
    distance.doubted(Doubt::Undetermined, undetermined).noted((!notes.is_empty()).then(|| notes.join("; ")))
}

/// A KID, doubted where its standard error is as large as it is: it has no bias that depends on the number of images (Binkowski et al.,
/// 2018), but of few it says little.
pub fn told_kernel(distance: Measurement) -> Measurement {
    let noisy = distance.value.zip(distance.standard_error).is_some_and(|(value, error)| error >= value.abs());
    distance.doubted(Doubt::Noisy, noisy)
}

/// A precision, recall or coverage of sets, the smaller of `fewest` images, doubted where these are few.
pub fn told_share(share: Measurement, fewest: usize) -> Measurement {
    share.doubted(Doubt::FewNeighbours, fewest < FEWEST_NEIGHBOURS)
}

#[cfg(test)]
mod tests {
    use vimae_spec::Protocol;

    use super::*;

    fn measured(value: f64, error: Option<f64>) -> Measurement {
        Measurement::new("fid", "fid", Protocol::new("fid"), "1").valued(value, error)
    }

    #[test]
    fn one_image_more_than_features_determines_a_covariance() {
        // Their mean takes one: 65 images have 64 independent differences.
        assert!(!is_undetermined(65, 64) && is_undetermined(64, 64));
    }

    #[test]
    fn a_distance_that_images_do_not_determine_is_told_and_doubted() {
        let of = |fewest: usize, features: usize| told(measured(58.0, Some(1.0)), fewest, features, ["gray".to_owned()]);
        let few = of(12, 64);
        assert_eq!((few.value, few.doubts), (Some(58.0), vec![Doubt::Undetermined]));
        assert!(few.note.is_some_and(|note| note.starts_with("12 images do not determine") && note.ends_with("; gray")));
        assert_eq!((of(65, 64).note.as_deref(), of(65, 64).doubts.len(), of(12, 8).doubts.len()), (Some("gray"), 0, 0));
    }

    #[test]
    fn a_kernel_distance_is_doubted_by_its_error_alone() {
        let doubts = |value: f64, error: Option<f64>| told_kernel(measured(value, error)).doubts;
        for (value, error) in [(0.001, 0.002), (-0.001, 0.001), (0.0, 0.001)] {
            assert_eq!(doubts(value, Some(error)), [Doubt::Noisy], "{value} +- {error}");
        }
        assert!(doubts(0.01, Some(0.009)).is_empty() && doubts(-0.01, Some(0.009)).is_empty() && doubts(0.01, None).is_empty());
    }

    #[test]
    fn shares_of_few_images_are_doubted() {
        let doubts = |fewest: usize| told_share(measured(0.5, Some(0.1)), fewest).doubts;
        assert_eq!((doubts(999), doubts(1_000)), (vec![Doubt::FewNeighbours], Vec::new()));
        assert_eq!(Doubt::warning(&doubts(10)).unwrap(), "do not rely on it: fewer than 1 000 images, on whose number it depends");
    }
}
