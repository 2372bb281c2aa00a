//! How learning rate and the weight of the rate change over a run.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How the learning rate falls.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Schedule {
    /// It stays.
    #[default]
    Constant,
    /// It falls by `fall` after every `fall_epochs` epochs.
    Step,
    /// It falls to 0 along half a period of a cosine (Loshchilov & Hutter, SGDR, 2017, equation 5, one period).
    Cosine,
    /// It falls to a hundredth over the run, by the same factor after every epoch: the WAE code with half the epochs as its `lr_schedule`.
    Exponential,
    /// That of the WAE code: half after 30 epochs, a tenth after 50, a hundredth after 100.
    Wae,
    /// That of Burda et al. (2016): 10^(-i / 7) in the i-th stage, which has 3^i epochs, i from 0.
    Burda,
}

impl Schedule {
    /// Whether it is the one that leaves the rate as it is.
    pub fn is_constant(&self) -> bool {
        *self == Self::Constant
    }

    /// The share of the learning rate that a step takes: of `steps`, `per_epoch` an epoch, counted from 0. A step schedule falls by
    /// `fall` after `fall_epochs`.
    pub fn share(self, step: u64, (per_epoch, steps): (u64, u64), (fall, fall_epochs): (f64, u64)) -> f64 {
        let epoch = step / per_epoch.max(1);
        match self {
            Self::Constant => 1.0,
            Self::Step => fall.powf((epoch / fall_epochs.max(1)) as f64),
            Self::Cosine => 0.5 * (1.0 + (std::f64::consts::PI * step as f64 / steps.max(1) as f64).cos()),
            Self::Exponential => 0.01_f64.powf(epoch as f64 / (steps / per_epoch.max(1)).max(1) as f64),
            Self::Wae => match epoch {
                0..30 => 1.0,
                30..50 => 0.5,
                50..100 => 0.1,
                _ => 0.01,
            },
            Self::Burda => {
                // Stages of 1, 3, 9 ... epochs end after 1, 4, 13 ...
                let stage = (0_i32..8).find(|stage| epoch < (3_u64.pow(*stage as u32 + 1) - 1) / 2).unwrap_or(7);
                10.0_f64.powf(-f64::from(stage) / 7.0)
            }
        }
    }
}

/// How far a warm-up of so many epochs is at a step: from just above 0 to 1, which it is without one.
pub fn warm_up(step: u64, per_epoch: u64, epochs: u64) -> f64 {
    if epochs == 0 {
        return 1.0;
    }
    ((step + 1) as f64 / (epochs * per_epoch.max(1)) as f64).min(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_schedule_has_its_published_shares() {
        let at = |schedule: Schedule, epoch: u64, epochs: u64| schedule.share(epoch * 10, (10, epochs * 10), (0.1, 5));
        assert_eq!([0, 4, 5, 10].map(|epoch| at(Schedule::Step, epoch, 20)), [1.0, 1.0, 0.1, 0.1_f64.powi(2)]);
        assert_eq!([0, 29, 30, 49, 50, 99, 100].map(|epoch| at(Schedule::Wae, epoch, 120)), [1.0, 1.0, 0.5, 0.5, 0.1, 0.1, 0.01]);
        let cosine = [0, 10, 20].map(|epoch| at(Schedule::Cosine, epoch, 20));
        assert!(cosine.iter().zip([1.0, 0.5, 0.0]).all(|(found, expected)| (found - expected).abs() < 1e-12), "{cosine:?}");
        let exponential = [0, 1, 10, 20].map(|epoch| at(Schedule::Exponential, epoch, 20));
        let expected = [1.0, 10.0_f64.powf(-0.1), 0.1, 0.01];
        assert!(exponential.iter().zip(expected).all(|(found, expected)| (found - expected).abs() < 1e-12), "{exponential:?}");
        // Within an epoch it stays.
        assert_eq!(Schedule::Exponential.share(19, (10, 200), (0.1, 5)), exponential[1]);
        let burda = [(0, 0), (1, 1), (3, 1), (4, 2), (12, 2), (13, 3), (1_093, 7), (3_279, 7)];
        for (epoch, stage) in burda {
            assert_eq!(at(Schedule::Burda, epoch, 3_280), 10.0_f64.powf(-f64::from(stage) / 7.0), "epoch {epoch}");
        }
        assert_eq!(at(Schedule::Constant, 7, 20), 1.0);
    }

    #[test]
    fn a_warm_up_ends_with_its_last_epoch() {
        assert_eq!([0, 9, 19, 20].map(|step| warm_up(step, 10, 2)), [0.05, 0.5, 1.0, 1.0]);
        assert_eq!(warm_up(0, 10, 0), 1.0);
    }
}
