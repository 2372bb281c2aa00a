//! Numbers as readers meet them.

pub(crate) use vimae_spec::count;

/// What stands for an absent value.
pub(crate) const NONE: &str = "–";

/// One way of writing for all numbers of a column, so that their digits stand above one another.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Column {
    /// With so many digits after the point.
    Fixed(usize),
    /// With a power of ten: values too large or too small for the above.
    Scientific,
    /// Each as [`probability`].
    Probability,
}

impl Column {
    /// The column for these values: about four digits of the largest.
    pub(crate) fn of(values: impl IntoIterator<Item = f64>) -> Self {
        let largest = values.into_iter().filter(|v| v.is_finite()).map(f64::abs).fold(0.0, f64::max);
        if largest == 0.0 {
            return Self::Fixed(1);
        }
        let power = largest.log10().floor();
        if (-4.0..7.0).contains(&power) { Self::Fixed((3.0 - power).clamp(1.0, 7.0) as usize) } else { Self::Scientific }
    }

    /// The column for means, each with what stands behind ± where it has that: about four digits of the largest mean, and no more than
    /// two of the narrowest spread.
    pub(crate) fn of_means(means: impl IntoIterator<Item = (f64, Option<f64>)>) -> Self {
        let (means, halves): (Vec<f64>, Vec<Option<f64>>) = means.into_iter().unzip();
        let Some(narrowest) = halves.into_iter().filter_map(spread).reduce(f64::min) else { return Self::of(means) };
        // Means of 0 have the digits of their spread.
        match Self::of(means.into_iter().chain([narrowest])) {
            Self::Fixed(digits) => Self::Fixed(digits.min(after_point(narrowest))),
            other => other,
        }
    }

    /// A value of the column.
    pub(crate) fn show(self, value: Option<f64>) -> String {
        match value {
            None => NONE.into(),
            Some(v) if !v.is_finite() => "not finite".into(),
            Some(v) => minus(match self {
                Self::Fixed(digits) => format!("{v:.digits$}"),
                Self::Scientific => format!("{v:.3e}"),
                Self::Probability => probability(v),
            }),
        }
    }

    /// A difference: always with its sign.
    pub(crate) fn signed(self, value: Option<f64>) -> String {
        let text = self.show(value);
        if value.is_some_and(|v| v.is_finite() && v > 0.0) { format!("+{text}") } else { text }
    }
}

/// A value that stands alone, as a column of its own would show it: about four digits.
pub fn number(value: f64) -> String {
    Column::of([value]).show(Some(value))
}

/// A spread that says how many digits mean something; none where all seeds have one value.
fn spread(half: Option<f64>) -> Option<f64> {
    half.filter(|half| half.is_finite() && *half > 0.0)
}

/// Digits after the point of two digits of a spread.
fn after_point(half: f64) -> usize {
    (1.0 - half.log10().floor()).max(0.0) as usize
}

/// A mean with half of its interval where it has one: `0.571 ± 0.011`.
pub fn written_mean(mean: f64, half: Option<f64>) -> String {
    let column = Column::of_means([(mean, half)]);
    column.show(Some(mean)) + &half.map_or_else(String::new, |half| format!(" ± {}", column.show(Some(half))))
}

/// A difference without its sign: three digits, or as many as half of its interval supports, and one at least.
pub fn written_difference(value: f64, half: Option<f64>) -> String {
    let column = match Column::of([value]) {
        Column::Fixed(four) => {
            let supported = spread(half).map_or(four, after_point);
            Column::Fixed(four.saturating_sub(1).min(supported).max(four.saturating_sub(3)))
        }
        other => other,
    };
    column.show(Some(value.abs()))
}

/// A p of a test, which is never 0.
pub fn probability(p: f64) -> String {
    if p < 0.001 { "< 0.001".into() } else { format!("{p:.3}") }
}

