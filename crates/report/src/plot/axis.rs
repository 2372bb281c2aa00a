//! Axes over any range of numbers.
//!
//! plotters' own ticks never end on ranges near the limits of `f64` and stop the program on NaN, hence this one.

use std::ops::Range;

use plotters::coord::ranged1d::{KeyPointHint, KeyPointWeight, NoDefaultFormatting, Ranged, ValueFormatter};

/// Ticks of an axis at most.
const MOST_TICKS: f64 = 7.0;
/// About how wide a character of a label is, in pixels.
const CHARACTER: i32 = 7;
/// Pixels beside the labels of an upright axis, for its name and its marks.
const NAME: i32 = 20;

/// An axis for plotters.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Axis {
    /// Ends, as exponents of ten where the axis is logarithmic.
    low: f64,
    high: f64,
    log: bool,
    down: bool,
    ticks: Vec<f64>,
}

impl Axis {
    /// An axis with equal steps over a finite range, widened where the range is empty.
    pub(super) fn linear((low, high): (f64, f64)) -> Self {
        let (low, high) = if low < high { (low, high) } else { padded((low, high), 0.5) };
        Self { low, high, log: false, down: false, ticks: Vec::new() }.with_ticks(linear_ticks(low, high))
    }

    /// An axis with equal steps whose ticks are whole numbers: all of them where those of [`Self::linear`] are not whole.
    pub(super) fn whole(range: (f64, f64)) -> Self {
        let axis = Self::linear(range);
        if axis.ticks.iter().all(|tick| tick.fract() == 0.0) {
            return axis;
        }
        let first = axis.low.ceil();
        axis.with_ticks((0..=MOST_TICKS as i32).map(|i| first + f64::from(i)).collect())
    }

    /// An axis with equal factors over a positive range.
    pub(super) fn log((low, high): (f64, f64)) -> Self {
        let (low, high) = (low.log10(), high.log10());
        Self { low, high, log: true, down: false, ticks: Vec::new() }.with_ticks(log_ticks(low, high))
    }

    /// An axis from top to bottom with a unit for each of `count` rows, without ticks.
    pub(super) fn rows(count: usize) -> Self {
        Self { low: 0.0, high: count.max(1) as f64, log: false, down: true, ticks: Vec::new() }
    }

    /// The axis with every second tick, or fewer, where the labels of all would run together over so many pixels.
    pub(super) fn over(mut self, pixels: i32) -> Self {
        let (Some(first), Some(second)) = (self.ticks.first().copied(), self.ticks.get(1).copied()) else { return self };
        let apart = f64::from(pixels) * (self.place(second) - self.place(first)).abs();
        let every = (f64::from(self.longest_label()) / apart).ceil().max(1.0) as usize;
        let zero = self.ticks.iter().position(|tick| *tick == 0.0).unwrap_or(0);
        self.ticks = self.ticks.into_iter().skip(zero % every).step_by(every).collect();
        self
    }

    /// The axis's name, with a word on equal factors where it has them.
    pub(super) fn titled(&self, name: &str) -> String {
        if self.log && !name.is_empty() { format!("{name} (log scale)") } else { name.to_owned() }
    }

    /// Pixels that an upright axis needs on its left.
    pub(super) fn left(&self, least: i32) -> i32 {
        least.max(NAME + self.longest_label())
    }

    /// Pixels of its longest label.
    fn longest_label(&self) -> i32 {
        self.ticks.iter().map(|tick| CHARACTER * self.format_ext(tick).chars().count() as i32).max().unwrap_or(0)
    }

    /// Where a value stands: 0 and 1 are the ends.
    fn place(&self, value: f64) -> f64 {
        let value = if self.log { value.log10() } else { value };
        // Halves, since the span itself may be above the largest number.
        let place = (value / 2.0 - self.low / 2.0) / (self.high / 2.0 - self.low / 2.0);
        if self.down { 1.0 - place } else { place }
    }

    fn with_ticks(mut self, values: Vec<f64>) -> Self {
        self.ticks = values.into_iter().filter(|v| (-1e-9..=1.0 + 1e-9).contains(&self.place(*v))).collect();
        self
    }
}

impl Ranged for Axis {
    type FormatOption = NoDefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (start, end): (i32, i32)) -> i32 {
        start + (f64::from(end - start) * self.place(*value)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, hint: Hint) -> Vec<f64> {
        match hint.weight() {
            KeyPointWeight::Bold => self.ticks.clone(),
            KeyPointWeight::Any => Vec::new(),
        }
    }

    fn range(&self) -> Range<f64> {
        if self.log { 10f64.powf(self.low)..10f64.powf(self.high) } else { self.low..self.high }
    }
}

impl ValueFormatter<f64> for Axis {
    fn format_ext(&self, value: &f64) -> String {
        // One form for all of them; powers of ten each have their own.
        let largest = if self.log { value.abs() } else { self.ticks.iter().fold(value.abs(), |most, tick| most.max(tick.abs())) };
        short(*value, largest)
    }
}

/// The smallest and the largest finite value.
pub(super) fn range(values: impl IntoIterator<Item = f64>) -> Option<(f64, f64)> {
    values.into_iter().filter(|v| v.is_finite()).fold(None, |range, v| {
        let (low, high) = range.unwrap_or((v, v));
        Some((low.min(v), high.max(v)))
    })
}

/// The range with a margin of the given share of it, never empty.
pub(super) fn padded((low, high): (f64, f64), share: f64) -> (f64, f64) {
    let span = if high > low { (high - low).min(f64::MAX) } else { low.abs().max(1.0) };
    ((low - span * share).max(f64::MIN), (high + span * share).min(f64::MAX))
}

