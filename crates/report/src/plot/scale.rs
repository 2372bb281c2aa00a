//! How axes count.

use super::axis::{Axis, padded};

/// A range of more than this factor is wide.
const WIDE: f64 = 30.0;

/// How an axis counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scale {
    /// By equal steps.
    Linear,
    /// By equal steps, with whole numbers at its ticks: epochs, steps, tasks.
    Whole,
    /// By equal factors, where all values are positive and not all are equal.
    Log,
    /// By equal factors where positive values span a wide range.
    Wide,
}

impl Scale {
    /// The horizontal axis of a range.
    pub(super) fn across(self, range: (f64, f64)) -> Axis {
        if self.is_log(range) { Axis::log(range) } else { self.linear(range) }
    }

    /// The upright axis of a range, with some room above and below.
    pub(super) fn upright(self, (low, high): (f64, f64)) -> Axis {
        if self.is_log((low, high)) { Axis::log((low / 1.15, (high * 1.15).min(f64::MAX))) } else { self.linear(padded((low, high), 0.06)) }
    }

    fn is_log(self, (low, high): (f64, f64)) -> bool {
        match self {
            Self::Linear | Self::Whole => false,
            Self::Log => low > 0.0 && low < high,
            Self::Wide => low > 0.0 && high / low > WIDE,
        }
    }

    fn linear(self, range: (f64, f64)) -> Axis {
        if self == Self::Whole { Axis::whole(range) } else { Axis::linear(range) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn axes_are_logarithmic_where_that_is_asked_for_and_possible() {
        let is_log = |axis: Axis| axis.titled("a") == "a (log scale)";
        assert!([Scale::Log, Scale::Wide].into_iter().all(|scale| is_log(scale.upright((1.0, 31.0)))));
        assert!(is_log(Scale::Log.across((1.0, 20.0))) && !is_log(Scale::Wide.upright((1.0, 20.0))));
        for range in [(0.0, 100.0), (-1.0, 100.0), (3.0, 3.0)] {
            assert!(
                [Scale::Linear, Scale::Whole, Scale::Log, Scale::Wide].into_iter().all(|scale| !is_log(scale.across(range))),
                "{range:?}"
            );
        }
    }
}
