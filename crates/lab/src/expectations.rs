//! What the author of an experiment expected, decided by its runs.

use std::collections::BTreeMap;

use vimae_report::number;
use vimae_spec::{Cell, Direction, Expectation, Experiment, Measurement, Protocol, RunRecord};

use crate::{cells, counted::counted};

/// One cell a seed for each expectation and each method and protocol that it is about: 1 where it is met, 0 where not.
/// Its note says what was expected and what the seeds gave. What cannot be decided is one cell without a value, and its note says why.
pub fn of(experiment: &Experiment, records: &[&RunRecord]) -> Vec<Cell> {
    experiment.expect.iter().flat_map(|expected| decided(experiment, expected, records)).collect()
}

/// The methods and protocols of an expectation, and the runs that decide it, each with its value.
type Asked<'a> = BTreeMap<(&'a str, &'a Protocol), Vec<(&'a RunRecord, &'a Measurement, f64)>>;

fn decided(experiment: &Experiment, expected: &Expectation, records: &[&RunRecord]) -> Vec<Cell> {
    let mut asked = Asked::new();
    for record in records.iter().filter(|r| expected.method.as_ref().is_none_or(|name| base(&r.spec.method) == name)) {
        let measured = record.measurements.iter().filter(|m| m.metric == expected.metric);
        for measurement in measured.filter(|m| expected.protocol.as_ref().is_none_or(|protocol| m.protocol == protocol.as_str())) {
            // A method is not held against itself.
            if let Some(value) = measurement.value.filter(|_| !expected.better_than.iter().any(|other| base(&record.spec.method) == other))
            {
                asked.entry((&record.spec.method, &measurement.protocol)).or_default().push((record, measurement, value));
            }
        }
    }
    let mut cells = Vec::new();
    if let Some(first) = records.first().filter(|_| asked.is_empty()) {
        let about = |record: &&&RunRecord| expected.method.as_ref().is_none_or(|name| base(&record.spec.method) == name);
        let record = records.iter().find(about).unwrap_or(first);
        let of = expected.method.as_ref().map_or_else(String::new, |method| format!(" of {method}"));
        let by = expected.protocol.as_ref().map_or_else(String::new, |protocol| format!(" by {protocol}"));
        cells.push(verdict(
            experiment,
            expected,
            record,
            Measurement::new(Expectation::ENTRY, expected.metric.clone(), expected.protocol.as_deref().unwrap_or_default().into(), "")
                .noted(format!("expected {}{of}{by} {}; nothing was measured", expected.metric, expected.words())),
        ));
    }
    for ((method, _), runs) in &asked {
        let met: Vec<Option<Met>> =
            runs.iter().map(|(record, measurement, value)| holds(expected, record, measurement, *value, records)).collect();
        if let Some((record, measurement, _)) = runs.first().filter(|_| met.iter().all(Option::is_none)) {
            let why = match measurement.direction {
                Direction::Neither => "neither more nor less of it is better, so expect it above or below a number".to_owned(),
                _ => format!("on no seed was this measured of {}", expected.better_than.join(" and ")),
            };
            let note = format!("expected {} of {method} {}; undecided: {why}", expected.metric, expected.words());
            cells.push(verdict(experiment, expected, record, Measurement { value: None, note: Some(note), ..(*measurement).clone() }));
            continue;
        }
        // Of the seeds that decide it.
        let deciding = || runs.iter().zip(&met).filter_map(|((_, _, value), met)| Some((*value, met.as_ref()?)));
        let got = number(mean(deciding().map(|(value, _)| value)));
        let rival = |(place, other): (usize, &String)| {
            let found = deciding().filter_map(|(_, met)| met.rivals.get(place).copied());
            format!(", {other} {}", number(mean(found)))
        };
        let rivals: String = expected.better_than.iter().enumerate().map(rival).collect();
        let yes = deciding().filter(|(_, met)| met.holds).count();
        let of = counted(deciding().count(), "seed");
        let note = format!("expected {} of {method} {}; got {got}{rivals}, met on {yes} of {of}", expected.metric, expected.words());
        for ((record, measurement, _), met) in runs.iter().zip(&met) {
            let Some(met) = met else { continue };
            let (value, note) = (Some(f64::from(u8::from(met.holds))), Some(note.clone()));
            cells.push(verdict(experiment, expected, record, Measurement { value, note, ..(*measurement).clone() }));
        }
    }
    cells
}

/// The cell of a decision.
fn verdict(experiment: &Experiment, expected: &Expectation, record: &RunRecord, decided: Measurement) -> Cell {
    let verdict = Measurement {
        entry: Expectation::ENTRY.into(),
        metric: format!("{}.{}.{}", Expectation::ENTRY, expected.metric, expected.condition()),
        standard_error: None,
        unit: "share of seeds".into(),
        n: 1,
        direction: Direction::Higher,
        ..decided
    };
    cells::bare(&experiment.name, record, &verdict)
}

/// An expectation on one seed.
struct Met {
    holds: bool,
    /// The values of the methods that it is held against, in their order.
    rivals: Vec<f64>,
}

fn mean(values: impl Iterator<Item = f64>) -> f64 {
    let (sum, count) = values.fold((0.0, 0_u32), |(sum, count), value| (sum + value, count + 1));
    sum / f64::from(count)
}