/// Multiples of 1, 2 or 5 times a power of ten.
fn linear_ticks(low: f64, high: f64) -> Vec<f64> {
    let span = high - low;
    if !span.is_finite() || span < low.abs().max(high.abs()) * 1e-9 {
        return vec![low, high];
    }
    let power = 10f64.powf((span / MOST_TICKS).log10().floor());
    let step = [1.0, 2.0, 5.0, 10.0].map(|m| m * power).into_iter().find(|step| span / step <= MOST_TICKS).unwrap_or(span);
    // `+ 0.0` turns -0 into 0.
    (0..=MOST_TICKS as i32 + 1).map(|i| ((low / step).ceil() + f64::from(i)) * step + 0.0).collect()
}

/// Powers of ten, and 2 and 5 times them where those alone are few.
fn log_ticks(low: f64, high: f64) -> Vec<f64> {
    let (first, last) = (low.floor() as i32, high.ceil() as i32);
    let every = ((high - low) / MOST_TICKS).ceil().max(1.0) as usize;
    let between: &[f64] = if high - low < 2.5 { &[1.0, 2.0, 5.0] } else { &[1.0] };
    (first..=last).step_by(every).flat_map(|power| between.iter().map(move |m| m * 10f64.powi(power))).collect()
}

/// A number as short as it can be, among numbers up to `largest`; six digits tell neighbours apart and hide the sums of binary
/// fractions.
fn short(value: f64, largest: f64) -> String {
    if value == 0.0 {
        return "0".into();
    }
    let [power, of_largest] = [value, largest].map(|number| number.abs().log10().floor() as i32);
    if !(-3..6).contains(&of_largest) {
        let text = format!("{value:.2e}");
        let (digits, power) = text.split_once('e').unwrap_or((&text, "0"));
        return format!("{}e{power}", digits.trim_end_matches('0').trim_end_matches('.'));
    }
    let fixed = format!("{value:.*}", (5 - power).clamp(0, 10) as usize);
    if fixed.contains('.') { fixed.trim_end_matches('0').trim_end_matches('.').into() } else { fixed }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(axis: &Axis) -> Vec<String> {
        axis.ticks.iter().map(|v| axis.format_ext(v)).collect()
    }

    #[test]
    fn ticks_are_round_and_short() {
        assert_eq!(labels(&Axis::linear((0.0, 1.0))), ["0", "0.2", "0.4", "0.6", "0.8", "1"]);
        assert_eq!(labels(&Axis::linear((-0.31, 0.3))), ["-0.3", "-0.2", "-0.1", "0", "0.1", "0.2", "0.3"]);
        assert_eq!(labels(&Axis::linear((1180.0, 1260.0))), ["1180", "1200", "1220", "1240", "1260"]);
        assert_eq!(labels(&Axis::log((8.0, 300.0))), ["10", "20", "50", "100", "200"]);
        assert_eq!(labels(&Axis::log((1e-3, 1e8))), ["0.001", "0.1", "10", "1000", "100000", "1e7"]);
    }

    #[test]
    fn whole_numbers_are_counted_in_whole_steps() {
        assert_eq!(labels(&Axis::linear((1.0, 4.0)))[1], "1.5");
        assert_eq!(labels(&Axis::whole((1.0, 4.0))), ["1", "2", "3", "4"]);
        assert_eq!(labels(&Axis::whole((1.0, 12.0))), ["2", "4", "6", "8", "10", "12"]);
        assert_eq!(labels(&Axis::whole((0.0, 0.0))), ["0"]);
    }

    #[test]
    fn labels_of_tiny_numbers_are_short_and_do_not_run_together() {
        assert_eq!(labels(&Axis::linear((-4.5e-5, 4.5e-5))), ["-4e-5", "-2e-5", "0", "2e-5", "4e-5"]);
        assert_eq!(labels(&Axis::linear((0.0, 0.002))), ["0", "0.0005", "0.001", "0.0015", "0.002"]);
        let axis = Axis::linear((-1.6e-5, 1.6e-5));
        assert_eq!(axis.ticks.len(), 7);
        // "-1.5e-5" beside the name of the axis.
        assert_eq!((axis.left(50), Axis::linear((0.0, 1.0)).left(50)), (69, 50));
        assert_eq!(labels(&axis.over(290)), ["-1e-5", "0", "1e-5"]);
        let short = Axis::linear((-0.31, 0.3));
        assert_eq!(short.clone().over(290), short);
    }

    #[test]
    fn every_range_has_few_ticks_inside_it() {
        let ends = [f64::MIN, -1e300, -7.3, -1e-300, 0.0, 1e-300, 1e-9, 1.0, 1.0 + f64::EPSILON, 3e8, f64::MAX];
        for low in ends {
            for high in ends.into_iter().filter(|high| *high >= low) {
                let mut axes = vec![Axis::linear((low, high)), Axis::whole((low, high))];
                if low > 0.0 && high > low {
                    axes.push(Axis::log((low, high)));
                }
                for axis in axes {
                    assert!(axis.ticks.len() <= 9, "{low} {high} {axis:?}");
                    assert!(axis.ticks.iter().all(|v| axis.place(*v).is_finite()), "{low} {high} {axis:?}");
                }
            }
        }
    }

    #[test]
    fn a_padded_range_is_never_empty() {
        for value in [0.0, -3.0, 1e9] {
            let (low, high) = padded((value, value), 0.05);
            assert!(low < value && value < high);
        }
    }
}