/// Values as printed elsewhere, without a digit more or less, with space after them so that their points align.
pub(crate) fn as_printed(values: &[Option<f64>]) -> Vec<String> {
    let texts: Vec<Option<String>> = values.iter().map(|v| v.map(|v| minus(v.to_string()))).collect();
    let after = |text: &str| text.split_once('.').map_or(0, |(_, digits)| digits.len() + 1);
    let most = texts.iter().flatten().map(|t| after(t)).max().unwrap_or(0);
    let pad = |text: String| {
        let missing = most - after(&text);
        // The point is narrower than a digit, and so is its space.
        let point = if missing > 0 && !text.contains('.') { "\u{2008}" } else { "" };
        let digits = "\u{2007}".repeat(if point.is_empty() { missing } else { missing - 1 });
        format!("{text}{point}{digits}")
    };
    texts.into_iter().map(|t| t.map_or_else(|| NONE.into(), pad)).collect()
}

/// Text whose thousands, `50 000`, do not break at the end of a line.
pub(crate) fn together(text: &str) -> String {
    let letters: Vec<char> = text.chars().collect();
    let digit = |at: usize| letters.get(at).is_some_and(char::is_ascii_digit);
    let thousands = |at: usize| at > 0 && digit(at - 1) && (1..=3).all(|i| digit(at + i)) && !digit(at + 4);
    letters.iter().enumerate().map(|(at, c)| if *c == ' ' && thousands(at) { '\u{202f}' } else { *c }).collect()
}

/// A count with its noun: `1 run`, `5 runs`.
pub(crate) fn plural(n: usize, noun: &str) -> String {
    format!("{} {noun}{}", count(n as u64), if n == 1 { "" } else { "s" })
}

/// A length of time: `41 s`, `4 min 12 s`, `3 h 05 min`.
pub(crate) fn duration(seconds: f64) -> String {
    if !seconds.is_finite() || seconds < 0.0 {
        return NONE.into();
    }
    // The sum of no times is -0.
    let seconds = seconds.abs();
    let whole = seconds.round() as u64;
    match whole {
        0..10 => format!("{seconds:.1} s"),
        10..60 => format!("{whole} s"),
        60..3600 => format!("{} min {:02} s", whole / 60, whole % 60),
        _ => format!("{} h {:02} min", whole / 3600, whole % 3600 / 60),
    }
}

/// The typographic minus sign, as wide as a digit.
fn minus(text: String) -> String {
    let text = unsigned_zero(text);
    text.strip_prefix('-').map(|rest| format!("\u{2212}{rest}")).unwrap_or(text)
}

