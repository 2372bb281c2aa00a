//! How far an interval reaches, as it is written behind a mean.

use vimae_spec::{Kind, SummaryRow};

use crate::{headline::printed, number::Column};

/// The mean of values, and their standard deviation; none of no value, and no deviation of one.
pub(crate) fn mean_and_deviation(values: impl Iterator<Item = f64> + Clone) -> (Option<f64>, Option<f64>) {
    let count = values.clone().count();
    let n = count as f64;
    let mean = (count > 0).then(|| values.clone().sum::<f64>() / n);
    let deviation = mean.filter(|_| count > 1).map(|mean| (values.map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt());
    (mean, deviation)
}

/// Half of an interval, wherever in it the mean lies.
pub(crate) fn half([low, high]: [f64; 2]) -> f64 {
    (high - low) / 2.0
}

/// How means over seeds of one quantity are written beside one another, with their intervals.
pub(crate) fn column_of<'a>(rows: impl IntoIterator<Item = &'a SummaryRow>) -> Column {
    let rows: Vec<&SummaryRow> = rows.into_iter().collect();
    if rows.iter().any(|row| row.kind == Kind::PValue) {
        return Column::Probability;
    }
    Column::of_means(rows.into_iter().filter_map(|row| Some((row.mean?, row.interval.map(half)))))
}

/// What stands behind a mean.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Spread {
    /// Half of an interval around it.
    Half(f64),
    /// Both ends of an interval that is not centred on it, such as Wilson's of a share, or Student's of a percentage or a count that is cut off.
    Ends([f64; 2]),
}

impl Spread {
    /// The words of text.
    pub(crate) const PLAIN: [&'static str; 2] = ["±", " to "];

    /// That of an interval.
    pub(crate) fn of(mean: f64, [low, high]: [f64; 2]) -> Self {
        let (middle, half) = ((low + high) / 2.0, half([low, high]));
        // Far below a digit that is written.
        if (middle - mean).abs() <= 1e-3 * half { Self::Half(half) } else { Self::Ends([low, high]) }
    }

    /// That of a mean over seeds, where it has an interval.
    pub(crate) fn of_row(row: &SummaryRow) -> Option<Self> {
        let (mean, interval) = row.mean.zip(row.interval)?;
        let shown = printed(row, mean, interval);
        // Cut off on both sides it may be centred again, and is no interval of Student's all the same.
        Some(if shown == interval { Self::of(mean, interval) } else { Self::Ends(shown) })
    }

    /// In words, behind the mean: ` ± 0.5`, ` (0.57 to 1.00)`, with the words for ± and "to".
    pub(crate) fn text(self, [sign, to]: [&str; 2], number: impl Fn(f64) -> String) -> String {
        match self {
            Self::Half(half) => format!(" {sign} {}", number(half)),
            Self::Ends([low, high]) => format!(" ({}{to}{})", number(low), number(high)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interval_that_is_not_centred_shows_both_ends() {
        let number = |value: f64| format!("{value:.2}");
        assert_eq!(Spread::of(2.0, [1.5, 2.5]).text(Spread::PLAIN, number), " ± 0.50");
        // Five seeds of five, by Wilson.
        assert_eq!(Spread::of(1.0, [0.5655, 1.0]).text(Spread::PLAIN, number), " (0.57 to 1.00)");
    }
}
