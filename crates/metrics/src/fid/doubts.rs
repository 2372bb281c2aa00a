//! When a distance or a share by features should not be relied on: the same for a run's record and for the command `fid`.

use vimae_spec::{Doubt, Measurement};

/// Images of the smaller set from which on precision, recall, density and coverage are not doubted.
///
/// Their balls reach to the k-th nearest image of the same set, and so depend on how many there are: the expected coverage of two equal
/// distributions does by a closed form (Naeem et al., 2020), and published values are of 10 000 to 50 000 images (Kynkaanniemi et al.,
/// 2019). The expected density is 1 for any number where the distributions are equal, and moves with the balls where they are not.
const FEWEST_NEIGHBOURS: usize = 1_000;

/// Whether sets, the smaller of `fewest` images, leave directions of so many features without variance.
pub fn is_undetermined(fewest: usize, features: usize) -> bool {
    fewest <= features
}

/// The Frechet distance between sets, the smaller of `fewest` images, doubted where it has no standard error, and where these do not
/// determine a covariance of `features` features, and where its standard error is as large as it is, or larger.
pub fn told(distance: Measurement, fewest: usize, features: usize) -> Measurement {
    let no_error = distance.standard_error.is_none();
    let noisy = is_noisy(&distance);
    distance.doubted(Doubt::NoError, no_error).doubted(Doubt::Undetermined, is_undetermined(fewest, features)).doubted(Doubt::Noisy, noisy)
}

/// Whether a distance is in absolute value no larger than its standard error.
fn is_noisy(distance: &Measurement) -> bool {
    distance.value.zip(distance.standard_error).is_some_and(|(value, error)| error >= value.abs())
}

/// A KID, doubted where its standard error is as large as it is, or larger: it has no bias that depends on the number of images
/// (Binkowski et al., 2018), but of few it says little.
pub fn told_kernel(distance: Measurement) -> Measurement {
    let noisy = is_noisy(&distance);
    distance.doubted(Doubt::Noisy, noisy)
}

/// A precision, recall, density or coverage, doubted where it has no standard error, and where the balls that it asks are those of few images:
/// `fewest`, the real ones for precision and density, the generated ones for recall, the fewer of both for coverage.
pub fn told_share(share: Measurement, fewest: Option<usize>) -> Measurement {
    let no_error = share.standard_error.is_none();
    share.doubted(Doubt::NoError, no_error).doubted(Doubt::FewNeighbours, fewest.is_some_and(|fewest| fewest < FEWEST_NEIGHBOURS))
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
        let of = |fewest: usize, features: usize| told(measured(58.0, Some(1.0)), fewest, features);
        let few = of(12, 64);
        assert_eq!((few.value, few.note, few.doubts), (Some(58.0), None, vec![Doubt::Undetermined]));
        assert_eq!((of(65, 64).doubts.len(), of(12, 8).doubts.len()), (0, 0));
        assert_eq!(told(measured(58.0, None), 65, 64).doubts, [Doubt::NoError]);
        // As of a KID, an error as large as the value tells it not apart from 0.
        let noisy = |value: f64, error: f64| told(measured(value, Some(error)), 65, 64).doubts;
        assert_eq!([noisy(2.0, 3.0), noisy(2.0, 2.0), noisy(2.0, 1.9)], [vec![Doubt::Noisy], vec![Doubt::Noisy], Vec::new()]);
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
        let doubts = |fewest: Option<usize>| told_share(measured(0.5, Some(0.1)), fewest).doubts;
        assert_eq!((doubts(Some(999)), doubts(Some(1_000)), doubts(None)), (vec![Doubt::FewNeighbours], Vec::new(), Vec::new()));
        assert_eq!(told_share(measured(0.5, None), None).doubts, [Doubt::NoError]);
        assert_eq!(Doubt::warning(&doubts(Some(10))).unwrap(), "do not rely on it: fewer than 1 000 images, on whose number it depends");
    }
}