/// Whether it is met; none where a method that it is held against has no value on this seed, or neither way is better.
fn holds(expected: &Expectation, record: &RunRecord, measurement: &Measurement, value: f64, records: &[&RunRecord]) -> Option<Met> {
    let mut holds = expected.above.is_none_or(|bound| value > bound) && expected.below.is_none_or(|bound| value < bound);
    let mut rivals = Vec::new();
    for other in &expected.better_than {
        let higher = measurement.direction.higher_is_better()?;
        let same = |r: &&&RunRecord| {
            r.spec.seed == record.spec.seed && base(&r.spec.method) == other && point(&r.spec.method) == point(&record.spec.method)
        };
        let rival = records.iter().find(same)?;
        let found = rival.measurements.iter().find(|m| m.same_quantity(measurement))?.value?;
        holds &= if higher { value > found } else { value < found };
        rivals.push(found);
    }
    Some(Met { holds, rivals })
}

/// A method's name without its point of the grid.
pub(crate) fn base(method: &str) -> &str {
    method.split('[').next().unwrap_or(method)
}

/// Its point of the grid.
fn point(method: &str) -> &str {
    method.get(base(method).len()..).unwrap_or("")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cells::tests::record;

    fn experiment(expect: &str) -> Experiment {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.toml");
        let methods = "[methods.a.objective]\nname = \"vae\"\n[methods.b.objective]\nname = \"vae\"\n";
        let text = format!("version = 1\nexpect = [{expect}]\n[dataset]\nname = \"digits\"\n[model]\nname = \"mlp\"\n{methods}");
        std::fs::write(&path, text).unwrap();
        Experiment::load(&path).unwrap()
    }

    #[test]
    fn expectations_are_decided_seed_by_seed() {
        let runs = [record("a[x=1]", 0, "rate", 5.0), record("a[x=1]", 1, "rate", 9.0), record("b[x=1]", 0, "rate", 7.0)];
        let all: Vec<&RunRecord> = runs.iter().collect();
        let met = |expect: &str| {
            let cells = of(&experiment(expect), &all);
            cells.iter().map(|c| (c.method.clone(), c.seed, c.measurement.value.unwrap())).collect::<Vec<_>>()
        };
        let a = |seed, value| ("a[x=1]".to_owned(), seed, value);
        assert_eq!(met(r#"{ metric = "rate", method = "a", below = 8.0 }"#), [a(0, 1.0), a(1, 0.0)]);
        assert_eq!(met(r#"{ metric = "rate", above = 6.0, below = 8.0 }"#), [a(0, 0.0), a(1, 0.0), ("b[x=1]".to_owned(), 0, 1.0)]);
        // Lower is better for this metric; on seed 1 there is no b, and nothing is decided.
        assert_eq!(met(r#"{ metric = "rate", method = "a", better_than = ["b"] }"#), [a(0, 1.0)]);
        let held = of(&experiment(r#"{ metric = "rate", method = "a", better_than = ["b"] }"#), &all);
        let note = "expected rate of a[x=1] better than b; got 5.000, b 7.000, met on 1 of 1 seed";
        assert_eq!(held[0].measurement.note.as_deref(), Some(note));
        // What nobody measured is said once, without a value.
        let none = of(&experiment(r#"{ metric = "fid", method = "b", below = 8.0 }"#), &all);
        assert_eq!((none.len(), none[0].measurement.value, none[0].method.as_str()), (1, None, "b[x=1]"));
        assert_eq!(none[0].measurement.note.as_deref(), Some("expected fid of b below 8; nothing was measured"));
        let none = of(&experiment(r#"{ metric = "rate", protocol = "q", below = 8.0 }"#), &all);
        assert_eq!(none[0].measurement.note.as_deref(), Some("expected rate by q below 8; nothing was measured"));
        // As is that what it is held against is nowhere.
        let alone = of(&experiment(r#"{ metric = "rate", method = "a", better_than = ["b"] }"#), &all[..2]);
        assert_eq!((alone.len(), alone[0].measurement.value), (1, None));
        let note = "expected rate of a[x=1] better than b; undecided: on no seed was this measured of b";
        assert_eq!(alone[0].measurement.note.as_deref(), Some(note));
    }

    #[test]
    fn better_than_does_not_decide_what_has_no_direction() {
        let mut runs = ["a", "b"].map(|method| record(method, 0, "rate", if method == "a" { 9.0 } else { 5.0 }));
        runs.iter_mut().for_each(|run| run.measurements[0].direction = Direction::Neither);
        let all: Vec<&RunRecord> = runs.iter().collect();
        let cells = of(&experiment(r#"{ metric = "rate", method = "a", above = 6.0, better_than = ["b"] }"#), &all);
        let [cell] = cells.as_slice() else { panic!("{cells:?}") };
        let note = cell.measurement.note.as_deref().unwrap();
        assert!(cell.measurement.value.is_none() && note.starts_with("expected rate of a above 6, better than b; undecided"), "{note}");
        // A number needs no direction.
        let cells = of(&experiment(r#"{ metric = "rate", method = "a", above = 6.0 }"#), &all);
        assert_eq!(cells.iter().map(|cell| cell.measurement.value).collect::<Vec<_>>(), [Some(1.0)]);
    }

    #[test]
    fn the_cell_says_what_was_expected_and_what_came() {
        let run = record("a", 0, "rate", 5.0);
        let cells = of(&experiment(r#"{ metric = "rate", method = "a", below = 30.0 }"#), &[&run]);
        assert_eq!(cells[0].measurement.metric, "expect.rate.below_30");
        assert_eq!(cells[0].measurement.note.as_deref(), Some("expected rate of a below 30; got 5.000, met on 1 of 1 seed"));
    }
}
