//! A finished run in one line.

use vimae_report::headline::headlines;

use crate::{RunFolder, record::read_record};

/// The headline metrics of the finished run in `folder`, with the time that it took; none where there is no record.
pub fn run_line(folder: &RunFolder) -> Option<String> {
    let record = read_record(&folder.record()).ok()?;
    let shown = headlines(&record.measurements).into_iter();
    let shown = shown.filter_map(|headline| Some(format!("{} {}", headline.title, short(headline.among(&record.measurements)?.value?))));
    let seconds = record.training_seconds + record.evaluation_seconds;
    let numbers: Vec<String> = shown.collect();
    Some(format!("finished in {seconds:.0} s; {}", if numbers.is_empty() { "no headline metric".into() } else { numbers.join(", ") }))
}

/// A number in four digits.
fn short(value: f64) -> String {
    let before = if value == 0.0 { 1 } else { value.abs().log10().floor() as i32 + 1 };
    match before {
        -3..=4 => format!("{value:.*}", usize::try_from(4 - before).unwrap_or(0).min(6)),
        _ => format!("{value:.3e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cells::tests::record;

    #[test]
    fn a_run_is_its_time_and_its_headlines() {
        let folder = tempfile::tempdir().unwrap();
        let run = RunFolder::at(folder.path());
        assert_eq!(run_line(&run), None);
        let mut record = record("vae", 0, "rate", 12.345_67);
        record.measurements[0].entry = "rate".into();
        std::fs::write(run.record(), record.to_json().unwrap()).unwrap();
        assert_eq!(run_line(&run).unwrap(), "finished in 2 s; Rate 12.35");
        assert_eq!([0.0, 0.012_345, 99_999.0, -3.0, 1e-9].map(short), ["0.000", "0.01235", "1.000e5", "-3.000", "1.000e-9"]);
    }
}
