//! Standard errors of precision, recall, density and coverage over the images of both sets.
//!
//! Balls reach to neighbours, and a set drawn again with repetitions, as the bootstrap has it, has neighbours at distance 0:
//! its balls are too small. Leaving out a tenth of both sets at a time keeps the geometry; the errors err upwards, by up to
//! two thirds on sets of a hundred images.

use vimae_core::Result;
use vimae_statistics::jackknife::{self, GROUPS};

use super::{Balls, Prdc, prdc};
use crate::features::Features;

/// Multiplications of features beyond which errors cost more than they tell: a second on one core is about 1e10.
const MOST_WORK: f64 = 4e11;

/// Standard errors of the four shares at one k.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct PrdcErrors {
    /// As in [`Prdc`].
    pub precision: Option<f64>,
    /// As in [`Prdc`].
    pub recall: Option<f64>,
    /// As in [`Prdc`].
    pub density: Option<f64>,
    /// As in [`Prdc`].
    pub coverage: Option<f64>,
}

/// The errors of [`prdc`] of the same sets, at each k: none where a set has fewer than twenty images, or so many that ten
/// more comparisons would take minutes.
///
/// # Errors
/// As [`prdc`].
pub fn errors(real: &Features, generated: &Features, neighbours: &[usize], balls: Balls) -> Result<Option<Vec<PrdcErrors>>> {
    let (m, n) = (real.count() as f64, generated.count() as f64);
    let fewest = neighbours.iter().max().map_or(0, |k| 2 * k + 2).max(2 * GROUPS);
    let work = GROUPS as f64 * (m * m + n * n + m * n) * real.size() as f64;
    if real.count().min(generated.count()) < fewest || work > MOST_WORK {
        return Ok(None);
    }
    let without = |group| prdc(&real.without(group)?, &generated.without(group)?, neighbours, balls);
    let all: Vec<Vec<Prdc>> = (0..GROUPS).map(without).collect::<Result<_>>()?;
    let error = |place: usize, share: fn(&Prdc) -> f64| {
        let without: Vec<f64> = all.iter().filter_map(|shares| shares.get(place)).map(share).collect();
        jackknife::error(&without)
    };
    let one = |place| PrdcErrors {
        precision: error(place, |share| share.precision),
        recall: error(place, |share| share.recall),
        density: error(place, |share| share.density),
        coverage: error(place, |share| share.coverage),
    };
    Ok(Some((0..neighbours.len()).map(one).collect()))
}

#[cfg(test)]
mod tests {
    use vimae_core::{Purpose, Streams};
    use vimae_statistics::Summary;

    use super::*;
    use crate::features::Source;

    fn features(step: u64, count: usize, shift: f32) -> Features {
        let values = Streams::new(6).normal(Purpose::Evaluation, step, count * 3).iter().map(|v| v + shift).collect();
        Features::new(Source::new("net", "ab"), "images", 3, values, None).unwrap()
    }

    #[test]
    fn the_errors_are_the_deviations_of_shares_of_new_images() {
        let rounds = 60;
        let (mut shares, mut claimed) = ([const { Vec::new() }; 4], [0.0; 4]);
        for round in 0..rounds {
            let (real, generated) = (features(2 * round, 150, 0.0), features(2 * round + 1, 120, 0.8));
            let share = prdc(&real, &generated, &[3], Balls::Closed).unwrap()[0];
            let error = errors(&real, &generated, &[3], Balls::Closed).unwrap().unwrap()[0];
            let values = [share.precision, share.recall, share.density, share.coverage];
            for (all, value) in shares.iter_mut().zip(values) {
                all.push(value);
            }
            for (claimed, error) in claimed.iter_mut().zip([error.precision, error.recall, error.density, error.coverage]) {
                *claimed += error.unwrap().powi(2) / rounds as f64;
            }
        }
        for (values, claimed) in shares.iter().zip(claimed) {
            let deviation = Summary::of(values).unwrap().standard_error.unwrap() * (rounds as f64).sqrt();
            // On sets as small as these the errors err upwards.
            assert!((0.75..2.0).contains(&(claimed.sqrt() / deviation)), "{} {deviation}", claimed.sqrt());
        }
        assert_eq!(errors(&features(0, 19, 0.0), &features(1, 30, 0.0), &[3], Balls::Closed).unwrap(), None);
    }
}
