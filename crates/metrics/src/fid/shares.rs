//! Precision, recall, density and coverage as measurements: with their errors, and with what makes them doubtful.

use vimae_core::Result;
use vimae_spec::{Direction, Measurement, Varies};

use super::told_share;
use crate::{
    features::Features,
    prdc::{Balls, Prdc, PrdcErrors, errors, prdc},
};

/// A share as it is reported.
struct Share {
    /// Its metric.
    metric: &'static str,
    /// The neighbour that balls reach to.
    k: usize,
    value: fn(&Prdc) -> f64,
    error: fn(&PrdcErrors) -> Option<f64>,
    /// How many images have the balls that it asks, of so many real and generated ones.
    asks: fn(usize, usize) -> usize,
}

/// At three neighbours, as Kynkaanniemi et al. have them.
const PRECISION_AND_RECALL: [Share; 2] = [
    Share { metric: "precision", k: 3, value: |share| share.precision, error: |error| error.precision, asks: |real, _| real },
    Share { metric: "recall", k: 3, value: |share| share.recall, error: |error| error.recall, asks: |_, generated| generated },
];
/// At five, as Naeem et al. have them.
const DENSITY_AND_COVERAGE: [Share; 2] = [
    Share { metric: "density", k: 5, value: |share| share.density, error: |error| error.density, asks: |real, _| real },
    Share { metric: "coverage", k: 5, value: |share| share.coverage, error: |error| error.coverage, asks: usize::min },
];

/// Precision and recall at three neighbours, density and coverage at five. `bare` gives the measurement without a value of a metric at so
/// many neighbours.
///
/// # Errors
/// As [`prdc`].
pub fn shares(real: &Features, generated: &Features, balls: Balls, bare: impl Fn(&str, usize) -> Measurement) -> Result<Vec<Measurement>> {
    measured([PRECISION_AND_RECALL, DENSITY_AND_COVERAGE].as_flattened(), (real, generated), balls, bare)
}

/// The first two of [`shares`] alone, without what the others cost.
///
/// # Errors
/// As [`prdc`].
pub(super) fn precision_and_recall(
    real: &Features,
    generated: &Features,
    balls: Balls,
    bare: impl Fn(&str, usize) -> Measurement,
) -> Result<Vec<Measurement>> {
    measured(&PRECISION_AND_RECALL, (real, generated), balls, bare)
}

fn measured(
    asked: &[Share],
    (real, generated): (&Features, &Features),
    balls: Balls,
    bare: impl Fn(&str, usize) -> Measurement,
) -> Result<Vec<Measurement>> {
    let mut neighbours: Vec<usize> = asked.iter().map(|share| share.k).collect();
    neighbours.dedup();
    let found = prdc(real, generated, &neighbours, balls)?;
    let errors = errors(real, generated, &neighbours, balls)?;
    let one = |share: &Share| {
        let place = neighbours.iter().position(|k| *k == share.k)?;
        let error = errors.as_ref().and_then(|errors| errors.get(place)).and_then(share.error);
        let bare = bare(share.metric, share.k).valued((share.value)(found.get(place)?), error);
        let measured = bare.over(&[Varies::GeneratedImages, Varies::RealImages]).better(Direction::Higher);
        Some(told_share(measured, Some((share.asks)(real.count(), generated.count()))))
    };
    Ok(asked.iter().filter_map(one).collect())
}

#[cfg(test)]
mod tests {
    use vimae_spec::{Doubt, Protocol};

    use super::*;
    use crate::features::Source;

    fn features(count: usize) -> Features {
        let values = (0..2 * count).map(|i| (i * 7_919 % 1_009) as f32).collect();
        Features::new(Source::new("net", "ab"), "images", 2, values, None).unwrap()
    }

    fn bare(metric: &str, k: usize) -> Measurement {
        Measurement::new("fid", metric, Protocol::new(metric).with("k", k), "1")
    }

    #[test]
    fn precision_and_recall_alone_are_those_among_all() {
        // Of 15 images there are no errors.
        for (real, generated) in [(40, 30), (30, 15)] {
            let (real, generated) = (features(real), features(generated));
            let all = shares(&real, &generated, Balls::Closed, bare).unwrap();
            let names: Vec<String> = all.iter().map(|share| share.protocol.to_string()).collect();
            assert_eq!(names, ["precision(k=3)", "recall(k=3)", "density(k=5)", "coverage(k=5)"]);
            assert_eq!(precision_and_recall(&real, &generated, Balls::Closed, bare).unwrap(), all[..2]);
            assert!(all.iter().all(|share| share.value.is_some()));
            let values = prdc(&real, &generated, &[3], Balls::Closed).unwrap();
            let known = errors(&real, &generated, &[3], Balls::Closed).unwrap().map(|errors| errors[0]);
            assert_eq!((all[0].value, all[1].value), (Some(values[0].precision), Some(values[0].recall)));
            let (precision, recall) = known.map_or((None, None), |known| (known.precision, known.recall));
            assert_eq!((all[0].standard_error, all[1].standard_error), (precision, recall));
        }
    }

    #[test]
    fn each_share_is_doubted_by_the_images_whose_balls_it_asks() {
        let few = |real: usize, generated: usize| {
            let found = shares(&features(real), &features(generated), Balls::Closed, bare).unwrap();
            let doubted = found.into_iter().filter(|share| share.doubts.contains(&Doubt::FewNeighbours));
            doubted.map(|share| share.metric).collect::<Vec<_>>()
        };
        assert_eq!(few(50, 1_000), ["precision", "density", "coverage"]);
        assert_eq!(few(1_000, 50), ["recall", "coverage"]);
        assert!(few(1_000, 1_000).is_empty());
    }
}