/// A number as it is written, without a sign where all of its digits are 0.
pub(crate) fn unsigned_zero(text: String) -> String {
    let zero = |rest: &&str| rest.chars().take_while(|c| *c != 'e').all(|c| matches!(c, '0' | '.'));
    text.strip_prefix('-').filter(zero).map(String::from).unwrap_or(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_column_has_one_number_of_digits() {
        let column = Column::of([0.5, 54.88]);
        assert_eq!(column.show(Some(0.5)), "0.50");
        assert_eq!(column.signed(Some(-54.883)), "−54.88");
        assert_eq!(column.signed(Some(3.0)), "+3.00");
        assert_eq!(column.show(None), NONE);
        assert_eq!(column.show(Some(f64::NAN)), "not finite");
        assert_eq!(Column::of([1234.5]).show(Some(1234.5)), "1234.5");
        assert_eq!(Column::of([1.5e9]).show(Some(1.5e9)), "1.500e9");
        assert_eq!(Column::of([]).show(Some(0.0)), "0.0");
        assert_eq!([12.345_67, -98.13, 1e-9].map(number), ["12.35", "−98.13", "1.000e-9"]);
    }

    #[test]
    fn a_column_of_means_has_no_digit_that_their_spread_does_not_support() {
        let shown = |means: &[(f64, Option<f64>)]| {
            let column = Column::of_means(means.iter().copied());
            means.iter().map(|(mean, half)| [Some(*mean), *half].map(|number| column.show(number)).join(" ± ")).collect::<Vec<_>>()
        };
        assert_eq!(shown(&[(51.36, Some(15.2))]), ["51 ± 15"]);
        assert_eq!(shown(&[(0.003_878, Some(0.008_005))]), ["0.0039 ± 0.0080"]);
        // The narrowest decides, and the largest mean as in any column.
        assert_eq!(shown(&[(51.36, Some(15.2)), (70.51, Some(3.52))]), ["51.4 ± 15.2", "70.5 ± 3.5"]);
        assert_eq!(shown(&[(51.36, Some(15.2)), (70.5, Some(0.000_02))]), ["51.36 ± 15.20", "70.50 ± 0.00"]);
        // Shares of five seeds, by Wilson: as many digits for 0 as for 1.
        assert_eq!([0.0, 1.0].map(|share| Column::of_means([(share, Some(0.329))])), [Column::Fixed(2); 2]);
        // Seeds of one value say nothing of digits.
        assert_eq!(shown(&[(0.5, Some(0.0)), (54.88, None)]), ["0.50 ± 0.00", "54.88 ± –"]);
        assert_eq!(shown(&[(2.5e9, Some(1.5e8))]), ["2.500e9 ± 1.500e8"]);
    }

    #[test]
    fn means_and_differences_are_written_as_far_as_their_intervals_go() {
        assert_eq!([written_mean(0.571_4, Some(0.011)), written_mean(12.345_67, None)], ["0.571 ± 0.011", "12.35"]);
        let differences = [(-3.5712, Some(0.4)), (3.5712, Some(4.1)), (-0.2, Some(12.0)), (357.12, None), (0.012_345, None), (0.0, None)];
        assert_eq!(differences.map(|(value, half)| written_difference(value, half)), ["3.57", "3.6", "0.2", "357", "0.0123", "0"]);
    }

    #[test]
    fn a_p_of_a_test_is_never_zero() {
        assert_eq!([0.9996, 0.0066, 0.001, 0.000_99, 1e-9].map(probability), ["1.000", "0.007", "0.001", "< 0.001", "< 0.001"]);
        assert_eq!([Some(0.5), Some(0.0), None].map(|p| Column::Probability.show(p)), ["0.500", "< 0.001", NONE]);
    }

    #[test]
    fn thousands_stay_together_and_nothing_else() {
        assert_eq!(together("8 000 of 10 000"), "8\u{202f}000 of 10\u{202f}000");
        assert_eq!(together("in 5 1000 12 34 5"), "in 5 1000 12 34 5");
    }

    #[test]
    fn printed_values_keep_their_digits_and_align() {
        assert_eq!(as_printed(&[Some(48.7), Some(125.0), None, Some(0.25)]), ["48.7\u{2007}", "125\u{2008}\u{2007}\u{2007}", NONE, "0.25"]);
    }

    #[test]
    fn counts_and_times_read_well() {
        assert_eq!([plural(1, "run"), plural(1000, "run")], ["1 run", "1\u{202f}000 runs"]);
        assert_eq!([3.21, 59.7, 252.0, 11_100.0].map(duration), ["3.2 s", "1 min 00 s", "4 min 12 s", "3 h 05 min"]);
        assert_eq!([f64::NAN, -1.0].map(duration), [NONE, NONE]);
        assert_eq!(duration(-0.0), "0.0 s");
    }

    #[test]
    fn zero_has_no_sign() {
        let column = Column::of([1.5]);
        assert_eq!([-0.0, -1e-9, -0.25].map(|value| column.show(Some(value))), ["0.000", "0.000", "−0.250"]);
        assert_eq!(Column::of([1e9]).show(Some(-0.0)), "0.000e0");
        assert_eq!(Column::of([0.0]).signed(Some(-0.0)), "0.0");
        assert_eq!(unsigned_zero("-inf".into()), "-inf");
    }
}
