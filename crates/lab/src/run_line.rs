//! A finished run in one line.

use vimae_report::headline::{headlines, without_value};

use crate::{RunFolder, record::read_record};

/// The headline metrics of the finished run in `folder`, or why it has none, with the time that it took; none where there is no record.
pub fn run_line(folder: &RunFolder) -> Option<String> {
    let record = read_record(&folder.record()).ok()?;
    let shown = headlines(&record.measurements).into_iter();
    let shown = shown.filter_map(|headline| {
        let one = headline.among(&record.measurements)?;
        let doubt = if one.doubts.is_empty() { "" } else { " (doubtful)" };
        Some(format!("{} {}{doubt}", headline.title, headline.shown(one.value?, record.spec.model.code)))
    });
    let seconds = record.training_seconds + record.evaluation_seconds;
    let numbers: Vec<String> = shown.collect();
    let absent = without_value(&record.measurements);
    let absent: Vec<String> = absent.iter().map(|(headline, why)| format!("{} has no value: {why}", headline.title)).collect();
    let told = match (numbers.is_empty(), absent.is_empty()) {
        (false, _) => numbers.join(", "),
        (true, false) => absent.join("; "),
        (true, true) => "no headline metric".into(),
    };
    Some(format!("finished in {seconds:.0} s; {told}"))
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
        let units = vimae_spec::Measurement::new("information", "information.active_units", "active_units(N=9)".into(), "1");
        record.measurements = vec![units.valued(1.0, None)];
        std::fs::write(run.record(), record.to_json().unwrap()).unwrap();
        assert_eq!(run_line(&run).unwrap(), "finished in 2 s; Active units 1 of 2");
        let accuracy = vimae_spec::Measurement::new("accuracy", "accuracy.clean", "knn(k=10,labels=5)".into(), "percent");
        record.measurements = vec![accuracy.noted("5 labels for 10 classes".to_owned())];
        std::fs::write(run.record(), record.to_json().unwrap()).unwrap();
        assert_eq!(run_line(&run).unwrap(), "finished in 2 s; Accuracy has no value: 5 labels for 10 classes");
        record.measurements.clear();
        std::fs::write(run.record(), record.to_json().unwrap()).unwrap();
        assert_eq!(run_line(&run).unwrap(), "finished in 2 s; no headline metric");
    }
}
