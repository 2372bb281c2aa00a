//! Precision, recall, density and coverage as measurements: with their errors, and with what makes them doubtful.

use vimae_core::Result;
use vimae_spec::{Direction, Measurement, Varies};

use super::told_share;
use crate::{
    features::Features,
    prdc::{Balls, PrdcErrors, errors, prdc},
};

/// The neighbours of precision and recall, and of density and coverage.
const NEIGHBOURS: [usize; 2] = [3, 5];

/// Precision and recall at three neighbours, density and coverage at five. `bare` gives the measurement without a value of a metric at so
/// many neighbours.
///
/// # Errors
/// As [`prdc`].
pub fn shares(real: &Features, generated: &Features, balls: Balls, bare: impl Fn(&str, usize) -> Measurement) -> Result<Vec<Measurement>> {
    let found = prdc(real, generated, &NEIGHBOURS, balls)?;
    let [three, five] = found[..] else { return Ok(Vec::new()) };
    let errors = errors(real, generated, &NEIGHBOURS, balls)?;
    let of = |place: usize, error: fn(&PrdcErrors) -> Option<f64>| errors.as_ref()?.get(place).and_then(error);
    let share = |metric: &str, k: usize, value: f64, error: Option<f64>, fewest: Option<usize>| {
        let share = bare(metric, k).valued(value, error).over(&[Varies::GeneratedImages, Varies::RealImages]).better(Direction::Higher);
        told_share(share, fewest)
    };
    let (m, n) = (real.count(), generated.count());
    Ok(vec![
        share("precision", three.k, three.precision, of(0, |e| e.precision), Some(m)),
        share("recall", three.k, three.recall, of(0, |e| e.recall), Some(n)),
        share("density", five.k, five.density, of(1, |e| e.density), Some(m)),
        share("coverage", five.k, five.coverage, of(1, |e| e.coverage), Some(m.min(n))),
    ])
}

#[cfg(test)]
mod tests {
    use vimae_spec::{Doubt, Protocol};

    use super::*;
    use crate::features::Source;

    #[test]
    fn each_share_is_doubted_by_the_images_whose_balls_it_asks() {
        let features = |count: usize| {
            let values = (0..2 * count).map(|i| (i * 7_919 % 1_009) as f32).collect();
            Features::new(Source::new("net", "ab"), "images", 2, values, None).unwrap()
        };
        let few = |real: usize, generated: usize| {
            let bare = |metric: &str, k: usize| Measurement::new("fid", metric, Protocol::new(metric).with("k", k), "1");
            let found = shares(&features(real), &features(generated), Balls::Closed, bare).unwrap();
            let doubted = found.into_iter().filter(|share| share.doubts.contains(&Doubt::FewNeighbours));
            doubted.map(|share| share.metric).collect::<Vec<_>>()
        };
        assert_eq!(few(50, 1_000), ["precision", "density", "coverage"]);
        assert_eq!(few(1_000, 50), ["recall", "coverage"]);
        assert!(few(1_000, 1_000).is_empty());
    }
}
