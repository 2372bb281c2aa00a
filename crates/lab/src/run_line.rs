//! A finished run in one line.

use vimae_report::{headline::headlines, number};

use crate::{RunFolder, record::read_record};

/// The headline metrics of the finished run in `folder`, with the time that it took; none where there is no record.
pub fn run_line(folder: &RunFolder) -> Option<String> {
    let record = read_record(&folder.record()).ok()?;
    let shown = headlines(&record.measurements).into_iter();
    let shown = shown.filter_map(|headline| {
        let one = headline.among(&record.measurements)?;
        let doubt = if one.doubts.is_empty() { "" } else { " (doubtful)" };
        Some(format!("{} {}{doubt}", headline.title, number(one.value?)))
    });
    let seconds = record.training_seconds + record.evaluation_seconds;
    let numbers: Vec<String> = shown.collect();
    Some(format!("finished in {seconds:.0} s; {}", if numbers.is_empty() { "no headline metric".into() } else { numbers.join(", ") }))
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
        record.measurements[0].doubts = vec![vimae_spec::Doubt::FewImages];
        std::fs::write(run.record(), record.to_json().unwrap()).unwrap();
        assert_eq!(run_line(&run).unwrap(), "finished in 2 s; Rate 12.35 (doubtful)");
    }
}
